//! A status change reported by the CRM.

use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr};

use crate::domain::demande::Uid;

/// One event of the CRM, well formed but not yet judged by the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatutEvent {
    /// The UID of the demande that it concerns.
    pub uid: Uid,
    /// The CRM's word for the new status.
    pub statut: String,
    /// When it changed, as the CRM wrote it; `None` if the CRM does not say.
    pub date: Option<String>,
    /// The CRM's closing field.
    pub resultat: Option<String>,
    /// A comment for the tenant.
    pub commentaire: Option<String>,
    /// The channel of the demande; `None` until it is taken from the demande on record.
    pub canal: Option<String>,
    /// The CRM's own id of the event, for deduplication.
    pub evenement: Option<String>,
    /// Identifies the signed message when a dated event has no id. The same message may be redelivered, or
    /// replayed by a third party.
    pub message: Option<String>,
}

impl StatutEvent {
    /// Maximum length of a label, date or id, in characters.
    pub const LABEL_CHARS: usize = 200;
    /// Maximum length of a comment, in characters.
    pub const COMMENT_CHARS: usize = 20_000;

    /// Truncates its texts to the lengths that a CRM may send: an event read from the CRM's list cannot be
    /// rejected with an error.
    #[must_use]
    pub fn cut(mut self) -> Self {
        let cut = |text: &mut String, most: usize| {
            if let Some((end, _)) = text.char_indices().nth(most) {
                text.truncate(end);
            }
        };
        cut(&mut self.statut, Self::LABEL_CHARS);
        for (text, most) in [
            (&mut self.resultat, Self::LABEL_CHARS),
            (&mut self.canal, Self::LABEL_CHARS),
            (&mut self.commentaire, Self::COMMENT_CHARS),
        ] {
            if let Some(text) = text {
                cut(text, most);
            }
        }
        // A truncated id could equal that of another event.
        self.evenement
            .take_if(|it| it.chars().count() > Self::LABEL_CHARS);
        self
    }

    /// A field of the event, by the name that `selon` uses in `statuts.yaml`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        match name {
            "resultat" => self.resultat.as_deref(),
            "commentaire" => self.commentaire.as_deref(),
            "canal" => self.canal.as_deref(),
            _ => None,
        }
    }
}

/// The fields of an event that a status may depend on with `selon`.
pub const SELON_FIELDS: [&str; 3] = ["resultat", "commentaire", "canal"];

/// The outcome of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum EventIssue {
    /// Translated; a delivery to SoWell goes with it.
    Accepte,
    /// Known, and there is nothing to send to SoWell.
    Ignore,
    /// Not yet in the table: kept until it is.
    Retenu,
}

impl EventIssue {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why nothing is sent for an event that repeats what SoWell already received, in French.
pub const ALREADY_RECEIVED: &str = "cet événement a déjà été reçu";

/// An event as stored by the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The daemon's identifier of the event.
    pub id: String,
    /// Its position in the order in which events were accepted, across all demandes.
    pub sequence: i64,
    /// The event as received from the CRM.
    pub event: StatutEvent,
    /// Its outcome.
    pub issue: EventIssue,
    /// When the daemon received it.
    pub received_at: DateTime<Utc>,
}
