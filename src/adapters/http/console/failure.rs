//! What a browser shows in place of a page that could not be made: the API's problems are JSON, which staff cannot
//! read.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{html, page};
use crate::adapters::http::problem::Problem;

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure {
    title: &'static str,
    /// In French.
    reason: String,
}

/// The page for a problem, with its status.
pub(in crate::adapters::http) fn failure(problem: Problem) -> Response {
    let status = status(&problem);
    let (title, reason) = match status {
        StatusCode::NOT_FOUND => (
            "page introuvable",
            "Il n'y a pas de page à cette adresse.".to_owned(),
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            "action impossible",
            "Cette adresse ne s'ouvre pas de cette façon : rien n'a été fait.".to_owned(),
        ),
        StatusCode::FORBIDDEN => (
            "action refusée",
            "Cette action a été demandée depuis un autre site : rien n'a été fait.".to_owned(),
        ),
        _ => (
            "erreur",
            of_ours(&problem, "la page n'a pas pu être préparée"),
        ),
    };
    match (Failure { title, reason }).render() {
        Ok(rendered) => html(status, rendered),
        Err(_) => problem.into_response(),
    }
}

#[derive(Template)]
#[template(path = "too_often.html")]
struct TooOften {
    seconds: u64,
}

/// The page shown when the rate is exceeded; it reloads by itself.
pub(super) fn too_often(problem: Problem) -> Response {
    let answer = problem.into_response();
    let wait = answer.headers().get(header::RETRY_AFTER).cloned();
    let seconds = wait.as_ref().and_then(|it| it.to_str().ok()?.parse().ok());
    let template = TooOften {
        seconds: seconds.unwrap_or(1),
    };
    let mut page = page(answer.status(), &template);
    if let Some(wait) = wait {
        page.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    page
}

/// The status of a page about this problem.
pub(super) fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What a page says of a failure of ours, in French; `undone` is its consequence.
pub(super) fn of_ours(problem: &Problem, undone: &str) -> String {
    if status(problem) == StatusCode::SERVICE_UNAVAILABLE {
        return format!("La base de données ne répond pas : {undone}. Réessayez dans un instant.");
    }
    let reference = problem.reference().unwrap_or_default();
    format!(
        "Une erreur de notre côté : {undone}. Citez cette référence à l'exploitant, le journal la porte aussi : \
         {reference}."
    )
}
