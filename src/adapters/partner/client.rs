//! The client of HTTP that a partner is called with: where it may go, and the certificates that it
//! knows and shows.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use reqwest::tls::{Certificate, Identity};

use super::PartnerHttp;
use super::network::Allowed;
use crate::rules::connector::Partner;
use crate::settings::{LiveSettings, TlsSettings};

/// What a client of HTTP is made from.
#[derive(Clone, PartialEq)]
pub(super) struct Reach {
    pub tls: TlsSettings,
    pub allowed: Allowed,
    pub connect: Duration,
}

impl PartnerHttp {
    /// Connections are kept for as long as nothing about them changes.
    pub(super) async fn client(&self, reach: Reach) -> Result<Client, String> {
        let mut kept = self.client.lock().await;
        if let Some((made_for, client)) = kept.as_ref()
            && *made_for == reach
        {
            return Ok(client.clone());
        }
        let made_for = reach.clone();
        // The certificates that the system trusts are read from its files.
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
        // A redirect could carry the token elsewhere; it is an answer like any other.
        .redirect(Policy::none())
        // Whatever a name resolves to is judged where the connection is made: nothing can change
        // between the two.
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
