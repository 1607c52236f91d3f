//! SoWell answers with a status, but the rest of its answer never arrives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use passerelle::domain::livraison::Destination;
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::statuts;
use crate::harness::{Builder, Daemon, signalement, until};

/// Answers every request with the same status line and the beginning of a body, and keeps the connection open.
struct Stalled {
    url: String,
    heard: Arc<AtomicUsize>,
}

impl Stalled {
    async fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(stall(stream, status, Arc::clone(&counted)));
            }
        });
        Self { url, heard }
    }

    fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }

    /// A daemon with one demande and a short timeout, so that attempts end before the limit on one call.
    async fn told_by(&self) -> (Daemon, String) {
        let builder = Builder::new().set("SOWELL__BASE_URL", &self.url);
        let builder = builder.set("DELIVERY__ATTEMPT", "2s");
        let daemon = builder.start().await;
        let uid = daemon.created(&signalement(1)).await;
        (daemon, uid)
    }
}

async fn stall(mut stream: TcpStream, status: &str, heard: Arc<AtomicUsize>) {
    let mut request = Vec::new();
    while !request.windows(4).any(|it| it == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    heard.fetch_add(1, Ordering::SeqCst);
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 10\r\n\r\nab");
    stream.write_all(answer.as_bytes()).await.unwrap();
    // Until the daemon closes the connection.
    while stream.read_buf(&mut request).await.unwrap_or(0) > 0 {}
}

async fn until_statuts(daemon: &Daemon, uid: &str, wanted: &[&str]) {
    until(&format!("{wanted:?}"), || async {
        let all = statuts(daemon, uid).await;
        let livraisons = all.as_array().unwrap().iter();
        let livraisons = livraisons.filter_map(|it| it["livraison"].as_str());
        (livraisons.collect::<Vec<_>>() == wanted).then_some(())
    })
    .await;
}

#[rstest]
#[case::taken("200 OK", "livree")]
#[case::refused("404 Not Found", "morte")]
#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_sowell_counts_though_its_body_never_ends(
    #[case] answered: &'static str,
    #[case] livraison: &str,
) {
    let sowell = Stalled::start(answered).await;
    let (daemon, uid) = sowell.told_by().await;
    for (statut, wanted) in [
        ("CRC en cours", vec![livraison]),
        ("Vivest en cours", vec![livraison; 2]),
    ] {
        let event = json!({ "statut": statut });
        assert_eq!(daemon.statut(&uid, &event).await.status, 202);
        until_statuts(&daemon, &uid, &wanted).await;
        assert_eq!(sowell.heard(), wanted.len(), "{statut}: heard once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_sowell_cannot_accept_yet_is_sent_again_though_its_body_never_ends() {
    let sowell = Stalled::start("503 Service Unavailable\r\nRetry-After: 0").await;
    let (daemon, uid) = sowell.told_by().await;
    let event = json!({"statut": "CRC en cours"});
    assert_eq!(daemon.statut(&uid, &event).await.status, 202);
    until("a second attempt", || async {
        (sowell.heard() >= 2).then_some(())
    })
    .await;
    until_statuts(&daemon, &uid, &["en_attente"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_reported_though_the_body_of_the_answer_never_ends() {
    let sowell = Stalled::start("401 Unauthorized").await;
    let (daemon, uid) = sowell.told_by().await;
    let event = json!({"statut": "CRC en cours"});
    assert_eq!(daemon.statut(&uid, &event).await.status, 202);
    let pause = until("the pause", || async {
        let pause = daemon.state.store.pause(Destination::Sowell).await;
        pause.unwrap()
    })
    .await;
    assert!(pause.refused, "{}", pause.reason);
}
