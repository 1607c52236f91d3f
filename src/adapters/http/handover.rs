//! Lets another daemon take over the socket without losing a request.
//!
//! When told to stop, a daemon accepts no more connections: those waiting in the socket's queue are left to the
//! next daemon. For a short while, answers on open connections ask the client to reconnect; only then are idle
//! connections closed.

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

/// How often to check for a free slot when all are taken.
const ROOM_POLL: Duration = Duration::from_millis(50);
/// How often to log that we are waiting.
const TELL_AGAIN: Duration = Duration::from_mins(1);

/// A listener that stops accepting when the daemon is told to stop, and while the maximum number of connections is
/// open: further ones wait in the socket's queue.
pub struct UntilStop {
    listener: TcpListener,
    stop: CancellationToken,
    /// Counts the open connections.
    open: Handle<ConnectionSlot>,
    most: usize,
    /// When the lack of free slots was last logged.
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

    /// Logs that there is no free slot, once a minute while that lasts.
    fn tell_full(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= TELL_AGAIN) {
            tracing::warn!(
                most = self.most,
                "the maximum number of clients is connected: further ones wait"
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

/// The address of such a listener.
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
            // Pending for ever: a connection accepted now would be cut, since nothing serves it any more.
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

/// Closes each connection with its next answer once the daemon is told to stop.
pub async fn last_answers(
    State(stop): State<CancellationToken>,
    request: Request,
    next: Next,
) -> Response {
    // HTTP/2 has its own way to announce this, and forbids this header.
    let says_so = request.version() <= Version::HTTP_11;
    let mut response = next.run(request).await;
    if says_so && stop.is_cancelled() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}
