//! From a script's text to what can be called, within the limits of a script.

use rhai::{AST, Engine, EvalAltResult, OptimizationLevel, ParseErrorType};

use super::analysis::functions::Functions;
use super::analysis::{chain, reads, uses, written};
use super::syntax::brackets::Balance;
use super::syntax::slips;
use super::{Entry, Script, clamp, dates, lint, position, validate, words};
use crate::rules::diagnostic::{Diagnostic, code, counted, nearest};
use crate::rules::place::Located;

/// Operations of one call; a script of 20 lines takes a few hundred.
const MAX_OPERATIONS: u64 = 100_000;
/// A description of 20,000 characters of four bytes each must fit, three times over.
const MAX_STRING_BYTES: usize = 256 * 1024;
/// A description of 20,000 characters that is split at its spaces has one piece more than half as many.
const MAX_ELEMENTS: usize = 10_001;

/// The function of the library that no script may call.
pub(super) const SLEEP: &str = "sleep";

/// The engine, with every limit that a script has.
pub(super) fn engine() -> Engine {
    let mut engine = Engine::new();
    engine
        // Folded constants would hide from the checks what the script names.
        .set_optimization_level(OptimizationLevel::None)
        .set_max_operations(MAX_OPERATIONS)
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
    // The library has it, counts none of its time, and gives no way to leave it out: ours come first.
    engine
        .register_fn(SLEEP, |_: rhai::INT| no_sleep())
        .register_fn(SLEEP, |_: rhai::FLOAT| no_sleep());
    dates::add(&mut engine);
    // What a script prints may hold a tenant's data: it goes nowhere.
    engine.on_print(|_| {}).on_debug(|_, _, _| {});
    engine
}

/// A script that waits would keep a tenant waiting, and everybody behind.
fn no_sleep() -> Result<(), Box<EvalAltResult>> {
    Err("« sleep » est interdit : un script n'attend pas".into())
}

/// Compiles a script that has the function that the daemon calls, and notes what is wrong with it. The templates that it
/// names are known as soon as it can be read.
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
    let ast = parse(engine, text, file, &parameters, faults)?;
    let templates = uses::templates(&ast).into_iter();
    // An empty text may stand there for an unknown name.
    let stands_in = faults.len() > before;
    named.extend(templates.filter(|it| !stands_in || !it.text.is_empty()));
    validate::calls::unknown(engine, &ast, file, faults);
    validate::globals::unknown(&ast, file, faults);
    let line = line_of(&ast, text, function);
    let found: Vec<usize> = ast
        .iter_functions()
        .filter(|it| it.name == function)
        .map(|it| it.params.len())
        .collect();
    if !found.contains(&parameters.len()) {
        let wanted = parameters.len();
        let near = nearest(function, ast.iter_functions().map(|it| it.name));
        let (line, message) = match (found.first(), near) {
            (Some(other), _) => (
                line,
                format!(
                    "la fonction « {function} » doit avoir {}, et non {other}",
                    counted(wanted, "paramètre")
                ),
            ),
            (None, Some(near)) => (
                line_of(&ast, text, near),
                format!("la fonction « {function} » manque : est-ce « {near} », mal écrite ?"),
            ),
            (None, None) => (0, format!("la fonction « {function} » manque")),
        };
        faults.push(Diagnostic::at(code::SCRIPT, file, line, 0, message));
    }
    if faults.len() > before {
        return None;
    }
    let functions = Functions::of(&ast, function, N);
    (entry.results)(&ast, &functions, file, faults);
    let looks = lint::look(&ast, text, entry, faults);
    Some(Script {
        line,
        read: reads::of(&ast, function),
        written: written::of(&ast, text),
        loops: uses::loops(&ast),
        compared: looks.compared,
        absent: looks.absent,
        computed_keys: chain::computed_keys(&ast),
        ast,
    })
}

/// Unknown names of one script that are told at once.
const MOST_UNKNOWN: usize = 20;

/// Parses a script. The engine stops at the first name that it does not know; each is told, and taken for a text
/// from there on, so that the others and the calls can be looked at, too.
fn parse(
    engine: &Engine,
    text: &str,
    file: &str,
    parameters: &[&str],
    faults: &mut Vec<Diagnostic>,
) -> Option<AST> {
    let mut text = text.to_owned();
    let mut last = 0;
    for _ in 0..MOST_UNKNOWN {
        let error = match engine.compile(&text) {
            Ok(ast) => return Some(ast),
            Err(error) => error,
        };
        if let Some(((line, column), message)) = slips::foreign_function(&text) {
            faults.push(Diagnostic::at(code::SCRIPT, file, line, column, message));
            return None;
        }
        // What stands behind a brace that closes too much is not where it was meant to be.
        if let Some(((line, column), message)) = Balance::of(&text).surplus {
            faults.push(Diagnostic::at(code::SCRIPT, file, line, column, message));
            return None;
        }
        let (line, column) = position(error.position());
        let kind = error.err_type();
        // What fails on the same line may fail for what now stands there.
        if line != last || matches!(kind, ParseErrorType::VariableUndefined(_)) {
            let found = slips::find(kind, &text, (line, column), parameters);
            let ((line, column), message) =
                found.unwrap_or_else(|| ((line, column), words::of_syntax(kind)));
            faults.push(Diagnostic::at(code::SCRIPT, file, line, column, message));
        }
        let ParseErrorType::VariableUndefined(name) = kind else {
            return None;
        };
        text = without(&text, name, (line, column))?;
        last = line;
    }
    None
}

/// The script with a text of the same length in the place of a name.
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

/// Where a function begins. The engine tells where its body does; `fn` and its name may stand some lines before.
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
