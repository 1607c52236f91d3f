//! A CRM with a REST API, over real connections: it records what it did, and fails in the ways in which such APIs
//! fail.
//!
//! `POST /jeton` gives a token (OAuth 2, client credentials), which every other call must carry.
//! `POST /demandes` creates, `GET /demandes?reference=` looks up, `GET /demandes?depuis=` lists
//! changes page by page, `GET /demandes/{id}` reads, `POST /demandes/{id}/fichiers?nom=` attaches
//! raw bytes.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream::{self, StreamExt};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rand::RngExt;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::harness::Builder;

/// The connector with which a daemon calls it.
pub const CONNECTOR: &str = r#"
nom: Faux CRM
authentification:
  oauth2: {url: /jeton, client: passerelle, secret: "{{ secrets.crm }}"}
delais: {connexion: 1s, reponse: 500ms, total: 1s}
doublons: recherche
traitement_max: 50ms
operations:
  chercher:
    chemin: /demandes
    parametres: {reference: "{{ reference }}"}
    elements: /demandes
    uid: /id
  creer:
    chemin: /demandes
    corps: {json: {reference: "{{ reference }}", contexte: "{{ demande.contexte }}"}}
    uid: /id
  joindre:
    chemin: /demandes/{{ uid }}/fichiers
    parametres: {nom: "{{ fichier.nom }}"}
    corps: {fichier: {contenu: "{{ fichier }}"}}
    reponses: {succes: [201], doute: [200]}
  changements:
    chemin: /demandes
    parametres: {depuis: "{{ depuis }}", page: "{{ page.numero }}", par: "{{ page.taille }}"}
    elements: /demandes
    uid: /id
    statut: /statut
    date: /modifiee_le
    resultat: /resultat
    page: {taille: 2}
    recouvrement: 1s
"#;

/// A builder for a daemon whose demandes are created there.
pub fn connected(builder: Builder, crm: &FakeCrm) -> Builder {
    fs::create_dir_all(builder.folder().path().join("rules/connecteurs")).unwrap();
    builder
        .file("rules/connecteurs/crm.yaml", CONNECTOR)
        .set("CRM__KIND", "rest")
        .set("CRM__BASE_URL", &crm.url)
        .set("CRM__POLL", "1s")
        .set("SECRETS__CRM", "secret-of-the-crm")
}

/// How one call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It is carried out, and no answer ever comes.
    DoesAndHangs,
    /// It is carried out, and the connection is reset.
    DoesAndResets,
    /// It is carried out, and the answer is a 500.
    DoesAndFails,
    /// It is carried out, and the answer breaks off in the middle.
    DoesAndBreaksOff,
    /// It is carried out, and the answer comes this late.
    DoesLate(Duration),
    /// A proxy answers 200 with an HTML page; nothing is carried out.
    Page,
    /// Too many calls; nothing is carried out. With this `Retry-After`, in seconds.
    TooMany(u32),
    /// Every token issued so far expires; nothing is carried out.
    TokenEnds,
}

/// A demande in the CRM.
#[derive(Debug, Clone)]
pub struct InCrm {
    pub id: String,
    pub body: Value,
    /// Name and bytes of each.
    pub photos: Vec<(String, Vec<u8>)>,
    pub statut: String,
    pub resultat: Option<String>,
    pub changed_at: DateTime<Utc>,
}

/// A call that arrived.
#[derive(Debug, Clone)]
pub struct CrmCall {
    pub method: String,
    /// Including the query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A handle to the fake CRM.
#[derive(Clone)]
pub struct FakeCrm {
    pub url: String,
    inside: Arc<Inside>,
}

#[derive(Default)]
struct Inside {
    demandes: Mutex<Vec<InCrm>>,
    calls: Mutex<Vec<CrmCall>>,
    /// The moods of the next calls, by the start of their method and path.
    moods: Mutex<VecDeque<(&'static str, Mood)>>,
    tokens: Mutex<Tokens>,
    /// Whether calls without a given mood may fail.
    moody: AtomicBool,
}

#[derive(Default)]
struct Tokens {
    given: u32,
    /// The announced lifetime in seconds; an hour if `None`.
    hold: Option<u32>,
    /// Tokens up to this number have expired.
    ended: u32,
}

impl FakeCrm {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inside = Arc::<Inside>::default();
        let serving = Arc::clone(&inside);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { url, inside }
    }

    /// Sets the mood of the next call that begins like this, such as `POST /demandes`. Several for the same call
    /// apply one after another.
    pub fn next(&self, begin: &'static str, mood: Mood) {
        self.inside.moods.lock().unwrap().push_back((begin, mood));
    }

