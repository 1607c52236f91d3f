//! Strings that a value is compared with, found in the words of a tag: `valeur == "texte"`, `valeur in ["texte"]`, and
//! the keys of a table in which it is looked up. Serves templates and connectors alike.

use std::ops::Range;

use minijinja::Environment;

use crate::rules::compared::{Asked, Compared};
use crate::rules::place::place_of;
use crate::rules::template::analysis::parts::Parts;
use crate::rules::template::syntax::tags;
use crate::rules::template::syntax::tokens::{self, Path, Word, closing, is_whole, unquoted};

/// The value, the string without its quotes, and the byte offset of the string.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules::template) struct ComparedWord<'s> {
    pub at: usize,
    pub value: String,
    pub word: &'s str,
}

/// Every string that a template compares a value with.
pub(in crate::rules::template) fn compared(environment: &Environment<'static>) -> Vec<Compared> {
    let parts = Parts::of(environment);
    let mut all: Vec<Compared> = Vec::new();
    for (file, source, words) in parts.tags() {
        for found in words_in_tag(source, &words) {
            // Checked last because it reads all templates.
            if parts.give(root(&found.value)) {
                continue;
            }
            let (line, column) = place_of(source, found.at);
            let compared = Compared {
                file: file.to_owned(),
                value: found.value,
                word: found.word.to_owned(),
                asked: Asked::Whole,
                line,
                column,
            };
            // A named list may be used several times.
            if !all.contains(&compared) {
                all.push(compared);
            }
        }
    }
    all
}

/// The first name of a path.
pub(in crate::rules::template) fn root(path: &str) -> &str {
    path.split('.').next().unwrap_or_default()
}

/// Every string that a value is compared with in a tag.
pub(in crate::rules::template) fn words_in_tag<'s>(
    source: &'s str,
    words: &[Word<'s>],
) -> Vec<ComparedWord<'s>> {
    let mut found = Vec::new();
    for path in tokens::paths(words) {
        let mut texts: Vec<Word<'s>> = Vec::new();
        texts.extend(side(words, &path).map(|at| words[at]));
        texts.extend(listed(source, words, path.begin..path.end));
        texts.extend(keys(source, words, &path));
        for (at, text) in texts {
            found.extend(unquoted(text).map(|word| ComparedWord {
                at,
                value: path.text.clone(),
                word,
            }));
        }
    }
    found
}

/// Index of the single word on the other side of `==` or `!=`, as in `valeur == "texte"`, either way round.
fn side(words: &[Word<'_>], path: &Path) -> Option<usize> {
    let compares = |at: usize| {
        words
            .get(at)
            .is_some_and(|(_, it)| ["==", "!="].contains(it))
    };
    let (from, to, text) = if compares(path.end) {
        (path.begin, path.end + 2, path.end + 1)
    } else {
        let text = path.begin.checked_sub(2).filter(|it| compares(it + 1))?;
        (text, path.end, text)
    };
    (is_whole(words, from, to) && words.get(text).is_some()).then_some(text)
}

/// The strings of the list in which the value with these words is searched for: `valeur in ["un", "deux"]`, `not in`,
/// or a named list.
pub(in crate::rules::template) fn listed<'s>(
    source: &'s str,
    words: &[Word<'s>],
    Range { start, end }: Range<usize>,
) -> Vec<Word<'s>> {
    let behind = match &words[end..] {
        [(_, "in"), ..] => end + 1,
        [(_, "not"), (_, "in"), ..] => end + 2,
        _ => return Vec::new(),
    };
    let opens = |it: &Word<'_>| ["[", "("].contains(&it.1);
    if words.get(behind).is_some_and(opens) {
        let Some(closes) = closing(words, behind) else {
            return Vec::new();
        };
        let is_alone = is_whole(words, start, closes + 1);
        return texts_of_list(&words[behind..=closes])
            .filter(|_| is_alone)
            .unwrap_or_default();
    }
    let named = words
        .get(behind)
        .filter(|_| is_whole(words, start, behind + 1));
    let named = named.and_then(|(_, name)| given(source, name));
    named.as_deref().and_then(texts_of_list).unwrap_or_default()
}

/// The strings of a list; `None` if it contains anything else.
fn texts_of_list<'s>(list: &[Word<'s>]) -> Option<Vec<Word<'s>>> {
    let [(_, "[" | "("), items @ .., (_, "]" | ")")] = list else {
        return None;
    };
    let mut texts = Vec::new();
    for item in items.split(|(_, it)| *it == ",") {
        match item {
            [] => {}
            [(at, text)] if unquoted(text).is_some() => texts.push((*at, *text)),
            _ => return None,
        }
    }
    Some(texts)
}

/// The keys of the table in which a value is looked up: `{"un": 1}[valeur]`, or a named table.
fn keys<'s>(source: &'s str, words: &[Word<'s>], path: &Path) -> Vec<Word<'s>> {
    let Some(before) = path.begin.checked_sub(2) else {
        return Vec::new();
    };
    let brackets = (words[before + 1].1, words.get(path.end).map(|(_, it)| *it));
    if brackets != ("[", Some("]")) {
        return Vec::new();
    }
    let table = if words[before].1 == "}" {
        let mut opens = (0..before).rev().filter(|it| words[*it].1 == "{");
        let open = opens.find(|it| closing(words, *it) == Some(before));
        open.map(|it| words[it..=before].to_vec())
    } else {
        let is_alone = before.checked_sub(1).is_none_or(|it| words[it].1 != ".");
        given(source, words[before].1).filter(|_| is_alone)
    };
    table.as_deref().map(keys_of_table).unwrap_or_default()
}

fn keys_of_table<'s>(table: &[Word<'s>]) -> Vec<Word<'s>> {
    let is_table = matches!(table, [(_, "{"), .., (_, "}")]);
    let mut depth = 0_usize;
    let mut keys = Vec::new();
    for (at, word) in table.iter().enumerate() {
        match word.1 {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_key = table.get(at + 1).is_some_and(|(_, it)| *it == ":");
        if is_table && depth == 1 && is_key {
            keys.push(*word);
        }
    }
    keys
}

/// The expression assigned to a name, if only one instruction assigns it.
fn given<'s>(source: &'s str, name: &str) -> Option<Vec<Word<'s>>> {
    let all = tags::read(source);
    let mut giving = all.iter().filter(|it| it.gives(name));
    let tag = giving.next().filter(|it| it.end.is_some())?;
    if giving.next().is_some() {
        return None;
    }
    let words = tokens::words(source, tag);
    match words.as_slice() {
        [(_, "set"), (_, it), (_, "="), value @ ..] if *it == name => Some(value.to_vec()),
        _ => None,
    }
}
