//! The rules and reference data of one version, compiled, with the source lines of each of them.
//!
//! Only [`compile`](super::compile()) builds a generation, and it never changes afterwards.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::vocabulary::words;
use crate::domain::ports::FileSet;
use crate::domain::referentiel::Referentiel;
use crate::rules::connector::{Connector, Operation, Partner, SecretNames};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::layout;
use crate::rules::pace::Pace;
use crate::rules::script::Scripts;
use crate::rules::template::Templates;

/// The file of SoWell's words for priorities.
pub const PRIORITES: &str = "priorites.yaml";
/// The file of the landlord's qualifications.
pub const QUALIFICATIONS: &str = "qualifications.yaml";
/// The file that says which signalements are sent to the CRM.
pub const TRANSMISSION: &str = "transmission.yaml";
/// The file of the table of statuses.
pub const STATUTS: &str = "statuts.yaml";

/// A file's name and its bytes.
type File<'f> = (&'f String, &'f Vec<u8>);

/// Rules and reference data that were accepted together; each decision uses one generation throughout.
#[derive(Debug, Clone)]
pub struct Generation {
    /// The version: a hexadecimal digest of the files.
    pub version: String,
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// The reference data.
    pub referentiel: Arc<Referentiel>,
    /// Whether there are cases to check an edit with.
    pub(super) has_cases: bool,
    pub(super) rules_digest: String,
    pub(super) referentiel_digest: String,
}

impl Generation {
    /// The same rules with different reference data, for a case with its own residences.
    #[must_use]
    pub fn with_referentiel(&self, referentiel: Arc<Referentiel>) -> Self {
        Self {
            referentiel,
            ..self.clone()
        }
    }
}

/// The compiled rules.
#[derive(Debug)]
pub struct RuleSet {
    /// By SoWell's word: the CRM's word and its line.
    pub priorites: BTreeMap<String, Word>,
    /// The qualifications by code.
    pub qualifications: HashMap<String, Qualification>,
    /// Which signalements are sent to the CRM.
    pub transmission: Transmission,
    /// The table of statuses.
    pub statuts: Statuts,
    /// The Rhai scripts.
    pub scripts: Scripts,
    /// The templates.
    pub templates: Templates,
    /// The connectors by partner; that of the CRM only if there is a file for it.
    pub connectors: BTreeMap<Partner, Connector>,
    /// How fast these rules have been.
    pub pace: Pace,
}

impl RuleSet {
    /// The words that fields of a demande can have, by field; each list is sorted.
    #[must_use]
    pub fn words_of_demandes(&self) -> Vec<(&'static str, Vec<&str>)> {
        let mut all = [
            ("statut", vec![self.statuts.first()]),
            ("canal", vec![self.statuts.channel()]),
            ("priorite", self.priorites_of_the_crm()),
            ("workflow", self.workflows()),
            ("qualification", self.codes()),
        ]
        .map(|(field, given)| (field, words(given)));
        for (_, words) in &mut all {
            words.sort_unstable();
            words.dedup();
        }
        all.into()
    }

    /// Whether a connector fetches the managers of residences from the CRM; they are then unknown until it does.
    #[must_use]
    pub fn asks_the_crm_for_managers(&self) -> bool {
        let mut all = self.connectors.values();
        all.any(|it| it.has(Operation::Gestionnaires))
    }

    /// What the settings and the connectors need of each other and lack: a file for each partner that is called, and
    /// the secrets that a connector uses. For partners that are not called yet, a missing secret is only a remark.
    #[must_use]
    pub fn unmet(&self, known: &SecretNames) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        for partner in &known.called {
            if !self.connectors.contains_key(partner) {
                let message = "ce fichier manque : les réglages confient les demandes à un CRM \
                               (crm.kind: rest), et rien ne dit comment l'appeler";
                faults.push(Diagnostic::file(
                    code::FILE_MISSING,
                    partner.file(),
                    message,
                ));
            }
        }
        for (partner, connector) in &self.connectors {
            faults.extend(connector.note_signature(&known.no_keys));
            let mut unknown = Vec::new();
            connector.check_secrets(&known.names, &mut unknown);
            faults.extend(unknown.into_iter().map(|fault| {
                if known.called.contains(partner) {
                    fault
                } else {
                    fault.as_warning()
                }
            }));
        }
        faults
    }
}

/// A word of the CRM or of SoWell, and the line that gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Line in its file.
    pub line: u32,
}

/// A category of signalements, as the landlord treats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qualification {
    /// Code shared with SoWell.
    pub code: String,
    /// Name shown to people.
    pub libelle: String,
    /// The type of manager it asks for.
    pub type_gestionnaire: String,
    /// Line and column of `type_gestionnaire`.
    pub type_at: (u32, u32),
    /// The CRM's procedure.
    pub workflow: String,
    /// Line of `workflow`.
    pub workflow_line: u32,
    /// Line in `qualifications.yaml`.
    pub line: u32,
}

/// Which signalements are forwarded; one mode that accepts is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmission {
    /// Modes in force, with their lines.
    pub modes: Vec<(Mode, u32)>,
    /// Codes for [`Mode::Categories`], with their lines.
    pub categories: BTreeMap<String, u32>,
}

/// A mode in which a signalement is accepted for the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Mode {
    /// Every signalement.
    Tous,
    /// Those of the listed categories.
    Categories,
    /// Those whose author asked for forwarding.
    Auteur,
    /// Those for which a manager of SoWell asked for it.
    Manager,
}

impl Mode {
    /// The word in `transmission.yaml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The compiled `statuts.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuts {
    /// The status of a new demande in the CRM.
    pub initial: Word,
    /// The channel of demandes that come from SoWell.
    pub canal: String,
    /// SoWell's status by CRM status.
    pub table: BTreeMap<String, Correspondance>,
    /// CRM statuses that are not sent to SoWell, with their lines.
    pub ignorer: BTreeMap<String, u32>,
}

/// How one CRM status is translated for SoWell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correspondance {
    /// Line in `statuts.yaml`.
    pub line: u32,
    /// The SoWell status, or how to determine it.
    pub target: Target,
}

/// The right side of a line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Always this word.
    Fixed(String),
    /// A word for each value of a different field.
    Selon {
        /// The field of the event.
        field: String,
        /// Its known values.
        values: BTreeMap<String, Word>,
    },
}

/// The version of these files. Files and folders that only cause remarks do not change it.
#[must_use]
pub fn version(rules: &FileSet, exports: &FileSet) -> String {
    let mut name = digest([read(rules), read_exports(exports)]);
    name.truncate(12);
    name
}

/// The rule files that are actually read.
pub(super) fn read(rules: &FileSet) -> Vec<File<'_>> {
    let all = rules.iter();
    all.filter(|(name, _)| layout::is_rule(name)).collect()
}

/// The exports that are actually read.
pub(super) fn read_exports(exports: &FileSet) -> Vec<File<'_>> {
    let all = exports.iter();
    all.filter(|(name, _)| layout::is_export(name)).collect()
}

pub(super) fn digest<'f>(sets: impl IntoIterator<Item = Vec<File<'f>>>) -> String {
    let mut hash = Sha256::new();
    for set in sets {
        hash.update((set.len() as u64).to_le_bytes());
        for (name, bytes) in set {
            for part in [name.as_bytes(), bytes] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
    }
    hex::encode(hash.finalize())
}
