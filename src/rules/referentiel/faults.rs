//! What is told of the rows of an export, and how much of it.

use super::RESIDENCES;
use super::table::Row;
use crate::rules::diagnostic::{Diagnostic, code};

/// How many faults of one kind of file are reported before the rest is only counted.
const MOST_FAULTS: usize = 50;

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

    pub(super) fn orphan(&self, file: &str, residence: &str) -> Diagnostic {
        Diagnostic::at(
            code::ORPHAN,
            file,
            self.line,
            0,
            format!("la résidence « {residence} » n'est pas dans {RESIDENCES}"),
        )
        .as_warning()
    }
}

/// A key that an earlier row has already.
pub(super) fn given_twice(file: &str, line: u32, key: &str) -> Diagnostic {
    let message = format!("« {key} » est déjà donné plus haut");
    Diagnostic::at(code::EXPORT, file, line, 0, message)
}

/// A wrong export can have a fault on each of 100,000 rows: nobody reads past the first page.
pub(super) fn shorten(mut faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if let Some(more) = faults.len().checked_sub(MOST_FAULTS + 1) {
        let (file, severity) = (
            faults[MOST_FAULTS].file.clone(),
            faults[MOST_FAULTS].severity,
        );
        faults.truncate(MOST_FAULTS);
        let mut rest = Diagnostic::file(
            code::EXPORT,
            file,
            match more {
                0 => "… et 1 autre remarque".to_owned(),
                _ => format!("… et {} autres remarques", more + 1),
            },
        );
        rest.severity = severity;
        faults.push(rest);
    }
    faults
}
