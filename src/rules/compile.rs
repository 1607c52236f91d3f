//! From raw files to the one immutable [`Generation`] that decides.
//!
//! Architecture invariant: only a generation that compiled whole can run; there is no way to run
//! a raw file. All faults of all files are reported, never only the first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::domain::ports::FileSet;
use crate::domain::referentiel::Referentiel;
use crate::domain::signalement::hex;
use crate::domain::statut::SELON_FIELDS;
use crate::rules::case::Case;
use crate::rules::connector::{Connector, Partner, SecretNames};
use crate::rules::diagnostic::{Diagnostic, any_error, code, suggestion};
use crate::rules::pace::Pace;
use crate::rules::script::{self, Scripts};
use crate::rules::source::{self, Located, RawCorrespondance, RawStatuts, RawTransmission};
use crate::rules::template::{self, Templates};
use crate::rules::view::{Shown, sample_context};
use crate::rules::{case, layout, referentiel};

/// SoWell's words for priorities.
pub const PRIORITES: &str = "priorites.yaml";
/// The landlord's qualifications.
pub const QUALIFICATIONS: &str = "qualifications.yaml";
/// Which signalements go to the CRM.
pub const TRANSMISSION: &str = "transmission.yaml";
/// The table of statuses.
pub const STATUTS: &str = "statuts.yaml";

/// The call of the contract, for rules that say nothing of it.
const SHIPPED_SOWELL: &str = include_str!("../../rules/connecteurs/sowell.yaml");

/// Rules and reference data that were accepted together; one decision sees one of them.
#[derive(Debug, Clone)]
pub struct Generation {
    /// Names it: hexadecimal, the same for the same bytes.
    pub version: String,
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// The reference data.
    pub referentiel: Arc<Referentiel>,
    rules_digest: String,
    referentiel_digest: String,
}

impl Generation {
    /// The same rules on other reference data, for a case that brings its own.
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
    /// SoWell's word, the CRM's word and the line.
    pub priorites: BTreeMap<String, Word>,
    /// By code.
    pub qualifications: HashMap<String, Qualification>,
    /// What goes to the CRM.
    pub transmission: Transmission,
    /// The table of statuses.
    pub statuts: Statuts,
    /// The Rhai scripts.
    pub scripts: Scripts,
    /// The templates.
    pub templates: Templates,
    /// How the partners' APIs are called; the CRM's only where there is a file for it.
    pub connectors: BTreeMap<Partner, Connector>,
    /// How long they take.
    pub pace: Pace,
}

impl RuleSet {
    /// What is to be said of connectors that name a secret which the settings do not have.
    #[must_use]
    pub fn unknown_secrets(&self, known: &SecretNames) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        for partner in &known.called {
            if let Some(connector) = self.connectors.get(partner) {
                connector.check_secrets(&known.names, &mut faults);
            }
        }
        faults
    }
}

/// A word of the CRM or of SoWell and the line that gives it.
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
    /// Which kind of manager it asks for.
    pub type_gestionnaire: String,
    /// Line and column of `type_gestionnaire`.
    pub type_at: (u32, u32),
    /// The CRM's procedure.
    pub workflow: String,
    /// Line in `qualifications.yaml`.
    pub line: u32,
}

/// The four answers to "what does SoWell forward?"; one that accepts is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmission {
    /// Modes in force, with their lines.
    pub modes: Vec<(Mode, u32)>,
    /// Codes for [`Mode::Categories`], with their lines.
    pub categories: BTreeMap<String, u32>,
}

/// One way in which a signalement is accepted for the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every signalement.
    Tous,
    /// Those of some categories.
    Categories,
    /// Those whose author asked for it.
    Auteur,
    /// Those for which a manager asked.
    Manager,
}

impl Mode {
    const ALL: [Self; 4] = [Self::Tous, Self::Categories, Self::Auteur, Self::Manager];

    /// The word in `transmission.yaml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tous => "tous",
            Self::Categories => "categories",
            Self::Auteur => "auteur",
            Self::Manager => "manager",
        }
    }
}

/// The compiled `statuts.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuts {
    /// The CRM's first status.
    pub initial: Word,
    /// The channel of SoWell's demandes.
    pub canal: String,
    /// By CRM status.
    pub table: BTreeMap<String, Correspondance>,
    /// Statuses that SoWell is not told, with their lines.
    pub ignorer: BTreeMap<String, u32>,
}

/// What SoWell calls one CRM status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correspondance {
    /// Line in `statuts.yaml`.
    pub line: u32,
    /// The word, or how to find it.
    pub target: Target,
}

