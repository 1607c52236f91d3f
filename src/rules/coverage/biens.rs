//! The biens that represent all those of a residence: rules can distinguish biens by comparing their codes with texts
//! in the scripts.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::kinds::is_meant_for_names;
use crate::domain::referentiel::Referentiel;

/// Maximum number of texts that are compared with biens; a landlord's scripts have a few.
const MOST_TEXTS: usize = 50;
/// Maximum number of biens of a residence that are tried, besides the first.
const MOST_OTHERS: usize = 8;

/// The relations between a text and a code: equal, at its end, at its beginning, inside it, or none.
const WAYS: usize = 5;
/// The first of them.
const SAME: usize = 0;
/// The last of them.
const NO_WAY: usize = WAYS - 1;

/// The biens to try, by residence.
pub(super) struct Biens<'g> {
    all: HashMap<&'g str, Vec<&'g str>>,
    varied: HashMap<&'g str, Vec<&'g str>>,
    /// What distinguishes each of the varied ones.
    looks: HashMap<&'g str, Vec<Look>>,
    left_out: bool,
}

/// The texts that a bien's code is related to, each with the relation.
pub(super) type Look = Vec<(usize, usize)>;

impl<'g> Biens<'g> {
    /// The first bien of each residence that has one, and the first that each text distinguishes from those. `named`
    /// are the texts that the rules compare with biens; `None` if they do not distinguish biens.
    pub(super) fn of(
        referentiel: &'g Referentiel,
        texts: &[String],
        named: Option<&BTreeSet<String>>,
    ) -> Self {
        // They are sorted by code.
        let mut all: HashMap<&str, Vec<&str>> = HashMap::new();
        for bien in referentiel.biens() {
            all.entry(bien.residence).or_default().push(bien.code);
        }
        let texts = parts_of_codes(referentiel, texts);
        let lower = |it: &BTreeSet<String>| it.iter().map(|it| it.to_lowercase()).collect();
        let named: Option<BTreeSet<String>> = named.map(lower);
        let is_meant = |it: &&String| {
            let named = named.as_ref();
            named.is_some_and(|named| named.contains(*it) || is_meant_for_names(it))
        };
        let meant: Vec<String> = texts.iter().filter(is_meant).cloned().collect();
        let (mut varied, mut looks) = (HashMap::new(), HashMap::new());
        let mut left_out = false;
        for (residence, codes) in &mut all {
            let (some, is_cut) = told_apart(codes, &meant);
            left_out |= is_cut;
            looks.insert(*residence, looks_of(residence, &some, &meant));
            varied.insert(*residence, some);
            *codes = told_apart(codes, &texts).0;
        }
        Self {
            all,
            varied,
            looks,
            left_out,
        }
    }

    /// The biens of one residence.
    pub(super) fn of_residence(&self, code: &str) -> &[&'g str] {
        self.all.get(code).map_or(&[], Vec::as_slice)
    }

    /// Those of one residence to combine with variations: the first, and those that a text meant for names
    /// distinguishes from it.
    pub(super) fn varied(&self, code: &str) -> &[&'g str] {
        self.varied.get(code).map_or(&[], Vec::as_slice)
    }

    /// What distinguishes each of [`Self::varied`]: residences for which it is equal have equivalent biens.
    pub(super) fn looks(&self, code: &str) -> &[Look] {
        self.looks.get(code).map_or(&[], Vec::as_slice)
    }

    /// Whether a text is the code of this bien, which is one of [`Self::varied`].
    pub(super) fn names(&self, residence: &str, code: &str) -> bool {
        let codes = self.varied(residence).iter().zip(self.looks(residence));
        let mut looks = codes.filter(|(it, _)| **it == code).map(|(_, look)| look);
        looks.any(|it| it.iter().any(|(_, way)| *way == SAME))
    }

    /// Whether a text distinguishes a bien from the others.
    pub(super) fn are_distinguished(&self) -> bool {
        let mut looks = self.looks.values().flatten();
        looks.any(|it| !it.is_empty())
    }

