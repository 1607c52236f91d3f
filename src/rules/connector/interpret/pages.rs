//! How a list of several pages goes on: what an answer says of the next page, and the values that request it.

use serde_json::{Value as Json, json};

use crate::rules::connector::{Connector, Described, Operation};

use super::{ReadAnswer, as_text};

/// The text that [`Connector::page`] turns into the values of the next page; `None` after the last one.
pub(super) fn next_page(
    described: &Described,
    read: &ReadAnswer<'_>,
    values: &Json,
    length: usize,
) -> Result<Option<String>, String> {
    let page = &described.page;
    let number = values.pointer("/page/numero").and_then(Json::as_u64);
    let number = number.unwrap_or(1) + 1;
    if let Some(next) = &page.next {
        let address = read.identity(next)?.as_ref().and_then(as_text);
        return Ok(address.map(|it| json!({"numero": number, "suivante": it}).to_string()));
    }
    if let Some(cursor) = &page.cursor {
        let cursor = read.identity(cursor)?.as_ref().and_then(as_text);
        return Ok(cursor.map(|it| json!({"numero": number, "curseur": it}).to_string()));
    }
    let full = page.size.is_some_and(|size| length >= size as usize);
    Ok(full.then(|| json!({"numero": number}).to_string()))
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
        page["decalage"] = ((number - 1) * u64::from(size)).into();
        if page.get("curseur").is_none() {
            page["curseur"] = Json::Null;
        }
        page
    }
}
