//! Mistakes in a value, or directly behind one.

use super::{
    COMMA_TOO_MANY, INNER_QUOTE, NO_COMMA, NOT_CLOSED, QUOTES, SPACES, Slip, Stop, TWO_COMMAS,
    bare, mismatch, straight,
};

/// Words of other languages, and the JSON word that is meant.
const WORDS: [(&[&str], &str); 4] = [
    (&["nan", "infinity", "inf"], "null, ou un nombre"),
    (&["none", "null", "nil", "nul", "undefined"], "null"),
    (&["true", "vrai", "oui", "yes", "on"], "true"),
    (&["false", "faux", "non", "no", "off"], "false"),
];

const SPACE_IN_NUMBER: &str = "un nombre s'écrit sans espace : effacez celui-ci";

/// A character in place of a comma or of the end of a list or object.
pub(super) fn behind_value(stop: &Stop<'_>) -> Option<Slip> {
    let is_text = stop.before.ends_with('"');
    let (begin, word) = stop.word();
    // Behind a bracket, the sign begins a word of its own.
    let continues = begin < stop.at;
    Some(match stop.sign {
        ';' => stop.here("mettez une virgule à la place de ce point-virgule"),
        ']' | '}' => mismatch(stop),
        '"' if is_text && stop.is_adjacent() => stop.behind(INNER_QUOTE),
        '"' | '{' | '[' => stop.behind(NO_COMMA),
        ':' if is_text && stop.open.last() == Some(&b'[') => name_in_list(stop)?,
        sign if stop.begins_a_line() => {
            if !(sign.is_alphanumeric() || "_-'’‘“„«".contains(sign)) {
                return None;
            }
            stop.behind(NO_COMMA)
        }
        _ if is_text => {
            let quote = stop.last_quote?;
            let own = &stop.before[quote + 1..stop.before.len() - 1];
            if own.trim_end_matches(SPACES).ends_with(',') {
                return Some((quote, NOT_CLOSED.to_owned()));
            }
            stop.behind(INNER_QUOTE)
        }
        _ if continues && word.starts_with(|it: char| it.is_ascii_digit()) => {
            let what = "mettez cette valeur entre guillemets droits (\") : ce n'est pas un nombre";
            (begin, what.to_owned())
        }
        sign if continues && sign.is_alphanumeric() => bare(stop, "ce texte"),
        sign if sign.is_ascii_digit() && stop.before.ends_with(|it: char| it.is_ascii_digit()) => {
            between_numbers(stop)
        }
        _ => return None,
    })
}

/// A number that follows another: it may be its end.
fn between_numbers(stop: &Stop<'_>) -> Slip {
    let space = stop.before.len();
    if stop.open.last() == Some(&b'{') {
        return (space, SPACE_IN_NUMBER.to_owned());
    }
    let what =
        "mettez une virgule entre ces deux nombres, ou effacez l'espace s'ils n'en font qu'un";
    (space, what.to_owned())
}

/// A name with its colon inside a list: it belongs in an object, or the list should have ended before.
fn name_in_list(stop: &Stop<'_>) -> Option<Slip> {
    let quote = stop.last_quote?;
    let is_in_object = stop.open.iter().nth_back(1) == Some(&b'{');
    let before = stop.text[..quote].trim_end_matches(SPACES);
    let what = match before.char_indices().next_back() {
        Some((comma, ',')) if is_in_object => {
            let what = "si la liste finit ici, il manque « ] » devant cette virgule ; sinon, le nom qui suit et sa valeur se mettent entre « { » et « } »";
            return Some((comma, what.to_owned()));
        }
        _ => "un nom et sa valeur se mettent entre « { » et « } », et non entre « [ » et « ] »",
    };
    Some((quote, what.to_owned()))
}

/// A word of another language in place of a value.
pub(super) fn foreign_word(stop: &Stop<'_>) -> Option<Slip> {
    let (begin, word) = stop.word();
    let plain = word.trim_start_matches('-').to_lowercase();
    let mut known = WORDS.iter();
    let (_, meant) = known.find(|(words, _)| words.contains(&plain.as_str()))?;
    let what = format!("« {word} » n'existe pas en JSON : écrivez {meant}");
    Some((begin, what))
}

/// A character that does not continue a number.
pub(super) fn in_number(stop: &Stop<'_>) -> Slip {
    let (begin, word) = stop.word();
    let breaks_off = begin + word.len() == stop.at;
    let next = stop.rest.trim_start_matches(SPACES);
    let what = if stop.sign.is_ascii_digit() {
        "un nombre ne commence pas par 0 : effacez ce zéro, ou mettez un code entre guillemets droits (\")"
    } else if breaks_off && next.starts_with(|it: char| it.is_ascii_digit()) {
        return stop.here(SPACE_IN_NUMBER);
    } else if breaks_off && next.starts_with([',', '}', ']']) {
        return stop.behind("il manque un chiffre derrière ce signe");
    } else {
        "ce n'est pas un nombre entier, ni à décimales : mettez cette valeur entre guillemets droits (\")"
    };
    (begin, what.to_owned())
}

/// A character that does not continue `true`, `false` or `null`.
pub(super) fn in_word(stop: &Stop<'_>) -> Slip {
    let (begin, word) = stop.word();
    let mut words = ["true", "false", "null"].into_iter();
    match words.find(|it| it.starts_with(word)) {
        Some(meant) => {
            let what = format!(
                "ce mot n'est pas complet : écrivez {meant}, ou mettez-le entre guillemets droits (\")"
            );
            (begin, what)
        }
        None => bare(stop, "ce texte"),
    }
}

/// A character that does not begin a value.
pub(super) fn in_place_of_value(stop: &Stop<'_>) -> Option<Slip> {
    let (_, word) = stop.word();
    let next_digit = stop
        .behind_sign()
        .starts_with(|it: char| it.is_ascii_digit());
    Some(match stop.sign {
        ',' | '}' | ']' if stop.before.ends_with(':') => {
            stop.here("devant ce signe, il manque une valeur : écrivez null s'il n'y en a pas")
        }
        ',' if stop.before.ends_with(',') => stop.here(TWO_COMMAS),
        ',' => stop.here(COMMA_TOO_MANY),
        '}' => mismatch(stop),
        '+' if next_digit => stop.here("effacez le signe « + »"),
        '.' if next_digit => stop.here("un nombre ne commence pas par un point : écrivez 0 devant"),
        '.' if word == "." => {
            stop.here("mettez une valeur à la place de ce point : null s'il n'y en a pas")
        }
        sign if QUOTES.contains(sign) => stop.here(&straight(sign)),
        sign if sign.is_alphanumeric() => bare(stop, "ce texte"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
