//! What accompanies a decision and must never undo it: the e-mails that the rules ask for, and the trace.
//! No failure here, not even a panic, affects the signalement or the status itself.

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

/// What happened to a signalement.
#[derive(Debug)]
pub(super) enum News {
    /// A demande was created.
    Created(Uid, Arc<NewDemande>),
    /// It is kept but not forwarded, for this reason.
    SetAside(String),
}

/// Runs `accuses.rhai` for a signalement, and adds its steps to the trace.
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

/// The e-mails that `accuses.rhai` asks for on an occasion, and the trace with its steps. Only call it on a
/// thread where scripts may run; `about` identifies the signalement or the demande in the log.
pub(super) fn courriels(
    generation: &Generation,
    signalement: &Signalement,
    occasion: Occasion<'_>,
    mut trace: Trace,
    about: &str,
) -> (Vec<NewLivraison>, Trace) {
    let before = trace.clone();
    // The closure owns what it changes, and the generation is only read.
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

/// Each e-mail has a queue of its own, so none waits for another.
fn to_deliver(courriel: Courriel) -> NewLivraison {
    let id = Uuid::now_v7().to_string();
    NewLivraison {
        queue: format!("courriel:{id}"),
        id,
        content: Content::Courriel(courriel),
    }
}

/// The trace in its stored form. Failing to encode it must not cost us the signalement.
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
