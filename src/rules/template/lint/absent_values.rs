//! Values that may be absent but are printed unconditionally, which leaves a gap in a sentence or prints the engine's
//! word « None ».

use crate::rules::finding::Finding;
use crate::rules::template::analysis::compared::root;
use crate::rules::template::analysis::conditions::each_tag;
use crate::rules::template::syntax::tags::{self, Tag};
use crate::rules::template::syntax::tokens::{self, Word};

/// Values that are absent if no bien is named; printing the `bien` object itself is reported elsewhere.
const ABSENT: [&str; 2] = ["signalement.bien", "demande.bien"];
/// The last part of such a name.
const BIEN: &str = "bien";
/// Punctuation before and after a value that shows it is part of a sentence.
const BEFORE: [char; 2] = ['(', '«'];
const BEHIND: [char; 5] = ['.', ',', ';', ')', '»'];

/// Each of them in a text.
pub(super) fn holes(source: &str) -> Vec<Finding<usize>> {
    let mut found = Vec::new();
    each_tag(source, |tag, words, conditions| {
        let is_guard = |words: &Vec<Word<'_>>| {
            let mut paths = tokens::paths(words).into_iter();
            paths.any(|path| path.text.split('.').any(|step| step == BIEN))
        };
        if conditions.iter().any(is_guard) {
            return;
        }
        let paths = tokens::paths(words);
        // « … if bien else … » tests for it in the tag itself, possibly by a different name.
        let asks = |path: &tokens::Path| {
            let before = path.begin.checked_sub(1).and_then(|it| words.get(it));
            let guards = before.is_some_and(|(_, it)| ["if", "and", "or", "not"].contains(it));
            guards && path.text.split('.').any(|it| it == BIEN)
        };
        for path in &paths {
            let name = path.text.strip_prefix("evenement.").unwrap_or(&path.text);
            let alone = paths.iter().filter(|it| it.text == path.text).count() == 1;
            let asked = paths.iter().any(|it| it.begin != path.begin && asks(it));
            if !ABSENT.contains(&name) || !alone || asked || tags::gives(source, root(&path.text)) {
                continue;
            }
            let shown = &path.text;
            let is = |at: Option<usize>, sign: &str| {
                at.and_then(|it| words.get(it))
                    .is_some_and(|(_, it)| *it == sign)
            };
            let behind = Some(path.end);
            let joined = is(behind, "~") || is(path.begin.checked_sub(1), "~");
            let printed = tag.open == "{{" && path.begin == 0 && path.end == words.len();
            let message = if joined && !is(behind, "|") {
                format!(
                    "quand aucun bien n'est nommé, « ~ » écrit ici le mot « None » : écrivez « {shown} | default(\"\") »"
                )
            } else if printed && in_sentence(source, tag) {
                format!(
                    "quand aucun bien n'est nommé, il reste ici un vide : écrivez par exemple « {shown} | default(\"aucun\") », ou entourez la phrase de « {{% if {shown} %}} » et « {{% endif %}} »"
                )
            } else {
                continue;
            };
            found.push(Finding {
                at: path.at,
                message,
            });
        }
    });
    found
}

/// Whether a tag is right next to the punctuation of a sentence.
fn in_sentence(source: &str, tag: &Tag<'_>) -> bool {
    let before = source[..tag.begin].trim_end_matches([' ', '\u{a0}', '\u{202f}']);
    let behind = tag
        .end
        .and_then(|end| source.get(end..))
        .unwrap_or_default();
    before.ends_with(BEFORE) || behind.starts_with(BEHIND)
}
