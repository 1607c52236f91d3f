//! Probes and metrics; none of them needs a token.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::adapters::http::AppState;
use crate::adapters::http::regles::{ReglesBody, state_of, text};
use crate::domain::livraison::{Destination, LivraisonEtat};
use crate::domain::ports::{ApartCount, LivraisonCount, Store, StoreError};
use crate::domain::signalement::Etat;
use crate::flows::settings::SettingsReload;

/// How long what a look at the database found is believed.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// Looks at the database, one look at a time and no more than one a second: it writes, and nobody
/// needs a token to ask for it.
#[derive(Debug, Default)]
pub struct Probe {
    last: Mutex<Option<(Instant, Result<(), StoreError>)>>,
}

impl Probe {
    async fn look(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut last = self.last.lock().await;
        match &*last {
            Some((at, found)) if at.elapsed() < PROBE_EVERY => found.clone(),
            _ => {
                let found = store.ping().await;
                *last = Some((Instant::now(), found.clone()));
                found
            }
        }
    }
}

/// Whether the daemon can serve.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
pub struct ReadyBody {
    ready: bool,
    /// `ok`, or why the database does not answer.
    database: String,
    /// `ok`, or why photos cannot be written.
    files: String,
    /// `ok`, or why the CRM does not answer.
    crm: String,
    /// The rules in force and the last edit; a refused edit does not make the daemon unready.
    regles: ReglesBody,
    /// The last edit of the settings file; a refused one does not make the daemon unready either.
    reglages: ReglagesBody,
}

/// Le fichier de réglages : la dernière tentative, et ce qui attend un redémarrage.
#[derive(Serialize, ToSchema)]
#[schema(as = EtatReglages)]
struct ReglagesBody {
    derniere_tentative: SettingsAttemptBody,
    /// Clés dont la nouvelle valeur prendra effet au prochain démarrage.
    redemarrage: Vec<&'static str>,
}

/// La dernière tentative de mise en vigueur ; le démarrage compte.
#[derive(Serialize, ToSchema)]
#[schema(as = TentativeReglages)]
struct SettingsAttemptBody {
    #[schema(format = "date-time")]
    le: String,
    acceptee: bool,
    /// Ce qui l'a fait refuser.
    erreurs: Vec<String>,
}

impl ReglagesBody {
    fn of(settings: &SettingsReload) -> Self {
        let last = settings.last_attempt();
        Self {
            derniere_tentative: SettingsAttemptBody {
                le: text(last.at),
                acceptee: last.faults.is_empty(),
                erreurs: last.faults.clone(),
            },
            redemarrage: last.restart.clone(),
        }
    }
}

/// Tells that the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "Exploitation", responses((status = 200, description = "Le processus vit.")))]
pub async fn alive() -> &'static str {
    "ok\n"
}

/// Tells whether it can serve: database, rules and CRM.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Exploitation",
    responses((status = 200, description = "Prêt.", body = ReadyBody),
        (status = 503, description = "Pas prêt.", body = ReadyBody))
)]
pub async fn ready(State(state): State<AppState>) -> Response {
    let database = match state.probe.look(state.store.as_ref()).await {
        Ok(()) => "ok".to_owned(),
        Err(error) => error.to_string(),
    };
    let files = match state.files.ping().await {
        Ok(()) => "ok".to_owned(),
        Err(error) => error.to_string(),
    };
    let creations = &state.inbound.creations;
    let ready = database == "ok" && files == "ok" && creations.able();
    let body = ReadyBody {
        ready,
        database,
        files,
        // The embedded CRM is the database.
        crm: creations
            .watch
            .outage()
            .map_or_else(|| "ok".to_owned(), |outage| outage.reason),
        regles: state_of(&state.reload),
        reglages: ReglagesBody::of(&state.settings),
    };
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(body)).into_response()
}

/// Gives the metrics in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "Exploitation", responses((status = 200, description = "Les mesures.", content_type = "text/plain")))]
pub async fn metrics_text(State(state): State<AppState>) -> Response {
    set_gauges(&state).await;
    let headers = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (headers, state.metrics.render()).into_response()
}

async fn set_gauges(state: &AppState) {
    let last = state.reload.last_attempt();
    metrics::gauge!("passerelle_rules_last_attempt_accepted")
        .set(f64::from(u8::from(last.accepted)));
    let settings = state.settings.last_attempt();
    metrics::gauge!("passerelle_settings_last_attempt_accepted")
        .set(f64::from(u8::from(settings.faults.is_empty())));
    let restart = u32::try_from(settings.restart.len()).unwrap_or(u32::MAX);
    metrics::gauge!("passerelle_settings_restart_keys").set(f64::from(restart));
    let since = state.reload.active().since.timestamp();
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 fit a double exactly"
    )]
    metrics::gauge!("passerelle_rules_active_since_seconds").set(since as f64);
    replica_gauges(state).await;
    metrics::gauge!("passerelle_crm_up").set(f64::from(u8::from(
        state.inbound.creations.watch.outage().is_none(),
    )));
    set_apart(state.store.as_ref()).await;
    outbox_gauges(state.store.as_ref()).await;
}

async fn replica_gauges(state: &AppState) {
    let Ok(seen) = state.presence.all().await else {
        return;
    };
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    metrics::gauge!("passerelle_replicas").set(number(seen.len()));
    let lagging = seen.iter().filter(|it| it.lagging).count();
    metrics::gauge!("passerelle_replicas_lagging").set(number(lagging));
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no outbox holds 2^53 deliveries, nor does one wait for 2^53 seconds"
)]
async fn outbox_gauges(store: &dyn Store) {
    let Ok(counts) = store.count_livraisons().await else {
        return;
    };
    for destination in Destination::ALL {
        let name = destination.as_str();
        if let Ok(pause) = store.pause(destination).await {
            metrics::gauge!("passerelle_delivery_paused", "destination" => name)
                .set(f64::from(u8::from(pause.is_some())));
        }
        for etat in [
            LivraisonEtat::EnAttente,
            LivraisonEtat::Morte,
            LivraisonEtat::Retenue,
        ] {
            let found = LivraisonCount::of(&counts, destination, etat);
            metrics::gauge!(
                "passerelle_deliveries", "destination" => name, "state" => etat.as_str()
            )
            .set(found.map_or(0, |it| it.count) as f64);
            let age = found.map_or(0, |it| (Utc::now() - it.oldest_at).num_seconds());
            metrics::gauge!(
                "passerelle_deliveries_oldest_seconds",
                "destination" => name, "state" => etat.as_str()
            )
            .set(age as f64);
        }
    }
}

/// Signalements without a demande, and those among them that only a person can help.
async fn set_apart(store: &dyn Store) {
    let Ok(counts) = store.count_apart().await else {
        return;
    };
    for etat in Etat::APART {
        for (name, stopped) in [
            ("passerelle_signalements_apart", false),
            ("passerelle_signalements_stopped", true),
        ] {
            if stopped && !etat.is_pending() {
                continue;
            }
            let count = ApartCount::of(&counts, etat, stopped);
            #[expect(
                clippy::cast_precision_loss,
                reason = "no database holds 2^53 signalements"
            )]
            metrics::gauge!(name, "state" => etat.as_str()).set(count as f64);
        }
    }
}
