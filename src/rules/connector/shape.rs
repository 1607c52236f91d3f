//! A value that contains expressions, such as a body or a set of parameters.
//!
//! Besides plain YAML it has three features: a key that ends with `?` is left out if its value is empty; `{si, alors,
//! sinon}` chooses; `{pour, dans, faire}` repeats.

mod literal;
mod nearly;

use serde_json::{Map, Value as Json};

use crate::rules::source::Reader;
use crate::rules::template::Scope;
use crate::rules::yaml::{Node, Value};

use super::text::{Fault, LocatedText};

/// A value that contains expressions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Text(LocatedText),
    /// A number, true, false or null.
    Literal(Json),
    List(Vec<Shape>),
    Map(Vec<Entry>),
    /// `{pour: nom, dans: liste, faire: …}`
    Each {
        name: String,
        list: LocatedText,
        body: Box<Shape>,
    },
    /// `{si: condition, alors: …, sinon: …}`
    When {
        test: LocatedText,
        then: Box<Shape>,
        otherwise: Option<Box<Shape>>,
    },
}

/// One key of a [`Shape::Map`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The key, which may be an expression: in some APIs, the key is the name of a file.
    pub key: LocatedText,
    /// Whether the key is left out if its value is empty.
    pub optional: bool,
    pub value: Shape,
}

/// What becomes of a number without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// It stays a number, in JSON.
    Kept,
    /// It is sent as it is written: headers, parameters and form fields are texts, and a version `1.10` is not `1.1`.
    AsWritten,
    /// The same, except in the JSON of a multipart body's part: this value has the parts by their names.
    OfParts,
    /// This value is such a part, or a list of them.
    OfPart,
}

impl Numbers {
    /// Whether this unquoted value is read as a text.
    fn is_text(self, node: &Node) -> bool {
        self != Self::Kept && node.json().is_number()
    }

    /// What applies to the value of a key.
    fn under(self, key: &str) -> Self {
        match self {
            Self::Kept | Self::AsWritten => self,
            Self::OfParts => Self::OfPart,
            Self::OfPart if key == "json" => Self::Kept,
            Self::OfPart => Self::AsWritten,
        }
    }
}

/// The result of rendering a shape.
enum Made {
    /// The value is left out.
    Nothing,
    One(Json),
    /// The results of a repetition, each of which becomes an item of the surrounding list.
    Many(Vec<Json>),
}

impl Shape {
    /// An empty mapping.
    pub fn empty() -> Self {
        Self::Map(Vec::new())
    }

