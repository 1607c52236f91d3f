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
        ParseErrorType::VariableUndefined(name) => foreign(name)
            .or_else(|| outside(text, name))
            .map(|it| (at, it))
            .or_else(|| {
                let begins = offset(text, at)?;
                without_hash(text, begins, begins + name.len())
            }),
        ParseErrorType::BadInput(LexError::ImproperSymbol(sign, _)) if sign == "=" => Some((
            at,
            "« = » donne une valeur à une variable ; pour comparer, écrivez « == »".to_owned(),
        )),
        ParseErrorType::UnexpectedEOF => unclosed(text),
        ParseErrorType::MissingToken(token, _) => misplaced(token, text, at),
        _ => None,
    }
}

fn foreign(word: &str) -> Option<String> {
    let (_, meant) = FOREIGN.iter().find(|(it, _)| *it == word)?;
    Some(format!("« {word} » : écrivez « {meant} »"))
}

/// A name that is defined beside the functions, which see it by another name or not at all.
fn outside(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (keyword, rest) = line.split_once(char::is_whitespace)?;
        let rest = rest.trim_start().strip_prefix(name)?;
        if !rest.trim_start().starts_with('=') {
            return None;
        }
        match keyword {
            "const" => Some(format!(
                "« {name} » est défini hors de la fonction : écrivez ici « global::{name} »"
            )),
            "let" => Some(format!(
                "« {name} » est défini hors de la fonction, qui ne le voit pas : écrivez-y « const {name} = … », et ici « global::{name} »"
            )),
            _ => None,
        }
    })
}

/// Where an object begins whose `#` was forgotten, as in `{ nom: valeur }`; its first name stands between these offsets.
fn without_hash(text: &str, begins: usize, ends: usize) -> Option<Place> {
    let follows = text.get(ends..)?.trim_start().strip_prefix(':')?;
    let before = text.get(..begins)?.trim_end().strip_suffix('{')?;
    if follows.starts_with(':') || before.ends_with('#') {
        return None;
    }
    let message = "il manque « # » devant l'accolade : un objet s'écrit #{nom: valeur}";
    Some((place(text, before.len())?, message.to_owned()))
}

/// The offset of a line and a column, both from 1.
fn offset(text: &str, (line, column): (u32, u32)) -> Option<usize> {
    let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(number(line)?).map(str::len).sum();
    let written = lines.next().unwrap_or_default();
    let written = written.strip_suffix('\n').unwrap_or(written);
    let at = written.char_indices().nth(number(column)?);
    Some(before + at.map_or(written.len(), |(at, _)| at))
}

/// The line and the column of an offset, both from 1.
fn place(text: &str, offset: usize) -> Option<(u32, u32)> {
    let before = text.get(..offset)?;
    let line = before.matches('\n').count() + 1;
    let own = before.rsplit('\n').next().unwrap_or_default();
    let clamp = |it: usize| u32::try_from(it).ok();
    Some((clamp(line)?, clamp(own.chars().count() + 1)?))
}

/// What stands where a sign is missing.
fn misplaced(token: &str, text: &str, (line, column): (u32, u32)) -> Option<Place> {
    let at = offset(text, (line, column))?;
    let (all_before, all_after) = text.split_at(at);
    let before = all_before.rsplit('\n').next().unwrap_or_default();
    let rest = all_after.split('\n').next().unwrap_or_default();
    let word = rest.find(|it: char| !is_of_name(it));
    let word = &rest[..word.unwrap_or(rest.len())];
    let here = |message: String| Some(((line, column), message));
    if let Some(message) = foreign(word) {
        return here(message);
    }
    let ends = rest.starts_with(['}', ')', ']']) || all_after.trim().is_empty();
    if (ends || token != ";")
        && let Some(found) = unclosed(text)
    {
        return Some(found);
    }
    if token != ";" {
        let semicolon = rest.starts_with(';');
        let message = "entre deux valeurs, écrivez « , » et non « ; »".to_owned();
        return semicolon.then_some(((line, column), message));
    }
    if rest.starts_with(':') {
        let name = before.trim_end();
        let begins = match name.strip_suffix('"') {
            Some(inside) => inside.rfind('"')?,
            None => name.trim_end_matches(is_of_name).len(),
        };
        let line_begins = at - before.len();
        let found = without_hash(text, line_begins + begins, line_begins + name.len());
        if found.is_some() {
            return found;
        }
    }
    if before.trim().is_empty() {
        // It is the line before that has no end.
        let mut end = all_before.len();
        for line in all_before.split_inclusive('\n').rev() {
            end -= line.len();
            let written = without_comment(line).trim_end();
            if let Some((last, _)) = written.char_indices().next_back() {
                let message = "il manque « ; » à la fin de cette ligne".to_owned();
                return Some((place(text, end + last)?, message));
            }
        }
        return None;
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

fn is_of_name(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
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
