//! Moves a landlord that has outgrown one machine: copies every row of a SQLite file to an empty PostgreSQL
//! database.
//!
//! The tables and columns are read from the databases, so that this code needs no change for a migration.
//! Everything happens in one transaction: a copy that is interrupted or does not match leaves nothing behind.

use std::path::Path;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Postgres, QueryBuilder, Row};

use crate::adapters::store::postgres;
use crate::adapters::store::rows::storable;
use crate::adapters::store::sqlite::SqliteStore;
use crate::crash;

/// Tables that belong to the database itself, or that list the running replicas.
const LEFT_OUT: [&str; 2] = ["_sqlx_migrations", "replicas"];
/// Rows per `INSERT`; the widest table stays below 65,535 values.
const BATCH: usize = 1_000;

/// Why a database was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the databases failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The target's address is invalid, or its tables could not be created.
    #[error(transparent)]
    Migration(#[from] crate::domain::ports::StoreError),
    /// The target already contains data.
    #[error("the target is not empty: {0} has rows")]
    NotEmpty(String),
    /// A row read back differs from its source.
    #[error("row {row} of {table} differs after the copy; nothing was kept")]
    NotAlike {
        /// Name of the table.
        table: String,
        /// Position of the row, from 1, in the order of the key.
        row: u64,
    },
}

/// A value of one of the three kinds that both databases have.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

struct Column {
    name: String,
    kind: String,
}

struct Table {
    name: String,
    columns: Vec<Column>,
    /// The columns of its primary key.
    key: Vec<String>,
    rows: u64,
}

/// A copy that is ready to run.
pub struct Copy {
    from: SqliteConnection,
    to: PgConnection,
    tables: Vec<Table>,
}

impl Copy {
    /// Brings both databases up to date and reads their tables.
    ///
    /// # Errors
    /// When one of them cannot be read, or the target has rows.
    pub async fn prepare(from: &Path, to: &str) -> Result<Self, CopyError> {
        postgres::migrate(to).await?;
        drop(SqliteStore::open(from).await?);
        let options = SqliteConnectOptions::new().filename(from).read_only(true);
        let mut from = options.connect().await?;
        // Sorting the source may take longer than the daemon's limit for an idle transaction.
        let patient = [("idle_in_transaction_session_timeout", "0")];
        let mut to = postgres::options(to)?.options(patient).connect().await?;
        let tables = tables(&mut from, &mut to).await?;
        Ok(Self { from, to, tables })
    }

    /// How many rows will be copied and then compared, in total.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.tables.iter().map(|it| it.rows).sum::<u64>() * 2
    }

    /// Copies and compares, reporting how many rows are done. Returns the number of rows.
    ///
    /// # Errors
    /// When a database fails or a row differs; the target is then unchanged.
    pub async fn run(mut self, mut done: impl FnMut(u64)) -> Result<u64, CopyError> {
        // The same snapshot of the source for both passes.
        let mut from = self.from.begin().await?;
        let mut to = self.to.begin().await?;
        for table in &self.tables {
            write(&mut from, &mut to, table, &mut done).await?;
        }
        for table in &self.tables {
            compare(&mut from, &mut to, table, &mut done).await?;
            continue_numbers(&mut to, table).await?;
        }
        crash::point("copy.commit.before");
        to.commit().await?;
        crash::point("copy.commit.after");
        Ok(self.tables.iter().map(|it| it.rows).sum())
    }
}

/// The tables, each after those that it refers to in the target.
async fn tables(
    from: &mut SqliteConnection,
    to: &mut PgConnection,
) -> Result<Vec<Table>, CopyError> {
    let mut waiting: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
         ORDER BY name",
    )
    .fetch_all(&mut *from)
    .await?;
    waiting.retain(|name| !LEFT_OUT.contains(&name.as_str()));
    let mut ordered: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let mut later = Vec::new();
        let before = waiting.len();
        for name in waiting {
            let refers: Vec<String> = sqlx::query_scalar(
                "SELECT to_table.relname::text FROM pg_constraint \
                 JOIN pg_class from_table ON from_table.oid = conrelid \
                 JOIN pg_class to_table ON to_table.oid = confrelid \
                 WHERE contype = 'f' AND from_table.oid = to_regclass(quote_ident($1))",
            )
            .bind(&name)
            .fetch_all(&mut *to)
            .await?;
            let ready = |it: &String| *it == name || ordered.iter().any(|done| done.name == *it);
            if refers.iter().all(ready) {
                ordered.push(table(from, to, name).await?);
            } else {
                later.push(name);
            }
        }
        if later.len() == before {
            return Err(sqlx::Error::Protocol("tables refer to each other".into()).into());
        }
        waiting = later;
    }
    Ok(ordered)
}

async fn table(
    from: &mut SqliteConnection,
    to: &mut PgConnection,
    name: String,
) -> Result<Table, CopyError> {
    let columns = sqlx::query(
        "SELECT column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
    )
    .bind(&name)
    .fetch_all(&mut *to)
    .await?;
    let column = |row: &PgRow| Column {
        name: row.get(0),
        kind: row.get(1),
    };
    let key: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk")
            .bind(&name)
            .fetch_all(&mut *from)
            .await?;
    let count = |name: &str| AssertSqlSafe(format!("SELECT COUNT(*) FROM \"{name}\""));
    let there: i64 = sqlx::query_scalar(count(&name)).fetch_one(&mut *to).await?;
    if there > 0 {
        return Err(CopyError::NotEmpty(name));
    }
    let rows: i64 = sqlx::query_scalar(count(&name))
        .fetch_one(&mut *from)
        .await?;
    Ok(Table {
        columns: columns.iter().map(column).collect(),
        key,
        rows: u64::try_from(rows).unwrap_or(0),
        name,
    })
}