/// The right side of a line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Always this word.
    Fixed(String),
    /// A word for each value of another field.
    Selon {
        /// The field of the event.
        field: String,
        /// Its known values.
        values: BTreeMap<String, Word>,
    },
}

/// What an attempt may rely on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The generation in force: an unchanged export need not be read again.
    pub previous: Option<&'a Generation>,
    /// Rule files that were accepted before: where they come back unchanged, it is the exports
    /// that changed, and a case that fails for it is a remark.
    pub accepted_rules: Option<&'a FileSet>,
    /// The secrets that connectors can name; `None` where nobody knows.
    pub secrets: Option<&'a SecretNames>,
}

/// Compiles rules and reference data and runs the admins' cases.
///
/// The generation is there only where no diagnostic is an error.
#[must_use]
pub fn compile(
    rules: &FileSet,
    exports: &FileSet,
    known: Known<'_>,
) -> (Option<Generation>, Vec<Diagnostic>) {
    let referentiel_digest = digest(&[exports]);
    let unchanged = known
        .previous
        .filter(|it| it.referentiel_digest == referentiel_digest)
        .map(|it| Arc::clone(&it.referentiel));
    let read_rules = || {
        let (rule_set, mut diagnostics) = compile_rules(rules);
        let cases = read_cases(rules, &mut diagnostics);
        (rule_set, cases, diagnostics)
    };
    let read_exports = || match unchanged {
        Some(unchanged) => (Some(unchanged), Vec::new()),
        None => {
            let (referentiel, faults) = referentiel::read(exports);
            (referentiel.map(Arc::new), faults)
        }
    };
    let ((rule_set, cases, mut diagnostics), (referentiel, faults)) =
        rayon::join(read_rules, read_exports);
    diagnostics.extend(faults);
    let rules_digest = digest(&[rules]);
    let (Some(rule_set), Some(referentiel)) = (rule_set, referentiel) else {
        return (None, diagnostics);
    };
    note_absent_managers(&rule_set.qualifications, &referentiel, &mut diagnostics);
    for case in &cases {
        case.check_names(&rule_set.templates, &mut diagnostics);
    }
    let generation = Generation {
        version: version(rules, exports),
        rules: Arc::new(rule_set),
        referentiel,
        rules_digest,
        referentiel_digest,
    };
    let accepted = known.accepted_rules.map(|files| digest(&[files]));
    let in_force = known.previous.map(|it| it.rules_digest.clone());
    let rules_are_known = [accepted, in_force].contains(&Some(generation.rules_digest.clone()));
    let failures = cases.iter().flat_map(|case| case.run(&generation));
    let unknown = known.secrets.map(|it| generation.rules.unknown_secrets(it));
    for failure in failures.chain(unknown.into_iter().flatten()) {
        diagnostics.push(if rules_are_known {
            failure.as_warning()
        } else {
            failure
        });
    }
    let accepted = !any_error(&diagnostics);
    (accepted.then_some(generation), diagnostics)
}

fn read_cases(files: &FileSet, faults: &mut Vec<Diagnostic>) -> Vec<Case> {
    let names: Vec<&String> = files
        .keys()
        .filter(|name| name.starts_with(case::FOLDER) && layout::is_rule(name))
        .collect();
    let mut cases = Vec::new();
    for name in names {
        if let Some(text) = text(files, name, faults) {
            cases.extend(case::read(name, &text, faults));
        }
    }
    cases
}

/// The name of the version that these bytes make.
#[must_use]
pub fn version(rules: &FileSet, exports: &FileSet) -> String {
    let mut name = digest(&[rules, exports]);
    name.truncate(12);
    name
}

