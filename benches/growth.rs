//! Does the daemon stay fast as its database fills, and as the landlord grows?
//!
//! `cargo bench --bench growth [-- --quick] [--postgres] [--rounds 5] [--requests 1000]
//! [--stored 1000,100000,1000000] [--qualifications 10,1000,10000]`
//!
//! A daemon accepts one signalement with a photo, creates its demande and sends a status to SoWell; SQL
//! multiplies its rows into a past. All sizes are prepared first and then measured alternately in each round,
//! so that other load on the machine affects them all. A hundred thousand took 1.3 GB of disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot begin has nothing to report"
)]

mod load;

use std::path::Path;
use std::time::Instant;

use load::crm::{demandes, time_to_receipt};
use load::daemon::{SOWELL, Site};
use load::landlord::Landlord;
use load::options::Options;
use load::partner::Partner;
use load::past::Database;
use load::payload::Payload;
use load::postgres::Server;
use load::program::{self, Program};
use load::report::{Latencies, Report, Table, figure, median, millis, ratio};
use load::requests::{Connection, Head, Load, Pace};
use rand::seq::IndexedRandom;

/// Few enough that requests hardly wait for each other.
const CONNECTIONS: usize = 4;
/// Number of statuses sent and signalements looked up in one measurement.
const SAMPLES: usize = 50;
const PHOTO_BYTES: usize = 20_000;

/// A daemon's folder and database, of one of the sizes in the table.
struct Place {
    size: String,
    site: Site,
    /// UIDs of past demandes.
    uids: Vec<String>,
}

/// The results of one measurement of one place, each in milliseconds; ratios are to the first size.
const COLUMNS: [&str; 7] = [
    "inbound p50 ms",
    "inbound p99 ms",
    "receipt p50 ms",
    "receipt p99 ms",
    "look-up p50 ms",
    "list ms",
    "ready ms",
];

type Measured = [f64; COLUMNS.len()];

fn main() {
    let mut options = Options::read();
    let rounds = options.value("rounds", 5, 1);
    let requests = options.value("requests", 1_000, 200);
    let stored: String = options.value("stored", "1000,100000,1000000".into(), "100,10000".into());
    let qualifications: String =
        options.value("qualifications", "10,1000,10000".into(), "10,1000".into());
    let server = options.optional("postgres").map(|_| Server::start());
    options.finish();
    let binary = program::passerelle();
    let partner = Partner::start();
    let mut places = Places {
        binary: &binary,
        partner: &partner,
        server: server.as_ref(),
        databases: 0,
    };
    let name = if server.is_some() {
        "growth on PostgreSQL"
    } else {
        "growth"
    };
    let mut report = Report::new(name);
    report.say(
        "Medians of the rounds, and in brackets their ratio to the first row. Inbound: signalements from 4 connections. Receipt: \
         from before the CRM tells a status of an old demande until SoWell has it. Look-up: `GET /api/v1/signalements/{uid}` of \
         an old one. List: `passerelle signalements list --state transmis`, its start included. Ready: from the \
         start to `/readyz`.",
    );
    let grown: Vec<Place> = sizes(&stored).map(|it| places.stored(it)).collect();
    report.table(&table("stored", &grown, &partner, rounds, requests));
    drop(grown);
    let landlords: Vec<Place> = sizes(&qualifications)
        .map(|it| places.landlord(it))
        .collect();
    report.say("With 5,000 residences and 100,000 biens:");
    report.table(&table(
        "qualifications",
        &landlords,
        &partner,
        rounds,
        requests,
    ));
    report.publish(&options);
}

fn sizes(text: &str) -> impl Iterator<Item = u32> {
    text.split(',')
        .map(|it| it.parse().expect("a list of numbers"))
}

/// Creates places.
struct Places<'a> {
    binary: &'a Path,
    partner: &'a Partner,
    server: Option<&'a Server>,
    databases: u32,
}