impl Table {
    fn columns(&self) -> String {
        let names = self.columns.iter().map(|it| format!("\"{}\"", it.name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Every row in the order of the key; text in byte order, as in SQLite.
    fn select(&self, collation: &str) -> AssertSqlSafe<String> {
        let key = self.key.iter().map(|name| {
            let text = self
                .columns
                .iter()
                .any(|it| it.name == *name && it.kind == "text");
            let collation = if text { collation } else { "" };
            format!("\"{name}\"{collation}")
        });
        let key = key.collect::<Vec<_>>().join(", ");
        AssertSqlSafe(format!(
            "SELECT {} FROM \"{}\" ORDER BY {key}",
            self.columns(),
            self.name
        ))
    }

    fn of_sqlite(&self, row: &SqliteRow) -> Result<Vec<Value>, sqlx::Error> {
        let value = |(at, column): (usize, &Column)| {
            Ok(match column.kind.as_str() {
                "bigint" => Value::Integer(row.try_get(at)?),
                "bytea" => Value::Bytes(row.try_get(at)?),
                _ => {
                    let text: Option<&str> = row.try_get(at)?;
                    // As PostgreSQL would have stored it in the first place.
                    Value::Text(text.map(|it| storable(it).into_owned()))
                }
            })
        };
        self.columns.iter().enumerate().map(value).collect()
    }

    fn of_postgres(&self, row: &PgRow) -> Result<Vec<Value>, sqlx::Error> {
        let value = |(at, column): (usize, &Column)| {
            Ok(match column.kind.as_str() {
                "bigint" => Value::Integer(row.try_get(at)?),
                "bytea" => Value::Bytes(row.try_get(at)?),
                _ => Value::Text(row.try_get(at)?),
            })
        };
        self.columns.iter().enumerate().map(value).collect()
    }
}

async fn write(
    from: &mut SqliteConnection,
    to: &mut PgConnection,
    table: &Table,
    done: &mut impl FnMut(u64),
) -> Result<(), CopyError> {
    let mut rows = sqlx::query(table.select("")).fetch(from);
    let mut batch = Vec::new();
    while let Some(row) = rows.try_next().await? {
        batch.push(table.of_sqlite(&row)?);
        if batch.len() == BATCH {
            insert(to, table, &batch).await?;
            done(BATCH as u64);
            batch.clear();
        }
    }
    if !batch.is_empty() {
        insert(to, table, &batch).await?;
        done(batch.len() as u64);
    }
    Ok(())
}

async fn insert(
    to: &mut PgConnection,
    table: &Table,
    rows: &[Vec<Value>],
) -> Result<(), sqlx::Error> {
    let into = format!("INSERT INTO \"{}\" ({}) ", table.name, table.columns());
    let mut query = QueryBuilder::<Postgres>::new(into);
    query.push_values(rows, |mut values, row| {
        for value in row {
            match value {
                Value::Integer(it) => values.push_bind(*it),
                Value::Text(it) => values.push_bind(it.as_deref()),
                Value::Bytes(it) => values.push_bind(it.as_deref()),
            };
        }
    });
    query
        .build()
        .persistent(false)
        .execute(to)
        .await
        .map(|_| ())
}

async fn compare(
    from: &mut SqliteConnection,
    to: &mut PgConnection,
    table: &Table,
    done: &mut impl FnMut(u64),
) -> Result<(), CopyError> {
    let mut read = sqlx::query(table.select("")).fetch(from);
    let mut written = sqlx::query(table.select(" COLLATE \"C\"")).fetch(to);
    for row in 1.. {
        let read = read.try_next().await?;
        let written = written.try_next().await?;
        let read = read.map(|row| table.of_sqlite(&row)).transpose()?;
        let written = written.map(|row| table.of_postgres(&row)).transpose()?;
        if read != written {
            let table = table.name.clone();
            return Err(CopyError::NotAlike { table, row });
        }
        if read.is_none() {
            break;
        }
        done(1);
    }
    Ok(())
}

/// Sets the sequences to continue after the highest copied number.
async fn continue_numbers(to: &mut PgConnection, table: &Table) -> Result<(), sqlx::Error> {
    for column in table.columns.iter().filter(|it| it.kind == "bigint") {
        let sequence: Option<String> = sqlx::query_scalar("SELECT pg_get_serial_sequence($1, $2)")
            .bind(format!("\"{}\"", table.name))
            .bind(&column.name)
            .fetch_one(&mut *to)
            .await?;
        let Some(sequence) = sequence else { continue };
        let next = AssertSqlSafe(format!(
            "SELECT setval($1::regclass, COALESCE(MAX(\"{}\"), 0) + 1, false) FROM \"{}\"",
            column.name, table.name
        ));
        sqlx::query(next).bind(sequence).execute(&mut *to).await?;
    }
    Ok(())
}
