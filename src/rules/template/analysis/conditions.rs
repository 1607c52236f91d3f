//! The tags of a text, each with the conditions it depends on.

use crate::rules::template::syntax::tags::{self, Tag};
use crate::rules::template::syntax::tokens::{self, Word};

/// Calls `see` with each tag, its words and the conditions around it.
pub(in crate::rules::template) fn each_tag<'s>(
    source: &'s str,
    mut see: impl FnMut(&Tag<'s>, &[Word<'s>], &[Vec<Word<'s>>]),
) {
    let mut conditions: Vec<Vec<Word<'s>>> = Vec::new();
    for tag in tags::read(source) {
        if tag.open == "{#" || tag.end.is_none() {
            continue;
        }
        let words = tokens::words(source, &tag);
        see(&tag, &words, &conditions);
        match tag.word() {
            "if" => conditions.push(words),
            "elif" => {
                if let Some(all) = conditions.last_mut() {
                    all.extend(words);
                }
            }
            "endif" => drop(conditions.pop()),
            _ => {}
        }
    }
}
