//! Programs to measure: built as shipped, started on a free port, and observed from outside.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::requests::{Connection, Head};
use super::wait;

/// A program that is not ready, or not idle, after this long never will be.
const PATIENCE: Duration = Duration::from_mins(2);
/// A program that uses no more processor time than this in half a second is idle.
const IDLE_TICKS: u64 = 1;
const REST: Duration = Duration::from_millis(500);
/// Resolution of the time to become ready.
const LOOK: Duration = Duration::from_millis(1);

/// A process with its own port; it is killed when this value is dropped.
pub struct Program {
    process: Child,
    /// The address it listens on.
    pub address: SocketAddr,
    /// Time from its start to its first answer other than 503.
    pub ready: Duration,
}

impl Program {
    /// Starts a program that was told to listen on this address; `probe` is requested until it is ready.
    pub fn start(command: &mut Command, address: SocketAddr, probe: &str, log: &Path) -> Self {
        let output = File::create(log).unwrap();
        command.stdin(Stdio::null());
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let begin = Instant::now();
        let process = command.spawn();
        let process = process.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut program = Self {
            process,
            address,
            ready: Duration::ZERO,
        };
        while !program.answers(probe) {
            let ended = program.process.try_wait().unwrap();
            let late = begin.elapsed() > PATIENCE;
            if ended.is_some() || late {
                let said = fs::read_to_string(log).unwrap_or_default();
                panic!("{command:?} is not ready ({ended:?}):\n{said}");
            }
            wait(LOOK);
        }
        program.ready = begin.elapsed();
        program
    }

    fn answers(&self, probe: &str) -> bool {
        let answer = Connection::open(self.address)
            .and_then(|mut it| it.call(&Head::new("GET", probe, "none"), ""));
        answer.is_ok_and(|it| it.status != 503)
    }

    /// Waits until it is idle.
    pub fn rest(&self) {
        let begin = Instant::now();
        let mut before = self.ticks();
        loop {
            assert!(begin.elapsed() < PATIENCE, "it does not come to rest");
            wait(REST);
            let now = self.ticks();
            if now - before <= IDLE_TICKS {
                return;
            }
            before = now;
        }
    }

    /// Makes it read its files again.
    pub fn hang_up(&self) {
        let pid = self.process.id().to_string();
        let told = Command::new("kill").args(["-HUP", &pid]).status();
        assert!(told.is_ok_and(|it| it.success()), "kill");
    }

    /// Processor time used so far, in hundredths of a second.
    fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let times = fields[11..13].iter().map(|it| it.parse::<u64>().unwrap());
        times.sum()
    }

    /// Memory used now, and the peak, in MB.
    pub fn memory_mb(&self) -> (f64, f64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|it| it.strip_prefix(name)).unwrap();
            let kilobytes = line.trim_end_matches("kB").trim().parse::<f64>().unwrap();
            kilobytes / 1024.0
        };
        (field("VmRSS:"), field("VmHWM:"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address on which nothing listens.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A folder on the same disk as the build, which may differ from that of `/tmp`.
pub fn folder() -> TempDir {
    settle();
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Flushes cached writes to disk, so that they do not affect the next measurement.
pub fn settle() {
    let synced = Command::new("sync").status();
    assert!(synced.is_ok_and(|it| it.success()), "sync");
}

/// The bare handler of `benches/floor`.
pub fn floor() -> PathBuf {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/floor/Cargo.toml");
    built(manifest, "floor")
}

/// The daemon as shipped: what Cargo builds for tests and benches includes the crash points.
/// `PASSERELLE_BENCH_BIN` names a different one.
pub fn passerelle() -> PathBuf {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let named = std::env::var_os("PASSERELLE_BENCH_BIN");
    named.map_or_else(|| built(manifest, "passerelle"), PathBuf::from)
}

fn built(manifest: &str, binary: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--bin", binary])
        .args(["--manifest-path", manifest, "--target-dir"])
        .arg(target)
        .status();
    assert!(status.is_ok_and(|it| it.success()), "{manifest}");
    target.join("release").join(binary)
}
