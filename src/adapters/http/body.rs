//! The body of a request: JSON by its type, as it is, never larger than the settings allow, and never
//! for ever on its way.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;

use crate::adapters::http::AppState;
use crate::adapters::http::problem::Problem;
use crate::adapters::submission::buffers::Buffer;
use crate::settings::Limits;

/// A body may take so long,
const GRACE: Duration = Duration::from_mins(1);
/// and a second more for each so many bytes that came. What trickles in would hold its memory for days.
const LEAST_BYTES_PER_SECOND: usize = 8 * 1024;

/// The bytes of a JSON body, of so many at most whatever the settings allow.
pub struct JsonBody<const MOST: usize = { usize::MAX }> {
    /// As they came.
    pub bytes: Buffer,
    /// The limits under which it began: an edit of the settings meanwhile does not concern it.
    pub limits: Limits,
}

impl<const MOST: usize> FromRequest<AppState> for JsonBody<MOST> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Self::Rejection> {
        let limits = state.settings.in_force().limits;
        let (json, coded) = (is_json(request.headers()), is_coded(request.headers()));
        let announced = content_length(request.headers()).unwrap_or(0);
        let most = limits.body.min(MOST);
        // Not waited for: it may be asked first whether to send it (`Expect`), or never come.
        check_size(most, announced)?;
        let bytes = state.buffers.take(announced);
        let bytes = read(request.into_body(), most, bytes).await?;
        // Told only now, when the client has sent everything: it would miss an answer while it sends.
        if coded {
            Err(Problem::coded())
        } else if json {
            Ok(Self { bytes, limits })
        } else {
            Err(Problem::not_json())
        }
    }
}

/// Lets no longer body pass.
///
/// # Errors
/// 413 for a longer one.
pub fn check_size(limit: usize, bytes: usize) -> Result<(), Problem> {
    if bytes > limit {
        return Err(Problem::too_large(limit));
    }
    Ok(())
}

async fn read(body: Body, limit: usize, mut bytes: Buffer) -> Result<Buffer, Problem> {
    let begun = Instant::now();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        // The connection broke, or nothing came for too long.
        let chunk = chunk.map_err(|_| Problem::too_slow())?;
        check_size(limit, bytes.len() + chunk.len())?;
        bytes.extend_from_slice(&chunk);
        if trickles(bytes.len(), begun.elapsed()) {
            return Err(Problem::too_slow());
        }
    }
    Ok(bytes)
}

/// Whether so few bytes took too long. Where none come at all, the server itself gives up.
fn trickles(bytes: usize, took: Duration) -> bool {
    let seconds = (bytes / LEAST_BYTES_PER_SECOND) as u64;
    took > GRACE + Duration::from_secs(seconds)
}

/// Whether the body is compressed, for instance: nobody here would undo it.
fn is_coded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|it| !it.is_empty() && !it.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
    else {
        return false;
    };
    let mime = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    mime == "application/json" || (mime.starts_with("application/") && mime.ends_with("+json"))
}

/// From the header: a layer before may have wrapped the body, which then tells no size.
fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_slowly_is_given_up_only_below_the_least_pace() {
        let minutes = Duration::from_mins;
        assert!(!trickles(1, minutes(1)));
        assert!(trickles(1_000, minutes(2)));
        assert!(!trickles(60 * LEAST_BYTES_PER_SECOND, minutes(2)));
        assert!(!trickles(64 * 1024 * 1024, minutes(60)));
    }
}
