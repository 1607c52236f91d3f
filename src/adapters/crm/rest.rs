//! A remote CRM: the calls that `connecteurs/crm.yaml` describes.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::adapters::partner::{Begun, CallError, Called, PartnerHttp, PhotoBytes, fichier};
use crate::domain::demande::{Fichier, Uid};
use crate::domain::instant;
use crate::domain::ports::{
    Capabilities, Change, ChangePage, ChangeQuery, Clock, CreateDemande, Created, Crm, CrmError,
    DuplicateGuard, Files, RemoteCrm,
};
use crate::domain::reason::{Phrase, Reason};
use crate::domain::referentiel::Gestionnaire;
use crate::domain::statut::StatutEvent;
use crate::flows::rules::Rules;
use crate::rules::connector::{Connector, Failure, Item, Meaning, Operation, Partner, demande};
use crate::settings::InForce;

/// The client of a remote CRM.
pub struct RestCrm {
    partner: PartnerHttp,
    files: Arc<dyn Files>,
}

impl RestCrm {
    /// A client that uses the connector file and the settings in force at each call.
    #[must_use]
    pub fn new(
        in_force: InForce,
        rules: Arc<dyn Rules>,
        files: Arc<dyn Files>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            partner: PartnerHttp::new(Partner::Crm, in_force, rules, clock),
            files,
        }
    }

    /// The photos as the creation call sees them, with their bytes if that call carries them.
    async fn photos(
        &self,
        crm: &Begun<'_>,
        fichiers: &[Fichier],
    ) -> Result<(Vec<Value>, PhotoBytes), CrmError> {
        let mut seen = Vec::new();
        let mut photos = PhotoBytes::new();
        let carried = holds(crm, Connector::creates_with_photos);
        for (at, it) in fichiers.iter().enumerate() {
            let number = at + 1;
            if !carried {
                seen.push(fichier(number, it));
                continue;
            }
            let bytes = self.files.read(&it.sha256).await;
            let bytes = bytes.map_err(CrmError::Files)?;
            seen.push(prepared(crm, Operation::Creer, number, it, &bytes).await?);
            photos.insert(number, bytes);
        }
        Ok((seen, photos))
    }
}

/// Whether photos are sent after the creation.
fn attaches(connector: &Connector) -> bool {
    connector.has(Operation::Joindre) && !connector.creates_with_photos()
}

fn holds(crm: &Begun<'_>, about: impl FnOnce(&Connector) -> bool) -> bool {
    crm.ask(about).unwrap_or(false)
}

async fn call(
    crm: &Begun<'_>,
    operation: Operation,
    values: Value,
    photos: &PhotoBytes,
) -> Result<Called, CrmError> {
    let called = crm.perform(operation, values, photos).await;
    called.map_err(|error| crm_error(operation, error))
}

/// A photo as an operation sees it, uploaded first if the connector says so.
async fn prepared(
    crm: &Begun<'_>,
    operation: Operation,
    number: usize,
    it: &Fichier,
    bytes: &[u8],
) -> Result<Value, CrmError> {
    let with_bytes = |mut seen: Value| {
        seen["base64"] = base64_simd::STANDARD.encode_to_string(bytes).into();
        seen
    };
    let mut seen = fichier(number, it);
    if holds(crm, |it| it.uploads_for(operation)) {
        let mut values = json!({"fichier": seen});
        if holds(crm, |it| it.needs_bytes(Operation::Televerser)) {
            values["fichier"] = with_bytes(values["fichier"].take());
        }
        let own = PhotoBytes::from([(number, bytes.to_vec())]);
        let sent = call(crm, Operation::Televerser, values, &own).await;
        // An upload that nothing refers to has no effect, so one left without an answer is repeated.
        let called = sent.map_err(|error| match error {
            CrmError::InDoubt(reason) => CrmError::Unavailable {
                reason,
                retry_at: None,
            },
            other => other,
        })?;
        seen["envoi"] = Value::Object(called.found.values);
    }
    if holds(crm, |it| it.needs_bytes(operation)) {
        seen = with_bytes(seen);
    }
    Ok(seen)
}

#[async_trait]
impl Crm for RestCrm {
    fn remote(&self) -> Option<&dyn RemoteCrm> {
        Some(self)
    }

