//! How much a search may cost in operations of scripts and templates, and what is reported if that is not enough.

use super::causes::Found;
use super::patience::{self, Effort};
use super::{Combinations, left_after};
use crate::domain::signalement::Signalement;
use crate::rules::decide;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::foresee;
use crate::rules::meter;
use crate::rules::script::{ACCUSES, GESTIONNAIRE};
use crate::rules::trace::Trace;

impl Combinations<'_> {
    /// Restricts the search to this number of operations: it tries fewer combinations if each costs more.
    #[must_use]
    pub fn within(mut self, operations: u64) -> Self {
        self.operations = operations;
        self
    }

    /// An estimate of the operations for all combinations without variations.
    #[must_use]
    pub fn cost_usual(&self) -> u64 {
        let (_, each) = self.cost_of_one();
        self.count_usual().saturating_mul(each)
    }

    /// What the whole search may spend.
    pub(super) fn whole(&self) -> Effort {
        Effort {
            at_limit: patience::MOST,
            operations: self.operations,
        }
    }

    /// The number of decisions that half of the operations left after these parts of a search allows, if each costs as
    /// much as before; the other half is for those that follow from them.
    pub(super) fn affordable_after(&self, parts: &[&Found]) -> u64 {
        let operations: u64 = parts.iter().map(|it| it.spent.operations).sum();
        let decisions: u64 = parts.iter().map(|it| it.decisions).sum();
        let each = operations.div_ceil(decisions.max(1)).max(1);
        left_after(self.whole(), parts).operations / each / 2
    }

    /// The remark that the operations allowed were not enough; `found` is what was tried.
    pub(super) fn cut(&self, found: &Found) -> Diagnostic {
        let (of_decision, all) = self.cost_of_one();
        let file = if of_decision.saturating_mul(2) >= all {
            GESTIONNAIRE
        } else {
            ACCUSES
        };
        let each = found.spent.operations / found.decisions.max(1);
        let message = format!(
            "les règles sont trop longues à exécuter ({} opérations en moyenne pour un signalement) pour que tous les cas possibles soient essayés : un trou peut rester caché ; dans les scripts et les modèles, parcourez des listes plus courtes, ou cherchez moins de mots",
            in_thousands(each)
        );
        Diagnostic::file(code::HOLE, file, message).as_warning()
    }

    /// The operations for the decision about a sample signalement, and those with its e-mails.
    fn cost_of_one(&self) -> (u64, u64) {
        let sample = Signalement {
            transmettre_auteur: true,
            transmettre_manager: true,
            ..foresee::harmless(self.generation)
        };
        let trace = &mut Trace::unread();
        let decide = || decide::signalement_with(self.generation, &sample, trace);
        let (_, decided) = meter::measure(decide);
        let foresee = || foresee::signalement(self.generation, &sample, &mut Trace::unread());
        let (_, foreseen) = meter::measure(foresee);
        (decided.operations, foreseen.operations)
    }
}

/// « 96 000 », with a narrow space that does not break.
fn in_thousands(number: u64) -> String {
    match (number / 1000, number % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{}\u{202f}{rest:03}", in_thousands(thousands)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(7, "7")]
    #[case(1_000, "1\u{202f}000")]
    #[case(96_042, "96\u{202f}042")]
    #[case(1_000_005, "1\u{202f}000\u{202f}005")]
    fn a_number_is_written_in_thousands(#[case] number: u64, #[case] wanted: &str) {
        assert_eq!(in_thousands(number), wanted);
    }
}
