//! How a list of several pages goes on: what an answer says of the next page, and the values that request it.
//!
//! An API that numbers its pages may give fewer elements than it is asked for, so only a page without anything new is
//! known to lie past the last one. The next page is therefore requested even after a short one.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value as Json, json};

use crate::rules::connector::{Access, Connector, Described, Operation};

use super::items::item;
use super::{Extracted, Meaning, Next, ReadAnswer, as_text};

/// Among the values of a page: whether the one before was shorter than asked for.
const AFTER_SHORT: &str = "apres_courte";
/// Among the values of a page: the fingerprints of the earlier ones.
const SEEN: &str = "vues";

/// Whether the page before was shorter than asked for, so that this one may only confirm that it was the last.
pub(super) fn is_after_short(values: &Json) -> bool {
    values["page"][AFTER_SHORT] == true
}

/// What an answer other than a success says about a page past the last one; `None` if it says something else.
pub(super) fn end(
    described: &Described,
    values: &Json,
    meaning: Meaning,
    status: u16,
) -> Option<Extracted> {
    let page = &described.page;
    let is_numbered = page.size.is_some() && page.next.is_none() && page.cursor.is_none();
    let is_refused = matches!(meaning, Meaning::Refused | Meaning::Absent);
    let after_short = is_after_short(values);
    // After a full page, 400 may also mean that the API does not number so far.
    let tells = after_short || matches!(status, 404 | 416);
    let is_end = is_numbered && number(values) > 1 && is_refused && tells;
    is_end.then(|| Extracted {
        past_end: after_short,
        ..Extracted::default()
    })
}

/// What follows a page with these elements; its items are left to the caller.
pub(super) fn after(
    described: &Described,
    read: &ReadAnswer<'_>,
    (values, access): (&Json, &Access),
    elements: &[Json],
) -> Result<Extracted, String> {
    let page = &described.page;
    let number = number(values) + 1;
    if let Some(next) = &page.next {
        let address = read.identity(next)?.as_ref().and_then(as_text);
        let address = address.map(|it| absolute(described, read, (values, access), it));
        return Ok(going_on(
            address.map(|it| json!({"numero": number, "suivante": it})),
        ));
    }
    if let Some(cursor) = &page.cursor {
        let cursor = read.identity(cursor)?.as_ref().and_then(as_text);
        return Ok(going_on(
            cursor.map(|it| json!({"numero": number, "curseur": it})),
        ));
    }
    let Some(size) = page.size else {
        return Ok(Extracted::default());
    };
    let asked = &values["page"];
    let after_short = is_after_short(values);
    let own = fingerprints(described, read, elements);
    let mut seen = asked[SEEN].as_array().cloned().unwrap_or_default();
    // An API without pages gives the only one again; others give their last or their first one.
    let is_repeated = after_short && own.iter().any(|it| seen.contains(it));
    if elements.is_empty() || is_repeated {
        return Ok(Extracted {
            past_end: after_short,
            ..Extracted::default()
        });
    }
    seen.extend(own);
    let is_short = elements.len() < size as usize;
    let received = asked["decalage"].as_u64().unwrap_or(0) + elements.len() as u64;
    let next = json!({
        "numero": number, "decalage": received, AFTER_SHORT: is_short, SEEN: seen,
    });
    Ok(Extracted {
        next: Some(Next {
            page: next.to_string(),
            only_to_confirm: is_short,
        }),
        ..Extracted::default()
    })
}

fn number(values: &Json) -> u64 {
    values["page"]["numero"].as_u64().unwrap_or(1)
}

/// A page that the answer itself announces, by its values.
fn going_on(next: Option<Json>) -> Extracted {
    Extracted {
        next: next.map(|it| Next {
            page: it.to_string(),
            only_to_confirm: false,
        }),
        ..Extracted::default()
    }
}

/// The address of the next page, which may be relative to the one that was called; RFC 3986, 5.1.3.
fn absolute(
    described: &Described,
    read: &ReadAnswer<'_>,
    (values, access): (&Json, &Access),
    address: String,
) -> String {
    let called = Connector::called_for(&described.call, &read.scope, values, access);
    let absolute = called.ok().and_then(|it| it.join(&address).ok());
    absolute.map_or(address, String::from)
}

/// Tells pages apart by their elements as they came, and by what is read of them, even of those that the file does not
/// keep: other fields may differ at each call, and so may what an expression makes of one.
fn fingerprints(described: &Described, read: &ReadAnswer<'_>, elements: &[Json]) -> [Json; 2] {
    let (mut came, mut is_read) = (DefaultHasher::new(), DefaultHasher::new());
    for element in elements {
        let text = element.to_string();
        match item(described, element, read) {
            Ok(item) if !item.is_empty() => item.hash(&mut is_read),
            _ => text.hash(&mut is_read),
        }
        text.hash(&mut came);
    }
    [came, is_read].map(|it| Json::from(format!("{:016x}", it.finish())))
}

impl Connector {
    /// The page values of a list request, derived from the previous page.
    #[must_use]
    pub fn page(&self, operation: Operation, next: Option<&str>) -> Json {
        let size = self
            .operations
            .get(&operation)
            .and_then(|it| it.page.size)
            .unwrap_or(100);
        let mut page: Json = next
            .and_then(|it| serde_json::from_str(it).ok())
            .unwrap_or_else(|| json!({}));
        let number = page["numero"].as_u64().unwrap_or(1);
        page["numero"] = number.into();
        page["taille"] = size.into();
        if page.get("decalage").is_none() {
            page["decalage"] = ((number - 1) * u64::from(size)).into();
        }
        if page.get("curseur").is_none() {
            page["curseur"] = Json::Null;
        }
        page
    }
}
