//! What is told of a script's text to who writes it: this reads the text, never decides, and no decision depends on it.

mod brackets;
mod check;
mod compared;
mod fields;
mod foreign;
mod functions;
mod given;
mod in_place;
mod kinds;
mod library;
mod names;
mod own_keys;
mod results;
mod slips;
mod switches;

use rhai::AST;

use self::functions::Functions;
use self::names::Names;
use super::{Entry, Remark, position};
use crate::rules::compared::Compared;
use crate::rules::diagnostic::{Diagnostic, code};

pub(super) use self::brackets::Balance;
pub(super) use self::check::{addressees, calls, managers, templates};
pub use self::own_keys::OwnKey;
pub(super) use self::own_keys::of as own_keys;
pub(super) use self::results::{of_accuses, of_affecter};
pub(super) use self::slips::find as slip;

/// Notes the results that are written out and are none.
pub(super) type Results = fn(&AST, &Functions, &str, &mut Vec<Diagnostic>);

/// What is known of a script by its text.
pub(super) struct Looks {
    /// The lines of its loops that may have no end.
    pub(super) loops: Vec<u32>,
    /// The texts that it compares with what it is given.
    pub(super) compared: Vec<Compared>,
    /// What it reads and is never there.
    pub(super) absent: Vec<Remark>,
}

/// Looks a script through that can be called, and notes what is wrong with it.
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
    check::dollars(script, file, faults);
    let names = Names::of(script, function, &parameters);
    let absent = fields::absent(script, &names);
    let unlike = kinds::unlike(script, &names);
    let in_vain = fields::set_in_vain(script, &names);
    let empty = in_place::answers(script, &names);
    let remarks = [&absent, &unlike, &in_vain, &empty];
    for (at, message) in remarks.into_iter().flatten() {
        let (line, column) = position(*at);
        let remark = Diagnostic::at(code::SCRIPT, file, line, column, message);
        faults.push(remark.as_warning());
    }
    Looks {
        loops: check::loops(script),
        compared: compared::of(script, text, file, &names),
        absent,
    }
}
