//! Copies the write-ahead log into the database file, beside the writes.
//!
//! If left to SQLite, the commit that makes the log long also copies all of it, and whoever waits for that commit
//! or the next one waits for thousands of pages. Here, a second connection copies while commits go on; the writer
//! then only copies what came meanwhile, so that the log can restart however busy the daemon is.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::task::JoinHandle;

/// Writes after which the log is copied, so that a page that many of them change is copied only once. A signalement
/// with its demande and its e-mail takes about six pages of 4 KiB.
const LONG: usize = 600;

/// The state of the log's copying.
pub(super) struct Log {
    options: SqliteConnectOptions,
    /// Writes since the last copy.
    writes: usize,
    /// The connection that copies, while it is idle.
    copier: Option<SqliteConnection>,
    copying: Option<JoinHandle<Option<SqliteConnection>>>,
}

impl Log {
    /// For the database that these options open.
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        Self {
            options,
            // An earlier process may have left a log of any length.
            writes: LONG,
            copier: None,
            copying: None,
        }
    }

    /// Counts these writes of `writer`, and copies the log when it is long.
    pub(super) async fn grew(&mut self, writes: usize, writer: &mut SqliteConnection) {
        self.writes += writes;
        match &mut self.copying {
            Some(copying) if copying.is_finished() => {
                self.copier = copying.await.unwrap_or_default();
                self.copying = None;
                self.writes = 0;
                copy(writer).await;
            }
            None if self.writes >= LONG => {
                let (copier, options) = (self.copier.take(), self.options.clone());
                self.copying = Some(tokio::spawn(copy_beside(copier, options)));
            }
            _ => {}
        }
    }

    /// Copies all of the log, for the end of the process.
    pub(super) async fn finish(&mut self, writer: &mut SqliteConnection) {
        if let Some(copying) = self.copying.take() {
            self.copier = copying.await.unwrap_or_default();
        }
        copy(writer).await;
    }
}

/// Copies the log on a separate connection, which is returned if all went well.
async fn copy_beside(
    copier: Option<SqliteConnection>,
    options: SqliteConnectOptions,
) -> Option<SqliteConnection> {
    let mut copier = match copier {
        Some(copier) => copier,
        None => options.connect().await.ok()?,
    };
    // A second time, for what came meanwhile: the less is left, the shorter the writes wait for the rest.
    let copied = copy(&mut copier).await && copy(&mut copier).await;
    copied.then_some(copier)
}

/// Copies the pages that no reader still needs in the log; returns whether that went well. If not, nothing is lost,
/// and it is tried again next time.
pub(super) async fn copy(connection: &mut SqliteConnection) -> bool {
    checkpoint(connection).await.is_some()
}

/// Copies all of it; `false` if that failed, or a reader or another copier prevented part of it.
pub(super) async fn copy_whole(connection: &mut SqliteConnection) -> bool {
    let copied = checkpoint(connection).await;
    copied.is_some_and(|(busy, pages, copied)| busy == 0 && pages == copied)
}

/// Whether it was hindered, how many pages the log has, and how many of them are in the file by now.
async fn checkpoint(connection: &mut SqliteConnection) -> Option<(i64, i64, i64)> {
    sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)")
        .fetch_one(connection)
        .await
        .inspect_err(|error| {
            tracing::warn!(%error, "the database's log was not copied into its file");
        })
        .ok()
}
