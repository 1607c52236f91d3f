//! Renders an operation and its values to one request.

mod body;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use url::Url;

use crate::rules::template::Scope;

use super::shape::Shape;
use super::text::Fault;
use super::{Auth, Call, Connector, Operation, Step};

/// The address and credentials of an API, from the settings. Holds secrets, so it has no `Debug`.
#[derive(Clone)]
pub struct Access {
    /// The address to which paths are appended.
    pub base_url: Url,
    /// The token of the settings.
    pub token: Option<String>,
    /// The named secrets.
    pub secrets: BTreeMap<String, String>,
    /// The token obtained by a login call.
    pub jeton: Option<String>,
    /// The current instant, in ISO 8601.
    pub maintenant: String,
}

impl Access {
    /// A copy with every secret replaced by its name, for display.
    #[must_use]
    pub fn masked(&self) -> Self {
        let mask = |name: &str| format!("***{name}***");
        let secrets = self.secrets.keys();
        Self {
            base_url: self.base_url.clone(),
            token: self.token.as_ref().map(|_| mask("token")),
            secrets: secrets.map(|it| (it.clone(), mask(it))).collect(),
            jeton: self.jeton.as_ref().map(|_| mask("jeton")),
            maintenant: self.maintenant.clone(),
        }
    }
}

/// A request, complete except for the bytes of the photos. Holds secrets, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The complete address.
    pub url: Url,
    /// The headers, in the order of the file.
    pub headers: Vec<(String, String)>,
    /// The content of the request.
    pub body: Body,
    /// The secret for its Standard Webhooks signature; `None` if it is not signed.
    pub signature: Option<String>,
}

/// The content of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// A text, whose type is given by a header.
    Text(String),
    /// The photo of this number, from 1.
    File(usize),
    /// A multipart form with texts and photos.
    Multipart(Vec<Part>),
}

/// A part of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The name of the form field.
    pub name: String,
    /// The content of the field.
    pub content: PartContent,
    /// The file name, if it is a file.
    pub file_name: Option<String>,
    /// The MIME type, if it is not plain text.
    pub kind: Option<String>,
}

/// The content of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartContent {
    /// A text.
    Text(String),
    /// The photo of this number, from 1.
    File(usize),
}

impl Request {
    fn has_header(&self, name: &str) -> bool {
        let mut headers = self.headers.iter();
        headers.any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    /// Sets a header, replacing one of the same name.
    pub fn set_header(&mut self, name: &str, value: String) {
        self.headers
            .retain(|(it, _)| !it.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value));
    }

    /// The numbers of the photos in it.
    #[must_use]
    pub fn files(&self) -> Vec<usize> {
        match &self.body {
            Body::Empty | Body::Text(_) => Vec::new(),
            Body::File(number) => vec![*number],
            Body::Multipart(parts) => parts
                .iter()
                .filter_map(|it| match it.content {
                    PartContent::File(number) => Some(number),
                    PartContent::Text(_) => None,
                })
                .collect(),
        }
    }
}

impl Connector {
    /// Renders the request of one step of an operation.
    ///
    /// `values` are the names that its expressions use: those of the operation, and the values read by earlier steps.
    ///
    /// # Errors
    /// When an expression fails on these values, or they do not make a valid request.
    pub fn render(
        &self,
        operation: Operation,
        step: Step,
        values: &Json,
        access: &Access,
    ) -> Result<Request, Fault> {
        let scope = self.scope(values, access);
        self.render_on(&scope, operation, step, values, access)
    }

    /// Like [`Self::render`], for a sample: its words are invented, so they may be missing from the file's tables.
    pub(super) fn render_sample(
        &self,
        operation: Operation,
        values: &Json,
        access: &Access,
    ) -> Result<Request, Fault> {
        let scope = self.scope(values, access).of_a_sample();
        self.render_on(&scope, operation, Step::Main, values, access)
    }

    fn render_on(
        &self,
        scope: &Scope,
        operation: Operation,
        step: Step,
        values: &Json,
        access: &Access,
    ) -> Result<Request, Fault> {
        let call = self.call(operation, step)?;
        if step == Step::Main
            && let Some(next) = values.pointer("/page/suivante").and_then(Json::as_str)
        {
            return self.next_page(call, next, scope, access);
        }
        let mut url = locate(call, scope, &access.base_url)?;
        let query = call.query.render_fields(scope)?;
        add_query(&mut url, &query);
        let mut request = Request {
            method: call.method.clone(),
            url,
            headers: Vec::new(),
            body: Body::Empty,
            signature: None,
        };
        self.dress(call, scope, step, &mut request)?;
        body::fill(&call.body, scope, &mut request)?;
        Ok(request)
    }

    /// Whether the call is needed, given the results of earlier steps.
    ///
    /// # Errors
    /// When the condition of the file fails on these values.
    pub fn is_needed(
        &self,
        operation: Operation,
        values: &Json,
        access: &Access,
    ) -> Result<bool, Fault> {
        let described = self.operations.get(&operation);
        match described.and_then(|it| it.only_if.as_ref()) {
            Some(condition) => condition.holds(&self.scope(values, access)),
            None => Ok(true),
        }
    }

    /// The names that expressions can use.
    pub(super) fn scope(&self, values: &Json, access: &Access) -> Scope {
        let mut scope = Scope::of(values);
        self.each_common(access, &mut |name, value| scope.set(name, value));
        scope
    }

