//! The CRM changes a status, and SoWell is notified.

mod held;
mod not_for_sowell;
mod refused;
mod stalled;

use std::ops::Range;

use passerelle::domain::livraison::Destination;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Builder, Daemon, FakeSowell, signalement, until};
use crate::postgres::Backend;

async fn start(sowell: &FakeSowell) -> (Daemon, String) {
    start_on(Backend::Sqlite, sowell).await.unwrap()
}

async fn start_on(backend: Backend, sowell: &FakeSowell) -> Option<(Daemon, String)> {
    let daemon = Builder::on(backend).await?.sowell(sowell).start().await;
    let uid = daemon.created(&signalement(1)).await;
    Some((daemon, uid))
}

async fn statuts(daemon: &Daemon, uid: &str) -> Value {
    daemon
        .get(&format!("/api/v1/signalements/{uid}"), "crm")
        .await
        .json()["statuts"]
        .clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn sowell_receives_what_the_contract_says(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    let event = json!({"statut": "Vivest en cours", "date": "2026-03-01T08:00:00+01:00", "commentaire": "Technicien prévenu 🛠"});
    let answer = daemon.statut(&uid, &event).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["statut_sowell"], "En cours de traitement");
    let livraison = answer.json()["livraison"].as_str().unwrap().to_owned();

    let call = sowell.wait_for(1).await.remove(0);
    assert_eq!(
        (call.method.as_str(), call.path),
        ("PATCH", format!("/signalements/{uid}"))
    );
    assert_eq!(call.key, livraison);
    assert_eq!(call.authorization, "Bearer partner-token");
    assert_eq!(
        call.body,
        json!({
            "uid": uid, "statut": "En cours de traitement", "statut_crm": "Vivest en cours",
            "date": "2026-03-01T08:00:00+01:00", "commentaire": "Technicien prévenu 🛠",
            "lien_sowell": "https://manager.sowell.example/signalements/1",
        })
    );
    let delivered = until("it is noted", || async {
        let statuts = statuts(&daemon, &uid).await;
        (statuts[0]["livraison"] == "livree").then_some(statuts)
    })
    .await;
    assert_eq!(delivered[0]["statut"], "Vivest en cours");
    let demande = daemon
        .get(&format!("/api/v1/demandes/{uid}"), "crm")
        .await
        .json();
    assert_eq!(demande["statut"], "Vivest en cours");
}

