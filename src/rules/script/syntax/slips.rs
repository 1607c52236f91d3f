//! Finds the likely mistake behind a syntax error. The parser reports what it expected, which is rarely what the author
//! meant.

use rhai::{LexError, ParseErrorType};

mod misplaced;
mod prose;
mod scope;
mod several;
mod undefined;

pub(in crate::rules::script) use self::undefined::whole;

use crate::rules::finding::Finding;
use crate::rules::pasted;
use crate::rules::place::offset;
use crate::rules::script::syntax::brackets::{Balance, open_at};
use crate::rules::script::syntax::foreign::{self, SIGNS};
use crate::rules::script::syntax::tokens::{Kind, Token, is_of_name, tokens};

/// Message for `not in`.
const NOT_IN: &str = "« not in » : écrivez « !in »";
/// Message for a comparison with a pattern.
const PATTERN: &str =
    "« =~ » : pour chercher un mot dans un texte, écrivez « texte.contains(\"mot\") »";
/// Functions that test a string, for which other languages have an infix operator.
pub(in crate::rules::script) const ASKING: [&str; 3] = ["contains", "starts_with", "ends_with"];

/// The function of a script that the daemon calls: its name and its parameters.
pub(in crate::rules::script) type Entry<'t> = (&'t str, &'t [&'t str]);

/// A script that the parser refuses, and where it stopped.
#[derive(Clone, Copy)]
struct Refused<'t> {
    text: &'t str,
    /// In bytes of the text.
    at: usize,
    /// Line and column, from 1.
    place: (u32, u32),
}

/// The slip behind a syntax error, if it is recognized; `entry` is the name of the script's function and its
/// parameters.
pub(in crate::rules::script) fn find(
    error: &ParseErrorType,
    text: &str,
    place: (u32, u32),
    entry: Entry<'_>,
) -> Option<Finding> {
    let at = offset(text, place)?;
    let refused = Refused { text, at, place };
    // A name that the script defines is no word of a sentence.
    if let ParseErrorType::VariableUndefined(name) = error
        && let Some(message) = undefined::outside(text, name)
    {
        return Some(Finding::new(place, message));
    }
    if let Some(message) = prose::line(text, at) {
        return Some(Finding::new(place, message));
    }
    if let ParseErrorType::VariableUndefined(name) = error {
        return undefined::find(name, &refused, entry);
    }
    if let Some(message) = foreign_sign(error, text, at) {
        return Some(Finding::new(place, message));
    }
    let message = match error {
        ParseErrorType::Reserved(word) if word == "print" => {
            Some("« print » demande des parenthèses : print(…)".to_owned())
        }
        ParseErrorType::Reserved(word) => foreign::word(word),
        ParseErrorType::UnknownOperator(sign) if sign == "~" => Some(PATTERN.to_owned()),
        ParseErrorType::UnknownOperator(sign) if sign == "?" => question(text, at),
        ParseErrorType::ExprExpected(_) => {
            case_of_switch(text, at).or_else(|| several::texts(text, at))
        }
        ParseErrorType::MismatchedType(..) => {
            let line = text.get(at..)?.lines().next()?;
            if let Some(found) = line.find(" not in ") {
                return Some(Finding::new(at + found + 1, NOT_IN).within(text));
            }
            several::texts(text, at)
        }
        ParseErrorType::BadInput(LexError::ImproperSymbol(sign, _))
            if sign == "=" && text[at..].starts_with("=~") =>
        {
            Some(PATTERN.to_owned())
        }
        ParseErrorType::BadInput(LexError::UnexpectedInput(word)) => misused(word, text, at),
        ParseErrorType::BadInput(LexError::ImproperSymbol(sign, _)) if sign == "=" => {
            Some("« = » donne une valeur à une variable ; pour comparer, écrivez « == »".to_owned())
        }
        ParseErrorType::UnexpectedEOF | ParseErrorType::BadInput(LexError::UnterminatedString) => {
            return left_open(text);
        }
        ParseErrorType::MissingToken(token, _) => return misplaced::find(token, &refused),
        _ => None,
    };
    message.map(|it| Finding::new(place, it))
}

/// A function defined with another language's keyword; the engine would only report errors about its braces.
pub(in crate::rules::script) fn foreign_function(text: &str) -> Option<Finding> {
    let all: Vec<Token> = tokens(text).filter(Token::counts).collect();
    all.windows(3).find_map(|it| {
        let [word, name, opens] = it else {
            return None;
        };
        let begins_line = text[..word.at]
            .rsplit('\n')
            .next()
            .is_some_and(|it| it.trim().is_empty());
        // « Fonction principale (appelée en premier) » is a sentence.
        let is_sentence = word.written.contains(char::is_uppercase) && name.end() != opens.at;
        let defines = name.kind == Kind::Word && opens.written == "(" && !is_sentence;
        let message = foreign::defining(word.written).filter(|_| begins_line && defines)?;
        Some(Finding::new(word.at, message).within(text))
    })
}

