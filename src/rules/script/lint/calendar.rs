//! Dates read differently from what was meant: in the sender's time zone, or compared with a day name that does not
//! exist.

use std::collections::HashMap;

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};

use crate::rules::calendar::{HEURE_DE, JOUR_DE_SEMAINE, no_day};
use crate::rules::pointless::HOUR_OF_THE_SENDER;
use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::{Chain, Link, last_call};
use crate::rules::script::analysis::names::{Bound, Names};

/// The field that holds a date.
const DATE: &str = "date_creation";
/// The function that cuts a part out of a string.
const CUTS: &str = "sub_string";

/// Every hour cut out of a date's text.
pub(super) fn hours_of_the_sender(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        let cut = match path.last() {
            Some(ASTNode::Expr(value @ Expr::Dot(..))) => cut_behind(value, names),
            Some(ASTNode::Expr(Expr::FnCall(call, at))) if call.name == CUTS => {
                cut_of_first(call, *at, names)
            }
            _ => None,
        };
        found.extend(cut.map(|(at, shown)| {
            let message = format!(
                "{HOUR_OF_THE_SENDER} : écrivez « {HEURE_DE}({shown}) », qui est un nombre de 0 à 23, sans « parse_int », et comparez-le à un nombre, sans guillemets"
            );
            Remark::new(at, message)
        }));
        true
    });
    found
}

/// Whether an expression is an hour cut out of a date's text, which [`hours_of_the_sender`] reports.
pub(super) fn is_hour_of_the_sender(value: &Expr, names: &Names) -> bool {
    match value {
        Expr::FnCall(call, at) if call.name == CUTS => cut_of_first(call, *at, names).is_some(),
        value => {
            last_call(value).is_some_and(|it| it.name == CUTS) && cut_behind(value, names).is_some()
        }
    }
}

/// For `signalement.date_creation.sub_string(11, 2)`: the position of the call, and the date as source text.
fn cut_behind(value: &Expr, names: &Names) -> Option<(Position, String)> {
    let Chain { root, mut links } = Chain::of(value)?;
    let is_cut = |(link, _): &(Link<'_>, Position)| matches!(link, Link::Call(it) if it.name == CUTS && is_of_hour(&it.args));
    let cut = links.iter().position(is_cut)?;
    let at = links[cut].1;
    links.truncate(cut);
    date(&Chain { root, links }, names).map(|shown| (at, shown))
}

/// The same for `sub_string(signalement.date_creation, 11, 2)`.
fn cut_of_first(call: &FnCallExpr, at: Position, names: &Names) -> Option<(Position, String)> {
    let (first, rest) = call.args.split_first()?;
    let chain = Chain::of(first).filter(|_| is_of_hour(rest))?;
    date(&chain, names).map(|shown| (at, shown))
}

/// Whether these arguments cut the hour out of a date.
fn is_of_hour(values: &[Expr]) -> bool {
    matches!(
        values,
        [Expr::IntegerConstant(11, _), Expr::IntegerConstant(2, _)]
    )
}

/// The date of a signalement as source text; `None` for any other chain.
fn date(chain: &Chain<'_>, names: &Names) -> Option<String> {
    if names.is_function(CUTS) || names.is_function(HEURE_DE) {
        return None;
    }
    let path = names.path(chain).filter(|it| !names.is_changed(it))?;
    if path.last().is_none_or(|it| it != DATE) {
        return None;
    }
    chain.shown()
}

/// Every string compared with a day of the week that is not the name of one.
pub(super) fn no_days(names: &Names) -> Vec<Remark> {
    if names.is_function(JOUR_DE_SEMAINE) {
        return Vec::new();
    }
    let days = days(names);
    let is_day = |value: &Expr| match value {
        Expr::Variable(it, ..) => days.get(it.1.as_str()) == Some(&true),
        value => asks_for_day(value),
    };
    let mut found = Vec::new();
    names.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::FnCall(call, _))) = path.last() else {
            return true;
        };
        let pairs = match (call.name.as_str(), call.args.as_slice()) {
            ("==" | "!=", [one, other]) => vec![(one, other), (other, one)],
            // The engine turns « x in y » into `contains(y, x)`.
            ("contains", [list @ Expr::Array(..), value]) => vec![(value, list)],
            _ => return true,
        };
        for (value, other) in pairs {
            if !is_day(value) {
                continue;
            }
            let words = match names.bound(other) {
                Some(Bound::Text(word, at)) => vec![(word, at)],
                Some(Bound::Texts(words)) => words,
                _ => continue,
            };
            found.extend(words.into_iter().filter_map(|(word, at)| {
                let message = no_day(&word)?;
                Some(Remark::new(at, message))
            }));
        }
        true
    });
    found
}

fn asks_for_day(value: &Expr) -> bool {
    match value {
        Expr::FnCall(call, _) => call.name == JOUR_DE_SEMAINE,
        value => last_call(value).is_some_and(|it| it.name == JOUR_DE_SEMAINE),
    }
}

/// Variables, and whether each is always a day of the week.
fn days(names: &Names) -> HashMap<String, bool> {
    let mut days = HashMap::new();
    names.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(it, ..))) => {
                let day = asks_for_day(&it.1);
                let name = it.0.as_str().to_owned();
                let all = days.entry(name).or_insert(day);
                *all &= day;
            }
            Some(ASTNode::Stmt(Stmt::Assignment(it))) => {
                if let Expr::Variable(it, ..) = &it.1.lhs {
                    days.insert(it.1.as_str().to_owned(), false);
                }
            }
            // A method may change it in place, as « jour.make_upper() » does.
            Some(ASTNode::Expr(value @ Expr::Dot(pair, ..))) => {
                if let (Expr::Variable(it, ..), Some(_)) = (&pair.lhs, last_call(value)) {
                    days.insert(it.1.as_str().to_owned(), false);
                }
            }
            _ => {}
        }
        true
    });
    days
}
