//! A daemon in this process on a free port, with a folder of its own and a fake SoWell that
//! remembers what it received and fails on command.

use std::collections::VecDeque;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use passerelle::adapters::http::AppState;
use passerelle::app::{App, StandIns};
use passerelle::domain::ports::Crm;
use passerelle::settings::Settings;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::postgres::{self, Backend};

/// A PNG of one pixel.
pub const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
/// How long a condition may take to come true; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Token of each client in the tests.
pub fn token(client: &str) -> String {
    format!("token-of-{client}-in-the-tests")
}

/// Whether a program that a test needs is installed. Where it is not, the test says so and does
/// not run; with `PASSERELLE_TEST_REQUIRE=all` it fails instead.
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
        // Not `eprintln!`, which the test runner swallows when the test passes.
        let note = format!("NOT RUN: a test needs {need}\n");
        let _ = std::io::stderr().write_all(note.as_bytes());
    }
    found
}

/// Fails unless a file of the repository says what it should; with `PASSERELLE_TEST_WRITE=1` it
/// is written instead.
pub fn is_current(path: &str, expected: &str) {
    if std::env::var_os("PASSERELLE_TEST_WRITE").is_some() {
        fs::write(path, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    if found != expected {
        let diff = similar::TextDiff::from_lines(found.as_str(), expected);
        let diff = diff.unified_diff();
        panic!(
            "{path} is stale; PASSERELLE_TEST_WRITE=1 cargo test --test it writes it anew\n{diff}"
        );
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

/// A daemon to be.
pub struct Builder {
    folder: Arc<TempDir>,
    environment: Vec<(String, String)>,
    stand_ins: StandIns,
}

/// A daemon that runs.
pub struct Daemon {
    pub address: SocketAddr,
    pub folder: Arc<TempDir>,
    pub environment: Vec<(String, String)>,
    pub client: Client,
    /// What its handlers reach.
    pub state: AppState,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Builder {
    /// The shipped rules without their cases, and reference data made for the tests.
    pub fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        copy(Path::new("rules"), &folder.path().join("rules"));
        let _ = fs::remove_dir_all(folder.path().join("rules/cas"));
        fs::create_dir(folder.path().join("referentiel")).unwrap();
        let builder = Self {
            environment: environment(folder.path()),
            folder,
            stand_ins: StandIns::default(),
        };
        builder
            .file("rules/qualifications.yaml", QUALIFICATIONS)
            .file("referentiel/residences.csv", RESIDENCES)
            .file("referentiel/gestionnaires.csv", GESTIONNAIRES)
            .file("referentiel/biens.csv", BIENS)
    }

    /// The same on this database; `None` where it is not installed.
    pub async fn on(backend: Backend) -> Option<Self> {
        Some(match backend {
            Backend::Sqlite => Self::new(),
            Backend::Postgres => Self::new().set("DATABASE_URL", &postgres::database().await?),
        })
    }

    /// A daemon in a folder that another one has left.
    pub fn again(folder: &Arc<TempDir>, environment: Vec<(String, String)>) -> Self {
        Self {
            folder: Arc::clone(folder),
            environment,
            stand_ins: StandIns::default(),
        }
    }

    /// Puts a CRM in the place of the one that the settings name.
    pub fn crm(mut self, crm: Arc<dyn Crm>) -> Self {
        self.stand_ins.crm = Some(crm);
        self
    }

    /// How long a repeat waits for the request that it repeats.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.stand_ins.patience = patience;
        self
    }

    /// Its settings.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.environment.clone()
    }

    /// Where it will live.
    pub fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    pub fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// Leaves a key to the settings file, or to its default.
    pub fn unset(mut self, variable: &str) -> Self {
        let variable = format!("PASSERELLE_{variable}");
        self.environment.retain(|(name, _)| *name != variable);
        self
    }

    pub fn set(mut self, variable: &str, value: &str) -> Self {
        self.environment
            .push((format!("PASSERELLE_{variable}"), value.to_owned()));
        self
    }

    pub fn sowell(self, sowell: &FakeSowell) -> Self {
        self.set("SOWELL__BASE_URL", &sowell.url)
            .set("SOWELL__TOKEN", "partner-token")
    }

    /// From `passerelle.yaml` in its folder, where a test wrote one, and the environment.
    pub fn settings(&self) -> Settings {
        let file = self.folder.path().join("passerelle.yaml");
        let file = file.is_file().then_some(file);
        Settings::load(file.as_deref(), self.environment.clone()).unwrap()
    }

    /// What keeps it from starting.
    pub async fn refusal(self) -> String {
        match App::build_with(&self.settings(), self.stand_ins).await {
            Ok(_) => panic!("it starts"),
            Err(error) => format!("{error:#}"),
        }
    }

    pub async fn start(self) -> Daemon {
        self.start_while(|| {}).await
    }

    /// Starts it, with something happening after it read its files and before it serves.
    pub async fn start_while(self, happens: impl FnOnce()) -> Daemon {
        let settings = self.settings();
        let app = App::build_with(&settings, self.stand_ins).await.unwrap();
        happens();
        let state = app.state.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(app.serve(listener, stop.clone()));
        Daemon {
            address,
            folder: self.folder,
            environment: self.environment,
            client: Client::new(),
            state,
            stop,
            task,
        }
    }
}

/// The settings of a daemon that lives in `folder`.
pub fn environment(folder: &Path) -> Vec<(String, String)> {
    let path = |name: &str| folder.join(name).display().to_string();
    [
        ("LISTEN", "127.0.0.1:0".to_owned()),
        ("DATA_DIR", path("data")),
        ("RULES_DIR", path("rules")),
        ("REFERENTIEL_DIR", path("referentiel")),
        ("TOKENS__SOWELL", token("sowell")),
        ("TOKENS__CRM", token("crm")),
        ("TOKENS__ADMIN", token("admin")),
        ("DELIVERY__FIRST_RETRY", "20ms".to_owned()),
        ("DELIVERY__MAX_RETRY", "100ms".to_owned()),
        ("LIMITS__RATE", "1000000/min".to_owned()),
    ]
    .map(|(name, value)| (format!("PASSERELLE_{name}"), value))
    .to_vec()
}

/// An answer, read whole.
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
    pub fn request(&self, method: &str, path: &str, client: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("http://{}{path}", self.address);
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

    /// Posts a signalement that becomes a demande, and gives its UID.
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

    /// Reloads on demand, and gives the outcome.
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

    /// A file or folder of it.
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

    /// Saves a file and waits until the edit was looked at.
    pub async fn edit(&self, name: &str, text: &str) -> Value {
        let before = self.regles().await["derniere_tentative"]["version"].clone();
        self.save(name, text);
        until("the edit is looked at", || async {
            let regles = self.regles().await;
            (regles["derniere_tentative"]["version"] != before).then_some(regles)
        })
        .await
    }

    /// How the last edit of the settings file went.
    pub async fn reglages(&self) -> Value {
        self.get("/readyz", "").await.json()["reglages"].clone()
    }

    /// Saves the settings file and waits until the edit was looked at.
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

    /// Stops it in good order.
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

/// A signalement like those of SoWell, with its own link.
pub fn signalement(number: u32) -> Value {
    json!({
        "qualification": "ASC",
        "residence": "MZ-01",
        "bien": "MZ-01-ASC",
        "auteur": "Zoé N'Guyen-Müller",
        "email_auteur": "zoe@locataire.example",
        "date_creation": "2026-02-28T23:59:59.511+01:00",
        "priorite": "high",
        "description": "Bloqué au 4ᵉ <b>étage</b> & \"bruit\" 🚨\nDeuxième ligne",
        "photos": [PNG, format!("data:image/png;base64,{PNG}")],
        "lien_sowell": format!("https://manager.sowell.example/signalements/{number}"),
    })
}

/// The same with some keys changed; `null` removes one.
pub fn signalement_with(number: u32, changes: &Value) -> Value {
    let mut body = signalement(number);
    let map = body.as_object_mut().unwrap();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            map.remove(key);
        } else {
            map.insert(key.clone(), value.clone());
        }
    }
    body
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

const RESIDENCES: &str = "code;nom;adresse\nMZ-01;Les Tilleuls;1 rue des Tilleuls, Metz\nMZ-02;Bellecroix;9 bd Paixhans, Metz\nTH-07;Côte des Roses;2 place Marie, Thionville\nSANS;Sans responsable;3 rue Vide, Metz\n";
const GESTIONNAIRES: &str = "residence;type;identifiant;nom;email\nMZ-01;responsable_secteur;RS-MZ-01;Secteur MZ-01;rs1@bailleur.example\nMZ-02;responsable_secteur;RS-MZ-02;Secteur MZ-02;rs2@bailleur.example\nTH-07;responsable_secteur;RS-TH-07;Secteur TH-07;rs7@bailleur.example\nMZ-01;technique;TEC-1;Équipe Technique Metz;tec@bailleur.example\nMZ-01;gardien;GAR-1;Loge Tilleuls;loge@bailleur.example\nTH-07;gardien;GAR-7;Loge Roses;loge7@bailleur.example\n";
const BIENS: &str = "code;residence;libelle\nMZ-01-A-12;MZ-01;Appartement 12, bâtiment A\nMZ-01-ASC;MZ-01;Ascenseur A\nTH-07-B-3;TH-07;Appartement 3\n";
const QUALIFICATIONS: &str = "qualifications:
  ASC: {libelle: Ascenseur en panne, type_gestionnaire: technique, workflow: INTERVENTION}
  PROP: {libelle: Propreté des communs, type_gestionnaire: gardien, workflow: ENTRETIEN}
  VOIS: {libelle: Trouble de voisinage, type_gestionnaire: responsable_secteur, workflow: MEDIATION}
";

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

/// SoWell's API, as far as the daemon calls it.
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
    /// What is answered about one demande, whatever the script says.
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

    /// Makes it answer so once, after what it was told before.
    pub fn next(&self, status: u16, headers: Vec<(&'static str, String)>) {
        self.ledger
            .script
            .lock()
            .unwrap()
            .push_back((status, headers));
    }

    /// Makes it answer so to everything about one demande.
    pub fn always(&self, uid: &str, status: u16) {
        let path = format!("/signalements/{uid}");
        self.ledger.always.lock().unwrap().push((path, status));
    }

    pub fn calls(&self) -> Vec<Call> {
        self.ledger.calls.lock().unwrap().clone()
    }

    /// SoWell words that arrived, in order.
    pub fn delivered(&self) -> Vec<String> {
        self.calls()
            .iter()
            .filter(|call| (200..300).contains(&call.answered))
            .map(|call| call.body["statut"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits until so many calls arrived.
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
