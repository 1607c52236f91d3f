//! Writes a case from a real exchange: the request that the connector makes of the values, and only the parts of the
//! answer that its reading depends on.
//!
//! A real answer contains names, addresses and texts of people. Everything is removed that can be without changing how
//! the answer is understood, to keep as little personal data as possible.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::domain::fault::pointer_to;
use crate::rules::connector::{
    Answer, Connector, Extracted, Failure, Fault, Item, Meaning, Next, Operation, Partner, Step,
};

/// Maximum number of list elements that are kept.
const MOST_ELEMENTS: usize = 3;
/// Maximum number of attempts to remove a part of an answer.
const MOST_TRIALS: usize = 5_000;
/// How much of an answer that is not JSON is kept, in characters.
const TEXT_CHARS: usize = 300;
/// Replaces values that may be personal data.
const MASK: &str = "***";

/// A request and its answer; the answer does not contain our secrets.
pub struct Exchange<'a> {
    /// The name of the case.
    pub nom: &'a str,
    /// The partner whose connector is used.
    pub partner: Partner,
    /// The operation that was called.
    pub operation: Operation,
    /// The call within the operation.
    pub step: Step,
    /// The values that the request was rendered with.
    pub values: &'a Json,
    /// The answer to the request.
    pub answer: &'a Answer,
}

/// A case, with its keys in the order in which people write them.
#[derive(Debug, Serialize)]
pub struct Recorded {
    nom: String,
    connecteur: &'static str,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    etape: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valeurs: Option<Json>,
    reponse: WrittenAnswer,
    attendu: WrittenExpected,
}

#[derive(Debug, Serialize)]
struct WrittenAnswer {
    statut: u16,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    entetes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    texte: Option<String>,
}

#[derive(Debug, Serialize)]
struct WrittenExpected {
    requete: Json,
    issue: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elements: Option<Vec<Item>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lu: Option<Json>,
    #[serde(flatten)]
    fields: Item,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_suivante: Option<bool>,
}

/// The result of reading an answer.
type Interpreted = Result<Extracted, Failure>;

/// Writes the case of an exchange.
///
/// # Errors
/// When the connector makes no request from the values.
pub fn record(connector: &Connector, exchange: &Exchange<'_>) -> Result<Recorded, Fault> {
    let Exchange {
        operation, step, ..
    } = *exchange;
    let access = connector.sample_access().ok_or_else(|| Fault {
        line: 0,
        column: 0,
        message: "ce connecteur n'a pas d'exemple".into(),
    })?;
    let example = connector.example(operation);
    let mut values = exchange.values.clone();
    forget_uploads(&mut values, &example);
    let request = connector.render(operation, step, &values, &access)?;
    let read = |answer: &Answer| {
        let read = connector.interpret(operation, step, &values, &access, answer);
        let read = read.and_then(|it| it.of_real_answer(operation));
        read.map(|found| Extracted {
            // A case says only whether there is one.
            next: found.announces_page().then(Next::default),
            ..found
        })
    };
    let answer = shortened(exchange.answer, operation, &read);
    let etape = match step {
        Step::Login => Some("connexion".to_owned()),
        Step::Before(at) => connector.name_before(operation, at).map(str::to_owned),
        Step::Main => None,
    };
    Ok(Recorded {
        nom: exchange.nom.to_owned(),
        connecteur: exchange.partner.as_str(),
        operation: operation.as_str(),
        etape,
        valeurs: changed(&example, &values),
        attendu: expected(
            operation,
            step,
            &request.written(&access.base_url),
            read(&answer),
        ),
        reponse: written(answer),
    })
}

/// An upload token gives access to a file for some minutes, so it is replaced by the example.
fn forget_uploads(values: &mut Json, example: &Json) {
    let forget = |photo: &mut Json, example: &Json| {
        if photo.get("envoi").is_some() {
            photo["envoi"] = example["envoi"].clone();
        }
    };
    if let Some(photo) = values.get_mut("fichier") {
        forget(photo, &example["fichier"]);
    }
    let photos = values.get_mut("fichiers").and_then(Json::as_array_mut);
    for photo in photos.into_iter().flatten() {
        forget(photo, &example["fichiers"][0]);
    }
}

