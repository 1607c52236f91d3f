//! Determines the meaning of a partner's answer and the values in it.

mod body;
mod items;
mod pages;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use strum::{EnumIter, IntoStaticStr, VariantNames};

use crate::domain::instant;
use crate::rules::template::Scope;

use super::{Access, Auth, Call, Connector, Described, Extract, Operation, Step};

/// An answer of a partner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers by lower-case name; the values of repeated ones are joined by a comma, except those of `set-cookie`, of
    /// which the first counts.
    pub headers: BTreeMap<String, String>,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// Whether the body was read to its end.
    pub whole: bool,
}

impl Answer {
    /// Whether it is a page for a browser. APIs have none: it comes from a proxy in between, whatever its status.
    fn is_page(&self) -> bool {
        let kind = self.headers.get("content-type");
        let begins = |it: &[u8]| {
            let body = self.body.trim_ascii_start();
            body.get(..it.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(it))
        };
        kind.is_some_and(|it| it.to_lowercase().contains("html"))
            || begins(b"<!doctype html")
            || begins(b"<html")
    }
}

/// What an answer says about the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Meaning {
    /// It was carried out.
    #[strum(serialize = "succes")]
    Success,
    /// It was refused for good and had no effect.
    #[strum(serialize = "refus")]
    Refused,
    /// It had no effect, but may succeed later.
    #[strum(serialize = "indisponible")]
    Unavailable,
    /// Our token or rights were refused, and it had no effect.
    #[strum(serialize = "non_autorise")]
    Unauthorized,
    /// The object does not exist.
    Absent,
    /// It is not known whether it had an effect.
    #[strum(serialize = "doute")]
    InDoubt,
}

impl Meaning {
    /// The word in a connector's `reponses` and in a case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why an answer is not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The meaning of the answer.
    pub meaning: Meaning,
    /// The reason, in French, without values of the answer.
    pub reason: String,
    /// The API's own message, if it gave one.
    pub message: Option<String>,
    /// Whether the answer does not have a form that the file describes, as opposed to reporting a failure.
    pub unreadable: bool,
    /// Whether the API says all the same that it created the demande: only its UID cannot be read.
    pub confirms: bool,
}

/// The keys under which the file says where the fields of a demande, a change or a manager are.
pub const ITEM_FIELDS: [&str; 11] = [
    "uid",
    "statut",
    "date",
    "resultat",
    "commentaire",
    "canal",
    "evenement",
    "type",
    "identifiant",
    "nom",
    "email",
];

/// The fields of one demande, change or manager by [these keys](ITEM_FIELDS).
pub type Item = BTreeMap<&'static str, String>;

/// The values in a successful answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extracted {
    /// One item, or one for each element of a list.
    pub items: Vec<Item>,
    /// The values read under names chosen in the file.
    pub values: Map<String, Json>,
    /// The faults of unreadable elements in a list of changes or of managers. Whether the others can be used without
    /// them is for the caller to decide.
    pub faults: Vec<String>,
    /// How to request the next page.
    pub next: Option<Next>,
    /// The page before was shorter than asked for and already held everything: this one only confirmed it.
    pub past_end: bool,
}

/// How to request the next page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Next {
    /// The text that [`Connector::page`] turns into the values of that page.
    pub page: String,
    /// This page was shorter than asked for. It is the last one, unless the API gives fewer elements than it is
    /// asked for, which only the next page can tell.
    pub only_to_confirm: bool,
}

impl Extracted {
    /// What an operation finds whose values make its call superfluous.
    #[must_use]
    pub fn without_call(values: &Json) -> Self {
        Self {
            past_end: pages::is_after_short(values),
            ..Self::default()
        }
    }

    /// Whether the answer itself lets expect another page.
    #[must_use]
    pub fn announces_page(&self) -> bool {
        self.next.as_ref().is_some_and(|it| !it.only_to_confirm)
    }

    /// Requires that every element of the list was readable.
    ///
    /// # Errors
    /// When one was not.
    pub fn whole(self) -> Result<Self, Failure> {
        self.without_fault(None)
    }

    /// Requires as well that every change has a date that the daemon accepts, as a real answer must.
    ///
    /// # Errors
    /// When an element was not readable, or a date is no instant.
    pub fn of_real_answer(self, operation: Operation) -> Result<Self, Failure> {
        let dated = matches!(operation, Operation::LireStatut | Operation::Changements);
        let mut dates = self.items.iter().filter_map(|it| it.get("date"));
        let wrong = dates.find(|date| dated && instant::parse(date).is_none());
        let wrong = wrong.map(|date| {
            format!(
                "« date » {} ; une date sans fuseau, sans heure, ou en secondes se lit avec lire_date ou depuis_horodatage, par exemple \"{{{{ … | lire_date('%d/%m/%Y %H:%M', zone='Paris') }}}}\"",
                instant::why_not(date)
            )
        });
        self.without_fault(wrong)
    }

