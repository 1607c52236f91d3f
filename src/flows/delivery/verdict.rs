//! The result of an attempt, and what to do about it.

use chrono::{DateTime, Utc};

use crate::domain::livraison::Attempt;
use crate::domain::ports::{CrmError, MailError, MailFailure, Reply, ReplyMeaning, Unreachable};
use crate::domain::reason::Phrase;

/// The raw result of one attempt, before it is judged.
pub(super) enum AttemptResult {
    Answer(Reply),
    NoAnswer(Unreachable),
    MailSent(Option<u16>),
    MailFailed(MailError),
    PhotoAttached,
    PhotoFailed(CrmError),
    /// The attempt panicked.
    BrokeOff,
}

/// What to do after an attempt.
pub(super) enum Verdict {
    Delivered,
    Again {
        not_before: Option<DateTime<Utc>>,
    },
    /// Retry, for a fault of ours that says nothing about the destination.
    Ours,
    /// The destination refuses everyone: it is paused.
    Unauthorized,
    Never,
}

pub(super) fn judge(seen: &AttemptResult) -> Verdict {
    match seen {
        AttemptResult::MailSent(_) | AttemptResult::PhotoAttached => Verdict::Delivered,
        AttemptResult::BrokeOff => Verdict::Ours,
        AttemptResult::NoAnswer(_) => Verdict::Again { not_before: None },
        AttemptResult::PhotoFailed(error) => judge_crm(error),
        AttemptResult::MailFailed(error) => match error.failure {
            MailFailure::Temporary => Verdict::Again { not_before: None },
            MailFailure::Refused => Verdict::Unauthorized,
            MailFailure::Permanent => Verdict::Never,
        },
        AttemptResult::Answer(reply) => match reply.meaning {
            ReplyMeaning::Taken => Verdict::Delivered,
            ReplyMeaning::Unauthorized => Verdict::Unauthorized,
            ReplyMeaning::Later => Verdict::Again {
                not_before: reply.retry_at,
            },
            ReplyMeaning::Refused => Verdict::Never,
        },
    }
}

/// If an answer is lost, a photo may be attached twice, but it is never missing.
fn judge_crm(error: &CrmError) -> Verdict {
    match error {
        CrmError::Refused { .. } => Verdict::Never,
        CrmError::Unauthorized(_) => Verdict::Unauthorized,
        CrmError::Unavailable { retry_at, .. } => Verdict::Again {
            not_before: *retry_at,
        },
        CrmError::InDoubt(_)
        | CrmError::Unidentified(_)
        | CrmError::Misconfigured(_)
        | CrmError::Unreadable(_) => Verdict::Again { not_before: None },
        CrmError::Files(_) => Verdict::Ours,
    }
}

pub(super) fn describe(seen: &AttemptResult, at: DateTime<Utc>) -> Attempt {
    let (status, error, excerpt) = match seen {
        AttemptResult::MailSent(code) => (*code, None, None),
        AttemptResult::MailFailed(error) => (
            error.code,
            Some(error.reason.clone()),
            error.excerpt.clone(),
        ),
        AttemptResult::PhotoAttached => (None, None, None),
        AttemptResult::PhotoFailed(CrmError::Refused { status, excerpt }) => {
            let error = Some(Phrase::Answered.with(status));
            (Some(*status), error, Some(excerpt.clone()))
        }
        AttemptResult::PhotoFailed(error) => (None, Some(error.into()), None),
        AttemptResult::BrokeOff => (None, Some(Phrase::Internal.into()), None),
        AttemptResult::NoAnswer(Unreachable(reason)) => (None, Some(reason.clone()), None),
        AttemptResult::Answer(reply) => {
            let refused = reply.meaning != ReplyMeaning::Taken;
            let error = refused.then(|| Phrase::Answered.with(reply.status));
            (Some(reply.status), error, Some(reply.excerpt.clone()))
        }
    };
    Attempt {
        at,
        status,
        error: error.map(|it| it.to_string()),
        excerpt,
    }
}
