//! From the mail server's address to a way there.
//!
//! Here and not in the adapter, so that an address is understood by the same code when it is
//! checked and when it is used.

use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use url::Url;

use crate::settings::keys::DEFAULT_SENDER;
use crate::settings::{Secret, SmtpSettings};

/// Why there is no way to the mail server; without the address, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmtpFault {
    /// It is not the address of a mail server.
    #[error("is not an address such as smtps://user:password@host")]
    Address,
    /// An authority is named for a connection that has no certificate to check.
    #[error("has no TLS, which smtp.ca_file is for: smtps://… or smtp://…?tls=required")]
    NoTls,
    /// The certificates of the authority cannot be used.
    #[error("has an authority in smtp.ca_file whose certificates cannot be used")]
    Authority,
}

impl SmtpSettings {
    /// Whether e-mails go to a server under the default sender, which few servers take and nobody can answer.
    #[must_use]
    pub fn lacks_sender(&self) -> bool {
        self.url.is_some() && self.from == DEFAULT_SENDER
    }

    /// The server to send through; `None` where none is set.
    pub fn server(&self) -> Result<Option<AsyncSmtpTransportBuilder>, SmtpFault> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        let url = url.expose();
        let server =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| SmtpFault::Address)?;
        let Some(ca) = &self.ca else {
            return Ok(Some(server));
        };
        let url = Url::parse(url).map_err(|_| SmtpFault::Address)?;
        let trust = || trusting(&url, ca).ok_or(SmtpFault::Authority);
        // The library lets an address choose how TLS begins, but not whom it trusts.
        let asked = url.query_pairs().find(|(name, _)| name == "tls");
        let tls = match (url.scheme(), asked.as_ref().map(|(_, value)| &**value)) {
            ("smtps", _) => Tls::Wrapper(trust()?),
            (_, Some("required")) => Tls::Required(trust()?),
            (_, Some("opportunistic")) => Tls::Opportunistic(trust()?),
            _ => return Err(SmtpFault::NoTls),
        };
        Ok(Some(server.tls(tls)))
    }
}

fn trusting(url: &Url, ca: &Secret) -> Option<TlsParameters> {
    let certificate = Certificate::from_pem(ca.expose().as_bytes()).ok()?;
    TlsParameters::builder(url.host_str()?.to_owned())
        .add_root_certificate(certificate)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
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
        assert_eq!(server("http://h", Some(&mine)), Err(SmtpFault::Address));
    }
}
