//! The demande as the requests of a creation see it, and whether these requests fail for a hypothetical demande.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::photos::asks_of_a_photo;
use super::text::{Fault, LocatedText};
use super::{Access, Connector, Operation, Step};
use crate::domain::demande::{NewDemande, Uid};
use crate::rules::extent::Extent;
use crate::rules::view;

/// The operations that contain a demande, the indispensable one first.
pub(super) const OF_A_DEMANDE: [Operation; 2] = [Operation::Creer, Operation::Chercher];

/// The demande as every connector file sees it, except for its UID, which is not known yet.
#[must_use]
pub fn demande(it: &NewDemande) -> Json {
    let uid = Uid::new(String::new());
    let seen = serde_json::to_value(view::demande(&uid, it, &Extent::Whole));
    // Only names and texts: they always serialize.
    let mut seen = seen.unwrap_or_default();
    if let Some(fields) = seen.as_object_mut() {
        fields.remove("uid");
    }
    seen
}

/// The requests that contain a demande, to be tried on many demandes.
pub struct Creation<'c> {
    connector: &'c Connector,
    access: Access,
    /// The values of each operation that the file describes, except for the demande.
    examples: Vec<(Operation, Json)>,
    fields: BTreeSet<String>,
}

impl<'c> Creation<'c> {
    /// The requests of a connector; `None` if it has no sample.
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

    /// Whether the value of this field can make a request fail.
    #[must_use]
    pub fn asks_for(&self, field: &str) -> bool {
        self.fields.contains(field) || self.fields.contains("")
    }

    /// Why no request can be made for this demande, whatever the CRM answers to earlier requests.
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

/// The fields of the demande that can make a request fail; an empty name stands for all fields.
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
        // A value sent unchanged cannot fail, except in a path or a header.
        if !text.text.only_writes() {
            add(text);
        }
    });
    for described in connector.operations.values() {
        let before = described.before.iter().map(|it| &it.call);
        for call in before.chain([&described.call]) {
            // Any value may contain a `..`, which a path rejects, or a line break, which a header rejects.
            add(&call.path);
            call.headers
                .visit(&mut Vec::new(), &mut |text, _| add(text));
            call.shapes().for_each(|it| it.visit_tests(&mut add));
        }
    }
    fields
}

impl Connector {
    /// Whether a fault lies in a text whose values are all known before any call, because none of them comes from an
    /// earlier answer.
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
