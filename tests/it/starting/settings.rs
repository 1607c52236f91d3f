//! Edits of the settings file while the daemon runs.

use std::fs;
use std::os::unix::fs::symlink;

use passerelle::adapters::store::sqlite::SqliteStore;
use passerelle::domain::ports::Outbox;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{
    Builder, Daemon, FakeSowell, installed, is_accepted, signalement, token, until,
};
use crate::process::Process;

const FILE: &str = "passerelle.yaml";

async fn post_as(daemon: &Daemon, token: &str, number: u32) -> u16 {
    let request = daemon.request("POST", "/api/v1/signalements", "");
    let request = request.bearer_auth(token).json(&signalement(number));
    daemon.send(request).await.status
}

fn accepted(reglages: &Value) -> bool {
    reglages["derniere_tentative"]["acceptee"] == true
}

fn faults(reglages: &Value) -> Vec<String> {
    let faults = reglages["derniere_tentative"]["erreurs"].as_array();
    let texts = faults.unwrap().iter().map(|it| it.as_str().unwrap().into());
    texts.collect()
}

/// Waits until SoWell's refusal of the token is on disk.
async fn refused(daemon: &Daemon) {
    let store = SqliteStore::open(&daemon.database()).await.unwrap();
    until("the refusal is noted", || async {
        let list = store.list_livraisons(None, 10).await.unwrap();
        let refused = |error: &str| matches!(error, "answered 401" | "answered 403");
        list.iter()
            .any(|it| it.last_error.as_deref().is_some_and(refused))
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_lets_in_and_the_old_one_no_longer_does() {
    let daemon = Builder::new()
        .unset("TOKENS__SOWELL")
        .file(FILE, "tokens: {sowell: the-old-one}\n")
        .start()
        .await;
    assert_eq!(post_as(&daemon, "the-old-one", 1).await, 201);
    let reglages = daemon
        .edit_settings("tokens: {sowell: the-new-one}\n")
        .await;
    assert!(accepted(&reglages), "{reglages}");
    assert_eq!(post_as(&daemon, "the-new-one", 2).await, 201);
    assert_eq!(post_as(&daemon, "the-old-one", 3).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_waits_goes_out_once_there_is_an_address() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().file(FILE, "# none yet\n").start().await;
    let uid = daemon.created(&signalement(1)).await;
    let status = json!({"statut": "CRC en cours"});
    assert_eq!(daemon.statut(&uid, &status).await.status, 202);
    let text = format!("sowell: {{base_url: \"{}\", token: secret}}\n", sowell.url);
    daemon.edit_settings(&text).await;
    let calls = sowell.wait_for(1).await;
    assert_eq!(calls[0].authorization, "Bearer secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_token_ends_the_pause_that_the_old_one_caused() {
    let sowell = FakeSowell::start().await;
    let text = |token: &str| format!("sowell: {{base_url: \"{}\", token: {token}}}\n", sowell.url);
    let daemon = Builder::new()
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .file(FILE, &text("old"))
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    sowell.next(401, vec![]);
    for statut in ["CRC en cours", "Vivest en attente retour"] {
        daemon.statut(&uid, &json!({"statut": statut})).await;
    }
    refused(&daemon).await;
    daemon.edit_settings(&text("new")).await;
    let calls = sowell.wait_for(3).await;
    assert_eq!(calls[1].authorization, "Bearer new");
    assert_eq!(sowell.delivered(), ["En cours de traitement", "En attente"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fixed_connector_is_tried_at_once() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new()
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .sowell(&sowell)
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    sowell.next(401, vec![]);
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    refused(&daemon).await;
    let connector = "rules/connecteurs/sowell.yaml";
    let mended = daemon.read(connector).replace("PATCH", "PUT");
    assert!(is_accepted(&daemon.edit(connector, &mended).await));
    assert_eq!(
        sowell.wait_for(2).await[1].authorization,
        "Bearer partner-token"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_another_token_ends_the_pause_too() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new()
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .sowell(&sowell)
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    sowell.next(403, vec![]);
    let status = json!({"statut": "CRC en cours"});
    daemon.statut(&uid, &status).await;
    refused(&daemon).await;
    let (folder, environment) = daemon.stop().await;
    let _daemon = Builder::again(&folder, environment)
        .set("SOWELL__TOKEN", "new")
        .start()
        .await;
    assert_eq!(sowell.wait_for(2).await[1].authorization, "Bearer new");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_is_tried_at_once() {
    let sowell = FakeSowell::start().await;
    let other = FakeSowell::start().await;
    let daemon = Builder::new()
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .file(FILE, &format!("sowell: {{base_url: \"{}\"}}\n", sowell.url))
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    sowell.next(503, vec![]);
    let status = json!({"statut": "CRC en cours"});
    daemon.statut(&uid, &status).await;
    sowell.wait_for(1).await;
    let text = format!("sowell: {{base_url: \"{}\"}}\n", other.url);
    daemon.edit_settings(&text).await;
    assert_eq!(other.wait_for(1).await[0].key, sowell.calls()[0].key);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_that_waits_for_its_server_is_sent_in_the_new_way() {
    // An address that nothing listens on.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let daemon = Builder::new()
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .file(FILE, &format!("smtp: {{url: \"smtp://{address}\"}}\n"))
        .start()
        .await;
    daemon.created(&signalement(1)).await;
    let store = SqliteStore::open(&daemon.database()).await.unwrap();
    until("the server was tried", || async {
        let list = store.list_livraisons(None, 10).await.unwrap();
        list.iter().any(|it| it.attempts == 1).then_some(())
    })
    .await;
    daemon
        .edit_settings("smtp: {from: Nous <nous@vivest.example>}\n")
        .await;
    let written = until("it is written to a file", || async {
        let folder = daemon.folder.path().join("data/courriels");
        folder.is_dir().then(|| daemon.courriels().pop()).flatten()
    })
    .await;
    assert!(written.contains("nous@vivest.example"), "{written}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_failure_is_tried_again_by_the_new_policy() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new()
        .unset("DELIVERY__FIRST_RETRY")
        .unset("DELIVERY__MAX_RETRY")
        .sowell(&sowell)
        .file(FILE, "delivery: {first_retry: 1h, max_retry: 1h}\n")
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    daemon
        .edit_settings("delivery: {first_retry: 10ms, max_retry: 20ms}\n")
        .await;
    for _ in 0..3 {
        sowell.next(503, vec![]);
    }
    let status = json!({"statut": "CRC en cours"});
    daemon.statut(&uid, &status).await;
    sowell.wait_for(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_edit_is_refused_whole_and_reported_with_every_fault() {
    let daemon = Builder::new()
        .file(FILE, "limits: {photos: 2}\n")
        .start()
        .await;
    assert!(
        accepted(&daemon.reglages().await),
        "the start is an attempt"
    );
    let wrong =
        "limits: {photos: none}\ndelivery: {give_up_after: never}\nsmtp: {url: \"user:s3cret\"}\n";
    let reglages = daemon.edit_settings(wrong).await;
    let told = faults(&reglages);
    assert!(!accepted(&reglages) && told.len() == 3, "{reglages}");
    for key in ["limits.photos", "delivery.give_up_after", "smtp.url"] {
        assert!(told.iter().any(|it| it.starts_with(key)), "{told:?}");
    }
    let unknown = "limits: {photos: one, photo_s: 3}\ntoken: {sowell: s3cret}\n";
    let reglages = daemon.edit_settings(unknown).await;
    let told = faults(&reglages);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[1].contains("line 2") && told[1].contains("\"tokens\""));
    assert!(!reglages.to_string().contains("s3cret"));
    // The old settings stay in force, and the daemon stays ready.
    daemon.created(&signalement(1)).await;
    assert_eq!(daemon.get("/readyz", "").await.status, 200);
    let reglages = daemon.edit_settings("limits: {photos: 1}\n").await;
    assert!(accepted(&reglages) && faults(&reglages).is_empty());
    assert_eq!(daemon.post(&signalement(2)).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_short_or_gone_changes_nothing() {
    let full = "limits: {photos: 1}\n";
    let daemon = Builder::new().file(FILE, full).start().await;
    let path = daemon.folder.path().join(FILE);
    for (text, words) in [
        (Some(""), "empty"),
        (Some("limits: {pho"), "not valid YAML"),
        (None, "no such file"),
    ] {
        match text {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        until(words, || async {
            let told = faults(&daemon.reglages().await).join("\n");
            told.contains(words).then_some(())
        })
        .await;
        assert_eq!(daemon.post(&signalement(1)).await.status, 413);
    }
    let reglages = daemon.edit_settings(full).await;
    assert!(accepted(&reglages), "{reglages}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_swapped_by_a_link_is_noticed() {
    let builder = Builder::new();
    let root = builder.folder();
    // Mounted like a ConfigMap: the file is a link through `..data` to a dated folder.
    for (name, photos) in [("..2026_01", 9), ("..2026_02", 1)] {
        fs::create_dir(root.path().join(name)).unwrap();
        let text = format!("limits: {{photos: {photos}}}\n");
        fs::write(root.path().join(name).join(FILE), text).unwrap();
    }
    symlink("..2026_01", root.path().join("..data")).unwrap();
    symlink(format!("..data/{FILE}"), root.path().join(FILE)).unwrap();
    let daemon = builder.start().await;
    daemon.created(&signalement(1)).await;
    symlink("..2026_02", root.path().join("..data_tmp")).unwrap();
    fs::rename(root.path().join("..data_tmp"), root.path().join("..data")).unwrap();
    let mut number = 1;
    until("the new file decides", || {
        number += 1;
        let body = signalement(number);
        let daemon = &daemon;
        async move { (daemon.post(&body).await.status == 413).then_some(()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_needs_a_restart_is_named_and_the_others_are_live() {
    let daemon = Builder::new()
        .unset("LISTEN")
        .file(FILE, "limits: {photos: 9}\n")
        .start()
        .await;
    // The environment sets data_dir, so its value in the file has no effect.
    let text =
        "listen: 127.0.0.1:1\ndatabase_url: sqlite:other\ndata_dir: other\nlimits: {photos: 1}\n";
    let reglages = daemon.edit_settings(text).await;
    assert!(accepted(&reglages), "{reglages}");
    assert_eq!(reglages["redemarrage"], json!(["listen", "database_url"]));
    assert_eq!(daemon.post(&signalement(1)).await.status, 413);
    // Keys that wait for a restart still do, whatever a refused edit says.
    let reglages = daemon.edit_settings("listen: here\n").await;
    assert_eq!(reglages["redemarrage"], json!(["listen", "database_url"]));
    let reglages = daemon
        .edit_settings("listen: 127.0.0.1:8080\nlimits: {photos: 2}\n")
        .await;
    assert_eq!(reglages["redemarrage"], json!([]));
    daemon.created(&signalement(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_still_wins() {
    let daemon = Builder::new()
        .set("LIMITS__PHOTOS", "2")
        .file(FILE, "limits: {photos: 1}\n")
        .start()
        .await;
    let text = "limits: {photos: 0}\ntokens: {sowell: another}\n";
    assert!(accepted(&daemon.edit_settings(text).await));
    daemon.created(&signalement(1)).await;
    assert_eq!(post_as(&daemon, "another", 2).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_rate_holds_at_once_and_other_edits_leave_the_counts_alone() {
    let daemon = Builder::new()
        .unset("LIMITS__RATE")
        .file(FILE, "limits: {rate: 1000/min}\n")
        .start()
        .await;
    for number in 0..5 {
        daemon.created(&signalement(number)).await;
    }
    daemon.edit_settings("limits: {rate: 2/h}\n").await;
    for (number, status) in [(5, 201), (6, 201), (7, 429)] {
        assert_eq!(daemon.post(&signalement(number)).await.status, status);
    }
    daemon
        .edit_settings("limits: {rate: 2/h, photos: 9}\n")
        .await;
    assert_eq!(daemon.post(&signalement(8)).await.status, 429);
    daemon.edit_settings("limits: {rate: 1000/min}\n").await;
    daemon.created(&signalement(9)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_keeps_the_limits_it_began_with() {
    let daemon = Builder::new().file(FILE, "# none\n").start().await;
    let body = signalement(1).to_string();
    let mut stream = TcpStream::connect(daemon.address).await.unwrap();
    let head = format!(
        "POST /api/v1/signalements HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\
         connection: close\r\n\r\n",
        token("sowell"),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body once it has begun to read it.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"));
    daemon
        .edit_settings("limits: {body: 10 B, photos: 0}\n")
        .await;
    assert_eq!(daemon.post(&signalement(2)).await.status, 413);
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_saves_disturbs_nobody_and_ends_with_the_last_one() {
    let daemon = Builder::new()
        .file(FILE, "limits: {photos: 9}\n")
        .start()
        .await;
    for number in 0..100 {
        let photos = if number == 99 { 1 } else { 2 + number };
        daemon.save(FILE, &format!("limits: {{photos: {photos}}}\n"));
        if number < 20 {
            daemon.created(&signalement(number)).await;
        }
    }
    // Each once: what was created stays so.
    let mut number = 100;
    until("the last save decides", || {
        number += 1;
        let (daemon, body) = (&daemon, signalement(number));
        async move { (daemon.post(&body).await.status == 413).then_some(()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_without_a_sender_is_reported_at_the_start_and_after_an_edit() {
    let url = "smtp: {url: \"smtp://127.0.0.1:9\"}\n";
    let builder = Builder::new().file(FILE, url);
    let folder = builder.folder();
    let config = folder.path().join(FILE).display().to_string();
    let process = Process::start(folder.path(), &[("CONFIG", &config)]);
    let warning = "smtp.from is not set: e-mails are sent with";
    let greeted = |words: &str| process.greeting.iter().any(|it| it.contains(words));
    assert!(greeted(warning));
    assert!(greeted(
        "smtp.from is not set: sent as Vivest <passerelle@localhost>"
    ));
    assert!(!process.logged(warning));
    fs::write(&config, format!("log: info\n{url}")).unwrap();
    until("the edit is reported", || async {
        process.logged(warning).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_level_follows_the_file_and_a_hangup_reads_it_again() {
    if !installed("kill") {
        return;
    }
    let builder = Builder::new().file(FILE, "log: info\n");
    let folder = builder.folder();
    let config = folder.path().join(FILE).display().to_string();
    let process = Process::start(folder.path(), &[("CONFIG", &config)]);
    let metrics = || async {
        let url = format!("{}/metrics", process.url);
        reqwest::get(url).await.unwrap().text().await.unwrap()
    };
    let attempts = "passerelle_settings_reloads_total{outcome=\"accepted\"}";
    assert!(!metrics().await.contains(attempts), "nothing was edited");
    process.signal("HUP");
    until("the hangup is handled", || async {
        metrics()
            .await
            .contains(&format!("{attempts} 1"))
            .then_some(())
    })
    .await;
    assert!(!process.logged("DEBUG"));
    fs::write(&config, "log: debug\n").unwrap();
    let mut number = 0;
    until("details are logged", || {
        number += 1;
        let body = signalement(number);
        let process = &process;
        async move {
            process.post("/api/v1/signalements", "sowell", &body).await;
            process.logged("DEBUG").then_some(())
        }
    })
    .await;
    // A refused edit is logged too; a word that would silence everything causes one.
    fs::write(&config, "log: debgu\n").unwrap();
    until("the refusal is logged", || async {
        process.logged("did you mean \"debug\"?").then_some(())
    })
    .await;
    process.kill();
}
