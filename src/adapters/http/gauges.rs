//! The metrics, which need no token. Events are counted where they happen; the current state is read here on
//! request.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use strum::IntoEnumIterator;

use crate::adapters::http::AppState;
use crate::domain::livraison::{Destination, LivraisonEtat};
use crate::domain::ports::{ApartCount, LivraisonCount, Store};
use crate::domain::signalement::Etat;

/// Donne les métriques, au format texte de Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "Exploitation", responses((status = 200, description = "Les métriques.", body = String, content_type = "text/plain")))]
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
    metrics::gauge!("passerelle_rules_active_since_timestamp_seconds").set(since as f64);
    replica_gauges(state).await;
    metrics::gauge!("passerelle_crm_up").set(f64::from(u8::from(state.watch.outage().is_none())));
    set_apart(state.store.as_ref()).await;
    outbox_gauges(state.store.as_ref(), state.clock.now()).await;
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
async fn outbox_gauges(store: &dyn Store, now: DateTime<Utc>) {
    let Ok(counts) = store.count_livraisons().await else {
        return;
    };
    for destination in Destination::iter() {
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
            let age = found.map_or(0, |it| (now - it.oldest_at).num_seconds());
            metrics::gauge!(
                "passerelle_deliveries_oldest_seconds",
                "destination" => name, "state" => etat.as_str()
            )
            .set(age as f64);
        }
    }
}

/// Signalements without a demande, and how many of them wait for a person.
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
