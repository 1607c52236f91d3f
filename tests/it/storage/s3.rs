//! Photos in a bucket on a real S3 server.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::stream::{self, StreamExt};
use passerelle::app::{open_files, open_store};
use passerelle::domain::ports::Clock;
use passerelle::domain::signalement::{ImageKind, Photo};
use passerelle::flows::sweep::{Sweep, SweepError};
use passerelle::settings::Settings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::passerelle;
use crate::harness::{
    Builder, Daemon, MovedClock, PNG, is_for_later, ready_when, signalement, signalement_with,
};
use crate::process::Process;
use crate::source::crash_points;
use crate::storage::moto::Bucket;
use crate::storage::proxy::{Proxy, Target, Way};

/// Two hours ahead: by this clock, what was just written is old.
fn later() -> Arc<dyn Clock> {
    Arc::new(MovedClock::ahead(TimeDelta::hours(2)))
}

/// The picture of the harness's signalements.
fn png() -> Photo {
    let bytes = base64_simd::STANDARD.decode_to_vec(PNG).unwrap();
    Photo::new(ImageKind::Png, bytes)
}

/// A daemon with its photos in its own bucket.
async fn daemon(bucket: &Bucket) -> Daemon {
    bucket
        .keep_photos_of(Builder::new(), bucket.server)
        .start()
        .await
}

/// The address of a demande's first photo.
async fn photo_of(daemon: &Daemon, uid: &str) -> String {
    let demande = daemon.get(&format!("/api/v1/demandes/{uid}"), "crm").await;
    let url = demande.json()["fichiers"][0]["url"].clone();
    url.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn photos_are_stored_in_the_bucket_and_returned() {
    let Some(bucket) = Bucket::new().await else {
        return;
    };
    let daemon = daemon(&bucket).await;
    let uid = daemon.created(&signalement(1)).await;
    let url = photo_of(&daemon, &uid).await;
    let photo = daemon.get(&url, "crm").await;
    assert_eq!((photo.status, photo.bytes), (200, png().bytes.to_vec()));
    assert!(bucket.has(&Bucket::key(&png().sha256)).await);
    assert!(!daemon.path("data/fichiers").exists(), "none on the disk");
    // Another signalement with the same picture, and the first one again.
    daemon.created(&signalement(2)).await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 200);
    ready_when(&daemon.url(), true).await;
    // Another daemon finds them.
    let (folder, environment) = daemon.stop().await;
    let daemon = Builder::again(&folder, environment).start().await;
    assert_eq!(daemon.get(&url, "crm").await.bytes, png().bytes);
}

#[tokio::test]
async fn the_bucket_names_the_database_that_its_photos_belong_to() {
    let Some(bucket) = Bucket::new().await else {
        return;
    };
    let house = bucket.keep_photos_of(Builder::new(), bucket.server);
    let settings = Settings::load(None, house.environment()).unwrap();
    let files = open_files(&settings).unwrap();
    assert_eq!(files.owner().await.unwrap(), None);
    for owner in ["one", "another"] {
        files.set_owner(owner).await.unwrap();
        assert_eq!(files.owner().await.unwrap().as_deref(), Some(owner));
    }
}

#[tokio::test]
async fn a_large_photo_goes_in_parts_and_comes_back_whole() {
    let Some(bucket) = Bucket::new().await else {
        return;
    };
    let daemon = daemon(&bucket).await;
    let bytes: Vec<u8> = (0..17 * 1024 * 1024_u32)
        .map(|it| it.to_le_bytes()[it as usize % 4])
        .collect();
    let photo = Photo::new(ImageKind::Jpeg, bytes);
    daemon.state.files.put(photo.clone()).await.unwrap();
    let read = daemon.state.files.read(&photo.sha256).await.unwrap();
    assert!(read == photo.bytes);
    let key = Bucket::key(&photo.sha256);
    let found = bucket.call(Method::HEAD, &key, Vec::new()).await;
    let tag = found.headers()["etag"].to_str().unwrap().to_owned();
    assert!(tag.ends_with("-3\""), "three parts: {tag}");
}

