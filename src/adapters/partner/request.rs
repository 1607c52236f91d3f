//! Completes a request for sending: its headers, signature and bytes, including photos.

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::{Form, Part as FormPart};
use reqwest::{Client, Method};

use super::{PhotoBytes, sign};
use crate::rules::connector::{Body, Part, PartContent, Request};

/// The request with its bytes, signed as of `now` if the connector asks for a signature.
pub(super) fn ready(
    client: &Client,
    request: &Request,
    id: Option<&str>,
    photos: &PhotoBytes,
    now: DateTime<Utc>,
) -> Result<reqwest::Request, String> {
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|it| it.to_string())?;
    let mut headers = headers(request)?;
    let bytes = match &request.body {
        Body::Empty => Some(Vec::new()),
        Body::Text(text) => Some(text.clone().into_bytes()),
        Body::File(number) => Some(photo(photos, *number)?),
        Body::Multipart(_) => None,
    };
    if let Some(secret) = &request.signature {
        let Some(bytes) = &bytes else {
            return Err("un corps multipart ne peut pas être signé".into());
        };
        let id = id.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
        for (name, value) in sign(secret, &id, now.timestamp(), bytes)? {
            let value = HeaderValue::from_str(&value).map_err(|it| it.to_string())?;
            headers.insert(name, value);
        }
    }
    let mut builder = client.request(method, request.url.clone());
    if let Body::Multipart(parts) = &request.body {
        // The content type must include the form's boundary.
        headers.remove(reqwest::header::CONTENT_TYPE);
        builder = builder.multipart(form(parts, photos)?);
    } else if let Some(bytes) = bytes.filter(|it| !it.is_empty()) {
        builder = builder.body(bytes);
    }
    builder
        .headers(headers)
        .build()
        .map_err(|it| it.to_string())
}

fn headers(request: &Request) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let named = HeaderName::from_bytes(name.as_bytes());
        let name = named.map_err(|_| format!("« {name} » n'est pas un nom d'en-tête"))?;
        let value = HeaderValue::from_bytes(value.as_bytes());
        let value =
            value.map_err(|_| format!("la valeur de l'en-tête « {name} » n'est pas valide"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn form(parts: &[Part], photos: &PhotoBytes) -> Result<Form, String> {
    let mut form = Form::new();
    for part in parts {
        let mut made = match &part.content {
            PartContent::Text(text) => FormPart::text(text.clone()),
            PartContent::File(number) => FormPart::bytes(photo(photos, *number)?),
        };
        if let Some(kind) = &part.kind {
            let known = made.mime_str(kind);
            made = known.map_err(|_| format!("« {kind} » n'est pas un type"))?;
        }
        if let Some(name) = &part.file_name {
            made = made.file_name(name.clone());
        }
        form = form.part(part.name.clone(), made);
    }
    Ok(form)
}

fn photo(photos: &PhotoBytes, number: usize) -> Result<Vec<u8>, String> {
    let bytes = photos.get(&number).cloned();
    bytes.ok_or_else(|| format!("la photo {number} n'est pas connue ici"))
}
