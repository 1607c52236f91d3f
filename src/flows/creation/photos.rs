//! Signalements whose photos the store cannot read: the CRM may be fine, so operators must look elsewhere.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::domain::ports::CrmError;
use crate::domain::signalement::SignalementId;

/// The signalements currently waiting for their photos.
#[derive(Debug, Default)]
pub struct LostPhotos(Mutex<HashSet<SignalementId>>);

impl LostPhotos {
    /// Alerts operators to the first signalement whose photos cannot be read, and again only after none was
    /// left.
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
                "ALARM: its photos cannot be read; it is not sent to the CRM until they can"
            );
        }
    }

    /// Forgets a signalement that no longer waits.
    pub(super) fn forget(&self, id: &SignalementId) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.remove(id);
    }
}
