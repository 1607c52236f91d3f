//! Photos that no signalement refers to are removed; recent ones, and those in use, stay.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use passerelle::adapters::clock::SystemClock;
use passerelle::adapters::files::folder::FilesOnDisk;
use passerelle::domain::demande::Fichier;
use passerelle::domain::ports::{
    Files, FilesError, NewRecord, REMOVAL_WINDOW, Recorded, Store, StoreError, Upkeep, Work,
};
use passerelle::domain::signalement::{ImageKind, Photo};
use passerelle::flows::sweep::{Sweep, SweepError};
use rstest::rstest;

use crate::harness::{Builder, Daemon, Intercepted, Interceptor, signalement, until};
use crate::postgres::Backend;
use crate::storage::store::{self, Opened};

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
    let shards = shards.map(|it| it.unwrap().path()).filter(|it| it.is_dir());
    let files = shards.flat_map(|it| fs::read_dir(it).unwrap());
    files.map(|it| it.unwrap().path()).collect()
}

/// Waits until the daemon has marked the photos as its own, at its first sweep.
async fn owned(daemon: &Daemon) {
    until("the photos have an owner", || async {
        daemon.state.files.owner().await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn only_old_unreferenced_photos_are_removed() {
    let daemon = Builder::new().start().await;
    owned(&daemon).await;
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
    // The daemon sweeps at its start too, so either may find them.
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
    owned(&daemon).await;
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

/// A record that refers to one photo and was received at that time.
fn naming(photo: &Photo, received_at: DateTime<Utc>) -> NewRecord {
    NewRecord {
        fichiers: vec![Fichier {
            nom: "photo-1.png".into(),
            r#type: "image/png".into(),
            taille: photo.bytes.len() as u64,
            sha256: photo.sha256.clone(),
        }],
        received_at,
        ..store::record(1, Some("A"))
    }
}

/// Old photos in a folder of their own.
async fn old_photos(folder: &Path, photos: &[Photo]) -> Arc<FilesOnDisk> {
    let files = FilesOnDisk::open(folder).unwrap();
    for photo in photos {
        files.put(photo.clone()).await.unwrap();
        age(&folder.join(&photo.sha256[..2]).join(&photo.sha256));
    }
    Arc::new(files)
}

fn many(count: usize) -> Vec<Photo> {
    let photo = |number: usize| Photo::new(ImageKind::Png, format!("photo {number}").into_bytes());
    (0..count).map(photo).collect()
}

async fn all_there(files: &FilesOnDisk, photos: &[Photo]) -> bool {
    for photo in photos {
        if files.read(&photo.sha256).await.is_err() {
            return false;
        }
    }
    true
}

#[rstest]
#[tokio::test]
async fn photos_of_another_database_stay_until_an_operator_reassigns_them(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let Some(other) = Opened::on(backend).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let files = old_photos(folder.path(), &[]).await;
    let sweep = |store: &Arc<dyn Store>| Sweep {
        store: store.clone(),
        files: files.clone(),
        clock: Arc::new(SystemClock),
    };
    // The first database to use an empty store owns it.
    assert_eq!(sweep(&opened.store).once().await.unwrap(), 0);
    let identity = opened.store.identity().await.unwrap();
    assert_eq!(opened.store.identity().await.unwrap(), identity);
    assert_eq!(files.owner().await.unwrap(), Some(identity.clone()));

    let photos = many(3);
    old_photos(folder.path(), &photos).await;
    let refused = sweep(&other.store).once().await;
    assert!(matches!(refused, Err(SweepError::Foreign)), "{refused:?}");
    assert_eq!(sweep(&other.store).take_over(true).await.unwrap(), 3);
    assert!(all_there(&files, &photos).await);

    // PostgreSQL frees the turn of the count a moment later, when its connection has closed.
    let removed = until("the turn is free", || async {
        match sweep(&other.store).take_over(false).await {
            Err(SweepError::Busy) => None,
            ended => Some(ended.unwrap()),
        }
    })
    .await;
    assert_eq!(removed, 3);
    assert_eq!(sweep(&other.store).once().await.unwrap(), 0);
    let refused = sweep(&opened.store).once().await;
    assert!(matches!(refused, Err(SweepError::Foreign)), "{refused:?}");
    // A mark written by hand may or may not end with a newline.
    fs::write(folder.path().join("passerelle-owner"), identity).unwrap();
    assert_eq!(sweep(&opened.store).once().await.unwrap(), 0);
}

/// Photos from before there were marks: the database that refers to them owns them.
#[rstest]
#[case::nothing(0, None)]
#[case::little(1, None)]
#[case::most(2, Some(1))]
#[tokio::test]
async fn unmarked_photos_are_taken_by_the_database_that_refers_to_them(
    #[case] named: usize,
    #[case] removed: Option<u64>,
) {
    let opened = Opened::on(Backend::Sqlite).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let photos = many(3);
    let files = old_photos(folder.path(), &photos).await;
    for (number, photo) in (1..).zip(&photos[..named]) {
        let record = NewRecord {
            fichiers: naming(photo, Utc::now()).fichiers,
            ..store::record(number, None)
        };
        opened.store.record(record).await.unwrap();
    }
    let sweep = Sweep {
        store: opened.store.clone(),
        files: files.clone(),
        clock: Arc::new(SystemClock),
    };
    assert_eq!(sweep.once().await.ok(), removed);
    assert_eq!(files.owner().await.unwrap().is_some(), removed.is_some());
    assert_eq!(all_there(&files, &photos).await, removed.is_none());
}

/// A restored old backup does not know the photos that came after it.
#[rstest]
#[case::few(5, Some(5))]
#[case::many(25, None)]
#[tokio::test]
async fn a_sweep_that_would_empty_the_store_requires_confirmation(
    #[case] unnamed: usize,
    #[case] removed: Option<u64>,
) {
    let opened = Opened::on(Backend::Sqlite).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let photos = many(unnamed);
    let files = old_photos(folder.path(), &photos).await;
    let identity = opened.store.identity().await.unwrap();
    files.set_owner(&identity).await.unwrap();
    let sweep = Sweep {
        store: opened.store.clone(),
        files: files.clone(),
        clock: Arc::new(SystemClock),
    };
    assert_eq!(sweep.once().await.ok(), removed);
    assert_eq!(all_there(&files, &photos).await, removed.is_none());
    // As the message suggests.
    let left = if removed.is_some() { 0 } else { 25 };
    assert_eq!(sweep.take_over(false).await.unwrap(), left);
    assert!(!all_there(&files, &photos).await);
}

/// What a sweep removes, with the worst that another replica can do at that very moment: after the sweep checked
/// the photo's age and before it removes it, the photo is sent again and its request commits.
struct Meanwhile {
    files: FilesOnDisk,
    folder: PathBuf,
    store: Arc<dyn Store>,
    photo: Photo,
    outcome: Mutex<Option<Result<Recorded, StoreError>>>,
}

#[async_trait]
impl Interceptor for Meanwhile {
    fn files(&self) -> &dyn Files {
        &self.files
    }

    async fn remove_settled(
        &self,
        _: u8,
        name: &str,
        _: DateTime<Utc>,
    ) -> Result<bool, FilesError> {
        let record = naming(&self.photo, Utc::now());
        self.files.put(self.photo.clone()).await?;
        let outcome = self.store.record(record).await;
        *self.outcome.lock().unwrap() = Some(outcome);
        fs::remove_file(self.folder.join(&name[..2]).join(name)).unwrap();
        Ok(true)
    }
}

#[rstest]
#[tokio::test]
async fn a_photo_sent_again_during_its_removal_is_not_referred_to_until_it_is_gone(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let photo = Photo::new(ImageKind::Png, b"it comes again".to_vec());
    let files = FilesOnDisk::open(folder.path()).unwrap();
    files.put(photo.clone()).await.unwrap();
    age(&folder.path().join(&photo.sha256[..2]).join(&photo.sha256));
    let meanwhile = Arc::new(Intercepted(Meanwhile {
        files,
        folder: folder.path().to_path_buf(),
        store: Arc::clone(&opened.store),
        photo: photo.clone(),
        outcome: Mutex::default(),
    }));
    let identity = opened.store.identity().await.unwrap();
    meanwhile.set_owner(&identity).await.unwrap();
    let sweep = Sweep {
        store: opened.store.clone(),
        files: meanwhile.clone(),
        clock: Arc::new(SystemClock),
    };
    assert_eq!(sweep.once().await.unwrap(), 1);
    let outcome = meanwhile.0.outcome.lock().unwrap().take().unwrap();
    assert!(matches!(outcome, Err(StoreError::Busy(_))), "{outcome:?}");
    let named = opened.store.unnamed_files(vec![photo.sha256.clone()]).await;
    assert_eq!(named.unwrap().len(), 1, "nobody names what is gone");

    // Once any removal recorded then must be over, the photo is stored and referred to permanently.
    let later = Utc::now() + REMOVAL_WINDOW + TimeDelta::seconds(1);
    meanwhile.put(photo.clone()).await.unwrap();
    let written = opened.store.record(naming(&photo, later)).await;
    assert!(matches!(written, Ok(Recorded::Written)), "{written:?}");
    let begun = opened.store.begin_removal(vec![photo.sha256], Utc::now());
    assert!(begun.await.unwrap().is_empty(), "it is named");
}

/// One replica at a time sweeps or purges, and a dead one releases its turn.
#[tokio::test]
async fn replicas_take_turns() {
    let Some(opened) = Opened::on(Backend::Postgres).await else {
        return;
    };
    let other = passerelle::adapters::store::postgres::PostgresStore::open(&opened.url);
    let other = other.await.unwrap();
    let turn = opened.store.turn(Work::Sweep).await.unwrap();
    assert!(turn.is_some());
    assert!(other.turn(Work::Sweep).await.unwrap().is_none());
    assert!(other.turn(Work::Purge).await.unwrap().is_some());
    drop(turn);
    until("the turn is free", || async {
        other.turn(Work::Sweep).await.unwrap()
    })
    .await;
}
