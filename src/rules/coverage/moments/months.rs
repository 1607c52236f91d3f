//! How a month changes what happens in a week: whether it is one more condition, or another occasion.

use std::collections::BTreeSet;

use super::{Moment, Series, in_months, in_week, of_both};

/// What months do to a condition on hours and days, in French; each part is empty if they do nothing.
#[derive(Default)]
pub(super) struct Months {
    /// The only months in which the condition holds.
    pub(super) only: String,
    /// When it also happens outside these hours and days.
    pub(super) besides: String,
}

impl Months {
    /// Compares each month with the week in January on which hours and days were tried.
    pub(super) fn beside_week(at: &[&Moment], all: &[&Moment]) -> Self {
        let week = |from: &[&Moment]| -> BTreeSet<(usize, u32)> {
            let of_week = from
                .iter()
                .filter(|it| matches!(it.series, Series::Hours | Series::Days));
            of_week.map(|it| (it.weekday, it.hour)).collect()
        };
        let (happens, known) = (week(at), week(all));
        let texts: BTreeSet<&str> = at.iter().map(|it| it.text.as_str()).collect();
        let (mut missing, mut kept) = (BTreeSet::new(), BTreeSet::new());
        let mut more = [BTreeSet::new(), BTreeSet::new()];
        for it in all {
            let at = (it.weekday, it.hour);
            let series = match it.series {
                Series::Months => 0,
                Series::DaysOfMonths => 1,
                _ => continue,
            };
            let (expected, happens) = (happens.contains(&at), texts.contains(it.text.as_str()));
            if !known.contains(&at) || !(expected || happens) {
                continue;
            }
            let months = match (expected, happens) {
                (true, true) => &mut kept,
                (true, false) => &mut missing,
                (false, _) => &mut more[series],
            };
            months.insert(it.month);
        }
        kept.retain(|it| !missing.contains(it));
        let of = |from: &[&Moment], series: Series, months: Option<&BTreeSet<u32>>| {
            let some = from.iter().filter(|it| {
                it.series == series && months.is_none_or(|months| months.contains(&it.month))
            });
            some.copied().cloned().collect::<Vec<Moment>>()
        };
        let mut found = Self::default();
        if !missing.is_empty() && !kept.is_empty() {
            let series = Series::Months;
            let tried = of(all, series, None);
            found.only = in_months(&of(all, series, Some(&kept)), &tried);
        }
        for (series, more) in [Series::Months, Series::DaysOfMonths].into_iter().zip(more) {
            if !more.is_empty() && found.besides.is_empty() {
                let (at, tried) = (of(at, series, Some(&more)), of(all, series, None));
                found.besides = of_both(in_week(&at, &tried), in_months(&at, &tried));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::at;
    use super::super::{all, few, when};
    use super::*;
    use crate::rules::written::Written;
    use rstest::rstest;

    #[rstest]
    #[case(&|_, day, month| day == "dimanche" || month == 8, "le dimanche, ou en août", true)]
    #[case(&|_, day, month| day == "dimanche" && month == 8, "le dimanche en août", false)]
    #[case(&|hour, _, month| hour >= 20 || month == 7, "à partir de 20 h, ou en juillet", true)]
    #[case(
        &|hour, _, month| hour >= 20 && month < 3,
        "à partir de 20 h en janvier ou en février",
        false
    )]
    #[case(&|hour, _, _| hour >= 20, "à partir de 20 h", true)]
    #[case(&|_, day, _| day == "dimanche", "le dimanche", true)]
    #[case(
        &|hour, day, month| hour >= 20 && (day == "dimanche" || month == 8),
        "à partir de 20 h le dimanche, ou à partir de 20 h en août",
        false
    )]
    #[case(
        &|hour, day, month| hour >= 20 || day == "dimanche" || month == 8,
        "à partir de 20 h, ou le dimanche, ou en août",
        true
    )]
    #[case(&|_, _, month| [7, 8].contains(&month), "en juillet ou en août", true)]
    fn a_month_is_one_more_condition_or_another_occasion(
        #[case] holds: &dyn Fn(i64, &'static str, i64) -> bool,
        #[case] wanted: &str,
        #[case] is_of_single_questions: bool,
    ) {
        let functions = ["heure_de", "jour_de_semaine", "mois_de"];
        let written = Written {
            functions: functions.map(str::to_owned).into(),
            numbers: [8, 20].into(),
            ..Written::default()
        };
        let told = |all: &[Moment]| {
            let all: Vec<&Moment> = all.iter().collect();
            let found = all.iter().copied().filter(|it| {
                let (hour, day, month) = at(&it.text);
                holds(hour, day, month)
            });
            when(&found.collect::<Vec<_>>(), &all)
        };
        assert_eq!(told(&all(&written)), wanted);
        // Together with something else, fewer dates are tried.
        if is_of_single_questions {
            assert_eq!(told(&few(&written)), wanted);
        }
    }
}
