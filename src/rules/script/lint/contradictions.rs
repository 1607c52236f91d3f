//! Conditions that are never or always true: a value cannot equal two strings, and a number cannot be above one bound
//! and below a smaller one.

use rhai::{ASTNode, Expr};

use crate::rules::pointless;
use crate::rules::script::Remark;
use crate::rules::script::analysis::names::Names;
use crate::rules::script::lint::bounds;
use crate::rules::script::lint::out_of_range::shown;

/// Every condition that requires one value to equal two strings or numbers, or to differ from either, or to be on both
/// sides of two bounds.
pub(super) fn conditions(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        let [
            ..,
            before,
            ASTNode::Expr(value @ (Expr::And(..) | Expr::Or(..))),
        ] = path
        else {
            return true;
        };
        if !is_part_of_same(before, value) {
            let both = matches!(value, Expr::And(..));
            let mut all = Vec::new();
            flatten(value, both, &mut all);
            found.extend(two_words(&all, both).or_else(|| bounds::of_numbers(&all, both)));
            found.extend(bounds::of_dates(&all, both, names));
        }
        true
    });
    found
}

/// Whether a condition is part of a larger one with the same operator, and is checked as part of that one.
fn is_part_of_same(before: &ASTNode, value: &Expr) -> bool {
    matches!(
        (before, value),
        (ASTNode::Expr(Expr::And(..)), Expr::And(..)) | (ASTNode::Expr(Expr::Or(..)), Expr::Or(..))
    )
}

/// Two words among these conditions that one value must equal if `both` must hold, or must differ from one of.
fn two_words(all: &[&Expr], both: bool) -> Option<Remark> {
    let sign = if both { "==" } else { "!=" };
    let asked: Vec<_> = all.iter().filter_map(|it| comparison(it, sign)).collect();
    asked
        .iter()
        .enumerate()
        .find_map(|(at, (shown, word, value))| {
            let mut before = asked[..at].iter();
            let (_, other, _) = before.find(|(it, other, _)| it == shown && other != word)?;
            let message = if both {
                pointless::never_both(shown, [other, word], "||")
            } else {
                pointless::always_one_or_the_other(shown, [other, word], "&&")
            };
            Some(Remark::new(value.start_position(), message))
        })
}

/// Collects the conditions joined by one operator, `&&` if `both`, into `all`.
fn flatten<'e>(value: &'e Expr, both: bool, all: &mut Vec<&'e Expr>) {
    match value {
        Expr::And(parts, _) if both => parts.iter().for_each(|it| flatten(it, both, all)),
        Expr::Or(parts, _) if !both => parts.iter().for_each(|it| flatten(it, both, all)),
        value => all.push(value),
    }
}

/// A comparison with a string or a number: the value as source text, what it is compared with, and the whole
/// expression.
fn comparison<'e>(value: &'e Expr, sign: &str) -> Option<(String, String, &'e Expr)> {
    let Expr::FnCall(call, _) = value else {
        return None;
    };
    let [one, other] = call.args.as_slice() else {
        return None;
    };
    let word = |it: &Expr| match it {
        Expr::StringConstant(it, _) => Some(it.to_string()),
        Expr::IntegerConstant(it, _) => Some(it.to_string()),
        _ => None,
    };
    let (of, word) = match (word(one), word(other)) {
        (None, Some(word)) => (one, word),
        (Some(word), None) => (other, word),
        _ => return None,
    };
    if call.name != sign || call.op_token.is_none() {
        return None;
    }
    Some((shown(of)?, word, value))
}
