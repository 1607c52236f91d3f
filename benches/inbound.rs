//! Signalements per second: the daemon compared with the floor (`benches/floor`) and any named peers.
//!
//! `cargo bench --bench inbound [-- --quick] [--rounds 3] [--seconds 10] [--only daemon,floor] [--payloads
//! 1,2,3] [--peers FOLDER]`. Every folder in `FOLDER` is a peer with a program `start` that listens on `$PORT`
//! and writes to `$DIR`; `benches/peers/run` creates one.
//!
//! All receive the same bytes from the same load on the same cores, one after the other in each round; each
//! starts with an empty database each time. The table shows medians of the rounds.
//!
//! What they wrote is kept until all rounds of a payload are over, up to 0.4 GB per second of load: ext4
//! searches for a long time for an inode that was not freed in the last minutes, so the next system would pay
//! for the removal of many photos.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot begin has nothing to report"
)]

mod load;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use load::daemon::{SOWELL, Site};
use load::landlord::Landlord;
use load::options::Options;
use load::payload::Payload;
use load::program::{self, Program};
use load::report::{Report, Table, figure, median, ratio};
use load::requests::{Load, Pace};
use tempfile::TempDir;

const WARM_UP: Duration = Duration::from_secs(1);

/// One kind of signalement, and how many are sent concurrently.
struct Kind {
    name: &'static str,
    photos: usize,
    photo_bytes: usize,
    connections: usize,
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "1 KB, no photo, 32 connections",
        photos: 0,
        photo_bytes: 0,
        connections: 32,
    },
    Kind {
        name: "one photo of 200 KB, 16 connections",
        photos: 1,
        photo_bytes: 200_000,
        connections: 16,
    },
    Kind {
        name: "three photos of 2 MB, 4 connections",
        photos: 3,
        photo_bytes: 2_000_000,
        connections: 4,
    },
];

enum System {
    Daemon(PathBuf),
    Floor(PathBuf),
    Peer(PathBuf),
}

impl System {
    fn name(&self) -> &str {
        match self {
            Self::Daemon(_) => "daemon",
            Self::Floor(_) => "floor",
            Self::Peer(folder) => folder.file_name().and_then(|it| it.to_str()).unwrap(),
        }
    }
}

/// One measurement of one system.
struct Measured {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    errors: u64,
    ready_ms: f64,
    idle_mb: f64,
    peak_mb: f64,
}

fn main() {
    let mut options = Options::read();
    let rounds = options.value("rounds", 3, 1);
    let time = Duration::from_secs(options.value("seconds", 10, 2));
    let only = options.optional("only");
    let payloads: String = options.value("payloads", "1,2,3".into(), "1,2,3".into());
    let systems = systems(options.optional("peers").as_deref(), only.as_deref());
    options.finish();
    let mut report = Report::new("inbound");
    report.say(
        "Medians of the rounds, and the sum of the errors. The ratios are to the floor's: `benches/floor`, which knows no client, no rule, no repeat and \
         no trace. Every request and every photo is sent once.",
    );
    let mut table = Table::new([
        "payload",
        "system",
        "requests/s",
        "ratio",
        "p50 ms",
        "p99 ms",
        "ratio",
        "errors",
        "ready ms",
        "idle MB",
        "peak MB",
        "ratio",
    ]);
    let chosen = KINDS.iter().zip(["1", "2", "3"]);
    let chosen = chosen.filter(|(_, number)| payloads.split(',').any(|it| it == *number));
    for (kind, _) in chosen {
        let payload = Payload::new(kind.photos, kind.photo_bytes);
        let mut seen: Vec<Vec<Measured>> = systems.iter().map(|_| Vec::new()).collect();
        let mut left = Vec::new();
        for round in 1..=rounds {
            for (system, seen) in systems.iter().zip(&mut seen) {
                let (one, folder) = measure(system, kind, &payload, time);
                left.push(folder);
                let (name, rate) = (system.name(), figure(one.per_second));
                eprintln!("{}, round {round}: {name} {rate}/s", kind.name);
                seen.push(one);
            }
        }
        let medians: Vec<Measured> = seen.iter().map(|it| medians(it)).collect();
        let floor = systems.iter().position(|it| matches!(it, System::Floor(_)));
        let floor = floor.map(|it| &medians[it]);
        for (system, it) in systems.iter().zip(&medians) {
            table.row(row(kind.name, system.name(), it, floor));
        }
    }
    report.table(&table);
    report.publish(&options);
}

