//! The HTTP client for a partner: the hosts it may call, the certificates it trusts, and its own.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use reqwest::tls::{Certificate, Identity};

use super::PartnerHttp;
use super::network::Allowed;
use crate::rules::connector::Partner;
use crate::settings::{LiveSettings, TlsSettings};

/// The settings that a client is built from.
#[derive(Clone, PartialEq)]
pub(super) struct Reach {
    pub tls: TlsSettings,
    pub allowed: Allowed,
    pub connect: Duration,
}

impl PartnerHttp {
    /// A client for these settings; connections are kept until the settings change.
    pub(super) async fn client(&self, reach: Reach) -> Result<Client, String> {
        let mut kept = self.client.lock().await;
        if let Some((made_for, client)) = kept.as_ref()
            && *made_for == reach
        {
            return Ok(client.clone());
        }
        let made_for = reach.clone();
        // Off this thread: the system's trusted certificates are read from files.
        let built = tokio::task::spawn_blocking(move || build(&made_for)).await;
        let client = built.map_err(|error| error.to_string())??;
        *kept = Some((reach, client.clone()));
        Ok(client)
    }
}

pub(super) fn tls(partner: Partner, settings: &LiveSettings) -> TlsSettings {
    match partner {
        Partner::Crm => settings.crm.tls.clone(),
        Partner::Sowell => {
            let sowell = settings.sowell.as_ref();
            sowell.map(|it| it.tls.clone()).unwrap_or_default()
        }
    }
}

fn build(reach: &Reach) -> Result<Client, String> {
    let mut builder = Client::builder()
        .connect_timeout(reach.connect)
        // A redirect could send the token elsewhere, so it is treated as a plain answer.
        .redirect(Policy::none())
        // Addresses are checked as the connection resolves its name, so that they cannot change in between.
        .dns_resolver(Arc::new(reach.allowed.clone()))
        .user_agent(concat!("passerelle/", env!("CARGO_PKG_VERSION")));
    if let Some(ca) = &reach.tls.ca {
        let all = Certificate::from_pem_bundle(ca.expose().as_bytes())
            .map_err(|error| format!("ca_file: {error}"))?;
        builder = builder.tls_certs_merge(all);
    }
    if let Some(identity) = &reach.tls.identity {
        let identity = Identity::from_pem(identity.expose().as_bytes())
            .map_err(|error| format!("identity_file: {error}"))?;
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| error.to_string())
}
