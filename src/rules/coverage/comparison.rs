//! Compares a varied signalement with the same one without the variation, and with one whose description only has the
//! same shape. This shows which variations prevent a failure of the sample signalement, and whether a failure is due to
//! the words of a description or the letters of an address, or only to their number.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Combinations;
use super::causes::{At, Found, GroupKey};
use super::statuts::Examples;
use super::variations::{self, Shaped, Variation};
use super::varied::Case;
use crate::domain::referentiel::Residence;
use crate::domain::signalement::Signalement;

/// The variations tried on signalements that fail without any, by the cause of the failure.
pub(super) type AllExceptions = BTreeMap<GroupKey, Exceptions>;

/// The variations tried on signalements that fail without any. One may occur in both sets, if other codes matter too.
#[derive(Debug, Default)]
pub(super) struct Exceptions {
    /// Those with which the same failure occurs.
    pub(super) fails: BTreeSet<u32>,
    /// Those with which it does not.
    pub(super) passes: BTreeSet<u32>,
}

impl Exceptions {
    pub(super) fn join(&mut self, other: Self) {
        self.fails.extend(other.fails);
        self.passes.extend(other.passes);
    }
}

/// The causes for which the signalements of one kind of residences fail without a variation, by the kind of
/// qualifications, the bien, the flags and the priority.
pub(super) type Usual = HashMap<(usize, Option<usize>, u8, u8), BTreeSet<GroupKey>>;

impl<'g> Combinations<'g> {
    /// Decides one varied signalement and returns results that are not known to happen anyway. `of` is the kind of
    /// qualifications.
    pub(super) fn decide_varied(
        &self,
        residence: &Residence,
        (of, code): (usize, &str),
        case: Case,
        known: &[&Found],
        usual: &mut Usual,
        examples: &mut Examples<'g>,
    ) -> Found {
        let mut found = Found::default();
        let signalement = self.varied_signalement(residence, code, case);
        self.decide_one(&signalement, Some(case.at), examples, &mut found);
        if known.iter().any(|it| !it.holes.is_empty()) {
            let causes = usual.entry((of, case.bien, case.at.flags, case.at.priorite));
            let causes = causes.or_insert_with(|| {
                let mut without = Found::default();
                let usual = self.usual_signalement(residence, code, case);
                let at = At {
                    input: None,
                    guessed: false,
                    ..case.at
                };
                self.decide_one(&usual, Some(at), &mut Examples::new(), &mut without);
                found.count(&without);
                without.holes.into_keys().collect()
            });
            self.compare_with_usual(causes, case, known, &mut found);
        }
        let mut found = found.without_words(self, case.number, known);
        if found.spent.at_limit == 0 && !(found.holes.is_empty() && found.remarks.is_empty()) {
            self.compare_with_shapes(&signalement, case, &mut found);
        }
        found
    }

    /// Records whether this variation prevents what fails without it.
    fn compare_with_usual(
        &self,
        causes: &BTreeSet<GroupKey>,
        case: Case,
        known: &[&Found],
        found: &mut Found,
    ) {
        let Some(input) = case.at.input.filter(|_| !causes.is_empty()) else {
            return;
        };
        let failing = found.causes(self, case.number, known);
        // A script that was stopped, or stumbled over a guessed value, may not have come that far.
        let is_unsure = found.is_unsure || found.spent.at_limit > 0;
        for cause in causes {
            let fails = failing.contains(cause);
            if fails || !is_unsure {
                let exceptions = found.exceptions.entry(cause.clone()).or_default();
                let tried = if fails {
                    &mut exceptions.fails
                } else {
                    &mut exceptions.passes
                };
                tried.insert(input);
            }
        }
    }

    /// Records whether a description or an address of the same shape fails at the same position.
    fn compare_with_shapes(&self, signalement: &Signalement, case: Case, found: &mut Found) {
        let changes = self.varied.changes(case.number);
        let Some(input) = case.at.input else {
            return;
        };
        let has_words =
            |it: &Variation| matches!(it, Variation::Word(_) | Variation::Description(_));
        if changes.iter().any(has_words) {
            let alike = Signalement {
                description: variations::shape_of(&signalement.description),
                ..signalement.clone()
            };
            let shape = (input, Shaped::Description);
            self.compare_with_shape(signalement, &alike, shape, case, found);
        }
        let is_address = |it: &Variation| matches!(it, Variation::Email(_));
        if changes.iter().any(is_address) {
            let alike = Signalement {
                email_auteur: variations::shape_of(&signalement.email_auteur),
                ..signalement.clone()
            };
            let shape = (input, Shaped::Email);
            self.compare_with_shape(signalement, &alike, shape, case, found);
        }
    }

    fn compare_with_shape(
        &self,
        signalement: &Signalement,
        alike: &Signalement,
        shape: (u32, Shaped),
        case: Case,
        found: &mut Found,
    ) {
        if alike == signalement {
            return;
        }
        let mut other = Found::default();
        self.decide_one(alike, Some(case.at), &mut Examples::new(), &mut other);
        found.count(&other);
        for (groups, others) in [
            (&mut found.holes, other.holes),
            (&mut found.remarks, other.remarks),
        ] {
            for ((file, line, _), group) in groups {
                if others.keys().any(|(of, at, _)| (of, at) == (file, line)) {
                    group.blame_shape(shape);
                }
            }
        }
    }
}
