//! Explains mistakes in a text that is not valid JSON, and how to correct them.
//!
//! Messages never quote what was sent: it may be personal data, and answers are kept in logs.

mod values;

use crate::rules::pasted;

use values::{behind_value, foreign_word, in_number, in_place_of_value, in_word};

/// Whitespace in JSON.
const SPACES: [char; 4] = [' ', '\t', '\n', '\r'];
/// Quotes that JSON does not accept, but that people or their word processors put around a text.
const QUOTES: &str = "'`‘’‛′´“”„‟″«»";
/// Quotes that open a quotation, with the one that closes it.
const PAIRS: [(&[char], char); 6] = [
    (&['«'], '»'),
    (&['“', '„', '‟'], '”'),
    (&['„'], '“'),
    (&['‘', '‛'], '’'),
    (&['\''], '\''),
    (&['`'], '`'),
];

const NOT_CLOSED: &str = "le guillemet ouvert ici n'est pas refermé";
const BEGINS: &str = "un objet JSON commence par « { » et finit par « } »";
const INNER_QUOTE: &str = "un guillemet à l'intérieur d'un texte s'écrit \\\"";
const BACKSLASH: &str = "dans un texte, une barre « \\ » s'écrit « \\\\ »";
const TWO_COMMAS: &str = "deux virgules se suivent : effacez-en une";
const COMMA_TOO_MANY: &str = "cette virgule est en trop : effacez-la";
const NO_COMMA: &str = "il manque une virgule après cette valeur";
const NO_COMMENTS: &str =
    "JSON n'a pas de commentaires : effacez celui-ci, jusqu'à la fin de la ligne";
const NO_LONG_COMMENTS: &str = "JSON n'a pas de commentaires : effacez tout, de « /* » à « */ »";

/// Maximum number of bytes from the beginning of a wrong `\u` to where the parser stops.
const MOST_BEHIND_ESCAPE: usize = 5;

/// The byte of the mistake, and how to correct it.
type Slip = (usize, String);

/// Where the parser stops, and what it has read so far.
struct Stop<'t> {
    text: &'t str,
    /// The byte of the character that it rejects.
    at: usize,
    /// The text before it, without the spaces in between.
    before: &'t str,
    /// The text from that character on.
    rest: &'t str,
    /// The character, NUL at the end of the text.
    sign: char,
    /// The brackets that are open here, the innermost last.
    open: Vec<u8>,
    /// Where the quoted text around the character begins, if it is inside one.
    quote: Option<usize>,
    /// Where the last quoted text before it begins.
    last_quote: Option<usize>,
}

impl<'t> Stop<'t> {
    fn new(text: &'t str, at: usize) -> Option<Self> {
        let (read, rest) = text.split_at_checked(at)?;
        let (mut open, mut quote, mut last_quote) = (Vec::new(), None, None);
        let mut signs = read.bytes().enumerate();
        while let Some((at, sign)) = signs.next() {
            match (quote, sign) {
                (Some(_), b'\\') => {
                    signs.next();
                }
                (Some(_), b'"') => quote = None,
                (None, b'"') => (quote, last_quote) = (Some(at), Some(at)),
                (None, b'{' | b'[') => open.push(sign),
                (None, b'}' | b']') => {
                    open.pop();
                }
                _ => {}
            }
        }
        Some(Self {
            text,
            at,
            before: read.trim_end_matches(SPACES),
            rest,
            sign: rest.chars().next().unwrap_or('\0'),
            open,
            quote,
            last_quote,
        })
    }

    /// A mistake at the character itself.
    fn here(&self, what: &str) -> Slip {
        (self.at, what.to_owned())
    }

    /// A mistake at the last character before it.
    fn behind(&self, what: &str) -> Slip {
        let last = self.before.char_indices().next_back();
        (last.map_or(self.at, |it| it.0), what.to_owned())
    }

    fn behind_sign(&self) -> &'t str {
        let rest = self.rest.get(self.sign.len_utf8()..);
        rest.unwrap_or_default()
    }

    /// Whether the character directly follows the text before it.
    fn is_adjacent(&self) -> bool {
        self.before.len() == self.at
    }

    /// Whether a name without its colon precedes the character.
    fn ends_with_name(&self) -> bool {
        let begin = self.last_quote.filter(|_| self.before.ends_with('"'));
        let before = begin.map_or("", |it| self.text[..it].trim_end_matches(SPACES));
        self.open.last() == Some(&b'{') && before.ends_with(['{', ','])
    }

    /// Whether a line break precedes the character.
    fn begins_a_line(&self) -> bool {
        self.text[self.before.len()..self.at].contains(['\n', '\r'])
    }

    /// The word around the character: its start, and the word.
    fn word(&self) -> (usize, &'t str) {
        let of_word = |it: char| it.is_alphanumeric() || "_-+.".contains(it);
        let begin = self.text[..self.at].trim_end_matches(of_word).len();
        let rest = &self.text[begin..];
        let end = rest.find(|it| !of_word(it)).unwrap_or(rest.len());
        (begin, &rest[..end])
    }
}

