//! Takes in a signalement: decide, create, store, answer.
//!
//! However often a request is repeated, and wherever the process died, there is one demande per `lien_sowell`:
//! the store checks the key inside the transaction that creates it.

mod outcome;
mod outside;
mod submission;

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::demande::{Fichier, NewDemande};
use crate::domain::livraison::{Destination, NewLivraison};
use crate::domain::motif::Motif;
use crate::domain::ports::{
    BoundKey, Client, Clock, CreateDemande, Creation, Files, IdempotencyKey, NewRecord, Recorded,
    Store,
};
use crate::domain::signalement::{Etat, Photo, Signalement, SignalementId, differing};
use crate::flows::acknowledge::{News, acknowledge, written};
use crate::flows::creation::{Accepted, Creations};
use crate::flows::hint::Hint;
use crate::flows::managers::Managers;
use crate::flows::offload;
use crate::flows::rules::Rules;
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Decision, Undecided};
use crate::rules::trace::Trace;

pub use outcome::{InboundError, Received};
pub use submission::{Submission, SubmittedContent, SubmittedPhotos};

/// The inbound flow.
#[derive(Clone)]
pub struct Inbound {
    /// The daemon's database.
    pub store: Arc<dyn Store>,
    /// The store of photos.
    pub files: Arc<dyn Files>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The rules in force.
    pub rules: Arc<dyn Rules>,
    /// The managers that only the CRM knows.
    pub managers: Arc<Managers>,
    /// Creates demandes in the CRM.
    pub creations: Arc<Creations>,
    /// Wakes the delivery workers.
    pub outbox: Hint,
    /// How long a repeated request waits for the original one.
    pub patience: Duration,
}

/// How long a repeated request waits for the original one.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A well-formed signalement in progress, with everything pinned that its record refers to.
struct Case {
    generation: Arc<Generation>,
    id: SignalementId,
    client: Client,
    key: Option<IdempotencyKey>,
    avertissements: Vec<String>,
    signalement: Arc<Signalement>,
    fichiers: Vec<Fichier>,
    photos: Vec<Photo>,
    fingerprint: String,
    payload: String,
    received_at: DateTime<Utc>,
    /// As in [`Submission::again`].
    again: bool,
}

impl Inbound {
    /// Takes in a signalement.
    ///
    /// # Errors
    /// See [`InboundError`]; none of them binds the key.
    pub async fn receive(&self, mut submission: Submission) -> Result<Received, InboundError> {
        if let Some(content) = submission.only_as_repeat.take() {
            let case = self.case(&mut submission, content);
            if let Some(answer) = self.taken_before(&case).await? {
                return Ok(answer);
            }
        }
        let Some(content) = submission.content.take() else {
            let faults = submission.all_faults(&self.rules.generation());
            return Err(InboundError::Refused { faults, id: None });
        };
        let mut case = self.case(&mut submission, content);
        let managers = &self.managers;
        // A repeat is answered without a decision, so without the CRM, which may be unavailable by now.
        if managers.would_call(&case.generation, &case.signalement)
            && let Some(answer) = self.taken_before(&case).await?
        {
            return Ok(answer);
        }
        let generation = Arc::clone(&case.generation);
        match managers.complete(generation, &case.signalement).await {
            Ok(complete) => case.generation = complete,
            Err(error) => return self.without_managers(case, error).await,
        }
        let (decision, trace) = self.decide(&case).await?;
        match decision {
            Ok(Decision::Transmettre(demande)) => self.create(case, *demande, trace).await,
            Ok(Decision::Ecarter { motif }) => self.set_aside(case, motif, trace).await,
            Err(cause) => self.refuse(case, cause, trace).await,
        }
    }

    /// The submission with this content, from now on decided by the rules in force at this moment.
    fn case(&self, submission: &mut Submission, content: SubmittedContent) -> Case {
        let (fichiers, photos) = match content.photos {
            SubmittedPhotos::Received(photos) => (describe(&photos), photos),
            SubmittedPhotos::Stored(fichiers) => (fichiers, Vec::new()),
        };
        Case {
            id: SignalementId::of_lien(&content.signalement.lien_sowell),
            client: submission.client,
            key: submission.key.take().map(|value| IdempotencyKey {
                client: submission.client,
                value,
            }),
            avertissements: mem::take(&mut submission.avertissements),
            signalement: Arc::new(content.signalement),
            fichiers,
            photos,
            fingerprint: content.fingerprint,
            payload: content.payload,
            received_at: self.clock.now(),
            again: submission.again,
            generation: self.rules.generation(),
        }
    }

