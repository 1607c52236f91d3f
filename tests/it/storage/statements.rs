//! Every statement of the stores finds its rows through an index: none scans a table that grows.
//!
//! The statements are read from the source, so that a new one is checked without a change here.

use std::collections::BTreeSet;

use passerelle::adapters::store::postgres::migrate;
use passerelle::adapters::store::sqlite::SqliteStore;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row as _};

use crate::postgres;
use crate::source::{code, files, without_tests};

/// Tables with rows for every signalement ever received.
const GROWING: [&str; 7] = [
    "demandes",
    "evenements",
    "fichiers",
    "idempotency_keys",
    "livraisons",
    "signalements",
    "tentatives",
];
/// Tables with what is pending, what is recorded for a day, or as many rows as edits, clients or daemons.
const SMALL: [&str; 12] = [
    "_sqlx_migrations",
    "creations",
    "identity",
    "last_referentiel",
    "pauses",
    "polls",
    "removals",
    "replicas",
    "routes",
    "tokens",
    "version_files",
    "versions",
];
/// Indexes that hold only what waits; these may be scanned.
const WAITING: [&str; 5] = [
    "evenements_held",
    "livraisons_due",
    "livraisons_leased",
    "livraisons_queue",
    "livraisons_stuck",
];
/// The statements that scan more, by their beginning and end, and why they may.
const LOOK_THROUGH: [(&str, &str, &str); 10] = [
    (
        "SELECT MAX(sequence)",
        "FROM evenements",
        "takes what comes last in the table's own order",
    ),
    (
        "SELECT id, destination,",
        "FROM livraisons ORDER BY sequence DESC LIMIT $1",
        "takes what comes first",
    ),
    (
        "SELECT id, destination,",
        "WHERE etat = 'livree' ORDER BY sequence DESC LIMIT $1",
        "nearly all are such: it stops soon",
    ),
    (
        "SELECT id, lien_sowell,",
        "WHERE bound = 1 ORDER BY rowid DESC LIMIT $1",
        "nearly all are such: it stops soon",
    ),
    (
        "SELECT received_at FROM signalements",
        "WHERE bound = 1 ORDER BY rowid LIMIT 1",
        "nearly all are such, and only the first reading of a polled CRM asks",
    ),
    (
        "SELECT etat, CAST",
        "GROUP BY s.etat",
        "counts in an index what is no demande",
    ),
    (
        "SELECT s.rowid AS position",
        "ORDER BY s.rowid DESC LIMIT $3",
        "the past, page by page",
    ),
    (
        "SELECT d.uid, d.statut",
        "ORDER BY e.sequence DESC LIMIT $3",
        "the past, page by page",
    ),
    (
        "SELECT (SELECT COUNT(*) FROM signalements",
        "AS evenements",
        "how many pages of the past there are",
    ),
    (
        "SELECT COUNT(DISTINCT sha256)",
        "FROM fichiers",
        "a backup reads everything",
    ),
];

/// Enough rows for PostgreSQL to tell what is many and what is few.
const ROWS: [(&str, &str); 5] = [
    (
        "signalements (id, lien_sowell, client, etat, bound, uid, fingerprint, payload, version, \
         answer, received_at, decided_at)",
        "n, n, 'sowell', CASE WHEN n % 10 = 0 THEN 'ecarte' ELSE 'transmis' END, \
         CASE WHEN n % 10 = 0 THEN 0 ELSE 1 END, CASE WHEN n % 10 > 0 THEN n END, n, n, 'v', \
         CASE WHEN n % 10 > 0 THEN n END, n, n",
    ),
    (
        "demandes (uid, signalement_id, statut, canal, qualification, workflow, residence, priorite, \
         gestionnaire_concerne, acteur_en_charge, auteur, email_auteur, contexte, lien_sowell, \
         created_at)",
        "n, n, '', '', '', '', '', '', '', '', '', '', '', '', n",
    ),
    (
        "evenements (id, uid, statut, canal, issue, version, received_at)",
        "n, n, 's', 'SoWell', 'accepte', 'v', n",
    ),
    (
        "livraisons (id, destination, queue, uid, evenement_id, etat, content, due_at, created_at)",
        "n, 'sowell', n, n, n, CASE WHEN n % 100 = 0 THEN 'en_attente' ELSE 'livree' END, 'c', n, n",
    ),
    ("tentatives (livraison_id, number, at)", "n, 1, n"),
];

