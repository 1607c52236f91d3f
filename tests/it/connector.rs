//! A partner's API over real HTTP, as connector files describe it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use passerelle::adapters::crm::rest::RestCrm;
use passerelle::adapters::files::folder::FilesOnDisk;
use passerelle::adapters::shipped::Shipped;
use passerelle::domain::demande::{Fichier, NewDemande, Uid};
use passerelle::domain::ports::{ChangeQuery, CreateDemande, Crm, CrmError, DuplicateGuard, Files};
use passerelle::domain::referentiel::Gestionnaire;
use passerelle::domain::signalement::{ImageKind, Photo, SignalementId};
use passerelle::domain::statut::StatutEvent;
use passerelle::flows::inbound::Rules;
use passerelle::rules::compile::{Generation, Known, compile};
use passerelle::rules::connector::{Connector, Partner};
use passerelle::rules::diagnostic::Severity;
use passerelle::settings::{InForce, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Builder, FakeSowell, PNG, is_accepted, is_refused, signalement};

/// A small ticket system: upload, create, search, changes, behind a session.
const API: &str = "
authentification:
  session:
    connexion: {methode: POST, chemin: /login, corps: {json: {key: '{{ secrets.essai }}'}}}
    jeton: /token
    entetes: {X-Session: '{{ jeton }}'}
delais: {connexion: 5s, reponse: 5s, total: 10s}
operations:
  chercher:
    chemin: /tickets
    parametres: {ref: '{{ reference }}'}
    elements: /tickets
    uid: /id
  televerser:
    chemin: /uploads
    parametres: {name: '{{ fichier.nom }}'}
    corps: {fichier: {contenu: '{{ fichier }}'}}
    lire: {jeton: /token}
  creer:
    chemin: /tickets
    corps:
      json:
        ref: '{{ reference }}'
        title: '{{ demande.contexte }}'
        files: {pour: f, dans: '{{ fichiers }}', faire: '{{ f.envoi.jeton }}'}
    uid: /id
  changements:
    chemin: /changes
    parametres: {since: '{{ depuis }}', page: '{{ page.numero }}'}
    elements: /
    uid: /id
    statut: /status
    date: /date
    page: {taille: 1}
";

#[derive(Debug, Clone)]
struct Seen {
    method: String,
    uri: String,
    session: String,
    content_type: String,
    body: Vec<u8>,
}

