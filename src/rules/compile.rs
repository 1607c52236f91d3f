//! Compiles raw files to an immutable [`Generation`], which makes the decisions.
//!
//! Architecture invariant: only a generation compiled from all files can run; raw files cannot. All faults of all files
//! are reported, not only the first.

mod channels;
mod connected;
mod generation;
mod ignored;
mod impossible;
mod rehearsal;
mod remarks;
mod tables;
mod twins;
mod unread_keys;
mod vocabulary;

use std::collections::BTreeMap;
use std::sync::Arc;

use strum::IntoEnumIterator;

use crate::domain::ports::FileSet;
use crate::domain::referentiel::Referentiel;
use crate::rules::case::Case;
use crate::rules::connector::{Connector, Partner, SecretNames};
use crate::rules::diagnostic::{Diagnostic, any_error, code};
use crate::rules::pace::Pace;
use crate::rules::place::Located;
use crate::rules::script::{self, Scripts};
use crate::rules::source::text;
use crate::rules::template::{MailNames, Templates};
use crate::rules::{case, layout, referentiel, source};

use generation::{digest, read, read_exports};

pub use generation::{
    Correspondance, Generation, Mode, PRIORITES, QUALIFICATIONS, Qualification, RuleSet, STATUTS,
    Statuts, TRANSMISSION, Target, Transmission, Word, version,
};

/// The SoWell connector used if the rules contain none.
const SHIPPED_SOWELL: &str = include_str!("../../rules/connecteurs/sowell.yaml");

/// What is already known when compiling.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The generation in force: an unchanged export need not be read again.
    pub previous: Option<&'a Generation>,
    /// Rule files that were accepted before. If they are unchanged, it is the exports that changed, and a case that
    /// fails because of them is only a remark.
    pub accepted_rules: Option<&'a FileSet>,
    /// The names of the secrets that connectors can use; `None` if they are not known.
    pub secrets: Option<&'a SecretNames>,
}

impl Known<'_> {
    /// Whether rules with this digest were accepted before, or are in force.
    fn has_accepted(&self, rules_digest: &str) -> bool {
        let in_force = self.previous.map(|it| it.rules_digest.as_str());
        in_force == Some(rules_digest)
            || self
                .accepted_rules
                .is_some_and(|files| digest([read(files)]) == rules_digest)
    }

    fn has_cases(&self) -> bool {
        self.previous.is_some_and(|it| it.has_cases) || self.accepted_rules.is_some_and(has_cases)
    }

    /// The reference data in force, if the exports are still those that gave it.
    fn unchanged_referentiel(&self, referentiel_digest: &str) -> Option<Arc<Referentiel>> {
        let in_force = self.previous?;
        (in_force.referentiel_digest == referentiel_digest)
            .then(|| Arc::clone(&in_force.referentiel))
    }

    /// Whether the CRM is called, as far as is known.
    fn calls_the_crm(&self) -> bool {
        self.secrets
            .is_none_or(|it| it.called.contains(&Partner::Crm))
    }
}

/// Compiles rules and reference data and runs the admins' cases.
///
/// A generation is returned only if no diagnostic is an error.
#[must_use]
pub fn compile(
    rules: &FileSet,
    exports: &FileSet,
    known: Known<'_>,
) -> (Option<Generation>, Vec<Diagnostic>) {
    let rules_digest = digest([read(rules)]);
    let referentiel_digest = digest([read_exports(exports)]);
    let rules_are_known = known.has_accepted(&rules_digest);
    let read_rules = || {
        let (rule_set, mut diagnostics) = compile_rules(rules, rules_are_known);
        let cases = read_cases(rules, &mut diagnostics);
        (rule_set, cases, version(rules, exports), diagnostics)
    };
    let read_referentiel =
        || read_referentiel(exports, known.unchanged_referentiel(&referentiel_digest));
    let ((rule_set, cases, version, mut diagnostics), (mut referentiel, faults)) =
        rayon::join(read_rules, read_referentiel);
    // First: a misnamed export explains why an export is missing.
    layout::note_unread_exports(exports, &mut diagnostics);
    diagnostics.extend(faults);
    let described = may_ask_the_crm_for_managers(rule_set.as_ref(), rules);
    if !(described && known.calls_the_crm()) {
        let read = referentiel.as_deref();
        let fault = read.and_then(|it| referentiel::without_managers(exports, it, described));
        referentiel = referentiel.filter(|_| fault.is_none());
        diagnostics.extend(fault);
    }
    let (Some(rule_set), Some(referentiel)) = (rule_set, referentiel) else {
        return (None, diagnostics);
    };
    note_disagreements(&rule_set, &referentiel, &mut diagnostics);
    if cases.is_empty() && known.has_cases() {
        diagnostics.push(no_case_left());
    }
    for case in &cases {
        case.check_names(&rule_set.templates, &mut diagnostics);
    }
    let generation = Generation {
        version,
        rules: Arc::new(rule_set),
        referentiel,
        has_cases: !cases.is_empty(),
        rules_digest,
        referentiel_digest,
    };
    let failures = case::run_all(&cases, &generation).into_iter();
    let unmet = known.secrets.map(|it| generation.rules.unmet(it));
    for failure in failures.chain(unmet.into_iter().flatten()) {
        diagnostics.push(if rules_are_known {
            failure.as_warning()
        } else {
            failure
        });
    }
    let accepted = !any_error(&diagnostics);
    (accepted.then_some(generation), diagnostics)
}

