//! A database file of an earlier daemon.

use std::borrow::Cow;
use std::path::Path;

use passerelle::adapters::store::sqlite::SqliteStore;
use passerelle::domain::demande::Uid;
use passerelle::domain::ports::Signalements;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};

/// One from before the table of demandes was recreated, with a demande and a status.
#[tokio::test]
async fn demandes_and_what_refers_to_them_outlive_their_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sqlite");
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    let mut before = Migrator::new(Path::new("migrations/sqlite")).await.unwrap();
    let (earlier, later): (Vec<_>, Vec<_>) = before
        .migrations
        .iter()
        .cloned()
        .partition(|it| it.version < 15);
    assert!(!later.is_empty());
    before.migrations = Cow::Owned(earlier);
    before.run(&mut connection).await.unwrap();
    connection
        .execute(
            "INSERT INTO signalements (id, lien_sowell, client, etat, bound, uid, fingerprint, payload, \
             version, answer, received_at, decided_at) \
             VALUES ('S1', 'l', 'sowell', 'transmis', 1, 'U1', 'f', '{}', 'v', 'a', 1, 1); \
             INSERT INTO demandes (uid, signalement_id, statut, canal, qualification, workflow, residence, \
             priorite, gestionnaire_concerne, acteur_en_charge, auteur, email_auteur, contexte, \
             lien_sowell, created_at) VALUES ('U1', 'S1', 'Transférée', 'SoWell', 'ASC', 'W', 'R', 'haute', \
             '{\"type\":\"t\",\"identifiant\":\"A\",\"nom\":\"N\",\"email\":\"e@x.fr\"}', \
             '{\"type\":\"t\",\"identifiant\":\"A\",\"nom\":\"N\",\"email\":\"e@x.fr\"}', \
             'Zoé', 'z@x.fr', 'le contexte', 'l', 1); \
             INSERT INTO evenements (id, uid, statut, canal, issue, version, received_at) \
             VALUES ('E1', 'U1', 'Clôturée', 'SoWell', 'ignore', 'v', 2)",
        )
        .await
        .unwrap();

    let store = SqliteStore::open(&path).await.unwrap();
    let demande = store.find_demande(&Uid::new("U1".into())).await.unwrap();
    assert_eq!(demande.unwrap().content.contexte, "le contexte");
    let view = store.find_signalement("U1").await.unwrap().unwrap();
    assert_eq!(view.statuts[0].statut, "Clôturée");
    let broken = sqlx::query("PRAGMA foreign_key_check");
    assert!(broken.fetch_all(&mut connection).await.unwrap().is_empty());
}