    async fn create(&self, request: &CreateDemande) -> Result<Created, CrmError> {
        let crm = self.partner.begin();
        let (fichiers, photos) = self.photos(&crm, &request.fichiers).await?;
        let mut values = described(request);
        values["fichiers"] = Value::Array(fichiers);
        let called = call(&crm, Operation::Creer, values, &photos).await?;
        let uid = called.found.items.into_iter().next();
        let uid = uid.and_then(|mut it| it.remove("uid"));
        let uid = uid.ok_or_else(|| CrmError::Unidentified(Phrase::NoUid.into()))?;
        Ok(Created {
            uid: Uid::new(uid),
            attaches: holds(&crm, attaches),
        })
    }
}

#[async_trait]
impl RemoteCrm for RestCrm {
    fn capabilities(&self) -> Capabilities {
        let told = self.partner.begin().ask(|it| Capabilities {
            guard: it.guard,
            longest_work: it.longest_work,
            attaches: attaches(it),
            reads_statut: it.has(Operation::LireStatut),
            knows_managers: it.has(Operation::Gestionnaires),
            overlap: it.has(Operation::Changements).then_some(it.overlap),
        });
        // Without a connector file no call is possible, and nothing may be guessed.
        told.unwrap_or(Capabilities {
            guard: DuplicateGuard::Nothing,
            longest_work: std::time::Duration::from_mins(2),
            attaches: false,
            reads_statut: false,
            knows_managers: false,
            overlap: None,
        })
    }

    async fn find(&self, request: &CreateDemande) -> Result<Vec<Uid>, CrmError> {
        let crm = self.partner.begin();
        let called = crm
            .perform(Operation::Chercher, described(request), &PhotoBytes::new())
            .await;
        match called {
            Ok(called) => {
                let uids = called.found.items.into_iter();
                Ok(uids
                    .filter_map(|mut it| it.remove("uid"))
                    .map(Uid::new)
                    .collect())
            }
            Err(CallError::Answered { failure, .. }) if failure.meaning == Meaning::Absent => {
                Ok(Vec::new())
            }
            Err(error) => Err(crm_error(Operation::Chercher, error)),
        }
    }

    async fn attach(&self, uid: &Uid, it: &Fichier, bytes: Vec<u8>) -> Result<(), CrmError> {
        let crm = self.partner.begin();
        let seen = prepared(&crm, Operation::Joindre, 1, it, &bytes).await?;
        let values = json!({"uid": uid.as_str(), "fichier": seen});
        let photos = PhotoBytes::from([(1, bytes)]);
        call(&crm, Operation::Joindre, values, &photos).await?;
        Ok(())
    }

    async fn statut(&self, uid: &Uid) -> Result<Change, CrmError> {
        let values = json!({"uid": uid.as_str()});
        let crm = self.partner.begin();
        let called = call(&crm, Operation::LireStatut, values, &PhotoBytes::new()).await?;
        let item = called.found.items.into_iter().next().unwrap_or_default();
        change(Some(uid), item)
    }

    async fn changes(&self, query: &ChangeQuery) -> Result<ChangePage, CrmError> {
        let operation = Operation::Changements;
        let crm = self.partner.begin();
        let page = crm.ask(|it| it.page(operation, query.page.as_deref()));
        let values = json!({
            "depuis": instant::to_the_second(query.since), "page": page,
        });
        let called = call(&crm, operation, values, &PhotoBytes::new()).await?;
        let unread = called.found.faults.into_iter();
        let mut unread: Vec<CrmError> = unread
            .map(|it| CrmError::Misconfigured(Reason::told(it)))
            .collect();
        let mut changes = Vec::new();
        for item in called.found.items {
            match change(None, item) {
                Ok(change) => changes.push(change),
                Err(error) => unread.push(error),
            }
        }
        // If no change can be read, the connector is probably at fault.
        if changes.is_empty()
            && let Some(error) = unread.pop()
        {
            return Err(error);
        }
        for error in unread {
            tracing::error!(%error, "ALARM: a change of the CRM cannot be read, and is skipped");
        }
        Ok(ChangePage {
            changes,
            next: called.found.next.map(|it| it.page),
            past_end: called.found.past_end,
        })
    }

