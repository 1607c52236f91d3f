//! What a connector's file can describe, one operation each.

use super::Partner;

/// What a partner is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Every operation, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::Chercher,
        Self::Creer,
        Self::Joindre,
        Self::Televerser,
        Self::LireStatut,
        Self::Changements,
        Self::Gestionnaires,
        Self::SignalerStatut,
        Self::SignalerUid,
    ];

    /// The key in the connector's file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chercher => "chercher",
            Self::Creer => "creer",
            Self::Joindre => "joindre",
            Self::Televerser => "televerser",
            Self::LireStatut => "lire_statut",
            Self::Changements => "changements",
            Self::Gestionnaires => "gestionnaires",
            Self::SignalerStatut => "signaler_statut",
            Self::SignalerUid => "signaler_uid",
        }
    }

    /// Reads the word back; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
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
