//! Words that a script, a template or a connector compares with but that no other file knows. These are only remarks: a
//! table may be about to follow, and a demande may be older than the last edit.

use std::collections::HashMap;

use super::generation::RuleSet;
use super::vocabulary::{residences, words};
use crate::domain::referentiel::Referentiel;
use crate::rules::alike::{nearest_of_many, plain};
use crate::rules::compared::{Asked, Compared};
use crate::rules::connector::{Connector, Partner};
use crate::rules::diagnostic::{Diagnostic, code, suggestion};
use crate::rules::view::OCCASIONS;

/// Reports every comparison that no new signalement and none of its events can make true.
pub(super) fn note_impossible_words(
    rules: &RuleSet,
    referentiel: &Referentiel,
    faults: &mut Vec<Diagnostic>,
) {
    let of_scripts = rules.scripts.compared().cloned();
    let of_scripts = of_scripts.map(|it| (code::SCRIPT, it));
    let of_templates = rules.templates.compared().into_iter();
    let of_connectors = rules.connectors.values().flat_map(Connector::compared);
    let of_texts = of_templates.chain(of_connectors);
    let mut known = Known {
        rules,
        referentiel,
        by_value: HashMap::new(),
    };
    for (code, it) in of_scripts.chain(of_texts.map(|it| (code::TEMPLATE, it))) {
        if let Some(message) = why_never(&it, &mut known) {
            let remark = Diagnostic::at(code, &it.file, it.line, it.column, message);
            faults.push(remark.as_warning());
        }
    }
}

/// The known words of each value that is compared. A landlord may have a hundred thousand biens and a script may make
/// many comparisons, so they are collected once.
struct Known<'a> {
    rules: &'a RuleSet,
    referentiel: &'a Referentiel,
    /// By whether SoWell receives the value, and by its name.
    by_value: HashMap<(bool, String), Vec<&'a str>>,
}

impl<'a> Known<'a> {
    /// The words that a value can have, sorted and without duplicates; empty if it can be any.
    fn words(&mut self, file: &str, value: &str) -> &[&'a str] {
        let Self {
            rules, referentiel, ..
        } = *self;
        let to_sowell = file == Partner::Sowell.file();
        let key = (to_sowell, value.to_owned());
        self.by_value.entry(key).or_insert_with(|| {
            let mut all = if to_sowell {
                words_sent_to_sowell(value, rules)
            } else {
                known_words(value, rules, referentiel)
            };
            all.sort_unstable();
            all.dedup();
            all
        })
    }

    /// Whether a value can certainly have this word, for values where this is known without collecting all the others.
    fn has(&self, value: &str, word: &str) -> bool {
        matches!(value, "signalement.bien" | "bien.code") && self.referentiel.bien(word).is_some()
    }
}

/// The words that SoWell receives, by the names used in its connector.
fn words_sent_to_sowell<'a>(value: &str, rules: &'a RuleSet) -> Vec<&'a str> {
    match value {
        "statut" => words(rules.statuts.of_sowell()),
        "statut_crm" => statuts(rules),
        _ => Vec::new(),
    }
}

fn known_words<'a>(value: &str, rules: &'a RuleSet, referentiel: &'a Referentiel) -> Vec<&'a str> {
    match value {
        "evenement.type" => OCCASIONS.to_vec(),
        "evenement.statut" | "demande.statut" => statuts(rules),
        "evenement.statut_sowell" => words(rules.statuts.of_sowell()),
        "signalement.priorite" => words(rules.priorites_of_sowell()),
        // The CRM's word, as in templates.
        "priorite" | "demande.priorite" => words(rules.priorites_of_the_crm()),
        "signalement.qualification" | "demande.qualification" | "qualification.code" => {
            words(rules.codes())
        }
        "qualification.workflow" | "demande.workflow" => words(rules.workflows()),
        "qualification.type_gestionnaire" => words(rules.types_of_managers()),
        "signalement.residence" | "demande.residence" | "residence.code" => {
            words(residences(referentiel))
        }
        "qualification.libelle" => {
            let all = rules.qualifications.values();
            all.map(|it| it.libelle.as_str()).collect()
        }
        "residence.nom" => {
            let all = referentiel.residences();
            all.map(|it| it.nom.as_str()).collect()
        }
        "residence.adresse" => {
            let all = referentiel.residences();
            all.map(|it| it.adresse.as_str()).collect()
        }
        "demande.canal" => words([rules.statuts.channel()]),
        "signalement.bien" | "bien.code" => referentiel.biens().map(|it| it.code).collect(),
        other => words_of_managers(other, rules, referentiel),
    }
}

