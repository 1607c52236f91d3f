//! Splits the tags of a template into words, for checks that do not run it.
//!
//! The engine's own lexer may change in any version (`unstable_machinery`) and stops at the first sign it does not
//! know, which is where most of the advice begins.

use std::ops::Range;

use crate::rules::template::syntax::tags::{self, Tag};

/// A word, string or sign, with its byte offset.
pub(in crate::rules::template) type Word<'s> = (usize, &'s str);

/// What may come before and after a complete comparison.
const BEFORE: [&str; 7] = ["if", "elif", "and", "or", "not", "else", "("];
const BEHIND: [&str; 5] = ["and", "or", "if", "else", ")"];

/// The words, strings and signs of a tag.
pub(in crate::rules::template) fn words<'s>(source: &'s str, tag: &Tag<'_>) -> Vec<Word<'s>> {
    let from = tag.begin + tag.open.len();
    let end = from + tag.inside.trim_end_matches(['-', '+']).len();
    split(source, from..end, &tag.texts)
}

/// The same for an expression without braces at this place in a text.
pub(in crate::rules::template) fn of_expression(
    source: &str,
    place: Range<usize>,
) -> Vec<Word<'_>> {
    let texts = tags::texts(&source[..place.end], place.start);
    split(source, place, &texts)
}

fn split<'s>(source: &'s str, place: Range<usize>, texts: &[Range<usize>]) -> Vec<Word<'s>> {
    const OPERATING: &str = "=<>!&|";
    let Range { start: from, end } = place;
    let mut words = Vec::new();
    let mut at = from;
    while let Some(first) = source[at..end].chars().next() {
        let of_word = |it: char| it.is_alphanumeric() || it == '_';
        let kind = |it: char| (of_word(it), OPERATING.contains(it));
        // The strings are in source order.
        let text = texts.binary_search_by_key(&at, |it| it.start);
        let text = text.ok().and_then(|it| texts.get(it));
        let length = match text {
            Some(text) => text.end.min(end) - at,
            None if kind(first) == (false, false) => first.len_utf8(),
            None => {
                let rest = source[at..end].find(|it| kind(it) != kind(first));
                rest.unwrap_or(end - at)
            }
        };
        let skipped = first.is_whitespace() || at == from && "-+".contains(first);
        if !skipped {
            words.push((at, &source[at..at + length]));
        }
        at += length;
    }
    words
}

/// A value with its fields, as in `signalement.auteur`, and its place among the words.
pub(in crate::rules::template) struct Path {
    pub text: String,
    /// In bytes of the template's text.
    pub at: usize,
    /// Index of its first word, and the index after its last.
    pub begin: usize,
    pub end: usize,
}

impl Path {
    /// Its first name.
    pub fn root(&self) -> &str {
        self.text.split('.').next().unwrap_or_default()
    }
}

/// Every path in a tag, but not the names after `|` or a closing bracket.
pub(in crate::rules::template) fn paths(words: &[Word<'_>]) -> Vec<Path> {
    let mut paths = Vec::new();
    let mut begin = 0;
    while begin < words.len() {
        let (at, first) = words[begin];
        let follows = begin > 0 && [".", "|", ")", "]"].contains(&words[begin - 1].1);
        if !is_name(first) || follows {
            begin += 1;
            continue;
        }
        let mut end = begin + 1;
        let mut text = first.to_owned();
        while let [(_, "."), (_, name), ..] = words[end..]
            && is_name(name)
        {
            text = format!("{text}.{name}");
            end += 2;
        }
        paths.push(Path {
            text,
            at,
            begin,
            end,
        });
        begin = end;
    }
    paths
}

fn is_name(word: &str) -> bool {
    word.starts_with(|it: char| it.is_alphabetic() || it == '_')
}

/// The words of every closed tag that is not a comment.
pub(in crate::rules::template) fn tags(source: &str) -> impl Iterator<Item = Vec<Word<'_>>> {
    let tags = tags::read(source).into_iter();
    let read = tags.filter(|it| it.open != "{#" && it.end.is_some());
    read.map(move |tag| words(source, &tag))
}

/// The names of the filters in a tag, each with its index among the words.
pub(in crate::rules::template) fn filters<'w, 's>(
    words: &'w [Word<'s>],
) -> impl Iterator<Item = (usize, &'s str)> + use<'w, 's> {
    let pairs = words.windows(2).enumerate();
    pairs.filter_map(|(at, pair)| match pair {
        [(_, "|"), (_, name)] if is_name(name) => Some((at + 1, *name)),
        _ => None,
    })
}

/// Whether the words from `from` up to `to` are a complete comparison.
pub(in crate::rules::template) fn is_whole(words: &[Word<'_>], from: usize, to: usize) -> bool {
    let begins = from == 0 || BEFORE.contains(&words[from - 1].1);
    begins && words.get(to).is_none_or(|(_, it)| BEHIND.contains(it))
}

/// A string without its quotes; `None` if it is not a string or has escape sequences.
pub(in crate::rules::template) fn unquoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|it| ['"', '\''].contains(it))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains('\\')).then_some(inside)
}

/// Index of the bracket that closes the one at index `open`.
pub(in crate::rules::template) fn closing(words: &[Word<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, (_, word)) in words.iter().enumerate().skip(open) {
        match *word {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}
