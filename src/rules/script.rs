//! What admins write in Rhai: `gestionnaire.rhai` and `accuses.rhai`.
//!
//! The only file that names rhai. Scripts are pure: they see maps and give maps back; they cannot
//! reach a file, a clock, the network or another script, and every resource that they use has a
//! limit, since Rhai has none by default on most.

use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Map, ParseErrorType, Scope};
use serde_json::{Number, Value};

use crate::domain::ports::JsonObject;
use crate::domain::referentiel::Gestionnaire;
use crate::rules::diagnostic::{Diagnostic, code};

/// The script that finds who is concerned and who acts.
pub const GESTIONNAIRE: &str = "gestionnaire.rhai";
/// The script that says which e-mails go out.
pub const ACCUSES: &str = "accuses.rhai";

/// Operations of one call; a script of 20 lines takes a few hundred.
const MAX_OPERATIONS: u64 = 100_000;
/// A description of 20,000 characters of four bytes each must fit, three times over.
const MAX_STRING_BYTES: usize = 256 * 1024;
/// E-mails that one event may cause.
const MAX_MESSAGES: usize = 20;

/// The compiled scripts of one version.
#[derive(Debug)]
pub struct Scripts {
    engine: Engine,
    gestionnaire: AST,
    accuses: AST,
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
#[error("{file}, fonction {function}{}: {message}", .line.map(|line| format!(", ligne {line}")).unwrap_or_default())]
pub struct ScriptError {
    /// The script.
    pub file: &'static str,
    /// The function that was called.
    pub function: &'static str,
    /// The line, where the engine knows it.
    pub line: Option<u32>,
    /// What went wrong, in French; what the script threw, in its own words.
    pub message: String,
}

impl Scripts {
    /// Compiles both scripts and checks that each has its function.
    pub fn compile(
        gestionnaire: &str,
        accuses: &str,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let engine = engine();
        let gestionnaire = compile_one(&engine, GESTIONNAIRE, gestionnaire, "affecter", 3, faults);
        let accuses = compile_one(&engine, ACCUSES, accuses, "accuses", 1, faults);
        Some(Self {
            gestionnaire: gestionnaire?,
            accuses: accuses?,
            engine,
        })
    }

