//! `/api/v1/admin/regles`: which rules are in force, and the result of the last edit.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::adapters::http::AppState;
use crate::adapters::http::auth::Caller;
use crate::adapters::http::problem::{CommonRefusals, Problem};
use crate::domain::instant::in_utc;
use crate::domain::ports::Client;
use crate::flows::reload::Reload;
use crate::rules::diagnostic::{Diagnostic, Severity};

/// Les règles en vigueur et la dernière tentative.
#[derive(Serialize, ToSchema)]
#[schema(as = EtatRegles)]
pub struct ReglesBody {
    active: ActiveBody,
    derniere_tentative: AttemptBody,
}

/// Les règles en vigueur, ici et dans les autres répliques.
#[derive(Serialize, ToSchema)]
#[schema(as = EtatReglesPartout)]
pub struct ReglesPartoutBody {
    #[serde(flatten)]
    ici: ReglesBody,
    /// Chaque réplique qui vit, celle-ci comprise.
    repliques: Vec<RepliqueBody>,
}

/// Les règles après une relecture.
#[derive(Serialize, ToSchema)]
#[schema(as = EtatReglesRelues)]
pub struct ReglesReluesBody {
    #[serde(flatten)]
    ici: ReglesBody,
    /// Présente si la recherche de ce que les nouvelles règles ne savent pas traiter n'est pas terminée : où lire ce
    /// qu'elle trouve.
    #[serde(skip_serializing_if = "Option::is_none")]
    suite: Option<&'static str>,
}

/// Une réplique et les règles qu'elle a en vigueur.
#[derive(Serialize, ToSchema)]
#[schema(as = Replique)]
pub struct RepliqueBody {
    id: String,
    version: String,
    /// Si une autre version a été acceptée depuis, ici ou ailleurs.
    en_retard: bool,
    #[schema(format = "date-time")]
    vue_le: String,
}

/// La version en vigueur.
#[derive(Serialize, ToSchema)]
#[schema(as = VersionActive)]
pub struct ActiveBody {
    version: String,
    #[schema(format = "date-time")]
    depuis: String,
}

/// La dernière tentative de mise en vigueur.
#[derive(Serialize, ToSchema)]
#[schema(as = Tentative)]
pub struct AttemptBody {
    /// Nulle quand les fichiers n'ont pas pu être lus ou enregistrés jusqu'au bout : un nouvel essai suit.
    version: Option<String>,
    #[schema(format = "date-time")]
    le: String,
    acceptee: bool,
    /// Ce qui l'a fait refuser.
    erreurs: Vec<DiagnosticBody>,
    /// Ce qui mérite un coup d'œil.
    avertissements: Vec<DiagnosticBody>,
}

/// Une remarque sur un fichier.
#[derive(Serialize, ToSchema)]
#[schema(as = Diagnostic)]
pub struct DiagnosticBody {
    /// Nomme le genre de remarque ; stable.
    code: &'static str,
    fichier: String,
    /// À partir de 1 ; nulle pour le fichier entier.
    ligne: Option<u32>,
    /// À partir de 1 ; nulle pour la ligne entière.
    colonne: Option<u32>,
    message: String,
}

impl From<&Diagnostic> for DiagnosticBody {
    fn from(it: &Diagnostic) -> Self {
        let some = |number: u32| (number > 0).then_some(number);
        Self {
            code: it.code,
            fichier: it.file.clone(),
            ligne: some(it.line),
            colonne: some(it.column),
            message: it.message.clone(),
        }
    }
}

/// The state of the rules, as every page and probe shows it.
#[must_use]
pub fn state_of(reload: &Reload) -> ReglesBody {
    // Read in this order, so that an attempt shown as accepted is also shown as in force.
    let last = reload.last_attempt();
    let active = reload.active();
    let of = |wanted: Severity| {
        let found = last
            .diagnostics
            .iter()
            .filter(move |it| it.severity == wanted);
        found.map(DiagnosticBody::from).collect()
    };
    ReglesBody {
        active: ActiveBody {
            version: active.generation.version.clone(),
            depuis: in_utc(active.since),
        },
        derniere_tentative: AttemptBody {
            version: last.version.clone(),
            le: in_utc(last.at),
            acceptee: last.accepted,
            erreurs: of(Severity::Error),
            avertissements: of(Severity::Warning),
        },
    }
}

/// Indique quelles règles sont en vigueur.
#[utoipa::path(
    operation_id = "lire_regles",
    get,
    path = "/api/v1/admin/regles",
    tag = "Administration",
    responses(
        (status = 200, description = "La réponse.", body = ReglesPartoutBody),
        CommonRefusals,
    ),
    security(("jeton" = []))
)]
pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ReglesPartoutBody>, Problem> {
    caller.require(&[Client::Admin])?;
    everywhere(&state).await
}

async fn everywhere(state: &AppState) -> Result<Json<ReglesPartoutBody>, Problem> {
    let seen = state.presence.all().await?;
    let repliques = seen.into_iter().map(|it| RepliqueBody {
        id: it.replica.id,
        version: it.replica.version,
        en_retard: it.lagging,
        vue_le: in_utc(it.replica.seen_at),
    });
    Ok(Json(ReglesPartoutBody {
        ici: state_of(&state.reload),
        repliques: repliques.collect(),
    }))
}

/// What is still to come after an answer, in French.
const SEARCH_GOES_ON: &str = "La recherche de signalements que ces règles ne savent pas traiter continue. Ce qu'elle \
                              trouve s'ajoutera aux avertissements : GET /api/v1/admin/regles, ou la console, sous \
                              « À vérifier ».";

/// Relit les fichiers maintenant, et répond avec le résultat.
///
/// Une modification acceptée est en vigueur dès la réponse ; la recherche de ce que les nouvelles règles ne savent pas
/// traiter n'est attendue que 5 secondes, puis continue (`suite`).
#[utoipa::path(
    operation_id = "recharger_regles",
    post,
    path = "/api/v1/admin/regles/recharger",
    tag = "Administration",
    responses(
        (status = 200, description = "Le résultat, accepté ou refusé.", body = ReglesReluesBody),
        CommonRefusals,
    ),
    security(("jeton" = []))
)]
pub async fn reload(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ReglesReluesBody>, Problem> {
    caller.require(&[Client::Admin])?;
    state.reload.reload().await;
    // Asked first: if the search has ended, all that it found is in the state read below.
    let searching = state.reload.is_searching().await;
    Ok(Json(ReglesReluesBody {
        ici: state_of(&state.reload),
        suite: searching.then_some(SEARCH_GOES_ON),
    }))
}
