//! The story that every store must tell alike.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::adapters::store::copy::{Copy, CopyError};
use passerelle::adapters::store::postgres::{PostgresStore, migrate};
use passerelle::adapters::store::sqlite::SqliteStore;
use passerelle::domain::demande::{Fichier, NewDemande, Uid};
use passerelle::domain::livraison::{
    Attempt, Content, Courriel, Destination, LivraisonEtat, NewLivraison, Outcome, StatutPush,
};
use passerelle::domain::ports::{
    Client, Creation, CreationClaim, EventRecorded, FileSet, IdempotencyKey, NewEvent, NewRecord,
    Pause, Recorded, Reservation, Reserved, Resume, RetryOutcome, Settled, SettledCreation,
    Settlement, Store, StoredVersion, Wait,
};
use passerelle::domain::referentiel::Gestionnaire;
use passerelle::domain::signalement::{Etat, SignalementId};
use passerelle::domain::statut::{EventIssue, StatutEvent};
use rstest::rstest;
use serde_json::json;
use sqlx::{Connection, Executor};

use crate::postgres::{self, Backend};

pub fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn gestionnaire(identifiant: &str) -> Gestionnaire {
    Gestionnaire {
        r#type: "technique".into(),
        identifiant: identifiant.into(),
        nom: "L'équipe".into(),
        email: "e@x.fr".into(),
    }
}

pub fn record(number: u32, uid: Option<&str>) -> NewRecord {
    let lien = format!("https://s.example/{number}");
    let demande = NewDemande {
        statut: "Transférée".into(),
        statut_sowell: None,
        canal: "SoWell".into(),
        qualification: "ASC".into(),
        workflow: "W".into(),
        residence: "R".into(),
        bien: None,
        priorite: "haute".into(),
        gestionnaire_concerne: gestionnaire("A"),
        acteur_en_charge: gestionnaire("B"),
        auteur: "Zoé".into(),
        email_auteur: "z@x.fr".into(),
        contexte: "🚨".into(),
        lien_sowell: lien.clone(),
    };
    NewRecord {
        id: SignalementId::of_lien(&lien),
        lien_sowell: lien,
        client: Client::Sowell,
        key: None,
        fingerprint: format!("f{number}"),
        payload: "{}".into(),
        etat: if uid.is_some() {
            Etat::Transmis
        } else {
            Etat::Ecarte
        },
        motif: None,
        version: "v".into(),
        trace: "{}".into(),
        fichiers: vec![Fichier {
            nom: "photo-1.png".into(),
            r#type: "image/png".into(),
            taille: 3,
            sha256: "abc".into(),
        }],
        creation: uid.map(|uid| Creation {
            uid: Uid::new(uid.into()),
            demande,
            answer: format!("answer {number}"),
        }),
        livraisons: Vec::new(),
        received_at: at(0),
    }
}

pub fn push(id: &str, uid: &str) -> NewLivraison {
    NewLivraison {
        id: id.into(),
        queue: uid.into(),
        content: Content::Statut(StatutPush {
            uid: uid.into(),
            statut: "S".into(),
            statut_crm: id.into(),
            date: "2026-01-01T00:00:00Z".into(),
            commentaire: None,
            lien_sowell: "https://s.example/1".into(),
        }),
    }
}

pub fn event(id: &str, uid: &str, statut: &str, evenement: Option<&str>) -> NewEvent {
    NewEvent {
        id: format!("e-{id}"),
        event: StatutEvent {
            uid: Uid::new(uid.into()),
            statut: statut.into(),
            date: None,
            resultat: None,
            commentaire: None,
            canal: Some("SoWell".into()),
            evenement: evenement.map(str::to_owned),
        },
        issue: EventIssue::Accepte,
        statut_sowell: Some("S".into()),
        motif: None,
        version: "v".into(),
        trace: "{}".into(),
        push: Some(push(id, uid)),
        courriels: Vec::new(),
        received_at: at(0),
        unless_after: None,
    }
}

fn attempt(error: Option<&str>) -> Attempt {
    Attempt {
        at: at(1),
        status: Some(200),
        error: error.map(str::to_owned),
        excerpt: None,
    }
}

