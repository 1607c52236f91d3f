//! Interprets a mail server's reply, or its silence.

use std::error::Error as _;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::response::{Response, Severity};
use lettre::{AsyncSmtpTransport, Tokio1Executor};

use crate::domain::ports::{EXCERPT_CHARS, MailError, MailFailure};
use crate::domain::reason::Phrase;

/// How long to test, after a refusal, whether the server refuses everyone: the refusal itself is already an answer.
const TEST_LIMIT: Duration = Duration::from_secs(5);

/// The code with which the server accepted the e-mail. The library also lets intermediate replies pass.
pub(super) fn accepted(reply: &Response) -> Result<u16, MailError> {
    let code = reply.code();
    match code.severity {
        Severity::PositiveCompletion => Ok(code.into()),
        _ => Err(MailError {
            code: Some(code.into()),
            ..MailError::temporary(Phrase::SmtpTakesNothing)
        }),
    }
}

/// Whether the server refuses even a plain connection.
pub(super) async fn refuses_all(server: &AsyncSmtpTransport<Tokio1Executor>) -> bool {
    let tested = tokio::time::timeout(TEST_LIMIT, server.test_connection()).await;
    matches!(tested, Ok(Err(error)) if error.is_permanent())
}

/// Interprets a failure. Only the codes of a reply go into the reason, which is logged: its text may repeat the
/// recipient's address.
pub(super) fn classify(error: &SmtpError) -> MailError {
    let said = || error.source().map(ToString::to_string).unwrap_or_default();
    let Some(code) = error.status() else {
        return match () {
            // Such an address requires SMTPUTF8, which this server does not support.
            () if error.is_client() && said().contains("SMTPUTF8") => {
                MailError::permanent(Phrase::SmtpWithoutAccents)
            }
            () if error.is_client() && said().contains("STARTTLS") => {
                MailError::temporary(Phrase::SmtpWithoutTls)
            }
            () if error.is_client() || error.is_tls() => {
                MailError::temporary(Phrase::SmtpUnusable.with(said()))
            }
            () if error.is_timeout() => MailError::temporary(Phrase::SmtpSilent),
            () if error.is_response() => MailError::temporary(Phrase::SmtpSenseless),
            () => MailError::temporary(Phrase::SmtpUnconnected.with(said())),
        };
    };
    let code = u16::from(code);
    let failure = match code {
        // These refuse us, not the e-mail: it can be sent once the account is fixed.
        530..=538 => MailFailure::Refused,
        _ if error.is_permanent() => MailFailure::Permanent,
        _ => MailFailure::Temporary,
    };
    let reason = match enhanced(&said()) {
        Some(enhanced) => Phrase::SmtpAnswered.with(format_args!("{code} {enhanced}")),
        None => Phrase::SmtpAnswered.with(code),
    };
    MailError {
        failure,
        code: Some(code),
        reason,
        excerpt: Some(said().chars().take(EXCERPT_CHARS).collect()),
    }
}

/// The enhanced status code at the start of a reply's text, such as `5.1.1` for an unknown mailbox (RFC 3463).
fn enhanced(text: &str) -> Option<&str> {
    let code = text.split_whitespace().next()?;
    let mut parts = code.split('.');
    let number = |part: Option<&str>, longest: usize| {
        part.is_some_and(|it| {
            (1..=longest).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let whole = number(parts.next(), 1) && number(parts.next(), 3) && number(parts.next(), 3);
    (whole && parts.next().is_none()).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_codes_of_a_reply_are_kept() {
        assert_eq!(
            enhanced("5.1.1 <zoe@locataire.example> unknown"),
            Some("5.1.1")
        );
        assert_eq!(enhanced("4.7.650 later"), Some("4.7.650"));
        for other in [
            "",
            "zoe@locataire.example",
            "5.1",
            "5.1.1.1",
            "5.1.x no",
            "10.0.0 x",
            "5.1.1234",
        ] {
            assert_eq!(enhanced(other), None, "{other}");
        }
    }
}
