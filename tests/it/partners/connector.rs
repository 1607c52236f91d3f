//! A partner's API over real HTTP, as connector files describe it.

mod bench;
mod changes;
mod clock;
mod fake;
mod guide;
mod repeated;
mod tried;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use passerelle::adapters::shipped::Shipped;
use passerelle::domain::demande::{Fichier, Uid};
use passerelle::domain::ports::{Crm, CrmError, DuplicateGuard, RemoteCrm};
use passerelle::domain::signalement::{ImageKind, Photo};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::harness::{Builder, FakeSowell, PNG, is_accepted, is_refused, signalement};
use bench::{API, Bench, PLAIN, bench, edited, request};
use fake::{Fake, reset, server};

fn photo() -> Vec<u8> {
    base64_simd::STANDARD.decode_to_vec(PNG).unwrap()
}

/// A photo of a signalement, stored for the creation.
async fn stored(bench: &Bench) -> Fichier {
    let photo = Photo::new(ImageKind::Png, photo());
    let fichier = Fichier {
        nom: "photo-1.png".into(),
        r#type: "image/png".into(),
        taille: photo.bytes.len() as u64,
        sha256: photo.sha256.clone(),
    };
    bench.files.put(photo).await.unwrap();
    fichier
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_are_uploaded_then_named_by_the_creation() {
    let fake = Fake::start(&[
        (200, json!({"token": "session-1"})),
        (201, json!({"token": "up-1"})),
        (201, json!({"id": 42})),
    ])
    .await;
    let bench = bench(&fake.url, API, &[]);
    let request = request(vec![stored(&bench).await]);
    let created = bench.crm.create(&request).await.unwrap();
    assert_eq!((created.uid.as_str(), created.attaches), ("42", false));
    let seen = fake.seen();
    let calls: Vec<_> = seen
        .iter()
        .map(|it| format!("{} {}", it.method, it.uri))
        .collect();
    assert_eq!(
        calls,
        [
            "POST /login",
            "POST /uploads?name=photo-1.png",
            "POST /tickets"
        ]
    );
    assert_eq!(
        (seen[1].content_type.as_str(), &seen[1].body),
        ("image/png", &photo())
    );
    assert_eq!(seen[2].session, "session-1");
    let body: Value = serde_json::from_slice(&seen[2].body).unwrap();
    assert_eq!(body["files"], json!(["up-1"]));
    assert_eq!(body["title"], request.demande.contexte);
    let remote = bench.crm.capabilities();
    assert_eq!(remote.guard, DuplicateGuard::LookUp);
    assert!(!remote.attaches && remote.overlap.is_some());
}

/// What the first connector requires for photos still applies, although the second one does not.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_during_a_creation_changes_nothing_in_it() {
    let fake = Fake::start(&[
        (200, json!({"token": "session-1"})),
        (201, json!({"token": "up-1"})),
        (201, json!({"id": 42})),
    ])
    .await;
    let attaching = API.replace(
        "files: {pour: f, dans: '{{ fichiers }}', faire: '{{ f.envoi.jeton }}'}",
        "files: []",
    ) + "  joindre: {chemin: '/tickets/{{ uid }}', corps: {fichier: {contenu: '{{ fichier }}'}}}\n";
    let bench = edited(&fake.url, &[API, &attaching], &[]);
    let request = request(vec![stored(&bench).await]);
    let created = bench.crm.create(&request).await.unwrap();
    assert!(!created.attaches && bench.crm.capabilities().attaches);
    let seen = fake.seen();
    let body: Value = serde_json::from_slice(&seen[2].body).unwrap();
    assert_eq!(body["files"], json!(["up-1"]));
}

/// A CRM that receives the number of photos, and has each one attached afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_counts_the_photos_has_them_attached() {
    let fake = Fake::start(&[(201, json!({"id": 42}))]).await;
    let counting = "
doublons: possibles
operations:
  creer: {chemin: '/tickets/fichiers', corps: {json: {photos: '{{ fichiers|length }}', de: fichier client}}, uid: /id}
  joindre: {chemin: '/tickets/{{ uid }}', corps: {fichier: {contenu: '{{ fichier }}'}}}
