//! Compiles a script's text within the limits set for scripts.

use std::cell::LazyCell;

use rhai::{AST, Engine, EvalAltResult, OptimizationLevel, ParseErrorType};

use super::analysis::functions::Functions;
use super::analysis::names::Names;
use super::analysis::{absent_fields, chain, comparisons, loops, reads, uses, written};
use super::syntax::brackets::Balance;
use super::syntax::{lost_opening, slips};
use super::{Entry, Script, clamp, dates, lint, operations, position, validate, words};
use crate::rules::diagnostic::{Diagnostic, code, counted, nearest};
use crate::rules::finding::Finding;
use crate::rules::place::{Located, offset};

/// Maximum size of a string: a description of 20,000 four-byte characters must fit three times.
const MAX_STRING_BYTES: usize = 256 * 1024;
/// Maximum size of an array: a description of 20,000 characters split at its spaces has at most 10,001 pieces.
const MAX_ELEMENTS: usize = 10_001;

/// The library function that no script may call.
pub(super) const SLEEP: &str = "sleep";

/// The engine with all limits for scripts.
pub(super) fn engine() -> Engine {
    let mut engine = Engine::new();
    engine
        // Constant folding would hide names in the script from the checks.
        .set_optimization_level(OptimizationLevel::None)
        // `operations` keeps the limit.
        .set_max_operations(0)
        .set_max_call_levels(32)
        .set_max_expr_depths(64, 64)
        .set_max_string_size(MAX_STRING_BYTES)
        .set_max_array_size(MAX_ELEMENTS)
        .set_max_map_size(1_000)
        .set_max_variables(200)
        .set_max_functions(100)
        .set_max_modules(0)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .disable_symbol("eval")
        .disable_symbol("import")
        .disable_symbol("export");
    // Rhai's library has `sleep`, does not count its time and cannot exclude it; functions registered here take
    // precedence.
    engine
        .register_fn(SLEEP, |_: rhai::INT| no_sleep())
        .register_fn(SLEEP, |_: rhai::FLOAT| no_sleep());
    dates::add(&mut engine);
    operations::limit(&mut engine);
    // Printed output may contain a tenant's data, so it is discarded.
    engine.on_print(|_| {}).on_debug(|_, _, _| {});
    engine
}

/// Refuses `sleep`: a waiting script would delay the tenant and everyone queued behind.
fn no_sleep() -> Result<(), Box<EvalAltResult>> {
    Err("« sleep » est interdit : un script n'attend pas".into())
}