/// The systems to measure; always with the floor, to which the ratios refer, unless `--only` leaves it out.
fn systems(peers: Option<&str>, only: Option<&str>) -> Vec<System> {
    let wanted = |name: &str| only.is_none_or(|it| it.split(',').any(|it| it == name));
    let mut systems = Vec::new();
    if wanted("daemon") {
        systems.push(System::Daemon(program::passerelle()));
    }
    if wanted("floor") {
        systems.push(System::Floor(program::floor()));
    }
    let mut found: Vec<PathBuf> = peers
        .map(|it| std::fs::read_dir(it).unwrap())
        .into_iter()
        .flatten()
        .map(|entry| std::path::absolute(entry.unwrap().path()).unwrap())
        .filter(|it| it.join("start").is_file())
        .collect();
    found.sort();
    systems.extend(
        found
            .into_iter()
            .map(System::Peer)
            .filter(|it| wanted(it.name())),
    );
    systems
}

/// The result, and the folder that was written to.
fn measure(system: &System, kind: &Kind, payload: &Payload, time: Duration) -> (Measured, TempDir) {
    let mut command = match system {
        System::Daemon(binary) => {
            let site = Site::new(binary, Landlord::USUAL);
            let measured = under_load(&site.start(), kind, payload, time);
            return (measured, site.into_folder());
        }
        System::Floor(binary) => Command::new(binary),
        System::Peer(peer) => {
            let mut command = Command::new(peer.join("start"));
            command.current_dir(peer);
            command
        }
    };
    let folder = program::folder();
    let measured = under_load(&bare(&mut command, folder.path()), kind, payload, time);
    (measured, folder)
}

/// Starts a program that gets its port and folder from the environment.
fn bare(command: &mut Command, folder: &Path) -> Program {
    let address = program::free_address();
    command
        .env("PORT", address.port().to_string())
        .env("DIR", folder);
    Program::start(command, address, "/nothing", &folder.join("log"))
}

fn under_load(program: &Program, kind: &Kind, payload: &Payload, time: Duration) -> Measured {
    program.rest();
    let (idle_mb, _) = program.memory_mb();
    let load = Load {
        address: program.address,
        token: SOWELL,
        payload,
        connections: kind.connections,
        pace: Pace::Full,
    };
    load.run_for(WARM_UP);
    let seen = load.run_for(time);
    if seen.errors > 0 {
        eprintln!("{} errors, such as: {}", seen.errors, seen.note);
    }
    let latencies = seen.latencies();
    Measured {
        per_second: seen.per_second(),
        p50_ms: latencies.p50_ms(),
        p99_ms: latencies.p99_ms(),
        errors: seen.errors,
        ready_ms: load::report::millis(program.ready),
        idle_mb,
        peak_mb: program.memory_mb().1,
    }
}

fn medians(rounds: &[Measured]) -> Measured {
    let of = |field: fn(&Measured) -> f64| median(rounds.iter().map(field));
    Measured {
        per_second: of(|it| it.per_second),
        p50_ms: of(|it| it.p50_ms),
        p99_ms: of(|it| it.p99_ms),
        errors: rounds.iter().map(|it| it.errors).sum(),
        ready_ms: of(|it| it.ready_ms),
        idle_mb: of(|it| it.idle_mb),
        peak_mb: of(|it| it.peak_mb),
    }
}

fn row(payload: &str, system: &str, it: &Measured, floor: Option<&Measured>) -> Vec<String> {
    let to_floor = |field: fn(&Measured) -> f64| {
        floor.map_or(String::new(), |floor| ratio(field(it), field(floor)))
    };
    vec![
        payload.to_owned(),
        system.to_owned(),
        figure(it.per_second),
        to_floor(|it| it.per_second),
        figure(it.p50_ms),
        figure(it.p99_ms),
        to_floor(|it| it.p99_ms),
        it.errors.to_string(),
        format!("{:.0}", it.ready_ms),
        format!("{:.0}", it.idle_mb),
        format!("{:.0}", it.peak_mb),
        to_floor(|it| it.peak_mb),
    ]
}
