//! `/console/demande`: why a demande is what it is, and what became of its deliveries.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::page;
use super::session::Operator;
use super::words::{is_web, label, paris};
use crate::adapters::explanation::recall::{Recalled, recall};
use crate::adapters::explanation::sent::{reason, what_to_whom, word};
use crate::adapters::explanation::{Steps, printable};
use crate::adapters::french::motif;
use crate::adapters::http::AppState;
use crate::domain::livraison::{LivraisonEtat, LivraisonView};
use crate::domain::ports::{StoreError, StoredTrace};
use crate::domain::signalement::SignalementId;

/// The longest reference, in characters: a link of SoWell.
const REFERENCE_CHARS: usize = 2_000;

const UNKNOWN: &str = "Aucune demande et aucun signalement n'ont cette référence.";
const AWAY: &str = "La base de données ne répond pas : la décision ne peut pas être lue. Réessayez dans un instant.";

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    uid: String,
}

#[derive(Template)]
#[template(path = "demande.html")]
struct Page {
    /// What was asked for.
    asked: String,
    alarm: Option<&'static str>,
    known: Option<Known>,
}

/// What is known of a demande, or of a signalement without one.
struct Known {
    id: Option<String>,
    uid: Option<String>,
    etat: Option<&'static str>,
    motif: Option<String>,
    decisions: Vec<Decided>,
    /// `None` if there is no demande.
    sent: Option<Vec<Sent>>,
}

/// One decision.
struct Decided {
    subject: String,
    at: String,
    version: String,
    trace: Recorded,
}

/// What is left of a decision's trace.
enum Recorded {
    Steps(Steps),
    /// It was older than the settings keep it.
    Erased,
    Unreadable,
}

/// One delivery.
struct Sent {
    id: String,
    what: String,
    etat: &'static str,
    delivered: bool,
    failed: bool,
    reason: Option<String>,
}

/// The page of a demande, by its UID, its signalement's identity or its link in SoWell; without any, only the field
/// to enter one.
pub(super) async fn show(
    _: Operator,
    State(state): State<AppState>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map_or_else(|_| String::new(), |Query(it)| it.uid.trim().to_owned());
    let mut shown = Page {
        asked,
        alarm: None,
        known: None,
    };
    if shown.asked.is_empty() {
        return page(StatusCode::OK, &shown);
    }
    let status = match look_up(&state, &shown.asked).await {
        Ok(Some(recalled)) => {
            shown.known = Some(Known::of(recalled));
            StatusCode::OK
        }
        Ok(None) => {
            shown.alarm = Some(UNKNOWN);
            StatusCode::NOT_FOUND
        }
        Err(error) => {
            tracing::warn!(%error, "a decision could not be read");
            shown.alarm = Some(AWAY);
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    page(status, &shown)
}

async fn look_up(state: &AppState, asked: &str) -> Result<Option<Recalled>, StoreError> {
    // PostgreSQL cannot store NUL in a text, so it cannot even be queried for one.
    if asked.chars().count() > REFERENCE_CHARS || asked.contains('\0') {
        return Ok(None);
    }
    if let Some(found) = recall(state.store.as_ref(), asked).await? {
        return Ok(Some(found));
    }
    if !is_web(asked) {
        return Ok(None);
    }
    let id = SignalementId::of_lien(asked);
    recall(state.store.as_ref(), id.as_str()).await
}

impl Known {
    fn of(recalled: Recalled) -> Self {
        let signalement = recalled.signalement.as_ref();
        let id = signalement.map(|it| it.id.as_str());
        let uid = signalement.and_then(|it| it.uid.as_deref());
        let decided = |it| Decided::of(it, (id, uid));
        let told = signalement.and_then(|it| it.motif.as_ref());
        Self {
            id: id.map(str::to_owned),
            uid: uid.map(str::to_owned),
            etat: signalement.map(|it| label(it.etat)),
            motif: told.map(|it| printable(Some(&motif(it)))),
            decisions: recalled.decisions.iter().map(decided).collect(),
            sent: recalled.sent.map(|all| all.iter().map(Sent::of).collect()),
        }
    }
}

impl Decided {
    /// One decision about a signalement and its demande; their identifiers are for the log.
    fn of(it: &StoredTrace, (id, uid): (Option<&str>, Option<&str>)) -> Self {
        let trace = match it.trace.as_deref().map(Steps::read) {
            Some(Ok(steps)) => Recorded::Steps(steps),
            None => Recorded::Erased,
            Some(Err(error)) => {
                let subject = &it.subject;
                tracing::error!(%error, id, uid, subject, "a stored trace cannot be read");
                Recorded::Unreadable
            }
        };
        Self {
            subject: printable(Some(&it.subject)),
            at: paris(&it.at),
            version: it.version.clone(),
            trace,
        }
    }
}

impl Sent {
    fn of(it: &LivraisonView) -> Self {
        let etat = it.summary.etat;
        let time = |at: DateTime<Utc>| paris(&at);
        Self {
            id: it.summary.id.clone(),
            what: what_to_whom(it),
            etat: word(etat),
            delivered: etat == LivraisonEtat::Livree,
            failed: etat == LivraisonEtat::Morte,
            reason: reason(it, time),
        }
    }
}
