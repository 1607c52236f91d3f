//! Why something was not done, as stored and logged: in English, made of phrases that can be recognised later.
//!
//! When a reason is shown to the landlord's staff, each [`Phrase`] is translated; the text of a library, a partner or
//! a file of the rules follows unchanged.

use std::fmt;

use strum::IntoEnumIterator;

/// The beginning of a reason. A further reason, or the text of a third party, may follow.
///
/// Stored reasons are recognised by these words: when changing them, keep recognising the old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter)]
pub enum Phrase {
    /// The CRM refused a request for good; the HTTP status follows.
    CrmRefused,
    /// The CRM did nothing, but may do it later.
    CrmUnavailable,
    /// The CRM's answer cannot be read.
    CrmUnreadable,
    /// The CRM refuses our credentials.
    CrmCredentials,
    /// No answer says what the CRM did.
    CrmInDoubt,
    /// The connector's file or the settings yield no request.
    CrmConnector,
    /// The settings have no address of the CRM.
    CrmAddressUnset,
    /// The rules have no connector for the CRM.
    CrmFileAbsent,
    /// The answer to a creation has no UID.
    NoUid,
    /// The date of a change cannot be read.
    ChangeDate,
    /// A list of changes returned the same page twice.
    ChangePageTwice,
    /// A list of changes has too many pages; their number follows.
    ChangesEndless,
    /// The settings have no address of SoWell.
    SowellAddressUnset,
    /// The rules have no connector for SoWell.
    SowellFileAbsent,
    /// Photos that the CRM needs cannot be read.
    OwnPhotos,
    /// The store of photos failed.
    PhotoStore,
    /// The database is temporarily unavailable.
    DatabaseUnavailable,
    /// This write is not possible now; others are.
    DatabaseBusy,
    /// The database operation will never work: a bug of ours.
    DatabaseFault,
    /// Our own code panicked.
    Internal,
    /// A partner answered with an error; the HTTP status follows.
    Answered,
    /// No answer came within the time limit.
    NoAnswer,
    /// The connection ended before the answer came.
    ConnectionLost,
    /// The HTTP library cannot send the request.
    RequestUnsendable,
    /// The server's certificate is not signed by a trusted authority.
    CertificateUntrusted,
    /// The server refuses our certificate.
    IdentityRefused,
    /// No connection was made within the time limit.
    NoConnection,
    /// Nothing listens at the address.
    ConnectionRefused,
    /// The network has no route to the host.
    HostUnreachable,
    /// The address is internal to the landlord's network.
    InternalAddress,
    /// A firewall on our own machine blocks the connection.
    Firewall,
    /// The TLS handshake failed.
    TlsUnspoken,
    /// The host name has no address.
    NameUnknown,
    /// The connection failed for any other reason.
    ConnectionBroken,
    /// The sender in the settings cannot be parsed.
    SmtpSender,
    /// The address of the mail server is invalid; the fault follows.
    SmtpAddress,
    /// The mail server asked for more data when it should have accepted the e-mail.
    SmtpTakesNothing,
    /// The mail server refused; its codes follow.
    SmtpAnswered,
    /// The mail server did not answer within the time limit.
    SmtpSilent,
    /// The mail server's answer is incomplete or invalid.
    SmtpSenseless,
    /// The mail server cannot be reached.
    SmtpUnconnected,
    /// The mail server lacks a feature that we need.
    SmtpUnusable,
    /// The mail server offers no TLS although the settings require it.
    SmtpWithoutTls,
    /// The mail server does not support SMTPUTF8.
    SmtpWithoutAccents,
}

