//! What a person wrote where the parser asks for something else: it tells what would have been right there, and that is
//! rarely what was meant.

use rhai::{LexError, ParseErrorType};

use super::brackets::{Balance, Place};
use super::foreign::{self, SIGNS};
use super::given::{Kind, Seen, seen};
use crate::rules::place::{offset, place_of};

/// What stands for the negation of `in`.
const NOT_IN: &str = "« not in » : écrivez « !in »";
/// What stands for a comparison with a pattern.
const PATTERN: &str =
    "« =~ » : pour chercher un mot dans un texte, écrivez « texte.contains(\"mot\") »";
/// Functions that ask something of a text, where other languages have a word between two values.
const ASKING: [&str; 3] = ["contains", "starts_with", "ends_with"];

/// The slip behind a syntax error, where it can be told.
pub(in crate::rules::script) fn find(
    error: &ParseErrorType,
    text: &str,
    at: (u32, u32),
) -> Option<Place> {
    if !matches!(error, ParseErrorType::VariableUndefined(_))
        && let Some(message) = foreign_sign(error, text, at)
    {
        return Some((at, message));
    }
    match error {
        ParseErrorType::VariableUndefined(name) => negated(name, text, at)
            .or_else(|| holed(name, text, at))
            .or_else(|| foreign::word(name))
            .or_else(|| outside(text, name))
            .or_else(|| bare(name))
            .map(|it| (at, it))
            .or_else(|| {
                let begins = offset(text, at)?;
                without_hash(text, begins, begins + name.len())
            }),
        ParseErrorType::Reserved(word) if word == "print" => Some((
            at,
            "« print » demande des parenthèses : print(…)".to_owned(),
        )),
        ParseErrorType::Reserved(word) => foreign::word(word).map(|it| (at, it)),
        ParseErrorType::UnknownOperator(sign) if sign == "~" => Some((at, PATTERN.to_owned())),
        ParseErrorType::ExprExpected(_) => Some((at, case_of_switch(text, at)?)),
        ParseErrorType::MismatchedType(..) => {
            let begins = offset(text, at)?;
            let line = text.get(begins..)?.lines().next()?;
            let found = begins + line.find(" not in ")? + 1;
            Some((place_of(text, found), NOT_IN.to_owned()))
        }
        ParseErrorType::BadInput(LexError::ImproperSymbol(sign, _))
            if sign == "=" && is_pattern(text, at) =>
        {
            Some((at, PATTERN.to_owned()))
        }
        ParseErrorType::BadInput(LexError::UnexpectedInput(word)) => {
            Some((at, misused(word, text, at)?))
        }
        ParseErrorType::BadInput(LexError::ImproperSymbol(sign, _)) if sign == "=" => Some((
            at,
            "« = » donne une valeur à une variable ; pour comparer, écrivez « == »".to_owned(),
        )),
        ParseErrorType::UnexpectedEOF | ParseErrorType::BadInput(LexError::UnterminatedString) => {
            Balance::of(text).left_open
        }
        ParseErrorType::MissingToken(token, _) => misplaced(token, text, at),
        _ => None,
    }
}

/// A function that is defined by the word of another language: all that the engine says is told of its braces.
pub(in crate::rules::script) fn foreign_function(text: &str) -> Option<Place> {
    (1..).zip(text.lines()).find_map(|(line, written)| {
        let begins = written.trim_start();
        let (word, rest) = begins.split_once(' ')?;
        let name = rest.trim_start().split_once('(')?.0.trim_end();
        let is_name = !name.is_empty() && name.chars().all(is_of_name);
        let message = foreign::defining(word).filter(|_| is_name)?;
        let column = u32::try_from(written.len() - begins.len() + 1).ok()?;
        Some(((line, column), message))
    })
}

/// A negation of a text that may be absent: it is neither true nor false.
fn negated(name: &str, text: &str, at: (u32, u32)) -> Option<String> {
    let rest = text.get(offset(text, at)?..)?.strip_prefix(name)?;
    let value = rest.trim_start();
    let end = value.find(|it| !is_of_name(it) && it != '.');
    let value = &value[..end.unwrap_or(value.len())];
    let path: Vec<String> = value.split('.').map(str::to_owned).collect();
    let of_text = seen(&path) == Some(Seen::Plain(Kind::Text));
    (["not", "non"].contains(&name) && of_text)
        .then(|| format!("« {name} {value} » : écrivez « {value} == () »"))
}

/// A text with values in it, as another language has it: `f"…{valeur}…"`.
fn holed(name: &str, text: &str, at: (u32, u32)) -> Option<String> {
    let rest = text.get(offset(text, at)?..)?.strip_prefix(name)?;
    (["f", "F"].contains(&name) && rest.starts_with('"')).then(|| {
        format!("« {name}\"…\" » : un texte à trous s'écrit entre accents graves : `…${{valeur}}…`")
    })
}

/// Whether `=~` stands here.
fn is_pattern(text: &str, at: (u32, u32)) -> bool {
    offset(text, at).is_some_and(|at| text[at..].starts_with("=~"))
}

