//! Makes one attempt: sends a delivery to where it belongs, within its time limit.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Delivery;
use super::verdict::{AttemptResult, Verdict, judge};
use crate::crash;
use crate::domain::demande::Uid;
use crate::domain::livraison::{Claim, Content, Courriel, PhotoPush};
use crate::domain::ports::{CrmError, MailError, Message, Unreachable};
use crate::domain::reason::{Phrase, Reason};
use crate::flows::offload;
use crate::flows::panics::contained;
use crate::flows::time_limit::{LATE, in_time};
use crate::rules::{addressee, decide};

impl Delivery {
    /// Makes one attempt, and judges it.
    pub(super) async fn attempt_within(
        &self,
        limit: Duration,
        claim: &Claim,
    ) -> (AttemptResult, Verdict) {
        let begun = Instant::now();
        let attempt = in_time(limit, self.attempt(claim));
        let seen = match contained(attempt).await {
            Ok(Ok(seen)) => seen,
            Ok(Err(_)) => AttemptResult::NoAnswer(Unreachable(Phrase::NoAnswer.into())),
            Err(error) => {
                tracing::error!(id = claim.id, %error, "an attempt panicked");
                AttemptResult::BrokeOff
            }
        };
        let stood_still = begun.elapsed() > limit.saturating_add(LATE);
        let verdict = match judge(&seen) {
            // A loss while this process was stalled says nothing about the destination.
            Verdict::Again { not_before: None } if stood_still => Verdict::Ours,
            verdict => verdict,
        };
        (seen, verdict)
    }

    async fn attempt(&self, claim: &Claim) -> AttemptResult {
        match &claim.content {
            Content::Statut(push) => match self.sowell.send(&claim.id, push).await {
                Ok(reply) => AttemptResult::Answer(reply),
                Err(error) => AttemptResult::NoAnswer(error),
            },
            Content::Uid(push) => match self.sowell.send_uid(&claim.id, push).await {
                Ok(reply) => AttemptResult::Answer(reply),
                Err(error) => AttemptResult::NoAnswer(error),
            },
            Content::Photo(push) => match self.attach(push).await {
                Ok(()) => AttemptResult::PhotoAttached,
                Err(error) => AttemptResult::PhotoFailed(error),
            },
            Content::Courriel(courriel) => match self.send_mail(&claim.id, courriel).await {
                Ok(code) => AttemptResult::MailSent(code),
                Err(error) => AttemptResult::MailFailed(error),
            },
        }
    }

    async fn attach(&self, push: &PhotoPush) -> Result<(), CrmError> {
        let bytes = self.files.read(&push.fichier.sha256).await;
        let bytes = bytes.map_err(CrmError::Files)?;
        let uid = Uid::new(push.uid.clone());
        match self.crm.remote() {
            Some(crm) => crm.attach(&uid, &push.fichier, bytes).await,
            // The built-in CRM already has the photos, stored with the signalement.
            None => Ok(()),
        }
    }

    /// Rendered at each attempt, so that a corrected template also applies to e-mails that had failed.
    async fn send_mail(&self, id: &str, courriel: &Courriel) -> Result<Option<u16>, MailError> {
        if addressee::is_absent(&courriel.a) {
            return Err(MailError::permanent(Reason::told(addressee::ABSENT)));
        }
        let generation = self.rules.generation();
        let rules = Arc::clone(&generation.rules);
        let courriel_for_template = courriel.clone();
        let render = move || {
            crash::panic_at("mail");
            let it = &courriel_for_template;
            let context = serde_json::from_str(&it.context).map_err(|error| error.to_string())?;
            let mail = decide::write_stored(&generation, it, &context);
            mail.map_err(|error| error.to_string())
        };
        let rendered = offload::run(&rules.pace, render)
            .await
            .map_err(|error| MailError::temporary(Reason::told(error.to_string())))?
            .map_err(|error| MailError::permanent(Reason::told(error)))?;
        let message = Message {
            to: courriel.a.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
        };
        self.mailer.send(id, &message).await
    }
}
