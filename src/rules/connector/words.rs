//! The landlord's words that a file relies on: those that its tables must have, those that it compares with, and
//! those that it makes of the CRM's own. What the words are is written in other files, see
//! [`crate::rules::compile`].

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::rules::compared::{Asked, Compared};
use crate::rules::template::Scope;

use super::creation::OF_A_DEMANDE;
use super::shape::{Fault, LocatedText};
use super::{Connector, Described, Extract, Operation, Partner};

/// What SoWell is told.
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
    /// On which of these words the requests that carry a demande or a status fail, where this value of theirs is
    /// one of them: a table lacks it. Only texts that are needed whatever the others say are tried, and only where
    /// they ask for nothing else.
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

    /// What its texts compare with: the fields of a demande, or what SoWell is told.
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

impl Described {
    /// Every text that is evaluated whatever the others say.
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
