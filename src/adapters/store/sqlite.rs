//! SQLite: one file, write-ahead log, `synchronous=FULL`.
//!
//! Every write goes through the one `writer`, which commits many at once; reads have their own pool. Other
//! processes (the command line) may write beside the daemon: SQLite's lock makes them wait for each other.

mod dialect;
mod first_time;
mod log;
mod place;
#[path = "shared/port.rs"]
mod shared;
pub mod snapshot;
mod writer;

use std::path::Path;
use std::time::Duration as StdDuration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::adapters::store::schema;
use crate::crash;
use crate::domain::ports::StoreError;

use place::DatabaseFile;
use writer::Writer;

// The names that `shared` uses for this database.
type Db = sqlx::Sqlite;
type DbConnection = SqliteConnection;
type DbPool = SqlitePool;
type DbRow = sqlx::sqlite::SqliteRow;
type DbStore = SqliteStore;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a write waits for another process to release the file.
const BUSY_TIMEOUT: StdDuration = StdDuration::from_secs(10);
/// The most concurrent readers; each look-up takes well under a millisecond.
const READERS: u32 = 4;
/// Prepared statements that are kept. The text of a batch depends on its numbers of records, demandes, keys,
/// deliveries and photos (`first_time`): the usual ones stay in the cache, and the others replace each other.
const CACHED_STATEMENTS: usize = 192;

/// The store on SQLite.
pub struct SqliteStore {
    readers: SqlitePool,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the file, creates it if it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// When the file cannot be opened or migrated.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = options(path).create_if_missing(true);
        let mut connection = options.connect().await.map_err(failed)?;
        crash::point("store.migrate.before");
        // No sync for each migration: one lost to a power cut is run again, and the first commit after them syncs
        // the log with all of them.
        set(&mut connection, "synchronous", "NORMAL").await?;
        MIGRATIONS
            .run(&mut connection)
            .await
            .map_err(schema::not_migrated)?;
        set(&mut connection, "synchronous", "FULL").await?;
        crash::point("store.migrate.after");
        Self::start(path, options, connection).await
    }

    /// Opens a file whose tables exist and are up to date, and does not change them: a daemon of a different
    /// version may be running on it.
    ///
    /// # Errors
    /// When the file cannot be opened, or its tables are not those of this version.
    pub async fn open_as_it_is(path: &Path) -> Result<Self, StoreError> {
        let options = options(path);
        let mut connection = options.connect().await.map_err(failed)?;
        let made = "SELECT name FROM sqlite_schema WHERE name = '_sqlx_migrations'";
        let made: Option<String> = sqlx::query_scalar(made)
            .fetch_optional(&mut connection)
            .await
            .map_err(failed)?;
        let applied = match made {
            Some(_) => sqlx::query_scalar(schema::APPLIED)
                .fetch_all(&mut connection)
                .await
                .map_err(failed)?,
            None => Vec::new(),
        };
        schema::check(&MIGRATIONS, &applied)?;
        Self::start(path, options, connection).await
    }

    async fn start(
        path: &Path,
        options: SqliteConnectOptions,
        mut connection: SqliteConnection,
    ) -> Result<Self, StoreError> {
        // Otherwise, the undo data of a batch's statement could be written to a file in `/var/tmp`. Set after the
        // migrations: rebuilding an index sorts its whole table.
        set(&mut connection, "temp_store", "MEMORY").await?;
        // A file that disappears is not recreated while the daemon runs: an empty database would have no tables.
        let options = options.create_if_missing(false);
        let reopened = options.clone().pragma("temp_store", "MEMORY");
        let place =
            DatabaseFile::of(path).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let writer = Writer::start(connection, reopened, place.clone());
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY_TIMEOUT)
            .after_connect(move |_, _| {
                let found = place.check().map_err(sqlx::Error::Io);
                Box::pin(async { found })
            })
            .connect_lazy_with(options.read_only(true));
        Ok(Self { readers, writer })
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: a commit returns only when the log is on disk.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // See `log`.
        .pragma("wal_autocheckpoint", "0")
        .statement_cache_capacity(CACHED_STATEMENTS)
}

async fn set(
    connection: &mut SqliteConnection,
    pragma: &str,
    value: &str,
) -> Result<(), StoreError> {
    sqlx::query(AssertSqlSafe(format!("PRAGMA {pragma} = {value}")))
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Distinguishes temporary failures from permanent ones.
#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` takes it by its name"
)]
fn failed(error: sqlx::Error) -> StoreError {
    /// NOMEM, BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN and PROTOCOL of SQLite's result codes.
    const PASSING: [u32; 8] = [7, 5, 6, 8, 10, 13, 14, 15];
    let passing = match &error {
        sqlx::Error::Database(database) => database
            .code()
            .and_then(|code| code.parse::<u32>().ok())
            // The low byte is the primary code, the rest the details.
            .is_some_and(|code| PASSING.contains(&(code & 0xff))),
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    };
    if passing {
        StoreError::Unavailable(error.to_string())
    } else {
        StoreError::Fault(error.to_string())
    }
}
