//! Status changes, sent by a CRM or polled: each counts once, in the order of acceptance.

use chrono::TimeDelta;
use passerelle::domain::demande::Uid;
use passerelle::domain::livraison::{Content, LivraisonEtat};
use passerelle::domain::ports::{EventRecorded, NewEvent, Release, Store};
use passerelle::domain::statut::EventIssue;

use super::{at, event, place, push, record};

pub(super) async fn told(store: &dyn Store) {
    store.record(record(400, Some("E"))).await.unwrap();
    let seen = EventRecorded::Seen(EventIssue::Accepte);
    let first = place(store, event("1", "E", "A", Some("x"))).await;
    let again = store.record_event(event("2", "E", "B", Some("x"))).await;
    assert_eq!(again.unwrap(), seen);
    let second = place(store, event("3", "E", "B", None)).await;
    let again = store.record_event(event("4", "E", "B", None)).await;
    assert_eq!(again.unwrap(), seen);
    let third = place(store, event("5", "E", "A", None)).await;
    assert!([first, second, third].is_sorted());
    let view = store.find_signalement("E").await.unwrap().unwrap();
    let statuts: Vec<&str> = view.statuts.iter().map(|it| it.statut.as_str()).collect();
    assert_eq!(statuts, ["A", "B", "A"]);
    let demande = store
        .find_demande(&Uid::new("E".into()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(demande.content.statut, "A");
}

/// A polled change counts only if nothing was sent about the demande since.
pub(super) async fn readings(store: &dyn Store) {
    store.record(record(401, Some("P"))).await.unwrap();
    let lease = TimeDelta::seconds(60);
    let claim = store.claim_poll(at(0), lease).await.unwrap().unwrap();
    place(store, event("r0", "E", "B", Some("other"))).await;
    let read = |id: &str, statut: &str, unless_after: i64| NewEvent {
        unless_after: Some(unless_after),
        ..event(id, "P", statut, Some(id))
    };
    let first = place(store, read("r1", "A", claim.newest_event)).await;
    let again = store
        .record_event(read("r1", "A", claim.newest_event))
        .await;
    assert_eq!(again.unwrap(), EventRecorded::Written(first));
    let late = store
        .record_event(read("r2", "B", claim.newest_event))
        .await;
    assert_eq!(late.unwrap(), EventRecorded::Overtaken);
    let second = place(store, read("r2", "B", first)).await;
    assert!(store.finish_poll(&claim, None).await.unwrap());
    let claim = store.claim_poll(at(1), lease).await.unwrap().unwrap();
    assert_eq!(claim.newest_event, second);
    store.finish_poll(&claim, None).await.unwrap();
    let view = store.find_signalement("P").await.unwrap().unwrap();
    let statuts: Vec<&str> = view.statuts.iter().map(|it| it.statut.as_str()).collect();
    assert_eq!(statuts, ["A", "B"]);
}

fn held(id: &str, uid: &str, statut: &str, evenement: Option<&str>) -> NewEvent {
    NewEvent {
        issue: EventIssue::Retenu,
        statut_sowell: None,
        ..event(id, uid, statut, evenement)
    }
}

fn on(canal: &str, of: NewEvent) -> NewEvent {
    let mut event = NewEvent {
        issue: EventIssue::Ignore,
        statut_sowell: None,
        push: None,
        ..of
    };
    event.event.canal = Some(canal.into());
    event
}

/// Each status of a demande, with the state of its delivery.
async fn told_of(store: &dyn Store, uid: &str) -> Vec<(String, Option<LivraisonEtat>)> {
    let view = store.find_signalement(uid).await.unwrap().unwrap();
    let statuts = view.statuts.into_iter();
    statuts.map(|it| (it.statut, it.livraison)).collect()
}

async fn statut_of(store: &dyn Store, uid: &str) -> String {
    let demande = store.find_demande(&Uid::new(uid.into())).await.unwrap();
    demande.unwrap().content.statut
}

/// Releases a held event that the table now knows.
async fn release(store: &dyn Store, id: &str, uid: &str) {
    let release = Release {
        id: format!("e-{id}"),
        uid: Uid::new(uid.into()),
        issue: EventIssue::Accepte,
        statut_sowell: Some("S".into()),
        motif: None,
        version: "v2".into(),
        trace: "{}".into(),
        push: match push(id, uid).content {
            Content::Statut(push) => Some(push),
            other => panic!("{other:?}"),
        },
        courriels: vec![push(&format!("mail-{id}"), uid)],
        at: at(1),
    };
    store.release_event(release).await.unwrap();
}

/// A held event is a repeat of the last one, and of nothing before it.
pub(super) async fn held_again(store: &dyn Store) {
    use LivraisonEtat::{EnAttente, Retenue};
    store.record(record(402, Some("H"))).await.unwrap();
    place(store, held("h1", "H", "X", None)).await;
    let again = store.record_event(held("h2", "H", "X", None)).await;
    assert_eq!(again.unwrap(), EventRecorded::Seen(EventIssue::Retenu));
    // An event of another channel does not count for this one.
    place(store, on("Téléphone", event("h3", "H", "X", None))).await;
    let again = store.record_event(held("h4", "H", "X", None)).await;
    assert_eq!(again.unwrap(), EventRecorded::Seen(EventIssue::Retenu));
    place(store, event("h5", "H", "A", None)).await;
    place(store, held("h6", "H", "X", None)).await;
    let statuts = [
        ("X", Some(Retenue)),
        ("X", None),
        ("A", Some(EnAttente)),
        ("X", Some(Retenue)),
    ];
    let statuts = statuts.map(|(statut, etat)| (statut.to_owned(), etat));
    assert_eq!(told_of(store, "H").await, statuts);
    // With a date, it is the same event, whatever came meanwhile.
    store.record(record(417, Some("H3"))).await.unwrap();
    let dated = |id: &str| {
        let mut it = held(id, "H3", "X", None);
        it.event.date = Some("2026-01-02T03:04:05Z".into());
        it
    };
    place(store, dated("d1")).await;
    place(store, event("d2", "H3", "A", None)).await;
    let again = store.record_event(dated("d3")).await;
    assert_eq!(again.unwrap(), EventRecorded::Seen(EventIssue::Retenu));
    // The table knew it when it came first.
    store.record(record(403, Some("H2"))).await.unwrap();
    place(store, event("f1", "H2", "A", None)).await;
    let again = store.record_event(held("f2", "H2", "A", None)).await;
    assert_eq!(again.unwrap(), EventRecorded::Seen(EventIssue::Accepte));
}

/// A status that the CRM comes back to is newer than those sent meanwhile.
pub(super) async fn told_anew(store: &dyn Store) {
    use LivraisonEtat::{Depassee, EnAttente, Retenue};
    let seen = EventRecorded::Seen(EventIssue::Accepte);
    store.record(record(404, Some("N"))).await.unwrap();
    place(store, held("n0", "N", "W", None)).await;
    place(store, event("n1", "N", "A", None)).await;
    place(store, held("n2", "N", "X", None)).await;
    let back = event("n3", "N", "A", None);
    assert_eq!(store.record_event(back.clone()).await.unwrap(), seen);
    // The second attempt of one whose answer was lost, and repeats, change nothing more.
    let ignored = EventRecorded::Seen(EventIssue::Ignore);
    assert_eq!(store.record_event(back).await.unwrap(), ignored);
    let again = store.record_event(event("n4", "N", "A", None)).await;
    assert_eq!(again.unwrap(), ignored);
    place(store, held("n5", "N", "X", None)).await;
    let before = store.list_livraisons(None, 1_000).await.unwrap().len();
    release(store, "n2", "N").await;
    assert_eq!(statut_of(store, "N").await, "A");
    let after = store.list_livraisons(None, 1_000).await.unwrap().len();
    assert_eq!(before, after, "nobody reads of it");
    release(store, "n5", "N").await;
    assert_eq!(statut_of(store, "N").await, "X");
    let statuts = [
        ("W", Some(Retenue)),
        ("A", Some(EnAttente)),
        ("X", Some(Depassee)),
        ("A", None),
        ("X", Some(EnAttente)),
    ];
    let statuts = statuts.map(|(statut, etat)| (statut.to_owned(), etat));
    assert_eq!(told_of(store, "N").await, statuts);

    // With a date or an id, it is the earlier event, sent once more.
    for (uid, number, date, evenement) in [
        ("N2", 405, Some("2026-03-01T00:00:00Z"), None),
        ("N3", 406, None, Some("E")),
    ] {
        store.record(record(number, Some(uid))).await.unwrap();
        let same = |id: &str| {
            let mut same = event(&format!("{id}-{uid}"), uid, "A", evenement);
            same.event.date = date.map(str::to_owned);
            same
        };
        place(store, same("1")).await;
        place(store, held(&format!("2-{uid}"), uid, "X", None)).await;
        assert_eq!(store.record_event(same("3")).await.unwrap(), seen);
        let told = told_of(store, uid).await;
        assert_eq!(told.last(), Some(&("X".to_owned(), Some(Retenue))));
    }
}

/// The demande follows the CRM's last event, whatever its channel.
pub(super) async fn channels(store: &dyn Store) {
    store.record(record(407, Some("C"))).await.unwrap();
    place(store, event("c1", "C", "A", None)).await;
    place(store, on("Téléphone", event("c2", "C", "B", None))).await;
    assert_eq!(statut_of(store, "C").await, "B");
    let back = store.record_event(event("c3", "C", "A", None)).await;
    assert_eq!(back.unwrap(), EventRecorded::Seen(EventIssue::Accepte));
    assert_eq!(statut_of(store, "C").await, "A");
    // Refused, and sent again with a different channel.
    place(store, held("c4", "C", "X", Some("E1"))).await;
    place(store, on("Téléphone", event("c5", "C", "X", Some("E1")))).await;
    let told = told_of(store, "C").await;
    assert_eq!(told.last(), Some(&("X".to_owned(), None)));
    assert!(!told.iter().any(|it| it.1 == Some(LivraisonEtat::Retenue)));
}
