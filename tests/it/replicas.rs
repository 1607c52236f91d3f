//! Several daemons on one database, behind a load balancer, killed and restarted under load.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Builder, FakeSowell, is_accepted, signalement, token, until};
use crate::postgres::{self, Backend};
use crate::process::Process;

/// Requests in progress at once.
const CLIENTS: u32 = 8;
/// The statuses that each demande goes through, with SoWell's words for them.
const STATUTS: [(&str, &str); 3] = [
    ("CRC en cours", "En cours de traitement"),
    ("Vivest en attente retour", "En attente"),
    ("Vivest en cours", "En cours de traitement"),
];

/// Passes each connection on to the next daemon that accepts it.
struct Balancer {
    url: String,
    behind: Arc<Mutex<Vec<String>>>,
}

impl Balancer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let behind = Arc::<Mutex<Vec<String>>>::default();
        let all = Arc::clone(&behind);
        tokio::spawn(async move {
            for turn in 0_usize.. {
                let Ok((mut client, _)) = listener.accept().await else {
                    return;
                };
                let all = all.lock().unwrap().clone();
                tokio::spawn(async move {
                    for offset in 0..all.len() {
                        let address = &all[(turn + offset) % all.len()];
                        if let Ok(mut server) = TcpStream::connect(address).await {
                            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                            return;
                        }
                    }
                });
            }
        });
        Self { url, behind }
    }
}

/// Daemons that share a database, each in its own process.
struct Cluster {
    folder: Arc<tempfile::TempDir>,
    settings: Vec<(String, String)>,
    replicas: Vec<Option<Process>>,
    balancer: Balancer,
    sowell: FakeSowell,
}

impl Cluster {
    async fn start(size: usize) -> Option<Self> {
        let url = postgres::database().await?;
        let folder = Builder::new().folder();
        let sowell = FakeSowell::start().await;
        let settings = [
            ("DATABASE_URL", url),
            ("SOWELL__BASE_URL", sowell.url.clone()),
            ("SOWELL__TOKEN", "partner-token".to_owned()),
            ("DELIVERY__ATTEMPT", "2s".to_owned()),
        ];
        let mut cluster = Self {
            settings: settings
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            replicas: (0..size).map(|_| None).collect(),
            balancer: Balancer::start().await,
            folder,
            sowell,
        };
        for number in 0..size {
            cluster.bring_up(number).await;
        }
        Some(cluster)
    }

    async fn bring_up(&mut self, number: usize) {
        let folder = self.folder.path().to_path_buf();
        let settings = self.settings.clone();
        let started = tokio::task::spawn_blocking(move || {
            let more: Vec<(&str, &str)> = settings
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            Process::start(&folder, &more)
        });
        self.replicas[number] = Some(started.await.unwrap());
        self.share();
    }

    fn kill(&mut self, number: usize) {
        if let Some(process) = self.replicas[number].take() {
            process.kill();
        }
        self.share();
    }

    fn share(&self) {
        let up = self.replicas.iter().flatten();
        let addresses = up.map(|it| it.url.trim_start_matches("http://").to_owned());
        *self.balancer.behind.lock().unwrap() = addresses.collect();
    }
}

/// Repeats until there is a conclusive answer, which a broken connection or a 503 is not.
async fn settled(client: &Client, url: &str, who: &str, body: &Value) -> Value {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let sent = client.post(url).bearer_auth(token(who)).json(body).send();
        if let Ok(answer) = sent.await {
            let status = answer.status().as_u16();
            if matches!(status, 200..=202) {
                if let Ok(body) = answer.json().await {
                    return body;
                }
            } else {
                assert!(matches!(status, 502 | 503), "{status}");
            }
        }
        assert!(Instant::now() < end, "no answer: {url}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Creates demandes and changes their statuses until told to stop; returns each link's UID.
async fn load(url: String, stop: Arc<AtomicBool>, next: Arc<AtomicU32>) -> BTreeMap<u32, String> {
    // A new connection each time, so that the balancer chooses again.
    let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let mut made = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let body = signalement(number);
        let posts = format!("{url}/api/v1/signalements");
        // The same request at the same moment, as an impatient client sends it.
        let (first, second) = tokio::join!(
            settled(&client, &posts, "sowell", &body),
            settled(&client, &posts, "sowell", &body)
        );
        assert_eq!(first["uid"], second["uid"], "one link, one UID");
        let uid = first["uid"].as_str().unwrap().to_owned();
        for (step, (statut, _)) in STATUTS.iter().enumerate() {
            let event = json!({"statut": statut, "evenement": format!("{number}-{step}")});
            let path = format!("{url}/api/v1/demandes/{uid}/statut");
            settled(&client, &path, "crm", &event).await;
        }
        made.insert(number, uid);
    }
    made
}

/// What arrived at SoWell for each demande: each delivery once, in the order of its first arrival.
fn arrived(sowell: &FakeSowell) -> BTreeMap<String, Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut words = BTreeMap::<String, Vec<String>>::new();
    for call in sowell.calls() {
        if seen.insert(call.key.clone()) {
            let uid = call.body["uid"].as_str().unwrap().to_owned();
            let word = call.body["statut"].as_str().unwrap().to_owned();
            words.entry(uid).or_default().push(word);
        }
    }
    words
}

