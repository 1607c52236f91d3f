//! Sign-in to the console with the admin token, which the browser keeps in a cookie. Replicas keep no sessions, so
//! any of them can answer, and replacing the token ends every session.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use base64_simd::URL_SAFE_NO_PAD;

use crate::adapters::http::AppState;
use crate::adapters::http::auth::Gate;
use crate::adapters::http::problem::Problem;
use crate::domain::ports::Client;

/// The start of the cookie's name. Browsers ignore the port, so two daemons on one machine would sign each other's
/// operators out if the name did not depend on the token. Replicas have the same name and token.
const COOKIE: &str = "passerelle_console_";

fn cookie_name(gate: &Gate) -> String {
    format!("{COOKIE}{}", gate.admin_mark())
}

/// Where someone is redirected who presses a button after being signed out: nothing was done.
const NOT_DONE: &str = "/?fait=deconnecte";

/// A request with the admin token's cookie that comes from the console itself.
pub(super) struct Operator;

/// Why a request is not accepted as an operator's.
pub(super) enum Refusal {
    /// No session, or one whose token is no longer the admin token, and this page was asked for.
    SignedOut {
        /// The page's path and query.
        at: String,
    },
    /// The same, and something was to be done.
    NotDone,
    /// It was sent by another site's page.
    Foreign,
    /// It exceeds the admin client's rate.
    Rate(Problem),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::SignedOut { at } => super::sign_in_first(&at),
            Self::NotDone => Redirect::to(NOT_DONE).into_response(),
            Self::Foreign => super::failure(Problem::forbidden()),
            Self::Rate(problem) => super::too_often(problem),
        }
    }
}

impl FromRequestParts<AppState> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let jar = CookieJar::from_headers(&parts.headers);
        let cookie = jar.get(&cookie_name(&state.gate));
        let token = cookie.and_then(|cookie| decode(cookie.value()));
        let holder = token.and_then(|token| state.gate.holder(&token));
        if holder != Some(Client::Admin) {
            return Err(if parts.method.is_safe() {
                let at = parts.uri.path_and_query();
                let at = at.map_or_else(String::new, ToString::to_string);
                Refusal::SignedOut { at }
            } else {
                Refusal::NotDone
            });
        }
        // Browsers do not send the cookie with other sites' requests. This check covers those that do all the same,
        // and requests from sibling domains.
        if !parts.method.is_safe() && foreign(&parts.headers) {
            return Err(Refusal::Foreign);
        }
        state.gate.admit(Client::Admin).map_err(Refusal::Rate)?;
        Ok(Self)
    }
}

fn foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// A session cookie for someone who gives the admin token; the browser drops it when it closes.
pub(super) fn open(gate: &Gate, headers: &HeaderMap, token: &str) -> Option<Cookie<'static>> {
    if gate.holder(token)? != Client::Admin {
        return None;
    }
    // TLS ends at a proxy in front of this server, which sets this header.
    let https = headers
        .get("x-forwarded-proto")
        .is_some_and(|it| it == "https");
    let value = URL_SAFE_NO_PAD.encode_to_string(token);
    Some(
        Cookie::build((cookie_name(gate), value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(https)
            .build(),
    )
}

/// The cookie to remove.
pub(super) fn closed(gate: &Gate) -> Cookie<'static> {
    Cookie::build(cookie_name(gate)).path("/").build()
}

fn decode(value: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(value).ok()?;
    String::from_utf8(bytes).ok()
}
