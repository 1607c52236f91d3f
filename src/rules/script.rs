//! What admins write in Rhai: `gestionnaire.rhai` and `accuses.rhai`.
//!
//! The only room that names rhai. Scripts are pure: they see maps and give maps back; they cannot
//! reach a file, a clock, the network or another script, and every resource that they use has a
//! limit, since Rhai has none by default on most. What is told to their authors beyond what the engine says is `lint`'s.

mod analysis;
mod answer;
mod compile;
mod dates;
mod lint;
mod syntax;
mod validate;
mod values;
mod wanted;
mod words;

pub use lint::OwnKey;

use rhai::{AST, CallFnOptions, Dynamic, Engine, Position, Scope};
use serde_json::{Map, Value};

use self::analysis::uses;
use self::answer::Call;
use self::compile::{compile_one, engine};
use self::values::to_script;
use crate::domain::referentiel::Gestionnaire;
use crate::rules::addressee;
use crate::rules::compared::Compared;
use crate::rules::diagnostic::Diagnostic;
use crate::rules::extent::Extent;
use crate::rules::place::Located;
use crate::rules::view::Shown;
use crate::rules::written::Written;

/// The script that finds who is concerned and who acts.
pub const GESTIONNAIRE: &str = "gestionnaire.rhai";
/// The script that says which e-mails go out.
pub const ACCUSES: &str = "accuses.rhai";

/// The key of `affecter`'s answer for the manager who is concerned.
const GESTIONNAIRE_CONCERNE: &str = "gestionnaire_concerne";
/// The key of `affecter`'s answer for the manager who acts.
const ACTEUR_EN_CHARGE: &str = "acteur_en_charge";
/// The key of a message that names its addressee.
pub(super) const A: &str = "a";
/// The key of a message that names its template.
pub(super) const MODELE: &str = "modele";
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
    /// The addressee; empty where the data has no address.
    pub a: String,
    /// Name of a file in `modeles/`, without its ending.
    pub modele: String,
    /// The message's other keys, for the template.
    pub values: Map<String, Value>,
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
    /// It does not work with a value of this kind, as with a text in the place of a number.
    pub unfit: bool,
    /// It went on until a limit ended it, which takes far longer than anything else that it may come to.
    pub at_limit: bool,
}

impl Scripts {
    /// Compiles both scripts and checks that each has its function; `named` gets the templates that `accuses` names
    /// outright, whatever else is wrong.
    pub fn compile(
        gestionnaire: &str,
        accuses: &str,
        named: &mut Vec<Located>,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let engine = engine();
        // This one asks for no e-mail.
        let gestionnaire = compile_one(&engine, &AFFECTER, gestionnaire, &mut Vec::new(), faults);
        let accuses = compile_one(&engine, &ACCUSE, accuses, named, faults);
        if let Some(accuses) = &accuses {
            lint::addressees(&accuses.ast, ACCUSES, faults);
            lint::reserved_keys(&accuses.ast, ACCUSES, faults);
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
        call.affectation(answer)
    }

    /// Calls `accuses(evenement)`; `evenement` makes it, as far as the script reads it.
    ///
    /// The error is beside no message where the script throws, exceeds a limit or answers something else than a list;
    /// beside all others where a message is none.
    pub fn accuses<'s>(
        &self,
        evenement: impl FnOnce(&Extent) -> Shown<'s>,
    ) -> (Vec<AccuseMessage>, Option<ScriptError>) {
        let call = self.accuses.call(&ACCUSE);
        self.call(&self.accuses, &call, |[extent]| [evenement(extent)])
            .and_then(|answer| call.messages(answer))
            .unwrap_or_else(|error| (Vec::new(), Some(error)))
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
    pub fn named_templates(&self) -> Vec<Located> {
        uses::templates(&self.accuses.ast)
    }

    /// The texts that the scripts compare with what they are given.
    pub fn compared(&self) -> impl Iterator<Item = &Compared> {
        let gestionnaire = self.gestionnaire.compared.iter();
        gestionnaire.chain(&self.accuses.compared)
    }

    /// What stands written out in the script that finds managers.
    #[must_use]
    pub fn written_in_gestionnaire(&self) -> &Written {
        &self.gestionnaire.written
    }

    /// What stands written out in the script that asks for e-mails.
    #[must_use]
    pub fn written_in_accuses(&self) -> &Written {
        &self.accuses.written
    }

    /// Keys of messages that nobody but a template could read.
    #[must_use]
    pub fn own_keys(&self) -> Vec<OwnKey> {
        lint::own_keys(&self.accuses.ast)
    }

    /// The kinds of managers that `affecter` names outright.
    #[must_use]
    pub fn named_managers(&self) -> Vec<Located> {
        uses::managers(&self.gestionnaire.ast)
    }

    /// Whether `affecter` writes managers out itself, or changes those that it finds.
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
        self.engine
            .call_fn_with_options::<Dynamic>(
                CallFnOptions::new(),
                &mut Scope::new(),
                &script.ast,
                call.function,
                arguments,
            )
            .map_err(|error| call.failed(&error, script))
    }
}

/// A function that the daemon calls.
struct Entry<const N: usize> {
    file: &'static str,
    function: &'static str,
    /// How the contract calls each parameter.
    parameters: [&'static str; N],
    /// What an answer is made of, as in « manque … », and the keys that it cannot do without.
    keys: (&'static str, [&'static str; 2]),
    /// Notes the results that are written out and are none.
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

/// A compiled script, whose function takes so many parameters.
#[derive(Debug)]
struct Script<const N: usize> {
    ast: AST,
    /// Where its function stands, from 1; 0 where nobody knows.
    line: u32,
    /// How much of each parameter it reads.
    read: [Extent; N],
    /// The lines of its loops that may have no end.
    loops: Vec<u32>,
    /// The texts that it compares with what it is given.
    compared: Vec<Compared>,
    /// What it reads and is never there.
    absent: Vec<Remark>,
    /// Where its keys stand that are computed.
    computed_keys: Vec<Position>,
    /// What stands written out in it.
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

/// What is told of a script, and where it belongs.
type Remark = (Position, String);

/// Line and column from 1; 0 for none.
fn position(at: Position) -> (u32, u32) {
    (at.line().map_or(0, clamp), at.position().map_or(0, clamp))
}

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
