//! What a person wrote where the parser asks for something else: it tells what would have been right there, and that is
//! rarely what was meant.

use rhai::{LexError, ParseErrorType};

/// Words of other languages, and what they are here.
const FOREIGN: [(&str, &str); 22] = [
    ("and", "&&"),
    ("et", "&&"),
    ("AND", "&&"),
    ("or", "||"),
    ("ou", "||"),
    ("OR", "||"),
    ("not", "!"),
    ("non", "!"),
    ("si", "if"),
    ("sinon", "else"),
    ("elif", "else if"),
    ("elsif", "else if"),
    ("elseif", "else if"),
    ("then", "{"),
    ("alors", "{"),
    ("vrai", "true"),
    ("True", "true"),
    ("faux", "false"),
    ("False", "false"),
    ("null", "()"),
    ("None", "()"),
    ("foreach", "for"),
];

/// Line and column from 1, and what is wrong there.
type Place = ((u32, u32), String);

/// The slip behind a syntax error, where it can be told.
pub(super) fn find(error: &ParseErrorType, text: &str, at: (u32, u32)) -> Option<Place> {
    match error {
        ParseErrorType::VariableUndefined(name) => foreign(name).map(|it| (at, it)),
        ParseErrorType::BadInput(LexError::ImproperSymbol(sign, _)) if sign == "=" => Some((
            at,
            "« = » donne une valeur à une variable ; pour comparer, écrivez « == »".to_owned(),
        )),
        ParseErrorType::MissingToken(token, _) if token == "}" => unclosed(text),
        ParseErrorType::UnexpectedEOF => unclosed(text),
        ParseErrorType::MissingToken(token, _) => misplaced(token, text, at),
        _ => None,
    }
}

fn foreign(word: &str) -> Option<String> {
    let (_, meant) = FOREIGN.iter().find(|(it, _)| *it == word)?;
    Some(format!("« {word} » : écrivez « {meant} »"))
}

/// What stands where a sign is missing.
fn misplaced(token: &str, text: &str, (line, column): (u32, u32)) -> Option<Place> {
    let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
    let written = text.split('\n').nth(number(line)?)?;
    let at = written
        .char_indices()
        .nth(number(column)?)
        .map_or(written.len(), |(at, _)| at);
    let (before, rest) = written.split_at(at);
    let word = rest.find(|it: char| !(it.is_alphanumeric() || it == '_'));
    let word = &rest[..word.unwrap_or(rest.len())];
    let here = |message: String| Some(((line, column), message));
    if let Some(message) = foreign(word) {
        return here(message);
    }
    if rest.starts_with(['}', ')', ']'])
        && let Some(found) = unclosed(text)
    {
        return Some(found);
    }
    if token != ";" {
        return None;
    }
    if before.trim().is_empty() {
        // It is the line before that has no end.
        let lines: Vec<&str> = text.split('\n').take(number(line)?).collect();
        let above = lines
            .iter()
            .rposition(|it| !without_comment(it).trim().is_empty())?;
        let end = without_comment(lines[above]).trim_end().chars().count();
        let clamp = |it: usize| u32::try_from(it).ok();
        let place = (clamp(above + 1)?, clamp(end)?);
        return Some((place, "il manque « ; » à la fin de cette ligne".to_owned()));
    }
    if before.ends_with('"') && !word.is_empty() {
        return here("à l'intérieur d'un texte, un guillemet s'écrit « \\\" »".to_owned());
    }
    let sign = rest.chars().next()?;
    let digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    if sign == ',' && digit(before.chars().next_back()) && digit(rest.chars().nth(1)) {
        return here("un nombre à virgule s'écrit avec un point, comme 1.5".to_owned());
    }
    let found = if word.is_empty() {
        sign.to_string()
    } else {
        word.to_owned()
    };
    here(format!(
        "« {found} » n'est pas à sa place ici : il manque un signe avant, ou « ; »"
    ))
}

/// A line up to its comment.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let signs = line.char_indices();
    for (at, it) in signs {
        if it == '"' {
            quoted = !quoted;
        }
        if !quoted && line[at..].starts_with("//") {
            return &line[..at];
        }
    }
    line
}

/// Which brace or bracket is not closed. Where a closing brace begins a line, it belongs to a line that begins as far
/// to the left: one between them was forgotten.
fn unclosed(text: &str) -> Option<Place> {
    let mut open: Vec<(char, (u32, u32), usize)> = Vec::new();
    let mut suspect = None;
    let mut signs = Signs::default();
    for (number, line) in (1..).zip(text.split('\n')) {
        let indent = line.len() - line.trim_start().len();
        for (column, (at, it)) in (1..).zip(line.char_indices()) {
            if !signs.counts(line, at, it) {
                continue;
            }
            if ['{', '(', '['].contains(&it) {
                open.push((it, (number, column), indent));
                continue;
            }
            let Some(opens) = opening(it) else {
                continue;
            };
            let last = open.pop();
            if let Some(last) = last.filter(|last| last.0 != opens) {
                return Some(left_open(last.0, last.1));
            }
            if let Some(last) = last.filter(|it| at == indent && it.2 > indent) {
                suspect.get_or_insert(last);
            }
        }
        signs.end_line();
    }
    let (sign, place, _) = open.pop().map(|it| suspect.unwrap_or(it))?;
    Some(left_open(sign, place))
}

/// What opens that which a sign closes.
fn opening(closing: char) -> Option<char> {
    match closing {
        '}' => Some('{'),
        ')' => Some('('),
        ']' => Some('['),
        _ => None,
    }
}

fn left_open(sign: char, place: (u32, u32)) -> Place {
    let message = match sign {
        '{' => "cette accolade n'est pas refermée : il manque « } »",
        '(' => "cette parenthèse n'est pas refermée : il manque « ) »",
        _ => "ce crochet n'est pas refermé : il manque « ] »",
    };
    (place, message.to_owned())
}

/// Tells the signs of a script from those in its texts and comments.
#[derive(Default)]
struct Signs {
    quote: Option<char>,
    escaped: bool,
    in_line_comment: bool,
    in_comment: bool,
}

impl Signs {
    fn counts(&mut self, line: &str, at: usize, it: char) -> bool {
        if self.in_line_comment {
            return false;
        }
        if self.in_comment {
            self.in_comment = !line[..at + it.len_utf8()].ends_with("*/");
            return false;
        }
        if let Some(quote) = self.quote {
            if !self.escaped && it == quote {
                self.quote = None;
            }
            self.escaped = it == '\\' && !self.escaped;
            return false;
        }
        self.in_line_comment = line[at..].starts_with("//");
        self.in_comment = line[at..].starts_with("/*");
        if matches!(it, '"' | '`') {
            self.quote = Some(it);
        }
        true
    }

    fn end_line(&mut self) {
        self.in_line_comment = false;
        // Only what stands in back quotes goes on in the next line.
        if self.quote == Some('"') {
            self.quote = None;
        }
    }
}
