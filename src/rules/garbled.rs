//! Letters spoilt by reading a text in the wrong encoding before it was saved: « Ã© » instead of « é ».

use encoding_rs::WINDOWS_1252;

use crate::rules::place::place_of;

/// Characters that may follow a word and also occur inside spoilt letters.
const BEHIND_A_WORD: &str = " \u{a0}…’‘“”«»‹›–—";

/// A letter spoilt in this way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbled {
    /// Line and column in characters, from 1.
    pub place: (u32, u32),
    /// The characters that are there now.
    pub sign: String,
    /// The letter that was meant.
    pub meant: char,
}

impl Garbled {
    /// A sentence in French saying which characters replace which letter.
    #[must_use]
    pub fn sentence(&self) -> String {
        // A trailing space would be invisible.
        let sign = self.sign.trim_end();
        if self.meant.is_whitespace() {
            return format!("« {sign} » tient lieu d'une espace insécable");
        }
        format!("« {sign} » tient lieu de « {} »", self.meant)
    }
}

/// The first spoilt letter of a text.
#[must_use]
pub fn first(text: &str) -> Option<Garbled> {
    in_lines(text, |_, _, _| true)
}

/// The first mis-encoded text that is probably a mistake. Comments, replacement rules, and lines that also contain the
/// correct letter are ignored.
#[must_use]
pub fn first_in_rules(text: &str) -> Option<Garbled> {
    in_lines(text, |line, sign, meant| {
        let own = line.trim_start();
        let is_comment = own.starts_with("//") || own.starts_with('#') && !own.starts_with("#{");
        // Some spoilt letters end with the correct letter.
        let has_both = line.replace(sign, "").contains(meant);
        !is_comment && !line.contains("replace") && !has_both
    })
}

fn in_lines(text: &str, looked_at: impl Fn(&str, &str, char) -> bool) -> Option<Garbled> {
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let mut places = line.char_indices().filter(|(_, it)| !it.is_ascii());
        let found = places.find_map(|(at, _)| {
            let (sign, meant) = spoilt(line, at)?;
            looked_at(line, sign, meant).then_some((at, sign, meant))
        });
        if let Some((at, sign, meant)) = found {
            return Some(Garbled {
                place: place_of(text, begin + at),
                sign: sign.to_owned(),
                meant,
            });
        }
        begin += line.len();
    }
    None
}

/// The spoilt letter that begins at a byte of a line, and the letter it stands for.
fn spoilt(line: &str, at: usize) -> Option<(&str, char)> {
    let rest = &line[at..];
    let first = rest.chars().next()?;
    // The first byte of a UTF-8 letter gives its length. French has « é… » and « É » », so only first characters with
    // which no French or German word ends are considered.
    let width = match first {
        'Â' | 'Ã' | 'Ä' | 'Å' => 2,
        'â' => 3,
        'ð' => 4,
        _ => return None,
    };
    let end = rest.char_indices().nth(width).map_or(rest.len(), |it| it.0);
    let (sign, behind) = rest.split_at(end);
    // An editor turns the non-breaking space into an ordinary one.
    let meant = if sign == "Ã " {
        'à'
    } else {
        letter(sign).filter(|it| is_written(*it))?
    };
    let before = line[..at].chars().next_back();
    (!ends_a_word(before, sign, behind)).then_some((sign, meant))
}

/// The single letter whose UTF-8 bytes read like this in Windows-1252.
fn letter(sign: &str) -> Option<char> {
    let (bytes, _, is_lossy) = WINDOWS_1252.encode(sign);
    let mut letters = std::str::from_utf8(&bytes)
        .ok()
        .filter(|_| !is_lossy)?
        .chars();
    letters.next().filter(|_| letters.next().is_none())
}

/// Whether people write and see such a character: letters of Western and Central Europe, punctuation, arrows and
/// pictures.
fn is_written(it: char) -> bool {
    it != '\u{ad}'
        && matches!(
            it,
            '\u{a0}'..='\u{17f}'
                | '\u{2010}'..='\u{2027}'
                | '\u{202f}'..='\u{205e}'
                | '\u{20a0}'..='\u{213f}'
                | '\u{2190}'..='\u{21ff}'
                | '\u{2500}'..='\u{27bf}'
                | '\u{1f300}'..='\u{1faff}'
        )
}

