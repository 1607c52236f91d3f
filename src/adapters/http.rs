//! The HTTP API and the console: routes, and the layers that every request goes through.
//!
//! One file per resource; only `problem` turns an error into a status.

mod api_page;
pub mod auth;
pub mod body;
pub mod connections;
mod console;
mod demandes;
mod drain;
mod framing;
mod gauges;
pub mod handover;
mod health;
mod path;
mod patterns;
mod probe;
mod problem;
mod regles;
mod signalements;

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::task::TaskTracker;
use tower::ServiceBuilder;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::adapters::submission::buffers::Buffers;
use crate::domain::ports::{Clock, Files, Store};
use crate::flows::crm_watch::CrmWatch;
use crate::flows::inbound::Inbound;
use crate::flows::outbound::Outbound;
use crate::flows::reload::Reload;
use crate::flows::replica::Presence;
use crate::flows::settings::SettingsReload;

use auth::Gate;

pub use probe::Probe;
pub use problem::Problem;
pub use signalements::render_created;

/// How long a body may send nothing before the request is abandoned.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What handlers use, behind one `Arc` because axum clones it several times per request.
#[derive(Clone)]
pub struct AppState(Arc<Services>);

impl From<Services> for AppState {
    fn from(services: Services) -> Self {
        Self(Arc::new(services))
    }
}

impl Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// The flows and adapters behind the API.
pub struct Services {
    /// The database, for requests that only read.
    pub store: Arc<dyn Store>,
    /// Stored photos.
    pub files: Arc<dyn Files>,
    /// The clock, replaced in tests.
    pub clock: Arc<dyn Clock>,
    /// Accepts signalements.
    pub inbound: Arc<Inbound>,
    /// Accepts status changes.
    pub outbound: Arc<Outbound>,
    /// Loads the rules and holds those in force.
    pub reload: Arc<Reload>,
    /// This daemon's place among the replicas.
    pub presence: Arc<Presence>,
    /// The state of the CRM according to the last calls.
    pub watch: Arc<CrmWatch>,
    /// Checks the database and the photo store, for `/readyz` and the console.
    pub probe: Probe,
    /// Reusable memory for bodies.
    pub buffers: Arc<Buffers>,
    /// Checks tokens and request rates.
    pub gate: Arc<Gate>,
    /// Loads the settings and holds those in force.
    pub settings: Arc<SettingsReload>,
    /// Requests in progress, which continue if the client disconnects; a shutdown waits for them.
    pub tasks: TaskTracker,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Passerelle",
        description = "Relie SoWell au CRM du bailleur : les signalements entrent, les statuts sortent.\n\n\
                       Limites par défaut, que l'exploitant peut changer : un corps de 64 Mio (`limits.body` ; \
                       1 Mio pour un statut), 20 photos (`limits.photos`) de 16 Mio (`limits.photo`) et de 100 \
                       millions de pixels (`limits.pixels`) chacune, 600 requêtes par minute et par client \
                       (`limits.rate`)."
    ),
    modifiers(&Credentials),
    components(schemas(signalements::CreatedBody, signalements::SetAsideBody))
)]
struct Api;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("jeton", SecurityScheme::Http(scheme));
        let signature = ApiKeyValue::with_description("webhook-signature", SIGNATURE);
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(signature));
        components.add_security_scheme("signature", scheme);
    }
}

const SIGNATURE: &str = "À la place du jeton, la signature du corps selon Standard Webhooks, avec les en-têtes \
                         webhook-id et webhook-timestamp ; le secret est celui de crm.webhook_secret.";

/// All routes of the API and the console.
pub fn router(state: AppState) -> Router {
    let (api, mut openapi) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(signalements::create))
        .routes(routes!(signalements::show))
        .routes(routes!(demandes::show))
        .routes(routes!(demandes::file))
        .routes(routes!(demandes::change_statut))
        .routes(routes!(regles::show))
        .routes(routes!(regles::reload))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(gauges::metrics_text))
        .split_for_parts();
    patterns::fill_in(&mut openapi);
    api.merge(api_page::routes(openapi))
        .merge(console::routes())
        .fallback(|uri: Uri| async move {
            let problem = Problem::not_found("il n'y a rien à cette adresse");
            refused(console::has(uri.path()), problem)
        })
        .method_not_allowed_fallback(|uri: Uri| async move {
            refused(console::has(uri.path()), Problem::method_not_allowed())
        })
        .layer(middleware::from_fn(drain::hear_out))
        // A single layer, the first one outermost: each layer on a router costs at least one allocation per
        // request.
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn_with_state(state.tasks.clone(), outlive))
                .layer(middleware::from_fn(measure))
                .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT)),
        )
        .with_state(state)
}

/// A problem, as a page if the address is one of the console's.
fn refused(in_console: bool, problem: Problem) -> Response {
    if in_console {
        console::failure(problem)
    } else {
        problem.into_response()
    }
}

/// Runs the handler in its own task: the server drops the future it polls as soon as the client hangs up, and work
/// that has begun must finish.
async fn outlive(State(tasks): State<TaskTracker>, request: Request, next: Next) -> Response {
    let in_console = console::has(request.uri().path());
    match tasks.spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => refused(in_console, Problem::internal(&error)),
    }
}

/// Counts and times requests by route, never by the requested address.
async fn measure(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    // Anyone can invent a method; only real ones get their own series.
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => "refused",
        _ => "unknown",
    };
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!(
        "passerelle_http_requests_total",
        "method" => method, "route" => route.clone(), "status" => status
    )
    .increment(1);
    metrics::histogram!("passerelle_http_request_seconds", "route" => route)
        .record(begun.elapsed());
    response
}
