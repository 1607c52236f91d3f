//! What was left open. The parser only notices an unclosed tag, string or instruction when something later makes no
//! sense; this module finds the place to correct.

use std::ops::Range;

use crate::rules::finding::Finding;
use crate::rules::pasted;
use crate::rules::place::line_of;
use crate::rules::template::syntax::tags::{SIGNS, Tag, read, texts};

/// What was left open before the place where the parser gave up; `at_end` if it ran out of text.
pub(in crate::rules::template) fn left_open(
    source: &str,
    noticed: usize,
    at_end: bool,
) -> Option<Finding<usize>> {
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

/// The tag that is never closed and so includes the rest of the text.
pub(in crate::rules::template) fn never_closed(source: &str) -> Option<Finding<usize>> {
    let tags = read(source);
    let open = tags.iter().find(|it| it.end.is_none())?;
    in_tag(source, open, source.len())
}

/// An unclosed string in an expression.
pub(in crate::rules::template) fn open_text(expression: &str) -> Option<Finding<usize>> {
    let texts = texts(expression, 0);
    let mut open = texts
        .iter()
        .filter(|it| goes_on(&expression[(*it).clone()]));
    open.next().map(|text| open_quote(expression, text))
}

/// Whether a string lacks its closing quote.
fn goes_on(text: &str) -> bool {
    text.len() < 2 || !text.ends_with(['"', '\''])
}

fn open_quote(source: &str, text: &Range<usize>) -> Finding<usize> {
    let quote = if source[text.start..].starts_with('"') {
        "le guillemet ouvert ici n'est pas refermé"
    } else {
        "l'apostrophe ouverte ici n'est pas refermée"
    };
    let meant = source[text.clone()].split(['\n', '}', '%']).next();
    let pasted = meant.and_then(pasted::note);
    let pasted = pasted.map(|it| format!(" : {it}")).unwrap_or_default();
    Finding {
        at: text.start,
        message: format!("{quote}{pasted}"),
    }
}

/// A string, or the tag itself, that goes on beyond its intended end.
fn in_tag(source: &str, tag: &Tag<'_>, noticed: usize) -> Option<Finding<usize>> {
    let runs_over = |text: &&Range<usize>| {
        let own = &source[(*text).clone()];
        let closes = || SIGNS.iter().any(|(_, close)| own.contains(close));
        goes_on(own) || own.contains('\n') || closes()
    };
    let mut texts = tag.texts.iter().take_while(|it| it.start <= noticed);
    if let Some(slip) = tag.texts.iter().find_map(|text| cut_short(source, text)) {
        return Some(slip);
    }
    if let Some(text) = texts.find(runs_over) {
        return Some(open_quote(source, text));
    }
    let Tag {
        open, close, begin, ..
    } = *tag;
    let message = match first_sign(source, tag) {
        Some((_, sign)) if sign == close => return None,
        Some((at, sign)) if is_within(&source[begin..], at - begin, sign, close) => {
            let message = format!(
                "une balise « {sign} » ne va pas dans une autre : entre « {open} » et « {close} », un nom s'écrit seul"
            );
            return Some(Finding { at, message });
        }
        Some((_, sign)) if sign.starts_with('{') => not_closed(source, tag),
        Some((_, sign)) => {
            format!(
                "cette balise commence par « {open} » et finit par « {sign} » : il faut « {close} »"
            )
        }
        None => not_closed(source, tag),
    };
    Some(Finding { at: begin, message })
}

/// A string cut short by a quote that was meant as one of its characters.
fn cut_short(source: &str, text: &Range<usize>) -> Option<Finding<usize>> {
    let goes_over = source[text.clone()].contains('\n');
    if goes_over || !source[text.end..].starts_with(char::is_alphanumeric) {
        return None;
    }
    let message = if source[text.start..].starts_with('"') {
        "ce texte finit au guillemet suivant : à l'intérieur, écrivez « \\\" »"
    } else {
        "ce texte finit à l'apostrophe suivante : mettez-le entre guillemets (\")"
    };
    Some(Finding {
        at: text.start,
        message: message.to_owned(),
    })
}

/// Whether the inner tag at `at` is closed on the same line, and the outer tag after it.
fn is_within(tag: &str, at: usize, opened: &str, close: &str) -> bool {
    let own = SIGNS.iter().find(|(open, _)| *open == opened);
    let line = tag.lines().next().and_then(|line| line.get(at..));
    let Some(((_, own), line)) = own.zip(line) else {
        return false;
    };
    line.split_once(own)
        .is_some_and(|(_, after)| after.contains(close))
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

/// The first sign after the beginning of a tag that opens or closes one, outside strings.
fn first_sign(source: &str, tag: &Tag<'_>) -> Option<(usize, &'static str)> {
    let from = tag.begin + tag.open.len();
    let signs = SIGNS.iter().flat_map(|(open, close)| [*open, *close]);
    let found = signs.filter_map(|sign| {
        let mut places = source[from..].match_indices(sign);
        let place = places.find(|(at, _)| !tag.texts.iter().any(|it| it.contains(&(from + at))));
        place.map(|(at, _)| (at, sign))
    });
    let found = found.min_by_key(|(at, _)| *at);
    found.map(|(at, sign)| (from + at, sign))
}

/// An instruction that is not closed, or is closed by the end of a different one.
fn between_tags<'t>(
    source: &str,
    tags: impl Iterator<Item = &'t Tag<'t>>,
    at_end: bool,
) -> Option<Finding<usize>> {
    let mut open: Vec<(&Tag<'_>, String)> = Vec::new();
    // Where those open instructions begin that already have an `else`.
    let mut others = Vec::new();
    for tag in tags {
        let (word, at) = (tag.word(), tag.begin);
        if let Some(ending) = tag.ending() {
            open.push((tag, ending));
            continue;
        }
        let innermost = open.last().map(|(it, _)| it.word());
        let slip = |message: String| Some(Finding { at, message });
        let within = open.last().map(|(it, _)| it.begin);
        match (word, innermost) {
            ("else" | "elif", Some("if" | "for")) if others.contains(&within) => {
                let opened = innermost.unwrap_or_default();
                return slip(if word == "else" {
                    format!(
                        "c'est le second « {{% else %}} » du même « {{% {opened} … %}} » : il n'y en a qu'un"
                    )
                } else {
                    "« {% elif %} » va avant « {% else %} », et non derrière".to_owned()
                });
            }
            ("else", Some("if" | "for")) => others.push(within),
            ("elif", Some("if")) => {}
            ("else" | "elif", _) => {
                return slip(format!(
                    "« {{% {word} %}} » ne va qu'entre « {{% if … %}} » et « {{% endif %}} »"
                ));
            }
            _ if !word.starts_with("end") => {}
            _ if open.last().is_some_and(|(_, ending)| ending == word) => {
                open.pop();
            }
            _ if !open.iter().any(|(_, ending)| ending == word) => {
                let innermost = open.last().map(|(it, ending)| (*it, ending.as_str()));
                return slip(closes_nothing(source, word, innermost));
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

/// What is wrong with a closing instruction that matches nothing open; `innermost` is the innermost open one, with its
/// own end.
fn closes_nothing(source: &str, word: &str, innermost: Option<(&Tag<'_>, &str)>) -> String {
    let why = match innermost {
        Some((it, ending)) => {
            let (line, opened) = (line_of(source, it.begin), it.word());
            format!("« {{% {opened} %}} » de la ligne {line} se ferme par « {{% {ending} %}} »")
        }
        None => "l'instruction qu'elle termine manque avant".to_owned(),
    };
    format!("« {{% {word} %}} » ne ferme rien : {why}")
}

fn unclosed(tag: &Tag<'_>, ending: &str, before: &str) -> Finding<usize> {
    let own = tag.inside.trim_matches(['-', '+']).trim();
    // A long condition need not be repeated in full.
    let own = if own.chars().count() > 40 {
        format!("{} …", tag.word())
    } else {
        own.to_owned()
    };
    let message =
        format!("« {{% {own} %}} » n'est pas refermé : il manque « {{% {ending} %}} »{before}");
    Finding {
        at: tag.begin,
        message,
    }
}