async fn claimed(store: &dyn Store, now: i64) -> Vec<passerelle::domain::livraison::Claim> {
    let lease = TimeDelta::seconds(60);
    store
        .claim(Destination::Sowell, 10, at(now), lease)
        .await
        .unwrap()
}

async fn due(store: &dyn Store, id: &str) -> DateTime<Utc> {
    let waiting = store.list_livraisons(Some(LivraisonEtat::EnAttente), 10);
    let found = waiting.await.unwrap().into_iter().find(|it| it.id == id);
    found.unwrap().due_at
}

/// The same steps for every backend.
async fn story(store: &dyn Store) {
    keys(store).await;
    batches(store).await;
    events(store).await;
    outbox(store).await;
    creations(store).await;
    versions_and_tokens(store).await;
    readings(store).await;
}

async fn keys(store: &dyn Store) {
    let key = IdempotencyKey {
        client: Client::Sowell,
        value: "K".into(),
    };
    assert!(matches!(
        store.record(record(1, None)).await.unwrap(),
        Recorded::Written
    ));
    assert_eq!(
        store.find_bound(&record(1, None).id, None).await.unwrap(),
        None
    );
    // A signalement that was kept may become a demande; then its row is closed.
    let mut created = record(1, Some("U1"));
    created.key = Some(key.clone());
    assert!(matches!(
        store.record(created).await.unwrap(),
        Recorded::Written
    ));
    for again in [record(1, Some("U-other")), record(1, None)] {
        let Recorded::Bound(owner) = store.record(again).await.unwrap() else {
            panic!("written twice")
        };
        assert_eq!(
            (owner.uid.as_str(), owner.answer.as_str()),
            ("U1", "answer 1")
        );
    }
    // Another link under the same second key meets its owner.
    let mut other = record(2, Some("U2"));
    other.key = Some(key.clone());
    let Recorded::Bound(owner) = store.record(other).await.unwrap() else {
        panic!("key taken twice")
    };
    assert_eq!(owner.uid, "U1");
    let found = store
        .find_bound(&record(2, None).id, Some(&key))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.uid, "U1");
    let demande = store
        .find_demande(&Uid::new("U1".into()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(demande.content.contexte, "🚨");
    assert_eq!(demande.content.gestionnaire_concerne, gestionnaire("A"));
    assert_eq!(demande.fichiers.len(), 1);
    let view = store.find_signalement("U1").await.unwrap().unwrap();
    assert_eq!(view.etat, Etat::Transmis);
    assert!(store.find_signalement("absent").await.unwrap().is_none());
}

/// Writes that share a commit do not spoil each other.
async fn batches(store: &dyn Store) {
    let many = (100..160).map(|number| store.record(record(number, Some(&format!("U{number}")))));
    // The same link ten times, and a UID that is taken: one of the ten wins, the last one fails.
    let same = (0..10).map(|number| {
        let mut it = record(200, Some(&format!("S{number}")));
        it.fingerprint = "same".into();
        store.record(it)
    });
    let bad = store.record(record(300, Some("U100")));
    let (many, same, bad) = futures_util::future::join3(
        futures_util::future::join_all(many),
        futures_util::future::join_all(same),
        bad,
    )
    .await;
    assert!(
        many.into_iter()
            .all(|it| matches!(it.unwrap(), Recorded::Written))
    );
    let won = same
        .into_iter()
        .filter(|it| matches!(it, Ok(Recorded::Written)))
        .count();
    assert_eq!(won, 1);
    assert!(bad.is_err(), "a UID of another signalement");
    assert!(
        store
            .find_signalement(record(300, None).id.as_str())
            .await
            .unwrap()
            .is_none()
    );
}

/// What was read counts only where nothing was told of the demande since.
async fn readings(store: &dyn Store) {
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

/// The place of an event that is to be written.
async fn place(store: &dyn Store, new: NewEvent) -> i64 {
    match store.record_event(new).await.unwrap() {
        EventRecorded::Written(place) => place,
        other => panic!("{other:?}"),
    }
}

async fn events(store: &dyn Store) {
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

async fn outbox(store: &dyn Store) {
    // Of one demande, one at a time, oldest first.
    let first = claimed(store, 1).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].id, "1");
    assert!(claimed(store, 2).await.is_empty(), "held by its claim");
    // Its worker dies: after the lease another takes over, and the first one's word counts no more.
    let second = claimed(store, 120).await;
    assert_eq!(second[0].id, "1");
    let stale = store
        .finish(&first[0], attempt(None), Outcome::Delivered)
        .await
        .unwrap();
    assert!(!stale);
    let retry = Outcome::Retry {
        due_at: at(500),
        counted: TimeDelta::seconds(90),
    };
    assert!(
        store
            .finish(&second[0], attempt(Some("500")), retry)
            .await
            .unwrap()
    );
    assert!(
        claimed(store, 499).await.is_empty(),
        "not due, and the next waits behind it"
    );
    assert_eq!(
        store.next_due(Destination::Sowell).await.unwrap(),
        Some(at(500))
    );
    assert_eq!(due(store, "3").await, at(500), "no claim passes it in vain");
    // Another token is no reason to try it sooner: it was not refused for the old one.
    for (which, now, due) in [
        (Resume::Refused, 200, 500),
        (Resume::Unanswered, 300, 500),
        (Resume::All, 490, 490),
    ] {
        store
            .resume(Destination::Sowell, which, at(now))
            .await
            .unwrap();
        let next = store.next_due(Destination::Sowell).await.unwrap();
        assert_eq!(next, Some(at(due)));
    }
    let third = claimed(store, 500).await;
    assert_eq!((third[0].id.as_str(), third[0].attempts), ("1", 1));
    assert_eq!(third[0].waited, TimeDelta::seconds(90));
    assert!(
        store
            .finish(&third[0], attempt(Some("404")), Outcome::Dead)
            .await
            .unwrap()
    );
    // The dead one blocks nobody, and is overtaken by the next that arrives.
    assert_eq!(due(store, "3").await, at(1), "its own time again");
    let fourth = claimed(store, 501).await;
    assert_eq!(fourth[0].id, "3");
    assert!(
        store
            .finish(&fourth[0], attempt(None), Outcome::Delivered)
            .await
            .unwrap()
    );
    retried_by_hand(store).await;

    // E-mails have a destination and queues of their own.
    let mut mailed = record(500, Some("M"));
    mailed.livraisons = vec![NewLivraison {
        id: "mail".into(),
        queue: "courriel:mail".into(),
        content: Content::Courriel(Courriel {
            a: "x@y.fr".into(),
            modele: "m".into(),
            context: json!({"a": 1}).to_string().into(),
        }),
    }];
    store.record(mailed).await.unwrap();
    let lease = TimeDelta::seconds(60);
    let mails = store
        .claim(Destination::Courriel, 10, at(1), lease)
        .await
        .unwrap();
    assert_eq!(mails.len(), 1);
    let pause = Pause {
        until: at(9),
        failures: 2,
        refused: true,
        reason: "401".into(),
    };
    store
        .set_pause(Destination::Sowell, Some(pause.clone()))
        .await
        .unwrap();
    assert_eq!(store.pause(Destination::Sowell).await.unwrap(), Some(pause));
    assert_eq!(store.pause(Destination::Courriel).await.unwrap(), None);
    store
        .resume(Destination::Sowell, Resume::Refused, at(3))
        .await
        .unwrap();
    let over = store.pause(Destination::Sowell).await.unwrap().unwrap();
    assert_eq!((over.until, over.failures), (at(3), 0));
    store.set_pause(Destination::Sowell, None).await.unwrap();
    assert_eq!(store.pause(Destination::Sowell).await.unwrap(), None);
}

/// The first was overtaken, and the third is delivered.
async fn retried_by_hand(store: &dyn Store) {
    let retry = |force| store.retry_livraison("1", force, at(502));
    assert_eq!(retry(false).await.unwrap(), RetryOutcome::Overtaken);
    assert_eq!(retry(true).await.unwrap(), RetryOutcome::Queued);
    let delivered = store.retry_livraison("3", true, at(502)).await.unwrap();
    assert_eq!(delivered, RetryOutcome::NotDead(LivraisonEtat::Livree));
    let unknown = store
        .retry_livraison("absent", true, at(502))
        .await
        .unwrap();
    assert_eq!(unknown, RetryOutcome::Unknown);
    // A person's word gives it its whole time anew.
    let fifth = claimed(store, 503).await;
    let waited = fifth[0].waited;
    assert_eq!((fifth[0].id.as_str(), waited), ("1", TimeDelta::zero()));
}

pub fn reservation(number: u32, key: Option<&str>) -> Reservation {
    let mut record = record(number, Some("none yet"));
    let demande = record.creation.take().unwrap().demande;
    record.etat = Etat::Recu;
    record.key = key.map(|value| IdempotencyKey {
        client: Client::Sowell,
        value: value.into(),
    });
    Reservation {
        record,
        demande,
        avertissements: vec!["é".into()],
        leased_until: at(10),
        due_at: at(20),
    }
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

/// Creations in a remote CRM, between *received* and *created*.
async fn creations(store: &dyn Store) {
    let lease = TimeDelta::seconds(60);
    let claim = reserved(store, 60, Some("K60")).await;
    assert!(store.any_in_doubt().await.unwrap());
    // Both keys are taken, for another creation and for anything else that could become of it.
    for (number, key) in [(60, None), (61, Some("K60"))] {
        let again = store.reserve(reservation(number, key)).await.unwrap();
        let Reserved::Pending(owner) = again else {
            panic!("reserved twice")
        };
        assert_eq!((owner.id, owner.etat), (claim.id.clone(), Etat::Recu));
    }
    let other = store.record(record(60, None)).await.unwrap();
    assert!(matches!(other, Recorded::Pending(_)), "{other:?}");
    // Nobody takes it up before its lease ends and a look-up can tell.
    for now in [5, 15] {
        assert!(
            store
                .claim_creations(9, at(now), lease)
                .await
                .unwrap()
                .is_empty()
        );
    }
    assert_eq!(store.next_creation().await.unwrap(), Some(at(20)));
    let found = store.claim_creations(9, at(20), lease).await.unwrap();
    let [pending] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!((pending.etat, pending.in_doubt), (Etat::Inconnu, true));
    assert_eq!(pending.request.demande, reservation(60, None).demande);
    assert_eq!(pending.request.fichiers.len(), 1);
    assert_eq!(pending.avertissements, ["é"]);
    // Who lost it has no word any more.
    assert!(!store.begin_call(&claim, at(30)).await.unwrap());
    let late = store.settle(&claim, created(60, "U60-late")).await.unwrap();
    assert_eq!(late, Settled::Lost);
    assert!(store.begin_call(&pending.claim, at(30)).await.unwrap());
    let wait = |due_at: Option<i64>| {
        Settlement::Waits(Wait {
            etat: Etat::Differe,
            motif: "absent".into(),
            in_doubt: false,
            due_at: due_at.map(at),
        })
    };
    let claim = &pending.claim;
    assert_eq!(
        store.settle(claim, wait(Some(40))).await.unwrap(),
        Settled::Done
    );
    assert!(!store.any_in_doubt().await.unwrap());
    assert_eq!(etat(store, 60).await, Some(Etat::Differe));
    let found = store.claim_creations(9, at(40), lease).await.unwrap();
    assert_eq!((found[0].attempts, found[0].in_doubt), (1, false));
    // What waits for a person is not taken up by itself.
    let claim = &found[0].claim;
    assert_eq!(
        store.settle(claim, wait(None)).await.unwrap(),
        Settled::Done
    );
    assert_eq!(store.next_creation().await.unwrap(), None);
    assert!(
        store
            .claim_creations(9, at(9_000), lease)
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

/// A person goes on with one that waits for him.
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
        motif: "absent".into(),
    };
    let refused = Settlement::Refused {
        motif: "non".into(),
    };
    let claim = reserved(store, 62, None).await;
    store.settle(&claim, withdrawn()).await.unwrap();
    assert_eq!(etat(store, 62).await, None);
    let claim = reserved(store, 62, None).await;
    store.settle(&claim, refused).await.unwrap();
    assert_eq!(etat(store, 62).await, Some(Etat::Echec));
    // It was kept before this attempt, so it still is.
    let claim = reserved(store, 62, None).await;
    store.settle(&claim, withdrawn()).await.unwrap();
    assert_eq!(etat(store, 62).await, Some(Etat::Echec));
    let claim = reserved(store, 63, None).await;
    assert_eq!(store.doubt_interrupted(at(15)).await.unwrap(), 1);
    assert_eq!(etat(store, 63).await, Some(Etat::Inconnu));
    assert_eq!(store.next_creation().await.unwrap(), Some(at(15)));
    // Should the one who called be alive after all, its word counts.
    let done = store.settle(&claim, created(63, "U63")).await.unwrap();
    assert_eq!(done, Settled::Done);
}

async fn versions_and_tokens(store: &dyn Store) {
    assert!(store.last_version().await.unwrap().is_none());
    let set = |text: &str| FileSet::from([("a.yaml".to_owned(), text.as_bytes().to_vec())]);
    for (version, text) in [("v1", "one"), ("v2", "two"), ("v1", "one")] {
        let version = StoredVersion {
            version: version.into(),
            accepted_at: at(0),
            rules: set(text),
            referentiel: set(version),
        };
        store.save_version(version).await.unwrap();
    }
    let last = store.last_version().await.unwrap().unwrap();
    assert_eq!(last.version, "v1", "accepted last, though known before");
    assert_eq!((last.rules, last.referentiel), (set("one"), set("v1")));

    assert!(
        store
            .put_token(Client::Crm, "h1", false, at(0))
            .await
            .unwrap()
    );
    assert!(
        !store
            .put_token(Client::Crm, "h2", false, at(0))
            .await
            .unwrap()
    );
    assert!(
        store
            .put_token(Client::Crm, "h3", true, at(0))
            .await
            .unwrap()
    );
    assert_eq!(
        store.tokens().await.unwrap(),
        [(Client::Crm, "h3".to_owned())]
    );
    store.ping().await.unwrap();
}

/// A store of its own, and the way around it.
pub struct Opened {
    pub store: Arc<dyn Store>,
    pub url: String,
    folder: tempfile::TempDir,
}

impl Opened {
    /// `None` where the database is not installed.
    pub async fn on(backend: Backend) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sqlite");
        let (store, url): (Arc<dyn Store>, String) = match backend {
            Backend::Sqlite => {
                let store = SqliteStore::open(&path).await.unwrap();
                (Arc::new(store), format!("sqlite://{}", path.display()))
            }
            Backend::Postgres => {
                let url = postgres::database().await?;
                migrate(&url).await.unwrap();
                let store = PostgresStore::open(&url).await.unwrap();
                (Arc::new(store), url)
            }
        };
        Some(Self { store, url, folder })
    }

    /// Changes the database behind the store's back.
    async fn execute(&self, sql: &'static str) {
        if self.url.starts_with("sqlite") {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            connection.execute(sql).await.unwrap();
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            connection.execute(sql).await.unwrap();
        }
    }
}

#[rstest]
#[tokio::test]
async fn each_database_tells_the_same_story(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    story(opened.store.as_ref()).await;
}

#[rstest]
#[tokio::test]
async fn a_delivery_that_cannot_be_read_holds_up_no_other(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    for uid in ["A", "B"] {
        let number = u32::from(uid.as_bytes()[0]);
        store.record(record(number, Some(uid))).await.unwrap();
        store
            .record_event(event(uid, uid, "X", None))
            .await
            .unwrap();
    }
    opened
        .execute("UPDATE livraisons SET content = 'no JSON' WHERE id = 'A'")
        .await;
    let claims = claimed(store, 1).await;
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].id, "B");
    let dead = store
        .list_livraisons(Some(LivraisonEtat::Morte), 10)
        .await
        .unwrap();
    assert_eq!(dead[0].id, "A");
}

