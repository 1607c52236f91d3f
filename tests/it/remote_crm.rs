//! A remote CRM behind the port: it records what it did, and answers or not as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use passerelle::domain::demande::{Fichier, Uid};
use passerelle::domain::ports::{
    self, Capabilities, Change, ChangePage, ChangeQuery, CreateDemande, Created, Crm, CrmError,
    DuplicateGuard, FilesError,
};
use passerelle::domain::reason::{Phrase, Reason};
use passerelle::domain::referentiel::Gestionnaire;
use passerelle::domain::signalement::SignalementId;
use passerelle::domain::statut::StatutEvent;
use tokio::sync::Semaphore;

/// How a call goes.
#[derive(Debug, Clone)]
pub enum Goes {
    /// Nothing is done, and that is certain.
    Away,
    /// The same, with a time at which to try again.
    AwayUntil(DateTime<Utc>),
    /// It answers a query with something unexpected.
    Unreadable,
    /// A photo of ours cannot be read.
    NoPhoto,
    /// Our token is refused.
    Unauthorized,
    /// Nothing is done, and no answer comes.
    Lost,
    /// It is done, and no answer comes.
    DoneInSilence,
    /// It answers with a success, but without a UID, and its search does not find the demande.
    Unidentified,
    /// It is done twice, and no answer comes.
    DoneTwice,
    /// It is refused permanently.
    Refused,
    /// The connector cannot build its request.
    Broken,
    /// Nothing is done, since the client panics.
    Panics,
    /// It waits to be let through, then is done.
    Held(Arc<Semaphore>),
}

/// A demande in the CRM.
#[derive(Debug, Clone)]
pub struct InCrm {
    pub reference: SignalementId,
    pub uid: String,
    pub photos: Vec<String>,
    pub statut: String,
    pub resultat: Option<String>,
    pub at: DateTime<Utc>,
}

#[derive(Default)]
struct Inside {
    demandes: Vec<InCrm>,
    creates: VecDeque<Goes>,
    finds: VecDeque<Goes>,
    /// What happens to the next photo with this name.
    attaches: Vec<(String, Goes)>,
    managers: VecDeque<Goes>,
    calls: Vec<&'static str>,
    /// What the next lists of changes show, page by page; the demandes themselves once it is empty.
    pages: VecDeque<Result<ChangePage, CrmError>>,
    queries: Vec<ChangeQuery>,
    /// How long a list is in transit.
    listing_takes: Duration,
    /// Lets lists in transit through.
    listing_gate: Option<Arc<Semaphore>>,
    clock: Option<DateTime<Utc>>,
    /// What precedes the number of a demande; `CRM-` by default.
    prefix: Option<String>,
}

pub struct RemoteCrm {
    capabilities: Mutex<Capabilities>,
    inside: Mutex<Inside>,
}

impl RemoteCrm {
    pub fn new(guard: DuplicateGuard) -> Arc<Self> {
        Arc::new(Self {
            capabilities: Mutex::new(Capabilities {
                guard,
                longest_work: Duration::ZERO,
                attaches: true,
                reads_statut: false,
                knows_managers: false,
                overlap: None,
            }),
            inside: Mutex::default(),
        })
    }

    /// Changes the properties of its connector.
    pub fn with(self: Arc<Self>, change: impl FnOnce(&mut Capabilities)) -> Arc<Self> {
        change(&mut self.capabilities.lock().unwrap());
        self
    }

    /// Sets what precedes the number of each further demande.
    pub fn names(&self, prefix: &str) {
        self.inside.lock().unwrap().prefix = Some(prefix.to_owned());
    }

    /// Sets how the next creations go, one after another.
    pub fn creates(&self, goes: impl IntoIterator<Item = Goes>) {
        self.inside.lock().unwrap().creates.extend(goes);
    }

    pub fn finds(&self, goes: impl IntoIterator<Item = Goes>) {
        self.inside.lock().unwrap().finds.extend(goes);
    }

    /// Sets how the next attempt at this photo goes.
    pub fn attaches(&self, name: &str, goes: Goes) {
        let mut inside = self.inside.lock().unwrap();
        inside.attaches.push((name.to_owned(), goes));
    }

    /// Lists these changes next.
    pub fn lists(&self, page: Result<ChangePage, CrmError>) {
        self.inside.lock().unwrap().pages.push_back(page);
    }

    /// Lists show the state when they were requested, and arrive when the gate lets them.
    pub fn holds_lists(&self, gate: &Arc<Semaphore>) {
        self.inside.lock().unwrap().listing_gate = Some(gate.clone());
    }