#[rstest]
#[case("Ouverte", None, "En attente")]
#[case("CRC en attente retour", None, "En attente")]
#[case("Transférée", None, "En attente")]
#[case("Vivest en attente retour", None, "En attente")]
#[case("CRC en cours", None, "En cours de traitement")]
#[case("Vivest en cours", None, "En cours de traitement")]
#[case("Clôturée", Some("Traité"), "Traité")]
#[case("Clôturée", Some("Rejeté"), "Rejeté")]
#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_table_is_that_of_the_landlord(
    #[case] statut: &str,
    #[case] resultat: Option<&str>,
    #[case] wanted: &str,
) {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    let answer = daemon
        .statut(&uid, &json!({"statut": statut, "resultat": resultat}))
        .await;
    assert_eq!(
        (answer.status, answer.json()["statut_sowell"].as_str()),
        (202, Some(wanted))
    );
    assert_eq!(sowell.wait_for(1).await[0].body["statut"], wanted);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn statuses_arrive_once_and_in_the_order_of_acceptance_while_sowell_fails(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    for status in [500, 503, 429, 408] {
        sowell.next(status, vec![]);
    }
    let events = [
        json!({"statut": "Vivest en cours", "date": "2026-03-03T00:00:00Z"}),
        json!({"statut": "Vivest en attente retour", "date": "2026-03-01T00:00:00Z"}),
        json!({"statut": "Clôturée", "resultat": "Traité", "date": "2026-03-02T00:00:00Z"}),
    ];
    for event in &events {
        assert_eq!(daemon.statut(&uid, event).await.status, 202);
    }
    let calls = sowell.wait_for(7).await;
    assert_eq!(
        sowell.delivered(),
        ["En cours de traitement", "En attente", "Traité"]
    );
    let first: Vec<&str> = calls[..5].iter().map(|call| call.key.as_str()).collect();
    assert!(
        first.windows(2).all(|pair| pair[0] == pair[1]),
        "the same key at every attempt"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deliveries_survive_a_restart(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = builder.start().await;
    let uid = daemon.created(&signalement(1)).await;
    for statut in [
        "CRC en cours",
        "Vivest en attente retour",
        "Vivest en cours",
    ] {
        assert_eq!(
            daemon.statut(&uid, &json!({"statut": statut})).await.status,
            202
        );
    }
    let waiting = statuts(&daemon, &uid).await;
    assert_eq!(waiting[2]["livraison"], "en_attente");
    let (folder, environment) = daemon.stop().await;
    let sowell = FakeSowell::start().await;
    let _daemon = Builder::again(&folder, environment)
        .sowell(&sowell)
        .start()
        .await;
    let calls = sowell.wait_for(3).await;
    let order: Vec<&str> = calls
        .iter()
        .map(|it| it.body["statut_crm"].as_str().unwrap())
        .collect();
    assert_eq!(
        order,
        [
            "CRC en cours",
            "Vivest en attente retour",
            "Vivest en cours"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_status_is_a_dead_letter_that_blocks_nobody() {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    sowell.next(404, vec![]);
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    until("it is dead", || async {
        (statuts(&daemon, &uid).await[0]["livraison"] == "morte").then_some(())
    })
    .await;
    daemon
        .statut(&uid, &json!({"statut": "Clôturée", "resultat": "Rejeté"}))
        .await;
    until("it is overtaken", || async {
        (statuts(&daemon, &uid).await[0]["livraison"] == "depassee").then_some(())
    })
    .await;
    assert_eq!(sowell.delivered(), ["Rejeté"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    sowell.next(307, vec![("location", format!("{}/elsewhere", sowell.url))]);
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    until("it is dead", || async {
        (statuts(&daemon, &uid).await[0]["livraison"] == "morte").then_some(())
    })
    .await;
    assert_eq!(sowell.calls().len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_pauses_the_destination_and_is_tried_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    sowell.next(401, vec![]);
    sowell.next(403, vec![]);
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    daemon
        .statut(&uid, &json!({"statut": "Vivest en attente retour"}))
        .await;
    sowell.wait_for(4).await;
    assert_eq!(sowell.delivered(), ["En cours de traitement", "En attente"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_always_fails_holds_up_no_other_demande() {
    let sowell = FakeSowell::start().await;
    let (daemon, poisoned) = start(&sowell).await;
    sowell.always(&poisoned, 500);
    let statut = json!({"statut": "CRC en cours"});
    daemon.statut(&poisoned, &statut).await;
    sowell.wait_for(7).await;
    for number in 2..5 {
        let uid = daemon.created(&signalement(number)).await;
        assert_eq!(daemon.statut(&uid, &statut).await.status, 202);
    }
    until("the others arrive", || async {
        (sowell.delivered().len() == 3).then_some(())
    })
    .await;
    let store = &daemon.state.store;
    let pause = store.pause(Destination::Sowell).await.unwrap();
    assert_eq!(pause, None, "one demande is not the destination");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_has_one_date_for_everybody() {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    let sent = sowell.wait_for(1).await[0].body["date"].clone();
    let path = format!("/api/v1/signalements/{uid}");
    let view = daemon.get(&path, "sowell").await.json();
    assert_eq!(view["statuts"][0]["date"], sent);
    assert!(sent.as_str().unwrap().ends_with('Z'), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_comes_back_is_sent_again() {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    let same_second = "2026-03-01T00:00:00Z";
    for (statut, resultat) in [
        ("CRC en cours", None),
        ("Ouverte", None),
        ("CRC en cours", None),
        ("Clôturée", Some("Traité")),
        ("Ouverte", None),
        ("Clôturée", Some("Traité")),
    ] {
        let event = json!({"statut": statut, "resultat": resultat, "date": same_second});
        assert_eq!(daemon.statut(&uid, &event).await.status, 202);
    }
    sowell.wait_for(6).await;
    let words = ["En cours de traitement", "En attente"];
    assert_eq!(
        sowell.delivered(),
        [words[0], words[1], words[0], "Traité", words[1], "Traité"]
    );
}

/// If the comment decides, a different comment is a different status.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_different_comment_that_decides_is_no_repeat(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    let table = daemon.read("rules/statuts.yaml").replace(
        "Ouverte: En attente",
        "Ouverte: En attente\n  Visité:\n    selon: commentaire\n    valeurs: {RAS: Traité, à revoir: En cours}",
    );
    daemon.edit("rules/statuts.yaml", &table).await;
    for (event, status) in [
        (json!({"statut": "Visité", "commentaire": "RAS"}), 202),
        (json!({"statut": "Visité", "commentaire": "RAS"}), 200),
        (json!({"statut": "Visité", "commentaire": "à revoir"}), 202),
        (json!({"statut": "Visité", "commentaire": "ras"}), 422),
        (json!({"statut": "Visité"}), 422),
        (
            json!({"statut": "Visité", "commentaire": "ras", "evenement": "E"}),
            422,
        ),
        (
            json!({"statut": "Visité", "commentaire": "RAS", "evenement": "E"}),
            202,
        ),
        (json!({"statut": "Ouverte", "commentaire": "un"}), 202),
        (json!({"statut": "Ouverte", "commentaire": "deux"}), 200),
    ] {
        assert_eq!(daemon.statut(&uid, &event).await.status, status, "{event}");
    }
    sowell.wait_for(4).await;
    assert_eq!(
        sowell.delivered(),
        ["Traité", "En cours", "Traité", "En attente"]
    );
}

#[rstest]
#[case::seconds("3600", 3_500..3_601)]
#[case::too_many_seconds("999999999", 86_300..86_401)]
#[case::a_date_that_is_far("Wed, 21 Oct 2099 07:28:00 GMT", 86_300..86_401)]
#[case::a_date_that_is_past("Wed, 21 Oct 2015 07:28:00 GMT", 0..60)]
#[case::nonsense("soon", 0..60)]
#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_obeyed_for_a_day_at_most(
    #[case] asked: &str,
    #[case] seconds: Range<i64>,
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    for _ in 0..1_000 {
        sowell.next(503, vec![("retry-after", asked.to_owned())]);
    }
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    sowell.wait_for(1).await;
    let store = &daemon.state.store;
    let list = store.list_livraisons(None, 10).await.unwrap();
    let push = list.iter().find(|it| it.destination == Destination::Sowell);
    let id = push.unwrap().id.clone();
    // Counted from the attempt, which on a slow machine comes long after the status was accepted.
    let (due_at, tried_at) = until("the wait is noted", || async {
        let view = store.find_livraison(&id).await.unwrap().unwrap();
        Some((view.summary.due_at, view.attempts.last()?.at))
    })
    .await;
    let wait = (due_at - tried_at).num_seconds();
    assert!(seconds.contains(&wait), "{wait}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_taken_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    let numbered = json!({"statut": "CRC en cours", "evenement": "E1"});
    assert_eq!(daemon.statut(&uid, &numbered).await.status, 202);
    let again = daemon.statut(&uid, &numbered).await;
    assert_eq!(again.status, 200);
    assert!(again.json()["livraison"].is_null() && again.json()["motif"].is_string());
    // Without an id: the same as the last accepted status is a repeat, one that came back is not.
    let bare = |statut: &str| json!({"statut": statut, "date": "2026-03-01T00:00:00Z"});
    for (statut, status) in [
        ("Vivest en cours", 202),
        ("Vivest en cours", 200),
        ("Ouverte", 202),
        ("Vivest en cours", 202),
        ("Ouverte", 202),
    ] {
        assert_eq!(
            daemon.statut(&uid, &bare(statut)).await.status,
            status,
            "{statut}"
        );
    }
    sowell.wait_for(5).await;
    assert_eq!(
        sowell.delivered(),
        [
            "En cours de traitement",
            "En cours de traitement",
            "En attente",
            "En cours de traitement",
            "En attente",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_instant_in_another_form_is_a_repeat() {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    for (date, status) in [
        ("2026-03-01T10:00:00Z", 202),
        ("2026-03-01T11:00:00+01:00", 200),
        ("2026-03-01T11:00:01+0100", 202),
    ] {
        let event = json!({"statut": "CRC en cours", "date": date});
        assert_eq!(daemon.statut(&uid, &event).await.status, status, "{date}");
    }
}
