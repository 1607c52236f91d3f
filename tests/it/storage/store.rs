//! The scenario that every store must handle in the same way.

mod both;
mod creations;
mod events;
mod outbox;
mod replicas;
mod signalements;
mod upgrade;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::adapters::store::postgres::{PostgresStore, migrate};
use passerelle::adapters::store::sqlite::SqliteStore;
use passerelle::domain::demande::{Fichier, NewDemande, Uid};
use passerelle::domain::livraison::{
    Attempt, Claim, Content, Destination, NewLivraison, Outcome, StatutPush,
};
use passerelle::domain::ports::{
    Client, Creation, EventRecorded, FileSet, IdempotencyKey, IfExists, NewEvent, NewRecord,
    Reservation, Store, StoredVersion,
};
use passerelle::domain::referentiel::Gestionnaire;
use passerelle::domain::signalement::{Etat, SignalementId};
use passerelle::domain::statut::{EventIssue, StatutEvent};
use rstest::rstest;
use sqlx::{AssertSqlSafe, Connection, Executor};

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
        known_at: at(20),
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
            message: None,
        },
        deciding_comment: None,
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

async fn claimed(store: &dyn Store, now: i64) -> Vec<Claim> {
    let lease = TimeDelta::seconds(60);
    store
        .claim(Destination::Sowell, 10, at(now).into(), lease)
        .await
        .unwrap()
}

/// The place of an event that must be written.
async fn place(store: &dyn Store, new: NewEvent) -> i64 {
    match store.record_event(new).await.unwrap() {
        EventRecorded::Written(place) => place,
        other => panic!("{other:?}"),
    }
}

/// A test's own store, with access to its database.
pub struct Opened {
    pub store: Arc<dyn Store>,
    pub url: String,
    folder: tempfile::TempDir,
}

impl Opened {
    /// `None` if the database is not installed.
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
    async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.url.starts_with("sqlite") {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await?;
            connection.execute(sql).await.map(|_| ())
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await?;
            connection.execute(sql).await.map(|_| ())
        }
    }
}

/// SQLite writes nothing for an update that leaves a row as it was, and so would not notice a full disk.
#[tokio::test]
async fn a_ping_of_sqlite_writes() {
    let opened = Opened::on(Backend::Sqlite).await.unwrap();
    let log = || std::fs::read(opened.folder.path().join("s.sqlite-wal")).unwrap();
    opened.store.ping().await.unwrap();
    let before = log();
    opened.store.ping().await.unwrap();
    assert!(log() != before, "nothing was written");
}

#[rstest]
#[tokio::test]
async fn each_database_handles_the_same_scenario(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    story(opened.store.as_ref()).await;
}

/// The answer of a commit was lost, and the write is repeated.
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
    // Recognised only by its identifier, after another one.
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

/// The same steps for every backend.
async fn story(store: &dyn Store) {
    signalements::keys(store).await;
    signalements::batches(store).await;
    events::told(store).await;
    outbox::story(store).await;
    creations::story(store).await;
    versions_and_tokens(store).await;
    events::readings(store).await;
    events::held_again(store).await;
    events::told_anew(store).await;
    events::channels(store).await;
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
            .put_token(Client::Crm, "h1", IfExists::Keep, at(0))
            .await
            .unwrap()
    );
    assert!(
        !store
            .put_token(Client::Crm, "h2", IfExists::Keep, at(0))
            .await
            .unwrap()
    );
    assert!(
        store
            .put_token(Client::Crm, "h3", IfExists::Replace, at(0))
            .await
            .unwrap()
    );
    assert_eq!(
        store.tokens().await.unwrap(),
        [(Client::Crm, "h3".to_owned())]
    );
    store.ping().await.unwrap();
}