    /// A sentence in French if a residence has more distinguished biens than are tried.
    pub(super) fn left_out(&self) -> Option<String> {
        let most = MOST_OTHERS + 1;
        self.left_out.then(|| {
            format!("Les règles distinguent plus de {most} biens d'une même résidence : seuls les {most} premiers ont été essayés.")
        })
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

/// The relations of these biens of a residence to the texts. A text in the residence's own code distinguishes none.
fn looks_of(residence: &str, codes: &[&str], texts: &[String]) -> Vec<Look> {
    let residence = residence.to_lowercase();
    let of = |code: &&str| {
        let code = code.to_lowercase();
        let ways = texts.iter().enumerate();
        let ways = ways.filter(|(_, text)| !residence.contains(text.as_str()));
        let ways = ways.map(|(at, text)| (at, way(&code, text)));
        ways.filter(|(_, way)| *way < NO_WAY).collect()
    };
    codes.iter().map(of).collect()
}

/// The first of these codes, and each first one with a new relation to one of the texts; and whether there are more of
/// them than are tried.
fn told_apart<'g>(codes: &[&'g str], texts: &[String]) -> (Vec<&'g str>, bool) {
    let mut seen = vec![[false; WAYS]; texts.len()];
    let mut found = Vec::new();
    for code in codes {
        let lower = code.to_lowercase();
        let mut apart = found.is_empty();
        for (text, seen) in texts.iter().zip(&mut seen) {
            let way = way(&lower, text);
            apart |= !std::mem::replace(&mut seen[way], true);
        }
        if apart && found.len() > MOST_OTHERS {
            return (found, true);
        }
        if apart {
            found.push(*code);
        }
    }
    (found, false)
}

pub(super) fn way(code: &str, text: &str) -> usize {
    if code == text {
        SAME
    } else if code.ends_with(text) {
        1
    } else if code.starts_with(text) {
        2
    } else if code.contains(text) {
        3
    } else {
        NO_WAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::referentiel::Bien;
    use rstest::rstest;

    fn bien<'a>(code: &'a str, residence: &'a str) -> Bien<'a> {
        Bien {
            code,
            residence,
            libelle: "x",
            line: 0,
        }
    }

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
        let biens = codes.map(|code| bien(code, "R"));
        let referentiel = Referentiel::new([], biens);
        let texts: Vec<String> = texts.iter().map(|it| (*it).to_owned()).collect();
        let found = Biens::of(&referentiel, &texts, None);
        assert_eq!(found.of_residence("R"), wanted);
        assert!(found.of_residence("S").is_empty());
    }

    #[rstest]
    // A text of two letters is only meant for biens if it is compared with them.
    #[case(&["-A"], &[], &["R-1-A"], &["Q-1-B"])]
    #[case(&["-A"], &["-A"], &["R-1-A", "R-2-B"], &["Q-1-B"])]
    #[case(&["CHF"], &[], &["R-1-A", "R-3-CHF"], &["Q-1-B"])]
    fn only_biens_meant_by_a_text_are_varied(
        #[case] texts: &[&str],
        #[case] named: &[&str],
        #[case] of_r: &[&str],
        #[case] of_q: &[&str],
    ) {
        let of = |residence| move |code| bien(code, residence);
        let biens = ["R-1-A", "R-2-B", "R-3-CHF"].map(of("R"));
        let biens = biens.into_iter().chain(["Q-1-B"].map(of("Q")));
        let referentiel = Referentiel::new([], biens);
        let owned = |it: &[&str]| -> Vec<String> { it.iter().map(|it| (*it).to_owned()).collect() };
        let named = owned(named).into_iter().collect();
        let found = Biens::of(&referentiel, &owned(texts), Some(&named));
        assert_eq!(found.varied("R"), of_r);
        assert_eq!(found.varied("Q"), of_q);
        assert_eq!(found.are_distinguished(), of_r.len() > 1);
        assert!(found.looks("Q").iter().all(Vec::is_empty));
    }

    #[test]
    fn too_many_named_biens_are_reported() {
        let codes: Vec<String> = (10..30).map(|it| format!("R-{it}")).collect();
        let biens = codes.iter().map(|code| bien(code, "R"));
        let referentiel = Referentiel::new([], biens);
        let found = |count: usize| Biens::of(&referentiel, &codes[..count], Some(&BTreeSet::new()));
        assert_eq!(found(9).left_out(), None);
        assert!(found(10).left_out().is_some());
    }
}
