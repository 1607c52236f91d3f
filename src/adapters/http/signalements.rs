//! `/api/v1/signalements`: the API for SoWell.

mod bodies;

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::adapters::french;
use crate::adapters::http::AppState;
use crate::adapters::http::auth::Caller;
use crate::adapters::http::body::JsonBody;
use crate::adapters::http::path::{Segments, segment};
use crate::adapters::http::problem::{BodyRefusals, CommonRefusals, Problem, ProblemBody};
use crate::adapters::submission;
use crate::crash;
use crate::domain::ports::Client;
use crate::flows::creation::Accepted;
use crate::flows::inbound::{Received, Submission};

pub(super) use bodies::PHOTO;
pub use bodies::{CreatedBody, GestionnaireBody, SetAsideBody};
use bodies::{DeferredBody, EtatBody, NothingCreatedBody, SignalementBody, StatutBody};

/// The longest `Idempotency-Key`, in bytes.
const KEY_BYTES: usize = 255;
/// Larger bodies, in bytes, are parsed off the threads that serve requests; for smaller ones, half a millisecond of
/// work costs less than a switch to another thread and back.
pub(super) const PARSE_APART_BYTES: usize = 512 * 1024;

/// The body of a 201, stored in the same commit as the creation.
#[must_use]
pub fn render_created(accepted: &Accepted<'_>) -> String {
    // The demande already exists: whatever else goes wrong, its UID must be returned.
    catch_unwind(AssertUnwindSafe(|| {
        crash::panic_at("answer");
        created_body(accepted)
    }))
    .unwrap_or_else(|_| {
        tracing::error!(
            uid = accepted.uid.as_str(),
            "the full answer could not be rendered, a minimal one is returned"
        );
        let (id, uid) = (accepted.id.as_str(), accepted.uid.as_str());
        json!({"id": id, "uid": uid, "transmis": true, "avertissements": []}).to_string()
    })
}

fn created_body(accepted: &Accepted<'_>) -> String {
    let demande = accepted.demande;
    let body = CreatedBody {
        id: accepted.id.as_str(),
        uid: accepted.uid.as_str(),
        transmis: true,
        statut: &demande.statut,
        statut_sowell: demande.statut_sowell.as_deref(),
        canal: &demande.canal,
        gestionnaire_concerne: (&demande.gestionnaire_concerne).into(),
        acteur_en_charge: (&demande.acteur_en_charge).into(),
        avertissements: accepted.avertissements,
    };
    // Only strings and booleans: serialising cannot fail.
    serde_json::to_string(&body).unwrap_or_default()
}

/// Crée un signalement.
#[utoipa::path(
    operation_id = "creer_signalement",
    post,
    path = "/api/v1/signalements",
    tag = "SoWell",
    params((
        "Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "Seconde clé, en plus de lien_sowell : une fois au plus, en ASCII."
    )),
    request_body = SignalementBody,
    responses(
        (status = 201, description = "Une demande est créée dans le CRM.", body = CreatedBody, headers(
            ("Location" = String, description = "Le signalement, par l'uid de sa demande."),
        )),
        (status = 200, description = "Répétition (en-tête Idempotent-Replayed: true, corps du 201), ou signalement conservé sans être transmis.", body = NothingCreatedBody, headers(
            ("Idempotent-Replayed" = bool, description = "true pour une répétition, absent sinon."),
            ("Location" = String, description = "Le signalement, par l'uid de sa demande ; absent s'il n'est pas transmis."),
        )),
        (status = 202, description = "Le CRM est injoignable : la demande sera créée plus tard.", body = DeferredBody),
        (status = 409, description = "Même clé, autre contenu.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Champ manquant ou invalide, code inconnu : toutes les erreurs à la fois.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Le CRM refuse la demande, ou ne donne pas les gestionnaires de la résidence ; le signalement est conservé.", body = ProblemBody, content_type = "application/problem+json"),
        CommonRefusals,
        BodyRefusals,
    ),
    security(("jeton" = []))
)]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    // Checked before the body: a client without this right must not be told about faults in its body.
    let client = caller.require(&[Client::Sowell])?;
    let headers = request.headers().clone();
    let body = JsonBody::from_request(request, &state).await?;
    let key = idempotency_key(&headers)?;
    let submission = parse(client, key, body).await?;
    let outcome = state.inbound.receive(submission).await;
    let label = match &outcome {
        Ok(Received::Created { .. }) => "created",
        Ok(Received::Replayed { .. }) => "replayed",
        Ok(Received::SetAside { .. }) => "set_aside",
        Ok(Received::Deferred { .. }) => "deferred",
        Err(_) => "refused",
    };
    metrics::counter!("passerelle_signalements_total", "outcome" => label).increment(1);
    Ok(match outcome? {
        Received::Created { uid, answer } => creation(StatusCode::CREATED, &uid, answer),
        Received::Replayed { uid, answer } => {
            let mut response = creation(StatusCode::OK, &uid, answer);
            let replayed = HeaderValue::from_static("true");
            response
                .headers_mut()
                .insert("idempotent-replayed", replayed);
            response
        }
        Received::SetAside {
            id,
            motif,
            avertissements,
        } => Json(SetAsideBody {
            id: id.as_str().to_owned(),
            uid: None,
            transmis: false,
            motif,
            avertissements,
        })
        .into_response(),
        Received::Deferred { id } => {
            let body = DeferredBody {
                id: id.as_str().to_owned(),
                uid: None,
                transmis: None,
                suivi: format!("/api/v1/signalements/{}", id.as_str()),
            };
            (StatusCode::ACCEPTED, Json(body)).into_response()
        }
    })
}

