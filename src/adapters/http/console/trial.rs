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
use crate::adapters::http::problem::Problem;
use crate::domain::fault::Fault;
use crate::rules::foresee::Foreseen;

/// The largest form, in bytes: a signalement with a small photo or two. Larger ones would have to be parsed apart from
/// the threads that serve requests.
const FORM_BYTES: usize = 512 * 1024;

pub(super) fn routes() -> Router<AppState> {
    let signalement = get(signalement::show).post(signalement::run);
    let statut = get(statut::show).post(statut::run);
    Router::new()
        .route("/console/essai", signalement)
        .route("/console/essai/statut", statut)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
}

/// What is said of a form that cannot be read, and the status that goes with it.
fn unreadable(rejection: &FormRejection) -> (StatusCode, &'static str) {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "Ce formulaire dépasse 512 Kio : retirez les photos de votre JSON, ou raccourcissez les textes, puis \
             recommencez.",
        ),
        status => (
            status,
            "Ce formulaire n'a pas pu être lu : remplissez-le de nouveau.",
        ),
    }
}

/// The answer to a request that is refused.
struct Refusal {
    status: u16,
    detail: String,
    faults: Vec<Fault>,
}

impl From<&Problem> for Refusal {
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

impl Refusal {
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
    steps: Steps,
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
        let trace = serde_json::from_str(trace).unwrap_or_default();
        Self {
            version,
            mails: mails.collect(),
            unwritten: foreseen.unwritten().map(|it| unwritten(&it)).collect(),
            steps: Steps::of(&trace),
        }
    }
}
