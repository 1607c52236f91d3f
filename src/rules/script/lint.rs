//! Remarks about a script that compiles: what its author probably did not mean. They refuse no edit, and no decision
//! depends on them.

mod addressees;
mod calendar;
mod comparisons;
mod constant_conditions;
mod contradictions;
mod date_comparisons;
mod date_intervals;
mod date_numbers;
mod date_parts;
mod discarded_values;
mod in_place_results;
mod letter_case;
mod mismatched_types;
mod missing_interpolation;
mod missing_keys;
mod never_equal;
mod non_boolean_conditions;
mod out_of_range;
mod quoted_values;
mod reserved_keys;
mod search_patterns;
mod shadowed_variables;
mod split_codes;
mod switch_lists;
mod table_keys;
mod text_for_list;
mod text_for_manager;
mod uncalled_functions;
mod unknown_fields;
mod unreachable_code;
mod unread_keys;
mod unused_variables;

use std::collections::HashSet;

use rhai::AST;

use self::comparisons::Comparisons;
use super::analysis::closures::{self, Elements};
use super::analysis::names::Names;
use super::{Entry, Remark, position};
use crate::rules::compared::Compared;
use crate::rules::diagnostic::{Diagnostic, code};

pub(super) use self::addressees::note as addressees;
pub(super) use self::reserved_keys::note as reserved_keys;
pub use self::unread_keys::OwnKey;
pub(super) use self::unread_keys::of as own_keys;

/// By-products of the remarks that coverage and failed calls need.
pub(super) struct Looks {
    /// The strings that the script compares with its input.
    pub(super) compared: Vec<Compared>,
    /// Reads of fields that never exist.
    pub(super) absent: Vec<Remark>,
}

/// Reports every remark about a script that compiles.
pub(super) fn look<const N: usize>(
    script: &AST,
    text: &str,
    entry: &Entry<N>,
    faults: &mut Vec<Diagnostic>,
) -> Looks {
    let Entry {
        file,
        function,
        parameters,
        keys: (of, answers),
        ..
    } = *entry;
    missing_keys::note(script, answers, of, file, faults);
    missing_interpolation::dollars(script, text, file, faults);
    quoted_values::note(script, text, answers, file, faults);
    uncalled_functions::note(text, (function, N), file, faults);
    let (mut compared, mut absent) = (Comparisons::default(), Vec::new());
    let all = Names::all(script, function, &parameters);
    let elements = closures::elements(&all);
    for names in &all {
        let fields = unknown_fields::absent(names);
        let others = mistakes(text, names, &elements);
        let mut remarks: Vec<&Remark> = fields.iter().chain(others.iter().flatten()).collect();
        // A line that already has a remark is not also reported as doing nothing.
        let told: HashSet<_> = remarks.iter().map(|(at, _)| at.line()).collect();
        let idle = [
            discarded_values::values(names),
            unused_variables::variables(names),
        ];
        let idle = || idle.iter().flatten();
        remarks.extend(idle().filter(|(at, _)| !told.contains(&at.line())));
        for (at, message) in remarks {
            let (line, column) = position(*at);
            let remark = Diagnostic::at(code::SCRIPT, file, line, column, message);
            faults.push(remark.as_warning());
        }
        absent.extend(fields);
        comparisons::note(text, file, names, &mut compared);
    }
    table_keys::note(file, &all, &mut compared);
    Looks {
        compared: compared.into_all(),
        absent,
    }
}

/// What one function does that its author probably did not mean, by check; `elements` are those of the lists that
/// closures are called with.
fn mistakes(text: &str, names: &Names, elements: &[Elements]) -> [Vec<Remark>; 24] {
    [
        mismatched_types::unlike(names),
        unknown_fields::set_in_vain(names),
        in_place_results::answers(names),
        text_for_list::lists(names),
        search_patterns::patterns(names),
        split_codes::codes(text, names),
        non_boolean_conditions::unasked(names),
        contradictions::conditions(names),
        calendar::hours_of_the_sender(names),
        calendar::no_days(names),
        out_of_range::numbers(names),
        letter_case::never_found(names, elements),
        missing_interpolation::without_dollar(text, names),
        shadowed_variables::variables(names),
        switch_lists::lists(text, names),
        unreachable_code::lines(names),
        constant_conditions::conditions(names),
        never_equal::values(names),
        text_for_manager::texts(names),
        date_comparisons::compared(names),
        date_parts::compared(names),
        date_numbers::numbers(text, names),
        date_intervals::conditions(names),
        unused_variables::swapped(text, names),
    ]
}
