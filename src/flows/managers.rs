//! Managers that only the CRM knows, for a landlord without an export of them.
//!
//! They are fetched before the decision, which stays a pure function of its input. Answers are cached for a
//! while, and for longer while the CRM is unavailable.

mod memory;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::motif::Motif;
use crate::domain::ports::{Clock, Crm, CrmError, RemoteCrm};
use crate::domain::reason::{Phrase, Reason};
use crate::domain::referentiel::{Gestionnaire, Gestionnaires, Referentiel, Residence};
use crate::domain::signalement::Signalement;
use crate::flows::creation::without_managers;
use crate::flows::crm_watch::CrmWatch;
use crate::flows::time_limit::in_time;
use crate::rules::compile::Generation;
use crate::settings::InForce;

pub use memory::ManagerCache;

/// How long an answer is used before asking again.
const FRESH: Duration = Duration::from_mins(10);
/// How long previously known managers are used after a failure, before asking again.
const AFTER_FAILURE: Duration = Duration::from_secs(30);
/// How long a request waits for the managers before its decision.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the managers of a residence are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManagersError {
    /// The CRM did not return them, whatever the residence.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// The CRM can be reached, and what it says of this residence cannot be used until the landlord's data are
    /// corrected.
    #[error("{}", .0.for_all)]
    OfResidence(Motif),
}

/// The managers fetched from the CRM.
pub struct Managers {
    /// The landlord's CRM.
    pub crm: Arc<dyn Crm>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The retry policy for a failing CRM.
    pub in_force: InForce,
    /// The state of the CRM, as shown by the last calls.
    pub watch: Arc<CrmWatch>,
    /// The cached answers, by residence.
    pub known: ManagerCache,
}

impl Managers {
    /// Whether [`Self::complete`] would call the CRM now.
    #[must_use]
    pub fn would_call(&self, generation: &Generation, signalement: &Signalement) -> bool {
        self.unmanaged(generation, signalement)
            .is_some_and(|(_, it)| self.at_hand(&it.code).is_none())
    }

    /// The generation with everything that can be known about the signalement's residence. Managers from an
    /// export take precedence over those of the CRM.
    ///
    /// # Errors
    /// When the CRM does not return them and never did.
    pub async fn complete(
        &self,
        generation: Arc<Generation>,
        signalement: &Signalement,
    ) -> Result<Arc<Generation>, ManagersError> {
        let Some((crm, residence)) = self.unmanaged(&generation, signalement) else {
            return Ok(generation);
        };
        let referentiel = &generation.referentiel;
        let residence = Residence {
            gestionnaires: self.managers_of(crm, &residence.code).await?,
            ..residence.clone()
        };
        // Only what this one decision looks up: all the data may be large.
        let bien = signalement.bien.as_deref();
        let bien = bien.and_then(|code| referentiel.bien(code));
        let seen = Referentiel::new([residence], bien);
        Ok(Arc::new(generation.with_referentiel(Arc::new(seen))))
    }

    /// The same for e-mails, which are sent without what the CRM does not return now.
    pub(super) async fn complete_if_told(
        &self,
        generation: &Arc<Generation>,
        signalement: &Signalement,
    ) -> Arc<Generation> {
        match self.complete(Arc::clone(generation), signalement).await {
            Ok(complete) => complete,
            Err(error) => {
                tracing::warn!(%error, "acknowledging without the managers of the residence");
                Arc::clone(generation)
            }
        }
    }

    /// Its residence and the CRM, if only the CRM knows the residence's managers.
    fn unmanaged<'a>(
        &'a self,
        generation: &'a Generation,
        signalement: &Signalement,
    ) -> Option<(&'a dyn RemoteCrm, &'a Residence)> {
        let crm = self.crm.remote()?;
        let residence = generation.referentiel.residence(&signalement.residence)?;
        let asked = residence.gestionnaires.is_empty() && crm.capabilities().knows_managers;
        asked.then_some((crm, residence))
    }

    /// What can be used without a call: a recent answer, or one from before the current outage.
    fn at_hand(&self, residence: &str) -> Option<Gestionnaires> {
        let told = self.known.get(residence)?;
        let away = || self.watch.outage().is_some_and(|it| !it.left().is_zero());
        (told.is_fresh() || away()).then_some(told.managers)
    }

    async fn managers_of(
        &self,
        crm: &dyn RemoteCrm,
        residence: &str,
    ) -> Result<Gestionnaires, ManagersError> {
        if let Some(managers) = self.at_hand(residence) {
            return Ok(managers);
        }
        let call = self.known.call(residence);
        let asked = call.get_or_init(|| async {
            let asked = self.ask(crm, residence).await;
            self.known.ended(residence, &call);
            asked
        });
        asked.await.clone()
    }

    /// Asks the CRM, even if an answer is cached.
    async fn ask(
        &self,
        crm: &dyn RemoteCrm,
        residence: &str,
    ) -> Result<Gestionnaires, ManagersError> {
        let asked = in_time(PATIENCE, crm.managers(residence)).await;
        let outcome = asked.unwrap_or_else(|_| {
            Err(CrmError::Unavailable {
                reason: Phrase::NoAnswer.into(),
                retry_at: None,
            })
        });
        let policy = &self.in_force.get().delivery;
        self.watch
            .note("managers", &outcome, policy, self.clock.now());
        match usable(residence, outcome) {
            Ok(managers) => {
                self.known.put(residence, managers.clone(), FRESH);
                Ok(managers)
            }
            // Managers seldom change: yesterday's serve a tenant better than none.
            Err(error) => {
                let told = self.known.get(residence).ok_or_else(|| error.clone())?;
                tracing::warn!(residence, %error, "using the managers known before");
                let managers = told.managers;
                self.known.put(residence, managers.clone(), AFTER_FAILURE);
                Ok(managers)
            }
        }
    }
}