    async fn managers(
        &self,
        residence: &str,
    ) -> Result<Vec<Result<Gestionnaire, Reason>>, CrmError> {
        let values = json!({"residence": residence});
        let crm = self.partner.begin();
        let called = call(&crm, Operation::Gestionnaires, values, &PhotoBytes::new()).await?;
        let unread = called.found.faults.into_iter();
        let unread = unread.map(|it| Err(Reason::told(it)));
        let managers = called.found.items.into_iter().map(|mut it| {
            let mut take = |name| it.remove(name).unwrap_or_default();
            Ok(Gestionnaire {
                r#type: take("type"),
                identifiant: take("identifiant"),
                nom: take("nom"),
                email: take("email"),
            })
        });
        Ok(managers.chain(unread).collect())
    }
}

fn described(request: &CreateDemande) -> Value {
    json!({"reference": request.reference.as_str(), "demande": demande(&request.demande)})
}

fn change(asked: Option<&Uid>, mut item: Item) -> Result<Change, CrmError> {
    let date = item.remove("date").unwrap_or_default();
    let at =
        instant::parse(&date).ok_or_else(|| CrmError::Misconfigured(Phrase::ChangeDate.into()))?;
    let own = item.remove("uid").map(Uid::new);
    let uid = asked.cloned().or(own);
    let event = StatutEvent {
        uid: uid.unwrap_or_else(|| Uid::new(String::new())),
        statut: item.remove("statut").unwrap_or_default(),
        date: instant::rfc3339(&date),
        resultat: item.remove("resultat"),
        commentaire: item.remove("commentaire"),
        canal: item.remove("canal"),
        evenement: item.remove("evenement"),
        message: None,
    };
    Ok(Change {
        event: event.cut(),
        at: at.into(),
    })
}

fn crm_error(operation: Operation, error: CallError) -> CrmError {
    let unavailable = |reason, retry_at| CrmError::Unavailable { reason, retry_at };
    match error {
        CallError::Misconfigured(reason) => CrmError::Misconfigured(reason),
        CallError::NotSent(reason) => unavailable(reason.into(), None),
        CallError::Lost(reason) if operation.reads() => unavailable(reason.into(), None),
        CallError::Lost(reason) => CrmError::InDoubt(reason.into()),
        CallError::Answered {
            status,
            failure,
            excerpt,
            retry_at,
        } => match failure.meaning {
            Meaning::Refused | Meaning::Absent => CrmError::Refused { status, excerpt },
            Meaning::Unauthorized => CrmError::Unauthorized(Phrase::Answered.with(status)),
            Meaning::Unavailable if failure.unreadable && (200..300).contains(&status) => {
                CrmError::Unreadable(Reason::told(failure.reason))
            }
            Meaning::Unavailable => unavailable(answered(status, &failure), retry_at),
            Meaning::InDoubt if failure.confirms => {
                CrmError::Unidentified(answered(status, &failure))
            }
            Meaning::InDoubt | Meaning::Success => CrmError::InDoubt(answered(status, &failure)),
        },
    }
}

/// The status of an answer, followed by what is wrong with the rest of it, if anything.
fn answered(status: u16, failure: &Failure) -> Reason {
    if failure.unreadable {
        Phrase::Answered.with(format_args!("{status}: {}", failure.reason))
    } else {
        Phrase::Answered.with(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(status: u16, reason: &str, unreadable: bool) -> String {
        let error = CallError::Answered {
            status,
            failure: Failure {
                meaning: Meaning::InDoubt,
                reason: reason.into(),
                message: None,
                unreadable,
                confirms: false,
            },
            excerpt: String::new(),
            retry_at: None,
        };
        match crm_error(Operation::Creer, error) {
            CrmError::InDoubt(reason) | CrmError::Unidentified(reason) => reason.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_status_is_given_once_followed_by_what_is_wrong() {
        assert_eq!(reason(503, "réponse 503", false), "answered 503");
        let no_json = reason(200, "la réponse n'est pas du JSON", true);
        assert_eq!(no_json, "answered 200: la réponse n'est pas du JSON");
    }
}