/// Runs the load for a while, killing replicas in turn; returns demandes per second.
async fn survive(size: usize, lasts: Duration, kill_every: Option<Duration>) -> Option<f64> {
    let mut cluster = Cluster::start(size).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let next = Arc::new(AtomicU32::new(1));
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let url = cluster.balancer.url.clone();
            tokio::spawn(load(url, stop.clone(), next.clone()))
        })
        .collect();
    let mut turn = 0;
    while begun.elapsed() < lasts {
        match kill_every {
            Some(pause) => {
                tokio::time::sleep(pause).await;
                cluster.kill(turn % size);
                cluster.bring_up(turn % size).await;
                turn += 1;
            }
            None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut made = BTreeMap::new();
    for client in clients {
        made.extend(client.await.unwrap());
    }
    #[expect(clippy::cast_precision_loss, reason = "a count for people")]
    let rate = made.len() as f64 / begun.elapsed().as_secs_f64();
    let uids: BTreeSet<&String> = made.values().collect();
    assert_eq!(uids.len(), made.len(), "each link has a UID of its own");
    let sowell = &cluster.sowell;
    // What a killed replica was sending is sent after its lease.
    let end = Instant::now() + Duration::from_mins(1);
    while arrived(sowell).values().map(Vec::len).sum::<usize>() < made.len() * STATUTS.len() {
        assert!(Instant::now() < end, "a status was lost");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let expected: Vec<&str> = STATUTS.iter().map(|(_, word)| *word).collect();
    let words = arrived(sowell);
    for uid in made.values() {
        assert_eq!(words[uid], expected, "{uid}: lost, doubled or out of order");
    }
    assert_eq!(words.len(), made.len(), "a demande that nobody asked for");
    println!(
        "{size} replicas, {} s, {turn} killed: {} demandes with {} statuses, {rate:.1} demandes/s",
        begun.elapsed().as_secs(),
        made.len(),
        made.len() * STATUTS.len(),
    );
    Some(rate)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_are_killed_in_turn_lose_and_double_nothing() {
    survive(3, Duration::from_secs(12), Some(Duration::from_secs(2))).await;
}

/// Run with `cargo test --release --test it -- --ignored --nocapture ten_minutes`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes twelve minutes"]
async fn ten_minutes_of_killing_and_the_throughput_of_one_two_and_three() {
    for size in 1..=3 {
        survive(size, Duration::from_secs(30), None).await;
    }
    let pause = Duration::from_secs(5);
    survive(3, Duration::from_mins(10), Some(pause)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_replica_shows_the_versions_of_all_and_one_that_lags() {
    let Some(builder) = Builder::on(Backend::Postgres).await else {
        return;
    };
    let environment = builder.environment();
    let url = environment
        .iter()
        .rfind(|(name, _)| name.ends_with("DATABASE_URL"));
    let url = url.unwrap().1.clone();
    let first = builder.start().await;
    // Another machine: its own folder, the same database.
    let folder = Builder::new().set("DATABASE_URL", &url);
    let second = Process::start(folder.folder().path(), &[("DATABASE_URL", &url)]);
    let regles = first
        .regles_when("the other is seen", |regles| {
            regles["repliques"].as_array().unwrap().len() == 2
        })
        .await;
    let lagging = |regles: &Value| {
        let all = regles["repliques"].as_array().unwrap().iter();
        all.filter(|it| it["en_retard"] == true).count()
    };
    assert_eq!(lagging(&regles), 0, "{regles}");
    // An edit that reaches only one machine.
    let text = format!("{}\n# vu\n", first.read("rules/priorites.yaml"));
    let edited = first.edit("rules/priorites.yaml", &text).await;
    assert!(is_accepted(&edited));
    for regles in [
        first
            .regles_when("the other lags", |it| lagging(it) == 1)
            .await,
        second
            .regles_when("it says so itself", |it| lagging(it) == 1)
            .await,
    ] {
        let versions = regles["repliques"].as_array().unwrap().iter();
        let versions: BTreeSet<String> = versions.map(|it| it["version"].to_string()).collect();
        assert_eq!(versions.len(), 2);
    }
    let metrics = first.get("/metrics", "").await;
    let text = String::from_utf8(metrics.bytes).unwrap();
    assert!(
        text.contains("passerelle_replicas 2") && text.contains("passerelle_replicas_lagging 1")
    );
    // One that stops gracefully is no longer shown.
    second.signal("TERM");
    until("only one is left", || async {
        let regles = first.regles().await;
        (regles["repliques"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
}

/// Makes each claim of a delivery to SoWell wait, in its commit, for the holder of the lock.
const CLAIMS_WAIT: &str = "
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER wait AFTER UPDATE ON livraisons DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.leased_until > OLD.leased_until AND NEW.destination = 'sowell')
        EXECUTE FUNCTION wait();
    SELECT pg_advisory_lock(42)";

/// Waits until the database answers yes.
async fn until_true(connection: &mut PgConnection, question: &'static str) {
    let ask = async {
        while !sqlx::query_scalar::<_, bool>(question)
            .fetch_one(&mut *connection)
            .await
            .unwrap()
        {
            tokio::task::yield_now().await;
        }
    };
    let answered = tokio::time::timeout(Duration::from_mins(1), ask).await;
    answered.unwrap_or_else(|_| panic!("never true: {question}"));
}

/// What it was about to send has meanwhile been sent by another replica, followed by something newer.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_was_suspended_sends_nothing_old() {
    let Some(mut cluster) = Cluster::start(1).await else {
        return;
    };
    cluster.replicas.push(None);
    let url = cluster.settings[0].1.clone();
    let mut database = PgConnection::connect(&url).await.unwrap();
    let first = cluster.replicas[0].take().unwrap();
    let (_, created) = first
        .post("/api/v1/signalements", "sowell", &signalement(1))
        .await;
    let path = format!(
        "/api/v1/demandes/{}/statut",
        created["uid"].as_str().unwrap()
    );
    database.execute(CLAIMS_WAIT).await.unwrap();
    let old = json!({"statut": "Vivest en cours"});
    assert_eq!(first.post(&path, "crm", &old).await.0, 202);
    let waits = "SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                 WHERE d.datname = current_database() AND l.locktype = 'advisory' \
                 AND l.objid = 42 AND NOT l.granted)";
    until_true(&mut database, waits).await;
    first.suspend().await;
    let go_on = "SELECT pg_advisory_unlock(42)";
    database.execute(go_on).await.unwrap();
    let claimed = "SELECT EXISTS (SELECT 1 FROM livraisons \
                   WHERE leased_until > 0 AND destination = 'sowell')";
    until_true(&mut database, claimed).await;

    cluster.bring_up(1).await;
    let second = cluster.replicas[1].take().unwrap();
    let newer = json!({"statut": "Clôturée", "resultat": "Traité"});
    assert_eq!(second.post(&path, "crm", &newer).await.0, 202);
    let noted =
        "SELECT COUNT(*) = 2 FROM livraisons WHERE etat = 'livree' AND destination = 'sowell'";
    until_true(&mut database, noted).await;
    second.kill();
    first.signal("CONT");
    // Whatever it was still sending comes before this new event.
    let newest = json!({"statut": "Ouverte"});
    assert_eq!(first.post(&path, "crm", &newest).await.0, 202);
    let calls = until("the newest is sent", || async {
        let calls = cluster.sowell.calls();
        let last = calls
            .last()
            .is_some_and(|it| it.body["statut_crm"] == "Ouverte");
        last.then_some(calls)
    })
    .await;
    let told: Vec<&str> = calls
        .iter()
        .map(|it| it.body["statut_crm"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["Vivest en cours", "Clôturée", "Ouverte"]);
}

/// A delivery that another process puts in the outbox wakes this one.
#[tokio::test]
async fn a_replica_is_notified_of_what_another_put_in_the_outbox() {
    use passerelle::adapters::store::postgres::{PostgresStore, migrate};
    use passerelle::domain::ports::Replicas;

    let Some(url) = postgres::database().await else {
        return;
    };
    migrate(&url).await.unwrap();
    let here = PostgresStore::open(&url).await.unwrap();
    let there = PostgresStore::open(&url).await.unwrap();
    let told = tokio::spawn(async move { here.told().await });
    until("it hears", || async {
        // Notifications before it listens are lost.
        there.tell_others().await.unwrap();
        told.is_finished().then_some(())
    })
    .await;
    told.await.unwrap().unwrap();
}
