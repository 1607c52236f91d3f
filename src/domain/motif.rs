//! Why a signalement has no demande, in two parts: what anyone may read, and what only the landlord's staff may.

use std::fmt;

use crate::domain::reason::Reason;

/// Why a signalement has no demande. Displayed whole, as the staff read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Motif {
    /// In French; anyone may read it, SoWell included.
    pub for_all: String,
    /// What follows for the landlord's staff only.
    pub detail: Option<Detail>,
}

/// What only the landlord's staff may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// Shown as they are, and beginning with their punctuation: the CRM's own words, other signalements and UIDs, or
    /// what to do, in French.
    Words(String),
    /// What failed on our side: a stored [`Reason`], whose phrases are English and are translated for the console and
    /// the API.
    Reason(Reason),
    /// The staff read this instead of the first part: it is not known how much of it anyone may read.
    Instead(String),
}

/// What anyone may read of a motif whose parts are not known.
const UNPARTED: &str = "la raison est connue du bailleur";

impl Motif {
    /// A motif that anyone may read whole.
    pub fn for_all(words: impl Into<String>) -> Self {
        Self {
            for_all: words.into(),
            detail: None,
        }
    }

    /// One of which it is not known how much anyone may read.
    pub fn unparted(whole: impl Into<String>) -> Self {
        Self {
            for_all: UNPARTED.to_owned(),
            detail: Some(Detail::Instead(whole.into())),
        }
    }

    /// The same, followed by words that only the staff may read.
    #[must_use]
    pub fn and_for_staff(self, words: impl Into<String>) -> Self {
        let detail = Some(Detail::Words(words.into()));
        Self { detail, ..self }
    }

    /// The same, followed by a reason that only the staff may read.
    #[must_use]
    pub fn because(self, reason: Reason) -> Self {
        let detail = Some(Detail::Reason(reason));
        Self { detail, ..self }
    }
}

impl fmt::Display for Motif {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let for_all = &self.for_all;
        match &self.detail {
            None => f.write_str(for_all),
            Some(Detail::Words(words)) => write!(f, "{for_all} {words}"),
            Some(Detail::Reason(reason)) => write!(f, "{for_all} : {reason}"),
            Some(Detail::Instead(whole)) => f.write_str(whole),
        }
    }
}
