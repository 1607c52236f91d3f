//! The headers of a request as a connector's file gives them. HTTP allows few characters in their names, and a request
//! with any other can never be sent.

use crate::rules::diagnostic::code;
use crate::rules::pasted;
use crate::rules::source::Reader;
use crate::rules::yaml::{Node, Value};

use super::shape::Shape;

/// Characters allowed in a name besides letters and digits (RFC 9110).
const SIGNS: &str = "!#$%&'*+-.^_`|~";

/// Reads headers by name; an invalid name is reported at its position.
pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Shape> {
    let Some(node) = node else {
        return Some(Shape::empty());
    };
    if let Value::Map(entries) = &node.value {
        for (key, _) in entries {
            check(reader, (key.line, key.column), &key.name);
        }
    }
    Shape::read_texts(reader, node)
}

/// Reports an invalid header name. A `?` at its end marks it as optional, and template tags in it are only resolved
/// when the request is sent.
pub(super) fn check(reader: &mut Reader<'_>, (line, column): (u32, u32), name: &str) {
    let name = name.strip_suffix('?').unwrap_or(name);
    let wrong = name.chars().find(|it| !is_sign(*it));
    let is_made = ["{{", "{%", "{#"].iter().any(|it| name.contains(it));
    if is_made || !name.is_empty() && wrong.is_none() {
        return;
    }
    let why = match wrong {
        None => "il est vide".to_owned(),
        Some(it) if it.is_alphabetic() => {
            format!("« {it} » n'y est pas permis : il s'écrit sans accent")
        }
        Some(' ') => "il s'écrit sans espace ; entre deux mots, mettez un tiret (-)".to_owned(),
        Some(it) => pasted::describe(it).map_or_else(
            || format!("« {it} » n'y est pas permis"),
            |it| format!("il y a ici {it}"),
        ),
    };
    let message = format!("« {name} » n'est pas un nom d'en-tête HTTP : {why}");
    reader.fault(code::RULE, line, column, message);
}

fn is_sign(it: char) -> bool {
    it.is_ascii_alphanumeric() || SIGNS.contains(it)
}