/// The keys whose values differ from those of the example.
fn changed(example: &Json, values: &Json) -> Option<Json> {
    match (example, values) {
        (Json::Object(before), Json::Object(now)) => {
            let fields = now.iter().filter_map(|(name, value)| {
                let differs = changed(before.get(name).unwrap_or(&Json::Null), value)?;
                Some((name.clone(), differs))
            });
            let fields: serde_json::Map<String, Json> = fields.collect();
            (!fields.is_empty()).then_some(Json::Object(fields))
        }
        (Json::Array(before), Json::Array(now)) if before != now => {
            let last = before.last().unwrap_or(&Json::Null);
            let items = now.iter().enumerate();
            let items = items.map(|(at, it)| {
                changed(before.get(at).unwrap_or(last), it).unwrap_or_else(|| json!({}))
            });
            Some(items.collect())
        }
        (before, now) => (before != now).then(|| now.clone()),
    }
}

/// The answer without the parts that its reading does not need and without personal data.
fn shortened(
    answer: &Answer,
    operation: Operation,
    read: &dyn Fn(&Answer) -> Interpreted,
) -> Answer {
    let mut answer = answer.clone();
    let wanted = read(&answer);
    for name in answer.headers.keys().cloned().collect::<Vec<_>>() {
        let mut without = answer.clone();
        without.headers.remove(&name);
        if read(&without) == wanted {
            answer = without;
        }
    }
    let Some(mut json) = answer.json() else {
        let text = masked(&answer.text());
        answer.body = text.chars().take(TEXT_CHARS).collect::<String>().into();
        return answer;
    };
    let with = |json: &Json| Answer {
        body: json.to_string().into_bytes(),
        ..answer.clone()
    };
    let read_json = |json: &Json| read(&with(json));
    let wanted = cut_list(&mut json, wanted, &read_json);
    let mut trials = MOST_TRIALS;
    prune(&mut json, "", &mut trials, &|it: &Json| {
        read_json(it) == wanted
    });
    let private = private(operation, &wanted);
    mask(&mut json, &private);
    with(&json)
}

/// Keeps the first few elements of a long list, and returns the new result of reading.
fn cut_list(
    json: &mut Json,
    wanted: Interpreted,
    read: &dyn Fn(&Json) -> Interpreted,
) -> Interpreted {
    let long = |it: &Extracted| it.items.len() > MOST_ELEMENTS;
    let Some(items) = wanted
        .as_ref()
        .ok()
        .filter(|it| long(it))
        .map(|it| &it.items)
    else {
        return wanted;
    };
    for pointer in lists(json) {
        let mut shorter = json.clone();
        if let Some(Json::Array(list)) = shorter.pointer_mut(&pointer) {
            list.truncate(MOST_ELEMENTS);
        }
        let now = read(&shorter);
        if now
            .as_ref()
            .is_ok_and(|it| it.items == items[..MOST_ELEMENTS])
        {
            *json = shorter;
            return now;
        }
    }
    wanted
}

