//! SoWell's API over HTTP (contract, section 4).

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::json;
use url::Url;

use crate::crash;
use crate::domain::livraison::{StatutPush, UidPush};
use crate::domain::ports::{Reply, Sowell, Unreachable};
use crate::settings::{InForce, Secret};

/// How long SoWell may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one call may take in all.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of an answer's body is kept for the operators.
const EXCERPT_BYTES: usize = 512;
/// A `Retry-After` beyond it is taken for a mistake.
const LONGEST_RETRY_AFTER: TimeDelta = TimeDelta::days(1);

/// The client of SoWell's API; as long as the settings give no address it is not configured.
pub struct SowellHttp {
    client: Client,
    in_force: InForce,
}

impl SowellHttp {
    /// Builds the client once; connections are kept.
    ///
    /// # Errors
    /// When the TLS stack cannot be set up.
    pub fn new(in_force: InForce) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            // A redirect could carry the token elsewhere; it is an answer like any other.
            .redirect(Policy::none())
            .user_agent(concat!("passerelle/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, in_force })
    }
}

#[async_trait]
impl Sowell for SowellHttp {
    fn configured(&self) -> bool {
        self.in_force.get().sowell.is_some()
    }

    async fn send(&self, id: &str, push: &StatutPush) -> Result<Reply, Unreachable> {
        let settings = self.in_force.get();
        let partner = settings
            .sowell
            .as_ref()
            .ok_or_else(|| Unreachable("sowell.base_url is not set".into()))?;
        let url = address(&partner.base_url, &push.uid)?;
        let mut request = self
            .client
            .patch(url)
            .header("Idempotency-Key", id)
            .json(&json!({
                "uid": push.uid,
                "statut": push.statut,
                "statut_crm": push.statut_crm,
                "date": push.date,
                "commentaire": push.commentaire,
                "lien_sowell": push.lien_sowell,
            }));
        if let Some(token) = &partner.token {
            request = request.header(AUTHORIZATION, bearer(token));
        }
        crash::point("sowell.send.before");
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        crash::point("sowell.send.after");
        let status = response.status().as_u16();
        let retry_at = retry_at(&response);
        Ok(Reply {
            status,
            retry_at,
            excerpt: excerpt(response).await,
        })
    }

    /// The default call of the contract has no such operation.
    fn takes_uid(&self) -> bool {
        false
    }

    async fn send_uid(&self, _id: &str, _push: &UidPush) -> Result<Reply, Unreachable> {
        Err(Unreachable("SoWell takes no UID".into()))
    }
}

fn bearer(token: &Secret) -> String {
    format!("Bearer {}", token.expose())
}

fn address(base: &Url, uid: &str) -> Result<Url, Unreachable> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| Unreachable("sowell.base_url cannot have a path".into()))?
        .pop_if_empty()
        .extend(["signalements", uid]);
    Ok(url)
}

/// Without the address, which the operator knows, and which may hold a password.
fn unreachable(error: &reqwest::Error) -> Unreachable {
    let reason = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "connection refused or broken"
    } else {
        "connection lost before the answer"
    };
    Unreachable(reason.into())
}

/// `Retry-After` in either of its forms, seconds or a date.
fn retry_at(response: &Response) -> Option<DateTime<Utc>> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let now = Utc::now();
    let at = match text.parse::<i64>() {
        Ok(seconds) => now.checked_add_signed(TimeDelta::try_seconds(seconds)?)?,
        Err(_) => httpdate::parse_http_date(text).ok()?.into(),
    };
    Some(at.clamp(now, now + LONGEST_RETRY_AFTER))
}

/// The first bytes of the body; reading stops there, however much the partner sends.
async fn excerpt(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < EXCERPT_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            // The status is known already: a body that breaks off changes nothing.
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(EXCERPT_BYTES);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uid_is_one_segment_under_the_base() {
        let cases = [
            (
                "https://s.example",
                "D-1",
                "https://s.example/signalements/D-1",
            ),
            (
                "https://s.example/api/",
                "D-1",
                "https://s.example/api/signalements/D-1",
            ),
            (
                "https://s.example/api",
                "a/b?c",
                "https://s.example/api/signalements/a%2Fb%3Fc",
            ),
        ];
        for (base, uid, wanted) in cases {
            let got = address(&Url::parse(base).unwrap(), uid).unwrap();
            assert_eq!(got.as_str(), wanted);
        }
    }
}
