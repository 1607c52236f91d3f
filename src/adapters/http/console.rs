//! `/`: the console, where the landlord's staff and operators see what is stuck and why. Pages are rendered here,
//! in French, and work without a script; the only script refreshes them without a flash.

mod alarms;
mod demande;
mod failure;
mod held;
mod overview;
mod session;
mod trial;
mod words;

use askama::Template;
use axum::Router;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use strum::{EnumString, IntoStaticStr};

use crate::adapters::http::AppState;
use crate::adapters::http::path::Segments;
use crate::adapters::http::problem::Problem;
use crate::domain::ports::{IfOvertaken, RetryOutcome};

pub(super) use failure::failure;
use failure::too_often;
use overview::Overview;
use session::{Operator, Refusal};

/// Allows only what this server sends, and forbids framing by other sites.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
                      img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The console's routes, which the API's description leaves out.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(show))
        .route("/console/style.css", get(style))
        .route("/console/refresh.js", get(refresh))
        .route("/console/connexion", post(sign_in).get(sign_in_page))
        .route("/console/deconnexion", post(sign_out))
        .route("/console/regles/recharger", post(reload))
        .route("/console/demande", get(demande::show))
        .route("/console/livraisons/{id}/renvoyer", post(resend))
        .merge(trial::routes())
}

/// The result of an action, shown by the page that follows it.
#[derive(Debug, Clone, Copy, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
enum Notice {
    Relu,
    ReluRechercheEnCours,
    Renvoyee,
    Depassee,
    PlusMorte,
    Indisponible,
}

impl Notice {
    fn text(self) -> &'static str {
        match self {
            Self::Relu => "Les fichiers ont été relus ; le résultat est ci-dessous.",
            Self::ReluRechercheEnCours => {
                "Les fichiers ont été relus ; le résultat est ci-dessous. La recherche de signalements \
                 que ces règles ne savent pas traiter continue : ce qu'elle trouve s'ajoutera sous \
                 « À vérifier »."
            }
            Self::Renvoyee => {
                "La livraison est de nouveau en attente : ce qu'elle devient se voit dans un instant."
            }
            Self::Depassee => {
                "Un statut plus récent est déjà parti : celui-ci n'est renvoyé que par la ligne \
                 de commande, avec --force."
            }
            Self::PlusMorte => "Cette livraison n'est plus à renvoyer.",
            Self::Indisponible => "La base de données ne répond pas : rien n'a été fait.",
        }
    }

    /// The value of `fait` in the page's address.
    fn word(self) -> &'static str {
        self.into()
    }

    /// Redirects to the console with this notice, so that reloading the page does not repeat the action.
    fn shown(self) -> Redirect {
        Redirect::to(&format!("/?fait={}", self.word()))
    }
}

#[derive(Deserialize)]
struct Asked {
    fait: Option<String>,
}

#[derive(Deserialize)]
struct Credentials {
    jeton: String,
    /// The page that was asked for before signing in.
    #[serde(default)]
    vers: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    /// What went wrong, in French; `None` on a first visit.
    alarm: Option<&'static str>,
    /// The page to show next; empty for the first one.
    next: String,
}

const WRONG_TOKEN: &str = "Ce jeton n'est pas celui de l'administration.";
const NO_TOKEN: &str = "Donnez le jeton d'administration.";
const SIGNED_OUT: &str = "Vous n'étiez plus connecté : l'action demandée n'a pas été faite. Connectez-vous, \
                          puis recommencez.";
/// The value of `fait` that shows [`SIGNED_OUT`].
const SIGNED_OUT_WORD: &str = "deconnecte";

