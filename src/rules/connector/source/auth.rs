//! Reads how calls are authenticated: each method that a file can name is compiled here.

use std::time::Duration;

use serde_json::Value as Json;

use super::{call, duration, extract, fields, text};
use crate::rules::connector::headers;
use crate::rules::connector::shape::{Entry, Shape};
use crate::rules::connector::text::LocatedText;
use crate::rules::connector::{Answers, Auth, BodyShape, Call, Extract, Partner, Session};
use crate::rules::diagnostic::code;
use crate::rules::source::Reader;
use crate::rules::template::Text;
use crate::rules::yaml::Node;

/// Reads it; if it is missing, the token from the settings is sent as a bearer token.
pub(super) fn read(reader: &mut Reader<'_>, partner: Partner, node: Option<&Node>) -> Option<Auth> {
    let Some(node) = node else {
        let token = format!("{{{{ {}.token }}}}", partner.as_str());
        let text = Text::compile(&token).ok()?;
        return Some(Auth::Bearer(LocatedText {
            line: 0,
            column: 0,
            text,
        }));
    };
    if let Some(token) = node.get("porteur") {
        return LocatedText::read(reader, token).map(Auth::Bearer);
    }
    if let Some(basic) = node.get("basique") {
        let user = LocatedText::read(reader, basic.get("utilisateur")?);
        let password = LocatedText::read(reader, basic.get("mot_de_passe")?);
        return Some(Auth::Basic {
            user: user?,
            password: password?,
        });
    }
    if let Some(oauth) = node.get("oauth2") {
        return oauth2(reader, oauth);
    }
    if let Some(session) = node.get("session") {
        return self::session(reader, session);
    }
    if node.get("aucune").is_some() {
        return Some(Auth::None);
    }
    let headers = headers::read(reader, node.get("entetes"));
    let query = fields(reader, node.get("parametres"));
    Some(Auth::Fields {
        headers: headers?,
        query: query?,
    })
}

fn session(reader: &mut Reader<'_>, node: &Node) -> Option<Auth> {
    let login = call(reader, node.get("connexion")?, "POST");
    let token = extract(reader, node.get("jeton")?);
    let headers = headers::read(reader, node.get("entetes"));
    let query = fields(reader, node.get("parametres"));
    let lifetime = node.get("duree").and_then(duration);
    Some(Auth::Session(Box::new(Session {
        login: login?,
        token: token?,
        expires_in: None,
        lifetime: lifetime.unwrap_or(Duration::from_mins(30)),
        headers: headers?,
        query: query?,
        clear_secret: None,
    })))
}

/// OAuth 2 client credentials: a session whose login call is defined by the standard.
fn oauth2(reader: &mut Reader<'_>, node: &Node) -> Option<Auth> {
    let path = LocatedText::read(reader, node.get("url")?);
    let client = LocatedText::read(reader, node.get("client")?);
    let secret = LocatedText::read(reader, node.get("secret")?);
    let (client, secret) = (client?, secret?);
    let basic = node.get("envoi").and_then(text).as_deref() == Some("basique");
    let is_clear = basic && secret.text.literal().is_some();
    let clear_secret = is_clear.then_some((secret.line, secret.column));
    let mut form = vec![entry("grant_type", literal("client_credentials"))?];
    for (name, key) in [("portee", "scope"), ("audience", "audience")] {
        if let Some(node) = node.get(name) {
            form.push(entry(key, Shape::Text(LocatedText::read(reader, node)?))?);
        }
    }
    let mut headers = vec![entry("Accept", literal("application/json"))?];
    if basic {
        headers.push(basic_header(reader, &client, &secret)?);
    } else {
        form.push(entry("client_id", Shape::Text(client.clone()))?);
        form.push(entry("client_secret", Shape::Text(secret))?);
    }
    let bearer = expression(&client, "Bearer {{ jeton }}")?;
    Some(Auth::Session(Box::new(Session {
        login: Call {
            method: "POST".into(),
            path: path?,
            query: Shape::empty(),
            headers: Shape::Map(headers),
            body: BodyShape::Form(Shape::Map(form)),
            answers: Answers::default(),
        },
        token: Extract::Pointer("/access_token".into(), None),
        expires_in: Some(Extract::Pointer("/expires_in".into(), None)),
        lifetime: Duration::from_mins(10),
        headers: Shape::Map(vec![entry("Authorization", bearer)?]),
        query: Shape::empty(),
        clear_secret,
    })))
}

/// A Basic header built from both values, each of which may contain expressions.
fn basic_header(
    reader: &mut Reader<'_>,
    client: &LocatedText,
    secret: &LocatedText,
) -> Option<Entry> {
    let mut parts = Vec::new();
    for text in [client, secret] {
        let Some(inner) = inner(text) else {
            let message = "avec « envoi: basique », cette valeur s'écrit tout entière entre deux accolades, comme \"{{ 'debut-' ~ secrets.nom }}\"";
            reader.fault(code::SHAPE, text.line, text.column, message.to_owned());
            return None;
        };
        parts.push(format!("({inner})"));
    }
    let pair = format!("Basic {{{{ ({})|base64 }}}}", parts.join(" ~ ':' ~ "));
    entry("Authorization", expression(client, &pair)?)
}

fn entry(key: &str, value: Shape) -> Option<Entry> {
    let text = Text::compile(key).ok()?;
    Some(Entry {
        key: LocatedText {
            line: 0,
            column: 0,
            text,
        },
        optional: false,
        value,
    })
}

fn literal(text: &str) -> Shape {
    Shape::Literal(Json::from(text))
}

/// A text as an expression that can be part of a larger one.
fn inner(text: &LocatedText) -> Option<String> {
    match text.text.literal() {
        Some(literal) => serde_json::to_string(literal).ok(),
        None => text.text.inner().map(str::to_owned),
    }
}

fn expression(at: &LocatedText, source: &str) -> Option<Shape> {
    Some(Shape::Text(LocatedText {
        line: at.line,
        column: at.column,
        text: Text::compile(source).ok()?,
    }))
}
