//! The real binary, killed for real.

use std::fs;
use std::path::Path;
use std::process::Command;

use reqwest::Client;
use serde_json::{Value, json};

use crate::harness::{Builder, FakeSowell, installed, signalement, token, until};
use crate::process::Process;

/// A daemon that never lives long enough to fill SQLite's log does not let it grow, and one that is stopped leaves
/// everything in the database file.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_short_life_ends_up_in_the_database_file() {
    let folder = Builder::new().folder();
    let data = folder.path().join("data");
    let in_file = |uid: &str| {
        let bytes = fs::read(data.join("passerelle.sqlite")).unwrap();
        bytes.windows(uid.len()).any(|it| it == uid.as_bytes())
    };
    let post = async |daemon: &Process, number: u32, expected: u16| {
        let body = signalement(number);
        let (status, answer) = daemon.post("/api/v1/signalements", "sowell", &body).await;
        assert_eq!(status, expected);
        answer["uid"].as_str().unwrap().to_owned()
    };
    let killed = Process::start(folder.path(), &[]);
    let of_killed = post(&killed, 1, 201).await;
    killed.kill();

    let mut stopped = Process::start(folder.path(), &[]);
    let of_stopped = post(&stopped, 2, 201).await;
    until("the log of the killed daemon is copied", || async {
        in_file(&of_killed).then_some(())
    })
    .await;
    stopped.signal("TERM");
    assert!(stopped.ended().await.success());
    assert!(in_file(&of_stopped));

    // Someone takes them for left-over files.
    for left in ["passerelle.sqlite-wal", "passerelle.sqlite-shm"] {
        let _ = fs::remove_file(data.join(left));
    }
    let last = Process::start(folder.path(), &[]);
    assert_eq!(post(&last, 2, 200).await, of_stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_acknowledged_is_there_after_a_kill() {
    let builder = Builder::new();
    let folder = builder.folder();
    let first = Process::start(folder.path(), &[]);
    let (status, created) = first
        .post("/api/v1/signalements", "sowell", &signalement(1))
        .await;
    assert_eq!(status, 201);
    let uid = created["uid"].as_str().unwrap();
    let path = format!("/api/v1/demandes/{uid}/statut");
    for statut in [
        "CRC en cours",
        "Vivest en attente retour",
        "Vivest en cours",
    ] {
        let (status, _) = first.post(&path, "crm", &json!({"statut": statut})).await;
        assert_eq!(status, 202);
    }
    first.kill();

    let sowell = FakeSowell::start().await;
    let second = Process::start(folder.path(), &[("SOWELL__BASE_URL", &sowell.url)]);
    let (status, again) = second
        .post("/api/v1/signalements", "sowell", &signalement(1))
        .await;
    assert_eq!((status, &again), (200, &created));
    let calls = sowell.wait_for(3).await;
    let order: Vec<&str> = calls
        .iter()
        .map(|it| it.body["statut_crm"].as_str().unwrap())
        .collect();
    assert_eq!(
        order,
        [
            "CRC en cours",
            "Vivest en attente retour",
            "Vivest en cours"
        ]
    );
    let request = Client::new().get(format!("{}/api/v1/demandes/{uid}", second.url));
    let demande: Value = request
        .bearer_auth(token("crm"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let photo = format!(
        "{}{}",
        second.url,
        demande["fichiers"][0]["url"].as_str().unwrap()
    );
    let photo = Client::new()
        .get(photo)
        .bearer_auth(token("crm"))
        .send()
        .await
        .unwrap();
    assert_eq!(photo.status(), 200);
    second.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_in_an_empty_folder_prints_a_request_that_works() {
    if !installed("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let run = |folder: &Path| {
        let tokens = [
            ("TOKENS__SOWELL", ""),
            ("TOKENS__CRM", ""),
            ("TOKENS__ADMIN", ""),
        ];
        // Without the repository's folders, the copies in the binary are used.
        let mut child = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        child
            .current_dir(folder)
            .env("PASSERELLE_LISTEN", "127.0.0.1:0");
        for (name, value) in tokens {
            child.env(format!("PASSERELLE_{name}"), value);
        }
        Process::of(child)
    };
    let first = run(folder.path());
    let curl = first
        .greeting
        .iter()
        .find(|line| line.trim().starts_with("curl"))
        .unwrap();
    let output = Command::new("bash").args(["-c", curl]).output().unwrap();
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(
        first
            .greeting
            .iter()
            .any(|line| line.contains("shown only once"))
    );
    first.kill();
    let second = run(folder.path());
    assert!(
        !second
            .greeting
            .iter()
            .any(|line| line.contains("shown only once"))
    );
    second.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_interrupted_by_a_kill_is_sent_at_once_after_the_restart() {
    // A partner that accepts the connection and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let builder = Builder::new();
    let folder = builder.folder();
    // A claim holds for twice the time of an attempt: two hours here, much longer than the test.
    let first = Process::start(
        folder.path(),
        &[("SOWELL__BASE_URL", &url), ("DELIVERY__ATTEMPT", "1h")],
    );
    let (_, created) = first
        .post("/api/v1/signalements", "sowell", &signalement(1))
        .await;
    let path = format!(
        "/api/v1/demandes/{}/statut",
        created["uid"].as_str().unwrap()
    );
    first
        .post(&path, "crm", &json!({"statut": "CRC en cours"}))
        .await;
    let held = silent.accept().await.unwrap();
    first.kill();
    drop(held);

    let sowell = FakeSowell::start().await;
    let second = Process::start(folder.path(), &[("SOWELL__BASE_URL", &sowell.url)]);
    sowell.wait_for(1).await;
    second.kill();
}
