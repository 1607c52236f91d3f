//! The worker of pending creations: takes up what is due, and what waited for the CRM once it is mended.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::motif::BROKE_OFF;
use super::pending::AskedBy;
use super::{Creations, LEASE, Lease};
use crate::domain::livraison::Destination;
use crate::domain::motif::Motif;
use crate::domain::ports::{PendingCreation, Settlement, StoreError, Wait};
use crate::domain::signalement::Etat;
use crate::flows::backoff::{POLL, span, until};
use crate::flows::lasting::Lasting;
use crate::flows::panics::contained;
use crate::flows::resume;
use crate::rules::compile::RuleSet;
use crate::settings::LiveSettings;

/// Maximum number of pending creations in progress.
const IN_FLIGHT: usize = 4;

/// The settings and rules that determine how the CRM is called.
struct Way {
    settings: Arc<LiveSettings>,
    rules: Arc<RuleSet>,
}

impl Creations {
    /// Works on pending creations until told to stop, then finishes those in progress.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut under_way = JoinSet::new();
        let mut hints = self.pending.subscribe();
        let mut way = self.way();
        let mut reading = Lasting::new("pending creations cannot be read");
        while !stop.is_cancelled() {
            while under_way.try_join_next().is_some() {}
            self.resume_if_mended(&mut way).await;
            let started = self.start_due(&mut under_way).await;
            let wait = reading.note(started).unwrap_or(POLL);
            tokio::select! {
                () = stop.cancelled() => break,
                _ = hints.changed() => {}
                Some(_) = under_way.join_next() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    fn way(&self) -> Way {
        Way {
            settings: self.in_force.get(),
            rules: Arc::clone(&self.rules.generation().rules),
        }
    }

    /// Ends the waits when the CRM answers again, or when the settings or rules changed how it is called since
    /// the failure.
    async fn resume_if_mended(&self, way: &mut Way) {
        let (before, now) = (std::mem::replace(way, self.way()), &*way);
        let edited = resume::by_settings(Destination::Crm, &before.settings, &now.settings).or(
            resume::by_rules(Destination::Crm, &before.rules, &now.rules),
        );
        if edited.is_some() {
            self.watch.forget();
        }
        if !self.watch.take_mended() {
            return;
        }
        if let Err(error) = self.store.resume_creations(None, self.clock.now()).await {
            tracing::error!(%error, "pending creations were not resumed");
            // The next round tries again.
            self.watch.still_mended();
        }
    }

    /// Starts what is due, and returns how long until more is due.
    async fn start_due(
        self: &Arc<Self>,
        under_way: &mut JoinSet<()>,
    ) -> Result<Duration, StoreError> {
        let now = self.clock.now();
        let free = match self.watch.outage() {
            Some(outage) if !outage.left().is_zero() => return Ok(outage.left().min(POLL)),
            // After an outage, one creation is tried before the others follow.
            Some(_) => usize::from(under_way.is_empty()),
            None => IN_FLIGHT - under_way.len().min(IN_FLIGHT),
        };
        let limit = u32::try_from(free).unwrap_or(1);
        if limit == 0 {
            return Ok(POLL);
        }
        let lease = Lease::begin(now);
        let at = self.in_hand.moment(now);
        for pending in self.store.claim_creations(limit, at, LEASE).await? {
            let creations = Arc::clone(self);
            let in_hand = self.in_hand.hold(lease.until());
            under_way.spawn(async move {
                creations.work_on(pending, lease).await;
                drop(in_hand);
            });
        }
        let due = self.store.next_creation(self.in_hand.moment(now)).await?;
        Ok(due.map_or(POLL, |due| until(due, now)))
    }

    /// Resumes a pending creation, whatever its outcome.
    async fn work_on(&self, pending: PendingCreation, lease: Lease) {
        let (claim, attempts) = (pending.claim.clone(), pending.attempts);
        let id = claim.id.as_str();
        let going_on = Box::pin(self.go_on(pending, lease, AskedBy::Clock));
        let went = match contained(going_on).await {
            Ok(went) => went.map(|_| ()),
            Err(error) => {
                tracing::error!(id, %error, "a pending creation panicked");
                // It is not known how far it got. If it was settled before that, it stays settled.
                let remote = self.crm.remote();
                let longest = remote.map(|it| span(it.capabilities().longest_work));
                let wait = Wait {
                    etat: Etat::Inconnu,
                    motif: Motif::for_all(BROKE_OFF),
                    in_doubt: true,
                    confirmed: false,
                    due_at: Some(self.next_attempt(attempts, None)),
                    known_at: longest.map(|it| self.clock.now() + it),
                };
                let settled = self.store.settle(&claim, Settlement::Waits(wait)).await;
                settled.map(|_| ())
            }
        };
        if let Err(error) = went {
            tracing::error!(id, %error, "a pending creation was not updated");
        }
    }
}
