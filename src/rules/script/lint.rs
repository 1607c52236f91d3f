//! Static checks of a script's text, reported to its author. No decision depends on them.

mod brackets;
mod calendar;
mod check;
mod compared;
mod conditions;
mod contradictions;
mod dates;
mod fields;
mod fixed_keys;
mod foreign;
mod functions;
mod given;
mod globals;
mod holes;
mod in_place;
mod joined;
mod kinds;
mod letters;
mod library;
mod misgiven;
mod names;
mod outside;
mod own_keys;
mod parts;
mod passed;
mod results;
mod settled;
mod shadowed;
mod slips;
mod switches;
mod tables;
mod thrown_away;
mod tokens;
mod unequal;
mod unreached;
mod unused;

use std::collections::HashSet;

use rhai::{AST, Position};

use self::compared::Comparisons;
use self::functions::Functions;
use self::names::Names;
use super::{Entry, Remark, position};
use crate::rules::compared::Compared;
use crate::rules::diagnostic::{Diagnostic, code};

pub(super) use self::brackets::Balance;
pub(super) use self::check::{addressees, calls, makes_managers, managers, templates};
pub(super) use self::fixed_keys::note as fixed_keys;
pub(super) use self::globals::unknown as globals;
pub use self::own_keys::OwnKey;
pub(super) use self::own_keys::of as own_keys;
pub(super) use self::results::{of_accuses, of_affecter};
pub(super) use self::slips::{find as slip, foreign_function};

/// Reports literal results that are invalid.
pub(super) type Results = fn(&AST, &Functions, &str, &mut Vec<Diagnostic>);

/// The strings in the cases of the `switch` at this position.
pub(super) fn texts_of_cases(text: &str, at: Position) -> impl Iterator<Item = String> {
    switches::texts(text, at).into_iter().map(|(word, _)| word)
}

/// What the checks learn from a script's text.
pub(super) struct Looks {
    /// Lines of the loops that may never end.
    pub(super) loops: Vec<u32>,
    /// The strings it compares with its input.
    pub(super) compared: Vec<Compared>,
    /// Reads of fields that never exist.
    pub(super) absent: Vec<Remark>,
}

/// Checks a script that compiles and reports what is wrong with it.
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
        results,
    } = *entry;
    let functions = Functions::of(script, function, N);
    results(script, &functions, file, faults);
    check::keys(script, answers, of, file, faults);
    check::dollars(script, text, file, faults);
    let (mut compared, mut absent) = (Comparisons::default(), Vec::new());
    let all = Names::all(script, function, &parameters);
    for names in &all {
        let fields = fields::absent(names);
        let others = [
            kinds::unlike(names),
            fields::set_in_vain(names),
            in_place::answers(names),
            joined::lists(names),
            conditions::unasked(names),
            contradictions::conditions(names),
            calendar::hours_of_the_sender(names),
            calendar::no_days(names),
            outside::numbers(names),
            letters::never_found(names),
            holes::without_dollar(text, names),
            shadowed::variables(names),
            switches::lists(text, names),
            unreached::lines(names),
            settled::conditions(names),
            unequal::values(names),
            misgiven::texts(names),
            dates::compared(names),
            unused::swapped(text, names),
        ];
        let mut remarks: Vec<&Remark> = fields.iter().chain(others.iter().flatten()).collect();
        // A line that already has a remark is not also reported as doing nothing.
        let told: HashSet<_> = remarks.iter().map(|(at, _)| at.line()).collect();
        let idle = [thrown_away::values(names), unused::variables(names)];
        let idle = || idle.iter().flatten();
        remarks.extend(idle().filter(|(at, _)| !told.contains(&at.line())));
        for (at, message) in remarks {
            let (line, column) = position(*at);
            let remark = Diagnostic::at(code::SCRIPT, file, line, column, message);
            faults.push(remark.as_warning());
        }
        absent.extend(fields);
        compared::note(text, file, names, &mut compared);
    }
    tables::note(file, &all, &mut compared);
    Looks {
        loops: check::loops(script),
        compared: compared.into_all(),
        absent,
    }
}
