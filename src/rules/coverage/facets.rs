//! The things that rules distinguish in a signalement, counted one by one: an hour and a day of the week are two, and so
//! are two words. What rules do only if three of them coincide was not tried.

use std::collections::BTreeSet;

use super::moments::{self, listed};
use crate::rules::calendar::{DAYS, HEURE_DE, JOUR_DE_SEMAINE, MOIS_DE};
use crate::rules::compile::RuleSet;
use crate::rules::written::Written;

/// Number of things that are tried together.
const TOGETHER: usize = 2;
/// Maximum number of words that are named in a sentence.
const MOST_NAMED: usize = 3;
/// The parts of a date, with the functions that return them.
const PARTS_OF_DATES: [(&[&str], &str); 4] = [
    (&[HEURE_DE], "l'heure"),
    (&[JOUR_DE_SEMAINE, "date_longue"], "le jour"),
    (&[MOIS_DE], "le mois"),
    (&["sub_string"], "une partie du texte de la date"),
];
/// The other fields, with their names in French.
const FIELDS: [(&str, &str); 5] = [
    ("photos", "le nombre de photos"),
    ("bien", "le bien"),
    ("auteur", "l'auteur"),
    ("email_auteur", "l'adresse de l'auteur"),
    ("lien_sowell", "le lien vers SoWell"),
];
/// The values of `evenement.type`.
const EVENTS: [&str; 3] = ["transmis", "ecarte", "statut"];

/// The names that rules define: a text equal to one of them is not a word of a person.
pub(super) struct Names<'g>(BTreeSet<&'g str>);

impl<'g> Names<'g> {
    /// Those of qualifications, manager types, priorities and events.
    pub(super) fn of(rules: &'g RuleSet) -> Self {
        let qualifications = rules.qualifications.values().flat_map(|it| {
            [&it.code, &it.libelle, &it.type_gestionnaire, &it.workflow].map(String::as_str)
        });
        let priorites = rules.priorites.keys().map(String::as_str);
        Self(qualifications.chain(priorites).chain(EVENTS).collect())
    }
}

/// Sentences in French on what these rules distinguish and was not tried, or not together.
pub(super) fn untried(all: [&Written; 3], names: &Names<'_>) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    if all.iter().any(|it| it.asks("lien_sowell")) {
        told.push(
            "Les règles lisent le lien vers SoWell (lien_sowell) : un seul lien a été essayé."
                .into(),
        );
    }
    if all.iter().any(|it| reads_years(it)) {
        told.push(
            "Les règles distinguent des années : seules les dates qu'elles nomment et des dates de 2026 ont été essayées."
                .into(),
        );
    }
    for written in all {
        let facets = of(written, names);
        if facets.iter().map(|(count, _)| count).sum::<usize>() > TOGETHER {
            let facets: Vec<String> = facets.into_iter().map(|(_, told)| told).collect();
            let facets = listed(&facets, "et");
            let sentence = format!(
                "Les règles distinguent {facets} : chacune de ces choses a été essayée seule, puis avec une autre, mais pas trois à la fois."
            );
            if !told.contains(&sentence) {
                told.push(sentence);
            }
        }
    }
    told
}

/// What these rules distinguish, each with the number of things that it counts for.
fn of(written: &Written, names: &Names<'_>) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    if written.asks("date_creation") {
        let parts = PARTS_OF_DATES.iter();
        let parts = parts.filter(|(functions, _)| written.calls(functions));
        let dates = moments::names_dates(written).then_some("des dates précises");
        let mut parts: Vec<&str> = parts.map(|(_, told)| *told).chain(dates).collect();
        if parts.is_empty() {
            parts.push("la date");
        }
        found.extend(parts.into_iter().map(|told| (1, told.to_owned())));
    }
    if written.asks("description") {
        found.extend(of_description(written, names));
    }
    let fields = FIELDS.iter().filter(|(field, _)| written.asks(field));
    found.extend(fields.map(|(_, told)| (1, (*told).to_owned())));
    if written.asks("autres") && written.autres.is_empty() {
        found.push((1, "les champs « autres »".to_owned()));
    }
    found.extend(written.autres.iter().map(|it| (1, format!("autres.{it}"))));
    found
}

/// What rules distinguish in descriptions.
fn of_description(written: &Written, names: &Names<'_>) -> Vec<(usize, String)> {
    let is_word = |it: &&String| {
        it.chars().any(char::is_alphabetic)
            && !it.contains('@')
            && !written.reads(it)
            && !written.autres.contains(*it)
            && !DAYS.contains(&it.as_str())
            && !names.0.contains(it.as_str())
    };
    let words: Vec<&String> = written.texts_asked.iter().filter(is_word).collect();
    let mut found = Vec::new();
    match words.as_slice() {
        [] => {}
        [word] => found.push((1, format!("le mot « {word} »"))),
        words if words.len() > MOST_NAMED => {
            let told = "plusieurs mots de la description";
            found.push((words.len(), told.to_owned()));
        }
        words => {
            let quoted = words.iter().map(|it| format!("« {it} »"));
            let words = quoted.collect::<Vec<_>>();
            found.push((words.len(), format!("les mots {}", listed(&words, "et"))));
        }
    }
    if written.calls(&["len", "length"]) {
        found.push((1, "la longueur de la description".to_owned()));
    }
    if written.calls(&["split"]) {
        found.push((1, "les mots de la description un par un".to_owned()));
    }
    if found.is_empty() {
        found.push((1, "la description".to_owned()));
    }
    found
}

/// Whether rules that read dates contain a year.
fn reads_years(written: &Written) -> bool {
    let is_year = |it: i64| (2000..=2100).contains(&it);
    let mut texts = written.texts_asked.iter();
    written.asks("date_creation")
        && (written.numbers.iter().any(|it| is_year(*it))
            || texts.any(|it| {
                it.len() <= 5
                    && it
                        .get(..4)
                        .and_then(|it| it.parse().ok())
                        .is_some_and(is_year)
            }))
}
