//! A database with a long past: a signalement that the daemon itself accepted, decided, turned into a demande
//! and reported, multiplied many times.

use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, query_scalar, raw_sql};

use super::daemon::Site;

/// The tables that grow with each signalement, each after those that it references.
const TABLES: [&str; 6] = [
    "signalements",
    "fichiers",
    "demandes",
    "evenements",
    "livraisons",
    "tentatives",
];
/// How far back the past goes, in milliseconds: recent enough that none of it is purged.
const PAST_MS: u64 = 80 * 24 * 60 * 60 * 1_000;

/// A database that a daemon has left behind.
pub enum Database {
    /// In the site's folder.
    Sqlite(SqliteConnection),
    /// The address of a server.
    Postgres(PgConnection),
}

impl Database {
    /// Opens the site's SQLite database.
    pub async fn sqlite(site: &Site) -> Self {
        let file = site.path().join("data/passerelle.sqlite");
        let options = SqliteConnectOptions::new().filename(file);
        Self::Sqlite(SqliteConnection::connect_with(&options).await.unwrap())
    }

    /// Connects.
    pub async fn postgres(url: &str) -> Self {
        Self::Postgres(PgConnection::connect(url).await.unwrap())
    }

    /// Creates an empty one on the server at this address.
    pub async fn create(url: &str, name: &str) {
        let mut server = Self::postgres(url).await;
        server.run(format!("CREATE DATABASE {name}")).await;
    }

    /// Runs the statements.
    async fn run(&mut self, statements: String) {
        let statements = raw_sql(AssertSqlSafe(statements));
        let done = match self {
            Self::Sqlite(it) => statements.execute(it).await.map(drop),
            Self::Postgres(it) => statements.execute(it).await.map(drop),
        };
        done.unwrap();
    }

    /// Adds this many copies of the rows, oldest first; returns the UIDs of the new demandes.
    pub async fn multiply(mut self, count: u32) -> Vec<String> {
        for statement in self.prepare() {
            self.run((*statement).into()).await;
        }
        let template: Vec<String> = self.texts("SELECT uid FROM demandes").await;
        let [template] = template.as_slice() else {
            panic!("not one demande: {template:?}");
        };
        let waiting = "SELECT id FROM livraisons WHERE etat <> 'livree'";
        let waiting: Vec<String> = self.texts(waiting).await;
        assert!(waiting.is_empty(), "still to be delivered: {waiting:?}");
        for table in TABLES {
            self.multiply_table(table, count).await;
        }
        for statement in self.tidy() {
            self.run((*statement).into()).await;
        }
        let uids = (1..=count).map(|number| format!("{template}-{number:08}"));
        uids.collect()
    }

    async fn multiply_table(&mut self, table: &str, count: u32) {
        let columns = match self {
            Self::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}')"),
            Self::Postgres(_) => format!(
                "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}' \
                 AND table_schema = 'public'"
            ),
        };
        let mut columns = self.texts(&columns).await;
        // The database generates these numbers itself.
        columns.retain(|it| !["sequence", "rowid"].contains(&it.as_str()));
        let values: Vec<String> = columns
            .iter()
            .map(|it| self.value(table, it, count))
            .collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        self.run(format!(
            "CREATE TEMPORARY TABLE one AS SELECT * FROM {table}; \
             INSERT INTO {table} ({columns}) WITH RECURSIVE numbers (n) AS ( \
               SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
             SELECT {values} FROM numbers CROSS JOIN one; \
             DROP TABLE one"
        ))
        .await;
    }

    /// The value of a column in copy number `n`.
    fn value(&self, table: &str, column: &str, count: u32) -> String {
        match (table, column) {
            // Identities of signalements are spread evenly, as hashes are.
            ("signalements", "id") | (_, "signalement_id") => {
                let spread = "(n * 2654435761) % 4294967296";
                let hexadecimal = match self {
                    Self::Sqlite(_) => format!("printf('%08x', {spread})"),
                    Self::Postgres(_) => format!("lpad(to_hex({spread}), 8, '0')"),
                };
                format!("{hexadecimal} || substr({column}, 9)")
            }
            (
                _,
                "id" | "uid" | "evenement" | "evenement_id" | "livraison_id" | "queue"
                | "lien_sowell",
            ) => {
                let number = match self {
                    Self::Sqlite(_) => "printf('%08d', n)",
                    Self::Postgres(_) => "lpad(n::text, 8, '0')",
                };
                format!("{column} || '-' || {number}")
            }
            (_, "received_at" | "decided_at" | "created_at" | "finished_at" | "due_at" | "at") => {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap()
                    .as_millis();
                let (begin, step) = (now - u128::from(PAST_MS), PAST_MS / u64::from(count));
                format!("CASE WHEN {column} IS NULL THEN NULL ELSE {begin} + n * {step} END")
            }
            _ => column.to_owned(),
        }
    }

    /// This data need not survive a power cut, and its references are correct by construction.
    fn prepare(&self) -> &'static [&'static str] {
        match self {
            Self::Sqlite(_) => &[
                "PRAGMA journal_mode = DELETE",
                "PRAGMA journal_mode = OFF",
                "PRAGMA synchronous = OFF",
                "PRAGMA foreign_keys = OFF",
                "PRAGMA cache_size = -500000",
            ],
            Self::Postgres(_) => &[
                "SET synchronous_commit = off",
                "SET session_replication_role = replica",
            ],
        }
    }

    /// Leaves it as a daemon finds it: with a write-ahead log, and with the work done that autovacuum does
    /// within minutes.
    fn tidy(&self) -> &'static [&'static str] {
        match self {
            Self::Sqlite(_) => &["PRAGMA journal_mode = WAL"],
            Self::Postgres(_) => &["VACUUM ANALYZE", "CHECKPOINT"],
        }
    }

    async fn texts(&mut self, query: &str) -> Vec<String> {
        let query = AssertSqlSafe(query.to_owned());
        let found = match self {
            Self::Sqlite(it) => query_scalar(query).fetch_all(it).await,
            Self::Postgres(it) => query_scalar(query).fetch_all(it).await,
        };
        found.unwrap()
    }
}
