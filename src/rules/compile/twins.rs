//! Words of one column that a person takes for the same one, and the CRM or SoWell does not.

use std::collections::BTreeMap;

use super::generation::{PRIORITES, QUALIFICATIONS, RuleSet, STATUTS, Statuts, Target};
use crate::rules::alike::{differ_by_a_slip, plain};
use crate::rules::diagnostic::{Diagnostic, code};

/// Distinct words among which slips are looked for; a landlord has a few dozen.
const MOST_WORDS: usize = 500;

/// Notes the CRM's statuses that are twins: each is given once.
pub(super) fn note_twin_statuts(statuts: &Statuts, faults: &mut Vec<Diagnostic>) {
    let table = statuts.table.iter();
    let table = table.map(|(statut, it)| (statut.as_str(), it.line));
    let ignored = statuts.ignorer.iter();
    let ignored = ignored.map(|(statut, line)| (statut.as_str(), *line));
    note_twins(STATUTS, "statut", table.chain(ignored), faults);
    for it in statuts.table.values() {
        if let Target::Selon { values, .. } = &it.target {
            let values = values.iter();
            let values = values.map(|(value, it)| (value.as_str(), it.line));
            note_twins(STATUTS, "mot", values, faults);
        }
    }
}

/// Notes the words that the tables give and that are twins of others, or slips of them.
pub(super) fn note_twin_words(rules: &RuleSet, faults: &mut Vec<Diagnostic>) {
    let table = rules.statuts.table.values();
    let statuts = table.flat_map(|it| match &it.target {
        Target::Fixed(word) => vec![(word.as_str(), it.line)],
        Target::Selon { values, .. } => {
            let words = values.values();
            words.map(|it| (it.text.as_str(), it.line)).collect()
        }
    });
    note_twins(STATUTS, "statut", statuts, faults);
    let priorites = rules.priorites.values();
    let priorites = priorites.map(|it| (it.text.as_str(), it.line));
    note_twins(PRIORITES, "mot", priorites, faults);
    let workflows = rules.qualifications.values();
    let workflows = workflows.map(|it| (it.workflow.as_str(), it.workflow_line));
    note_twins(QUALIFICATIONS, "workflow", workflows, faults);
    let codes = rules.qualifications.values();
    let codes = codes.map(|it| (it.code.as_str(), it.line));
    note_twins(QUALIFICATIONS, "code", codes, faults);
}

/// The status of the table that a person takes for this one, and what to say of both.
pub(super) fn twin_of_statut<'a>(
    statut: &str,
    mut table: impl Iterator<Item = (&'a str, u32)>,
) -> Option<String> {
    let twin = table.find(|(it, _)| plain(it) == plain(statut))?;
    Some(told(statut, twin, "statut"))
}

fn told(word: &str, (twin, line): (&str, u32), noun: &str) -> String {
    format!(
        "« {word} » et « {twin} » (ligne {line}) ne diffèrent que par une majuscule, un accent ou une espace : est-ce le même {noun} ?"
    )
}

/// A word of a column: how often it is given, and where first.
struct Given<'a> {
    word: &'a str,
    line: u32,
    count: usize,
}

fn note_twins<'a>(
    file: &str,
    noun: &str,
    words: impl Iterator<Item = (&'a str, u32)>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut by_word: BTreeMap<&str, Given<'_>> = BTreeMap::new();
    for (word, line) in words {
        let given = by_word.entry(word).or_insert(Given {
            word,
            line,
            count: 0,
        });
        given.count += 1;
        given.line = given.line.min(line);
    }
    let mut all: Vec<Given<'_>> = by_word.into_values().collect();
    // What is given more often is the one that was meant.
    all.sort_by_key(|it| (std::cmp::Reverse(it.count), it.line));
    let mut seen: BTreeMap<String, &Given<'_>> = BTreeMap::new();
    for it in &all {
        let Given { word, line, count } = it;
        let mut remark = |message| {
            faults.push(Diagnostic::at(code::RULE, file, *line, 0, message).as_warning());
        };
        if let Some(twin) = seen.get(&plain(word)) {
            remark(told(word, (twin.word, twin.line), noun));
            continue;
        }
        seen.insert(plain(word), it);
        let often = all.iter().take(MOST_WORDS).take_while(|it| it.count > 1);
        let mut often = often.filter(|_| *count == 1);
        if let Some(meant) = often.find(|it| differ_by_a_slip(word, it.word)) {
            remark(format!(
                "« {word} » n'est écrit qu'ici : vouliez-vous dire « {} », comme à la ligne {} ?",
                meant.word, meant.line
            ));
        }
    }
}
