//! A daemon in this process on a free port, with its own folder and a fake SoWell that records what it received and
//! fails on command.

// With explicit paths, since the crash suite includes this file from a different folder.
#[path = "harness/builder.rs"]
mod builder;
#[path = "harness/clock.rs"]
mod clock;
#[path = "harness/files.rs"]
mod files;
#[path = "harness/samples.rs"]
mod samples;
#[path = "harness/sowell.rs"]
mod sowell;

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, Method};
use passerelle::adapters::http::AppState;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use builder::{Builder, environment};
pub use clock::{MovedClock, SetClock};
pub use files::{Intercepted, Interceptor};
pub use samples::{PNG, signalement, signalement_with};
pub use sowell::FakeSowell;

/// How long a condition may take to come true; reached only by a failing test.
const PATIENCE: Duration = Duration::from_secs(20);

/// The token of each client in the tests.
pub fn token(client: &str) -> String {
    format!("token-of-{client}-in-the-tests")
}

/// Whether a program that a test needs is installed. If not, the test says so and does not run; with
/// `PASSERELLE_TEST_REQUIRE=all` it fails instead.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    possible(found, &format!("{program}, which is not installed"))
}

/// The same for anything else that a test needs.
pub fn possible(found: bool, need: &str) -> bool {
    if !found {
        let required = std::env::var("PASSERELLE_TEST_REQUIRE").is_ok_and(|it| it == "all");
        assert!(!required, "a test needs {need}");
        // Not `eprintln!`, which the test runner captures when the test passes.
        let note = format!("NOT RUN: a test needs {need}\n");
        let _ = std::io::stderr().write_all(note.as_bytes());
    }
    found
}

