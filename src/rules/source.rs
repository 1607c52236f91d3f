//! Reads the shape of each YAML rule file, before anything is checked across files. All faults of a file are reported,
//! not only the first. Also reads the text of any rule file.

mod reader;
mod text;

use crate::rules::alike::plain;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::pasted;
use crate::rules::place::Located;
use crate::rules::yaml::{Group, Key, Node, Value};

pub(super) use reader::{Kind, Reader};
pub use text::{NOT_UTF8, document};

pub(super) use text::text;

/// The pairs in `priorites.yaml`: SoWell's word and the CRM's.
pub type RawPriorites = Vec<(Located, String)>;

/// One entry of `qualifications.yaml`.
#[derive(Debug, Clone)]
pub struct RawQualification {
    /// SoWell's code of the category.
    pub code: Located,
    /// Name shown to people.
    pub libelle: String,
    /// The type of manager it asks for.
    pub type_gestionnaire: Located,
    /// The CRM's procedure.
    pub workflow: Located,
}

/// The content of `transmission.yaml`.
#[derive(Debug, Clone)]
pub struct RawTransmission {
    /// The words under `modes`.
    pub modes: Vec<Located>,
    /// The codes under `categories`.
    pub categories: Vec<Located>,
}

/// The content of `statuts.yaml`.
#[derive(Debug, Clone)]
pub struct RawStatuts {
    /// The status of a new demande in the CRM.
    pub initial: Located,
    /// The channel of demandes that come from SoWell.
    pub canal: String,
    /// The table of statuses.
    pub correspondances: Vec<(Located, RawCorrespondance)>,
    /// CRM statuses that are not sent to SoWell.
    pub ignorer: Vec<Located>,
}

/// The right side of one line of the table.
#[derive(Debug, Clone)]
pub enum RawCorrespondance {
    /// Always this word.
    Fixed(String),
    /// A word for each value of a different field.
    Selon {
        /// The field of the event.
        field: Located,
        /// The known values of the field, with their words.
        values: Vec<(Located, String)>,
    },
}

