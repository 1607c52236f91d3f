//! Requeues every dead letter of a destination after a trial: the cause of the failures may persist, and a
//! destination that has just recovered must not be flooded.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::domain::instant::to_the_second;
use crate::domain::livraison::{Destination, LivraisonEtat};
use crate::domain::ports::{Clock, IfOvertaken, Outbox, Pause, RetryOutcome, StoreError};

/// Number of dead letters tried, one at a time, before the others are left as they are.
const MOST_TRIALS: u32 = 3;
/// How often the result of a trial is checked.
const TRIAL_POLL: Duration = Duration::from_millis(100);

/// What happened to the dead letters of a destination.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resent {
    /// Failed trials: the delivery, and why.
    pub failed: Vec<(String, Failure)>,
    /// The successful trial, and how many others were requeued after it.
    pub arrived: Option<(String, u64)>,
}

impl Resent {
    /// Whether the other dead letters were left as they were.
    #[must_use]
    pub fn others_stay(&self) -> bool {
        self.arrived.is_none() && !self.failed.is_empty()
    }
}

/// Why a trial failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It is dead again.
    #[error("the trial failed: {0}")]
    Refused(String),
    /// It failed, and is retried when due.
    #[error("the trial failed: {0}")]
    Waits(String),
    /// It was not attempted in time.
    #[error("the trial has not been sent yet and is still waiting: is the daemon running?")]
    NotSent,
    /// Its destination is paused.
    #[error("the trial is waiting: the destination is paused until {until}: {reason}")]
    LeftAlone {
        /// End of the pause, when one delivery is sent.
        until: String,
        /// Why the destination failed.
        reason: String,
    },
    /// It was purged meanwhile.
    #[error("the trial was purged")]
    Gone,
    /// A later delivery of its demande was sent meanwhile.
    #[error("a later status than the trial's was sent meanwhile")]
    Overtaken,
}

/// Sends the oldest alone, which a daemon must do within `wait`, and requeues the others once it has arrived.
/// It may be refused for a reason of its own, such as an address that does not exist, so another one is then
/// tried.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn all(
    store: &dyn Outbox,
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

/// Requeues one dead letter, and waits for the result.
async fn try_one(
    store: &dyn Outbox,
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
        // Someone else may have requeued it already.
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
        // Its attempt may have ended after someone else sent a later one.
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

/// Why it has not been sent.
fn not_sent(pause: Option<Pause>, now: DateTime<Utc>) -> Failure {
    match pause.filter(|it| it.until > now) {
        Some(pause) => Failure::LeftAlone {
            until: to_the_second(pause.until),
            reason: pause.reason,
        },
        None => Failure::NotSent,
    }
}