/// A question mark by itself.
fn question(text: &str, at: usize) -> Option<String> {
    let rest = text[at..].lines().next()?.strip_prefix('?')?;
    if rest.trim_start().starts_with('{') {
        return Some("« ? » est en trop : après la condition vient directement « { »".to_owned());
    }
    let (sign, rest) = match rest.strip_prefix(':') {
        Some(rest) => ("?:", rest),
        None => ("?", rest),
    };
    // Followed by a `:`, it is the ternary operator, which means « if ».
    let is_choice = tokens(rest).any(|it| it.written == ":");
    (!is_choice).then(|| {
        format!("« {sign} » : pour prendre la suite quand cette valeur manque, écrivez « ?? »")
    })
}

/// A word that begins a case of a `switch` in other languages.
fn case_of_switch(text: &str, at: usize) -> Option<String> {
    let word = text[at..].split(|it| !is_of_name(it)).next()?;
    let meant = match word {
        "case" | "cas" | "when" => "\"CODE\" => …",
        "default" | "else" | "sinon" | "autre" => "_ => …",
        _ => return None,
    };
    Some(format!(
        "« {word} » : un cas de « switch » s'écrit « {meant} »"
    ))
}

/// A keyword or sign in a place where it is not allowed.
fn misused(word: &str, text: &str, at: usize) -> Option<String> {
    if let Some(message) = undefined::accented(text, at) {
        return Some(message);
    }
    let before = tokens(&text[..at]).filter(Token::counts);
    let before: Vec<&str> = before.map(|it| it.written).collect();
    let message = match word {
        "else" if before.ends_with(&["}", ";"]) => {
            "« else » suit directement l'accolade « } » de son « if » : enlevez le « ; » entre les deux"
        }
        "else" if Balance::of(text).left_open.is_some() => {
            "il manque une accolade « } » devant « else » : elle referme le bloc de son « if »"
        }
        "else" => "« else » ne va que juste après l'accolade « } » d'un « if »",
        "let" if before.ends_with(&["if"]) || before.ends_with(&["while"]) => {
            "« let » ne va pas dans une condition : mettez la ligne « let … ; » avant elle"
        }
        "." if before.ends_with(&["|", "|"]) || before.ends_with(&["&", "&"]) => {
            "il manque ce qui est devant ce point : répétez-le, comme dans « texte.contains(…) || texte.contains(…) »"
        }
        "]" if before.ends_with(&["[", "]", "["]) => {
            "le résultat « [] » est écrit deux fois : enlevez-en un"
        }
        _ => return None,
    };
    Some(message.to_owned())
}

/// An operator from another language that begins or ends here.
fn foreign_sign(error: &ParseErrorType, text: &str, at: usize) -> Option<String> {
    // `=>` is correct in the cases of a `switch`.
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

/// Where an object whose `#` is missing begins, as in `{ nom: valeur }`; its first name lies between these offsets.
fn without_hash(text: &str, begins: usize, ends: usize) -> Option<Finding> {
    let follows = text.get(ends..)?.trim_start().strip_prefix(':')?;
    let before = text.get(..begins)?.trim_end().strip_suffix('{')?;
    if follows.starts_with(':') || before.ends_with('#') {
        return None;
    }
    // The body of a function or condition is also between braces.
    let front = before.trim_end();
    let of_block = |it: char| is_of_name(it) || ")]\"".contains(it);
    if front.ends_with(of_block) && !front.ends_with("return") {
        return None;
    }
    let message = "il manque « # » devant l'accolade : un objet s'écrit #{nom: valeur}";
    Some(Finding::new(before.len(), message).within(text))
}

/// Where a list that was meant as an object begins, as in `[ nom: valeur ]`; one of its names lies between these
/// offsets.
fn between_brackets(text: &str, begins: usize, ends: usize) -> Option<Finding> {
    let follows = text.get(ends..)?.trim_start().strip_prefix(':')?;
    let opens = open_at(text, begins).filter(|it| text[*it..].starts_with('['))?;
    // In `valeur[…]`, the brackets hold an index.
    let of_value = |it: char| is_of_name(it) || ")]\"".contains(it);
    if follows.starts_with(':') || text[..opens].ends_with(of_value) {
        return None;
    }
    let message = "un objet s'écrit #{nom: valeur}, et non [nom: valeur] : mettez « #{ » et « } » à la place de ces crochets";
    Some(Finding::new(opens, message).within(text))
}

/// The unclosed bracket, string or comment. For a string, the curved quote earlier on its line that was meant to close
/// another one.
fn left_open(text: &str) -> Option<Finding> {
    let open = Balance::of(text).left_open?;
    let at = offset(text, open.at)?;
    let is_text = text[at..].starts_with('"');
    let curved = is_text.then(|| closed_by_another(text, at)).flatten();
    Some(curved.unwrap_or(open))
}

/// A curved quote used instead of the straight one that should end a string, so that the string continues to the next
/// straight quote of its line.
fn closed_by_another(text: &str, at: usize) -> Option<Finding> {
    let begins = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let line = text[begins..].split('\n').next()?;
    let texts = tokens(line).filter(|it| it.kind == Kind::Text);
    let mut unpaired = texts.filter_map(|it| {
        let of = |sign| it.written.matches(sign).count();
        let curved = it.written.find('”').filter(|_| of('”') != of('“'))?;
        Some(begins + it.at + curved)
    });
    let curved = unpaired.next()?;
    Some(Finding::new(curved, pasted::note("”")?).within(text))
}
