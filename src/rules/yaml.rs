//! A YAML text as a tree in which every key and value has its line and column.
//!
//! serde alone stops at the first fault of a file, but admins need all of them at once, each with its position. So the
//! text becomes a tree first, and [`super::source`] reads its shape.

mod causes;
mod habits;
mod levels;
mod marks;
mod raw;
mod scan;
mod stumbles;

use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::pasted;

pub use causes::no_dash;
pub use marks::marked;

use marks::Marks;
use raw::Raw;

/// A value with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Whether it is an unquoted scalar that YAML reads as a number or a boolean.
    pub plain: bool,
    /// The value.
    pub value: Value,
}

/// The content of a node. Scalars are kept as they are written: a code `012` stays `012`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing, or `null`.
    Null,
    /// Any scalar.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The key as it is written.
    pub name: String,
    /// Whether it is quoted.
    pub quoted: bool,
}

impl Key {
    /// What is missing in a key that was meant to be a name with its value; `None` for a quoted key.
    #[must_use]
    pub fn glued(&self) -> Option<String> {
        glued(&self.name).filter(|_| !self.quoted)
    }

    /// What to type instead of the characters that indent this key, if YAML does not accept them as spaces: the key is
    /// then on the level of the text's beginning, and they are part of its name.
    #[must_use]
    pub fn hidden_indent(&self) -> Option<String> {
        let hidden = |sign: char| !sign.is_ascii() && sign.is_whitespace();
        let indented = !self.quoted && self.name.starts_with(hidden);
        indented.then(|| pasted::note_hidden(&self.name)).flatten()
    }

    /// The fault of characters that indent this key but are no spaces to YAML.
    #[must_use]
    pub fn indent_fault(&self, file: &str) -> Option<Diagnostic> {
        let message = format!("« {} » : {}", self.name.trim(), self.hidden_indent()?);
        Some(Diagnostic::at(
            code::SHAPE,
            file,
            self.line,
            self.column,
            message,
        ))
    }
}

impl Node {
    /// The value as JSON; a number that JSON cannot represent stays a text.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Text(text) if self.plain => {
                serde_json::from_str(text).unwrap_or_else(|_| Json::from(text.as_str()))
            }
            Value::Text(text) => Json::from(text.as_str()),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Map(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|(key, node)| (key.name.clone(), node.json()));
                Json::Object(entries.collect())
            }
        }
    }

    /// The value under a key of a mapping; `None` if it is missing or null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else {
            return None;
        };
        let found = entries.iter().find(|(key, _)| key.name == name);
        found
            .map(|(_, node)| node)
            .filter(|it| it.value != Value::Null)
    }
}

/// What is missing in a text that was meant to be a name with its value, `nom:valeur`.
#[must_use]
pub fn glued(text: &str) -> Option<String> {
    let first = text.split_whitespace().next()?;
    stumbles::glued(first)?;
    let (name, value) = first.split_once(':')?;
    Some(format!(
        "il manque une espace après les deux-points : « {name}: {value} »"
    ))
}

/// What is missing in a text that was meant to be an item of a list, `-valeur`.
#[must_use]
pub fn glued_dash(text: &str) -> Option<String> {
    causes::glued_dash(text).map(causes::no_space)
}

/// A group of lines whose title is easily left out, and the lines around it that show that it was.
#[derive(Debug)]
pub struct Group {
    /// The line with the title.
    pub title: &'static str,
    /// Where that line belongs, in French.
    pub place: &'static str,
    /// How the line above begins: one of these, or with anything if there are none.
    pub after: &'static [&'static str],
    /// How the first line of the group begins; empty if with anything.
    pub first: &'static str,
    /// Whether a file has only one such group.
    pub once: bool,
}

/// Remarks on what YAML accepts but reads differently from how a person would. `divides` is whether `//` is an operator
/// in this file.
#[must_use]
pub fn remarks(file: &str, text: &str, divides: bool) -> Vec<Diagnostic> {
    const CUT_OFF: &str = "ce qui suit « # » est un commentaire et ne compte pas : mettez le texte entre guillemets (ou une espace après « # », si c'est un commentaire)";
    const SLASHES: &str = "« // » ne commence pas un commentaire, et ce qui suit fait partie du texte : mettez « # » à sa place (ou le texte entre guillemets, s'il est bien ainsi)";
    let clamp = |it: usize| u32::try_from(it + 1).unwrap_or(u32::MAX);
    let cut_off = scan::cut_off(text).into_iter().map(|at| (at, CUT_OFF));
    let slashes = if divides {
        Vec::new()
    } else {
        scan::slashes(text)
    };
    let slashes = slashes.into_iter().map(|at| (at, SLASHES));
    cut_off
        .chain(slashes)
        .map(|((line, column), message)| {
            Diagnostic::at(code::YAML, file, clamp(line), clamp(column), message).as_warning()
        })
        .collect()
}

/// Reads one YAML 1.2 document.
///
/// # Errors
/// One diagnostic for a text that is not YAML; otherwise one for every repeated key and for every text whose beginning
/// is read as something else.
pub fn parse(file: &str, text: &str) -> Result<Node, Vec<Diagnostic>> {
    parse_grouped(file, text, &[])
}

