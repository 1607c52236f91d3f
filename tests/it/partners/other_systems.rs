//! Very different ticket systems, each connected with its files in `examples/` alone. The imitations answer as the
//! real ones' public documentation says.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use base64_simd::STANDARD;
use chrono::Utc;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::{Builder, FakeSowell, PNG, signalement, until};

/// A ticket, as this test sees it.
#[derive(Debug, Clone)]
struct Ticket {
    id: usize,
    asked: Value,
    reference: String,
    state: &'static str,
    photos: Vec<Vec<u8>>,
    at: i64,
}

/// What both imitations have in common.
#[derive(Default)]
struct Desk {
    url: String,
    tickets: Mutex<Vec<Ticket>>,
    uploads: Mutex<Vec<Vec<u8>>>,
    /// The next creation is carried out, and answered with a server error.
    fails_after: AtomicBool,
}

type Answers = fn(&Desk, &Call) -> (u16, Value);

struct Call {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn query(&self, name: &str) -> Option<String> {
        let pairs = url::form_urlencoded::parse(self.uri.query().unwrap_or("").as_bytes());
        let mut pairs = pairs.into_owned();
        pairs.find(|(it, _)| it == name).map(|(_, value)| value)
    }
}

impl Desk {
    async fn start(answers: Answers) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let desk = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            ..Self::default()
        });
        let router = Router::new()
            .fallback(answer)
            .with_state((Arc::clone(&desk), answers));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        desk
    }

    fn create(
        &self,
        asked: Value,
        reference: &Value,
        state: &'static str,
        photos: Vec<Vec<u8>>,
    ) -> usize {
        let mut tickets = self.tickets.lock().unwrap();
        let id = 35_436 + tickets.len();
        tickets.push(Ticket {
            id,
            asked,
            reference: reference.as_str().unwrap().to_owned(),
            state,
            photos,
            at: Utc::now().timestamp(),
        });
        id
    }

    fn tickets(&self) -> Vec<Ticket> {
        self.tickets.lock().unwrap().clone()
    }

    /// Changes a ticket's state, as a person would.
    fn change(&self, state: &'static str) {
        let mut tickets = self.tickets.lock().unwrap();
        tickets[0].state = state;
        tickets[0].at = Utc::now().timestamp();
    }
}

async fn answer(
    State((desk, answers)): State<(Arc<Desk>, Answers)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let before = desk.tickets().len();
    let call = Call {
        method,
        uri,
        headers,
        body,
    };
    let (status, body) = answers(&desk, &call);
    if desk.tickets().len() > before && desk.fails_after.swap(false, Ordering::Relaxed) {
        return (StatusCode::BAD_GATEWAY, "Bad Gateway".to_owned());
    }
    (StatusCode::from_u16(status).unwrap(), body.to_string())
}

fn zendesk(desk: &Desk, call: &Call) -> (u16, Value) {
    let login = STANDARD.encode_to_string("agent@bailleur.example/token:s3cr3t");
    if call.headers["authorization"] != format!("Basic {login}") {
        return (401, json!({"error": "Couldn't authenticate you"}));
    }
    let show = |it: &Ticket| {
        json!({
            "id": it.id, "external_id": it.reference, "status": it.state, "tags": it.asked["tags"],
            "generated_timestamp": it.at,
            "custom_fields": [{"id": 360_000_000_006_u64, "value": (it.state == "solved").then_some("Traité")}],
        })
    };
    match (call.method.as_str(), call.uri.path()) {
        ("POST", "/uploads.json") => {
            assert_eq!(call.headers["content-type"], "image/png");
            let mut uploads = desk.uploads.lock().unwrap();
            uploads.push(call.body.to_vec());
            (
                201,
                json!({"upload": {"token": format!("jeton-{}", uploads.len() - 1)}}),
            )
        }
        ("POST", "/tickets.json") => {
            let asked = call.json()["ticket"].take();
            let uploads = desk.uploads.lock().unwrap();
            let tokens = asked["comment"]["uploads"].as_array().unwrap();
            let number = |it: &Value| it.as_str().unwrap()["jeton-".len()..].parse::<usize>();
            let photos = tokens.iter().map(|it| uploads[number(it).unwrap()].clone());
            let photos = photos.collect();
            let id = desk.create(asked.clone(), &asked["external_id"], "new", photos);
            (201, json!({"ticket": {"id": id, "status": "new"}}))
        }
        ("GET", "/tickets.json") => {
            let reference = call.query("external_id").unwrap();
            let found = desk
                .tickets()
                .into_iter()
                .filter(|it| it.reference == reference);
            let found: Vec<_> = found.map(|it| show(&it)).collect();
            (
                200,
                json!({"tickets": found, "next_page": null, "count": found.len()}),
            )
        }
        ("GET", "/incremental/tickets/cursor.json") => {
            // One ticket per page: the cursor contains how many were shown, and since when.
            let cursor = call
                .query("cursor")
                .unwrap_or_else(|| format!("0-{}", call.query("start_time").unwrap()));
            let (shown, since) = cursor.split_once('-').unwrap();
            let (shown, since): (usize, i64) = (shown.parse().unwrap(), since.parse().unwrap());
            let mut found = desk.tickets();
            found.retain(|it| it.at >= since);
            let page: Vec<_> = found.iter().skip(shown).take(1).map(show).collect();
            let next = shown + page.len();
            (
                200,
                json!({
                    "tickets": page, "end_of_stream": next >= found.len(), "after_cursor": "x",
                    "after_url": format!("{}/incremental/tickets/cursor.json?cursor={next}-{since}", desk.url),
                }),
            )
        }
        _ => (404, json!({"error": "RecordNotFound"})),
    }
}

