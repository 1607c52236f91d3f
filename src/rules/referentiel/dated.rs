//! Columns that date the rows of an export. They are not read, and explain why a row is given twice.

use crate::rules::alike::bare;

/// Words in the name of a column of dates.
const WORDS: [&str; 18] = [
    "date",
    "debut",
    "fin",
    "depuis",
    "du",
    "au",
    "arrivee",
    "depart",
    "start",
    "end",
    "effet",
    "partir",
    "jusqu",
    "valable",
    "valide",
    "validite",
    "effective",
    "vigueur",
];

/// A column that is not read and may contain dates.
pub(super) struct Dated {
    /// Its name in the first line.
    name: String,
    /// Its position in a record.
    at: usize,
    /// Whether it contains a date.
    pub found: bool,
}

/// The unread columns whose names suggest dates.
pub(super) fn columns(headers: &[String], read: &[&str]) -> Vec<Dated> {
    let others = headers.iter().enumerate();
    let others = others.filter(|(_, name)| !read.contains(&name.as_str()));
    let dated = others.filter_map(|(at, name)| {
        let own: String = bare(name).collect();
        let mut words = own.split(|it: char| !it.is_alphanumeric());
        words.any(|word| WORDS.contains(&word)).then(|| Dated {
            name: name.clone(),
            at,
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