#[tokio::test]
async fn no_statement_looks_through_what_grows_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.sqlite");
    drop(SqliteStore::open(&file).await.unwrap());
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = options.connect().await.unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    assert_tables(sqlx::query_scalar(tables).fetch_all(&mut connection).await);

    let mut found = Vec::new();
    for statement in statements("adapters/store/sqlite") {
        let plan = plan_of_sqlite(&mut connection, &statement).await;
        if plan.iter().any(|step| looks_through(step, &statement)) {
            found.push((statement, plan));
        }
    }
    assert_expected(&found, |_| true);
}

#[tokio::test]
async fn no_statement_looks_through_what_grows_in_postgresql() {
    let Some(url) = postgres::database().await else {
        return;
    };
    migrate(&url).await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    assert_tables(sqlx::query_scalar(tables).fetch_all(&mut connection).await);
    for (table, row) in ROWS {
        let filled = format!("INSERT INTO {table} SELECT {row} FROM generate_series(1, 5000) AS n");
        connection.execute(AssertSqlSafe(filled)).await.unwrap();
    }
    for setting in [
        "ANALYZE",
        // Otherwise it would scan tables as small as these.
        "SET enable_seqscan = off",
        // As when the values are not known yet: it knows that a NULL finds nothing.
        "SET plan_cache_mode = force_generic_plan",
    ] {
        connection.execute(setting).await.unwrap();
    }

    let mut found = Vec::new();
    for statement in statements("adapters/store/postgres") {
        let plan = plan_of_postgres(&mut connection, &statement).await;
        if postgres_looks_through(&plan) {
            found.push((statement, plan));
        }
    }
    // Backups are only for SQLite, and PostgreSQL finds the rows before another by key.
    let others = ["DISTINCT sha256", "AS position", "d.uid", "MAX(sequence)"];
    assert_expected(&found, |it| !others.iter().any(|word| it.contains(word)));
}

/// Every new table must be listed as growing or not.
fn assert_tables(found: Result<Vec<String>, sqlx::Error>) {
    let found: BTreeSet<String> = found.unwrap().into_iter().collect();
    let known = GROWING.iter().chain(&SMALL).map(|it| (*it).to_owned());
    assert_eq!(found, known.collect());
}

/// The scans found are those allowed, and each one allowed was found.
fn assert_expected(found: &[(String, Vec<String>)], asked: impl Fn(&str) -> bool) {
    let allows = |(beginning, end, _): &(&str, &str, &str), statement: &str| {
        statement.starts_with(beginning) && statement.ends_with(end)
    };
    let unexpected: Vec<_> = found
        .iter()
        .filter(|(statement, _)| !LOOK_THROUGH.iter().any(|it| allows(it, statement)))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    let unused: Vec<_> = LOOK_THROUGH
        .iter()
        .filter(|it| asked(it.0) && !found.iter().any(|(statement, _)| allows(it, statement)))
        .collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

/// The complete statements of one backend and of the shared code.
fn statements(folder: &str) -> Vec<String> {
    let folders = [folder, "adapters/store/shared"];
    let mut found = Vec::new();
    for (file, text) in files() {
        if folders.iter().any(|it| file.starts_with(it)) {
            let literals = literals(&text);
            for (at, literal) in literals.iter().enumerate() {
                found.extend(whole(literal, &literals, at));
            }
        }
    }
    assert!(found.len() > 60, "{found:#?}");
    found
}

/// The statements that a text in the source amounts to, if it is one or the beginning of one.
fn whole(text: &str, file: &[String], at: usize) -> Vec<String> {
    let verbs = ["SELECT ", "UPDATE ", "DELETE ", "INSERT ", "WITH "];
    let reads = verbs.iter().any(|it| text.starts_with(it));
    let only_writes = text.starts_with("INSERT ") && !text.contains("SELECT ");
    // The content of these braces is itself a checked statement.
    if !reads || only_writes || text.contains("({part})") {
        return Vec::new();
    }
    if text.ends_with("IN (") {
        return vec![format!("{text}$1)")];
    }
    if text.ends_with("> ") {
        return vec![format!("{text}$1")];
    }
    if let Some(columns) = text.strip_suffix(") AS (") {
        let values = vec!["$1"; 1 + columns.matches(',').count()].join(", ");
        return vec![format!("{text}VALUES ({values}){}", file[at + 1])];
    }
    if text.ends_with(' ') {
        let ends = file
            .iter()
            .filter(|it| it.starts_with("WHERE ") || it.starts_with("ORDER BY "));
        return ends.map(|end| format!("{text}{end}")).collect();
    }
    vec![text.to_owned()]
}

/// The string literals, as the compiler reads them.
fn literals(text: &str) -> Vec<String> {
    let code: Vec<&str> = code(without_tests(text)).collect();
    let code = code.join("\n");
    let mut chars = code.chars().peekable();
    let mut found = Vec::new();
    while chars.by_ref().any(|it| it == '"') {
        let mut literal = String::new();
        while let Some(next) = chars.next_if(|it| *it != '"') {
            match (next, chars.peek()) {
                ('\\', Some('\n')) => while chars.next_if(|it| it.is_whitespace()).is_some() {},
                ('\\', Some('"')) => literal.extend(chars.next()),
                _ => literal.push(next),
            }
        }
        chars.next();
        found.push(literal);
    }
    found
}

async fn plan_of_sqlite(connection: &mut SqliteConnection, statement: &str) -> Vec<String> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows = sqlx::query(explain).fetch_all(connection).await;
    let rows = rows.unwrap_or_else(|error| panic!("{statement}: {error}"));
    rows.iter().map(|row| row.get("detail")).collect()
}

