//! Acknowledged means on disk: what had been synced when an answer was sent contains everything that the answer
//! acknowledges.
//!
//! The daemon runs under `strace`. Its log is then replayed on a disk that loses whatever was not synced: bytes of
//! a file not synced since, and names whose folder was not synced. What is left at the moment of an answer must be
//! enough for another daemon.

mod disk;
mod log;

use std::fs;
use std::process::Command;
use std::sync::Arc;

use passerelle::app::App;
use passerelle::domain::demande::Uid;
use passerelle::domain::livraison::{Destination, LivraisonEtat};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::disk::{Disk, Kind};
use self::log::{Step, read_log};
use crate::cli::passerelle;
use crate::harness::{Builder, PNG, environment, installed, signalement_with, until};
use crate::process::{Process, settle_in, signal};

/// The system calls for files, and for answers to clients.
const CALLS: &str = "openat,write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync,ftruncate,rename,\
                     renameat,renameat2,unlink,unlinkat,mkdir,mkdirat";
/// Several new folders, relative to the current one.
const PHOTOS: &str = "file://photos/du/fichiers";
/// Where e-mails are written without a server, one file each.
const COURRIELS: &str = "data/courriels";
const SIGNALEMENTS: u32 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_survives_a_power_cut() {
    if !installed("strace") {
        return;
    }
    let folder = Builder::new().folder();
    let log = run_under_strace(&folder).await;
    let steps = read_log(&log, &folder.path().canonicalize().unwrap());
    let answers = steps
        .iter()
        .filter(|it| matches!(it, Step::Answer(_)))
        .count();
    assert_eq!(
        answers,
        2 * SIGNALEMENTS as usize + 1,
        "answers found in the log"
    );

    assert_eq!(lost(&steps, None).await, Vec::<String>::new());
    // Without one of its syncs, the same daemon would fail: the check detects what it is for.
    for left_out in [Kind::Log, Kind::Photo, Kind::PhotoFolder, Kind::Courriel] {
        let lost = lost(&steps, Some(left_out)).await;
        assert!(!lost.is_empty(), "{left_out:?} does not need a sync?");
    }
}

/// A daemon that starts in an empty folder, accepts signalements and statuses, and stops.
async fn run_under_strace(folder: &Arc<TempDir>) -> String {
    let log = folder.path().join("strace.log");
    let mut strace = Command::new("strace");
    strace
        .args([
            "-f",
            "-qq",
            "-y",
            "-xx",
            "-s",
            "1000000",
            "--seccomp-bpf",
            "-e",
            "signal=none",
        ])
        .args(["-e", &format!("trace={CALLS}"), "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_passerelle"));
    let photos = [("FILES_URL", PHOTOS)];
    let mut traced = Process::of(settle_in(strace, folder.path(), &photos));
    let daemon = &traced;
    let requests = (0..SIGNALEMENTS).map(async |number| {
        let photo = [
            base64_simd::STANDARD.decode_to_vec(PNG).unwrap(),
            vec![u8::try_from(number).unwrap(); 9_000],
        ];
        let photo = base64_simd::STANDARD.encode_to_string(photo.concat());
        let body = signalement_with(number, &json!({"photos": [photo]}));
        let (status, created) = daemon.post("/api/v1/signalements", "sowell", &body).await;
        assert_eq!(status, 201);
        let path = format!(
            "/api/v1/demandes/{}/statut",
            created["uid"].as_str().unwrap()
        );
        let body = json!({"statut": "CRC en cours"});
        let (status, _) = daemon.post(&path, "crm", &body).await;
        assert_eq!(status, 202);
    });
    futures_util::future::join_all(requests).await;
    // Once e-mails are recorded as sent, one more answer follows.
    let environment = environment(folder.path());
    until("e-mails are noted as sent", || async {
        let arguments = [
            "deliveries",
            "list",
            "--state",
            "livree",
            "--format",
            "json",
        ];
        let listed = passerelle(folder.path(), &environment, &arguments);
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        text.contains("courriel").then_some(())
    })
    .await;
    let body = signalement_with(SIGNALEMENTS, &json!({}));
    let (status, _) = daemon.post("/api/v1/signalements", "sowell", &body).await;
    assert_eq!(status, 201);
    let strace = traced.child.id();
    let children = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).unwrap();
    signal(children.trim().parse().unwrap(), "TERM");
    let ended = traced.ended().await;
    assert!(ended.success(), "{ended}");
    fs::read_to_string(log).unwrap()
}

/// What a power cut at the moment of some answer would lose of what was acknowledged.
async fn lost(steps: &[Step], left_out: Option<Kind>) -> Vec<String> {
    let answers: Vec<usize> = (0..steps.len())
        .filter(|at| matches!(steps[*at], Step::Answer(_)))
        .collect();
    let (first, last) = (0, answers.len() - 1);
    let mut lost = Vec::new();
    for which in [first, 1, last / 2, last] {
        let until = answers[which];
        let mut disk = Disk::default();
        let mut acknowledged = Vec::new();
        for step in &steps[..=until] {
            match step {
                Step::Answer(body) => acknowledged.push(body),
                step => disk.take(step, left_out),
            }
        }
        lost.extend(missing(&disk, &acknowledged).await);
    }
    lost
}

/// Starts a daemon on what the disk has kept, and returns what it is missing.
async fn missing(disk: &Disk, acknowledged: &[&Value]) -> Vec<String> {
    let builder = Builder::new();
    let root = builder.folder();
    disk.write_out(root.path());
    let photos = root.path().join(PHOTOS.trim_start_matches("file://"));
    let photos = format!("file://{}", photos.display());
    let builder = builder.set("FILES_URL", &photos);
    let Ok(app) = App::build(&builder.settings()).await else {
        return vec!["the database".to_owned()];
    };
    let state = &app.state;
    let mut missing = Vec::new();
    let mut statuts = 0;
    for body in acknowledged {
        let Some(uid) = body["uid"].as_str() else {
            statuts += 1;
            continue;
        };
        let found = state.store.find_demande(&Uid::new(uid.to_owned())).await;
        let Ok(Some(demande)) = found else {
            missing.push(uid.to_owned());
            continue;
        };
        for fichier in &demande.fichiers {
            let bytes = state.files.read(&fichier.sha256).await.unwrap_or_default();
            if bytes.len() as u64 != fichier.taille {
                missing.push(format!("a photo of {uid}"));
            }
        }
    }
    let kept = state.store.list_livraisons(None, 1_000).await.unwrap();
    let kept = kept
        .iter()
        .filter(|it| it.destination.as_str() == "sowell")
        .count();
    if kept < statuts {
        missing.push(format!("{} statuses", statuts - kept));
    }
    let livrees = Some(LivraisonEtat::Livree);
    let livrees = state.store.list_livraisons(livrees, 1_000).await.unwrap();
    for sent in livrees {
        let file = root.path().join(COURRIELS).join(format!("{}.eml", sent.id));
        if sent.destination == Destination::Courriel && !file.exists() {
            missing.push(format!("the e-mail {}", sent.id));
        }
    }
    missing
}