fn digest(sets: &[&FileSet]) -> String {
    let mut hash = Sha256::new();
    for set in sets {
        hash.update((set.len() as u64).to_le_bytes());
        for (name, bytes) in *set {
            for part in [name.as_bytes(), bytes] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
    }
    hex(&hash.finalize())
}

/// Compiles the rule files alone.
#[must_use]
pub fn compile_rules(files: &FileSet) -> (Option<RuleSet>, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    // First: a file that is misnamed is why another one is missing.
    layout::note_unread(files, &mut faults);
    let priorites = text(files, PRIORITES, &mut faults)
        .and_then(|text| source::priorites(PRIORITES, &text, &mut faults))
        .map(words);
    let qualifications = text(files, QUALIFICATIONS, &mut faults)
        .and_then(|text| source::qualifications(QUALIFICATIONS, &text, &mut faults))
        .map(compile_qualifications);
    let transmission = text(files, TRANSMISSION, &mut faults).and_then(|text| {
        let before = faults.len();
        let raw = source::transmission(TRANSMISSION, &text, &mut faults)?;
        compile_transmission(raw, qualifications.as_ref(), before, &mut faults)
    });
    let statuts = text(files, STATUTS, &mut faults).and_then(|text| {
        let before = faults.len();
        let raw = source::statuts(STATUTS, &text, &mut faults)?;
        compile_statuts(raw, before, &mut faults)
    });
    let gestionnaire = text(files, script::GESTIONNAIRE, &mut faults);
    let accuses = text(files, script::ACCUSES, &mut faults);
    let scripts = match (gestionnaire, accuses) {
        (Some(gestionnaire), Some(accuses)) => {
            Scripts::compile(&gestionnaire, &accuses, &mut faults)
        }
        _ => None,
    };
    let templates = Templates::compile(files, &mut faults);
    let connectors = compile_connectors(files, &mut faults);
    if let Some(scripts) = &scripts {
        try_scripts(scripts, &mut faults);
    }
    if let (Some(scripts), Some(templates)) = (&scripts, &templates) {
        check_named_templates(scripts, templates, &mut faults);
        try_mails(scripts, templates, &mut faults);
    }
    if let Some(statuts) = &statuts {
        note_twin_statuts(statuts, &mut faults);
    }
    let rules = (|| {
        Some(RuleSet {
            priorites: priorites?,
            qualifications: qualifications?,
            transmission: transmission?,
            statuts: statuts?,
            scripts: scripts?,
            templates: templates?,
            connectors,
            pace: Pace::default(),
        })
    })();
    (rules.filter(|_| !any_error(&faults)), faults)
}

/// A partner without a file has the one that is inside the binary, if any.
fn compile_connectors(
    files: &FileSet,
    faults: &mut Vec<Diagnostic>,
) -> BTreeMap<Partner, Connector> {
    let mut connectors = BTreeMap::new();
    for partner in Partner::ALL {
        let text = match (files.contains_key(partner.file()), partner) {
            (true, _) => text(files, partner.file(), faults),
            (false, Partner::Sowell) => Some(SHIPPED_SOWELL.to_owned()),
            (false, Partner::Crm) => None,
        };
        let read = text.and_then(|text| Connector::compile(partner, &text, faults));
        connectors.extend(read.map(|it| (partner, it)));
    }
    connectors
}

/// What to do about a text in another encoding.
const NOT_UTF8: &str = "ce fichier n'est pas en UTF-8 : enregistrez-le avec cet encodage (dans le Bloc-notes : « Enregistrer sous », puis « Encodage »)";

/// The text of a file that is there and is in UTF-8.
pub(super) fn text(files: &FileSet, name: &str, faults: &mut Vec<Diagnostic>) -> Option<String> {
    let Some(bytes) = files.get(name) else {
        faults.push(Diagnostic::file(
            code::FILE_MISSING,
            name,
            "ce fichier manque",
        ));
        return None;
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = 1 + before.matches('\n').count();
            faults.push(Diagnostic::at(
                code::UNREADABLE,
                name,
                u32::try_from(line).unwrap_or(u32::MAX),
                0,
                NOT_UTF8,
            ));
            None
        }
    }
}

fn words(raw: Vec<(Located, String)>) -> BTreeMap<String, Word> {
    raw.into_iter()
        .map(|(key, text)| {
            let line = key.line;
            (key.text, Word { text, line })
        })
        .collect()
}

fn compile_qualifications(raw: Vec<source::RawQualification>) -> HashMap<String, Qualification> {
    raw.into_iter()
        .map(|it| {
            let qualification = Qualification {
                code: it.code.text.clone(),
                libelle: it.libelle,
                type_at: (it.type_gestionnaire.line, it.type_gestionnaire.column),
                type_gestionnaire: it.type_gestionnaire.text,
                workflow: it.workflow,
                line: it.code.line,
            };
            (it.code.text, qualification)
        })
        .collect()
}

