//! Words that a script, a template or a connector waits for and that no other file knows. Only remarks: a table may be
//! about to follow, and a demande may be older than the last edit.

use super::generation::RuleSet;
use super::vocabulary::{residences, words};
use crate::domain::referentiel::Referentiel;
use crate::rules::compared::Compared;
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
    let Compared { value, word, .. } = it;
    // What an event tells of is known by its own name.
    let alone = value.strip_prefix("evenement.");
    let value = alone.filter(|it| it.contains('.')).unwrap_or(value);
    let whole = |field: &str| {
        Some(format!(
            "« {value} » est un ensemble, jamais un texte : comparez par exemple « {value}.{field} »"
        ))
    };
    let known: Vec<&str> = match value {
        "signalement" | "demande" | "evenement.signalement" | "evenement.demande" => {
            return whole("qualification");
        }
        "residence" | "bien" | "qualification" => return whole("code"),
        "evenement" => return whole("type"),
        "signalement.transmettre_auteur" | "signalement.transmettre_manager" => {
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
        _ => return None,
    };
    // An empty text asks whether there is anything at all.
    if word.is_empty() || known.contains(&word.as_str()) {
        return None;
    }
    let mut known = known;
    known.sort_unstable();
    known.dedup();
    Some(format!(
        "« {word} » n'est pas une valeur connue de « {value} » ; {}",
        suggestion(word, known)
    ))
}

/// The CRM's statuses of which an event can be told.
pub(super) fn statuts(rules: &RuleSet) -> Vec<&str> {
    let statuts = &rules.statuts;
    words(statuts.of_the_crm().into_iter().chain([statuts.first()]))
}
