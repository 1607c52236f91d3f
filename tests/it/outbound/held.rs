//! A status that the rules do not know keeps its place until an edit adds it.

use std::sync::Arc;

use chrono::TimeDelta;
use passerelle::domain::livraison::Destination;
use passerelle::flows::outbound::{Looked, Outbound};
use passerelle::rules::compile::Generation;
use rstest::rstest;
use serde_json::{Value, json};

use super::{start, start_on, statuts};
use crate::cli::on;
use crate::harness::{Builder, Daemon, FakeSowell, MovedClock, signalement, until};
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

/// In the end, SoWell receives what the CRM sent last, whatever the table did not know meanwhile.
#[rstest]
#[case::closed_again(&["Clôturée", "Vivest en cours", "Clôturée"], &[422, 202, 422], "Clôturée")]
#[case::back(&["Vivest en cours", "En expertise", "Vivest en cours"], &[202, 422, 200], "Vivest en cours")]
#[case::back_and_forth(
    &["Vivest en cours", "En expertise", "Vivest en cours", "En expertise"],
    &[202, 422, 200, 422],
    "En expertise"
)]
#[case::twice(&["Vivest en cours", "En expertise", "En expertise"], &[202, 422, 422], "En expertise")]
#[tokio::test(flavor = "multi_thread")]
async fn the_last_status_of_the_crm_is_the_last_that_sowell_gets(
    #[case] told: &[&str],
    #[case] answers: &[u16],
    #[case] last: &str,
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    for (statut, status) in told.iter().zip(answers) {
        let resultat = (*statut == "Clôturée").then_some("Sans suite");
        let event = json!({"statut": statut, "resultat": resultat});
        let answer = daemon.statut(&uid, &event).await;
        assert_eq!(answer.status, *status, "{statut}");
        if *status == 200 {
            assert!(answer.json()["livraison"].is_null());
        }
    }
    let table = daemon.read("rules/statuts.yaml");
    let table = table.replace(TAUGHT.0, TAUGHT.1).replace(
        "Rejeté: Rejeté",
        "Rejeté: Rejeté\n      Sans suite: Abandonné",
    );
    daemon.edit("rules/statuts.yaml", &table).await;
    until("nothing is held, and nothing waits", || async {
        let held = daemon.state.store.held_events(0, 10).await.unwrap();
        let counts = daemon.state.store.count_livraisons().await.unwrap();
        let waits = counts
            .iter()
            .any(|it| it.destination == Destination::Sowell && it.count > 0);
        (held.is_empty() && !waits).then_some(())
    })
    .await;
    assert_eq!(sowell.calls().last().unwrap().body["statut_crm"], last);
    let demande = daemon
        .get(&format!("/api/v1/demandes/{uid}"), "crm")
        .await
        .json();
    assert_eq!(demande["statut"], last);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_e_mail_about_a_status_follows_a_later_one() {
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

const TAUGHT: (&str, &str) = (
    "Ouverte: En attente",
    "Ouverte: En attente\n  En expertise: Chez l'expert",
);

#[tokio::test(flavor = "multi_thread")]
async fn many_held_statuses_are_all_sent_once_the_rules_know_them() {
    const MANY: usize = 230;
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    for number in 0..MANY {
        let event = json!({"statut": "En expertise", "evenement": number.to_string()});
        assert_eq!(daemon.statut(&uid, &event).await.status, 422);
    }
    let table = daemon.read("rules/statuts.yaml");
    let table = table.replace(TAUGHT.0, TAUGHT.1);
    daemon.edit("rules/statuts.yaml", &table).await;
    assert_eq!(sowell.wait_for(MANY).await.len(), MANY);
}

/// What a daemon with these rules would do with the held statuses.
async fn look(daemon: &Daemon, rules: &Arc<Generation>, looked: &mut Looked) -> Value {
    let outbound = &daemon.state.outbound;
    let another = Outbound {
        store: outbound.store.clone(),
        clock: Arc::new(MovedClock::ahead(TimeDelta::hours(1))),
        rules: Arc::new(rules.clone()),
        read_stored: outbound.read_stored,
        outbox: outbound.outbox.clone(),
        managers: outbound.managers.clone(),
    };
    another.release_held(looked).await.unwrap();
    let held = daemon.state.store.held_events(0, 10).await.unwrap();
    json!(
        held.iter()
            .map(|it| it.event.statut.clone())
            .collect::<Vec<_>>()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_of_the_rules_decides_a_held_status_once() {
    let (sowell, other) = (FakeSowell::start().await, FakeSowell::start().await);
    let (daemon, uid) = start(&sowell).await;
    let ignorant = daemon.state.reload.generation();
    let (teacher, _) = start(&other).await;
    let table = teacher.read("rules/statuts.yaml");
    let table = table.replace(TAUGHT.0, TAUGHT.1);
    teacher.edit("rules/statuts.yaml", &table).await;
    let learnt = teacher.state.reload.generation();
    // With the version name of the other rules, it shows whether the held statuses are decided at all.
    let mut disguised = Generation::clone(&learnt);
    disguised.version.clone_from(&ignorant.version);

    let held = json!({"statut": "En expertise"});
    assert_eq!(daemon.statut(&uid, &held).await.status, 422);
    let mut looked = Looked::default();
    let held = json!(["En expertise"]);
    assert_eq!(look(&daemon, &ignorant, &mut looked).await, held);
    let disguised = Arc::new(disguised);
    assert_eq!(look(&daemon, &disguised, &mut looked).await, held);
    assert_eq!(look(&daemon, &learnt, &mut looked).await, json!([]));
    assert_eq!(
        statuts(&daemon, &uid).await[0]["statut_sowell"],
        "Chez l'expert"
    );
}

#[rstest]
#[case::given_by_the_crm(true)]
#[case::given_by_the_table(false)]
#[tokio::test(flavor = "multi_thread")]
async fn a_closure_without_its_result_is_shown_as_such_until_either_remedy(
    #[case] by_the_crm: bool,
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    const CAUSE: &str = "le CRM n'a pas donné le résultat, dont dépend ce que SoWell affiche";
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    let closed = daemon.statut(&uid, &json!({"statut": "Clôturée"})).await;
    assert_eq!(closed.status, 422);
    let page = text_of(&daemon.console().await);
    assert!(
        page.contains(&format!("{CAUSE} : « Clôturée » (1).")),
        "{page}"
    );
    assert!(!page.contains("n'a pas de ligne pour eux"), "{page}");
    let explain = || {
        let told = on(&daemon, &["explain", "--uid", &uid]);
        async { String::from_utf8(told.stdout).unwrap() }
    };
    let told = explain().await;
    assert!(
        told.contains(&format!("→ à sa réception, {CAUSE}")),
        "{told}"
    );

    if by_the_crm {
        let event = json!({"statut": "Clôturée", "resultat": "Traité"});
        assert_eq!(daemon.statut(&uid, &event).await.status, 202);
    } else {
        let table = daemon.read("rules/statuts.yaml");
        let (before, rest) = table.split_once("  Clôturée:").unwrap();
        let (_, after) = rest.split_once("Rejeté: Rejeté").unwrap();
        let table = format!("{before}  Clôturée: Traité{after}");
        daemon.edit("rules/statuts.yaml", &table).await;
    }
    assert_eq!(sowell.wait_for(1).await[0].body["statut"], "Traité");
    let page = daemon.console().await;
    assert!(!page.contains(CAUSE), "{page}");
    let told = explain().await;
    assert!(!told.contains(CAUSE), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closure_with_an_unknown_result_lacks_a_line() {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    let event = json!({"statut": "Clôturée", "resultat": "Sans suite"});
    assert_eq!(daemon.statut(&uid, &event).await.status, 422);
    let page = text_of(&daemon.console().await);
    let words = "n'a pas de ligne pour eux, ou pour leur résultat : « Clôturée » (1).";
    assert!(page.contains(words), "{page}");
    let told = on(&daemon, &["explain", "--uid", &uid]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(
        told.contains(
            "→ à sa réception, statuts.yaml ne traduisait pas ce statut, ou son résultat"
        ),
        "{told}"
    );
}

/// A page without the marks around words of unknown direction.
fn text_of(page: &str) -> String {
    page.replace("<bdi>", "").replace("</bdi>", "")
}
