//! PostgreSQL: one database that several replicas share.
//!
//! All that a replica needs to know is in the database, so that each may be killed at any time. Statements run at
//! READ COMMITTED, and a unique key or a lock prevents what must not happen twice at once; `docs/databases.md`
//! lists which.

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

// The names that `shared` uses for this database.
type Db = sqlx::Postgres;
type DbConnection = sqlx::PgConnection;
type DbPool = PgPool;
type DbRow = sqlx::postgres::PgRow;
type DbStore = PostgresStore;

static MIGRATIONS: Migrator = Migrator {
    // A replica of the previous version must still be able to start beside the new ones.
    ignore_missing: true,
    ..sqlx::migrate!("migrations/postgres")
};

/// First key of all our advisory locks: "Pass" in ASCII.
const LOCKS: i32 = 0x5061_7373;
/// The most connections of one replica, for reads and writes together.
const CONNECTIONS: u32 = 20;
/// Connections that a replica opens outside the pool: for the locks of the sweep and of retention.
const BESIDE_THE_POOL: u32 = 2;
/// With fewer, no request could be served beside the connection that listens to other replicas.
const FEWEST: u32 = 3;
/// How long a request waits for a connection; a server that restarts is usually back sooner.
const ACQUIRE_TIMEOUT: StdDuration = StdDuration::from_secs(5);

/// How long a returned connection may take to answer a ping.
const RELEASE_LIMIT: StdDuration = StdDuration::from_secs(5);

/// Settings of each connection: a transaction whose replica has disappeared must not hold its locks for hours.
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
    /// Listens for notifications from other replicas; connected when first needed.
    listener: Mutex<Option<PgListener>>,
}

impl PostgresStore {
    /// Connects to a database whose tables exist, see [`migrate`], and does not change them.
    ///
    /// # Errors
    /// When the address is invalid, the server cannot be reached, or the tables are older than this version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let connected = options(url)?.connect().await;
        let mut connection = connected.map_err(failed)?;
        check_encoding(&mut connection).await?;
        let applied = applied(&mut connection).await.map_err(failed)?;
        schema::check(&MIGRATIONS, &applied)?;
        let connections = connections(&mut connection).await.map_err(failed)?;
        // It may use up one of few connections.
        connection.close().await.map_err(failed)?;
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // Whatever the server's default, a commit must be on disk when it returns.
                    let durable = "SELECT set_config('synchronous_commit', 'on', false) \
                                   WHERE current_setting('synchronous_commit') = 'off'";
                    connection.execute(durable).await.map(|_| ())
                })
            })
            // A connection that was abandoned in the middle of a read is pinged; the pool itself would wait for
            // ever.
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

/// Brings the tables up to date. Replicas that do so at the same time wait for each other.
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

/// Other encodings cannot store some of the characters we receive, and would fail only when they arrive.
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

/// The migrations applied to the database; none if it has no tables.
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

/// How many connections this replica may hold: as many as it can use, or fewer if the server allows fewer. A
/// refused connection does not fail quickly: the pool retries until the request's time is up, and meanwhile does
/// not hand out connections that are returned.
async fn connections(connection: &mut PgConnection) -> Result<u32, sqlx::Error> {
    // The limits of the role and of the database do not apply to superusers; -1 means unlimited.
    let limit: i32 = sqlx::query_scalar(
        "SELECT LEAST(current_setting('max_connections')::int \
             - current_setting('superuser_reserved_connections')::int, \
           CASE WHEN r.rolsuper OR r.rolconnlimit < 0 THEN NULL ELSE r.rolconnlimit END, \
           CASE WHEN r.rolsuper OR d.datconnlimit < 0 THEN NULL ELSE d.datconnlimit END) \
         FROM pg_roles r, pg_database d \
         WHERE r.rolname = session_user AND d.datname = current_database()",
    )
    .fetch_one(connection)
    .await?;
    let limit = u32::try_from(limit).unwrap_or(0);
    if limit >= CONNECTIONS + BESIDE_THE_POOL {
        return Ok(CONNECTIONS);
    }
    let held = limit.saturating_sub(BESIDE_THE_POOL).max(FEWEST);
    tracing::warn!(
        "PostgreSQL allows {limit} connections: this replica holds {held} at most, and slows down under load; each \
         replica has use for {} (max_connections, CONNECTION LIMIT of the role and of the database)",
        CONNECTIONS + BESIDE_THE_POOL
    );
    Ok(held)
}

/// The options of each connection to this address.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    // The error would quote part of the address, possibly the password.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Fault("database_url cannot be understood".into()))?;
    Ok(options.application_name("passerelle").options(SESSION))
}

/// Distinguishes temporary failures from permanent ones.
#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` takes it by its name"
)]
fn failed(error: sqlx::Error) -> StoreError {
    /// Classes of SQLSTATE: connection, transaction rolled back, resources, prerequisite state (such as a lock not
    /// available in time), operator intervention and system errors.
    const PASSING: [&str; 6] = ["08", "40", "53", "55", "57", "58"];
    /// A write was sent to a standby.
    const READ_ONLY: &str = "25006";
    /// The session was ended for being idle in a transaction.
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
    let what = told(&error);
    if passing {
        StoreError::Unavailable(what)
    } else {
        StoreError::Fault(what)
    }
}

/// The message for an error.
fn told(error: &sqlx::Error) -> String {
    match error {
        // Leaves out the line of the server's source code that comes with it.
        sqlx::Error::Database(database) => match database.code() {
            Some(code) => format!("{} (SQLSTATE {code})", database.message()),
            None => database.message().to_owned(),
        },
        sqlx::Error::PoolTimedOut => format!(
            "no connection was free within {} s: all of this replica's are in use, or PostgreSQL lets in no more \
             (max_connections, CONNECTION LIMIT of the role or of the database)",
            ACQUIRE_TIMEOUT.as_secs()
        ),
        error => error.to_string(),
    }
}
