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
use crate::rules::meter;
use crate::rules::place::Located;
use crate::rules::source::{Kind, Reader};
use crate::rules::template::Templates;
use crate::rules::yaml::{Group, Key, Node, Value};

use decision::{DecisionCase, Samples};
use exchange::ExchangeCase;

/// The folder of the cases in the folder of rules.
pub const FOLDER: &str = "cas/";

const KIND: Kind = Kind {
    groups: &[Group {
        title: "residences:",
        place: "alignée sur « nom »",
        after: &[],
        first: "- code:",
        once: false,
    }],
    allows_nul: true,
    ..Kind::PLAIN
};

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
    let mut reader = Reader::of_kind(&KIND, file, faults);
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
    fn run<'c>(&'c self, generation: &Generation, samples: &mut Samples<'c>) -> Vec<Diagnostic> {
        match &self.kind {
            CaseKind::Decision(case) => case.run(&self.title, generation, samples),
            CaseKind::Exchange(case) => case.run(&self.title, generation),
        }
    }
}

/// Number of cases failing at a limit of a script or a template after which the others are not run: each takes as long
/// as hundreds of others, and the first ones tell what to correct.
const MOST_AT_LIMIT: usize = 10;

/// Runs all cases; those left out because too many before them reached a limit are reported once.
#[must_use]
pub fn run_all(cases: &[Case], generation: &Generation) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut at_limit = 0;
    let mut samples = Samples::default();
    let mut rest = cases.iter();
    while let Some(case) = rest.next() {
        let (failures, work) = meter::measure(|| case.run(generation, &mut samples));
        at_limit += usize::from(work.at_limit > 0 && !failures.is_empty());
        faults.extend(failures);
        if at_limit == MOST_AT_LIMIT {
            faults.extend(not_run(rest.as_slice()));
            break;
        }
    }
    faults
}

/// The fault that reports the cases left out, at the first of them; `None` if there are none.
fn not_run(left: &[Case]) -> Option<Diagnostic> {
    let [Case { title, .. }, others @ ..] = left else {
        return None;
    };
    let which = match others.len() {
        0 => "pas essayé".to_owned(),
        1 => "pas essayé, ni le cas suivant".to_owned(),
        more => format!("pas essayé, ni les {more} cas suivants"),
    };
    let what = format!(
        "{which} : dans {MOST_AT_LIMIT} cas avant lui, un script ou un modèle va jusqu'à une limite ; corrigez-le d'abord, comme le disent les messages de ces cas, et tous les cas seront essayés"
    );
    Some(title.fault_at(&title.nom, &what))
}

#[cfg(test)]
pub(crate) mod tests;