/// Like [`parse`], for a file that may have these groups.
///
/// # Errors
/// As for [`parse`]. If the title of a group is missing, the diagnostic names it.
pub fn parse_grouped(file: &str, text: &str, groups: &[Group]) -> Result<Node, Vec<Diagnostic>> {
    let options = serde_saphyr::options! {
        // Without these two options, `no` becomes false and `012` becomes 12 (YAML 1.1).
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        // All duplicates are reported below.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    };
    let raw: Spanned<Raw> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let at = error.location().map_or((0, 0), |at| position(&at));
            vec![stumbles::diagnose(file, text, groups, at, &error)]
        })?;
    let mut faults = Vec::new();
    let mut marks = Marks::of(text);
    let node = locate(file, text, raw, false, &mut marks, &mut faults);
    faults.extend(marks.faults(file));
    if faults.is_empty() {
        Ok(node)
    } else {
        Err(faults)
    }
}

fn locate(
    file: &str,
    text: &str,
    raw: Spanned<Raw>,
    is_item: bool,
    marks: &mut Marks<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Node {
    let (line, column) = position(&raw.referenced);
    marks.note(&raw.referenced, &raw.defined);
    let plain = matches!(raw.value, Raw::AsWritten);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::AsWritten => Value::Text(as_written(text, &raw.defined)),
        Raw::Text(text) => Value::Text(text),
        Raw::List(items) => Value::List(
            items
                .into_iter()
                .map(|item| locate(file, text, item, true, marks, faults))
                .collect(),
        ),
        Raw::Map(entries) => {
            let mut map: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
            let mut lines = std::collections::HashMap::with_capacity(entries.len());
            let mut twice: Vec<(usize, u32)> = Vec::new();
            for (key, value) in entries {
                let (line, column) = position(&key.referenced);
                let quoted = marks.note(&key.referenced, &key.defined);
                let key = Key {
                    line,
                    column,
                    name: key.value,
                    quoted,
                };
                let value = locate(file, text, value, false, marks, faults);
                if let Some(first) = lines.insert(key.name.clone(), line) {
                    twice.push((map.len(), first));
                }
                map.push((key, value));
            }
            faults.extend(repeated(file, &map, &twice, is_item));
            Value::Map(map)
        }
    };
    Node {
        line,
        column,
        plain,
        value,
    }
}

/// The faults of repeated keys, each given by its index and the line of its first occurrence.
fn repeated(
    file: &str,
    map: &[(Key, Node)],
    twice: &[(usize, u32)],
    is_item: bool,
) -> Vec<Diagnostic> {
    // Keys of several groups meet on one level if their indentation is not made of spaces.
    if twice
        .iter()
        .any(|(at, _)| map[*at].0.hidden_indent().is_some())
    {
        let keys = map.iter().map(|(key, _)| key);
        return keys.filter_map(|key| key.indent_fault(file)).collect();
    }
    let begins_item = |at: usize| {
        let (key, first) = (&map[at].0, &map[0].0);
        key.name == first.name && key.column == first.column
    };
    // All keys of the next item are repeated here, because its dash is missing.
    let is_item = is_item || map.first().is_some_and(|(key, _)| key.name == "nom");
    let lacks_dash =
        is_item && twice.len() > 1 && twice.first().is_some_and(|(at, _)| begins_item(*at));
    // A key without a value above several repeated ones starts a new group that is indented as far as this one.
    let above = twice
        .first()
        .and_then(|(at, _)| map.get(at.checked_sub(1)?));
    if let (false, Some((key, node)), true) = (lacks_dash, above, twice.len() > 1)
        && node.value == Value::Null
    {
        let message = format!(
            "« {} » commence un autre groupe : décalez cette ligne vers la gauche",
            key.name
        );
        let fault = Diagnostic::at(code::KEY_TWICE, file, key.line, key.column, message);
        return vec![fault];
    }
    let repeated = twice
        .iter()
        .filter(|(at, _)| !lacks_dash || begins_item(*at));
    repeated
        .map(|(at, before)| {
            let key = &map[*at].0;
            let message = if lacks_dash {
                no_dash(&key.name)
            } else {
                format!(
                    "la clé « {} » est donnée deux fois (déjà à la ligne {before})",
                    key.name
                )
            };
            Diagnostic::at(code::KEY_TWICE, file, key.line, key.column, message)
        })
        .collect()
}

fn as_written(text: &str, at: &Location) -> String {
    let span = at.span();
    let bytes = span.byte_offset().zip(span.byte_len());
    let bytes = bytes.and_then(|(begin, len)| {
        let (begin, len) = (usize::try_from(begin).ok()?, usize::try_from(len).ok()?);
        text.get(begin..begin.checked_add(len)?)
    });
    if let Some(written) = bytes {
        return written.to_owned();
    }
    text.chars()
        .skip(usize::try_from(span.offset()).unwrap_or(usize::MAX))
        .take(usize::try_from(span.len()).unwrap_or(0))
        .collect()
}

fn position(at: &Location) -> (u32, u32) {
    let clamp = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    (clamp(at.line()), clamp(at.column()))
}

#[cfg(test)]
mod tests;
