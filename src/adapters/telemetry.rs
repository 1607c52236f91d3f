//! Logs on stderr, and the registry of metrics.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

/// Upper bounds of the latency histogram, in seconds.
const LATENCY_SECONDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// The filter of this process's events, once logging is set up.
static EVENTS: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Sends logs to stderr; `directives` select the events, `NO_COLOR` turns colours off.
pub fn logs(directives: &str) {
    let colours = std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
        && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let (filter, events) = reload::Layer::new(chosen(directives));
    let lines = fmt::layer().with_ansi(colours).with_writer(std::io::stderr);
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    // A second start in one process (in tests) keeps the first one's subscriber, which is fine.
    if subscriber.try_init().is_ok() {
        let _ = EVENTS.set(events);
    }
}

/// Selects different events from now on; no effect if logging was set up elsewhere.
pub fn set_log(directives: &str) {
    if let Some(events) = EVENTS.get() {
        // Fails only once the subscriber is gone, and then there is no log to write to.
        let _ = events.reload(chosen(directives));
    }
}

/// The filter for these directives. At `info`, PostgreSQL's own notices are left out: on each start it mentions
/// tables that already exist.
fn chosen(directives: &str) -> EnvFilter {
    if directives
        .split(',')
        .any(|it| it.eq_ignore_ascii_case("info"))
    {
        // First, so that a directive for the same target overrides it.
        EnvFilter::new(format!("sqlx::postgres::notice=warn,{directives}"))
    } else {
        EnvFilter::new(directives)
    }
}

/// The metrics registry of this process.
#[must_use]
pub fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets(&LATENCY_SECONDS)
                .unwrap_or_else(|_| PrometheusBuilder::new());
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Fails only if a recorder is already set, which `get_or_init` rules out.
            let _ = metrics::set_global_recorder(recorder);
            describe();
            handle
        })
        .clone()
}

fn describe() {
    for (name, help) in COUNTERS {
        metrics::describe_counter!(name, help);
    }
    for (name, help) in GAUGES {
        metrics::describe_gauge!(name, help);
    }
    metrics::describe_histogram!(
        "passerelle_http_request_seconds",
        metrics::Unit::Seconds,
        "Time from the request's head to its answer, by route."
    );
}

const COUNTERS: [(&str, &str); 9] = [
    (
        "passerelle_http_requests_total",
        "Requests by method, route and status.",
    ),
    (
        "passerelle_signalements_total",
        "Signalements by outcome: created, replayed, set_aside, deferred or refused.",
    ),
    (
        "passerelle_statuts_total",
        "Status events by outcome: accepted, nothing or refused.",
    ),
    (
        "passerelle_crm_calls_total",
        "Calls of a remote CRM by operation and outcome.",
    ),
    (
        "passerelle_creations_unclaimed_total",
        "Demandes that the CRM created after another worker had taken the creation over.",
    ),
    (
        "passerelle_delivery_attempts_total",
        "Attempts by destination and outcome: delivered, retry or dead.",
    ),
    (
        "passerelle_purged_total",
        "Items deleted by retention, by kind: traces, payloads or deliveries.",
    ),
    (
        "passerelle_rules_reloads_total",
        "Attempts to put edited files in force, by outcome.",
    ),
    (
        "passerelle_settings_reloads_total",
        "Attempts to put the edited settings file in force, by outcome.",
    ),
];

const GAUGES: [(&str, &str); 13] = [
    (
        "passerelle_deliveries",
        "Undelivered deliveries by destination and state.",
    ),
    (
        "passerelle_deliveries_oldest_seconds",
        "Age of the oldest undelivered delivery by destination and state; 0 without one.",
    ),
    (
        "passerelle_delivery_paused",
        "1 while a destination is paused, or probed with one delivery, after failures.",
    ),
    (
        "passerelle_signalements_apart",
        "Signalements without a demande, by state.",
    ),
    (
        "passerelle_signalements_stopped",
        "Signalements without a demande that wait for a person, by state.",
    ),
    ("passerelle_crm_up", "0 while calls to the CRM fail."),
    (
        "passerelle_crm_changes_read_timestamp_seconds",
        "When this process last read the CRM's whole list of changes, seconds since 1970.",
    ),
    (
        "passerelle_replicas",
        "Daemons that share the database and were seen recently.",
    ),
    (
        "passerelle_replicas_lagging",
        "Replicas whose rules in force are not those accepted last.",
    ),
    (
        "passerelle_rules_last_attempt_accepted",
        "1 when the files on disk are in force, 0 when the last edit was refused.",
    ),
    (
        "passerelle_rules_active_since_timestamp_seconds",
        "When the rules in force took effect, seconds since 1970.",
    ),
    (
        "passerelle_settings_last_attempt_accepted",
        "1 when the settings file is in force, 0 when its last edit was refused.",
    ),
    (
        "passerelle_settings_restart_keys",
        "How many keys of the settings file wait for a restart.",
    ),
];

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use rstest::rstest;

    use super::*;

    /// Collects the log lines of a test.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[rstest]
    #[case("info", &["other"])]
    #[case("warn,INFO", &["other"])]
    #[case("info,sqlx::postgres::notice=info", &["remark", "other"])]
    #[case("debug", &["remark", "other"])]
    #[case("warn", &[])]
    fn notices_of_the_database_are_logged_only_on_request(
        #[case] log: &str,
        #[case] wanted: &[&str],
    ) {
        let lines = Lines::default();
        let kept = lines.clone();
        let layer = fmt::layer().with_writer(move || kept.clone());
        let subscriber = tracing_subscriber::registry().with(chosen(log)).with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: "sqlx::postgres::notice", "remark");
            tracing::info!("other");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let said: Vec<&str> = ["remark", "other"]
            .into_iter()
            .filter(|it| text.contains(it))
            .collect();
        assert_eq!(said, wanted, "{text}");
    }
}
