//! Where the tags of a template begin and end. The parser only notices an unclosed tag when something later makes no
//! sense; this module finds the place to correct.

use std::ops::Range;

use crate::rules::pasted;
use crate::rules::place::line_of;

/// The signs that open and close a tag.
const SIGNS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
/// Instructions that need a closing one.
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

/// Every instruction, including the closing ones.
pub(in crate::rules::template) const INSTRUCTIONS: [&str; 26] = [
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "endset",
    "with",
    "endwith",
    "include",
    "import",
    "from",
    "extends",
    "block",
    "endblock",
    "macro",
    "endmacro",
    "call",
    "endcall",
    "filter",
    "endfilter",
    "raw",
    "endraw",
    "autoescape",
    "endautoescape",
];

/// A mistake at a place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules::template) struct Slip {
    /// Byte offset.
    pub at: usize,
    /// What is wrong, in French.
    pub message: String,
}

/// One tag, beginning at its first brace.
pub(in crate::rules::template) struct Tag<'s> {
    pub open: &'static str,
    close: &'static str,
    pub begin: usize,
    /// Byte offset after its last brace; `None` if it is left open.
    pub end: Option<usize>,
    pub inside: &'s str,
    /// The strings in it, with their quotes, in bytes of the source.
    pub texts: Vec<Range<usize>>,
}

impl<'s> Tag<'s> {
    /// The first word of an instruction; empty for other tags.
    pub fn word(&self) -> &'s str {
        let word = self.inside.trim_start_matches(['-', '+']).trim_start();
        let end = word.find(|it: char| !(it.is_alphanumeric() || it == '_'));
        if self.open == "{%" {
            &word[..end.unwrap_or(word.len())]
        } else {
            ""
        }
    }

    /// Whether it assigns a value to this name.
    pub fn gives(&self, name: &str) -> bool {
        let of_name = |it: char| it.is_alphanumeric() || it == '_';
        let inside = self.inside;
        let given = match self.word() {
            "for" => inside.split(" in ").next().unwrap_or(inside),
            "set" => inside.split('=').next().unwrap_or(inside),
            "with" | "macro" | "call" | "import" | "from" => inside,
            _ => return false,
        };
        given.split(|it| !of_name(it)).any(|it| it == name)
    }

    /// The instruction that closes it, if it needs one.
    pub fn ending(&self) -> Option<String> {
        let word = self.word();
        let paired = PAIRED.contains(&word)
            || word == "raw"
            // Without a value, the text up to `endset` is the value.
            || word == "set" && !self.inside.contains('=');
        paired.then(|| format!("end{word}"))
    }
}

