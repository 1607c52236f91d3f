//! A daemon among others that share its database: it announces itself and the rules it has in force, and
//! notifies the others when something is waiting in the outbox.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::ports::{Clock, Replica, Store, StoreError};
use crate::flows::hint::Hint;
use crate::flows::lasting::Lasting;
use crate::flows::rules::Rules;

/// How often a replica announces itself.
const ANNOUNCE: Duration = Duration::from_secs(2);
/// A replica silent for this long is no longer shown.
const GONE_AFTER: TimeDelta = TimeDelta::seconds(15);
/// Minimum time between two hints: one is as good as many.
const TELL: Duration = Duration::from_millis(50);
/// Delay before listening again after the database was unavailable.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// This daemon, as seen by the others.
pub struct Presence {
    /// The machine and the process.
    pub id: String,
    /// The shared database.
    pub store: Arc<dyn Store>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The rules in force.
    pub rules: Arc<dyn Rules>,
    /// Wakes the workers, here and elsewhere.
    pub outbox: Hint,
}

/// A replica, compared with the rules most recently accepted by any replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The replica.
    pub replica: Replica,
    /// Whether its rules in force differ from those most recently accepted.
    pub lagging: bool,
}

impl Presence {
    /// Runs while it is polled; does nothing for a daemon that does not share its database.
    pub async fn run(self: Arc<Self>) {
        if !self.store.shared() {
            return pending().await;
        }
        let ((), (), ()) =
            futures_util::future::join3(self.announce(), self.tell(), self.listen()).await;
    }

    /// Removes this replica from the list, at shutdown.
    pub async fn leave(&self) {
        if !self.store.shared() {
            return;
        }
        if let Err(error) = self.store.leave(&self.id).await {
            tracing::debug!(%error, "this replica was not removed from the list; it will expire");
        }
    }

    /// All live replicas, including this one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn all(&self) -> Result<Vec<Seen>, StoreError> {
        let now = self.clock.now();
        let mut replicas = self.store.replicas(now - GONE_AFTER).await?;
        // Its own entry is built here, so that it is never out of date.
        replicas.retain(|it| it.id != self.id);
        replicas.push(self.replica(now));
        replicas.sort_by(|a, b| a.id.cmp(&b.id));
        let last = self.store.list_versions(1).await?;
        let lagging = |replica: &Replica| {
            last.first()
                .is_some_and(|last| last.version != replica.version)
        };
        Ok(replicas
            .into_iter()
            .map(|replica| Seen {
                lagging: lagging(&replica),
                replica,
            })
            .collect())
    }

    fn replica(&self, now: DateTime<Utc>) -> Replica {
        Replica {
            id: self.id.clone(),
            version: self.rules.generation().version.clone(),
            seen_at: now,
        }
    }

    async fn announce(&self) {
        let mut announcing = Lasting::new("this replica cannot be announced");
        loop {
            let now = self.clock.now();
            let said = self.store.announce(self.replica(now), now - GONE_AFTER);
            announcing.note(said.await);
            tokio::time::sleep(ANNOUNCE).await;
        }
    }

    async fn tell(&self) {
        let mut news = self.outbox.for_others();
        while news.changed().await.is_ok() {
            // A lost notification costs the others at most a second.
            if let Err(error) = self.store.tell_others().await {
                tracing::debug!(%error, "the other replicas were not notified");
            }
            tokio::time::sleep(TELL).await;
        }
    }

    async fn listen(&self) {
        loop {
            match self.store.told().await {
                Ok(()) => self.outbox.wake(),
                Err(error) => {
                    tracing::debug!(%error, "cannot listen to the other replicas");
                    tokio::time::sleep(LISTEN_AGAIN).await;
                }
            }
        }
    }
}
