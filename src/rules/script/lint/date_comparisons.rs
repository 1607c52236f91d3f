//! Dates compared with the wrong text: SoWell's dates are strings that begin with the year and also have a time.

use rhai::{ASTNode, Expr, FnCallExpr};

use crate::rules::compared::turned;
use crate::rules::date_text::{
    DateText, Impossible, Precision, judge, may_begin, next, without_end,
};
use crate::rules::pointless::{DAY_FIRST, NOT_AS_SOWELL_WRITES};
use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::names::{Bound, Names};

/// Every such comparison.
pub(super) fn compared(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
                found.extend(of_operator(call, names).or_else(|| of_list(call, names)));
            }
            Some(ASTNode::Expr(value @ Expr::Dot(..))) => found.extend(of_function(value, names)),
            _ => {}
        }
        true
    });
    found
}

/// A date as source text; `None` for any other value.
pub(super) fn date(value: &Expr, names: &Names) -> Option<String> {
    let Some(Bound::Given(path)) = names.bound(value) else {
        return None;
    };
    let is_date = path.last().is_some_and(|it| it == "date_creation");
    Chain::of(value)?.shown().filter(|_| is_date)
}

/// A comparison of a date: the date as source text, the operator as if the date came first, and the other side.
pub(super) fn sides<'e>(
    call: &'e FnCallExpr,
    names: &Names,
) -> Option<(String, &'e str, &'e Expr)> {
    let [one, two] = call.args.as_slice() else {
        return None;
    };
    let sign = call.name.as_str();
    if !["==", "!=", "<", ">", "<=", ">="].contains(&sign) {
        return None;
    }
    let first = date(one, names).map(|shown| (shown, sign, two));
    first.or_else(|| date(two, names).map(|shown| (shown, turned(sign), one)))
}

fn of_operator(call: &FnCallExpr, names: &Names) -> Option<Remark> {
    let (shown, sign, other) = sides(call, names)?;
    let Some(Bound::Text(word, at)) = names.bound(other) else {
        return None;
    };
    let is_order = !["==", "!="].contains(&sign);
    if word.is_empty() {
        return None;
    }
    if let Some(message) = misspelt(&word, is_order) {
        return Some(Remark::new(at, message));
    }
    let message = replaced(&shown, sign, &word)?;
    // A constant may be right elsewhere: here, the operator is wrong.
    let at = match other {
        Expr::StringConstant(..) => at,
        named => named.start_position(),
    };
    Some(Remark::new(at, message))
}

/// What is wrong with the operator in front of a text that is right as such.
fn replaced(shown: &str, sign: &str, word: &str) -> Option<String> {
    let DateText::Right(precision) = judge(word) else {
        return None;
    };
    match sign {
        "==" | "!=" if word.len() < "2026-01-31T10:00:00".len() => {
            let not = if sign == "!=" { "!" } else { "" };
            Some(format!(
                "« {shown} » contient aussi l'heure, et ne vaut jamais « {word} » : écrivez « {not}{shown}.starts_with(\"{word}\") »"
            ))
        }
        "<=" => next(word).map(|next| {
            let length = match precision {
                Precision::Year => "toute cette année",
                Precision::Month => "tout ce mois",
                _ => "tout ce jour",
            };
            format!(
                "« {shown} » contient aussi l'heure, et « <= \"{word}\" » exclut {length} : pour l'inclure, écrivez « {shown} < \"{next}\" », sinon « {shown} < \"{word}\" »"
            )
        }),
        _ => None,
    }
}

/// What is wrong with a text that a date, or the beginning of one, is compared with; `is_order` for `<` and the like.
pub(super) fn misspelt(word: &str, is_order: bool) -> Option<String> {
    match judge(word) {
        DateText::Right(_) => None,
        // A bound after the last day of a month works as well as the right one.
        DateText::Impossible(Impossible { is_month, .. }) if is_order && !is_month => None,
        DateText::Impossible(it) => Some(impossible(word, &it)),
        DateText::Unlike(date) => Some(format!("{NOT_AS_SOWELL_WRITES} : écrivez « {date} »")),
        DateText::DayFirst(date) => Some(format!("{DAY_FIRST} : écrivez « {date} »")),
        DateText::Other => Some(format!(
            "« {word} » ne se compare pas avec une date de SoWell, qui s'écrit comme « 2026-01-31T10:00:00 »"
        )),
    }
}

fn impossible(word: &str, found: &Impossible) -> String {
    let Impossible { why, meant, .. } = found;
    match meant {
        Some(date) => format!(
            "« {word} » n'est pas une date, {why} : après l'année vient le mois, puis le jour ; écrivez « {date} »"
        ),
        None => format!("« {word} » n'est pas une date : {why}"),
    }
}

/// A date searched for in a list of days.
fn of_list(call: &FnCallExpr, names: &Names) -> Option<Remark> {
    // The engine turns « x in y » into `contains(y, x)`.
    let ("contains", [list, value]) = (call.name.as_str(), call.args.as_slice()) else {
        return None;
    };
    let shown = date(value, names).filter(|_| !names.is_function("contains"))?;
    let Some(Bound::Texts(words)) = names.bound(list) else {
        return None;
    };
    let days: Option<Vec<String>> = words.iter().map(|(it, _)| without_time(it)).collect();
    let days = days.filter(|it| !it.is_empty())?;
    let length = days[0].len();
    if days.iter().any(|it| it.len() != length) {
        return None;
    }
    let written = match list {
        Expr::Array(..) => {
            let quoted: Vec<String> = days.iter().map(|it| format!("\"{it}\"")).collect();
            format!("[{}]", quoted.join(", "))
        }
        named => Chain::of(named)?.shown()?,
    };
    let message = format!(
        "« {shown} » contient aussi l'heure, et n'est jamais dans cette liste : écrivez « {shown}.sub_string(0, {length}) in {written} »"
    );
    Some(Remark::new(value.start_position(), message))
}

/// A date without a time, as SoWell writes it.
fn without_time(word: &str) -> Option<String> {
    let date = match judge(word) {
        DateText::Right(_) => without_end(word).to_owned(),
        DateText::Unlike(date) | DateText::DayFirst(date) => date,
        DateText::Impossible(_) | DateText::Other => return None,
    };
    (date.len() <= "2026-01-31".len()).then_some(date)
}

/// A date tested for its beginning or for a part.
fn of_function(value: &Expr, names: &Names) -> Option<Remark> {
    let mut chain = Chain::of(value)?;
    let (Link::Call(call), _) = chain.links.pop()? else {
        return None;
    };
    let path = names.path(&chain).filter(|it| !names.is_changed(it))?;
    let [asked] = call.args.as_slice() else {
        return None;
    };
    let Some(Bound::Text(word, at)) = names.bound(asked) else {
        return None;
    };
    let is_wrong = match call.name.as_str() {
        "starts_with" => !may_begin(&word),
        "contains" => matches!(judge(&word), DateText::DayFirst(_)),
        _ => false,
    };
    let is_date = path.last().is_some_and(|it| it == "date_creation");
    if !is_date || !is_wrong || names.is_function(&call.name) {
        return None;
    }
    let message = misspelt(&word, false).unwrap_or_else(|| never_begins(&word));
    Some(Remark::new(at, message))
}

fn never_begins(word: &str) -> String {
    format!(
        "aucune date de SoWell ne commence par « {word} » : elles s'écrivent comme « 2026-01-31T10:00:00 »"
    )
}
