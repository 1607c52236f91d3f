//! Kills the daemon at every named crash point and at random moments, while clients repeat what they are unsure of
//! and partners misbehave. Then the clients' receipts and the partners' ledgers are compared.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod clients;
#[allow(dead_code, reason = "the other test binary uses the rest of it")]
#[path = "../it/fake_crm.rs"]
mod fake_crm;
#[allow(
    dead_code,
    unused_imports,
    reason = "the other test binary uses the rest of it"
)]
#[path = "../it/harness.rs"]
mod harness;
mod oracle;
mod partners;
#[allow(dead_code, reason = "the other test binary uses the rest of it")]
#[path = "../it/postgres.rs"]
mod postgres;
#[allow(dead_code, reason = "the other test binary uses the rest of it")]
#[path = "../it/process.rs"]
mod process;
#[allow(dead_code, reason = "the other test binary uses the rest of it")]
#[path = "../it/source.rs"]
mod source;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rstest::rstest;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use clients::{Client, Receipt};
use fake_crm::FakeCrm;
use harness::{Builder, until};
use partners::{Mail, Partner, Push};
use postgres::Backend;
use process::{hand_over, settle_in, signal};
use source::crash_points;

const CLIENTS: u32 = 6;
const SIGKILL: i32 = 9;
/// How long a daemon may take to reach the crash point; it is killed after that.
const ON_ITS_WAY: Duration = Duration::from_secs(4);
/// How many daemons are started for a crash point that none has reached.
const TRIES: u32 = 10;
/// The latest of the random moments, in milliseconds from the start of a process.
const LATEST_MS: u64 = 1_200;

#[rstest]
#[case::sqlite(Backend::Sqlite, Crm::Embedded)]
#[case::postgres(Backend::Postgres, Crm::Embedded)]
#[case::remote_crm(Backend::Sqlite, Crm::Remote)]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_wherever_the_daemon_is_killed(
    #[case] backend: Backend,
    #[case] crm: Crm,
) {
    if let Some(ordeal) = Ordeal::on(backend, crm).await {
        ordeal.survive(10, 50).await;
    }
}

/// Run with `cargo test --test crash -- --ignored --nocapture`, plus a case's name for one of them, such as
/// `sqlite`.
#[rstest]
#[case::sqlite(Backend::Sqlite, Crm::Embedded)]
#[case::postgres(Backend::Postgres, Crm::Embedded)]
#[case::remote_crm(Backend::Sqlite, Crm::Remote)]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes the better part of an hour"]
async fn nothing_is_lost_or_doubled_in_two_thousand_kills(
    #[case] backend: Backend,
    #[case] crm: Crm,
) {
    let named = u32::try_from(places(backend).len()).unwrap();
    if let Some(ordeal) = Ordeal::on(backend, crm).await {
        ordeal.survive(kills() - named, 400).await;
    }
}

/// Two thousand, or the number in `PASSERELLE_TEST_KILLS`.
fn kills() -> u32 {
    let wanted = std::env::var("PASSERELLE_TEST_KILLS").ok();
    wanted.map_or(2_000, |it| it.parse().unwrap())
}

/// Where demandes are created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crm {
    Embedded,
    /// In a remote CRM that keeps its own ledger and fails now and then.
    Remote,
}

/// The crash points that a daemon on this database can reach.
fn places(backend: Backend) -> Vec<String> {
    // Copying is not a daemon's work, and photos are in a folder here (`tests/it/storage/s3.rs` kills a daemon
    // that uses a bucket).
    let other = match backend {
        Backend::Sqlite => "postgres.",
        Backend::Postgres => "store.",
    };
    // Neither is a rollback of the rules (`tests/it/cli/rules.rs`).
    let elsewhere = [other, "copy.", "s3.", "rules."];
    let mut names = crash_points();
    names.retain(|name| !elsewhere.iter().any(|it| name.starts_with(it)));
    names
}

/// A daemon to be killed, its partners, and what both have been through.
struct Ordeal {
    folder: Arc<TempDir>,
    backend: Backend,
    /// The database's address, unless it is a file in the folder.
    database: Option<String>,
    /// Held here, as a service manager would: requests wait in its queue while no daemon is running.
    socket: TcpListener,
    url: String,
    sowell: Partner<Push>,
    mail_server: Partner<Mail>,
    /// `None` if the embedded CRM is used.
    crm: Option<FakeCrm>,
    rng: SmallRng,
    /// Kills by crash point; those at a random moment under `at random`.
    kills: BTreeMap<String, u32>,
    begun: Instant,
}

