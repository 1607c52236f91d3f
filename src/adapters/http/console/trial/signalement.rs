//! The page that tries a signalement.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::form::Filled;
use super::residences::{self, Found};
use super::{Choice, Consequences, ForeseenRefusal, Untried, failed, unreadable};
use crate::adapters::explanation::{outcome, printable};
use crate::adapters::http::AppState;
use crate::adapters::http::body::check_size;
use crate::adapters::http::console::session::Operator;
use crate::adapters::http::console::{failure, page};
use crate::adapters::http::problem::Problem;
use crate::adapters::submission;
use crate::crash;
use crate::domain::demande::NewDemande;
use crate::domain::ports::Client;
use crate::domain::referentiel::Gestionnaire;
use crate::rules::compile::Generation;
use crate::rules::decide::{Decision, Undecided};

#[derive(Template)]
#[template(path = "trial/signalement.html")]
struct Page {
    /// What is wrong with the form itself, in French.
    alarm: Option<String>,
    form: Filled,
    /// Code and label of each qualification.
    qualifications: Vec<Choice>,
    /// SoWell's and the CRM's words for each priority.
    priorites: Vec<Choice>,
    /// The name of the residence, if its code is known.
    residence: Option<String>,
    /// What may be meant by an unknown code.
    found: Found,
    /// The biens of the residence.
    biens: Vec<Choice>,
    result: Option<Result<Outcome, ForeseenRefusal>>,
}

/// What the rules would do.
struct Outcome {
    sentence: String,
    /// Whether the rules failed.
    failed: bool,
    demande: Option<NewDemande>,
    /// What is wrong with unknown codes, and the answer that SoWell would get.
    refusal: Option<ForeseenRefusal>,
    /// What SoWell would be warned of.
    avertissements: Vec<String>,
    consequences: Consequences,
}

/// An empty trial.
pub(super) async fn show(_: Operator, State(state): State<AppState>) -> Response {
    let (generation, now) = (state.reload.generation(), state.clock.now());
    let shown = Page::of(generation, move |it| Filled::harmless(it, now)).await;
    match shown {
        Ok(shown) => page(StatusCode::OK, &shown),
        Err(problem) => failure(problem),
    }
}

/// A trial with its result.
pub(super) async fn run(
    _: Operator,
    State(state): State<AppState>,
    filled: Result<Form<Filled>, FormRejection>,
) -> Response {
    match tried(&state, filled).await {
        Ok((status, shown)) => page(status, &shown),
        Err(problem) => failure(problem),
    }
}

/// The page about this form, and its status.
async fn tried(
    state: &AppState,
    filled: Result<Form<Filled>, FormRejection>,
) -> Result<(StatusCode, Page), Problem> {
    let (generation, now) = (state.reload.generation(), state.clock.now());
    let filled = match filled {
        Ok(Form(filled)) => filled.tidied(),
        Err(rejection) => {
            let (status, alarm) = unreadable(&rejection);
            let mut shown = Page::of(generation, move |it| Filled::harmless(it, now)).await?;
            shown.alarm = Some(alarm);
            return Ok((status, shown));
        }
    };
    let body = filled.body();
    let form = move |generation: &Generation| match filled.json {
        // The other form was not sent along.
        json @ Some(_) => Filled {
            json,
            ..Filled::harmless(generation, now)
        },
        None => filled,
    };
    let mut shown = Page::of(generation, form).await?;
    let mut status = StatusCode::OK;
    match body {
        Err(alarm) => shown.alarm = Some(alarm),
        Ok(body) => match try_out(state, body).await {
            Ok(outcome) => shown.result = Some(Ok(outcome)),
            Err(Untried::Refused(refusal)) => shown.result = Some(Err(refusal)),
            Err(Untried::Failed(problem)) => {
                let (of_it, alarm) = failed(&problem);
                (status, shown.alarm) = (of_it, Some(alarm));
            }
        },
    }
    Ok((status, shown))
}

/// Templates cannot name a field that is a word of Rust.
fn type_of(manager: &Gestionnaire) -> &str {
    &manager.r#type
}

/// Reads the body as SoWell's, and tries it.
async fn try_out(state: &AppState, body: Vec<u8>) -> Result<Outcome, Untried> {
    let limits = &state.settings.in_force().limits;
    check_size(limits.body, body.len())?;
    let submission = submission::read(Client::Sowell, None, body.into(), limits);
    let submission = submission.map_err(Problem::malformed)?;
    let avertissements = submission.avertissements.clone();
    let tried = state.inbound.try_out(submission).await?;
    let decision = &tried.foreseen.decision;
    let refusal = match decision {
        Err(Undecided::UnknownCodes(faults)) => {
            Some(ForeseenRefusal::from(&Problem::faults(faults.clone())))
        }
        _ => None,
    };
    Ok(Outcome {
        sentence: printable(Some(&outcome(decision))),
        failed: decision.is_err(),
        demande: match decision {
            Ok(Decision::Transmettre(demande)) => Some(NewDemande {
                contexte: printable(Some(&demande.contexte)),
                ..(**demande).clone()
            }),
            _ => None,
        },
        refusal,
        // Warnings are part of a successful answer only.
        avertissements: match decision {
            Ok(_) => avertissements,
            Err(_) => Vec::new(),
        },
        consequences: Consequences::of(tried.version, &tried.foreseen, &tried.trace),
    })
}

impl Page {
    /// The page with this form, built on a separate thread: it looks through all residences and biens.
    async fn of(
        generation: Arc<Generation>,
        form: impl FnOnce(&Generation) -> Filled + Send + 'static,
    ) -> Result<Self, Problem> {
        let build = move || Self::new(&generation, form(&generation));
        let built = tokio::task::spawn_blocking(build).await;
        built.map_err(|error| Problem::internal(&error))
    }

    fn new(generation: &Generation, form: Filled) -> Self {
        crash::panic_at("trial");
        let (rules, referentiel) = (&generation.rules, &generation.referentiel);
        let qualifications = rules.qualifications.values().map(|it| Choice {
            code: it.code.clone(),
            label: it.libelle.clone(),
        });
        let mut qualifications: Vec<Choice> = qualifications.collect();
        qualifications.sort_unstable_by(|a, b| a.code.cmp(&b.code));
        let priorites = rules.priorites.iter().map(|(word, crm)| Choice {
            code: word.clone(),
            label: crm.text.clone(),
        });
        let residence = referentiel.residence(&form.residence);
        Self {
            alarm: None,
            qualifications,
            priorites: priorites.collect(),
            residence: residence.map(|it| it.nom.clone()),
            found: match residence {
                Some(_) => Found::default(),
                None => residences::containing(referentiel, &form.residence),
            },
            biens: match residence {
                Some(it) => residences::biens_of(referentiel, &it.code),
                None => Vec::new(),
            },
            form,
            result: None,
        }
    }

    fn bien_hint(&self) -> &'static str {
        if self.biens.is_empty() {
            "Son code."
        } else {
            "Son code ; ceux de la résidence sont proposés."
        }
    }

    /// The answer that SoWell would get, if it is a refusal.
    fn refusal(&self) -> Option<&ForeseenRefusal> {
        match self.result.as_ref()? {
            Ok(outcome) => outcome.refusal.as_ref(),
            Err(refusal) => Some(refusal),
        }
    }

    /// What is wrong with a field of the form, in French; empty if nothing is.
    fn fault(&self, field: &str) -> String {
        let refusal = self.refusal().filter(|_| self.form.json.is_none());
        refusal.map_or_else(String::new, |it| it.of_field(field))
    }
}
