//! Letters of a text whose encoding was mistaken for another one before it was saved: « Ã© » in the place of « é ».

use crate::rules::place::place_of;

/// Letters and signs as they look once their UTF-8 was taken for Windows-1252, and what they were.
const GARBLED: [(&str, &str); 27] = [
    ("Ã©", "é"),
    ("Ã¨", "è"),
    ("Ãª", "ê"),
    ("Ã«", "ë"),
    ("Ã§", "ç"),
    ("Ã´", "ô"),
    ("Ã®", "î"),
    ("Ã¯", "ï"),
    ("Ã¢", "â"),
    ("Ã¹", "ù"),
    ("Ã»", "û"),
    ("Ã\u{a0}", "à"),
    // What an editor makes of the space that does not break.
    ("Ã ", "à"),
    ("Ã‰", "É"),
    ("Ãˆ", "È"),
    ("ÃŠ", "Ê"),
    ("Ã€", "À"),
    ("Ã‡", "Ç"),
    ("Å“", "œ"),
    ("Â«", "«"),
    ("Â»", "»"),
    ("Â°", "°"),
    ("â€™", "’"),
    ("â€œ", "“"),
    ("â€“", "–"),
    ("â€¦", "…"),
    ("â‚¬", "€"),
];

/// A letter that was spoilt so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Garbled {
    /// Line and column in characters, from 1.
    pub place: (u32, u32),
    /// How it looks.
    pub sign: &'static str,
    /// What it was.
    pub meant: &'static str,
}

impl Garbled {
    /// What stands there in place of what.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { sign, meant, .. } = self;
        // Nobody sees that a space ends it.
        format!("« {} » tient lieu de « {meant} »", sign.trim_end())
    }
}

/// The first letter of a text that was spoilt so.
#[must_use]
pub fn first(text: &str) -> Option<Garbled> {
    in_lines(text, |_, _, _| true)
}

/// The first one of a text that people write for programs: what stands in a comment, or in a line that replaces a text or
/// has the right letter beside it, is meant as it is.
#[must_use]
pub fn first_in_rules(text: &str) -> Option<Garbled> {
    in_lines(text, |line, sign, meant| {
        let own = line.trim_start();
        let is_comment = own.starts_with("//") || own.starts_with('#') && !own.starts_with("#{");
        // Some signs end with the letter that is meant.
        let has_both = line.replace(sign, "").contains(meant);
        !is_comment && !line.contains("replace") && !has_both
    })
}

fn in_lines(text: &str, looked_at: impl Fn(&str, &str, &str) -> bool) -> Option<Garbled> {
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        // All of them begin with one of these.
        let suspect = line.contains(['Ã', 'Å', 'Â', 'â']);
        let found = GARBLED
            .iter()
            .filter(|(sign, meant)| suspect && looked_at(line, sign, meant))
            .filter_map(|(sign, meant)| Some((place_in(line, sign)?, *sign, *meant)));
        if let Some((at, sign, meant)) = found.min() {
            return Some(Garbled {
                place: place_of(text, begin + at),
                sign,
                meant,
            });
        }
        begin += line.len();
    }
    None
}

/// Where a sign stands in a line, in bytes. A word in capitals may end with « Ã »: « IRMÃ LUCIA ».
fn place_in(line: &str, sign: &str) -> Option<usize> {
    let ends_word = sign.ends_with(char::is_whitespace);
    let mut places = line.match_indices(sign).map(|(at, _)| at);
    places.find(|at| !(ends_word && line[..*at].ends_with(char::is_uppercase)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Objet: rÃ©fÃ©rence", "« Ã© » tient lieu de « é »", (1, 9))]
    #[case("un\nle 3 Ã\u{a0} 10:00", "« Ã » tient lieu de « à »", (2, 6))]
    #[case("le 3 Ã  10:00", "« Ã » tient lieu de « à »", (1, 6))]
    #[case("  libelle: PropretÃ©\n", "« Ã© » tient lieu de « é »", (1, 19))]
    #[case("lâ€™eau", "« â€™ » tient lieu de « ’ »", (1, 2))]
    #[case("IRMÃ LUCIA, voilÃ ", "« Ã » tient lieu de « à »", (1, 17))]
    #[case("nÂ° 3", "« Â° » tient lieu de « ° »", (1, 2))]
    fn a_letter_that_was_spoilt_is_found(
        #[case] text: &str,
        #[case] told: &str,
        #[case] place: (u32, u32),
    ) {
        let found = first(text).unwrap();
        assert_eq!((found.sentence().as_str(), found.place), (told, place));
        assert_eq!(first_in_rules(text), Some(found));
    }

    #[rstest]
    #[case("L'été à Nîmes, où l'œuvre coûte 3 € – « déjà » n° 2…")]
    #[case("château, Âge, ÂME, pâté, ANGÈLE, câble")]
    #[case("São João, CÃO, Ångström, ÅRHUS, îlot")]
    #[case("IRMÃ LUCIA, IRMÃ\u{a0}LUCIA")]
    fn letters_of_a_language_are_left_alone(#[case] text: &str) {
        assert_eq!(first(text), None);
    }

    #[test]
    fn what_rules_replace_is_meant_as_it_is() {
        assert_eq!(first_in_rules("texte.replace(\"Ã©\", \"é\");"), None);
        assert_eq!(first_in_rules("{{ s | replace('Ã©', 'é') }}"), None);
        assert_eq!(first_in_rules("let lettres = #{\"Ã©\": \"é\"};"), None);
        assert_eq!(first_in_rules("  // SoWell envoie parfois « Ã© »"), None);
        assert!(first_in_rules("#{libelle: \"PropretÃ©\"}").is_some());
        assert_eq!(first_in_rules("# SoWell envoie parfois « Ã© »"), None);
    }
}
