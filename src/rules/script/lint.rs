//! Remarks about a script that compiles: what its author probably did not mean. They refuse no edit, and no decision
//! depends on them.

mod addressees;
mod bounds;
mod calendar;
mod constant_conditions;
mod contradictions;
mod date_comparisons;
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
mod set_in_vain;
mod shadowed_variables;
mod split_codes;
mod switch_lists;
mod text_for_list;
mod text_for_manager;
mod uncalled_functions;
mod unreachable_code;
mod unused_variables;

use std::collections::HashSet;

use rhai::AST;

use super::analysis::absent_fields;
use super::analysis::closures::{self, Elements};
use super::analysis::names::Names;
use super::{Entry, MODELE, Remark, position};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::finding::Finding;

/// Adds every remark about a script that compiles to `faults`, which already holds its errors; `all` are its functions.
pub(super) fn look<const N: usize>(
    script: &AST,
    text: &str,
    entry: &Entry<N>,
    all: &[Names],
    faults: &mut Vec<Diagnostic>,
) {
    let Entry {
        file,
        function,
        keys: (of, answers),
        ..
    } = *entry;
    // A literal result is already reported as an error.
    let is_reported = |it: &Remark| {
        let mut here = faults.iter().filter(|fault| fault.file == file);
        here.any(|fault| (fault.line, fault.column) == position(it.at))
    };
    let mut remarks = missing_keys::keys(script, answers, of);
    remarks.retain(|it| !is_reported(it));
    remarks.extend(missing_interpolation::dollars(script, text));
    remarks.extend(quoted_values::values(script, text, answers));
    remarks.extend(uncalled_functions::functions(text, (function, N)));
    if answers.contains(&MODELE) {
        remarks.extend(addressees::invalid(script));
        remarks.extend(reserved_keys::keys(script));
    }
    remarks.extend(of_functions(text, all));
    let remarks = remarks.into_iter().map(|it| {
        let Remark { at, message } = it;
        Finding::new(position(at), message).into_remark(code::SCRIPT, file)
    });
    faults.extend(remarks);
}

/// The remarks about the functions of a script.
fn of_functions(text: &str, all: &[Names]) -> Vec<Remark> {
    let elements = closures::elements(all);
    let mistakes = all.iter().flat_map(|it| mistakes(text, it, &elements));
    let mut remarks: Vec<_> = all.iter().flat_map(absent_fields::reads).collect();
    remarks.extend(mistakes.flatten());
    // A line that already has a remark is not also reported as doing nothing.
    let told: HashSet<_> = remarks.iter().map(|it| it.at.line()).collect();
    let idle = all.iter().flat_map(|names| {
        let values = discarded_values::values(names);
        values.into_iter().chain(unused_variables::variables(names))
    });
    remarks.extend(idle.filter(|it| !told.contains(&it.at.line())));
    remarks
}

/// What one function does that its author probably did not mean, by check; `elements` are those of the lists that
/// closures are called with.
fn mistakes(text: &str, names: &Names, elements: &[Elements]) -> [Vec<Remark>; 23] {
    [
        mismatched_types::unlike(names),
        set_in_vain::assignments(names),
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
        unused_variables::swapped(text, names),
    ]
}
