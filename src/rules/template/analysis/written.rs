//! The literals and names in templates, as far as they may decide anything.

use minijinja::Environment;

use crate::rules::template::CONTEXTE;
use crate::rules::template::analysis::parts::Parts;
use crate::rules::template::source::is_part;
use crate::rules::template::syntax::tokens::unquoted;
use crate::rules::written::Written;

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
        } else if let Ok(number) = word.parse() {
            found.numbers.insert(number);
        } else if at > 0 && words[at - 1].1 == "|" {
            found.functions.insert((*word).to_owned());
        } else if word.starts_with(|it: char| it.is_alphabetic() || it == '_') {
            found.fields.insert((*word).to_owned());
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
