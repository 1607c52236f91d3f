//! What a connector's file can describe, one operation each.

use strum::{EnumIter, EnumString, IntoStaticStr, VariantNames};

use super::Partner;

/// What a partner is asked, in the order in which it is told.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    EnumIter,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Operation {
    /// Find the demandes that carry our reference.
    Chercher,
    /// Create a demande.
    Creer,
    /// Attach a photo to a demande.
    Joindre,
    /// Send a photo before it is attached.
    Televerser,
    /// Read the status of a demande.
    LireStatut,
    /// List the demandes that changed.
    Changements,
    /// List the managers of a residence.
    Gestionnaires,
    /// Tell SoWell a status.
    SignalerStatut,
    /// Tell SoWell the UID of a demande.
    SignalerUid,
}

impl Operation {
    /// The key in the connector's file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Who is asked.
    #[must_use]
    pub fn partner(self) -> Partner {
        match self {
            Self::SignalerStatut | Self::SignalerUid => Partner::Sowell,
            _ => Partner::Crm,
        }
    }

    /// Whether it changes nothing that a second call would change again.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(
            self,
            Self::Chercher | Self::LireStatut | Self::Changements | Self::Gestionnaires
        )
    }

    /// Whether something is asked for in its answer, beyond whether it went well.
    pub(super) fn reads_answer(self) -> bool {
        !matches!(
            self,
            Self::Joindre | Self::SignalerStatut | Self::SignalerUid
        )
    }

    /// Whether silence leaves it unknown if something now exists twice as well.
    pub(super) fn creates(self) -> bool {
        matches!(self, Self::Creer | Self::Joindre)
    }
}
