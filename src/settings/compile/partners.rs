//! Compiles who is called and who may call: addresses, credentials and certificates.

use std::collections::BTreeMap;

use lettre::message::Mailbox;
use strum::IntoEnumIterator;
use url::Url;

use crate::domain::ports::Client;
use crate::settings::values::{duration, signing_key};
use crate::settings::{
    CrmKind, CrmSettings, NetworkSettings, Secret, SmtpSettings, SowellSettings, TlsSettings,
    WhenUnavailable,
};

use super::Compiler;

impl Compiler<'_> {
    pub(super) fn tokens(&mut self) -> BTreeMap<Client, Secret> {
        let mut tokens = BTreeMap::new();
        for client in Client::iter() {
            let key = format!("tokens.{}", client.as_str());
            let Some(token) = self.secret(&key) else {
                continue;
            };
            if !fits_a_header(token.expose()) {
                // Otherwise the client would always be refused.
                self.faults.push(format!(
                    "{key}: has a space or a line break around it, or an accent or another sign in it that no header carries"
                ));
            }
            if tokens.values().any(|it| *it == token) {
                self.faults
                    .push(format!("{key}: another client has the same token"));
            }
            tokens.insert(client, token);
        }
        tokens
    }

    pub(super) fn sowell(&mut self) -> Option<SowellSettings> {
        let base_url = self.address("sowell.base_url")?;
        Some(SowellSettings {
            base_url,
            token: self.token("sowell.token"),
            tls: self.tls("sowell"),
        })
    }

    pub(super) fn crm_kind(&mut self) -> Option<CrmKind> {
        let kind = self.value("crm.kind", |kind| match kind {
            "embedded" => Ok(CrmKind::Embedded),
            "rest" => Ok(CrmKind::Rest),
            _ => Err("is neither \"embedded\" nor \"rest\"".into()),
        })?;
        if kind == CrmKind::Rest && self.written.given("crm.base_url").is_none() {
            let what = "crm.base_url: is needed with crm.kind: rest";
            self.faults.push(what.to_owned());
        }
        Some(kind)
    }

    pub(super) fn crm(&mut self) -> Option<CrmSettings> {
        let base_url = self.address("crm.base_url");
        let when_unavailable = self.value("crm.when_unavailable", |text| match text {
            "refuse" => Ok(WhenUnavailable::Refuse),
            "defer" => Ok(WhenUnavailable::Defer),
            _ => Err("is neither \"refuse\" nor \"defer\"".into()),
        });
        let poll = self.value("crm.poll", |text| match text {
            "off" => Ok(None),
            text => duration(text).map(Some),
        });
        Some(CrmSettings {
            base_url,
            token: self.token("crm.token"),
            when_unavailable: when_unavailable?,
            poll: poll?,
            webhook_secret: self.webhook_secret(),
            tls: self.tls("crm"),
        })
    }

    pub(super) fn smtp(&mut self) -> SmtpSettings {
        let settings = SmtpSettings {
            url: self.secret("smtp.url"),
            ca: self.pem("smtp.ca_file"),
            from: self.written.text("smtp.from").to_owned(),
        };
        if settings.url.is_some() {
            self.value("smtp.url", |_| {
                let server = settings.server();
                server.map(|_| ()).map_err(|error| error.to_string())
            });
        }
        self.value("smtp.from", |text| {
            text.parse::<Mailbox>()
                .map_err(|_| "is not an e-mail address".into())
        });
        settings
    }

    pub(super) fn network(&mut self) -> Option<NetworkSettings> {
        let allow = self.value("network.allow", |text| {
            let hosts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
            hosts
                .map(|host| {
                    // An IPv6 address may be written with or without its brackets.
                    let bare = host.trim_start_matches('[').trim_end_matches(']');
                    let wrapped = if bare.contains(':') {
                        format!("[{bare}]")
                    } else {
                        bare.to_owned()
                    };
                    match url::Host::parse(&wrapped) {
                        Ok(host) => Ok(host.to_string()),
                        Err(_) => Err("must be names or addresses, without port or path".into()),
                    }
                })
                .collect::<Result<Vec<String>, String>>()
        });
        Some(NetworkSettings { allow: allow? })
    }

    pub(super) fn address(&mut self, key: &str) -> Option<Url> {
        self.written.given(key)?;
        self.value(key, |text| match Url::parse(text) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                Err("is not an http or https address".into())
            }
            // Paths are appended to it.
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                Err("has a query or a fragment, behind which no path can stand".into())
            }
            Ok(url) => Ok(url),
            Err(_) => Err("is not an http or https address".into()),
        })
    }

    /// A token that we send in a header. It is not repeated if it does not fit.
    fn token(&mut self, key: &str) -> Option<Secret> {
        let text = self.written.given(key)?;
        if text.bytes().all(|it| it.is_ascii_graphic()) {
            return Some(Secret::new(text.to_owned()));
        }
        let bearer = text
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("bearer ");
        let hint = if bearer {
            "; \"Bearer\" is added to it"
        } else {
            ""
        };
        let what = format!("{key}: has a space, a line break or an accent in it{hint}");
        self.faults.push(what);
        None
    }

    /// The secret with which the CRM signs its calls. It is not repeated if it can never be valid.
    fn webhook_secret(&mut self) -> Option<Secret> {
        let key = "crm.webhook_secret";
        let secret = self.secret(key)?;
        if signing_key(secret.expose()).is_some() {
            return Some(secret);
        }
        let what = format!("{key}: is not base64, with or without whsec_ before it");
        self.faults.push(what);
        None
    }

    /// The content of the PEM files: read with the settings, so that a reload loads a renewed certificate.
    fn tls(&mut self, partner: &str) -> TlsSettings {
        TlsSettings {
            ca: self.pem(&format!("{partner}.ca_file")),
            identity: self.pem(&format!("{partner}.identity_file")),
        }
    }

    pub(super) fn pem(&mut self, key: &str) -> Option<Secret> {
        self.written.given(key)?;
        let base = self.base.clone();
        self.value(key, |path| {
            let read = std::fs::read_to_string(base.join(path));
            let text = read.map_err(|error| format!("cannot be read: {error}"))?;
            if text.contains("-----BEGIN ") {
                Ok(Secret::new(text))
            } else {
                Err("is not a PEM file (-----BEGIN …)".into())
            }
        })
    }
}

/// Whether a token can be read from a header exactly as it was sent.
fn fits_a_header(token: &str) -> bool {
    token.trim() == token && token.bytes().all(|it| matches!(it, b' '..=b'~' | b'\t'))
}