    pub fn lists_slowly(&self, takes: Duration) {
        self.inside.lock().unwrap().listing_takes = takes;
    }

    pub fn queries(&self) -> Vec<ChangeQuery> {
        self.inside.lock().unwrap().queries.clone()
    }

    /// Changes a status in the CRM, as a person would.
    pub fn change(&self, uid: &str, statut: &str, resultat: Option<&str>) {
        let mut inside = self.inside.lock().unwrap();
        let at = inside.tick();
        let demande = inside.demandes.iter_mut().find(|it| it.uid == uid).unwrap();
        statut.clone_into(&mut demande.statut);
        demande.resultat = resultat.map(str::to_owned);
        demande.at = at;
    }

    /// Sets how the next look-up of managers goes.
    pub fn manages(&self, goes: Goes) {
        self.inside.lock().unwrap().managers.push_back(goes);
    }

    pub fn demandes(&self) -> Vec<InCrm> {
        self.inside.lock().unwrap().demandes.clone()
    }

    /// How many times this call was made.
    pub fn count(&self, call: &str) -> usize {
        let inside = self.inside.lock().unwrap();
        inside.calls.iter().filter(|it| **it == call).count()
    }

    /// Creates a demande that the CRM already has.
    pub fn has(&self, reference: &SignalementId) -> String {
        self.inside.lock().unwrap().create(reference, "Transférée")
    }

    fn call(&self, name: &'static str, goes: impl FnOnce(&mut Inside) -> Option<Goes>) -> Next {
        let mut inside = self.inside.lock().unwrap();
        inside.calls.push(name);
        goes(&mut inside)
    }
}

type Next = Option<Goes>;

impl Inside {
    /// The CRM's own clock, which is hours behind ours.
    fn tick(&mut self) -> DateTime<Utc> {
        let clock = self
            .clock
            .unwrap_or_else(|| Utc::now() - TimeDelta::hours(5));
        let clock = clock.trunc_subsecs(0) + TimeDelta::seconds(1);
        self.clock = Some(clock);
        clock
    }

    fn list(&self, since: DateTime<Utc>) -> ChangePage {
        let since = self.demandes.iter().filter(|it| it.at >= since);
        ChangePage {
            changes: since.map(change).collect(),
            next: None,
            past_end: false,
        }
    }

    fn create(&mut self, reference: &SignalementId, statut: &str) -> String {
        let prefix = self.prefix.as_deref().unwrap_or("CRM-");
        let uid = format!("{prefix}{}", self.demandes.len() + 1);
        let at = self.tick();
        self.demandes.push(InCrm {
            reference: reference.clone(),
            uid: uid.clone(),
            photos: Vec::new(),
            statut: statut.to_owned(),
            resultat: None,
            at,
        });
        uid
    }
}

/// The error that a call ends with, if any.
fn failure(goes: &Goes) -> Option<CrmError> {
    match goes {
        Goes::Away => Some(CrmError::Unavailable {
            reason: Phrase::ConnectionRefused.into(),
            retry_at: None,
        }),
        Goes::AwayUntil(then) => Some(CrmError::Unavailable {
            reason: Phrase::Answered.with(429),
            retry_at: Some(*then),
        }),
        Goes::Unreadable => {
            let reason = "la réponse n'a pas de « uid »";
            Some(CrmError::Unreadable(Reason::told(reason)))
        }
        Goes::Unidentified => {
            let reason = "réponse 201 : la réponse n'a pas de « uid »";
            Some(CrmError::Unidentified(Reason::told(reason)))
        }
        Goes::NoPhoto => Some(CrmError::Files(FilesError("not found".into()))),
        Goes::Unauthorized => Some(CrmError::Unauthorized(Phrase::Answered.with(401))),
        Goes::Lost | Goes::DoneInSilence | Goes::DoneTwice => {
            Some(CrmError::InDoubt(Phrase::NoAnswer.into()))
        }
        Goes::Refused => Some(CrmError::Refused {
            status: 422,
            excerpt: "champ manquant".into(),
        }),
        Goes::Broken => Some(CrmError::Misconfigured(Phrase::CrmAddressUnset.into())),
        Goes::Panics => panic!("by design"),
        Goes::Held(_) => None,
    }
}

#[async_trait]
impl Crm for RemoteCrm {
    fn remote(&self) -> Option<&dyn ports::RemoteCrm> {
        Some(self)
    }