/// Whether a step of SQLite reads all of a growing table, or so large a part that it is no better.
fn looks_through(step: &str, statement: &str) -> bool {
    let words: Vec<&str> = step.split(' ').collect();
    let ["SCAN" | "SEARCH", name, ..] = words.as_slice() else {
        return false;
    };
    if !GROWING.contains(&table(name, statement)) {
        return false;
    }
    let index = words.iter().position(|it| *it == "INDEX");
    let index = index.and_then(|at| words.get(at + 1)).unwrap_or(&"");
    let found_by_key = words[0] == "SEARCH" && words.contains(&"USING") && !step.contains("(rowid");
    let by_rowid = step.ends_with("(rowid=?)");
    !(found_by_key || by_rowid || WAITING.contains(index))
}

/// The table that a name in a statement refers to.
fn table<'a>(name: &'a str, statement: &'a str) -> &'a str {
    let words: Vec<&str> = statement
        .split([' ', '(', ')', ','])
        .filter(|it| !it.is_empty())
        .collect();
    let named = words
        .windows(3)
        .find(|it| ["FROM", "JOIN", "UPDATE"].contains(&it[0]) && it[2] == name);
    named.map_or(name, |it| it[1])
}

async fn plan_of_postgres(connection: &mut PgConnection, statement: &str) -> Vec<String> {
    let parameters = (1..=9).filter(|number| statement.contains(&format!("${number}")));
    let values = vec!["NULL"; parameters.count()].join(", ");
    let values = if values.is_empty() {
        values
    } else {
        format!("({values})")
    };
    let run = async {
        let prepare = sqlx::raw_sql(AssertSqlSafe(format!("PREPARE looked AS {statement}")));
        prepare.execute(&mut *connection).await?;
        let explain = format!("EXPLAIN (COSTS OFF) EXECUTE looked{values}");
        let rows = sqlx::raw_sql(AssertSqlSafe(explain))
            .fetch_all(&mut *connection)
            .await?;
        connection.execute("DEALLOCATE looked").await?;
        let lines = rows.iter().map(|row| row.get(0));
        Ok::<_, sqlx::Error>(lines.collect())
    };
    run.await
        .unwrap_or_else(|error| panic!("{statement}: {error}"))
}

/// Whether a plan of PostgreSQL reads all of a growing table.
fn postgres_looks_through(plan: &[String]) -> bool {
    let node = |line: &str| line.contains(" Scan ") || line.contains("->");
    let mut heap = None;
    plan.iter().enumerate().any(|(at, line)| {
        let own = plan[at + 1..].iter().take_while(|it| !node(it));
        let by_key = own.clone().any(|it| it.contains("Index Cond:"));
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |word: &str| {
            let at = words.iter().position(|it| *it == word)?;
            words.get(at + 1).copied()
        };
        if line.contains("Bitmap Heap Scan") {
            heap = after("on");
            return false;
        }
        // The step below a heap scan names only the index.
        let (table, index) = if line.contains("Bitmap Index Scan") {
            (heap, after("on"))
        } else {
            (after("on"), after("using"))
        };
        line.contains(" Scan ")
            && !by_key
            && table.is_some_and(|it| GROWING.contains(&it))
            && !index.is_some_and(|it| WAITING.contains(&it))
    })
}
