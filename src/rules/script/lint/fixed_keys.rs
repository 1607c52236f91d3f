//! Keys of a message by the names that every template has already: what the message gives them is dropped.

use rhai::{AST, ASTNode, Expr, Stmt};

use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::script::{A, MODELE, position};
use crate::rules::view::OF_MAIL;

/// Notes each.
pub(in crate::rules::script) fn note(script: &AST, file: &str, faults: &mut Vec<Diagnostic>) {
    script.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::Map(entries, _))) = path.last() else {
            return true;
        };
        // What a variable or a constant holds may be a table that the script looks messages up in.
        let is_kept = path.iter().any(|it| matches!(it, ASTNode::Stmt(Stmt::Var(..))));
        let has = |name: &str| entries.0.iter().any(|(key, _)| key.name == name);
        if is_kept || !has(A) || !has(MODELE) {
            return true;
        }
        for (key, value) in &entries.0 {
            let name = key.name.as_str();
            if !OF_MAIL.contains(&name) || is_same(name, value) {
                continue;
            }
            let message = format!(
                "les modèles ont déjà « {name} », qui reste ce qu'il est dans chaque e-mail : donnez un autre nom à cette clé"
            );
            let (line, column) = position(key.pos);
            let remark = Diagnostic::at(code::SCRIPT, file, line, column, message);
            faults.push(remark.as_warning());
        }
        true
    });
}

/// Whether the message gives what the template has anyway.
fn is_same(name: &str, value: &Expr) -> bool {
    match value {
        Expr::Variable(it, ..) => it.1 == name,
        Expr::Dot(pair, ..) => match &pair.rhs {
            Expr::Dot(..) | Expr::Index(..) => is_same(name, &pair.rhs),
            Expr::Property(it, _) => it.2 == name,
            _ => false,
        },
        _ => false,
    }
}