#[tokio::test]
async fn a_bucket_that_is_away_or_silent_refuses_for_now_and_service_resumes_by_itself() {
    let Some(bucket) = Bucket::new().await else {
        return;
    };
    let proxy = Proxy::start(Target::Tcp(bucket.server)).await;
    let daemon = bucket
        .keep_photos_of(Builder::new(), proxy.address)
        .set("S3__TIMEOUT", "1s")
        .start()
        .await;
    for (number, way) in [(1, Way::Cut), (2, Way::Silent)] {
        proxy.set(way);
        is_for_later(&daemon.post(&signalement(number)).await);
        let told = ready_when(&daemon.url(), false).await;
        let why = told["files"].as_str().unwrap();
        assert!(why.starts_with("photo store: "), "{why}");
        assert!(!why.contains("hunter2"), "{why}");
        // Without photos, it has everything it needs.
        let bare = signalement_with(10 + number, &json!({"photos": []}));
        assert_eq!(daemon.post(&bare).await.status, 201);
        proxy.set(Way::Cut);
        proxy.set(Way::Open);
        ready_when(&daemon.url(), true).await;
        assert_eq!(daemon.post(&signalement(number)).await.status, 201);
    }
    let url = photo_of(&daemon, &daemon.created(&signalement(3)).await).await;
    proxy.set(Way::Cut);
    is_for_later(&daemon.get(&url, "crm").await);
}

#[tokio::test]
async fn a_daemon_starts_while_its_bucket_is_away() {
    let Some(bucket) = Bucket::new().await else {
        return;
    };
    let proxy = Proxy::start(Target::Tcp(bucket.server)).await;
    proxy.set(Way::Cut);
    let daemon = bucket.keep_photos_of(Builder::new(), proxy.address);
    let daemon = daemon.start().await;
    ready_when(&daemon.url(), false).await;
    proxy.set(Way::Open);
    ready_when(&daemon.url(), true).await;
    daemon.created(&signalement(1)).await;
}

#[tokio::test]
async fn an_object_that_was_altered_is_not_served() {
    let Some(bucket) = Bucket::new().await else {
        return;
    };
    let daemon = daemon(&bucket).await;
    let uid = daemon.created(&signalement(1)).await;
    let url = photo_of(&daemon, &uid).await;
    let key = Bucket::key(&png().sha256);
    let spoilt = bucket.call(Method::PUT, &key, b"spoilt".to_vec()).await;
    assert!(spoilt.status().is_success());
    is_for_later(&daemon.get(&url, "crm").await);
    // The same picture with another signalement repairs it.
    daemon.created(&signalement(2)).await;
    assert_eq!(daemon.get(&url, "crm").await.bytes, png().bytes);
}

