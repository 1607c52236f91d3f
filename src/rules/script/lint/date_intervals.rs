//! Two bounds of one date that are never both true, or of which one is always true.

use rhai::{ASTNode, Expr, Position};

use crate::rules::date_text::{DateText, judge, next};
use crate::rules::script::Remark;
use crate::rules::script::analysis::names::{Bound, Names};
use crate::rules::script::lint::contradictions::{flatten, is_part_of_same};
use crate::rules::script::lint::date_comparisons::sides;

/// A bound that a date is compared with.
struct Limit {
    shown: String,
    /// The sign as if the date came first.
    sign: String,
    date: String,
    at: Position,
}

/// Every such condition.
pub(super) fn conditions(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        if let [
            ..,
            before,
            ASTNode::Expr(value @ (Expr::And(..) | Expr::Or(..))),
        ] = path
            && !is_part_of_same(before, value)
        {
            found.extend(of(value, names));
        }
        true
    });
    found
}

fn of(value: &Expr, names: &Names) -> Option<Remark> {
    let both = matches!(value, Expr::And(..));
    let mut all = Vec::new();
    flatten(value, both, &mut all);
    let limits: Vec<Limit> = all.into_iter().filter_map(|it| limit(it, names)).collect();
    let lower = limits.iter().filter(|it| it.sign.starts_with('>'));
    let mut pairs = lower.flat_map(|low| limits.iter().map(move |it| (low, it)));
    let (low, high) = pairs.find(|(low, high)| {
        let is_wrong = if both {
            low.date >= high.end()
        } else {
            low.date < high.date
        };
        high.sign.starts_with('<') && low.shown == high.shown && is_wrong
    })?;
    let shown = &low.shown;
    let [(first, one), (second, two)] = [low, high].map(|it| (&it.sign, &it.date));
    let message = if both {
        let inside = if one == two {
            String::new()
        } else {
            let end = next(one).unwrap_or_else(|| one.clone());
            format!(
                " ; pour un jour entre les deux, « {shown} >= \"{two}\" && {shown} < \"{end}\" »"
            )
        };
        format!(
            "« {shown} » n'est jamais à la fois « {first} \"{one}\" » et « {second} \"{two}\" » : pour l'un ou l'autre, écrivez « || »{inside}"
        )
    } else {
        format!(
            "cette condition est toujours vraie : « {shown} » est toujours « {first} \"{one}\" » ou « {second} \"{two}\" » ; pour une date entre les deux, écrivez « && »"
        )
    };
    Some(Remark::new(low.at.min(high.at), message))
}

impl Limit {
    /// The end that an upper bound means: `<= "2026-12-21"` is meant to include that day.
    fn end(&self) -> String {
        let meant = (self.sign == "<=").then(|| next(&self.date)).flatten();
        meant.unwrap_or_else(|| self.date.clone())
    }
}

fn limit(value: &Expr, names: &Names) -> Option<Limit> {
    let Expr::FnCall(call, _) = value else {
        return None;
    };
    let (shown, sign, other) = sides(call, names)?;
    let Some(Bound::Text(date, _)) = names.bound(other) else {
        return None;
    };
    let is_bound = sign.starts_with(['<', '>']) && matches!(judge(&date), DateText::Right(_));
    is_bound.then(|| Limit {
        shown,
        sign: sign.to_owned(),
        date,
        at: value.start_position(),
    })
}