    /// The answer for what was already created or is being created; `None` if it is neither.
    async fn taken_before(&self, case: &Case) -> Result<Option<Received>, InboundError> {
        // Read first: a creation that ends between the two reads is found by the second.
        let pending = self.store.find_pending(&case.id, case.key.as_ref()).await?;
        if let Some(owner) = self.owner(case).await? {
            return self.repeat(owner, case).await.map(Some);
        }
        match pending {
            Some(_) => self.wait_for_other(case).await.map(Some),
            None => Ok(None),
        }
    }

    async fn decide(
        &self,
        case: &Case,
    ) -> Result<(Result<Decision, Undecided>, Trace), InboundError> {
        let generation = Arc::clone(&case.generation);
        let signalement = Arc::clone(&case.signalement);
        let rules = Arc::clone(&generation.rules);
        let work = move || decide::signalement(&generation, &signalement);
        let decided = offload::run(&rules.pace, work).await;
        decided.map_err(|error| InboundError::Fault(format!("the decision did not end: {error}")))
    }

    async fn create(
        &self,
        mut case: Case,
        demande: NewDemande,
        trace: Trace,
    ) -> Result<Received, InboundError> {
        // The commit decides; checked before only if a repeat would write its photos for nothing.
        if !self.store_new_photos(&mut case).await
            && let Some(owner) = self.owner(&case).await?
        {
            return self.repeat(owner, &case).await;
        }
        self.store_photos(&mut case).await?;
        match self.creations.crm.remote() {
            Some(remote) => {
                let remote = remote.capabilities();
                self.create_outside(case, demande, trace, remote).await
            }
            None => self.create_here(case, demande, trace).await,
        }
    }

    /// Nothing is called: a single commit makes everything true together.
    async fn create_here(
        &self,
        case: Case,
        demande: NewDemande,
        trace: Trace,
    ) -> Result<Received, InboundError> {
        let request = CreateDemande {
            reference: case.id.clone(),
            demande,
            fichiers: case.fichiers.clone(),
        };
        let uid = self.creations.crm.create(&request).await;
        let uid = uid
            .map_err(|error| InboundError::Fault(error.to_string()))?
            .uid;
        let demande = Arc::new(request.demande);
        let news = News::Created(uid.clone(), Arc::clone(&demande));
        let (livraisons, trace) =
            acknowledge(&case.generation, &case.signalement, news, trace).await;
        let answer = (self.creations.render)(&Accepted {
            id: &case.id,
            uid: &uid,
            demande: &demande,
            avertissements: &case.avertissements,
        });
        let creation = Creation {
            uid: uid.clone(),
            demande: Arc::unwrap_or_clone(demande),
            answer: answer.clone(),
        };
        let mails = !livraisons.is_empty();
        let record = case.record(Etat::Transmis, None, &trace, Some(creation), livraisons);
        match self.store.record(record).await? {
            Recorded::Written => {
                self.wake_mailer(mails);
                let uid = uid.as_str().to_owned();
                Ok(Received::Created { uid, answer })
            }
            Recorded::Bound(owner) => self.repeat(owner, &case).await,
            Recorded::Pending(_) => self.wait_for_other(&case).await,
        }
    }

    fn wake_mailer(&self, mails: bool) {
        if mails {
            self.outbox.notify_worker(Destination::Courriel);
        }
    }

    async fn set_aside(
        &self,
        mut case: Case,
        motif: String,
        trace: Trace,
    ) -> Result<Received, InboundError> {
        if let Some(owner) = self.owner(&case).await? {
            return self.repeat(owner, &case).await;
        }
        self.store_photos(&mut case).await?;
        let news = News::SetAside(motif.clone());
        let (livraisons, trace) =
            acknowledge(&case.generation, &case.signalement, news, trace).await;
        let mails = !livraisons.is_empty();
        let why = Some(Motif::for_all(motif.clone()));
        let record = case.record(Etat::Ecarte, why, &trace, None, livraisons);
        match self.store.record(record).await? {
            Recorded::Written => {
                self.wake_mailer(mails);
                Ok(Received::SetAside {
                    id: case.id,
                    motif,
                    avertissements: case.avertissements,
                })
            }
            Recorded::Bound(owner) => self.repeat(owner, &case).await,
            Recorded::Pending(_) => self.wait_for_other(&case).await,
        }
    }

