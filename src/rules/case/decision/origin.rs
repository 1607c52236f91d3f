//! Where the word that a message suggests is written. A case may be right while the table has the typo: correcting the
//! case as suggested would spread it.

use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::alike::nearest_code;
use crate::rules::compile::{PRIORITES, QUALIFICATIONS, RuleSet, STATUTS, Target};
use crate::rules::diagnostic::nearest;

/// The place of the status, or of the field's value, that is nearest to the unknown one of an event.
pub(super) fn of_statut(rules: &RuleSet, event: &StatutEvent) -> Option<String> {
    let statuts = &rules.statuts;
    let Some(line) = statuts.table.get(&event.statut) else {
        let table = statuts.table.iter().map(|(word, it)| (word, it.line));
        let ignored = statuts.ignorer.iter().map(|(word, line)| (word, *line));
        let known = table
            .chain(ignored)
            .map(|(word, line)| (word.as_str(), line));
        let known: Vec<(&str, u32)> = known.collect();
        let near = nearest(&event.statut, known.iter().map(|(word, _)| *word))?;
        let (_, line) = known.iter().find(|(word, _)| *word == near)?;
        return Some(written(near, STATUTS, *line));
    };
    let Target::Selon { field, values } = &line.target else {
        return None;
    };
    let near = nearest(event.field(field)?, values.keys().map(String::as_str))?;
    Some(written(near, STATUTS, values.get(near)?.line))
}

/// The places of the codes and words that are nearest to the unknown ones of a signalement.
pub(super) fn of_signalement(rules: &RuleSet, signalement: &Signalement) -> Option<String> {
    let written = [
        ("qualification", &signalement.qualification),
        ("priorite", &signalement.priorite),
    ];
    let found = written
        .iter()
        .filter_map(|(key, word)| of_key(rules, key, word));
    let found: Vec<String> = found.collect();
    (!found.is_empty()).then(|| found.concat())
}

/// The same for the word of one key.
pub(super) fn of_key(rules: &RuleSet, key: &str, word: &str) -> Option<String> {
    match key {
        "qualification" => {
            let known = &rules.qualifications;
            if known.contains_key(word) {
                return None;
            }
            let near = nearest_code(word, known.keys().map(String::as_str))?;
            Some(written(near, QUALIFICATIONS, known.get(near)?.line))
        }
        "priorite" => {
            let known = &rules.priorites;
            if known.contains_key(word) {
                return None;
            }
            let near = nearest(word, known.keys().map(String::as_str))?;
            Some(written(near, PRIORITES, known.get(near)?.line))
        }
        _ => None,
    }
}

fn written(word: &str, file: &str, line: u32) -> String {
    format!(
        " ; « {word} » est écrit dans {file}, ligne {line} : corrigez celui des deux qui a la faute"
    )
}
