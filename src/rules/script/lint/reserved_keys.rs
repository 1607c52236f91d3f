//! Message keys whose names every template already has: the values that the message gives them are dropped.

use std::collections::HashMap;

use rhai::{AST, ASTNode, Expr, Stmt};

use crate::rules::script::{A, MODELE, Remark};
use crate::rules::view::OF_MAIL;

const DEMANDE: &str = "demande";
/// The objects an event is about.
const SUBJECTS: [&str; 2] = ["signalement", DEMANDE];

/// Every such key.
pub(super) fn keys(script: &AST) -> Vec<Remark> {
    let mut found = Vec::new();
    let subjects = subjects(script);
    script.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::Map(entries, _))) = path.last() else {
            return true;
        };
        // An object in a variable or constant may be a table from which the script takes messages.
        let is_kept = path.iter().any(|it| matches!(it, ASTNode::Stmt(Stmt::Var(..))));
        let has = |name: &str| entries.0.iter().any(|(key, _)| key.name == name);
        if is_kept || !has(A) || !has(MODELE) {
            return true;
        }
        for (key, value) in &entries.0 {
            let name = key.name.as_str();
            if !OF_MAIL.contains(&name) || is_same(name, value, &subjects) {
                continue;
            }
            let message = format!(
                "les modèles ont déjà « {name} », qui reste ce qu'il est dans chaque e-mail : donnez un autre nom à cette clé"
            );
            found.push(Remark::new(key.pos, message));
        }
        true
    });
    found
}

/// The script's names for the signalement and the demande, each with the object it stands for.
fn subjects(script: &AST) -> HashMap<String, &'static str> {
    let mut found = HashMap::from(SUBJECTS.map(|it| (it.to_owned(), it)));
    script.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Var(it, ..))) = path.last()
            && let Some(last) = names(&it.1).and_then(|it| it.last().copied())
            && let Some(subject) = SUBJECTS.into_iter().find(|it| *it == last)
        {
            found.insert(it.0.as_str().to_owned(), subject);
        }
        true
    });
    found
}

/// Whether the message passes the value that the template has anyway. The code in a signalement or demande is a
/// different value, and so is SoWell's word for a priority, since templates get the CRM's.
fn is_same(name: &str, value: &Expr, subjects: &HashMap<String, &'static str>) -> bool {
    let all = names(value).unwrap_or_default();
    let is_named = all.last() == Some(&name);
    let of = all.iter().rev().nth(1).and_then(|it| subjects.get(*it));
    is_named && of.is_none_or(|of| name == "priorite" && *of == DEMANDE)
}

/// The names in a dotted expression: `evenement.signalement.bien`.
fn names(value: &Expr) -> Option<Vec<&str>> {
    match value {
        Expr::Variable(it, ..) => Some(vec![it.1.as_str()]),
        Expr::Property(it, _) => Some(vec![it.2.as_str()]),
        Expr::Dot(pair, ..) => {
            let mut all = names(&pair.lhs)?;
            all.extend(names(&pair.rhs)?);
            Some(all)
        }
        _ => None,
    }
}
