//! The literals and names in templates, as far as they may decide anything.

use minijinja::Environment;

use crate::rules::template::CONTEXTE;
use crate::rules::template::analysis::parts::Parts;
use crate::rules::template::source::is_part;
use crate::rules::template::syntax::tokens::unquoted;
use crate::rules::written::{Origin, Written};

/// The field that holds what SoWell sends beyond the contract.
const AUTRES: &str = "autres";

/// The literals and names in templates, by what the templates produce.
#[derive(Debug, Clone, Default)]
pub struct OfTemplates {
    /// The demande's *contexte*.
    pub contexte: Written,
    /// The e-mails.
    pub mails: Written,
}

/// All literals and names, except in tags that only print a value.
pub(in crate::rules::template) fn in_templates(environment: &Environment<'static>) -> OfTemplates {
    let parts = Parts::of(environment);
    let mut found = OfTemplates::default();
    for (file, source, words) in parts.tags() {
        let begins = words.first().map_or(0, |(at, _)| *at);
        let printing = source[..begins]
            .trim_end_matches(['-', '+', ' ', '\n'])
            .ends_with("{{");
        let chooses = |(_, it): &(usize, &str)| ["if", "["].contains(it);
        if printing && !words.iter().any(chooses) {
            continue;
        }
        let written = in_tag(&words);
        if file == CONTEXTE || is_part(file) {
            found.contexte.add(written.clone());
        }
        if file != CONTEXTE {
            found.mails.add(written);
        }
    }
    found
}

fn in_tag(words: &[(usize, &str)]) -> Written {
    let mut found = Written::default();
    for (at, (_, word)) in words.iter().enumerate() {
        if let Some(text) = unquoted(word) {
            found.texts.insert(text.to_owned());
            if is_asked(words, at) {
                found.texts_asked.insert(text.to_owned());
            }
            found.compared.insert((text.to_owned(), beside(words, at)));
        } else if let Ok(number) = word.parse() {
            found.numbers.insert(number);
            let number = (number.to_string(), beside(words, at));
            found.compared.insert(number);
        } else if at > 0 && words[at - 1].1 == "|" {
            found.functions.insert((*word).to_owned());
            let receiver = before(words, at - 1);
            found.applied.insert(((*word).to_owned(), receiver));
        } else if word.starts_with(|it: char| it.is_alphabetic() || it == '_') {
            found.fields.insert((*word).to_owned());
            found.fields_asked.insert((*word).to_owned());
        }
        if *word != AUTRES {
            continue;
        }
        let asked = match (&words[..at], &words[at + 1..]) {
            (_, [(_, "."), (_, name), ..]) => Some(*name),
            (_, [(_, "["), (_, text), ..]) => unquoted(text),
            (before, _) => sought(before),
        };
        found.autres.extend(asked.map(str::to_owned));
    }
    found
}

/// The origin of the value that the constant at this word is compared with.
fn beside(words: &[(usize, &str)], at: usize) -> Origin {
    let word = |at: usize| words.get(at).map(|(_, it)| *it);
    let is_comparison = |it: Option<&str>| {
        it.is_some_and(|it| ["==", "!=", "<", "<=", ">", ">=", "in"].contains(&it))
    };
    if is_comparison(word(at + 1)) {
        let is_path = |it: &str| it == "." || it.starts_with(|it: char| it.is_alphabetic());
        let path = words[at + 2..].iter().take_while(|(_, it)| is_path(it));
        return before(words, at + 2 + path.count());
    }
    match at.checked_sub(1) {
        Some(sign) if is_comparison(word(sign)) => before(words, sign),
        _ => Origin::Constant,
    }
}

/// The origin of the value that ends before this word, through filters and brackets.
fn before(words: &[(usize, &str)], mut end: usize) -> Origin {
    let word = |at: Option<usize>| at.and_then(|at| words.get(at)).map(|(_, it)| *it);
    loop {
        let last = end.checked_sub(1);
        let open = match word(last) {
            Some("]") => "[",
            Some(")") => "(",
            Some(name) => match word(end.checked_sub(2)) {
                Some("|") => {
                    end -= 2;
                    continue;
                }
                Some(".") => return Origin::Field(name.to_owned()),
                _ => return Origin::Unknown,
            },
            None => return Origin::Unknown,
        };
        match words[..end].iter().rposition(|(_, it)| *it == open) {
            Some(at) => end = at,
            None => return Origin::Unknown,
        }
    }
}

/// Whether the text may be compared with what a person wrote: it is not printed itself, and not compared with another
/// field.
fn is_asked(words: &[(usize, &str)], at: usize) -> bool {
    let word = |at: usize| words.get(at).map(|(_, it)| *it);
    let before = |by: usize| at.checked_sub(by).and_then(word);
    let is_printed = word(at + 1) == Some("if") || before(1) == Some("else");
    let is_option = before(1) == Some("(") && matches!(before(2), Some("default" | "split"));
    let of_another = matches!(before(1), Some("==" | "!="))
        && before(3) == Some(".")
        && before(2) != Some("description");
    !(is_printed || is_option || of_another || matches!(before(1), Some("[" | "include")))
        || in_list(words, at)
}

/// Whether the text is in a list, and not a key.
fn in_list(words: &[(usize, &str)], at: usize) -> bool {
    let before = &words[..at];
    let opening = before.iter().rposition(|(_, it)| *it == "[");
    opening.is_some_and(|it| it == 0 || matches!(words[it - 1].1, "in" | "=" | "("))
}

/// The string searched for in the path whose last name follows these words: `"etage" in signalement.autres`.
fn sought<'s>(before: &[(usize, &'s str)]) -> Option<&'s str> {
    let text = before
        .iter()
        .rposition(|(_, it)| *it == "in")?
        .checked_sub(1)?;
    let text = match before[text].1 {
        "not" => text.checked_sub(1)?,
        _ => text,
    };
    unquoted(before[text].1)
}
