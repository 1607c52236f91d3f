//! What SoWell is not sent: ignored statuses, and those of other channels.

use rstest::rstest;
use serde_json::json;

use super::{start, start_on, statuts};
use crate::harness::{Builder, FakeSowell, signalement};
use crate::postgres::Backend;

#[tokio::test(flavor = "multi_thread")]
async fn a_status_not_meant_for_sowell_is_answered_200() {
    let sowell = FakeSowell::start().await;
    let table = std::fs::read_to_string("rules/statuts.yaml").unwrap();
    let table = table.replace("ignorer: []", "ignorer: [En relecture]");
    let daemon = Builder::new()
        .file("rules/statuts.yaml", &table)
        .sowell(&sowell)
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    for (uid, event) in [
        (uid.as_str(), json!({"statut": "En relecture"})),
        (
            uid.as_str(),
            json!({"statut": "Ouverte", "canal": "Téléphone"}),
        ),
        ("absent", json!({"statut": "Ouverte", "canal": "Téléphone"})),
    ] {
        let answer = daemon.statut(uid, &event).await;
        assert_eq!(answer.status, 200, "{event}");
        assert!(answer.json()["motif"].is_string());
    }
    assert_eq!(
        daemon
            .statut("absent", &json!({"statut": "Ouverte"}))
            .await
            .status,
        404
    );
    // One that must be sent comes last, by which time a wrong one would have been sent.
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    assert_eq!(sowell.wait_for(1).await.len(), 1);
    assert_eq!(sowell.delivered(), ["En cours de traitement"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn renaming_a_channel_loses_nothing() {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    let table = daemon.read("rules/statuts.yaml");
    let renamed = table.replace("canal: SoWell", "canal: Appli");
    daemon.edit("rules/statuts.yaml", &renamed).await;
    for (statut, canal, status) in [
        ("CRC en cours", None, 202),
        ("Vivest en cours", Some("SoWell"), 202),
        ("Ouverte", Some("Appli"), 202),
        ("Transférée", Some("Téléphone"), 200),
    ] {
        let event = json!({"statut": statut, "canal": canal});
        assert_eq!(daemon.statut(&uid, &event).await.status, status, "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_another_channel_is_no_repeat() {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    let elsewhere = json!({"statut": "Vivest en cours", "canal": "Téléphone"});
    assert_eq!(daemon.statut(&uid, &elsewhere).await.status, 200);
    let ours = json!({"statut": "Vivest en cours", "canal": ""});
    assert_eq!(daemon.statut(&uid, &ours).await.status, 202);
    let again = json!({"statut": "Vivest en cours", "canal": "SoWell"});
    assert_eq!(daemon.statut(&uid, &again).await.status, 200);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_record_follows_the_crm_back_from_another_channel(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    for (event, status, statut) in [
        (json!({"statut": "Ouverte"}), 202, "Ouverte"),
        (
            json!({"statut": "CRC en cours", "canal": "Téléphone"}),
            200,
            "CRC en cours",
        ),
        (json!({"statut": "Ouverte"}), 200, "Ouverte"),
        (json!({"statut": "Ouverte"}), 200, "Ouverte"),
    ] {
        let answer = daemon.statut(&uid, &event).await;
        assert_eq!(answer.status, status, "{event}");
        let demande = daemon
            .get(&format!("/api/v1/demandes/{uid}"), "crm")
            .await
            .json();
        assert_eq!(demande["statut"], statut, "{event}");
    }
    sowell.wait_for(1).await;
    assert_eq!(sowell.delivered(), ["En attente"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_held_status_that_turns_out_to_be_of_another_channel_is_held_no_more(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    let held = json!({"statut": "En expertise", "evenement": "E1"});
    assert_eq!(daemon.statut(&uid, &held).await.status, 422);
    let mended = json!({"statut": "En expertise", "evenement": "E1", "canal": "Téléphone"});
    for said in ["canal", "déjà"] {
        let answer = daemon.statut(&uid, &mended).await;
        assert_eq!(answer.status, 200);
        let motif = answer.json()["motif"].as_str().unwrap().to_owned();
        assert!(motif.contains(said), "{motif}");
    }
    let statuts = statuts(&daemon, &uid).await;
    assert_eq!(statuts.as_array().unwrap().len(), 1);
    assert!(statuts[0]["livraison"].is_null());
}
