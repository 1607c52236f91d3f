//! `passerelle serve`: runs the daemon.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::adapters::telemetry;
use crate::app::App;
use crate::cli::variables;
use crate::domain::instant::in_utc;
use crate::domain::ports::Client;
use crate::rules::compile::Generation;
use crate::settings::{Folder, Settings};

/// How long to wait for a port that is in use.
const PORT_LIMIT: Duration = Duration::from_secs(2);
/// How often to retry meanwhile.
const PORT_POLL: Duration = Duration::from_millis(20);

pub(super) async fn run(settings: Settings) -> anyhow::Result<()> {
    telemetry::logs(&settings.live.log);
    // SIGHUP would end the process until it is handled; startup itself does what it asks for.
    let _hangups = signal(SignalKind::hangup());
    for unknown in Settings::unknown_variables(variables()?) {
        tracing::warn!("unknown setting in the environment: {unknown}");
    }
    let listener = listen(settings.listen).await?;
    // Only once the port is ours: generated tokens must also be shown.
    let app = App::build(&settings).await?;
    greet(&app, &settings, listener.local_addr()?);
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    tokio::spawn(pat_watchdog());
    tell_service_manager(NotifyState::Ready);
    app.serve(listener, stop).await
}

/// The socket that a service manager holds for us (`LISTEN_FDS`), or else one of our own. An inherited socket
/// outlives us: connections made while no daemon runs wait in its queue.
async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let handed = ListenFd::from_env().take_tcp_listener(0);
    match handed.context("the socket that was handed over (LISTEN_FDS)")? {
        Some(listener) => {
            listener.set_nonblocking(true)?;
            Ok(TcpListener::from_std(listener)?)
        }
        None => bind(address)
            .await
            .with_context(|| format!("listen: {address}")),
    }
}

/// The port of a daemon killed a moment ago may not be free yet.
async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let end = Instant::now() + PORT_LIMIT;
    loop {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < end => {
                tokio::time::sleep(PORT_POLL).await;
            }
            bound => return bound,
        }
    }
}

/// Does nothing if no service manager asked for notifications.
fn tell_service_manager(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager could not be notified");
    }
}

/// Pings the watchdog of a service manager that asked for it (`WatchdogSec=`).
async fn pat_watchdog() {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    loop {
        tell_service_manager(NotifyState::Watchdog);
        tokio::time::sleep(limit / 2).await;
    }
}

/// Tells someone at a terminal what to do next. Printed on stderr, like the logs, but never in them: tokens are
/// shown here once and stored nowhere.
fn greet(app: &App, settings: &Settings, address: SocketAddr) {
    let generation = app.state.reload.generation();
    eprintln!("\nPasserelle listens on http://{address}");
    eprintln!("  database   {}", settings.database);
    match &settings.rules {
        Folder::Disk(path) => eprintln!(
            "  rules      {}, version {}",
            path.display(),
            generation.version
        ),
        Folder::Shipped => eprintln!(
            "  rules      built-in, version {}: there is no `rules` folder here",
            generation.version
        ),
    }
    if let Some(address) = &settings.live.crm.base_url {
        // Only the origin: an address may also contain credentials.
        eprintln!("  CRM        {}", address.origin().ascii_serialization());
    }
    if settings.live.sowell.is_none() {
        eprintln!("  SoWell     sowell.base_url is not set: deliveries wait");
    }
    if settings.live.smtp.url.is_none() {
        let folder = settings.data_dir.join("courriels");
        eprintln!(
            "  e-mails    smtp.url is not set: written to {}",
            folder.display()
        );
    }
    if settings.live.smtp.lacks_sender() {
        eprintln!(
            "  e-mails    smtp.from is not set: sent as {}",
            settings.live.smtp.from
        );
    }
    if !app.new_tokens.is_empty() {
        eprintln!("\nNew tokens, shown only once:");
        for (client, token) in &app.new_tokens {
            eprintln!("  {:<8} {}", client.as_str(), token.expose());
        }
    }
    let token = app.new_tokens.get(&Client::Sowell);
    let token = token.map_or("$TOKEN_SOWELL", |token| token.expose());
    if let Some(body) = example(&generation) {
        eprintln!("\nTry it:");
        // Double quotes around the header, so that a shell expands the variable.
        eprintln!(
            "  curl -i http://{address}/api/v1/signalements -H \"Authorization: Bearer {token}\" \
             -H 'Content-Type: application/json' -d '{body}'"
        );
    }
    eprintln!("\nConsole: http://{address}/\n");
}

/// A body that the rules in force accept; `None` if they know no residence or qualification.
fn example(generation: &Generation) -> Option<String> {
    let first = |preferred: &str, codes: Vec<&str>| {
        let found = codes
            .iter()
            .find(|code| **code == preferred)
            .or(codes.iter().min());
        found.map(|code| (*code).to_owned())
    };
    let rules = &generation.rules;
    let qualifications = rules.qualifications.keys().map(String::as_str).collect();
    let residences = generation
        .referentiel
        .residences()
        .map(|it| it.code.as_str())
        .collect();
    let priorites = rules.priorites.keys().map(String::as_str).collect();
    let now = Utc::now();
    let body = json!({
        "qualification": first("ASC", qualifications)?,
        "residence": first("MZ-01", residences)?,
        "auteur": "Camille Durand",
        "email_auteur": "camille.durand@locataire.example",
        "date_creation": in_utc(now),
        "priorite": first("high", priorites)?,
        "description": "Premier essai",
        "lien_sowell": format!("https://manager.sowell.example/signalements/{}", now.timestamp()),
        "transmettre_auteur": true,
        "transmettre_manager": true,
    });
    // Inside single quotes, an apostrophe in a code would end the shell's string.
    Some(body.to_string().replace('\'', "\\u0027"))
}

async fn stop_on_signal(stop: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::warn!("cannot listen for signals");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: finishing what is in progress");
    tell_service_manager(NotifyState::Stopping);
    stop.cancel();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    // Nothing acknowledged is lost: clients without an answer send their request again.
    tracing::warn!("stopped at once, on a second signal");
    std::process::exit(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_about_to_be_given_back_is_waited_for() {
        let taken = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = taken.local_addr().unwrap();
        let (bound, ()) = tokio::join!(bind(address), async move { drop(taken) });
        assert_eq!(bound.unwrap().local_addr().unwrap(), address);
    }
}
