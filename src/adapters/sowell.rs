//! SoWell's API: the calls that `connecteurs/sowell.yaml` describes.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::adapters::partner::{CallError, PartnerHttp, PhotoBytes};
use crate::domain::livraison::{StatutPush, UidPush};
use crate::domain::ports::{Clock, Reply, ReplyMeaning, Sowell, Unreachable};
use crate::flows::rules::Rules;
use crate::rules::connector::{Meaning, Operation, Partner};
use crate::settings::InForce;

/// The client of SoWell's API; not configured while the settings give no address.
pub struct SowellHttp {
    partner: PartnerHttp,
    in_force: InForce,
}

impl SowellHttp {
    /// A client that uses the connector and the settings in force at each call.
    #[must_use]
    pub fn new(in_force: InForce, rules: Arc<dyn Rules>, clock: Arc<dyn Clock>) -> Self {
        Self {
            partner: PartnerHttp::new(Partner::Sowell, in_force.clone(), rules, clock),
            in_force,
        }
    }

    async fn tell(&self, operation: Operation, values: Value) -> Result<Reply, Unreachable> {
        let none = PhotoBytes::new();
        match self.partner.begin().perform(operation, values, &none).await {
            Ok(called) => Ok(Reply {
                status: called.status,
                meaning: ReplyMeaning::Taken,
                retry_at: None,
                excerpt: called.excerpt,
            }),
            Err(CallError::Answered {
                status,
                failure,
                excerpt,
                retry_at,
            }) => Ok(Reply {
                status,
                meaning: match failure.meaning {
                    Meaning::Success => ReplyMeaning::Taken,
                    Meaning::Refused | Meaning::Absent => ReplyMeaning::Refused,
                    Meaning::Unauthorized => ReplyMeaning::Unauthorized,
                    // Every attempt carries the same key, so it may be repeated after silence.
                    Meaning::Unavailable | Meaning::InDoubt => ReplyMeaning::Later,
                },
                retry_at,
                excerpt,
            }),
            Err(CallError::NotSent(reason) | CallError::Lost(reason)) => {
                Err(Unreachable(reason.into()))
            }
            // Retried like silence, as the connector or the settings may be fixed meanwhile.
            Err(CallError::Misconfigured(reason)) => Err(Unreachable(reason)),
        }
    }
}

#[async_trait]
impl Sowell for SowellHttp {
    fn configured(&self) -> bool {
        self.in_force.get().sowell.is_some()
    }

    async fn send(&self, id: &str, push: &StatutPush) -> Result<Reply, Unreachable> {
        let values = json!({
            "livraison": id, "uid": push.uid, "statut": push.statut, "statut_crm": push.statut_crm,
            "date": push.date, "commentaire": push.commentaire, "lien_sowell": push.lien_sowell,
        });
        self.tell(Operation::SignalerStatut, values).await
    }

    fn takes_uid(&self) -> bool {
        let takes = self
            .partner
            .begin()
            .ask(|it| it.has(Operation::SignalerUid));
        takes.unwrap_or(false)
    }

    async fn send_uid(&self, id: &str, push: &UidPush) -> Result<Reply, Unreachable> {
        let values = json!({
            "livraison": id, "id": push.id, "uid": push.uid, "statut": push.statut,
            "statut_crm": push.statut_crm, "lien_sowell": push.lien_sowell,
        });
        self.tell(Operation::SignalerUid, values).await
    }
}
