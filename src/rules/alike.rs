//! Near-identical words, and suggestions for a mistyped code.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::rules::diagnostic::nearest;

/// Minimum word length at which one different letter counts as a typo.
const LONG: usize = 6;

/// The letters of a word, in lower case and without accents.
pub fn bare(word: &str) -> impl Iterator<Item = char> {
    let letters = word.nfd().filter(|it| !is_combining_mark(*it));
    letters.flat_map(char::to_lowercase)
}

/// The word in lower case, without accents and spaces.
#[must_use]
pub fn plain(word: &str) -> String {
    bare(word).filter(|it| !it.is_whitespace()).collect()
}

/// The words of one column, in the order of the file.
#[derive(Default)]
pub struct Column<'w> {
    /// Each word with its line, under its [`plain`] form.
    seen: HashMap<String, (&'w str, u32)>,
}

impl<'w> Column<'w> {
    /// A message if the word is near-identical to an earlier one. `same` completes the question whether both are the
    /// same thing, as in « le même statut ».
    pub fn twin(&mut self, word: &'w str, line: u32, same: &str) -> Option<String> {
        match self.seen.entry(plain(word)) {
            Entry::Vacant(first) => {
                first.insert((word, line));
                None
            }
            Entry::Occupied(first) => {
                let (twin, line) = first.get();
                Some(format!(
                    "« {word} » et « {twin} » (ligne {line}) ne diffèrent que par une majuscule, un accent ou une espace : est-ce {same} ?"
                ))
            }
        }
    }
}

/// A word prepared for the comparison: in lower case and without accents.
#[derive(PartialEq, Eq)]
pub struct Letters(Vec<char>);

impl Letters {
    /// Prepares a word.
    #[must_use]
    pub fn of(word: &str) -> Self {
        Self(bare(word).collect())
    }

    /// The prepared characters, which need not all be letters.
    #[must_use]
    pub fn as_slice(&self) -> &[char] {
        &self.0
    }

    /// The slip that turns one word into the other; `None` if they are the same or differ by more.
    #[must_use]
    pub fn slip<'w>(&'w self, other: &'w Self) -> Option<Slip<'w>> {
        let (one, other) = (self.as_slice(), other.as_slice());
        // The cheap test of the lengths rules out most pairs.
        if one.len().abs_diff(other.len()) > 1 {
            return None;
        }
        let same = one.iter().zip(other);
        let at = same.take_while(|(one, other)| one == other).count();
        let kind = match (&one[at..], &other[at..]) {
            ([_, one @ ..], [_, other @ ..]) if one == other => SlipKind::Replaced,
            ([a, b, one @ ..], [c, d, other @ ..]) if (a, b, one) == (d, c, other) => {
                SlipKind::Swapped
            }
            ([_, long @ ..], short) | (short, [_, long @ ..]) if long == short => SlipKind::Added,
            _ => return None,
        };
        let words = [one.split_at(at), other.split_at(at)];
        Some(Slip { kind, words })
    }

    /// Whether the words differ by one slip inside a long word. A difference at the beginning makes a different word;
    /// one at the end, a different gender or number.
    #[must_use]
    pub fn differ_by_a_slip(&self, other: &Self) -> bool {
        self.slip(other).is_some_and(|slip| {
            let around = slip.letters_around();
            let is_inside = |(before, after): &(usize, usize)| *before > 0 && *after > 1;
            let is_long = |(before, after): &(usize, usize)| before + after >= LONG;
            around.iter().all(is_inside) && around.iter().any(is_long)
        })
    }
}

/// The only difference between two words: one character, or two neighbours. Whether it is a typo depends on the column:
/// the callers differ in that.
pub struct Slip<'w> {
    /// How the words differ.
    pub kind: SlipKind,
    /// Each word, split where the difference begins.
    words: [(&'w [char], &'w [char]); 2],
}

/// How two words differ by a slip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlipKind {
    /// One of the words has one more character.
    Added,
    /// A different character in the same place.
    Replaced,
    /// Two neighbours in each other's place.
    Swapped,
}

impl Slip<'_> {
    /// In each word, the number of letters in a row just before the difference, and from its beginning on.
    #[must_use]
    pub fn letters_around(&self) -> [(usize, usize); 2] {
        let of_word = |it: &&char| it.is_alphabetic();
        self.words.map(|(before, after)| {
            let before = before.iter().rev().take_while(of_word).count();
            (before, after.iter().take_while(of_word).count())
        })
    }

    /// Whether one of the words has a digit where the difference begins.
    #[must_use]
    pub fn is_at_a_digit(&self) -> bool {
        let first = |it: &(&[char], &[char])| it.1.first().copied();
        let mut firsts = self.words.iter().filter_map(first);
        firsts.any(char::is_numeric)
    }
}

