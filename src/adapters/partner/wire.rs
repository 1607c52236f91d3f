//! One request over the wire: what came back, or whether it certainly did not arrive.

use std::collections::BTreeMap;
use std::error::Error;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response};
use tokio::time::Instant;

use crate::crash;
use crate::rules::connector::{Answer, Delays};

use super::CallError;

/// How much of an answer is read; a page of a hundred changes is far below it.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;
/// A `Retry-After` beyond it is taken for a mistake.
const LONGEST_RETRY_AFTER: TimeDelta = TimeDelta::days(1);

/// Sends a request and reads its answer, within its delays.
pub(super) async fn exchange(
    client: &Client,
    request: reqwest::Request,
    delays: Delays,
) -> Result<(Answer, Option<DateTime<Utc>>), CallError> {
    let whole = Instant::now() + delays.total;
    // A connection that is not made in time is told by its own limit, as what was not sent.
    let head = (delays.connect + delays.head).min(delays.total);
    crash::point("partner.call.before");
    let answered = tokio::time::timeout(head, client.execute(request)).await;
    crash::point("partner.call.after");
    let response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(silence(&error)),
        Err(_) => return Err(CallError::Lost("no answer in time")),
    };
    let retry_at = retry_at(&response);
    let status = response.status().as_u16();
    let mut headers = BTreeMap::new();
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.as_str().to_owned()).or_insert(value);
    }
    let read = tokio::time::timeout_at(whole, body(response)).await;
    // The status is known already: what follows from a body that breaks off is not for here.
    let (body, whole) = read.unwrap_or_default();
    let answer = Answer {
        status,
        headers,
        body,
        whole,
    };
    Ok((answer, retry_at))
}

/// Without the address, which the operator knows, and which may hold a secret.
fn silence(error: &reqwest::Error) -> CallError {
    if let Some(reason) = not_trusted(error) {
        CallError::NotSent(reason)
    } else if error.is_connect() {
        // Refused, not found, not allowed, or no TLS: nothing was sent.
        CallError::NotSent("connection refused or broken")
    } else if error.is_builder() {
        CallError::NotSent("the request cannot be sent")
    } else if error.is_timeout() {
        CallError::Lost("no answer in time")
    } else {
        CallError::Lost("connection lost before the answer")
    }
}

/// Whether a certificate was refused, ours or theirs. A server that refuses ours may say so only once
/// we think that we are connected (TLS 1.3); it has read nothing of what we sent.
fn not_trusted(error: &reqwest::Error) -> Option<&'static str> {
    const OURS: [&str; 5] = [
        "CertificateRequired",
        "BadCertificate",
        "UnknownCA",
        "CertificateUnknown",
        "CertificateExpired",
    ];
    let mut cause = error.source();
    while let Some(it) = cause {
        let text = it.to_string();
        if text.contains("invalid peer certificate") {
            return Some("the server's certificate is not trusted (ca_file)");
        }
        let alert = text.split_once("received fatal alert: ").map(|it| it.1);
        if alert.is_some_and(|it| OURS.contains(&it.trim())) {
            return Some("the server wants another certificate of ours (identity_file)");
        }
        cause = it.source();
    }
    None
}

/// The body, and whether it came to its end within the limit.
async fn body(mut response: Response) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= LONGEST_ANSWER => {
                bytes.extend_from_slice(&chunk);
            }
            Ok(None) => return (bytes, true),
            Ok(Some(_)) | Err(_) => return (bytes, false),
        }
    }
}

/// `Retry-After` in either of its forms, seconds or a date.
fn retry_at(response: &Response) -> Option<DateTime<Utc>> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let now = Utc::now();
    let at = match text.parse::<i64>() {
        Ok(seconds) => now.checked_add_signed(TimeDelta::try_seconds(seconds)?)?,
        Err(_) => httpdate::parse_http_date(text).ok()?.into(),
    };
    Some(at.clamp(now, now + LONGEST_RETRY_AFTER))
}
