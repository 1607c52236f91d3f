//! Signalements and their keys: one demande per link, whatever else is in the batch.

use passerelle::domain::demande::Uid;
use passerelle::domain::motif::Motif;
use passerelle::domain::ports::{Client, IdempotencyKey, Recorded, Store};
use passerelle::domain::signalement::Etat;
use rstest::rstest;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::{Opened, at, gestionnaire, push, record};
use crate::postgres::Backend;

pub(super) async fn keys(store: &dyn Store) {
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
    // A stored signalement may become a demande; after that its row is final.
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
    // Another link under the same `Idempotency-Key` meets its owner.
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

/// Writes that share a commit do not affect each other.
pub(super) async fn batches(store: &dyn Store) {
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

#[rstest]
#[tokio::test]
async fn each_signalement_without_a_demande_is_on_one_page(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    for number in 0..7 {
        let mut it = record(number, None);
        it.etat = Etat::Echec;
        // Several arrived at once.
        it.received_at = at(i64::from(number / 3));
        store.record(it).await.unwrap();
    }
    store.record(record(8, None)).await.unwrap();
    store.record(record(9, Some("U9"))).await.unwrap();
    let mut pages = Vec::new();
    let mut last = None;
    loop {
        let page = store.signalements_before(Etat::Echec, last.as_ref(), 2);
        let page = page.await.unwrap();
        assert!(page.len() <= 2);
        pages.extend(page.iter().map(|it| it.id.clone()));
        match page.into_iter().next_back() {
            Some(it) => last = Some(it),
            None => break,
        }
    }
    assert_eq!(pages[0], record(6, None).id, "newest first");
    assert_eq!(pages.len(), 7);
    pages.sort();
    pages.dedup();
    assert_eq!(pages.len(), 7);
}

/// Even at the same moment.
#[rstest]
#[tokio::test]
async fn a_repeat_that_is_set_aside_is_announced_once(
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

/// One known signalement among many new ones: each new one is written once, with what follows from it.
#[rstest]
#[tokio::test]
async fn a_known_signalement_does_not_affect_the_new_ones(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    let created = |number: u32, uid: String| {
        let mut it = record(number, Some(&uid));
        it.livraisons = vec![push(&format!("of-{uid}"), &uid)];
        store.record(it)
    };
    created(600, "N600".into()).await.unwrap();
    let known = created(600, "again".into());
    let new = (601..630).map(|number| created(number, format!("N{number}")));
    let (known, new) = futures_util::future::join(known, futures_util::future::join_all(new)).await;
    assert!(matches!(known.unwrap(), Recorded::Bound(_)));
    for recorded in new {
        assert!(matches!(recorded.unwrap(), Recorded::Written));
    }
    for number in 600..630 {
        let uid = Uid::new(format!("N{number}"));
        let demande = store.find_demande(&uid).await.unwrap().unwrap();
        assert_eq!(demande.fichiers.len(), 1, "{number}");
        let told = store.livraisons_of(&uid).await.unwrap();
        assert_eq!(told.len(), 1, "{number}");
    }
}

/// SQLite writes new signalements in a different way from others, with the same result.
#[tokio::test]
async fn a_record_is_the_same_whichever_way_it_is_written() {
    for uid in [Some("U1"), None] {
        let mut new = record(1, uid);
        new.motif = uid.is_none().then(|| Motif::for_all("hors périmètre"));
        new.key = uid.map(|_| IdempotencyKey {
            client: Client::Sowell,
            value: "K".into(),
        });
        let mut second = new.fichiers[0].clone();
        second.nom = "photo-2.png".into();
        new.fichiers.push(second);
        new.livraisons = vec![push("a", "A"), push("b", "B")];
        let mut known = record(1, None);
        known.fingerprint = "another".into();
        let mut tables = Vec::new();
        for known in [None, Some(known)] {
            let opened = Opened::on(Backend::Sqlite).await.unwrap();
            if let Some(known) = known {
                opened.store.record(known).await.unwrap();
            }
            let recorded = opened.store.record(new.clone()).await.unwrap();
            assert!(matches!(recorded, Recorded::Written));
            tables.push(rows(&opened.url).await);
        }
        assert_eq!(tables[0], tables[1]);
        let wanted = if uid.is_some() { 7 } else { 5 };
        assert_eq!(tables[0].len(), wanted, "{:#?}", tables[0]);
    }
}

/// The last line of defence: a bug of ours that would create a second demande for a signalement is an error.
#[rstest]
#[tokio::test]
async fn the_database_refuses_a_second_demande_of_a_signalement(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let created = opened.store.record(record(1, Some("U1"))).await.unwrap();
    assert!(matches!(created, Recorded::Written));
    let copied = "statut, canal, qualification, workflow, residence, priorite, gestionnaire_concerne, \
                  acteur_en_charge, auteur, email_auteur, contexte, lien_sowell, created_at";
    for signalement in ["signalement_id", "'nobody'"] {
        let second = format!(
            "INSERT INTO demandes (uid, signalement_id, {copied}) \
             SELECT 'U2', {signalement}, {copied} FROM demandes"
        );
        let refused = opened.execute(&second).await.unwrap_err();
        assert!(refused.as_database_error().is_some(), "{refused}");
    }
    assert!(opened.store.find_signalement("U2").await.unwrap().is_none());
}

/// The content of the tables that records fill.
async fn rows(url: &str) -> Vec<String> {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let mut rows = Vec::new();
    for table in [
        "signalements",
        "demandes",
        "idempotency_keys",
        "fichiers",
        "livraisons",
    ] {
        let columns = format!("SELECT name FROM pragma_table_info('{table}')");
        let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(columns))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let shown = columns.iter().map(|it| format!("'{it}=' || quote({it})"));
        let shown = shown.collect::<Vec<_>>().join(" || ' ' || ");
        let all = format!("SELECT '{table} ' || {shown} FROM {table} ORDER BY 1");
        let all: Vec<String> = sqlx::query_scalar(AssertSqlSafe(all))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        rows.extend(all);
    }
    rows
}