async fn show(
    State(state): State<AppState>,
    operator: Result<Operator, Refusal>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    // An unknown value shows nothing.
    let word = asked.ok().and_then(|Query(asked)| asked.fait);
    match operator {
        Ok(Operator) => {
            let notice = word.and_then(|word| word.parse().ok());
            let overview = Overview::of(&state, notice.map(Notice::text)).await;
            page(StatusCode::OK, &overview)
        }
        Err(Refusal::SignedOut { .. }) => {
            let not_done = word.is_some_and(|it| it == SIGNED_OUT_WORD);
            let alarm = not_done.then_some(SIGNED_OUT);
            let next = String::new();
            page(StatusCode::OK, &SignIn { alarm, next })
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// The form to sign in, in place of a page that leads back to it.
fn sign_in_first(at: &str) -> Response {
    let next = page_of_ours(at).unwrap_or_default();
    page(StatusCode::OK, &SignIn { alarm: None, next })
}

/// An address of a page of the console, and of nothing else: it comes from a form that anyone may send.
fn page_of_ours(address: &str) -> Option<String> {
    let uri: Uri = address.parse().ok()?;
    let ours = uri.authority().is_none() && uri.path().starts_with("/console/");
    (ours && address.is_ascii()).then(|| address.to_owned())
}

async fn sign_in(
    State(state): State<AppState>,
    headers: HeaderMap,
    jar: CookieJar,
    given: Result<Form<Credentials>, FormRejection>,
) -> Response {
    let refused = |alarm, next| {
        let alarm = Some(alarm);
        page(StatusCode::FORBIDDEN, &SignIn { alarm, next })
    };
    let Ok(Form(given)) = given else {
        return refused(NO_TOKEN, String::new());
    };
    let next = page_of_ours(&given.vers);
    match session::open(&state.gate, &headers, given.jeton.trim()) {
        Some(cookie) => {
            let next = Redirect::to(next.as_deref().unwrap_or("/"));
            (jar.add(cookie), next).into_response()
        }
        None if given.jeton.trim().is_empty() => refused(NO_TOKEN, next.unwrap_or_default()),
        None => refused(WRONG_TOKEN, next.unwrap_or_default()),
    }
}

/// A browser shows this address after a wrong token, and may request it again.
async fn sign_in_page() -> Redirect {
    Redirect::to("/")
}

async fn sign_out(_: Operator, State(state): State<AppState>, jar: CookieJar) -> Response {
    let cookie = session::closed(&state.gate);
    (jar.remove(cookie), Redirect::to("/")).into_response()
}

async fn reload(_: Operator, State(state): State<AppState>) -> Redirect {
    state.reload.reload().await;
    let notice = if state.reload.is_searching().await {
        Notice::ReluRechercheEnCours
    } else {
        Notice::Relu
    };
    notice.shown()
}

async fn resend(
    _: Operator,
    State(state): State<AppState>,
    id: Result<Segments<String>, Problem>,
) -> Response {
    let id = match id {
        Ok(Segments(id)) => id,
        Err(problem) => return failure(problem),
    };
    let now = state.clock.now();
    let outcome = state
        .store
        .retry_livraison(&id, IfOvertaken::Stay, now)
        .await;
    let notice = match outcome {
        Ok(RetryOutcome::Queued) => {
            state.presence.outbox.notify();
            Notice::Renvoyee
        }
        Ok(RetryOutcome::Overtaken) => Notice::Depassee,
        Ok(RetryOutcome::Unknown | RetryOutcome::NotDead(_)) => Notice::PlusMorte,
        Err(error) => {
            tracing::warn!(%error, delivery = id, "the delivery was not queued again");
            Notice::Indisponible
        }
    };
    notice.shown().into_response()
}

async fn style() -> impl IntoResponse {
    asset("text/css; charset=utf-8", include_str!("console/style.css"))
}

async fn refresh() -> impl IntoResponse {
    let script = include_str!("console/refresh.js");
    asset("text/javascript; charset=utf-8", script)
}

fn asset(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text)
}

/// Whether an address is one of the console's, which people open in a browser.
pub(super) fn has(path: &str) -> bool {
    path == "/" || path == "/console" || path.starts_with("/console/")
}

fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(rendered) => html(status, rendered),
        Err(error) => failure(Problem::internal(&error)),
    }
}

fn html(status: StatusCode, html: String) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, Html(html)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("/console/essai", true)]
    #[case("/console/demande?uid=DEM%2D1%20%C3%A9", true)]
    #[case("", false)]
    #[case("/", false)]
    #[case("/docs/", false)]
    #[case("//console/essai", false)]
    #[case("https://example.org/console/essai", false)]
    #[case("example.org:443", false)]
    #[case("/\\example.org", false)]
    #[case("/console/é", false)]
    #[case("/console/a\r\nSet-Cookie: a=b", false)]
    fn only_a_page_of_the_console_is_shown_after_signing_in(
        #[case] address: &str,
        #[case] shown: bool,
    ) {
        assert_eq!(page_of_ours(address).is_some(), shown);
    }
}
