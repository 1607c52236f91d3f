//! Problems as the OpenAPI document describes them, and the common refusals of calls.

use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// Une réponse qui n'est pas un succès (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Probleme)]
pub struct ProblemBody {
    /// Nomme le genre de problème.
    #[schema(example = "urn:passerelle:requete-invalide")]
    pub(super) r#type: String,
    /// Le genre de problème, en mots.
    pub(super) title: &'static str,
    /// Le statut HTTP.
    pub(super) status: u16,
    /// Ce qui s'est passé cette fois-ci.
    pub(super) detail: String,
    /// Toutes les erreurs trouvées dans la requête ; vide si aucune de ses parties n'est en cause.
    pub(super) erreurs: Vec<Erreur>,
    /// La demande à laquelle la clé appartient déjà (409).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uid: Option<String>,
    /// Le signalement, s'il a été enregistré bien que refusé, ou celui auquel la clé appartient et qui
    /// n'a pas encore de demande (409).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// À citer à l'exploitant : le journal la porte aussi.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<String>,
}

/// Refusals that any call with a token may get.
#[derive(IntoResponses)]
#[expect(
    dead_code,
    reason = "documents answers; the answers themselves are built from a `Problem`"
)]
pub enum CommonRefusals {
    /// Jeton absent ou inconnu.
    #[response(status = 401, content_type = "application/problem+json", headers(("WWW-Authenticate" = String, description = "Bearer.")))]
    Unauthorized(ProblemBody),
    /// Jeton sans ce droit.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
    /// Débit dépassé ; voir Retry-After.
    #[response(status = 429, content_type = "application/problem+json", headers(("Retry-After" = u64, description = "Dans combien de secondes renvoyer la requête.")))]
    TooMany(ProblemBody),
    /// Erreur de notre côté ; la référence se retrouve dans le journal.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(ProblemBody),
    /// Momentanément impossible ; voir Retry-After.
    #[response(status = 503, content_type = "application/problem+json", headers(("Retry-After" = u64, description = "Dans combien de secondes renvoyer la requête.")))]
    Unavailable(ProblemBody),
}

/// Refusals of a body.
#[derive(IntoResponses)]
#[expect(
    dead_code,
    reason = "documents answers; the answers themselves are built from a `Problem`"
)]
pub enum BodyRefusals {
    /// Ni JSON ni objet, ou en-tête invalide.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemBody),
    /// Le corps n'est pas arrivé en entier.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(ProblemBody),
    /// Corps, photo ou nombre de photos au-delà de la limite.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// Content-Type inattendu, ou corps compressé.
    #[response(status = 415, content_type = "application/problem+json", headers(("Accept-Encoding" = String, description = "identity, si le corps est compressé ; absent sinon.")))]
    NotJson(ProblemBody),
    /// Transfer-Encoding autre que chunked.
    #[response(status = 501, content_type = "application/problem+json")]
    TransferCoded(ProblemBody),
}

/// Une erreur dans une requête.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erreur {
    /// Pointeur (RFC 6901) dans le corps de la requête.
    #[schema(example = "/photos/2")]
    pub(super) pointeur: String,
    /// Ce qui ne va pas.
    pub(super) detail: String,
}
