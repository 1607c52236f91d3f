//! The admins' own test cases, `cas/*.yaml`.
//!
//! There are two kinds. A `decision` case runs a signalement or a status change through the same decision as the live
//! flows; an `exchange` case runs the values of a connector's operation through the same rendering and reading as a
//! real call. An edit whose cases fail does not take effect.

mod compare;
mod decision;
mod exchange;
pub mod record;

use crate::rules::compile::Generation;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::place::Located;
use crate::rules::source::Reader;
use crate::rules::template::Templates;
use crate::rules::yaml::{Key, Node, Value};

use decision::DecisionCase;
use exchange::ExchangeCase;

/// The folder of the cases in the folder of rules.
pub const FOLDER: &str = "cas/";

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    title: Title,
    kind: CaseKind,
}

#[derive(Debug, Clone)]
enum CaseKind {
    Decision(DecisionCase),
    Exchange(Box<ExchangeCase>),
}

/// Identifies a case in the messages about its failures.
#[derive(Debug, Clone)]
struct Title {
    file: String,
    nom: Located,
}

impl Title {
    fn fault(&self, line: u32, column: u32, what: &str) -> Diagnostic {
        let message = format!("cas « {} » : {what}", self.nom.text);
        Diagnostic::at(code::CASE, &self.file, line, column, message)
    }

    fn fault_at(&self, at: &Located, what: &str) -> Diagnostic {
        self.fault(at.line, at.column, what)
    }
}

/// Reads one file of cases; a file with a fault yields none.
#[must_use]
pub fn read(file: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Vec<Case> {
    let mut reader = Reader::new(file, faults);
    read_cases(&mut reader, file, text).unwrap_or_default()
}

fn read_cases(reader: &mut Reader<'_>, file: &str, text: &str) -> Option<Vec<Case>> {
    let root = reader.root(text)?;
    let [cases] = reader.fields(&root, ["cas"], &[])?;
    let mut found = Vec::new();
    let mut items = reader.list(cases?)?;
    while let [node, rest @ ..] = items {
        let parts = rest.iter().map_while(stray_part).count();
        if let Some(part) = rest.first().and_then(stray_part) {
            let message = format!(
                "retirez le tiret devant « {} » et alignez cette ligne sur le début du cas au-dessus",
                part.name
            );
            reader.fault(code::SHAPE, part.line, part.column, message);
        } else {
            found.extend(read_case(reader, file, node));
        }
        items = &rest[parts..];
    }
    reader.finish(found)
}

/// The key of a list item that is not a case itself, but a part of the case above with a dash of its own.
fn stray_part(node: &Node) -> Option<&Key> {
    const PARTS: [&str; 5] = [
        "signalement",
        "statut",
        "connecteur",
        "residences",
        "attendu",
    ];
    match &node.value {
        Value::Map(entries) => match entries.as_slice() {
            [(key, _)] if PARTS.contains(&key.name.as_str()) => Some(key),
            _ => None,
        },
        _ => None,
    }
}

fn read_case(reader: &mut Reader<'_>, file: &str, node: &Node) -> Option<Case> {
    let (nom, kind) = if node.get("connecteur").is_some() {
        let (nom, case) = exchange::read(reader, node)?;
        (nom, CaseKind::Exchange(Box::new(case)))
    } else {
        let (nom, case) = decision::read(reader, node)?;
        (nom, CaseKind::Decision(case))
    };
    let title = Title {
        file: file.to_owned(),
        nom,
    };
    Some(Case { title, kind })
}

impl Case {
    /// Reports each template that the case names but that does not exist.
    pub fn check_names(&self, templates: &Templates, faults: &mut Vec<Diagnostic>) {
        if let CaseKind::Decision(case) = &self.kind {
            case.check_names(&self.title, templates, faults);
        }
    }

    /// Runs the case through the rules; one diagnostic for each difference, with the expected and the actual value.
    #[must_use]
    pub fn run(&self, generation: &Generation) -> Vec<Diagnostic> {
        match &self.kind {
            CaseKind::Decision(case) => case.run(&self.title, generation),
            CaseKind::Exchange(case) => case.run(&self.title, generation),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
