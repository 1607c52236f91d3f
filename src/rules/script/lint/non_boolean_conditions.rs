//! Conditions that are not booleans: the engine fails on a string, a number or an object where it expects true or
//! false.

use rhai::{ASTNode, Expr, Stmt};

use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::Chain;
use crate::rules::script::analysis::given::{Kind, Seen, is_manager, may_be_absent, seen};
use crate::rules::script::analysis::names::{Bound, Names};

/// Where a value is used as a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The whole condition, or part of one.
    Asked,
    /// One side of `||`.
    Either,
    /// The operand of `!`.
    Negated,
}

/// Every value used as a condition that is not a boolean.
pub(super) fn unasked(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        match path {
            [
                ..,
                ASTNode::Stmt(Stmt::If(it, _) | Stmt::While(it, _) | Stmt::Do(it, ..)),
            ] => {
                found.extend(fault(&it.expr, Place::Asked, names));
            }
            [.., ASTNode::Expr(Expr::And(all, _))] => {
                found.extend(all.iter().filter_map(|it| fault(it, Place::Asked, names)));
            }
            [.., ASTNode::Expr(Expr::Or(all, _))] => {
                // Once « ?? » replaces « || », the other operands are right as well.
                found.extend(all.iter().find_map(|it| fault(it, Place::Either, names)));
            }
            [before @ .., ASTNode::Expr(not @ Expr::FnCall(call, _))] if call.name == "!" => {
                if let [value] = call.args.as_slice() {
                    let parted = parted(before.last(), not, value, names);
                    found.extend(parted.or_else(|| fault(value, Place::Negated, names)));
                }
            }
            _ => {}
        }
        true
    });
    found.sort_by_key(|it| it.at);
    found.dedup();
    found
}

/// A negation meant for a whole comparison but applied only to its first operand: `!a in b`.
fn parted(parent: Option<&ASTNode>, not: &Expr, value: &Expr, names: &Names) -> Option<Remark> {
    let Some(ASTNode::Expr(Expr::FnCall(around, _))) = parent else {
        return None;
    };
    // The engine turns « x in y » into `contains(y, x)`.
    let (at, sign) = match around.name.as_str() {
        "contains" => (1, "!in"),
        "==" => (0, "!="),
        "!=" => (0, "=="),
        _ => return None,
    };
    let is_of_it = around.args.get(at).is_some_and(|it| std::ptr::eq(it, not));
    names
        .kind(value)
        .filter(|it| *it != Kind::Flag && is_of_it)?;
    let shown = Chain::of(value).and_then(|it| it.shown());
    let shown = shown.unwrap_or_else(|| "…".to_owned());
    let message = format!(
        "« ! » ne porte ici que sur « {shown} », et non sur la comparaison : écrivez « {shown} {sign} … »"
    );
    Some(Remark::new(value.start_position(), message))
}

/// What is wrong with a value used as a condition.
fn fault(value: &Expr, place: Place, names: &Names) -> Option<Remark> {
    let at = value.start_position();
    let shown = Chain::of(value).and_then(|it| it.shown());
    let path = match names.bound(value) {
        Some(Bound::Given(path)) => path,
        _ => Vec::new(),
    };
    let sign = if place == Place::Negated { "==" } else { "!=" };
    let is_object = !path.is_empty() && matches!(seen(&path), Some(Seen::Fields(_)));
    if is_object {
        let is_manager = is_manager(&path);
        let shown = shown.map_or_else(|| "cette valeur".to_owned(), |it| format!("« {it} »"));
        let message = if place == Place::Either && is_manager {
            format!(
                "{shown} n'est pas une condition, et « || » ne va qu'entre deux conditions : pour prendre la suite quand un gestionnaire manque, écrivez « ?? »"
            )
        } else {
            format!(
                "{shown} n'est pas une condition : pour savoir s'il y en a un, comparez avec « {sign} () »"
            )
        };
        return Some(Remark::new(at, message));
    }
    let kind = names.kind(value).filter(|it| *it != Kind::Flag)?;
    let message = match (shown, kind) {
        (Some(shown), Kind::Number) => {
            let sign = if sign == "==" { "== 0" } else { "> 0" };
            format!("« {shown} » est un nombre, et pas une condition : écrivez « {shown} {sign} »")
        }
        (Some(shown), _) if may_be_absent(&path) || path.is_empty() => format!(
            "« {shown} » n'est pas une condition : s'il peut manquer, écrivez « {shown} {sign} () »"
        ),
        (Some(shown), _) => format!(
            "« {shown} » est un texte, et pas une condition : comparez-le, par exemple « {shown} {sign} \"…\" »"
        ),
        (None, _) => format!(
            "{} n'est pas une condition, qui vaut true ou false",
            kind.in_french()
        ),
    };
    Some(Remark::new(at, message))
}
