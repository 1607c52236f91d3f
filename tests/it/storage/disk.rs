//! The disk fills up, cannot be written, or no longer returns a photo: clients are told to try again later,
//! operators are told why, nothing is half stored, and service resumes by itself.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use passerelle::adapters::store::sqlite::SqliteStore;
use passerelle::domain::ports::{Recorded, Signalements};
use rstest::rstest;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::cli::passerelle;
use crate::harness::{
    Answer, Builder, PNG, environment, is_for_later, possible, ready_when, signalement,
    signalement_with, until,
};
use crate::process::{Process, settle_in};
use crate::storage::store::record;

/// A file system in memory, small enough for a test to fill.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with a note, if this system does not allow mounting one.
    fn at(folder: &Path) -> Option<Self> {
        fs::create_dir(folder).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
            .arg(folder);
        let mounted = mount.output().is_ok_and(|it| it.status.success());
        possible(mounted, "the right to mount a file system").then(|| Self(folder.to_path_buf()))
    }

    /// Leaves no room, or only `left` bytes.
    fn fill(&self, left: u64) {
        let mut filler = File::create(self.filler()).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
        let length = filler.metadata().unwrap().len();
        filler.set_len(length.saturating_sub(left)).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        bytes: response.bytes().await.unwrap().to_vec(),
    }
}

async fn post(daemon: &Process, body: &Value) -> Answer {
    answer(
        daemon
            .request("POST", "/api/v1/signalements", "sowell")
            .json(body),
    )
    .await
}

