//! The tags of a template, word by word: what of a tag is known without running it.

use crate::rules::template::tags::{self, Tag};

/// The words, texts and signs of a tag, with their places.
pub(super) fn words<'s>(source: &'s str, tag: &Tag<'_>) -> Vec<(usize, &'s str)> {
    const OPERATING: &str = "=<>!&|";
    let from = tag.begin + tag.open.len();
    let end = from + tag.inside.trim_end_matches(['-', '+']).len();
    let mut words = Vec::new();
    let mut at = from;
    while let Some(first) = source[at..end].chars().next() {
        let of_word = |it: char| it.is_alphanumeric() || it == '_';
        let kind = |it: char| (of_word(it), OPERATING.contains(it));
        let text = tag.texts.iter().find(|it| it.start == at);
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

/// A value with what is asked of it, and where it stands among the words: `signalement.auteur`.
pub(super) struct Path {
    pub text: String,
    /// In bytes of the template's text.
    pub at: usize,
    /// The first of its words, and the one behind its last.
    pub begin: usize,
    pub end: usize,
}

impl Path {
    /// Its first name.
    pub fn root(&self) -> &str {
        self.text.split('.').next().unwrap_or_default()
    }
}

/// Every path in a tag; not what follows a filter or a bracket.
pub(super) fn paths(words: &[(usize, &str)]) -> Vec<Path> {
    let is_name = |it: &str| it.starts_with(|it: char| it.is_alphabetic() || it == '_');
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

/// The words of every tag that is read and closed.
pub(super) fn tags(source: &str) -> impl Iterator<Item = Vec<(usize, &str)>> {
    let tags = tags::read(source).into_iter();
    let read = tags.filter(|it| it.open != "{#" && it.end.is_some());
    read.map(move |tag| words(source, &tag))
}