/// The type and the field if the value is a field of a manager: of a residence's manager of that type, or of a
/// demande's manager.
fn manager_field(value: &str) -> Option<(Option<&str>, &str)> {
    match value.split('.').collect::<Vec<_>>().as_slice() {
        ["residence", "gestionnaires", kind, field] => Some((Some(*kind), *field)),
        [
            "demande",
            "gestionnaire_concerne" | "acteur_en_charge",
            field,
        ] => Some((None, *field)),
        _ => None,
    }
}

/// The known words of a field of managers; empty for other values.
fn words_of_managers<'a>(
    value: &str,
    rules: &RuleSet,
    referentiel: &'a Referentiel,
) -> Vec<&'a str> {
    let Some((kind, field)) = manager_field(value) else {
        return Vec::new();
    };
    // A demande's manager may be written out in the script that chooses it.
    if kind.is_none() && rules.scripts.makes_managers() {
        return Vec::new();
    }
    if rules.asks_the_crm_for_managers() {
        // The CRM may know others.
        return Vec::new();
    }
    let all = referentiel.residences();
    let all = all.flat_map(|it| it.gestionnaires.iter());
    let all = all.filter(|(it, _)| kind.is_none_or(|kind| kind == "*" || kind == *it));
    let field = all.map(|(_, who)| match field {
        "type" => who.r#type.as_str(),
        "identifiant" => who.identifiant.as_str(),
        "nom" => who.nom.as_str(),
        "email" => who.email.as_str(),
        _ => "",
    });
    field.filter(|it| !it.is_empty()).collect()
}

fn why_never(it: &Compared, known: &mut Known<'_>) -> Option<String> {
    let Compared {
        file,
        value,
        word,
        asked,
        ..
    } = it;
    let asked = *asked;
    // The fields of an event are known by their own names.
    let alone = value.strip_prefix("evenement.");
    let value = alone.filter(|it| it.contains('.')).unwrap_or(value);
    // Any one of several.
    let shown = value.replace(".*", "[…]");
    // A test for a missing bien is handled together with its condition.
    let asks_for_bien = value == "bien" && word.is_empty();
    if let Some(message) = not_a_text(value, asked).filter(|_| !asks_for_bien) {
        return Some(message);
    }
    // A comparison with an empty text tests whether the value is present.
    if word.is_empty() || asked == Asked::Whole && known.has(value, word) {
        return None;
    }
    let known = known.words(file, value);
    let comes = match asked {
        Asked::Whole => known.binary_search(&word.as_str()).is_ok(),
        _ => known.iter().any(|it| asked.holds(it, word)),
    };
    if known.is_empty() || comes {
        return None;
    }
    let (does, near) = match asked {
        Asked::Whole => {
            let is_part = value == "residence.adresse" && known.iter().any(|it| it.contains(word));
            let remedy = if is_part {
                format!("pour une partie, écrivez « {value}.contains(\"{word}\") »")
            } else {
                meant(word, known)
            };
            return Some(format!(
                "« {word} » n'est pas une valeur connue de « {shown} » ; {remedy}"
            ));
        }
        Asked::Beginning => ("ne commence par", near_part(known, word, true)),
        Asked::End => ("ne finit par", near_part(known, word, false)),
        Asked::Part => ("ne contient", same_part(known, word)),
    };
    let near = match near {
        Some(near) => format!("vouliez-vous dire « {near} » ?"),
        // Addresses and names are not codes: a new one may contain the part at any time.
        None if value == "residence.adresse" || manager_field(value).is_some() => return None,
        None => meant(word, known),
    };
    Some(format!(
        "aucune valeur connue de « {shown} » {does} « {word} » ; {near}"
    ))
}

