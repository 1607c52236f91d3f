//! The same signalement again, and what makes it a different one.

use std::sync::Arc;

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Answer, Builder, signalement, signalement_with};
use crate::postgres::Backend;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_answered_byte_for_byte_whatever_its_key_order(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = builder.start().await;
    let first = daemon
        .post(&signalement_with(1, &json!({"gps": [1]})))
        .await;
    assert_eq!(first.header("idempotent-replayed"), None);
    let reversed: Vec<String> =
        signalement_with(1, &json!({"gps": [1], "transmettre_auteur": true}))
            .as_object()
            .unwrap()
            .iter()
            .rev()
            .map(|(key, value)| format!("{}  :\n{value}", Value::from(key.as_str())))
            .collect();
    let request = daemon
        .request("POST", "/api/v1/signalements", "sowell")
        .header("content-type", "application/json; charset=utf-8")
        .body(format!("{{{}}}", reversed.join(" , ")));
    let again = daemon.send(request).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.bytes, first.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_answered_after_the_limit_of_photos_was_lowered() {
    let file = "passerelle.yaml";
    let daemon = Builder::new().file(file, "").start().await;
    let first = daemon.post(&signalement(1)).await;
    assert_eq!(first.status, 201);
    let reglages = daemon.edit_settings("limits: {photos: 1}\n").await;
    assert_eq!(
        reglages["derniere_tentative"]["acceptee"], true,
        "{reglages}"
    );
    let again = daemon.post(&signalement(1)).await;
    assert_eq!((again.status, &again.bytes), (200, &first.bytes));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    // What was not created is refused, with all its faults.
    let unknown = daemon
        .post(&signalement_with(2, &json!({"residence": "NON"})))
        .await;
    assert_eq!(unknown.status, 413);
    let pointers = |answer: &Answer| {
        let faults = answer.json()["erreurs"].as_array().unwrap().clone();
        faults
            .iter()
            .map(|it| it["pointeur"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(pointers(&unknown), ["/photos", "/residence"]);
    // With other content, fewer photos would not help.
    let other = daemon
        .post(&signalement_with(1, &json!({"description": "autre"})))
        .await;
    assert_eq!(other.status, 409);
    let invalid = daemon
        .post(&signalement_with(1, &json!({"photos": ["?", "?"]})))
        .await;
    assert_eq!((invalid.status, pointers(&invalid).len()), (413, 1));
    let invalid = daemon
        .post(&signalement_with(1, &json!({"auteur": 1})))
        .await;
    assert_eq!(pointers(&invalid), ["/auteur", "/photos"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_differs_in_its_last_digit_is_other_content() {
    let daemon = Builder::new().start().await;
    let post = async |more: &str| {
        let text = signalement(1).to_string();
        let text = text.replacen('{', &format!("{{{more},"), 1);
        let request = daemon.request("POST", "/api/v1/signalements", "sowell");
        let request = request.header("content-type", "application/json");
        daemon.send(request.body(text)).await
    };
    let sent = r#""capteur":{"serie":12345678901234567890123,"gps":[48.10,2]}"#;
    assert_eq!(post(sent).await.status, 201);
    for same in [
        sent,
        r#""capteur":{"gps":[48.1,2],"serie":1.2345678901234567890123E22}"#,
    ] {
        let again = post(same).await;
        assert_eq!(
            (again.status, again.header("idempotent-replayed")),
            (200, Some("true"))
        );
    }
    let other = sent.replace("0123,", "0124,");
    assert_eq!(post(&other).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_may_hold_a_number_of_any_size() {
    let daemon = Builder::new().start().await;
    let post = async |number: u32, more: &str| {
        let text = signalement(number).to_string();
        let text = text.replacen('{', &format!("{{{more},"), 1);
        let request = daemon.request("POST", "/api/v1/signalements", "sowell");
        let request = request.header("content-type", "application/json");
        daemon.send(request.body(text)).await
    };
    let digits = "7".repeat(400);
    for (number, more) in [(1, "[1e400,-1e400]".to_owned()), (2, digits.clone())] {
        let first = post(number, &format!(r#""x":{more}"#)).await;
        assert_eq!(first.status, 201, "{more}");
        let again = post(number, &format!(r#""x":{more}"#)).await;
        assert_eq!((again.status, again.bytes), (200, first.bytes), "{more}");
    }
    let other = post(2, &format!(r#""x":{digits}7"#)).await;
    assert_eq!(other.status, 409);
    let wrong = post(3, r#""transmettre_auteur":1e400"#).await;
    assert_eq!(
        (wrong.status, wrong.pointers()),
        (422, vec!["/transmettre_auteur".to_owned()])
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_with_other_content_is_a_conflict(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = builder.start().await;
    let with_key = |body: Value, key: &'static str| {
        let request = daemon.request("POST", "/api/v1/signalements", "sowell");
        request.header("Idempotency-Key", key).json(&body)
    };
    let first = daemon.send(with_key(signalement(1), "K1")).await;
    assert_eq!(first.status, 201);
    let uid = first.json()["uid"].clone();

    let changed = signalement_with(1, &json!({"description": "autre"}));
    let by_link = daemon.post(&changed).await;
    assert_eq!((by_link.status, &by_link.json()["uid"]), (409, &uid));
    let detail = |answer: &Answer| answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail(&by_link).contains("ce signalement existe déjà"));
    let by_key = daemon.send(with_key(signalement(2), "K1")).await;
    assert_eq!((by_key.status, &by_key.json()["uid"]), (409, &uid));
    assert!(detail(&by_key).contains("pour un autre signalement"));
    assert_eq!(by_key.json()["id"], Value::Null, "its uid tells more");
    let repeat = daemon.send(with_key(signalement(1), "K1")).await;
    assert_eq!((repeat.status, &repeat.json()["uid"]), (200, &uid));
    let free = daemon.send(with_key(signalement(2), "K2")).await;
    assert_eq!(free.status, 201);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn only_a_creation_binds_its_key(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = builder
        .file("rules/transmission.yaml", "modes: [manager]\n")
        .start()
        .await;
    let with_key = |body: Value| {
        let request = daemon.request("POST", "/api/v1/signalements", "sowell");
        request.header("Idempotency-Key", "K").json(&body)
    };
    let refused = signalement_with(1, &json!({"residence": "NON", "bien": null}));
    assert_eq!(daemon.send(with_key(refused)).await.status, 422);
    let kept = daemon.send(with_key(signalement(1))).await;
    assert_eq!(kept.status, 200);
    assert_eq!(kept.json()["transmis"], false);
    assert!(kept.json()["uid"].is_null());
    assert!(kept.json()["motif"].is_string());
    let other = daemon.send(with_key(signalement(2))).await;
    assert_eq!(other.status, 200);
    // Decided again each time it arrives.
    let asked = signalement_with(1, &json!({"transmettre_manager": true}));
    let created = daemon.send(with_key(asked)).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.json()["id"], kept.json()["id"]);
    // Once created, it stays so, whatever the flags and rules say now.
    let again = daemon.send(with_key(signalement(1))).await;
    assert_eq!((again.status, again.bytes), (200, created.bytes));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_the_same_moment_make_one_demande(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = Arc::new(builder.start().await);
    let posts = (0..20).map(|_| {
        let daemon = Arc::clone(&daemon);
        tokio::spawn(async move { daemon.post(&signalement(1)).await })
    });
    let mut statuses = Vec::new();
    let mut bodies = Vec::new();
    for post in posts {
        let answer = post.await.unwrap();
        statuses.push(answer.status);
        bodies.push(answer.bytes);
    }
    statuses.sort_unstable();
    assert_eq!(statuses[..19], [200; 19]);
    assert_eq!(statuses[19], 201);
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = builder.start().await;
    let first = daemon.post(&signalement(1)).await;
    let uid = first.json()["uid"].as_str().unwrap().to_owned();
    let (folder, environment) = daemon.stop().await;
    let daemon = Builder::again(&folder, environment).start().await;
    let again = daemon.post(&signalement(1)).await;
    assert_eq!((again.status, again.bytes), (200, first.bytes));
    let demande = daemon
        .get(&format!("/api/v1/demandes/{uid}"), "crm")
        .await
        .json();
    let photo = daemon
        .get(demande["fichiers"][1]["url"].as_str().unwrap(), "crm")
        .await;
    assert_eq!(photo.status, 200);
}
