//! `/api/v1/demandes`: the API for the CRM.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::adapters::http::AppState;
use crate::adapters::http::auth::{Caller, Teller};
use crate::adapters::http::body::JsonBody;
use crate::adapters::http::path::{Segments, segment};
use crate::adapters::http::problem::{BodyRefusals, CommonRefusals, Problem, ProblemBody};
use crate::adapters::http::signalements::GestionnaireBody;
use crate::adapters::json::{Json as Received, Object};
use crate::domain::demande::{Demande, Uid};
use crate::domain::instant;
use crate::domain::ports::Client;
use crate::domain::statut::StatutEvent;
use crate::flows::outbound::StatutReceived;

/// The largest body of a status change, in bytes: enough for a comment of 20,000 characters, all escaped, and much
/// more. A signed one has to be read before its sender is known.
const STATUT_BYTES: usize = 1024 * 1024;

/// The keys of a status change.
const KEYS: [&str; 6] = [
    "statut",
    "date",
    "resultat",
    "commentaire",
    "canal",
    "evenement",
];

/// Une demande et ses photos.
#[derive(Serialize, ToSchema)]
#[schema(as = Demande)]
pub struct DemandeBody<'a> {
    uid: &'a str,
    statut: &'a str,
    canal: &'a str,
    qualification: &'a str,
    workflow: &'a str,
    residence: &'a str,
    bien: Option<&'a str>,
    /// Mot du CRM.
    priorite: &'a str,
    gestionnaire_concerne: GestionnaireBody<'a>,
    acteur_en_charge: GestionnaireBody<'a>,
    /// Texte en lecture seule : il n'y a pas de demandeur.
    auteur: &'a str,
    email_auteur: &'a str,
    /// Date de création, priorité et description.
    contexte: &'a str,
    lien_sowell: &'a str,
    /// Les photos.
    fichiers: Vec<FichierBody<'a>>,
}

/// Une photo.
#[derive(Serialize, ToSchema)]
#[schema(as = Fichier)]
pub struct FichierBody<'a> {
    nom: &'a str,
    r#type: &'a str,
    /// En octets.
    taille: u64,
    sha256: &'a str,
    /// Chemin absolu ; GET en donne les octets.
    url: String,
}

/// Un changement de statut dans le CRM.
#[derive(ToSchema)]
#[schema(as = ChangementStatut)]
#[expect(
    dead_code,
    reason = "documents the body, which is read by hand to collect every fault"
)]
pub struct ChangeBody {
    /// Le statut du CRM.
    #[schema(
        max_length = 200,
        pattern = "required line",
        example = "Vivest en cours"
    )]
    statut: String,
    /// Quand il a changé ; maintenant, si la clé est absente.
    #[schema(format = "date-time", example = "2026-03-02T09:30:00+01:00")]
    date: Option<String>,
    /// Le champ de clôture du CRM.
    #[schema(max_length = 200, pattern = "line", example = "Traité")]
    resultat: Option<String>,
    /// Un mot pour le locataire.
    #[schema(
        max_length = 20000,
        pattern = "text",
        example = "Un technicien passe demain entre 8 h et 10 h."
    )]
    commentaire: Option<String>,
    /// Le canal de la demande ; celui de statuts.yaml (« SoWell » à la livraison), si la clé est absente.
    #[schema(max_length = 200, pattern = "line", example = "SoWell")]
    canal: Option<String>,
    /// L'identifiant de l'événement dans le CRM : le même événement n'est pris en compte qu'une fois.
    #[schema(max_length = 200, pattern = "line", example = "EVT-2026-000123")]
    evenement: Option<String>,
}

/// SoWell sera informé.
#[derive(Serialize, ToSchema)]
#[schema(as = StatutAccepte)]
pub struct AcceptedBody {
    /// La livraison à SoWell.
    livraison: String,
    statut_sowell: String,
    /// Remarques, par exemple les clés inconnues ; absent s'il n'y en a pas.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    avertissements: Vec<String>,
}

/// Rien à dire à SoWell.
#[derive(Serialize, ToSchema)]
#[schema(as = StatutSansSuite)]
pub struct NothingBody {
    /// Toujours nul ici.
    livraison: Option<String>,
    /// Pourquoi.
    motif: String,
    /// Remarques, par exemple les clés inconnues ; absent s'il n'y en a pas.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    avertissements: Vec<String>,
}

/// Donne une demande.
#[utoipa::path(
    operation_id = "lire_demande",
    get,
    path = "/api/v1/demandes/{uid}",
    tag = "CRM",
    params(("uid" = String, Path)),
    responses(
        (status = 200, description = "La réponse.", body = DemandeBody),
        (status = 404, description = "Introuvable.", body = ProblemBody, content_type = "application/problem+json"),
        CommonRefusals,
    ),
    security(("jeton" = []))
)]
pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Segments(uid): Segments<String>,
) -> Result<Response, Problem> {
    caller.require(&[Client::Crm, Client::Admin])?;
    let demande = find(&state, uid).await?;
    let it = &demande.content;
    let body = DemandeBody {
        uid: demande.uid.as_str(),
        statut: &it.statut,
        canal: &it.canal,
        qualification: &it.qualification,
        workflow: &it.workflow,
        residence: &it.residence,
        bien: it.bien.as_deref(),
        priorite: &it.priorite,
        gestionnaire_concerne: (&it.gestionnaire_concerne).into(),
        acteur_en_charge: (&it.acteur_en_charge).into(),
        auteur: &it.auteur,
        email_auteur: &it.email_auteur,
        contexte: &it.contexte,
        lien_sowell: &it.lien_sowell,
        fichiers: demande
            .fichiers
            .iter()
            .map(|file| FichierBody {
                nom: &file.nom,
                r#type: &file.r#type,
                taille: file.taille,
                sha256: &file.sha256,
                url: format!(
                    "/api/v1/demandes/{}/fichiers/{}",
                    segment(demande.uid.as_str()),
                    segment(&file.nom)
                ),
            })
            .collect(),
    };
    Ok(Json(body).into_response())
}

