//! What all endpoints have in common: tokens, limits, problems, probes and the API's page.

mod connections;
mod heads;
mod openapi;
mod problems;

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::browser::Browser;
use crate::harness::{Builder, PNG, signalement, signalement_with, token, until};

#[rstest]
#[case("POST", "/api/v1/signalements", &["sowell"])]
#[case("GET", "/api/v1/signalements/x", &["sowell", "crm", "admin"])]
#[case("GET", "/api/v1/demandes/x", &["crm", "admin"])]
#[case("GET", "/api/v1/demandes/x/fichiers/y", &["crm", "admin"])]
#[case("POST", "/api/v1/demandes/x/statut", &["crm", "admin"])]
#[case("GET", "/api/v1/admin/regles", &["admin"])]
#[case("POST", "/api/v1/admin/regles/recharger", &["admin"])]
#[tokio::test(flavor = "multi_thread")]
async fn each_client_has_its_rights(
    #[case] method: &str,
    #[case] path: &str,
    #[case] allowed: &[&str],
) {
    let daemon = Builder::new().start().await;
    for client in ["sowell", "crm", "admin"] {
        let request = daemon
            .request(method, path, client)
            .json(&json!({"statut": "x"}));
        let status = daemon.send(request).await.status;
        if allowed.contains(&client) {
            assert!(!matches!(status, 401 | 403), "{client}: {status}");
        } else {
            assert_eq!(status, 403, "{client}");
        }
    }
    for request in [
        daemon.request(method, path, ""),
        daemon.request(method, path, "").bearer_auth("wrong"),
        daemon
            .request(method, path, "")
            .header("authorization", "Basic eDp5"),
    ] {
        let answer = daemon.send(request.json(&json!({}))).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(answer.json()["status"], 401);
    }
    // With two different tokens, there is no way to know which is meant; the same one twice counts once.
    for (second, refused) in [("wrong", true), (token(allowed[0]).as_str(), false)] {
        let twice = daemon.request(method, path, allowed[0]).bearer_auth(second);
        let answer = daemon.send(twice.json(&json!({"statut": "x"}))).await;
        let about_it = answer.status == 400 && answer.json()["detail"] == TWICE;
        assert_eq!(about_it, refused, "{}", answer.status);
    }
}

const TWICE: &str = "Authorization est donné plusieurs fois, avec des valeurs différentes";

#[rstest]
#[case::not_json("{", Some("application/json"), 400)]
#[case::array("[]", Some("application/json"), 400)]
#[case::text("\"x\"", Some("application/json"), 400)]
#[case::empty("", Some("application/json"), 400)]
#[case::not_utf8("\u{0}", Some("application/json"), 400)]
#[case::form("{}", Some("application/x-www-form-urlencoded"), 415)]
#[case::no_type("{}", None, 415)]
#[case::object("{}", Some("application/json"), 422)]
#[case::twice("{\"auteur\":\"a\",\"auteur\":\"b\"}", Some("application/json"), 422)]
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_signalement_is_refused(
    #[case] body: &'static str,
    #[case] content_type: Option<&str>,
    #[case] status: u16,
) {
    let daemon = Builder::new().start().await;
    let mut request = daemon
        .request("POST", "/api/v1/signalements", "sowell")
        .body(body);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let answer = daemon.send(request).await;
    assert_eq!(answer.status, status);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    for key in ["type", "title", "detail"] {
        assert!(answer.json()[key].is_string(), "{key}");
    }
}

#[rstest]
#[case::signalement("/api/v1/signalements", "sowell")]
#[case::statut("/api/v1/demandes/absent/statut", "crm")]
#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_is_415(#[case] path: &str, #[case] client: &str) {
    let daemon = Builder::new().start().await;
    let send = async |coding: &'static str| {
        let request = daemon.request("POST", path, client).json(&json!({}));
        daemon
            .send(request.header("content-encoding", coding))
            .await
    };
    for coding in ["gzip", "BR", "identity, gzip"] {
        let answer = send(coding).await;
        assert_eq!(answer.status, 415, "{coding}");
        assert_eq!(answer.header("accept-encoding"), Some("identity"));
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("retirez Content-Encoding"), "{detail}");
    }
    assert_eq!(send("Identity").await.status, 422);
}

