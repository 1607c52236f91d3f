//! Creations in a remote CRM, between *received* and *created*.

use chrono::TimeDelta;
use passerelle::domain::motif::Motif;
use passerelle::domain::ports::{
    CreationClaim, Recorded, Reserved, Settled, SettledCreation, Settlement, Store, Wait,
};
use passerelle::domain::signalement::{Etat, SignalementId};

use super::{at, record, reservation};

pub(super) async fn story(store: &dyn Store) {
    let lease = TimeDelta::seconds(60);
    let claim = reserved(store, 60, Some("K60")).await;
    assert!(store.any_in_doubt().await.unwrap());
    // Both keys are taken, for another creation and for any other outcome.
    for (number, key) in [(60, None), (61, Some("K60"))] {
        let again = store.reserve(reservation(number, key)).await.unwrap();
        let Reserved::Pending(owner) = again else {
            panic!("reserved twice")
        };
        assert_eq!((owner.id, owner.etat), (claim.id.clone(), Etat::Recu));
    }
    let other = store.record(record(60, None)).await.unwrap();
    assert!(matches!(other, Recorded::Pending(_)), "{other:?}");
    // It is not claimed before its lease ends and a look-up can tell.
    for now in [5, 15] {
        assert!(
            store
                .claim_creations(9, at(now).into(), lease)
                .await
                .unwrap()
                .is_empty()
        );
    }
    assert_eq!(store.next_creation(at(9).into()).await.unwrap(), None);
    assert_eq!(
        store.next_creation(at(15).into()).await.unwrap(),
        Some(at(20))
    );
    let found = store
        .claim_creations(9, at(20).into(), lease)
        .await
        .unwrap();
    let [pending] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!((pending.etat, pending.in_doubt), (Etat::Inconnu, true));
    assert_eq!(pending.request.demande, reservation(60, None).demande);
    assert_eq!(pending.request.fichiers.len(), 1);
    assert_eq!(pending.avertissements, ["é"]);
    // A worker that lost it has no say any more.
    assert!(!store.begin_call(&claim, at(30), false).await.unwrap());
    let late = store.settle(&claim, created(60, "U60-late")).await.unwrap();
    assert_eq!(late, Settled::Lost);
    assert!(
        store
            .begin_call(&pending.claim, at(30), false)
            .await
            .unwrap()
    );
    let wait = |due_at: Option<i64>| {
        Settlement::Waits(Wait {
            etat: Etat::Differe,
            motif: Motif::for_all("absent"),
            in_doubt: false,
            confirmed: false,
            due_at: due_at.map(at),
            known_at: None,
        })
    };
    let claim = &pending.claim;
    assert_eq!(
        store.settle(claim, wait(Some(40))).await.unwrap(),
        Settled::Done
    );
    assert!(!store.any_in_doubt().await.unwrap());
    assert_eq!(etat(store, 60).await, Some(Etat::Differe));
    let found = store
        .claim_creations(9, at(40).into(), lease)
        .await
        .unwrap();
    assert_eq!((found[0].attempts, found[0].in_doubt), (1, false));
    // A creation that waits for an operator is not claimed automatically.
    let claim = &found[0].claim;
    assert_eq!(
        store.settle(claim, wait(None)).await.unwrap(),
        Settled::Done
    );
    assert_eq!(store.next_creation(at(9_000).into()).await.unwrap(), None);
    assert!(
        store
            .claim_creations(9, at(9_000).into(), lease)
            .await
            .unwrap()
            .is_empty()
    );
    let counts = store.count_apart().await.unwrap();
    let stopped: Vec<_> = counts.iter().filter(|it| it.stopped).collect();
    assert_eq!(
        (stopped.len(), stopped[0].etat, stopped[0].count),
        (1, Etat::Differe, 1)
    );
    taken_by_hand(store, &claim.id).await;
    endings(store).await;
}

/// An operator takes up one that waits.
async fn taken_by_hand(store: &dyn Store, id: &SignalementId) {
    let lease = TimeDelta::seconds(60);
    let taken = store.claim_creation(id, at(50), lease).await.unwrap();
    let taken = taken.unwrap().claim;
    assert!(
        store
            .claim_creation(id, at(60), lease)
            .await
            .unwrap()
            .is_none()
    );
    let owner = store.settle(&taken, created(60, "U1")).await.unwrap();
    assert_eq!(
        owner,
        Settled::Taken {
            by: record(1, None).id
        }
    );
    let done = store.settle(&taken, created(60, "U60")).await.unwrap();
    assert_eq!(done, Settled::Done);
    assert_eq!(etat(store, 60).await, Some(Etat::Transmis));
    for (number, key) in [(60, None), (61, Some("K60"))] {
        let again = store.reserve(reservation(number, key)).await.unwrap();
        let Reserved::Bound(owner) = again else {
            panic!("reserved again")
        };
        assert_eq!(owner.uid, "U60");
    }
}

/// The ways in which a creation ends without a demande.
async fn endings(store: &dyn Store) {
    let withdrawn = || Settlement::Withdrawn {
        motif: Motif::for_all("absent"),
    };
    let no = Motif::for_all("non").and_for_staff(": à voir");
    let refused = || Settlement::Refused { motif: no.clone() };
    let claim = reserved(store, 62, None).await;
    store.settle(&claim, withdrawn()).await.unwrap();
    assert_eq!(etat(store, 62).await, None);
    let claim = reserved(store, 62, None).await;
    store.settle(&claim, refused()).await.unwrap();
    assert_eq!(etat(store, 62).await, Some(Etat::Echec));
    assert_eq!(motif(store, 62).await.as_ref(), Some(&no));
    // It was stored before this attempt, so it still is.
    let claim = reserved(store, 62, None).await;
    assert_eq!(motif(store, 62).await, None);
    store.settle(&claim, withdrawn()).await.unwrap();
    assert_eq!(etat(store, 62).await, Some(Etat::Echec));
    assert_eq!(motif(store, 62).await, Some(Motif::for_all("absent")));
    let claim = reserved(store, 62, None).await;
    store.settle(&claim, refused()).await.unwrap();
    let claim = reserved(store, 63, None).await;
    assert_eq!(store.doubt_interrupted(at(15)).await.unwrap(), 1);
    assert_eq!(etat(store, 63).await, Some(Etat::Inconnu));
    assert_eq!(
        store.next_creation(at(1).into()).await.unwrap(),
        Some(at(15))
    );
    // If the caller is alive after all, its result counts.
    let done = store.settle(&claim, created(63, "U63")).await.unwrap();
    assert_eq!(done, Settled::Done);
}

async fn reserved(store: &dyn Store, number: u32, key: Option<&str>) -> CreationClaim {
    match store.reserve(reservation(number, key)).await.unwrap() {
        Reserved::Taken(claim) => claim,
        other => panic!("not reserved: {other:?}"),
    }
}

fn created(number: u32, uid: &str) -> Settlement {
    Settlement::Created(Box::new(SettledCreation {
        creation: record(number, Some(uid)).creation.unwrap(),
        trace: "{}".into(),
        livraisons: Vec::new(),
        at: at(30),
    }))
}

async fn etat(store: &dyn Store, number: u32) -> Option<Etat> {
    let id = record(number, None).id;
    let view = store.find_signalement(id.as_str()).await.unwrap();
    view.map(|it| it.etat)
}

async fn motif(store: &dyn Store, number: u32) -> Option<Motif> {
    let id = record(number, None).id;
    store.find_signalement(id.as_str()).await.unwrap()?.motif
}
