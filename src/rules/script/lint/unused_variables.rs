//! Variables that are never used, and `=+` written instead of `+=`.

use std::collections::HashSet;

use rhai::{ASTNode, Expr, Stmt};

use crate::rules::place::offset;
use crate::rules::script::analysis::names::Names;
use crate::rules::script::{Remark, position};

/// Every variable that its function never uses, and every list that it only adds to.
pub(super) fn variables(names: &Names) -> Vec<Remark> {
    // Constants outside the functions may be read in each of them.
    if names.part.name.is_empty() {
        return Vec::new();
    }
    let (mut declared, mut mentioned, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut lists, mut filled) = (HashSet::new(), HashSet::new());
    let mut hidden = false;
    names.walk(&mut |path| {
        match path {
            // The engine does not walk into this expression.
            [.., ASTNode::Stmt(Stmt::BreakLoop(Some(_), ..))] => hidden = true,
            [.., ASTNode::Stmt(Stmt::Var(it, _, at))] => {
                declared.push((it.0.as_str().to_owned(), *at));
                if matches!(it.1, Expr::Array(..)) {
                    lists.insert(it.0.as_str().to_owned());
                }
            }
            [before @ .., ASTNode::Expr(Expr::Variable(it, ..))] if fills(before, names) => {
                filled.insert(it.1.to_string());
            }
            [before @ .., ASTNode::Expr(value @ Expr::Variable(it, ..))] => {
                let is_set = matches!(
                    before.last(),
                    Some(ASTNode::Stmt(Stmt::Assignment(set)))
                        if std::ptr::eq(&raw const set.1.lhs, *value) && !set.0.is_op_assignment()
                );
                if !is_set {
                    mentioned.push(it.1.to_string());
                }
            }
            // A variable named in a string is reported there.
            [.., ASTNode::Expr(Expr::StringConstant(it, _))] => texts.push(it.to_string()),
            _ => {}
        }
        true
    });
    let is_used = |name: &String| {
        name.starts_with('_')
            || mentioned.contains(name)
            || texts.iter().any(|it| it.contains(name))
    };
    let unused = declared
        .into_iter()
        .filter(|(name, _)| !hidden && !is_used(name));
    unused
        .filter_map(|(name, at)| {
            let message = message(&name, filled.contains(&name), lists.contains(&name))?;
            Some(Remark::new(at, message))
        })
        .collect()
}

/// The message about a variable that nothing reads: `is_filled` if something is added to it, `is_list` if it certainly
/// is a list.
fn message(name: &str, is_filled: bool, is_list: bool) -> Option<String> {
    match (is_filled, is_list) {
        (false, _) => Some(format!(
            "« {name} » ne sert nulle part : écrivez « {name} » là où sa valeur doit servir, ou enlevez cette ligne"
        )),
        (true, true) => Some(format!(
            "la liste « {name} » est remplie, et rien ne la lit : pour la rendre, écrivez « {name} » seul à la dernière ligne de la fonction, sans point-virgule"
        )),
        // It may be any value that has such a function.
        (true, false) => None,
    }
}

/// Whether the variable under these nodes is only added to: `messages.push(…)` as a whole statement.
fn fills(before: &[ASTNode<'_>], names: &Names) -> bool {
    let [
        ..,
        ASTNode::Stmt(Stmt::Expr(_)),
        ASTNode::Expr(Expr::Dot(pair, ..)),
    ] = before
    else {
        return false;
    };
    let adds =
        |name: &str| ["push", "append", "insert"].contains(&name) && !names.is_function(name);
    matches!(&pair.lhs, Expr::Variable(..))
        && matches!(&pair.rhs, Expr::MethodCall(call, _) if adds(call.name.as_str()))
}

/// Every `=+` and `=-` followed by a space, which assigns and adds nothing.
pub(super) fn swapped(text: &str, names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Assignment(it))) = path.last()
            && !it.0.is_op_assignment()
            && let Some(rest) = offset(text, position(it.0.position())).map(|at| &text[at..])
        {
            let signs = [("=+ ", "=+", "+="), ("=- ", "=-", "-=")];
            let sign = signs.iter().find(|(begin, ..)| rest.starts_with(begin));
            found.extend(sign.map(|(_, wrong, right)| {
                let message = format!(
                    "« {wrong} » remplace la valeur au lieu de la changer : écrivez « {right} »"
                );
                Remark::new(it.0.position(), message)
            }));
        }
        true
    });
    found
}