    fn without_fault(mut self, other: Option<String>) -> Result<Self, Failure> {
        match self.faults.pop().or(other) {
            None => Ok(self),
            Some(reason) => Err(Failure {
                meaning: Meaning::Unavailable,
                reason,
                message: None,
                unreadable: true,
                confirms: false,
            }),
        }
    }
}

impl Connector {
    /// Reads an answer to one step of an operation; `values` are those that its request was rendered with.
    ///
    /// # Errors
    /// When the answer is not a success, or lacks a value that a success must contain.
    pub fn interpret(
        &self,
        operation: Operation,
        step: Step,
        values: &Json,
        access: &Access,
        answer: &Answer,
    ) -> Result<Extracted, Failure> {
        let scope = self.scope(values, access);
        let unreadable = |reason: String| Failure {
            meaning: if step == Step::Main && operation.creates() {
                Meaning::InDoubt
            } else {
                Meaning::Unavailable
            },
            reason,
            message: None,
            unreadable: true,
            confirms: false,
        };
        let call = self
            .call(operation, step)
            .map_err(|fault| unreadable(fault.message))?;
        let read = ReadAnswer::new(answer, &scope);
        let meaning = judge(operation, step, call, answer.status, &read).map_err(unreadable)?;
        let confirmed = |reason: String| Failure {
            confirms: step == Step::Main
                && operation == Operation::Creer
                && answer.whole
                && !answer.is_page(),
            ..unreadable(reason)
        };
        let described = self.operations.get(&operation);
        let of_list = described.filter(|_| step == Step::Main);
        if let Some(end) = of_list.and_then(|it| pages::end(it, values, meaning, answer.status)) {
            return Ok(end);
        }
        if meaning != Meaning::Success {
            let message = call.answers.message.as_ref();
            return Err(Failure {
                meaning,
                reason: format!("réponse {}", answer.status),
                message: message.and_then(|it| read.text(it).ok().flatten()),
                unreadable: false,
                confirms: false,
            });
        }
        // For a notification, the status suffices, even if the answer is cut off.
        let is_notification = step == Step::Main && !operation.reads_answer();
        if !answer.whole && !is_notification {
            return Err(unreadable("la réponse est coupée ou trop longue".into()));
        }
        let found = match (step, &self.auth, described) {
            (Step::Login, Auth::Session(session), _) => {
                let mut wanted = BTreeMap::from([("jeton".to_owned(), session.token.clone())]);
                let expires = session.expires_in.clone();
                wanted.extend(expires.map(|it| ("duree".to_owned(), it)));
                read_values(&read, &wanted, &["jeton"])
            }
            (Step::Before(at), _, Some(described)) => match described.before.get(at) {
                Some(before) => read_values(&read, &before.values, &[]),
                None => Ok(Extracted::default()),
            },
            (_, _, Some(described)) => read_operation(operation, described, &read, values, access),
            _ => Ok(Extracted::default()),
        };
        found.map_err(confirmed)
    }

    /// The configured lifetime of a token, used if the answer does not give one.
    #[must_use]
    pub fn session_lifetime(&self) -> Option<std::time::Duration> {
        match &self.auth {
            Auth::Session(session) => Some(session.lifetime),
            _ => None,
        }
    }

    /// The name under which the values read by an earlier step are available.
    #[must_use]
    pub fn name_before(&self, operation: Operation, at: usize) -> Option<&str> {
        let before = self.operations.get(&operation)?.before.get(at)?;
        Some(&before.name)
    }
}

/// An answer with the values that can be read in it.
struct ReadAnswer<'a> {
    answer: &'a Answer,
    json: Json,
    scope: Scope,
}

impl<'a> ReadAnswer<'a> {
    fn new(answer: &'a Answer, scope: &Scope) -> Self {
        let json = answer.json().unwrap_or_default();
        let seen = json!({
            "statut": answer.status,
            "json": json,
            "texte": answer.text(),
            "entetes": answer.headers,
        });
        Self {
            answer,
            json,
            scope: scope.with("reponse", &seen),
        }
    }

