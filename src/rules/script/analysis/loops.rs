//! The loops of a script, and what else may make it reach a limit: the engine does not report which of them did.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTNode, Expr, FnCallExpr, Stmt};

use super::parts::{self, Part};
use crate::rules::script::position;

/// Methods that call a closure for each element, or for each two that they compare.
const ITERATING: [&str; 19] = [
    "all",
    "dedup",
    "drain",
    "filter",
    "find",
    "find_map",
    "for_each",
    "index_of",
    "map",
    "order",
    "order_by",
    "reduce",
    "reduce_rev",
    "retain",
    "some",
    "sort",
    "sort_by",
    "splice",
    "zip",
];
/// Functions that make long lists; a list written out is short.
const LONG: [&str; 10] = [
    "append",
    "bytes",
    "chars",
    "insert",
    "pad",
    "push",
    "split",
    "split_rev",
    "to_chars",
    "to_blob",
];
/// Functions that make a value too large all at once.
const BULK: [&str; 8] = [
    "append",
    "chars",
    "pad",
    "replace",
    "split",
    "split_rev",
    "to_blob",
    "to_chars",
];

/// The loops of a script.
#[derive(Debug, Default)]
pub(in crate::rules::script) struct Loops {
    /// Lines of the loops that may never end; if there are none, of those that may end too late.
    pub(in crate::rules::script) lines: Vec<u32>,
    /// Whether something outside the loops may take too many operations.
    pub(in crate::rules::script) others_take_long: bool,
    /// Whether something outside the loops may make a value too large.
    pub(in crate::rules::script) others_grow: bool,
}

/// Finds the loops, whichever function they are in.
pub(in crate::rules::script) fn of(script: &AST) -> Loops {
    let (mut endless, mut counted) = (Vec::new(), Vec::new());
    let (mut iterates, mut has_long_lists, mut grows) = (false, false, false);
    script.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::While(_, at) | Stmt::Do(_, _, at))) => {
                endless.push(position(*at).0);
            }
            Some(ASTNode::Stmt(Stmt::For(_, at))) => counted.push(position(*at).0),
            _ => {}
        }
        let outside = !path.iter().any(is_loop);
        grows |= outside && path.last().is_some_and(adds);
        if let Some(call) = path.last().and_then(called) {
            let name = call.name.as_str();
            iterates |= outside && ITERATING.contains(&name);
            grows |= outside && BULK.contains(&name);
            has_long_lists |= LONG.contains(&name);
        }
        true
    });
    let mut lines = if endless.is_empty() { counted } else { endless };
    lines.sort_unstable();
    lines.dedup();
    let recurs = recurs(&parts::of(script));
    Loops {
        lines,
        others_take_long: recurs || iterates && has_long_lists,
        others_grow: recurs || grows,
    }
}

fn is_loop(node: &ASTNode<'_>) -> bool {
    matches!(
        node,
        ASTNode::Stmt(Stmt::While(..) | Stmt::Do(..) | Stmt::For(..))
    )
}

/// Whether this adds to a variable what may be a text or a list; a number does not grow too large.
fn adds(node: &ASTNode<'_>) -> bool {
    match node {
        ASTNode::Stmt(Stmt::Assignment(it)) => {
            it.0.is_op_assignment()
                && !matches!(
                    it.1.rhs,
                    Expr::IntegerConstant(..) | Expr::FloatConstant(..)
                )
        }
        _ => false,
    }
}

fn called<'n>(node: &ASTNode<'n>) -> Option<&'n FnCallExpr> {
    match node {
        ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _))
        | ASTNode::Stmt(Stmt::FnCall(call, _)) => Some(call),
        _ => None,
    }
}

/// Whether a function calls itself, directly or through others.
fn recurs(parts: &[Part]) -> bool {
    let mut calls: HashMap<&str, HashSet<String>> = HashMap::new();
    for part in parts {
        let names = calls.entry(&part.name).or_default();
        part.script.walk(&mut |path| {
            names.extend(path.last().and_then(called).map(|it| it.name.to_string()));
            true
        });
    }
    calls.keys().any(|name| {
        let (mut seen, mut waiting) = (HashSet::new(), vec![*name]);
        while let Some(calls) = waiting.pop().and_then(|it| calls.get(it)) {
            if calls.contains(*name) {
                return true;
            }
            let new = calls.iter().filter(|it| seen.insert(it.as_str()));
            waiting.extend(new.map(String::as_str));
        }
        false
    })
}