/// Answers what it was told to, in order, and remembers what came.
#[derive(Clone, Default)]
struct Fake {
    url: String,
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    async fn start(answers: &[(u16, Value)]) -> Self {
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

    fn then(&mut self, answers: &[(u16, Value)]) {
        let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
        let answers = answers.iter().map(|(status, body)| (*status, text(body)));
        self.answers.lock().unwrap().extend(answers);
    }

    fn seen(&self) -> Vec<Seen> {
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

struct FixedRules(Arc<Generation>);

impl Rules for FixedRules {
    fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.0)
    }
}

struct Bench {
    crm: RestCrm,
    files: Arc<dyn Files>,
    _folder: TempDir,
}

fn bench(url: &str, api: &str, more: &[(&str, &str)]) -> Bench {
    let mut rules = Shipped::Rules.files();
    rules.insert("connecteurs/crm.yaml".into(), api.as_bytes().to_vec());
    let (generation, faults) = compile(&rules, &Shipped::Referentiel.files(), Known::default());
    let generation = generation.unwrap_or_else(|| panic!("{faults:?}"));
    let mut variables = vec![
        ("PASSERELLE_CRM__BASE_URL".to_owned(), url.to_owned()),
        ("PASSERELLE_SECRETS__ESSAI".to_owned(), "s3cr3t".to_owned()),
    ];
    let more = more.iter();
    variables.extend(more.map(|(name, value)| (format!("PASSERELLE_{name}"), (*value).to_owned())));
    let settings = Settings::load(None, variables).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files: Arc<dyn Files> = Arc::new(FilesOnDisk::open(folder.path()).unwrap());
    let in_force = InForce::new(settings.live);
    let rules = Arc::new(FixedRules(Arc::new(generation)));
    Bench {
        crm: RestCrm::new(in_force, rules, Arc::clone(&files)),
        files,
        _folder: folder,
    }
}

fn request(fichiers: Vec<Fichier>) -> CreateDemande {
    let who = Gestionnaire {
        r#type: "technique".into(),
        identifiant: "TEC".into(),
        nom: "Équipe".into(),
        email: "e@vivest.example".into(),
    };
    let lien = "https://manager.sowell.example/signalements/1";
    CreateDemande {
        reference: SignalementId::of_lien(lien),
        demande: NewDemande {
            statut: "Transférée".into(),
            statut_sowell: Some("En attente".into()),
            canal: "SoWell".into(),
            qualification: "ASC".into(),
            workflow: "W".into(),
            residence: "R".into(),
            bien: None,
            priorite: "haute".into(),
            gestionnaire_concerne: who.clone(),
            acteur_en_charge: who,
            auteur: "Camille".into(),
            email_auteur: "c@x.example".into(),
            contexte: "L'ascenseur \"A\"\nest bloqué".into(),
            lien_sowell: lien.into(),
        },
        fichiers,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_are_uploaded_then_named_by_the_creation() {
    let fake = Fake::start(&[
        (200, json!({"token": "session-1"})),
        (201, json!({"token": "up-1"})),
        (201, json!({"id": 42})),
    ])
    .await;
    let bench = bench(&fake.url, API, &[]);
    let bytes = base64_simd::STANDARD.decode_to_vec(PNG).unwrap();
    let photo = Photo::new(ImageKind::Png, bytes.clone());
    let sha256 = photo.sha256.clone();
    bench.files.put(photo).await.unwrap();
    let fichier = Fichier {
        nom: "photo-1.png".into(),
        r#type: "image/png".into(),
        taille: bytes.len() as u64,
        sha256,
    };
    let request = request(vec![fichier]);
    let uid = bench.crm.create(&request).await.unwrap();
    assert_eq!(uid.as_str(), "42");
    let seen = fake.seen();
    let calls: Vec<_> = seen
        .iter()
        .map(|it| format!("{} {}", it.method, it.uri))
        .collect();
    assert_eq!(
        calls,
        [
            "POST /login",
            "POST /uploads?name=photo-1.png",
            "POST /tickets"
        ]
    );
    assert_eq!(
        (seen[1].content_type.as_str(), &seen[1].body),
        ("image/png", &bytes)
    );
    assert_eq!(seen[2].session, "session-1");
    let body: Value = serde_json::from_slice(&seen[2].body).unwrap();
    assert_eq!(body["files"], json!(["up-1"]));
    assert_eq!(body["title"], request.demande.contexte);
    let remote = bench.crm.remote().unwrap();
    assert_eq!(remote.guard, DuplicateGuard::LookUp);
    assert!(!remote.attaches && remote.overlap.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ran_out_is_renewed_once_for_everyone() {
    let mut fake = Fake::start(&[
        (200, json!({"token": "old"})),
        (200, json!({"tickets": []})),
        (401, json!("expired")),
        (200, json!({"token": "new"})),
        (200, json!({"tickets": [{"id": 7}]})),
    ])
    .await;
    let bench = bench(&fake.url, API, &[]);
    let request = request(Vec::new());
    assert_eq!(bench.crm.find(&request).await, Ok(Vec::new()));
    assert_eq!(
        bench.crm.find(&request).await,
        Ok(vec![Uid::new("7".into())])
    );
    let sessions: Vec<_> = fake.seen().into_iter().map(|it| it.session).collect();
    assert_eq!(sessions, ["", "old", "old", "", "new"]);
    // A fresh token that is refused is no reason to ask for another.
    fake.then(&[
        (401, json!("no")),
        (200, json!({"token": "third"})),
        (401, json!("no")),
    ]);
    let refused = bench.crm.find(&request).await;
    assert!(
        matches!(refused, Err(CrmError::Unauthorized(_))),
        "{refused:?}"
    );
    assert_eq!(fake.seen().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_answer_to_a_creation_leaves_open_is_a_doubt() {
    let login = (200, json!({"token": "t"}));
    for (answer, wanted) in [
        ((500, json!("boom")), "doubt"),
        ((201, json!("{\"id\": ")), "doubt"),
        ((200, json!("<html>s3cr3t</html>")), "doubt"),
        ((429, json!("slow down")), "unavailable"),
        ((422, json!("s3cr3t is wrong")), "refused"),
        ((301, json!("")), "refused"),
        ((403, json!("")), "unauthorized"),
    ] {
        let mut fake = Fake::start(&[login.clone(), answer.clone()]).await;
        fake.then(&[login.clone(), answer.clone()]);
        let bench = bench(&fake.url, API, &[]);
        let got = bench.crm.create(&request(Vec::new())).await.unwrap_err();
        let word = match &got {
            CrmError::InDoubt(_) => "doubt",
            CrmError::Unavailable { .. } => "unavailable",
            CrmError::Refused { .. } => "refused",
            CrmError::Unauthorized(_) => "unauthorized",
            CrmError::Misconfigured(_) => "misconfigured",
            CrmError::Files(_) => "files",
        };
        assert_eq!(word, wanted, "{got:?}");
        assert!(!format!("{got:?}").contains("s3cr3t"), "{got:?}");
    }
}

/// A server that reads a request and then does this.
async fn server<F: Future<Output = ()> + Send>(
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

async fn reset() -> String {
    server(|stream| async move { drop(stream) }).await
}

const PLAIN: &str = "
doublons: possibles
delais: {connexion: 1s, reponse: 300ms, total: 3s}
operations:
  creer: {chemin: /tickets, corps: {json: {ref: '{{ reference }}'}}, uid: /id}
  chercher: {chemin: /tickets, parametres: {ref: '{{ reference }}'}, uid: /id}
";

#[tokio::test(flavor = "multi_thread")]
async fn silence_after_the_request_is_a_doubt_and_silence_before_it_is_none() {
    let resets = reset().await;
    let hangs = server(|stream| async move { std::mem::forget(stream) }).await;
    let cut = server(|mut stream| async move {
        let head = "HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{\"id\": 1";
        let _ = stream.write_all(head.as_bytes()).await;
    })
    .await;
    for url in [&resets, &hangs, &cut] {
        let bench = bench(url, PLAIN, &[]);
        let created = bench.crm.create(&request(Vec::new())).await;
        assert!(matches!(created, Err(CrmError::InDoubt(_))), "{created:?}");
        let found = bench.crm.find(&request(Vec::new())).await;
        assert!(
            matches!(found, Err(CrmError::Unavailable { .. })),
            "{found:?}"
        );
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    // Nobody there; nobody of that name; no TLS.
    let plain = reset().await.replace("http:", "https:");
    for url in [url.as_str(), "http://nobody.invalid", plain.as_str()] {
        let created = bench(url, PLAIN, &[])
            .crm
            .create(&request(Vec::new()))
            .await;
        assert!(
            matches!(created, Err(CrmError::Unavailable { .. })),
            "{url}: {created:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_leads_a_call_inside_the_house() {
    let inside = Fake::start(&[(200, json!({"id": 1}))]).await;
    let api = PLAIN.replace(
        "chemin: /tickets, corps",
        &format!("chemin: '{}/x', corps", inside.url),
    );
    let by_name = api.replace("127.0.0.1", "localhost");
    let elsewhere = "https://crm.example";
    for api in [&api, &by_name] {
        let created = bench(elsewhere, api, &[])
            .crm
            .create(&request(Vec::new()))
            .await;
        let told = matches!(
            created,
            Err(CrmError::Misconfigured(_) | CrmError::Unavailable { .. })
        );
        assert!(told, "{created:?}");
    }
    assert!(inside.seen().is_empty());
    let allowed = bench(elsewhere, &api, &[("NETWORK__ALLOW", "127.0.0.1")]);
    let uid = allowed.crm.create(&request(Vec::new())).await.unwrap();
    assert_eq!(uid.as_str(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_is_not_read_to_its_end() {
    const MIB: usize = 1 << 20;
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let url = server(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
            let _ = stream.write_all(head).await;
            let junk = vec![b'a'; MIB];
            // As much as would be believed to have no end.
            while count.load(Ordering::SeqCst) < 100 && stream.write_all(&junk).await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
            std::mem::forget(stream);
        }
    })
    .await;
    let created = bench(&url, PLAIN, &[])
        .crm
        .create(&request(Vec::new()))
        .await;
    assert!(matches!(created, Err(CrmError::InDoubt(_))), "{created:?}");
    let taken = taken.load(Ordering::SeqCst);
    // What the system holds for the connection comes on top of the eight that are read.
    assert!(taken < 50, "{taken} MiB were taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_come_page_by_page() {
    let at = "2026-01-02T03:04:05Z";
    let fake = Fake::start(&[
        (200, json!({"token": "t"})),
        (200, json!([{"id": 1, "status": "Ouverte", "date": at}])),
        (200, json!([])),
    ])
    .await;
    let bench = bench(&fake.url, API, &[]);
    let since: DateTime<Utc> = at.parse().unwrap();
    let first = bench
        .crm
        .changes(&ChangeQuery { since, page: None })
        .await
        .unwrap();
    assert_eq!(first.changes[0].event.statut, "Ouverte");
    assert_eq!(first.changes[0].at, since);
    let query = ChangeQuery {
        since,
        page: first.next,
    };
    assert!(query.page.is_some());
    let last = bench.crm.changes(&query).await.unwrap();
    assert_eq!((last.changes, last.next), (Vec::new(), None));
    assert_eq!(
        fake.seen()[2].uri,
        "/changes?since=2026-01-02T03%3A04%3A05Z&page=2"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_read_keeps_no_other_from_being_taken() {
    let at = "2026-01-02T03:04:05Z";
    let good = json!({"id": "A-1\u{0}", "status": "é".repeat(300), "date": at});
    let rows = json!([
        {"id": "A-2", "status": " ", "date": at},
        {"id": "A-3", "status": "Ouverte", "date": "hier"},
        good,
    ]);
    let login = (200, json!({"token": "one"}));
    let unreadable = (200, json!([{"id": "A-2", "date": at}]));
    let fake = Fake::start(&[login, (200, rows), unreadable]).await;
    let bench = bench(&fake.url, API, &[]);
    let since = at.parse().unwrap();
    let query = ChangeQuery { since, page: None };
    let page = bench.crm.changes(&query).await.unwrap();
    let [one] = page.changes.as_slice() else {
        panic!("{page:?}")
    };
    assert_eq!(one.event.uid.as_str(), "A-1\u{fffd}");
    assert_eq!(one.event.statut.chars().count(), StatutEvent::LABEL_CHARS);
    // Where none can be read, the file is rather wrong than the CRM away.
    let error = bench.crm.changes(&query).await.unwrap_err();
    assert!(matches!(error, CrmError::Misconfigured(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_sowells_api_is_an_edit() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let uid = daemon.created(&signalement(1)).await;
    let file = "rules/connecteurs/sowell.yaml";
    let broken = "operations: {signaler_statut: {chemin: '/x/{{ uuid }}'}}\n";
    assert!(is_refused(&daemon.edit(file, broken).await));
    let edited = "operations:
  signaler_statut:
    methode: POST
    chemin: /v2/reports/{{ uid }}/state
    corps: {json: {state: '{{ statut }}'}}
";
    assert!(is_accepted(&daemon.edit(file, edited).await));
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    let call = sowell.wait_for(1).await.remove(0);
    assert_eq!(call.path, format!("/v2/reports/{uid}/state"));
    assert_eq!(call.body, json!({"state": "En cours de traitement"}));
}

/// The examples of the guide, by the words that they begin with.
fn examples(begin: &str) -> Vec<String> {
    let guide = std::fs::read_to_string("docs/guide-connecteurs.md").unwrap();
    let blocks = guide.split("```yaml\n").skip(1);
    let blocks = blocks.map(|it| it.split("```").next().unwrap().to_owned());
    blocks.filter(|it| it.starts_with(begin)).collect()
}

fn faults(api: &str) -> Vec<passerelle::rules::diagnostic::Diagnostic> {
    let mut faults = Vec::new();
    let _ = Connector::compile(Partner::Crm, api, &mut faults);
    faults
}

#[test]
fn what_the_guide_of_connectors_shows_is_right() {
    let whole = examples("# yaml-language-server").remove(0);
    assert_eq!(faults(&whole), []);
    let cases = examples("# yaml-language-server").remove(1);
    let mut rules = Shipped::Rules.files();
    rules.insert(Partner::Crm.file().into(), whole.into_bytes());
    rules.insert("cas/crm.yaml".into(), cases.into_bytes());
    let (_, found) = compile(&rules, &Shipped::Referentiel.files(), Known::default());
    assert_eq!(found, []);
    let ways = examples("authentification:").remove(0);
    let ways: Vec<String> = ways
        .split("authentification:")
        .skip(1)
        .map(|it| format!("authentification:{it}\n{PLAIN}"))
        .collect();
    assert_eq!(ways.len(), 7);
    for way in ways {
        let found = faults(&way);
        assert!(
            found.iter().all(|it| it.severity == Severity::Warning),
            "{way}{found:?}"
        );
    }
    let answers = examples("reponses:").remove(0).replace('\n', "\n    ");
    let plain = PLAIN.replace(
        "  creer: {chemin: /tickets, corps: {json: {ref: '{{ reference }}'}}, uid: /id}\n",
        &format!("  creer:\n    chemin: /tickets\n    uid: /id\n    {answers}\n"),
    );
    let found = faults(&plain);
    assert!(
        plain.contains("refus_si") && found.iter().all(|it| it.severity == Severity::Warning),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_requests_and_sends_them() {
    let fake = Fake::start(&[
        (200, json!({"token": "t0ken"})),
        (200, json!({"tickets": [{"id": 5}]})),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let rules = Shipped::Rules.files().into_iter();
    for (name, bytes) in rules.chain([("connecteurs/crm.yaml".to_owned(), API.into())]) {
        let path = folder.path().join("rules").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let run = async |arguments: &'static [&'static str]| {
        let (folder, url) = (folder.path().to_owned(), fake.url.clone());
        let ran = tokio::task::spawn_blocking(move || {
            let rules = folder.join("rules");
            let variables = [
                ("PASSERELLE_CRM__BASE_URL", url.as_str()),
                ("PASSERELLE_SECRETS__ESSAI", "s3cr3t"),
                ("PASSERELLE_RULES_DIR", rules.to_str().unwrap()),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
            crate::cli::passerelle(&folder, &variables, arguments)
        });
        let ran = ran.await.unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    let shown = run(&["connector", "test", "crm"]).await;
    for words in [
        "POST /login",
        "***essai***",
        "(lu : jeton)",
        "/tickets?ref=",
        "X-Session: ***jeton***",
    ] {
        let words = words.replace("POST /", &format!("POST {}/", fake.url));
        assert!(shown.contains(&words), "{words} in {shown}");
    }
    assert!(fake.seen().is_empty());
    let sent = run(&[
        "connector",
        "test",
        "crm",
        "--operation",
        "chercher",
        "--live",
    ])
    .await;
    assert!(
        sent.contains("Réussite.") && sent.contains("uid = 5"),
        "{sent}"
    );
    for text in [shown, sent] {
        assert!(
            !text.contains("s3cr3t") && !text.contains("t0ken"),
            "{text}"
        );
    }
}