#[rstest]
#[tokio::test]
async fn an_earlier_delivery_that_comes_back_waits_for_the_one_being_sent(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    store.record(record(1, Some("A"))).await.unwrap();
    for (id, statut) in [("1", "X"), ("2", "Y")] {
        store
            .record_event(event(id, "A", statut, None))
            .await
            .unwrap();
    }
    let first = claimed(store, 1).await;
    store
        .finish(&first[0], attempt(Some("404")), Outcome::Dead)
        .await
        .unwrap();
    let second = claimed(store, 2).await;
    assert_eq!(second[0].id, "2");
    let retried = store.retry_livraison("1", false, at(3)).await.unwrap();
    assert_eq!(retried, RetryOutcome::Queued);
    assert!(
        claimed(store, 4).await.is_empty(),
        "the later one is on its way"
    );
}

/// Two replicas claim at once, over and over: never two deliveries of one queue at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_claim_at_once_never_hold_two_of_one_queue() {
    let Some(opened) = Opened::on(Backend::Postgres).await else {
        return;
    };
    let other = PostgresStore::open(&opened.url).await.unwrap();
    let stores: [Arc<dyn Store>; 2] = [opened.store.clone(), Arc::new(other)];
    for uid in 0..4 {
        let name = format!("Q{uid}");
        let written = stores[0].record(record(uid, Some(&name))).await;
        written.unwrap();
        for step in 0..6 {
            let id = format!("{name}-{step}");
            let event = event(&id, &name, &id, None);
            stores[step % 2].record_event(event).await.unwrap();
        }
    }
    let held: Arc<Mutex<HashSet<String>>> = Arc::default();
    let arrived: Arc<Mutex<Vec<String>>> = Arc::default();
    let worker = |number: usize| {
        let (store, held, arrived) = (stores[number % 2].clone(), held.clone(), arrived.clone());
        async move {
            let sowell = Destination::Sowell;
            while store.next_due(sowell).await.unwrap().is_some() {
                for claim in claimed(store.as_ref(), 1).await {
                    let (queue, step) = claim.id.split_once('-').unwrap();
                    let alone = held.lock().unwrap().insert(queue.to_owned());
                    assert!(alone, "two of {queue} at once");
                    tokio::task::yield_now().await;
                    // An operator brings a dead one back while those behind it are taken.
                    let dies = claim.attempts == 0 && step == "2";
                    let outcome = if dies {
                        Outcome::Dead
                    } else {
                        Outcome::Delivered
                    };
                    held.lock().unwrap().remove(queue);
                    let ended = store.finish(&claim, attempt(None), outcome).await.unwrap();
                    assert!(ended);
                    if dies {
                        let retried = store.retry_livraison(&claim.id, true, at(0)).await;
                        assert_eq!(retried.unwrap(), RetryOutcome::Queued);
                    } else {
                        arrived.lock().unwrap().push(claim.id.clone());
                    }
                }
            }
        }
    };
    let workers: Vec<_> = (0..4).map(|it| tokio::spawn(worker(it))).collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let arrived = arrived.lock().unwrap();
    for queue in 0..4 {
        let queue = format!("Q{queue}-");
        let of_queue = arrived.iter().filter(|it| it.starts_with(&queue));
        let mut steps: Vec<&str> = of_queue.map(|it| &it[queue.len()..]).collect();
        // The one that came back may have been overtaken; then it did not go, or went by force.
        steps.retain(|step| *step != "2");
        assert_eq!(steps, ["0", "1", "3", "4", "5"]);
    }
}

