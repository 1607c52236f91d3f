//! Statuses that are held because the rules do not translate them, by cause.

use crate::adapters::explanation::sent::{field_of_the_crm, remedy_of_lacking};
use crate::domain::ports::HeldCount;
use crate::rules::compile::{RuleSet, Target};

/// The alarms about the statuses held for a destination of this name. With the rules in force, a status is held
/// because the table lacks a line for it or for its value, or because the CRM did not send the field that decides.
pub(super) fn alarms(name: &str, held: &[HeldCount], rules: &RuleSet) -> Vec<String> {
    let mut untranslated = Vec::new();
    let mut lacking: Vec<(&str, Vec<String>)> = Vec::new();
    for it in held {
        let (field, without) = without_field(it, rules);
        let shown = |count: i64| format!("« {} » ({count})", it.statut);
        if without < it.count {
            untranslated.push(shown(it.count - without));
        }
        if without == 0 {
            continue;
        }
        match lacking.iter_mut().find(|(known, _)| *known == field) {
            Some((_, statuts)) => statuts.push(shown(without)),
            None => lacking.push((field, vec![shown(without)])),
        }
    }
    let mut alarms = Vec::new();
    if !untranslated.is_empty() {
        alarms.push(format!(
            "{name} : des statuts attendent, car statuts.yaml n'a pas de ligne pour eux, ou pour leur résultat : {}.",
            untranslated.join(", ")
        ));
    }
    alarms.extend(lacking.into_iter().map(|(field, statuts)| {
        format!(
            "{name} : des statuts attendent, car le CRM n'a pas donné {}, dont dépend ce que SoWell affiche : {}. Pour chacun, {}.",
            field_of_the_crm(field),
            statuts.join(", "),
            remedy_of_lacking(field)
        )
    }));
    alarms
}

/// The field on which the translation of a status depends, and the number of its events that lack it.
fn without_field<'r>(it: &HeldCount, rules: &'r RuleSet) -> (&'r str, i64) {
    let own = rules.statuts.table.get(&it.statut);
    match own.map(|it| &it.target) {
        Some(Target::Selon { field, .. }) => match field.as_str() {
            "resultat" => (field.as_str(), it.without_resultat),
            "commentaire" => (field.as_str(), it.without_commentaire),
            _ => (field.as_str(), 0),
        },
        Some(Target::Fixed(_)) | None => ("", 0),
    }
}
