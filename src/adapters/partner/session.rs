//! The token for partners whose calls need a session: requested once for everyone, and again before it expires or
//! once it is refused.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{CallError, PartnerHttp, PhotoBytes, Work};
use crate::rules::connector::{Access, Meaning, Step};
use crate::settings::LiveSettings;

/// How long before its end a token is renewed: it must stay valid for the whole of a call.
const RENEW_BEFORE: Duration = Duration::from_mins(1);
/// The longest that a token is used, whatever its announced lifetime: some partners give an enormous number to mean
/// that it never expires.
const LONGEST_HELD: Duration = Duration::from_hours(24);

/// A token, and what it was requested with.
pub(super) struct Held {
    version: String,
    settings: Arc<LiveSettings>,
    jeton: String,
    until: Instant,
}

impl PartnerHttp {
    /// Puts the session's token into `access`; `true` if requesting another one would be useless.
    pub(super) async fn log_in(
        &self,
        work: &Work<'_>,
        access: &mut Access,
        values: &Value,
        renew: bool,
    ) -> Result<bool, CallError> {
        let begun = work.begun;
        let Some(lifetime) = work.connector.session_lifetime() else {
            return Ok(true);
        };
        let refused = access.jeton.take();
        let mut held = self.session.lock().await;
        let usable = held.as_ref().filter(|it| {
            it.version == begun.generation.version
                && *it.settings == *begun.settings
                && it.until > Instant::now()
                // Another call may have renewed it meanwhile.
                && !(renew && refused.as_ref() == Some(&it.jeton))
        });
        if let Some(held) = usable {
            access.jeton = Some(held.jeton.clone());
            return Ok(false);
        }
        let called = self
            .call(work, Step::Login, values, access, &PhotoBytes::new())
            .await
            .map_err(login_error)?;
        let text = |name: &str| {
            let value = called.found.values.get(name);
            value.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
        };
        let jeton = text("jeton").unwrap_or_default();
        let told = text("duree");
        *held = Some(Held {
            version: begun.generation.version.clone(),
            settings: Arc::clone(&begun.settings),
            jeton: jeton.clone(),
            until: Instant::now() + held_for(told.as_deref(), lifetime),
        });
        access.jeton = Some(jeton);
        Ok(true)
    }
}

/// How long a token is used, from the lifetime in its answer (seconds) or else in the connector.
fn held_for(told: Option<&str>, lifetime: Duration) -> Duration {
    let told = told.and_then(|it| it.parse().ok());
    let lifetime = told.map_or(lifetime, Duration::from_secs);
    let lifetime = lifetime.min(LONGEST_HELD);
    lifetime.saturating_sub(RENEW_BEFORE.min(lifetime / 2))
}

/// A refused login is a credentials failure, whatever its status.
fn login_error(error: CallError) -> CallError {
    match error {
        CallError::Answered {
            status,
            mut failure,
            excerpt,
            retry_at,
        } => {
            if failure.meaning == Meaning::Refused {
                failure.meaning = Meaning::Unauthorized;
            }
            CallError::Answered {
                status,
                failure,
                excerpt,
                retry_at,
            }
        }
        CallError::Lost(reason) => CallError::NotSent(reason),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Some("3600"), 3540)]
    #[case(Some("60"), 30)]
    #[case(Some("0"), 0)]
    #[case(None, 1740)]
    #[case(Some("bientôt"), 1740)]
    #[case(Some("9223372036854775807"), 86_340)]
    #[case(Some("18446744073709551615"), 86_340)]
    fn a_token_is_used_for_a_day_at_most(#[case] told: Option<&str>, #[case] seconds: u64) {
        let held = held_for(told, Duration::from_mins(30));
        assert_eq!(held.as_secs(), seconds);
    }

    #[test]
    fn a_longer_lifetime_in_the_connector_is_limited_to_a_day_too() {
        assert!(held_for(None, Duration::MAX) < LONGEST_HELD);
    }
}