/// The mistake where the parser stops, at this byte and with this reason in the parser's words; `None` if it cannot be
/// determined.
pub(super) fn slip(text: &str, at: usize, reason: &str) -> Option<Slip> {
    let stop = Stop::new(text, at)?;
    let is = |words: &str| reason.starts_with(words);
    if is("EOF") {
        return Some(cut_off(&stop, reason));
    }
    if is("invalid escape") {
        return Some(escape(&stop));
    }
    if let Some(quote) = stop.quote {
        return Some(in_text(&stop, quote, reason));
    }
    if let Some(what) = foreign(&stop) {
        return Some(stop.here(&what));
    }
    let (word, _) = stop.word();
    if text[..word].trim_matches(SPACES).is_empty() {
        return Some((word, before_begin(&stop)));
    }
    if is("trailing comma") {
        let what = format!(
            "la virgule avant « {} » est en trop : effacez-la",
            stop.sign
        );
        Some(stop.behind(&what))
    } else if is("trailing characters") {
        Some(behind_end(&stop))
    } else if is("key must") {
        Some(in_place_of_key(&stop))
    } else if is("expected `:`") {
        behind_key(&stop)
    } else if is("expected `,`") {
        behind_value(&stop)
    } else if let Some(slip) = foreign_word(&stop) {
        Some(slip)
    } else if is("invalid number") {
        Some(in_number(&stop))
    } else if is("expected ident") {
        Some(in_word(&stop))
    } else {
        in_place_of_value(&stop)
    }
}

/// A text that ends too early.
fn cut_off(stop: &Stop<'_>, reason: &str) -> Slip {
    if let Some(quote) = stop.quote {
        return (quote, NOT_CLOSED.to_owned());
    }
    let is_within_value = reason.starts_with("EOF while parsing a value");
    let missing: String = stop.open.iter().rev().map(|it| closes(*it)).collect();
    if is_within_value
        || stop.before.ends_with([',', ':', '{', '['])
        || stop.ends_with_name()
        || missing.is_empty()
    {
        return stop.behind("la suite manque");
    }
    stop.behind(&format!("il manque « {missing} » à la fin"))
}

fn closes(bracket: u8) -> char {
    if bracket == b'{' { '}' } else { ']' }
}

/// A backslash that does not begin an escape. After `\u` the parser stops at the fourth byte, whatever is there: even
/// another, valid escape.
fn escape(stop: &Stop<'_>) -> Slip {
    let read = &stop.text[..stop.at];
    let is_escaped = |at: usize| {
        let backslashes = read[..at].bytes().rev().take_while(|it| *it == b'\\');
        backslashes.count() % 2 == 1
    };
    let mut begins = read.match_indices("\\u").map(|(at, _)| at);
    let near = |at: &usize| at + MOST_BEHIND_ESCAPE >= read.len() && !is_escaped(*at);
    let Some(begin) = begins.find(near) else {
        return stop.behind(BACKSLASH);
    };
    let behind = &stop.text[begin + 2..];
    let digits = behind.find(|it: char| !it.is_ascii_hexdigit());
    let what = "après « \\u », il faut quatre chiffres (0 à 9, a à f)";
    let at = begin + 2 + digits.unwrap_or(behind.len());
    (at, format!("{what} ; {BACKSLASH}"))
}

/// A character that must not occur unescaped in a text.
fn in_text(stop: &Stop<'_>, quote: usize, reason: &str) -> Slip {
    if !reason.starts_with("control character") {
        return stop.here("« \\u » annonce la moitié d'un caractère, et l'autre moitié manque");
    }
    match stop.sign {
        '\n' | '\r' => line_break(stop, quote),
        '\t' => stop.here("dans un texte, une tabulation s'écrit \\t"),
        other => stop.here(&format!(
            "un caractère invisible (U+{:04X}) : effacez-le",
            u32::from(other)
        )),
    }
}

/// A line break inside a text: its closing quote may be missing, or be one that JSON does not accept.
fn line_break(stop: &Stop<'_>, quote: usize) -> Slip {
    let next = stop.rest.trim_start_matches(SPACES);
    // A quote followed by the end of a value closes this text: it is meant to have two lines.
    let behind = next.strip_prefix('"').map(str::trim_start);
    let is_closed_below = behind.is_some_and(|it| it.is_empty() || it.starts_with([',', '}', ']']));
    if is_closed_below || !next.starts_with(['"', '}', ']']) {
        return stop.here("dans un texte, un retour à la ligne s'écrit \\n");
    }
    let own = stop.text[quote + 1..stop.at].trim_end_matches([' ', '\t', ',']);
    match own.char_indices().next_back() {
        Some((at, sign)) if QUOTES.contains(sign) && !is_paired(&own[..at], sign) => {
            (quote + 1 + at, straight(sign))
        }
        _ => (quote, NOT_CLOSED.to_owned()),
    }
}

