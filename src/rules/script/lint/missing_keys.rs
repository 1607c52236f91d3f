//! Object literals that lack a key of a result or a message.

use std::collections::HashSet;

use rhai::{AST, ASTNode, Expr, Stmt};

use crate::rules::diagnostic::nearest;
use crate::rules::script::{A, MODELE, Remark, words};

/// Functions that merge the keys of one object into another.
const JOINING: [&str; 3] = ["+", "mixin", "fill_with"];

/// Every object literal that has one required key of a result but not the other, if nothing adds it later. A script
/// may use the short keys of a message in its own objects: only an object that misspells the other key, or that names a
/// template inside a list, is taken for a message.
pub(super) fn keys(script: &AST, wanted: [&str; 2], of: &str) -> Vec<Remark> {
    let mut found = Vec::new();
    let given_later = given_later(script);
    script.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::Map(entries, at))) = path.last() else {
            return true;
        };
        let has = |name: &str| entries.0.iter().any(|(key, _)| key.name == name);
        for (key, other) in [(wanted[0], wanted[1]), (wanted[1], wanted[0])] {
            if has(key) || !has(other) || given_later.contains(key) {
                continue;
            }
            // An object whose key is read is for the script itself.
            if other.len() > 2 && given_later.contains(other) {
                continue;
            }
            let given = entries.0.iter().map(|(key, _)| key.name.as_str());
            let given = given.filter(|it| *it != other);
            let meant = is_meant(path, other);
            if !meant && (key.len() < 3 || nearest(key, given.clone()).is_none()) {
                continue;
            }
            found.push(Remark::new(*at, words::missing(key, of, given)));
        }
        true
    });
    found
}

/// The keys that some statement adds, reads or merges.
fn given_later(script: &AST) -> HashSet<String> {
    let mut found = HashSet::new();
    script.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Property(it, _))) => found.insert(it.2.to_string()),
            Some(ASTNode::Expr(Expr::Index(pair, ..))) => match &pair.rhs {
                Expr::StringConstant(it, _) => found.insert(it.to_string()),
                _ => false,
            },
            _ => false,
        };
        found.extend(joined_keys(path));
        true
    });
    found
}

/// Whether the object at the end of `path`, which has this required key, is certainly meant as a result or a message.
fn is_meant(path: &[ASTNode], key: &str) -> bool {
    let parent = path.len().checked_sub(2).map(|it| &path[it]);
    match key {
        MODELE => matches!(parent, Some(ASTNode::Expr(Expr::Array(..)))),
        A => false,
        _ => !matches!(
            parent,
            Some(ASTNode::Expr(Expr::FnCall(..) | Expr::MethodCall(..)))
        ),
    }
}

/// The keys of an object literal that is merged with another object.
fn joined_keys(path: &[ASTNode]) -> Vec<String> {
    let [.., parent, ASTNode::Expr(Expr::Map(entries, _))] = path else {
        return Vec::new();
    };
    let joins = match parent {
        ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _))
        | ASTNode::Stmt(Stmt::FnCall(call, _)) => JOINING.contains(&call.name.as_str()),
        ASTNode::Stmt(Stmt::Assignment(it)) => it.0.is_op_assignment(),
        _ => false,
    };
    let keys = entries.0.iter().map(|(key, _)| key.name.to_string());
    keys.filter(|_| joins).collect()
}