/// Donne les octets d'une photo.
#[utoipa::path(
    operation_id = "lire_fichier",
    get,
    path = "/api/v1/demandes/{uid}/fichiers/{nom}",
    tag = "CRM",
    params(("uid" = String, Path), ("nom" = String, Path)),
    responses(
        (status = 200, description = "Les octets de la photo.", content_type = "image/*", headers(
            ("Content-Disposition" = String, description = "inline, et le nom du fichier."),
            ("X-Content-Type-Options" = String, description = "nosniff."),
        )),
        (status = 404, description = "Introuvable.", body = ProblemBody, content_type = "application/problem+json"),
        CommonRefusals,
    ),
    security(("jeton" = []))
)]
pub async fn file(
    State(state): State<AppState>,
    caller: Caller,
    Segments((uid, nom)): Segments<(String, String)>,
) -> Result<Response, Problem> {
    caller.require(&[Client::Crm, Client::Admin])?;
    let demande = find(&state, uid).await?;
    let file = demande.fichiers.iter().find(|file| file.nom == nom);
    let file = file.ok_or_else(|| Problem::not_found("cette demande n'a pas ce fichier"))?;
    let bytes = state.files.read(&file.sha256).await?;
    let headers = [
        (header::CONTENT_TYPE, file.r#type.clone()),
        (
            header::CONTENT_DISPOSITION,
            format!("inline; filename=\"{}\"", file.nom),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

async fn find(state: &AppState, uid: String) -> Result<Demande, Problem> {
    let demande = state.store.find_demande(&Uid::new(uid)).await?;
    demande.ok_or_else(|| Problem::not_found("aucune demande n'a cet uid"))
}

/// Change le statut d'une demande.
#[utoipa::path(
    operation_id = "changer_statut",
    post,
    path = "/api/v1/demandes/{uid}/statut",
    tag = "CRM",
    params(("uid" = String, Path)),
    request_body = ChangeBody,
    responses(
        (status = 202, description = "SoWell sera informé.", body = AcceptedBody),
        (status = 200, description = "Rien à dire à SoWell, ou événement déjà reçu.", body = NothingBody),
        (status = 404, description = "Uid inconnu.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Requête invalide, ou statut inconnu des règles : l'événement est conservé jusqu'à ce qu'elles le connaissent.", body = ProblemBody, content_type = "application/problem+json"),
        CommonRefusals,
        BodyRefusals,
    ),
    security(("jeton" = []), ("signature" = []))
)]
pub async fn change_statut(
    State(state): State<AppState>,
    teller: Teller,
    Segments(uid): Segments<String>,
    body: JsonBody<STATUT_BYTES>,
) -> Result<Response, Problem> {
    let message = teller.require(&state.gate, &body.bytes, state.clock.now())?;
    let (mut event, avertissements) = read_event(uid, &body.bytes)?;
    // Without a date, the same content may be a status that has come back.
    event.message = message.filter(|_| event.evenement.is_none() && event.date.is_some());
    let outcome = state.outbound.receive(event).await;
    let label = match &outcome {
        Ok(StatutReceived::Accepted { .. }) => "accepted",
        Ok(StatutReceived::Nothing { .. }) => "nothing",
        Err(_) => "refused",
    };
    metrics::counter!("passerelle_statuts_total", "outcome" => label).increment(1);
    Ok(match outcome? {
        StatutReceived::Accepted {
            livraison,
            statut_sowell,
        } => {
            let body = AcceptedBody {
                livraison,
                statut_sowell,
                avertissements,
            };
            (StatusCode::ACCEPTED, Json(body)).into_response()
        }
        StatutReceived::Nothing { motif } => Json(NothingBody {
            livraison: None,
            motif,
            avertissements,
        })
        .into_response(),
    })
}

/// Reads an event, with remarks on keys that have no effect.
pub(super) fn read_event(uid: String, body: &[u8]) -> Result<(StatutEvent, Vec<String>), Problem> {
    const LABEL_CHARS: usize = StatutEvent::LABEL_CHARS;
    let json = Received::parse(body).map_err(Problem::malformed)?;
    let mut object = Object::received(&json).map_err(Problem::malformed)?;
    let statut = object.optional_or_blank("statut", LABEL_CHARS, false);
    let date = object.optional_or_blank("date", LABEL_CHARS, false);
    let resultat = object.optional_or_blank("resultat", LABEL_CHARS, false);
    let commentaire = object.optional_or_blank("commentaire", StatutEvent::COMMENT_CHARS, true);
    let canal = object.optional_or_blank("canal", LABEL_CHARS, false);
    let evenement = object.optional_or_blank("evenement", LABEL_CHARS, false);
    if statut.is_none() && object.faults.iter().all(|it| it.pointer != "/statut") {
        object.fault("/statut", "champ obligatoire".into());
    }
    // Sent on to SoWell and the portal in a form that they can certainly read.
    let plain = date.as_deref().and_then(instant::rfc3339);
    if let (Some(date), None) = (&date, &plain) {
        object.fault("/date", instant::why_not(date).into());
    }
    let avertissements = object.without_effect(&KEYS);
    match statut {
        Some(statut) if object.faults.is_empty() => {
            let event = StatutEvent {
                uid: Uid::new(uid),
                statut,
                date: plain,
                resultat,
                commentaire,
                canal,
                evenement,
                message: None,
            };
            Ok((event, avertissements))
        }
        _ => Err(Problem::faults(object.faults)),
    }
}