impl Phrase {
    /// The text, as stored and logged.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CrmRefused => "the CRM refused it with status ",
            Self::CrmUnavailable => "the CRM is unavailable: ",
            Self::CrmUnreadable => "the CRM's answer cannot be read: ",
            Self::CrmCredentials => "the CRM refuses our credentials: ",
            Self::CrmInDoubt => "it is not known whether the CRM did it: ",
            Self::CrmConnector => "the connector of the CRM: ",
            Self::CrmAddressUnset => "crm.base_url is not set",
            Self::CrmFileAbsent => "there is no connecteurs/crm.yaml in the rules",
            Self::NoUid => "the answer has no UID",
            Self::ChangeDate => "the date of a change is no instant (filter lire_date)",
            Self::ChangePageTwice => {
                "two pages of the list of changes are the same: its request asks for no page"
            }
            Self::ChangesEndless => "the list of changes has no end after ",
            Self::SowellAddressUnset => "sowell.base_url is not set",
            Self::SowellFileAbsent => "there is no connecteurs/sowell.yaml in the rules",
            Self::OwnPhotos => "our own store of photos: ",
            Self::PhotoStore => "photo store: ",
            Self::DatabaseUnavailable => "the database is unavailable: ",
            Self::DatabaseBusy => "not now: ",
            Self::DatabaseFault => "database fault: ",
            Self::Internal => "internal error",
            Self::Answered => "answered ",
            Self::NoAnswer => "no answer in time",
            Self::ConnectionLost => "connection lost before the answer",
            Self::RequestUnsendable => "the request cannot be sent",
            Self::CertificateUntrusted => "the server's certificate is not trusted (ca_file)",
            Self::IdentityRefused => "the server wants another certificate of ours (identity_file)",
            Self::NoConnection => "no connection in time",
            Self::ConnectionRefused => "connection refused",
            Self::HostUnreachable => "host unreachable",
            Self::InternalAddress => {
                "the host is at an internal address that the settings do not allow (network.allow)"
            }
            Self::Firewall => "this host lets nobody connect there (firewall)",
            Self::TlsUnspoken => "the server does not speak TLS as we do",
            Self::NameUnknown => "the host's name leads to no address (DNS)",
            Self::ConnectionBroken => "connection broken",
            Self::SmtpSender => "smtp.from cannot be understood",
            Self::SmtpAddress => "smtp.url ",
            Self::SmtpTakesNothing => "the SMTP server's last answer takes no e-mail over",
            Self::SmtpAnswered => "the SMTP server answered ",
            Self::SmtpSilent => "the SMTP server did not answer in time",
            Self::SmtpSenseless => "the SMTP server broke off, or its answer makes no sense",
            Self::SmtpUnconnected => "no connection to the SMTP server: ",
            Self::SmtpUnusable => "the SMTP server cannot be used: ",
            Self::SmtpWithoutTls => {
                "the SMTP server offers no TLS, without which smtp.url lets nothing leave"
            }
            Self::SmtpWithoutAccents => "the SMTP server takes no address with accents",
        }
    }

    /// A reason made of this phrase followed by `rest`.
    pub fn with(self, rest: impl fmt::Display) -> Reason {
        Reason(format!("{self}{rest}"))
    }

    /// Reads a stored reason back.
    #[must_use]
    pub fn split(reason: &str) -> Parts<'_> {
        let (mut phrases, mut rest) = (Vec::new(), reason);
        let next = |rest: &str| Self::iter().find(|it| rest.starts_with(it.as_str()));
        while let Some(phrase) = next(rest) {
            phrases.push(phrase);
            rest = &rest[phrase.as_str().len()..];
            let (figures, behind) = rest.split_at(phrase.figures(rest));
            if !figures.is_empty() {
                return Parts {
                    phrases,
                    figures,
                    rest: behind,
                };
            }
        }
        Parts {
            phrases,
            figures: "",
            rest,
        }
    }

    /// How many bytes of what follows this phrase belong to it and need no translation.
    fn figures(self, rest: &str) -> usize {
        let count = |of: fn(char) -> bool| rest.len() - rest.trim_start_matches(of).len();
        let digits = count(|it| it.is_ascii_digit());
        match self {
            Self::CrmRefused | Self::Answered => digits,
            // An enhanced code may follow, such as 5.1.1 (RFC 3463).
            Self::SmtpAnswered => count(|it| it.is_ascii_digit() || matches!(it, ' ' | '.')),
            Self::ChangesEndless if rest[digits..].starts_with(PAGES) => digits + PAGES.len(),
            _ => 0,
        }
    }
}

/// What the number of pages is followed by, in both languages.
const PAGES: &str = " pages";

/// A stored reason, as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts<'r> {
    /// The phrases at its beginning.
    pub phrases: Vec<Phrase>,
    /// The status or number that completes the last phrase; empty if none does.
    pub figures: &'r str,
    /// The rest, which is not our text.
    pub rest: &'r str,
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why something was not done: a [`Phrase`], which can be translated, or the text of a third party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The text of a library, a partner or a file of the rules, shown unchanged.
    pub fn told(by_others: impl Into<String>) -> Self {
        Self(by_others.into())
    }
}

impl From<Phrase> for Reason {
    fn from(phrase: Phrase) -> Self {
        Self(phrase.as_str().to_owned())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'r>(phrases: &[Phrase], figures: &'r str, rest: &'r str) -> Parts<'r> {
        Parts {
            phrases: phrases.to_vec(),
            figures,
            rest,
        }
    }

    #[test]
    fn each_phrase_is_found_again_in_what_is_kept() {
        for phrase in Phrase::iter() {
            let kept = phrase.with("disk I/O error").to_string();
            assert_eq!(Phrase::split(&kept), parts(&[phrase], "", "disk I/O error"));
            let kept = Phrase::CrmUnavailable.with(phrase).to_string();
            let both = [Phrase::CrmUnavailable, phrase];
            assert_eq!(Phrase::split(&kept), parts(&both, "", ""));
        }
    }

    #[test]
    fn figures_belong_to_the_phrase_that_they_complete() {
        for (reason, phrase, figures, rest) in [
            (
                "answered 503: no body",
                Phrase::Answered,
                "503",
                ": no body",
            ),
            (
                "the CRM refused it with status 422",
                Phrase::CrmRefused,
                "422",
                "",
            ),
            (
                "the SMTP server answered 550 5.1.1",
                Phrase::SmtpAnswered,
                "550 5.1.1",
                "",
            ),
            (
                "the list of changes has no end after 1000 pages",
                Phrase::ChangesEndless,
                "1000 pages",
                "",
            ),
            ("photo store: 28", Phrase::PhotoStore, "", "28"),
        ] {
            assert_eq!(Phrase::split(reason), parts(&[phrase], figures, rest));
        }
    }

    #[test]
    fn what_others_say_is_left_whole() {
        for told in ["", "broken pipe", "Réponse 503", " answered 503"] {
            assert_eq!(Phrase::split(told), parts(&[], "", told));
        }
    }
}
