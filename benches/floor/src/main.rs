//! The floor: the minimum that a server must do to accept a signalement without losing it.
//!
//! Bare axum; photos are decoded and written as files, synced with their folder; one thread writes to SQLite
//! with `synchronous=FULL` and commits everything that is waiting at once. It checks no token, runs no rule,
//! detects no repeat, and can explain nothing.
//!
//! The environment variables `PORT` and `DIR` (an existing folder) configure it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use rusqlite::{Connection, params, params_from_iter};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uuid::Uuid;

/// Bodies of at least this size are read on a separate thread, in bytes.
const LARGE: usize = 64 * 1024;
const LARGEST: usize = 64 * 1024 * 1024;
/// Maximum number of signalements in one commit.
const BATCH: usize = 512;

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE signalements (
        uid TEXT PRIMARY KEY, qualification TEXT, residence TEXT, bien TEXT, auteur TEXT,
        email_auteur TEXT, date_creation TEXT, priorite TEXT, description TEXT, lien_sowell TEXT
    ) WITHOUT ROWID;
    CREATE TABLE photos (uid TEXT, position INTEGER, taille INTEGER, PRIMARY KEY (uid, position));
    CREATE TABLE outbox (id INTEGER PRIMARY KEY, uid TEXT, content TEXT, delivered INTEGER);
    CREATE INDEX waiting ON outbox (delivered, id);";
const INSERT: &str = "INSERT INTO signalements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const INSERT_PHOTO: &str = "INSERT INTO photos VALUES (?, ?, ?)";
const INSERT_OUTBOX: &str = "INSERT INTO outbox (uid, content, delivered) VALUES (?, ?, 0)";

#[derive(Deserialize)]
struct Signalement<'a> {
    #[serde(borrow)]
    qualification: Cow<'a, str>,
    #[serde(borrow)]
    residence: Cow<'a, str>,
    #[serde(borrow)]
    bien: Text<'a>,
    #[serde(borrow)]
    auteur: Cow<'a, str>,
    #[serde(borrow)]
    email_auteur: Cow<'a, str>,
    #[serde(borrow)]
    date_creation: Cow<'a, str>,
    #[serde(borrow)]
    priorite: Cow<'a, str>,
    #[serde(borrow)]
    description: Cow<'a, str>,
    #[serde(borrow)]
    lien_sowell: Cow<'a, str>,
    #[serde(borrow, default)]
    photos: Vec<Text<'a>>,
}

/// A text that is borrowed even inside a list.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The data that a later delivery would need.
#[derive(Serialize)]
struct Waiting<'a> {
    uid: &'a str,
    residence: &'a str,
    description: &'a str,
    lien_sowell: &'a str,
}

/// A signalement whose photos are on disk.
struct Row {
    uid: String,
    columns: [String; 9],
    sizes: Vec<usize>,
    waiting: String,
    /// Receives whether the commit succeeded.
    committed: oneshot::Sender<bool>,
}

struct Floor {
    photos: PathBuf,
    writer: mpsc::Sender<Row>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let variable =
        |name| std::env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")));
    let folder = PathBuf::from(variable("DIR")?);
    let photos = folder.join("photos");
    std::fs::create_dir(&photos)?;
    let (writer, waiting) = mpsc::channel();
    let database = open(&folder.join("floor.sqlite")).map_err(io::Error::other)?;
    std::thread::spawn(move || write(&database, &waiting));
    let floor = Arc::new(Floor { photos, writer });
    let router = Router::new()
        .route("/api/v1/signalements", post(take))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(floor);
    let listener = TcpListener::bind(format!("127.0.0.1:{}", variable("PORT")?)).await?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await
}

async fn take(State(floor): State<Arc<Floor>>, body: Bytes) -> Response {
    let (committed, answer) = oneshot::channel();
    let row = if body.len() < LARGE {
        read(&floor.photos, &body, committed)
    } else {
        let floor = Arc::clone(&floor);
        let work = move || read(&floor.photos, &body, committed);
        let read = tokio::task::spawn_blocking(work).await;
        read.unwrap_or_else(|error| Err(error.to_string()))
    };
    let row = match row {
        Ok(row) => row,
        Err(reason) => return (StatusCode::UNPROCESSABLE_ENTITY, reason).into_response(),
    };
    let body = format!("{{\"uid\":\"{}\"}}", row.uid);
    let sent = floor.writer.send(row).is_ok();
    if sent && answer.await == Ok(true) {
        let json = [(header::CONTENT_TYPE, "application/json")];
        (StatusCode::CREATED, json, body).into_response()
    } else {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// Reads a body and writes its photos to disk.
fn read(photos: &Path, body: &[u8], committed: oneshot::Sender<bool>) -> Result<Row, String> {
    let it: Signalement = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let uid = Uuid::now_v7().to_string();
    let mut sizes = Vec::with_capacity(it.photos.len());
    for (position, photo) in it.photos.iter().enumerate() {
        let bytes = base64_simd::STANDARD
            .decode_to_vec(photo.0.as_bytes())
            .map_err(|error| error.to_string())?;
        store(photos, &format!("{uid}-{position}.jpg"), &bytes)
            .map_err(|error| error.to_string())?;
        sizes.push(bytes.len());
    }
    let waiting = Waiting {
        uid: &uid,
        residence: &it.residence,
        description: &it.description,
        lien_sowell: &it.lien_sowell,
    };
    let waiting = serde_json::to_string(&waiting).map_err(|error| error.to_string())?;
    let columns = [
        it.qualification,
        it.residence,
        it.bien.0,
        it.auteur,
        it.email_auteur,
        it.date_creation,
        it.priorite,
        it.description,
        it.lien_sowell,
    ];
    Ok(Row {
        uid,
        columns: columns.map(Cow::into_owned),
        sizes,
        waiting,
        committed,
    })
}

fn store(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(folder.join(name))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let database = Connection::open(path)?;
    database.execute_batch(TABLES)?;
    Ok(database)
}

/// Writes signalements until all senders are gone; those waiting together are committed together.
fn write(database: &Connection, waiting: &mpsc::Receiver<Row>) {
    while let Ok(first) = waiting.recv() {
        let mut rows = vec![first];
        rows.extend(waiting.try_iter().take(BATCH - 1));
        let written = commit(database, &rows);
        if let Err(error) = &written {
            eprintln!("{error}");
        }
        for row in rows {
            let _ = row.committed.send(written.is_ok());
        }
    }
}

fn commit(database: &Connection, rows: &[Row]) -> rusqlite::Result<()> {
    let transaction = database.unchecked_transaction()?;
    {
        let mut signalement = transaction.prepare_cached(INSERT)?;
        let mut photo = transaction.prepare_cached(INSERT_PHOTO)?;
        let mut outbox = transaction.prepare_cached(INSERT_OUTBOX)?;
        for row in rows {
            let columns = iter::once(&row.uid).chain(&row.columns);
            signalement.execute(params_from_iter(columns))?;
            for (position, size) in row.sizes.iter().enumerate() {
                photo.execute(params![row.uid, position, size])?;
            }
            outbox.execute(params![row.uid, row.waiting])?;
        }
    }
    transaction.commit()
}
