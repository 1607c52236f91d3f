//! A stand-in for SoWell that prints each status Passerelle delivers, for demonstrations and for
//! trying out rules without the real one.
//!
//! In one terminal (on 127.0.0.1:9191; for another address, add `-- 127.0.0.1:0`):
//!
//! ```text
//! cargo run --example faux_sowell
//! ```
//!
//! In another, Passerelle, configured to deliver there (any token will do):
//!
//! ```text
//! PASSERELLE_SOWELL__BASE_URL=http://127.0.0.1:9191 PASSERELLE_SOWELL__TOKEN=demo cargo run
//! ```
//!
//! To watch Passerelle retry, start this program with `FAUX_SOWELL_FAIL_FIRST=3`: its first three answers are
//! then 503. The attempts of one delivery share their `Idempotency-Key`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, extract::State};
use serde_json::{Value, json};

struct FauxSowell {
    fail_first: u64,
    received: AtomicU64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:9191");
    let fail_first = std::env::var("FAUX_SOWELL_FAIL_FIRST").unwrap_or_else(|_| "0".into());
    let state = Arc::new(FauxSowell {
        fail_first: fail_first.parse().context("FAUX_SOWELL_FAIL_FIRST")?,
        received: AtomicU64::new(0),
    });
    // No routes: a call to a wrong path is worth seeing too, since it means a wrong base URL.
    let router = Router::new().fallback(receive).with_state(state);
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    println!("faux SoWell listens on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn receive(
    State(state): State<Arc<FauxSowell>>,
    (method, uri, headers): (Method, Uri, HeaderMap),
    body: Bytes,
) -> Response {
    let number = state.received.fetch_add(1, Ordering::Relaxed) + 1;
    let uid = uri.path().strip_prefix("/signalements/").unwrap_or("");
    let (status, why) = if number <= state.fail_first {
        (StatusCode::SERVICE_UNAVAILABLE, "FAUX_SOWELL_FAIL_FIRST")
    } else if method != Method::PATCH || uid.is_empty() || uid.contains('/') {
        (StatusCode::NOT_FOUND, "not PATCH /signalements/{uid}")
    } else {
        (StatusCode::OK, "delivered")
    };

    let time = chrono::Utc::now().format("%H:%M:%S%.3f");
    let key = headers.get("idempotency-key");
    let key = key.map_or("absent", |key| key.to_str().unwrap_or("unreadable"));
    // Never the token itself: screens are shared.
    let token = headers.get(header::AUTHORIZATION);
    let token = token.map_or("absent", |_| "present");
    let body = match serde_json::from_slice::<Value>(&body) {
        Ok(json) => format!("{json:#}"),
        // Escaped, so that no stray byte reaches the terminal.
        Err(_) => format!("not JSON: {:?}", String::from_utf8_lossy(&body)),
    };
    // One call, so that requests that arrive together do not mix.
    println!(
        "\n{time}  {method} {uri}\nIdempotency-Key: {key}\nAuthorization: {token}\n{body}\n=> {status} ({why})"
    );

    let mut response = (status, Json(json!({}))).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, 1.into());
    }
    response
}
