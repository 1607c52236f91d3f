//! Where the tags of a template begin and end. The parser notices that one was left open only when something
//! later makes no sense: here the place is found where a person has to mend it.

use std::ops::Range;

use crate::rules::pasted;

/// What opens a tag, and what closes it.
const SIGNS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
/// Instructions that something else closes.
const PAIRED: [&str; 8] = [
    "if",
    "for",
    "with",
    "filter",
    "block",
    "macro",
    "call",
    "autoescape",
];

/// Something to mend at a place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slip {
    /// In bytes.
    pub at: usize,
    /// What is wrong, in French.
    pub message: String,
}

/// Braces outside of the tags that are no text either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stray {
    /// What closes a tag that nothing opens.
    Closing(Slip),
    /// A name in braces too few: where it is that of a value, it was meant as one.
    Name(usize, String),
}

/// One tag, from its first brace on.
struct Tag<'s> {
    open: &'static str,
    close: &'static str,
    begin: usize,
    /// Behind its last brace; none where it is left open.
    end: Option<usize>,
    inside: &'s str,
    /// The texts in it, with their quotes.
    texts: Vec<Range<usize>>,
}

impl Tag<'_> {
    /// The first word of an instruction.
    fn word(&self) -> &str {
        let word = self.inside.trim_start_matches(['-', '+']).trim_start();
        let end = word.find(|it: char| !(it.is_alphanumeric() || it == '_'));
        if self.open == "{%" {
            &word[..end.unwrap_or(word.len())]
        } else {
            ""
        }
    }

    /// What closes it, where it is an instruction that something has to close.
    fn ending(&self) -> Option<String> {
        let word = self.word();
        let paired = PAIRED.contains(&word)
            || word == "raw"
            // Without a value, what follows is the value.
            || word == "set" && !self.inside.contains('=');
        paired.then(|| format!("end{word}"))
    }
}

/// What was left open before the place where the parser gave up; `at_end` where it ran out of text.
pub(super) fn left_open(source: &str, noticed: usize, at_end: bool) -> Option<Slip> {
    let tags = read(source);
    let before = tags.iter().take_while(|it| it.begin <= noticed);
    let last = before.clone().last();
    if let Some(tag) = last.filter(|it| it.end.is_none_or(|end| noticed < end))
        && let Some(slip) = in_tag(source, tag, noticed)
    {
        return Some(slip);
    }
    between_tags(source, before, at_end)
}

/// The tag that takes in the rest of the text.
pub(super) fn never_closed(source: &str) -> Option<Slip> {
    let tags = read(source);
    let open = tags.iter().find(|it| it.end.is_none())?;
    in_tag(source, open, source.len())
}

/// A text in an expression that is not closed.
pub(super) fn open_text(expression: &str) -> Option<Slip> {
    let (_, texts) = inside(expression, 0, "}}");
    let mut open = texts
        .iter()
        .filter(|it| goes_on(&expression[(*it).clone()]));
    open.next().map(|text| open_quote(expression, text))
}

/// Whether no quote closes a text.
fn goes_on(text: &str) -> bool {
    text.len() < 2 || !text.ends_with(['"', '\''])
}

fn open_quote(source: &str, text: &Range<usize>) -> Slip {
    let quote = if source[text.start..].starts_with('"') {
        "le guillemet ouvert ici n'est pas refermé"
    } else {
        "l'apostrophe ouverte ici n'est pas refermée"
    };
    let meant = source[text.clone()].split(['\n', '}', '%']).next();
    let pasted = meant.and_then(pasted::note);
    let pasted = pasted.map(|it| format!(" : {it}")).unwrap_or_default();
    Slip {
        at: text.start,
        message: format!("{quote}{pasted}"),
    }
}

/// A text or the tag itself that goes on beyond its end.
fn in_tag(source: &str, tag: &Tag<'_>, noticed: usize) -> Option<Slip> {
    let runs_over = |text: &&Range<usize>| {
        let own = &source[(*text).clone()];
        let closes = || SIGNS.iter().any(|(_, close)| own.contains(close));
        goes_on(own) || own.contains('\n') || closes()
    };
    let mut texts = tag.texts.iter().take_while(|it| it.start <= noticed);
    if let Some(text) = texts.find(runs_over) {
        return Some(open_quote(source, text));
    }
    let Tag {
        open, close, begin, ..
    } = *tag;
    let message = match first_sign(source, tag) {
        Some((_, sign)) if sign == close => return None,
        Some((_, sign)) if sign.starts_with('{') => not_closed(source, tag),
        Some((_, sign)) => {
            format!(
                "cette balise commence par « {open} » et finit par « {sign} » : il faut « {close} »"
            )
        }
        None => not_closed(source, tag),
    };
    Some(Slip { at: begin, message })
}

fn not_closed(source: &str, tag: &Tag<'_>) -> String {
    let Tag { open, close, .. } = *tag;
    if open == "{#" {
        return "ce commentaire « {# … #} » n'est pas refermé".to_owned();
    }
    let line = source[tag.begin + open.len()..].lines().next();
    let half = line.is_some_and(|it| it.contains('}'));
    let half = if half { ", et non « } »" } else { "" };
    format!("cette balise « {open} » n'est pas refermée : il manque « {close} »{half}")
}

