//! Another way to a destination: what failed on the old one need not wait any longer.

use std::sync::Arc;

use strum::IntoEnumIterator;

use crate::domain::livraison::Destination;
use crate::domain::ports::{Clock, Resume, Store, StoreError};
use crate::flows::hint::Hint;
use crate::rules::compile::RuleSet;
use crate::rules::connector::Partner;
use crate::settings::LiveSettings;

/// Which waiting deliveries need not wait any longer where these settings took the place of those.
pub(super) fn by_settings(
    destination: Destination,
    before: &LiveSettings,
    now: &LiveSettings,
) -> Option<Resume> {
    // What connector files name as secrets may be what was refused.
    let secrets = (before.secrets != now.secrets).then_some(Resume::All);
    match destination {
        Destination::Sowell => match (&before.sowell, &now.sowell) {
            (_, None) => None,
            // What SoWell asked to wait for, it asked at this very address: only a refused token
            // is another matter now.
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

/// The same where these rules took the place of those: a connector's file is part of the way. What
/// the partner asked to wait for, it may have asked for another reason than what was edited.
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

/// What refused us need not wait any longer at the start of a daemon: someone may have mended the token
/// or the account, and started it for that.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn at_start(store: &dyn Store, clock: &dyn Clock) -> Result<(), StoreError> {
    for destination in Destination::iter() {
        let which = match (destination, store.pause(destination).await?) {
            // What code a server refuses everyone with is its own affair, so their attempts do not tell
            // which e-mails these are; and none asks to wait.
            (Destination::Courriel, Some(pause)) if pause.refused => Resume::All,
            _ => Resume::Refused,
        };
        store.resume(destination, which, clock.now()).await?;
    }
    Ok(())
}

/// Resumes what `which` says for each destination, and wakes who sends it.
pub(super) async fn each(
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    outbox: &Hint,
    which: impl Fn(Destination) -> Option<Resume>,
) {
    for destination in Destination::iter() {
        let Some(which) = which(destination) else {
            continue;
        };
        if let Err(error) = store.resume(destination, which, clock.now()).await {
            // They are tried again all the same, at their own time.
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