/// Answers 200 to everything.
fn znuny(desk: &Desk, call: &Call) -> (u16, Value) {
    let mut asked = call.json();
    let error = |code: &str| {
        (
            200,
            json!({"Error": {"ErrorCode": code, "ErrorMessage": "no"}}),
        )
    };
    if (&asked["UserLogin"], &asked["Password"]) != (&json!("passerelle"), &json!("s3cr3t")) {
        return error("Ticket.AuthFail");
    }
    let time = |at: i64| {
        let at = chrono::DateTime::from_timestamp(at, 0).unwrap();
        at.format("%Y-%m-%d %H:%M:%S").to_string()
    };
    let tickets = desk.tickets();
    match call.uri.path() {
        "/TicketSearch" => {
            let reference = asked["DynamicField_SoWellReference"]["Equals"].as_str();
            let since = asked["TicketLastChangeTimeNewerDate"].as_str();
            let found = tickets.iter().filter(|it| {
                reference.is_none_or(|wanted| it.reference == wanted)
                    && since.is_none_or(|since| *time(it.at) >= *since)
            });
            let found: Vec<_> = found.map(|it| it.id.to_string()).collect();
            if found.is_empty() {
                return (200, json!({}));
            }
            (200, json!({"TicketID": found}))
        }
        "/TicketGet" => {
            // One number, or a list of them.
            let wanted = match asked["TicketID"].take() {
                Value::Array(all) => all,
                one => vec![one],
            };
            let found = tickets
                .iter()
                .filter(|it| wanted.contains(&json!(it.id.to_string())));
            let found = found.map(|it| {
                json!({"TicketID": it.id.to_string(), "State": it.state, "Changed": time(it.at)})
            });
            (200, json!({"Ticket": found.collect::<Vec<_>>()}))
        }
        "/Ticket" => {
            let fields = asked["DynamicField"].as_array().unwrap();
            let mut fields = fields.iter();
            let reference = fields.find(|it| it["Name"] == "SoWellReference").unwrap();
            let reference = reference["Value"].clone();
            let photos = asked["Attachment"].take();
            let photos = photos.as_array().unwrap().iter();
            let bytes = |it: &Value| STANDARD.decode_to_vec(it["Content"].as_str().unwrap());
            let photos = photos.map(|it| bytes(it).unwrap()).collect();
            let id = desk.create(asked, &reference, "new", photos);
            (
                200,
                json!({"TicketID": id.to_string(), "TicketNumber": "2026030110000017"}),
            )
        }
        _ => error("NoOperation"),
    }
}

#[rstest]
#[case::zendesk("zendesk", zendesk, &[("SECRETS__ZENDESK_COMPTE", "agent@bailleur.example"), ("SECRETS__ZENDESK_JETON", "s3cr3t")], "open", "solved")]
#[case::znuny("znuny", znuny, &[("SECRETS__ZNUNY_COMPTE", "passerelle"), ("SECRETS__ZNUNY_MOT_DE_PASSE", "s3cr3t")], "open", "closed successful")]
#[tokio::test(flavor = "multi_thread")]
async fn a_system_is_connected_by_files_alone(
    #[case] name: &str,
    #[case] answers: Answers,
    #[case] secrets: &[(&str, &str)],
    #[case] open: &'static str,
    #[case] closed: &'static str,
) {
    let (desk, sowell) = (Desk::start(answers).await, FakeSowell::start().await);
    let connector = format!("examples/connecteurs/{name}/connecteurs/crm.yaml");
    let connector = std::fs::read_to_string(connector).unwrap();
    // Shortened from a minute for the test.
    let connector = connector.replace("traitement_max: 1m", "traitement_max: 50ms");
    let mut builder = Builder::new();
    std::fs::create_dir_all(builder.folder().path().join("rules/connecteurs")).unwrap();
    builder = builder
        .file("rules/connecteurs/crm.yaml", &connector)
        .set("CRM__KIND", "rest")
        .set("CRM__BASE_URL", &desk.url)
        .set("CRM__POLL", "1s")
        .sowell(&sowell);
    for (name, secret) in secrets {
        builder = builder.set(name, secret);
    }
    let daemon = builder.start().await;

    // Created, and the answer is lost: once the doubt is settled, there is one ticket.
    desk.fails_after.store(true, Ordering::Relaxed);
    assert_eq!(daemon.post(&signalement(1)).await.status, 503);
    let answer = until("the doubt is settled", || async {
        let answer = daemon.post(&signalement(1)).await;
        (answer.status != 503).then_some(answer)
    })
    .await;
    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    assert_eq!(answer.json()["uid"], tickets[0].id.to_string());
    let photo = STANDARD.decode_to_vec(PNG).unwrap();
    assert_eq!(tickets[0].photos[0], photo);
    assert_eq!(tickets[0].photos.len(), 2);

    daemon.created(&signalement(2)).await;
    for (state, count) in [(open, 1), (closed, 2)] {
        desk.change(state);
        sowell.wait_for(count).await;
    }
    assert_eq!(sowell.delivered(), ["En cours de traitement", "Traité"]);
    assert_eq!(desk.tickets().len(), 2);
}
