//! The input of a script, as far as its shape is the same for every signalement.

use serde_json::Value;

use crate::rules::view::sample::{Lookup, at_any_manager, is_open};

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::script) enum Kind {
    /// A string.
    Text,
    /// A number.
    Number,
    /// A boolean.
    Flag,
}

impl Kind {
    pub(in crate::rules::script) fn in_french(self) -> &'static str {
        match self {
            Self::Text => "un texte",
            Self::Number => "un nombre",
            Self::Flag => "true ou false",
        }
    }
}

/// A value in a script's input.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::rules::script) enum Seen {
    /// A value without parts.
    Plain(Kind),
    /// An object with exactly these fields.
    Fields(Vec<&'static str>),
    /// An object whose keys are data.
    Open,
}

/// The value at the end of a path in the contract, such as `["evenement", "demande"]`; `None` if it may be anything.
pub(in crate::rules::script) fn seen(path: &[String]) -> Option<Seen> {
    let Lookup::Value(value) = at_any_manager(path.iter().map(String::as_str)) else {
        return None;
    };
    match value {
        Value::Object(_) if path.last().is_some_and(|it| is_open(it)) => Some(Seen::Open),
        Value::Object(fields) => Some(Seen::Fields(fields.keys().map(String::as_str).collect())),
        Value::String(_) => Some(Seen::Plain(Kind::Text)),
        Value::Number(_) => Some(Seen::Plain(Kind::Number)),
        Value::Bool(_) => Some(Seen::Plain(Kind::Flag)),
        Value::Null | Value::Array(_) => None,
    }
}

/// Whether a text is the name of a value in the contract, such as `evenement.signalement.auteur`.
pub(in crate::rules::script) fn is_value(text: &str) -> bool {
    let path: Vec<String> = text.split('.').map(str::to_owned).collect();
    // A manager's kind may be any word, but not none.
    let is_named = path.iter().all(|it| !it.is_empty());
    path.len() > 1 && is_named && seen(&path).is_some()
}

/// Values that may be missing. When they are there, none of them is an empty string.
const MAY_BE_ABSENT: [&[&str]; 7] = [
    &["signalement", "bien"],
    &["evenement", "signalement", "bien"],
    &["evenement", "demande"],
    &["evenement", "demande", "bien"],
    &["evenement", "statut"],
    &["evenement", "statut_sowell"],
    &["evenement", "motif"],
];

/// Whether the value at a path may be missing.
pub(in crate::rules::script) fn may_be_absent(path: &[String]) -> bool {
    is_manager(path) && path.first().is_some_and(|it| it == "residence")
        || MAY_BE_ABSENT.iter().any(|it| path == *it)
}

/// Whether a path leads to a manager.
pub(in crate::rules::script) fn is_manager(path: &[String]) -> bool {
    let is_object = || matches!(seen(path), Some(Seen::Fields(_)));
    match path {
        [.., all, _] if all == "gestionnaires" => is_object(),
        [.., last] => {
            ["gestionnaire_concerne", "acteur_en_charge"].contains(&last.as_str()) && is_object()
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("evenement.signalement.email_auteur", true)]
    #[case("qualification.type_gestionnaire", true)]
    #[case("residence.gestionnaires", true)]
    #[case("signalement", false)]
    #[case("residence.gestionnaires.", false)]
    #[case("accueil@vivest.example", false)]
    #[case("www.residence.nom", false)]
    #[case("le code residence.code", false)]
    #[case("MZ.01", false)]
    #[case("", false)]
    fn a_text_may_be_the_name_of_a_value(#[case] text: &str, #[case] wanted: bool) {
        assert_eq!(is_value(text), wanted);
    }

    #[rstest]
    #[case("signalement.photos", Some(Seen::Plain(Kind::Number)))]
    #[case(
        "evenement.signalement.transmettre_auteur",
        Some(Seen::Plain(Kind::Flag))
    )]
    #[case(
        "evenement.demande.acteur_en_charge.email",
        Some(Seen::Plain(Kind::Text))
    )]
    #[case("residence.gestionnaires", Some(Seen::Open))]
    #[case("residence.gestionnaires.un_genre.nom", Some(Seen::Plain(Kind::Text)))]
    #[case("signalement.autres", Some(Seen::Open))]
    #[case("signalement.autres.etage", None)]
    #[case("residence.ville", None)]
    #[case(
        "qualification",
        Some(Seen::Fields(vec!["code", "libelle", "type_gestionnaire", "workflow"]))
    )]
    fn the_shape_of_the_input_is_known(#[case] path: &str, #[case] wanted: Option<Seen>) {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        assert_eq!(seen(&path), wanted);
    }
}
