//! The things that rules distinguish in a signalement, counted one by one: an hour and a day of the week are two, and so
//! are two words. What rules do only if three of them coincide was not tried.

use std::collections::BTreeSet;

use super::moments::{self, HOUR_IN_TEXT, MONTH_IN_TEXT, OF_WEEKDAYS, listed};
use super::pairs::{self, OF_LENGTHS};
use crate::rules::calendar::{DAYS, HEURE_DE, MOIS_DE};
use crate::rules::compile::RuleSet;
use crate::rules::view::OCCASIONS;
use crate::rules::written::{Origin, Written};

/// The field with the date.
const DATE: &str = "date_creation";
/// The field with what the author wrote.
const DESCRIPTION: &str = "description";
/// Number of things that are tried together.
const TOGETHER: usize = 2;
/// Maximum number of words that are named in a sentence.
const MOST_NAMED: usize = 3;
/// A part of a date that rules can distinguish.
struct PartOfDate {
    /// The functions that return it.
    functions: &'static [&'static str],
    /// Its position and its length in the text of a date, if it is a part of that.
    in_text: Option<(i64, i64)>,
    /// Its name in French.
    told: &'static str,
}

const PARTS_OF_DATES: [PartOfDate; 3] = [
    PartOfDate {
        functions: &[HEURE_DE],
        in_text: Some(HOUR_IN_TEXT),
        told: "l'heure",
    },
    PartOfDate {
        functions: &OF_WEEKDAYS,
        in_text: None,
        told: "le jour",
    },
    PartOfDate {
        functions: &[MOIS_DE],
        in_text: Some(MONTH_IN_TEXT),
        told: "le mois",
    },
];
/// The other fields that are varied beside others.
const FIELDS: [&str; 3] = ["photos", "auteur", "email_auteur"];
/// The functions that return a part of a text.
const CUTTING: [&str; 2] = ["sub_string", "split"];

/// The names that rules define: a text equal to one of them is not a word of a person.
pub(super) struct Names<'g>(BTreeSet<&'g str>);

impl<'g> Names<'g> {
    /// Those of qualifications, manager types, priorities and events.
    pub(super) fn of(rules: &'g RuleSet) -> Self {
        let qualifications = rules.qualifications.values().flat_map(|it| {
            [&it.code, &it.libelle, &it.type_gestionnaire, &it.workflow].map(String::as_str)
        });
        let priorites = rules.priorites.keys().map(String::as_str);
        Self(qualifications.chain(priorites).chain(OCCASIONS).collect())
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
                "Les règles distinguent {facets} : trois à la fois n'ont pas été essayées."
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
    if written.asks(DATE) {
        let mut parts = parts_of_dates(written);
        parts.extend(moments::names_dates(written).then_some("des dates précises"));
        if parts.is_empty() {
            parts.push("la date");
        }
        found.extend(parts.into_iter().map(|told| (1, told.to_owned())));
    }
    if written.asks(DESCRIPTION) {
        found.extend(of_description(written, names));
    }
    let fields = FIELDS.iter().filter(|it| written.asks(it));
    found.extend(fields.map(|it| (1, pairs::called(it))));
    if written.asks("bien") {
        found.push((1, "le bien".to_owned()));
    }
    if written.asks("autres") && written.autres.is_empty() {
        found.push((1, "les champs « autres »".to_owned()));
    }
    found.extend(written.autres.iter().map(|it| (1, format!("autres.{it}"))));
    found
}

/// The parts of a date that these rules distinguish.
fn parts_of_dates(written: &Written) -> Vec<&'static str> {
    let cuts_text = written.applies(&["sub_string"], DATE);
    let is_cut = |part: &(i64, i64)| cuts_text && written.cuts.contains(part);
    let parts = PARTS_OF_DATES.iter().filter(|it| {
        written.applies(it.functions, DATE) || it.in_text.as_ref().is_some_and(is_cut)
    });
    let is_known = [HOUR_IN_TEXT, MONTH_IN_TEXT].iter().any(is_cut);
    let other = (cuts_text && !is_known).then_some("une partie du texte de la date");
    parts.map(|it| it.told).chain(other).collect()
}

/// Whether rules that read descriptions distinguish their length.
fn asks_length(written: &Written) -> bool {
    written.asks(DESCRIPTION) && written.applies(&OF_LENGTHS, DESCRIPTION)
}

/// Whether rules compare a text with values of other fields than the description, and with nothing else.
fn is_compared_with_others_only(written: &Written, text: &str) -> bool {
    let is_other = |origin: &Origin| matches!(origin, Origin::Field(name) if name != DESCRIPTION);
    let mut origins = written.origins_of(text).peekable();
    origins.peek().is_some() && origins.all(is_other)
}

/// The texts that rules may look for in descriptions.
fn words<'w>(written: &'w Written, names: &Names<'_>) -> Vec<&'w String> {
    let is_word = |it: &&String| {
        it.chars().any(char::is_alphabetic)
            && !it.contains('@')
            && !written.reads(it)
            && !written.autres.contains(*it)
            && !DAYS.contains(&it.as_str())
            && !names.0.contains(it.as_str())
            && !is_compared_with_others_only(written, it)
    };
    written.texts_asked.iter().filter(is_word).collect()
}

/// What rules distinguish in descriptions.
fn of_description(written: &Written, names: &Names<'_>) -> Vec<(usize, String)> {
    let words = words(written, names);
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
    if asks_length(written) {
        found.push((1, "la longueur de la description".to_owned()));
    }
    if written.applies(&["split"], DESCRIPTION) {
        found.push((1, "les mots de la description un par un".to_owned()));
    }
    if found.is_empty() {
        found.push((1, "la description".to_owned()));
    }
    found
}

/// Whether rules compare a part of a date with a year.
fn reads_years(written: &Written) -> bool {
    let is_year = |it: &str| it.parse().is_ok_and(|it| (2000..=2100).contains(&it));
    let begins = |it: &str| it.len() <= 5 && it.get(..4).is_some_and(is_year);
    let mut compared = written.compared.iter();
    written.asks(DATE)
        && compared.any(|(constant, origin)| {
            let of_date = match origin {
                Origin::Field(name) => name == DATE,
                Origin::Constant => false,
                Origin::Unknown => written.applies(&CUTTING, DATE),
            };
            of_date && begins(constant)
        })
}