/// Fails unless a file of the repository has the expected content; with `PASSERELLE_TEST_WRITE=1` it is written
/// instead.
pub fn is_current(path: &str, expected: &str) {
    if std::env::var_os("PASSERELLE_TEST_WRITE").is_some() {
        fs::write(path, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    if found != expected {
        let diff = similar::TextDiff::from_lines(found.as_str(), expected);
        let diff = diff.unified_diff();
        panic!("{path} is stale; PASSERELLE_TEST_WRITE=1 cargo test --test it rewrites it\n{diff}");
    }
}

/// Waits until `look` finds something.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until `/readyz` of the daemon at this address reports that it can serve, or cannot; returns the report.
pub async fn ready_when(url: &str, wanted: bool) -> Value {
    let url = format!("{url}/readyz");
    until(&format!("ready is {wanted}"), || async {
        let response = reqwest::get(&url).await.unwrap();
        let agrees = response.status().is_success() == wanted;
        let body: Value = response.json().await.unwrap();
        (agrees && body["ready"] == wanted).then_some(body)
    })
    .await
}

/// Fails unless the client is told to retry: 503 with `Retry-After`, as a problem document.
pub fn is_for_later(answer: &Answer) {
    let text = String::from_utf8_lossy(&answer.bytes);
    assert_eq!(answer.status, 503, "{text}");
    let media_type = answer.header("content-type");
    assert_eq!(media_type, Some("application/problem+json"), "{text}");
    assert!(answer.header("retry-after").is_some(), "{text}");
}

/// A running daemon.
pub struct Daemon {
    pub address: SocketAddr,
    pub folder: Arc<TempDir>,
    pub environment: Vec<(String, String)>,
    pub client: Client,
    /// The state shared by its handlers.
    pub state: AppState,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.bytes)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Pointers of all faults, sorted.
    pub fn pointers(&self) -> Vec<String> {
        let body = self.json();
        let faults = body["erreurs"].as_array().cloned().unwrap_or_default();
        let mut pointers: Vec<String> = faults
            .iter()
            .map(|it| it["pointeur"].as_str().unwrap().to_owned())
            .collect();
        pointers.sort();
        pointers
    }
}

impl Daemon {
    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn request(&self, method: &str, path: &str, client: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", self.url());
        let request = self.client.request(method, url);
        if client.is_empty() {
            request
        } else {
            request.bearer_auth(token(client))
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes: response.bytes().await.unwrap().to_vec(),
        }
    }

    pub async fn get(&self, path: &str, client: &str) -> Answer {
        self.send(self.request("GET", path, client)).await
    }

    pub async fn post(&self, body: &Value) -> Answer {
        let request = self.request("POST", "/api/v1/signalements", "sowell");
        self.send(request.json(body)).await
    }

    pub async fn statut(&self, uid: &str, body: &Value) -> Answer {
        let path = format!("/api/v1/demandes/{uid}/statut");
        self.send(self.request("POST", &path, "crm").json(body))
            .await
    }

    /// Posts a signalement that becomes a demande, and returns its UID.
    pub async fn created(&self, body: &Value) -> String {
        let answer = self.post(body).await;
        assert_eq!(
            answer.status,
            201,
            "{}",
            String::from_utf8_lossy(&answer.bytes)
        );
        answer.json()["uid"].as_str().unwrap().to_owned()
    }

    pub async fn regles(&self) -> Value {
        self.get("/api/v1/admin/regles", "admin").await.json()
    }

    /// Reloads on demand, and returns the outcome.
    pub async fn reload(&self) -> Value {
        let request = self.request("POST", "/api/v1/admin/regles/recharger", "admin");
        self.send(request).await.json()
    }

    /// Waits until the state of the rules is as `wanted`.
    pub async fn regles_when(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, || async {
            let regles = self.regles().await;
            wanted(&regles).then_some(regles)
        })
        .await
    }

    /// The cookie of someone signed in at the console.
    pub async fn signed_in(&self) -> String {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let answer = client
            .post(format!("{}/console/connexion", self.url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("jeton={}", token("admin")))
            .send()
            .await
            .unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// The console's page, as HTML with plain apostrophes.
    pub async fn console(&self) -> String {
        let cookie = self.signed_in().await;
        let request = self.request("GET", "/", "").header("cookie", cookie);
        let html = String::from_utf8(self.send(request).await.bytes).unwrap();
        html.replace("&#39;", "'")
    }

    /// The path of a file or folder in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Saves a file as editors do: a new one renamed over the old.
    pub fn save(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        let beside = path.with_file_name(".being-saved.swp");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, path).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Saves a file and waits until the edit has been processed.
    pub async fn edit(&self, name: &str, text: &str) -> Value {
        let before = self.regles().await["derniere_tentative"]["version"].clone();
        self.save(name, text);
        until("the edit is looked at", || async {
            let regles = self.regles().await;
            (regles["derniere_tentative"]["version"] != before).then_some(regles)
        })
        .await
    }

    /// The result of the last edit of the settings file.
    pub async fn reglages(&self) -> Value {
        self.get("/readyz", "").await.json()["reglages"].clone()
    }

    /// Saves the settings file and waits until the edit has been processed.
    pub async fn edit_settings(&self, text: &str) -> Value {
        let before = self.reglages().await["derniere_tentative"].clone();
        self.save("passerelle.yaml", text);
        until("the settings are looked at", || async {
            let reglages = self.reglages().await;
            (reglages["derniere_tentative"] != before).then_some(reglages)
        })
        .await
    }

    /// E-mails written so far.
    pub fn courriels(&self) -> Vec<String> {
        let folder = self.folder.path().join("data/courriels");
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == "eml"))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("data/passerelle.sqlite")
    }

    /// Stops it gracefully.
    pub async fn stop(self) -> (Arc<TempDir>, Vec<(String, String)>) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
        (self.folder, self.environment)
    }
}

/// Whether the last attempt took effect.
pub fn is_accepted(regles: &Value) -> bool {
    regles["derniere_tentative"]["acceptee"] == true
}

/// Whether the last attempt was refused.
pub fn is_refused(regles: &Value) -> bool {
    regles["derniere_tentative"]["acceptee"] == false
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
