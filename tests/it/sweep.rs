//! Photos that no signalement names go; young ones, and those that are named, stay.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::Utc;
use passerelle::domain::signalement::{ImageKind, Photo};
use passerelle::flows::sweep::Sweep;

use crate::harness::{Builder, Daemon, signalement, until};

fn sweep(daemon: &Daemon) -> Sweep {
    Sweep {
        store: daemon.state.store.clone(),
        files: daemon.state.files.clone(),
        clock: std::sync::Arc::new(passerelle::adapters::clock::SystemClock),
    }
}

fn age(path: &Path) {
    let long_ago = SystemTime::now() - Duration::from_hours(2);
    File::open(path).unwrap().set_modified(long_ago).unwrap();
}

fn files(daemon: &Daemon) -> Vec<PathBuf> {
    let shards = fs::read_dir(daemon.path("data/fichiers")).unwrap();
    let files = shards.flat_map(|it| fs::read_dir(it.unwrap().path()).unwrap());
    files.map(|it| it.unwrap().path()).collect()
}

#[tokio::test]
async fn only_old_photos_that_nobody_names_go() {
    let daemon = Builder::new().start().await;
    daemon.created(&signalement(1)).await;
    let named = files(&daemon);
    let orphan = Photo::new(ImageKind::Png, b"an orphan".to_vec());
    let young = Photo::new(ImageKind::Png, b"a young orphan".to_vec());
    for photo in [&orphan, &young] {
        daemon.state.files.put(photo.clone()).await.unwrap();
    }
    let remains = daemon.path("data/fichiers/00/.half-written");
    fs::write(&remains, "half").unwrap();
    for path in files(&daemon) {
        if !path.ends_with(&young.sha256) {
            age(&path);
        }
    }
    // The daemon sweeps at its start, too, so either may find them.
    sweep(&daemon).once().await.unwrap();
    let mut left = files(&daemon);
    left.retain(|it| !it.ends_with(&young.sha256));
    assert_eq!(left, named);
    assert!(daemon.state.files.read(&young.sha256).await.is_ok());
}

#[tokio::test]
async fn an_orphan_that_comes_again_is_young_again() {
    let daemon = Builder::new().start().await;
    let photo = Photo::new(ImageKind::Png, b"it comes twice".to_vec());
    daemon.state.files.put(photo.clone()).await.unwrap();
    age(&files(&daemon)[0]);
    // What the sweep has seen and not yet removed when the photo comes again.
    let shard = u8::from_str_radix(&photo.sha256[..2], 16).unwrap();
    let before = Utc::now() - chrono::TimeDelta::hours(1);
    let found = daemon.state.files.settled(shard, before).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&photo.sha256));
    daemon.state.files.put(photo.clone()).await.unwrap();
    let removed = daemon
        .state
        .files
        .remove_settled(shard, &photo.sha256, before);
    assert!(!removed.await.unwrap());
    assert!(daemon.state.files.read(&photo.sha256).await.is_ok());
}

#[tokio::test]
async fn a_daemon_sweeps_when_it_starts() {
    let daemon = Builder::new().start().await;
    let (folder, environment) = daemon.stop().await;
    let orphan = folder.path().join("data/fichiers/ab/abcd");
    fs::write(&orphan, "nobody's").unwrap();
    age(&orphan);
    let daemon = Builder::again(&folder, environment).start().await;
    until("the orphan is gone", || async {
        (!orphan.exists()).then_some(())
    })
    .await;
    daemon.stop().await;
}