/// The message for a value that is not a text, whatever it is compared with.
fn not_a_text(value: &str, asked: Asked) -> Option<String> {
    if asked != Asked::Whole {
        return None;
    }
    let field = match value {
        "signalement" | "demande" | "evenement.signalement" | "evenement.demande" => {
            "qualification"
        }
        "residence" | "bien" | "qualification" => "code",
        "evenement" => "type",
        "signalement.transmettre_auteur" | "signalement.transmettre_manager" => {
            return Some(format!("« {value} » vaut true ou false, sans guillemets"));
        }
        _ => return None,
    };
    Some(format!(
        "« {value} » est un ensemble, jamais un texte : comparez par exemple « {value}.{field} »"
    ))
}

/// Above this number of words, only a cheap search for a suggestion is made.
const MANY: usize = 5_000;

/// The known word that was probably meant; the known words are sorted. Among many, only a code with the same digits is
/// considered.
fn meant(word: &str, known: &[&str]) -> String {
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return suggestion(word, []);
    };
    if known.len() <= MANY {
        return suggestion(word, known.iter().copied());
    }
    match nearest_of_many(word, known) {
        Some(near) => suggestion(word, [near]),
        None => format!(
            "{} valeurs sont connues, de « {first} » à « {last} »",
            known.len()
        ),
    }
}

/// A part of a known value that differs only in capitals or accents.
fn same_part<'k>(known: &[&'k str], word: &str) -> Option<&'k str> {
    let (own, length) = (plain(word), word.chars().count());
    known.iter().take(MANY).find_map(|value| {
        let begins = value.char_indices().map(|(at, _)| &value[at..]);
        let mut parts = begins.map(|rest| {
            let end = rest.char_indices().nth(length);
            &rest[..end.map_or(rest.len(), |(at, _)| at)]
        });
        parts.find(|part| part.chars().count() == length && plain(part) == own)
    })
}

/// Minimum word length at which one wrong letter is considered.
const SHORTEST: usize = 3;

/// The beginning or end of a known value that differs from the word by one letter.
fn near_part<'k>(known: &[&'k str], word: &str, at_the_beginning: bool) -> Option<&'k str> {
    let length = word.chars().count();
    let part = |value: &'k str| {
        let mut signs = value.char_indices();
        if at_the_beginning {
            signs.nth(length).map_or(value, |(at, _)| &value[..at])
        } else {
            let from = signs.nth_back(length.saturating_sub(1));
            from.map_or(value, |(at, _)| &value[at..])
        }
    };
    let is_near = |it: &&str| {
        let wrong = it.chars().zip(word.chars()).filter(|(a, b)| a != b);
        it.chars().count() == length && wrong.count() == 1
    };
    let mut parts = known.iter().map(|it| part(it));
    parts.find(is_near).filter(|_| length >= SHORTEST)
}

/// The CRM's statuses that an event can have.
pub(super) fn statuts(rules: &RuleSet) -> Vec<&str> {
    let statuts = &rules.statuts;
    words(statuts.of_the_crm().into_iter().chain([statuts.first()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("b-00042", "vouliez-vous dire « B-00042 » ?")]
    #[case("B00042", "vouliez-vous dire « B-00042 » ?")]
    #[case("B\u{a0}00042", "vouliez-vous dire « B-00042 » ?")]
    #[case("B-99999", "6000 valeurs sont connues, de « B-00000 » à « B-05999 »")]
    fn among_many_codes_one_with_the_same_digits_is_suggested(
        #[case] word: &str,
        #[case] told: &str,
    ) {
        let codes: Vec<String> = (0..6_000).map(|it| format!("B-{it:05}")).collect();
        let known: Vec<&str> = codes.iter().map(String::as_str).collect();
        let meant = meant(word, &known);
        assert!(meant.ends_with(told), "{meant}");
    }

    #[rstest]
    #[case("MZ_", true, Some("MZ-"))]
    #[case("-Ete", false, Some("-Eté"))]
    #[case("MZ-01-Etés", true, None)]
    #[case("Z_", true, None)]
    fn a_part_with_one_wrong_letter_is_found(
        #[case] word: &str,
        #[case] at_the_beginning: bool,
        #[case] near: Option<&str>,
    ) {
        assert_eq!(near_part(&["MZ-01-Eté"], word, at_the_beginning), near);
    }
}
