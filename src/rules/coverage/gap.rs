//! One cause the way a person would correct it: its position and the codes affected, as a sentence.

use crate::rules::diagnostic::{Diagnostic, code, counted};
use crate::rules::trace::Place;

/// How what prevents a failure is introduced in a sentence.
pub(super) const EXCEPT: &str = "sauf ";

/// Maximum number of codes of a group that are named in a sentence.
const NAMED: usize = 20;

/// One cause with everything that it affects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Where to correct it.
    pub place: Place,
    /// The cause, with `…` in place of the codes that change from one combination to the next.
    pub cause: String,
    /// How many combinations it affects.
    pub combinations: u64,
    /// Codes of residences, sorted; empty if residences play no part in it.
    pub residences: Vec<String>,
    /// Codes of qualifications, sorted in the same way.
    pub qualifications: Vec<String>,
    /// CRM statuses.
    pub statuts: Vec<String>,
    /// The conditions that must all hold as well, in French, such as `priorité high`; empty if there are none.
    pub only_when: Vec<String>,
    /// The conditions that prevent it, in French, such as `le samedi`; empty if there are none.
    pub except_when: Vec<String>,
    /// The total numbers of residences and qualifications; after a search that ended early, the numbers tried.
    pub(super) totals: (usize, usize),
    /// Whether a script reaches a limit so often that the search ended.
    pub(super) ends_search: bool,
}

impl Gap {
    /// The cause and the codes affected, as one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (residences, qualifications) = self.totals;
        let some_residences = (1..residences).contains(&self.residences.len());
        let some_qualifications = (1..qualifications).contains(&self.qualifications.len());
        let only_statuts = self.qualifications.is_empty() && !self.statuts.is_empty();
        let (reach, codes) = if only_statuts {
            (counted(self.statuts.len(), "statut"), &self.statuts)
        } else if some_residences {
            let some = counted(self.residences.len(), "résidence");
            (format!("{some} sur {residences}"), &self.residences)
        } else if some_qualifications {
            let some = counted(self.qualifications.len(), "qualification");
            (format!("{some} sur {qualifications}"), &self.qualifications)
        } else {
            ("partout".to_owned(), &Vec::new())
        };
        let mut sentence = format!("{reach} : {}", self.cause);
        if !codes.is_empty() {
            sentence.push_str(" : ");
            sentence.push_str(&names(codes));
        }
        if some_residences && only_statuts {
            sentence.push_str(" ; résidences ");
            sentence.push_str(&names(&self.residences));
        }
        if some_residences && some_qualifications {
            sentence.push_str(" ; qualifications ");
            sentence.push_str(&names(&self.qualifications));
        }
        if !only_statuts && !self.statuts.is_empty() {
            sentence.push_str(" ; et pour les statuts ");
            sentence.push_str(&names(&self.statuts));
        }
        sentence.push_str(&self.told_conditions());
        if self.ends_search {
            sentence.push_str(" ; la recherche de trous s'arrête là : ce qui n'a pas été essayé peut en cacher d'autres");
        }
        sentence
    }

    /// « (seulement le jeudi ; sauf avec 2 photos) »
    fn told_conditions(&self) -> String {
        let parts = [
            ("seulement ", self.only_when.join(", ")),
            (EXCEPT, self.except_when.join(", ou ")),
        ];
        let told = parts.iter().filter(|(_, it)| !it.is_empty());
        let told: Vec<String> = told.map(|(how, it)| format!("{how}{it}")).collect();
        if told.is_empty() {
            return String::new();
        }
        format!(" ({})", told.join(" ; "))
    }

    /// The gap as a remark on the rule file, for the result of a reload.
    #[must_use]
    pub fn as_warning(&self) -> Diagnostic {
        let Place { file, line } = &self.place;
        Diagnostic::at(code::HOLE, file.as_ref(), *line, 0, self.sentence()).as_warning()
    }

    /// Whether this is an earlier gap that affects nothing new.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        let all = |some: &[String], of: &[String]| some.iter().all(|it| of.contains(it));
        self.place.file == other.place.file
            && self.cause == other.cause
            && all(&self.residences, &other.residences)
            && all(&self.qualifications, &other.qualifications)
            && all(&self.statuts, &other.statuts)
    }
}

fn names(codes: &[String]) -> String {
    let shown = codes.iter().take(NAMED).cloned().collect::<Vec<_>>();
    match codes.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        1 => format!("{} et 1 autre", shown.join(", ")),
        more => format!("{} et {more} autres", shown.join(", ")),
    }
}
