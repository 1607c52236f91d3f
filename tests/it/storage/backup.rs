//! A backup during traffic, and a start from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sqlx::{Column, Connection, Row, SqliteConnection, ValueRef};

use crate::cli::{on, passerelle};
use crate::harness::{Builder, FakeSowell, environment, signalement, signalement_with};

/// Every row of every table, as text.
async fn rows(database: &Path) -> BTreeMap<String, Vec<Vec<String>>> {
    let url = format!("sqlite://{}", database.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let mut tables = BTreeMap::new();
    for name in names {
        let query = sqlx::AssertSqlSafe(format!("SELECT * FROM \"{name}\""));
        let found = sqlx::query(query).fetch_all(&mut connection).await.unwrap();
        let text = |row: &sqlx::sqlite::SqliteRow| -> Vec<String> {
            let cells = row.columns().iter().map(|column| {
                let value = row.try_get_raw(column.ordinal()).unwrap();
                if value.is_null() {
                    return "NULL".to_owned();
                }
                let bytes: Vec<u8> = row.try_get_unchecked(column.ordinal()).unwrap();
                format!("{:?}", String::from_utf8_lossy(&bytes))
            });
            cells.collect()
        };
        let mut all: Vec<Vec<String>> = found.iter().map(text).collect();
        all.sort();
        tables.insert(name, all);
    }
    tables
}

/// Every photo under a folder, by its relative path.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let shards = fs::read_dir(root).unwrap().map(|it| it.unwrap().path());
    for shard in shards.filter(|it| it.is_dir()) {
        for file in fs::read_dir(shard).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_restored_data_equals_the_original() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let first = daemon.post(&signalement(1)).await;
    let uid = first.json()["uid"].as_str().unwrap().to_owned();
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    sowell.wait_for(1).await;
    daemon
        .post(&signalement_with(
            2,
            &json!({"residence": "NEUVE", "bien": null}),
        ))
        .await;
    let (folder, _) = daemon.stop().await;
    let data = folder.path().join("data");

    let environment = environment(folder.path());
    let run = |arguments: &[&str]| passerelle(folder.path(), &environment, arguments);
    let made = run(&["backup", "copy"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let again = run(&["backup", "copy"]);
    assert_eq!(again.status.code(), Some(1), "a folder that is not empty");

    let before = (
        rows(&data.join("passerelle.sqlite")).await,
        files(&data.join("fichiers")),
    );
    let refused = run(&["restore", "copy"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("already exists"),
        "{}",
        stderr(&refused)
    );
    fs::rename(&data, folder.path().join("lost")).unwrap();
    let restored = run(&["restore", "copy"]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    let after = (
        rows(&data.join("passerelle.sqlite")).await,
        files(&data.join("fichiers")),
    );
    assert!(before.0["signalements"].len() == 2 && !before.1.is_empty());
    assert_eq!(before, after);

    let daemon = Builder::again(&folder, environment).start().await;
    let repeat = daemon.post(&signalement(1)).await;
    assert_eq!((repeat.status, repeat.bytes), (200, first.bytes));
}

/// Each of them finds the folder empty; all but one must leave the files of that one alone.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_backups_into_one_folder_one_is_made() {
    let daemon = Builder::new().start().await;
    for number in 0..3 {
        daemon.created(&signalement(number)).await;
    }
    for round in 0..6 {
        let copy = format!("copy-{round}");
        let making: Vec<_> = (0..3)
            .map(|_| {
                let (folder, environment) = (daemon.folder.clone(), daemon.environment.clone());
                let copy = copy.clone();
                tokio::task::spawn_blocking(move || {
                    passerelle(folder.path(), &environment, &["backup", &copy])
                })
            })
            .collect();
        let mut made = 0;
        for it in making {
            let output = it.await.unwrap();
            if output.status.success() {
                made += 1;
            } else {
                let told = stderr(&output);
                assert!(told.contains("Choose an empty folder"), "{told}");
            }
        }
        assert_eq!(made, 1);
        let other = Builder::new();
        let copy = daemon.path(&copy).display().to_string();
        let restored = passerelle(
            other.folder().path(),
            &other.environment(),
            &["restore", &copy],
        );
        assert!(restored.status.success(), "{}", stderr(&restored));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_something_in_it_is_left_as_it_is() {
    let daemon = Builder::new().start().await;
    daemon.created(&signalement(1)).await;
    // The last is what a killed backup leaves, or one in progress.
    for name in [
        "letter.txt",
        "fichiers/photo",
        "backup.json",
        "passerelle.sqlite",
    ] {
        let copy = daemon.path("copy");
        let file = copy.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "theirs").unwrap();
        let refused = on(&daemon, &["backup", "copy"]);
        assert_eq!(refused.status.code(), Some(1), "{name}");
        let told = stderr(&refused);
        assert!(told.contains("Choose an empty folder"), "{name}: {told}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
        assert_eq!(fs::read_dir(&copy).unwrap().count(), 1, "{name}");
        fs::remove_dir_all(&copy).unwrap();
    }
    // An empty folder that already exists will do.
    fs::create_dir(daemon.path("copy")).unwrap();
    let made = on(&daemon, &["backup", "copy"]);
    assert!(made.status.success(), "{}", stderr(&made));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_the_current_folder_is_restored_as_well() {
    let daemon = Builder::new().start().await;
    daemon.created(&signalement(1)).await;
    let (folder, mut environment) = daemon.stop().await;
    let made = passerelle(folder.path(), &environment, &["backup", "copy"]);
    assert!(made.status.success(), "{}", stderr(&made));
    for (key, place) in [
        ("DATABASE_URL", "sqlite://ici.sqlite"),
        ("FILES_URL", "file://ici"),
    ] {
        let name = format!("PASSERELLE_{key}");
        environment.retain(|(it, _)| *it != name);
        environment.push((name, place.to_owned()));
    }
    let restored = passerelle(folder.path(), &environment, &["restore", "copy"]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    assert!(folder.path().join("ici.sqlite").is_file());
    assert!(!files(&folder.path().join("ici")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_beside_traffic_holds_all_that_was_acknowledged_before_it() {
    let daemon = Builder::new().start().await;
    let mut acknowledged = Vec::new();
    for number in 0..5 {
        acknowledged.push(daemon.created(&signalement(number)).await);
    }
    let (folder, environment) = (daemon.folder.clone(), daemon.environment.clone());
    let making = tokio::task::spawn_blocking(move || {
        passerelle(folder.path(), &environment, &["backup", "copy"])
    });
    let mut number = 100;
    while !making.is_finished() {
        daemon.created(&signalement(number)).await;
        number += 1;
    }
    let made = making.await.unwrap();
    assert!(made.status.success(), "{}", stderr(&made));

    // Another installation, with no data.
    let other = Builder::new();
    let (folder, environment) = (other.folder(), other.environment());
    let copy = daemon.path("copy").display().to_string();
    let restored = passerelle(folder.path(), &environment, &["restore", &copy]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    let other = other.start().await;
    for uid in &acknowledged {
        let demande = other.get(&format!("/api/v1/demandes/{uid}"), "crm").await;
        assert_eq!(demande.status, 200);
    }
    let held = rows(&other.database()).await;
    let uids = held["demandes"]
        .iter()
        .map(|row| row[0].trim_matches('"').to_owned());
    for uid in uids {
        let demande: Value = other
            .get(&format!("/api/v1/demandes/{uid}"), "crm")
            .await
            .json();
        let url = demande["fichiers"][0]["url"].as_str().unwrap().to_owned();
        assert_eq!(
            other.get(&url, "crm").await.status,
            200,
            "each photo it names"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_backup_is_reported_and_not_restored() {
    let daemon = Builder::new().start().await;
    daemon.created(&signalement(1)).await;
    let (folder, environment) = daemon.stop().await;
    let run = |arguments: &[&str]| passerelle(folder.path(), &environment, arguments);
    assert!(run(&["backup", "good"]).status.success());
    fs::rename(folder.path().join("data"), folder.path().join("lost")).unwrap();
    let refusal = |what: &str| {
        let output = run(&["restore", "good"]);
        assert_eq!(output.status.code(), Some(1), "{what}");
        assert!(
            stderr(&output).contains("not a complete backup"),
            "{what}: {}",
            stderr(&output)
        );
        assert!(
            !folder.path().join("data/passerelle.sqlite").exists(),
            "{what}"
        );
    };
    let good = folder.path().join("good");
    let spoilt = |name: &Path, what: &str| {
        let bytes = fs::read(name).unwrap();
        fs::write(name, [&bytes[..], b"x"].concat()).unwrap();
        refusal(what);
        fs::remove_file(name).unwrap();
        if name.starts_with(good.join("fichiers")) {
            refusal("a photo that is gone");
        }
        fs::write(name, bytes).unwrap();
    };
    let photo = files(&good.join("fichiers")).into_keys().next().unwrap();
    spoilt(&good.join("fichiers").join(photo), "a changed photo");
    spoilt(&good.join("passerelle.sqlite"), "a changed database");
    let note = good.join("backup.json");
    let text = fs::read(&note).unwrap();
    fs::remove_file(&note).unwrap();
    refusal("a backup that was cut short");
    fs::write(&note, text).unwrap();
    assert!(run(&["restore", "good"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_was_already_lost_does_not_prevent_a_backup() {
    let daemon = Builder::new().start().await;
    let uid = daemon.created(&signalement(1)).await;
    let photos = daemon.path("data/fichiers");
    let photo = files(&photos).into_keys().next().unwrap();
    fs::remove_file(photos.join(&photo)).unwrap();
    let made = on(&daemon, &["backup", "copy"]);
    assert_eq!(made.status.code(), Some(1));
    let sha256 = photo.rsplit('/').next().unwrap();
    assert!(stderr(&made).contains(sha256), "{}", stderr(&made));

    let other = Builder::new();
    let copy = daemon.path("copy").display().to_string();
    let restored = passerelle(
        other.folder().path(),
        &other.environment(),
        &["restore", &copy],
    );
    assert!(restored.status.success(), "{}", stderr(&restored));
    let other = other.start().await;
    let path = format!("/api/v1/demandes/{uid}");
    assert_eq!(other.get(&path, "crm").await.status, 200);
}
