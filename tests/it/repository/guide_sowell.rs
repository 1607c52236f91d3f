//! The examples in the guide for SoWell's developers match reality.

use serde_json::Value;

use crate::harness::{Builder, FakeSowell, signalement};

/// The content of the block with this name.
fn block(name: &str) -> String {
    let guide = std::fs::read_to_string("docs/guide-sowell.md").unwrap();
    let (_, block) = guide.split_once(&format!(" {name}\n")).unwrap();
    block.split_once("\n```").unwrap().0.to_owned()
}

/// A value shortened in the same places as in the guide.
fn shortened(value: &Value, shown: &Value) -> Value {
    match (value, shown) {
        (Value::String(_), Value::String(it)) if it == "…" => shown.clone(),
        (Value::Object(all), Value::Object(shown)) => all
            .iter()
            .map(|(key, it)| {
                let shown = shown.get(key).unwrap_or(&Value::Null);
                (key.clone(), shortened(it, shown))
            })
            .collect(),
        _ => value.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_directions_are_as_the_guide_shows_them() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let mut request: Value = serde_json::from_str(&block("requete")).unwrap();
    for code in ["qualification", "residence"] {
        // Those of the tests' own landlord.
        request[code] = signalement(1)[code].clone();
    }
    let answer = daemon.post(&request).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let shown: Value = serde_json::from_str(&block("reponse")).unwrap();
    assert_eq!(shortened(&answer.json(), &shown), shown);
    let again = daemon.post(&request).await;
    assert_eq!((again.status, again.json()), (200, answer.json()));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));

    let uid = answer.json()["uid"].as_str().unwrap().to_owned();
    let call = block("appel").replace("{uid}", &uid);
    let (head, body) = call.split_once("\n\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let event = serde_json::json!({
        "statut": body["statut_crm"], "date": body["date"], "commentaire": body["commentaire"],
    });
    assert_eq!(daemon.statut(&uid, &event).await.status, 202);
    let received = sowell.wait_for(1).await.remove(0);
    assert_eq!(received.body, body);
    assert_eq!(
        head.lines().next().unwrap(),
        format!("{} {}", received.method, received.path)
    );
    assert!(received.authorization.starts_with("Bearer ") && !received.key.is_empty());
}
