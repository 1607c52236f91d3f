//! When settings or rules change how a destination is reached, what failed before need not wait any longer.

use std::sync::Arc;

use strum::IntoEnumIterator;

use crate::domain::digest::sha256_hex;
use crate::domain::livraison::Destination;
use crate::domain::ports::{Clock, Outbox, Resume, Store, StoreError};
use crate::flows::creation::UNAUTHORIZED;
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
            (Some(before), Some(now))
                if before.base_url == now.base_url && before.tls == now.tls =>
            {
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

/// At startup, makes due what was refused because of our credentials, and all that failed at a different address:
/// someone may have corrected them, and started the daemon for that. A start with the same address changes nothing
/// for a destination that fails, even if starts follow each other quickly.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn at_start(
    store: &dyn Store,
    clock: &dyn Clock,
    settings: &LiveSettings,
) -> Result<(), StoreError> {
    for destination in Destination::iter() {
        let moved = has_moved(store, destination, settings).await?;
        let which = match (destination, store.pause(destination).await?) {
            _ if moved => Resume::All,
            // Mail servers refuse accounts with various codes, so the attempts do not show which e-mails these
            // are; and mail servers never ask for a wait.
            (Destination::Courriel, Some(pause)) if pause.refused => Resume::All,
            _ => Resume::Refused,
        };
        store.resume(destination, which, clock.now()).await?;
        if destination == Destination::Crm {
            let motif = (!moved).then_some(UNAUTHORIZED);
            store.resume_creations(motif, clock.now()).await?;
        }
    }
    // Last: what is left undone here is done by the next start.
    keep_addresses(store, settings).await
}

/// Whether a destination has another address than the one that was stored. One that was never stored is none to
/// have moved from.
async fn has_moved(
    store: &dyn Store,
    destination: Destination,
    settings: &LiveSettings,
) -> Result<bool, StoreError> {
    let known = store.route(destination).await?;
    let address = settings.address_of(destination);
    Ok(matches!((known, address), (Some(known), Some(now)) if !is_of(&known, &now)))
}

/// Stores the addresses of the destinations, for [`at_start`].
///
/// # Errors
/// When the store cannot be read or written.
pub(super) async fn keep_addresses(
    store: &dyn Store,
    settings: &LiveSettings,
) -> Result<(), StoreError> {
    for destination in Destination::iter() {
        let Some(address) = settings.address_of(destination) else {
            continue;
        };
        let known = store.route(destination).await?;
        if !known.is_some_and(|known| is_of(&known, &address)) {
            let salt = hex::encode(rand::random::<[u8; 16]>());
            let digest = digest(&salt, &address);
            store.set_route(destination, &digest).await?;
        }
    }
    Ok(())
}

/// A salted digest of an address, with its salt.
fn digest(salt: &str, address: &str) -> String {
    format!("{salt}:{}", sha256_hex(format!("{salt}\n{address}")))
}

fn is_of(stored: &str, address: &str) -> bool {
    let salt = stored.split_once(':').map(|it| it.0);
    salt.is_some_and(|salt| digest(salt, address) == stored)
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
    fn credentials_are_no_part_of_an_address() {
        let stored = |smtp: &str, token: &str, sowell: &str| {
            let variables = [
                ("SMTP__URL", smtp),
                ("SOWELL__TOKEN", token),
                ("SOWELL__BASE_URL", sowell),
            ];
            let environment =
                variables.map(|(name, value)| (format!("PASSERELLE_{name}"), value.to_owned()));
            let live = Settings::load(None, environment).unwrap().live;
            let of = |destination| digest("s", &live.address_of(destination).unwrap());
            [of(Destination::Courriel), of(Destination::Sowell)]
        };
        let before = stored("smtps://u:p@m.example", "t", "http://a.example");
        assert_eq!(
            before,
            stored("smtps://v:q@m.example", "u", "http://a.example")
        );
        let other = stored("smtps://u:p@n.example", "t", "http://a.example/api");
        assert!(before[0] != other[0] && before[1] != other[1]);
    }

    #[test]
    fn a_digest_is_of_one_address_only() {
        let stored = digest("salt", "http://a.example");
        assert!(is_of(&stored, "http://a.example"));
        assert!(!is_of(&stored, "http://b.example") && !is_of("", "http://a.example"));
        assert_ne!(stored, digest("other", "http://a.example"));
        assert!(!stored.contains("example"));
    }

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
