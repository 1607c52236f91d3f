//! A request in the form used by cases: the keys of a connector's file, with the actual values.

use serde_json::{Map, Value as Json, json};
use url::Url;

use super::{Body, Part, PartContent, Request};

impl Request {
    /// The request in the form of a case's `requete`; paths are relative to `base`.
    #[must_use]
    pub fn written(&self, base: &Url) -> Json {
        let headers = self.headers.iter();
        let headers: Map<String, Json> = headers
            .map(|(name, value)| (name.clone(), Json::from(value.as_str())))
            .collect();
        json!({
            "methode": self.method,
            "chemin": path(&self.url, base),
            "parametres": grouped(self.url.query_pairs()),
            "entetes": headers,
            "corps": self.written_body(),
        })
    }

    fn written_body(&self) -> Json {
        match &self.body {
            Body::Empty => json!({}),
            Body::File(number) => json!({"fichier": number}),
            Body::Multipart(parts) => {
                let parts = parts.iter().map(|it| (it.name.as_str(), part_as_json(it)));
                json!({"multipart": grouped(parts)})
            }
            Body::Text(text) => {
                let mut headers = self.headers.iter();
                let kind = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
                let kind = kind.map(|(_, kind)| kind.as_str()).unwrap_or_default();
                if kind.starts_with("application/x-www-form-urlencoded") {
                    let pairs = url::form_urlencoded::parse(text.as_bytes());
                    return json!({"formulaire": grouped(pairs)});
                }
                match serde_json::from_str::<Json>(text) {
                    Ok(value) if kind.contains("json") => json!({"json": value}),
                    _ => json!({"texte": text}),
                }
            }
        }
    }
}

/// The path relative to the address in the settings, encoded as it is sent; the complete address if it is on a
/// different host.
fn path(url: &Url, base: &Url) -> String {
    let root = base.path().trim_end_matches('/');
    match url.path().strip_prefix(root) {
        Some(path) if url.origin() == base.origin() && path.starts_with('/') => path.to_owned(),
        _ => {
            let mut whole = url.clone();
            whole.set_query(None);
            whole.to_string()
        }
    }
}

/// Pairs by name; a repeated name gets a list of values.
fn grouped<N: Into<String>, V: Into<Json>>(pairs: impl IntoIterator<Item = (N, V)>) -> Json {
    let mut fields = Map::new();
    for (name, value) in pairs {
        let value = value.into();
        match fields.entry(name) {
            serde_json::map::Entry::Vacant(entry) => {
                entry.insert(value);
            }
            serde_json::map::Entry::Occupied(mut entry) => match entry.get_mut() {
                Json::Array(values) => values.push(value),
                first => *first = json!([first.take(), value]),
            },
        }
    }
    Json::Object(fields)
}

fn part_as_json(part: &Part) -> Json {
    let kind = part.kind.as_deref();
    match &part.content {
        PartContent::File(number) => {
            json!({"fichier": number, "nom": part.file_name, "type": kind})
        }
        PartContent::Text(text) => match (kind, serde_json::from_str::<Json>(text)) {
            (Some("application/json"), Ok(value)) => json!({"json": value}),
            (Some(kind), _) => json!({"texte": text, "type": kind}),
            (None, _) => Json::from(text.as_str()),
        },
    }
}
