//! The faults of the rows of an export, and how many are reported.

use std::collections::{BTreeMap, HashMap};

use super::table::Row;
use super::{GESTIONNAIRES, RESIDENCES};
use crate::domain::referentiel::Residence;
use crate::rules::alike::{Column, nearest_code};
use crate::rules::diagnostic::{Diagnostic, Severity, code};
use crate::rules::pasted;

/// Maximum number of faults reported for one kind of file; the rest are only counted.
const MOST_FAULTS: usize = 50;
/// Maximum number of missing residences for which a suggestion is searched.
const MOST_MEANT: usize = 20;

impl<const N: usize> Row<'_, N> {
    pub(super) fn filled(
        &self,
        file: &str,
        column: &str,
        value: &str,
        faults: &mut Vec<Diagnostic>,
    ) -> bool {
        if value.is_empty() {
            faults.push(Diagnostic::at(
                code::EXPORT,
                file,
                self.line,
                0,
                format!("la colonne « {column} » est vide"),
            ));
        }
        !value.is_empty()
    }
}

/// Rows that refer to a missing residence.
#[derive(Default)]
pub(super) struct Orphans<'t> {
    /// The missing residences by code.
    by_code: BTreeMap<&'t str, Orphan<'t>>,
}

/// The rows of one missing residence.
#[derive(Default)]
pub(super) struct Orphan<'t> {
    /// Line of the first row.
    line: u32,
    /// Number of rows.
    pub count: usize,
    /// The types of manager given in these rows; a residence can have each type only once.
    pub kinds: Vec<&'t str>,
}

impl<'t> Orphans<'t> {
    /// Adds a row, with its type of manager if it has one.
    pub(super) fn add(&mut self, residence: &'t str, line: u32, kind: Option<&'t str>) {
        let orphan = self.by_code.entry(residence).or_insert(Orphan {
            line,
            ..Orphan::default()
        });
        orphan.count += 1;
        orphan.kinds.extend(kind);
    }

    /// Reports each residence once, in the order of the file. `has_its_own` tells whether a known residence already has
    /// such rows, so that it cannot be the one that was meant.
    pub(super) fn report(
        self,
        file: &str,
        known: &HashMap<&str, Residence>,
        has_its_own: impl Fn(&str, &Orphan<'_>) -> bool,
        faults: &mut Vec<Diagnostic>,
    ) {
        let mut all: Vec<_> = self.by_code.into_iter().collect();
        all.sort_unstable_by_key(|(_, orphan)| orphan.line);
        for (at, (residence, orphan)) in all.into_iter().enumerate() {
            let candidates = known.keys().copied();
            let candidates = candidates.filter(|it| !has_its_own(it, &orphan));
            // If more are missing, the file is probably a different export.
            let near = (at < MOST_MEANT).then(|| nearest_code(residence, candidates));
            let Orphan { line, count, .. } = orphan;
            let remedy = match (near.flatten(), count) {
                (Some(it), _) => meant(residence, it, known),
                (None, 1) => " : ajoutez-y sa ligne, ou retirez celle-ci".to_owned(),
                (None, _) => " : ajoutez-y sa ligne, ou retirez celles-ci".to_owned(),
            };
            let also = match count {
                1 => String::new(),
                2 => " ; une autre ligne la nomme".to_owned(),
                count => format!(" ; {} autres lignes la nomment", count - 1),
            };
            let message =
                format!("la résidence « {residence} » n'est pas dans {RESIDENCES}{remedy}{also}");
            faults.push(Diagnostic::at(code::ORPHAN, file, line, 0, message).as_warning());
        }
    }
}

/// The suggestion of the residence that was meant. If the two codes look the same, it names the character in which they
/// differ and the file that contains it.
fn meant(residence: &str, near: &str, known: &HashMap<&str, Residence>) -> String {
    if pasted::as_typed(residence) == pasted::as_typed(near) {
        let theirs = pasted::describe_first_not_in(near, residence);
        if let Some(sign) = pasted::describe_first_not_in(residence, near) {
            return format!(" : dans ce code-ci, il y a {sign}");
        }
        if let (Some(sign), Some(it)) = (theirs, known.get(near)) {
            let line = it.line;
            return format!(
                " sous ce même code : à la ligne {line} de {RESIDENCES}, il y a {sign}"
            );
        }
    }
    // The typo may be there: these rows may be right.
    let place = known
        .get(near)
        .map(|it| format!(" ({RESIDENCES}, ligne {})", it.line));
    format!(
        " : vouliez-vous dire « {near} »{} ?",
        place.unwrap_or_default()
    )
}

/// Reports residences with near-identical codes.
pub(super) fn note_twins<'r>(
    residences: impl Iterator<Item = &'r Residence>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut all: Vec<&Residence> = residences.collect();
    all.sort_unstable_by_key(|it| it.line);
    let mut column = Column::default();
    for it in all {
        if let Some(message) = column.twin(&it.code, it.line, "la même résidence") {
            faults.push(Diagnostic::at(code::EXPORT, RESIDENCES, it.line, 0, message).as_warning());
        }
    }
}

