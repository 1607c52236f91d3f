//! Reads the rest of a refused request, so that the client sees the answer and not a reset.
//!
//! A request may be refused from its head alone: no token, no right, too many requests. If we close while the
//! client is still sending, it sees a reset instead of the answer. So we answer and discard the rest of the body,
//! within limits.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;

use crate::adapters::http::framing;

/// The most bytes read of a refused body; a client that announces more gets its answer and no more.
pub const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// How long a refused client may take to send the rest.
const LONGEST: Duration = Duration::from_secs(20);

/// Lets the handler read the body, if the head is in order; if the request is refused, the rest is read while the
/// answer is sent.
pub async fn hear_out(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // A client that sent `Expect` sends nothing until its body is read.
    let asked = parts.headers.contains_key(header::EXPECT);
    let announced = body.size_hint().upper();
    let shared = Shared(Arc::new(Mutex::new(Given { body, read: false })));
    let request = Request::from_parts(parts, Body::new(shared.clone()));
    let response = match framing::fault(&request) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    };
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let bounded = announced.is_none_or(|bytes| bytes <= MOST_BYTES);
    if refused && bounded && (!asked || shared.given().read) && !shared.is_end_stream() {
        tokio::spawn(tokio::time::timeout(LONGEST, discard(Body::new(shared))));
    }
    response
}

async fn discard(body: Body) {
    let mut left = MOST_BYTES;
    let mut chunks = body.into_data_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        match left.checked_sub(chunk.len() as u64) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// A body, and whether reading it has begun.
struct Given {
    body: Body,
    read: bool,
}

/// A body that can still be read after the handler it was given to has finished.
#[derive(Clone)]
struct Shared(Arc<Mutex<Given>>);

impl Shared {
    fn given(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let mut given = self.given();
        given.read = true;
        Pin::new(&mut given.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.given().body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.given().body.size_hint()
    }
}
