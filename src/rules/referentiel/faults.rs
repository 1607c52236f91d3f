//! What is told of the rows of an export, and how much of it.

use std::collections::{BTreeMap, HashMap};

use super::table::Row;
use super::{GESTIONNAIRES, RESIDENCES};
use crate::domain::referentiel::Residence;
use crate::rules::alike::{Column, nearest_code};
use crate::rules::diagnostic::{Diagnostic, Severity, code};
use crate::rules::pasted;

/// How many faults of one kind of file are reported before the rest is only counted.
const MOST_FAULTS: usize = 50;
/// How many residences that are missing are looked for among those that are there.
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

/// Rows that point at a residence that is not there.
#[derive(Default)]
pub(super) struct Orphans<'t> {
    /// By the residence's code.
    by_code: BTreeMap<&'t str, Orphan<'t>>,
}

/// The rows of one residence that is not there.
#[derive(Default)]
pub(super) struct Orphan<'t> {
    /// Line of the first.
    line: u32,
    /// How many there are.
    pub count: usize,
    /// What each is for the residence, where that can only be given once.
    pub kinds: Vec<&'t str>,
}

impl<'t> Orphans<'t> {
    /// Takes in a row, and what it is for the residence, where that can only be given once.
    pub(super) fn add(&mut self, residence: &'t str, line: u32, kind: Option<&'t str>) {
        let orphan = self.by_code.entry(residence).or_insert(Orphan {
            line,
            ..Orphan::default()
        });
        orphan.count += 1;
        orphan.kinds.extend(kind);
    }

    /// Tells each residence once, in the order of the file. `has_its_own` says whether a residence that is there has such
    /// rows already, so that it was not meant by these.
    pub(super) fn tell(
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
            // Where more are missing, another export is in the place of this one.
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

/// The residence that was meant. Where the two codes look the same, the sign that parts them is told, and the file that
/// it stands in.
fn meant(residence: &str, near: &str, known: &HashMap<&str, Residence>) -> String {
    if pasted::as_typed(residence) == pasted::as_typed(near) {
        let theirs = pasted::told_first_not_in(near, residence);
        if let Some(sign) = pasted::told_first_not_in(residence, near) {
            return format!(" : dans ce code-ci, il y a {sign}");
        }
        if let (Some(sign), Some(it)) = (theirs, known.get(near)) {
            let line = it.line;
            return format!(
                " sous ce même code : à la ligne {line} de {RESIDENCES}, il y a {sign}"
            );
        }
    }
    format!(" : vouliez-vous dire « {near} » ?")
}

/// Notes the residences whose codes a person takes for the same one.
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

/// A key that an earlier row has already.
pub(super) fn given_twice(file: &str, line: u32, key: &str, earlier: u32) -> Diagnostic {
    let message = format!("« {key} » est déjà donné plus haut, à la ligne {earlier}");
    Diagnostic::at(code::EXPORT, file, line, 0, message)
}

/// What stands where e-mail addresses are expected: the first is told, and how many rows are like it.
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

/// E-mail addresses with accents: the first is told, and how many rows are like it.
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

/// A wrong export can have a fault on each of 100,000 rows: nobody reads past the first page. What refuses it is
/// told before what is only remarked.
pub(super) fn shorten(mut faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let Some(more) = faults.len().checked_sub(MOST_FAULTS).filter(|it| *it > 0) else {
        return faults;
    };
    let is_error = |it: &Diagnostic| it.severity == Severity::Error;
    let errors = faults.iter().filter(|it| is_error(it)).count();
    let (mut left_of_errors, mut left_of_remarks) =
        (MOST_FAULTS, MOST_FAULTS.saturating_sub(errors));
    let file = faults[MOST_FAULTS].file.clone();
    faults.retain(|it| {
        let left = if is_error(it) {
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
    fn what_refuses_an_export_is_told_however_many_remarks_there_are() {
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
