//! Probes for liveness and readiness. Neither needs a token. Doc comments in French are the descriptions of the
//! OpenAPI document.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::adapters::http::AppState;
use crate::adapters::http::regles::{ReglesBody, state_of};
use crate::domain::instant::in_utc;
use crate::flows::settings::SettingsReload;

/// Si le service est prêt.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
pub struct ReadyBody {
    ready: bool,
    /// `ok`, ou pourquoi la base de données ne répond pas.
    database: String,
    /// `ok`, ou pourquoi les photos ne peuvent pas être écrites.
    files: String,
    /// `ok`, ou pourquoi le CRM ne répond pas.
    crm: String,
    /// Les règles en vigueur et la dernière modification ; un refus ne rend pas le service indisponible.
    regles: ReglesBody,
    /// La dernière modification du fichier de réglages ; un refus ne rend pas non plus le service indisponible.
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
                le: in_utc(last.at),
                acceptee: last.faults.is_empty(),
                erreurs: last.faults.clone(),
            },
            redemarrage: last.restart.clone(),
        }
    }
}

/// Indique que le processus est en vie.
#[utoipa::path(get, path = "/healthz", tag = "Exploitation", responses((status = 200, description = "Le processus est en vie.", body = String, content_type = "text/plain")))]
pub async fn alive() -> &'static str {
    "ok\n"
}

/// Indique si le service est prêt : base de données, photos et CRM.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Exploitation",
    responses((status = 200, description = "Prêt.", body = ReadyBody),
        (status = 503, description = "Pas prêt.", body = ReadyBody))
)]
pub async fn ready(State(state): State<AppState>) -> Response {
    let (database, files) = tokio::join!(
        state.probe.database(&state.store),
        state.probe.files(&state.files)
    );
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let database = database.map_or_else(|error| said(&error), |()| "ok".to_owned());
    let files = files.map_or_else(|error| said(&error), |()| "ok".to_owned());
    let ready = database == "ok" && files == "ok" && state.inbound.creations.able();
    let body = ReadyBody {
        ready,
        database,
        files,
        // The embedded CRM is the database.
        crm: state
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
