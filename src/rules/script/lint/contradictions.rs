//! Conditions that hold never, or always, whatever the values: one value cannot be two texts, nor a number be above
//! one and below a smaller one.

use rhai::{ASTNode, Expr, Position};

use crate::rules::script::Remark;
use crate::rules::script::analysis::names::Names;
use crate::rules::script::lint::out_of_range::shown;

/// Every condition that asks one value to be two texts or two numbers, or to be not one or not the other.
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
        // It is looked at as a part of the whole.
        let is_part = matches!(
            (before, value),
            (ASTNode::Expr(Expr::And(..)), Expr::And(..))
                | (ASTNode::Expr(Expr::Or(..)), Expr::Or(..))
        );
        if !is_part {
            found.extend(of(value));
        }
        true
    });
    found
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
            return Some((place, message));
        }
    }
    apart(value, both)
}

/// A number that is asked to be above one and below a smaller one, or to be only one of these, which it always is.
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
    Some((low.at.min(high.at), message))
}

/// A number that a value is compared with.
struct Bound {
    shown: String,
    number: f64,
    /// Whether the value is to be above it.
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
        // Nobody compares with one that a float cannot hold.
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

fn flatten<'e>(value: &'e Expr, both: bool, all: &mut Vec<&'e Expr>) {
    match value {
        Expr::And(parts, _) if both => parts.iter().for_each(|it| flatten(it, both, all)),
        Expr::Or(parts, _) if !both => parts.iter().for_each(|it| flatten(it, both, all)),
        value => all.push(value),
    }
}

/// A value that is compared with a text or a number: as it is written, what it is compared with, and the whole.
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
