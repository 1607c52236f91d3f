//! The page that tries a status of the CRM.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{Consequences, ForeseenRefusal, Untried, failed, unreadable};
use crate::adapters::http::AppState;
use crate::adapters::http::console::page;
use crate::adapters::http::console::session::Operator;
use crate::adapters::http::demandes::read_event;
use crate::adapters::http::problem::Problem;
use crate::crash;
use crate::domain::demande::Uid;
use crate::domain::statut::StatutEvent;
use crate::flows::outbound::OutboundError;
use crate::rules::compile::{Generation, Target};
use crate::rules::decide::StatutDecision;
use crate::rules::foresee;

/// A form as it was filled in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filled {
    statut: String,
    resultat: String,
    commentaire: String,
    canal: String,
    /// A demande whose e-mails are to be seen; empty for a sample one.
    uid: String,
}

impl Filled {
    /// The same without what people add unwittingly: spaces around a word, line breaks of Windows.
    fn tidied(self) -> Self {
        let trimmed = |text: &str| text.trim().to_owned();
        Self {
            statut: trimmed(&self.statut),
            resultat: trimmed(&self.resultat),
            commentaire: self.commentaire.replace("\r\n", "\n"),
            canal: trimmed(&self.canal),
            uid: trimmed(&self.uid),
        }
    }

    /// The body that the CRM would send.
    fn body(&self) -> Vec<u8> {
        let given = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        let body = json!({
            "statut": given(&self.statut),
            "resultat": given(&self.resultat),
            "commentaire": given(&self.commentaire),
            "canal": given(&self.canal),
        });
        body.to_string().into_bytes()
    }

    /// The demande whose status changes; `None` for a sample one.
    ///
    /// # Errors
    /// When no demande can have this reference: the database is not even asked for it.
    fn demande(&self) -> Result<Option<Uid>, OutboundError> {
        if self.uid.is_empty() {
            return Ok(None);
        }
        let uid = Uid::given(&self.uid).ok_or(OutboundError::UnknownUid)?;
        Ok(Some(uid))
    }
}

#[derive(Template)]
#[template(path = "trial/statut.html")]
struct Page {
    /// What is wrong with the form itself, in French.
    alarm: Option<String>,
    form: Filled,
    /// The statuses of the table.
    statuts: Vec<String>,
    /// The values that the table knows for each field that a status depends on.
    resultats: Vec<String>,
    canaux: Vec<String>,
    result: Option<Result<Outcome, ForeseenRefusal>>,
}

/// What the rules would do.
struct Outcome {
    sentence: String,
    /// Why the CRM would be refused: the table does not know the status.
    refusal: Option<ForeseenRefusal>,
    /// Why no e-mail can be foreseen, in French.
    without_mails: Option<String>,
    consequences: Consequences,
}

/// An empty trial.
pub(super) async fn show(_: Operator, State(state): State<AppState>) -> Response {
    let generation = state.reload.generation();
    let form = Filled {
        statut: generation.rules.statuts.initial.text.clone(),
        ..Filled::default()
    };
    page(StatusCode::OK, &Page::new(&generation, form))
}

/// A trial with its result.
pub(super) async fn run(
    _: Operator,
    State(state): State<AppState>,
    filled: Result<Form<Filled>, FormRejection>,
) -> Response {
    let generation = state.reload.generation();
    let form = match filled {
        Ok(Form(filled)) => filled.tidied(),
        Err(rejection) => {
            let (status, alarm) = unreadable(&rejection);
            let mut shown = Page::new(&generation, Filled::default());
            shown.alarm = Some(alarm);
            return page(status, &shown);
        }
    };
    let mut shown = Page::new(&generation, form);
    let mut status = StatusCode::OK;
    match try_out(&state, &shown.form).await {
        Ok(outcome) => shown.result = Some(Ok(outcome)),
        Err(Untried::Refused(refusal)) => shown.result = Some(Err(refusal)),
        Err(Untried::Failed(problem)) => {
            let (of_it, alarm) = failed(&problem);
            (status, shown.alarm) = (of_it, Some(alarm));
        }
    }
    page(status, &shown)
}

/// Reads the form as the CRM's event, and tries it.
async fn try_out(state: &AppState, form: &Filled) -> Result<Outcome, Untried> {
    // As in the API, the faults of the body come before an unknown reference.
    let (event, _) = read_event(form.uid.clone(), &form.body())?;
    let demande = form.demande()?;
    let event = StatutEvent {
        uid: demande.clone().unwrap_or_else(foresee::uid),
        ..event
    };
    let tried = state.outbound.try_out(event, demande.as_ref()).await?;
    let (sentence, refusal) = match &tried.tried.foreseen.decision {
        StatutDecision::Translate { statut_sowell } => (
            format!("SoWell recevrait le statut « {statut_sowell} »."),
            None,
        ),
        StatutDecision::Ignore { motif } => (format!("SoWell ne recevrait rien : {motif}."), None),
        StatutDecision::Unknown(faults) => (
            "SoWell ne recevrait rien pour l'instant : le changement serait conservé, puis envoyé dès que \
             statuts.yaml le traduira."
                .to_owned(),
            Some(ForeseenRefusal::from(&Problem::faults(faults.clone()))),
        ),
    };
    let of = tried.tried;
    Ok(Outcome {
        sentence,
        refusal,
        without_mails: tried.without_mails,
        consequences: Consequences::of(of.version, &of.foreseen, &of.trace),
    })
}

impl Page {
    fn new(generation: &Generation, form: Filled) -> Self {
        crash::panic_at("trial");
        let statuts = &generation.rules.statuts;
        let known = statuts.table.keys().chain(statuts.ignorer.keys());
        let values = |of: &str| {
            let mut all = Vec::new();
            for correspondance in statuts.table.values() {
                match &correspondance.target {
                    Target::Selon { field, values } if field == of => {
                        all.extend(values.keys().cloned());
                    }
                    _ => {}
                }
            }
            all.sort_unstable();
            all.dedup();
            all
        };
        Self {
            alarm: None,
            statuts: known.cloned().collect(),
            resultats: values("resultat"),
            canaux: values("canal"),
            form,
            result: None,
        }
    }

    /// What is wrong with a field of the form, in French; empty if nothing is.
    fn fault(&self, field: &str) -> String {
        let refusal = match self.result.as_ref() {
            None => None,
            Some(Ok(outcome)) => outcome.refusal.as_ref(),
            Some(Err(refusal)) => Some(refusal),
        };
        refusal.map_or_else(String::new, |it| it.of_field(field))
    }
}
