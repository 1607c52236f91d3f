//! The e-mails that the rules want about a signalement. Nothing that goes wrong here touches it.

use std::sync::Arc;

use uuid::Uuid;

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::livraison::{Content, Courriel, NewLivraison};
use crate::domain::signalement::{Signalement, SignalementId};
use crate::rules::compile::Generation;
use crate::rules::decide::{self, MailContext, Occasion};
use crate::rules::trace::Trace;

/// What became of a signalement.
#[derive(Debug)]
pub(super) enum News {
    /// A demande was created.
    Created(Uid, Box<NewDemande>),
    /// It is kept and not forwarded, for this reason.
    SetAside(String),
}

/// Asks `accuses.rhai`, on a thread of its own, and adds its steps to the trace.
pub(super) async fn acknowledge(
    generation: &Arc<Generation>,
    signalement: &Arc<Signalement>,
    news: News,
    mut trace: Trace,
) -> (Vec<NewLivraison>, Trace) {
    let (generation, signalement) = (Arc::clone(generation), Arc::clone(signalement));
    let id = SignalementId::of_lien(&signalement.lien_sowell);
    let before = trace.clone();
    let work = move || {
        let occasion = match &news {
            News::Created(uid, demande) => Occasion::Transmis { uid, demande },
            News::SetAside(motif) => Occasion::Ecarte { motif },
        };
        let (messages, error) = decide::accuses(&generation, &signalement, occasion, &mut trace);
        let context = MailContext::new(&generation, &signalement, occasion);
        (context.courriels(messages), error, trace)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok((courriels, error, trace)) => {
            if let Some(error) = error {
                tracing::error!(id = id.as_str(), %error, "no acknowledgement");
            }
            (courriels.into_iter().map(to_deliver).collect(), trace)
        }
        Err(error) => {
            tracing::error!(id = id.as_str(), %error, "no acknowledgement");
            (Vec::new(), before)
        }
    }
}

/// An e-mail waits for no other: each is a queue of its own.
pub(super) fn to_deliver(courriel: Courriel) -> NewLivraison {
    let id = Uuid::now_v7().to_string();
    NewLivraison {
        queue: format!("courriel:{id}"),
        id,
        content: Content::Courriel(courriel),
    }
}