#[tokio::test]
async fn replicas_that_start_at_once_make_the_tables_once() {
    let Some(url) = postgres::database().await else {
        return;
    };
    let starts = futures_util::future::join_all([migrate(&url), migrate(&url), migrate(&url)]);
    assert!(starts.await.iter().all(Result::is_ok));
    // A table of a later version is no reason for an older replica not to start.
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                 execution_time) VALUES (9999, 'later', true, '', 0)";
    connection.execute(later).await.unwrap();
    migrate(&url).await.unwrap();
}

#[tokio::test]
async fn one_key_at_two_replicas_at_once_makes_one_demande() {
    let Some(opened) = Opened::on(Backend::Postgres).await else {
        return;
    };
    let other = PostgresStore::open(&opened.url).await.unwrap();
    for number in 0..40 {
        // Now one link, now two links under one Idempotency-Key.
        let links = [number, number + 1_000 * (number % 2)];
        let both = [(&*opened.store, 0), (&other as &dyn Store, 1)].map(|(store, it)| {
            let uid = format!("U{number}-{it}");
            let mut record = record(links[it], Some(&uid));
            record.key = Some(IdempotencyKey {
                client: Client::Sowell,
                value: format!("K{number}"),
            });
            store.record(record)
        });
        let both = futures_util::future::join_all(both).await;
        let written = both.iter().filter(|it| matches!(it, Ok(Recorded::Written)));
        assert_eq!(written.count(), 1);
        assert!(both.iter().any(|it| matches!(it, Ok(Recorded::Bound(_)))));
    }
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let Some(opened) = Opened::on(Backend::Postgres).await else {
        return;
    };
    let store = opened.store.as_ref();
    store.record(record(1, Some("A"))).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    opened.execute(end).await;
    store.record(record(2, Some("B"))).await.unwrap();
    assert!(store.find_signalement("B").await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_that_restarts_is_waited_for() {
    let Some(mut server) = postgres::Server::start() else {
        return;
    };
    let url = server.database().await;
    migrate(&url).await.unwrap();
    let store = PostgresStore::open(&url).await.unwrap();
    store.record(record(1, Some("A"))).await.unwrap();
    let writes = async {
        for number in 2..30 {
            let uid = format!("U{number}");
            store.record(record(number, Some(&uid))).await.unwrap();
        }
    };
    // Killed without a word to its clients, as by a power cut.
    let restarts = tokio::task::spawn_blocking(move || {
        server.restart("immediate");
        server
    });
    let ((), server) = futures_util::future::join(writes, restarts).await;
    for uid in ["A", "U2", "U29"] {
        assert!(store.find_signalement(uid).await.unwrap().is_some());
    }
    drop(server);
}

#[rstest]
#[tokio::test]
async fn what_had_no_answer_is_due_at_once_where_its_connector_was_mended(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    store.record(record(1, Some("A"))).await.unwrap();
    place(store, event("1", "A", "X", None)).await;
    let claim = &claimed(store, 1).await[0];
    let silent = Attempt {
        status: None,
        ..attempt(Some("no answer in time"))
    };
    let again = Outcome::Retry {
        due_at: at(500),
        counted: TimeDelta::zero(),
    };
    assert!(store.finish(claim, silent, again).await.unwrap());
    for (which, due) in [(Resume::Refused, 500), (Resume::Unanswered, 200)] {
        store
            .resume(Destination::Sowell, which, at(200))
            .await
            .unwrap();
        let next = store.next_due(Destination::Sowell).await.unwrap();
        assert_eq!(next, Some(at(due)));
    }
}

/// Even at the same moment.
#[rstest]
#[tokio::test]
async fn whoever_repeats_is_told_once_that_it_is_set_aside(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    let kept = |round: u32, which: &str, content: &str| {
        let mut it = record(round, None);
        it.fingerprint = content.into();
        it.livraisons = vec![push(&format!("{round}-{which}"), "aside")];
        store.record(it)
    };
    for round in 500..520 {
        let both = futures_util::future::join(kept(round, "a", "x"), kept(round, "b", "x"));
        let (a, b) = both.await;
        assert!(matches!(
            (a.unwrap(), b.unwrap()),
            (Recorded::Written, Recorded::Written)
        ));
        kept(round, "c", "x").await.unwrap();
        kept(round, "d", "another").await.unwrap();
    }
    let all = store.list_livraisons(None, 1_000).await.unwrap();
    let told = |end: &str| all.iter().filter(|it| it.id.ends_with(end)).count();
    assert_eq!(told("-a") + told("-b"), 20);
    assert_eq!((told("-c"), told("-d")), (0, 20));
}

/// The answer of a commit was lost, and the write is made again.
#[rstest]
#[tokio::test]
async fn a_write_that_is_repeated_changes_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    store.record(record(1, Some("A"))).await.unwrap();
    let mut kept = record(2, None);
    kept.livraisons = vec![push("mail", "kept")];
    store.record(kept.clone()).await.unwrap();
    store.record(kept).await.unwrap();
    let first = place(store, event("1", "A", "X", Some("e"))).await;
    assert_eq!(place(store, event("1", "A", "X", Some("e"))).await, first);
    let second = place(store, event("2", "A", "Y", None)).await;
    place(store, event("3", "A", "Z", None)).await;
    // Known by nothing but its identifier, after another one.
    assert_eq!(place(store, event("2", "A", "Y", None)).await, second);
    let waiting = store.list_livraisons(None, 10).await.unwrap();
    assert_eq!(waiting.len(), 4);
    let claims = claimed(store, 1).await;
    let claim = claims.iter().find(|it| it.id == "1").unwrap();
    let again = Outcome::Retry {
        due_at: at(5),
        counted: TimeDelta::zero(),
    };
    let mut ended = Vec::new();
    for _ in 0..2 {
        let finished = store.finish(claim, attempt(Some("a\0b")), again.clone());
        ended.push(finished.await.unwrap());
    }
    assert_eq!(ended, [true, false]);
    let attempts = claimed(store, 6).await;
    let second = attempts.iter().find(|it| it.id == "1").unwrap();
    assert_eq!(second.attempts, 1);
}

#[test]
fn each_migration_has_its_pair_with_the_same_columns() {
    use std::collections::BTreeMap;
    use std::fs;

    let read = |folder: &str| -> BTreeMap<String, Vec<String>> {
        let entries = fs::read_dir(folder).unwrap();
        let texts = entries.map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(path).unwrap();
            // Types and what follows them differ; the first words of a line name table or column.
            let lines = text
                .lines()
                .map(|line| line.split("--").next().unwrap().trim())
                .filter(|line| !line.is_empty() && !line.starts_with("rowid"))
                // Constraints are changed in ways that have nothing in common.
                .filter(|line| !line.contains("CONSTRAINT") && !line.contains("_schema"))
                // Of use to a start that gives claims back, and that only SQLite's does.
                .filter(|line| !line.contains("livraisons_leased"));
            let words = lines.map(|line| {
                let of_table = ["CREATE", "ALTER", "DROP"]
                    .iter()
                    .any(|it| line.starts_with(it));
                let count = if of_table { 6 } else { 1 };
                let words = line.split_whitespace().take(count);
                words.collect::<Vec<_>>().join(" ").replace(';', "")
            });
            let mut words: Vec<String> = words.filter(|it| it.len() > 1).collect();
            words.sort();
            (name, words)
        });
        texts.collect()
    };
    assert_eq!(read("migrations/sqlite"), read("migrations/postgres"));
}