    /// Calls `affecter(signalement, residence, qualification)`.
    ///
    /// # Errors
    /// When the script throws, exceeds a limit or answers something else than two managers.
    pub fn affecter(
        &self,
        signalement: &Value,
        residence: &Value,
        qualification: &Value,
    ) -> Result<Affectation, ScriptError> {
        let call = Call {
            file: GESTIONNAIRE,
            function: "affecter",
        };
        let arguments = [signalement, residence, qualification].map(to_script);
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

    /// Calls `accuses(evenement)`.
    ///
    /// # Errors
    /// When the script throws, exceeds a limit or answers something else than a list of messages.
    pub fn accuses(&self, evenement: &Value) -> Result<Vec<AccuseMessage>, ScriptError> {
        let call = Call {
            file: ACCUSES,
            function: "accuses",
        };
        let answer = self.call(&self.accuses, &call, [to_script(evenement)])?;
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

    fn call<const N: usize>(
        &self,
        script: &AST,
        call: &Call,
        arguments: [Dynamic; N],
    ) -> Result<Dynamic, ScriptError> {
        let arguments: Vec<Dynamic> = arguments.into();
        self.engine
            .call_fn_with_options::<Dynamic>(
                CallFnOptions::new(),
                &mut Scope::new(),
                script,
                call.function,
                arguments,
            )
            .map_err(|error| call.failed(&error))
    }
}

fn engine() -> Engine {
    let mut engine = Engine::new();
    engine
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
    // What a script prints may hold a tenant's data: it goes nowhere.
    engine.on_print(|_| {}).on_debug(|_, _, _| {});
    engine
}

fn compile_one(
    engine: &Engine,
    file: &'static str,
    text: &str,
    function: &str,
    parameters: usize,
    faults: &mut Vec<Diagnostic>,
) -> Option<AST> {
    let ast = match engine.compile(text) {
        Ok(ast) => ast,
        Err(error) => {
            let line = error.position().line().map_or(0, clamp);
            let column = error.position().position().map_or(0, clamp);
            faults.push(Diagnostic::at(
                code::SCRIPT,
                file,
                line,
                column,
                explain_syntax(error.err_type()),
            ));
            return None;
        }
    };
    let found: Vec<usize> = ast
        .iter_functions()
        .filter(|it| it.name == function)
        .map(|it| it.params.len())
        .collect();
    if found.contains(&parameters) {
        return Some(ast);
    }
    // The engine does not say where a function stands; its text does.
    let begins = |line: &str| {
        let rest = line.trim_start().strip_prefix("fn ");
        rest.is_some_and(|rest| rest.trim_start().starts_with(function))
    };
    let line = text.lines().position(begins).map_or(0, |at| clamp(at + 1));
    let message = match found.first() {
        None => format!("la fonction « {function} » manque"),
        Some(other) => format!(
            "la fonction « {function} » doit avoir {parameters} paramètre(s), et non {other}"
        ),
    };
    faults.push(Diagnostic::at(code::SCRIPT, file, line, 0, message));
    None
}

fn explain_syntax(error: &ParseErrorType) -> String {
    match error {
        ParseErrorType::UnexpectedEOF => {
            "le script s'arrête trop tôt : une accolade ou une parenthèse n'est pas refermée".into()
        }
        ParseErrorType::VariableUndefined(name) => format!("variable inconnue : « {name} »"),
        ParseErrorType::Reserved(word) => format!("« {word} » est interdit ici"),
        ParseErrorType::MissingToken(token, _) => format!("il manque « {token} »"),
        ParseErrorType::FnDuplicatedDefinition(name, _) => {
            format!("la fonction « {name} » est définie deux fois")
        }
        ParseErrorType::BadInput(what) => match what.to_string() {
            text if text.contains("reserved") || text.contains("Reserved") => {
                format!("mot interdit ({text})")
            }
            text => format!("écriture incorrecte ({text})"),
        },
        other => format!("erreur de syntaxe ({other})"),
    }
}

/// The call under way, for error messages.
struct Call {
    file: &'static str,
    function: &'static str,
}

impl Call {
    fn error(&self, message: String) -> ScriptError {
        ScriptError {
            file: self.file,
            function: self.function,
            line: None,
            message,
        }
    }

    fn shape(&self, wanted: &str) -> ScriptError {
        self.error(format!("le résultat doit être {wanted}"))
    }

    fn failed(&self, error: &EvalAltResult) -> ScriptError {
        let inner = error.unwrap_inner();
        let line = inner.position().line().or(error.position().line());
        ScriptError {
            file: self.file,
            function: self.function,
            line: line.map(clamp),
            message: explain_failure(inner),
        }
    }

    fn gestionnaire(&self, answer: &mut Map, key: &str) -> Result<Gestionnaire, ScriptError> {
        let mut who = answer
            .remove(key)
            .and_then(rhai::Dynamic::try_cast::<Map>)
            .ok_or_else(|| {
                self.error(format!(
                    "« {key} » doit être un gestionnaire #{{type, identifiant, nom, email}}"
                ))
            })?;
        let mut text = |field: &str| {
            who.remove(field)
                .and_then(|value| value.into_string().ok())
                .ok_or_else(|| self.error(format!("« {key}.{field} » doit être un texte")))
        };
        Ok(Gestionnaire {
            r#type: text("type")?,
            identifiant: text("identifiant")?,
            nom: text("nom")?,
            email: text("email")?,
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
        let (a, modele) = (text("a")?, text("modele")?);
        let values = map
            .into_iter()
            .map(|(key, value)| (key.to_string(), from_script(value)))
            .collect();
        Ok(AccuseMessage { a, modele, values })
    }
}

fn explain_failure(error: &EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorRuntime(value, _) => value.to_string(),
        EvalAltResult::ErrorTooManyOperations(_) => {
            "trop d'opérations : une boucle qui ne finit pas ?".into()
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            "trop d'appels imbriqués : une fonction qui s'appelle sans fin ?".into()
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => format!("valeur trop grande ({what})"),
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("champ inconnu : « {name} »"),
        EvalAltResult::ErrorVariableNotFound(name, _) => format!("variable inconnue : « {name} »"),
        EvalAltResult::ErrorFunctionNotFound(name, _) => format!("fonction inconnue : {name}"),
        other => format!("erreur d'exécution ({other})"),
    }
}

fn to_script(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(it) => Dynamic::from_bool(*it),
        Value::Number(it) => match it.as_i64() {
            Some(integer) => Dynamic::from_int(integer),
            None => Dynamic::from_float(it.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(it) => Dynamic::from(it.clone()),
        Value::Array(items) => Dynamic::from_array(items.iter().map(to_script).collect()),
        Value::Object(entries) => Dynamic::from_map(
            entries
                .iter()
                .map(|(key, value)| (key.as_str().into(), to_script(value)))
                .collect(),
        ),
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

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    const SILENT: &str = "fn accuses(evenement) { [] }";

    fn compile(gestionnaire: &str, accuses: &str) -> (Option<Scripts>, Vec<Diagnostic>) {
        let mut faults = Vec::new();
        (Scripts::compile(gestionnaire, accuses, &mut faults), faults)
    }

    fn affecter(body: &str) -> Result<Affectation, ScriptError> {
        let text = format!("fn affecter(signalement, residence, qualification) {{\n{body}\n}}");
        let (scripts, faults) = compile(&text, SILENT);
        let scripts = scripts.unwrap_or_else(|| panic!("{faults:?}"));
        let who = json!({"type": "t", "identifiant": "T-1", "nom": "n", "email": "e"});
        scripts.affecter(
            &json!({"priorite": "high", "bien": null}),
            &json!({"gestionnaires": {"t": who}}),
            &json!({"type_gestionnaire": "t"}),
        )
    }

    #[test]
    fn a_script_reads_maps_and_answers_with_two_managers() {
        let got = affecter(
            "let g = residence.gestionnaires.get(qualification.type_gestionnaire);
             if signalement.bien != () { throw \"bien\" }
             #{gestionnaire_concerne: g, acteur_en_charge: g}",
        )
        .unwrap();
        assert_eq!(got.acteur_en_charge.identifiant, "T-1");
    }

    #[rstest]
    #[case("throw \"pas de responsable\"", Some(2), "pas de responsable")]
    #[case("loop { }", None, "trop d'opérations")]
    #[case("residence.gestionaires", Some(2), "champ inconnu")]
    #[case("nulle_part(1)", Some(2), "fonction inconnue")]
    #[case("let s = \"x\"; loop { s += s; }", None, "valeur trop grande")]
    #[case(
        "affecter(signalement, residence, qualification)",
        None,
        "trop d'appels"
    )]
    #[case("42", None, "le résultat doit être")]
    #[case(
        "#{gestionnaire_concerne: 1, acteur_en_charge: 2}",
        None,
        "doit être un gestionnaire"
    )]
    fn a_failing_script_says_what_and_where(
        #[case] body: &str,
        #[case] line: Option<u32>,
        #[case] words: &str,
    ) {
        let error = affecter(body).unwrap_err();
        assert!(error.message.contains(words), "{error}");
        assert_eq!(error.line, line, "{error}");
    }

    #[rstest]
    #[case("fn affecter(a, b, c) {\n  inconnue\n}", 2, "variable inconnue")]
    #[case("// ici\n  fn affecter(a, b) { 1 }", 2, "3 paramètre(s), et non 2")]
    #[case("fn afecter(a, b, c) { 1 }", 0, "manque")]
    #[case("fn affecter(a, b, c) {\n eval(\"1\") }", 2, "interdit")]
    #[case("import \"x\" as y;\nfn affecter(a, b, c) { 1 }", 1, "interdit")]
    fn a_faulty_script_never_compiles(#[case] text: &str, #[case] line: u32, #[case] words: &str) {
        let (scripts, faults) = compile(text, SILENT);
        assert!(scripts.is_none());
        assert_eq!(faults[0].line, line, "{faults:?}");
        assert!(faults[0].message.contains(words), "{faults:?}");
    }

    #[test]
    fn messages_keep_their_own_keys() {
        let accuses = "fn accuses(evenement) { if evenement.type == \"transmis\" { [#{a: \"x@y.fr\", modele: \"m\", n: [1, 2.5, true]}] } else { [] } }";
        let (scripts, _) = compile("fn affecter(a, b, c) { 1 }", accuses);
        let list = scripts
            .unwrap()
            .accuses(&json!({"type": "transmis"}))
            .unwrap();
        assert_eq!(list[0].modele, "m");
        assert_eq!(list[0].values["n"], json!([1, 2.5, true]));
    }
}
