//! A real PostgreSQL for the tests: one server per test process, one database per test.
//!
//! It runs as an unprivileged user in its own folder, reached through a Unix socket, and syncs as in production. A
//! shell holds it and stops it when this process ends, however it ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::harness::possible;

/// The database that a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A server that lives as long as this value, or as this process.
pub struct Server {
    folder: PathBuf,
    shell: Child,
    databases: AtomicU32,
}

/// Starts a server in `$1` with the programs in `$2`, reports it, and stops the server at the end of its input.
const SCRIPT: &str = r#"
set -e
as_nobody() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; else "$@"; fi; }
if [ "$(id -u)" = 0 ]; then chown nobody "$1"; fi
cd "$1"
as_nobody "$2/initdb" -D "$1/data" -U passerelle -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$1'" 'max_connections = 300' \
  'shared_buffers = 64MB' 'fsync = on' 'synchronous_commit = on' >> "$1/data/postgresql.conf"
start() { as_nobody "$2/pg_ctl" -D "$1/data" -l "$1/log" -w start >/dev/null; }
start "$@"
echo ready
while read -r word; do
  as_nobody "$2/pg_ctl" -D "$1/data" -m "$word" -w stop >/dev/null
  start "$@"
  echo ready
done
as_nobody "$2/pg_ctl" -D "$1/data" -m immediate -w stop >/dev/null || true
rm -rf "$1"
"#;

impl Server {
    /// Starts a server; `None` if PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let programs = programs();
        if !possible(programs.is_some(), "PostgreSQL, which is not installed") {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("passerelle-pg-").tempdir();
        // The shell removes it.
        let folder = folder.unwrap().keep();
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .args([&folder, &programs.unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        wait_ready(&mut shell, &folder);
        Some(Self {
            folder,
            shell,
            databases: AtomicU32::new(0),
        })
    }

    /// The address of a new, empty database that no other test uses.
    pub async fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        connection.execute(create).await.unwrap();
        self.url(&name)
    }

    /// Stops it as `pg_ctl` does in this mode, and starts it again.
    pub fn restart(&mut self, mode: &str) {
        use std::io::Write;

        let input = self.shell.stdin.as_mut().unwrap();
        writeln!(input, "{mode}").unwrap();
        wait_ready(&mut self.shell, &self.folder);
    }

    fn url(&self, database: &str) -> String {
        let folder = self.folder.display();
        format!("postgres://passerelle@localhost/{database}?host={folder}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

fn wait_ready(shell: &mut Child, folder: &Path) {
    // A buffered reader could not be kept across calls; at most one line is ever waiting.
    let output = shell.stdout.as_mut().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, output)
        .read_line(&mut line)
        .unwrap();
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    assert_eq!(line, "ready\n", "PostgreSQL does not start: {log}");
}

/// Where the server's programs are; the newest if several are installed.
fn programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<PathBuf> = debian
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = found.into_iter().rev().chain(std::env::split_paths(&path));
    found
        .into_iter()
        .find(|folder| folder.join("pg_ctl").is_file())
}

/// An empty database on the shared server; `None` if PostgreSQL is not installed.
pub async fn database() -> Option<String> {
    static SHARED: LazyLock<Option<Server>> = LazyLock::new(Server::start);
    Some(SHARED.as_ref()?.database().await)
}
