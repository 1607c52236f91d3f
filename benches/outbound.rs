//! Deliveries to SoWell: how soon, and how many per second, if SoWell takes 20 ms to answer.
//!
//! `cargo bench --bench outbound [-- --quick] [--events 300] [--load 300] [--drain 100000]`
//!
//! The number of deliveries in flight cannot be configured: one per demande at a time, and a total limited by
//! the daemon. Here it is bounded by the number of demandes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot begin has nothing to report"
)]
#![allow(clippy::cast_precision_loss, reason = "no bench counts as far as 2^53")]

mod load;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use load::crm::{change_all, demandes, time_to_receipt};
use load::daemon::{SOWELL, Site};
use load::landlord::Landlord;
use load::options::Options;
use load::partner::{ANSWER, Partner};
use load::payload::Payload;
use load::program;
use load::report::{Latencies, Report, Table, figure, ratio};
use load::requests::{Load, Pace};

/// Demandes whose status changes in turn.
const DEMANDES: usize = 50;
/// Events that are not counted.
const WARM_UP: usize = 20;
const CONNECTIONS: usize = 16;

fn main() {
    let mut options = Options::read();
    let events = options.value("events", 300, 30);
    let rate = options.value("load", 300.0, 100.0);
    let drain = options.value("drain", 100_000, 1_000);
    options.finish();
    let binary = program::passerelle();
    let mut report = Report::new("outbound");
    report.say(
        "From the moment before the CRM tells a status until SoWell has it whole. SoWell's 20 ms follow that \
         moment and are in no figure.",
    );
    report.table(&times(&binary, events, rate));
    report.say(
        "An outbox that filled while SoWell had no address. The pace is what SoWell, at 20 ms, lets through with \
         as many at once as it saw at most.",
    );
    report.table(&drains(&binary, drain, options.quick));
    report.publish(&options);
}

fn times(binary: &Path, events: usize, rate: f64) -> Table {
    let partner = Partner::start();
    let site = Site::new(binary, Landlord::USUAL).set("SOWELL__BASE_URL", &partner.url());
    let daemon = site.start();
    let uids = demandes(daemon.address, &Payload::new(0, 0), DEMANDES);
    let measure = |events| time_to_receipt(daemon.address, &partner, &uids, events);
    measure(WARM_UP);
    let idle = measure(events);
    let ended = AtomicBool::new(false);
    let (loaded, seen) = thread::scope(|scope| {
        let load = scope.spawn(|| {
            let load = Load {
                address: daemon.address,
                token: SOWELL,
                payload: &Payload::new(0, 0),
                connections: CONNECTIONS,
                pace: Pace::PerSecond(rate),
            };
            load.run(|_, _| ended.load(Ordering::Relaxed))
                .without_errors()
        });
        measure(WARM_UP);
        let loaded = measure(events);
        ended.store(true, Ordering::Relaxed);
        (loaded, load.join().unwrap())
    });
    let mut table = Table::new(["beside it", "events", "p50 ms", "p99 ms"]);
    let mut row = |beside: String, times: &Latencies| {
        let (p50, p99) = (figure(times.p50_ms()), figure(times.p99_ms()));
        table.row([beside, times.len().to_string(), p50, p99]);
    };
    row("nothing".into(), &idle);
    let reached = figure(seen.per_second());
    row(format!("{reached} signalements/s"), &loaded);
    table
}

fn drains(binary: &Path, all: usize, quick: bool) -> Table {
    let mut table = Table::new([
        "demandes",
        "deliveries",
        "at once",
        "seconds",
        "deliveries/s",
        "of the pace",
    ]);
    let fewer = if quick { 10 } else { 1 };
    let some =
        [(1, 200), (10, 2_000), (100, 6_000)].map(|(demandes, count)| (demandes, count / fewer));
    for (demandes, deliveries) in some.into_iter().chain([(1_000, all)]) {
        let (elapsed, at_once) = drain(binary, demandes, deliveries);
        let rate = (deliveries - 1) as f64 / elapsed.as_secs_f64();
        let pace = at_once as f64 / ANSWER.as_secs_f64();
        table.row([
            demandes.to_string(),
            deliveries.to_string(),
            at_once.to_string(),
            figure(elapsed.as_secs_f64()),
            figure(rate),
            ratio(rate, pace),
        ]);
    }
    table
}

/// The time from the first to the last that SoWell receives, and the maximum it handled at once.
fn drain(binary: &Path, count: usize, deliveries: usize) -> (Duration, usize) {
    let site = Site::new(binary, Landlord::USUAL);
    let daemon = site.start();
    let uids = demandes(daemon.address, &Payload::new(0, 0), count);
    change_all(daemon.address, &uids, deliveries);
    drop(daemon);
    let partner = Partner::start();
    let site = site.set("SOWELL__BASE_URL", &partner.url());
    let _daemon = site.start();
    let first: Instant = partner.next().at;
    let last = (1..deliveries).map(|_| partner.next().at).last();
    let elapsed = last.unwrap_or(first).duration_since(first);
    (elapsed, partner.most_at_once())
}
