//! `/console/essai`: what the rules in force would do, for staff who do not use the command line. Nothing is stored and
//! nothing is sent; the pages say so.

mod form;
mod residences;
mod signalement;
mod statut;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::routing::get;

use crate::adapters::explanation::{Steps, printable, unwritten};
use crate::adapters::http::AppState;
use crate::adapters::http::console::failure;
use crate::adapters::http::problem::Problem;
use crate::adapters::http::signalements::PARSE_APART_BYTES;
use crate::domain::fault::Fault;
use crate::flows::inbound::InboundError;
use crate::flows::outbound::OutboundError;
use crate::rules::foresee::Foreseen;

/// A form holds a signalement with a small photo or two: larger ones would have to be parsed apart from the threads that
/// serve requests.
pub(super) fn routes() -> Router<AppState> {
    let signalement = get(signalement::show).post(signalement::run);
    let statut = get(statut::show).post(statut::run);
    Router::new()
        .route("/console/essai", signalement)
        .route("/console/essai/statut", statut)
        .layer(DefaultBodyLimit::max(PARSE_APART_BYTES))
}

/// What is said of a form that cannot be read, and the status that goes with it.
fn unreadable(rejection: &FormRejection) -> (StatusCode, String) {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "Ce formulaire dépasse {} Kio : retirez les photos de votre JSON, ou raccourcissez les textes, puis \
                 recommencez.",
                PARSE_APART_BYTES / 1024
            ),
        ),
        status => (
            status,
            "Ce formulaire n'a pas pu être lu : remplissez-le de nouveau.".to_owned(),
        ),
    }
}

/// A value that a field of a form may take.
struct Choice {
    /// What is sent.
    code: String,
    /// What it stands for, as the staff know it.
    label: String,
}

/// Why a trial has no result.
enum Untried {
    /// The request would be refused before any decision.
    Refused(ForeseenRefusal),
    /// The trial itself failed, which says nothing about the request.
    Failed(Problem),
}

impl From<Problem> for Untried {
    fn from(problem: Problem) -> Self {
        Self::Refused(ForeseenRefusal::from(&problem))
    }
}

impl From<InboundError> for Untried {
    fn from(error: InboundError) -> Self {
        match error {
            InboundError::Files(_) | InboundError::Store(_) | InboundError::Fault(_) => {
                Self::Failed(Problem::from(error))
            }
            // Also if the CRM is away: SoWell would be told so.
            error => Self::from(Problem::from(error)),
        }
    }
}

impl From<OutboundError> for Untried {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::Store(_) | OutboundError::Fault(_) => Self::Failed(Problem::from(error)),
            // Also while a creation is in doubt: the CRM would be told so.
            error => Self::from(Problem::from(error)),
        }
    }
}

/// The status of a page whose trial failed, and what it says, in French.
fn failed(problem: &Problem) -> (StatusCode, String) {
    let alarm = failure::of_ours(problem, "l'essai n'a pas été fait");
    (failure::status(problem), alarm)
}

/// The answer that a partner would get, as a trial foresees it.
struct ForeseenRefusal {
    status: u16,
    detail: String,
    faults: Vec<Fault>,
}

impl From<&Problem> for ForeseenRefusal {
    fn from(problem: &Problem) -> Self {
        let fault = |it: &Fault| Fault {
            detail: printable(Some(&it.detail)),
            ..it.clone()
        };
        Self {
            status: problem.status(),
            detail: printable(Some(problem.detail())),
            faults: problem.erreurs().iter().map(fault).collect(),
        }
    }
}

impl ForeseenRefusal {
    /// What is wrong with a field of the request, in French; empty if nothing is.
    fn of_field(&self, field: &str) -> String {
        let faults = self.faults.iter().filter(|it| {
            let pointer = it.pointer.strip_prefix('/').unwrap_or_default();
            pointer.split('/').next() == Some(field)
        });
        let details: Vec<&str> = faults.map(|it| it.detail.as_str()).collect();
        details.join(" ; ")
    }
}

/// An e-mail that would be sent.
struct Mail {
    modele: String,
    a: String,
    subject: String,
    text: Option<String>,
    html: Option<String>,
}

/// What would follow from a decision, and how it was made.
struct Consequences {
    version: String,
    mails: Vec<Mail>,
    /// Why e-mails could not be written, in French.
    unwritten: Vec<String>,
    /// `None` if they cannot be read.
    steps: Option<Steps>,
}

impl Consequences {
    fn of<D>(version: String, foreseen: &Foreseen<D>, trace: &str) -> Self {
        let mails = foreseen.mails.iter().filter_map(|it| {
            let written = it.written()?;
            let whole = |text: &Option<String>| text.as_deref().map(|it| printable(Some(it)));
            Some(Mail {
                modele: printable(Some(it.modele())),
                a: printable(Some(it.a())),
                subject: printable(Some(&written.subject)),
                text: whole(&written.text),
                html: whole(&written.html),
            })
        });
        let steps = Steps::read(trace)
            .inspect_err(|error| tracing::error!(%error, "the trace of a trial cannot be read"));
        Self {
            version,
            mails: mails.collect(),
            unwritten: foreseen.unwritten().map(|it| unwritten(&it)).collect(),
            steps: steps.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ports::StoreError;

    #[test]
    fn only_what_a_partner_would_be_told_is_a_result() {
        let told = |untried| match untried {
            Untried::Refused(refusal) => Ok(refusal.status),
            Untried::Failed(problem) => {
                let (status, alarm) = failed(&problem);
                assert!(alarm.contains("l'essai n'a pas été fait"), "{alarm}");
                Err(status.as_u16())
            }
        };
        let fault = || "it panicked".to_owned();
        let away = || StoreError::Unavailable("away".into());
        assert_eq!(told(InboundError::CrmAway { wait: None }.into()), Ok(503));
        assert_eq!(told(InboundError::Fault(fault()).into()), Err(500));
        assert_eq!(told(InboundError::Store(away()).into()), Err(503));
        assert_eq!(told(OutboundError::UnknownUid.into()), Ok(404));
        assert_eq!(told(OutboundError::MayBeCreated.into()), Ok(503));
        assert_eq!(told(OutboundError::Fault(fault()).into()), Err(500));
        assert_eq!(told(OutboundError::Store(away()).into()), Err(503));
    }
}