/// Compiles a script, checks that it defines the function the daemon calls, and reports what is wrong. Templates it
/// names are added to `named` as soon as it parses, even if other checks fail.
pub(super) fn compile_one<const N: usize>(
    engine: &Engine,
    entry: &Entry<N>,
    text: &str,
    named: &mut Vec<Located>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Script<N>> {
    let Entry {
        file,
        function,
        parameters,
        ..
    } = *entry;
    let before = faults.len();
    let ast = parse(engine, text, file, (function, &parameters), faults)?;
    let templates = uses::templates(&ast).into_iter();
    // An empty string may be the placeholder for an unknown name.
    let stands_in = faults.len() > before;
    named.extend(templates.filter(|it| !stands_in || !it.text.is_empty()));
    validate::calls::unknown(engine, &ast, file, faults);
    validate::globals::unknown(&ast, file, faults);
    let line = line_of(&ast, text, function);
    check_definition(&ast, text, (file, function, parameters.len()), faults);
    if faults.len() > before {
        return None;
    }
    let functions = Functions::of(&ast, function, N);
    (entry.results)(&ast, &functions, file, faults);
    let all = Names::all(&ast, function, &parameters);
    lint::look(&ast, text, entry, &all, faults);
    Some(Script {
        line,
        read: reads::of(&ast, function),
        written: written::of(&ast, text),
        loops: loops::of(&ast),
        compared: comparisons::of(text, file, &all),
        absent: all.iter().flat_map(absent_fields::reads).collect(),
        computed_keys: chain::computed_keys(&ast),
        ast,
    })
}

/// Reports that the function the daemon calls is missing, or has another number of parameters.
fn check_definition(
    script: &AST,
    text: &str,
    (file, function, wanted): (&str, &str, usize),
    faults: &mut Vec<Diagnostic>,
) {
    let found: Vec<usize> = script
        .iter_functions()
        .filter(|it| it.name == function)
        .map(|it| it.params.len())
        .collect();
    if found.contains(&wanted) {
        return;
    }
    let near = nearest(function, script.iter_functions().map(|it| it.name));
    let (line, message) = match (found.first(), near) {
        (Some(other), _) => (
            line_of(script, text, function),
            format!(
                "la fonction « {function} » doit avoir {}, et non {other}",
                counted(wanted, "paramètre")
            ),
        ),
        (None, Some(near)) => (
            line_of(script, text, near),
            format!("la fonction « {function} » manque : est-ce « {near} », mal écrite ?"),
        ),
        (None, None) => (0, format!("la fonction « {function} » manque")),
    };
    faults.push(Diagnostic::at(code::SCRIPT, file, line, 0, message));
}

/// Maximum number of unknown names reported for one script.
const MOST_UNKNOWN: usize = 20;

/// Parses a script. The engine stops at the first unknown name, so each is reported and replaced by a placeholder
/// string; this lets the other names and the calls be checked too.
fn parse(
    engine: &Engine,
    text: &str,
    file: &str,
    entry: slips::Entry<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Option<AST> {
    let written = text;
    let mut text = text.to_owned();
    let mut last = 0;
    for turn in 0..MOST_UNKNOWN {
        let error = match engine.compile(&text) {
            Ok(ast) => return Some(ast),
            Err(error) => error,
        };
        // The placeholders change nothing about these.
        if turn == 0
            && let Some(found) = of_structure(written)
        {
            faults.push(found.into_fault(code::SCRIPT, file));
            return None;
        }
        let (line, column) = position(error.position());
        let kind = error.err_type();
        // A failure on the same line may be due to the placeholder.
        if line != last || matches!(kind, ParseErrorType::VariableUndefined(_)) {
            // The placeholders are as long as the names, so that the places are those of the script as written.
            let found = slips::find(kind, written, (line, column), entry);
            let found =
                found.unwrap_or_else(|| Finding::new((line, column), words::of_syntax(kind)));
            let fault = found.into_fault(code::SCRIPT, file);
            // Several unknown names may have one cause.
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        let ParseErrorType::VariableUndefined(name) = kind else {
            return None;
        };
        let at = offset(&text, (line, column))?;
        let name = slips::whole(&text, at, name).to_owned();
        text = without(&text, &name, (line, column))?;
        last = line;
    }
    None
}

/// Maximum size of a script in which a lost opening bracket is looked for, in bytes: the script is parsed again for
/// each place where it may have been.
const MOST_REPARSED: usize = 64 * 1024;

/// The mistake in the structure of a script that does not compile, which leads the parser to report another place.
fn of_structure(text: &str) -> Option<Finding> {
    let lenient = LazyCell::new(|| {
        let mut engine = engine();
        engine.set_strict_variables(false);
        engine
    });
    let lost = || {
        let find = || lost_opening::find(text, |it| lenient.compile(it).is_ok());
        (text.len() <= MOST_REPARSED).then(find).flatten()
    };
    // After a surplus closing brace, the rest is not at the level it was meant for.
    slips::foreign_function(text)
        .or_else(lost)
        .or_else(|| Balance::of(text).surplus)
}

/// The script with a name replaced by a placeholder of the same length.
fn without(text: &str, name: &str, (line, column): (u32, u32)) -> Option<String> {
    let [line, column] = [line, column].map(|it| usize::try_from(it).ok()?.checked_sub(1));
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let line = lines.get_mut(line?)?;
    let (at, _) = line.char_indices().nth(column?)?;
    let end = at + name.len();
    let found = line.get(at..end)? == name;
    let instead = match name.chars().count() {
        1 => "0".to_owned(),
        length => format!("\"\"{}", " ".repeat(length - 2)),
    };
    found.then(|| line.replace_range(at..end, &instead))?;
    Some(lines.join("\n"))
}

/// Line where a function begins. The engine only knows where its body begins; `fn` and the name may be some lines
/// above.
fn line_of(script: &AST, text: &str, function: &str) -> u32 {
    let all = script.shared_lib().iter_script_fn_info();
    let named = all.filter(|(.., it)| it.name == function);
    let bodies = named.filter_map(|(.., it)| it.body.start_position().line());
    let Some(body) = bodies.min() else {
        return 0;
    };
    let begins = |line: &str| {
        let rest = line.trim_start().strip_prefix("fn ");
        let rest = rest.and_then(|rest| rest.trim_start().strip_prefix(function));
        rest.is_some_and(|rest| rest.trim_start().starts_with('('))
    };
    let before: Vec<&str> = text.lines().take(body).collect();
    let begun = before.into_iter().rposition(begins);
    clamp(begun.map_or(body, |at| at + 1))
}
