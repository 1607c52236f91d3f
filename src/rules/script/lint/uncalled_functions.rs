//! Functions meant to be called by the daemon, which only calls the one that it knows by name: `affecter_soir`.

use crate::rules::diagnostic::counted;
use crate::rules::script::syntax::outline;
use crate::rules::script::syntax::tokens::{Kind, Token, is_of_name, tokens};
use crate::rules::script::{Remark, position_of};

/// Every function named like the daemon's, `called`, that the script neither calls nor names: it may also be
/// called by its name, between quotes. Other functions may be kept for later. `called` is a name and a number of
/// parameters.
pub(super) fn functions(text: &str, called: (&str, usize)) -> Vec<Remark> {
    let mut found = Vec::new();
    let (function, count) = called;
    let words: Vec<Token> = tokens(text).filter(Token::counts).collect();
    for it in outline::functions(text) {
        let (name, given) = (it.name, it.parameters.len());
        if (name, given) == called || !name.contains(function) {
            continue;
        }
        let is_named = words.iter().enumerate().any(|(at, word)| {
            let is_definition = at > 0 && words[at - 1].written == "fn";
            // Only a function that is called can call itself.
            let is_inside = it.extent.contains(&word.at);
            match word.kind {
                Kind::Word => word.written == name && !is_definition && !is_inside,
                Kind::Text | Kind::Holed => {
                    let mut all = word.written.split(|it| !is_of_name(it));
                    all.any(|it| it == name)
                }
                _ => false,
            }
        });
        if is_named {
            continue;
        }
        let wanted = counted(count, "paramètre");
        let message = if name == function {
            format!(
                "cette fonction n'est jamais appelée : Passerelle appelle la fonction « {function} » qui a {wanted}, et celle-ci en a {given}"
            )
        } else {
            format!(
                "la fonction « {name} » n'est jamais appelée : Passerelle n'appelle que « {function} » ; appelez « {name} » dans celle-ci, ou enlevez-la"
            )
        };
        found.push(Remark::new(position_of(text, it.extent.start), message));
    }
    found
}
