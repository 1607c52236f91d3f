//! What admins write in Rhai: `gestionnaire.rhai` and `accuses.rhai`.
//!
//! The only room that names rhai. Scripts are pure: they see maps and give maps back; they cannot
//! reach a file, a clock, the network or another script, and every resource that they use has a
//! limit, since Rhai has none by default on most.

mod check;
mod reads;
mod slips;
mod words;

pub use check::NamedTemplate;

use rhai::{
    AST, CallFnOptions, Dynamic, Engine, EvalAltResult, ImmutableString, Map, OptimizationLevel,
    ParseErrorType, Position, Scope,
};
use serde_json::{Number, Value};

use crate::domain::ports::JsonObject;
use crate::domain::referentiel::Gestionnaire;
use crate::rules::addressee;
use crate::rules::diagnostic::{Diagnostic, code, nearest};
use crate::rules::extent::Extent;
use crate::rules::view::{self, Shown};

/// The script that finds who is concerned and who acts.
pub const GESTIONNAIRE: &str = "gestionnaire.rhai";
/// The script that says which e-mails go out.
pub const ACCUSES: &str = "accuses.rhai";

/// Operations of one call; a script of 20 lines takes a few hundred.
const MAX_OPERATIONS: u64 = 100_000;
/// A description of 20,000 characters of four bytes each must fit, three times over.
const MAX_STRING_BYTES: usize = 256 * 1024;
/// The key of a message that names its addressee.
const A: &str = "a";
/// The key of a message that names its template.
const MODELE: &str = "modele";
/// E-mails that one event may cause.
const MAX_MESSAGES: usize = 20;

/// The compiled scripts of one version.
#[derive(Debug)]
pub struct Scripts {
    engine: Engine,
    gestionnaire: Script<3>,
    accuses: Script<1>,
}

/// Who is concerned and who acts, as `affecter` answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affectation {
    /// The manager of the type that the qualification asks for.
    pub gestionnaire_concerne: Gestionnaire,
    /// Who acts on the demande.
    pub acteur_en_charge: Gestionnaire,
}

/// One e-mail that `accuses` asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct AccuseMessage {
    /// The addressee.
    pub a: String,
    /// Name of a file in `modeles/`, without its ending.
    pub modele: String,
    /// The message's other keys, for the template.
    pub values: JsonObject,
}

/// A script failed on this input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, fonction {function}{} : {message}", .line.map(|line| format!(", ligne {line}")).unwrap_or_default())]
pub struct ScriptError {
    /// The script.
    pub file: &'static str,
    /// The function that was called.
    pub function: &'static str,
    /// The line, where the engine knows it.
    pub line: Option<u32>,
    /// What went wrong, in French; what the script threw, in its own words.
    pub message: String,
    /// It ended well and answered something that is no answer: no input makes that right.
    pub misshapen: bool,
}

impl Scripts {
    /// Compiles both scripts and checks that each has its function.
    pub fn compile(
        gestionnaire: &str,
        accuses: &str,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let engine = engine();
        let gestionnaire = compile_one(&engine, &AFFECTER, gestionnaire, faults);
        let accuses = compile_one(&engine, &ACCUSE, accuses, faults);
        let before = faults.len();
        if let Some(accuses) = &accuses {
            check::addressees(&accuses.ast, ACCUSES, faults);
        }
        if faults.len() > before {
            return None;
        }
        Some(Self {
            gestionnaire: gestionnaire?,
            accuses: accuses?,
            engine,
        })
    }

    /// Calls `affecter(signalement, residence, qualification)`; `arguments` makes these, as far as the script reads
    /// them.
    ///
    /// # Errors
    /// When the script throws, exceeds a limit or answers something else than two managers.
    pub fn affecter<'s>(
        &self,
        arguments: impl FnOnce(&[Extent; 3]) -> [Shown<'s>; 3],
    ) -> Result<Affectation, ScriptError> {
        let call = self.gestionnaire.call(&AFFECTER);
        let answer = self.call(&self.gestionnaire, &call, arguments)?;
        let mut answer = answer
            .try_cast::<Map>()
            .ok_or_else(|| call.shape("#{gestionnaire_concerne: …, acteur_en_charge: …}"))?;
        let affectation = Affectation {
            gestionnaire_concerne: call.gestionnaire(&mut answer, "gestionnaire_concerne")?,
            acteur_en_charge: call.gestionnaire(&mut answer, "acteur_en_charge")?,
        };
        match answer.keys().next() {
            Some(extra) => Err(call.error(format!("clé inconnue dans le résultat : « {extra} »"))),
            None => Ok(affectation),
        }
    }