/// The known code that was probably meant: one that looks the same, then a longer code that begins with it if there is
/// only one, otherwise a near one with the same numbers. Excel removes the leading zeros of numbers.
#[must_use]
pub fn nearest_code<'k>(code: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let own = looks(code);
    let known: Vec<&str> = known.into_iter().collect();
    let same = known.iter().copied().filter(|it| looks(it) == own);
    let same = same.min_by_key(|it| (strsim::damerau_levenshtein(code, it), *it));
    if same.is_some() {
        return same;
    }
    let own = unpadded(code);
    let mut same = known.iter().copied().filter(|it| unpadded(it) == own);
    if let (Some(only), None) = (same.next(), same.next()) {
        return Some(only);
    }
    // A longer code that begins with it: « RS-METZ » for « RS-METZ-NORD ».
    let mut longer = known.iter().copied().filter(|it| {
        let rest = it.strip_prefix(code).and_then(|it| it.strip_prefix('-'));
        code.contains('-') && rest.is_some_and(|it| it.chars().all(char::is_alphabetic))
    });
    if let (Some(only), None) = (longer.next(), longer.next()) {
        return Some(only);
    }
    let own = numbers(code);
    let near = |it: &&str| digits(it).eq(digits(code)) || numbers(it) == own;
    nearest(code, known.into_iter().filter(near))
}

/// A cheaper [`nearest_code`] for very many codes: only codes of about the same length with the same digits are
/// considered.
#[must_use]
pub fn nearest_of_many<'k>(code: &str, known: &[&'k str]) -> Option<&'k str> {
    let length = code.chars().count();
    let as_long = |it: &&str| it.chars().count().abs_diff(length) <= 1;
    let alike = known.iter().copied().filter(as_long);
    nearest(code, alike.filter(|it| digits(it).eq(digits(code))))
}

fn digits(code: &str) -> impl Iterator<Item = char> {
    code.chars().filter(char::is_ascii_digit)
}

/// The numbers in a code, without leading zeros.
fn numbers(code: &str) -> Vec<&str> {
    let runs = code.split(|it: char| !it.is_ascii_digit());
    runs.filter(|it| !it.is_empty())
        .map(|it| it.trim_start_matches('0'))
        .collect()
}

/// The letters and the numbers of a code, the numbers without leading zeros.
fn unpadded(code: &str) -> (String, Vec<&str>) {
    let letters = bare(code).filter(|it| it.is_alphabetic()).collect();
    (letters, numbers(code))
}

/// The letters and digits of a code, with those that look alike replaced by the same one.
fn looks(code: &str) -> String {
    let signs = bare(code).filter(|it| it.is_alphanumeric());
    let signs = signs.map(|it| match it {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    });
    signs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("En cours de traitment", "En cours de traitement", true)]
    #[case("INTERVENTON", "INTERVENTION", true)]
    #[case("INTREVENTION", "INTERVENTION", true)]
    #[case("INTARVENTION", "INTERVENTION", true)]
    #[case("Clôturé", "Clôturée", false)]
    #[case("Demandes closes", "Demande closes", false)]
    #[case("OUVERTURE", "COUVERTURE", false)]
    #[case("PLOMBERIE A", "PLOMBERIE B", false)]
    #[case("TRAVAUX_1", "TRAVAUX_2", false)]
    #[case("Porte", "Poste", false)]
    #[case("INTERVENTION", "INTERVENTION", false)]
    #[case("EXTERNE", "INTERNE", false)]
    fn a_typo_is_distinguished_from_a_different_word(
        #[case] one: &str,
        #[case] other: &str,
        #[case] wanted: bool,
    ) {
        let [one, other] = [one, other].map(Letters::of);
        assert_eq!(one.differ_by_a_slip(&other), wanted);
        assert_eq!(other.differ_by_a_slip(&one), wanted);
    }

    #[rstest]
    #[case("MZ-O2", Some("MZ-02"))]
    #[case("mz02", Some("MZ-02"))]
    #[case("MS-02", Some("MZ-02"))]
    #[case("MZ-2", Some("MZ-02"))]
    #[case("MZ-002", Some("MZ-02"))]
    #[case("MZ 2", Some("MZ-02"))]
    #[case("MZ-09", None)]
    #[case("MZ-20", None)]
    #[case("MZ-0", None)]
    #[case("X", None)]
    fn the_suggested_code_has_the_same_digits(#[case] code: &str, #[case] meant: Option<&str>) {
        assert_eq!(nearest_code(code, ["MZ-01", "MZ-02"]), meant);
    }

    #[rstest]
    #[case("MZ-2", &["MZ-20", "MZ-12"], None)]
    #[case("12", &["0012", "0120"], Some("0012"))]
    #[case("12", &["0012", "012"], Some("012"))]
    #[case("MZ-1-2", &["MZ-12", "MZ-01-02"], Some("MZ-12"))]
    #[case("MZ-1-3", &["MZ-31", "MZ-01-03"], Some("MZ-01-03"))]
    #[case("AB-7", &["AC-07", "XY-07"], None)]
    #[case("RS-METZ", &["PRO-METZ", "RS-METZ-NORD"], Some("RS-METZ-NORD"))]
    #[case("RS-METZ", &["RS-METZ-SUD", "RS-METZ-NORD"], None)]
    #[case("RS-MTEZ", &["RS-METZ", "RS-METZ-NORD"], Some("RS-METZ"))]
    fn the_suggested_code_may_be_written_differently(
        #[case] code: &str,
        #[case] known: &[&str],
        #[case] meant: Option<&str>,
    ) {
        assert_eq!(nearest_code(code, known.iter().copied()), meant);
    }
}
