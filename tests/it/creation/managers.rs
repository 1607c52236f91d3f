//! Managers that only a remote CRM knows are requested before a demande is decided.

use std::sync::Arc;

use passerelle::domain::ports::DuplicateGuard;
use serde_json::json;

use super::{etat, id_of, is_later, with};
use crate::harness::{Builder, Daemon, signalement_with, until};
use crate::remote_crm::{Goes, RemoteCrm};

#[tokio::test(flavor = "multi_thread")]
async fn managers_that_only_the_crm_knows_are_asked_for_and_remembered() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.knows_managers = true);
    crm.manages(Goes::Away);
    let daemon = with(&crm).await;
    let of = |number, residence| {
        signalement_with(number, &json!({"residence": residence, "bien": null}))
    };
    // Nothing can be decided without them, so nothing is stored.
    assert!(is_later(&daemon.post(&of(1, "SANS")).await));
    assert_eq!(etat(&daemon, 1).await, "none");
    let names_them = "Objet: x\n\n{{ residence.gestionnaires.technique.identifiant }}\n";
    let template = "rules/modeles/accuse-reception.txt";
    let edited = daemon.edit(template, names_them).await;
    assert_eq!(edited["derniere_tentative"]["acceptee"], true, "{edited}");
    for number in [1, 2] {
        let created = daemon.post(&of(number, "SANS")).await;
        assert_eq!(created.status, 201);
        let manager = &created.json()["gestionnaire_concerne"]["identifiant"];
        assert_eq!(manager, "technique-SANS");
    }
    assert_eq!(crm.count("managers"), 2);
    until("the e-mails know them, too", || async {
        let mails = daemon.courriels();
        let named = mails.iter().filter(|it| it.contains("technique-SANS"));
        (named.count() == 2).then_some(())
    })
    .await;
    // Those of the export take precedence.
    let exported = daemon.post(&of(3, "MZ-01")).await.json();
    assert_eq!(exported["gestionnaire_concerne"]["identifiant"], "TEC-1");
    assert_eq!(crm.count("managers"), 2);
}

/// A daemon without the managers that the CRM gave the previous one.
async fn restarted(daemon: Daemon, crm: &Arc<RemoteCrm>) -> Daemon {
    let (folder, environment) = daemon.stop().await;
    let builder = Builder::again(&folder, environment).crm(crm.clone());
    builder.start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_answered_without_the_crm_that_knows_the_managers() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.knows_managers = true);
    let builder = Builder::new().crm(crm.clone());
    let builder = builder.set("DELIVERY__FIRST_RETRY", "1h");
    let builder = builder.set("DELIVERY__MAX_RETRY", "1h");
    let daemon = builder.set("CRM__WHEN_UNAVAILABLE", "defer").start().await;
    let of = |number, description: &str| {
        signalement_with(
            number,
            &json!({"residence": "SANS", "bien": null, "description": description}),
        )
    };
    let created = daemon.post(&of(1, "une fuite")).await;
    assert_eq!(created.status, 201);
    crm.creates([Goes::Away]);
    assert_eq!(daemon.post(&of(2, "une fuite")).await.status, 202);
    let daemon = restarted(daemon, &crm).await;
    let asked = crm.count("managers");
    let again = daemon.post(&of(1, "une fuite")).await;
    assert_eq!((again.status, &again.bytes), (200, &created.bytes));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(daemon.post(&of(1, "deux fuites")).await.status, 409);
    // A deferred creation waits for the CRM; its repeat does not.
    assert_eq!(daemon.post(&of(2, "une fuite")).await.status, 202);
    assert_eq!(daemon.post(&of(2, "deux fuites")).await.status, 409);
    assert_eq!(crm.count("managers"), asked);
    // Only new signalements need them.
    crm.manages(Goes::Away);
    assert!(is_later(&daemon.post(&of(3, "une fuite")).await));
    assert_eq!(crm.count("managers"), asked + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_residence_that_the_crm_refuses_is_kept_until_it_is_corrected() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.knows_managers = true);
    let daemon = with(&crm).await;
    let body = signalement_with(1, &json!({"residence": "SANS", "bien": null}));
    for _ in 0..2 {
        crm.manages(Goes::Refused);
        let refused = daemon.post(&body).await;
        assert_eq!(refused.status, 502);
        let problem = refused.json();
        assert_eq!(problem["id"], id_of(1).as_str());
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("résidence « SANS »"), "{detail}");
    }
    let path = format!("/api/v1/signalements/{}", id_of(1).as_str());
    let kept = daemon.get(&path, "admin").await.json();
    assert_eq!(kept["etat"], "echec");
    let motif = kept["motif"].as_str().unwrap();
    assert!(motif.contains("ne donne pas les gestionnaires"), "{motif}");
    // It answered: nothing else waits for it.
    assert_eq!(daemon.get("/readyz", "").await.json()["crm"], "ok");
    assert_eq!(daemon.post(&body).await.status, 201);
}
