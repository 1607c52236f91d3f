//! Functions meant to be called by the daemon, which only calls the one that it knows by name: `affecter_soir`.

use crate::rules::diagnostic::{Diagnostic, code, counted};
use crate::rules::place::place_of;
use crate::rules::script::syntax::outline::functions;
use crate::rules::script::syntax::tokens::{Kind, Token, is_of_name, tokens};

/// Reports every function named like the daemon's, `called`, that the script neither calls nor names: it may also be
/// called by its name, between quotes. Other functions may be kept for later. `called` is a name and a number of
/// parameters.
pub(in crate::rules::script) fn note(
    text: &str,
    called: (&str, usize),
    file: &str,
    faults: &mut Vec<Diagnostic>,
) {
    let (function, count) = called;
    let words: Vec<Token> = tokens(text).filter(Token::counts).collect();
    for it in functions(text) {
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
        let (line, column) = place_of(text, it.extent.start);
        let remark = Diagnostic::at(code::SCRIPT, file, line, column, message);
        faults.push(remark.as_warning());
    }
}
