//! The landlord's words that a file relies on: those that its tables must contain, those that it compares with, and
//! those to which it translates the CRM's own. The words themselves are defined in other files, see
//! [`crate::rules::compile`].

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::rules::compared::{Asked, Compared};
use crate::rules::template::Scope;

use super::creation::OF_A_DEMANDE;
use super::text::{Fault, LocatedText};
use super::{Connector, Described, Extract, Operation, Partner};

/// The operations that send something to SoWell.
const TO_SOWELL: [Operation; 2] = [Operation::SignalerStatut, Operation::SignalerUid];

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
    /// Of these words, those for which requests that contain a demande or a status fail, because a table lacks them as
    /// the given value. Only texts that are always evaluated and that use no other value are tried.
    #[must_use]
    pub fn fails_on<'w>(&self, value: &str, words: &[&'w str]) -> BTreeMap<&'w str, Fault> {
        let operations = match self.partner {
            Partner::Crm => OF_A_DEMANDE,
            Partner::Sowell => TO_SOWELL,
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
        // A table may have a row for each residence, so the scope is built once, not for each word.
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

    /// The comparisons in its texts: with the fields of a demande, or with the values sent to SoWell.
    #[must_use]
    pub fn compared(&self) -> Vec<Compared> {
        let (operations, values) = match self.partner {
            Partner::Crm => (OF_A_DEMANDE, ["demande"].as_slice()),
            Partner::Sowell => (TO_SOWELL, ["statut", "statut_crm"].as_slice()),
        };
        let mut found = Vec::new();
        self.visit(&mut |operation, text, locals| {
            if !operation.is_some_and(|it| operations.contains(&it)) {
                return;
            }
            for (value, word) in text.text.compared() {
                let root = value.split('.').next().unwrap_or_default();
                if values.contains(&root) && !locals.contains(&root) {
                    found.push(Compared {
                        file: self.partner.file().to_owned(),
                        value,
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
            let Some(table) = text.text.last_table() else {
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

impl Connector {
    /// The operations that can give this status of the CRM's but do not read this field of it.
    #[must_use]
    pub fn reading_without(&self, field: &str, statut: &str) -> Vec<Operation> {
        let gives = |read: &Extract| match read {
            Extract::Pointer(..) | Extract::Header(..) => true,
            // Without a table, it may build a word for each result.
            Extract::Expression(text) => text.text.last_table().is_some_and(|table| {
                let table = self.tables[table].as_object();
                table.is_some_and(|it| it.values().any(|word| word == statut))
            }),
        };
        let reading = [Operation::LireStatut, Operation::Changements].into_iter();
        let lacking = reading.filter(|operation| {
            self.operations.get(operation).is_some_and(|it| {
                it.fields.get("statut").is_some_and(gives) && !it.fields.contains_key(field)
            })
        });
        lacking.collect()
    }
}

impl Described {
    /// Visits every text that is always evaluated.
    fn visit_needed<'s>(&'s self, see: &mut dyn FnMut(&'s LocatedText)) {
        let before = self.before.iter().map(|it| &it.call);
        for call in before.chain([&self.call]) {
            see(&call.path);
            for shape in call.shapes() {
                shape.visit_needed(see);
            }
        }
    }
}