/// A key that an earlier row already has.
pub(super) fn given_twice(file: &str, line: u32, key: &str, earlier: u32) -> Diagnostic {
    let message = format!("« {key} » est déjà donné plus haut, à la ligne {earlier}");
    Diagnostic::at(code::EXPORT, file, line, 0, message)
}

/// A second manager of the same type for a residence; `dated` is a column with dates.
pub(super) fn two_managers(
    (residence, kind): (&str, &str),
    line: u32,
    earlier: u32,
    dated: Option<&str>,
) -> Diagnostic {
    let key = format!("{residence} / {kind}");
    let mut fault = given_twice(GESTIONNAIRES, line, &key, earlier);
    let remedy = match dated {
        Some(column) => format!(
            " : une résidence n'a qu'un gestionnaire de chaque type, et la colonne « {column} » n'est pas lue ; ne gardez que la ligne qui compte aujourd'hui"
        ),
        None => " : une résidence n'a qu'un gestionnaire de chaque type ; retirez l'une de ces lignes, ou donnez-lui un autre type"
            .to_owned(),
    };
    fault.message.push_str(&remedy);
    fault
}

/// Values that are not e-mail addresses: reports the first, with the number of others.
pub(super) fn no_address(found: &[(u32, &str)]) -> Option<Diagnostic> {
    let (line, email) = found.first()?;
    let also = match found.len() {
        1 => String::new(),
        2 => " ; une autre ligne n'en a pas non plus".to_owned(),
        count => format!(" ; {} autres lignes n'en ont pas non plus", count - 1),
    };
    let message = format!("« {email} » n'est pas une adresse e-mail{also}");
    Some(Diagnostic::at(code::EXPORT, GESTIONNAIRES, *line, 0, message).as_warning())
}

/// E-mail addresses with accents: reports the first, with the number of others.
pub(super) fn accented(found: &[(u32, &str)]) -> Option<Diagnostic> {
    let (line, email) = found.first()?;
    let also = match found.len() {
        1 => String::new(),
        2 => " ; une autre ligne est dans ce cas".to_owned(),
        count => format!(" ; {} autres lignes sont dans ce cas", count - 1),
    };
    let message = format!(
        "« {email} » : beaucoup de serveurs d'e-mails refusent une adresse qui a des accents ; vérifiez-la, elle s'écrit d'ordinaire sans accent{also}"
    );
    Some(Diagnostic::at(code::EXPORT, GESTIONNAIRES, *line, 0, message).as_warning())
}

/// The wrong export can have a fault in each of 100,000 rows, but nobody reads beyond the first page. Errors are listed
/// before remarks.
pub(super) fn shorten(mut faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let Some(more) = faults.len().checked_sub(MOST_FAULTS).filter(|it| *it > 0) else {
        return faults;
    };
    let is_error = |it: &Diagnostic| it.severity == Severity::Error;
    let errors = faults.iter().filter(|it| is_error(it)).count();
    let (mut left_of_errors, mut left_of_remarks) =
        (MOST_FAULTS, MOST_FAULTS.saturating_sub(errors));
    let file = faults[MOST_FAULTS].file.clone();
    faults.retain(|fault| {
        let left = if is_error(fault) {
            &mut left_of_errors
        } else {
            &mut left_of_remarks
        };
        let kept = *left > 0;
        *left = left.saturating_sub(1);
        kept
    });
    let rest = match more {
        1 => "… et 1 autre remarque".to_owned(),
        more => format!("… et {more} autres remarques"),
    };
    let rest = Diagnostic::file(code::EXPORT, file, rest);
    faults.push(if errors > MOST_FAULTS {
        rest
    } else {
        rest.as_warning()
    });
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_reported_however_many_remarks_there_are() {
        let remark = |line| no_address(&[(line, "x")]);
        let mut faults: Vec<Diagnostic> = (1..100).filter_map(remark).collect();
        faults.push(given_twice("biens.csv", 7, "A", 2));
        let told = shorten(faults);
        assert_eq!(told.len(), MOST_FAULTS + 1);
        assert!(told.iter().any(|it| it.file == "biens.csv"), "{told:?}");
        let rest = told.last().unwrap();
        assert!(rest.message.contains("et 50 autres"), "{rest}");
        assert_eq!(rest.severity, Severity::Warning);
    }
}
