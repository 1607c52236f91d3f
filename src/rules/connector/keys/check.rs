//! Checks a file against the table; each fault is reported at its position.

use super::table::keys_of;
use super::{COUNT, Form, Key, STATUSES, duration, fits, statuses};
use crate::rules::connector::Partner;
use crate::rules::diagnostic::{code, nearest};
use crate::rules::source::Reader;
use crate::rules::yaml::{Node, Value};

/// Reports everything in the file that does not conform to the table.
pub(in crate::rules::connector) fn check(reader: &mut Reader<'_>, partner: Partner, root: &Node) {
    check_keys(reader, keys_of(partner), root);
}

fn check_keys(reader: &mut Reader<'_>, keys: &[Key], node: &Node) {
    let names: Vec<&str> = keys.iter().map(|it| it.name).collect();
    let Some(entries) = reader.map(node) else {
        return;
    };
    // If a misspelt key was probably meant to be a required one, the required one is not reported as missing too.
    let mut meant = Vec::new();
    for (key, value) in entries {
        if !reader.known_key(key, &names) {
            meant.extend(nearest(&key.name, names.iter().copied()));
            continue;
        }
        let known = keys.iter().find(|it| it.name == key.name);
        // A key without a value counts as missing.
        if let (Some(known), false) = (known, value.value == Value::Null) {
            check_form(reader, &known.form, value);
        }
    }
    for missing in keys.iter().filter(|it| it.required) {
        if node.get(missing.name).is_none() && !meant.contains(&missing.name) {
            let message = format!("la clé « {} » manque ici", missing.name);
            reader.fault(code::KEY_MISSING, node.line, node.column, message);
        }
    }
}

pub(super) fn check_form(reader: &mut Reader<'_>, form: &Form, node: &Node) {
    match form {
        Form::Free => {}
        Form::Text => drop(reader.text(node)),
        Form::Word(words) => drop(reader.word(node, words)),
        Form::Fields => drop(reader.map(node)),
        Form::Statuses => check_statuses(reader, node),
        Form::Extract => check_extract(reader, node),
        Form::Extracts => {
            for (_, value) in reader.map(node).into_iter().flatten() {
                check_extract(reader, value);
            }
        }
        Form::Tables => {
            for (_, value) in reader.map(node).into_iter().flatten() {
                reader.map(value);
            }
        }
        Form::Duration => {
            if let Some(text) = reader.text(node)
                && duration(&text.text).is_none()
            {
                reader.expected(node, "une durée avec son unité (ms, s, m, h ou d pour les jours), par exemple 30s ou 5m");
            }
        }
        Form::Count => {
            if let Some(text) = reader.text(node)
                && !fits(&text.text, COUNT)
            {
                reader.expected(node, "un nombre, à partir de 1");
            }
        }
        Form::Keys(keys) => check_keys(reader, keys, node),
        Form::OneOf(keys) => {
            check_keys(reader, keys, node);
            let Value::Map(entries) = &node.value else {
                return;
            };
            let given = entries.iter().filter(|(_, it)| it.value != Value::Null);
            if given.count() != 1 {
                let names: Vec<&str> = keys.iter().map(|it| it.name).collect();
                let message = format!(
                    "une seule de ces clés est attendue ici : {}",
                    names.join(", ")
                );
                reader.fault(code::SHAPE, node.line, node.column, message);
            }
        }
        Form::List(keys) => {
            for item in reader.list(node).into_iter().flatten() {
                check_keys(reader, keys, item);
            }
        }
    }
}

fn check_statuses(reader: &mut Reader<'_>, node: &Node) {
    let one = std::slice::from_ref(node);
    let items = match &node.value {
        Value::Text(_) => Some(one),
        _ => reader.list(node),
    };
    for item in items.into_iter().flatten() {
        let Some(text) = reader.text(item) else {
            continue;
        };
        match text.text.split_once('-') {
            _ if statuses(&text.text).is_some() => {}
            Some((first, last)) if fits(&text.text, STATUSES) => {
                let message = format!(
                    "« {first}-{last} » ne contient aucun statut : le plus petit s'écrit d'abord, {last}-{first}"
                );
                reader.fault(code::SHAPE, item.line, item.column, message);
            }
            _ => reader.expected(item, "un statut HTTP, par exemple 201, 4xx ou 500-504"),
        }
    }
}

fn check_extract(reader: &mut Reader<'_>, node: &Node) {
    const KEYS: [&str; 3] = ["pointeur", "entete", "motif"];
    let what = "un pointeur (/issue/id), une expression ou {pointeur: …} ou {entete: …, motif: …}";
    match &node.value {
        Value::Text(text) if text.starts_with('/') || text.contains("{{") => {}
        Value::Map(entries) => {
            for (key, value) in entries {
                if reader.known_key(key, &KEYS) {
                    reader.text(value);
                }
            }
            if node.get("pointeur").is_some() == node.get("entete").is_some() {
                reader.expected(node, what);
            }
        }
        _ => reader.expected(node, what),
    }
}