/// The first sign after the beginning of a tag that opens or closes one, outside of texts.
fn first_sign(source: &str, tag: &Tag<'_>) -> Option<(usize, &'static str)> {
    let from = tag.begin + tag.open.len();
    let signs = SIGNS.iter().flat_map(|(open, close)| [*open, *close]);
    let found = signs.filter_map(|sign| {
        let mut places = source[from..].match_indices(sign);
        let place = places.find(|(at, _)| !tag.texts.iter().any(|it| it.contains(&(from + at))));
        place.map(|(at, _)| (at, sign))
    });
    found.min_by_key(|(at, _)| *at)
}

/// An instruction that is not closed, or closed by another's end.
fn between_tags<'t>(
    source: &str,
    tags: impl Iterator<Item = &'t Tag<'t>>,
    at_end: bool,
) -> Option<Slip> {
    let mut open: Vec<(&Tag<'_>, String)> = Vec::new();
    for tag in tags {
        let (word, at) = (tag.word(), tag.begin);
        if let Some(ending) = tag.ending() {
            open.push((tag, ending));
            continue;
        }
        let innermost = open.last().map(|(it, _)| it.word());
        let told = |message: String| Some(Slip { at, message });
        match (word, innermost) {
            ("else", Some("if" | "for")) | ("elif", Some("if")) => {}
            ("else" | "elif", _) => {
                return told(format!(
                    "« {{% {word} %}} » ne va qu'entre « {{% if … %}} » et « {{% endif %}} »"
                ));
            }
            _ if !word.starts_with("end") => {}
            _ if open.last().is_some_and(|(_, ending)| ending == word) => {
                open.pop();
            }
            _ if !open.iter().any(|(_, ending)| ending == word) => {
                let kept = open.last().map(|(it, ending)| {
                    let (line, opened) = (line_of(source, it.begin), it.word());
                    format!(" : « {{% {opened} %}} » de la ligne {line} se ferme par « {{% {ending} %}} »")
                });
                let before = " : l'instruction qu'elle termine manque avant".to_owned();
                return told(format!(
                    "« {{% {word} %}} » ne ferme rien{}",
                    kept.unwrap_or(before)
                ));
            }
            _ => {
                let (tag, ending) = open.last()?;
                let line = line_of(source, at);
                let before = format!(" avant « {{% {word} %}} » de la ligne {line}");
                return Some(unclosed(tag, ending, &before));
            }
        }
    }
    let (tag, ending) = open.last().filter(|_| at_end)?;
    Some(unclosed(tag, ending, ""))
}

fn unclosed(tag: &Tag<'_>, ending: &str, before: &str) -> Slip {
    let own = tag.inside.trim_matches(['-', '+']).trim();
    // Nobody needs to read a long condition twice.
    let own = if own.chars().count() > 40 {
        format!("{} …", tag.word())
    } else {
        own.to_owned()
    };
    let message =
        format!("« {{% {own} %}} » n'est pas refermé : il manque « {{% {ending} %}} »{before}");
    Slip {
        at: tag.begin,
        message,
    }
}

/// The line, from 1.
pub(super) fn line_of(source: &str, at: usize) -> usize {
    source[..at].matches('\n').count() + 1
}

/// Every lone brace outside of the tags of a template that can be read.
pub(super) fn strays(source: &str) -> Vec<Stray> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut in_raw = false;
    for tag in read(source) {
        if !in_raw {
            strays_between(source, at..tag.begin, &mut found);
        }
        in_raw = tag.word() == "raw";
        at = tag.end.unwrap_or(source.len());
    }
    if !in_raw {
        strays_between(source, at..source.len(), &mut found);
    }
    found
}

/// The same of what stands between two tags.
fn strays_between(source: &str, text: Range<usize>, found: &mut Vec<Stray>) {
    let mut open: Vec<usize> = Vec::new();
    let mut at = text.start;
    while let Some(step) = source[at..text.end].find(['{', '}', '%']) {
        at += step;
        let rest = &source[at..text.end];
        let within = open.last().map(|open| source[open + 1..at].trim());
        let name = within.filter(|it| is_name(it));
        let begins_instruction = within.is_some_and(is_instruction);
        let mut closing = |at: usize, message: String| {
            found.push(Stray::Closing(Slip { at, message }));
        };
        if rest.starts_with("}}") {
            match (name, open.pop()) {
                (Some(name), Some(lone)) => {
                    let meant = format!("{{{{ {name} }}}}");
                    closing(
                        lone,
                        format!(
                            "une valeur s'écrit entre deux accolades de chaque côté : « {meant} »"
                        ),
                    );
                }
                // What styles and JSON close with two braces, they opened with two.
                (None, Some(_)) if open.pop().is_some() => {}
                _ => closing(at, nothing_opens("{{", "}}")),
            }
            at += 2;
        } else if rest.starts_with("%}") && (open.is_empty() || begins_instruction) {
            let lone = open.pop().unwrap_or(at);
            closing(lone, nothing_opens("{%", "%}"));
            at += 2;
        } else {
            if rest.starts_with('{') {
                open.push(at);
            } else if rest.starts_with('}') {
                let lone = open.pop();
                if let (Some(lone), Some(name)) = (lone, name) {
                    found.push(Stray::Name(lone, name.to_owned()));
                }
            }
            at += 1;
        }
    }
}

