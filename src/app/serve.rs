//! Serves until the daemon is told to stop, then finishes what is in progress.

use std::sync::Arc;
use std::time::Duration;

use axum::middleware;
use axum_server::accept::NoDelayAcceptor;
use axum_server::{Handle, Server};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::App;
use super::workers::Workers;
use crate::adapters::http::handover::{ConnectionSlot, UntilStop, last_answers};
use crate::adapters::http::{connections, router};

/// How long a connection may stay open without sending the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a shutdown waits for requests and deliveries in progress.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(25);
/// How long connections that are open at shutdown may send one more request.
const LAST_REQUESTS: Duration = Duration::from_millis(250);
/// How often to check whether they have closed.
const CONNECTIONS_POLL: Duration = Duration::from_millis(5);

impl App {
    /// Serves until `stop`, then finishes what is in progress.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let state = self.state.clone();
        let presence = Arc::clone(&state.presence);
        let store = Arc::clone(&state.store);
        let alone = self.alone.take();
        let creations = Arc::clone(&self.creations);
        let workers = Workers::new(&stop);
        let hints = self.start_workers(&workers);
        let tasks = state.tasks.clone();
        let handle = Handle::new();
        let listener = UntilStop::new(listener, stop.clone(), handle.clone(), connections::most());
        let server = server(listener).handle(handle.clone());
        let last_answers = middleware::from_fn_with_state(stop.clone(), last_answers);
        let router = router(state).layer(last_answers);
        let mut server = tokio::spawn(server.serve(router.into_make_service()));
        tokio::select! {
            () = stop.cancelled() => {}
            ended = &mut server => ended??,
        }
        stop.cancel();
        leave(&handle).await;
        handle.graceful_shutdown(None);
        tasks.close();
        let finish = async {
            if !server.is_finished() {
                let _ = server.await;
            }
            tasks.wait().await;
            workers.ended().await;
            creations.written().await;
            presence.leave().await;
            if let Err(error) = store.checkpoint().await {
                tracing::warn!(%error, "the database's log was not copied into its file");
            }
        };
        if tokio::time::timeout(SHUTDOWN_LIMIT, finish).await.is_err() {
            tracing::warn!("stopped before everything in progress had finished");
        }
        drop(hints);
        drop(alone);
        if workers.broken.is_cancelled() {
            anyhow::bail!("a worker ended by itself; its error is in the log");
        }
        Ok(())
    }
}

/// Waits, within a limit, until every connection that was open when the daemon was told to stop has received
/// its last answer: a request may be arriving on any of them.
async fn leave(handle: &Handle<ConnectionSlot>) {
    let end = Instant::now() + LAST_REQUESTS;
    while handle.connection_count() > 0 && Instant::now() < end {
        tokio::time::sleep(CONNECTIONS_POLL).await;
    }
}

/// The HTTP server on the listener.
fn server(listener: UntilStop) -> Server<ConnectionSlot, NoDelayAcceptor> {
    let mut server = Server::from_listener(listener)
        // Without it, an answer in two segments would wait for the client's acknowledgement.
        .acceptor(NoDelayAcceptor::new())
        .first_request_timeout(HEAD_TIMEOUT);
    // A client that sent its request and closed its sending side is still answered: the request may be a
    // signalement.
    let mut http1 = server.http_builder().http1();
    http1.half_close(true).header_read_timeout(HEAD_TIMEOUT);
    server
}
