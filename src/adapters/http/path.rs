//! The variable segments of an address; one that cannot be decoded is not found.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde::de::DeserializeOwned;

use crate::adapters::http::AppState;
use crate::adapters::http::problem::Problem;

/// The characters that are not encoded in a segment (RFC 3986, unreserved).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The text encoded as one segment of an address: a CRM's UID may contain slashes or spaces.
pub fn segment(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, ENCODED)
}

/// The decoded segments of an address.
pub struct Segments<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        // PostgreSQL cannot store NUL in a text, so it cannot even be queried for one.
        let nul = parts.uri.path().contains("%00");
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(segments)) if !nul => Ok(Self(segments)),
            // For instance not UTF-8: nothing here has such a name.
            _ => Err(Problem::not_found("il n'y a rien à cette adresse")),
        }
    }
}