    /// The value at the place given in the file; `None` if it is missing or null.
    fn value(&self, extract: &Extract) -> Result<Option<Json>, String> {
        extract_from(extract, &self.json, &self.answer.headers, &self.scope)
    }

    /// The same for what identifies something: it is missing if one of its parts is.
    fn identity(&self, extract: &Extract) -> Result<Option<Json>, String> {
        let scope = self.scope.clone().identifying();
        extract_from(extract, &self.json, &self.answer.headers, &scope)
    }

    fn text(&self, extract: &Extract) -> Result<Option<String>, String> {
        Ok(self.value(extract)?.as_ref().and_then(as_text))
    }

    fn is_json(&self) -> bool {
        !self.json.is_null()
    }
}

fn extract_from(
    extract: &Extract,
    json: &Json,
    headers: &BTreeMap<String, String>,
    scope: &Scope,
) -> Result<Option<Json>, String> {
    let (value, pattern) = match extract {
        Extract::Pointer(pointer, pattern) => (json.pointer(pointer).cloned(), pattern),
        Extract::Header(name, pattern) => {
            (headers.get(name).map(|it| Json::from(it.as_str())), pattern)
        }
        Extract::Expression(text) => (text.value(scope).map_err(|it| it.to_string())?, &None),
    };
    let value = value.filter(|it| !it.is_null());
    let Some(pattern) = pattern else {
        return Ok(value);
    };
    let text = value.as_ref().and_then(as_text).unwrap_or_default();
    Ok(pattern.find(&text).map(Json::from))
}

/// A value as a text; `None` if it is empty or not a single value.
fn as_text(value: &Json) -> Option<String> {
    let text = match value {
        // PostgreSQL cannot store a NUL in a text.
        Json::String(text) => text.trim().replace('\0', "\u{fffd}"),
        Json::Number(number) => number.to_string(),
        Json::Bool(flag) => flag.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn judge(
    operation: Operation,
    step: Step,
    call: &Call,
    status: u16,
    read: &ReadAnswer<'_>,
) -> Result<Meaning, String> {
    let explicit = call.answers.statuses.iter().find(|((first, last), _)| {
        let range = first..=last;
        range.contains(&&status)
    });
    let usual = || usual(operation, step, status);
    let by_status = explicit.map_or_else(usual, |(_, meaning)| *meaning);
    for (condition, meaning) in &call.answers.conditions {
        match condition.holds(&read.scope) {
            Ok(true) => return Ok(*meaning),
            Ok(false) => {}
            // An answer in an unexpected form: only its status counts.
            Err(_) if by_status != Meaning::Success => {}
            Err(fault) if read.is_json() => return Err(fault.to_string()),
            Err(_) => return Err("la réponse n'est pas du JSON".into()),
        }
    }
    Ok(by_status)
}

/// The meaning of a status if the file does not define it.
fn usual(operation: Operation, step: Step, status: u16) -> Meaning {
    let looks = matches!(operation, Operation::Chercher | Operation::LireStatut);
    match status {
        200..=299 => Meaning::Success,
        401 | 403 => Meaning::Unauthorized,
        404 if step == Step::Main && looks => Meaning::Absent,
        // The API may have failed after carrying out the request.
        500.. if step == Step::Main && operation.creates() => Meaning::InDoubt,
        408 | 425 | 429 | 500.. => Meaning::Unavailable,
        _ => Meaning::Refused,
    }
}

fn read_values(
    read: &ReadAnswer<'_>,
    wanted: &BTreeMap<String, Extract>,
    required: &[&str],
) -> Result<Extracted, String> {
    let mut found = Extracted::default();
    for (name, extract) in wanted {
        let required = required.contains(&name.as_str());
        let value = if required {
            read.identity(extract)?
        } else {
            read.value(extract)?
        };
        if value.is_none() && required {
            return Err(format!("la réponse n'a pas de « {name} »"));
        }
        found.values.insert(name.clone(), value.unwrap_or_default());
    }
    Ok(found)
}

fn read_operation(
    operation: Operation,
    described: &Described,
    read: &ReadAnswer<'_>,
    values: &Json,
    access: &Access,
) -> Result<Extracted, String> {
    match operation {
        Operation::Joindre | Operation::SignalerStatut | Operation::SignalerUid => {
            Ok(Extracted::default())
        }
        Operation::Televerser => read_values(read, &described.values, &[]),
        Operation::Creer | Operation::LireStatut => items::one(operation, described, read),
        Operation::Chercher | Operation::Changements | Operation::Gestionnaires => {
            items::list(operation, described, read, values, access)
        }
    }
}

#[cfg(test)]
mod tests;
