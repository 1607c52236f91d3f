//! Conditions that are never or always true: a value cannot equal two strings, and a number cannot be above one bound
//! and below a smaller one.

use rhai::{ASTNode, Expr, Position};

use crate::rules::script::Remark;
use crate::rules::script::analysis::names::Names;
use crate::rules::script::lint::out_of_range::shown;

/// Every condition that requires one value to equal two strings or numbers, or to differ from either.
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
            found.extend(of(value));
        }
        true
    });
    found
}

/// Whether a condition is part of a larger one with the same operator, and is checked as part of that one.
pub(super) fn is_part_of_same(before: &ASTNode, value: &Expr) -> bool {
    matches!(
        (before, value),
        (ASTNode::Expr(Expr::And(..)), Expr::And(..)) | (ASTNode::Expr(Expr::Or(..)), Expr::Or(..))
    )
}

fn of(value: &Expr) -> Option<Remark> {
    let both = matches!(value, Expr::And(..));
    let mut all = Vec::new();
    flatten(value, both, &mut all);
    let sign = if both { "==" } else { "!=" };
    let asked: Vec<_> = all
        .into_iter()
        .filter_map(|it| comparison(it, sign))
        .collect();
    for (at, (shown, word, _)) in asked.iter().enumerate() {
        let other = asked[..at]
            .iter()
            .find(|(it, other, _)| it == shown && other != word);
        if let Some((_, other, _)) = other {
            let place = asked[at].2.start_position();
            let message = if both {
                format!(
                    "« {shown} » ne vaut jamais à la fois « {other} » et « {word} » : pour l'un ou l'autre, écrivez « || »"
                )
            } else {
                format!(
                    "cette condition est toujours vraie : « {shown} » ne peut pas être à la fois « {other} » et « {word} » ; pour exclure les deux, écrivez « && »"
                )
            };
            return Some(Remark::new(place, message));
        }
    }
    apart(value, both)
}

/// A number required to be above one bound and below a smaller one, or to satisfy either of two bounds that together
/// cover all numbers.
fn apart(value: &Expr, both: bool) -> Option<Remark> {
    let mut all = Vec::new();
    flatten(value, both, &mut all);
    let bounds: Vec<Bound> = all.into_iter().filter_map(bound).collect();
    let lower = bounds.iter().filter(|it| it.is_lower);
    let mut pairs = lower.flat_map(|low| bounds.iter().map(move |it| (low, it)));
    let (low, high) = pairs.find(|(low, high)| {
        let is_empty = if low.or_equal && high.or_equal {
            low.number > high.number
        } else {
            low.number >= high.number
        };
        let is_whole = low.number < high.number;
        !high.is_lower && low.shown == high.shown && if both { is_empty } else { is_whole }
    })?;
    let shown = &low.shown;
    let (first, second) = (low.written(), high.written());
    let message = if both {
        format!(
            "« {shown} » n'est jamais à la fois {first} et {second} : pour l'un ou l'autre, écrivez « || »"
        )
    } else {
        format!(
            "cette condition est toujours vraie : « {shown} » est toujours {first} ou {second} ; pour un nombre entre les deux, écrivez « && »"
        )
    };
    Some(Remark::new(low.at.min(high.at), message))
}

/// A bound that a value is compared with.
struct Bound {
    shown: String,
    number: f64,
    /// Whether the value must be above it.
    is_lower: bool,
    or_equal: bool,
    at: Position,
}

impl Bound {
    fn written(&self) -> String {
        let sign = if self.is_lower { ">" } else { "<" };
        let equal = if self.or_equal { "=" } else { "" };
        format!("« {sign}{equal} {} »", self.number)
    }
}

fn bound(value: &Expr) -> Option<Bound> {
    let Expr::FnCall(call, _) = value else {
        return None;
    };
    let [one, two] = call.args.as_slice() else {
        return None;
    };
    let number = |it: &Expr| match it {
        // Nobody compares with a larger number; these convert to a float exactly.
        Expr::IntegerConstant(it, _) => i32::try_from(*it).ok().map(f64::from),
        Expr::FloatConstant(it, _) => Some(**it),
        _ => None,
    };
    let (of, number, turned) = match (number(one), number(two)) {
        (None, Some(number)) => (one, number, false),
        (Some(number), None) => (two, number, true),
        _ => return None,
    };
    let (is_above, or_equal) = match call.name.as_str() {
        ">" => (true, false),
        ">=" => (true, true),
        "<" => (false, false),
        "<=" => (false, true),
        _ => return None,
    };
    Some(Bound {
        shown: shown(of)?,
        number,
        is_lower: is_above != turned,
        or_equal,
        at: value.start_position(),
    })
}

/// Collects the conditions joined by one operator, `&&` if `both`, into `all`.
pub(super) fn flatten<'e>(value: &'e Expr, both: bool, all: &mut Vec<&'e Expr>) {
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
