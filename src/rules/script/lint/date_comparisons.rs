//! Dates compared with the wrong format: SoWell's dates are strings that begin with the year.

use std::collections::HashMap;

use rhai::{ASTNode, Expr, FnCallExpr, Stmt};

use crate::rules::calendar::day_first;
use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::given::Kind;
use crate::rules::script::analysis::names::{Bound, Names};

/// How a date begins, with `0` for any digit.
const PATTERN: &str = "0000-00-00T00:00:00";

/// Every such comparison.
pub(super) fn compared(names: &Names) -> Vec<Remark> {
    let cut = cut(names);
    let mut found = Vec::new();
    names.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
                found.extend(of_operator(call, names));
                found.extend(of_part(call, &cut, names));
            }
            Some(ASTNode::Expr(value @ Expr::Dot(..))) => found.extend(of_function(value, names)),
            _ => {}
        }
        true
    });
    found
}

/// A date as source text; `None` for any other value.
fn date(value: &Expr, names: &Names) -> Option<String> {
    let Some(Bound::Given(path)) = names.bound(value) else {
        return None;
    };
    let is_date = path.last().is_some_and(|it| it == "date_creation");
    Chain::of(value)?.shown().filter(|_| is_date)
}

fn of_operator(call: &FnCallExpr, names: &Names) -> Option<Remark> {
    let ([one, two], sign) = (call.args.as_slice(), call.name.as_str()) else {
        return None;
    };
    let sides = [(one, two), (two, one)].into_iter();
    let (shown, word, at) = sides.into_iter().find_map(|(value, other)| {
        let shown = date(value, names)?;
        match names.bound(other) {
            Some(Bound::Text(word, at)) => Some((shown, word, at)),
            _ => None,
        }
    })?;
    let message = match sign {
        "==" | "!=" | "<" | ">" | "<=" | ">=" if !begins_a_date(&word) => year_first(&word),
        "==" | "!=" if word.len() < PATTERN.len() && !word.is_empty() => {
            let not = if sign == "!=" { "!" } else { "" };
            format!(
                "« {shown} » porte aussi l'heure, et ne vaut jamais « {word} » : écrivez « {not}{shown}.starts_with(\"{word}\") »"
            )
        }
        _ => return None,
    };
    Some((at, message))
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
        "starts_with" => !begins_a_date(&word),
        "contains" => day_first(&word).is_some(),
        _ => false,
    };
    let is_date = path.last().is_some_and(|it| it == "date_creation");
    (is_date && is_wrong && !names.is_function(&call.name)).then(|| (at, year_first(&word)))
}

/// A part of a date compared with a string of a different length.
fn of_part(call: &FnCallExpr, cut: &HashMap<String, usize>, names: &Names) -> Option<Remark> {
    let ("==" | "!=" | "contains", [one, two]) = (call.name.as_str(), call.args.as_slice()) else {
        return None;
    };
    let length = |it: &Expr| match it {
        Expr::Variable(it, ..) => cut.get(it.1.as_str()).copied(),
        value => part(value, names),
    };
    let (length, other) = match (length(one), length(two)) {
        (Some(length), None) => (length, two),
        (None, Some(length)) => (length, one),
        _ => return None,
    };
    // The engine turns « x in y » into `contains(y, x)`; if y is a string, x may be a part of it.
    let in_list = call.name == "contains";
    let words = match names.bound(other)? {
        Bound::Text(word, at) if !in_list => vec![(word, at)],
        Bound::Texts(all) if in_list => all,
        _ => return None,
    };
    let wrong = words
        .into_iter()
        .find(|(it, _)| it.chars().count() != length);
    let (word, at) = wrong.filter(|(it, _)| !it.is_empty())?;
    let digits = word.chars().all(|it| it.is_ascii_digit()) && word.len() < length;
    let hint = if digits {
        format!(" : écrivez « {word:0>length$} »")
    } else {
        String::new()
    };
    let own = word.chars().count();
    let message =
        format!("cette partie de la date a {length} signes, et « {word} » en a {own}{hint}");
    Some((at, message))
}

/// The variables that hold a part of a date, with its length in characters.
fn cut(names: &Names) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Var(it, ..))) = path.last()
            && let Some(length) = part(&it.1, names)
        {
            found.insert(it.0.as_str().to_owned(), length);
        }
        true
    });
    // Only a name assigned once and never changed is certain to be that string.
    found.retain(|name, _| names.is_plain(name, Kind::Text));
    found
}

/// The length of a part cut out of a date: `signalement.date_creation.sub_string(11, 2)`.
fn part(value: &Expr, names: &Names) -> Option<usize> {
    let mut chain = Chain::of(value)?;
    let (Link::Call(call), _) = chain.links.pop()? else {
        return None;
    };
    let path = names.path(&chain).filter(|it| !names.is_changed(it))?;
    let (
        "sub_string",
        [
            Expr::IntegerConstant(begins, _),
            Expr::IntegerConstant(length, _),
        ],
    ) = (call.name.as_str(), call.args.as_slice())
    else {
        return None;
    };
    let is_date = path.last().is_some_and(|it| it == "date_creation");
    let [begins, length] = [begins, length].map(|it| usize::try_from(*it).ok());
    let (begins, length) = (begins?, length?);
    (is_date && !names.is_function("sub_string") && begins + length <= PATTERN.len())
        .then_some(length)
}

/// Whether a date may begin with this.
fn begins_a_date(word: &str) -> bool {
    let mut pattern = PATTERN.chars().zip(word.chars());
    pattern.all(|(wanted, it)| match wanted {
        '0' => it.is_ascii_digit(),
        sign => it == sign,
    })
}

fn year_first(word: &str) -> String {
    match day_first(word) {
        Some(date) => format!("une date de SoWell commence par l'année : écrivez « {date} »"),
        None => format!(
            "« {word} » ne se compare pas avec une date de SoWell, qui s'écrit comme « 2026-01-31T10:00:00 »"
        ),
    }
}
