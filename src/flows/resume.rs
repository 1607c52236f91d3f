//! When settings or rules change how a destination is reached, what failed before need not wait any longer.

use std::sync::Arc;

use strum::IntoEnumIterator;

use crate::domain::livraison::Destination;
use crate::domain::ports::{Clock, Outbox, Resume, StoreError};
use crate::flows::hint::Hint;
use crate::rules::compile::RuleSet;
use crate::rules::connector::Partner;
use crate::settings::LiveSettings;

/// Which waiting deliveries become due because of a change of settings.
pub(super) fn by_settings(
    destination: Destination,
    before: &LiveSettings,
    now: &LiveSettings,
) -> Option<Resume> {
    // The secrets that connector files name may be what was refused.
    let secrets = (before.secrets != now.secrets).then_some(Resume::All);
    match destination {
        Destination::Sowell => match (&before.sowell, &now.sowell) {
            (_, None) => None,
            // SoWell asked for the waits at this same address: only a refused token is now worth retrying.
            (Some(before), Some(now)) if before.base_url == now.base_url => {
                secrets.or((before.token != now.token).then_some(Resume::Refused))
            }
            _ => Some(Resume::All),
        },
        Destination::Crm => secrets.or((before.crm != now.crm).then_some(Resume::All)),
        Destination::Courriel => {
            let way = |it: &LiveSettings| (it.smtp.url.clone(), it.smtp.ca.clone());
            (way(before) != way(now)).then_some(Resume::All)
        }
    }
}

/// Which waiting deliveries become due because of a change of rules: the connector's file determines how the
/// partner is called. A wait that the partner asked for may have a cause unrelated to the edit, so it stays.
pub(super) fn by_rules(
    destination: Destination,
    before: &RuleSet,
    now: &RuleSet,
) -> Option<Resume> {
    let partner = match destination {
        Destination::Sowell => Partner::Sowell,
        Destination::Crm => Partner::Crm,
        Destination::Courriel => return None,
    };
    let mended = before.connectors.get(&partner) != now.connectors.get(&partner);
    mended.then_some(Resume::Unanswered)
}

/// At startup, makes due what was refused because of our credentials: someone may have corrected the token or
/// the account, and started the daemon for that.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn at_start(store: &dyn Outbox, clock: &dyn Clock) -> Result<(), StoreError> {
    for destination in Destination::iter() {
        let which = match (destination, store.pause(destination).await?) {
            // Mail servers refuse accounts with various codes, so the attempts do not show which e-mails these
            // are; and mail servers never ask for a wait.
            (Destination::Courriel, Some(pause)) if pause.refused => Resume::All,
            _ => Resume::Refused,
        };
        store.resume(destination, which, clock.now()).await?;
    }
    Ok(())
}

/// Resumes the deliveries that `which` selects for each destination, and wakes its worker.
pub(super) async fn each(
    store: &dyn Outbox,
    clock: &Arc<dyn Clock>,
    outbox: &Hint,
    which: impl Fn(Destination) -> Option<Resume>,
) {
    for destination in Destination::iter() {
        let Some(which) = which(destination) else {
            continue;
        };
        if let Err(error) = store.resume(destination, which, clock.now()).await {
            // They are still retried when they are due.
            tracing::error!(destination = destination.as_str(), %error, "deliveries not resumed");
        }
        outbox.notify_worker(destination);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn only_a_new_way_sets_waiting_deliveries_free() {
        let live = |sowell: &str, token: &str, smtp: &str| {
            let variables = [
                ("SOWELL__BASE_URL", sowell),
                ("SOWELL__TOKEN", token),
                ("SMTP__URL", smtp),
            ];
            let environment =
                variables.map(|(name, value)| (format!("PASSERELLE_{name}"), value.to_owned()));
            Settings::load(None, environment).unwrap().live
        };
        let before = live("http://a.example", "t", "");
        let both = |now: &LiveSettings| {
            Destination::iter()
                .map(|it| by_settings(it, &before, now))
                .collect::<Vec<_>>()
        };
        assert_eq!(both(&before), [None, None, None]);
        assert_eq!(
            both(&live("http://a.example", "u", "")),
            [Some(Resume::Refused), None, None]
        );
        assert_eq!(
            both(&live("http://b.example", "t", "")),
            [Some(Resume::All), None, None]
        );
        assert_eq!(
            both(&live("", "t", "smtp://m.example")),
            [None, Some(Resume::All), None]
        );
    }
}