fn nothing_opens(open: &str, close: &str) -> String {
    format!("« {close} » ferme une balise que rien n'ouvre : il manque « {open} »")
}

/// Whether a text is a value, its filters included.
fn is_name(text: &str) -> bool {
    let of_name = |it: char| it.is_alphanumeric() || "_.".contains(it);
    let begins = text.starts_with(|it: char| it.is_alphabetic() || it == '_');
    let mut parts = text.split('|').map(str::trim);
    begins && parts.all(|it| !it.is_empty() && it.chars().all(of_name))
}

/// Whether a text begins as an instruction does.
fn is_instruction(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    let ends = word.strip_prefix("end").unwrap_or(word);
    PAIRED.contains(&ends) || ["else", "elif", "set", "include"].contains(&word)
}

/// The tags, as far as they can be told apart.
fn read(source: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(begin) = source[at..].find('{').map(|it| at + it) {
        let sign = SIGNS.iter().find(|(it, _)| source[begin..].starts_with(it));
        let Some((open, close)) = sign else {
            at = begin + 1;
            continue;
        };
        let from = begin + open.len();
        let (end, texts) = if *open == "{#" {
            (source[from..].find(close).map(|it| from + it), Vec::new())
        } else {
            inside(source, from, close)
        };
        let tag = Tag {
            open,
            close,
            begin,
            end: end.map(|it| it + close.len()),
            inside: &source[from..end.unwrap_or(source.len())],
            texts,
        };
        at = tag.end.unwrap_or(source.len());
        let is_raw = tag.word() == "raw";
        tags.push(tag);
        if is_raw {
            at = end_of_raw(source, at).unwrap_or(source.len());
        }
    }
    tags
}

/// Where the inside of a tag ends, and the texts in it. A brace that is opened in it has to be closed first.
fn inside(source: &str, from: usize, close: &str) -> (Option<usize>, Vec<Range<usize>>) {
    let mut texts = Vec::new();
    let mut depth = 0_usize;
    let mut at = from;
    while let Some(it) = source[at..].chars().next() {
        if depth == 0 && source[at..].starts_with(close) {
            return (Some(at), texts);
        }
        match it {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '"' | '\'' => {
                let end = end_of_text(source, at, it);
                texts.push(at..end);
                at = end;
                continue;
            }
            _ => {}
        }
        at += it.len_utf8();
    }
    (None, texts)
}

/// Behind the quote that closes a text, or the end of all.
fn end_of_text(source: &str, begin: usize, quote: char) -> usize {
    let mut escaped = false;
    for (at, it) in source[begin + 1..].char_indices() {
        if !escaped && it == quote {
            return begin + 1 + at + 1;
        }
        escaped = it == '\\' && !escaped;
    }
    source.len()
}

/// Where the end of what is not read begins.
fn end_of_raw(source: &str, from: usize) -> Option<usize> {
    let mut signs = source[from..].match_indices("{%");
    let found = signs.find(|(at, sign)| {
        let rest = source[from + at + sign.len()..].trim_start_matches(['-', '+']);
        rest.trim_start().starts_with("endraw")
    });
    found.map(|(at, _)| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a {{ b }} {# {{ #} {% raw %}{{ x }{% endraw %} {{ '}}' }}", &[])]
    #[case("{ b: c } {}", &[])]
    #[case("@media print { a { color: red }} {% if a %}{% endif %}", &[])]
    #[case("{\"a\": {\"b\": 1}}", &[])]
    #[case("é { b }}", &[(3, "« {{ b }} »")])]
    #[case("b }} c", &[(2, "rien n'ouvre")])]
    #[case("p { color: red }}", &[(15, "rien n'ouvre")])]
    #[case("x %}", &[(2, "« {% »")])]
    #[case("a { if x %}", &[(2, "« {% »")])]
    #[case("td { width: 100%} p {width:50%}", &[])]
    fn a_brace_that_closes_nothing_is_found(#[case] text: &str, #[case] wanted: &[(usize, &str)]) {
        let found = strays(text);
        assert_eq!(found.len(), wanted.len(), "{found:?}");
        for (stray, (at, words)) in found.iter().zip(wanted) {
            let Stray::Closing(slip) = stray else {
                panic!("{stray:?}")
            };
            assert!(slip.at == *at && slip.message.contains(words), "{slip:?}");
        }
    }

    #[test]
    fn a_name_in_one_brace_is_found() {
        let found = strays("a {priorite} { bien.libelle | upper } { x: y }");
        let names = [(2, "priorite"), (13, "bien.libelle | upper")];
        assert_eq!(
            found,
            names.map(|(at, name)| Stray::Name(at, name.to_owned()))
        );
    }
}
