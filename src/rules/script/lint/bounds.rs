//! Two bounds of one number or of one date that are never both true, or of which one is always true.

use rhai::{Expr, Position};

use crate::rules::compared::turned;
use crate::rules::date_text::{DateText, judge, next};
use crate::rules::script::Remark;
use crate::rules::script::analysis::names::{Bound as Named, Names};
use crate::rules::script::lint::date_comparisons::sides;
use crate::rules::script::lint::out_of_range::shown;

/// A bound that a value is compared with.
struct Bound<V> {
    /// The value as source text.
    of: String,
    /// The operator as if the value came first.
    sign: String,
    limit: V,
    at: Position,
}

/// Two numbers among these conditions, which are joined by `&&` if `both`, and by `||` otherwise.
pub(super) fn of_numbers(all: &[&Expr], both: bool) -> Option<Remark> {
    let bounds: Vec<Bound<f64>> = all.iter().filter_map(|it| number(it)).collect();
    let is_empty = |low: &Bound<f64>, high: &Bound<f64>| {
        let or_equal = low.sign == ">=" && high.sign == "<=";
        low.limit > high.limit || low.limit >= high.limit && !or_equal
    };
    let (low, high) = pair(&bounds, both, is_empty)?;
    let written = |it: &Bound<f64>| format!("« {} {} »", it.sign, it.limit);
    Some(remark((low, high), both, written, ("un nombre", "")))
}

/// The same for two dates.
pub(super) fn of_dates(all: &[&Expr], both: bool, names: &Names) -> Option<Remark> {
    let bounds: Vec<Bound<String>> = all.iter().filter_map(|it| date(it, names)).collect();
    let is_empty = |low: &Bound<String>, high: &Bound<String>| low.limit >= end(high);
    let (low, high) = pair(&bounds, both, is_empty)?;
    let written = |it: &Bound<String>| format!("« {} \"{}\" »", it.sign, it.limit);
    let (of, one, two) = (&low.of, &low.limit, &high.limit);
    let inside = if one == two {
        String::new()
    } else {
        let end = next(one).unwrap_or_else(|| one.clone());
        format!(" ; pour un jour entre les deux, « {of} >= \"{two}\" && {of} < \"{end}\" »")
    };
    Some(remark((low, high), both, written, ("une date", &inside)))
}

/// A lower and an upper bound of one value between which there is nothing if `both` must hold, or which together leave
/// nothing out.
fn pair<V: PartialOrd>(
    bounds: &[Bound<V>],
    both: bool,
    is_empty: impl Fn(&Bound<V>, &Bound<V>) -> bool,
) -> Option<(&Bound<V>, &Bound<V>)> {
    let of = |sign: char| bounds.iter().filter(move |it| it.sign.starts_with(sign));
    let mut pairs = of('>').flat_map(|low| of('<').map(move |high| (low, high)));
    pairs.find(|(low, high)| {
        let is_wrong = if both {
            is_empty(low, high)
        } else {
            low.limit < high.limit
        };
        low.of == high.of && is_wrong
    })
}

/// The remark on such a pair: `thing` is what may be between the bounds, and `inside` how to write that, if not
/// obvious.
fn remark<V>(
    (low, high): (&Bound<V>, &Bound<V>),
    both: bool,
    written: impl Fn(&Bound<V>) -> String,
    (thing, inside): (&str, &str),
) -> Remark {
    let (of, first, second) = (&low.of, written(low), written(high));
    let message = if both {
        format!(
            "« {of} » n'est jamais à la fois {first} et {second} : pour l'un ou l'autre, écrivez « || »{inside}"
        )
    } else {
        format!(
            "cette condition est toujours vraie : « {of} » est toujours {first} ou {second} ; pour {thing} entre les deux, écrivez « && »"
        )
    };
    Remark::new(low.at.min(high.at), message)
}

/// The end that an upper bound means: `<= "2026-12-21"` is meant to include that day.
fn end(high: &Bound<String>) -> String {
    let meant = (high.sign == "<=").then(|| next(&high.limit)).flatten();
    meant.unwrap_or_else(|| high.limit.clone())
}

fn number(value: &Expr) -> Option<Bound<f64>> {
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
    let sign = call.name.as_str();
    let (of, limit, sign) = match (number(one), number(two)) {
        (None, Some(number)) => (one, number, sign),
        (Some(number), None) => (two, number, turned(sign)),
        _ => return None,
    };
    let is_bound = ["<", "<=", ">", ">="].contains(&sign);
    Some(Bound {
        of: shown(of).filter(|_| is_bound)?,
        sign: sign.to_owned(),
        limit,
        at: value.start_position(),
    })
}

fn date(value: &Expr, names: &Names) -> Option<Bound<String>> {
    let Expr::FnCall(call, _) = value else {
        return None;
    };
    let (of, sign, other) = sides(call, names)?;
    let Some(Named::Text(limit, _)) = names.bound(other) else {
        return None;
    };
    let is_bound = sign.starts_with(['<', '>']) && matches!(judge(&limit), DateText::Right(_));
    is_bound.then(|| Bound {
        of,
        sign: sign.to_owned(),
        limit,
        at: value.start_position(),
    })
}
