//! Lets another daemon take the socket over without a request lost.
//!
//! Told to stop, a daemon accepts nothing more: what waits in the socket's queue is for the one that
//! follows. Connections that are open already get a short while in which each answer asks its client
//! to come back by a new one; only then are the idle ones closed.

use std::io;
use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_server::{AddrListener, Address};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// A socket that is no longer listened to once the daemon is told to stop.
pub struct UntilStop {
    listener: TcpListener,
    stop: CancellationToken,
}

impl UntilStop {
    /// Listens until `stop`.
    #[must_use]
    pub fn new(listener: TcpListener, stop: CancellationToken) -> Self {
        Self { listener, stop }
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
        Ok(Self::new(listener, CancellationToken::new()))
    }

    async fn accept_stream(&self) -> io::Result<(TcpStream, ConnectionSlot)> {
        tokio::select! {
            biased;
            // For good: an accepted connection that nobody serves any more would be cut.
            () = self.stop.cancelled() => std::future::pending().await,
            accepted = self.listener.accept() => {
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
