//! Words of one column that a person takes for the same one, and the CRM or SoWell does not.

use std::collections::BTreeMap;

use super::generation::{PRIORITES, QUALIFICATIONS, RuleSet, STATUTS, Statuts, Target};
use super::vocabulary::Given;
use crate::rules::alike::{Column, Letters};
use crate::rules::diagnostic::{Diagnostic, code};

/// Distinct words among which slips are looked for; a landlord has a few dozen.
const MOST_WORDS: usize = 500;

/// Notes the CRM's statuses that are twins: each is given once.
pub(super) fn note_twin_statuts(statuts: &Statuts, faults: &mut Vec<Diagnostic>) {
    note_twins(STATUTS, "statut", statuts.of_the_crm(), faults);
    for it in statuts.table.values() {
        if let Target::Selon { values, .. } = &it.target {
            let values = values.iter();
            let values = values.map(|(word, it)| Given {
                word,
                file: STATUTS,
                line: it.line,
            });
            note_twins(STATUTS, "mot", values, faults);
        }
    }
}

/// Notes the words that the tables give and that are twins of others, or slips of them.
pub(super) fn note_twin_words(rules: &RuleSet, faults: &mut Vec<Diagnostic>) {
    note_twins(STATUTS, "statut", rules.statuts.of_sowell(), faults);
    note_twins(PRIORITES, "mot", rules.priorites_of_the_crm(), faults);
    note_twins(QUALIFICATIONS, "workflow", rules.workflows(), faults);
    note_twins(QUALIFICATIONS, "code", rules.codes(), faults);
}

/// What is told of a status that a person takes for one of the table.
pub(super) fn twin_of_statut<'a>(
    statut: &'a str,
    table: impl Iterator<Item = (&'a str, u32)>,
) -> Option<String> {
    let same = "le même statut";
    let mut column = Column::default();
    for (word, line) in table {
        // What they are to each other is told elsewhere.
        let _ = column.twin(word, line, same);
    }
    column.twin(statut, 0, same)
}

/// A word of a column: how often it is given, and where first.
struct Counted<'a> {
    word: &'a str,
    line: u32,
    count: usize,
}

fn note_twins<'a>(
    file: &str,
    noun: &str,
    words: impl IntoIterator<Item = Given<'a>>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut by_word: BTreeMap<&str, Counted<'_>> = BTreeMap::new();
    for Given { word, line, .. } in words {
        let given = by_word.entry(word).or_insert(Counted {
            word,
            line,
            count: 0,
        });
        given.count += 1;
        given.line = given.line.min(line);
    }
    let mut all: Vec<Counted<'_>> = by_word.into_values().collect();
    // What is given more often is the one that was meant.
    all.sort_by_key(|it| (std::cmp::Reverse(it.count), it.line));
    let often = all.iter().take(MOST_WORDS).take_while(|it| it.count > 1);
    let often: Vec<_> = often.map(|it| (it, Letters::of(it.word))).collect();
    let mut column = Column::default();
    let same = format!("le même {noun}");
    for Counted { word, line, count } in &all {
        let mut remark = |message| {
            faults.push(Diagnostic::at(code::RULE, file, *line, 0, message).as_warning());
        };
        if let Some(message) = column.twin(word, *line, &same) {
            remark(message);
            continue;
        }
        if *count > 1 || often.is_empty() {
            continue;
        }
        let own = Letters::of(word);
        let meant = often.iter().find(|(_, it)| own.differ_by_a_slip(it));
        if let Some((meant, _)) = meant {
            remark(format!(
                "« {word} » n'est écrit qu'ici : vouliez-vous dire « {} », comme à la ligne {} ?",
                meant.word, meant.line
            ));
        }
    }
}