/// Names of the files in the photos' folders.
fn photos(data: &Path) -> Vec<String> {
    let shards = fs::read_dir(data.join("fichiers")).unwrap();
    let shards = shards.map(|it| it.unwrap().path()).filter(|it| it.is_dir());
    let files = shards.flat_map(|it| fs::read_dir(it).unwrap());
    files
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn with_photo(number: u32, bytes: usize) -> Value {
    let mut photo = base64_simd::STANDARD.decode_to_vec(PNG).unwrap();
    photo.resize(bytes, u8::try_from(number).unwrap());
    let photo = base64_simd::STANDARD.encode_to_string(photo);
    signalement_with(number, &json!({"photos": [photo]}))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_finds_no_room_leaves_nothing_and_can_be_repeated() {
    let folder = Builder::new().folder();
    let Some(disk) = SmallDisk::at(&folder.path().join("small")) else {
        return;
    };
    let daemon = Process::start(folder.path(), &[]);
    assert_eq!(post(&daemon, &with_photo(1, 3_000_000)).await.status, 201);
    disk.fill(2_000_000);
    let make = || {
        passerelle(
            folder.path(),
            &environment(folder.path()),
            &["backup", "small/copy"],
        )
    };
    let full = make();
    let told = String::from_utf8_lossy(&full.stderr);
    assert!(told.contains("No space left"), "{told}");
    fs::remove_file(disk.filler()).unwrap();
    let made = make();
    assert!(made.status.success(), "{made:?}");
    daemon.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_for_now_and_resumes_by_itself() {
    let folder = Builder::new().folder();
    let data = folder.path().join("data");
    let Some(disk) = SmallDisk::at(&data) else {
        return;
    };
    let daemon = Process::start(folder.path(), &[]);
    let created = post(&daemon, &with_photo(1, 1_000)).await;
    assert_eq!(created.status, 201);
    let kept = photos(&data);

    // Room for small things, but not for this photo.
    disk.fill(64 * 1024);
    let large = with_photo(2, 500_000);
    is_for_later(&post(&daemon, &large).await);
    let told = ready_when(&daemon.url, false).await;
    assert!(
        told["files"].as_str().unwrap().contains("No space left"),
        "{told}"
    );
    assert_eq!(photos(&data), kept, "nothing is left of it");

    // Not even for a row. What fits in the existing log may still be written.
    disk.fill(0);
    let mut small = Vec::new();
    let refused = loop {
        let number = 100 + u32::try_from(small.len()).unwrap();
        let body = signalement_with(number, &json!({"photos": []}));
        let answer = post(&daemon, &body).await;
        small.push((body, answer.status));
        if answer.status != 201 {
            break answer;
        }
    };
    is_for_later(&refused);
    let uid = created.json()["uid"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/demandes/{uid}/statut");
    let statut = json!({"statut": "CRC en cours"});
    is_for_later(&answer(daemon.request("POST", &path, "crm").json(&statut)).await);
    ready_when(&daemon.url, false).await;

    fs::remove_file(disk.filler()).unwrap();
    ready_when(&daemon.url, true).await;
    // Created, not replayed: nothing of the refused requests was stored.
    assert_eq!(post(&daemon, &large).await.status, 201);
    for (body, before) in &small {
        let wanted = if *before == 201 { 200 } else { 201 };
        assert_eq!(post(&daemon, body).await.status, wanted);
    }
    let accepted = answer(daemon.request("POST", &path, "crm").json(&statut)).await;
    assert_eq!(accepted.status, 202);
    assert_eq!(photos(&data).len(), kept.len() + 1);
    daemon.kill();
}

/// A daemon subject to file permissions, as one that is not run by root.
fn bound_by_permissions(folder: &Path) -> Option<Process> {
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let binary = env!("CARGO_BIN_EXE_passerelle");
    if !root {
        return Some(Process::start(folder, &[]));
    }
    let bound = ["--bounding-set=-all", "--inh-caps=-all"];
    let works = Command::new("setpriv").args(bound).arg("true").status();
    let works = works.is_ok_and(|it| it.success());
    if !possible(works, "setpriv, to be root without its powers") {
        return None;
    }
    let mut command = Command::new("setpriv");
    command.args(bound).arg(binary);
    Some(Process::of(settle_in(command, folder, &[])))
}

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_refuses_for_now() {
    let folder = Builder::new().folder();
    let Some(daemon) = bound_by_permissions(folder.path()) else {
        return;
    };
    let data = folder.path().join("data");
    let fichiers = data.join("fichiers");
    let shards: Vec<PathBuf> = fs::read_dir(&fichiers)
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.is_dir())
        .collect();
    let all = |mode| {
        permit(&fichiers, mode);
        for shard in &shards {
            permit(shard, mode);
        }
    };
    all(0o555);
    is_for_later(&post(&daemon, &signalement(1)).await);
    let told = ready_when(&daemon.url, false).await;
    assert!(
        told["files"]
            .as_str()
            .unwrap()
            .contains("Permission denied"),
        "{told}"
    );
    assert!(photos(&data).is_empty());
    // Without photos, it has everything it needs.
    let bare = signalement_with(2, &json!({"photos": []}));
    assert_eq!(post(&daemon, &bare).await.status, 201);
    all(0o755);
    ready_when(&daemon.url, true).await;
    assert_eq!(post(&daemon, &signalement(1)).await.status, 201);
    daemon.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_cannot_be_read_affects_nothing_else() {
    let folder = Builder::new().folder();
    let Some(daemon) = bound_by_permissions(folder.path()) else {
        return;
    };
    let created = post(&daemon, &signalement(1)).await.json();
    let demande = format!("/api/v1/demandes/{}", created["uid"].as_str().unwrap());
    let demande = answer(daemon.request("GET", &demande, "crm")).await;
    assert_eq!(demande.status, 200);
    let url = demande.json()["fichiers"][0]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let shards = fs::read_dir(folder.path().join("data/fichiers")).unwrap();
    let shards = shards.map(|it| it.unwrap().path()).filter(|it| it.is_dir());
    let mut files = shards.flat_map(|it| fs::read_dir(it).unwrap());
    let photo = files.next().unwrap().unwrap().path();
    permit(&photo, 0);
    is_for_later(&answer(daemon.request("GET", &url, "crm")).await);
    permit(&photo, 0o644);
    assert_eq!(answer(daemon.request("GET", &url, "crm")).await.status, 200);
    daemon.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_locked_by_another_process_is_waited_for_and_then_refused_for_now() {
    let daemon = Builder::new().start().await;
    let url = format!("sqlite://{}", daemon.database().display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    let hold = "BEGIN IMMEDIATE";

    sqlx::query(hold).execute(&mut other).await.unwrap();
    let body = signalement(1);
    let waiting = daemon
        .request("POST", "/api/v1/signalements", "sowell")
        .json(&body);
    let waiting = tokio::spawn(waiting.send());
    // Its photo is on disk, so it has come as far as it can.
    let fichiers = daemon.path("data");
    until("it waits", || async {
        (!photos(&fichiers).is_empty()).then_some(())
    })
    .await;
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 201);

    sqlx::query(hold).execute(&mut other).await.unwrap();
    is_for_later(&daemon.post(&signalement(2)).await);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(daemon.post(&signalement(2)).await.status, 201);
}

/// Writes to a file that was moved away would be confirmed, but missing after the next start.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_moved_away_accepts_nothing_until_it_is_back() {
    let folder = Builder::new().folder();
    let daemon = Process::start(folder.path(), &[]);
    let first = post(&daemon, &signalement(1)).await;
    assert_eq!(first.status, 201);
    let database = folder.path().join("data/passerelle.sqlite");
    let away = folder.path().join("away.sqlite");

    fs::rename(&database, &away).unwrap();
    is_for_later(&post(&daemon, &signalement(2)).await);
    let told = ready_when(&daemon.url, false).await;
    let why = told["database"].as_str().unwrap();
    assert!(why.contains("the database was moved away"), "{why}");
    assert!(daemon.logged("ALARM: nothing is accepted until the database is back"));

    // Not even if a different file has its name, such as a backup.
    File::create(&database).unwrap();
    is_for_later(&post(&daemon, &signalement(2)).await);

    fs::rename(&away, &database).unwrap();
    assert_eq!(post(&daemon, &signalement(2)).await.status, 201);
    let again = post(&daemon, &signalement(1)).await;
    assert_eq!((again.status, again.bytes), (200, first.bytes));
    daemon.kill();
}

/// A log that was removed would still accept confirmed writes, and be lost with the daemon that has it open.
#[rstest]
#[case::log_alone(&["-wal"])]
#[case::with_its_index(&["-wal", "-shm"])]
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_removed_accepts_nothing_and_loses_nothing(#[case] endings: &[&str]) {
    let folder = Builder::new().folder();
    let daemon = Process::start(folder.path(), &[]);
    let first = post(&daemon, &signalement(1)).await;
    assert_eq!(first.status, 201);
    let backup = |to: &str| passerelle(folder.path(), &environment(folder.path()), &["backup", to]);
    let whole = backup("whole");
    assert!(whole.status.success(), "{whole:?}");
    for ending in endings {
        fs::remove_file(
            folder
                .path()
                .join(format!("data/passerelle.sqlite{ending}")),
        )
        .unwrap();
    }
    let lacking = backup("lacking");
    let told = String::from_utf8_lossy(&lacking.stderr);
    assert!(
        !lacking.status.success() && told.contains("was removed"),
        "{told}"
    );
    is_for_later(&post(&daemon, &signalement(2)).await);
    let told = ready_when(&daemon.url, false).await;
    let why = told["database"].as_str().unwrap();
    assert!(why.contains("the database's log was removed"), "{why}");
    assert!(daemon.logged("ALARM: nothing is accepted until the database is back"));
    daemon.kill();

    let daemon = Process::start(folder.path(), &[]);
    let again = post(&daemon, &signalement(1)).await;
    assert_eq!((again.status, again.bytes), (200, first.bytes));
    assert_eq!(post(&daemon, &signalement(2)).await.status, 201);
    let mended = backup("mended");
    assert!(mended.status.success(), "{mended:?}");
    daemon.kill();
}

/// A start with an empty database, by mistake or after a loss, keeps the photos for the right one.
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_with_another_database_leaves_the_photos_alone() {
    let folder = Builder::new().folder();
    let data = folder.path().join("data");
    let daemon = Process::start(folder.path(), &[]);
    until("the photos have an owner", || async {
        data.join("fichiers/passerelle-owner")
            .exists()
            .then_some(())
    })
    .await;
    let first = post(&daemon, &signalement(1)).await;
    assert_eq!(first.status, 201);
    daemon.kill();
    let kept = photos(&data);
    assert!(!kept.is_empty());
    let long_ago = SystemTime::now() - Duration::from_hours(2);
    for name in &kept {
        let path = data.join("fichiers").join(&name[..2]).join(name);
        File::open(path).unwrap().set_modified(long_ago).unwrap();
    }
    fs::create_dir(folder.path().join("aside")).unwrap();
    let aside = |from: &Path, to: &Path| {
        for ending in ["", "-wal", "-shm"] {
            let name = format!("passerelle.sqlite{ending}");
            let _ = fs::rename(from.join(&name), to.join(&name));
        }
    };
    aside(&data, &folder.path().join("aside"));

    let empty = Process::start(folder.path(), &[]);
    until("it says so", || async {
        empty
            .logged("ALARM: the photos belong to a different database")
            .then_some(())
    })
    .await;
    assert_eq!(photos(&data), kept);
    let counted = passerelle(
        folder.path(),
        &environment(folder.path()),
        &["purge", "--photos", "--dry-run"],
    );
    let counted = String::from_utf8(counted.stdout).unwrap();
    assert_eq!(
        counted,
        format!("photos: {} would be deleted\n", kept.len())
    );
    empty.kill();
    fs::create_dir(folder.path().join("empty")).unwrap();
    aside(&data, &folder.path().join("empty"));
    aside(&folder.path().join("aside"), &data);

    let daemon = Process::start(folder.path(), &[]);
    let again = post(&daemon, &signalement(1)).await;
    assert_eq!((again.status, again.bytes), (200, first.bytes));
    assert_eq!(photos(&data), kept);
    daemon.kill();
}

/// However steadily it is written to, the database's log is copied and restarted, so that it does not fill the
/// disk.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_the_database_restarts_under_steady_writes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.sqlite");
    let store = SqliteStore::open(&file).await.unwrap();
    // The log's fourth number counts how often it has started.
    let begun = || {
        let mut head = [0; 16];
        let mut log = File::open(file.with_extension("sqlite-wal")).unwrap();
        log.read_exact(&mut head).unwrap();
        u32::from_be_bytes(head[12..].try_into().unwrap())
    };
    store.record(record(0, None)).await.unwrap();
    let first = begun();
    let mut number = 1;
    while begun() < first + 2 {
        let records = (number..number + 32).map(|it| record(it, Some(&format!("D-{it}"))));
        let written = records.map(|it| store.record(it));
        let written = futures_util::future::join_all(written).await;
        let all = written.iter().all(|it| matches!(it, Ok(Recorded::Written)));
        assert!(all, "{written:?}");
        number += 32;
        assert!(number < 100_000, "it never restarts");
    }
}
