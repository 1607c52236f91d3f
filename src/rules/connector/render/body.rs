//! Renders the content of a request.

use serde_json::{Map, Value as Json};

use crate::rules::connector::BodyShape;
use crate::rules::connector::shape::Shape;
use crate::rules::connector::text::Fault;
use crate::rules::template::Scope;

use super::{Body, Part, PartContent, Request, pairs, plain};

/// Sets the content of a request, and the header with its type unless the file gives one.
pub(super) fn fill(shape: &BodyShape, scope: &Scope, request: &mut Request) -> Result<(), Fault> {
    let (body, kind) = render(shape, scope)?;
    if let Some(kind) = kind
        && !request.has_header("Content-Type")
    {
        request.set_header("Content-Type", kind);
    }
    request.body = body;
    Ok(())
}

/// The content and its MIME type; a multipart body has none until its boundary is chosen.
fn render(shape: &BodyShape, scope: &Scope) -> Result<(Body, Option<String>), Fault> {
    Ok(match shape {
        BodyShape::Empty => (Body::Empty, None),
        BodyShape::Json(shape) => {
            let json = shape.render(scope)?.to_string();
            (Body::Text(json), Some("application/json".into()))
        }
        BodyShape::Form(shape) => {
            let fields = shape.render_fields(scope)?;
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(pairs(&fields));
            let kind = "application/x-www-form-urlencoded".into();
            (Body::Text(form.finish()), Some(kind))
        }
        BodyShape::Text { content, kind } => {
            let kind = kind.text(scope)?;
            (Body::Text(content.text(scope)?), Some(kind))
        }
        BodyShape::File { content, kind } => {
            let file = content.value(scope)?.unwrap_or_default();
            let number = number(&file)
                .ok_or_else(|| content.fault("une photo est attendue ici : \"{{ fichier }}\""))?;
            let kind = match kind {
                Some(kind) => kind.text(scope)?,
                None => file["type"]
                    .as_str()
                    .unwrap_or("application/octet-stream")
                    .to_owned(),
            };
            (Body::File(number), Some(kind))
        }
        BodyShape::Multipart {
            line,
            column,
            parts,
        } => {
            let parts = multipart(parts, scope, (*line, *column))?;
            (Body::Multipart(parts), None)
        }
    })
}

/// The parts in the order of the file; a list repeats its name.
fn multipart(shape: &Shape, scope: &Scope, (line, column): (u32, u32)) -> Result<Vec<Part>, Fault> {
    let fault = |message| Fault {
        line,
        column,
        message,
    };
    let mut parts = Vec::new();
    for (name, value) in shape.render_fields(scope)? {
        let values = match value {
            Json::Array(items) => items,
            one => vec![one],
        };
        for value in values {
            parts.extend(part(&name, &value).map_err(fault)?);
        }
    }
    Ok(parts)
}

/// The number of a photo, from 1.
fn number(file: &Json) -> Option<usize> {
    file["numero"]
        .as_u64()
        .and_then(|number| usize::try_from(number).ok())
}

/// One part of a multipart body; `None` if its value is null.
fn part(name: &str, value: &Json) -> Result<Option<Part>, String> {
    const KEYS: [&str; 5] = ["texte", "json", "fichier", "nom", "type"];
    let known = |map: &Map<String, Json>| map.keys().all(|key| KEYS.contains(&key.as_str()));
    let text = |content: String, kind: Option<String>| Part {
        name: name.to_owned(),
        content: PartContent::Text(content),
        file_name: None,
        kind,
    };
    let Json::Object(own) = value else {
        return Ok(plain(value).map(|content| text(content, None)));
    };
    let given = |key: &str| own.get(key).and_then(plain);
    if !known(own) {
        return Err(format!(
            "le champ « {name} » attend un texte, ou {{texte, type}}, {{json, type}} ou {{fichier, nom, type}}"
        ));
    }
    if let Some(file) = own.get("fichier") {
        let number = number(file).ok_or_else(|| {
            format!("le champ « {name} » attend une photo : \"{{{{ fichier }}}}\"")
        })?;
        return Ok(Some(Part {
            name: name.to_owned(),
            content: PartContent::File(number),
            file_name: given("nom").or_else(|| plain(&file["nom"])),
            kind: given("type").or_else(|| plain(&file["type"])),
        }));
    }
    if let Some(json) = own.get("json") {
        let kind = given("type").or_else(|| Some("application/json".into()));
        return Ok(Some(text(json.to_string(), kind)));
    }
    Ok(given("texte").map(|content| text(content, given("type"))))
}
