//! A status change that the CRM tells.

use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr};

use crate::domain::demande::Uid;

/// One event of the CRM, well formed but not yet judged by the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatutEvent {
    /// The demande it speaks of.
    pub uid: Uid,
    /// The CRM's word for the new status.
    pub statut: String,
    /// When it changed, as the CRM wrote it; `None` where the CRM does not say.
    pub date: Option<String>,
    /// The CRM's closing field.
    pub resultat: Option<String>,
    /// A word for the tenant.
    pub commentaire: Option<String>,
    /// The channel of the demande; `None` until it is taken from the demande on record.
    pub canal: Option<String>,
    /// The CRM's own id of the event, for deduplication.
    pub evenement: Option<String>,
    /// What tells the signed message that brought a dated event without an id from every other; the
    /// same message may come again, late or by a stranger's hand.
    pub message: Option<String>,
}

impl StatutEvent {
    /// The longest word, date or id, in characters.
    pub const LABEL_CHARS: usize = 200;
    /// The longest comment, in characters.
    pub const COMMENT_CHARS: usize = 20_000;

    /// The same with texts that are as short as those that a CRM may send: one that was read from its
    /// list cannot be sent back.
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
        // A part of an id may be that of another event.
        self.evenement
            .take_if(|it| it.chars().count() > Self::LABEL_CHARS);
        self
    }

    /// A field of the event by the name that `selon` uses in `statuts.yaml`.
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

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum EventIssue {
    /// Translated; a delivery to SoWell goes with it.
    Accepte,
    /// Known, and nothing to tell SoWell.
    Ignore,
    /// The table does not know it yet: kept until it does.
    Retenu,
}

impl EventIssue {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why nothing is sent of an event that says again what SoWell was told, in French.
pub const ALREADY_RECEIVED: &str = "cet événement a déjà été reçu";

/// An event as the daemon keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The daemon's identifier of the event.
    pub id: String,
    /// Its place in the order in which events were accepted, those of all demandes together.
    pub sequence: i64,
    /// What the CRM said.
    pub event: StatutEvent,
    /// What became of it.
    pub issue: EventIssue,
    /// When the daemon received it.
    pub received_at: DateTime<Utc>,
}
