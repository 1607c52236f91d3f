//! Builds the connection to the mail server from its address.
//!
//! This is not in the adapter, so that the same code parses an address when it is checked and when it is used.

use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use url::{Host, Url};

use crate::settings::keys::DEFAULT_SENDER;
use crate::settings::{Secret, SmtpSettings};

/// Why the mail server's address cannot be used; without the address, which may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmtpFault {
    /// It is not the address of a mail server.
    #[error("is not an address such as smtps://user:password@host")]
    Address,
    /// An authority is set for a connection without a certificate to check.
    #[error("has no TLS, which smtp.ca_file is for: smtps://… or smtp://…?tls=required")]
    NoTls,
    /// The certificates of the authority cannot be used.
    #[error("has an authority in smtp.ca_file whose certificates cannot be used")]
    Authority,
}

impl SmtpSettings {
    /// Whether e-mails are sent to a server with the default sender, which few servers accept and nobody can
    /// answer.
    #[must_use]
    pub fn lacks_sender(&self) -> bool {
        self.url.is_some() && self.from == DEFAULT_SENDER
    }

    /// The server to send through; `None` if none is set.
    pub fn server(&self) -> Result<Option<AsyncSmtpTransportBuilder>, SmtpFault> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        let url = url.expose();
        let server =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| SmtpFault::Address)?;
        let url = Url::parse(url).map_err(|_| SmtpFault::Address)?;
        // The library lets an address choose how TLS starts, but not which authorities to trust; and without a
        // choice, it would give a password to any server that answers.
        let trust = || trusting(&url, self.ca.as_ref());
        let tls = match Protection::of(&url) {
            Protection::FromTheStart => Tls::Wrapper(trust()?),
            Protection::Required => Tls::Required(trust()?),
            Protection::IfOffered => Tls::Opportunistic(trust()?),
            Protection::None if self.ca.is_some() => return Err(SmtpFault::NoTls),
            Protection::None => Tls::None,
        };
        Ok(Some(server.tls(tls)))
    }
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protection {
    /// With TLS from the start.
    FromTheStart,
    /// With STARTTLS; nothing is sent to a server without it.
    Required,
    /// With STARTTLS if the server offers it.
    IfOffered,
    /// Not encrypted.
    None,
}

impl Protection {
    /// The protection that an address asks for. A password implies TLS, unless it never leaves this machine.
    fn of(url: &Url) -> Self {
        let asked = url.query_pairs().find(|(name, _)| name == "tls");
        match (url.scheme(), asked.as_ref().map(|(_, value)| &**value)) {
            ("smtps", _) => Self::FromTheStart,
            (_, Some("required")) => Self::Required,
            (_, Some("opportunistic")) => Self::IfOffered,
            _ if url.password().is_some() && !is_this_machine(url) => Self::Required,
            _ => Self::None,
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    // For a scheme it does not know, the parser takes an IP address for a name.
    match url.host_str().map(Host::parse) {
        Some(Ok(Host::Domain(name))) => name == "localhost" || name.ends_with(".localhost"),
        Some(Ok(Host::Ipv4(it))) => it.is_loopback(),
        Some(Ok(Host::Ipv6(it))) => it.to_canonical().is_loopback(),
        _ => false,
    }
}

fn trusting(url: &Url, ca: Option<&Secret>) -> Result<TlsParameters, SmtpFault> {
    let host = url.host_str().ok_or(SmtpFault::Address)?;
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(ca) = ca {
        let certificate = Certificate::from_pem(ca.expose().as_bytes());
        let certificate = certificate.map_err(|_| SmtpFault::Authority)?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let whose = if ca.is_some() {
        SmtpFault::Authority
    } else {
        SmtpFault::Address
    };
    parameters.build().map_err(|_| whose)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn server(url: &str, authority: Option<&str>) -> Result<(), SmtpFault> {
        let settings = SmtpSettings {
            url: Some(Secret::new(url.into())),
            ca: authority.map(|it| Secret::new(it.into())),
            from: String::new(),
        };
        settings.server().map(|_| ())
    }

    #[test]
    fn an_authority_needs_a_certificate_to_check() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mine = rcgen::CertificateParams::new(Vec::new()).unwrap();
        let mine = mine.self_signed(&key).unwrap().pem();
        for url in [
            "smtps://h",
            "smtp://h?tls=required",
            "smtp://h?tls=opportunistic",
        ] {
            assert_eq!(server(url, Some(&mine)), Ok(()), "{url}");
        }
        assert_eq!(server("smtp://h", Some(&mine)), Err(SmtpFault::NoTls));
        assert_eq!(server("smtp://h", None), Ok(()));
        // A password implies TLS, so there is a certificate to check.
        assert_eq!(server("smtp://u:p@h", Some(&mine)), Ok(()));
        assert_eq!(server("smtp://u:p@h", None), Ok(()));
        assert_eq!(server("http://h", Some(&mine)), Err(SmtpFault::Address));
    }

    #[rstest]
    #[case::beyond("smtp://u:p@mail.example", Protection::Required)]
    #[case::address("smtp://u:p@192.0.2.1:25", Protection::Required)]
    #[case::longer_address("smtp://u:p@[2001:db8::1]", Protection::Required)]
    #[case::like_here("smtp://u:p@localhost.example", Protection::Required)]
    #[case::here("smtp://u:p@localhost:1025", Protection::None)]
    #[case::here_in_numbers("smtp://u:p@127.0.0.1", Protection::None)]
    #[case::here_in_six("smtp://u:p@[::1]", Protection::None)]
    #[case::no_password("smtp://mail.example", Protection::None)]
    #[case::name_only("smtp://u@mail.example", Protection::None)]
    #[case::chosen("smtp://u:p@mail.example?tls=opportunistic", Protection::IfOffered)]
    #[case::asked("smtp://127.0.0.1?tls=required", Protection::Required)]
    #[case::first("smtps://u:p@mail.example", Protection::FromTheStart)]
    fn a_password_leaves_this_machine_under_tls_alone(
        #[case] url: &str,
        #[case] protection: Protection,
    ) {
        assert_eq!(Protection::of(&Url::parse(url).unwrap()), protection);
    }
}
