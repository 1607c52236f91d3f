//! The biens that represent all those of a residence: rules can distinguish biens by comparing their codes with texts
//! in the scripts.

use std::collections::{HashMap, HashSet};

use crate::domain::referentiel::Referentiel;

/// Maximum number of texts that are compared with biens; a landlord's scripts have a few.
const MOST_TEXTS: usize = 50;
/// Maximum number of biens of a residence that are tried, besides the first.
const MOST_OTHERS: usize = 8;

/// The relations between a text and a code: equal, at its end, at its beginning, inside it, or none.
const WAYS: usize = 5;

/// The biens to try, by residence.
pub(super) struct Biens<'g>(HashMap<&'g str, Vec<&'g str>>);

impl<'g> Biens<'g> {
    /// The first bien of each residence that has one, and the first that each text distinguishes from those.
    pub(super) fn of(referentiel: &'g Referentiel, texts: &[String]) -> Self {
        // They are sorted by code.
        let mut all: HashMap<&str, Vec<&str>> = HashMap::new();
        for bien in referentiel.biens() {
            all.entry(bien.residence).or_default().push(bien.code);
        }
        let texts = parts_of_codes(referentiel, texts);
        for codes in all.values_mut() {
            *codes = told_apart(codes, &texts);
        }
        Self(all)
    }

    /// The biens of one residence.
    pub(super) fn of_residence(&self, code: &str) -> &[&'g str] {
        self.0.get(code).map_or(&[], Vec::as_slice)
    }
}

/// The texts that are part of some bien's code, in lower case.
fn parts_of_codes(referentiel: &Referentiel, texts: &[String]) -> Vec<String> {
    let mut left: Vec<String> = texts.iter().map(|it| it.to_lowercase()).collect();
    left.sort_unstable();
    left.dedup();
    // Most texts in scripts are sentences, and there are many codes.
    let (longest, signs) = extent_of_codes(referentiel);
    left.retain(|it| {
        !it.is_empty() && it.len() <= longest && it.chars().all(|it| signs.contains(&it))
    });
    let mut parts = Vec::new();
    for bien in referentiel.biens() {
        if left.is_empty() || parts.len() >= MOST_TEXTS {
            break;
        }
        let code = bien.code.to_lowercase();
        parts.extend(left.extract_if(.., |it| code.contains(it.as_str())));
    }
    parts.truncate(MOST_TEXTS);
    parts
}

/// The maximum length of bien codes, in bytes, and the characters in them, all in lower case.
fn extent_of_codes(referentiel: &Referentiel) -> (usize, HashSet<char>) {
    let mut longest = 0;
    let mut signs = HashSet::new();
    for bien in referentiel.biens() {
        let code = bien.code.to_lowercase();
        longest = longest.max(code.len());
        signs.extend(code.chars());
    }
    (longest, signs)
}

/// The first of these codes, and each first one with a new relation to one of the texts.
fn told_apart<'g>(codes: &[&'g str], texts: &[String]) -> Vec<&'g str> {
    let mut seen = vec![[false; WAYS]; texts.len()];
    let mut found = Vec::new();
    for code in codes {
        let lower = code.to_lowercase();
        let mut apart = found.is_empty();
        for (text, seen) in texts.iter().zip(&mut seen) {
            let way = way(&lower, text);
            apart |= !std::mem::replace(&mut seen[way], true);
        }
        if apart {
            found.push(*code);
        }
        if found.len() > MOST_OTHERS {
            break;
        }
    }
    found
}

pub(super) fn way(code: &str, text: &str) -> usize {
    if code == text {
        0
    } else if code.ends_with(text) {
        1
    } else if code.starts_with(text) {
        2
    } else if code.contains(text) {
        3
    } else {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::referentiel::Bien;
    use rstest::rstest;

    #[rstest]
    #[case(&[], &["R-1"])]
    #[case(&["gardien", "R-9"], &["R-1"])]
    #[case(&["-PKG"], &["R-1", "R-3-PKG", "R-4-PKG-B"])]
    #[case(&["-pkg-b"], &["R-1", "R-4-PKG-B"])]
    #[case(&["R-2", "R-2"], &["R-1", "R-2"])]
    #[case(&["PKG"], &["R-1", "R-3-PKG", "R-4-PKG-B"])]
    #[case(&["R-"], &["R-1"])]
    #[case(&["R-1"], &["R-1", "R-2"])]
    #[case(&["R-4-PKG-B"], &["R-1", "R-4-PKG-B"])]
    #[case(&["r-4-pkg-b-r", "le gardien", "é"], &["R-1"])]
    fn the_biens_that_a_text_distinguishes_are_tried(
        #[case] texts: &[&str],
        #[case] wanted: &[&str],
    ) {
        let codes = ["R-1", "R-2", "R-3-PKG", "R-4-PKG-B", "R-5-PKG"];
        let biens = codes.map(|code| Bien {
            code,
            residence: "R",
            libelle: "x",
            line: 0,
        });
        let referentiel = Referentiel::new([], biens);
        let texts: Vec<String> = texts.iter().map(|it| (*it).to_owned()).collect();
        let found = Biens::of(&referentiel, &texts);
        assert_eq!(found.of_residence("R"), wanted);
        assert!(found.of_residence("S").is_empty());
    }
}
