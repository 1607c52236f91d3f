//! The table as a JSON Schema, for editors.

use serde_json::{Map, Value as Json, json};

use super::table::keys_of;
use super::{COUNT, DURATION, Form, Key, STATUSES};
use crate::rules::connector::Partner;

/// The JSON Schema of a partner's file.
pub(in crate::rules::connector) fn schema(partner: Partner) -> Json {
    let mut schema = keys_schema(keys_of(partner));
    let title = partner.file();
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = title.into();
    schema["description"] = match partner {
        Partner::Crm => "Comment appeler l'API du CRM.",
        Partner::Sowell => "Comment appeler l'API de SoWell.",
    }
    .into();
    schema
}

fn keys_schema(keys: &[Key]) -> Json {
    let mut properties = Map::new();
    for key in keys {
        let mut schema = form_schema(&key.form);
        if !key.required {
            schema = json!({"anyOf": [schema, {"type": "null"}]});
        }
        schema["description"] = key.about.into();
        properties.insert(key.name.into(), schema);
    }
    let required: Vec<&str> = keys
        .iter()
        .filter(|it| it.required)
        .map(|it| it.name)
        .collect();
    let mut schema =
        json!({"type": "object", "additionalProperties": false, "properties": properties});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

pub(super) fn form_schema(form: &Form) -> Json {
    let text = json!({"type": ["string", "number", "boolean"], "pattern": "\\S"});
    match form {
        Form::Free => json!({}),
        Form::Text => text,
        Form::Word(words) => json!({"enum": words}),
        Form::Fields => json!({"type": "object"}),
        Form::Statuses => {
            let one = json!({"anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": STATUSES},
            ]});
            json!({"anyOf": [one.clone(), {"type": "array", "items": one}]})
        }
        Form::Extract => json!({"anyOf": [
            {"type": "string", "pattern": "^/|\\{\\{"},
            {"type": "object", "additionalProperties": false, "required": ["pointeur"],
             "properties": {"pointeur": text, "motif": text}},
            {"type": "object", "additionalProperties": false, "required": ["entete"],
             "properties": {"entete": text, "motif": text}},
        ]}),
        Form::Extracts => {
            json!({"type": "object", "additionalProperties": form_schema(&Form::Extract)})
        }
        Form::Tables => json!({"type": "object", "additionalProperties": {"type": "object"}}),
        Form::Duration => json!({"type": "string", "pattern": DURATION}),
        Form::Count => json!({"anyOf": [
            {"type": "integer", "minimum": 1, "maximum": 999_999_999},
            {"type": "string", "pattern": COUNT},
        ]}),
        Form::Keys(keys) => keys_schema(keys),
        Form::OneOf(keys) => {
            let choices: Vec<Json> = keys
                .iter()
                .map(|key| {
                    let mut schema = form_schema(&key.form);
                    if matches!(key.form, Form::Free) {
                        schema = json!({"not": {"type": "null"}});
                    }
                    schema["description"] = key.about.into();
                    json!({"type": "object", "additionalProperties": false, "required": [key.name],
                        "properties": {key.name: schema}})
                })
                .collect();
            json!({"anyOf": choices})
        }
        Form::List(keys) => json!({"type": "array", "items": keys_schema(keys)}),
    }
}
