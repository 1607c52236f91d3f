//! NUL, which PostgreSQL cannot store in a text: wherever it is received, both databases store the same.

use passerelle::domain::ports::DuplicateGuard;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Builder, signalement_with};
use crate::postgres::Backend;
use crate::remote_crm::RemoteCrm;

const CONTEXTE: &str =
    "{% if 'note' in signalement.autres %}{{ signalement.autres.note }}{% endif %}";

fn noted(number: u32, note: &str) -> Value {
    signalement_with(number, &json!({"note": note, "cl\0ef": ["\0"]}))
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_demande_shows_it_as_a_character_that_can_be_stored(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(false, true)] remote: bool,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let builder = builder.file("rules/modeles/contexte.txt", CONTEXTE);
    let builder = if remote {
        builder.crm(RemoteCrm::new(DuplicateGuard::LookUp))
    } else {
        builder
    };
    let daemon = builder.start().await;
    let uid = daemon.created(&noted(1, "a\0b")).await;
    let path = format!("/api/v1/demandes/{uid}");
    assert_eq!(
        daemon.get(&path, "crm").await.json()["contexte"],
        "a\u{fffd}b"
    );
    assert_eq!(daemon.post(&noted(1, "a\0b")).await.status, 200);
    assert_eq!(daemon.post(&noted(1, "a b")).await.status, 409);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_fails_with_it_leaves_a_signalement_behind(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values("signalement.autres.note", r#""a\x00b""#)] thrown: &str,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = builder.start().await;
    // The shipped rules' cases do not have a note, so it fails only for this signalement.
    let shipped = daemon.read("rules/gestionnaire.rhai");
    let begin = "fn affecter(signalement, residence, qualification) {";
    let script = shipped.replace(
        begin,
        &format!("{begin}\n    if \"note\" in signalement.autres {{ throw {thrown}; }}\n"),
    );
    assert_ne!(script, shipped);
    let edited = daemon.edit("rules/gestionnaire.rhai", &script).await;
    assert_eq!(edited["derniere_tentative"]["acceptee"], true, "{edited}");
    assert_eq!(daemon.post(&noted(1, "a\0b")).await.status, 500);
    let lien = noted(1, "")["lien_sowell"].clone();
    let kept = daemon
        .state
        .store
        .list_signalements(None, 10)
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].lien_sowell, lien);
    let motif = kept[0].motif.as_ref().unwrap().to_string();
    assert!(motif.contains("a\u{fffd}b"), "{motif}");
}