";
    let bench = bench(&fake.url, counting, &[]);
    let request = request(vec![stored(&bench).await]);
    assert!(bench.crm.create(&request).await.unwrap().attaches);
    let body: Value = serde_json::from_slice(&fake.seen()[0].body).unwrap();
    assert_eq!(body["photos"], 1);
    assert!(bench.crm.capabilities().attaches);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ran_out_is_renewed_once_for_everyone() {
    let mut fake = Fake::start(&[
        (200, json!({"token": "old"})),
        (200, json!({"tickets": []})),
        (401, json!("expired")),
        (200, json!({"token": "new"})),
        (200, json!({"tickets": [{"id": 7}]})),
    ])
    .await;
    let bench = bench(&fake.url, API, &[]);
    let request = request(Vec::new());
    assert_eq!(bench.crm.find(&request).await, Ok(Vec::new()));
    assert_eq!(
        bench.crm.find(&request).await,
        Ok(vec![Uid::new("7".into())])
    );
    let sessions: Vec<_> = fake.seen().into_iter().map(|it| it.session).collect();
    assert_eq!(sessions, ["", "old", "old", "", "new"]);
    // A new token that is refused is no reason to request another.
    fake.then(&[
        (401, json!("no")),
        (200, json!({"token": "third"})),
        (401, json!("no")),
    ]);
    let refused = bench.crm.find(&request).await;
    assert!(
        matches!(refused, Err(CrmError::Unauthorized(_))),
        "{refused:?}"
    );
    assert_eq!(fake.seen().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inconclusive_answer_to_a_creation_is_a_doubt() {
    let login = (200, json!({"token": "t"}));
    for (answer, wanted) in [
        ((500, json!("boom")), "doubt"),
        ((201, json!("{\"id\": ")), "unidentified"),
        ((201, json!({"number": 5})), "unidentified"),
        ((200, json!("<html>s3cr3t</html>")), "doubt"),
        ((429, json!("slow down")), "unavailable"),
        ((422, json!("s3cr3t is wrong")), "refused"),
        ((301, json!("")), "refused"),
        ((403, json!("")), "unauthorized"),
    ] {
        let mut fake = Fake::start(&[login.clone(), answer.clone()]).await;
        fake.then(&[login.clone(), answer.clone()]);
        let bench = bench(&fake.url, API, &[]);
        let got = bench.crm.create(&request(Vec::new())).await.unwrap_err();
        let word = match &got {
            CrmError::InDoubt(_) => "doubt",
            CrmError::Unidentified(_) => "unidentified",
            CrmError::Unavailable { .. } => "unavailable",
            CrmError::Refused { .. } => "refused",
            CrmError::Unauthorized(_) => "unauthorized",
            CrmError::Unreadable(_) => "unreadable",
            CrmError::Misconfigured(_) => "misconfigured",
            CrmError::Files(_) => "files",
        };
        assert_eq!(word, wanted, "{got:?}");
        assert!(!format!("{got:?}").contains("s3cr3t"), "{got:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_after_the_request_is_a_doubt_and_silence_before_it_is_not() {
    let resets = reset().await;
    let hangs = server(|stream| async move { std::mem::forget(stream) }).await;
    let cut = server(|mut stream| async move {
        let head = "HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{\"id\": 1";
        let _ = stream.write_all(head.as_bytes()).await;
    })
    .await;
    for url in [&resets, &hangs, &cut] {
        let bench = bench(url, PLAIN, &[]);
        let created = bench.crm.create(&request(Vec::new())).await;
        assert!(matches!(created, Err(CrmError::InDoubt(_))), "{created:?}");
        let found = bench.crm.find(&request(Vec::new())).await;
        // The part of an answer that was cut off cannot be read.
        let away = matches!(
            found,
            Err(CrmError::Unavailable { .. } | CrmError::Unreadable(_))
        );
        assert!(away, "{found:?}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    // A refused connection, an unknown name, and no TLS.
    let plain = reset().await.replace("http:", "https:");
    for url in [url.as_str(), "http://nobody.invalid", plain.as_str()] {
        let created = bench(url, PLAIN, &[])
            .crm
            .create(&request(Vec::new()))
            .await;
        assert!(
            matches!(created, Err(CrmError::Unavailable { .. })),
            "{url}: {created:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connector_can_call_an_internal_address() {
    let inside = Fake::start(&[(200, json!({"id": 1}))]).await;
    let api = PLAIN.replace(
        "chemin: /tickets, corps",
        &format!("chemin: '{}/x', corps", inside.url),
    );
    let by_name = api.replace("127.0.0.1", "localhost");
    let elsewhere = "https://crm.example";
    for api in [&api, &by_name] {
        let created = bench(elsewhere, api, &[])
            .crm
            .create(&request(Vec::new()))
            .await;
        let told = matches!(
            created,
            Err(CrmError::Misconfigured(_) | CrmError::Unavailable { .. })
        );
        assert!(told, "{created:?}");
    }
    assert!(inside.seen().is_empty());
    let allowed = bench(elsewhere, &api, &[("NETWORK__ALLOW", "127.0.0.1")]);
    let created = allowed.crm.create(&request(Vec::new())).await.unwrap();
    assert_eq!(created.uid.as_str(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_is_not_read_to_its_end() {
    const MIB: usize = 1 << 20;
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let url = server(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
            let _ = stream.write_all(head).await;
            let junk = vec![b'a'; MIB];
            // Enough to count as endless.
            while count.load(Ordering::SeqCst) < 100 && stream.write_all(&junk).await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
            std::mem::forget(stream);
        }
    })
    .await;
    let created = bench(&url, PLAIN, &[])
        .crm
        .create(&request(Vec::new()))
        .await;
    assert!(matches!(created, Err(CrmError::InDoubt(_))), "{created:?}");
    let taken = taken.load(Ordering::SeqCst);
    // The system's buffers for the connection come on top of the eight that are read.
    assert!(taken < 50, "{taken} MiB were taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_sowells_api_is_an_edit() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let uid = daemon.created(&signalement(1)).await;
    let file = "rules/connecteurs/sowell.yaml";
    let broken = "operations: {signaler_statut: {chemin: '/x/{{ uuid }}'}}\n";
    assert!(is_refused(&daemon.edit(file, broken).await));
    let edited = "operations:
  signaler_statut:
    methode: POST
    chemin: /v2/reports/{{ uid }}/state
    corps: {json: {state: '{{ statut }}'}}
";
    assert!(is_accepted(&daemon.edit(file, edited).await));
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    let call = sowell.wait_for(1).await.remove(0);
    assert_eq!(call.path, format!("/v2/reports/{uid}/state"));
    assert_eq!(call.body, json!({"state": "En cours de traitement"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_requests_and_sends_them() {
    let fake = Fake::start(&[
        (200, json!({"token": "t0ken"})),
        (200, json!({"tickets": [{"id": 5}]})),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let rules = Shipped::Rules.files().into_iter();
    for (name, bytes) in rules.chain([("connecteurs/crm.yaml".to_owned(), API.into())]) {
        let path = folder.path().join("rules").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let run = async |arguments: &'static [&'static str]| {
        let (folder, url) = (folder.path().to_owned(), fake.url.clone());
        let ran = tokio::task::spawn_blocking(move || {
            let rules = folder.join("rules");
            let variables = [
                ("PASSERELLE_CRM__BASE_URL", url.as_str()),
                ("PASSERELLE_SECRETS__ESSAI", "s3cr3t"),
                ("PASSERELLE_RULES_DIR", rules.to_str().unwrap()),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
            crate::cli::passerelle(&folder, &variables, arguments)
        });
        let ran = ran.await.unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    let shown = run(&["connector", "test", "crm"]).await;
    for words in [
        "POST /login",
        "***essai***",
        "(lu : jeton)",
        "/tickets?ref=",
        "X-Session: ***jeton***",
    ] {
        let words = words.replace("POST /", &format!("POST {}/", fake.url));
        assert!(shown.contains(&words), "{words} in {shown}");
    }
    assert!(fake.seen().is_empty());
    let sent = run(&[
        "connector",
        "test",
        "crm",
        "--operation",
        "chercher",
        "--live",
    ])
    .await;
    assert!(
        sent.contains("Réussite.") && sent.contains("uid = 5"),
        "{sent}"
    );
    for text in [shown, sent] {
        assert!(
            !text.contains("s3cr3t") && !text.contains("t0ken"),
            "{text}"
        );
    }
}
