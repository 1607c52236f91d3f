//! Opens what the settings name: the database, the photos, the folders of rules and exports.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::time::Instant;

use crate::adapters::edited::EditedFolder;
use crate::adapters::files::folder::FilesOnDisk;
use crate::adapters::files::s3::FilesOnS3;
use crate::adapters::shipped::Shipped;
use crate::adapters::store::postgres::{self, PostgresStore};
use crate::adapters::store::sqlite::SqliteStore;
use crate::adapters::synced::{folder_of, make_folder};
use crate::domain::ports::{Files, Source, Store, StoreError};
use crate::settings::{Database, Folder, PhotoStorage, Settings};

/// How long a starting daemon waits for one that is stopping: a little longer than that may take.
const TAKEOVER_LIMIT: Duration = Duration::from_secs(30);
/// How often to check whether the daemon has stopped.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// Opens the database named in the settings, and migrates it.
///
/// # Errors
/// When its folder cannot be created, or it cannot be opened or migrated.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    let store: Result<Arc<dyn Store>, StoreError> = match &settings.database {
        Database::Sqlite(path) => {
            private_folder(folder_of(path))?;
            let store = SqliteStore::open(path).await;
            store.map(|store| Arc::new(store) as _)
        }
        Database::Postgres(url) => {
            private_folder(&settings.data_dir)?;
            if settings.migrate {
                let migrated = postgres::migrate(url.expose()).await;
                migrated.with_context(|| settings.database.to_string())?;
            }
            let store = PostgresStore::open(url.expose()).await;
            store.map(|store| Arc::new(store) as _)
        }
    };
    store.with_context(|| settings.database.to_string())
}

/// Opens the database named in the settings without changing its tables: a daemon of a different version may be
/// using it.
///
/// # Errors
/// When it cannot be opened, or its tables are not those of this version.
pub async fn open_store_as_it_is(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    let store: Result<Arc<dyn Store>, StoreError> = match &settings.database {
        Database::Sqlite(path) => {
            let store = SqliteStore::open_as_it_is(path).await;
            store.map(|store| Arc::new(store) as _)
        }
        Database::Postgres(url) => {
            let store = PostgresStore::open(url.expose()).await;
            store.map(|store| Arc::new(store) as _)
        }
    };
    store.with_context(|| settings.database.to_string())
}

/// Opens the store of photos named in the settings.
///
/// # Errors
/// When the folder cannot be created, or the settings of the bucket are not valid.
pub fn open_files(settings: &Settings) -> anyhow::Result<Arc<dyn Files>> {
    Ok(match &settings.photos {
        PhotoStorage::Folder(folder) => {
            let files = FilesOnDisk::open(folder);
            Arc::new(files.with_context(|| folder.display().to_string())?)
        }
        PhotoStorage::S3(bucket) => Arc::new(FilesOnS3::new(bucket).context("files_url")?),
    })
}

/// Whether a daemon has locked the database ([`stand_alone`]).
#[must_use]
pub fn is_taken(database: &Path) -> bool {
    let lock = File::open(database.with_extension("lock"));
    lock.is_ok_and(|it| matches!(it.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Locks the database for this daemon alone. SQLite allows only one, so anything a killed daemon had claimed
/// may then be claimed at once. Waits for a daemon that is stopping, and reports that to `tell`.
///
/// # Errors
/// When a different daemon keeps running on it.
pub async fn stand_alone(database: &Path, tell: fn(&str)) -> anyhow::Result<File> {
    private_folder(folder_of(database))?;
    let path = database.with_extension("lock");
    let file = File::create(&path).with_context(|| format!("{}", path.display()))?;
    let end = Instant::now() + TAKEOVER_LIMIT;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < end => {
                if !told {
                    let limit = TAKEOVER_LIMIT.as_secs();
                    tell(&format!(
                        "another daemon has the database: waiting for it to stop, for {limit} s at most"
                    ));
                    told = true;
                }
                tokio::time::sleep(LOCK_POLL).await;
            }
            Err(TryLockError::WouldBlock) => {
                anyhow::bail!("another daemon is running on {}", database.display());
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{}", path.display()));
            }
        }
    }
}

/// Creates a folder that only we can read: it holds what tenants wrote. An existing folder keeps its
/// permissions. Its name has been synced to disk when this returns.
///
/// # Errors
/// When it cannot be created.
pub fn private_folder(folder: &Path) -> anyhow::Result<()> {
    let mut private = DirBuilder::new();
    private.mode(0o700);
    let made = make_folder(folder, &private);
    made.with_context(|| format!("{}", folder.display()))
}

/// The settings file, if its edits can be detected.
pub(super) fn settings_on_disk(settings: &Settings) -> Option<EditedFolder> {
    let path = settings.origin.file()?;
    let file = EditedFolder::settings(path);
    if file.is_none() {
        tracing::warn!("the settings file cannot be read twice: its edits need a restart");
    }
    file
}

/// The sources of rules and exports, and the folders to watch.
pub(super) fn sources(
    settings: &Settings,
) -> (Arc<dyn Source>, Arc<dyn Source>, Vec<EditedFolder>) {
    let mut watched = Vec::new();
    let (shipped, on_disk) = (Shipped::Rules, EditedFolder::rules);
    let rules = source(&settings.rules, shipped, on_disk, &mut watched);
    let (shipped, on_disk) = (Shipped::Referentiel, EditedFolder::referentiel);
    let exports = source(&settings.referentiel, shipped, on_disk, &mut watched);
    (rules, exports, watched)
}

fn source(
    folder: &Folder,
    shipped: Shipped,
    on_disk: fn(std::path::PathBuf) -> EditedFolder,
    watched: &mut Vec<EditedFolder>,
) -> Arc<dyn Source> {
    match folder {
        Folder::Shipped => Arc::new(shipped),
        Folder::Disk(path) => {
            let folder = on_disk(path.clone());
            watched.push(folder.clone());
            Arc::new(folder)
        }
    }
}