/// Reads `priorites.yaml`.
pub fn priorites(file: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<RawPriorites> {
    let mut reader = Reader::new(file, faults);
    let root = reader.root(text)?;
    let [priorites] = reader.fields(&root, ["priorites"], &[])?;
    let pairs = reader.pairs(priorites?, "une seule priorité")?;
    reader.finish(pairs)
}

/// Reads `qualifications.yaml`.
pub fn qualifications(
    file: &str,
    text: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<Vec<RawQualification>> {
    let mut reader = Reader::new(file, faults);
    let root = reader.root(text)?;
    let [qualifications] = reader.fields(&root, ["qualifications"], &[])?;
    let mut list = Vec::new();
    let codes = reader.entries(qualifications?)?;
    let mut entries = codes;
    while let [(code, node), rest @ ..] = entries {
        let strays = rest.iter().take_while(|(key, node)| {
            let of_code = matches!(node.value, Value::Null | Value::Text(_));
            of_code && is_named(key, &OF_QUALIFICATION)
        });
        let (strays, rest) = rest.split_at(strays.count());
        entries = rest;
        if !strays.is_empty() {
            note_strays(&mut reader, code, strays);
            continue;
        }
        if note_nested(&mut reader, code, node) {
            continue;
        }
        reader.note_several(code, "une seule qualification");
        reader.note_disguised(code);
        reader.note_odd_code(code, codes);
        let code = reader.key(code);
        let Some([libelle, kind, workflow]) = reader.fields(node, OF_QUALIFICATION, &[]) else {
            continue;
        };
        let libelle = libelle.and_then(|node| reader.label(node));
        let kind = kind.and_then(|node| reader.word_kept(node));
        let workflow = workflow.and_then(|node| reader.word_kept(node));
        if let (Some(libelle), Some(kind), Some(workflow)) = (libelle, kind, workflow) {
            list.push(RawQualification {
                code,
                libelle: libelle.text,
                type_gestionnaire: kind,
                workflow,
            });
        }
    }
    reader.finish(list)
}

/// The keys of a qualification.
const OF_QUALIFICATION: [&str; 3] = ["libelle", "type_gestionnaire", "workflow"];

/// The keys of a status that depends on a field.
const OF_CHOICE: [&str; 2] = ["selon", "valeurs"];

/// Whether a key has one of these names, whatever characters indent it.
fn is_named(key: &Key, names: &[&str]) -> bool {
    names.contains(&pasted::as_typed(&key.name).trim())
}

/// Reports keys that are on the level of the key they belong to instead of below it.
fn note_strays(reader: &mut Reader<'_>, code: &Key, strays: &[(Key, Node)]) {
    let Some((first, _)) = strays.first() else {
        return;
    };
    let lines = match strays.len() {
        1 => "cette ligne",
        _ => "ces lignes",
    };
    let names: Vec<&str> = strays.iter().map(|(key, _)| key.name.trim()).collect();
    let pasted = pasted::note_hidden(&first.name);
    let pasted = pasted.map(|it| format!(" ; {it}")).unwrap_or_default();
    let message = format!(
        "décalez {lines} sous « {} » : {}{pasted}",
        code.name,
        names.join(", ")
    );
    reader.fault(code::SHAPE, first.line, first.column, message);
}

/// Reports a code that is below this one instead of on its level.
fn note_nested(reader: &mut Reader<'_>, code: &Key, node: &Node) -> bool {
    let Value::Map(entries) = &node.value else {
        return false;
    };
    let is_code = |node: &Node| {
        let mut names = OF_QUALIFICATION.iter();
        names.any(|it| node.get(it).is_some())
    };
    let mut nested = entries.iter().filter(|(_, node)| is_code(node));
    let Some((key, _)) = nested.next() else {
        return false;
    };
    let message = format!(
        "« {} » est trop à droite : alignez cette ligne sur « {} », et celles de son groupe d'autant",
        key.name, code.name
    );
    reader.fault(code::SHAPE, key.line, key.column, message);
    true
}

/// What to do instead of excluding categories.
pub const NOTHING_EXCLUDED: &str = "rien ne s'exclut ici : avec « modes: [categories] », listez sous « categories » toutes les catégories qui doivent \
     partir";

/// Reads `transmission.yaml`. Whatever can be read is returned even if there are faults, so that its words are checked
/// too.
pub fn transmission(
    file: &str,
    text: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<RawTransmission> {
    let mut reader = Reader::new(file, faults);
    let mut root = reader.root(text)?;
    take_vain_choices(&mut reader, &mut root);
    let [modes, categories] = reader.fields(&root, ["modes", "categories"], &["categories"])?;
    let modes = reader.texts(modes?)?;
    let categories = match categories {
        Some(node) => texts_of_categories(&mut reader, node),
        None => Vec::new(),
    };
    Some(RawTransmission { modes, categories })
}

/// The texts of a list of categories. « !ASC » without quotes is a tag without a text to YAML.
fn texts_of_categories(reader: &mut Reader<'_>, node: &Node) -> Vec<Located> {
    let Some(items) = reader.list(node) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut excluded = false;
    for item in items {
        let is_empty = match &item.value {
            Value::Null => true,
            Value::Text(text) => text.is_empty(),
            _ => false,
        };
        match reader.tag_before(item).filter(|_| is_empty) {
            Some(column) if !excluded => {
                excluded = true;
                reader.fault(code::SHAPE, item.line, column, NOTHING_EXCLUDED.to_owned());
            }
            Some(_) => {}
            None => found.extend(reader.text(item)),
        }
    }
    found
}

/// Removes keys that express choices the rules do not support, and reports how to make these choices.
fn take_vain_choices(reader: &mut Reader<'_>, root: &mut Node) {
    let Value::Map(entries) = &mut root.value else {
        return;
    };
    entries.retain(|(key, _)| {
        let name = plain(&key.name);
        let instead = if name.starts_with("residence") {
            "la transmission se règle par catégorie (« categories »), ou selon ce que l'auteur ou un manager demande, et \
             non par résidence"
        } else if ["sauf", "exclu", "except"].iter().any(|it| name.contains(it)) {
            NOTHING_EXCLUDED
        } else {
            return true;
        };
        let message = format!("clé inconnue « {} » : {instead}", key.name);
        reader.fault(code::KEY_UNKNOWN, key.line, key.column, message);
        false
    });
}

const STATUTS: Kind = Kind {
    groups: &[
        Group {
            title: "valeurs:",
            place: "alignée sur « selon »",
            after: &["selon:"],
            first: "",
            once: false,
        },
        Group {
            title: "correspondances:",
            place: "tout à gauche",
            after: &["initial:", "canal:"],
            first: "",
            once: true,
        },
    ],
    ..Kind::PLAIN
};

/// Reads `statuts.yaml`. Whatever can be read is returned even if there are faults, so that its words are checked too.
pub fn statuts(file: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<RawStatuts> {
    let mut reader = Reader::of_kind(&STATUTS, file, faults);
    let root = reader.root(text)?;
    let [initial, canal, table, ignorer] = reader.fields(
        &root,
        ["initial", "canal", "correspondances", "ignorer"],
        &["ignorer"],
    )?;
    let initial = initial.and_then(|node| reader.word_kept(node));
    let canal = canal.and_then(|node| reader.word_kept(node));
    let mut correspondances = Vec::new();
    if let Some(mut entries) = table.and_then(|node| reader.entries(node)) {
        while let [(key, node), rest @ ..] = entries {
            let strays = rest.iter().take_while(|(key, _)| is_named(key, &OF_CHOICE));
            let strays = match node.value {
                Value::Null => strays.count(),
                _ => 0,
            };
            let (strays, rest) = rest.split_at(strays);
            entries = rest;
            if !strays.is_empty() {
                note_strays(&mut reader, key, strays);
                continue;
            }
            reader.note_several(key, "un seul statut");
            reader.note_disguised(key);
            let statut = reader.key(key);
            if let Some(right) = correspondance(&mut reader, node) {
                correspondances.push((statut, right));
            }
        }
    }
    let ignorer = match ignorer {
        Some(node) => reader.texts(node).unwrap_or_default(),
        None => Vec::new(),
    };
    for statut in &ignorer {
        reader.note_hidden(statut);
        reader.note_over_lines(statut);
        reader.note_joined_by_et(statut);
    }
    Some(RawStatuts {
        initial: initial?,
        canal: canal?.text,
        correspondances,
        ignorer,
    })
}

fn correspondance(reader: &mut Reader<'_>, node: &Node) -> Option<RawCorrespondance> {
    match &node.value {
        Value::Text(text) if !text.trim().is_empty() => {
            reader.word_kept(node);
            Some(RawCorrespondance::Fixed(text.clone()))
        }
        Value::Map(_) => {
            let [field, values] = reader.fields(node, ["selon", "valeurs"], &[])?;
            let field = field.and_then(|node| reader.text(node));
            let values = values.and_then(|node| reader.pairs(node, "une seule valeur"));
            Some(RawCorrespondance::Selon {
                field: field?,
                values: values?,
            })
        }
        _ => {
            reader.expected(node, "un statut SoWell, ou {selon: …, valeurs: {…}}");
            None
        }
    }
}

#[cfg(test)]
mod tests;