#[rstest]
#[case::signalement("/api/v1/signalements", "crm")]
#[case::signalement_of_an_admin("/api/v1/signalements", "admin")]
#[case::statut("/api/v1/demandes/absent/statut", "sowell")]
#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_the_right_learns_nothing_about_its_body(
    #[case] path: &str,
    #[case] client: &str,
) {
    let daemon = Builder::new().set("LIMITS__BODY", "1 KiB").start().await;
    let send = async |name: &str, value: &str, body: String| {
        let request = daemon.request("POST", path, client).header(name, value);
        daemon.send(request.body(body)).await.status
    };
    let body = || "{".to_owned();
    assert_eq!(send("content-type", "text/plain", body()).await, 403);
    assert_eq!(send("content-encoding", "gzip", body()).await, 403);
    assert_eq!(send("content-type", "application/json", body()).await, 403);
    let long = "x".repeat(4 * 1024);
    assert_eq!(send("content-type", "application/json", long).await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_of_a_status_is_limited() {
    let builder = Builder::new().set(
        "CRM__WEBHOOK_SECRET",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    );
    let daemon = builder.start().await;
    let event = json!({"statut": "CRC en cours", "more": "x".repeat(2 * 1024 * 1024)});
    // It is not known yet whether the signature is valid.
    let request = daemon.request("POST", "/api/v1/demandes/DEM-1/statut", "");
    let request = request.header("webhook-signature", "v1,x").json(&event);
    assert_eq!(daemon.send(request).await.status, 413);
}

#[rstest]
#[case::body("LIMITS__BODY", "1 KiB", json!({"description": "x".repeat(2_000)}), "")]
#[case::photo("LIMITS__PHOTO", "60 B", json!({}), "/photos/0")]
#[case::photos("LIMITS__PHOTOS", "1", json!({}), "/photos")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_413(
    #[case] limit: &str,
    #[case] value: &str,
    #[case] change: Value,
    #[case] pointer: &str,
) {
    let daemon = Builder::new().set(limit, value).start().await;
    let answer = daemon.post(&signalement_with(1, &change)).await;
    assert_eq!(answer.status, 413);
    if !pointer.is_empty() {
        assert_eq!(answer.pointers()[0], pointer);
    }
}

#[rstest]
#[case::longest(&[255], 201)]
#[case::empty(&[0], 400)]
#[case::too_long(&[256], 400)]
#[case::two(&[8, 9], 400)]
#[case::twice_the_same(&[8, 8], 400)]
#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_has_at_most_255_characters(
    #[case] lengths: &[usize],
    #[case] status: u16,
) {
    let daemon = Builder::new().start().await;
    let mut request = daemon.request("POST", "/api/v1/signalements", "sowell");
    for length in lengths {
        request = request.header("idempotency-key", "k".repeat(*length));
    }
    let answer = daemon.send(request.json(&signalement(1))).await;
    assert_eq!(answer.status, status);
    if status == 400 {
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("Idempotency-Key"), "{detail}");
    }
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let key = &document["paths"]["/api/v1/signalements"]["post"]["parameters"][0];
    assert_eq!(key["name"], "Idempotency-Key");
    assert_eq!(key["schema"]["maxLength"], 255);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_too_many_pixels_is_422() {
    let daemon = Builder::new().set("LIMITS__PIXELS", "1").start().await;
    let mut picture = base64_simd::STANDARD.decode_to_vec(PNG).unwrap();
    // The last byte of the width, in the header.
    picture[19] = 2;
    let picture = base64_simd::STANDARD.encode_to_string(picture);
    let answer = daemon
        .post(&signalement_with(1, &json!({"photos": [picture]})))
        .await;
    assert_eq!(
        (answer.status, answer.pointers()),
        (422, vec!["/photos/0".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_over_its_rate_is_told_when_to_retry() {
    let daemon = Builder::new().set("LIMITS__RATE", "3/h").start().await;
    for number in 0..3 {
        assert_eq!(daemon.post(&signalement(number)).await.status, 201);
    }
    let answer = daemon.post(&signalement(9)).await;
    assert_eq!(answer.status, 429);
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=1_201).contains(&seconds), "{seconds}");
    // Another client has its own rate.
    assert_eq!(
        daemon.get("/api/v1/admin/regles", "admin").await.status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_a_problem_too() {
    let daemon = Builder::new().start().await;
    for (method, path, client, status) in [
        ("GET", "/nothing", "", 404),
        ("DELETE", "/api/v1/signalements", "sowell", 405),
        ("GET", "/api/v1/signalements/absent", "sowell", 404),
        ("GET", "/api/v1/demandes/absent", "crm", 404),
        (
            "GET",
            "/api/v1/demandes/absent/fichiers/photo-1.png",
            "crm",
            404,
        ),
    ] {
        let answer = daemon.send(daemon.request(method, path, client)).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_and_metrics_need_no_token() {
    let daemon = Builder::new().start().await;
    daemon.created(&signalement(1)).await;
    assert_eq!(daemon.get("/healthz", "").await.status, 200);
    let ready = daemon.get("/readyz", "").await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["ready"], true);
    assert_eq!(
        ready.json()["regles"]["derniere_tentative"]["acceptee"],
        true
    );
    let metrics = daemon.get("/metrics", "").await;
    let text = String::from_utf8(metrics.bytes).unwrap();
    assert!(
        text.contains("passerelle_signalements_total{outcome=\"created\"}"),
        "{text}"
    );
    for kind in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let help = format!("# HELP {} ", kind.split(' ').next().unwrap());
        assert!(text.contains(&help), "{kind}: {text}");
    }
    assert!(!text.contains("zoe@"), "no personal data");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_api_comes_from_the_binary() {
    let daemon = Builder::new().start().await;
    let page = daemon.get("/docs/", "").await;
    assert_eq!(page.status, 200);
    let html = String::from_utf8(page.bytes).unwrap();
    assert!(html.contains("swagger-ui"), "{html}");
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "nothing from elsewhere"
    );
    for asset in [
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-initializer.js",
    ] {
        let answer = daemon.get(&format!("/docs/{asset}"), "").await;
        assert_eq!(answer.status, 200, "{asset}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_api_asks_nobody_else() {
    let daemon = Builder::new().start().await;
    let page = daemon.get("/docs/", "").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("http"), "{policy}");
    let script = daemon.get("/docs/swagger-initializer.js", "").await;
    let script = String::from_utf8(script.bytes).unwrap();
    assert!(script.contains(r#""validatorUrl": "none""#), "{script}");
    // It is displayed under its security policy.
    if let Some(browser) = Browser::open().await {
        browser.load(&format!("{}/docs/", daemon.url())).await;
        until("it is shown", || async {
            let names = browser.texts(".opblock-summary-path").await;
            let found = names.iter().any(|it| it.contains("signalements"));
            found.then_some(())
        })
        .await;
        browser.close("api-page.png").await;
    }
}

#[rstest]
#[case::no_token("wrong", "application/json", 6, 401)]
#[case::no_right("token-of-crm-in-the-tests", "application/json", 6, 403)]
#[case::not_json("token-of-sowell-in-the-tests", "text/plain", 6, 415)]
#[case::too_large("token-of-sowell-in-the-tests", "application/json", 12, 413)]
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_still_sending_gets_its_refusal(
    #[case] token: &str,
    #[case] content_type: &str,
    #[case] mebibytes: usize,
    #[case] status: u16,
) {
    let daemon = Builder::new().set("LIMITS__BODY", "8 MiB").start().await;
    let request = daemon
        .request("POST", "/api/v1/signalements", "")
        .bearer_auth(token);
    let request = request.header("content-type", content_type);
    let answer = daemon
        .send(request.body(vec![b' '; mebibytes * 1024 * 1024]))
        .await;
    assert_eq!(answer.status, status);
    assert_eq!(answer.json()["erreurs"], json!([]));
}

#[rstest]
#[case::asks_first("Expect: 100-continue\r\n", "sowell", 0, "413")]
#[case::is_silent("", "sowell", 0, "413")]
#[case::is_silent_and_unknown("", "nobody", 0, "401")]
#[case::sends_all_before_it_listens("", "sowell", 12, "413")]
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_announced_too_large_is_refused_at_once(
    #[case] header: &str,
    #[case] client: &str,
    #[case] sent_mebibytes: usize,
    #[case] status: &str,
) {
    let daemon = Builder::new().set("LIMITS__BODY", "8 MiB").start().await;
    let head = format!(
        "POST /api/v1/signalements HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\n{header}Content-Length: {}\r\n\r\n",
        token(client),
        12 * 1024 * 1024
    );
    let mut stream = TcpStream::connect(daemon.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let body = vec![b' '; sent_mebibytes * 1024 * 1024];
    stream.write_all(&body).await.unwrap();
    let mut answer = [0; 12];
    // Less than the daemon's timeout for a body of which nothing arrives.
    let answered = tokio::time::timeout(Duration::from_secs(10), stream.read_exact(&mut answer));
    answered.await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert_eq!(answer, format!("HTTP/1.1 {status}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_text_is_not_found() {
    let daemon = Builder::new().start().await;
    let answer = daemon.get("/api/v1/signalements/%ff", "sowell").await;
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_answer_is_described_and_every_call_has_its_name() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let mut names = Vec::new();
    for path in document["paths"].as_object().unwrap().values() {
        for operation in path.as_object().unwrap().values() {
            names.push(operation["operationId"].as_str().unwrap());
            for (status, answer) in operation["responses"].as_object().unwrap() {
                assert!(answer["description"].is_string(), "{status} of {operation}");
            }
        }
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
