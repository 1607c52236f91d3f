//! The form of a signalement to try. It becomes the JSON that SoWell would send, and is read as such: the form has no
//! rules of its own.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Paris;
use serde::Deserialize;
use serde_json::json;

use crate::adapters::http::signalements::PHOTO;
use crate::rules::compile::Generation;
use crate::rules::foresee;

/// The most photos that the form adds; a larger number says nothing more about the rules.
const PHOTOS: usize = 999;

/// The local date of a form's field, in chrono's words.
const LOCAL: &str = "%Y-%m-%dT%H:%M";

/// A form as it was filled in; all of its fields are texts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filled {
    pub(super) qualification: String,
    pub(super) residence: String,
    /// The residence chosen among those found, which replaces what was typed.
    pub(super) choix: String,
    pub(super) bien: String,
    pub(super) auteur: String,
    pub(super) email_auteur: String,
    pub(super) date_creation: String,
    pub(super) priorite: String,
    pub(super) description: String,
    pub(super) photos: String,
    pub(super) lien_sowell: String,
    /// Sent only if it is ticked.
    pub(super) transmettre_auteur: Option<String>,
    /// Sent only if it is ticked.
    pub(super) transmettre_manager: Option<String>,
    /// A whole signalement, in place of the other fields.
    pub(super) json: Option<String>,
}

impl Filled {
    /// The form on a first visit: harmless values, so that every field shows what it expects.
    pub(super) fn harmless(generation: &Generation, now: DateTime<Utc>) -> Self {
        let it = foresee::harmless(generation);
        Self {
            qualification: it.qualification,
            residence: it.residence,
            auteur: it.auteur,
            email_auteur: it.email_auteur,
            date_creation: now.with_timezone(&Paris).format(LOCAL).to_string(),
            priorite: it.priorite,
            description: it.description,
            photos: "0".into(),
            lien_sowell: it.lien_sowell,
            ..Self::default()
        }
    }

    /// The same without what people add unwittingly: spaces around a code, line breaks of Windows.
    pub(super) fn tidied(self) -> Self {
        let trimmed = |text: &str| text.trim().to_owned();
        let chosen = trimmed(&self.choix);
        Self {
            residence: if chosen.is_empty() {
                trimmed(&self.residence)
            } else {
                chosen
            },
            choix: String::new(),
            bien: trimmed(&self.bien),
            email_auteur: trimmed(&self.email_auteur),
            date_creation: trimmed(&self.date_creation),
            lien_sowell: trimmed(&self.lien_sowell),
            description: self.description.replace("\r\n", "\n"),
            ..self
        }
    }

    /// The body that SoWell would send, or what is wrong with the form itself, in French.
    pub(super) fn body(&self) -> Result<Vec<u8>, String> {
        if let Some(json) = &self.json {
            return Ok(json.clone().into_bytes());
        }
        let photos = match self.photos.trim() {
            "" => Some(0),
            text => text.parse().ok().filter(|count| *count <= PHOTOS),
        };
        let photos = photos
            .ok_or_else(|| format!("Le nombre de photos est un nombre entier, de 0 à {PHOTOS}."))?;
        let bien = Some(&self.bien).filter(|it| !it.is_empty());
        let body = json!({
            "qualification": self.qualification,
            "residence": self.residence,
            "bien": bien,
            "auteur": self.auteur,
            "email_auteur": self.email_auteur,
            "date_creation": instant(&self.date_creation),
            "priorite": self.priorite,
            "description": self.description,
            "photos": vec![PHOTO; photos],
            "lien_sowell": self.lien_sowell,
            "transmettre_auteur": self.transmettre_auteur.is_some(),
            "transmettre_manager": self.transmettre_manager.is_some(),
        });
        Ok(body.to_string().into_bytes())
    }
}

/// The instant of a local date in Paris. Any other text is left as it is, for the reader of signalements to judge.
fn instant(local: &str) -> String {
    let seconds = format!("{LOCAL}:%S");
    let formats = [LOCAL, seconds.as_str()];
    let date = formats
        .iter()
        .find_map(|it| NaiveDateTime::parse_from_str(local, it).ok());
    let at = date.and_then(|date| {
        let at = |date: NaiveDateTime| Paris.from_local_datetime(&date).earliest();
        // In the night when clocks go forward, an hour does not exist: it is the following one.
        at(date).or_else(|| at(date.checked_add_signed(TimeDelta::hours(1))?))
    });
    at.map_or_else(
        || local.to_owned(),
        |at| at.to_rfc3339_opts(SecondsFormat::Secs, false),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::winter("2026-01-15T10:00", "2026-01-15T10:00:00+01:00")]
    #[case::summer("2026-07-15T10:00", "2026-07-15T10:00:00+02:00")]
    #[case::seconds("2026-07-15T10:00:09", "2026-07-15T10:00:09+02:00")]
    #[case::skipped("2026-03-29T02:30", "2026-03-29T03:30:00+02:00")]
    #[case::twice("2026-10-25T02:30", "2026-10-25T02:30:00+02:00")]
    #[case::complete("2026-07-15T10:00:00Z", "2026-07-15T10:00:00Z")]
    #[case::senseless("demain", "demain")]
    #[case::blank("", "")]
    fn a_local_date_is_that_of_paris(#[case] typed: &str, #[case] sent: &str) {
        assert_eq!(instant(typed), sent);
    }

    #[rstest]
    #[case("-1")]
    #[case("1000")]
    #[case("deux")]
    fn photos_are_counted_in_whole_numbers(#[case] photos: &str) {
        let photos = photos.to_owned();
        let filled = Filled {
            photos,
            ..Filled::default()
        };
        assert!(filled.body().unwrap_err().contains("de 0 à 999"));
    }
}
