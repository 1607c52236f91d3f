//! Editing rules: how soon an edit takes effect, and how it affects concurrent requests.
//!
//! `cargo bench --bench reload [-- --quick] [--edits 10] [--load 300]`
//!
//! The landlord has 500 qualifications, 3,000 residences, 90,000 biens and 200 cases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot begin has nothing to report"
)]

mod load;

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use load::daemon::{ADMIN, SOWELL, Site};
use load::landlord::Landlord;
use load::options::Options;
use load::payload::Payload;
use load::program::{self, Program};
use load::report::{Latencies, Report, Table, figure, ratio};
use load::requests::{Connection, Head, Load, Pace, Seen};
use load::wait;
use serde_json::Value;

const LANDLORD: Landlord = Landlord {
    qualifications: 500,
    residences: 3_000,
    biens: 90_000,
    cases: 200,
};
/// How often the version in force is requested.
const LOOK: Duration = Duration::from_millis(2);
/// Time from one edit to the next: the follow-up work of an edit has ended by then.
const BETWEEN: Duration = Duration::from_secs(4);
/// Minimum time that counts as "around" an edit.
const AROUND: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 16;

fn main() {
    let mut options = Options::read();
    let edits = options.value("edits", 10, 2);
    let rate = options.value("load", 300.0, 100.0);
    options.finish();
    let site = Site::new(&program::passerelle(), LANDLORD);
    let (told, noticed) = {
        let daemon = site.start();
        let mut admin = Admin::open(&daemon);
        let told = admin.edits(edits, &site, || daemon.hang_up());
        (told, admin.edits(edits, &site, || {}))
    };
    // A new daemon: follow-up work of the last edit must not run in the quiet period.
    let daemon = site.start();
    let mut admin = Admin::open(&daemon);
    let ((began, loaded), seen) = under_load(&daemon, rate, || {
        wait(BETWEEN * edits);
        (Instant::now(), admin.edits(edits, &site, || {}))
    });

    let mut report = Report::new("reload");
    report.say(
        "From the moment before a rule file is saved until `GET /api/v1/admin/regles` shows its version in \
         force. After a SIGHUP the daemon does not wait for the files to stand still; the difference is that wait.",
    );
    let mut table = Table::new(["edit", "edits", "p50 ms", "longest ms"]);
    for (name, edits) in [
        ("told by SIGHUP", &told),
        ("noticed", &noticed),
        ("noticed, under load", &loaded),
    ] {
        let times: Latencies = edits.iter().map(|it| it.in_force - it.saved).collect();
        let (count, p50) = (edits.len().to_string(), figure(times.p50_ms()));
        table.row([name.to_owned(), count, p50, figure(times.longest_ms())]);
    }
    report.table(&table);
    report.say(&format!(
        "Signalements beside the edits, {} a second. Quiet: before the first edit. Around an edit: from its save \
         until it is in force, and a second at least. Between edits: the daemon looks for combinations that the \
         new rules leave without an answer.",
        figure(seen.per_second())
    ));
    report.table(&beside(&seen, began, &loaded));
    report.publish(&options);
}

/// The result of one edit.
struct Edit {
    saved: Instant,
    in_force: Instant,
}

/// An admin who edits and observes.
struct Admin {
    connection: Connection,
    show: Head,
}

impl Admin {
    fn open(daemon: &Program) -> Self {
        Self {
            connection: Connection::open(daemon.address).unwrap(),
            show: Head::new("GET", "/api/v1/admin/regles", ADMIN),
        }
    }

    fn edits(&mut self, count: u32, site: &Site, tell: impl Fn()) -> Vec<Edit> {
        (0..count).map(|_| self.edit(site, &tell)).collect()
    }

    /// Saves an edit, triggers a reload, waits until it is in force, and then until the next may follow. The
    /// daemon is queried all the time: otherwise the queries themselves would be measured around an edit.
    fn edit(&mut self, site: &Site, tell: impl FnOnce()) -> Edit {
        let before = self.version();
        let saved = save(site);
        tell();
        let mut in_force = None;
        while in_force.is_none() || saved.elapsed() < BETWEEN {
            if self.version() != before {
                in_force.get_or_insert_with(Instant::now);
            }
            wait(LOOK);
        }
        let in_force = in_force.unwrap();
        Edit { saved, in_force }
    }

    fn version(&mut self) -> String {
        let answer = self.connection.call(&self.show, "").unwrap();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let last = &body["derniere_tentative"];
        assert_eq!(last["acceptee"], true, "{last}");
        body["active"]["version"].as_str().unwrap().to_owned()
    }
}

/// Adds a comment to a rule file; returns the instant before that.
fn save(site: &Site) -> Instant {
    let path = site.path().join("rules/qualifications.yaml");
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    let saved = Instant::now();
    file.write_all(b"# Relu.\n").unwrap();
    saved
}

/// Runs this while signalements are sent at a steady rate.
fn under_load<T>(daemon: &Program, rate: f64, work: impl FnOnce() -> T) -> (T, Seen) {
    let load = Load {
        address: daemon.address,
        token: SOWELL,
        payload: &Payload::new(0, 0),
        connections: CONNECTIONS,
        pace: Pace::PerSecond(rate),
    };
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let sending = scope.spawn(|| load.run(|_, _| ended.load(Ordering::Relaxed)));
        let done = work();
        ended.store(true, Ordering::Relaxed);
        (done, sending.join().unwrap().without_errors())
    })
}

/// The requests before, around and between the edits.
fn beside(seen: &Seen, began: Instant, edits: &[Edit]) -> Table {
    let is_around = |at: Instant| {
        let mut windows = edits
            .iter()
            .map(|it| it.saved..it.in_force.max(it.saved + AROUND));
        windows.any(|it| it.contains(&at))
    };
    let latencies = |wanted: &dyn Fn(Instant) -> bool| -> Latencies {
        let wanted = seen.answered.iter().filter(|(at, _)| wanted(*at));
        wanted.map(|(_, took)| *took).collect()
    };
    let quiet = latencies(&|at| at < began);
    let around = latencies(&is_around);
    let between = latencies(&|at| at >= began && !is_around(at));
    let mut table = Table::new([
        "requests",
        "count",
        "p50 ms",
        "ratio",
        "p99 ms",
        "ratio",
        "longest ms",
    ]);
    for (name, it) in [
        ("quiet", &quiet),
        ("around an edit", &around),
        ("between edits", &between),
    ] {
        table.row([
            name.to_owned(),
            it.len().to_string(),
            figure(it.p50_ms()),
            ratio(it.p50_ms(), quiet.p50_ms()),
            figure(it.p99_ms()),
            ratio(it.p99_ms(), quiet.p99_ms()),
            figure(it.longest_ms()),
        ]);
    }
    table
}
