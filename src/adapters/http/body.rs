//! The body of a request: declared as JSON, kept as received, no larger than the settings allow, and received
//! within a limited time.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;

use crate::adapters::http::AppState;
use crate::adapters::http::problem::Problem;
use crate::adapters::submission::buffers::Buffer;
use crate::settings::Limits;

/// Base time allowed for a body.
const GRACE: Duration = Duration::from_mins(1);
/// Minimum rate: each of these many bytes adds one second. A slow client would otherwise hold a buffer for days.
const LEAST_BYTES_PER_SECOND: usize = 8 * 1024;

/// The bytes of a JSON body: `MOST` bytes at most, even if the settings allow more.
pub struct JsonBody<const MOST: usize = { usize::MAX }> {
    /// The body as received.
    pub bytes: Buffer,
    /// The limits in force when it began: later edits of the settings do not apply to it.
    pub limits: Limits,
}

impl<const MOST: usize> FromRequest<AppState> for JsonBody<MOST> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Self::Rejection> {
        let limits = state.settings.in_force().limits;
        let (json, coded) = (is_json(request.headers()), is_coded(request.headers()));
        let announced = content_length(request.headers()).unwrap_or(0);
        let most = limits.body.min(MOST);
        // Checked before reading: the client may be waiting for our consent (`Expect`), or may never send the body.
        check_size(most, announced)?;
        let bytes = state.buffers.take(announced);
        let bytes = read(request.into_body(), most, bytes).await?;
        // Checked only now that the client has sent everything: it would not see an answer while sending.
        if coded {
            Err(Problem::coded())
        } else if json {
            Ok(Self { bytes, limits })
        } else {
            Err(Problem::not_json())
        }
    }
}

/// Refuses a longer body.
///
/// # Errors
/// 413 if there are more bytes than the limit.
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

/// Whether the body arrives too slowly. If nothing arrives at all, the server's own timeout applies.
fn trickles(bytes: usize, took: Duration) -> bool {
    let seconds = (bytes / LEAST_BYTES_PER_SECOND) as u64;
    took > GRACE + Duration::from_secs(seconds)
}

/// Whether the body is encoded, compressed for instance: we do not decode it.
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

/// Read from the header: an outer layer may have wrapped the body, which then reports no size.
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
    fn a_slow_body_is_abandoned_only_below_the_minimum_rate() {
        let minutes = Duration::from_mins;
        assert!(!trickles(1, minutes(1)));
        assert!(trickles(1_000, minutes(2)));
        assert!(!trickles(60 * LEAST_BYTES_PER_SECOND, minutes(2)));
        assert!(!trickles(64 * 1024 * 1024, minutes(60)));
    }
}
