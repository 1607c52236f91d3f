//! Who is at the console: whoever gave the admins' token, which the browser keeps in a cookie. No
//! replica remembers a session, so any of them answers, and a token that is replaced ends all.

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

/// How the name of the cookie begins. Browsers tell no port from another: two daemons of one machine would
/// sign each other's operators out, were the name not that of the token. Replicas share both.
const COOKIE: &str = "passerelle_console_";

fn cookie_name(gate: &Gate) -> String {
    format!("{COOKIE}{}", gate.admin_mark())
}

/// Where someone is sent who is signed out and pressed a button all the same.
const NOT_DONE: &str = "/?fait=deconnecte";

/// Someone who gave the admins' token, and whose request comes from the console itself.
pub(super) struct Operator;

/// Why a request is not an operator's.
pub(super) enum Refusal {
    /// No session, or one whose token is no longer the admins'.
    SignedOut,
    /// Another site's page sent it.
    Foreign,
    /// Beyond the admins' rate.
    Rate(Problem),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::SignedOut => Redirect::to(NOT_DONE).into_response(),
            Self::Foreign => Problem::forbidden().into_response(),
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
            return Err(Refusal::SignedOut);
        }
        // The cookie does not follow a request of another site; this holds where a browser or a
        // sibling domain has it follow all the same.
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

/// The cookie of whoever gives the admins' token; it goes with the browser.
pub(super) fn open(gate: &Gate, headers: &HeaderMap, token: &str) -> Option<Cookie<'static>> {
    if gate.holder(token)? != Client::Admin {
        return None;
    }
    // TLS ends before this server, at a proxy that says so.
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

/// What makes the browser forget it.
pub(super) fn closed(gate: &Gate) -> Cookie<'static> {
    Cookie::build(cookie_name(gate)).path("/").build()
}

fn decode(value: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(value).ok()?;
    String::from_utf8(bytes).ok()
}
