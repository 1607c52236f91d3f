//! Repeats what failed for one residence and one qualification of a kind with all others of that kind: the one that was
//! tried represents them, and each must be reported.

use std::collections::{BTreeMap, BTreeSet};

use super::Combinations;
use super::budget::Budget;
use super::causes::{Found, GroupKey};
use super::statuts::Examples;
use super::varied::{Breadth, Case};

/// Maximum number of decisions about the others of a kind, for one kind of residences.
const MOST_ALIKE: u64 = 5_000;

/// The failures for the first of a kind, once for each cause.
#[derive(Default)]
pub(super) struct Failing {
    /// By the kind of qualifications.
    pub(super) signalements: BTreeMap<(usize, GroupKey), Case>,
    pub(super) statuts: BTreeMap<GroupKey, Case>,
}

impl Combinations<'_> {
    /// Decides the case for the others of this kind of residences; `None` if the search must stop.
    pub(super) fn vary_alike(
        &self,
        kind: usize,
        breadth: Breadth,
        failing: Failing,
        known: &[&Found],
        budget: &mut Budget<'_>,
    ) -> Option<Found> {
        let mut found = Found::default();
        let mut left = MOST_ALIKE.min(budget.besides);
        // The same cause may have a different message each time: each position gets its share before any gets a second
        // one.
        let mut places = BTreeSet::new();
        let is_first = |(key, _): &((usize, GroupKey), Case)| {
            let (of, (file, line, _)) = key;
            places.insert((*of, file.clone(), *line))
        };
        let (firsts, others): (Vec<_>, Vec<_>) =
            failing.signalements.into_iter().partition(is_first);
        for causes in [firsts, others] {
            for (at, ((of, _), case)) in causes.iter().enumerate() {
                let share = share(left, causes.len() - at);
                let one = self.signalements_alike(kind, breadth, (*of, *case), share, budget)?;
                left = left.saturating_sub(one.decisions);
                found = found.join(one.without_words(self, case.number, known));
            }
        }
        let causes = failing.statuts.len();
        for (at, case) in failing.statuts.into_values().enumerate() {
            let share = share(left, causes - at);
            let one = self.statuts_alike(kind, breadth, case, share, budget)?;
            left = left.saturating_sub(one.decisions);
            found = found.join(one.without_words(self, case.number, known));
        }
        Some(found)
    }

    fn signalements_alike(
        &self,
        kind: usize,
        breadth: Breadth,
        (of, case): (usize, Case),
        most: u64,
        budget: &mut Budget<'_>,
    ) -> Option<Found> {
        let mut found = Found::default();
        let codes = &self.varied.qualifications(breadth)[of];
        let residences = self.varied.residences(breadth)[kind].iter();
        let alike = residences.flat_map(|it| codes.iter().map(move |code| (it, code)));
        for (residence, code) in alike.skip(1) {
            if found.decisions >= most || budget.left.is_used_up() {
                break;
            }
            let signalement = self.varied_signalement(residence, code, case);
            let mut one = Found::default();
            self.decide_one(&signalement, Some(case.at), &mut Examples::new(), &mut one);
            budget.take(one.spent);
            found = found.join(one);
            budget.spend_besides(1)?;
        }
        Some(found)
    }

    fn statuts_alike(
        &self,
        kind: usize,
        breadth: Breadth,
        case: Case,
        most: u64,
        budget: &mut Budget<'_>,
    ) -> Option<Found> {
        let mut found = Found::default();
        for residence in self.varied.residences(breadth)[kind].iter().skip(1) {
            if found.decisions >= most || budget.left.is_used_up() {
                break;
            }
            let mut examples = Examples::new();
            let (mut asked, mut one) = (Found::default(), Found::default());
            for codes in self.varied.qualifications(breadth) {
                let it = self.varied_signalement(residence, codes[0], case);
                self.decide_one(&it, Some(case.at), &mut examples, &mut asked);
            }
            one.decisions += asked.decisions;
            one.spent = asked.spent;
            let (at, left) = (Some(case.at), budget.left);
            self.statuts
                .decide(self.generation, &examples, at, left, &mut one);
            budget.take(one.spent);
            budget.spend_besides(one.decisions)?;
            found = found.join(one);
        }
        Some(found)
    }
}

/// The share of one of several causes in the remaining decisions.
fn share(left: u64, causes: usize) -> u64 {
    left.div_ceil(causes.max(1) as u64)
}
