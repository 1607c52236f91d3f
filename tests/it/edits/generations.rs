//! Concurrent requests and reloads: each request is decided by one version, the one in force when it arrived, and
//! no reload makes it fail or wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use async_trait::async_trait;
use passerelle::adapters::clock::SystemClock;
use passerelle::adapters::edited::EditedFolder;
use passerelle::adapters::submission;
use passerelle::domain::demande::Uid;
use passerelle::domain::ports::{Client, FileSet, Files, FilesError, Source, SourceError};
use passerelle::domain::signalement::Photo;
use passerelle::flows::inbound::{Inbound, Received, Submission};
use passerelle::flows::reload::{Reload, SEARCH_PATIENCE, Settled};
use passerelle::settings::{InForce, Settings};
use tokio::sync::Semaphore;

use crate::harness::{
    Builder, Daemon, Intercepted, Interceptor, is_accepted, signalement, signalement_with, until,
};

/// Valid and invalid edits while signalements keep arriving.
const EDITS: u32 = 100;
/// Clients that send one signalement after another.
const CLIENTS: u32 = 3;

fn submitted(daemon: &Daemon, number: u32) -> Submission {
    let body = signalement(number).to_string();
    let limits = &daemon.state.settings.in_force().limits;
    submission::read(Client::Sowell, None, Vec::from(body).into(), limits).unwrap()
}

/// The version that decided a demande, as `passerelle explain --uid` shows it.
async fn decided_by(daemon: &Daemon, uid: &str) -> String {
    let traces = daemon.state.store.find_traces(uid).await.unwrap();
    traces[0].version.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_because_of_an_edit_and_each_is_decided_by_what_was_in_force() {
    let daemon = Arc::new(Builder::new().start().await);
    let (done, numbers) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
    );
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (daemon, done, numbers) = (daemon.clone(), done.clone(), numbers.clone());
            tokio::spawn(async move {
                let mut sent = Vec::new();
                while !done.load(Ordering::SeqCst) {
                    let number = numbers.fetch_add(1, Ordering::SeqCst);
                    let body = signalement_with(number, &serde_json::json!({"photos": null}));
                    let before = daemon.state.reload.generation().version.clone();
                    let uid = daemon.created(&body).await;
                    let after = daemon.state.reload.generation().version.clone();
                    sent.push((before, uid, after));
                }
                sent
            })
        })
        .collect();

    for edit in 0..EDITS {
        let bad = edit % 3 == 1;
        let text = if bad {
            format!("priorites: {{high: [mot-{edit}\n")
        } else {
            format!("priorites: {{high: mot-{edit}}}\n")
        };
        daemon.save("rules/priorites.yaml", &text);
        if edit % 7 == 0 {
            let attempt = daemon.state.reload.reload().await;
            assert_eq!(attempt.accepted, !bad, "{text}");
        } else {
            // The others are noticed or overtaken, while signalements arrive in between.
            let seen = numbers.load(Ordering::SeqCst);
            until("another signalement", || async {
                (numbers.load(Ordering::SeqCst) > seen).then_some(())
            })
            .await;
        }
    }
    done.store(true, Ordering::SeqCst);

    let accepted = daemon.state.store.list_versions(1_000).await.unwrap();
    let accepted = accepted.iter().rev().map(|it| &it.version);
    let rank: HashMap<&String, usize> = accepted.zip(0..).collect();
    assert!(rank.len() > 5, "{rank:?}");
    let mut count = 0;
    for client in clients {
        for (before, uid, after) in client.await.unwrap() {
            let version = decided_by(&daemon, &uid).await;
            let version = rank.get(&version).expect("a version that was accepted");
            assert!((rank[&before]..=rank[&after]).contains(version));
            count += 1;
        }
    }
    assert!(
        count >= EDITS / 2,
        "only {count} signalements came meanwhile"
    );
}

/// Holds photos back until it is told to let them pass.
struct Held {
    files: Arc<dyn Files>,
    arrived: Semaphore,
    go: Semaphore,
}

#[async_trait]
impl Interceptor for Held {
    fn files(&self) -> &dyn Files {
        self.files.as_ref()
    }