/// `before` counts the faults of earlier files: where this one has some already, what is missing
/// may only be misspelt.
fn compile_transmission(
    raw: RawTransmission,
    qualifications: Option<&HashMap<String, Qualification>>,
    before: usize,
    faults: &mut Vec<Diagnostic>,
) -> Option<Transmission> {
    let well_formed = !any_error(&faults[before..]);
    let mut modes = Vec::new();
    for word in &raw.modes {
        match Mode::ALL
            .into_iter()
            .find(|mode| mode.as_str() == word.text)
        {
            Some(mode) => modes.push((mode, word.line)),
            None => faults.push(Diagnostic::at(
                code::WORD_UNKNOWN,
                TRANSMISSION,
                word.line,
                word.column,
                format!(
                    "mode inconnu « {} » : {}",
                    word.text,
                    suggestion(&word.text, Mode::ALL.map(Mode::as_str))
                ),
            )),
        }
    }
    for code in &raw.categories {
        let unknown = qualifications.filter(|known| !known.contains_key(&code.text));
        if let Some(known) = unknown {
            faults.push(Diagnostic::at(
                code::WORD_UNKNOWN,
                TRANSMISSION,
                code.line,
                code.column,
                format!(
                    "la catégorie « {} » n'est pas dans {QUALIFICATIONS} ; {}",
                    code.text,
                    suggestion(&code.text, known.keys().map(String::as_str))
                ),
            ));
        }
    }
    let wants_categories = modes.iter().find(|(mode, _)| *mode == Mode::Categories);
    let no_category = well_formed && raw.categories.is_empty();
    if let (Some((_, line)), true) = (wants_categories, no_category) {
        faults.push(Diagnostic::at(
            code::RULE,
            TRANSMISSION,
            *line,
            0,
            "le mode « categories » demande une liste « categories: [codes] »",
        ));
    }
    if any_error(&faults[before..]) {
        return None;
    }
    if modes.is_empty() {
        let remark = "aucun mode n'est donné : plus aucun signalement ne part dans le CRM";
        faults.push(Diagnostic::file(code::RULE, TRANSMISSION, remark).as_warning());
    }
    Some(Transmission {
        modes,
        categories: raw
            .categories
            .into_iter()
            .map(|code| (code.text, code.line))
            .collect(),
    })
}

/// `before` counts the faults of earlier files.
fn compile_statuts(
    raw: RawStatuts,
    before: usize,
    faults: &mut Vec<Diagnostic>,
) -> Option<Statuts> {
    let mut table = BTreeMap::new();
    for (statut, target) in raw.correspondances {
        let line = statut.line;
        let target = match target {
            RawCorrespondance::Fixed(word) => Target::Fixed(word),
            RawCorrespondance::Selon { field, values } => {
                if !SELON_FIELDS.contains(&field.text.as_str()) {
                    faults.push(Diagnostic::at(
                        code::WORD_UNKNOWN,
                        STATUTS,
                        field.line,
                        field.column,
                        format!(
                            "« selon » ne connaît pas le champ « {} » : {}",
                            field.text,
                            suggestion(&field.text, SELON_FIELDS)
                        ),
                    ));
                }
                Target::Selon {
                    field: field.text,
                    values: words(values),
                }
            }
        };
        table.insert(statut.text, Correspondance { line, target });
    }
    let mut ignorer = BTreeMap::new();
    for statut in raw.ignorer {
        if let Some(other) = table.get(&statut.text) {
            faults.push(Diagnostic::at(
                code::RULE,
                STATUTS,
                statut.line,
                statut.column,
                format!(
                    "« {} » est à la fois ignoré et dans les correspondances (ligne {})",
                    statut.text, other.line
                ),
            ));
        }
        ignorer.insert(statut.text, statut.line);
    }
    if any_error(&faults[before..]) {
        return None;
    }
    if !matches!(table.get(&raw.initial.text), Some(it) if matches!(it.target, Target::Fixed(_))) {
        let remark = format!(
            "le statut initial « {} » n'a pas de correspondance simple : SoWell ne recevra pas de statut à la création",
            raw.initial.text
        );
        faults.push(
            Diagnostic::at(
                code::RULE,
                STATUTS,
                raw.initial.line,
                raw.initial.column,
                remark,
            )
            .as_warning(),
        );
    }
    Some(Statuts {
        initial: Word {
            text: raw.initial.text,
            line: raw.initial.line,
        },
        canal: raw.canal,
        table,
        ignorer,
    })
}

/// Runs both scripts on a sample: a result that is no answer refuses the edit, since no input
/// makes it right. What fails there otherwise may be right for real input, and is for cases and
/// coverage to say.
fn try_scripts(scripts: &Scripts, faults: &mut Vec<Diagnostic>) {
    let sample = sample_context();
    let seen = |name: &str| Shown::Json(&sample[name]);
    let affecter = scripts.affecter(|_| ["signalement", "residence", "qualification"].map(seen));
    let accuses = OCCASIONS.map(|kind| {
        let context = occasion(kind);
        scripts
            .accuses(|_| Shown::Json(&context["evenement"]))
            .err()
    });
    for error in affecter
        .err()
        .into_iter()
        .chain(accuses.into_iter().flatten())
    {
        let line = error.line.unwrap_or(0);
        let fault = Diagnostic::at(code::SCRIPT, error.file, line, 0, error.message);
        if error.misshapen && !faults.contains(&fault) {
            faults.push(fault);
        }
    }
}

