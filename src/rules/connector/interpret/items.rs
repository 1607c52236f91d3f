//! The demandes, changes or managers in a successful answer.

use serde_json::Value as Json;

use crate::domain::demande::Uid;
use crate::rules::connector::{Described, Extract, Operation};

use super::{Access, Extracted, Item, ReadAnswer, as_text, extract_from, pages};

const NO_NAME: &str = "« uid » n'est pas un identifiant : un texte ou un nombre, sur une seule ligne et de 200 \
                       caractères au plus";

/// The fields that tell one item from another.
const IDENTIFIERS: [&str; 3] = ["uid", "evenement", "identifiant"];

/// Reads the only item of an answer.
pub(super) fn one(
    operation: Operation,
    described: &Described,
    read: &ReadAnswer<'_>,
) -> Result<Extracted, String> {
    let item = complete_item(operation, described, &read.json, read)?;
    Ok(Extracted {
        items: vec![item],
        ..Extracted::default()
    })
}

/// Reads a list, of which the file may keep only some elements.
pub(super) fn list(
    operation: Operation,
    described: &Described,
    read: &ReadAnswer<'_>,
    values: &Json,
    access: &Access,
) -> Result<Extracted, String> {
    let elements = match elements(described, read) {
        // Past its last page, an API may answer without any list, or without any content.
        Err(_) if pages::is_after_short(values) && (read.is_json() || read.answer.is_blank()) => {
            Vec::new()
        }
        found => found?,
    };
    let after = pages::after(described, read, (values, access), &elements)?;
    if after.past_end {
        // What such a page still shows was on an earlier one.
        return Ok(after);
    }
    let (mut items, mut faults) = (Vec::new(), Vec::new());
    for element in &elements {
        if let Some(keep) = &described.keep {
            let scope = read.scope.with("element", element);
            match keep.holds(&scope).map_err(|fault| fault.to_string()) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(fault) if operation == Operation::Changements => {
                    faults.push(fault);
                    continue;
                }
                Err(fault) => return Err(fault),
            }
        }
        match complete_item(operation, described, element, read) {
            Ok(item) => items.push(item),
            // One unreadable change does not hold back the others; a manager concerns one residence.
            Err(fault) if operation != Operation::Chercher => faults.push(fault),
            Err(fault) => return Err(fault),
        }
    }
    Ok(Extracted {
        items,
        faults,
        ..after
    })
}

/// Reads an item with all fields that the operation needs.
fn complete_item(
    operation: Operation,
    described: &Described,
    element: &Json,
    read: &ReadAnswer<'_>,
) -> Result<Item, String> {
    let required: &[&str] = match operation {
        Operation::Creer | Operation::Chercher => &["uid"],
        Operation::LireStatut => &["statut", "date"],
        Operation::Changements => &["uid", "statut", "date"],
        Operation::Gestionnaires => &["type", "identifiant"],
        Operation::Joindre
        | Operation::Televerser
        | Operation::SignalerStatut
        | Operation::SignalerUid => &[],
    };
    let item = item(described, element, read)?;
    if let Some(name) = required.iter().find(|name| !item.contains_key(*name)) {
        return Err(format!("la réponse n'a pas de « {name} »"));
    }
    if matches!(operation, Operation::Creer | Operation::Chercher) {
        check_uid(&item)?;
    }
    Ok(item)
}

/// Checks that the demande in an answer has an identifier under which it can be stored.
fn check_uid(item: &Item) -> Result<(), String> {
    match item.get("uid").and_then(|uid| Uid::given(uid)) {
        Some(_) => Ok(()),
        None => Err(NO_NAME.into()),
    }
}

/// The list in the answer. A missing list is not an empty one: the answer does not have the expected form.
fn elements(described: &Described, read: &ReadAnswer<'_>) -> Result<Vec<Json>, String> {
    // An expression could turn an unreadable answer, such as an HTML page, into an empty list.
    if !read.is_json() {
        return Err("la réponse n'est pas du JSON".into());
    }
    let list = match &described.elements {
        Some(Extract::Pointer(pointer, None)) => match read.json.pointer(pointer) {
            // Some APIs send null for an empty list.
            Some(Json::Null) => return Ok(Vec::new()),
            found => found.cloned(),
        },
        Some(extract) => read.value(extract)?,
        None => Some(read.json.clone()),
    };
    match list {
        Some(Json::Array(items)) => Ok(items),
        // If no list is configured, the answer itself is the only element.
        Some(one @ Json::Object(_)) if described.elements.is_none() => Ok(vec![one]),
        Some(Json::Object(by_name)) => Ok(by_name.into_iter().map(|(_, it)| it).collect()),
        _ => Err("la réponse n'a pas de liste là où elle est attendue".into()),
    }
}

pub(super) fn item(
    described: &Described,
    element: &Json,
    read: &ReadAnswer<'_>,
) -> Result<Item, String> {
    let scope = read.scope.with("element", element);
    let identifying = scope.clone().identifying();
    let mut item = Item::new();
    for (name, extract) in &described.fields {
        let scope = if IDENTIFIERS.contains(name) {
            &identifying
        } else {
            &scope
        };
        let value = extract_from(extract, element, &read.answer.headers, scope)?;
        let is_damaged = |it: &Json| {
            it.as_str()
                .is_some_and(|text| text.contains(['\0', '\u{fffd}']))
        };
        if *name == "uid" && value.as_ref().is_some_and(is_damaged) {
            // With a replacement character, it would identify a different demande.
            return Err(NO_NAME.into());
        }
        // A boolean only tells that there is a demande or a manager, not which one.
        let names = matches!(*name, "uid" | "identifiant" | "type");
        let value = value.filter(|it| !names || !it.is_boolean());
        item.extend(value.as_ref().and_then(as_text).map(|it| (*name, it)));
    }
    Ok(item)
}
