//! What comes with a decision and must never undo it: the e-mails that the rules want, and the trace.
//! Nothing that goes wrong here, not even a panic, touches the signalement or the status itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use uuid::Uuid;

use crate::crash;
use crate::domain::demande::{NewDemande, Uid};
use crate::domain::livraison::{Content, Courriel, NewLivraison};
use crate::domain::signalement::{Signalement, SignalementId};
use crate::flows::offload;
use crate::rules::compile::Generation;
use crate::rules::decide::{self, MailContext, Occasion};
use crate::rules::trace::Trace;

/// What became of a signalement.
#[derive(Debug)]
pub(super) enum News {
    /// A demande was created.
    Created(Uid, Arc<NewDemande>),
    /// It is kept and not forwarded, for this reason.
    SetAside(String),
}

/// Asks `accuses.rhai` about a signalement, and adds its steps to the trace.
pub(super) async fn acknowledge(
    generation: &Arc<Generation>,
    signalement: &Arc<Signalement>,
    news: News,
    trace: Trace,
) -> (Vec<NewLivraison>, Trace) {
    let rules = Arc::clone(&generation.rules);
    let (generation, signalement) = (Arc::clone(generation), Arc::clone(signalement));
    let before = trace.clone();
    let work = move || {
        let occasion = match &news {
            News::Created(uid, demande) => Occasion::Transmis { uid, demande },
            News::SetAside(motif) => Occasion::Ecarte { motif },
        };
        let id = SignalementId::of_lien(&signalement.lien_sowell);
        courriels(&generation, &signalement, occasion, trace, id.as_str())
    };
    offload::run(&rules.pace, work)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "no acknowledgement");
            (Vec::new(), before)
        })
}

/// The e-mails that `accuses.rhai` asks for on an occasion, and the trace with its steps. Only for a
/// thread where a script may run; `about` names the signalement or the demande in the log.
pub(super) fn courriels(
    generation: &Generation,
    signalement: &Signalement,
    occasion: Occasion<'_>,
    mut trace: Trace,
    about: &str,
) -> (Vec<NewLivraison>, Trace) {
    let before = trace.clone();
    // What it works on is dropped with it, and the generation is only read.
    let asked = catch_unwind(AssertUnwindSafe(move || {
        crash::panic_at("accuses");
        let (messages, error) = decide::accuses(generation, signalement, occasion, &mut trace);
        let context = MailContext::new(generation, signalement, occasion);
        (context.courriels(messages), error, trace)
    }));
    match asked {
        Ok((courriels, error, trace)) => {
            if let Some(error) = error {
                tracing::error!(about, %error, "no acknowledgement");
            }
            (courriels.into_iter().map(to_deliver).collect(), trace)
        }
        Err(_) => {
            tracing::error!(about, "no acknowledgement: asking for it panicked");
            (Vec::new(), before)
        }
    }
}

/// An e-mail waits for no other: each is a queue of its own.
fn to_deliver(courriel: Courriel) -> NewLivraison {
    let id = Uuid::now_v7().to_string();
    NewLivraison {
        queue: format!("courriel:{id}"),
        id,
        content: Content::Courriel(courriel),
    }
}

/// The trace as it is stored; one that cannot be written is not worth the signalement that it tells of.
pub(super) fn written(trace: &Trace) -> String {
    catch_unwind(AssertUnwindSafe(|| {
        crash::panic_at("trace");
        trace.encode()
    }))
    .unwrap_or_else(|_| {
        tracing::error!("a trace could not be written");
        Trace::LOST.to_owned()
    })
}
