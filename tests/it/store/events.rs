//! Status changes, told by a CRM or read of it: each counts once, in the order of acceptance.

use chrono::TimeDelta;
use passerelle::domain::demande::Uid;
use passerelle::domain::ports::{EventRecorded, NewEvent, Store};
use passerelle::domain::statut::EventIssue;

use super::{at, event, place, record};

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

/// What was read counts only where nothing was told of the demande since.
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
