//! What a client learns about its mistakes: what is wrong, where, and what to do.

use chrono::Utc;
use passerelle::adapters::partner;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Answer, Builder, Daemon, signalement, signalement_with};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().unwrap().to_owned()
}

async fn signed(daemon: &Daemon, at: i64, body: &str, sent: &str) -> Answer {
    let headers = partner::sign(SECRET, "msg_1", at, body.as_bytes()).unwrap();
    let mut request = daemon.request("POST", "/api/v1/demandes/absent/statut", "");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.header("content-type", "application/json");
    daemon.send(request.body(sent.to_owned())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_is_refused_says_why() {
    let daemon = Builder::new().set("CRM__WEBHOOK_SECRET", SECRET);
    let daemon = daemon.start().await;
    let (now, body) = (Utc::now().timestamp(), r#"{"statut":"CRC en cours"}"#);
    assert_eq!(signed(&daemon, now, body, body).await.status, 404);
    let old = signed(&daemon, now - 1_000, body, body).await;
    assert_eq!(old.status, 401);
    assert!(
        detail(&old).contains("webhook-timestamp"),
        "{}",
        detail(&old)
    );
    let other = signed(&daemon, now, body, "{}").await;
    assert_eq!(other.status, 401);
    assert!(
        detail(&other).contains("crm.webhook_secret"),
        "{}",
        detail(&other)
    );
    let request = daemon.request("POST", "/api/v1/demandes/absent/statut", "");
    let request = request.header("webhook-signature", "v1,x");
    let bare = daemon.send(request.json(&json!({}))).await;
    assert!(detail(&bare).contains("webhook-id"), "{}", detail(&bare));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_nobody_can_check_says_so() {
    let daemon = Builder::new().start().await;
    let (now, body) = (Utc::now().timestamp(), "{}");
    let answer = signed(&daemon, now, body, body).await;
    assert_eq!(answer.status, 401);
    assert!(
        detail(&answer).contains("n'est pas réglé"),
        "{}",
        detail(&answer)
    );
}

#[rstest]
#[case::latin_1(b"{\"auteur\":\n \"Zo\xe9\"}".to_vec(), "UTF-8 : un caractère est dans un autre codage (ligne 2, colonne 5)")]
#[case::utf_16("{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect(), "il est en UTF-16")]
#[case::utf_16_with_a_mark("\u{feff}{}".encode_utf16().flat_map(u16::to_be_bytes).collect(), "il est en UTF-16")]
#[case::raw_line_break(b"{\"description\":\"un\ndeux\"}".to_vec(), "(ligne 1, colonne 19) : ")]
#[case::cut_off(b"{\"auteur\":".to_vec(), "n'est pas du JSON valide (ligne 1, colonne 10)")]
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_says_where(#[case] body: Vec<u8>, #[case] words: &str) {
    let daemon = Builder::new().start().await;
    let request = daemon.request("POST", "/api/v1/signalements", "sowell");
    let request = request.header("content-type", "application/json");
    let answer = daemon.send(request.body(body)).await;
    assert_eq!(answer.status, 400);
    assert!(detail(&answer).contains(words), "{}", detail(&answer));
}

#[rstest]
#[case::missing(json!({"auteur": null}), "auteur : champ obligatoire")]
#[case::photo(json!({"photos": ["?"]}), "photos/0 : ")]
#[case::named_by_its_words(json!({"residence": "XX-99"}), "résidence inconnue : « XX-99 »")]
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_stands_alone_names_its_field(#[case] change: Value, #[case] begin: &str) {
    let daemon = Builder::new().start().await;
    let answer = daemon.post(&signalement_with(1, &change)).await;
    assert_eq!(answer.status, 422);
    assert!(detail(&answer).starts_with(begin), "{}", detail(&answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bien_of_an_unknown_residence_is_not_at_fault() {
    let daemon = Builder::new().start().await;
    let change = json!({"residence": "XX-99", "bien": "MZ-01-ASC"});
    let answer = daemon.post(&signalement_with(1, &change)).await;
    assert_eq!(answer.pointers(), ["/residence"]);
    let change = json!({"residence": "MZ-02", "bien": "MZ-01-ASC"});
    let answer = daemon.post(&signalement_with(1, &change)).await;
    assert_eq!(answer.pointers(), ["/bien"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_names_what_differs_and_no_value() {
    let daemon = Builder::new().start().await;
    daemon
        .created(&signalement_with(1, &json!({"gps": [1]})))
        .await;
    let change = json!({"auteur": "Ada Lovelace", "gps": [2], "photos": []});
    let answer = daemon.post(&signalement_with(1, &change)).await;
    assert_eq!(answer.status, 409);
    assert!(
        detail(&answer).ends_with(" : auteur, photos, gps"),
        "{}",
        detail(&answer)
    );
    assert_eq!(answer.pointers(), ["/auteur", "/gps", "/photos"]);
    let text = String::from_utf8(answer.bytes).unwrap();
    assert!(!text.contains("Ada"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_key_is_not_reported_as_a_fault_of_the_body() {
    let daemon = Builder::new().start().await;
    let request = daemon.request("POST", "/api/v1/signalements", "sowell");
    let request = request.header("idempotency-key", "k".repeat(256));
    let answer = daemon.send(request.json(&signalement(1))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["type"], "urn:passerelle:cle-invalide");
}
