//! Removes text written by people, and the codes of a combination, from messages, so that the same cause always reads
//! the same.

use std::slice;

use super::Combinations;
use super::causes::{GroupKey, Groups};
use crate::domain::signalement::Signalement;

/// Minimum length, in characters, of written text that is removed from messages.
const SHORTEST_WORDS: usize = 3;

impl Combinations<'_> {
    /// Whether a message contains text that a person wrote in this variation.
    pub(super) fn writes(&self, input: u32, message: &str) -> bool {
        let number = usize::try_from(input).unwrap_or(usize::MAX);
        let (_, varied) = self.written_in(number);
        let mut words = varied.iter();
        words.any(|it| it.chars().count() >= SHORTEST_WORDS && message.contains(it.as_str()))
    }
}

/// Removes the codes of a combination, its date and its author's address from a message, so that the same cause reads
/// the same for every residence.
pub(in crate::rules) fn generalise(message: String, signalement: &Signalement) -> String {
    let codes = [
        &signalement.date_creation_text,
        signalement.bien.as_deref().unwrap_or_default(),
        &signalement.residence,
        &signalement.qualification,
        &signalement.email_auteur,
    ];
    codes
        .into_iter()
        .fold(message, |message, code| without_word(&message, code))
}

/// The cause without the words of `varied`, or a known cause if it only differs in those words.
pub(super) fn without_words(
    key: GroupKey,
    usual: &[String],
    varied: &[String],
    known: &[&Groups],
) -> GroupKey {
    // Rules contain the words that are tried, so a message may contain one by chance.
    if known.iter().any(|it| it.contains_key(&key)) {
        return key;
    }
    let (file, line, message) = key;
    let from = (file.clone(), line, String::new());
    let known_here = || {
        let all = known.iter().flat_map(|it| {
            let at_or_after = it.range(from.clone()..);
            at_or_after.take_while(|((of, at, _), _)| *of == file && *at == line)
        });
        all.map(|((_, _, message), _)| message)
    };
    // A message may contain a tried word twice: once by chance, and once because it quotes the description.
    if let Some(same) = known_here().find(|it| with_varied(it, usual, varied) == message) {
        return (file.clone(), line, same.clone());
    }
    let mut general = message.clone();
    for words in varied {
        general = without_written(&general, slice::from_ref(words));
        if let Some(same) = known_here().find(|it| **it == general) {
            return (file.clone(), line, same.clone());
        }
    }
    if general == message {
        return (file, line, message);
    }
    let same = known_here().find(|it| without_written(it, usual) == general);
    let message = same.cloned().unwrap_or(general);
    (file, line, message)
}

/// A message that quotes the usual text, with the varied text instead.
fn with_varied(message: &str, usual: &[String], varied: &[String]) -> String {
    usual
        .iter()
        .zip(varied)
        .filter(|(usual, _)| usual.chars().count() >= SHORTEST_WORDS)
        .fold(message.to_owned(), |it, (usual, varied)| {
            it.replace(usual.as_str(), varied)
        })
}

/// A message without text written by people.
fn without_written(message: &str, written: &[String]) -> String {
    written
        .iter()
        .filter(|it| it.chars().count() >= SHORTEST_WORDS)
        .fold(message.to_owned(), |it, words| without_word(&it, words))
}

/// Whether a message at the same position equals a more general one, except in its gaps.
pub(super) fn is_like((file, line, message): &GroupKey, (of, at, general): &GroupKey) -> bool {
    if (file, line) != (of, at) || message == general {
        return false;
    }
    let mut parts = general.split('…');
    let Some(mut rest) = parts.next().and_then(|it| message.strip_prefix(it)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

fn without_word(text: &str, word: &str) -> String {
    if word.is_empty() || !text.contains(word) {
        return text.to_owned();
    }
    let mut general = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let end = at + word.len();
        let inside = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
        let part_of_another = inside(
            rest[..at]
                .chars()
                .next_back()
                .or(general.chars().next_back()),
        ) || inside(rest[end..].chars().next());
        general.push_str(&rest[..at]);
        general.push_str(if part_of_another { word } else { "…" });
        rest = &rest[end..];
    }
    general.push_str(rest);
    general
}