/// A landlord that outgrew one machine.
#[tokio::test]
async fn every_row_moves_to_postgres_and_life_goes_on_there() {
    let Some(target) = Opened::on(Backend::Postgres).await else {
        return;
    };
    let source = Opened::on(Backend::Sqlite).await.unwrap();
    story(source.store.as_ref()).await;
    let path = source.folder.path().join("s.sqlite");
    let copy = Copy::prepare(&path, &target.url).await.unwrap();
    let steps = copy.steps();
    let mut done = 0;
    let rows = copy.run(|some| done += some).await.unwrap();
    assert_eq!((done, rows * 2), (steps, steps));
    let store = target.store.as_ref();
    let owner = store.find_bound(&record(1, None).id, None).await.unwrap();
    assert_eq!(owner.unwrap().uid, "U1");
    let before = source.store.list_livraisons(None, 100).await.unwrap();
    let after = store.list_livraisons(None, 100).await.unwrap();
    assert_eq!(before.len(), after.len());
    // New rows follow the copied ones.
    store.record(record(9_000, Some("NEW"))).await.unwrap();
    let next = event("new", "NEW", "A", None);
    store.record_event(next).await.unwrap();
    assert_eq!(store.list_livraisons(None, 1).await.unwrap()[0].id, "new");
    // Nobody's data is written over.
    let again = Copy::prepare(&path, &target.url).await;
    assert!(matches!(again, Err(CopyError::NotEmpty(_))));
}