/// Whether this quote closes one within the same text, as in « Il a dit “oui” », and so belongs to the content.
fn is_paired(before: &str, sign: char) -> bool {
    let Some((open, _)) = PAIRS.iter().find(|(_, close)| *close == sign) else {
        return false;
    };
    let mut opening = before.match_indices(*open);
    // After a letter it is an apostrophe.
    opening.any(|(at, _)| !before[..at].ends_with(char::is_alphanumeric))
}

fn straight(sign: char) -> String {
    format!("un nom ou un texte se met entre guillemets droits (\"), et non entre « {sign} »")
}

/// Syntax that JSON does not have, outside of texts.
fn foreign(stop: &Stop<'_>) -> Option<String> {
    let rest = stop.rest;
    if rest.starts_with("/*") {
        return Some(NO_LONG_COMMENTS.to_owned());
    }
    if rest.starts_with("//") || rest.starts_with('#') {
        return Some(NO_COMMENTS.to_owned());
    }
    if rest.starts_with("...") || rest.starts_with('…') {
        return Some("JSON n'a pas de points de suspension : effacez-les".to_owned());
    }
    if let Some(hidden) = pasted::note_hidden(&stop.sign.to_string()) {
        return Some(hidden);
    }
    let is_dash = "‐‑–—−".contains(stop.sign);
    pasted::describe(stop.sign).filter(|_| is_dash)
}

/// A character before the object.
fn before_begin(stop: &Stop<'_>) -> String {
    let what = if stop.rest.contains('{') {
        "effacez ce qui précède « { » : un objet JSON commence par là"
    } else {
        BEGINS
    };
    what.to_owned()
}

/// A character after the end of the object.
fn behind_end(stop: &Stop<'_>) -> Slip {
    let begin = stop.before.trim_start_matches(SPACES);
    let next = stop.behind_sign().trim_start_matches(SPACES);
    match stop.sign {
        _ if !begin.starts_with(['{', '[']) => (0, BEGINS.to_owned()),
        '{' | '[' => stop.here("un second objet commence ici : gardez-en un seul"),
        ',' if next.starts_with('{') => {
            stop.here("un second objet suit cette virgule : gardez-en un seul")
        }
        ',' if next.starts_with('"') => stop.here(
            "l'objet s'arrête avant cette virgule : une accolade « } » est en trop plus haut",
        ),
        '}' | ']' => stop.here(&format!("« {} » est en trop : effacez-le", stop.sign)),
        _ => stop.here("effacez ce qui suit la fin de l'objet"),
    }
}

/// A character in place of a name in an object.
fn in_place_of_key(stop: &Stop<'_>) -> Slip {
    let digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    let is_decimal = stop.is_adjacent()
        && digit(Some(stop.sign))
        && digit(stop.before.trim_end_matches(',').chars().next_back());
    match stop.sign {
        ',' if stop.before.ends_with(',') => stop.here(TWO_COMMAS),
        ',' => stop.here(COMMA_TOO_MANY),
        ']' => mismatch(stop),
        sign if QUOTES.contains(sign) => stop.here(&straight(sign)),
        _ if is_decimal => stop.behind("les décimales suivent un point, et non une virgule"),
        sign if sign.is_alphanumeric() || sign == '_' => bare(stop, "ce nom"),
        _ => stop.here("il faut ici un nom entre guillemets"),
    }
}

/// A text without an opening quote, and perhaps without a closing one.
fn bare(stop: &Stop<'_>, what: &str) -> Slip {
    let (begin, _) = stop.word();
    let end = stop.text[begin..].find([',', ':', '}', ']', '"', '\n']);
    let ends_quoted = end.is_some_and(|it| stop.text[begin + it..].starts_with('"'));
    let told = if ends_quoted {
        format!("il manque un guillemet (\") devant {what}")
    } else {
        format!("mettez {what} entre guillemets droits (\")")
    };
    (begin, told)
}

/// A character in place of the colon after a name.
fn behind_key(stop: &Stop<'_>) -> Option<Slip> {
    let quote = stop.last_quote?;
    let name = stop.before.get(quote + 1..).unwrap_or_default();
    Some(match stop.sign {
        ',' | '}' => stop.here("devant ce signe, il manque « : » et une valeur"),
        '=' | ';' => stop.here(&format!(
            "mettez deux-points « : » à la place de « {} »",
            if stop.rest.starts_with("=>") {
                "=>"
            } else {
                &stop.rest[..1]
            }
        )),
        _ if name.contains(':') => (quote, NOT_CLOSED.to_owned()),
        _ => stop.behind("il manque les deux-points « : » après ce nom"),
    })
}

/// A closing bracket that does not match the open one.
fn mismatch(stop: &Stop<'_>) -> Slip {
    let open = stop.open.last().copied().unwrap_or(b'[');
    let (open, close) = (char::from(open), closes(open));
    stop.here(&format!(
        "« {open} » n'est pas encore refermé : mettez « {close} » ici"
    ))
}

#[cfg(test)]
mod tests;
