//! A fake SoWell that records what it received and fails on command.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use serde_json::Value;
use tokio::net::TcpListener;

use super::until;

/// One request that the fake SoWell received.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub key: String,
    pub authorization: String,
    pub body: Value,
    pub answered: u16,
}

/// The part of SoWell's API that the daemon calls.
#[derive(Clone)]
pub struct FakeSowell {
    pub url: String,
    ledger: Arc<Ledger>,
}

/// A status and headers to answer with.
type Scripted = (u16, Vec<(&'static str, String)>);

#[derive(Default)]
struct Ledger {
    calls: Mutex<Vec<Call>>,
    /// Answers to give before the usual 200, each with its headers.
    script: Mutex<VecDeque<Scripted>>,
    /// Answers about one demande, which take precedence over the script.
    always: Mutex<Vec<(String, u16)>>,
}

impl FakeSowell {
    pub async fn start() -> Self {
        let ledger = Arc::new(Ledger::default());
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&ledger));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, ledger }
    }

    /// Adds an answer, given once after those added before.
    pub fn next(&self, status: u16, headers: Vec<(&'static str, String)>) {
        self.ledger
            .script
            .lock()
            .unwrap()
            .push_back((status, headers));
    }

    /// Sets the answer to everything about one demande.
    pub fn always(&self, uid: &str, status: u16) {
        let path = format!("/signalements/{uid}");
        self.ledger.always.lock().unwrap().push((path, status));
    }

    pub fn calls(&self) -> Vec<Call> {
        self.ledger.calls.lock().unwrap().clone()
    }

    /// SoWell's words that arrived, in order.
    pub fn delivered(&self) -> Vec<String> {
        self.calls()
            .iter()
            .filter(|call| (200..300).contains(&call.answered))
            .map(|call| call.body["statut"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits until this many calls have arrived.
    pub async fn wait_for(&self, count: usize) -> Vec<Call> {
        until(&format!("{count} calls"), || async {
            let calls = self.calls();
            (calls.len() >= count).then_some(calls)
        })
        .await
    }
}

async fn receive(
    State(ledger): State<Arc<Ledger>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let poisoned = ledger
        .always
        .lock()
        .unwrap()
        .iter()
        .find_map(|(path, status)| (path == uri.path()).then_some((*status, Vec::new())));
    let scripted = poisoned.or_else(|| ledger.script.lock().unwrap().pop_front());
    let (status, extra) = scripted.unwrap_or((200, Vec::new()));
    ledger.calls.lock().unwrap().push(Call {
        method: method.to_string(),
        path: uri.path().to_owned(),
        key: text("idempotency-key"),
        authorization: text("authorization"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        answered: status,
    });
    let mut answer = HeaderMap::new();
    for (name, value) in extra {
        answer.insert(name, value.parse().unwrap());
    }
    (StatusCode::from_u16(status).unwrap(), answer, "{}")
}
