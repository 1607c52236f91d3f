//! SoWell and the mail server, as used by deliveries.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::livraison::{StatutPush, UidPush};
use crate::domain::reason::Reason;

/// How much of a partner's answer is kept for the operators, in characters.
pub const EXCERPT_CHARS: usize = 512;

/// SoWell's API.
#[async_trait]
pub trait Sowell: Send + Sync {
    /// Whether the settings give SoWell's address.
    fn configured(&self) -> bool;

    /// Sends one status; `id` is the same at every attempt.
    ///
    /// # Errors
    /// When no answer came: it is then unknown whether SoWell has it.
    async fn send(&self, id: &str, push: &StatutPush) -> Result<Reply, Unreachable>;

    /// Whether SoWell accepts the UID of a demande that was created after the answer.
    fn takes_uid(&self) -> bool;

    /// Sends such a UID; `id` is the same at every attempt.
    ///
    /// # Errors
    /// When no answer came: it is then unknown whether SoWell has it.
    async fn send_uid(&self, id: &str, push: &UidPush) -> Result<Reply, Unreachable>;
}

/// A partner's answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// What it means for the delivery.
    pub meaning: ReplyMeaning,
    /// `Retry-After`, as an instant.
    pub retry_at: Option<DateTime<Utc>>,
    /// The first bytes of the body.
    pub excerpt: String,
}

/// What a partner's answer means for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyMeaning {
    /// It accepted what was sent.
    Taken,
    /// It may accept it later.
    Later,
    /// It refuses our token or rights, whatever is sent.
    Unauthorized,
    /// It will never accept this.
    Refused,
}

/// No answer came.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub Reason);

/// The outgoing mail server.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one e-mail and returns the SMTP reply code, `None` if no server was involved; `id` makes a
    /// `Message-ID` that is the same at every attempt.
    ///
    /// # Errors
    /// [`MailError::failure`] says whether another attempt can help.
    async fn send(&self, id: &str, message: &Message) -> Result<Option<u16>, MailError>;
}

/// A rendered e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The recipient's address.
    pub to: String,
    /// The subject, on one line.
    pub subject: String,
    /// The body as plain text.
    pub text: Option<String>,
    /// The body as HTML.
    pub html: Option<String>,
}

/// Why an e-mail was not sent.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub struct MailError {
    /// What it means for the e-mail.
    pub failure: MailFailure,
    /// The SMTP reply code; `None` if there was no answer.
    pub code: Option<u16>,
    /// What went wrong, without personal data.
    pub reason: Reason,
    /// The server's reply, which may name the recipient; shown only to operators who open this e-mail.
    pub excerpt: Option<String>,
}

/// What a failure means for the e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFailure {
    /// The server may accept it later.
    Temporary,
    /// The server refuses our account, whatever the e-mail.
    Refused,
    /// No server will ever accept this e-mail.
    Permanent,
}

impl MailError {
    /// A failure without a server's reply, which may pass.
    pub fn temporary(reason: impl Into<Reason>) -> Self {
        Self {
            failure: MailFailure::Temporary,
            code: None,
            reason: reason.into(),
            excerpt: None,
        }
    }

    /// A failure without a server's reply, which is permanent.
    pub fn permanent(reason: impl Into<Reason>) -> Self {
        Self {
            failure: MailFailure::Permanent,
            ..Self::temporary(reason)
        }
    }
}
