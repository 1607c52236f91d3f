//! Partners that give prepared answers, or mistreat a connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub method: String,
    pub uri: String,
    pub session: String,
    pub content_type: String,
    pub body: Vec<u8>,
}

/// Gives its prepared answers in order, and records the requests.
#[derive(Clone, Default)]
pub(super) struct Fake {
    pub url: String,
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    pub async fn start(answers: &[(u16, Value)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut fake = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            ..Self::default()
        };
        fake.then(answers);
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub fn then(&mut self, answers: &[(u16, Value)]) {
        let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
        let answers = answers.iter().map(|(status, body)| (*status, text(body)));
        self.answers.lock().unwrap().extend(answers);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(
    State(fake): State<Fake>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    fake.seen.lock().unwrap().push(Seen {
        method: method.to_string(),
        uri: uri.to_string(),
        session: header("x-session"),
        content_type: header("content-type"),
        body: body.to_vec(),
    });
    let next = fake.answers.lock().unwrap().pop_front();
    let (status, body) = next.unwrap_or((500, "nothing more to say".into()));
    (StatusCode::from_u16(status).unwrap(), body)
}

/// A server that reads a request and then does this.
pub(super) async fn server<F: Future<Output = ()> + Send>(
    then: impl Fn(TcpStream) -> F + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 4096];
            let _ = stream.read(&mut buffer).await;
            then(stream).await;
        }
    });
    url
}

pub(super) async fn reset() -> String {
    server(|stream| async move { drop(stream) }).await
}