/// What was left open before the place where the parser gave up; `at_end` if it ran out of text.
pub(in crate::rules::template) fn left_open(
    source: &str,
    noticed: usize,
    at_end: bool,
) -> Option<Slip> {
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
pub(in crate::rules::template) fn never_closed(source: &str) -> Option<Slip> {
    let tags = read(source);
    let open = tags.iter().find(|it| it.end.is_none())?;
    in_tag(source, open, source.len())
}

/// An unclosed string in an expression.
pub(in crate::rules::template) fn open_text(expression: &str) -> Option<Slip> {
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

/// A string, or the tag itself, that goes on beyond its intended end.
fn in_tag(source: &str, tag: &Tag<'_>, noticed: usize) -> Option<Slip> {
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
            return Some(Slip { at, message });
        }
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

/// A string cut short by a quote that was meant as one of its characters.
fn cut_short(source: &str, text: &Range<usize>) -> Option<Slip> {
    let goes_over = source[text.clone()].contains('\n');
    if goes_over || !source[text.end..].starts_with(char::is_alphanumeric) {
        return None;
    }
    let message = if source[text.start..].starts_with('"') {
        "ce texte finit au guillemet suivant : à l'intérieur, écrivez « \\\" »"
    } else {
        "ce texte finit à l'apostrophe suivante : mettez-le entre guillemets (\")"
    };
    Some(Slip {
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
) -> Option<Slip> {
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
        let told = |message: String| Some(Slip { at, message });
        let within = open.last().map(|(it, _)| it.begin);
        match (word, innermost) {
            ("else" | "elif", Some("if" | "for")) if others.contains(&within) => {
                let opened = innermost.unwrap_or_default();
                return told(if word == "else" {
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
                return told(format!(
                    "« {{% {word} %}} » ne va qu'entre « {{% if … %}} » et « {{% endif %}} »"
                ));
            }
            _ if !word.starts_with("end") => {}
            _ if open.last().is_some_and(|(_, ending)| ending == word) => {
                open.pop();
            }
            _ if !open.iter().any(|(_, ending)| ending == word) => {
                let innermost = open.last().map(|(it, ending)| (*it, ending.as_str()));
                return told(closes_nothing(source, word, innermost));
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

fn unclosed(tag: &Tag<'_>, ending: &str, before: &str) -> Slip {
    let own = tag.inside.trim_matches(['-', '+']).trim();
    // A long condition need not be repeated in full.
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

/// The place and first word of each instruction, except in comments and `raw` blocks.
pub(in crate::rules::template) fn instructions(source: &str) -> Vec<(Range<usize>, &str)> {
    let tags = read(source).into_iter();
    let closed = tags.filter(|tag| tag.open == "{%");
    closed
        .filter_map(|tag| Some((tag.begin..tag.end?, tag.word())))
        .collect()
}

/// The paths that are printed as they are, each with its byte offset.
pub(in crate::rules::template) fn printed(source: &str) -> Vec<(usize, &str)> {
    let of_path = |it: char| it.is_alphanumeric() || "_.".contains(it);
    let tags = read(source).into_iter();
    let values = tags.filter(|it| it.open == "{{" && it.end.is_some());
    let paths = values.map(|tag| {
        let path = tag.inside.trim_matches(['-', '+']).trim();
        let at = tag.inside.find(path).unwrap_or_default();
        (tag.begin + tag.open.len() + at, path)
    });
    paths
        .filter(|(_, path)| path.chars().all(of_path))
        .collect()
}

/// What a `for` instruction iterates over under this name.
pub(in crate::rules::template) fn walked<'s>(source: &'s str, name: &str) -> Option<&'s str> {
    read(source).into_iter().find_map(|tag| {
        let own = tag.inside.trim_matches(['-', '+']).trim();
        let (it, of) = own.strip_prefix("for ")?.split_once(" in ")?;
        (it.trim() == name).then_some(of.trim())
    })
}

/// The first word of the instruction at a place.
pub(in crate::rules::template) fn word_at(source: &str, at: usize) -> Option<&str> {
    let all = instructions(source);
    let found = all.into_iter().find(|(place, _)| place.contains(&at));
    found.map(|(_, word)| word)
}

/// Whether an instruction assigns a value to this name.
pub(in crate::rules::template) fn gives(source: &str, name: &str) -> bool {
    read(source).iter().any(|tag| tag.gives(name))
}

/// The strings in an expression from a byte offset on, with their quotes.
pub(in crate::rules::template) fn texts(expression: &str, from: usize) -> Vec<Range<usize>> {
    inside(expression, from, "}}").1
}

/// Every word in a tag that may be the name of a value.
pub(in crate::rules::template) fn names(source: &str) -> impl Iterator<Item = &str> {
    let of_name = |it: char| it.is_alphanumeric() || it == '_';
    let tags = read(source).into_iter().filter(|tag| tag.open != "{#");
    tags.flat_map(move |tag| tag.inside.split(move |it| !of_name(it)))
        .filter(|it| it.starts_with(|it: char| it.is_alphabetic() || it == '_'))
}

/// The tags, as far as they can be told apart; `raw` blocks are skipped.
pub(in crate::rules::template) fn read(source: &str) -> Vec<Tag<'_>> {
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

/// Where the inside of a tag ends, and the strings in it. A bracket opened inside must be closed first.
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

/// Byte offset after the quote that closes a string, or the end of the source.
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

/// Byte offset of the `endraw` tag.
fn end_of_raw(source: &str, from: usize) -> Option<usize> {
    let mut signs = source[from..].match_indices("{%");
    let found = signs.find(|(at, sign)| {
        let rest = source[from + at + sign.len()..].trim_start_matches(['-', '+']);
        rest.trim_start().starts_with("endraw")
    });
    found.map(|(at, _)| from + at)
}
