//! Requests whose format has faults. They are refused; if they also name something that the landlord does not know, the
//! admins learn of it nevertheless.

use super::{Inbound, InboundError, Unfit};
use crate::domain::fault::{self, Fault};
use crate::domain::ports::{Client, NewRecord, Recorded, StoreError, StoredSubmission};
use crate::domain::signalement::{Etat, SignalementId};
use crate::flows::acknowledge::written;
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Codes};
use crate::rules::trace::Trace;

/// The fingerprint of a request that was never complete: it cannot be decided again, and gives way to any that is.
const NEVER_COMPLETE: &str = "";

/// Whether what is stored was never complete: only SoWell can correct it, by sending it again.
#[must_use]
pub fn is_unfit(stored: &StoredSubmission) -> bool {
    stored.fingerprint == NEVER_COMPLETE
}

impl Inbound {
    /// Refuses a request with these faults and all others. An unknown residence, bien or qualification may be a gap in
    /// the landlord's data: then it is recorded for the admins.
    pub(super) async fn refuse_unfit(
        &self,
        client: Client,
        generation: &Generation,
        codes: &Codes,
        mut faults: Vec<Fault>,
        unfit: Unfit,
    ) -> InboundError {
        let unknown = decide::unknown_codes(generation, codes);
        let gaps = unknown.iter().filter(|it| it.pointer != "/priorite");
        let gaps: Vec<Fault> = gaps.cloned().collect();
        let mut id = None;
        if !gaps.is_empty()
            && let Some(lien_sowell) = unfit.lien_sowell
        {
            let record = NewRecord {
                id: SignalementId::of_lien(&lien_sowell),
                lien_sowell,
                client,
                key: None,
                fingerprint: NEVER_COMPLETE.to_owned(),
                payload: unfit.payload,
                etat: Etat::Echec,
                motif: Some(motif(&gaps, &faults)),
                version: generation.version.clone(),
                trace: written(&Trace::default()),
                fichiers: Vec::new(),
                creation: None,
                livraisons: Vec::new(),
                received_at: self.clock.now(),
            };
            id = self.record_unfit(record).await.unwrap_or_else(|error| {
                // Its sender must correct it in any case, and is told how.
                tracing::warn!(%error, "a refused signalement was not recorded");
                None
            });
        }
        faults.extend(unknown);
        InboundError::Refused { faults, id }
    }

    /// Records it, unless its link already belongs to a complete signalement; returns its identity if it did.
    async fn record_unfit(&self, record: NewRecord) -> Result<Option<SignalementId>, StoreError> {
        let id = record.id.clone();
        let stored = self.store.find_submission(&id).await?;
        if stored.is_some_and(|it| !is_unfit(&it)) {
            return Ok(None);
        }
        let recorded = self.store.record(record).await?;
        Ok(matches!(recorded, Recorded::Written).then_some(id))
    }
}

/// What the landlord does not know, and what no edit of the landlord's mends.
fn motif(gaps: &[Fault], faults: &[Fault]) -> String {
    let each = |it: &Fault| format!("{} {}", it.pointer, it.detail);
    let faults: Vec<String> = faults.iter().map(each).collect();
    format!(
        "{} — SoWell doit aussi corriger ce signalement et le renvoyer : {}",
        fault::joined(gaps),
        faults.join(" ; ")
    )
}