/// Whether the characters are correct: the last letter of a word and the character after the word, as in « IRMÃ LUCIA »
/// or « Ä… ».
fn ends_a_word(before: Option<char>, sign: &str, behind: &str) -> bool {
    let is_within =
        behind.starts_with(char::is_alphanumeric) && !sign.ends_with(char::is_whitespace);
    if is_within || !sign.ends_with(|it| BEHIND_A_WORD.contains(it)) {
        return false;
    }
    if sign.starts_with(['Ä', 'Å']) {
        return !before.is_some_and(char::is_lowercase);
    }
    before.is_some_and(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;
    use rstest::rstest;

    /// Words of letters and notices, spelt correctly.
    const WORDS: [&str; 40] = [
        "été",
        "À",
        "à",
        "déjà",
        "VOILÀ",
        "où",
        "cœur",
        "ŒUVRE",
        "château",
        "ÂME",
        "Noël",
        "NOËL",
        "ambiguë",
        "capharnaüm",
        "ça",
        "REÇU",
        "HÔPITAL",
        "hôtel",
        "COÛT",
        "coûté",
        "CAFÉ",
        "MÉTRO",
        "naïf",
        "Müller",
        "MÜLLER",
        "Zähringer",
        "ÄRZTE",
        "Größe",
        "Straße",
        "schön",
        "Öl",
        "ÖLTANK",
        "L’Haÿ",
        "n°",
        "№",
        "m²",
        "½",
        "Bât.",
        "BÂT.",
        "Pâté",
    ];
    /// Characters that stand between them.
    const MARKS: [&str; 14] = [
        " ",
        "…",
        "’",
        "\u{a0}!",
        "\u{202f}: ",
        " « ",
        "«\u{a0}",
        "\u{a0}»",
        "»",
        " – ",
        "€",
        "“",
        "” ",
        "\n",
    ];

    proptest! {
        #[test]
        fn correct_words_are_left_alone(words in vec((select(WORDS.to_vec()), select(MARKS.to_vec())), 0..12)) {
            let text: String = words.into_iter().flat_map(|(word, mark)| [word, mark]).collect();
            prop_assert_eq!(first(&text), None, "{}", text);
        }

        #[test]
        fn a_spoilt_word_is_found_with_the_letter_that_was_meant(word in select(WORDS.to_vec()), mark in select(vec![" ", ",", "\n", ""])) {
            let text = format!("{word}{mark}");
            let spoilt = WINDOWS_1252.decode_without_bom_handling(text.as_bytes()).0;
            let found = first(&spoilt);
            prop_assume!(!word.is_ascii());
            prop_assert!(found.is_some_and(|it| word.contains(it.meant)), "{} {}", word, spoilt);
        }
    }

    #[rstest]
    #[case("Objet: rÃ©fÃ©rence", "« Ã© » tient lieu de « é »", (1, 9))]
    #[case("un\nle 3 Ã\u{a0} 10:00", "« Ã » tient lieu de « à »", (2, 6))]
    #[case("le 3 Ã  10:00", "« Ã » tient lieu de « à »", (1, 6))]
    #[case("  libelle: PropretÃ©\n", "« Ã© » tient lieu de « é »", (1, 19))]
    #[case("lâ€™eau", "« â€™ » tient lieu de « ’ »", (1, 2))]
    #[case("IRMÃ LUCIA, voilÃ ", "« Ã » tient lieu de « à »", (1, 17))]
    #[case("nÂ° 3", "« Â° » tient lieu de « ° »", (1, 2))]
    #[case("R. MÃ¼ller", "« Ã¼ » tient lieu de « ü »", (1, 5))]
    #[case("ZÃ¤hringer", "« Ã¤ » tient lieu de « ä »", (1, 2))]
    #[case("l'Å’uvre", "« Å’ » tient lieu de « Œ »", (1, 3))]
    #[case("HÃ”PITAL", "« Ã” » tient lieu de « Ô »", (1, 2))]
    #[case("PaweÅ‚", "« Å‚ » tient lieu de « ł »", (1, 5))]
    #[case("BonjourÂ\u{a0}!", "« Â » tient lieu d'une espace insécable", (1, 8))]
    #[case("BonjourÂ\u{a0}Marie", "« Â » tient lieu d'une espace insécable", (1, 8))]
    #[case("Bonjourâ€¯!", "« â€¯ » tient lieu d'une espace insécable", (1, 8))]
    #[case("merci ðŸ™‚", "« ðŸ™‚ » tient lieu de « 🙂 »", (1, 7))]
    fn a_spoilt_letter_is_found(#[case] text: &str, #[case] told: &str, #[case] place: (u32, u32)) {
        let found = first(text).unwrap();
        assert_eq!((found.sentence().as_str(), found.place), (told, place));
        assert_eq!(first_in_rules(text), Some(found));
    }

    #[rstest]
    #[case("L'été à Nîmes, où l'œuvre coûte 3 € – « déjà » n° 2…")]
    #[case("château, Âge, ÂME, pâté, ANGÈLE, câble")]
    #[case("São João, CÃO, Ångström, ÅRHUS, îlot")]
    #[case("IRMÃ LUCIA, IRMÃ\u{a0}LUCIA, « IRMÃ… »")]
    #[case("ÉTÉ… « RÉSUMÉ\u{a0}» L’ÉTÉ’, été\u{a0}», déjà…»")]
    #[case("„Ä“, « Ä\u{a0}», Ä…, ÀÁÂÃÄÅÆÇ, àáâãäåæç")]
    fn correct_letters_of_several_languages_are_left_alone(#[case] text: &str) {
        assert_eq!(first(text), None);
    }

    #[test]
    fn texts_that_rules_replace_are_left_alone() {
        assert_eq!(first_in_rules("texte.replace(\"Ã©\", \"é\");"), None);
        assert_eq!(first_in_rules("{{ s | replace('Ã©', 'é') }}"), None);
        assert_eq!(first_in_rules("let lettres = #{\"Ã©\": \"é\"};"), None);
        assert_eq!(first_in_rules("  // SoWell envoie parfois « Ã© »"), None);
        assert!(first_in_rules("#{libelle: \"PropretÃ©\"}").is_some());
        assert_eq!(first_in_rules("# SoWell envoie parfois « Ã© »"), None);
    }
}
