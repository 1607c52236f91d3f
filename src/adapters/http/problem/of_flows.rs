//! Turns the flows' errors into problems.

use super::{Problem, RETRY_AFTER_SECONDS};
use crate::flows::inbound::InboundError;
use crate::flows::outbound::OutboundError;
use crate::rules::decide::Undecided;

impl From<InboundError> for Problem {
    fn from(error: InboundError) -> Self {
        match error {
            InboundError::Refused { faults, id } => {
                let mut problem = Self::faults(faults);
                problem.id = id.map(|id| id.as_str().to_owned());
                problem
            }
            InboundError::Conflict {
                owner,
                uid,
                other,
                differs,
            } => Self::conflict(&owner, uid, other, &differs),
            InboundError::Broken { cause, id } => {
                let mut problem = Self::internal(&cause);
                problem.detail = match &cause {
                    Undecided::Script(error) => {
                        format!(
                            "une règle du bailleur échoue ({error}) ; le signalement est conservé"
                        )
                    }
                    Undecided::Template(error) => {
                        format!(
                            "un modèle du bailleur échoue ({error}) ; le signalement est conservé"
                        )
                    }
                    Undecided::UnknownCodes(_) => problem.detail,
                };
                problem.id = Some(id.as_str().to_owned());
                problem
            }
            InboundError::RefusedByCrm { status, id } => Self::refused_by_crm(status, &id),
            InboundError::BrokenConnector { reason, id } => {
                let mut problem = Self::internal(&reason);
                problem.detail =
                    "le connecteur du CRM échoue : citez la référence ; le signalement est conservé"
                        .into();
                problem.id = Some(id.as_str().to_owned());
                problem
            }
            InboundError::CrmAway { wait } => Self::crm_away(wait),
            InboundError::InDoubt { id } => {
                let mut problem = Self::later(
                    "il n'est pas encore certain que le CRM ait créé la demande ; le signalement est \
                     conservé : renvoyez la même requête",
                    RETRY_AFTER_SECONDS,
                );
                problem.id = Some(id.as_str().to_owned());
                problem
            }
            InboundError::OtherInDoubt => Self::later(
                "le même lien ou la même clé est venu avec un autre contenu, et il n'est pas encore certain que \
                 le CRM en ait créé la demande ; ce signalement-ci n'est pas conservé : renvoyez-le plus tard",
                RETRY_AFTER_SECONDS,
            ),
            InboundError::UnderWay => Self::later(
                "la demande de ce signalement est en cours de création : renvoyez la même requête",
                RETRY_AFTER_SECONDS,
            ),
            InboundError::Files(error) => Self::from(error),
            InboundError::Store(error) => Self::from(error),
            InboundError::Fault(reason) => Self::internal(&reason),
        }
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
