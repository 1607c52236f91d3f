//! The operations that a connector's file can describe.

use strum::{EnumIter, EnumString, IntoStaticStr, VariantNames};

use super::Partner;

/// An operation, in the order in which they are listed.
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

    /// The partner that is called.
    #[must_use]
    pub fn partner(self) -> Partner {
        match self {
            Self::SignalerStatut | Self::SignalerUid => Partner::Sowell,
            _ => Partner::Crm,
        }
    }

    /// Whether the operation has no side effects.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(
            self,
            Self::Chercher | Self::LireStatut | Self::Changements | Self::Gestionnaires
        )
    }

    /// Whether values are read from its answer, beyond its success.
    pub(super) fn reads_answer(self) -> bool {
        !matches!(
            self,
            Self::Joindre | Self::SignalerStatut | Self::SignalerUid
        )
    }

    /// Whether, without an answer, a retry might create a duplicate.
    pub(super) fn creates(self) -> bool {
        matches!(self, Self::Creer | Self::Joindre)
    }
}
