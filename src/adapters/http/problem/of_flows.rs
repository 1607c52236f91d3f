//! Turns the flows' errors into problems.

use super::{Problem, RETRY_AFTER_SECONDS};
use crate::domain::signalement::SignalementId;
use crate::flows::inbound::InboundError;
use crate::flows::outbound::OutboundError;
use crate::rules::decide::Undecided;

impl From<InboundError> for Problem {
    fn from(error: InboundError) -> Self {
        match error {
            InboundError::Refused { faults, id } => Self {
                id: id.map(|id| id.as_str().to_owned()),
                ..Self::faults(faults)
            },
            InboundError::Conflict {
                owner,
                uid,
                other,
                differs,
            } => Self::conflict(&owner, uid, other, &differs),
            InboundError::Broken { cause, id } => Self::broken(&cause).kept(&id),
            InboundError::RefusedByCrm { status, id } => Self::refused_by_crm(status, &id),
            InboundError::WithoutManagers { residence, id, .. } => Self {
                id: id.map(|id| id.as_str().to_owned()),
                ..Self::without_managers(&residence)
            },
            InboundError::BrokenConnector { reason, id } => Self {
                detail:
                    "le connecteur du CRM échoue : citez la référence ; le signalement est conservé"
                        .into(),
                ..Self::internal(&reason)
            }
            .kept(&id),
            InboundError::CrmAway { wait } => Self::crm_away(wait),
            InboundError::InDoubt { id } => Self::later(IN_DOUBT, RETRY_AFTER_SECONDS).kept(&id),
            InboundError::OtherInDoubt => Self::later(OTHER_IN_DOUBT, RETRY_AFTER_SECONDS),
            InboundError::UnderWay => Self::later(UNDER_WAY, RETRY_AFTER_SECONDS),
            InboundError::Files(error) => Self::from(error),
            InboundError::Store(error) => Self::from(error),
            InboundError::Fault(reason) => Self::internal(&reason),
        }
    }
}

const IN_DOUBT: &str = "il n'est pas encore certain que le CRM ait créé la demande ; le signalement est conservé : \
                        renvoyez la même requête";
const OTHER_IN_DOUBT: &str = "le même lien ou la même clé est venu avec un autre contenu, et il n'est pas encore \
                              certain que le CRM en ait créé la demande ; ce signalement-ci n'est pas conservé : \
                              renvoyez-le plus tard";
const UNDER_WAY: &str =
    "la demande de ce signalement est en cours de création : renvoyez la même requête";

impl Problem {
    /// A rule of the landlord failed.
    fn broken(cause: &Undecided) -> Self {
        let mut problem = Self::internal(cause);
        match cause {
            Undecided::Script(error) => {
                problem.detail =
                    format!("une règle du bailleur échoue ({error}) ; le signalement est conservé");
            }
            Undecided::Template(error) => {
                problem.detail =
                    format!("un modèle du bailleur échoue ({error}) ; le signalement est conservé");
            }
            Undecided::UnknownCodes(_) => {}
        }
        problem
    }

    /// The signalement is kept, under this identity.
    fn kept(mut self, id: &SignalementId) -> Self {
        self.id = Some(id.as_str().to_owned());
        self
    }
}

impl From<OutboundError> for Problem {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::UnknownUid => Self::not_found("aucune demande n'a cet uid"),
            OutboundError::MayBeCreated => Self::later(
                "aucune demande n'a encore cet uid, mais une création n'est pas encore confirmée : \
                 renvoyez la même requête",
                RETRY_AFTER_SECONDS,
            ),
            OutboundError::Held(faults) => Self::faults(faults),
            OutboundError::Store(error) => Self::from(error),
            OutboundError::Fault(reason) => Self::internal(&reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::header;
    use axum::response::IntoResponse;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::no_wish(None, RETRY_AFTER_SECONDS)]
    #[case::long(Some(1200), 1200)]
    #[case::soon(Some(0), RETRY_AFTER_SECONDS)]
    fn a_client_waits_as_long_as_the_crm_asked(#[case] asked: Option<u64>, #[case] told: u64) {
        let wait = asked.map(Duration::from_secs);
        let answer = Problem::from(InboundError::CrmAway { wait }).into_response();
        assert_eq!(answer.headers()[header::RETRY_AFTER], told.to_string());
    }
}