    async fn put(&self, photo: Photo) -> Result<(), FilesError> {
        self.arrived.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        self.files.put(photo).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_ends_on_the_version_that_it_began_with() {
    let daemon = Builder::new()
        .file("rules/priorites.yaml", "priorites: {high: ancien}\n")
        .start()
        .await;
    let held = Arc::new(Intercepted(Held {
        files: daemon.state.files.clone(),
        arrived: Semaphore::new(0),
        go: Semaphore::new(0),
    }));
    let inbound = Inbound {
        files: held.clone(),
        ..Inbound::clone(&daemon.state.inbound)
    };
    let old = daemon.state.reload.generation().version.clone();
    let submission = submitted(&daemon, 1);
    let under_way = tokio::spawn(async move { inbound.receive(submission).await });
    held.0.arrived.acquire().await.unwrap().forget();

    daemon
        .edit("rules/accuses.rhai", "fn accuses(evenement) { [] }\n")
        .await;
    let regles = daemon
        .edit("rules/priorites.yaml", "priorites: {high: nouveau}\n")
        .await;
    assert!(is_accepted(&regles), "{regles}");
    let new = regles["active"]["version"].as_str().unwrap();
    assert_ne!(new, old);
    assert!(!under_way.is_finished());
    // A new request is decided by the new version, even while the old one is in progress.
    let later = daemon.created(&signalement(2)).await;
    assert_eq!(decided_by(&daemon, &later).await, new);

    held.0.go.add_permits(10);
    let Received::Created { uid, .. } = under_way.await.unwrap().unwrap() else {
        panic!("it was created");
    };
    assert_eq!(decided_by(&daemon, &uid).await, old);
    let uid = Uid::new(uid);
    let demande = daemon.state.store.find_demande(&uid).await.unwrap();
    assert_eq!(demande.unwrap().content.priorite, "ancien");
    let mails = until("the old version wants an e-mail", || async {
        let mails = daemon.courriels();
        mails
            .iter()
            .any(|it| it.contains(uid.as_str()))
            .then_some(mails)
    })
    .await;
    assert_eq!(mails.len(), 1, "the new version wants none: {mails:?}");
}

/// A folder on a network share that hangs.
struct Hanging {
    folder: EditedFolder,
    hangs: Mutex<bool>,
    change: Condvar,
    entered: Semaphore,
}

impl Hanging {
    fn set(&self, hangs: bool) {
        *self.hangs.lock().unwrap() = hangs;
        self.change.notify_all();
    }
}

impl Source for Hanging {
    fn read(&self) -> Result<FileSet, SourceError> {
        let mut hangs = self.hangs.lock().unwrap();
        while *hangs {
            self.entered.add_permits(1);
            hangs = self.change.wait(hangs).unwrap();
        }
        drop(hangs);
        self.folder.read()
    }

    fn name(&self) -> String {
        self.folder.name()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_that_hangs_holds_up_no_request() {
    let daemon = Builder::new().start().await;
    let source = Arc::new(Hanging {
        folder: EditedFolder::rules(daemon.path("rules")),
        hangs: Mutex::new(false),
        change: Condvar::new(),
        entered: Semaphore::new(0),
    });
    let exports = Arc::new(EditedFolder::referentiel(daemon.path("referentiel")));
    let store = daemon.state.store.clone();
    let settled = Settled::read(source.clone(), exports).await;
    let reload = Reload::boot(
        store,
        Arc::new(SystemClock),
        settled,
        in_force(),
        SEARCH_PATIENCE,
    )
    .await;
    let reload = Arc::new(reload.unwrap());
    let inbound = Inbound {
        rules: reload.clone(),
        ..Inbound::clone(&daemon.state.inbound)
    };
    let old = reload.generation().version.clone();
    source.set(true);
    daemon.save("rules/priorites.yaml", "priorites: {high: autre}\n");
    let asked = reload.clone();
    let hanging = tokio::spawn(async move { asked.reload().await });
    source.entered.acquire().await.unwrap().forget();

    let received = inbound.receive(submitted(&daemon, 1)).await.unwrap();
    let Received::Created { uid, .. } = received else {
        panic!("it was created");
    };
    assert_eq!(decided_by(&daemon, &uid).await, old);
    assert!(!hanging.is_finished());

    source.set(false);
    let attempt = hanging.await.unwrap();
    assert!(attempt.accepted);
    assert_eq!(
        reload.generation().version,
        attempt.version.clone().unwrap()
    );
    assert_ne!(attempt.version, Some(old));
}

/// A folder that, after the two reads of the start, is saved again after every two reads, for nine reads, and then
/// stays unchanged.
struct Restless {
    folder: EditedFolder,
    looks: AtomicU32,
}

impl Source for Restless {
    fn read(&self) -> Result<FileSet, SourceError> {
        let word = match self.looks.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => "début".to_owned(),
            look @ 2..=10 => format!("mot-{}-{}", (look - 2) / 3, (look - 2) % 3 == 2),
            _ => "fin".to_owned(),
        };
        let mut files = self.folder.read()?;
        let text = format!("priorites: {{high: {word}}}\n");
        files.insert("priorites.yaml".into(), text.into_bytes());
        Ok(files)
    }

    fn name(&self) -> String {
        self.folder.name()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_that_cannot_end_says_so_and_is_made_again_by_itself() {
    let daemon = Builder::new().start().await;
    let source = Arc::new(Restless {
        folder: EditedFolder::rules(daemon.path("rules")),
        looks: AtomicU32::new(0),
    });
    let exports = Arc::new(EditedFolder::referentiel(daemon.path("referentiel")));
    let store = daemon.state.store.clone();
    let settled = Settled::read(source, exports).await;
    let reload = Reload::boot(
        store,
        Arc::new(SystemClock),
        settled,
        in_force(),
        SEARCH_PATIENCE,
    )
    .await;
    let reload = Arc::new(reload.unwrap());
    let boot = reload.last_attempt();
    assert!(boot.accepted);
    let attempt = reload.reload().await;
    assert!(!attempt.accepted, "{attempt:?}");
    let message = &attempt.diagnostics[0].message;
    assert!(message.contains("ne cessent de changer"), "{message}");
    assert_eq!(reload.generation().version, boot.version.clone().unwrap());

    // No hint arrives, and nobody asks again.
    let (hint, hints) = tokio::sync::mpsc::channel(1);
    let running = reload.clone();
    tokio::spawn(async move { running.run(hints).await });
    until("it is in force", || async {
        reload.last_attempt().accepted.then_some(())
    })
    .await;
    assert_ne!(reload.generation().version, boot.version.clone().unwrap());
    drop(hint);
}

/// Default settings.
fn in_force() -> InForce {
    InForce::new(&Settings::load(None, Vec::new()).unwrap())
}
