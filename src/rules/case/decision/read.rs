//! Reads a case of a decision and checks its keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::referentiel::{Gestionnaire, Gestionnaires, Residence};
use crate::domain::signalement::KEYS;
use crate::rules::alike::plain;
use crate::rules::diagnostic::{code, nearest};
use crate::rules::pasted;
use crate::rules::place::Located;
use crate::rules::source::Reader;
use crate::rules::yaml::{Key, Node, Value as YamlValue};

use super::{DecisionCase, Expected, Given, Input};

/// The keys that a case may expect of a signalement.
const EXPECTED_OF_SIGNALEMENT: [&str; 10] = [
    "transmis",
    "priorite",
    "workflow",
    "statut",
    "statut_sowell",
    "canal",
    "gestionnaire_concerne",
    "acteur_en_charge",
    "accuses",
    "erreur",
];
/// The expected keys that are true or false.
const FLAGS: [&str; 2] = ["transmis", "ignore"];
/// The keys that a case may expect of a status.
const EXPECTED_OF_STATUT: [&str; 4] = ["statut_sowell", "ignore", "accuses", "erreur"];
/// The keys that a case may give of a status.
const STATUT: [&str; 6] = [
    "statut",
    "resultat",
    "commentaire",
    "canal",
    "date",
    "evenement",
];

/// The expected values, each with its key.
type ExpectedByKey = Vec<(Located, Expected)>;

/// Reads a case, and returns it with its name.
pub(in crate::rules::case) fn read(
    reader: &mut Reader<'_>,
    node: &Node,
) -> Option<(Located, DecisionCase)> {
    let [nom, signalement, statut, _, residences, attendu] = reader.fields(
        node,
        [
            "nom",
            "signalement",
            "statut",
            "connecteur",
            "residences",
            "attendu",
        ],
        &["signalement", "statut", "connecteur", "residences"],
    )?;
    let nom = nom.and_then(|node| reader.text(node))?;
    let residences = match residences {
        Some(node) => read_residences(reader, node)?,
        None => Vec::new(),
    };
    let (input, known) = match (signalement, statut) {
        (Some(node), None) => (
            given_signalement(reader, node)?,
            &EXPECTED_OF_SIGNALEMENT[..],
        ),
        (None, Some(node)) => (given_statut(reader, node)?, &EXPECTED_OF_STATUT[..]),
        _ => {
            reader.fault(
                code::SHAPE,
                node.line,
                node.column,
                "un cas a soit « signalement », soit « statut », soit « connecteur »".into(),
            );
            return None;
        }
    };
    let (expected, templates) = read_expected(reader, attendu?, known)?;
    let case = DecisionCase {
        input,
        residences,
        expected,
        templates,
    };
    Some((nom, case))
}

fn given_signalement(reader: &mut Reader<'_>, node: &Node) -> Option<Input> {
    let given = read_signalement(reader, node)?;
    note_misspelt(reader, node, &given.texts);
    Some(Input::Signalement(given))
}

fn given_statut(reader: &mut Reader<'_>, node: &Node) -> Option<Input> {
    for (key, _) in reader.map(node)? {
        reader.known_key(key, &STATUT);
    }
    reader.texts_by_key(node).map(Input::Statut)
}

/// Reads what a case expects, and returns it with the templates that it names.
fn read_expected(
    reader: &mut Reader<'_>,
    attendu: &Node,
    known: &[&str],
) -> Option<(ExpectedByKey, Vec<Located>)> {
    let mut expected = Vec::new();
    let mut templates = Vec::new();
    let wanted = reader.map(attendu)?;
    if wanted.is_empty() {
        let message = "ce cas n'attend rien : écrivez sous « attendu » ce qui doit sortir";
        reader.remark(code::CASE, attendu.line, attendu.column, message.into());
    }
    for (key, node) in wanted {
        if !reader.known_key(key, known) {
            continue;
        }
        let value = if key.name == "accuses" {
            let names = reader.texts(node)?;
            templates.extend(names.iter().cloned());
            Expected::List(names.into_iter().map(|name| name.text).collect())
        } else if FLAGS.contains(&key.name.as_str()) && node.value == YamlValue::Null {
            reader.expected(node, "« true » ou « false »");
            return None;
        } else {
            Expected::Text(reader.text(node)?.text)
        };
        expected.push((reader.key(key), value));
    }
    Some((expected, templates))
}

/// Reads the texts by key. Photos may be a list, of which only the length counts. Keys outside the contract may hold
/// anything, either directly or under `autres`, which is where scripts see them.
fn read_signalement(reader: &mut Reader<'_>, node: &Node) -> Option<Given> {
    let mut given = Given::default();
    for (key, value) in reader.map(node)? {
        let name = key.name.as_str();
        match &value.value {
            YamlValue::Null => note_without_colon(reader, key, &KEYS),
            YamlValue::List(photos) if name == "photos" => {
                let number = Located {
                    line: value.line,
                    column: value.column,
                    text: photos.len().to_string(),
                };
                given.texts.insert(key.name.clone(), number);
            }
            YamlValue::Map(entries) if name == "autres" => {
                for (key, value) in entries {
                    if value.value == YamlValue::Null {
                        note_without_colon(reader, key, &[]);
                    }
                    given.autres.insert(key.name.clone(), value.json());
                }
            }
            YamlValue::List(_) | YamlValue::Map(_) if !KEYS.contains(&name) => {
                given.autres.insert(key.name.clone(), value.json());
            }
            _ => {
                let text = reader.text(value)?;
                if KEYS.contains(&name) {
                    given.texts.insert(key.name.clone(), text);
                } else {
                    // A number stays a number, as in SoWell's request.
                    given.autres.insert(key.name.clone(), value.json());
                }
            }
        }
    }
    Some(given)
}

