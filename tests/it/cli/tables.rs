//! Only `migrate` and a start create tables or bring them up to date, and no other verb.

use std::borrow::Cow;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rstest::rstest;
use serde_json::Value;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use super::passerelle;
use crate::harness::{Builder, environment};
use crate::postgres;

/// Verbs that read a database, or would write to it.
const VERBS: [&[&str]; 7] = [
    &["signalements", "list"],
    &["signalements", "retry", "--all"],
    &["deliveries", "list"],
    &["rules", "list"],
    &["tokens", "reset", "crm"],
    &["purge"],
    &["explain", "--uid", "x"],
];

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A file as left by a daemon several versions ago.
async fn earlier(folder: &Path) -> SqliteConnection {
    std::fs::create_dir(folder.join("data")).unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.join("data/passerelle.sqlite"))
        .create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    let mut before = Migrator::new(Path::new("migrations/sqlite")).await.unwrap();
    let earlier = before.migrations.iter().filter(|it| it.version <= 8);
    before.migrations = Cow::Owned(earlier.cloned().collect());
    before.run(&mut connection).await.unwrap();
    connection
}

async fn newest(connection: &mut SqliteConnection) -> i64 {
    let newest = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations");
    newest.fetch_one(connection).await.unwrap()
}

/// The settings of a daemon in its own folder, with its tokens in the database.
fn settings(folder: &Path) -> Vec<(String, String)> {
    let mut all = environment(folder);
    let others = ["TOKENS__", "RULES_DIR", "REFERENTIEL_DIR"];
    all.retain(|(name, _)| !others.iter().any(|it| name.contains(it)));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verb_leaves_older_tables_as_they_are_and_names_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = earlier(folder.path()).await;
    let settings = settings(folder.path());
    for verb in VERBS {
        let output = passerelle(folder.path(), &settings, verb);
        assert_eq!(output.status.code(), Some(1), "{verb:?}");
        assert!(
            told(&output).contains("passerelle migrate"),
            "{}",
            told(&output)
        );
        assert_eq!(newest(&mut connection).await, 8, "{verb:?}");
    }
    // A backup is made before an update.
    let backup = passerelle(folder.path(), &settings, &["backup", "kept"]);
    assert!(backup.status.success(), "{}", told(&backup));
    assert_eq!(newest(&mut connection).await, 8);
    let migrated = passerelle(folder.path(), &settings, &["migrate"]);
    assert!(migrated.status.success(), "{}", told(&migrated));
    let listed = passerelle(folder.path(), &settings, VERBS[0]);
    assert!(listed.status.success(), "{}", told(&listed));
    // The next version has already migrated the database.
    let newer = "INSERT INTO _sqlx_migrations SELECT 9999, description, installed_on, success, checksum, \
                 execution_time FROM _sqlx_migrations WHERE version = 1";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    for verb in [VERBS[0], &["migrate"]] {
        let output = passerelle(folder.path(), &settings, verb);
        assert_eq!(output.status.code(), Some(1), "{verb:?}");
        assert!(told(&output).contains("newer version"), "{}", told(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verb_creates_no_tables_in_an_empty_postgres() {
    let Some(url) = postgres::database().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    settings.push(("PASSERELLE_DATABASE_URL".into(), url.clone()));
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for verb in VERBS {
        let output = passerelle(folder.path(), &settings, verb);
        assert_eq!(output.status.code(), Some(1), "{verb:?}");
        assert!(
            told(&output).contains("passerelle migrate"),
            "{}",
            told(&output)
        );
        let made = sqlx::query_scalar("SELECT to_regclass('signalements') IS NOT NULL");
        let made: bool = made.fetch_one(&mut connection).await.unwrap();
        assert!(!made, "{verb:?}");
    }
    let migrated = passerelle(folder.path(), &settings, &["migrate"]);
    assert!(migrated.status.success(), "{}", told(&migrated));
    let listed = passerelle(folder.path(), &settings, VERBS[0]);
    assert!(listed.status.success(), "{}", told(&listed));
}

#[rstest]
#[case(&["restore", "kept"])]
#[case(&["migrate"])]
#[tokio::test(flavor = "multi_thread")]
async fn a_verb_that_waits_for_a_daemon_to_stop_says_so_at_once(#[case] verb: &[&str]) {
    let daemon = Builder::new().start().await;
    let mut waiting = Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .args(verb)
        .current_dir(daemon.folder.path())
        .envs(daemon.environment.iter().cloned())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stderr = waiting.stderr.take().unwrap();
    BufReader::new(stderr).read_line(&mut line).unwrap();
    // It is still waiting, and has said why.
    assert!(waiting.try_wait().unwrap().is_none());
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert!(line.contains("waiting for it to stop"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_compared_with_rules_that_were_never_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let run = |arguments: &[&str]| passerelle(folder.path(), &settings, arguments);
    assert!(run(&["init", "."]).status.success());
    assert!(run(&["migrate"]).status.success());
    let impact = run(&["impact", "--rules", "rules"]);
    assert_eq!(impact.status.code(), Some(1));
    assert!(
        told(&impact).contains("démarrez d'abord le service"),
        "{}",
        told(&impact)
    );
    let impact = run(&["impact", "--rules", "rules", "--format", "json"]);
    let json: Value = serde_json::from_slice(&impact.stdout).unwrap();
    assert_eq!(json["acceptee"], false);
    assert_eq!(
        json["diagnostics"].as_array().map(Vec::len),
        Some(1),
        "{json}"
    );
    let retry = run(&["signalements", "retry", "--all"]);
    assert!(
        told(&retry).contains("start the daemon first"),
        "{}",
        told(&retry)
    );
}
