//! One cause as a person mends it: where, and which codes it touches, in a sentence.

use crate::rules::diagnostic::{Diagnostic, code, counted};
use crate::rules::trace::Place;

/// How many codes of a group are named in a sentence.
const NAMED: usize = 20;

/// One cause and everything that it touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Where to mend it.
    pub place: Place,
    /// The cause, with `…` in place of the codes that change from one combination to the next.
    pub cause: String,
    /// How many combinations it touches.
    pub combinations: u64,
    /// Codes, each list sorted; empty where the dimension has no part in it.
    pub residences: Vec<String>,
    /// Codes of qualifications.
    pub qualifications: Vec<String>,
    /// CRM statuses.
    pub statuts: Vec<String>,
    /// What must hold besides, in French, such as `priorité high`; empty where nothing must.
    pub conditions: Vec<String>,
    /// How many residences and qualifications there are in all; of a search that ended early, how many it tried.
    pub(super) totals: (usize, usize),
    /// A script reaches a limit, so often that the search ended for it.
    pub(super) ends_search: bool,
}

impl Gap {
    /// The cause and its reach, as one sentence.
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
        if !self.conditions.is_empty() {
            sentence.push_str(" (seulement ");
            sentence.push_str(&self.conditions.join(", "));
            sentence.push(')');
        }
        if self.ends_search {
            sentence.push_str(" ; la recherche de trous s'arrête là : ce qui n'a pas été essayé peut en cacher d'autres");
        }
        sentence
    }

    /// The same as a remark on the rule file, for the outcome of a reload.
    #[must_use]
    pub fn as_warning(&self) -> Diagnostic {
        let Place { file, line } = &self.place;
        Diagnostic::at(code::HOLE, file.as_ref(), *line, 0, self.sentence()).as_warning()
    }

    /// Whether it is an earlier gap again, touching nothing that the earlier one did not.
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
