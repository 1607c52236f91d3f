//! Looks up past decisions, as made by the version then in force, and what became of their deliveries.

use crate::domain::demande::Uid;
use crate::domain::livraison::LivraisonView;
use crate::domain::ports::{SignalementView, Store, StoreError, StoredTrace};

/// What is known of a signalement and of its demande.
#[derive(Debug)]
pub struct Recalled {
    /// The signalement.
    pub signalement: Option<SignalementView>,
    /// Its decisions, oldest first.
    pub decisions: Vec<StoredTrace>,
    /// The deliveries of its demande; `None` if it has none.
    pub sent: Option<Vec<LivraisonView>>,
}

/// The decisions about a demande, by its UID, or about a signalement, by its identity; `None` if both are unknown.
///
/// # Errors
/// When the database cannot be read.
pub async fn recall(store: &dyn Store, id_or_uid: &str) -> Result<Option<Recalled>, StoreError> {
    let decisions = store.find_traces(id_or_uid).await?;
    if decisions.is_empty() {
        return Ok(None);
    }
    let signalement = store.find_signalement(id_or_uid).await?;
    let uid = signalement.as_ref().and_then(|it| it.uid.clone());
    let sent = match uid.map(Uid::new) {
        Some(uid) => Some(store.livraisons_of(&uid).await?),
        None => None,
    };
    Ok(Some(Recalled {
        signalement,
        decisions,
        sent,
    }))
}
