//! Judges events whose status the rules did not know again, once for each accepted version of the rules.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Outbound, OutboundError, push, split};
use crate::domain::ports::Release;
use crate::domain::statut::{EventIssue, StoredEvent};
use crate::flows::acknowledge::written;
use crate::flows::lasting::Lasting;
use crate::rules::compile::Generation;

/// Number of held events read at once.
const PAGE: u32 = 100;
/// How long an event may take from its judgement to its commit, including clock differences between replicas:
/// one that recent may precede another that this look has not seen yet.
const UNDER_WAY: TimeDelta = TimeDelta::minutes(2);

/// How often to check for held events that the rules in force have not judged.
const LOOK: Duration = Duration::from_secs(10);

/// Which held events the rules in force have already judged.
#[derive(Debug, Default)]
pub struct Looked {
    /// The version of those rules.
    version: String,
    /// The position of the last such event in the order of all events.
    up_to: i64,
}

impl Outbound {
    /// Sends held statuses once the rules know them, until rules are no longer accepted.
    pub async fn release_when_known(self: Arc<Self>, mut accepted: watch::Receiver<u64>) {
        let mut looked = Looked::default();
        let mut looking = Lasting::new("held statuses cannot be read");
        loop {
            // Also at startup: the rules may have changed while the daemon was down.
            looking.note(self.release_held(&mut looked).await);
            // Also periodically: an event may be held under the old rules just after new ones took effect, or
            // by a replica that still has the old ones.
            if let Ok(Err(_)) = timeout(LOOK, accepted.changed()).await {
                return;
            }
        }
    }

    /// Judges the held events that these rules have not judged yet. One that cannot be judged is logged and
    /// tried again next time, along with those after it.
    ///
    /// # Errors
    /// When the held events cannot be read.
    pub async fn release_held(&self, looked: &mut Looked) -> Result<(), OutboundError> {
        let generation = self.rules.generation();
        if looked.version != generation.version {
            *looked = Looked {
                version: generation.version.clone(),
                up_to: 0,
            };
        }
        let settled_before = self.clock.now() - UNDER_WAY;
        let (mut after, mut settled) = (looked.up_to, true);
        loop {
            let page = self.store.held_events(after, PAGE).await?;
            for held in &page {
                settled &= held.received_at < settled_before;
                // One that cannot be judged must not block those behind it.
                if let Err(error) = self.release_one(&generation, held).await {
                    tracing::error!(id = held.id, %error, "a held status was not judged");
                    settled = false;
                }
                if settled {
                    looked.up_to = held.sequence;
                }
            }
            match page.last() {
                Some(last) => after = last.sequence,
                None => return Ok(()),
            }
        }
    }

    async fn release_one(
        &self,
        generation: &Arc<Generation>,
        held: &StoredEvent,
    ) -> Result<(), OutboundError> {
        let Some(demande) = self.store.find_demande(&held.event.uid).await? else {
            return Ok(());
        };
        let judged = self.judge(generation, &held.event, &demande).await?;
        let (issue, statut_sowell, motif) = split(&judged.decision);
        if issue == EventIssue::Retenu {
            return Ok(());
        }
        let push = statut_sowell
            .as_deref()
            .map(|word| push(&held.event, &demande, word, held.received_at));
        tracing::info!(
            uid = held.event.uid.as_str(),
            "the rules now know a held status"
        );
        self.store
            .release_event(Release {
                id: held.id.clone(),
                uid: held.event.uid.clone(),
                issue,
                statut_sowell,
                motif,
                version: generation.version.clone(),
                trace: written(&judged.trace),
                push,
                courriels: judged.courriels,
                at: self.clock.now(),
            })
            .await?;
        self.outbox.notify();
        Ok(())
    }
}
