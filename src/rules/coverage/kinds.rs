//! Residences and qualifications that rules cannot tell apart: what one of a kind comes to, each of the others does.

use std::collections::HashMap;
use std::hash::Hash;

use super::biens::{Biens, way};
use crate::domain::referentiel::Residence;
use crate::rules::compile::Qualification;

/// Texts that names are looked through for; a landlord's rules have a few.
const MOST_TEXTS: usize = 50;

/// What rules can tell residences apart by, but for their names: the types of which they have a
/// manager, and what is left blank.
pub(super) type Kind<'g> = (Vec<(&'g str, [bool; 3])>, [bool; 2]);

pub(super) fn kind(it: &Residence) -> Kind<'_> {
    let managers = it.gestionnaires.iter().map(|(kind, who)| {
        let blank = [&who.identifiant, &who.nom, &who.email].map(String::is_empty);
        (kind, blank)
    });
    let blank = [&it.nom, &it.adresse].map(String::is_empty);
    (managers.collect(), blank)
}

/// The residences by kind, with whether they have a bien and what these texts make of their names.
pub(super) fn of_residences<'g>(
    all: &[&'g Residence],
    biens: &Biens<'_>,
    texts: &[String],
) -> Vec<Vec<&'g Residence>> {
    let has_bien = |it: &Residence| !biens.of_residence(&it.code).is_empty();
    let names = |it: &Residence| {
        let managers = it.gestionnaires.iter();
        let managers = managers.flat_map(|(_, who)| [who.identifiant.clone(), who.nom.clone()]);
        let own = [it.code.clone(), it.nom.clone(), it.adresse.clone()];
        own.into_iter().chain(managers).collect()
    };
    grouped(all, texts, |it| (kind(it), has_bien(it)), names)
}

/// The qualifications by kind, with what these texts make of their names.
pub(super) fn of_qualifications<'g>(
    all: &[&'g str],
    known: &'g HashMap<String, Qualification>,
    texts: &[String],
) -> Vec<Vec<&'g str>> {
    let all: Vec<&'g Qualification> = all.iter().filter_map(|code| known.get(*code)).collect();
    let kinds = grouped(
        &all,
        texts,
        |it| (it.type_gestionnaire.as_str(), it.workflow.as_str()),
        |it| vec![it.code.clone(), it.libelle.clone()],
    );
    let codes = |alike: Vec<&'g Qualification>| alike.iter().map(|it| it.code.as_str()).collect();
    kinds.into_iter().map(codes).collect()
}

/// Those that have the same look, and for which each text is the same of each name, in the order in which they come.
fn grouped<'g, T, L: Hash + Eq>(
    all: &[&'g T],
    texts: &[String],
    look: impl Fn(&'g T) -> L,
    names: impl Fn(&'g T) -> Vec<String>,
) -> Vec<Vec<&'g T>> {
    let named: Vec<Vec<String>> = all
        .iter()
        .map(|it| names(it).iter().map(|name| name.to_lowercase()).collect())
        .collect();
    let part = |text: &String| named.iter().flatten().any(|name| name.contains(text));
    let mut texts: Vec<String> = texts.iter().map(|it| it.to_lowercase()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts.retain(|it| !it.is_empty() && part(it));
    texts.truncate(MOST_TEXTS);
    let mut kinds: Vec<Vec<&'g T>> = Vec::new();
    let mut known = HashMap::new();
    for (it, names) in all.iter().zip(&named) {
        let ways: Vec<usize> = texts
            .iter()
            .flat_map(|text| names.iter().map(move |name| way(name, text)))
            .collect();
        let at = *known.entry((look(it), ways)).or_insert(kinds.len());
        match kinds.get_mut(at) {
            Some(alike) => alike.push(it),
            None => kinds.push(vec![it]),
        }
    }
    kinds
}