/// The pointers of the lists near the top.
fn lists(json: &Json) -> Vec<String> {
    fn collect(json: &Json, at: &str, depth: usize, found: &mut Vec<String>) {
        match json {
            Json::Array(_) => found.push(at.to_owned()),
            Json::Object(fields) if depth < 3 => {
                for (name, value) in fields {
                    collect(value, &inside(at, name), depth + 1, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(json, "", 0, &mut found);
    found
}

fn inside(at: &str, name: &str) -> String {
    format!("{at}{}", pointer_to(name))
}

/// Removes everything without which the answer is still read the same.
fn prune(whole: &mut Json, at: &str, trials: &mut usize, same: &dyn Fn(&Json) -> bool) {
    let names: Vec<String> = match whole.pointer(at) {
        Some(Json::Object(fields)) => fields.keys().cloned().collect(),
        // From the end, so that the remaining elements keep their indexes.
        Some(Json::Array(items)) => (0..items.len()).rev().map(|it| it.to_string()).collect(),
        _ => return,
    };
    for name in names {
        if *trials == 0 {
            return;
        }
        *trials -= 1;
        let mut without = whole.clone();
        match without.pointer_mut(at) {
            Some(Json::Object(fields)) => drop(fields.remove(&name)),
            Some(Json::Array(items)) => {
                if let Ok(number) = name.parse::<usize>() {
                    items.remove(number);
                }
            }
            _ => return,
        }
        if same(&without) {
            *whole = without;
        } else {
            prune(whole, &inside(at, &name), trials, same);
        }
    }
}

/// The values read that may be personal data or grant access.
fn private(operation: Operation, read: &Interpreted) -> Vec<String> {
    const FIELDS: [&str; 3] = ["commentaire", "nom", "email"];
    let Ok(found) = read else { return Vec::new() };
    let of_items = found.items.iter().flat_map(|item| {
        let fields = FIELDS.iter();
        fields.filter_map(|name| item.get(name).cloned())
    });
    let uploads = operation == Operation::Televerser;
    let of_uploads = found.values.values().filter(|_| uploads);
    let of_uploads = of_uploads.filter_map(|it| it.as_str().map(str::to_owned));
    of_items.chain(of_uploads).collect()
}

fn mask(json: &mut Json, private: &[String]) {
    match json {
        Json::String(text) if private.iter().any(|it| it == text.trim()) => MASK.clone_into(text),
        Json::String(text) => *text = masked(text),
        Json::Array(items) => items.iter_mut().for_each(|it| mask(it, private)),
        Json::Object(fields) => fields.values_mut().for_each(|it| mask(it, private)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// The text with e-mail addresses masked.
fn masked(text: &str) -> String {
    match Regex::new(r#"[^\s<>"',;:()]+@[^\s<>"',;:()]+"#) {
        Ok(address) => address.replace_all(text, MASK).into_owned(),
        Err(_) => MASK.to_owned(),
    }
}

fn written(answer: Answer) -> WrittenAnswer {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let json = serde_json::from_str(&text).ok();
    WrittenAnswer {
        statut: answer.status,
        entetes: answer.headers,
        texte: (json.is_none() && !text.trim().is_empty()).then_some(text),
        json,
    }
}

fn expected(
    operation: Operation,
    step: Step,
    request: &Json,
    read: Interpreted,
) -> WrittenExpected {
    let mut expected = WrittenExpected {
        requete: request.clone(),
        issue: Meaning::Success.as_str(),
        message: None,
        elements: None,
        lu: None,
        fields: Item::new(),
        page_suivante: None,
    };
    match read {
        Err(failure) => {
            expected.issue = failure.meaning.as_str();
            expected.message = failure.message;
        }
        Ok(found) => {
            let has_next = found.announces_page();
            let values = (!found.values.is_empty()).then_some(Json::Object(found.values));
            expected.lu = values;
            let main = step == Step::Main;
            match operation {
                Operation::Chercher | Operation::Gestionnaires if main => {
                    expected.elements = Some(found.items);
                }
                Operation::Changements if main => {
                    expected.page_suivante = Some(has_next);
                    expected.elements = Some(found.items);
                }
                _ => expected.fields = found.items.into_iter().next().unwrap_or_default(),
            }
        }
    }
    expected
}

/// The content of a file in `cas/` with these cases.
///
/// # Errors
/// When they cannot be written as YAML.
pub fn file(cases: &[Recorded]) -> Result<String, serde_saphyr::SerializeError> {
    let text = serde_saphyr::to_string(&BTreeMap::from([("cas", cases)]))?;
    Ok(format!(
        "# yaml-language-server: $schema=../../schemas/cas.schema.json\n{text}"
    ))
}

#[cfg(test)]
mod tests;
