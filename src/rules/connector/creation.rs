//! The demande as a creation's requests see it, and whether they fail for one that nobody sends.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::photos::asks_of_a_photo;
use super::shape::{Fault, LocatedText};
use super::{Access, Connector, Operation, Step};
use crate::domain::demande::{NewDemande, Uid};
use crate::rules::extent::Extent;
use crate::rules::view;

/// The operations that carry a demande, the one that nothing can do without first.
pub(super) const OF_A_DEMANDE: [Operation; 2] = [Operation::Creer, Operation::Chercher];

/// The demande as every file sees it, but for its UID, which nobody knows yet.
#[must_use]
pub fn demande(it: &NewDemande) -> Json {
    let uid = Uid::new(String::new());
    let seen = serde_json::to_value(view::demande(&uid, it, &Extent::Whole));
    // Names and texts only: none of them can fail.
    let mut seen = seen.unwrap_or_default();
    if let Some(fields) = seen.as_object_mut() {
        fields.remove("uid");
    }
    seen
}

/// The requests that carry a demande, to be tried on many.
pub struct Creation<'c> {
    connector: &'c Connector,
    access: Access,
    /// The values of each operation that the file describes, but for the demande.
    examples: Vec<(Operation, Json)>,
    fields: BTreeSet<String>,
}

impl<'c> Creation<'c> {
    /// Those of a file; `None` where it has no sample.
    #[must_use]
    pub fn of(connector: &'c Connector) -> Option<Self> {
        let described = OF_A_DEMANDE.into_iter().filter(|it| connector.has(*it));
        let examples = described.map(|it| (it, connector.example(it))).collect();
        Some(Self {
            connector,
            access: connector.sample_access()?,
            examples,
            fields: fields(connector),
        })
    }

    /// Whether it depends on this field of the demande if a request can be made.
    #[must_use]
    pub fn asks_for(&self, field: &str) -> bool {
        self.fields.contains(field) || self.fields.contains("")
    }

    /// Why a request cannot be made for this demande, whatever the CRM says to those before it.
    #[must_use]
    pub fn fails_for(&self, demande: &NewDemande) -> Option<Fault> {
        let seen = self::demande(demande);
        self.examples.iter().find_map(|(operation, example)| {
            let mut values = example.clone();
            values["demande"] = seen.clone();
            let before = (0..self.connector.steps_before(*operation)).map(Step::Before);
            before.chain([Step::Main]).find_map(|step| {
                let made = self
                    .connector
                    .render(*operation, step, &values, &self.access);
                made.err()
                    .filter(|it| self.connector.is_certain(*operation, it))
            })
        })
    }
}

/// The fields of the demande on which it depends whether a request can be made; an empty name stands for all of
/// them.
fn fields(connector: &Connector) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    let mut add = |text: &LocatedText| {
        for name in text.text.names() {
            let mut steps = name.split('.');
            if steps.next() == Some("demande") {
                fields.insert(steps.next().unwrap_or_default().to_owned());
            }
        }
    };
    connector.visit(&mut |_, text, _| {
        // What goes out as it is makes nothing fail, but in a path or a header.
        if !text.text.only_writes() {
            add(text);
        }
    });
    for described in connector.operations.values() {
        let before = described.before.iter().map(|it| &it.call);
        for call in before.chain([&described.call]) {
            // A path takes no `..`, and a header no line break, whatever makes it.
            add(&call.path);
            call.headers
                .visit(&mut Vec::new(), &mut |text, _| add(text));
            call.shapes().for_each(|it| it.visit_tests(&mut add));
        }
    }
    fields
}

impl Connector {
    /// Whether a fault is that of a text whose values are all known before any call: none of them is what an
    /// earlier answer gave.
    fn is_certain(&self, operation: Operation, fault: &Fault) -> bool {
        let Some(described) = self.operations.get(&operation) else {
            return false;
        };
        let mut certain = true;
        described.visit(&mut |text, locals| {
            if (text.line, text.column) != (fault.line, fault.column) {
                return;
            }
            let is_read = |name: &str| {
                let root = name.split('.').next();
                let mut read = described.before.iter().map(|it| it.name.as_str());
                read.any(|it| Some(it) == root)
            };
            let uploaded = asks_of_a_photo(text, locals, "envoi");
            certain &= !uploaded && !text.uses(locals, is_read) && locals.is_empty();
        });
        certain
    }
}
