//! The only place where an error becomes an HTTP status: RFC 9457 problems, worded in French.

mod documented;
mod of_flows;

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::domain::fault::{Fault, FaultKind, pointer_to};
use crate::domain::ports::{FilesError, StoreError};
use crate::domain::signalement::SignalementId;

use self::documented::Erreur;
pub use self::documented::{BodyRefusals, CommonRefusals, ProblemBody};

/// When a client may retry what is impossible for the moment, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// How many differing keys a conflict lists.
const NAMED: usize = 20;
/// The most characters kept of a key's name, as unknown ones may be long.
const NAME_CHARS: usize = 64;
/// The detail given for each.
const DIFFERS: &str = "diffère de ce qui a été reçu la première fois";

/// An answer that is not a success.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    /// Identifies the kind of problem, e.g. `requete-invalide`.
    kind: &'static str,
    title: &'static str,
    detail: String,
    erreurs: Vec<Fault>,
    uid: Option<String>,
    id: Option<String>,
    reference: Option<String>,
    headers: Vec<(HeaderName, String)>,
}

impl Problem {
    /// A problem with only a text.
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            title,
            detail: detail.into(),
            erreurs: Vec::new(),
            uid: None,
            id: None,
            reference: None,
            headers: Vec::new(),
        }
    }

    /// 400: a body that is not a JSON object.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "json-invalide",
            "Requête illisible",
            detail,
        )
    }

    /// 400: an `Idempotency-Key` that cannot be read.
    pub fn malformed_key(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "cle-invalide",
            "Clé d'idempotence invalide",
            detail,
        )
    }

    /// 400: a required header that is missing, or one given with conflicting values.
    pub fn malformed_header(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "en-tete-invalide",
            "En-tête invalide",
            detail,
        )
    }

    /// 401: a signature that is not valid, and why.
    pub fn unsigned(detail: impl Into<String>) -> Self {
        let mut problem = Self::unauthorized();
        problem.detail = detail.into();
        problem
    }

    /// 401: no token, or an unknown one.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "non-authentifie",
            "Authentification requise",
            "jeton absent ou inconnu : Authorization: Bearer …",
        )
        .header(header::WWW_AUTHENTICATE, "Bearer")
    }

    /// 403: a token without this right.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "interdit",
            "Accès interdit",
            "ce jeton n'a pas ce droit",
        )
    }

    /// 404: nothing under that address or identifier.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "introuvable", "Introuvable", detail)
    }

    /// 405: a method that the address does not accept.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "methode-refusee",
            "Méthode non autorisée",
            "cette adresse n'accepte pas cette méthode",
        )
    }

    /// 408: the body did not arrive in full.
    #[must_use]
    pub fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "trop-lent",
            "Requête interrompue",
            "le corps de la requête n'est pas arrivé en entier",
        )
    }

    /// 409, listing each key that differs. Gives the `id` of a signalement that has no `uid` yet.
    fn conflict(
        owner: &SignalementId,
        uid: Option<String>,
        other: bool,
        differs: &[String],
    ) -> Self {
        let detail = if other {
            "cette clé Idempotency-Key a déjà servi pour un autre signalement (lien_sowell différent)"
                .to_owned()
        } else if differs.is_empty() {
            "ce signalement existe déjà avec un autre contenu".to_owned()
        } else {
            let names = differs.iter().map(|it| cut(it)).take(NAMED);
            let names: Vec<String> = names.collect();
            format!(
                "ce signalement existe déjà avec un autre contenu : {}",
                names.join(", ")
            )
        };
        let mut problem = Self::new(StatusCode::CONFLICT, "conflit", "Clé déjà utilisée", detail);
        let fault = |key: &String| Fault::invalid(pointer_to(&cut(key)), DIFFERS);
        problem.erreurs = differs.iter().take(NAMED).map(fault).collect();
        problem.id = uid.is_none().then(|| owner.as_str().to_owned());
        problem.uid = uid;
        problem
    }

    /// 413: a body over the limit, in bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "trop-volumineux",
            "Requête trop volumineuse",
            format!("le corps dépasse {limit} octets"),
        )
    }

    /// 415: a body that is not JSON.
    #[must_use]
    pub fn not_json() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "type-non-pris-en-charge",
            "Type de contenu refusé",
            "Content-Type: application/json est attendu",
        )
    }

    /// 415: an encoded body.
    pub fn coded() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "codage-non-pris-en-charge",
            "Codage du contenu refusé",
            "le corps est attendu tel quel, sans compression : retirez Content-Encoding",
        )
        .header(header::ACCEPT_ENCODING, "identity")
    }

    /// 501: a body in a transfer coding other than `chunked`.
    #[must_use]
    pub fn transfer_coded() -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "transfert-non-pris-en-charge",
            "Codage du transfert refusé",
            "le corps est attendu tel quel, avec Content-Length ou Transfer-Encoding: chunked : retirez tout autre \
             codage de Transfer-Encoding",
        )
    }

    /// 413 if any fault is about size, otherwise 422.
    #[must_use]
    pub fn faults(faults: Vec<Fault>) -> Self {
        let too_large = faults.iter().any(|it| it.kind == FaultKind::TooLarge);
        let (status, kind, title) = if too_large {
            (
                StatusCode::PAYLOAD_TOO_LARGE,
                "trop-volumineux",
                "Requête trop volumineuse",
            )
        } else {
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                "requete-invalide",
                "Requête invalide",
            )
        };
        let detail = match faults.as_slice() {
            [one] => with_field(one),
            many => format!("{} erreurs, voir « erreurs »", many.len()),
        };
        let mut problem = Self::new(status, kind, title, detail);
        problem.erreurs = faults;
        problem
    }

    /// 429: the client's rate is exceeded.
    pub fn too_many(retry_after_seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "trop-de-requetes",
            "Trop de requêtes",
            "le débit permis à ce client est dépassé",
        )
        .header(header::RETRY_AFTER, retry_after_seconds.max(1).to_string())
    }

    /// 503: the reason is logged, and not given to the client.
    pub fn unavailable(reason: &dyn std::fmt::Display) -> Self {
        let reference = reference();
        tracing::error!(reference, %reason, "request refused for now");
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "indisponible",
            "Service momentanément indisponible",
            "renvoyez la même requête : rien ne sera fait deux fois",
        )
        .header(header::RETRY_AFTER, RETRY_AFTER_SECONDS.to_string());
        problem.reference = Some(reference);
        problem
    }

    /// 503 with a reason that is given to the client.
    fn later(detail: impl Into<String>, retry_after_seconds: u64) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "indisponible",
            "Service momentanément indisponible",
            detail,
        )
        .header(header::RETRY_AFTER, retry_after_seconds.to_string())
    }

    /// 503: the CRM is unavailable, and may have said for how long. Our credentials or photos may also be the reason,
    /// so the text blames nobody.
    fn crm_away(wait: Option<Duration>) -> Self {
        let seconds = wait.map_or(0, |it| it.as_secs());
        Self::later(
            "la demande ne peut pas être créée dans le CRM pour l'instant, rien n'a été enregistré : \
             renvoyez la même requête",
            seconds.max(RETRY_AFTER_SECONDS),
        )
    }

    /// 502: the CRM's answer is kept with the signalement, for operators.
    fn refused_by_crm(status: u16, id: &SignalementId) -> Self {
        let refused = format!("le CRM refuse la demande (statut {status})");
        Self {
            id: Some(id.as_str().to_owned()),
            ..Self::refusal_of_crm(&refused)
        }
    }

    /// 502: what the CRM says of the residence is kept with the signalement, for operators.
    fn without_managers(residence: &str) -> Self {
        let refused =
            format!("le CRM ne donne pas les gestionnaires de la résidence « {residence} »");
        Self::refusal_of_crm(&refused)
    }

    fn refusal_of_crm(refused: &str) -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            "refuse-par-le-crm",
            "Demande refusée par le CRM",
            format!("{refused} ; le signalement est conservé et pourra être relancé"),
        )
    }

    /// 500: the reason is logged, under a reference that the client can quote.
    pub fn internal(reason: &dyn std::fmt::Display) -> Self {
        let reference = reference();
        tracing::error!(reference, %reason, "request failed");
        let mut problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "erreur-interne",
            "Erreur interne",
            "une erreur de notre côté : citez la référence",
        );
        problem.reference = Some(reference);
        problem
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// What happened, in French.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Under which the reason is logged, if it is not told.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// The faults found in the request.
    #[must_use]
    pub fn erreurs(&self) -> &[Fault] {
        &self.erreurs
    }

    fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

