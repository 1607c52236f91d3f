//! Characters that a word processor or a web page puts in place of those typed: non-breaking spaces, curly quotes,
//! invisible characters. They look right on the screen but do not match the words in the rules.

use unicode_normalization::UnicodeNormalization;

/// Whether the character combines with the letter before it. Only the block that French accents come from counts: other
/// combining marks belong to other scripts or to emoji.
fn is_combining(it: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&it)
}

/// The name of the character in French, the character that was meant, and what to type instead.
fn meant(it: char) -> Option<(&'static str, &'static str, &'static str)> {
    let space = " ";
    Some(match it {
        '\u{a0}' => ("une espace insécable", space, "une espace ordinaire"),
        '\u{202f}' => ("une espace fine insécable", space, "une espace ordinaire"),
        '\u{2000}'..='\u{200a}' | '\u{205f}' | '\u{3000}' => {
            ("une espace typographique", space, "une espace ordinaire")
        }
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}' => ("un caractère invisible", "", ""),
        _ if is_combining(it) => ("un accent séparé de sa lettre", "", "la lettre accentuée"),
        '‘' | '’' | '‛' | '′' | '´' => (
            "une apostrophe typographique",
            "'",
            "l'apostrophe droite (')",
        ),
        '“' | '”' | '„' | '‟' | '″' => (
            "un guillemet typographique",
            "\"",
            "le guillemet droit (\")",
        ),
        '«' | '»' => ("un guillemet français", "\"", "le guillemet droit (\")"),
        '‐' | '‑' | '–' | '—' | '−' => {
            ("un tiret typographique", "-", "le tiret ordinaire (-)")
        }
        '…' => (
            "des points de suspension en un seul signe",
            "...",
            "trois points (...)",
        ),
        _ => return None,
    })
}

/// Whether the character looks like the one that was meant, or is invisible.
fn is_hidden(it: char) -> bool {
    matches!(meant(it), Some((_, "" | " ", _)))
}

/// The name of such a character, and what to type instead.
#[must_use]
pub fn describe(it: char) -> Option<String> {
    let (what, _, instead) = meant(it)?;
    let number = u32::from(it);
    Some(match instead {
        "" => format!("{what} (U+{number:04X}) : effacez-le"),
        _ if is_combining(it) => format!("{what} (U+{number:04X}) : retapez {instead}"),
        _ if is_hidden(it) => format!("{what} (U+{number:04X}) : tapez {instead}"),
        _ => format!("{what} ({it}) : tapez {instead}"),
    })
}

/// The first such character of a text, as a sentence.
#[must_use]
pub fn note(text: &str) -> Option<String> {
    Some(format!("il y a ici {}", text.chars().find_map(describe)?))
}

/// The first one that cannot be seen, as a sentence.
#[must_use]
pub fn note_hidden(text: &str) -> Option<String> {
    let it = text.chars().find(|it| is_hidden(*it))?;
    Some(format!("il y a ici {}", describe(it)?))
}

/// The first one without width, and what to do about it: the text looks the same without it.
#[must_use]
pub fn describe_invisible(text: &str) -> Option<String> {
    let takes_no_room = |it: &char| matches!(meant(*it), Some((_, "", "")));
    describe(text.chars().find(takes_no_room)?)
}

/// Typographic quotes around the whole text that look like the plain quotes of the syntax.
#[must_use]
pub fn note_around(text: &str) -> Option<String> {
    let text = text.trim();
    let quote = |it: char| matches!(meant(it), Some((_, "'" | "\"", _)));
    let first = text.chars().next().filter(|it| quote(*it))?;
    let around = text.chars().count() > 1 && text.ends_with(quote);
    around.then(|| format!("il y a ici {}", describe(first).unwrap_or_default()))
}