    /// Reads a value that is sent as JSON; all faults in it are reported.
    pub fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        Self::read_with(reader, node, Numbers::Kept)
    }

    /// Reads headers, parameters or form fields, whose values are texts.
    pub fn read_texts(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        Self::read_with(reader, node, Numbers::AsWritten)
    }

    /// Reads the parts of a multipart body.
    pub fn read_parts(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        Self::read_with(reader, node, Numbers::OfParts)
    }

    fn read_with(reader: &mut Reader<'_>, node: &Node, numbers: Numbers) -> Option<Self> {
        if numbers == Numbers::Kept {
            literal::note_capitalised(reader, node);
        }
        match &node.value {
            Value::Null => Some(Self::Literal(Json::Null)),
            Value::Text(_) if node.plain && !numbers.is_text(node) => {
                let json = node.json();
                literal::note_rounded(reader, node, &json);
                Some(Self::Literal(json))
            }
            // Unlike elsewhere, an empty text is a valid value here.
            Value::Text(text) if text.trim().is_empty() => {
                Some(Self::Literal(Json::from(text.as_str())))
            }
            Value::Text(_) => LocatedText::read(reader, node).map(Self::Text),
            Value::List(items) => {
                let read: Vec<_> = items
                    .iter()
                    .map(|it| Self::read_with(reader, it, numbers))
                    .collect();
                read.into_iter().collect::<Option<_>>().map(Self::List)
            }
            Value::Map(entries) => {
                let has = |name: &str| entries.iter().any(|(key, _)| key.name == name);
                if has("pour") && has("dans") && has("faire") && entries.len() == 3 {
                    return Self::each(reader, node, numbers);
                }
                let only_known = entries
                    .iter()
                    .all(|(it, _)| CHOICE.contains(&it.name.as_str()));
                if has("si") && has("alors") && only_known {
                    return Self::when(reader, node, numbers);
                }
                nearly::note(reader, entries);
                let mut read = Some(Vec::new());
                for (key, node) in entries {
                    let (name, optional) = match key.name.strip_suffix('?') {
                        Some(name) => (name, true),
                        None => (key.name.as_str(), false),
                    };
                    let value = Self::read_with(reader, node, numbers.under(name));
                    let key = LocatedText::key(reader, key, name);
                    read = read.zip(key).zip(value).map(|((mut read, key), value)| {
                        read.push(Entry {
                            key,
                            optional,
                            value,
                        });
                        read
                    });
                }
                read.map(Self::Map)
            }
        }
    }

    fn each(reader: &mut Reader<'_>, node: &Node, numbers: Numbers) -> Option<Self> {
        let name = reader.text(node.get("pour")?);
        let list = LocatedText::expression(reader, node.get("dans")?);
        let body = Self::read_with(reader, node.get("faire")?, numbers);
        Some(Self::Each {
            name: name?.text,
            list: list?,
            body: Box::new(body?),
        })
    }

    fn when(reader: &mut Reader<'_>, node: &Node, numbers: Numbers) -> Option<Self> {
        let test = LocatedText::expression(reader, node.get("si")?);
        let then = Self::read_with(reader, node.get("alors")?, numbers);
        let otherwise = match node.get("sinon") {
            Some(node) => Some(Box::new(Self::read_with(reader, node, numbers)?)),
            None => None,
        };
        Some(Self::When {
            test: test?,
            then: Box::new(then?),
            otherwise,
        })
    }

    /// Renders the value in this scope; null if all of it is left out.
    pub fn render(&self, scope: &Scope) -> Result<Json, Fault> {
        Ok(match self.make(scope)? {
            Made::Nothing => Json::Null,
            Made::One(value) => value,
            Made::Many(items) => Json::Array(items),
        })
    }

    /// Renders the keys of a mapping and their values, in the order of the file.
    pub fn render_fields(&self, scope: &Scope) -> Result<Vec<(String, Json)>, Fault> {
        let Self::Map(entries) = self else {
            return Ok(Vec::new());
        };
        fields(entries, scope)
    }

    fn make(&self, scope: &Scope) -> Result<Made, Fault> {
        match self {
            Self::Literal(value) => Ok(Made::One(value.clone())),
            Self::Text(text) => match text.value(scope)? {
                Some(value) => Ok(Made::One(value)),
                None => Err(text.fault(format!("{} n'existe pas", text.text.source()))),
            },
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    match item.make(scope)? {
                        Made::Nothing => {}
                        Made::One(value) => list.push(value),
                        Made::Many(values) => list.extend(values),
                    }
                }
                Ok(Made::One(Json::Array(list)))
            }
            Self::Map(entries) => {
                let fields: Map<String, Json> = fields(entries, scope)?.into_iter().collect();
                Ok(Made::One(Json::Object(fields)))
            }
            Self::Each { name, list, body } => {
                let items = match list.value(scope)? {
                    Some(Json::Array(items)) => items,
                    None | Some(Json::Null) => Vec::new(),
                    Some(_) => return Err(list.fault("« dans » attend une liste")),
                };
                let mut made = Vec::new();
                for item in &items {
                    match body.make(&scope.with(name, item))? {
                        Made::Nothing => {}
                        Made::One(value) => made.push(value),
                        Made::Many(values) => made.extend(values),
                    }
                }
                Ok(Made::Many(made))
            }
            Self::When {
                test,
                then,
                otherwise,
            } => match (test.holds(scope)?, otherwise) {
                (true, _) => then.make(scope),
                (false, Some(otherwise)) => otherwise.make(scope),
                (false, None) => Ok(Made::Nothing),
            },
        }
    }

    /// Visits each text that is evaluated whatever the other values are.
    pub fn visit_needed<'s>(&'s self, see: &mut dyn FnMut(&'s LocatedText)) {
        match self {
            Self::Literal(_) => {}
            Self::Text(text) | Self::Each { list: text, .. } | Self::When { test: text, .. } => {
                see(text);
            }
            Self::List(items) => items.iter().for_each(|it| it.visit_needed(see)),
            Self::Map(entries) => entries.iter().for_each(|it| it.value.visit_needed(see)),
        }
    }

    /// Visits each condition.
    pub fn visit_tests<'s>(&'s self, see: &mut dyn FnMut(&'s LocatedText)) {
        match self {
            Self::Literal(_) | Self::Text(_) => {}
            Self::List(items) => items.iter().for_each(|it| it.visit_tests(see)),
            Self::Map(entries) => entries.iter().for_each(|it| it.value.visit_tests(see)),
            Self::Each { body, .. } => body.visit_tests(see),
            Self::When {
                test,
                then,
                otherwise,
            } => {
                see(test);
                then.visit_tests(see);
                if let Some(otherwise) = otherwise {
                    otherwise.visit_tests(see);
                }
            }
        }
    }

    /// Visits each text, with the names bound by repetitions around it.
    pub fn visit<'s>(
        &'s self,
        locals: &mut Vec<&'s str>,
        see: &mut dyn FnMut(&'s LocatedText, &[&'s str]),
    ) {
        match self {
            Self::Literal(_) => {}
            Self::Text(text) => see(text, locals),
            Self::List(items) => items.iter().for_each(|it| it.visit(locals, see)),
            Self::Map(entries) => {
                for entry in entries {
                    // Names chosen by the partner may look like anything.
                    let own = entry.key.text.literal().is_some_and(|it| !it.contains('{'));
                    if !own {
                        see(&entry.key, locals);
                    }
                    entry.value.visit(locals, see);
                }
            }
            Self::Each { name, list, body } => {
                see(list, locals);
                locals.push(name);
                body.visit(locals, see);
                locals.pop();
            }
            Self::When {
                test,
                then,
                otherwise,
            } => {
                see(test, locals);
                then.visit(locals, see);
                if let Some(otherwise) = otherwise {
                    otherwise.visit(locals, see);
                }
            }
        }
    }
}

/// The keys of a choice; the last is optional.
const CHOICE: [&str; 3] = ["si", "alors", "sinon"];
/// The keys of a repetition.
const REPETITION: [&str; 3] = ["pour", "dans", "faire"];

fn fields(entries: &[Entry], scope: &Scope) -> Result<Vec<(String, Json)>, Fault> {
    let mut made = Vec::with_capacity(entries.len());
    for entry in entries {
        let value = match &entry.value {
            // If the key is optional, its value need not exist.
            Shape::Text(text) if entry.optional => match text.value(scope)? {
                Some(value) => value,
                None => continue,
            },
            value => match value.make(scope)? {
                Made::Nothing => continue,
                Made::One(value) => value,
                Made::Many(items) => Json::Array(items),
            },
        };
        if entry.optional && is_empty(&value) {
            continue;
        }
        made.push((entry.key.text(scope)?, value));
    }
    Ok(made)
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}