/// A word that begins a case of a `switch` in other languages.
fn case_of_switch(text: &str, at: (u32, u32)) -> Option<String> {
    let rest = text.get(offset(text, at)?..)?;
    let word = rest.split(|it| !is_of_name(it)).next()?;
    let meant = match word {
        "case" | "cas" | "when" => "\"CODE\" => …",
        "default" | "else" | "sinon" | "autre" => "_ => …",
        _ => return None,
    };
    Some(format!(
        "« {word} » : un cas de « switch » s'écrit « {meant} »"
    ))
}

/// A word of the language where it cannot stand.
fn misused(word: &str, text: &str, at: (u32, u32)) -> Option<String> {
    let before = text.get(..offset(text, at)?)?.trim_end();
    let message = match word {
        "else" if before.ends_with(';') => {
            "« else » suit directement l'accolade « } » de son « if » : enlevez le « ; » entre les deux"
        }
        "else" => "« else » ne va que juste après l'accolade « } » d'un « if »",
        "let" if before.ends_with("if") || before.ends_with("while") => {
            "« let » ne va pas dans une condition : mettez la ligne « let … ; » avant elle"
        }
        _ => return None,
    };
    Some(message.to_owned())
}

/// A word of another language that was taken for a function, as in `elif (a) {`, and where it begins in its line.
fn called(before: &str) -> Option<(usize, String)> {
    let begins = before.rfind(['}', ';']).map_or(0, |at| at + 1);
    let front = &before[begins..];
    let indent = front.len() - front.trim_start().len();
    let (word, _) = front.trim_start().split_once('(')?;
    Some((begins + indent, foreign::word(word.trim_end())?))
}

/// A sign of another language that begins here, or ends here.
fn foreign_sign(error: &ParseErrorType, text: &str, at: (u32, u32)) -> Option<String> {
    let at = offset(text, at)?;
    // Each line of a « switch » has it.
    let condition = matches!(error, ParseErrorType::MissingToken(token, _) if token == "{");
    if text[at..].starts_with("=>") && !condition {
        return None;
    }
    let before = text[..at].chars().next_back().map_or(0, char::len_utf8);
    let (rest, around) = (&text[at..], &text[at - before..]);
    if rest.starts_with("#{") {
        return None;
    }
    let (sign, meant) = SIGNS
        .iter()
        .find(|(sign, _)| rest.starts_with(sign) || *sign == "<>" && around.starts_with(sign))?;
    Some(match *meant {
        "//" => format!("« {sign} » : un commentaire commence par « // »"),
        meant => format!("« {sign} » : écrivez « {meant} »"),
    })
}

/// A code without the quotes of a text.
fn bare(name: &str) -> Option<String> {
    let of_code = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_';
    let is_code = name.chars().count() > 1 && name.chars().all(of_code);
    is_code.then(|| {
        format!(
            "variable inconnue : « {name} » ; si c'est un texte, mettez-le entre guillemets « \" »"
        )
    })
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
    // What a function or a condition does stands between braces as well.
    let front = before.trim_end();
    let of_block = |it: char| is_of_name(it) || ")]\"".contains(it);
    if front.ends_with(of_block) && !front.ends_with("return") {
        return None;
    }
    let message = "il manque « # » devant l'accolade : un objet s'écrit #{nom: valeur}";
    Some((place_of(text, before.len()), message.to_owned()))
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
    let inside = rest.strip_prefix("not").map(str::trim_start);
    if inside.is_some_and(|it| it.starts_with("in ") || it.starts_with("in[")) {
        return here(NOT_IN.to_owned());
    }
    let is_not = rest.strip_prefix("is ").map(str::trim_start);
    if is_not.is_some_and(|it| it.starts_with("not ") || it.starts_with("not(")) {
        return here("« is not » : écrivez « != »".to_owned());
    }
    if let Some(message) = foreign::word(word) {
        return here(message);
    }
    let asked = ASKING.into_iter().find(|it| *it == word);
    let asked = asked.map(|it| format!("{it}(…)"));
    let asked = asked.or_else(|| foreign::function(word).map(str::to_owned));
    if let (Some(meant), Some(' ')) = (asked, before.chars().next_back())
        && rest[word.len()..].trim_start().starts_with('"')
    {
        return here(format!("« {word} » : écrivez « texte.{meant} »"));
    }
    if token == "=>" && rest.starts_with(':') {
        return here("après un cas de « switch » vient « => », et non « : »".to_owned());
    }
    if rest.starts_with('{')
        && let Some((begins, message)) = called(before)
    {
        return Some((place_of(text, at - before.len() + begins), message));
    }
    let ends = rest.starts_with(['}', ')', ']']) || all_after.trim().is_empty();
    if (ends || token != ";")
        && let Some(found) = Balance::of(text).left_open
    {
        return Some(found);
    }
    if token != ";" && rest.starts_with(';') {
        return here("entre deux valeurs, écrivez « , » et non « ; »".to_owned());
    }
    if token == "{" && rest.starts_with(':') {
        return here("après la condition vient « { », et non « : »".to_owned());
    }
    if token == "{" && !word.is_empty() {
        return here(format!(
            "« {word} » n'est pas à sa place ici : il manque un signe avant, comme « . » ou « == », ou une accolade « {{ »"
        ));
    }
    if token != ";" {
        return None;
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
        if name[..begins].trim().is_empty() {
            return here(format!(
                "pour donner une valeur à « {} », écrivez « = », et non « : »",
                name.trim_start()
            ));
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
                return Some((place_of(text, end + last), message));
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
