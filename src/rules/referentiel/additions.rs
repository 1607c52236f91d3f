//! Rows that programs add to an export and that are no entries of it: a total, or the first line again. They count as
//! entries, so they are reported at their own line.

use super::table::Table;
use crate::rules::alike::bare;
use crate::rules::diagnostic::{Diagnostic, Severity, code};

/// The word with which a row of totals begins.
const TOTAL: &str = "total";
/// Words that may follow [`TOTAL`].
const AFTER_TOTAL: [&str; 9] = [
    "general",
    "generale",
    "des",
    "de",
    "residences",
    "gestionnaires",
    "biens",
    "logements",
    "lignes",
];

/// Reports these rows of an export, instead of what they seem to lack: their residence, a valid address.
pub(super) fn note_additions<const N: usize>(
    file: &str,
    columns: [&str; N],
    table: &Table<N>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut found = Vec::new();
    for row in table.rows() {
        let message = if is_header(&row.values, &columns) {
            "cette ligne répète la première et compte comme une autre : retirez-la"
        } else if is_total(&row.values) {
            "cette ligne est un total et compte comme une autre : retirez-la"
        } else {
            continue;
        };
        found.push(Diagnostic::at(code::EXPORT, file, row.line, 0, message).as_warning());
    }
    if found.is_empty() {
        return;
    }
    let is_same = |it: &Diagnostic| found.iter().any(|own| own.line == it.line);
    faults.retain(|it| it.severity == Severity::Error || it.file != file || !is_same(it));
    faults.extend(found);
}

fn is_header(values: &[&str], columns: &[&str]) -> bool {
    let mut both = values.iter().zip(columns);
    both.all(|(value, column)| value.eq_ignore_ascii_case(column))
}

/// Whether the first value is the word for a total, and the others are numbers or empty.
fn is_total(values: &[&str]) -> bool {
    let [first, others @ ..] = values else {
        return false;
    };
    let begins = first.get(..TOTAL.len());
    if !begins.is_some_and(|it| it.eq_ignore_ascii_case(TOTAL)) {
        return false;
    }
    let own: String = bare(first).collect();
    let mut words = own
        .split(|sign: char| sign.is_whitespace() || sign == ':')
        .filter(|it| !it.is_empty());
    let is_number = |it: &str| {
        it.chars()
            .all(|sign| sign.is_ascii_digit() || sign.is_whitespace() || ".,".contains(sign))
    };
    words.next() == Some(TOTAL)
        && words.all(|it| is_number(it) || AFTER_TOTAL.contains(&it))
        && others.iter().all(|it| is_number(it))
}