    /// Adds the names that every operation has, with their values.
    pub(super) fn each_common(&self, access: &Access, add: &mut dyn FnMut(&str, &Json)) {
        let own = json!({"base_url": access.base_url.as_str(), "token": access.token});
        add(self.partner.as_str(), &own);
        add("secrets", &json!(access.secrets));
        add("tables", &self.tables);
        add("maintenant", &json!(access.maintenant));
        if let Some(jeton) = &access.jeton {
            add("jeton", &json!(jeton));
        }
    }

    pub(super) fn call(&self, operation: Operation, step: Step) -> Result<&Call, Fault> {
        let described = self.operations.get(&operation);
        let call = match (step, &self.auth, described) {
            (Step::Login, Auth::Session(session), _) => Some(&session.login),
            (Step::Before(at), _, Some(described)) => described.before.get(at).map(|it| &it.call),
            (Step::Main, _, Some(described)) => Some(&described.call),
            _ => None,
        };
        call.ok_or_else(|| Fault {
            line: 0,
            column: 0,
            message: format!("l'opération « {} » n'est pas décrite", operation.as_str()),
        })
    }

    /// The address of a next page comes from the partner, so it must not lead to a different host.
    fn next_page(
        &self,
        call: &Call,
        next: &str,
        scope: &Scope,
        access: &Access,
    ) -> Result<Request, Fault> {
        let own = locate(call, scope, &access.base_url)?;
        let url = own.join(next).ok();
        let here = |it: &Url| {
            [&own, &access.base_url]
                .map(Url::origin)
                .contains(&it.origin())
        };
        let url = url.filter(here).ok_or_else(|| {
            call.path
                .fault("l'adresse de la page suivante mène ailleurs")
        })?;
        let mut request = Request {
            method: "GET".into(),
            url,
            headers: Vec::new(),
            body: Body::Empty,
            signature: None,
        };
        self.dress(call, scope, Step::Main, &mut request)?;
        Ok(request)
    }

    /// The address that was called for a page with these values: those in its answer are relative to it.
    pub(super) fn called_for(
        call: &Call,
        scope: &Scope,
        values: &Json,
        access: &Access,
    ) -> Result<Url, Fault> {
        let own = locate(call, scope, &access.base_url)?;
        let page = values.pointer("/page/suivante").and_then(Json::as_str);
        Ok(page.and_then(|it| own.join(it).ok()).unwrap_or(own))
    }

    /// Sets the headers, including those for authentication.
    fn dress(
        &self,
        call: &Call,
        scope: &Scope,
        step: Step,
        request: &mut Request,
    ) -> Result<(), Fault> {
        request.set_header("Accept", "application/json".into());
        set_headers(&self.headers, scope, call, request)?;
        set_headers(&call.headers, scope, call, request)?;
        if step == Step::Login {
            return Ok(());
        }
        match &self.auth {
            Auth::None => {}
            Auth::Bearer(token) => {
                let token = token.value(scope)?;
                if let Some(token) = token.as_ref().and_then(plain).filter(|it| !it.is_empty()) {
                    request.set_header("Authorization", format!("Bearer {token}"));
                }
            }
            Auth::Basic { user, password } => {
                let pair = format!("{}:{}", user.text(scope)?, password.text(scope)?);
                let pair = base64_simd::STANDARD.encode_to_string(pair);
                request.set_header("Authorization", format!("Basic {pair}"));
            }
            Auth::Fields { headers, query } => {
                set_headers(headers, scope, call, request)?;
                add_query(&mut request.url, &query.render_fields(scope)?);
            }
            Auth::Session(session) => {
                set_headers(&session.headers, scope, call, request)?;
                add_query(&mut request.url, &session.query.render_fields(scope)?);
            }
        }
        if let Some(secret) = &self.signature {
            request.signature = Some(secret.text(scope)?);
        }
        Ok(())
    }
}

fn locate(call: &Call, scope: &Scope, base: &Url) -> Result<Url, Fault> {
    let path = call.path.path(scope)?;
    let path = path.trim();
    let wrong = |what: &str| call.path.fault(what);
    let (before_query, _) = path.split_once('?').unwrap_or((path, ""));
    // A value of `..` would lead the request to a different path of the API.
    let dots = |it: &str| it == "." || it == "..";
    if before_query.split('/').any(dots) {
        return Err(wrong("une valeur fait sortir l'adresse de son chemin"));
    }
    if path.starts_with("http://") || path.starts_with("https://") {
        return Url::parse(path).map_err(|_| wrong("cette adresse n'est pas une adresse http"));
    }
    let whole = format!(
        "{}/{}",
        base.as_str().trim_end_matches('/'),
        path.trim_start_matches('/')
    );
    Url::parse(&whole).map_err(|_| wrong("ce chemin ne donne pas d'adresse"))
}

/// A value as the text of a header, parameter or field.
fn plain(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A list repeats its name; a null value is left out.
fn pairs(fields: &[(String, Json)]) -> Vec<(&str, String)> {
    let mut pairs = Vec::new();
    for (name, value) in fields {
        let values = match value {
            Json::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let texts = values.iter().filter_map(plain);
        pairs.extend(texts.map(|text| (name.as_str(), text)));
    }
    pairs
}

fn add_query(url: &mut Url, fields: &[(String, Json)]) {
    let pairs = pairs(fields);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
}

fn set_headers(
    shape: &Shape,
    scope: &Scope,
    call: &Call,
    request: &mut Request,
) -> Result<(), Fault> {
    for (name, value) in shape.render_fields(scope)? {
        let Some(text) = plain(&value) else { continue };
        if text.chars().any(char::is_control) {
            let what = format!("l'en-tête « {name} » contient un saut de ligne");
            return Err(call.path.fault(what));
        }
        request.set_header(&name, text);
    }
    Ok(())
}
