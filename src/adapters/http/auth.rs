//! Authentication and rate limits: bearer tokens, stored hashed, the CRM's signatures, and a rate for each client.

mod tokens;

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Utc};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use strum::IntoEnumIterator;
use subtle::ConstantTimeEq;

use crate::adapters::http::AppState;
use crate::adapters::http::problem::Problem;
use crate::adapters::partner;
use crate::domain::digest::sha256_hex;
use crate::domain::ports::Client;
use crate::settings::{InForce, MadeFrom, Rate, Secret};

pub use tokens::{TOKEN_REFRESH, make_missing_tokens, make_token};

/// How many characters of the token's hash distinguish one daemon's cookies from another's.
const MARK_CHARS: usize = 8;

/// The hash under which a token is stored. Tokens are long and random, so a plain hash is enough.
#[must_use]
pub fn hash(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

/// The hash of each client's token.
type Hashes = BTreeMap<Client, String>;

/// Identifies clients and limits their rates.
pub struct Gate {
    /// From the settings; these take precedence over stored ones.
    set: MadeFrom<BTreeMap<Client, Secret>, Hashes>,
    stored: ArcSwap<Hashes>,
    /// Keeps its counts until the rate itself changes.
    limiter: MadeFrom<Rate, DefaultKeyedRateLimiter<Client>>,
    in_force: InForce,
}

impl Gate {
    /// Follows the settings; stored tokens are given with [`Gate::set_stored`].
    fn new(in_force: &InForce) -> Self {
        Self {
            set: MadeFrom::new(in_force.clone(), |settings| &settings.tokens, hashes),
            stored: ArcSwap::default(),
            limiter: MadeFrom::new(
                in_force.clone(),
                |settings| &settings.limits.rate,
                |rate| RateLimiter::keyed(quota(*rate)),
            ),
            in_force: in_force.clone(),
        }
    }

    /// Replaces the hashes read from the database.
    fn set_stored(&self, hashes: impl IntoIterator<Item = (Client, String)>) {
        self.stored.store(Arc::new(hashes.into_iter().collect()));
    }

    /// Checks that the CRM signed this body; always fails if the settings have no secret for it.
    fn signed_by_crm(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let settings = self.in_force.get();
        let header = |name: &str| headers.get(name)?.to_str().ok();
        let secret = settings.crm.webhook_secret.as_ref();
        let secret = secret.ok_or_else(Problem::unauthorized)?;
        partner::verify(secret.expose(), header, now.timestamp(), body)
            .map_err(|fault| Problem::unsigned(fault.to_string()))
    }

    /// Counts a client's call against its rate.
    pub(super) fn admit(&self, client: Client) -> Result<Caller, Problem> {
        match self.limiter.get().check_key(&client) {
            Ok(()) => Ok(Caller(client)),
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                Err(Problem::too_many(wait.as_secs() + 1))
            }
        }
    }

    fn client(&self, headers: &HeaderMap) -> Option<Client> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        self.holder(token.trim())
    }

    /// Distinguishes the admin token from another daemon's. It reveals nothing of the token, and is the same on
    /// every replica.
    pub(super) fn admin_mark(&self) -> String {
        let (set, stored) = (self.set.get(), self.stored.load());
        let known = set
            .get(&Client::Admin)
            .or_else(|| stored.get(&Client::Admin));
        let mark = known.map(|it| hash(it)).unwrap_or_default();
        mark.chars().take(MARK_CHARS).collect()
    }

    /// The client that holds this token.
    pub(super) fn holder(&self, token: &str) -> Option<Client> {
        let given = hash(token);
        let (set, stored) = (self.set.get(), self.stored.load());
        Client::iter().find(|client| {
            let known = set.get(client).or_else(|| stored.get(client));
            known.is_some_and(|known| known.as_bytes().ct_eq(given.as_bytes()).into())
        })
    }
}

fn hashes(tokens: &BTreeMap<Client, Secret>) -> Hashes {
    tokens
        .iter()
        .map(|(client, token)| (*client, hash(token.expose())))
        .collect()
}

fn quota(rate: Rate) -> Quota {
    let burst = std::num::NonZeroU32::new(rate.requests).unwrap_or(std::num::NonZeroU32::MIN);
    Quota::with_period(rate.per / burst.get())
        .unwrap_or_else(|| Quota::per_second(burst))
        .allow_burst(burst)
}

/// A client whose token is known and whose rate is not exceeded.
#[derive(Debug, Clone, Copy)]
pub struct Caller(pub Client);

impl Caller {
    /// Allows only these clients.
    ///
    /// # Errors
    /// 403 for any other client.
    pub fn require(self, allowed: &[Client]) -> Result<Client, Problem> {
        if allowed.contains(&self.0) {
            Ok(self.0)
        } else {
            Err(Problem::forbidden())
        }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
        let first = given.next();
        if given.any(|it| Some(it) != first) {
            // There is no way to know which one is meant.
            return Err(Problem::malformed_header(
                "Authorization est donné plusieurs fois, avec des valeurs différentes",
            ));
        }
        let client = state
            .gate
            .client(&parts.headers)
            .ok_or_else(Problem::unauthorized)?;
        state.gate.admit(client)
    }
}

/// The sender of a status: a client identified by its token, or the CRM by the signature of its call, which can
/// only be verified with the body.
#[derive(Debug)]
pub enum Teller {
    /// A client whose token is known and allows this.
    Known,
    /// A sender that claims to be the CRM; its headers.
    Signing(HeaderMap),
}

impl Teller {
    /// Checks the sender, now that the body has arrived, and returns an identifier of the message if it is signed.
    /// By the specification its `webhook-id` alone would do, but some CRMs give all their messages the same one.
    ///
    /// # Errors
    /// 401 if the signature does not match or is too old by now, 429 beyond the rate.
    pub fn require(
        self,
        gate: &Gate,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Problem> {
        match self {
            Self::Known => Ok(None),
            Self::Signing(headers) => {
                gate.signed_by_crm(&headers, body, now)?;
                gate.admit(Client::Crm)?;
                let id = headers.get("webhook-id").map(HeaderValue::as_bytes);
                let parts = [id.unwrap_or_default(), b"\0", body];
                Ok(Some(sha256_hex(parts.concat())))
            }
        }
    }
}

impl FromRequestParts<AppState> for Teller {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let settings = state.gate.in_force.get();
        let signs = parts.headers.contains_key("webhook-signature")
            && !parts.headers.contains_key(header::AUTHORIZATION);
        if signs && settings.crm.webhook_secret.is_some() {
            return Ok(Self::Signing(parts.headers.clone()));
        }
        if signs {
            return Err(Problem::unsigned(
                "aucune signature n'est acceptée tant que crm.webhook_secret n'est pas réglé : \
                 réglez-le, ou envoyez le jeton du CRM (Authorization: Bearer …)",
            ));
        }
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.require(&[Client::Crm, Client::Admin])?;
        Ok(Self::Known)
    }
}