async fn parse(
    client: Client,
    key: Option<String>,
    JsonBody { bytes, limits }: JsonBody,
) -> Result<Submission, Problem> {
    let long = bytes.len() > PARSE_APART_BYTES;
    let work = move || submission::read(client, key, bytes, &limits);
    let parsed = if long {
        let task = tokio::task::spawn_blocking(work);
        task.await.map_err(|error| Problem::internal(&error))?
    } else {
        work()
    };
    parsed.map_err(Problem::malformed)
}

fn creation(status: StatusCode, uid: &str, answer: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (
            header::LOCATION,
            format!("/api/v1/signalements/{}", segment(uid)),
        ),
    ];
    (status, headers, answer).into_response()
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        // There is no way to know which one is meant.
        return Err(Problem::malformed_key(
            "Idempotency-Key est donné plusieurs fois",
        ));
    }
    let key = value.to_str().ok().map(str::trim);
    match key.filter(|key| !key.is_empty() && key.len() <= KEY_BYTES) {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Problem::malformed_key(format!(
            "Idempotency-Key doit avoir de 1 à {KEY_BYTES} caractères ASCII"
        ))),
    }
}

/// Indique où en est un signalement, par son id ou par l'uid de sa demande.
#[utoipa::path(
    operation_id = "lire_signalement",
    get,
    path = "/api/v1/signalements/{id}",
    tag = "SoWell",
    params(("id" = String, Path, description = "id du signalement ou uid de la demande")),
    responses(
        (status = 200, description = "La réponse.", body = EtatBody),
        (status = 404, description = "Introuvable.", body = ProblemBody, content_type = "application/problem+json"),
        CommonRefusals,
    ),
    security(("jeton" = []))
)]
pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<EtatBody>, Problem> {
    let client = caller.require(&[Client::Sowell, Client::Crm, Client::Admin])?;
    let view = state.store.find_signalement(&id).await?;
    let view = view.ok_or_else(|| Problem::not_found("aucun signalement n'a cet id ou cet uid"))?;
    Ok(Json(EtatBody {
        id: view.id.as_str().to_owned(),
        etat: view.etat.as_str(),
        uid: view.uid,
        motif: view.motif.map(|it| match client {
            Client::Sowell => it.for_all,
            Client::Crm | Client::Admin => french::motif(&it),
        }),
        statuts: view
            .statuts
            .into_iter()
            .map(|it| StatutBody {
                statut: it.statut,
                statut_sowell: it.statut_sowell,
                date: it.date,
                livraison: it
                    .livraison
                    .map(crate::domain::livraison::LivraisonEtat::public),
            })
            .collect(),
    }))
}
