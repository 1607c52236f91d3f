//! Remarks on tables that are valid but probably not what was meant.

use std::collections::{BTreeMap, BTreeSet};

use super::generation::{Mode, QUALIFICATIONS, RuleSet, STATUTS, TRANSMISSION};
use crate::domain::referentiel::Referentiel;
use crate::rules::diagnostic::{Diagnostic, code, nearest, suggestion};
use crate::rules::place::Located;
use crate::rules::referentiel::GESTIONNAIRES;
use crate::rules::script;

/// Maximum number of manager types that are examined; a landlord has about ten.
const MOST_KINDS: usize = 50;
/// The type that was probably meant occurs in at least this many times as many residences.
const OFTEN: usize = 5;

/// Modes that let nothing through, or that have no effect beside others.
pub(super) fn note_idle_modes(
    modes: &[(Mode, u32)],
    categories: &[Located],
    faults: &mut Vec<Diagnostic>,
) {
    let line_of = |mode: Mode| {
        modes
            .iter()
            .find(|(it, _)| *it == mode)
            .map(|(_, line)| *line)
    };
    let mut remark = |line, column, message: &str| {
        let remark = Diagnostic::at(code::RULE, TRANSMISSION, line, column, message);
        faults.push(remark.as_warning());
    };
    if modes.is_empty() {
        let message = "aucun mode n'est donné : plus aucun signalement ne part dans le CRM";
        remark(0, 0, message);
    }
    if let (None, Some(first)) = (line_of(Mode::Categories), categories.first()) {
        let message = "cette liste ne compte pas : « categories » n'est pas parmi les modes";
        remark(first.line, first.column, message);
    }
    let has_others = modes.iter().any(|(it, _)| *it != Mode::Tous);
    if let (Some(line), true) = (line_of(Mode::Tous), has_others) {
        let message = "« tous » laisse déjà tout passer : les autres modes ne changent rien";
        remark(line, 0, message);
    }
}

/// Words that occur twice in a list.
pub(super) fn note_repeated(file: &str, list: &[Located], faults: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for word in list {
        let Some(first) = seen.insert(&word.text, word.line) else {
            continue;
        };
        let place = if first == word.line {
            String::new()
        } else {
            format!(" (déjà à la ligne {first})")
        };
        let message = format!(
            "« {} » est écrit deux fois dans cette liste{place} : retirez-le ici",
            word.text
        );
        let remark = Diagnostic::at(code::RULE, file, word.line, word.column, message);
        faults.push(remark.as_warning());
    }
}

/// Several words joined by a semicolon, which count as a single one.
pub(super) fn note_joined(word: &Located, faults: &mut Vec<Diagnostic>) {
    if word.text.contains(';') {
        let message = format!(
            "« {} » compte pour un seul statut : entre plusieurs, mettez une virgule",
            word.text
        );
        let remark = Diagnostic::at(code::RULE, STATUTS, word.line, word.column, message);
        faults.push(remark.as_warning());
    }
}

/// A type of manager that no residence has: every demande would go to the fallback.
pub(super) fn note_absent_managers(
    rules: &RuleSet,
    referentiel: &Referentiel,
    faults: &mut Vec<Diagnostic>,
) {
    if rules.asks_the_crm_for_managers() {
        // The CRM may name any type.
        return;
    }
    let known: BTreeSet<&str> = referentiel
        .residences()
        .flat_map(|it| it.gestionnaires.types())
        .collect();
    let mut remark = |kind: &str, also: &str, file: &str, (line, column): (u32, u32)| {
        let near = suggestion(kind, known.iter().copied());
        let message =
            format!("aucune résidence n'a de gestionnaire de type « {kind} »{also} ; {near}");
        let remark = Diagnostic::at(code::WORD_UNKNOWN, file, line, column, message);
        faults.push(remark.as_warning());
    };
    let mut absent: BTreeMap<&str, Vec<(u32, u32)>> = BTreeMap::new();
    for it in rules.qualifications.values() {
        if !known.contains(it.type_gestionnaire.as_str()) {
            let places = absent.entry(&it.type_gestionnaire).or_default();
            places.push(it.type_at);
        }
    }
    for (kind, mut places) in absent {
        places.sort_unstable();
        let also = match places.len() {
            1 => String::new(),
            count => format!(" ({count} qualifications le demandent)"),
        };
        remark(kind, &also, QUALIFICATIONS, places[0]);
    }
    let named = rules.scripts.named_managers();
    for it in &named {
        if !known.contains(it.text.as_str()) {
            remark(&it.text, "", script::GESTIONNAIRE, (it.line, it.column));
        }
    }
    let written = rules.templates.named_managers();
    for (file, it) in &written {
        if !known.contains(it.text.as_str()) {
            remark(&it.text, "", file, (it.line, it.column));
        }
    }
    let asked = rules.qualifications.values();
    let asked = asked.map(|it| it.type_gestionnaire.as_str());
    let written = written.iter().map(|(_, it)| it.text.as_str());
    let asked: BTreeSet<&str> = asked
        .chain(named.iter().map(|it| it.text.as_str()))
        .chain(written)
        .collect();
    note_misspelt_kinds(&asked, referentiel, faults);
}

/// A type that no rule asks for and few residences have, but that is nearly identical to one that is asked for.
fn note_misspelt_kinds(
    asked: &BTreeSet<&str>,
    referentiel: &Referentiel,
    faults: &mut Vec<Diagnostic>,
) {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for kind in referentiel
        .residences()
        .flat_map(|it| it.gestionnaires.types())
    {
        *kinds.entry(kind).or_default() += 1;
    }
    // If there are more, the column probably contains something else.
    let others = kinds.iter().filter(|(kind, _)| !asked.contains(**kind));
    for (kind, count) in others.take(MOST_KINDS) {
        let often = asked.iter().copied();
        let often = often.filter(|it| kinds.get(it).is_some_and(|more| *more >= OFTEN * count));
        let Some(near) = nearest(kind, often) else {
            continue;
        };
        let of = match count {
            1 => "qu'à une résidence".to_owned(),
            count => format!("qu'à {count} résidences"),
        };
        let message = format!(
            "le type « {kind} » n'est donné {of}, et aucune règle ne le demande : vouliez-vous dire « {near} » ?"
        );
        faults.push(Diagnostic::file(code::EXPORT, GESTIONNAIRES, message).as_warning());
    }
}
