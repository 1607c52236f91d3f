//! Parts cut out of a date, compared with a text that they never equal.

use std::collections::HashMap;
use std::ops::Range;

use rhai::{ASTNode, Expr, FnCallExpr, Stmt};

use crate::rules::date_text::{DateText, judge, may_begin};
use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::given::Kind;
use crate::rules::script::analysis::names::{Bound, Names};
use crate::rules::script::lint::date_comparisons::misspelt;

/// A date to put a part into: of a leap year, so that 02-29 fits, and of a month of 31 days, so that each day fits.
const SAMPLE: &str = "2028-01-31T10:00:00";
/// The month and the day.
const MONTH_AND_DAY: Range<usize> = 5..10;

/// Every such comparison.
pub(super) fn compared(names: &Names) -> Vec<Remark> {
    let cut = cut(names);
    let mut found = Vec::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::FnCall(call, _))) = path.last() {
            found.extend(of_call(call, &cut, names));
        }
        true
    });
    found
}

fn of_call(
    call: &FnCallExpr,
    cut: &HashMap<String, Range<usize>>,
    names: &Names,
) -> Option<Remark> {
    let (sign, [one, two]) = (call.name.as_str(), call.args.as_slice()) else {
        return None;
    };
    let is_order = match sign {
        "==" | "!=" | "contains" => false,
        "<" | ">" | "<=" | ">=" => true,
        _ => return None,
    };
    let extent = |it: &Expr| match it {
        Expr::Variable(it, ..) => cut.get(it.1.as_str()).cloned(),
        value => part(value, names),
    };
    let (part, other) = match (extent(one), extent(two)) {
        (Some(part), None) => (part, two),
        (None, Some(part)) => (part, one),
        _ => return None,
    };
    // The engine turns « x in y » into `contains(y, x)`; if y is a string, x may be a part of it.
    let in_list = sign == "contains";
    let words = match names.bound(other)? {
        Bound::Text(word, at) if !in_list => vec![(word, at)],
        Bound::Texts(all) if in_list => all,
        _ => return None,
    };
    let mut words = words.into_iter().filter(|(it, _)| !it.is_empty());
    words.find_map(|(word, at)| Some(Remark::new(at, fault(&part, &word, is_order)?)))
}

/// Why a part of a date never equals this text or, if `is_order`, is not ordered by date against it.
fn fault(part: &Range<usize>, word: &str, is_order: bool) -> Option<String> {
    if part.start == 0 {
        let is_date = !matches!(judge(word), DateText::Other);
        if let Some(message) = misspelt(word, is_order).filter(|_| is_date) {
            return Some(message);
        }
    }
    if *part == MONTH_AND_DAY
        && let Some(meant) = month_and_day(word)
    {
        return Some(format!(
            "cette partie de la date a le mois, puis le jour, comme « 01-31 » : écrivez « {meant} »"
        ));
    }
    if is_order {
        return None;
    }
    let length = part.len();
    let own = word.chars().count();
    if own != length {
        let digits = word.chars().all(|it| it.is_ascii_digit()) && word.len() < length;
        let hint = if digits {
            format!(" : écrivez « {word:0>length$} »")
        } else {
            String::new()
        };
        return Some(format!(
            "cette partie de la date a {length} signes, et « {word} » en a {own}{hint}"
        ));
    }
    never(part, word)
}

/// Rewrites a day and month as a date of SoWell has them: « 24/12 » as « 12-24 ». `None` for any other text, and for
/// one that is right.
fn month_and_day(word: &str) -> Option<String> {
    let (one, two) = word.split_once(['-', '/', '.'])?;
    let is_number =
        |it: &str| (1..3).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
    if !is_number(one) || !is_number(two) {
        return None;
    }
    let joined = |month: &str, day: &str| Some(format!("{month:0>2}-{day:0>2}"));
    let [month_first, day_first] = [joined(one, two), joined(two, one)];
    // With hyphens, it may be meant as SoWell writes it.
    let both = if word.contains('-') {
        [month_first, day_first]
    } else {
        [day_first, month_first]
    };
    let mut possible = both.into_iter().flatten();
    let meant = possible.find(|it| may_begin(&format!("2028-{it}")))?;
    (meant != word).then_some(meant)
}

/// A part of the right length that no date has.
fn never(part: &Range<usize>, word: &str) -> Option<String> {
    // The second digit of a month or a day may follow another first one than in the sample.
    if ![0, 5, 8].contains(&part.start) {
        return None;
    }
    let mut date = SAMPLE.to_owned();
    date.replace_range(part.start.., word);
    // What follows this part in the sample may not fit it: « 11 » is a month, but not one of 31 days.
    if may_begin(&date) {
        return None;
    }
    let sample = &SAMPLE[part.clone()];
    Some(format!(
        "cette partie de la date ne vaut jamais « {word} » : elle s'écrit comme « {sample} »"
    ))
}

/// The variables that hold a part of a date.
fn cut(names: &Names) -> HashMap<String, Range<usize>> {
    let mut found = HashMap::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Var(it, ..))) = path.last()
            && let Some(part) = part(&it.1, names)
        {
            found.insert(it.0.as_str().to_owned(), part);
        }
        true
    });
    // Only a name assigned once and never changed is certain to be that string.
    found.retain(|name, _| names.is_plain(name, Kind::Text));
    found
}

/// The part cut out of a date, in characters: `signalement.date_creation.sub_string(11, 2)`.
fn part(value: &Expr, names: &Names) -> Option<Range<usize>> {
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
    (is_date && !names.is_function("sub_string") && begins + length <= SAMPLE.len())
        .then_some(begins..begins + length)
}
