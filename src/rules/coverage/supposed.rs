//! Managers that only the CRM knows: it is asked before each real decision, but not during a search.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::referentiel::{Gestionnaire, Gestionnaires, Referentiel, Residence};
use crate::rules::compile::Generation;
use crate::rules::connector::Partner;

/// The generation in which each residence without managers is given one of every type that the rules ask for, if the
/// CRM is called and provides the managers: not knowing them yet is not a hole. Managers missing from the CRM are
/// reported once it has been asked.
#[must_use]
pub fn with_managers_of_the_crm<'g>(
    generation: &'g Generation,
    called: &BTreeSet<Partner>,
) -> Cow<'g, Generation> {
    let Generation {
        rules, referentiel, ..
    } = generation;
    let lacks = |it: &Residence| it.gestionnaires.is_empty();
    let asks = called.contains(&Partner::Crm) && rules.asks_the_crm_for_managers();
    if !asks || !referentiel.residences().any(lacks) {
        return Cow::Borrowed(generation);
    }
    let mut supposed = Gestionnaires::default();
    for kind in types(generation) {
        let who = Gestionnaire {
            r#type: kind.clone(),
            identifiant: "(du CRM)".into(),
            nom: "(du CRM)".into(),
            email: "gestionnaire@crm.example".into(),
        };
        supposed.insert(kind.into(), Arc::new(who));
    }
    let residences = referentiel.residences().cloned().map(|it| {
        if lacks(&it) {
            Residence {
                gestionnaires: supposed.clone(),
                ..it
            }
        } else {
            it
        }
    });
    let referentiel = Referentiel::new(residences, referentiel.biens());
    Cow::Owned(generation.with_referentiel(Arc::new(referentiel)))
}

/// The types of manager that the rules ask for, and those that some residence has.
fn types(generation: &Generation) -> BTreeSet<String> {
    let rules = &generation.rules;
    let asked = rules.qualifications.values();
    let asked = asked.map(|it| it.type_gestionnaire.clone());
    let named = rules.scripts.named_managers().into_iter();
    let named = named.map(|it| it.text);
    let written = rules.templates.named_managers().into_iter();
    let written = written.map(|(_, it)| it.text);
    let residences = generation.referentiel.residences();
    let known = residences.flat_map(|it| it.gestionnaires.types());
    let known = known.map(str::to_owned);
    asked.chain(named).chain(written).chain(known).collect()
}
