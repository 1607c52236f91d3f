//! The partners that the daemon calls: SoWell, the CRM, the mail server, and further hosts that may be called.

use std::time::Duration;

use url::Url;

use crate::settings::Secret;

/// How to reach SoWell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SowellSettings {
    /// The base address; the paths of the connector's file are appended to it.
    pub base_url: Url,
    /// Sent as a bearer token, unless the connector's file says otherwise.
    pub token: Option<Secret>,
    /// Certificates beyond the public ones.
    pub tls: TlsSettings,
}

/// The kind of CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrmKind {
    /// Demandes are kept in the daemon's own database.
    Embedded,
    /// Demandes are kept in the CRM that `connecteurs/crm.yaml` describes.
    Rest,
}

/// How to reach the remote CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmSettings {
    /// The base address; the paths of the connector's file are appended to it. Always set with
    /// [`CrmKind::Rest`].
    pub base_url: Option<Url>,
    /// Sent as a bearer token, unless the connector's file says otherwise.
    pub token: Option<Secret>,
    /// How SoWell is answered while the CRM cannot be reached.
    pub when_unavailable: WhenUnavailable,
    /// Polling interval for changes; `None` if they are not polled.
    pub poll: Option<Duration>,
    /// Secret with which the CRM signs its own calls.
    pub webhook_secret: Option<Secret>,
    /// Certificates beyond the public ones.
    pub tls: TlsSettings,
}

/// What happens to a signalement while the CRM cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenUnavailable {
    /// SoWell is told to send it again.
    Refuse,
    /// It is kept and created later.
    Defer,
}

/// Certificates for the calls to one partner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Additional trusted authorities, as PEM.
    pub ca: Option<Secret>,
    /// Our certificate and its key, as PEM.
    pub identity: Option<Secret>,
}

/// The hosts that may be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Hosts and addresses that connector files may call in addition to those of the `base_url` settings, in
    /// lower case.
    pub allow: Vec<String>,
}

/// How to send e-mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// `smtp://` or `smtps://` with credentials; `None` writes `.eml` files instead.
    pub url: Option<Secret>,
    /// Additional trusted authorities for the server's certificate, as PEM.
    pub ca: Option<Secret>,
    /// The sender's address.
    pub from: String,
}
