//! Whom the daemon calls: SoWell, the CRM, the mail server, and where else calls may go.

use std::time::Duration;

use url::Url;

use crate::settings::Secret;

/// Where SoWell is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SowellSettings {
    /// The paths of the connector's file are added to it.
    pub base_url: Url,
    /// Sent as a bearer token, unless the connector's file says otherwise.
    pub token: Option<Secret>,
    /// Certificates beyond the public ones.
    pub tls: TlsSettings,
}

/// Which CRM stands behind the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrmKind {
    /// Demandes live in the daemon's own database.
    Embedded,
    /// Demandes live in the CRM that `connecteurs/crm.yaml` describes.
    Rest,
}

/// The remote CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmSettings {
    /// The paths of the connector's file are added to it; always there with [`CrmKind::Rest`].
    pub base_url: Option<Url>,
    /// Sent as a bearer token, unless the connector's file says otherwise.
    pub token: Option<Secret>,
    /// What SoWell is told while the CRM cannot be reached.
    pub when_unavailable: WhenUnavailable,
    /// How often changes are asked for; `None` for never.
    pub poll: Option<Duration>,
    /// Secret of the signature of the CRM's own calls.
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
    /// Authorities to trust beside the public ones, as PEM.
    pub ca: Option<Secret>,
    /// Our certificate and its key, as PEM.
    pub identity: Option<Secret>,
}

/// Where calls may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Hosts and addresses that connector files may call beside those of the `base_url` settings,
    /// in small letters.
    pub allow: Vec<String>,
}

/// Where e-mails go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// `smtp://` or `smtps://` with credentials; `None` writes `.eml` files instead.
    pub url: Option<Secret>,
    /// Authorities that sign the server's certificate, in PEM; trusted beside the system's.
    pub ca: Option<Secret>,
    /// The sender.
    pub from: String,
}
