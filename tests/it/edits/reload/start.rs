//! Starts with files that are refused, and the SIGHUP that reads them again.

use std::fs;
use std::process::Command;

use crate::harness::{Builder, is_accepted, is_refused, signalement, until};
use crate::process::{Process, settle_in, signal};

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_refused_files_serves_the_last_accepted_version_loudly() {
    let daemon = Builder::new().start().await;
    let version = daemon.regles().await["active"]["version"].clone();
    let (folder, environment) = daemon.stop().await;
    let statuts = folder.path().join("rules/statuts.yaml");
    let good = fs::read_to_string(&statuts).unwrap();
    fs::write(&statuts, "initial: [\n").unwrap();

    let told = Process::start(folder.path(), &[]);
    let log = told.greeting.join("\n");
    assert!(
        log.contains("ERROR") && log.contains("statuts.yaml, ligne 1"),
        "{log}"
    );
    told.kill();

    let daemon = Builder::again(&folder, environment).start().await;
    let ready = daemon.get("/readyz", "").await;
    assert_eq!(ready.status, 200);
    let regles = ready.json()["regles"].clone();
    assert_eq!(regles["active"]["version"], version);
    assert_eq!(regles["derniere_tentative"]["acceptee"], false);
    assert_eq!(
        regles["derniere_tentative"]["erreurs"][0]["fichier"],
        "statuts.yaml"
    );
    daemon.created(&signalement(1)).await;
    // Restored, then edited: both are picked up.
    daemon.save("rules/statuts.yaml", &good);
    let regles = daemon.regles_when("it is mended", is_accepted).await;
    assert_eq!(regles["active"]["version"], version);
    daemon.save("rules/statuts.yaml", &format!("# revu\n{good}"));
    daemon
        .regles_when("an edit", |it| it["active"]["version"] != version)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_file_that_cannot_be_read_serves_the_last_accepted_version_until_it_can() {
    let (folder, environment) = Builder::new().start().await.stop().await;
    let file = folder.path().join("rules/statuts.yaml");
    let away = folder.path().join("away.yaml");
    fs::rename(&file, &away).unwrap();
    std::os::unix::fs::symlink("nowhere", &file).unwrap();
    let daemon = Builder::again(&folder, environment).start().await;
    let regles = daemon.regles().await;
    assert!(is_refused(&regles), "{regles}");
    let version = regles["active"]["version"].clone();
    daemon.created(&signalement(1)).await;
    fs::rename(&away, &file).unwrap();
    let regles = daemon.regles_when("it is there", is_accepted).await;
    assert_eq!(regles["active"]["version"], version);
    daemon.edit("rules/transmission.yaml", "modes: []\n").await;
    assert_eq!(daemon.post(&signalement(2)).await.json()["transmis"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sighup_reloads_for_better_and_for_worse() {
    let builder = Builder::new();
    let folder = builder.folder();
    let daemon = Process::start(folder.path(), &[]);
    let hang_up = async || {
        let before = daemon.regles().await["derniere_tentative"]["le"].clone();
        signal(daemon.child.id(), "HUP");
        daemon
            .regles_when("an attempt", |it| it["derniere_tentative"]["le"] != before)
            .await
    };
    // Without an edit, only the signal causes an attempt.
    let first = hang_up().await;
    assert!(is_accepted(&first), "{first}");
    let transmission = folder.path().join("rules/transmission.yaml");
    fs::write(&transmission, "modes: [auteurs]\n").unwrap();
    hang_up().await;
    let refused = daemon.regles_when("it is refused", is_refused).await;
    assert_eq!(refused["active"], first["active"]);
    fs::write(&transmission, "modes: []\n").unwrap();
    hang_up().await;
    let mended = daemon.regles_when("it is accepted", is_accepted).await;
    assert_ne!(mended["active"]["version"], first["active"]["version"]);
    daemon.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sighup_during_the_start_ends_nothing() {
    let builder = Builder::new();
    let folder = builder.folder();
    fs::create_dir(folder.path().join("data")).unwrap();
    // To this one, it looks like another daemon, so it waits.
    let other = fs::File::create(folder.path().join("data/passerelle.lock")).unwrap();
    other.lock().unwrap();
    let (sender, pid) = std::sync::mpsc::channel();
    let root = folder.path().to_path_buf();
    let starting = tokio::task::spawn_blocking(move || {
        let binary = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        Process::started(settle_in(binary, &root, &[]), |pid| {
            sender.send(pid).unwrap();
        })
    });
    let pid = tokio::task::spawn_blocking(move || pid.recv().unwrap())
        .await
        .unwrap();
    until("it listens to SIGHUP", || async {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let caught = status.lines().find_map(|it| it.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        (caught & 1 != 0).then_some(())
    })
    .await;
    signal(pid, "HUP");
    drop(other);
    let daemon = starting.await.unwrap();
    assert!(is_accepted(&daemon.regles().await));
    daemon.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_on_refused_files_says_what_is_wrong() {
    let refusal = Builder::new()
        .file("rules/statuts.yaml", "initial: [\n")
        .refusal()
        .await;
    assert!(refusal.contains("statuts.yaml, ligne 1"), "{refusal}");
}