/// What `accuses` is told of.
const OCCASIONS: [&str; 3] = ["transmis", "ecarte", "statut"];

/// The sample as a template sees it on this occasion.
fn occasion(kind: &str) -> Value {
    let mut context = sample_context();
    context["evenement"]["type"] = kind.into();
    if kind == "ecarte" {
        context["demande"] = Value::Null;
        context["evenement"]["demande"] = Value::Null;
    }
    context
}

/// Every template that the script or a case names must be there.
fn check_named_templates(scripts: &Scripts, templates: &Templates, faults: &mut Vec<Diagnostic>) {
    for named in scripts.named_templates() {
        if let Some(message) = templates.missing(&named.name) {
            faults.push(Diagnostic::at(
                code::TEMPLATE,
                script::ACCUSES,
                named.line,
                named.column,
                message,
            ));
        }
    }
}

/// Asks `accuses` for the e-mails of sample events and renders them: a template that uses a value
/// which is not there is noticed before a tenant's e-mail fails on it. Only remarks, since a real
/// event may take another way through the script.
fn try_mails(scripts: &Scripts, templates: &Templates, faults: &mut Vec<Diagnostic>) {
    for kind in OCCASIONS {
        let context = occasion(kind);
        let mut remark = |mut fault: Diagnostic| {
            fault.message = format!("pour l'événement « {kind} » : {}", fault.message);
            let fault = fault.as_warning();
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        };
        let messages = match scripts.accuses(|_| Shown::Json(&context["evenement"])) {
            Ok(messages) => messages,
            Err(error) => {
                let line = error.line.unwrap_or(0);
                remark(Diagnostic::at(
                    code::SCRIPT,
                    error.file,
                    line,
                    0,
                    error.message,
                ));
                continue;
            }
        };
        for message in messages {
            let mut own = message.values;
            own.extend(context.as_object().cloned().unwrap_or_default());
            if let Err(error) =
                templates.mail(&message.modele, &template::values_of(&Value::Object(own)))
            {
                remark(error.as_diagnostic());
            }
        }
    }
}

/// Statuses that a person takes for the same word, and the CRM does not.
fn note_twin_statuts(statuts: &Statuts, faults: &mut Vec<Diagnostic>) {
    let table = statuts.table.iter().map(|(statut, it)| (statut, it.line));
    let ignored = statuts.ignorer.iter().map(|(statut, line)| (statut, *line));
    let mut seen: BTreeMap<String, (&String, u32)> = BTreeMap::new();
    let mut all: Vec<(&String, u32)> = table.chain(ignored).collect();
    all.sort_by_key(|(_, line)| *line);
    for (statut, line) in all {
        if let Some((twin, first)) = seen.get(&plain(statut)) {
            let message = format!(
                "« {statut} » et « {twin} » (ligne {first}) ne diffèrent que par une majuscule, un accent ou une espace : est-ce le même statut ?"
            );
            faults.push(Diagnostic::at(code::RULE, STATUTS, line, 0, message).as_warning());
            continue;
        }
        seen.insert(plain(statut), (statut, line));
    }
}

/// Without case, accents and spaces.
pub(super) fn plain(word: &str) -> String {
    word.nfd()
        .filter(|it| !is_combining_mark(*it) && !it.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

/// A kind of manager that no residence has: every demande would go to whoever stands in.
fn note_absent_managers(
    qualifications: &HashMap<String, Qualification>,
    referentiel: &Referentiel,
    faults: &mut Vec<Diagnostic>,
) {
    let known: BTreeSet<&str> = referentiel
        .residences()
        .flat_map(|it| it.gestionnaires.types())
        .collect();
    let mut absent: BTreeMap<&str, Vec<(u32, u32)>> = BTreeMap::new();
    for it in qualifications.values() {
        if !known.contains(it.type_gestionnaire.as_str()) {
            let places = absent.entry(&it.type_gestionnaire).or_default();
            places.push(it.type_at);
        }
    }
    for (kind, mut places) in absent {
        places.sort_unstable();
        let (line, column) = places[0];
        let also = match places.len() {
            1 => String::new(),
            count => format!(" ({count} qualifications le demandent)"),
        };
        let near = suggestion(kind, known.iter().copied());
        let message =
            format!("aucune résidence n'a de gestionnaire de type « {kind} »{also} ; {near}");
        let remark = Diagnostic::at(code::WORD_UNKNOWN, QUALIFICATIONS, line, column, message);
        faults.push(remark.as_warning());
    }
}
