//! Values in quotes, which are printed or compared as those words: `{{ "residence.nom" }}`.

use crate::rules::finding::Finding;
use crate::rules::template::advice;
use crate::rules::template::syntax::tags;
use crate::rules::template::syntax::tokens::{self, unquoted};

/// What may come before such a text. After a bracket, it may be a key or the argument of a filter.
const BEFORE: [&str; 7] = ["~", "if", "elif", "else", "and", "or", "not"];
/// What may come after it. Before `in`, it is searched for.
const BEHIND: [&str; 13] = [
    "~", "|", "==", "!=", "<", "<=", ">", ">=", "is", "and", "or", "if", "else",
];

/// Every text in a tag that is the name of a value with a field: « bien » alone may be an ordinary word.
pub(super) fn quoted_values(source: &str) -> Vec<Finding<usize>> {
    let mut found = Vec::new();
    for tag in tags::read(source) {
        if tag.open == "{#" || tag.end.is_none() {
            continue;
        }
        let words = tokens::words(source, &tag);
        for (number, (at, text)) in words.iter().enumerate() {
            let Some(path) = unquoted(text).map(str::trim) else {
                continue;
            };
            let begins = match number.checked_sub(1) {
                Some(before) => BEFORE.contains(&words[before].1),
                None => tag.open == "{{",
            };
            let behind = words.get(number + 1);
            let ends = behind.is_none_or(|(_, it)| BEHIND.contains(it));
            if begins && ends && path.contains('.') && advice::exists(path) {
                let message = format!(
                    "« {path} » est ici un texte, et non la valeur de ce nom : écrivez {path} sans guillemets"
                );
                found.push(Finding { at: *at, message });
            }
        }
    }
    found
}
