//! The content of a backup, as `backup` writes and `restore` reads it: the database at one point in time, and
//! its photos.
//!
//! The database is copied first. Photos are stored before the commit that names them and never change, so every
//! photo of the copy still exists when the photos are copied. The note that describes the backup is written
//! last: without it, the backup is incomplete.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::adapters::files::folder::FilesOnDisk;
use crate::adapters::store::sqlite::snapshot::{self, NamedPhoto};
use crate::adapters::synced::{folder_of, write_synced};
use crate::domain::ports::{Files, FilesError, StoreError};
use crate::domain::signalement::{ImageKind, Photo};
use crate::settings::{Database, Settings};

/// Name of the database in a backup.
const DATABASE: &str = "passerelle.sqlite";
/// Name of the photos' folder in a backup.
const PHOTOS: &str = "fichiers";
/// Name of the note in a backup.
const NOTE: &str = "backup.json";
/// Number of photos listed at once.
const PAGE: u32 = 1_000;
/// Number of photos copied at once: each waits for its own sync.
const AT_ONCE: usize = 8;
/// Number of bytes hashed at once.
const PIECE: usize = 64 * 1024;

/// Called with the number of photos copied and their total.
pub(super) type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// The content of a backup, as described in its note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    /// When the database was copied, ISO 8601.
    pub(super) made_at: String,
    /// SHA-256 of the database.
    pub(super) database_sha256: String,
    /// Number of photos in the database.
    pub(super) photos: u64,
    /// SHA-256 of the photos in the database that could not be read completely.
    pub(super) missing: Vec<String>,
}

/// Why no backup was made, or why it was not restored.
#[derive(Debug, thiserror::Error)]
pub(super) enum BackupError {
    /// Something exists that would be overwritten.
    #[error("{} already exists; nothing was written", .0.display())]
    InTheWay(PathBuf),
    /// The folder for a backup contains something.
    #[error("{} is not empty; nothing was written. Choose an empty folder or a new one", .0.display())]
    NotEmpty(PathBuf),
    /// The folder for a backup contains one, which may be incomplete or still in progress.
    #[error(
        "{} contains a backup, or one is being made there; nothing was written. Choose an empty folder or a new one",
        .0.display()
    )]
    Claimed(PathBuf),
    /// The database is on a server, whose own tools make better copies.
    #[error(
        "the database is on PostgreSQL: use pg_dump and pg_restore, and save the photos yourself"
    )]
    NotSqlite,
    /// The folder does not contain a complete backup.
    #[error("{} is not a complete backup: {}", .0.display(), .1)]
    NotWhole(PathBuf, String),
    /// A file could not be read or written.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// A photo could not be stored.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A database could not be copied or read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The number of photos, in words.
pub(super) fn counted(photos: u64) -> String {
    match photos {
        1 => "1 photo".to_owned(),
        more => format!("{more} photos"),
    }
}

/// The database file named in the settings.
///
/// # Errors
/// When the database is not a file.
pub(super) fn sqlite(settings: &Settings) -> Result<&Path, BackupError> {
    match &settings.database {
        Database::Sqlite(path) => Ok(path),
        Database::Postgres(_) => Err(BackupError::NotSqlite),
    }
}

/// Copies a database that may be in use, and its photos, into an empty folder.
///
/// # Errors
/// See [`BackupError`]; a failed backup leaves nothing behind, and removes only what it wrote. A photo that cannot
/// be read is listed in the note and does not stop the backup.
pub(super) async fn make(
    database: &Path,
    files: &dyn Files,
    folder: &Path,
    made_at: String,
    progress: Progress<'_>,
) -> Result<Note, BackupError> {
    claim(folder)?;
    let made = fill(database, files, folder, made_at, progress).await;
    if made.is_err() {
        // So that the next attempt finds the folder empty. The claim goes last: without it, another backup may begin.
        let _ = fs::remove_dir_all(folder.join(PHOTOS));
        for name in [NOTE, DATABASE] {
            let _ = fs::remove_file(folder.join(name));
        }
    }
    made
}

/// Makes sure that everything that will be in the folder is ours: of several backups that find it empty, only one can
/// create the database's file. SQLite also copies into an empty file.
fn claim(folder: &Path) -> Result<(), BackupError> {
    let database = folder.join(DATABASE);
    match File::create_new(&database) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Claimed(folder.to_path_buf()));
        }
        created => created.map_err(at(&database))?,
    };
    let alone = is_alone(&database);
    if !matches!(alone, Ok(true)) {
        let _ = fs::remove_file(&database);
    }
    if alone.map_err(at(folder))? {
        Ok(())
    } else {
        Err(BackupError::NotEmpty(folder.to_path_buf()))
    }
}

