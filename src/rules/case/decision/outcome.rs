//! The result of a case, and how it differs from the expected one.

use std::collections::BTreeMap;

use super::Expected;
use super::unknown::UnknownCode;
use crate::rules::foresee::Foreseen;
use crate::rules::pasted;
use crate::rules::place::Located;

/// The key of `attendu` for the error.
pub(super) const ERREUR: &str = "erreur";
/// The key of `attendu` for the e-mails.
pub(super) const ACCUSES: &str = "accuses";

/// The result of a case.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The decided values, under their names in `attendu`; empty if an error prevented the decision.
    values: BTreeMap<&'static str, Expected>,
    /// The error, if there was one.
    pub error: Option<String>,
    /// Where the word that the error suggests is written.
    pub origin: Option<String>,
    /// The codes of the case that cause it, if they do.
    pub unknown: Vec<UnknownCode>,
    /// Why there is no demande, or no status for `SoWell`.
    pub why: Option<String>,
    /// Why the e-mails could not be rendered.
    pub why_no_mail: Option<String>,
}

impl Outcome {
    pub fn put(&mut self, key: &'static str, value: &str) {
        self.values.insert(key, Expected::Text(value.to_owned()));
    }

    /// Adds the e-mails, and the first error that prevented one from being written.
    pub fn put_accuses<D>(&mut self, foreseen: &Foreseen<D>) {
        let names = foreseen.mails.iter().map(|it| it.modele().to_owned());
        self.values.insert(ACCUSES, Expected::List(names.collect()));
        self.error = foreseen.unwritten().next().map(|it| it.to_string());
    }

    /// Whether anything was decided; if not, all values are missing for the same reason.
    pub fn is_decided(&self) -> bool {
        !self.values.is_empty()
    }

    /// The actual value of a key of `attendu`.
    fn got(&self, key: &str) -> Option<Expected> {
        match key {
            ERREUR => self.error.clone().map(Expected::Text),
            key => self.values.get(key).cloned(),
        }
    }

    /// Whether a value is missing or different because there is no demande or no status for `SoWell`.
    pub fn follows_from_why(&self, key: &str) -> bool {
        let kept = self.got(key).is_none() || ["transmis", "ignore"].contains(&key);
        self.why.is_some() && kept
    }

    /// The expected and the actual value, if they differ.
    pub fn difference(&self, key: &Located, wanted: &Expected) -> Option<String> {
        let got = self.got(&key.text);
        if matches(&key.text, wanted, got.as_ref()) {
            return None;
        }
        let apart = apart(wanted, got.as_ref());
        let (wanted, got) = (show(Some(wanted)), show(got.as_ref()));
        let because = if self.follows_from_why(&key.text) {
            self.why.as_ref()
        } else {
            self.why_no_mail.as_ref().filter(|_| key.text == ACCUSES)
        };
        let because = because.map(|it| format!(" : {it}")).unwrap_or_default();
        let key = &key.text;
        Some(format!(
            "{key} : attendu {wanted}, obtenu {got}{because}{apart}"
        ))
    }
}

/// Whether the values are equal; but an error need only contain the expected words, and e-mails may be in any order.
fn matches(key: &str, wanted: &Expected, got: Option<&Expected>) -> bool {
    match (wanted, got) {
        (Expected::Text(wanted), Some(Expected::Text(got))) if key == ERREUR => {
            got.contains(wanted)
        }
        (Expected::List(wanted), Some(Expected::List(got))) => {
            let (mut wanted, mut got) = (wanted.clone(), got.clone());
            wanted.sort();
            got.sort();
            wanted == got
        }
        // Without a decision, no e-mail is sent.
        (Expected::List(wanted), None) => wanted.is_empty(),
        (wanted, got) => Some(wanted) == got,
    }
}

/// The difference between two texts that look the same.
fn apart(wanted: &Expected, got: Option<&Expected>) -> String {
    let note = match (wanted, got) {
        (Expected::Text(wanted), Some(Expected::Text(got))) => pasted::note_apart(wanted, got),
        _ => None,
    };
    note.map(|it| format!(" ; {it}")).unwrap_or_default()
}

fn show(value: Option<&Expected>) -> String {
    match value {
        None => "rien".into(),
        Some(Expected::Text(text)) => format!("« {text} »"),
        Some(Expected::List(names)) if names.is_empty() => "aucun e-mail".into(),
        Some(Expected::List(names)) => format!("[{}]", names.join(", ")),
    }
}
