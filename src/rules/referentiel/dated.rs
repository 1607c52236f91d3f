//! Columns that date the rows of an export: they are not read, so that a row counts as soon as the file is saved.

use crate::rules::alike::bare;
use crate::rules::diagnostic::{Diagnostic, code};

/// Words in the name of a column that gives the date from which or until which a row counts.
const OF_EFFECT: [&str; 8] = [
    "effet",
    "partir",
    "jusqu",
    "valable",
    "valide",
    "validite",
    "effective",
    "vigueur",
];
/// Words in the name of a column of other dates, which only explain why a row is given twice.
const OF_DATES: [&str; 10] = [
    "date", "debut", "fin", "depuis", "du", "au", "arrivee", "depart", "start", "end",
];

/// A column that is not read and may contain dates.
pub(super) struct Dated {
    /// Its name in the first line.
    name: String,
    /// Its position in a record.
    at: usize,
    /// Whether its dates say when a row counts.
    of_effect: bool,
    /// Whether it contains a date.
    pub found: bool,
}

/// The columns of which the name suggests dates, among those that are not read.
pub(super) fn columns(headers: &[String], read: &[&str]) -> Vec<Dated> {
    let others = headers.iter().enumerate();
    let others = others.filter(|(_, name)| !read.contains(&name.as_str()));
    let dated = others.filter_map(|(at, name)| {
        let own: String = bare(name).collect();
        let has = |known: &[&str]| {
            let mut words = own.split(|it: char| !it.is_alphanumeric());
            words.any(|word| known.contains(&word))
        };
        let of_effect = has(&OF_EFFECT);
        (of_effect || has(&OF_DATES)).then(|| Dated {
            name: name.clone(),
            at,
            of_effect,
            found: false,
        })
    });
    dated.collect()
}

impl Dated {
    /// Looks for a date in this record.
    pub(super) fn look(&mut self, record: &csv::StringRecord) {
        self.found = self.found || record.get(self.at).is_some_and(is_date);
    }
}

/// Whether a text is a date in numbers, possibly with a time behind it.
fn is_date(text: &str) -> bool {
    let day = text.trim().split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['/', '-', '.']).collect();
    let number =
        |it: &&str| (1..=4).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
    let has_year = [0, 2]
        .iter()
        .any(|at| parts.get(*at).is_some_and(|it| it.len() == 4));
    let short = parts.iter().all(|it| it.len() <= 2);
    parts.len() == 3 && parts.iter().all(number) && (has_year || short)
}

/// The name of the first column that contains a date.
pub(super) fn first(all: &[Dated]) -> Option<String> {
    let first = all.iter().find(|it| it.found)?;
    Some(first.name.clone())
}

/// Reports the columns whose dates say when a row counts.
pub(super) fn report(file: &str, all: &[Dated], faults: &mut Vec<Diagnostic>) {
    for it in all.iter().filter(|it| it.of_effect && it.found) {
        let message = format!(
            "la colonne « {} » n'est pas lue : chaque ligne compte dès que le fichier est enregistré, quelle que soit sa date",
            it.name
        );
        faults.push(Diagnostic::at(code::EXPORT, file, 1, 0, message).as_warning());
    }
}
