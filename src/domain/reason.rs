//! Why something was not done, as it is kept and logged: in English, of phrases that can be found in it again.
//!
//! Whoever shows a reason to the landlord's staff has words of theirs for each [`Phrase`]; what a library, a
//! partner or a file of the rules says stands behind them as it is.

use std::fmt;

use strum::IntoEnumIterator;

/// What a reason begins with. What follows is a reason of its own, or what somebody else says.
///
/// Reasons that are stored already are read by these words: who changes some keeps the old ones as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter)]
pub enum Phrase {
    /// The CRM refused a request for good; the HTTP status follows.
    CrmRefused,
    /// The CRM did nothing, and may do it later.
    CrmUnavailable,
    /// The CRM answered what cannot be read.
    CrmUnreadable,
    /// The CRM does not take our token.
    CrmCredentials,
    /// No answer tells what the CRM did.
    CrmInDoubt,
    /// The connector's file, or the settings, make no request.
    CrmConnector,
    /// The settings do not say where the CRM is.
    CrmAddressUnset,
    /// The rules have no connector for the CRM.
    CrmFileAbsent,
    /// A creation was answered without a UID.
    NoUid,
    /// A change has a date that cannot be read.
    ChangeDate,
    /// A list of changes gives one page twice.
    ChangePageTwice,
    /// A list of changes goes on and on; the number of pages follows.
    ChangesEndless,
    /// The settings do not say where SoWell is.
    SowellAddressUnset,
    /// The rules have no connector for SoWell.
    SowellFileAbsent,
    /// Photos cannot be had where the CRM needs them.
    OwnPhotos,
    /// The place where photos are kept failed.
    PhotoStore,
    /// The database does not work now.
    DatabaseUnavailable,
    /// The database does not make this one write now.
    DatabaseBusy,
    /// The database will never do this.
    DatabaseFault,
    /// Our own code broke off.
    Internal,
    /// A partner's answer that is no success; the HTTP status follows.
    Answered,
    /// No answer came within its time.
    NoAnswer,
    /// The connection ended before the answer came.
    ConnectionLost,
    /// The library makes no request of it.
    RequestUnsendable,
    /// The server's certificate is signed by nobody whom we trust.
    CertificateUntrusted,
    /// The server does not take our certificate.
    IdentityRefused,
    /// No connection was made within its time.
    NoConnection,
    /// Nobody listens there.
    ConnectionRefused,
    /// The network knows no way there.
    HostUnreachable,
    /// The address is one of the landlord's network.
    InternalAddress,
    /// Our own machine does not let us connect there.
    Firewall,
    /// No TLS can be agreed on.
    TlsUnspoken,
    /// The name has no address.
    NameUnknown,
    /// No connection, for a reason that is none of the others.
    ConnectionBroken,
    /// The settings name no sender.
    SmtpSender,
    /// The settings name no way to the mail server; what is wrong with its address follows.
    SmtpAddress,
    /// The mail server asked for more where it was to take an e-mail over.
    SmtpTakesNothing,
    /// The mail server refused; its codes follow.
    SmtpAnswered,
    /// The mail server said nothing within its time.
    SmtpSilent,
    /// The mail server's answer ended too soon, or is none.
    SmtpSenseless,
    /// The mail server cannot be reached.
    SmtpUnconnected,
    /// The mail server has not what we need.
    SmtpUnusable,
    /// The mail server has no TLS where the settings want it.
    SmtpWithoutTls,
    /// The mail server has no SMTPUTF8.
    SmtpWithoutAccents,
}

impl Phrase {
    /// As it is kept and logged.
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

    /// The reason that begins so, and goes on with this.
    pub fn with(self, rest: impl fmt::Display) -> Reason {
        Reason(format!("{self}{rest}"))
    }

    /// The phrases that a kept reason begins with, and the rest of it, which is none of ours.
    #[must_use]
    pub fn split(reason: &str) -> (Vec<Self>, &str) {
        let (mut phrases, mut rest) = (Vec::new(), reason);
        let next = |rest: &str| Self::iter().find(|it| rest.starts_with(it.as_str()));
        while let Some(phrase) = next(rest) {
            phrases.push(phrase);
            rest = &rest[phrase.as_str().len()..];
        }
        (phrases, rest)
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why something was not done. It is made of a [`Phrase`], so that it can be told in other words, or is told by
/// somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// What a library, a partner or a file of the rules says; shown as it is.
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

    #[test]
    fn each_phrase_is_found_again_in_what_is_kept() {
        for phrase in Phrase::iter() {
            let kept = phrase.with("disk I/O error").to_string();
            assert_eq!(Phrase::split(&kept), (vec![phrase], "disk I/O error"));
            let kept = Phrase::CrmUnavailable.with(phrase).to_string();
            let both = vec![Phrase::CrmUnavailable, phrase];
            assert_eq!(Phrase::split(&kept), (both, ""));
        }
    }

    #[test]
    fn what_others_say_is_left_whole() {
        for told in ["", "broken pipe", "Réponse 503", " answered 503"] {
            assert_eq!(Phrase::split(told), (Vec::new(), told));
        }
    }
}
