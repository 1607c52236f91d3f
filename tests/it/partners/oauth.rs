//! The token of a remote CRM (OAuth 2, client credentials): requested once, renewed in time, by one call for all,
//! and never visible.

use futures_util::future::join_all;

use crate::fake_crm::{CONNECTOR, FakeCrm, Mood};
use crate::harness::{Builder, Daemon, signalement, until};

const SECRET: &str = "secret-of-the-crm";

async fn daemon(crm: &FakeCrm) -> Daemon {
    let builder = Builder::new();
    std::fs::create_dir_all(builder.folder().path().join("rules/connecteurs")).unwrap();
    builder
        .file("rules/connecteurs/crm.yaml", CONNECTOR)
        .set("CRM__KIND", "rest")
        .set("CRM__BASE_URL", &crm.url)
        .set("SECRETS__CRM", SECRET)
        .start()
        .await
}

async fn all_created(daemon: &Daemon, numbers: std::ops::Range<u32>) {
    let bodies: Vec<_> = numbers.map(signalement).collect();
    let answers = join_all(bodies.iter().map(|it| daemon.post(it))).await;
    let statuses: Vec<u16> = answers.iter().map(|it| it.status).collect();
    assert!(statuses.iter().all(|it| *it == 201), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_serves_simultaneous_calls() {
    let crm = FakeCrm::start().await;
    let daemon = daemon(&crm).await;
    all_created(&daemon, 1..7).await;
    let asked = crm.calls("POST /jeton");
    assert_eq!(asked.len(), 1);
    let form = String::from_utf8_lossy(&asked[0].body).into_owned();
    assert!(form.contains("grant_type=client_credentials") && form.contains(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_is_renewed_once_for_all() {
    let crm = FakeCrm::start().await;
    let daemon = daemon(&crm).await;
    all_created(&daemon, 1..2).await;
    crm.next("POST /demandes", Mood::TokenEnds);
    all_created(&daemon, 2..8).await;
    assert_eq!(crm.calls("POST /jeton").len(), 2);
    assert_eq!(crm.demandes().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_its_end() {
    let crm = FakeCrm::start().await;
    crm.tokens_hold(1);
    let daemon = daemon(&crm).await;
    let mut number = 0;
    until("another token was asked for", || {
        number += 1;
        let body = signalement(number);
        let (daemon, crm) = (&daemon, &crm);
        async move {
            assert_eq!(daemon.post(&body).await.status, 201);
            (crm.calls("POST /jeton").len() > 1).then_some(())
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_token_nor_secret_is_kept_anywhere() {
    let crm = FakeCrm::start().await;
    let daemon = daemon(&crm).await;
    crm.next("POST /demandes", Mood::TooMany(1));
    daemon.post(&signalement(1)).await;
    all_created(&daemon, 2..3).await;
    until("the photos are there", || async {
        (crm.demandes()[0].photos.len() == 2).then_some(())
    })
    .await;
    let shown = daemon.get("/readyz", "").await.bytes;
    let (folder, _) = daemon.stop().await;
    let mut looked_at = 0;
    for entry in walk(folder.path()) {
        // The database deletes some of its own files as it closes.
        let Ok(bytes) = std::fs::read(&entry) else {
            continue;
        };
        for secret in [SECRET, "jeton-1"] {
            let found = [&bytes, &shown[..].to_vec()]
                .into_iter()
                .any(|it| it.windows(secret.len()).any(|it| it == secret.as_bytes()));
            assert!(!found, "{secret} in {}", entry.display());
        }
        looked_at += 1;
    }
    assert!(looked_at > 10, "{looked_at}");
}

/// Every file below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path());
    let (folders, mut files): (Vec<_>, Vec<_>) = entries.partition(|it| it.is_dir());
    files.extend(folders.iter().flat_map(|it| walk(it)));
    files
}