    /// Calls `accuses(evenement)`; `evenement` makes it, as far as the script reads it.
    ///
    /// # Errors
    /// When the script throws, exceeds a limit or answers something else than a list of messages.
    pub fn accuses<'s>(
        &self,
        evenement: impl FnOnce(&Extent) -> Shown<'s>,
    ) -> Result<Vec<AccuseMessage>, ScriptError> {
        let call = self.accuses.call(&ACCUSE);
        let answer = self.call(&self.accuses, &call, |[extent]| [evenement(extent)])?;
        let list = answer.into_array().map_err(|_| {
            call.shape("une liste de messages #{a: …, modele: …}, vide s'il n'y en a pas")
        })?;
        if list.len() > MAX_MESSAGES {
            return Err(call.error(format!("plus de {MAX_MESSAGES} messages")));
        }
        list.into_iter()
            .map(|message| call.message(message))
            .collect()
    }

    /// Where the function that finds managers stands; 0 where that is not known.
    #[must_use]
    pub fn gestionnaire_line(&self) -> u32 {
        self.gestionnaire.line
    }

    /// Where the function that asks for e-mails stands; 0 where that is not known.
    #[must_use]
    pub fn accuses_line(&self) -> u32 {
        self.accuses.line
    }

    /// What is wrong with the addressee of a message, where it is none.
    #[must_use]
    pub fn misaddressed(&self, message: &AccuseMessage) -> Option<ScriptError> {
        let call = self.accuses.call(&ACCUSE);
        Some(ScriptError {
            misshapen: false,
            ..call.error(addressee::fault(&message.a)?)
        })
    }

    /// The templates that `accuses` names outright.
    #[must_use]
    pub fn named_templates(&self) -> Vec<NamedTemplate> {
        check::templates(&self.accuses.ast)
    }

    fn call<'s, const N: usize>(
        &self,
        script: &Script<N>,
        call: &Call,
        arguments: impl FnOnce(&[Extent; N]) -> [Shown<'s>; N],
    ) -> Result<Dynamic, ScriptError> {
        let arguments = arguments(&script.read).map(to_script);
        self.engine
            .call_fn_with_options::<Dynamic>(
                CallFnOptions::new(),
                &mut Scope::new(),
                &script.ast,
                call.function,
                arguments,
            )
            .map_err(|error| call.failed(&error, &script.loops))
    }
}

fn engine() -> Engine {
    let mut engine = Engine::new();
    engine
        // Folded constants would hide from the checks what the script names.
        .set_optimization_level(OptimizationLevel::None)
        .set_max_operations(MAX_OPERATIONS)
        .set_max_call_levels(32)
        .set_max_expr_depths(64, 64)
        .set_max_string_size(MAX_STRING_BYTES)
        .set_max_array_size(1_000)
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
        .register_fn(check::SLEEP, |_: rhai::INT| no_sleep())
        .register_fn(check::SLEEP, |_: rhai::FLOAT| no_sleep());
    // What a script prints may hold a tenant's data: it goes nowhere.
    engine.on_print(|_| {}).on_debug(|_, _, _| {});
    engine
}

/// A script that waits would keep a tenant waiting, and everybody behind.
fn no_sleep() -> Result<(), Box<EvalAltResult>> {
    Err("« sleep » est interdit : un script n'attend pas".into())
}