/// Whether the file is the only entry of its folder.
fn is_alone(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder_of(path))? {
        if entry?.file_name().as_os_str() != path.file_name().unwrap_or_default() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn fill(
    database: &Path,
    files: &dyn Files,
    folder: &Path,
    made_at: String,
    progress: Progress<'_>,
) -> Result<Note, BackupError> {
    let copy = folder.join(DATABASE);
    snapshot::take(database, &copy).await?;
    sync(&copy).map_err(at(&copy))?;
    let photos = folder.join(PHOTOS);
    let target = FilesOnDisk::open(&photos).map_err(at(&photos))?;
    let missing = copy_photos(&copy, files, &target, progress).await?;
    let note = Note {
        made_at,
        database_sha256: digest(&copy).map_err(at(&copy))?,
        photos: snapshot::count_photos(&copy).await?,
        missing,
    };
    let text = serde_json::to_vec_pretty(&note).map_err(|error| at(folder)(error.into()))?;
    write_synced(folder, NOTE, &text).map_err(at(folder))?;
    Ok(note)
}

/// Restores a backup to a place without a database. Existing photos are kept: equal names have equal bytes.
///
/// # Errors
/// See [`BackupError`]. The database is placed last, so that an interrupted restore can be repeated.
pub(super) async fn restore(
    folder: &Path,
    database: &Path,
    files: &dyn Files,
    progress: Progress<'_>,
) -> Result<Note, BackupError> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        // A log left behind by an old database would be replayed into the restored one.
        let mut path = database.as_os_str().to_owned();
        path.push(ending);
        if Path::new(&path).exists() {
            return Err(BackupError::InTheWay(path.into()));
        }
    }
    let not_whole = |why: String| BackupError::NotWhole(folder.to_path_buf(), why);
    let text =
        fs::read(folder.join(NOTE)).map_err(|error| not_whole(format!("{NOTE}: {error}")))?;
    let note: Note =
        serde_json::from_slice(&text).map_err(|error| not_whole(format!("{NOTE}: {error}")))?;
    let copy = folder.join(DATABASE);
    if digest(&copy).map_err(at(&copy))? != note.database_sha256 {
        return Err(not_whole(format!("{DATABASE} was changed")));
    }
    snapshot::check(&copy).await?;
    let photos = folder.join(PHOTOS);
    let source = FilesOnDisk::open(&photos).map_err(at(&photos))?;
    let missing = copy_photos(&copy, &source, files, progress).await?;
    if let Some(lost) = missing.iter().find(|it| !note.missing.contains(it)) {
        return Err(not_whole(format!(
            "the photo {lost} is missing or was changed"
        )));
    }
    place(&copy, database).map_err(at(database))?;
    Ok(note)
}

/// Copies the photos of a database, and returns those that could not be read completely.
async fn copy_photos(
    database: &Path,
    from: &dyn Files,
    to: &dyn Files,
    progress: Progress<'_>,
) -> Result<Vec<String>, BackupError> {
    let total = snapshot::count_photos(database).await?;
    let (mut done, mut last, mut missing) = (0, String::new(), Vec::new());
    progress(done, total);
    loop {
        let page = snapshot::photos(database, &last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last.clone_from(&end.sha256);
        let copies = page.iter().map(|photo| copy_photo(photo, from, to));
        let mut copies = stream::iter(copies).buffer_unordered(AT_ONCE);
        while let Some(lost) = copies.next().await {
            missing.extend(lost?);
            done += 1;
            progress(done, total);
        }
    }
    missing.sort();
    Ok(missing)
}

/// Copies one photo; returns its SHA-256 if it cannot be read completely.
async fn copy_photo(
    named: &NamedPhoto,
    from: &dyn Files,
    to: &dyn Files,
) -> Result<Option<String>, FilesError> {
    let kind = ImageKind::of_mime(&named.mime).unwrap_or(ImageKind::Jpeg);
    let read = from.read(&named.sha256).await;
    let photo = read.ok().map(|bytes| Photo::new(kind, bytes));
    match photo {
        Some(photo) if photo.sha256 == named.sha256 => to.put(photo).await.map(|()| None),
        _ => Ok(Some(named.sha256.clone())),
    }
}

/// Copies a database to its place, completely or not at all.
fn place(copy: &Path, database: &Path) -> io::Result<()> {
    let beside = database.with_extension("restoring");
    fs::copy(copy, &beside)?;
    sync(&beside)?;
    fs::rename(&beside, database)?;
    sync(folder_of(database))
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex::encode(hash.finalize())),
            length => hash.update(&piece[..length]),
        }
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |error| BackupError::Io(path.to_path_buf(), error)
}
