//! PostgreSQL: one database that several replicas share.
//!
//! Whatever a replica needs to know stands in the database, so that each may be killed at any time.
//! Statements run at READ COMMITTED, and what must not happen twice at once is held by a unique key
//! or a lock; `docs/databases.md` tells which.

mod dialect;
#[path = "shared/port.rs"]
#[expect(
    clippy::duplicate_mod,
    reason = "one set of SQL, compiled once for each database's types"
)]
mod shared;
mod writer;

use std::str::FromStr;
use std::time::Duration as StdDuration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::sync::Mutex;

use crate::adapters::store::schema;
use crate::crash;
use crate::domain::ports::StoreError;

use writer::Writer;

// What `shared` knows this database by.
type Db = sqlx::Postgres;
type DbConnection = sqlx::PgConnection;
type DbPool = PgPool;
type DbRow = sqlx::postgres::PgRow;
type DbStore = PostgresStore;

static MIGRATIONS: Migrator = Migrator {
    // A replica of the version before must still start beside the new ones.
    ignore_missing: true,
    ..sqlx::migrate!("migrations/postgres")
};

/// First key of every advisory lock of ours: "Pass" in ASCII.
const LOCKS: i32 = 0x5061_7373;
/// Connections of one replica at most, for reads and writes together.
const CONNECTIONS: u32 = 20;
/// How long a request waits for a connection; a server that restarts is back before.
const ACQUIRE_TIMEOUT: StdDuration = StdDuration::from_secs(5);

/// How long a connection that is given back may take to show that it lives.
const RELEASE_LIMIT: StdDuration = StdDuration::from_secs(5);

/// What the server is told of each connection: a transaction whose replica is gone without a word
/// must not hold its locks for hours.
const SESSION: [(&str, &str); 5] = [
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// The store on PostgreSQL.
pub struct PostgresStore {
    readers: PgPool,
    writer: Writer,
    /// Hears what other replicas tell; made at the first need.
    listener: Mutex<Option<PgListener>>,
}

impl PostgresStore {
    /// Connects to a database whose tables are there, see [`migrate`], and leaves them alone.
    ///
    /// # Errors
    /// When the address cannot be understood, the server cannot be reached, or the tables are older than this version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let connected = options(url)?.connect().await;
        let mut connection = connected.map_err(failed)?;
        check_encoding(&mut connection).await?;
        let applied = applied(&mut connection).await.map_err(failed)?;
        schema::check(&MIGRATIONS, &applied)?;
        connection.close().await.map_err(failed)?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // Whatever the server's default is, a commit is on the disk when it returns.
                    let durable = "SELECT set_config('synchronous_commit', 'on', false) \
                                   WHERE current_setting('synchronous_commit') = 'off'";
                    connection.execute(durable).await.map(|_| ())
                })
            })
            // One that was left in the middle of a read is tried; the pool itself would wait for ever.
            .after_release(|connection, _| {
                Box::pin(async move {
                    let tried = tokio::time::timeout(RELEASE_LIMIT, connection.ping()).await;
                    tried
                        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
                        .map(|()| true)
                })
            })
            .connect_with(options(url)?)
            .await
            .map_err(failed)?;
        Ok(Self {
            readers: pool.clone(),
            writer: Writer::new(pool),
            listener: Mutex::default(),
        })
    }
}

/// Brings the tables up to date. Replicas that do so at once wait for each other.
///
/// # Errors
/// When the server cannot be reached or a migration fails.
pub async fn migrate(url: &str) -> Result<(), StoreError> {
    let connected = options(url)?.connect().await;
    let mut connection = connected.map_err(failed)?;
    check_encoding(&mut connection).await?;
    crash::point("postgres.migrate.before");
    let migrated = MIGRATIONS.run(&mut connection).await;
    crash::point("postgres.migrate.after");
    migrated.map_err(|error| match error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => failed(cause),
        error => schema::not_migrated(error),
    })
}

/// Another encoding has no place for some of the letters and signs that come in, and would say so only then.
async fn check_encoding(connection: &mut PgConnection) -> Result<(), StoreError> {
    let encoding: String = sqlx::query_scalar("SELECT current_setting('server_encoding')")
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(StoreError::Fault(format!(
        "its encoding is {encoding} and must be UTF-8: make another one with createdb --encoding=UTF8 \
         --template=template0 NAME"
    )))
}

/// The migrations that the database has had; none where it has no tables.
async fn applied(connection: &mut PgConnection) -> Result<Vec<i64>, sqlx::Error> {
    let made: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !made {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(schema::APPLIED)
        .fetch_all(connection)
        .await
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    // The error would repeat a part of the address, and that may be the password.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Fault("database_url cannot be understood".into()))?;
    Ok(options.application_name("passerelle").options(SESSION))
}

/// Tells what may pass from what never will.
#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` takes it by its name"
)]
fn failed(error: sqlx::Error) -> StoreError {
    /// Classes of SQLSTATE: connection, transaction rolled back, resources, prerequisite state (a
    /// lock not had in time), operator intervention and system errors.
    const PASSING: [&str; 6] = ["08", "40", "53", "55", "57", "58"];
    /// A standby was asked to write.
    const READ_ONLY: &str = "25006";
    /// The session was ended for being idle inside a transaction.
    const IDLE: &str = "25P03";
    let passing = match &error {
        sqlx::Error::Database(database) => database.code().is_some_and(|code| {
            code == READ_ONLY || code == IDLE || PASSING.iter().any(|class| code.starts_with(class))
        }),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
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
