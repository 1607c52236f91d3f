//! The landlord's words that a file relies on: those that its tables must have, those that it compares with, and
//! those that it makes of the CRM's own. What the words are is written in other files, see
//! [`crate::rules::compile`].

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::{Captures, Regex};
use serde_json::{Value as Json, json};

use crate::rules::compared::{Asked, Compared};
use crate::rules::template::Scope;

use super::creation::OF_A_DEMANDE;
use super::shape::{Fault, Located};
use super::{Connector, Described, Extract, Operation, Partner};

/// `demande.priorite == 'haute'`, either way round, or `!=`.
static COMPARED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let text = r#"(?:'([^'\\]*)'|"([^"\\]*)")"#;
    let one = r"(?:^|[^\w.|])(demande\.[a-z_]+)\s*[!=]=\s*";
    let other = r"\s*[!=]=\s*(demande\.[a-z_]+)(?:$|\s+(?:and|or|if|else)\b|\s*[)}\],])";
    Regex::new(&format!("{one}{text}|{text}{other}")).ok()
});

/// A table at the end of an expression: what it gives is what the expression gives.
static LAST_TABLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"^[^|]+(?:\|[^|]+)*?\|\s*table\(\s*['"]([^'"]+)['"]\s*(?:,[^()]*)?\)\s*(?:\}\})?\s*$"#,
    )
    .ok()
});

/// A word that a table gives for a status.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// Line in the file, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The table.
    pub table: String,
    /// The word.
    pub word: String,
}

impl Connector {
    /// On which of these words the requests that carry a demande or a status fail, where this value of theirs is
    /// one of them: a table lacks it. Only texts that are needed whatever the others say are tried, and only where
    /// they ask for nothing else.
    #[must_use]
    pub fn fails_on<'w>(&self, value: &str, words: &[&'w str]) -> BTreeMap<&'w str, Fault> {
        let operations = match self.partner {
            Partner::Crm => OF_A_DEMANDE,
            Partner::Sowell => [Operation::SignalerStatut, Operation::SignalerUid],
        };
        let mut texts = Vec::new();
        for described in operations.iter().filter_map(|it| self.operations.get(it)) {
            described.visit_needed(&mut |text| {
                let of_a_table = text.text.source().contains("table(");
                if of_a_table && text.text.names().iter().eq([value]) {
                    texts.push(text);
                }
            });
        }
        if texts.is_empty() {
            return BTreeMap::new();
        }
        // A table may have a row for each residence: made once, and not for each word.
        let mut tables = Scope::of(&json!({}));
        tables.set("tables", &self.tables);
        let fault = |word: &str| {
            let scope = match value.split_once('.') {
                Some((of, field)) => tables.with(of, &json!({field: word})),
                None => tables.with(value, &json!(word)),
            };
            texts.iter().find_map(|it| it.value(&scope).err())
        };
        let words = words.iter();
        words.filter_map(|it| Some((*it, fault(it)?))).collect()
    }

    /// What its texts compare the fields of a demande with.
    #[must_use]
    pub fn compared(&self) -> Vec<Compared> {
        let Some(pattern) = COMPARED.as_ref() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        self.visit(&mut |operation, text, locals| {
            let of_a_demande = operation.is_some_and(|it| OF_A_DEMANDE.contains(&it));
            let shadowed = locals.contains(&"demande");
            if !of_a_demande || shadowed || text.text.literal().is_some() {
                return;
            }
            for it in pattern.captures_iter(text.text.source()) {
                let first = |groups: [usize; 2]| group(&it, groups[0]).or(group(&it, groups[1]));
                let word = first([2, 3]).or(first([4, 5]));
                if let Some((value, word)) = first([1, 6]).zip(word) {
                    found.push(Compared {
                        file: self.partner.file().to_owned(),
                        value: value.to_owned(),
                        word: word.to_owned(),
                        asked: Asked::Whole,
                        line: text.line,
                        column: text.column,
                    });
                }
            }
        });
        found
    }

    /// The words that its tables give for the statuses of the CRM.
    #[must_use]
    pub fn given_statuts(&self) -> Vec<Given> {
        let mut found = Vec::new();
        for operation in [Operation::LireStatut, Operation::Changements] {
            let described = self.operations.get(&operation);
            let Some(Extract::Expression(text)) = described.and_then(|it| it.fields.get("statut"))
            else {
                continue;
            };
            let last = LAST_TABLE
                .as_ref()
                .and_then(|it| it.captures(text.text.source()));
            let Some(table) = last.as_ref().and_then(|it| group(it, 1)) else {
                continue;
            };
            for (key, value) in self.tables[table].as_object().into_iter().flatten() {
                let Json::String(word) = value else { continue };
                let place = self.table_places.get(&(table.to_owned(), key.clone()));
                let (line, column) = place.copied().unwrap_or((text.line, text.column));
                found.push(Given {
                    line,
                    column,
                    table: table.to_owned(),
                    word: word.clone(),
                });
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

impl Described {
    /// Every text that is evaluated whatever the others say.
    fn visit_needed<'s>(&'s self, see: &mut dyn FnMut(&'s Located)) {
        let before = self.before.iter().map(|it| &it.call);
        for call in before.chain([&self.call]) {
            see(&call.path);
            for shape in call.shapes() {
                shape.visit_needed(see);
            }
        }
    }
}

fn group<'t>(captures: &Captures<'t>, at: usize) -> Option<&'t str> {
    captures.get(at).map(|it| it.as_str())
}
