//! Signalements whose photos the store does not give: the CRM may be well, and operators must look elsewhere.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::domain::ports::CrmError;
use crate::domain::signalement::SignalementId;

/// Those that wait for their photos now.
#[derive(Debug, Default)]
pub struct LostPhotos(Mutex<HashSet<SignalementId>>);

impl LostPhotos {
    /// Tells operators of the first signalement whose photos cannot be read, and again once none was left.
    pub(super) fn note<T>(&self, id: &SignalementId, outcome: &Result<T, CrmError>) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(CrmError::Files(reason)) = outcome else {
            told.remove(id);
            return;
        };
        let first = told.is_empty();
        told.insert(id.clone());
        if first {
            tracing::error!(
                id = id.as_str(),
                %reason,
                "ALARM: its photos cannot be read, and it stays out of the CRM until they can"
            );
        }
    }

    /// It waits no longer.
    pub(super) fn forget(&self, id: &SignalementId) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.remove(id);
    }
}
