//! Managers that only a remote CRM knows are asked for before a demande is decided.

use std::sync::Arc;

use chrono::TimeDelta;
use passerelle::adapters::submission::stored_signalement;
use passerelle::domain::ports::DuplicateGuard;
use passerelle::flows::managers::{ManagerCache, Managers};
use serde_json::json;

use super::{etat, is_later, with};
use crate::harness::{MovedClock, signalement_with, until};
use crate::remote_crm::{Goes, RemoteCrm};

#[tokio::test(flavor = "multi_thread")]
async fn managers_that_only_the_crm_knows_are_asked_for_and_remembered() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.knows_managers = true);
    crm.manages(Goes::Away);
    let daemon = with(&crm).await;
    let of = |number, residence| {
        signalement_with(number, &json!({"residence": residence, "bien": null}))
    };
    // Nothing can be decided without them, so nothing is kept.
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
    // Those of the export count more.
    let exported = daemon.post(&of(3, "MZ-01")).await.json();
    assert_eq!(exported["gestionnaire_concerne"]["identifiant"], "TEC-1");
    assert_eq!(crm.count("managers"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_known_before_serve_while_the_crm_is_away() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.knows_managers = true);
    let daemon = with(&crm).await;
    let clock = Arc::new(MovedClock::new());
    let managers = Managers {
        clock: clock.clone(),
        known: ManagerCache::default(),
        crm: crm.clone(),
        in_force: daemon.state.inbound.creations.in_force.clone(),
        watch: daemon.state.inbound.creations.watch.clone(),
    };
    let body = signalement_with(
        1,
        &json!({"residence": "SANS", "bien": null, "photos": null}),
    );
    let signalement = stored_signalement(&body.to_string(), 0).unwrap();
    let complete = || managers.complete(daemon.state.reload.generation(), &signalement);
    let first = complete().await.unwrap();
    let residence = first.referentiel.residence("SANS").unwrap();
    assert_eq!(residence.gestionnaires.len(), 2);
    complete().await.unwrap();
    assert_eq!(crm.count("managers"), 1);
    clock.pass(TimeDelta::hours(1));
    crm.manages(Goes::Away);
    let stale = complete().await.unwrap();
    assert_eq!(
        stale
            .referentiel
            .residence("SANS")
            .unwrap()
            .gestionnaires
            .len(),
        2
    );
    assert_eq!(crm.count("managers"), 2);
    complete().await.unwrap();
    complete().await.unwrap();
    assert_eq!(crm.count("managers"), 3);
}
