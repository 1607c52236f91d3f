//! Both databases have the same tables, and the data of one can be moved to the other.

use passerelle::adapters::store::copy::{Copy, CopyError};
use passerelle::domain::demande::Uid;
use sqlx::{Connection, SqliteConnection};

use super::{Opened, event, record, story};
use crate::postgres::Backend;

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
            // Types and what follows them differ; the first words of a line name a table or column.
            let lines = text
                .lines()
                .map(|line| line.split("--").next().unwrap().trim())
                .filter(|line| !line.is_empty() && !line.starts_with("rowid"))
                // Constraints are changed in ways that have nothing in common.
                .filter(|line| !line.contains("CONSTRAINT") && !line.contains("_schema"))
                // Useful for a start that releases claims, which only happens on SQLite.
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
    let mut sqlite = read("migrations/sqlite");
    // Recreates one table, which is not necessary in PostgreSQL.
    assert!(sqlite.remove("0015_once.sql").is_some());
    assert_eq!(sqlite, read("migrations/postgres"));
}

/// A landlord that has outgrown one machine.
#[tokio::test]
async fn every_row_moves_to_postgres_and_life_goes_on_there() {
    let Some(target) = Opened::on(Backend::Postgres).await else {
        return;
    };
    let source = Opened::on(Backend::Sqlite).await.unwrap();
    story(source.store.as_ref()).await;
    let path = source.folder.path().join("s.sqlite");
    let mut sqlite = SqliteConnection::connect(&source.url).await.unwrap();
    // Stored by earlier versions, and impossible in PostgreSQL.
    let with_nul = "UPDATE demandes SET contexte = 'a' || char(0) || 'b' WHERE uid = 'U1'";
    sqlx::query(with_nul).execute(&mut sqlite).await.unwrap();
    let copy = Copy::prepare(&path, &target.url).await.unwrap();
    let steps = copy.steps();
    let mut done = 0;
    let rows = copy.run(|some| done += some).await.unwrap();
    assert_eq!((done, rows * 2), (steps, steps));
    let store = target.store.as_ref();
    let owner = store.find_bound(&record(1, None).id, None).await.unwrap();
    assert_eq!(owner.unwrap().uid, "U1");
    let demande = store.find_demande(&Uid::new("U1".into())).await.unwrap();
    assert_eq!(demande.unwrap().content.contexte, "a\u{fffd}b");
    let refused = record(62, None).id;
    let refused = store.find_signalement(refused.as_str()).await.unwrap();
    let motif = refused.unwrap().motif.unwrap();
    assert_eq!(
        (&*motif.for_all, &*motif.to_string()),
        ("non", "non : à voir")
    );
    let before = source.store.list_livraisons(None, 100).await.unwrap();
    let after = store.list_livraisons(None, 100).await.unwrap();
    assert_eq!(before.len(), after.len());
    // New rows follow the copied ones.
    store.record(record(9_000, Some("NEW"))).await.unwrap();
    let next = event("new", "NEW", "A", None);
    store.record_event(next).await.unwrap();
    assert_eq!(store.list_livraisons(None, 1).await.unwrap()[0].id, "new");
    // Existing data is never overwritten.
    let again = Copy::prepare(&path, &target.url).await;
    assert!(matches!(again, Err(CopyError::NotEmpty(_))));
}
