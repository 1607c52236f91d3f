//! Finds a residence for someone who does not know its code. A landlord may have thousands, so the page never lists
//! them all.

use super::Choice;
use crate::domain::referentiel::Referentiel;
use crate::rules::alike::bare;

/// The most residences, and biens of a residence, that a page proposes.
const FOUND: usize = 20;
const BIENS: usize = 300;
/// Longer texts, in characters, are not searched for.
const SEARCH_CHARS: usize = 100;

/// The residences that a text may mean.
#[derive(Default)]
pub(super) struct Found {
    /// The first ones, sorted by code.
    pub(super) first: Vec<Choice>,
    /// How many more there are.
    pub(super) more: usize,
}

/// The residences whose code, name or address contains every word of the text, whatever its accents and capitals.
pub(super) fn containing(referentiel: &Referentiel, text: &str) -> Found {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|it| bare(it).collect())
        .collect();
    if words.is_empty() || text.chars().count() > SEARCH_CHARS {
        return Found::default();
    }
    let mut found: Vec<_> = referentiel
        .residences()
        .filter(|it| {
            let all: String = bare(&format!("{} {} {}", it.code, it.nom, it.adresse)).collect();
            words.iter().all(|word| all.contains(word))
        })
        .collect();
    found.sort_unstable_by(|a, b| a.code.cmp(&b.code));
    let first = found.iter().take(FOUND).map(|it| Choice {
        code: it.code.clone(),
        label: if it.adresse.is_empty() {
            it.nom.clone()
        } else {
            format!("{}, {}", it.nom, it.adresse)
        },
    });
    Found {
        first: first.collect(),
        more: found.len().saturating_sub(FOUND),
    }
}

/// The first biens of a residence.
pub(super) fn biens_of(referentiel: &Referentiel, residence: &str) -> Vec<Choice> {
    let biens = referentiel.biens().filter(|it| it.residence == residence);
    let biens = biens.take(BIENS).map(|it| Choice {
        code: it.code.to_owned(),
        label: it.libelle.to_owned(),
    });
    biens.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::referentiel::{Gestionnaires, Residence};

    fn referentiel() -> Referentiel {
        let residence = |code: String, nom: &str, adresse: &str| Residence {
            code,
            nom: nom.into(),
            adresse: adresse.into(),
            gestionnaires: Gestionnaires::default(),
            line: 0,
        };
        let mut all: Vec<Residence> = (10..40)
            .map(|number| residence(format!("NA-{number}"), "Les Érables", "Nancy"))
            .collect();
        all.push(residence("MZ-02".into(), "Les Lilas", "7 rue d'Été, Metz"));
        all.push(residence("MZ-01".into(), "Les Tilleuls", ""));
        Referentiel::new(all, [])
    }

    #[test]
    fn a_residence_is_found_by_any_of_its_words() {
        let referentiel = referentiel();
        let codes = |text: &str| -> Vec<String> {
            let found = containing(&referentiel, text);
            found.first.into_iter().map(|it| it.code).collect()
        };
        for text in ["lilas", "LILAS metz", "ete", "mz-02", " d'Été  les "] {
            assert_eq!(codes(text), ["MZ-02"], "{text}");
        }
        assert_eq!(codes("mz"), ["MZ-01", "MZ-02"]);
        for text in ["", "  ", "lilas nancy", &"l".repeat(101)] {
            assert!(codes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn only_the_first_ones_are_proposed() {
        let found = containing(&referentiel(), "erables");
        assert_eq!((found.first.len(), found.more), (20, 10));
        assert_eq!(found.first[0].code, "NA-10");
    }
}
