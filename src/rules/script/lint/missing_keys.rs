//! Answers and messages that are written out and lack a key.

use std::collections::HashSet;

use rhai::{AST, ASTNode, Expr, Stmt};

use crate::rules::diagnostic::{Diagnostic, code, nearest};
use crate::rules::script::{A, MODELE, position, words};

/// The functions that put the keys of one object into another.
const JOINING: [&str; 3] = ["+", "mixin", "fill_with"];

/// Objects that are written out and have one of the keys of an answer, but not the other, which nothing gives them later
/// on either. A script may use the short keys of a message for objects of its own: only one that misspells the other
/// key, or stands in a list with the name of a template, is taken for a message.
pub(super) fn note(
    script: &AST,
    wanted: [&str; 2],
    of: &str,
    file: &str,
    faults: &mut Vec<Diagnostic>,
) {
    let mut given_later = HashSet::new();
    script.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Property(it, _))) => given_later.insert(it.2.to_string()),
            Some(ASTNode::Expr(Expr::Index(pair, ..))) => match &pair.rhs {
                Expr::StringConstant(it, _) => given_later.insert(it.to_string()),
                _ => false,
            },
            _ => false,
        };
        given_later.extend(joined_keys(path));
        true
    });
    script.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::Map(entries, at))) = path.last() else {
            return true;
        };
        let has = |name: &str| entries.0.iter().any(|(key, _)| key.name == name);
        for (key, other) in [(wanted[0], wanted[1]), (wanted[1], wanted[0])] {
            if has(key) || !has(other) || given_later.contains(key) {
                continue;
            }
            // An object that is read is for the script itself.
            if other.len() > 2 && given_later.contains(other) {
                continue;
            }
            let given = entries.0.iter().map(|(key, _)| key.name.as_str());
            let given = given.filter(|it| *it != other);
            let parent = path.len().checked_sub(2).map(|it| &path[it]);
            let in_list = matches!(parent, Some(ASTNode::Expr(Expr::Array(..))));
            let joined = matches!(
                parent,
                Some(ASTNode::Expr(Expr::FnCall(..) | Expr::MethodCall(..)))
            );
            let meant = match other {
                MODELE => in_list,
                A => false,
                _ => !joined,
            };
            if !meant && (key.len() < 3 || nearest(key, given.clone()).is_none()) {
                continue;
            }
            let message = words::missing(key, of, given);
            let (line, column) = position(*at);
            // Where it is a result that is written out, it is a fault.
            let here = |it: &Diagnostic| it.file == file && (it.line, it.column) == (line, column);
            if faults.iter().any(here) {
                continue;
            }
            let remark = Diagnostic::at(code::SCRIPT, file, line, column, message);
            faults.push(remark.as_warning());
        }
        true
    });
}

/// The keys of an object that is written out and joined to another one.
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