/// The first one of a line that cannot be parsed, with its column, from 1. An apostrophe between two letters, a dash
/// between words and French quotes are legitimate.
#[must_use]
pub fn note_in_line(line: &str) -> Option<String> {
    let signs: Vec<char> = line.chars().collect();
    let letter = |at: Option<usize>| {
        let it = at.and_then(|at| signs.get(at));
        it.is_some_and(|it| it.is_alphanumeric())
    };
    let in_place = |at: usize| match signs[at] {
        '«' | '»' | '…' => true,
        it if is_combining(it) => true,
        it => match meant(it) {
            Some((_, "'", _)) => letter(at.checked_sub(1)) && letter(Some(at + 1)),
            Some((_, "-", _)) => signs[..at].iter().any(|it| it.is_alphanumeric()),
            _ => false,
        },
    };
    let at = (0..signs.len()).find(|at| meant(signs[*at]).is_some() && !in_place(*at))?;
    Some(format!(
        "à la colonne {}, il y a {}",
        at + 1,
        describe(signs[at])?
    ))
}

/// Whether a character may occur in a key that is written without quotes.
#[must_use]
pub fn of_yaml_key(it: char) -> bool {
    it.is_alphanumeric() || " _-'’.".contains(it)
}

/// Where a character that YAML does not accept as a space replaces one that it needs: in the indentation, after a dash,
/// or after a key and its colon. In characters, from 0.
#[must_use]
pub fn hidden_in_structure(line: &str) -> Option<usize> {
    let hidden = |it: char| is_hidden(it) && !is_combining(it);
    let mut signs = line.chars().enumerate().peekable();
    while let Some((at, sign)) = signs.next_if(|(_, it)| hidden(*it) || " -".contains(*it)) {
        if hidden(sign) {
            return Some(at);
        }
    }
    // The character before a colon may be such a space too.
    let of_key = |it: char| of_yaml_key(it) || is_combining(it) || hidden(it);
    while signs.next_if(|(_, it)| of_key(*it)).is_some() {}
    signs.next_if(|(_, it)| *it == ':')?;
    signs.next_if(|(_, it)| hidden(*it)).map(|(at, _)| at)
}

/// The difference between two texts that look the same; `None` if they look different or are equal.
#[must_use]
pub fn note_apart(wanted: &str, got: &str) -> Option<String> {
    if wanted == got || as_typed(wanted) != as_typed(got) {
        return None;
    }
    let of_wanted = describe_first_not_in(wanted, got);
    let of_wanted = of_wanted.map(|it| format!("dans ce qui est attendu, il y a {it}"));
    of_wanted.or_else(|| {
        let of_got = describe_first_not_in(got, wanted)?;
        Some(format!("dans ce qui est obtenu, il y a {of_got}"))
    })
}

/// The first such character of a text that the other text does not contain.
#[must_use]
pub fn describe_first_not_in(text: &str, other: &str) -> Option<String> {
    let mut signs = text.chars().filter(|it| !other.contains(*it));
    signs.find_map(describe)
}

