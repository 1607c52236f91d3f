//! A database of an earlier daemon.

use std::borrow::Cow;
use std::path::Path;

use passerelle::adapters::store::postgres::{PostgresStore, migrate};
use passerelle::adapters::store::sqlite::SqliteStore;
use passerelle::domain::demande::Uid;
use passerelle::domain::motif::Detail;
use passerelle::domain::ports::{Signalements, Store};
use rstest::rstest;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::postgres::{self, Backend};

/// The migrations of a folder before this one.
async fn before(version: i64, folder: &str) -> Migrator {
    let mut migrator = Migrator::new(Path::new(folder)).await.unwrap();
    let (earlier, later): (Vec<_>, Vec<_>) = migrator
        .migrations
        .iter()
        .cloned()
        .partition(|it| it.version < version);
    assert!(!later.is_empty());
    migrator.migrations = Cow::Owned(earlier);
    migrator
}

/// One from before the table of demandes was recreated, with a demande and a status.
#[tokio::test]
async fn demandes_and_what_refers_to_them_outlive_their_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sqlite");
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    let before = before(15, "migrations/sqlite").await;
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

/// Stored motifs, each with the part that SoWell may see.
const MOTIFS: [(&str, &str); 17] = [
    ("le CRM est injoignable", "le CRM est injoignable"),
    (
        "le CRM n'a pas confirmé : on ne sait pas s'il a créé la demande",
        "le CRM n'a pas confirmé : on ne sait pas s'il a créé la demande",
    ),
    (
        "la résidence « cherchez-y » est inconnue : cherchez-y la demande",
        "la résidence « cherchez-y » est inconnue : cherchez-y la demande",
    ),
    (
        "le CRM refuse la demande (statut 422) : answered 5 : t_users (id) est vide",
        "le CRM refuse la demande (statut 422)",
    ),
    (
        "le CRM refuse la demande (statut 400) : non ; un appel d'avant est resté sans réponse : cherchez-y la demande",
        "le CRM refuse la demande (statut 400)",
    ),
    ("le connecteur du CRM : no path /id", "le connecteur du CRM"),
    (
        "le CRM répond, mais sa réponse est illisible : the answer has no UID",
        "le CRM répond, mais sa réponse est illisible",
    ),
    (
        "le CRM répond, mais sa réponse ne se lit pas : the answer has no UID",
        "le CRM répond, mais sa réponse ne se lit pas",
    ),
    (
        "les photos ne peuvent pas être relues",
        "les photos ne peuvent pas être relues",
    ),
    (
        "les photos ne peuvent pas être relues ; si elles sont perdues, remettez-les en place",
        "les photos ne peuvent pas être relues",
    ),
    (
        "plusieurs demandes du CRM portent ce signalement : D-1, D-2",
        "plusieurs demandes du CRM portent ce signalement",
    ),
    (
        "le CRM n'a pas répondu et n'offre rien contre les doublons : cherchez-y la demande, puis adoptez-la",
        "le CRM n'a pas répondu",
    ),
    (
        "le CRM n'a pas confirmé la création et n'offre rien contre les doublons : cherchez-y la demande, puis \
         adoptez-la",
        "le CRM n'a pas confirmé la création",
    ),
    (
        "on ne sait pas si le CRM a créé la demande : sa réponse manque, ou n'a pas pu être notée, et il n'offre rien \
         contre les doublons ; cherchez-y la demande, puis adoptez-la",
        "on ne sait pas si le CRM a créé la demande",
    ),
    (
        "on ne sait pas si le CRM distant, qui n'est plus celui des réglages, a créé la demande : cherchez-y la demande",
        "on ne sait pas si le CRM distant, qui n'est plus celui des réglages, a créé la demande",
    ),
    (
        "le CRM distant n'a pas confirmé et n'est plus celui des réglages : cherchez-y la demande",
        "le CRM distant n'a pas confirmé et n'est plus celui des réglages",
    ),
    (
        "le CRM peut encore créer la demande jusqu'au 29/11/2026 à 10:00:00 (UTC) : cherchez-y la demande après",
        "le CRM peut encore créer la demande jusqu'au 29/11/2026 à 10:00:00 (UTC)",
    ),
];

/// A database from before a motif had a part for the staff only, some of which the previous version writes again.
#[rstest]
#[tokio::test]
async fn what_is_only_for_the_staff_is_parted_from_stored_motifs(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    const TAKEN: &str = "le CRM donne l''uid D-7, qui est celui du signalement 0b0e";
    const EARLIER: &str = "le CRM refuse la demande (statut 422) : non";
    const OVERWRITTEN: &str = "UPDATE signalements SET etat = 'echec', \
                               motif = 'le CRM refuse la demande (statut 400) : D-7' WHERE id = 'S18'";
    let stored = MOTIFS.map(|(whole, _)| whole.replace('\'', "''"));
    let stored = stored.iter().map(String::as_str).chain([TAKEN, EARLIER]);
    let rows = (0..).zip(stored).map(|(number, motif): (usize, &str)| {
        format!("('S{number}', 'l', 'sowell', 'echec', 0, '{motif}', 'f', '{{}}', 'v', 1, 1)")
    });
    let inserted = format!(
        "INSERT INTO signalements (id, lien_sowell, client, etat, bound, motif, fingerprint, payload, version, \
         received_at, decided_at) VALUES {}",
        rows.collect::<Vec<_>>().join(", ")
    );
    let folder = tempfile::tempdir().unwrap();
    let store: Box<dyn Store> = match backend {
        Backend::Sqlite => {
            let path = folder.path().join("s.sqlite");
            let options = SqliteConnectOptions::new().filename(&path);
            let options = options.create_if_missing(true);
            let mut connection = options.connect().await.unwrap();
            let before = before(20, "migrations/sqlite").await;
            before.run(&mut connection).await.unwrap();
            connection.execute(AssertSqlSafe(inserted)).await.unwrap();
            let store = SqliteStore::open(&path).await.unwrap();
            connection.execute(OVERWRITTEN).await.unwrap();
            Box::new(store)
        }
        Backend::Postgres => {
            let Some(url) = postgres::database().await else {
                return;
            };
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let before = before(20, "migrations/postgres").await;
            before.run(&mut connection).await.unwrap();
            connection.execute(AssertSqlSafe(inserted)).await.unwrap();
            migrate(&url).await.unwrap();
            connection.execute(OVERWRITTEN).await.unwrap();
            Box::new(PostgresStore::open(&url).await.unwrap())
        }
    };
    let taken = (
        "le CRM donne l'uid d'une autre demande : D-7, qui est celui du signalement 0b0e",
        "le CRM donne l'uid d'une autre demande",
    );
    for (number, (whole, for_all)) in MOTIFS.into_iter().chain([taken]).enumerate() {
        let view = store.find_signalement(&format!("S{number}")).await.unwrap();
        let motif = view.unwrap().motif.unwrap();
        assert_eq!(
            (motif.to_string(), &*motif.for_all),
            (whole.into(), for_all)
        );
        // Only our own reasons are put in French.
        let ours = ["le connecteur", "le CRM répond"];
        let ours = ours.iter().any(|it| whole.starts_with(it));
        let reason = matches!(motif.detail, Some(Detail::Reason(_)));
        assert_eq!(reason, ours, "{whole}");
    }
    let view = store.find_signalement("S18").await.unwrap().unwrap();
    let motif = view.motif.unwrap();
    assert_eq!(
        (motif.to_string().as_str(), &*motif.for_all),
        (
            "le CRM refuse la demande (statut 400) : D-7",
            "la raison est connue du bailleur"
        )
    );
}
