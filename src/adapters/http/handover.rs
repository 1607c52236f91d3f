//! Lets another daemon take the socket over without a request lost.
//!
//! Told to stop, a daemon accepts nothing more: what waits in the socket's queue is for the one that
//! follows. Connections that are open already get a short while in which each answer asks its client
//! to come back by a new one; only then are the idle ones closed.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_server::{AddrListener, Address, Handle};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How often a full house is looked at for a place.
const ROOM_POLL: Duration = Duration::from_millis(50);
/// How often that is told.
const TELL_AGAIN: Duration = Duration::from_mins(1);

/// A socket that is no longer listened to once the daemon is told to stop, nor while as many connections
/// are open as may be: further ones wait in its queue.
pub struct UntilStop {
    listener: TcpListener,
    stop: CancellationToken,
    /// Counts the open ones.
    open: Handle<ConnectionSlot>,
    most: usize,
    /// When operators were last told that there are as many as may be.
    told: Mutex<Option<Instant>>,
}

impl UntilStop {
    /// Listens until `stop`, and accepts while fewer than `most` connections of `open` are open.
    #[must_use]
    pub fn new(
        listener: TcpListener,
        stop: CancellationToken,
        open: Handle<ConnectionSlot>,
        most: usize,
    ) -> Self {
        Self {
            listener,
            stop,
            open,
            most,
            told: Mutex::default(),
        }
    }

    /// Tells that there is no room, once a minute while that lasts.
    fn tell_full(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= TELL_AGAIN) {
            tracing::warn!(
                most = self.most,
                "as many clients are connected as may be: further ones wait"
            );
            *told = Some(Instant::now());
        }
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        if self.open.connection_count() >= self.most {
            self.tell_full();
            while self.open.connection_count() >= self.most {
                sleep(ROOM_POLL).await;
            }
        }
        self.listener.accept().await
    }
}

/// The address of such a socket.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionSlot(SocketAddr);

impl Address for ConnectionSlot {
    type Stream = TcpStream;
    type Listener = UntilStop;
}

impl AddrListener<TcpStream, ConnectionSlot> for UntilStop {
    async fn bind_to(place: ConnectionSlot) -> io::Result<Self> {
        let listener = TcpListener::bind(place.0).await?;
        let (stop, open) = (CancellationToken::new(), Handle::new());
        Ok(Self::new(listener, stop, open, usize::MAX))
    }

    async fn accept_stream(&self) -> io::Result<(TcpStream, ConnectionSlot)> {
        tokio::select! {
            biased;
            // For good: an accepted connection that nobody serves any more would be cut.
            () = self.stop.cancelled() => std::future::pending().await,
            accepted = self.accept() => {
                let (stream, from) = accepted?;
                Ok((stream, ConnectionSlot(from)))
            }
        }
    }

    fn get_local_addr(&self) -> io::Result<ConnectionSlot> {
        self.listener.local_addr().map(ConnectionSlot)
    }
}

/// Once the daemon is told to stop, each answer is the last one of its connection.
pub async fn last_answers(
    State(stop): State<CancellationToken>,
    request: Request,
    next: Next,
) -> Response {
    // HTTP/2 has a way of its own to say so, and forbids this one.
    let says_so = request.version() <= Version::HTTP_11;
    let mut response = next.run(request).await;
    if says_so && stop.is_cancelled() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}