#[tokio::test]
async fn old_unreferenced_objects_are_removed_however_many_pages_they_fill() {
    let Some(bucket) = Bucket::new().await else {
        return;
    };
    let daemon = daemon(&bucket).await;
    daemon.created(&signalement(1)).await;
    let orphan = Photo::new(ImageKind::Png, b"an orphan".to_vec());
    daemon.state.files.put(orphan.clone()).await.unwrap();
    // A server lists a thousand objects per page.
    let many = (0..1_005_u32).map(|number| Bucket::key(&format!("ab{number:062x}")));
    let puts = many.map(|key| async { bucket.call(Method::PUT, &{ key }, Vec::new()).await });
    let made = stream::iter(puts).buffer_unordered(16);
    made.for_each(|it| async move { assert!(it.status().is_success()) })
        .await;
    let sweep = |clock: Arc<dyn Clock>| Sweep {
        store: daemon.state.store.clone(),
        files: daemon.state.files.clone(),
        clock,
    };
    let now = Arc::new(passerelle::adapters::clock::SystemClock);
    assert_eq!(sweep(now).once().await.unwrap(), 0, "all are young");
    // So many require confirmation.
    let asked = sweep(later()).once().await;
    assert!(
        matches!(asked, Err(SweepError::TooMany { .. })),
        "{asked:?}"
    );
    assert_eq!(sweep(later()).take_over(false).await.unwrap(), 1_006);
    assert!(!bucket.has(&Bucket::key(&orphan.sha256)).await);
    assert!(bucket.has(&Bucket::key(&png().sha256)).await, "it is named");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_takes_photos_out_of_the_bucket_and_restore_puts_them_into_one() {
    let (Some(bucket), Some(other)) = (Bucket::new().await, Bucket::new().await) else {
        return;
    };
    let daemon = daemon(&bucket).await;
    let uid = daemon.created(&signalement(1)).await;
    let (folder, environment) = daemon.stop().await;
    let made = passerelle(folder.path(), &environment, &["backup", "copy"]);
    assert!(made.status.success(), "{made:?}");
    let sha256 = png().sha256;
    let copied = folder.path().join("copy/fichiers").join(&sha256[..2]);
    assert_eq!(fs::read(copied.join(&sha256)).unwrap(), png().bytes);

    let house = other.keep_photos_of(Builder::new(), other.server);
    let copy = folder.path().join("copy").display().to_string();
    let restored = passerelle(
        house.folder().path(),
        &house.environment(),
        &["restore", &copy],
    );
    assert!(restored.status.success(), "{restored:?}");
    let daemon = house.start().await;
    let url = photo_of(&daemon, &uid).await;
    assert_eq!(daemon.get(&url, "crm").await.bytes, png().bytes);
}

/// Wherever it is killed near a call to the bucket, the repeat is a creation and finds its photos.
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_beside_a_call_to_the_bucket_loses_nothing() {
    let Some(bucket) = Bucket::new().await else {
        return;
    };
    let mut places = crash_points();
    places.retain(|name| name.starts_with("s3."));
    // No request passes the sweep's crash points: see below.
    places.retain(|name| !name.starts_with("s3.remove.") && !name.starts_with("s3.owner."));
    assert!(places.len() >= 8, "{places:?}");
    let settings = bucket.settings(bucket.server);
    let settings: Vec<(&str, &str)> = settings.iter().map(|(k, v)| (*k, &**v)).collect();
    let folder = Builder::new().folder();
    for (number, place) in (1..).zip(&places) {
        let large = place.starts_with("s3.parts.");
        let mut photo = png().bytes.to_vec();
        photo.resize(
            if large { 9 << 20 } else { 100 },
            u8::try_from(number).unwrap(),
        );
        let encoded = base64_simd::STANDARD.encode_to_string(&photo);
        let body = signalement_with(number, &json!({"photos": [encoded]}));

        let crash = format!("{place}:1");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_passerelle"));
        command.env("PASSERELLE_CRASH", crash);
        let mut first = Process::of(crate::process::settle_in(command, folder.path(), &settings));
        let probe = place.starts_with("s3.probe.");
        let request = if probe {
            first.request("GET", "/readyz", "admin")
        } else {
            let request = first.request("POST", "/api/v1/signalements", "sowell");
            request.json(&body)
        };
        assert!(request.send().await.is_err(), "{place}: no answer");
        assert!(!first.ended().await.success(), "{place}");

        let second = Process::start(folder.path(), &settings);
        let (status, created) = second.post("/api/v1/signalements", "sowell", &body).await;
        assert_eq!(status, 201, "{place}: {created}");
        let path = format!("/api/v1/demandes/{}", created["uid"].as_str().unwrap());
        let demande = second.request("GET", &path, "crm").send().await.unwrap();
        let demande: Value = demande.json().await.unwrap();
        let url = demande["fichiers"][0]["url"].as_str().unwrap();
        let read = second.request("GET", url, "crm").send().await.unwrap();
        assert!(read.bytes().await.unwrap() == photo, "{place}");
        second.kill();
    }
}

/// The settings under which the other half of the next test sweeps.
const SWEEP_UNDER: &str = "PASSERELLE_TEST_SWEEP_UNDER";

/// A kill next to the removal of an object leaves or removes it, and the next sweep does the rest. A request that
/// refers to it meanwhile is refused for now, since it may be about to disappear.
#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_is_killed_beside_a_removal_is_completed_later() {
    for (place, goes) in [("s3.remove.before", false), ("s3.remove.after", true)] {
        let Some(bucket) = Bucket::new().await else {
            return;
        };
        let daemon = daemon(&bucket).await;
        let identity = daemon.state.store.identity().await.unwrap();
        daemon.state.files.set_owner(&identity).await.unwrap();
        daemon.state.files.put(png()).await.unwrap();
        let (folder, environment) = daemon.stop().await;
        let module = module_path!().trim_start_matches("it::");
        let half = format!("{module}::sweeps_as_if_hours_had_passed");
        let killed = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", &half])
            .env("PASSERELLE_CRASH", format!("{place}:1"))
            .env(SWEEP_UNDER, serde_json::to_string(&environment).unwrap())
            .output()
            .unwrap();
        assert_eq!(killed.status.signal(), Some(9), "{place}: {killed:?}");
        let key = Bucket::key(&png().sha256);
        assert_eq!(bucket.has(&key).await, !goes, "{place}");

        let daemon = Builder::again(&folder, environment.clone()).start().await;
        is_for_later(&daemon.post(&signalement(1)).await);
        assert!(bucket.has(&key).await, "{place}: it came again");
        assert_eq!(sweep(&environment).await, 1, "{place}");
        assert!(!bucket.has(&key).await, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "half of another test, which runs it in a process of its own"]
async fn sweeps_as_if_hours_had_passed() {
    let Ok(environment) = std::env::var(SWEEP_UNDER) else {
        return;
    };
    sweep(&serde_json::from_str::<Vec<_>>(&environment).unwrap()).await;
}

/// Sweeps once under these settings, and prints how many objects were removed.
async fn sweep(environment: &[(String, String)]) -> u64 {
    let settings = Settings::load(None, environment.to_vec()).unwrap();
    let sweep = Sweep {
        store: open_store(&settings).await.unwrap(),
        files: open_files(&settings).unwrap(),
        clock: later(),
    };
    sweep.once().await.unwrap()
}
