//! Values that an e-mail prints without asking whether they are there.

use crate::rules::place::place_of;
use crate::rules::template::analysis::conditions::each_tag;
use crate::rules::template::syntax::tokens;

/// A place where a value is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// Path of the file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The path of the value.
    pub value: &'static str,
}

/// Where a text prints one of these values outside any condition; `file` is the path of its file.
pub(in crate::rules::template) fn printed(
    file: &str,
    source: &str,
    values: &[&'static str],
) -> Vec<Printed> {
    let mut found = Vec::new();
    each_tag(source, |tag, words, conditions| {
        let is_plain = !words
            .iter()
            .any(|(_, it)| ["default", "d", "if", "or"].contains(it));
        if tag.open != "{{" || !conditions.is_empty() || !is_plain {
            return;
        }
        let paths = tokens::paths(words).into_iter();
        let first = paths.take(1).filter(|it| it.begin == 0);
        found.extend(first.filter_map(|path| {
            let value = *values.iter().find(|it| **it == path.text)?;
            let (line, column) = place_of(source, path.at);
            let file = file.to_owned();
            Some(Printed {
                file,
                line,
                column,
                value,
            })
        }));
    });
    found
}