impl Places<'_> {
    /// A place with this many past signalements and the usual landlord.
    fn stored(&mut self, count: u32) -> Place {
        let (site, url) = self.site(Landlord::USUAL);
        template(&site, self.partner);
        let begin = Instant::now();
        let uids = run(async {
            let database = match &url {
                Some(url) => Database::postgres(url).await,
                None => Database::sqlite(&site).await,
            };
            database.multiply(count).await
        });
        eprintln!("{count} stored in {:.0?}", begin.elapsed());
        Place {
            size: count.to_string(),
            site,
            uids,
        }
    }

    /// A place with this many qualifications and a single past demande.
    fn landlord(&mut self, qualifications: u32) -> Place {
        let (site, _) = self.site(Landlord {
            qualifications,
            ..Landlord::USUAL
        });
        Place {
            size: qualifications.to_string(),
            uids: template(&site, self.partner),
            site,
        }
    }

    fn site(&mut self, landlord: Landlord) -> (Site, Option<String>) {
        let site = Site::new(self.binary, landlord).set("SOWELL__BASE_URL", &self.partner.url());
        let Some(server) = self.server else {
            return (site, None);
        };
        self.databases += 1;
        let name = format!("growth_{}", self.databases);
        run(Database::create(&server.url("postgres"), &name));
        let url = server.url(&name);
        (site.set("DATABASE_URL", &url), Some(url))
    }
}

/// Creates one demande, one status of which SoWell has received.
fn template(site: &Site, partner: &Partner) -> Vec<String> {
    let daemon = site.start();
    let uids = demandes(daemon.address, &Payload::new(1, PHOTO_BYTES), 1);
    time_to_receipt(daemon.address, partner, &uids, 1);
    // Wait for the e-mail too: otherwise the past would have a million e-mails still to send.
    daemon.rest();
    uids
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

fn table(what: &str, places: &[Place], partner: &Partner, rounds: u32, requests: u64) -> Table {
    let mut seen: Vec<Vec<Measured>> = places.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        for (place, seen) in places.iter().zip(&mut seen) {
            eprintln!("round {round}: {} {what}", place.size);
            seen.push(measure(place, partner, requests));
        }
    }
    let mut table = Table::new([what].into_iter().chain(COLUMNS));
    for (place, rounds) in places.iter().zip(&seen) {
        let cells = (0..COLUMNS.len()).map(|column| {
            let middle = |rounds: &[Measured]| median(rounds.iter().map(|it| it[column]));
            let (it, first) = (middle(rounds), middle(&seen[0]));
            format!("{} ({})", figure(it), ratio(it, first))
        });
        table.row([place.size.clone()].into_iter().chain(cells));
    }
    table
}

fn measure(place: &Place, partner: &Partner, requests: u64) -> Measured {
    program::settle();
    let daemon = place.site.start();
    let load = Load {
        address: daemon.address,
        token: SOWELL,
        payload: &Payload::new(0, 0),
        connections: CONNECTIONS,
        pace: Pace::Full,
    };
    let few = requests / 10;
    load.run(|number, _| number >= few).without_errors();
    let inbound = load.run(|number, _| number >= requests);
    let inbound = inbound.without_errors().latencies();
    let some: Vec<String> = place
        .uids
        .sample(&mut rand::rng(), SAMPLES)
        .cloned()
        .collect();
    let receipts = time_to_receipt(daemon.address, partner, &some, SAMPLES);
    [
        inbound.p50_ms(),
        inbound.p99_ms(),
        receipts.p50_ms(),
        receipts.p99_ms(),
        look_up(&daemon, &some).p50_ms(),
        list(&place.site),
        millis(daemon.ready),
    ]
}

fn look_up(daemon: &Program, uids: &[String]) -> Latencies {
    let mut connection = Connection::open(daemon.address).unwrap();
    let one = |uid: &String| {
        let head = Head::new("GET", &format!("/api/v1/signalements/{uid}"), SOWELL);
        let begin = Instant::now();
        let answer = connection.call(&head, "").unwrap();
        assert_eq!(answer.status, 200);
        begin.elapsed()
    };
    uids.iter().cycle().take(SAMPLES).map(one).collect()
}

fn list(site: &Site) -> f64 {
    let mut command = site.command();
    command.args(["signalements", "list", "--state", "transmis"]);
    let begin = Instant::now();
    let output = command.output().unwrap();
    let elapsed = begin.elapsed();
    assert!(output.status.success(), "{output:?}");
    millis(elapsed)
}