fn cut(name: &str) -> String {
    name.chars().take(NAME_CHARS).collect()
}

/// The text of a single fault, preceded by its field unless the text names it.
fn with_field(fault: &Fault) -> String {
    let field = fault.pointer.trim_start_matches('/');
    let key = field.split('/').next().unwrap_or_default();
    // « résidence inconnue » and « priorité inconnue » already name the field.
    let plain = fault.detail.replace('é', "e").to_lowercase();
    if key.is_empty() || plain.contains(key) {
        fault.detail.clone()
    } else {
        format!("{} : {}", cut(field), fault.detail)
    }
}

fn reference() -> String {
    Uuid::now_v7().simple().to_string()
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) | StoreError::Busy(_) => Self::unavailable(&error),
            StoreError::Fault(_) => Self::internal(&error),
        }
    }
}

impl From<FilesError> for Problem {
    fn from(error: FilesError) -> Self {
        Self::unavailable(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            r#type: format!("urn:passerelle:{}", self.kind),
            title: self.title,
            status: self.status(),
            detail: self.detail,
            erreurs: self
                .erreurs
                .into_iter()
                .map(|it| Erreur {
                    pointeur: it.pointer,
                    detail: it.detail,
                })
                .collect(),
            uid: self.uid,
            id: self.id,
            reference: self.reference,
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
