//! The Rhai scripts that admins write: `gestionnaire.rhai` and `accuses.rhai`.
//!
//! The only module that uses rhai. Scripts are pure: they receive maps and return maps, and cannot reach a file, a
//! clock, the network or another script. Every resource they use is limited, since Rhai limits few by default.
//! `syntax` explains what the engine refuses; `validate` and `lint` add the checks that it does not make.

mod analysis;
mod answer;
mod compile;
mod dates;
mod lint;
mod operations;
mod syntax;
mod validate;
mod values;
mod wanted;
mod words;

pub use analysis::message_keys::MessageKey;

use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Position, Scope};
use serde_json::{Map, Value};

use self::analysis::loops::Loops;
use self::analysis::{message_keys, uses};
use self::answer::Call;
use self::compile::{compile_one, engine};
use self::values::to_script;
use crate::domain::referentiel::Gestionnaire;
use crate::rules::addressee;
use crate::rules::compared::Compared;
use crate::rules::diagnostic::Diagnostic;
use crate::rules::extent::Extent;
use crate::rules::finding::Finding;
use crate::rules::place::{Located, place_of};
use crate::rules::view::Shown;
use crate::rules::written::Written;

/// The script that chooses the manager concerned and the manager in charge.
pub const GESTIONNAIRE: &str = "gestionnaire.rhai";
/// The script that decides which e-mails are sent.
pub const ACCUSES: &str = "accuses.rhai";

/// Key of the manager concerned in `affecter`'s result.
const GESTIONNAIRE_CONCERNE: &str = "gestionnaire_concerne";
/// Key of the manager in charge in `affecter`'s result.
const ACTEUR_EN_CHARGE: &str = "acteur_en_charge";
/// Key of a message's addressee.
pub(super) const A: &str = "a";
/// Key of a message's template.
pub(super) const MODELE: &str = "modele";
/// Maximum number of e-mails that one event may cause.
const MAX_MESSAGES: usize = 20;

/// The compiled scripts of one version.
#[derive(Debug)]
pub struct Scripts {
    engine: Engine,
    gestionnaire: Script<3>,
    accuses: Script<1>,
}

/// The two managers that `affecter` returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affectation {
    /// The manager of the type the qualification asks for.
    pub gestionnaire_concerne: Gestionnaire,
    /// The manager in charge of the demande.
    pub acteur_en_charge: Gestionnaire,
}

/// One e-mail that `accuses` asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct AccuseMessage {
    /// The addressee; empty if the data has no address.
    pub a: String,
    /// Name of a file in `modeles/`, without its extension.
    pub modele: String,
    /// The message's other keys, for the template.
    pub values: Map<String, Value>,
}

/// A script's failure on one input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, fonction {function}{} : {message}", .line.map(|line| format!(", ligne {line}")).unwrap_or_default())]
pub struct ScriptError {
    /// File name of the script.
    pub file: &'static str,
    /// The function that the daemon called.
    pub function: &'static str,
    /// The line, from 1, if the engine knows it.
    pub line: Option<u32>,
    /// What went wrong, in French; for a `throw`, the script's own text.
    pub message: String,
    /// The script finished but returned an invalid result; no input would make it valid.
    pub misshapen: bool,
    /// The script cannot handle a value of this type, such as a string instead of a number.
    pub unfit: bool,
    /// A limit stopped the script; such a run takes far longer than any other outcome.
    pub at_limit: bool,
}

impl Scripts {
    /// Compiles both scripts and checks that each defines its function. The templates that `accuses` names as literals
    /// are added to `named` even if something else is wrong.
    pub fn compile(
        gestionnaire: &str,
        accuses: &str,
        named: &mut Vec<Located>,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let engine = engine();
        // This script requests no e-mails.
        let gestionnaire = compile_one(&engine, &AFFECTER, gestionnaire, &mut Vec::new(), faults);
        let accuses = compile_one(&engine, &ACCUSE, accuses, named, faults);
        Some(Self {
            gestionnaire: gestionnaire?,
            accuses: accuses?,
            engine,
        })
    }

    /// Calls `affecter(signalement, residence, qualification)`; `arguments` builds only the parts the script reads.
    ///
    /// # Errors
    /// If the script throws, exceeds a limit or does not return two managers.
    pub fn affecter<'s>(
        &self,
        arguments: impl FnOnce(&[Extent; 3]) -> [Shown<'s>; 3],
    ) -> Result<Affectation, ScriptError> {
        let call = self.gestionnaire.call(&AFFECTER);
        let answer = self.call(&self.gestionnaire, &call, arguments)?;
        call.affectation(answer)
    }

