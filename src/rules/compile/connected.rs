//! Words of the tables that a connector's file does not know, and words of a connector that the tables do not know:
//! each file is correct on its own, but a demande or status with such a word is lost or held up. These are only
//! remarks: the other half of the edit may be about to follow.

use std::collections::BTreeMap;

use super::generation::{RuleSet, STATUTS, Target};
use super::impossible::statuts;
use super::vocabulary::{Given, residences};
use crate::domain::referentiel::Referentiel;
use crate::rules::connector::{Connector, Partner};
use crate::rules::diagnostic::{Diagnostic, code, suggestion};

/// Reports the words that one side has and the other lacks.
pub(super) fn note_words(rules: &RuleSet, referentiel: &Referentiel, faults: &mut Vec<Diagnostic>) {
    for (partner, connector) in &rules.connectors {
        for (value, words) in words_sent(*partner, rules, referentiel) {
            note_lacking(connector, *partner, value, words, faults);
        }
    }
    if let Some(connector) = rules.connectors.get(&Partner::Crm) {
        note_unknown_statuts(connector, rules, faults);
        note_unread_fields(connector, rules, faults);
    }
}

/// Reports the statuses that depend on a field which the CRM's connector does not read: none of them could be decided.
fn note_unread_fields(connector: &Connector, rules: &RuleSet, faults: &mut Vec<Diagnostic>) {
    for (statut, line) in &rules.statuts.table {
        let Target::Selon { field, .. } = &line.target else {
            continue;
        };
        // Without a channel of its own, a status belongs to that of the demande.
        if field == "canal" {
            continue;
        }
        let operations = connector.reading_without(field, statut);
        let (unread, add, reader) = match operations.as_slice() {
            [] => continue,
            [one] => (
                format!("« {} » ne lit pas", one.as_str()),
                "ajoutez-y",
                format!("« {} »", one.as_str()),
            ),
            [one, other, ..] => (
                format!(
                    "ni « {} » ni « {} » ne lisent",
                    one.as_str(),
                    other.as_str()
                ),
                "ajoutez à chacune",
                "l'une d'elles".to_owned(),
            ),
        };
        let message = format!(
            "le statut « {statut} » demande « {field} », que {unread} ({}) : {add} une ligne « {field}: » qui dit où le trouver, sinon ce statut reste en attente quand il est lu par {reader}",
            Partner::Crm.file()
        );
        faults.push(Diagnostic::at(code::RULE, STATUTS, line.line, 0, message).as_warning());
    }
}

/// The words from other files that are sent to a partner, under their names in its connector.
fn words_sent<'a>(
    partner: Partner,
    rules: &'a RuleSet,
    referentiel: &'a Referentiel,
) -> Vec<(&'static str, Vec<Given<'a>>)> {
    let statuts = &rules.statuts;
    if partner == Partner::Sowell {
        return vec![
            ("statut", statuts.of_sowell()),
            ("statut_crm", statuts.sent_to_sowell()),
        ];
    }
    vec![
        ("demande.statut", vec![statuts.first()]),
        ("demande.canal", vec![statuts.channel()]),
        ("demande.priorite", rules.priorites_of_the_crm()),
        ("demande.workflow", rules.workflows()),
        ("demande.qualification", rules.codes()),
        ("demande.residence", residences(referentiel)),
    ]
}

/// Reports the words for which a request fails; those that fail on the same text together, at the first of them.
fn note_lacking(
    connector: &Connector,
    partner: Partner,
    value: &str,
    mut words: Vec<Given<'_>>,
    faults: &mut Vec<Diagnostic>,
) {
    words.sort_unstable_by_key(|it| (it.line, it.word));
    let all: Vec<&str> = words.iter().map(|it| it.word).collect();
    let mut faulty = connector.fails_on(value, &all);
    let mut found: BTreeMap<(u32, u32), Vec<(Given<'_>, String)>> = BTreeMap::new();
    for given in words {
        // Only once, where the word is first given.
        if let Some(fault) = faulty.remove(given.word) {
            let place = (fault.line, fault.column);
            found.entry(place).or_default().push((given, fault.message));
        }
    }
    for ((line, _), lacking) in found {
        let Some((
            (
                Given {
                    word,
                    file,
                    line: at,
                },
                message,
            ),
            others,
        )) = lacking.split_first()
        else {
            continue;
        };
        let also = match others {
            [] => String::new(),
            [(Given { word: other, .. }, _)] => format!(" ; « {other} » non plus"),
            [(Given { word: other, .. }, _), more @ ..] => {
                format!(" ; « {other} » et {} de plus non plus", more.len())
            }
        };
        let what = match partner {
            Partner::Crm => "les demandes qui portent",
            Partner::Sowell => "les statuts qui portent",
        };
        let message = format!(
            "{what} « {word} » ne pourraient pas partir ({}, ligne {line}) : {message}{also}",
            partner.file()
        );
        faults.push(Diagnostic::at(code::RULE, *file, *at, 0, message).as_warning());
    }
}

/// Reports the statuses to which the CRM's connector translates the CRM's own words and which the table does not know.
fn note_unknown_statuts(connector: &Connector, rules: &RuleSet, faults: &mut Vec<Diagnostic>) {
    let known = statuts(rules);
    for it in connector.given_statuts() {
        if !known.contains(&it.word.as_str()) {
            let near = suggestion(&it.word, known.iter().copied());
            let message = format!(
                "la table « {} » donne le statut « {} », qui n'est pas dans {STATUTS} ; {near}",
                it.table, it.word
            );
            let file = Partner::Crm.file();
            let remark = Diagnostic::at(code::RULE, file, it.line, it.column, message);
            faults.push(remark.as_warning());
        }
    }
}
