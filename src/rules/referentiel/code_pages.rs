//! Letters of an export saved in an older code page of Excel, « CSV (MS-DOS) » or « CSV (Macintosh) », but read as
//! Windows-1252: « Fr‚d‚ric », « FrŽdŽric ».

/// Characters that never occur between two letters in any language: letters of MS-DOS.
const BETWEEN: &str = "‚„‡‰ˆƒ";
/// Capital letters that never precede a small letter: letters of MS-DOS and the Macintosh.
const CAPITALS: &str = "ŠŽŸŒ";

/// The first word of a text with such a letter, its line, from 1, and the character.
pub(super) fn first(text: &str) -> Option<(u32, &str, char)> {
    let found = text.char_indices().find(|(at, sign)| {
        !sign.is_ascii() && {
            let before = text[..*at].chars().next_back();
            let behind = text[at + sign.len_utf8()..].chars().next();
            is_foreign(before, *sign, behind)
        }
    });
    let (at, sign) = found?;
    let ends = |it: char| it.is_whitespace() || ";,\"".contains(it);
    let begin = text[..at].rfind(ends).map_or(0, |it| it + 1);
    let end = text[at..].find(ends).map_or(text.len(), |it| at + it);
    let line = text[..at].matches('\n').count() + 1;
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    Some((line, &text[begin..end], sign))
}

fn is_foreign(before: Option<char>, sign: char, behind: Option<char>) -> bool {
    let (Some(before), Some(behind)) = (before, behind) else {
        return false;
    };
    if CAPITALS.contains(sign) {
        // « DŽ » is one letter in Croatian, and a name may be joined to a particle: « McŽ… ».
        let own = before.is_lowercase() || "ŽŸ".contains(sign) && before != 'D';
        return own && before.is_alphabetic() && behind.is_lowercase();
    }
    // A code that is not assigned in Windows-1252 must come from a different code page.
    let is_between = BETWEEN.contains(sign) || ('\u{80}'..='\u{9f}').contains(&sign);
    is_between && before.is_alphabetic() && behind.is_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::WINDOWS_1252;
    use rstest::rstest;

    /// The byte of each letter in the two code pages.
    const LETTERS: [(char, [u8; 2]); 14] = [
        ('é', [0x82, 0x8e]),
        ('è', [0x8a, 0x8f]),
        ('ê', [0x88, 0x90]),
        ('ë', [0x89, 0x91]),
        ('à', [0x85, 0x88]),
        ('â', [0x83, 0x89]),
        ('ç', [0x87, 0x8d]),
        ('î', [0x8c, 0x94]),
        ('ô', [0x93, 0x99]),
        ('û', [0x96, 0x9e]),
        ('ü', [0x81, 0x9f]),
        ('ä', [0x84, 0x8a]),
        ('ö', [0x94, 0x9a]),
        ('É', [0x90, 0x83]),
    ];

    fn saved(text: &str, page: usize) -> String {
        let bytes: Vec<u8> = text
            .chars()
            .map(|it| {
                let known = LETTERS.iter().find(|(letter, _)| *letter == it);
                known.map_or_else(|| u8::try_from(it).unwrap(), |(_, bytes)| bytes[page])
            })
            .collect();
        WINDOWS_1252
            .decode_without_bom_handling(&bytes)
            .0
            .into_owned()
    }

    #[rstest]
    fn an_export_in_an_older_code_page_is_recognized(#[values(0, 1)] page: usize) {
        let words = ["Frédéric", "Gérard", "RÉSIDENCE", "Müller", "Hélène"];
        for word in words {
            let text = saved(&format!("code;nom\nA;Jean {word};x\n"), page);
            let (line, found, _) = first(&text).unwrap();
            assert_eq!((line, found), (2, saved(word, page).as_str()));
        }
    }

    #[rstest]
    #[case("L'été à Nîmes… l'œuvre coûte 3 € – « déjà » n° 2")]
    #[case("Frédéric, HÉLÈNE, Müller, GRÖSSE, Straße, Zähringer, Noël, Œuvre, L’Œuvre, ŒUVRE")]
    #[case("L'HAŸ-LES-ROSES, L'HAŸ, L’Haÿ, CŒUR, SŒUR")]
    #[case("Škoda, Žižka, Miloš, Beneš, ŽUPAN, DŽemal, MAŠA, Ÿ")]
    #[case("„Ä“, ‚a‘, etc…suite, 5‰, 3ƒ, Marque™, A–B, a•b, l’eau, A‚ B")]
    fn correct_words_are_left_alone(#[case] text: &str) {
        assert_eq!(first(text), None);
    }
}