/// Remarks on rules and reference data that are valid, each by itself, but do not go together.
fn note_disagreements(
    rule_set: &RuleSet,
    referentiel: &Referentiel,
    diagnostics: &mut Vec<Diagnostic>,
) {
    remarks::note_absent_managers(rule_set, referentiel, diagnostics);
    impossible::note_impossible_words(rule_set, referentiel, diagnostics);
    twins::note_twin_words(rule_set, diagnostics);
    connected::note_words(rule_set, referentiel, diagnostics);
}

/// Reads the exports, unless the reference data of the same ones is given.
fn read_referentiel(
    exports: &FileSet,
    unchanged: Option<Arc<Referentiel>>,
) -> (Option<Arc<Referentiel>>, Vec<Diagnostic>) {
    if unchanged.is_some() {
        return (unchanged, Vec::new());
    }
    let (referentiel, faults) = referentiel::read(exports);
    (referentiel.map(Arc::new), faults)
}

/// Whether the managers may come from the CRM alone. If the rules are refused, their connector cannot be asked.
fn may_ask_the_crm_for_managers(rule_set: Option<&RuleSet>, rules: &FileSet) -> bool {
    match rule_set {
        Some(rule_set) => rule_set.asks_the_crm_for_managers(),
        None => rules.contains_key(Partner::Crm.file()),
    }
}

fn is_case(name: &str) -> bool {
    name.starts_with(case::FOLDER) && layout::is_rule(name)
}

fn has_cases(files: &FileSet) -> bool {
    files.keys().any(|name| is_case(name))
}

/// The remark if the rules in force have cases and the new ones have none.
fn no_case_left() -> Diagnostic {
    let folder = case::FOLDER.trim_end_matches('/');
    let message =
        "il n'y a plus aucun cas : une erreur dans une règle prendrait effet sans être vue";
    Diagnostic::file(code::CASE, folder, message).as_warning()
}

fn read_cases(files: &FileSet, faults: &mut Vec<Diagnostic>) -> Vec<Case> {
    let mut cases = Vec::new();
    for name in files.keys().filter(|name| is_case(name)) {
        if let Some(text) = text(files, name, faults) {
            cases.extend(case::read(name, &text, faults));
        }
    }
    cases
}

/// Compiles the rule files alone. If they were accepted by an earlier version of the program, faults are only remarks.
fn compile_rules(files: &FileSet, are_known: bool) -> (Option<RuleSet>, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    // First: a misnamed file explains why a file is missing.
    layout::note_unread(files, &mut faults);
    let priorites = text(files, PRIORITES, &mut faults)
        .and_then(|text| source::priorites(PRIORITES, &text, &mut faults))
        .map(tables::words);
    let qualifications = text(files, QUALIFICATIONS, &mut faults)
        .and_then(|text| source::qualifications(QUALIFICATIONS, &text, &mut faults))
        .map(tables::qualifications);
    let transmission = text(files, TRANSMISSION, &mut faults).and_then(|text| {
        let before = faults.len();
        let raw = source::transmission(TRANSMISSION, &text, &mut faults)?;
        tables::transmission(raw, qualifications.as_ref(), before, &mut faults)
    });
    let statuts = text(files, STATUTS, &mut faults).and_then(|text| {
        let before = faults.len();
        let raw = source::statuts(STATUTS, &text, &mut faults)?;
        tables::statuts(raw, before, &mut faults)
    });
    let mut named = Vec::new();
    let scripts = compile_scripts(files, &mut named, &mut faults);
    let templates = Templates::compile(files, &mut faults);
    rehearsal::check_named_templates(&named, &MailNames::of(files), &mut faults);
    let connectors = compile_connectors(files, &mut faults);
    rehearsal::rehearse(scripts.as_ref(), templates.as_ref(), &mut faults);
    if let Some(statuts) = &statuts {
        twins::note_twin_statuts(statuts, &mut faults);
        channels::note_unknown_channels(statuts, &mut faults);
    }
    let rule_set = (|| {
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
    if are_known && rule_set.is_some() {
        // These rules were in force. A check that is new in this version of the program asks for a correction, but must
        // not stop all decisions until it is made.
        faults = faults.into_iter().map(Diagnostic::as_warning).collect();
    }
    (rule_set.filter(|_| !any_error(&faults)), faults)
}

/// Compiles both scripts; `named` receives the templates that they name.
fn compile_scripts(
    files: &FileSet,
    named: &mut Vec<Located>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Scripts> {
    let gestionnaire = text(files, script::GESTIONNAIRE, faults);
    let accuses = text(files, script::ACCUSES, faults);
    Scripts::compile(&gestionnaire?, &accuses?, named, faults)
}

/// A partner without a file gets the connector built into the binary, if there is one.
fn compile_connectors(
    files: &FileSet,
    faults: &mut Vec<Diagnostic>,
) -> BTreeMap<Partner, Connector> {
    let mut connectors = BTreeMap::new();
    for partner in Partner::iter() {
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

#[cfg(test)]
mod tests;