    /// From now on, three calls in twenty fail in some way, or none does any more.
    #[allow(dead_code, reason = "the crash suite alone wants it so")]
    pub fn be_moody(&self, moody: bool) {
        self.inside.moody.store(moody, Ordering::SeqCst);
    }

    /// Sets the announced lifetime of its tokens.
    #[allow(dead_code, reason = "the crash suite has no use for it")]
    pub fn tokens_hold(&self, seconds: u32) {
        self.inside.tokens.lock().unwrap().hold = Some(seconds);
    }

    /// The demandes, oldest first.
    pub fn demandes(&self) -> Vec<InCrm> {
        self.inside.demandes.lock().unwrap().clone()
    }

    /// The calls that begin like this, oldest first.
    pub fn calls(&self, begin: &str) -> Vec<CrmCall> {
        let calls = self.inside.calls.lock().unwrap();
        let wanted = |it: &&CrmCall| format!("{} {}", it.method, it.path).starts_with(begin);
        calls.iter().filter(wanted).cloned().collect()
    }

    /// Changes the status of a demande, as a person does in the CRM.
    pub fn change(&self, id: &str, statut: &str, resultat: Option<&str>) {
        let mut demandes = self.inside.demandes.lock().unwrap();
        let demande = demandes.iter_mut().find(|it| it.id == id).unwrap();
        statut.clone_into(&mut demande.statut);
        demande.resultat = resultat.map(str::to_owned);
        demande.changed_at = Utc::now();
    }
}

/// Serves one connection until its client leaves, or until a mood resets it.
async fn serve(stream: TcpStream, inside: Arc<Inside>) {
    let breaks = Arc::new(Notify::new());
    let broken = Arc::clone(&breaks);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (inside, breaks) = (Arc::clone(&inside), Arc::clone(&breaks));
        async move { Ok::<_, Infallible>(inside.take(request.map(Body::new), &breaks).await) }
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = &mut connection => {}
        () = broken.notified() => {
            // Closed abruptly: the client sees a reset.
            let stream = connection.into_parts().io.into_inner();
            let _ = stream.set_zero_linger();
        }
    }
}

impl Inside {
    async fn take(&self, request: Request<Body>, breaks: &Notify) -> Response<Body> {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let path = head.uri.to_string();
        let begin = format!("{} {path}", head.method);
        let call = CrmCall {
            method: head.method.to_string(),
            path,
            headers: head.headers,
            body,
        };
        self.calls.lock().unwrap().push(call.clone());
        let mood = self.mood(&begin);
        match mood {
            Some(Mood::Page) => return page(),
            Some(Mood::TooMany(seconds)) => return too_many(seconds),
            Some(Mood::TokenEnds) => {
                let mut tokens = self.tokens.lock().unwrap();
                tokens.ended = tokens.given;
            }
            _ => {}
        }
        let answer = self.answer(&call);
        match mood {
            Some(Mood::DoesAndHangs) => std::future::pending().await,
            Some(Mood::DoesAndResets) => {
                breaks.notify_one();
                std::future::pending().await
            }
            Some(Mood::DoesAndFails) => json_answer(500, &json!({"erreur": "interne"})),
            Some(Mood::DoesAndBreaksOff) => broken_off(&answer),
            Some(Mood::DoesLate(late)) => {
                tokio::time::sleep(late).await;
                json_answer(answer.0, &answer.1)
            }
            _ => json_answer(answer.0, &answer.1),
        }
    }

    fn mood(&self, begin: &str) -> Option<Mood> {
        let mut moods = self.moods.lock().unwrap();
        match moods.iter().position(|(it, _)| begin.starts_with(it)) {
            Some(place) => moods.remove(place).map(|(_, mood)| mood),
            None if self.moody.load(Ordering::SeqCst) => any_mood(),
            None => None,
        }
    }

