//! Listing and retrying what failed: dead letters, and signalements that were refused.

use passerelle::domain::livraison::Destination;
use serde_json::json;

use super::{lines, on};
use crate::harness::{Builder, FakeSowell, signalement_with, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_listed_and_sent_again() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let uid = daemon.created(&crate::harness::signalement(1)).await;
    sowell.next(422, vec![]);
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    let dead = until("it is listed as dead", || async {
        let output = on(
            &daemon,
            &["deliveries", "list", "--state", "morte", "--format", "json"],
        );
        lines(&output).pop()
    })
    .await;
    assert_eq!(dead["uid"], uid);
    assert_eq!(dead["last_error"], "answered 422");
    let table = on(&daemon, &["deliveries", "list"]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("LAST ERROR"));
    let id = dead["id"].as_str().unwrap();
    let retried = on(&daemon, &["deliveries", "retry", id]);
    assert!(retried.status.success(), "{retried:?}");
    sowell.wait_for(2).await;
    assert_eq!(sowell.delivered(), ["En cours de traitement"]);
    // Options that only apply to all deliveries are not silently ignored for one.
    for more in [["--destination", "sowell"], ["--wait", "1s"]] {
        let output = on(&daemon, &["deliveries", "retry", id, more[0], more[1]]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    let unknown = on(&daemon, &["deliveries", "retry", "absent"]);
    assert_eq!(unknown.status.code(), Some(1));
    let shown = on(&daemon, &["deliveries", "show", id]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("CRC en cours"), "{shown}");
    assert!(shown.contains("answered 422"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_dead_letters_wait_for_the_first_to_arrive() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    for number in 1..=3 {
        let uid = daemon.created(&crate::harness::signalement(number)).await;
        sowell.next(422, vec![]);
        let statut = json!({"statut": "CRC en cours"});
        assert_eq!(daemon.statut(&uid, &statut).await.status, 202);
    }
    let dead = || {
        let arguments = ["deliveries", "list", "--state", "morte", "--format", "json"];
        lines(&on(&daemon, &arguments)).len()
    };
    until("all are dead", || async { (dead() == 3).then_some(()) }).await;

    let retry_all = ["deliveries", "retry", "--all", "--destination", "sowell"];
    for _ in 0..3 {
        sowell.next(422, vec![]);
    }
    let output = on(&daemon, &retry_all);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(sowell.calls().len(), 6, "each was tried alone, and once");
    assert_eq!(dead(), 3);

    // One that is refused itself does not affect the others.
    sowell.next(422, vec![]);
    let output = on(&daemon, &retry_all);
    assert!(output.status.success(), "{output:?}");
    until("all arrive", || async {
        (sowell.delivered().len() == 3).then_some(())
    })
    .await;
    let none = on(&daemon, &retry_all);
    assert!(String::from_utf8_lossy(&none.stdout).contains("no dead letter"));
    let mixed = on(&daemon, &["deliveries", "retry", "--all", "an-id"]);
    assert_eq!(mixed.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_signalement_is_listed_and_decided_again_with_its_photos() {
    let daemon = Builder::new().start().await;
    let body = signalement_with(1, &json!({"residence": "NEUVE", "bien": null, "gps": 1}));
    assert_eq!(daemon.post(&body).await.status, 422);
    let listed = lines(&on(&daemon, &["signalements", "list", "--format", "json"]));
    assert_eq!(listed[0]["etat"], "echec");
    assert!(listed[0]["motif"].as_str().unwrap().contains("NEUVE"));
    let page = on(&daemon, &["signalements", "list", "--limit", "1"]);
    assert!(String::from_utf8_lossy(&page.stderr).contains("--limit N shows more"));
    let still = on(&daemon, &["signalements", "retry", "--all"]);
    assert_eq!(still.status.code(), Some(1));

    let residences = daemon.read("referentiel/residences.csv");
    daemon
        .edit(
            "referentiel/residences.csv",
            &format!("{residences}NEUVE;Neuve;x\n"),
        )
        .await;
    let managers = daemon.read("referentiel/gestionnaires.csv");
    let managers = format!("{managers}NEUVE;responsable_secteur;RS-N;N;n@x.fr\n");
    daemon
        .edit("referentiel/gestionnaires.csv", &managers)
        .await;
    let retried = on(
        &daemon,
        &["signalements", "retry", listed[0]["id"].as_str().unwrap()],
    );
    assert!(retried.status.success(), "{retried:?}");
    // SoWell repeats the refused request, and gets the creation's answer.
    let answer = daemon.post(&body).await;
    assert_eq!(
        (answer.status, answer.header("idempotent-replayed")),
        (200, Some("true"))
    );
    let uid = answer.json()["uid"].as_str().unwrap().to_owned();
    assert!(answer.json()["avertissements"].to_string().contains("gps"));
    let demande = daemon
        .get(&format!("/api/v1/demandes/{uid}"), "crm")
        .await
        .json();
    assert_eq!(demande["fichiers"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_to_a_paused_destination_says_so() {
    let sowell = FakeSowell::start().await;
    let builder = Builder::new().sowell(&sowell);
    let builder = builder.set("DELIVERY__FIRST_RETRY", "1h");
    let daemon = builder.set("DELIVERY__MAX_RETRY", "1h").start().await;
    let statut = json!({"statut": "CRC en cours"});
    for (number, status) in [(1, 422), (2, 401)] {
        let uid = daemon.created(&crate::harness::signalement(number)).await;
        sowell.next(status, vec![]);
        assert_eq!(daemon.statut(&uid, &statut).await.status, 202);
        let count = usize::try_from(number).unwrap();
        sowell.wait_for(count).await;
    }
    until("it is left alone", || async {
        let pause = daemon.state.store.pause(Destination::Sowell);
        pause.await.unwrap()
    })
    .await;
    let retry_all = ["deliveries", "retry", "--all", "--wait", "100ms"];
    for arguments in [retry_all.as_slice(), &["deliveries", "list"]] {
        let output = on(&daemon, arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("answered 401"), "{told}");
        assert!(told.contains("until 20"), "{told}");
        assert!(!told.contains("is the daemon running"), "{told}");
    }
}
