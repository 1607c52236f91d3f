//! Remarks about templates that can be rendered: what their author probably did not mean. They refuse no edit, and no
//! decision depends on them.

mod absent_values;
mod calendar;
mod conditions;
mod connector_text;
mod date_comparisons;
mod headers;
mod hidden_unknown;
mod never_true;
mod objects;
mod quoted_values;
mod raw_dates;

use super::analysis::parts::Parts;
use super::syntax::strays;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::finding::Finding;
use crate::rules::view::OF_MAIL;

/// Adds the remarks about all templates together.
pub(super) fn look(parts: &Parts, faults: &mut Vec<Diagnostic>) {
    let holes = parts.texts().flat_map(|(file, source)| {
        let holes = absent_values::holes(source).into_iter();
        holes.map(move |it| (file, it.within(source)))
    });
    let mut found = hidden_unknown::fields(parts);
    found.extend(never_true::comparisons(parts));
    found.extend(holes);
    faults.extend(found.into_iter().map(|(file, it)| remark(file, it)));
}

/// Adds the remarks about parts of a text that would not be sent as intended.
pub(super) fn look_at_text(path: &str, source: &str, faults: &mut Vec<Diagnostic>) {
    // Values that would be sent as they are written because a brace is missing, or because they are in quotes.
    let mut found = strays::strays(source, |root| OF_MAIL.contains(&root));
    found.extend(strays::merged(source));
    found.extend(strays::bare(source));
    found.extend(quoted_values::quoted_values(source));
    found.extend(objects::printed(source));
    faults.extend(found.into_iter().map(|it| remark(path, it.within(source))));
}

/// Adds the remarks about an e-mail, its first line included.
pub(super) fn look_at_mail(path: &str, text: &str, faults: &mut Vec<Diagnostic>) {
    let dates = raw_dates::raw_dates(text).into_iter();
    let mut found = headers::headers(path, text);
    found.extend(dates.map(|it| it.within(text)));
    faults.extend(found.into_iter().map(|it| remark(path, it)));
}

/// Every finding becomes a remark.
fn remark(file: &str, found: Finding) -> Diagnostic {
    found.into_remark(code::TEMPLATE, file)
}
