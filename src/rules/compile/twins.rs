//! Words of one column that people would read as the same but that the CRM or SoWell treats as different.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::generation::{PRIORITES, QUALIFICATIONS, RuleSet, STATUTS, Statuts, Target};
use super::vocabulary::Given;
use crate::rules::alike::{Column, Letters, SlipKind, bare, plain};
use crate::rules::diagnostic::{Diagnostic, code};

/// Maximum number of distinct words that are compared for typos; a landlord has a few dozen.
const MOST_WORDS: usize = 500;
/// Minimum word length at which a doubled letter does not make a different word.
const LONG: usize = 5;

/// Reports near-identical statuses of the CRM, each of which occurs once.
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

/// Reports words of the tables that are near-identical to others, or typos of them.
pub(super) fn note_twin_words(rules: &RuleSet, faults: &mut Vec<Diagnostic>) {
    note_twins(STATUTS, "statut", rules.statuts.of_sowell(), faults);
    note_twins(PRIORITES, "mot", rules.priorites_of_the_crm(), faults);
    note_slips(PRIORITES, rules.priorites_of_the_crm(), faults);
    note_twins(PRIORITES, "mot", told_apart(rules), faults);
    note_twins(QUALIFICATIONS, "workflow", rules.workflows(), faults);
    note_slips(QUALIFICATIONS, rules.workflows(), faults);
    note_twins(QUALIFICATIONS, "code", rules.codes(), faults);
}

/// `SoWell`'s words for priorities, without those that mean the same as an earlier one and may be two ways to write it.
fn told_apart(rules: &RuleSet) -> Vec<Given<'_>> {
    let mut all = rules.priorites_of_sowell();
    all.sort_by_key(|it| it.line);
    let mut seen = HashSet::new();
    let target = |word: &str| rules.priorites.get(word).map(|it| it.text.as_str());
    all.retain(|it| seen.insert((plain(it.word), target(it.word))));
    all
}

/// Reports words that differ by a letter left out, added or swapped. Priorities and workflows are so few that each of
/// them may be written once, so that neither is known to be the right one.
fn note_slips<'a>(
    file: &str,
    words: impl IntoIterator<Item = Given<'a>>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut all = counted(words);
    all.sort_by_key(|it| it.line);
    for (at, later) in all.iter().enumerate() {
        let mut earlier = all[..at].iter().take(MOST_WORDS);
        let Some(near) = earlier.find(|it| is_slip(it.word, later.word)) else {
            continue;
        };
        let is_told = Letters::of(near.word).differ_by_a_slip(&Letters::of(later.word))
            && (near.count > 1 || later.count > 1);
        if is_told {
            continue;
        }
        // The more frequent word is the one that was meant.
        let (rare, usual) = if later.count > near.count {
            (near, later)
        } else {
            (later, near)
        };
        let message = format!(
            "« {} » et « {} » (ligne {}) ne diffèrent que par une lettre : est-ce le même mot ?",
            rare.word, usual.word, usual.line
        );
        faults.push(Diagnostic::at(code::RULE, file, rare.line, 0, message).as_warning());
    }
}

/// Whether a letter was left out, added or swapped inside a short word. One letter replaced by another makes a
/// different word, one at the end a different gender, and a doubled one is told elsewhere.
fn is_slip(one: &str, other: &str) -> bool {
    const SHORTEST: usize = 4;
    let [one, other] = [one, other].map(Letters::of);
    let letters = [&one, &other].map(Letters::as_slice);
    let are_words = letters
        .iter()
        .all(|it| it.len() >= SHORTEST && it.iter().all(|it| it.is_alphabetic()));
    let [ends, other_ends] = letters.map(|it| (it.first(), it.last()));
    let [deduped, other_deduped] = letters.map(|it| {
        let mut it = it.to_vec();
        it.dedup();
        it
    });
    are_words
        && ends == other_ends
        && deduped != other_deduped
        && one
            .slip(&other)
            .is_some_and(|it| it.kind != SlipKind::Replaced)
}

/// The message about a status that is near-identical to one of the table.
pub(super) fn twin_of_statut<'a>(
    statut: &'a str,
    table: impl Iterator<Item = (&'a str, u32)>,
) -> Option<String> {
    let same = "le même statut";
    let mut column = Column::default();
    for (word, line) in table {
        // Twins within the table are reported elsewhere.
        let _ = column.twin(word, line, same);
    }
    column.twin(statut, 0, same)
}

/// A word of a column, with the number of its occurrences and the line of the first.
struct Counted<'a> {
    word: &'a str,
    line: u32,
    count: usize,
}

/// The distinct words of a column.
fn counted<'a>(words: impl IntoIterator<Item = Given<'a>>) -> Vec<Counted<'a>> {
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
    by_word.into_values().collect()
}

fn note_twins<'a>(
    file: &str,
    noun: &str,
    words: impl IntoIterator<Item = Given<'a>>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut all = counted(words);
    // The more frequent word is the one that was meant.
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

/// The message about a word that ends with a separator of other languages, which is part of the word here.
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

/// The letters of a word, with double consonants between vowels reduced to one; `None` for a short word.
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
