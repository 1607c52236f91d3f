//! Scalars without quotes: what YAML makes of them, and what a person meant.

use serde_json::Value as Json;

use crate::rules::diagnostic::code;
use crate::rules::source::Reader;
use crate::rules::yaml::{Node, Value};

/// What YAML 1.2 takes for a boolean, and JSON does not.
const CAPITALISED: [&str; 4] = ["True", "TRUE", "False", "FALSE"];

/// Reports such a word without quotes, which is sent as a text.
pub(super) fn note_capitalised(reader: &mut Reader<'_>, node: &Node) {
    let Value::Text(text) = &node.value else {
        return;
    };
    if !node.plain || !CAPITALISED.contains(&text.as_str()) {
        return;
    }
    let message = format!(
        "« {text} » sans guillemets part comme un texte : écrivez « {} », ou « \"{text}\" » si c'est bien un texte",
        text.to_lowercase()
    );
    reader.remark(code::WORD_UNKNOWN, node.line, node.column, message);
}

/// Reports an integer that JSON would round, at its position.
pub(super) fn note_rounded(reader: &mut Reader<'_>, node: &Node, json: &Json) {
    let Value::Text(text) = &node.value else {
        return;
    };
    let is_integer = text
        .strip_prefix('-')
        .unwrap_or(text)
        .bytes()
        .all(|it| it.is_ascii_digit());
    if is_integer && json.is_f64() {
        let message = format!(
            "ce nombre a trop de chiffres et part arrondi, « {json} » : mettez-le entre guillemets"
        );
        reader.remark(code::SHAPE, node.line, node.column, message);
    }
}
