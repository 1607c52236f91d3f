//! What is sent once a demande exists: e-mails, its UID for SoWell, its photos for the CRM.

use std::sync::Arc;

use uuid::Uuid;

use super::{Creations, Held};
use crate::domain::demande::Uid;
use crate::domain::livraison::{Content, NewLivraison, PhotoPush, UidPush};
use crate::flows::acknowledge::{News, acknowledge};
use crate::rules::trace::Trace;

impl Creations {
    /// The deliveries that follow from this creation, and the trace with the steps of `accuses.rhai`.
    pub(super) async fn follow_ups(
        &self,
        held: &Held,
        uid: &Uid,
        attaches: bool,
    ) -> (Vec<NewLivraison>, Trace) {
        let (mut livraisons, trace) = match &held.signalement {
            Some(signalement) => {
                let news = News::Created(uid.clone(), Arc::new(held.request.demande.clone()));
                let rules = self.rules.generation();
                let rules = self.managers.complete_if_told(&rules, signalement).await;
                acknowledge(&rules, signalement, news, held.trace.clone()).await
            }
            None => (Vec::new(), held.trace.clone()),
        };
        if held.late && self.sowell.takes_uid() {
            livraisons.push(tell_uid(held, uid));
        }
        if attaches {
            livraisons.extend(attach(held, uid));
        }
        (livraisons, trace)
    }
}

/// Uses the demande's queue, so that SoWell knows the UID before the first status.
pub(super) fn tell_uid(held: &Held, uid: &Uid) -> NewLivraison {
    let demande = &held.request.demande;
    NewLivraison {
        id: Uuid::now_v7().to_string(),
        queue: uid.as_str().to_owned(),
        content: Content::Uid(UidPush {
            id: held.claim.id.as_str().to_owned(),
            uid: uid.as_str().to_owned(),
            statut: demande.statut_sowell.clone(),
            statut_crm: demande.statut.clone(),
            lien_sowell: demande.lien_sowell.clone(),
        }),
    }
}

/// Each photo has a queue of its own: one that the CRM refuses does not hold up the others.
fn attach<'a>(held: &'a Held, uid: &'a Uid) -> impl Iterator<Item = NewLivraison> + 'a {
    held.request
        .fichiers
        .iter()
        .map(move |fichier| NewLivraison {
            id: Uuid::now_v7().to_string(),
            queue: format!("crm:{}:{}", uid.as_str(), fichier.nom),
            content: Content::Photo(PhotoPush {
                uid: uid.as_str().to_owned(),
                fichier: fichier.clone(),
            }),
        })
}