/// Reports a key between braces that no colon follows: either its value is glued to it, or a comma has cut off the end
/// of a text.
fn note_without_colon(reader: &mut Reader<'_>, key: &Key, names: &[&str]) {
    let Some(note) = reader.note_bare(key, names) else {
        return;
    };
    match key.glued() {
        Some(message) => reader.fault(code::SHAPE, key.line, key.column, message),
        None => {
            let message = format!("« {} » ne compte pas : {note}", key.name);
            reader.remark(code::SHAPE, key.line, key.column, message);
        }
    }
}

/// Reports keys that nearly are known ones. `SoWell` may send keys that the contract does not know, so they are not
/// errors.
fn note_misspelt(reader: &mut Reader<'_>, node: &Node, given: &BTreeMap<String, Located>) {
    let YamlValue::Map(entries) = &node.value else {
        return;
    };
    for (key, value) in entries {
        let is_reported = value.value == YamlValue::Null && reader.lacks_colon(key);
        if is_reported || KEYS.contains(&key.name.as_str()) {
            continue;
        }
        let missing = KEYS.into_iter().filter(|it| !given.contains_key(*it));
        let name = &key.name;
        let message = if let Some(near) = meant_key(name, missing.clone()) {
            let pasted = pasted::note(name);
            let pasted = pasted.map(|it| format!("{it} ; ")).unwrap_or_default();
            format!(
                "« {name} » n'est pas une clé connue du signalement et ne change rien au cas : {pasted}vouliez-vous dire « {near} » ?"
            )
        } else if let Some(called) = called(name, missing) {
            format!(
                "« {name} » n'est pas une clé connue du signalement : écrivez {called} ; si SoWell envoie aussi « {name} », mettez-la sous « autres »"
            )
        } else {
            continue;
        };
        reader.remark(code::KEY_UNKNOWN, key.line, key.column, message);
    }
}

/// The key that was meant, judging by its letters or by its name in transmission.yaml.
fn meant_key<'k>(key: &str, known: impl Iterator<Item = &'k str> + Clone) -> Option<&'k str> {
    let key = plain(&pasted::as_typed(key));
    let is_category = key.starts_with("categorie");
    let mut category = known
        .clone()
        .filter(|it| is_category && *it == "qualification");
    category.next().or_else(|| nearest(&key, known))
}

/// The full names of a key for which people use a shorter word, if all of them are missing.
fn called<'k>(key: &str, missing: impl Iterator<Item = &'k str>) -> Option<String> {
    let meant: &[&str] = match plain(&pasted::as_typed(key)).as_str() {
        "date" => &["date_creation"],
        "email" | "e-mail" | "mail" | "courriel" => &["email_auteur"],
        "transmettre" | "transmission" => &["transmettre_auteur", "transmettre_manager"],
        _ => return None,
    };
    let found = missing.filter(|it| meant.contains(it));
    let found: Vec<String> = found.map(|it| format!("« {it} »")).collect();
    // If one of them is given, the shorter word must be a different key.
    (found.len() == meant.len()).then(|| found.join(" ou "))
}

fn read_residences(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Residence>> {
    let mut residences = Vec::new();
    for node in reader.list(node)? {
        let [code, nom, adresse, gestionnaires] = reader.fields(
            node,
            ["code", "nom", "adresse", "gestionnaires"],
            &["nom", "adresse"],
        )?;
        // A left-out text gets a neutral value: the subject of an e-mail may be a name, and its addressee a manager.
        let text = |reader: &mut Reader<'_>, node: Option<&Node>, harmless: &str| match node {
            Some(node) => reader.text_or_empty(node),
            None => Some(harmless.to_owned()),
        };
        let code = code.and_then(|node| reader.text(node))?.text;
        let nom = text(reader, nom, &code)?;
        let adresse = text(reader, adresse, &code)?;
        let mut by_type = Gestionnaires::default();
        for (kind, node) in reader.map(gestionnaires?)? {
            reader.key(kind);
            let [own_type, identifiant, nom, email] = reader.fields(
                node,
                ["type", "identifiant", "nom", "email"],
                &["type", "nom", "email"],
            )?;
            let identifiant = identifiant.and_then(|node| reader.text(node))?.text;
            // In the exports, every manager has a type.
            let own_type = match own_type {
                Some(node) => reader.text(node)?.text,
                None => kind.name.clone(),
            };
            let gestionnaire = Gestionnaire {
                r#type: own_type,
                nom: text(reader, nom, &identifiant)?,
                email: text(reader, email, "gestionnaire@bailleur.example")?,
                identifiant,
            };
            by_type.insert(kind.name.as_str().into(), Arc::new(gestionnaire));
        }
        residences.push(Residence {
            code,
            nom,
            adresse,
            gestionnaires: by_type,
            line: 0,
        });
    }
    Some(residences)
}
