//! Words of one column that a person takes for the same one, and the CRM or SoWell does not.

use std::collections::{BTreeMap, HashMap};

use super::generation::{PRIORITES, QUALIFICATIONS, RuleSet, STATUTS, Statuts, Target};
use super::vocabulary::Given;
use crate::rules::alike::{Column, Letters, bare};
use crate::rules::diagnostic::{Diagnostic, code};

/// Distinct words among which slips are looked for; a landlord has a few dozen.
const MOST_WORDS: usize = 500;
/// How many letters a word has in which one that is doubled makes no other word.
const LONG: usize = 5;

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
    let mut undoubled_before = HashMap::new();
    let same = format!("le même {noun}");
    for Counted { word, line, count } in &all {
        let mut remark = |message| {
            faults.push(Diagnostic::at(code::RULE, file, *line, 0, message).as_warning());
        };
        if let Some(message) = column.twin(word, *line, &same) {
            remark(message);
            continue;
        }
        if let Some(message) = ended(word) {
            remark(message);
            continue;
        }
        let own = (*count == 1 && !often.is_empty()).then(|| Letters::of(word));
        let meant = own.and_then(|own| often.iter().find(|(_, it)| own.differ_by_a_slip(it)));
        let doubled = undoubled(word).and_then(|it| undoubled_before.insert(it, (*word, *line)));
        if let Some((meant, _)) = meant {
            remark(format!(
                "« {word} » n'est écrit qu'ici : vouliez-vous dire « {} », comme à la ligne {} ?",
                meant.word, meant.line
            ));
        } else if let Some((twin, line)) = doubled {
            remark(format!(
                "« {word} » et « {twin} » (ligne {line}) ne diffèrent que par une lettre doublée : est-ce {same} ?"
            ));
        }
    }
}

/// What is told of a word behind which a sign stands that parts the words of other languages, and is none here.
fn ended(word: &str) -> Option<String> {
    let sign = word.chars().next_back()?;
    let called = match sign {
        ',' => "une virgule",
        ';' => "un point-virgule",
        _ => return None,
    };
    let meant = word.trim_end_matches([',', ';', ' ']);
    (!meant.is_empty()).then(|| {
        format!("« {word} » finit par {called}, qui compte dans le mot : écrivez « {meant} »")
    })
}

/// The letters of a word, with one in the place of two consonants between vowels; none where it is short.
fn undoubled(word: &str) -> Option<String> {
    let is_vowel = |it: &char| "aeiouy".contains(*it);
    let letters: Vec<char> = bare(word).collect();
    if letters.iter().filter(|it| it.is_alphabetic()).count() < LONG {
        return None;
    }
    let is_doubled = |at: usize| match letters.get(at.wrapping_sub(2)..at + 2) {
        Some([before, one, two, behind]) => {
            one == two
                && one.is_alphabetic()
                && !is_vowel(one)
                && is_vowel(before)
                && is_vowel(behind)
        }
        _ => false,
    };
    let kept = (0..letters.len()).filter(|at| !is_doubled(*at));
    Some(kept.map(|at| letters[at]).collect())
}
