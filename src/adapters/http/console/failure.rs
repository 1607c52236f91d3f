//! What a browser shows in place of a page that could not be made: the API's problems are JSON, which staff cannot
//! read.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::html;
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
            "page introuvable",
            "Cette adresse est celle d'une action, et non d'une page : rien n'a été fait."
                .to_owned(),
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
    let rendered = Failure { title, reason }.render();
    let Ok(rendered) = rendered else {
        return problem.into_response();
    };
    let mut page = html(status, rendered);
    let answer = problem.into_response();
    if let Some(wait) = answer.headers().get(header::RETRY_AFTER) {
        page.headers_mut().insert(header::RETRY_AFTER, wait.clone());
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
