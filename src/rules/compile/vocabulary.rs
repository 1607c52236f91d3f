//! The words that the landlord's files give each field, and where each is given: the one place to ask which words can
//! occur. They are listed as often as they are given, in no particular order.

use super::generation::{
    PRIORITES, QUALIFICATIONS, Qualification, RuleSet, STATUTS, Statuts, Target,
};
use crate::domain::referentiel::Referentiel;
use crate::rules::referentiel::RESIDENCES;

/// A word, with the file and line that give it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) word: &'a str,
    pub(super) file: &'static str,
    /// Line, from 1; 0 if not known.
    pub(super) line: u32,
}

fn given<'a>(word: &'a str, file: &'static str, line: u32) -> Given<'a> {
    Given { word, file, line }
}

/// The words without their positions.
pub(super) fn words<'a>(all: impl IntoIterator<Item = Given<'a>>) -> Vec<&'a str> {
    all.into_iter().map(|it| it.word).collect()
}

impl Statuts {
    /// The status of a new demande.
    pub(super) fn first(&self) -> Given<'_> {
        given(&self.initial.text, STATUTS, self.initial.line)
    }

    /// The CRM's statuses that are sent to SoWell, in the CRM's words.
    pub(super) fn sent_to_sowell(&self) -> Vec<Given<'_>> {
        let table = self.table.iter();
        table
            .map(|(word, it)| given(word, STATUTS, it.line))
            .collect()
    }

    /// The CRM's statuses that an event can have.
    pub(super) fn of_the_crm(&self) -> Vec<Given<'_>> {
        let ignored = self.ignorer.iter();
        let ignored = ignored.map(|(word, line)| given(word, STATUTS, *line));
        self.sent_to_sowell().into_iter().chain(ignored).collect()
    }

    /// The same statuses in SoWell's words.
    pub(super) fn of_sowell(&self) -> Vec<Given<'_>> {
        let table = self.table.values();
        table
            .flat_map(|line| match &line.target {
                Target::Fixed(word) => vec![given(word, STATUTS, line.line)],
                Target::Selon { values, .. } => {
                    let words = values.values();
                    words
                        .map(|word| given(&word.text, STATUTS, word.line))
                        .collect()
                }
            })
            .collect()
    }

    /// The channel of demandes that come from SoWell.
    pub(super) fn channel(&self) -> Given<'_> {
        given(&self.canal, STATUTS, 0)
    }
}

impl RuleSet {
    /// Priorities, in SoWell's words.
    pub(super) fn priorites_of_sowell(&self) -> Vec<Given<'_>> {
        let all = self.priorites.iter();
        all.map(|(word, it)| given(word, PRIORITES, it.line))
            .collect()
    }

    /// Priorities, in the CRM's words.
    pub(super) fn priorites_of_the_crm(&self) -> Vec<Given<'_>> {
        let all = self.priorites.values();
        all.map(|it| given(&it.text, PRIORITES, it.line)).collect()
    }

    /// The codes of qualifications.
    pub(super) fn codes(&self) -> Vec<Given<'_>> {
        self.of_qualifications(|it| (&it.code, it.line))
    }

    /// The CRM's procedures.
    pub(super) fn workflows(&self) -> Vec<Given<'_>> {
        self.of_qualifications(|it| (&it.workflow, it.workflow_line))
    }

    /// The types of managers that qualifications ask for.
    pub(super) fn types_of_managers(&self) -> Vec<Given<'_>> {
        self.of_qualifications(|it| (&it.type_gestionnaire, it.type_at.0))
    }

    fn of_qualifications(&self, word: fn(&Qualification) -> (&String, u32)) -> Vec<Given<'_>> {
        let all = self.qualifications.values().map(word);
        all.map(|(word, line)| given(word, QUALIFICATIONS, line))
            .collect()
    }
}

/// The codes of residences.
pub(super) fn residences(referentiel: &Referentiel) -> Vec<Given<'_>> {
    let all = referentiel.residences();
    all.map(|it| given(&it.code, RESIDENCES, it.line)).collect()
}
