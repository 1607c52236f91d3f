//! A partner's address and secrets, from the settings.

use chrono::{DateTime, Utc};

use super::CallError;
use crate::domain::instant::to_the_second;
use crate::domain::reason::Phrase;
use crate::rules::connector::{Access, Partner};
use crate::settings::{LiveSettings, Secret};

/// A partner's address and secrets, and the current time, as connectors use them.
///
/// # Errors
/// If the settings give no address.
pub fn access(
    partner: Partner,
    settings: &LiveSettings,
    now: DateTime<Utc>,
) -> Result<Access, CallError> {
    let (base_url, token) = match partner {
        Partner::Crm => (settings.crm.base_url.as_ref(), settings.crm.token.as_ref()),
        Partner::Sowell => {
            let sowell = settings.sowell.as_ref();
            let token = sowell.and_then(|it| it.token.as_ref());
            (sowell.map(|it| &it.base_url), token)
        }
    };
    let base_url = base_url.ok_or_else(|| {
        CallError::Misconfigured(match partner {
            Partner::Crm => Phrase::CrmAddressUnset.into(),
            Partner::Sowell => Phrase::SowellAddressUnset.into(),
        })
    })?;
    let open = |it: &Secret| it.expose().to_owned();
    let secrets = settings.secrets.iter();
    Ok(Access {
        base_url: base_url.clone(),
        token: token.map(open),
        secrets: secrets.map(|(name, it)| (name.clone(), open(it))).collect(),
        jeton: None,
        maintenant: to_the_second(now),
    })
}
