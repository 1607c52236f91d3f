//! The keys that messages have besides their addressee and their template: only the template can read these.

use rhai::{AST, ASTNode, Expr};

use crate::rules::place::Located;
use crate::rules::script::{A, MODELE, position};

/// A message key that only the template could read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageKey {
    /// The key and its position.
    pub key: Located,
    /// The template, if the message names it as a literal.
    pub modele: Option<String>,
}

/// All such keys of the messages written out in a script.
pub(in crate::rules::script) fn of(script: &AST) -> Vec<MessageKey> {
    let mut found = Vec::new();
    script.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::Map(entries, _))) = path.last() else {
            return true;
        };
        let Some((_, modele)) = entries.0.iter().find(|(key, _)| key.name == MODELE) else {
            return true;
        };
        let modele = match modele {
            Expr::StringConstant(it, _) => Some(it.to_string()),
            _ => None,
        };
        let own = entries.0.iter().map(|(key, _)| key);
        let own = own.filter(|key| key.name != A && key.name != MODELE);
        found.extend(own.map(|key| {
            let (line, column) = position(key.pos);
            MessageKey {
                key: Located {
                    text: key.name.to_string(),
                    line,
                    column,
                },
                modele: modele.clone(),
            }
        }));
        true
    });
    found
}
