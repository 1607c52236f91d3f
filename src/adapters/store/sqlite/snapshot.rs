//! A copy of the database at one instant, and the photos that such a copy refers to.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Row as _};

use super::{BUSY_TIMEOUT, failed};
use crate::domain::ports::StoreError;

/// A photo that a copy refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPhoto {
    /// Its key in the photo store.
    pub sha256: String,
    /// Its MIME type.
    pub mime: String,
}

/// Writes a complete and consistent copy of a database that may be in use, without blocking anyone.
///
/// # Errors
/// When the database cannot be read, or something other than an empty file exists at `to`.
pub async fn take(database: &Path, to: &Path) -> Result<(), StoreError> {
    let mut connection = open(database, File::InUse).await?;
    sqlx::query("VACUUM INTO $1")
        .bind(to.display().to_string())
        .execute(&mut connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Checks that a copy is sound.
///
/// # Errors
/// When it cannot be read, or SQLite finds a fault in it.
pub async fn check(copy: &Path) -> Result<(), StoreError> {
    let mut connection = open(copy, File::Still).await?;
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(StoreError::Fault(verdict))
    }
}

/// How many photos a copy refers to, each counted once.
///
/// # Errors
/// When it cannot be read.
pub async fn count_photos(copy: &Path) -> Result<u64, StoreError> {
    let mut connection = open(copy, File::Still).await?;
    let count: i64 = sqlx::query_scalar("SELECT COUNT(DISTINCT sha256) FROM fichiers")
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The photos that a copy refers to after `after`, in the order of their hashes.
///
/// # Errors
/// When it cannot be read.
pub async fn photos(copy: &Path, after: &str, limit: u32) -> Result<Vec<NamedPhoto>, StoreError> {
    let mut connection = open(copy, File::Still).await?;
    let rows = sqlx::query(
        "SELECT sha256, MIN(type) AS type FROM fichiers WHERE sha256 > $1 \
         GROUP BY sha256 ORDER BY sha256 LIMIT $2",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&mut connection)
    .await
    .map_err(failed)?;
    let read = |row: &sqlx::sqlite::SqliteRow| NamedPhoto {
        sha256: row.get("sha256"),
        mime: row.get("type"),
    };
    Ok(rows.iter().map(read).collect())
}

/// How a file is opened for reading.
#[derive(PartialEq, Eq)]
enum File {
    /// Others may write to it meanwhile.
    InUse,
    /// Nothing else uses it, and no files are created beside it.
    Still,
}

/// Opens a file for reading.
async fn open(path: &Path, file: File) -> Result<SqliteConnection, StoreError> {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(file == File::Still)
        .busy_timeout(BUSY_TIMEOUT)
        .connect()
        .await
        .map_err(failed)
}