/// What the CRM says of a residence, if a decision can rely on it.
fn usable(
    residence: &str,
    told: Result<Vec<Result<Gestionnaire, Reason>>, CrmError>,
) -> Result<Gestionnaires, ManagersError> {
    let unusable = |why: String| ManagersError::OfResidence(without_managers(residence, &why));
    let told = told.map_err(|error| match error {
        // A redirection comes from whatever stands in front of the CRM.
        CrmError::Refused { status, excerpt } if !(300..400).contains(&status) => {
            unusable(format!("statut {status} : {excerpt}"))
        }
        error => ManagersError::Crm(error),
    })?;
    let mut managers = Gestionnaires::default();
    let (mut seen, mut ambiguous) = (BTreeSet::new(), BTreeSet::new());
    for who in told {
        let who = who.map_err(|reason| unusable(reason.to_string()))?;
        if seen.insert(who.r#type.clone()) {
            managers.insert(who.r#type.as_str().into(), Arc::new(who));
        } else {
            ambiguous.insert(who.r#type);
        }
    }
    // It is not known which of several is meant; a rule that needs none of them is not held up.
    for r#type in ambiguous {
        tracing::error!(
            residence,
            r#type,
            "the CRM gives several managers of one type: none of them is used"
        );
        managers.remove(&r#type);
    }
    Ok(managers)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use chrono::{DateTime, Utc};
    use tokio::sync::Semaphore;

    use super::*;
    use crate::domain::demande::{Fichier, Uid};
    use crate::domain::ports::{
        Capabilities, Change, ChangePage, ChangeQuery, CreateDemande, Created,
    };
    use crate::settings::Settings;

    /// A CRM that returns managers, one answer per permit of the semaphore.
    struct Teller {
        answers: Semaphore,
        calls: Mutex<usize>,
        away: Mutex<bool>,
    }

    #[async_trait]
    impl Crm for Teller {
        fn remote(&self) -> Option<&dyn RemoteCrm> {
            Some(self)
        }

        async fn create(&self, _: &CreateDemande) -> Result<Created, CrmError> {
            unreachable!("only managers are asked for")
        }
    }

    #[async_trait]
    impl RemoteCrm for Teller {
        fn capabilities(&self) -> Capabilities {
            unreachable!("only managers are asked for")
        }

        async fn find(&self, _: &CreateDemande) -> Result<Vec<Uid>, CrmError> {
            unreachable!("only managers are asked for")
        }

        async fn attach(&self, _: &Uid, _: &Fichier, _: Vec<u8>) -> Result<(), CrmError> {
            unreachable!("only managers are asked for")
        }

        async fn statut(&self, _: &Uid) -> Result<Change, CrmError> {
            unreachable!("only managers are asked for")
        }

        async fn changes(&self, _: &ChangeQuery) -> Result<ChangePage, CrmError> {
            unreachable!("only managers are asked for")
        }

        async fn managers(
            &self,
            residence: &str,
        ) -> Result<Vec<Result<Gestionnaire, Reason>>, CrmError> {
            *self.calls.lock().unwrap() += 1;
            self.answers.acquire().await.unwrap().forget();
            if *self.away.lock().unwrap() {
                return Err(CrmError::Unavailable {
                    reason: Phrase::ConnectionRefused.into(),
                    retry_at: None,
                });
            }
            Ok(vec![Ok(who("technique", &format!("T-{residence}")))])
        }
    }

    fn who(r#type: &str, identifiant: &str) -> Gestionnaire {
        Gestionnaire {
            r#type: r#type.into(),
            identifiant: identifiant.into(),
            nom: String::new(),
            email: String::new(),
        }
    }

    struct NoMatter;

    impl Clock for NoMatter {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }
    }

    fn asking(answers: usize) -> (Arc<Teller>, Managers) {
        let crm = Arc::new(Teller {
            answers: Semaphore::new(answers),
            calls: Mutex::default(),
            away: Mutex::default(),
        });
        let managers = Managers {
            crm: crm.clone(),
            clock: Arc::new(NoMatter),
            in_force: InForce::new(&Settings::load(None, []).unwrap()),
            watch: Arc::default(),
            known: ManagerCache::default(),
        };
        (crm, managers)
    }

    fn calls(crm: &Teller) -> usize {
        *crm.calls.lock().unwrap()
    }

    /// Ends the outage, if any, as far as waiting is concerned.
    fn forget_the_outage(managers: &mut Managers) {
        managers.watch = Arc::default();
    }

    #[tokio::test]
    async fn an_answer_serves_until_it_is_old() {
        let (crm, managers) = asking(2);
        let first = managers.managers_of(&*crm, "R").await.unwrap();
        assert_eq!(first.get("technique").unwrap().identifiant, "T-R");
        assert_eq!(managers.managers_of(&*crm, "R").await, Ok(first));
        assert_eq!(calls(&crm), 1);
        managers.known.age();
        managers.managers_of(&*crm, "R").await.unwrap();
        assert_eq!(calls(&crm), 2);
    }

    #[tokio::test]
    async fn what_was_known_before_serves_without_a_call_while_the_crm_is_away() {
        let (crm, mut managers) = asking(9);
        let told = managers.managers_of(&*crm, "R").await;
        let of_other = managers.managers_of(&*crm, "S").await;
        managers.known.age();
        *crm.away.lock().unwrap() = true;
        assert_eq!(managers.managers_of(&*crm, "R").await, told);
        assert_eq!(calls(&crm), 3);
        // The outage is known, so another residence does not call again.
        assert_eq!(managers.managers_of(&*crm, "S").await, of_other);
        assert_eq!(managers.managers_of(&*crm, "R").await, told);
        assert_eq!(calls(&crm), 3);
        // A different call to the CRM ends the outage, but this residence is not asked again for a while.
        forget_the_outage(&mut managers);
        assert_eq!(managers.managers_of(&*crm, "R").await, told);
        assert_eq!(calls(&crm), 3);
        managers.known.age();
        *crm.away.lock().unwrap() = false;
        assert_eq!(managers.managers_of(&*crm, "R").await, told);
        assert_eq!(calls(&crm), 4);
    }

    #[tokio::test]
    async fn what_was_never_told_is_asked_for_even_in_an_outage() {
        let (crm, managers) = asking(9);
        *crm.away.lock().unwrap() = true;
        assert!(managers.managers_of(&*crm, "R").await.is_err());
        assert!(managers.managers_of(&*crm, "R").await.is_err());
        assert_eq!(calls(&crm), 2);
        *crm.away.lock().unwrap() = false;
        assert!(managers.managers_of(&*crm, "R").await.is_ok());
    }

    #[tokio::test]
    async fn requests_that_come_together_share_one_call_whatever_becomes_of_it() {
        for away in [false, true] {
            let (crm, managers) = asking(0);
            *crm.away.lock().unwrap() = away;
            let managers = Arc::new(managers);
            let together = [(); 5].map(|()| managers.managers_of(&*crm, "R"));
            let released = async {
                tokio::task::yield_now().await;
                crm.answers.add_permits(1);
            };
            let (answers, ()) = tokio::join!(futures_util::future::join_all(together), released);
            assert!(answers.iter().all(|it| it.is_err() == away));
            assert_eq!(calls(&crm), 1);
        }
    }

    #[tokio::test]
    async fn who_goes_away_while_asking_leaves_the_call_to_the_others() {
        let (crm, managers) = asking(0);
        let mut left = Box::pin(managers.managers_of(&*crm, "R"));
        assert!(futures_util::poll!(left.as_mut()).is_pending());
        drop(left);
        crm.answers.add_permits(1);
        assert!(managers.managers_of(&*crm, "R").await.is_ok());
        assert_eq!(calls(&crm), 2);
    }

    #[test]
    fn what_the_crm_says_of_one_residence_is_told_apart_from_its_failures() {
        let refused = |status| {
            Err(CrmError::Refused {
                status,
                excerpt: "inconnue".into(),
            })
        };
        let unread = Err(Reason::told("la réponse n'a pas de « type »"));
        for (told, why) in [
            (refused(404), "« R-1 » : statut 404 : inconnue"),
            (refused(200), "« R-1 » : statut 200 : inconnue"),
            (
                Ok(vec![Ok(who("gardien", "G")), unread]),
                "n'a pas de « type »",
            ),
        ] {
            match usable("R-1", told) {
                Err(ManagersError::OfResidence(motif)) => {
                    assert!(motif.to_string().contains(why), "{motif}");
                }
                other => panic!("{other:?}"),
            }
        }
        let away = Err(CrmError::Unreadable(Reason::told(
            "la réponse n'est pas du JSON",
        )));
        for told in [refused(302), away] {
            let failed = usable("R-1", told);
            assert!(matches!(failed, Err(ManagersError::Crm(_))), "{failed:?}");
        }
        let two = Ok(vec![Ok(who("gardien", "G")), Ok(who("technique", "G"))]);
        assert_eq!(usable("R-1", two).unwrap().len(), 2);
        // Several of one type: none of them is meant for certain.
        let several = ["gardien", "technique", "gardien", "gardien"];
        let several = Ok(several.map(|it| Ok(who(it, "G"))).into());
        let usable = usable("R-1", several).unwrap();
        assert_eq!(usable.types().collect::<Vec<_>>(), ["technique"]);
    }
}
