//! A *demande*: the case that a forwarded signalement becomes in the CRM.

use crate::domain::referentiel::Gestionnaire;
use crate::domain::signalement::SignalementId;

/// The CRM's identifier of a demande, shared by SoWell and the CRM.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Uid(String);

impl Uid {
    /// Maximum length of the UID of a new demande, in characters.
    const MOST_CHARS: usize = 200;

    /// Checks the identifier that a CRM gave to a new demande. `None` if it does not fit in a URL, a header and
    /// a line: empty, too long, on several lines, or a path step (`.`, `..`).
    #[must_use]
    pub fn given(text: &str) -> Option<Self> {
        let breaks = |it: char| it.is_control() || matches!(it, '\u{2028}' | '\u{2029}');
        let fits = text.chars().count() <= Self::MOST_CHARS && !text.contains(breaks);
        let step = matches!(text, "" | "." | "..");
        (fits && !step).then(|| Self(text.to_owned()))
    }

    /// Wraps an identifier that is already known, unchecked.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The identifier as the API shows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A demande before the CRM has given it a UID: what the rules decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDemande {
    /// The CRM's first status, `statuts.yaml: initial`.
    pub statut: String,
    /// SoWell's word for `statut`; `None` if the table does not translate it.
    pub statut_sowell: Option<String>,
    /// The channel it came through, `statuts.yaml: canal`.
    pub canal: String,
    /// Code of the qualification.
    pub qualification: String,
    /// The CRM procedure that the qualification requires.
    pub workflow: String,
    /// Code of the residence.
    pub residence: String,
    /// Code of the bien.
    pub bien: Option<String>,
    /// The CRM's word for the priority.
    pub priorite: String,
    /// The manager of the type that the qualification requires.
    pub gestionnaire_concerne: Gestionnaire,
    /// The manager in charge of it.
    pub acteur_en_charge: Gestionnaire,
    /// The author's name, read-only; SoWell's signalements have no demandeur.
    pub auteur: String,
    /// The author's e-mail.
    pub email_auteur: String,
    /// Creation date, priority and description, from `modeles/contexte.txt`.
    pub contexte: String,
    /// URL of the signalement in SoWell.
    pub lien_sowell: String,
}

/// The daemon's record of a demande in the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demande {
    /// The CRM's identifier.
    pub uid: Uid,
    /// The signalement that it came from.
    pub signalement: SignalementId,
    /// The content decided by the rules; `statut` follows the CRM's events.
    pub content: NewDemande,
    /// The photos.
    pub fichiers: Vec<Fichier>,
}

/// A photo of a demande, kept under its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fichier {
    /// Name shown to users, e.g. `photo-1.jpg`.
    pub nom: String,
    /// MIME type.
    pub r#type: String,
    /// Size in bytes.
    pub taille: u64,
    /// Hexadecimal SHA-256 of its bytes.
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_short_and_on_one_line() {
        let long = "é".repeat(200);
        for good in ["DEM-1", "4/2 n° 7", "true", "...", "a.b", &long] {
            assert_eq!(Uid::given(good).unwrap().as_str(), good);
        }
        let longer = "é".repeat(201);
        for bad in [
            "",
            ".",
            "..",
            "a\nb",
            "a\u{85}b",
            "a\u{2028}b",
            "\0",
            &longer,
        ] {
            assert_eq!(Uid::given(bad), None, "{bad:?}");
        }
    }
}