    /// Calls `accuses(evenement)`; `evenement` builds only the parts the script reads.
    ///
    /// If the script throws, exceeds a limit or does not return a list, there are no messages, only the error. If one
    /// message is invalid, the others are returned along with the error.
    pub fn accuses<'s>(
        &self,
        evenement: impl FnOnce(&Extent) -> Shown<'s>,
    ) -> (Vec<AccuseMessage>, Option<ScriptError>) {
        let call = self.accuses.call(&ACCUSE);
        self.call(&self.accuses, &call, |[extent]| [evenement(extent)])
            .and_then(|answer| call.messages(answer))
            .unwrap_or_else(|error| (Vec::new(), Some(error)))
    }

    /// Line of `affecter`, from 1; 0 if unknown.
    #[must_use]
    pub fn gestionnaire_line(&self) -> u32 {
        self.gestionnaire.line
    }

    /// Line of `accuses`, from 1; 0 if unknown.
    #[must_use]
    pub fn accuses_line(&self) -> u32 {
        self.accuses.line
    }

    /// What is wrong with a message's addressee, if it is not a valid one.
    #[must_use]
    pub fn misaddressed(&self, message: &AccuseMessage) -> Option<ScriptError> {
        let call = self.accuses.call(&ACCUSE);
        Some(ScriptError {
            misshapen: false,
            ..call.error(addressee::fault(&message.a)?)
        })
    }

    /// The templates that `accuses` names as literals.
    #[must_use]
    pub fn named_templates(&self) -> Vec<Located> {
        uses::templates(&self.accuses.ast)
    }

    /// The strings that the scripts compare with their input.
    pub fn compared(&self) -> impl Iterator<Item = &Compared> {
        let gestionnaire = self.gestionnaire.compared.iter();
        gestionnaire.chain(&self.accuses.compared)
    }

    /// The literals and names in `gestionnaire.rhai`.
    #[must_use]
    pub fn written_in_gestionnaire(&self) -> &Written {
        &self.gestionnaire.written
    }

    /// The literals and names in `accuses.rhai`.
    #[must_use]
    pub fn written_in_accuses(&self) -> &Written {
        &self.accuses.written
    }

    /// Message keys that only a template could read.
    #[must_use]
    pub fn message_keys(&self) -> Vec<MessageKey> {
        message_keys::of(&self.accuses.ast)
    }

    /// The manager types that `affecter` names as literals.
    #[must_use]
    pub fn named_managers(&self) -> Vec<Located> {
        uses::managers(&self.gestionnaire.ast)
    }

    /// Whether `affecter` builds managers itself or modifies those it finds.
    #[must_use]
    pub fn makes_managers(&self) -> bool {
        uses::makes_managers(&self.gestionnaire.ast)
    }

    fn call<'s, const N: usize>(
        &self,
        script: &Script<N>,
        call: &Call,
        arguments: impl FnOnce(&[Extent; N]) -> [Shown<'s>; N],
    ) -> Result<Dynamic, ScriptError> {
        let arguments = arguments(&script.read).map(to_script);
        let run = || {
            self.engine
                .call_fn_with_options::<Dynamic>(
                    CallFnOptions::new(),
                    &mut Scope::new(),
                    &script.ast,
                    call.function,
                    arguments,
                )
                .map_err(|error| call.failed(&error, script))
        };
        let stopped = || {
            let error = EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE);
            call.failed(&error, script)
        };
        operations::of(run, stopped)
    }
}

/// A function that the daemon calls.
struct Entry<const N: usize> {
    file: &'static str,
    function: &'static str,
    /// The contract's name for each parameter.
    parameters: [&'static str; N],
    /// The words for a result, as in « manque … », and its required keys.
    keys: (&'static str, [&'static str; 2]),
    /// Reports literal results that are invalid.
    results: validate::results::Check,
}

const AFFECTER: Entry<3> = Entry {
    file: GESTIONNAIRE,
    function: "affecter",
    parameters: ["signalement", "residence", "qualification"],
    keys: ("au résultat", [GESTIONNAIRE_CONCERNE, ACTEUR_EN_CHARGE]),
    results: validate::results::of_affecter,
};

const ACCUSE: Entry<1> = Entry {
    file: ACCUSES,
    function: "accuses",
    parameters: ["evenement"],
    keys: ("à un message", [A, MODELE]),
    results: validate::results::of_accuses,
};

/// A compiled script whose function takes `N` parameters.
#[derive(Debug)]
struct Script<const N: usize> {
    ast: AST,
    /// Line of its function, from 1; 0 if unknown.
    line: u32,
    /// How much of each parameter it reads.
    read: [Extent; N],
    loops: Loops,
    /// The strings it compares with its input.
    compared: Vec<Compared>,
    /// Reads of fields that never exist.
    absent: Vec<Remark>,
    /// Positions of its computed keys.
    computed_keys: Vec<Position>,
    /// The literals and names in it.
    written: Written,
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

/// A remark about a place in a script.
type Remark = Finding<Position>;

/// Line and column, from 1; 0 if unknown.
fn position(at: Position) -> (u32, u32) {
    (at.line().map_or(0, clamp), at.position().map_or(0, clamp))
}

/// The position of a byte of a script.
fn position_of(text: &str, at: usize) -> Position {
    let (line, column) = place_of(text, at);
    let [line, column] = [line, column].map(|it| u16::try_from(it).unwrap_or(u16::MAX));
    Position::new(line, column)
}

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
