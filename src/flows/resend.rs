//! Sends every dead letter of a destination again, behind a trial: what killed them may still be so,
//! and a destination that was just mended must not be run over.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::domain::instant::to_the_second;
use crate::domain::livraison::{Destination, LivraisonEtat};
use crate::domain::ports::{Clock, IfOvertaken, Pause, RetryOutcome, Store, StoreError};

/// Dead letters that are tried, each alone, before the others stay.
const MOST_TRIALS: u32 = 3;
/// How often a trial is looked at.
const TRIAL_POLL: Duration = Duration::from_millis(100);

/// What became of the dead letters of a destination.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resent {
    /// Trials that did not arrive: the delivery, and why.
    pub failed: Vec<(String, Failure)>,
    /// The trial that did, and how many others are sent again behind it.
    pub arrived: Option<(String, u64)>,
}

impl Resent {
    /// Whether dead letters stay as they were.
    #[must_use]
    pub fn others_stay(&self) -> bool {
        self.arrived.is_none() && !self.failed.is_empty()
    }
}

/// Why a trial did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It is dead again.
    #[error("the trial did not arrive: {0}")]
    Refused(String),
    /// It failed, and is tried again at its own time.
    #[error("the trial did not arrive: {0}")]
    Waits(String),
    /// Its attempt did not come in time.
    #[error("nobody has sent the trial yet, and it waits to be: is the daemon running?")]
    NotSent,
    /// Its destination is left alone.
    #[error("the trial waits: the destination is left alone until {until}, since: {reason}")]
    LeftAlone {
        /// Until when; one delivery is sent then.
        until: String,
        /// What the destination failed at.
        reason: String,
    },
    /// It was forgotten meanwhile.
    #[error("the trial is gone")]
    Gone,
    /// A later one of its demande went out meanwhile.
    #[error("a later status than the trial's went out meanwhile")]
    Overtaken,
}

/// Sends the oldest alone, which a daemon must do within `wait`, and the others once it has arrived.
/// What one is refused for may be its own, such as an address that does not exist, so another is
/// tried then.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn all(
    store: &dyn Store,
    clock: &dyn Clock,
    destination: Destination,
    wait: Duration,
) -> Result<Resent, StoreError> {
    let mut resent = Resent::default();
    for _ in 0..MOST_TRIALS {
        let last = resent.failed.last().map(|(id, _)| id.as_str());
        let Some(trial) = store.oldest_dead(destination, last).await? else {
            break;
        };
        match try_one(store, clock, &trial, wait).await? {
            Ok(()) => {
                let queued = store.retry_dead(destination, clock.now()).await?;
                resent.arrived = Some((trial, queued));
                break;
            }
            Err(failure) => {
                let own = matches!(failure, Failure::Refused(_) | Failure::Overtaken);
                resent.failed.push((trial, failure));
                if !own {
                    break;
                }
            }
        }
    }
    Ok(resent)
}

/// Sends one dead letter again, and waits for how it goes.
async fn try_one(
    store: &dyn Store,
    clock: &dyn Clock,
    id: &str,
    wait: Duration,
) -> Result<Result<(), Failure>, StoreError> {
    let Some(before) = store.find_livraison(id).await? else {
        return Ok(Err(Failure::Gone));
    };
    match store
        .retry_livraison(id, IfOvertaken::Stay, clock.now())
        .await?
    {
        // Somebody else may have brought it back.
        RetryOutcome::Queued | RetryOutcome::NotDead(_) => {}
        RetryOutcome::Overtaken => return Ok(Err(Failure::Overtaken)),
        RetryOutcome::Unknown => return Ok(Err(Failure::Gone)),
    }
    let end = Instant::now() + wait;
    loop {
        let Some(now) = store.find_livraison(id).await? else {
            return Ok(Err(Failure::Gone));
        };
        let now = now.summary;
        if now.etat == LivraisonEtat::Livree {
            return Ok(Ok(()));
        }
        // Its attempt may have ended after a later one was sent by somebody else.
        if now.etat == LivraisonEtat::Depassee {
            return Ok(Err(Failure::Overtaken));
        }
        if now.attempts > before.summary.attempts {
            let error = now.last_error.unwrap_or_default();
            return Ok(Err(match now.etat {
                LivraisonEtat::Morte => Failure::Refused(error),
                _ => Failure::Waits(error),
            }));
        }
        if Instant::now() >= end {
            let pause = store.pause(now.destination).await?;
            return Ok(Err(not_sent(pause, clock.now())));
        }
        tokio::time::sleep(TRIAL_POLL).await;
    }
}

/// Why nobody has sent it.
fn not_sent(pause: Option<Pause>, now: DateTime<Utc>) -> Failure {
    match pause.filter(|it| it.until > now) {
        Some(pause) => Failure::LeftAlone {
            until: to_the_second(pause.until),
            reason: pause.reason,
        },
        None => Failure::NotSent,
    }
}
