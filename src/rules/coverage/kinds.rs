//! Residences and qualifications that the rules cannot distinguish: the result for one of a kind holds for the others.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::biens::{Biens, way};
use crate::domain::referentiel::Residence;
use crate::rules::compile::Qualification;

/// Maximum number of texts that are looked for in names; a landlord's rules have a few.
const MOST_TEXTS: usize = 50;
/// Minimum number of letters and digits of a text that is looked for inside names: a shorter one occurs in too many by
/// chance.
const FEWEST_SIGNS: usize = 3;

/// What rules can distinguish residences by, besides their names: the types of their managers, and which fields are
/// blank.
pub(super) type Kind<'g> = (Vec<(&'g str, [bool; 3])>, [bool; 2]);

pub(super) fn kind(it: &Residence) -> Kind<'_> {
    let managers = it.gestionnaires.iter().map(|(kind, who)| {
        let blank = [&who.identifiant, &who.nom, &who.email].map(String::is_empty);
        (kind, blank)
    });
    let blank = [&it.nom, &it.adresse].map(String::is_empty);
    (managers.collect(), blank)
}

/// Whether a text is long enough to be meant for the names that contain it.
pub(super) fn is_meant_for_names(text: &str) -> bool {
    text.chars().filter(|it| it.is_alphanumeric()).count() >= FEWEST_SIGNS
}

/// The residences by kind, distinguished also by whether they have a bien and, if there are texts, by the relation of
/// their names and of their biens to these texts.
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
    let looks = |it: &'g Residence| match texts {
        [] => &[],
        _ => biens.looks(&it.code),
    };
    grouped(all, texts, |it| (kind(it), has_bien(it)), looks, names)
}

/// The qualifications by kind, distinguished also by the relation of their names to these texts.
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
        |_| (),
        |it| vec![it.code.clone(), it.libelle.clone()],
    );
    let codes = |alike: Vec<&'g Qualification>| alike.iter().map(|it| it.code.as_str()).collect();
    kinds.into_iter().map(codes).collect()
}

/// Groups those that have the same look, the same details and the same relation to each text. The first group of each
/// look comes first, so that each look is tried even if not all groups are.
fn grouped<'g, T, L: Hash + Eq, D: Hash + Eq>(
    all: &[&'g T],
    texts: &[String],
    look: impl Fn(&'g T) -> L,
    details: impl Fn(&'g T) -> D,
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
    texts.retain(|it| is_meant_for_names(it) && part(it));
    // The longer a text, the more likely it was meant for the name that contains it.
    texts.sort_by_key(|it| std::cmp::Reverse(it.len()));
    texts.truncate(MOST_TEXTS);
    let mut kinds: Vec<Vec<&'g T>> = Vec::new();
    let mut known = HashMap::new();
    let mut looks = HashSet::new();
    let mut is_first_of_look = Vec::new();
    for (it, names) in all.iter().zip(&named) {
        let ways: Vec<usize> = texts
            .iter()
            .flat_map(|text| names.iter().map(move |name| way(name, text)))
            .collect();
        let at = *known
            .entry((look(it), details(it), ways))
            .or_insert(kinds.len());
        match kinds.get_mut(at) {
            Some(alike) => alike.push(it),
            None => {
                is_first_of_look.push(looks.insert(look(it)));
                kinds.push(vec![it]);
            }
        }
    }
    let kinds = kinds.into_iter().zip(is_first_of_look);
    let (firsts, others): (Vec<_>, Vec<_>) = kinds.partition(|(_, is_first)| *is_first);
    let kinds = firsts.into_iter().chain(others);
    kinds.map(|(alike, _)| alike).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// The kinds of these names, whose look is their first character.
    fn kinds(names: &[&str], texts: &[&str]) -> Vec<Vec<String>> {
        let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
        let all: Vec<&String> = names.iter().collect();
        let texts: Vec<String> = texts.iter().map(|it| (*it).to_owned()).collect();
        let kinds = grouped(
            &all,
            &texts,
            |it| it.chars().next(),
            |_| (),
            |it| vec![it.clone()],
        );
        let owned = |alike: Vec<&String>| alike.into_iter().cloned().collect();
        kinds.into_iter().map(owned).collect()
    }

    #[rstest]
    #[case(&[], 1)]
    #[case(&["s", "e", "a", ", ", "le", "d'e"], 1)]
    #[case(&["Les"], 2)]
    #[case(&["roses", "lilas"], 3)]
    fn only_a_text_meant_for_a_name_distinguishes_it(
        #[case] texts: &[&str],
        #[case] wanted: usize,
    ) {
        let names = ["r d'été", "r roses", "r les lilas"];
        assert_eq!(kinds(&names, texts).len(), wanted);
    }

    #[test]
    fn the_longest_texts_are_kept() {
        let mut texts: Vec<String> = (100..160).map(|it| it.to_string()).collect();
        let all = format!("x {}", texts.join(" "));
        texts.push("zz-long".into());
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let long = format!("{all} zz-long");
        assert_eq!(kinds(&[&all, &long], &texts).len(), 2);
    }

    #[test]
    fn each_look_comes_once_before_any_is_repeated() {
        let found = kinds(&["a", "a-foo", "a-bar", "b", "b-foo"], &["foo", "bar"]);
        let firsts: Vec<&str> = found.iter().map(|it| it[0].as_str()).collect();
        assert_eq!(firsts, ["a", "b", "a-foo", "a-bar", "b-foo"]);
    }
}
