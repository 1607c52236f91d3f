//! Writes the outcome of an attempt; if the database is unavailable, as soon as it is back.

use std::sync::Arc;

use super::follow_ups::tell_uid;
use super::{Creations, Held};
use crate::domain::ports::{Settled, Settlement, StoreError};
use crate::flows::unwritten::{may_pass, until_written};

impl Creations {
    /// Commits the outcome of an attempt. If it cannot be written now, it is kept in memory and retried until
    /// the claim ends: no one else may know it, and SoWell would never receive a lost UID.
    pub(super) async fn write(
        &self,
        held: &Held,
        settlement: Settlement,
    ) -> Result<Settled, StoreError> {
        if !matches!(settlement, Settlement::Waits(_)) {
            self.photos.forget(&held.claim.id);
        }
        let settled = self.store.settle(&held.claim, settlement.clone()).await;
        if settled.as_ref().is_err_and(may_pass) {
            self.write_later(held, settlement);
        }
        settled
    }

    /// Whether an outcome is still waiting to be written to the database.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Waits until everything has been written, when the daemon shuts down.
    pub async fn written(&self) {
        self.unwritten.close();
        self.unwritten.wait().await;
    }

    fn write_later(&self, held: &Held, mut settlement: Settlement) {
        // The client waiting for the answer now gets one without the UID.
        if let Settlement::Created(created) = &mut settlement
            && !held.late
            && self.sowell.takes_uid()
        {
            let uid = created.creation.uid.clone();
            created.livraisons.insert(0, tell_uid(held, &uid));
        }
        let (store, claim, end) = (
            Arc::clone(&self.store),
            held.claim.clone(),
            held.lease.end(),
        );
        let in_hand = self.in_hand.hold(held.lease.until());
        let (pending, outbox) = (self.pending.clone(), self.outbox.clone());
        self.unwritten.spawn(async move {
            let id = claim.id.as_str();
            tracing::warn!(
                id,
                "the outcome of a creation is kept in memory until the database is back"
            );
            let write = || store.settle(&claim, settlement.clone());
            match until_written(end, write).await {
                Ok(Settled::Done) => tracing::info!(id, "the outcome of a creation is recorded"),
                // The first write succeeded, and only its confirmation was lost.
                Ok(Settled::Lost) if !matches!(settlement, Settlement::Created(_)) => {
                    tracing::info!(id, "the outcome of a creation was already recorded");
                }
                Ok(settled) => {
                    metrics::counter!("passerelle_creations_unclaimed_total").increment(1);
                    tracing::error!(
                        id,
                        ?settled,
                        "ALARM: the outcome of a creation is not recorded"
                    );
                }
                Err(error) => {
                    tracing::error!(id, %error, "ALARM: the outcome of a creation is not recorded");
                }
            }
            drop(in_hand);
            outbox.notify();
            pending.notify();
        });
    }
}
