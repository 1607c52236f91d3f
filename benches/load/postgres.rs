//! A PostgreSQL server for the bench alone, with default settings except for room to fill it fast; it is
//! removed when the bench ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Starts a server in `$1` with the programs in `$2`, reports that, and removes it at the end of its input,
/// which comes however the bench ends. PostgreSQL refuses to run as root.
const SCRIPT: &str = r#"
set -e
as_nobody() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; else "$@"; fi; }
if [ "$(id -u)" = 0 ]; then chown nobody "$1"; fi
cd "$1"
as_nobody "$2/initdb" -D "$1/data" -U passerelle -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$1'" 'max_wal_size = 4GB' >> "$1/data/postgresql.conf"
as_nobody "$2/pg_ctl" -D "$1/data" -l "$1/log" -w start >/dev/null
echo ready
cat >/dev/null
as_nobody "$2/pg_ctl" -D "$1/data" -m immediate -w stop >/dev/null || true
rm -rf "$1"
"#;

/// A server that runs as long as this value lives.
pub struct Server {
    folder: PathBuf,
    shell: Child,
}

impl Server {
    /// Starts an installed version.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("bench-pg-").tempdir();
        // The shell script removes it.
        let folder = folder.unwrap().keep();
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .args([&folder, &programs()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let output = BufReader::new(shell.stdout.take().unwrap()).read_line(&mut said);
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(output.is_ok() && said == "ready\n", "PostgreSQL: {log}");
        Self { folder, shell }
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
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

/// The folder of the server's programs; one of several versions.
fn programs() -> PathBuf {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = debian.chain(std::env::split_paths(&path));
    let found = places.find(|it: &PathBuf| Path::new(it).join("pg_ctl").is_file());
    found.expect("PostgreSQL is not installed")
}