fn compile_one<const N: usize>(
    engine: &Engine,
    entry: &Entry<N>,
    text: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<Script<N>> {
    let Entry {
        file,
        function,
        parameters,
    } = *entry;
    let before = faults.len();
    let ast = parse(engine, text, file, faults)?;
    check::calls(engine, &ast, file, faults);
    let line = line_of(text, function);
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
                    words::counted(wanted, "paramètre")
                ),
            ),
            (None, Some(near)) => (
                line_of(text, near),
                format!("la fonction « {function} » manque : est-ce « {near} », mal écrite ?"),
            ),
            (None, None) => (0, format!("la fonction « {function} » manque")),
        };
        faults.push(Diagnostic::at(code::SCRIPT, file, line, 0, message));
    }
    if faults.len() > before {
        return None;
    }
    check::fields(&ast, function, &parameters, file, faults);
    let read = reads::of(&ast, function);
    let loops = check::loops(&ast);
    Some(Script {
        ast,
        line,
        read,
        loops,
    })
}

/// Unknown names of one script that are told at once.
const MOST_UNKNOWN: usize = 20;

/// Parses a script. The engine stops at the first name that it does not know; each is told, and taken for a text
/// from there on, so that the others and the calls can be looked at, too.
fn parse(engine: &Engine, text: &str, file: &str, faults: &mut Vec<Diagnostic>) -> Option<AST> {
    let mut text = text.to_owned();
    let mut last = 0;
    for _ in 0..MOST_UNKNOWN {
        let error = match engine.compile(&text) {
            Ok(ast) => return Some(ast),
            Err(error) => error,
        };
        let (line, column) = position(error.position());
        let kind = error.err_type();
        // What fails on the same line may fail for what now stands there.
        if line != last || matches!(kind, ParseErrorType::VariableUndefined(_)) {
            let found = slips::find(kind, &text, (line, column));
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

/// Where a function begins: the engine does not say, its text does. 0 where it is too unusual.
fn line_of(text: &str, function: &str) -> u32 {
    let begins = |line: &str| {
        let rest = line.trim_start().strip_prefix("fn ");
        let rest = rest.and_then(|rest| rest.trim_start().strip_prefix(function));
        rest.is_some_and(|rest| rest.trim_start().starts_with('('))
    };
    text.lines().position(begins).map_or(0, |at| clamp(at + 1))
}

/// A function that the daemon calls.
struct Entry<const N: usize> {
    file: &'static str,
    function: &'static str,
    /// The fields of each parameter.
    parameters: [&'static [&'static str]; N],
}

const AFFECTER: Entry<3> = Entry {
    file: GESTIONNAIRE,
    function: "affecter",
    parameters: [&view::SIGNALEMENT, &view::RESIDENCE, &view::QUALIFICATION],
};

const ACCUSE: Entry<1> = Entry {
    file: ACCUSES,
    function: "accuses",
    parameters: [&view::EVENEMENT],
};

/// A compiled script, whose function takes so many parameters.
#[derive(Debug)]
struct Script<const N: usize> {
    ast: AST,
    /// Where its function stands, from 1; 0 where its text is too unusual to tell.
    line: u32,
    /// How much of each parameter it reads.
    read: [Extent; N],
    /// The lines of its loops that may have no end.
    loops: Vec<u32>,
}

impl<const N: usize> Script<N> {
    fn call(&self, entry: &Entry<N>) -> Call {
        Call {
            file: entry.file,
            function: entry.function,
            line: (self.line > 0).then_some(self.line),
        }
    }
}

/// The call under way, for error messages.
struct Call {
    file: &'static str,
    function: &'static str,
    line: Option<u32>,
}

impl Call {
    fn error(&self, message: String) -> ScriptError {
        ScriptError {
            file: self.file,
            function: self.function,
            line: self.line,
            message,
            misshapen: true,
        }
    }

    fn shape(&self, wanted: &str) -> ScriptError {
        self.error(format!("le résultat doit être {wanted}"))
    }

    /// The engine forgets in which loop it was: where there is one alone, it is known.
    fn failed(&self, error: &EvalAltResult, loops: &[u32]) -> ScriptError {
        let inner = error.unwrap_inner();
        let known = inner.position().line().or(error.position().line());
        let endless = matches!(inner, EvalAltResult::ErrorTooManyOperations(_));
        let (line, message) = match loops {
            [line] if endless => (
                Some(*line),
                "trop d'opérations : cette boucle ne finit pas, ou trop tard".to_owned(),
            ),
            [_, ..] if endless => (None, words::endless(self.function, loops)),
            _ => (known.map(clamp), words::of_failure(inner)),
        };
        ScriptError {
            file: self.file,
            function: self.function,
            line: line.or(self.line),
            message,
            misshapen: false,
        }
    }

    fn gestionnaire(&self, answer: &mut Map, key: &str) -> Result<Gestionnaire, ScriptError> {
        let who = answer
            .remove(key)
            .and_then(Dynamic::try_cast::<Map>)
            .ok_or_else(|| {
                self.error(format!(
                    "« {key} » doit être un gestionnaire #{{type, identifiant, nom, email}}"
                ))
            })?;
        let [mut kind, mut identifiant, mut nom, mut email] = [const { None }; 4];
        for (field, value) in who {
            let place = match field.as_str() {
                "type" => &mut kind,
                "identifiant" => &mut identifiant,
                "nom" => &mut nom,
                "email" => &mut email,
                _ => continue,
            };
            *place = value.into_string().ok();
        }
        let text = |found: Option<String>, field: &str| {
            found.ok_or_else(|| self.error(format!("« {key}.{field} » doit être un texte")))
        };
        Ok(Gestionnaire {
            r#type: text(kind, "type")?,
            identifiant: text(identifiant, "identifiant")?,
            nom: text(nom, "nom")?,
            email: text(email, "email")?,
        })
    }

    fn message(&self, message: Dynamic) -> Result<AccuseMessage, ScriptError> {
        let mut map = message
            .try_cast::<Map>()
            .ok_or_else(|| self.shape("une liste de messages #{a: …, modele: …}"))?;
        let mut text = |field: &str| {
            map.remove(field)
                .and_then(|value| value.into_string().ok())
                .filter(|text| !text.trim().is_empty())
                .ok_or_else(|| self.error(format!("« {field} » d'un message doit être un texte")))
        };
        let (a, modele) = (text(A)?, text(MODELE)?);
        let values = map
            .into_iter()
            .map(|(key, value)| (key.to_string(), from_script(value)))
            .collect();
        Ok(AccuseMessage { a, modele, values })
    }
}

/// A value as scripts see it.
fn to_script(shown: Shown<'_>) -> Dynamic {
    match shown {
        Shown::Nothing => Dynamic::UNIT,
        Shown::Text(it) => Dynamic::from(ImmutableString::from(it)),
        Shown::Flag(it) => Dynamic::from_bool(it),
        Shown::Count(it) => Dynamic::from_int(i64::try_from(it).unwrap_or(i64::MAX)),
        Shown::Json(it) => of_json(it),
        Shown::Fields(all) | Shown::Entries(all) => {
            // One after the other: collected, they would be sorted in a list of their own first.
            let mut map = Map::new();
            for (key, it) in all {
                map.insert(key.into(), to_script(it));
            }
            Dynamic::from_map(map)
        }
    }
}

fn of_json(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(it) => Dynamic::from_bool(*it),
        Value::Number(it) => match it.as_i64() {
            Some(integer) => Dynamic::from_int(integer),
            None => Dynamic::from_float(it.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(it) => to_script(Shown::Text(it)),
        Value::Array(items) => Dynamic::from_array(items.iter().map(of_json).collect()),
        Value::Object(entries) => {
            let all = entries.iter().map(|(key, it)| (key.into(), of_json(it)));
            Dynamic::from_map(all.collect())
        }
    }
}

fn from_script(value: Dynamic) -> Value {
    if value.is_unit() {
        Value::Null
    } else if let Ok(it) = value.as_bool() {
        Value::Bool(it)
    } else if let Ok(it) = value.as_int() {
        Value::from(it)
    } else if let Ok(it) = value.as_float() {
        Number::from_f64(it).map_or(Value::Null, Value::Number)
    } else if value.is_array() {
        let items = value.into_array().unwrap_or_default();
        Value::Array(items.into_iter().map(from_script).collect())
    } else if value.is_map() {
        let entries = value.try_cast::<Map>().unwrap_or_default();
        entries
            .into_iter()
            .map(|(key, value)| (key.to_string(), from_script(value)))
            .collect()
    } else {
        Value::String(value.to_string())
    }
}

/// Line and column from 1; 0 for none.
fn position(at: Position) -> (u32, u32) {
    (at.line().map_or(0, clamp), at.position().map_or(0, clamp))
}

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
