//! Reads a case of a connector and checks its keys.

use std::collections::BTreeMap;

use strum::VariantNames;

use crate::rules::connector::{Answer, ITEM_FIELDS, METHODS, Meaning, Operation, Partner};
use crate::rules::diagnostic::code;
use crate::rules::place::Located;
use crate::rules::source::Reader;
use crate::rules::yaml::{Key, Node, Value};

use super::{ExchangeCase, OF_REQUEST};

/// The keys that a case may expect.
const EXPECTED: [&str; 14] = [
    "requete",
    "issue",
    "message",
    "uid",
    "statut",
    "date",
    "resultat",
    "commentaire",
    "canal",
    "evenement",
    "elements",
    "lu",
    "page_suivante",
    "erreur",
];
/// The possible forms of a body.
const BODIES: [&str; 5] = ["json", "formulaire", "multipart", "texte", "fichier"];

/// Reads a case, and returns it with its name.
pub(in crate::rules::case) fn read(
    reader: &mut Reader<'_>,
    node: &Node,
) -> Option<(Located, ExchangeCase)> {
    let [nom, partner, operation, step, values, answer, expected] = reader.fields(
        node,
        [
            "nom",
            "connecteur",
            "operation",
            "etape",
            "valeurs",
            "reponse",
            "attendu",
        ],
        &["etape", "valeurs", "reponse"],
    )?;
    let nom = nom.and_then(|it| reader.text(it));
    let partner = partner.and_then(|it| reader.word(it, Partner::VARIANTS));
    let operation = operation.and_then(|it| reader.word(it, Operation::VARIANTS));
    let step = match step {
        Some(node) => Some(reader.text(node)?),
        None => None,
    };
    if let Some(values) = values {
        reader.map(values)?;
    }
    let answer = match answer {
        Some(node) => Some(read_answer(reader, node)?),
        None => None,
    };
    let expected = expected.and_then(|it| read_expected(reader, it));
    let operation = operation?;
    let case = ExchangeCase {
        partner: partner?.text.parse().ok()?,
        operation: operation.text.parse().ok()?,
        at: operation,
        step,
        values: values.cloned(),
        answer,
        expected: expected?,
    };
    Some((nom?, case))
}

fn read_answer(reader: &mut Reader<'_>, node: &Node) -> Option<Answer> {
    let [statut, entetes, json, texte] = reader.fields(
        node,
        ["statut", "entetes", "json", "texte"],
        &["entetes", "json", "texte"],
    )?;
    let statut = statut?;
    let status = reader.text(statut)?.text.parse().ok();
    let status = status.filter(|it| (100..600).contains(it));
    if status.is_none() {
        reader.expected(statut, "un statut HTTP, par exemple 201");
    }
    let headers = match entetes {
        Some(node) => reader.texts_by_key(node)?,
        None => BTreeMap::new(),
    };
    let named = |name: &str| matches!(&node.value, Value::Map(all) if all.iter().any(|(key, _)| key.name == name));
    if named("json") && named("texte") {
        let message = "une réponse a soit « json », soit « texte »".to_owned();
        reader.fault(code::SHAPE, node.line, node.column, message);
    }
    let body = match (json, texte) {
        (Some(node), _) => node.json().to_string(),
        (None, Some(node)) => reader.text(node)?.text,
        (None, None) => String::new(),
    };
    Some(Answer {
        status: status?,
        headers: headers
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), value.text))
            .collect(),
        body: body.into_bytes(),
        whole: true,
    })
}

fn read_expected(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<(Located, Node)>> {
    let mut expected = Vec::new();
    for (key, node) in reader.map(node)? {
        if !reader.known_key(key, &EXPECTED) {
            continue;
        }
        match key.name.as_str() {
            "requete" => read_request(reader, node)?,
            "issue" => drop(reader.word(node, Meaning::VARIANTS)),
            "page_suivante" => drop(reader.word(node, &["true", "false"])),
            "lu" => drop(reader.map(node)?),
            "elements" => {
                for element in reader.list(node)? {
                    for (key, value) in reader.map(element)? {
                        if reader.known_key(key, &ITEM_FIELDS) && value.value != Value::Null {
                            reader.text(value);
                        }
                    }
                }
            }
            _ => drop(reader.text(node)),
        }
        expected.push((reader.key(key), node.clone()));
    }
    Some(expected)
}

fn read_request(reader: &mut Reader<'_>, node: &Node) -> Option<()> {
    let [methode, chemin, parametres, entetes, corps] =
        reader.fields(node, OF_REQUEST, &OF_REQUEST)?;
    note_empty(reader, node);
    if let Some(node) = methode {
        reader.word(node, &METHODS);
    }
    if let Some(node) = chemin {
        reader.text(node);
    }
    for node in [parametres, entetes].into_iter().flatten() {
        for (key, value) in reader.map(node)? {
            if value.value == Value::Null {
                note_without_colon(reader, key);
            }
        }
    }
    let Some(corps) = corps else { return Some(()) };
    let entries = reader.map(corps)?;
    for (key, _) in entries {
        reader.known_key(key, &BODIES);
    }
    if entries.len() > 1 {
        let message = format!(
            "une seule de ces clés est attendue ici : {}",
            BODIES.join(", ")
        );
        reader.fault(code::SHAPE, corps.line, corps.column, message);
    }
    Some(())
}

/// Reports the parts of a request that have no value: they are not compared.
fn note_empty(reader: &mut Reader<'_>, request: &Node) {
    let Value::Map(entries) = &request.value else {
        return;
    };
    for (key, value) in entries {
        if value.value == Value::Null && OF_REQUEST.contains(&key.name.as_str()) {
            let message = format!(
                "« {} » est vide et n'est donc pas comparé : écrivez ce qui est attendu, ou retirez cette ligne",
                key.name
            );
            reader.remark(code::CASE, key.line, key.column, message);
        }
    }
}

/// Reports a name between braces without its colon: it would mean that nothing is sent under this name.
fn note_without_colon(reader: &mut Reader<'_>, key: &Key) {
    // A name of a header or of a parameter has no space.
    let first = key.name.split([' ', ';']).next().unwrap_or_default();
    let bare = reader.note_bare(key, &[first]);
    let Some(message) = bare.map(|it| key.glued().unwrap_or(it)) else {
        return;
    };
    let message = format!(
        "« {} » n'a pas de valeur, et le cas attend donc que rien ne soit envoyé sous ce nom : {message}",
        key.name
    );
    reader.remark(code::CASE, key.line, key.column, message);
}