impl Ordeal {
    /// `None` if the database is not installed.
    async fn on(backend: Backend, crm: Crm) -> Option<Self> {
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(postgres::database().await?),
        };
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        // Every run is different; a failed one prints its seed.
        let seed = rand::random();
        say(&format!("{backend:?}, {crm:?}: seed {seed}"));
        let mut builder = Builder::new();
        let crm = match crm {
            Crm::Embedded => None,
            Crm::Remote => Some(FakeCrm::start().await),
        };
        if let Some(crm) = &crm {
            crm.be_moody(true);
            // Its list fits on one page: paging requires that it holds still, which it never does.
            let connector = fake_crm::CONNECTOR.replace("taille: 2", "taille: 100000");
            builder =
                fake_crm::connected(builder, crm).file("rules/connecteurs/crm.yaml", &connector);
        }
        Some(Self {
            folder: builder.folder(),
            crm,
            backend,
            database,
            url: format!("http://{}", socket.local_addr().unwrap()),
            socket,
            sowell: Partner::sowell().await,
            mail_server: Partner::mail_server().await,
            rng: SmallRng::seed_from_u64(seed),
            kills: BTreeMap::new(),
            begun: Instant::now(),
        })
    }

    /// Kills once at each crash point, then `more` times, half of them at random moments.
    async fn survive(mut self, more: u32, pause_ms: u64) {
        let finish = CancellationToken::new();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let client = Client {
                    number,
                    url: self.url.clone(),
                    crm: self.crm.clone(),
                    http: reqwest::Client::builder()
                        .timeout(Duration::from_secs(20))
                        .build()
                        .unwrap(),
                    rng: SmallRng::from_rng(&mut self.rng),
                    pause_ms,
                };
                tokio::spawn(client.run(finish.clone()))
            })
            .collect();

        let probes = tokio::spawn(probe(format!("{}/readyz", self.url)));

        let places = places(self.backend);
        for place in &places {
            self.kill_at(place).await;
        }
        for turn in 0..more {
            if turn % 2 == 0 {
                self.kill_at_random().await;
            } else {
                let place = self.rng.random_range(0..places.len());
                self.try_kill_at(&places[place]).await;
            }
            if turn % 100 == 99 {
                say(&format!(
                    "{} more kills, {:?}",
                    turn + 1,
                    self.begun.elapsed()
                ));
            }
        }

        self.sowell.calm_down();
        self.mail_server.calm_down();
        if let Some(crm) = &self.crm {
            crm.be_moody(false);
        }
        let last = self.start(None, true);
        finish.cancel();
        let mut receipts = Vec::new();
        for client in clients {
            receipts.extend(client.await.expect("a client met what must not be"));
        }
        probes.abort();
        self.judge(last, &receipts).await;
    }

    async fn judge(&mut self, last: Life, receipts: &[Receipt]) {
        oracle::each_has_a_uid_of_its_own(receipts);
        patiently("SoWell has every status", async || {
            oracle::not_taken(receipts, &self.sowell.ledger()) == 0
        })
        .await;
        patiently("every author has an e-mail", async || {
            oracle::not_written_to(receipts, &self.mails()) == 0
        })
        .await;
        if let Some(crm) = &self.crm {
            patiently("the CRM has every photo", async || {
                oracle::not_attached(receipts, &crm.demandes()) == 0
            })
            .await;
            oracle::the_crm_has_each_demande_once(receipts, &crm.demandes());
        }
        stop(last).await;

        // As if days had passed: photos that nothing refers to by now never will be referred to.
        self.age_files();
        let last = self.start(None, true);
        patiently("no delivery is stuck", async || {
            oracle::not_delivered(&self.url, receipts).await == 0
        })
        .await;
        let named = oracle::everything_is_there(&self.url, receipts).await;
        let kept = self.path("fichiers");
        patiently("the orphans are swept", async || {
            oracle::files_in(&kept) == named
        })
        .await;
        let ledger = self.sowell.ledger();
        oracle::sowell_saw_each_status_once_and_in_order(receipts, &ledger);
        oracle::each_author_got_one_email(receipts, &self.mails());
        stop(last).await;
        let remains = oracle::files_in(&self.path("courriels"));
        assert!(!remains.iter().any(|it| it.starts_with('.')), "{remains:?}");
        if self.backend == Backend::Sqlite {
            oracle::database_is_whole(&self.path("passerelle.sqlite")).await;
        }
        self.report(receipts, &ledger, named.len());
    }

    fn report(&self, receipts: &[Receipt], ledger: &[Push], photos: usize) {
        let kills: u32 = self.kills.values().sum();
        let read = ledger.iter().filter(|it| it.commentaire.is_empty()).count();
        let statuts: usize = receipts.iter().map(|it| it.statuts.len()).sum();
        say(&format!(
            "{kills} kills in {:?}: {:#?}\n{} signalements acknowledged, {photos} photos, \
             {statuts} statuses; SoWell was called {} times ({read} of them for what was read from the CRM), {} e-mails arrived",
            self.begun.elapsed(),
            self.kills,
            receipts.len(),
            ledger.len(),
            self.mails().len(),
        ));
    }

    /// Kills at a crash point, however many daemons it takes until one reaches it.
    async fn kill_at(&mut self, place: &str) {
        for _ in 0..TRIES {
            if self.try_kill_at(place).await {
                return;
            }
        }
        panic!("no daemon ever came to {place}");
    }

    async fn try_kill_at(&mut self, place: &str) -> bool {
        if place.starts_with("files.remove") {
            self.leave_orphan();
        }
        if self.rng.random_ratio(1, 4) || place.starts_with("files.remove") {
            self.age_files();
        }
        let passage = match self.kills.get(place) {
            // The first time at the first passage, then possibly at a later one.
            None => 1,
            Some(_) => self.rng.random_range(1..=3),
        };
        let mail_server = place.starts_with("smtp.") || self.rng.random();
        let mut life = self.start(Some(&format!("{place}:{passage}")), mail_server);
        let end = Instant::now() + ON_ITS_WAY;
        loop {
            if let Some(status) = life.0.try_wait().unwrap() {
                self.was_killed(status);
                *self.kills.entry(place.to_owned()).or_default() += 1;
                return true;
            }
            if Instant::now() > end {
                self.kill(life);
                return false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn kill_at_random(&mut self) {
        let mail_server = self.rng.random();
        let life = self.start(None, mail_server);
        let moment = self.rng.random_range(0..LATEST_MS);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        self.kill(life);
    }

    fn kill(&mut self, mut life: Life) {
        life.0.kill().unwrap();
        let status = life.0.wait().unwrap();
        self.was_killed(status);
        *self.kills.entry("at random".to_owned()).or_default() += 1;
    }

    /// Checks that it did not exit by itself.
    fn was_killed(&self, status: ExitStatus) {
        if status.signal() != Some(SIGKILL) {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
            panic!("it exited by itself, {status}: {log}");
        }
    }

    fn start(&self, crash: Option<&str>, mail_server: bool) -> Life {
        let binary = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        let sowell = format!("http://{}", self.sowell.address);
        let smtp = if mail_server {
            format!("smtp://{}", self.mail_server.address)
        } else {
            String::new()
        };
        let mut more = vec![("SOWELL__BASE_URL", &*sowell), ("SMTP__URL", &*smtp)];
        if let Some(crm) = &self.crm {
            // The clients report each status, as a CRM with webhooks does; that it is polled as well must do no
            // harm.
            more.extend([
                ("CRM__KIND", "rest"),
                ("CRM__BASE_URL", &*crm.url),
                ("CRM__POLL", "1s"),
                ("SECRETS__CRM", "secret-of-the-crm"),
            ]);
        }
        if let Some(database) = &self.database {
            // There, claims of dead daemons are not released but expire, after twice this time.
            more.extend([("DATABASE_URL", &**database), ("DELIVERY__ATTEMPT", "2s")]);
        }
        let mut command = settle_in(binary, self.folder.path(), &more);
        command.env("PASSERELLE_LOG", "warn");
        if let Some(crash) = crash {
            command.env("PASSERELLE_CRASH", crash);
        }
        let log = File::create(self.folder.path().join("log")).unwrap();
        let child = hand_over(&self.socket, &command).stderr(log).spawn();
        Life(child.unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    fn mails(&self) -> Vec<Mail> {
        let mut mails = self.mail_server.ledger();
        mails.extend(oracle::mails_in(&self.path("courriels")));
        mails
    }

    /// A photo whose request ended before its commit.
    fn leave_orphan(&self) {
        let name = format!("ab{}", uuid::Uuid::now_v7().simple());
        fs::write(self.path("fichiers/ab").join(name), "orphan").unwrap();
    }

    /// Makes all photos look days old.
    fn age_files(&self) {
        let long_ago = SystemTime::now() - Duration::from_hours(48);
        age(&self.path("fichiers"), long_ago);
    }
}

/// A daemon's process, which ends with the test, even with one that fails.
struct Life(Child);

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Checks readiness repeatedly, as a load balancer does.
async fn probe(url: String) {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    loop {
        // The result does not matter.
        let _ = http.get(&url).send().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn age(folder: &Path, to: SystemTime) {
    // A daemon may be killed before it has created the folder.
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            age(&path, to);
        } else {
            File::open(path).unwrap().set_modified(to).unwrap();
        }
    }
}

/// Stops it gracefully.
async fn stop(mut life: Life) {
    signal(life.0.id(), "TERM");
    let status = until("it stops", || {
        let ended = life.0.try_wait().unwrap();
        async move { ended }
    })
    .await;
    assert!(status.success(), "{status}");
}

/// Waits longer than other tests do: a long run may leave a lot behind.
async fn patiently(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_mins(5);
    while !done().await {
        assert!(Instant::now() < end, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Prints past the test runner, which captures the output of passing tests.
fn say(words: &str) {
    let _ = std::io::stderr().write_all(format!("crash: {words}\n").as_bytes());
}
