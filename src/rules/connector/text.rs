//! A text of a connector's file, with its position for the faults in it.

use serde_json::Value as Json;

use crate::rules::diagnostic::code;
use crate::rules::finding::Finding;
use crate::rules::source::Reader;
use crate::rules::template::{Scope, Text};
use crate::rules::yaml::{Key, Node};

/// A fault in an expression or text, with its position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("ligne {line} : {message}")]
pub struct Fault {
    /// Line in the connector's file, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What went wrong, in French.
    pub message: String,
}

/// A text of the file with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocatedText {
    pub line: u32,
    pub column: u32,
    pub text: Text,
}

impl LocatedText {
    /// Reads a text with expressions.
    pub fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        let text = reader.text(node)?.text;
        Self::at(reader, (node.line, node.column), &text, Text::compile)
    }

    /// Reads an expression, with or without its braces.
    pub fn expression(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        let text = reader.text(node)?.text;
        Self::at(reader, (node.line, node.column), &text, Text::expression)
    }

    /// Reads a key of a mapping, without the mark at its end.
    pub fn key(reader: &mut Reader<'_>, key: &Key, name: &str) -> Option<Self> {
        Self::at(reader, (key.line, key.column), name, Text::compile)
    }

    fn at(
        reader: &mut Reader<'_>,
        (line, column): (u32, u32),
        text: &str,
        compile: impl Fn(&str) -> Result<Text, Finding<usize>>,
    ) -> Option<Self> {
        match compile(text) {
            Ok(text) => Some(Self { line, column, text }),
            Err(broken) => {
                let (line, column) = reader.place_within((line, column), text, broken.at);
                reader.fault(code::TEMPLATE, line, column, broken.message);
                None
            }
        }
    }

    /// Whether it uses a value whose name satisfies the predicate and is not bound by a repetition.
    pub fn uses(&self, locals: &[&str], is_one: impl Fn(&str) -> bool) -> bool {
        let names = self.text.names();
        let own = |name: &&String| {
            let root = name.split('.').next().unwrap_or_default();
            !locals.contains(&root)
        };
        names.iter().filter(own).any(|it| is_one(it))
    }

    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault {
            line: self.line,
            column: self.column,
            message: message.into(),
        }
    }

    pub fn text(&self, scope: &Scope) -> Result<String, Fault> {
        self.text.text(scope).map_err(|it| self.fault(it))
    }

    pub fn path(&self, scope: &Scope) -> Result<String, Fault> {
        self.text.path(scope).map_err(|it| self.fault(it))
    }

    pub fn holds(&self, scope: &Scope) -> Result<bool, Fault> {
        self.text.holds(scope).map_err(|it| self.fault(it))
    }

    pub fn value(&self, scope: &Scope) -> Result<Option<Json>, Fault> {
        self.text.value(scope).map_err(|it| self.fault(it))
    }
}
