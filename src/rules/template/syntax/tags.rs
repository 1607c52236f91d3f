//! Where the tags of a template begin and end, and what stands in them.

use std::ops::Range;

/// The signs that open and close a tag.
pub(super) const SIGNS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
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

/// One tag, beginning at its first brace.
pub(in crate::rules::template) struct Tag<'s> {
    pub open: &'static str,
    pub close: &'static str,
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
        .filter(|word| word.starts_with(|sign: char| sign.is_alphabetic() || sign == '_'))
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
