//! The words that every page of the console says in the same way.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Paris;

use crate::domain::signalement::Etat;

/// Splits a text into parts, each marked if it is a quoted value: a value's text direction must not affect its
/// surroundings.
pub(super) fn parts(text: &str) -> Vec<(bool, &str)> {
    const QUOTED: [&str; 2] = ["« ", " »"];
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find(QUOTED[0]).map(|it| it + QUOTED[0].len())
        && let Some(length) = rest[begin..].find(QUOTED[1])
    {
        parts.push((false, &rest[..begin]));
        parts.push((true, &rest[begin..begin + length]));
        rest = &rest[begin + length..];
    }
    parts.push((false, rest));
    parts
}

/// A state's name, as the staff know it.
pub(super) fn label(etat: Etat) -> &'static str {
    match etat {
        Etat::Recu => "reçu, demande en cours de création",
        Etat::Transmis => "transmis",
        Etat::Ecarte => "écarté par les règles",
        Etat::Differe => "différé : le CRM était absent",
        Etat::Inconnu => "en doute : le CRM n'a pas confirmé",
        Etat::Echec => "en échec",
    }
}

/// Whether a link may lead to that address.
pub(super) fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

/// An instant, as the staff read it.
pub(super) fn paris(at: &DateTime<Utc>) -> String {
    let there = at.with_timezone(&Paris);
    there.format("%d/%m/%Y à %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_into_its_words_and_quoted_values() {
        for (text, values) in [
            ("inconnue : «  ASC » ; « B » ?", vec![" ASC", "B"]),
            ("rien", vec![]),
            ("« ouvert", vec![]),
            ("« « A » »", vec!["« A"]),
            ("", vec![]),
        ] {
            let parts = parts(text);
            let whole: String = parts.iter().map(|(_, part)| *part).collect();
            assert_eq!(whole, text);
            let quoted = parts.iter().filter(|it| it.0).map(|it| it.1);
            assert_eq!(quoted.collect::<Vec<_>>(), values, "{text}");
        }
    }
}
