//! A SoWell that answers slowly, and records when it received what.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// How long it waits before it answers.
pub const ANSWER: Duration = Duration::from_millis(20);
/// A delivery that has not arrived by then never will.
const PATIENCE: Duration = Duration::from_mins(1);

/// The server; it stops when this value is dropped.
pub struct Partner {
    /// The address it listens on.
    pub address: SocketAddr,
    desk: Arc<Desk>,
    receipts: Receiver<Receipt>,
    _runtime: Runtime,
}

/// A status that was received completely.
pub struct Receipt {
    /// When it arrived. The answer takes [`ANSWER`] longer, which is not included in any result.
    pub at: Instant,
    /// The `commentaire` it carries.
    pub commentaire: String,
}

struct Desk {
    receipts: Sender<Receipt>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Partner {
    /// Starts it on a free port.
    pub fn start() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (sender, receipts) = mpsc::channel();
        let desk = Arc::new(Desk {
            receipts: sender,
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&desk));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            desk,
            receipts,
            _runtime: runtime,
        }
    }

    /// Its address, as used in the settings.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the next status.
    pub fn next(&self) -> Receipt {
        let receipt = self.receipts.recv_timeout(PATIENCE);
        receipt.expect("SoWell is told nothing")
    }

    /// Maximum number of requests it has handled at once.
    pub fn most_at_once(&self) -> usize {
        self.desk.most_at_once.load(Ordering::Relaxed)
    }
}

async fn receive(State(desk): State<Arc<Desk>>, Json(body): Json<Value>) {
    let at = Instant::now();
    let now = desk.at_once.fetch_add(1, Ordering::Relaxed) + 1;
    desk.most_at_once.fetch_max(now, Ordering::Relaxed);
    let commentaire = body["commentaire"].as_str().unwrap_or_default().to_owned();
    // The receiver may have been dropped.
    let _ = desk.receipts.send(Receipt { at, commentaire });
    tokio::time::sleep(ANSWER).await;
    desk.at_once.fetch_sub(1, Ordering::Relaxed);
}
