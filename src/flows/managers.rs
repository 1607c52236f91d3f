//! Managers that only the CRM knows, for a landlord without an export of them.
//!
//! They are asked for before the decision, which stays a pure function of what it is given. What
//! was learnt is kept for a while, and for longer while the CRM does not answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::ports::{Clock, Crm, CrmError, NO_ANSWER};
use crate::domain::referentiel::{Gestionnaire, Gestionnaires, Referentiel, Residence};
use crate::domain::signalement::Signalement;
use crate::flows::crm_watch::CrmWatch;
use crate::flows::within::within;
use crate::rules::compile::Generation;
use crate::settings::InForce;

/// How long an answer counts without being asked for again.
const FRESH: TimeDelta = TimeDelta::minutes(10);
/// How long a request that waits for its decision waits for them.
const PATIENCE: Duration = Duration::from_secs(10);
/// Residences that are remembered; a landlord has some thousands.
const MOST: usize = 20_000;

/// The managers that the CRM told.
pub struct Managers {
    /// The landlord's CRM.
    pub crm: Arc<dyn Crm>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How to judge a failing CRM.
    pub in_force: InForce,
    /// What the last calls say of the CRM.
    pub watch: Arc<CrmWatch>,
    /// What was told, by residence.
    pub known: ManagerCache,
}

/// What was told of each residence, and when.
#[derive(Debug, Default)]
pub struct ManagerCache(Mutex<HashMap<String, Told>>);

#[derive(Debug, Clone)]
struct Told {
    at: DateTime<Utc>,
    managers: Vec<Gestionnaire>,
}

impl Managers {
    /// The generation with all that can be known of the signalement's residence. Managers of an
    /// export count more than those of the CRM.
    ///
    /// # Errors
    /// When the CRM does not tell them and never did.
    pub async fn complete(
        &self,
        generation: Arc<Generation>,
        signalement: &Signalement,
    ) -> Result<Arc<Generation>, CrmError> {
        if !self.crm.remote().is_some_and(|it| it.knows_managers) {
            return Ok(generation);
        }
        let referentiel = &generation.referentiel;
        let Some(residence) = referentiel.residence(&signalement.residence) else {
            return Ok(generation);
        };
        if !residence.gestionnaires.is_empty() {
            return Ok(generation);
        }
        let told = self.managers_of(&residence.code).await?;
        let mut gestionnaires = Gestionnaires::default();
        for who in told {
            gestionnaires.insert(who.r#type.as_str().into(), Arc::new(who));
        }
        let residence = Residence {
            gestionnaires,
            ..residence.clone()
        };
        // Only what this one decision looks up: the whole may be large.
        let bien = signalement.bien.as_deref();
        let bien = bien.and_then(|code| referentiel.bien(code));
        let seen = Referentiel::new([residence], bien);
        Ok(Arc::new(generation.with_referentiel(Arc::new(seen))))
    }

    /// The same for e-mails, which go without what the CRM does not tell now.
    pub(super) async fn complete_if_told(
        &self,
        generation: &Arc<Generation>,
        signalement: &Signalement,
    ) -> Arc<Generation> {
        match self.complete(Arc::clone(generation), signalement).await {
            Ok(complete) => complete,
            Err(error) => {
                tracing::warn!(%error, "an acknowledgement without the managers of its residence");
                Arc::clone(generation)
            }
        }
    }

    async fn managers_of(&self, residence: &str) -> Result<Vec<Gestionnaire>, CrmError> {
        let now = self.clock.now();
        let known = self.known.get(residence);
        if let Some(told) = known.as_ref().filter(|it| now - it.at < FRESH) {
            return Ok(told.managers.clone());
        }
        let asked = within(PATIENCE, self.crm.managers(residence)).await;
        let outcome = asked.unwrap_or_else(|_| {
            Err(CrmError::Unavailable {
                reason: NO_ANSWER.into(),
                retry_at: None,
            })
        });
        let policy = &self.in_force.get().delivery;
        self.watch.note("managers", &outcome, policy, now);
        match (outcome, known) {
            (Ok(managers), _) => {
                self.known.put(residence, now, managers.clone());
                Ok(managers)
            }
            // Managers change seldom: those of yesterday serve a tenant better than none.
            (Err(error), Some(told)) => {
                tracing::warn!(residence, %error, "the managers known before serve");
                Ok(told.managers)
            }
            (Err(error), None) => Err(error),
        }
    }
}

impl ManagerCache {
    fn get(&self, residence: &str) -> Option<Told> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(residence).cloned()
    }

    fn put(&self, residence: &str, at: DateTime<Utc>, managers: Vec<Gestionnaire>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(residence) {
            known.clear();
        }
        known.insert(residence.to_owned(), Told { at, managers });
    }
}
