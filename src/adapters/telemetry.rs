//! Logs on stderr and the metrics' registry.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Upper bounds of the latency histogram, in seconds.
const LATENCY_SECONDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// Sends logs to stderr; `RUST_LOG` chooses the level, `NO_COLOR` drops the colours.
pub fn logs() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let colours = std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
        && std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A second start in one process (the tests) finds the first one's subscriber: that will do.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_writer(std::io::stderr)
        .try_init();
}

/// The registry of this process.
#[must_use]
pub fn metrics() -> PrometheusHandle {
    static HANDLE: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets(&LATENCY_SECONDS)
                .unwrap_or_else(|_| PrometheusBuilder::new());
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Fails only where a registry is set already, which `get_or_init` rules out.
            let _ = metrics::set_global_recorder(recorder);
            describe();
            handle
        })
        .clone()
}

fn describe() {
    metrics::describe_counter!(
        "passerelle_http_requests_total",
        "Requests by method, route and status."
    );
    metrics::describe_histogram!(
        "passerelle_http_request_seconds",
        metrics::Unit::Seconds,
        "Time from the request's head to its answer, by route."
    );
    metrics::describe_counter!(
        "passerelle_signalements_total",
        "Signalements by outcome: created, replayed, set_aside or refused."
    );
    metrics::describe_counter!(
        "passerelle_statuts_total",
        "Status events by outcome: accepted, nothing or refused."
    );
    metrics::describe_counter!(
        "passerelle_delivery_attempts_total",
        "Attempts by destination and outcome: delivered, retry or dead."
    );
    metrics::describe_gauge!(
        "passerelle_deliveries",
        "Undelivered deliveries by destination and state."
    );
    metrics::describe_counter!(
        "passerelle_rules_reloads_total",
        "Attempts to put edited files in force, by outcome."
    );
    metrics::describe_gauge!(
        "passerelle_rules_last_attempt_accepted",
        "1 when the files on the disk are in force, 0 when the last edit was refused."
    );
    metrics::describe_gauge!(
        "passerelle_rules_active_since_seconds",
        "When the rules in force took effect, seconds since 1970."
    );
}
