//! A status that the rules do not know keeps its place until an edit teaches it.

use passerelle::domain::livraison::Destination;
use rstest::rstest;
use serde_json::{Value, json};

use super::{start, start_on, statuts};
use crate::harness::{Builder, FakeSowell, signalement, until};
use crate::postgres::Backend;

#[rstest]
#[case(json!({"statut": "En expertise", "evenement": "E1"}), "/statut")]
#[case(json!({"statut": "En expertise"}), "/statut")]
#[case(json!({"statut": "Clôturée", "resultat": "Sans suite"}), "/resultat")]
#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_the_rules_do_not_know_is_sent_once_they_do(
    #[case] event: Value,
    #[case] pointer: &str,
) {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    for _ in 0..2 {
        let answer = daemon.statut(&uid, &event).await;
        assert_eq!(
            (answer.status, answer.pointers()),
            (422, vec![pointer.to_owned()])
        );
    }
    assert_eq!(statuts(&daemon, &uid).await.as_array().unwrap().len(), 1);
    let table = daemon
        .read("rules/statuts.yaml")
        .replace(
            "Ouverte: En attente",
            "Ouverte: En attente\n  En expertise: Chez l'expert",
        )
        .replace(
            "Rejeté: Rejeté",
            "Rejeté: Rejeté\n      Sans suite: Abandonné",
        );
    daemon.edit("rules/statuts.yaml", &table).await;
    let calls = sowell.wait_for(1).await;
    assert!(["Chez l'expert", "Abandonné"].contains(&calls[0].body["statut"].as_str().unwrap()));
    assert_eq!(daemon.statut(&uid, &event).await.status, 200);
    let demande = daemon
        .get(&format!("/api/v1/demandes/{uid}"), "crm")
        .await
        .json();
    assert_eq!(demande["statut"], event["statut"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_held_status_that_was_overtaken_stays_behind(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    assert_eq!(
        daemon
            .statut(&uid, &json!({"statut": "En expertise"}))
            .await
            .status,
        422
    );
    assert_eq!(
        daemon
            .statut(&uid, &json!({"statut": "CRC en cours"}))
            .await
            .status,
        202
    );
    until("the later one went out", || async {
        (statuts(&daemon, &uid).await[1]["livraison"] == "livree").then_some(())
    })
    .await;
    let table = daemon.read("rules/statuts.yaml").replace(
        "Ouverte: En attente",
        "Ouverte: En attente\n  En expertise: Chez l'expert",
    );
    daemon.edit("rules/statuts.yaml", &table).await;
    until("the held one is known", || async {
        (statuts(&daemon, &uid).await[0]["statut_sowell"] == "Chez l'expert").then_some(())
    })
    .await;
    assert_eq!(statuts(&daemon, &uid).await[0]["livraison"], "depassee");
    assert_eq!(sowell.delivered(), ["En cours de traitement"]);
    let demande = daemon
        .get(&format!("/api/v1/demandes/{uid}"), "crm")
        .await
        .json();
    assert_eq!(demande["statut"], "CRC en cours");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_of_a_status_after_what_came_later() {
    let script = "fn accuses(evenement) {
        if evenement.type != \"statut\" { return []; }
        [#{ a: \"zoe@locataire.example\", modele: \"note\" }]
    }";
    let daemon = Builder::new()
        .file("rules/accuses.rhai", script)
        .file(
            "rules/modeles/note.txt",
            "Objet: {{ evenement.statut }}\n\nBonjour\n",
        )
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    let held = json!({"statut": "En expertise"});
    assert_eq!(daemon.statut(&uid, &held).await.status, 422);
    let later = json!({"statut": "CRC en cours"});
    assert_eq!(daemon.statut(&uid, &later).await.status, 202);
    let table = daemon.read("rules/statuts.yaml").replace(
        "Ouverte: En attente",
        "Ouverte: En attente\n  En expertise: Chez l'expert",
    );
    daemon.edit("rules/statuts.yaml", &table).await;
    until("the held one is known", || async {
        (statuts(&daemon, &uid).await[0]["statut_sowell"] == "Chez l'expert").then_some(())
    })
    .await;
    let all = daemon.state.store.list_livraisons(None, 10).await.unwrap();
    let mails = all
        .iter()
        .filter(|it| it.destination == Destination::Courriel);
    assert_eq!(mails.count(), 1);
}