    /// Keeps what could not be decided: once an admin has corrected the rules or the reference data, the
    /// tenant's report must still be there.
    async fn refuse(
        &self,
        mut case: Case,
        cause: Undecided,
        trace: Trace,
    ) -> Result<Received, InboundError> {
        let kept = self.keep_failed(&mut case, Motif::for_all(cause.to_string()), &trace);
        if let Some(answer) = kept.await? {
            return Ok(answer);
        }
        Err(match cause {
            Undecided::UnknownCodes(faults) => InboundError::Refused {
                faults,
                id: Some(case.id),
            },
            cause => InboundError::Broken { cause, id: case.id },
        })
    }

    /// Keeps it without a demande; `Some` if it repeats one that has or awaits a demande.
    async fn keep_failed(
        &self,
        case: &mut Case,
        motif: Motif,
        trace: &Trace,
    ) -> Result<Option<Received>, InboundError> {
        if let Some(owner) = self.owner(case).await? {
            return self.repeat(owner, case).await.map(Some);
        }
        self.store_photos(case).await?;
        let record = case.record(Etat::Echec, Some(motif), trace, None, Vec::new());
        match self.store.record(record).await? {
            Recorded::Written => Ok(None),
            Recorded::Bound(owner) => self.repeat(owner, case).await.map(Some),
            Recorded::Pending(_) => self.wait_for_other(case).await.map(Some),
        }
    }

    /// Checked before storing anything that a creation would not need: a signalement that was created stays
    /// created, whatever the rules would say today.
    async fn owner(&self, case: &Case) -> Result<Option<BoundKey>, InboundError> {
        Ok(self.store.find_bound(&case.id, case.key.as_ref()).await?)
    }

    /// The same content again is a repeat; different content is a conflict.
    async fn repeat(&self, owner: BoundKey, case: &Case) -> Result<Received, InboundError> {
        if owner.fingerprint == case.fingerprint {
            Ok(Received::Replayed {
                uid: owner.uid,
                answer: owner.answer,
            })
        } else {
            Err(self.conflict(case, owner.id, Some(owner.uid)).await)
        }
    }

    async fn conflict(
        &self,
        case: &Case,
        owner: SignalementId,
        uid: Option<String>,
    ) -> InboundError {
        let other = owner != case.id;
        // Nothing is disclosed about a different signalement, not even how it differs.
        let differs = if other {
            Vec::new()
        } else {
            self.differing(case).await.unwrap_or_default()
        };
        InboundError::Conflict {
            owner,
            uid,
            other,
            differs,
        }
    }

    /// The keys in which a signalement differs from what was first received; `None` if that is unknown.
    async fn differing(&self, case: &Case) -> Option<Vec<String>> {
        let first = self.store.find_submission(&case.id).await.ok()??;
        let fichiers = first.fichiers.as_slice();
        let first = (self.creations.read_stored)(&first.payload, fichiers.len())?;
        Some(differing(
            (&first, fichiers),
            (&case.signalement, &case.fichiers),
        ))
    }

    /// Stores the photos that are not yet stored; returns whether that was all of them. Those of a repeat
    /// already are.
    async fn store_new_photos(&self, case: &mut Case) -> bool {
        let writes = case.photos.iter().map(|photo| self.files.put_new(photo));
        let stored = futures_util::future::join_all(writes).await;
        // If one cannot be written, the next attempt reports it.
        let mut stored = stored.into_iter().map(|it| it.unwrap_or(false));
        case.photos.retain(|_| !stored.next().unwrap_or(false));
        case.photos.is_empty()
    }

    async fn store_photos(&self, case: &mut Case) -> Result<(), InboundError> {
        let writes = case.photos.drain(..).map(|photo| self.files.put(photo));
        futures_util::future::try_join_all(writes).await?;
        Ok(())
    }
}

impl Case {
    fn record(
        &self,
        etat: Etat,
        motif: Option<Motif>,
        trace: &Trace,
        creation: Option<Creation>,
        livraisons: Vec<NewLivraison>,
    ) -> NewRecord {
        NewRecord {
            id: self.id.clone(),
            lien_sowell: self.signalement.lien_sowell.clone(),
            client: self.client,
            key: self.key.clone(),
            fingerprint: self.fingerprint.clone(),
            payload: self.payload.clone(),
            etat,
            motif,
            version: self.generation.version.clone(),
            trace: written(trace),
            fichiers: self.fichiers.clone(),
            creation,
            livraisons,
            received_at: self.received_at,
        }
    }
}

fn describe(photos: &[Photo]) -> Vec<Fichier> {
    (1..)
        .zip(photos)
        .map(|(number, photo)| Fichier {
            nom: format!("photo-{number}.{}", photo.kind.extension()),
            r#type: photo.kind.mime().to_owned(),
            taille: photo.bytes.len() as u64,
            sha256: photo.sha256.clone(),
        })
        .collect()
}