/// The text as it would have been typed.
#[must_use]
pub fn as_typed(text: &str) -> String {
    let mut typed = String::with_capacity(text.len());
    for it in text.nfc() {
        match meant(it) {
            // A combining character that combines with no letter is something else.
            Some((_, meant, _)) if !is_combining(it) => typed.push_str(meant),
            _ => typed.push(it),
        }
    }
    typed
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "a\u{a0}: b",
        "il y a ici une espace insécable (U+00A0) : tapez une espace ordinaire"
    )]
    #[case("a\u{200b}", "il y a ici un caractère invisible (U+200B) : effacez-le")]
    #[case(
        "“a”",
        "il y a ici un guillemet typographique (“) : tapez le guillemet droit (\")"
    )]
    #[case(
        "L’eau",
        "il y a ici une apostrophe typographique (’) : tapez l'apostrophe droite (')"
    )]
    #[case(
        "e\u{301}",
        "il y a ici un accent séparé de sa lettre (U+0301) : retapez la lettre accentuée"
    )]
    fn a_character_is_named_with_what_to_type_instead(#[case] text: &str, #[case] told: &str) {
        assert_eq!(note(text).as_deref(), Some(told));
    }

    #[rstest]
    #[case("libelle: L’eau – chaude, etc…", None)]
    #[case("  – tous", Some("à la colonne 3"))]
    #[case("modes: ‘tous’", Some("à la colonne 8"))]
    #[case("modes\u{a0}: [tous]", Some("à la colonne 6"))]
    #[case("modes : [tous]", None)]
    #[case("libelle: Transfe\u{301}re\u{301}", None)]
    fn legitimate_characters_of_a_text_are_not_reported(
        #[case] line: &str,
        #[case] told: Option<&str>,
    ) {
        let note = note_in_line(line);
        assert_eq!(note.is_some(), told.is_some(), "{note:?}");
        assert!(
            note.unwrap_or_default()
                .starts_with(told.unwrap_or_default())
        );
    }

    #[rstest]
    #[case("«Ouvert»", Some("un guillemet français («)"))]
    #[case("« Ouvert »", Some("un guillemet français («)"))]
    #[case("“Ouvert”", Some("un guillemet typographique (“)"))]
    #[case("‘Ouvert’", Some("une apostrophe typographique (‘)"))]
    #[case("L’eau", None)]
    #[case("Dit « fermé »", None)]
    #[case("Ouvert", None)]
    fn typographic_quotes_around_a_word_are_reported(
        #[case] text: &str,
        #[case] told: Option<&str>,
    ) {
        let note = note_around(text);
        assert_eq!(note.is_some(), told.is_some(), "{note:?}");
        assert!(note.unwrap_or_default().contains(told.unwrap_or_default()));
    }

    #[rstest]
    #[case("MZ-01\u{200b}", true)]
    #[case("\u{feff}MZ-01", true)]
    #[case("MZ\u{a0}01", false)]
    #[case("ge\u{301}rant", false)]
    #[case("L’Haÿ", false)]
    fn a_character_without_width_is_reported(#[case] text: &str, #[case] is_told: bool) {
        assert_eq!(describe_invisible(text).is_some(), is_told);
    }

    #[test]
    fn the_typed_text_is_recovered() {
        assert_eq!(as_typed("“l’eau”\u{a0}:\u{200b} – …"), "\"l'eau\" : - ...");
        assert_eq!(as_typed("Transfe\u{301}re\u{301}e"), "Transférée");
    }

    #[rstest]
    #[case(
        "Traite\u{301}",
        "Traité",
        Some("dans ce qui est attendu, il y a un accent")
    )]
    #[case(
        "Traité",
        "Traite\u{301}",
        Some("dans ce qui est obtenu, il y a un accent")
    )]
    #[case("a b", "a\u{a0}b", Some("dans ce qui est obtenu, il y a une espace"))]
    #[case("Traité", "Traite", None)]
    #[case("Traité", "Traité", None)]
    fn the_difference_between_texts_that_look_the_same_is_named(
        #[case] wanted: &str,
        #[case] got: &str,
        #[case] told: Option<&str>,
    ) {
        let note = note_apart(wanted, got);
        assert_eq!(note.is_some(), told.is_some(), "{note:?}");
        assert!(
            note.unwrap_or_default()
                .starts_with(told.unwrap_or_default())
        );
    }

    #[rstest]
    #[case("\u{a0} a: b", Some(0))]
    #[case("  -\u{a0}a", Some(3))]
    #[case("  a:\u{a0}b", Some(4))]
    #[case("  - a: b\u{a0}: c", None)]
    #[case("  il dit\u{a0}: c", None)]
    #[case("  a\u{a0}:\u{a0}b", Some(5))]
    #[case("  a\u{a0}:\u{202f}b", Some(5))]
    fn a_space_that_yaml_does_not_accept_is_found(#[case] line: &str, #[case] at: Option<usize>) {
        assert_eq!(hidden_in_structure(line), at);
    }
}
