//! Words that a script, a template or a connector waits for and that no other file knows. Only remarks: a table may be
//! about to follow, and a demande may be older than the last edit.

use super::generation::RuleSet;
use super::vocabulary::{residences, words};
use crate::domain::referentiel::Referentiel;
use crate::rules::compared::{Asked, Compared};
use crate::rules::connector::Connector;
use crate::rules::diagnostic::{Diagnostic, code, suggestion};
use crate::rules::view::OCCASIONS;

/// Notes every comparison that no new signalement and no event of one can make true.
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
    for (code, it) in of_scripts.chain(of_texts.map(|it| (code::TEMPLATE, it))) {
        if let Some(message) = why_never(&it, rules, referentiel) {
            let remark = Diagnostic::at(code, &it.file, it.line, it.column, message);
            faults.push(remark.as_warning());
        }
    }
}

fn why_never(it: &Compared, rules: &RuleSet, referentiel: &Referentiel) -> Option<String> {
    let Compared {
        value, word, asked, ..
    } = it;
    let asked = *asked;
    // What an event tells of is known by its own name.
    let alone = value.strip_prefix("evenement.");
    let value = alone.filter(|it| it.contains('.')).unwrap_or(value);
    let whole = |field: &str| {
        (asked == Asked::Whole).then(|| {
            format!(
                "« {value} » est un ensemble, jamais un texte : comparez par exemple « {value}.{field} »"
            )
        })
    };
    let known: Vec<&str> = match value {
        "signalement" | "demande" | "evenement.signalement" | "evenement.demande" => {
            return whole("qualification");
        }
        "residence" | "bien" | "qualification" => return whole("code"),
        "evenement" => return whole("type"),
        "signalement.transmettre_auteur" | "signalement.transmettre_manager"
            if asked == Asked::Whole =>
        {
            return Some(format!("« {value} » vaut true ou false, sans guillemets"));
        }
        "evenement.type" => OCCASIONS.to_vec(),
        "evenement.statut" | "demande.statut" => statuts(rules),
        "evenement.statut_sowell" => words(rules.statuts.of_sowell()),
        "signalement.priorite" => words(rules.priorites_of_sowell()),
        // Of the CRM, as templates have it.
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
        "signalement.bien" | "bien.code" => referentiel.biens().map(|it| it.code).collect(),
        _ => return None,
    };
    // An empty text asks whether there is anything at all.
    if word.is_empty() || known.is_empty() || known.iter().any(|it| asked.holds(it, word)) {
        return None;
    }
    let mut known = known;
    known.sort_unstable();
    known.dedup();
    let (does, near) = match asked {
        Asked::Whole => {
            return Some(format!(
                "« {word} » n'est pas une valeur connue de « {value} » ; {}",
                suggestion(word, known)
            ));
        }
        Asked::Beginning => ("ne commence par", near_part(&known, word, true)),
        Asked::End => ("ne finit par", near_part(&known, word, false)),
        Asked::Part => ("ne contient", None),
    };
    let near = match near {
        Some(near) => format!("vouliez-vous dire « {near} » ?"),
        None => suggestion(word, known),
    };
    Some(format!(
        "aucune valeur connue de « {value} » {does} « {word} » ; {near}"
    ))
}

/// The shortest word of which one letter may be wrong.
const SHORTEST: usize = 3;

/// What a known value begins or ends with, where one letter of a word is wrong.
fn near_part<'k>(known: &[&'k str], word: &str, at_the_beginning: bool) -> Option<&'k str> {
    let length = word.chars().count();
    let part = |it: &'k str| {
        let signs: Vec<usize> = it.char_indices().map(|(at, _)| at).collect();
        if at_the_beginning {
            signs.get(length).map_or(it, |at| &it[..*at])
        } else {
            let from = signs.len().saturating_sub(length);
            signs.get(from).map_or(it, |at| &it[*at..])
        }
    };
    let is_near = |it: &&str| {
        let wrong = it.chars().zip(word.chars()).filter(|(a, b)| a != b);
        it.chars().count() == length && wrong.count() == 1
    };
    let mut parts = known.iter().map(|it| part(it));
    parts.find(is_near).filter(|_| length >= SHORTEST)
}

/// The CRM's statuses of which an event can be told.
pub(super) fn statuts(rules: &RuleSet) -> Vec<&str> {
    let statuts = &rules.statuts;
    words(statuts.of_the_crm().into_iter().chain([statuts.first()]))
}
