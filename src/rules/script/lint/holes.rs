//! Names between braces in a string that are not interpolated because their `$` is missing.

use std::collections::HashSet;

use rhai::{ASTNode, Expr, Position, Stmt};

use super::names::Names;
use crate::rules::place::offset;
use crate::rules::script::{Remark, position};

/// Functions that search for one string in another.
const LOOKING: [&str; 6] = [
    "contains",
    "ends_with",
    "index_of",
    "replace",
    "split",
    "starts_with",
];

/// Every name between braces that is a parameter or variable of the function.
pub(super) fn without_dollar(text: &str, names: &Names) -> Vec<Remark> {
    let mut own: HashSet<String> = names.part.parameters.iter().cloned().collect();
    names.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(it, ..))) => {
                own.insert(it.0.as_str().to_owned());
            }
            Some(ASTNode::Stmt(Stmt::For(it, _))) => {
                own.insert(it.0.as_str().to_owned());
            }
            _ => {}
        }
        true
    });
    // Placeholders that the script replaces itself.
    let mut looked_for = HashSet::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::MethodCall(call, _) | Expr::FnCall(call, _))) = path.last()
            && LOOKING.contains(&call.name.as_str())
        {
            looked_for.extend(call.args.iter().filter_map(|it| match it {
                Expr::StringConstant(it, _) => Some(it.as_str().to_owned()),
                _ => None,
            }));
        }
        true
    });
    let is_own = |inside: &str| {
        let root = inside.split('.').next().unwrap_or_default();
        own.contains(root) && !looked_for.contains(&format!("{{{inside}}}"))
    };
    let mut found = Vec::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::StringConstant(it, at))) = path.last() {
            let in_holed = path
                .iter()
                .any(|it| matches!(it, ASTNode::Expr(Expr::InterpolatedString(..))));
            let holed = || in_holed || begins_with_back_quote(text, *at);
            found.extend(hole(it, &holed, &is_own).map(|it| (*at, it)));
        }
        true
    });
    found
}

fn begins_with_back_quote(text: &str, at: Position) -> bool {
    offset(text, position(at)).is_some_and(|at| text[at..].starts_with('`'))
}

/// The message about the first such name in a string. `holed` tells whether the string is interpolated; it is costly to
/// call.
fn hole(text: &str, holed: &dyn Fn() -> bool, is_own: &dyn Fn(&str) -> bool) -> Option<String> {
    for (at, _) in text.match_indices('{') {
        let Some((inside, _)) = text[at + 1..].split_once('}') else {
            break;
        };
        let of_path = |it: char| it.is_alphanumeric() || it == '_' || it == '.';
        let is_path = inside.chars().all(of_path) && is_own(inside);
        if !is_path || text[..at].ends_with(['$', '{']) {
            continue;
        }
        let holed = holed();
        if !holed && !inside.contains('.') {
            continue;
        }
        let message = if holed {
            format!("« {{{inside}}} » reste écrit ainsi : écrivez « ${{{inside}}} »")
        } else {
            format!(
                "« {{{inside}}} » reste écrit ainsi entre guillemets : écrivez « ${{{inside}}} », et tout le texte entre accents graves (`)"
            )
        };
        return Some(message);
    }
    None
}