    async fn create(&self, request: &CreateDemande) -> Result<Created, CrmError> {
        let goes = self.call("create", |inside| inside.creates.pop_front());
        match &goes {
            Some(Goes::Held(gate)) => gate.acquire().await.unwrap().forget(),
            // While no lock is held that others need.
            Some(Goes::Panics) => panic!("by design"),
            _ => {}
        }
        let upsert = self.capabilities.lock().unwrap().guard != DuplicateGuard::LookUp
            && self.capabilities.lock().unwrap().guard != DuplicateGuard::Nothing;
        let mut inside = self.inside.lock().unwrap();
        let known = inside
            .demandes
            .iter()
            .find(|it| it.reference == request.reference)
            .map(|it| it.uid.clone());
        let times = match &goes {
            None | Some(Goes::DoneInSilence | Goes::Held(_)) => 1,
            Some(Goes::DoneTwice) => 2,
            Some(_) => 0,
        };
        let mut uid = known.filter(|_| upsert);
        for _ in 0..times {
            if uid.is_none() || times == 2 {
                uid = Some(inside.create(&request.reference, &request.demande.statut));
            }
        }
        match goes.as_ref().and_then(failure) {
            Some(error) => Err(error),
            None => Ok(Created {
                uid: Uid::new(uid.unwrap()),
                attaches: self.capabilities.lock().unwrap().attaches,
            }),
        }
    }
}

#[async_trait]
impl ports::RemoteCrm for RemoteCrm {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.lock().unwrap().clone()
    }

    async fn find(&self, request: &CreateDemande) -> Result<Vec<Uid>, CrmError> {
        let goes = self.call("find", |inside| inside.finds.pop_front());
        if let Some(Goes::Held(gate)) = &goes {
            gate.acquire().await.unwrap().forget();
        }
        if let Some(error) = goes.as_ref().and_then(failure) {
            return Err(error);
        }
        let found = self.demandes().into_iter();
        let found = found.filter(|it| it.reference == request.reference);
        Ok(found.map(|it| Uid::new(it.uid)).collect())
    }

    async fn attach(&self, uid: &Uid, fichier: &Fichier, bytes: Vec<u8>) -> Result<(), CrmError> {
        let goes = self.call("attach", |inside| {
            let at = inside.attaches.iter().position(|it| it.0 == fichier.nom)?;
            Some(inside.attaches.remove(at).1)
        });
        assert_eq!(bytes.len() as u64, fichier.taille);
        if let Some(error) = goes.as_ref().and_then(failure) {
            return Err(error);
        }
        let mut inside = self.inside.lock().unwrap();
        let demande = inside.demandes.iter_mut();
        let demande = { demande }.find(|it| it.uid == uid.as_str()).unwrap();
        demande.photos.push(fichier.nom.clone());
        Ok(())
    }

    async fn statut(&self, uid: &Uid) -> Result<Change, CrmError> {
        self.call("statut", |_| None);
        let demandes = self.demandes();
        let found = demandes.iter().find(|it| it.uid == uid.as_str());
        found.map(change).ok_or(CrmError::Refused {
            status: 404,
            excerpt: String::new(),
        })
    }

    async fn changes(&self, query: &ChangeQuery) -> Result<ChangePage, CrmError> {
        let (page, takes, gate) = {
            self.call("changes", |_| None);
            let mut inside = self.inside.lock().unwrap();
            inside.queries.push(query.clone());
            let page = inside.pages.pop_front();
            let page = page.unwrap_or_else(|| Ok(inside.list(query.since)));
            (page, inside.listing_takes, inside.listing_gate.clone())
        };
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        tokio::time::sleep(takes).await;
        page
    }

    async fn managers(
        &self,
        residence: &str,
    ) -> Result<Vec<Result<Gestionnaire, Reason>>, CrmError> {
        let goes = self.call("managers", |inside| inside.managers.pop_front());
        if let Some(error) = goes.as_ref().and_then(failure) {
            return Err(error);
        }
        let one = |kind: &str| {
            Ok(Gestionnaire {
                r#type: kind.into(),
                identifiant: format!("{kind}-{residence}"),
                nom: "Du CRM".into(),
                email: "crm@bailleur.example".into(),
            })
        };
        Ok(vec![one("responsable_secteur"), one("technique")])
    }
}

/// A demande's entry in a list of changes.
pub fn change(it: &InCrm) -> Change {
    Change {
        event: StatutEvent {
            uid: Uid::new(it.uid.clone()),
            statut: it.statut.clone(),
            date: Some(it.at.to_rfc3339()),
            resultat: it.resultat.clone(),
            commentaire: None,
            canal: None,
            evenement: None,
            message: None,
        },
        at: it.at,
    }
}
