//! A daemon stops gracefully, and another takes over its socket without losing a request.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Builder, signalement, token, until};
use crate::process::{Process, hand_over, settle_in};

/// A request in progress: its head was accepted, and half of its body is sent.
struct Begun {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Begun {
    async fn at(url: &str) -> Self {
        let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
        let body = serde_json::to_vec(&signalement(1)).unwrap();
        let head = format!(
            "POST /api/v1/signalements HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            token("sowell"),
            body.len()
        );
        let (half, rest) = body.split_at(body.len() / 2);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        // From here on, the daemon is handling it.
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).await.unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(half).await.unwrap();
        Self {
            stream,
            rest: rest.to_vec(),
        }
    }

    /// Sends the rest, and returns all that is answered until the connection is closed.
    async fn end(mut self) -> String {
        self.stream.write_all(&self.rest).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

/// Waits until the daemon has received the signal to stop.
async fn heard(daemon: &Process) {
    until("it is stopping", || async {
        daemon.logged("stopping: finishing").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_told_to_stop_finishes_what_it_has_begun() {
    let folder = Builder::new().folder();
    let mut daemon = Process::start(folder.path(), &[]);
    let begun = Begun::at(&daemon.url).await;
    daemon.signal("TERM");
    heard(&daemon).await;
    let answer = begun.end().await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(daemon.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let folder = Builder::new().folder();
    let mut daemon = Process::start(folder.path(), &[]);
    let _begun = Begun::at(&daemon.url).await;
    daemon.signal("TERM");
    heard(&daemon).await;
    daemon.signal("TERM");
    assert_eq!(daemon.ended().await.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_under_load_drops_no_request() {
    const RESTARTS: usize = 3;
    let folder = Builder::new().folder();
    let socket = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("http://{}", socket.local_addr().unwrap());
    let start = {
        let (folder, socket) = (Arc::clone(&folder), Arc::clone(&socket));
        move || {
            let binary = Command::new(env!("CARGO_BIN_EXE_passerelle"));
            let command = settle_in(binary, folder.path(), &[]);
            Process::started(hand_over(&socket, &command), |_| {})
        }
    };
    let mut daemon = start();
    let over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU32::new(0));
    let clients: Vec<_> = (0..6)
        .map(|number| {
            // Half of them keep their connections, the others open a new one each time.
            let idle = if number % 2 == 0 { 8 } else { 0 };
            let client = Client::builder()
                .pool_max_idle_per_host(idle)
                .timeout(Duration::from_mins(1))
                .build()
                .unwrap();
            let (over, answered, url) = (Arc::clone(&over), Arc::clone(&answered), url.clone());
            tokio::spawn(async move {
                let mut sent = 0;
                while !over.load(Ordering::SeqCst) {
                    let body = signalement(number * 100_000 + sent);
                    let request = client.post(format!("{url}/api/v1/signalements"));
                    let request = request.bearer_auth(token("sowell")).json(&body);
                    let response = request
                        .send()
                        .await
                        .expect("no connection is refused or cut");
                    assert_eq!(response.status(), 201);
                    response.bytes().await.expect("no answer is cut");
                    sent += 1;
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                sent
            })
        })
        .collect();
    for _ in 0..RESTARTS {
        under_load(&answered).await;
        daemon.signal("TERM");
        let start = start.clone();
        let next = tokio::task::spawn_blocking(start).await.unwrap();
        assert!(daemon.ended().await.success());
        daemon = next;
    }
    under_load(&answered).await;
    over.store(true, Ordering::SeqCst);
    let mut sent = 0;
    for client in clients {
        sent += client.await.expect("a client met an error");
    }
    assert_eq!(sent, answered.load(Ordering::SeqCst));
    daemon.kill();
}

/// Waits until thirty more requests are answered.
async fn under_load(answered: &AtomicU32) {
    let before = answered.load(Ordering::SeqCst);
    until("requests are answered", || async {
        (answered.load(Ordering::SeqCst) >= before + 30).then_some(())
    })
    .await;
}
