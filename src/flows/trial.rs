//! Tries the rules in force, for people who ask what these would do. Nothing is stored and nothing is sent: the only
//! call is the one for managers that only the CRM knows, which a real decision makes too.

use crate::flows::inbound::{Inbound, InboundError, Submission};
use crate::flows::offload;
use crate::rules::decide::{Decision, Undecided};
use crate::rules::foresee::{self, Foreseen};
use crate::rules::trace::Trace;

/// What the rules in force would do.
#[derive(Debug)]
pub struct Tried<D> {
    /// The version that decided.
    pub version: String,
    /// The decision and what would follow from it.
    pub foreseen: Foreseen<D>,
    /// The steps of the decision, encoded.
    pub trace: String,
}

impl Inbound {
    /// What would be done with a signalement if SoWell sent it now, for the first time.
    ///
    /// # Errors
    /// As [`Self::receive`] refuses it, for its format or for want of its residence's managers.
    pub async fn try_out(
        &self,
        submission: Submission,
    ) -> Result<Tried<Result<Decision, Undecided>>, InboundError> {
        let generation = self.rules.generation();
        let Some(content) = submission.content else {
            let faults = submission.all_faults(&generation);
            return Err(InboundError::Refused { faults, id: None });
        };
        let signalement = content.signalement;
        let complete = self.managers.complete(generation, &signalement).await;
        let generation = complete.map_err(|error| self.managers_unknown(&error))?;
        let work = move || {
            let mut trace = Trace::default();
            let foreseen = foresee::signalement(&generation, &signalement, &mut trace);
            Tried {
                version: generation.version.clone(),
                foreseen,
                trace: trace.encode(),
            }
        };
        let tried = offload::apart(work).await;
        tried.map_err(|error| InboundError::Fault(format!("the trial did not end: {error}")))
    }
}
