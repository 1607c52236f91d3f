//! Remarks about templates that can be rendered: what their author probably did not mean. They refuse no edit, and no
//! decision depends on them.

pub(super) mod absent_values;
mod calendar;
mod conditions;
mod connector_text;
mod date_comparisons;
mod headers;
pub(super) mod hidden_unknown;
pub(super) mod never_true;
mod quoted_values;
mod raw_dates;

use super::advice;
use super::syntax::{strays, tags};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::place::{Located, place_of};
use crate::rules::view::OF_MAIL;

/// Reports parts of a text that would not be sent as intended.
pub(super) fn note_unintended(path: &str, source: &str, faults: &mut Vec<Diagnostic>) {
    note_strays(path, source, faults);
    note_sets(path, source, faults);
}

/// Reports values that would be sent as they are written because a brace is missing, or because they are in quotes.
fn note_strays(path: &str, source: &str, faults: &mut Vec<Diagnostic>) {
    let strays = strays::strays(source, |root| OF_MAIL.contains(&root));
    let others = [
        strays::merged(source),
        strays::bare(source),
        quoted_values::quoted_values(source),
    ];
    for stray in strays.into_iter().chain(others.into_iter().flatten()) {
        let (line, column) = place_of(source, stray.at);
        let remark = Diagnostic::at(code::TEMPLATE, path, line, column, stray.message);
        faults.push(remark.as_warning());
    }
}

/// Reports lines in an e-mail's body that were meant as headers, and dates printed as SoWell writes them.
pub(super) fn note_mail(path: &str, text: &str, faults: &mut Vec<Diagnostic>) {
    let mut found = headers::headers(path, text);
    found.extend(raw_dates::raw_dates(text).into_iter().map(|slip| {
        let (line, column) = place_of(text, slip.at);
        let text = slip.message;
        Located { line, column, text }
    }));
    for it in found {
        let remark = Diagnostic::at(code::TEMPLATE, path, it.line, it.column, it.text);
        faults.push(remark.as_warning());
    }
}

/// Reports objects that would be printed as a whole, in the notation of a programming language.
fn note_sets(path: &str, source: &str, faults: &mut Vec<Diagnostic>) {
    for (at, printed) in tags::printed(source) {
        let root = printed.split('.').next().unwrap_or_default();
        if tags::gives(source, root) {
            continue;
        }
        let Some(message) = advice::for_set(printed) else {
            continue;
        };
        let (line, column) = place_of(source, at);
        let remark = Diagnostic::at(code::TEMPLATE, path, line, column, message);
        faults.push(remark.as_warning());
    }
}
