//! How much a search may cost in operations of scripts and templates, and what is reported if that is not enough.

use super::causes::Found;
use super::patience::{self, Effort};
use super::{Combinations, left_after};
use crate::domain::signalement::Signalement;
use crate::rules::decide::{self, MailContext, Occasion};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::foresee;
use crate::rules::meter;
use crate::rules::referentiel::RESIDENCES;
use crate::rules::script::{ACCUSES, GESTIONNAIRE};
use crate::rules::template::{CONTEXTE, FOLDER};
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
        self.count_usual().saturating_mul(self.cost_of_one())
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
        let each = found.spent.operations / found.decisions.max(1);
        let message = format!(
            "les règles sont trop longues à exécuter ({} opérations en moyenne pour un signalement) pour que tous les cas possibles soient essayés : un trou peut rester caché ; dans les scripts et les modèles, parcourez des listes plus courtes, ou cherchez moins de mots",
            in_thousands(each)
        );
        Diagnostic::file(code::HOLE, self.dearest(), message).as_warning()
    }

    /// The remark that not all combinations are tried after an edit: because each takes too many operations, if
    /// `is_dear`, otherwise because there are too many.
    #[must_use]
    pub fn narrowing(&self, is_dear: bool) -> Diagnostic {
        let (file, why) = if is_dear {
            let each = in_thousands(self.cost_of_one());
            let why = format!(
                "les règles sont longues à exécuter ({each} opérations pour un signalement)"
            );
            (self.dearest(), why)
        } else {
            let count = in_thousands(self.count_usual());
            (
                RESIDENCES.to_owned(),
                format!("il y a beaucoup de cas possibles ({count})"),
            )
        };
        let message = format!(
            "{why} : seuls ont été essayés toutes les résidences avec une qualification de chaque sorte, et toutes les qualifications avec une résidence de chaque sorte ; pour tout essayer, tapez « passerelle coverage »"
        );
        Diagnostic::file(code::HOLE, file, message).as_warning()
    }

    /// The operations for a sample signalement and its e-mails.
    fn cost_of_one(&self) -> u64 {
        self.costs_of_one().iter().map(|(_, it)| it).sum()
    }

    /// The script or template that takes most of them.
    fn dearest(&self) -> String {
        let costs = self.costs_of_one().into_iter().rev();
        let dearest = costs.max_by_key(|(_, it)| *it);
        dearest.map_or_else(|| GESTIONNAIRE.to_owned(), |(file, _)| file)
    }

    /// The operations of each script and template for a sample signalement.
    fn costs_of_one(&self) -> Vec<(String, u64)> {
        let sample = Signalement {
            transmettre_auteur: true,
            transmettre_manager: true,
            ..foresee::harmless(self.generation)
        };
        let trace = &mut Trace::unread();
        let decide = || decide::signalement_with(self.generation, &sample, trace);
        let (_, decided) = meter::measure(decide);
        let ask = || foresee::ask(self.generation, &sample, &mut Trace::unread());
        let (asked, with_mails) = meter::measure(ask);
        let of_accuses = with_mails.operations.saturating_sub(decided.operations);
        let of_gestionnaire = decided.operations.saturating_sub(decided.of_templates);
        let mut costs = vec![
            (GESTIONNAIRE.to_owned(), of_gestionnaire),
            (CONTEXTE.to_owned(), decided.of_templates),
            (ACCUSES.to_owned(), of_accuses),
        ];
        let uid = foresee::uid();
        if let Some(occasion) = Occasion::of_signalement(&asked.decision, &uid) {
            let context = MailContext::new(self.generation, &sample, occasion);
            for message in &asked.messages {
                let write = || foresee::write(self.generation, &context, message);
                let (mail, work) = meter::measure(write);
                let is_html = mail.is_ok_and(|it| it.text.is_none());
                let ending = if is_html { "html" } else { "txt" };
                costs.push((
                    format!("{FOLDER}{}.{ending}", message.modele),
                    work.operations,
                ));
            }
        }
        costs
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
