//! Names in a string that are not interpolated because the signs around them are not `${` and `}`.

use std::collections::HashSet;

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use crate::rules::place::offset;
use crate::rules::script::analysis::names::Names;
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
    let is_own = |path: &str, written: &str| {
        let root = path.split('.').next().unwrap_or_default();
        own.contains(root) && !looked_for.contains(written)
    };
    let mut found = Vec::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::StringConstant(it, at))) = path.last() {
            let in_holed = path
                .iter()
                .any(|it| matches!(it, ASTNode::Expr(Expr::InterpolatedString(..))));
            let holed = || in_holed || begins_with_back_quote(text, *at);
            found.extend(hole(it, &holed, &is_own).map(|it| Remark::new(*at, it)));
        }
        true
    });
    found
}

fn begins_with_back_quote(text: &str, at: Position) -> bool {
    offset(text, position(at)).is_some_and(|at| text[at..].starts_with('`'))
}

/// What people write around a name instead of `${` and `}`.
const AROUND: [(&str, &str); 4] = [("{{", "}}"), ("$(", ")"), ("{", "}"), ("$", "}")];

/// The message about the first such name in a string. `holed` tells whether the string is interpolated; it is costly to
/// call. `is_own` is given a path and how it is written with the signs around it.
fn hole(
    text: &str,
    holed: &dyn Fn() -> bool,
    is_own: &dyn Fn(&str, &str) -> bool,
) -> Option<String> {
    let begins = text.char_indices().filter(|(_, it)| "{$".contains(*it));
    for (at, _) in begins {
        let rest = &text[at..];
        let around = AROUND.iter().find(|(open, _)| rest.starts_with(open));
        let Some((path, written)) = around.and_then(|it| between(rest, *it)) else {
            continue;
        };
        let is_path = path.chars().all(is_of_path) && is_own(path, written);
        if !is_path || text[..at].ends_with(['$', '{']) {
            continue;
        }
        let holed = holed();
        if !holed && !path.contains('.') {
            continue;
        }
        let message = if holed {
            format!("« {written} » reste écrit ainsi : écrivez « ${{{path}}} »")
        } else {
            format!(
                "« {written} » reste écrit ainsi entre guillemets : écrivez « ${{{path}}} », et tout le texte entre accents graves (`)"
            )
        };
        return Some(message);
    }
    None
}

fn is_of_path(it: char) -> bool {
    it.is_alphanumeric() || it == '_' || it == '.'
}

/// The path between two signs at the beginning of a text, and the same with the signs. It is read no further than a
/// path can go: a text may have thousands of braces.
fn between<'t>(text: &'t str, (open, close): (&str, &str)) -> Option<(&'t str, &'t str)> {
    let rest = text.strip_prefix(open)?;
    let end = rest.find(|it: char| !is_of_path(it) && !it.is_whitespace())?;
    let inside = rest[end..].starts_with(close).then(|| &rest[..end])?;
    let written = &text[..open.len() + inside.len() + close.len()];
    Some((inside.trim(), written))
}

/// Every `${…}` in a string that does not interpolate.
pub(super) fn dollars(script: &AST, source: &str) -> Vec<Remark> {
    let mut found = Vec::new();
    script.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::StringConstant(text, at))) = path.last()
            && let Some((_, rest)) = text.split_once("${")
            && let Some((value, _)) = rest.split_once('}')
            && value.starts_with(|it: char| it.is_alphabetic() || it == '_')
        {
            let begins = offset(source, position(*at)).and_then(|it| source.get(it..));
            let is_raw = begins.is_some_and(|it| it.starts_with('#'));
            let message = if is_raw {
                format!(
                    "« ${{{value}}} » reste écrit ainsi entre « #\" » et « \"# » : mettez un accent grave (`) à la place de l'un et de l'autre, et sa valeur y sera"
                )
            } else {
                format!(
                    "« ${{{value}}} » reste écrit ainsi entre guillemets : mettez tout le texte entre accents graves (`), et sa valeur y sera"
                )
            };
            found.push(Remark::new(*at, message));
        }
        true
    });
    found
}