    /// What the CRM does and answers, whether or not the answer arrives.
    fn answer(&self, call: &CrmCall) -> (u16, Value) {
        let url = url::Url::parse(&format!("http://crm{}", call.path)).unwrap();
        let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
        let parts: Vec<&str> = url.path().split('/').skip(1).collect();
        if (call.method.as_str(), parts.as_slice()) == ("POST", &["jeton"]) {
            let mut tokens = self.tokens.lock().unwrap();
            tokens.given += 1;
            let token = format!("jeton-{}", tokens.given);
            return (
                200,
                json!({
                    "access_token": token, "token_type": "Bearer",
                    "expires_in": tokens.hold.unwrap_or(3600),
                }),
            );
        }
        if !self.is_let_in(&call.headers) {
            return (401, json!({"erreur": "jeton"}));
        }
        let mut demandes = self.demandes.lock().unwrap();
        match (call.method.as_str(), parts.as_slice()) {
            ("POST", ["demandes"]) => {
                let id = format!("C-{}", demandes.len() + 1);
                demandes.push(InCrm {
                    id: id.clone(),
                    body: serde_json::from_slice(&call.body).unwrap(),
                    photos: Vec::new(),
                    statut: "Transférée".into(),
                    resultat: None,
                    changed_at: Utc::now(),
                });
                (201, json!({"id": id}))
            }
            ("GET", ["demandes"]) => (200, list(&demandes, &query)),
            (method, ["demandes", id, rest @ ..]) => {
                let Some(demande) = demandes.iter_mut().find(|it| it.id == *id) else {
                    return (404, json!({"erreur": "inconnue"}));
                };
                match (method, rest) {
                    ("GET", []) => (200, show(demande)),
                    ("POST", ["fichiers"]) => {
                        let name = query["nom"].clone();
                        demande.photos.push((name, call.body.to_vec()));
                        (201, json!({}))
                    }
                    _ => (405, json!({})),
                }
            }
            _ => (404, json!({})),
        }
    }

    fn is_let_in(&self, headers: &HeaderMap) -> bool {
        let token = headers.get(header::AUTHORIZATION);
        let token = token.and_then(|it| it.to_str().ok()?.strip_prefix("Bearer jeton-"));
        let number = token.and_then(|it| it.parse::<u32>().ok());
        let tokens = self.tokens.lock().unwrap();
        number.is_some_and(|it| it > tokens.ended && it <= tokens.given)
    }
}

/// Usually none.
fn any_mood() -> Option<Mood> {
    match rand::rng().random_range(0..40) {
        0 => Some(Mood::DoesAndResets),
        1 => Some(Mood::DoesAndFails),
        2 => Some(Mood::DoesAndBreaksOff),
        3 => Some(Mood::Page),
        4 => Some(Mood::TooMany(1)),
        5 => Some(Mood::TokenEnds),
        _ => None,
    }
}

fn show(demande: &InCrm) -> Value {
    json!({
        "id": demande.id,
        "reference": demande.body["reference"],
        "statut": demande.statut,
        "resultat": demande.resultat,
        "modifiee_le": demande.changed_at.to_rfc3339_opts(SecondsFormat::Millis, true),
    })
}

fn list(demandes: &[InCrm], query: &HashMap<String, String>) -> Value {
    let since = query
        .get("depuis")
        .map(|it| it.parse::<DateTime<Utc>>().unwrap());
    let wanted = |it: &&InCrm| {
        query
            .get("reference")
            .is_none_or(|reference| it.body["reference"] == **reference)
            && since.is_none_or(|since| it.changed_at >= since)
    };
    let mut found: Vec<&InCrm> = demandes.iter().filter(wanted).collect();
    found.sort_by_key(|it| it.changed_at);
    let number = |name: &str| query.get(name).map(|it| it.parse::<usize>().unwrap());
    let (page, size) = (number("page").unwrap_or(1), number("par").unwrap_or(2));
    let page = found.iter().skip((page - 1) * size).take(size);
    json!({"demandes": page.map(|it| show(it)).collect::<Vec<_>>()})
}

fn json_answer(status: u16, body: &Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(body.to_string()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    let kind = "application/json".parse().unwrap();
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

fn page() -> Response<Body> {
    let mut answer = Response::new(Body::from("<!doctype html><title>Connexion</title>"));
    let kind = "text/html; charset=utf-8".parse().unwrap();
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

fn too_many(seconds: u32) -> Response<Body> {
    let mut answer = json_answer(429, &json!({"erreur": "trop de requêtes"}));
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, seconds.into());
    answer
}

/// Promises the whole body, sends half of it, and ends.
fn broken_off((status, body): &(u16, Value)) -> Response<Body> {
    let whole = Bytes::from(body.to_string());
    let length = whole.len();
    let half = stream::once(async move { Ok(whole.slice(..length / 2)) });
    let end = stream::once(async {
        // Lets the half leave first.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("broken off"))
    });
    let mut answer = json_answer(*status, body);
    *answer.body_mut() = Body::from_stream(half.chain(end));
    answer
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length.into());
    answer
}
