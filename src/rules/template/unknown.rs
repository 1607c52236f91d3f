//! Locates a value that a template uses but that does not exist. The engine reports which value, and where it was
//! needed; this module finds where it is written.

use std::ops::Range;

use minijinja::Error;

use crate::rules::template::advice;
use crate::rules::template::source::is_part;
use crate::rules::template::syntax::tags;

/// The value and where it is written.
pub(super) struct Unknown<'e> {
    pub name: &'e str,
    /// In bytes of the template's text.
    pub place: Range<usize>,
    /// Whether it is an operand of a comparison.
    compared: bool,
    /// Whether that comparison is `!=`.
    differs: bool,
    /// The fields read from it, such as `.nom`.
    asked: &'e str,
    source: &'e str,
}

impl Unknown<'_> {
    pub fn message(&self) -> String {
        format!("« {} » n'existe pas{}", self.name, self.word_meant())
    }

    /// What to write instead of a word that is no value; empty if there is nothing to say.
    fn word_meant(&self) -> String {
        let name = self.name;
        let plain = name.chars().all(|it| it.is_alphanumeric() || it == '_');
        match name.to_lowercase().as_str() {
            "null" | "nil" | "nul" if self.differs => " : écrivez « is not none »".to_owned(),
            "null" | "nil" | "nul" if self.compared => " : écrivez « is none »".to_owned(),
            "null" | "nil" | "nul" => format!(" : « {name} » s'écrit « none »"),
            "vrai" => format!(" : « {name} » s'écrit « true »"),
            "faux" => format!(" : « {name} » s'écrit « false »"),
            _ if self.compared && plain => {
                format!(" ; si c'est un texte, mettez-le entre guillemets : \"{name}\"")
            }
            _ => String::new(),
        }
    }

    /// The message with what to write instead in this template file, if there is a close match.
    pub fn advised(&self, file: &str) -> Option<String> {
        let name = self.name;
        let path = format!("{name}{}", self.asked);
        let whole = self.with_signs();
        if let Some(meant) = advice::with_dots(file, whole) {
            return Some(format!("« {whole} » n'existe pas : écrivez « {meant} »"));
        }
        let root = path.split('.').next().unwrap_or_default();
        // A part may get names from the templates that include it.
        let is_own = is_part(file) || tags::gives(self.source, root);
        let is_strange = !is_own && self.word_meant().is_empty();
        let author = || advice::for_author(&path).filter(|_| is_strange);
        let known = || advice::for_strange(file, &path).filter(|_| is_strange);
        let instead = advice::for_key(self.source, &path)
            .or_else(author)
            .or_else(|| advice::for_unknown(file, &path, self.compared))
            .or_else(known)?;
        Some(format!("« {name} » n'existe pas : {instead}"))
    }

    /// The name with the dashes and slashes that join it to others, as in `residence-nom`.
    fn with_signs(&self) -> &str {
        let joins = |it: char| it.is_alphanumeric() || "_.-/".contains(it);
        let (before, after) = (
            &self.source[..self.place.start],
            &self.source[self.place.end..],
        );
        let begin = before.trim_end_matches(joins).len();
        let end = self.source.len() - after.trim_start_matches(joins).len();
        self.source[begin..end].trim_matches(['-', '/', '.'])
    }
}

/// The unknown value that an error is about; `None` if it is about something else, or the value cannot be found.
pub(super) fn named_by(error: &Error) -> Option<Unknown<'_>> {
    let (name, made_at) = named(error.detail()?)?;
    let (source, needed) = error.template_source().zip(error.range())?;
    let whole = source.get(needed.clone())?;
    // The engine confuses the key with the table: it calls « noms[residence.code] » « residence[...] ».
    let is_looked_up = name.ends_with("[...]") && whole.contains('[') && whole.ends_with(']');
    let name = if is_looked_up { whole } else { name };
    let signs = ["==", "!=", "<", ">", " in "];
    let compared = signs.iter().any(|it| whole.contains(it));
    // For a filter, the engine's range lacks the value before it; and the value may have been assigned to a different
    // name before it was needed.
    let before = source.get(..needed.start)?;
    let tag = before
        .rfind("{{")
        .max(before.rfind("{%"))
        .unwrap_or_default();
    let place = find(source, needed.clone(), name);
    let place = place.or_else(|| find(source, tag..needed.end, name));
    let place = place.or_else(|| {
        let line = made_at?.checked_sub(1)?;
        let begin = source.split_inclusive('\n').take(line).map(str::len).sum();
        let length = source.get(begin..)?.lines().next()?.len();
        find(source, begin..begin + length, name)
    });
    let of_path = |it: char| it.is_alphanumeric() || "_.".contains(it);
    let rest = place.as_ref().and_then(|it| source.get(it.end..));
    let rest = rest.filter(|it| it.starts_with('.')).unwrap_or_default();
    let path = rest.len() - rest.trim_start_matches(of_path).len();
    Some(Unknown {
        name,
        place: place.unwrap_or(needed.start..needed.start),
        compared,
        differs: whole.contains("!="),
        asked: rest[..path].trim_end_matches('.'),
        source,
    })
}

/// The engine's name for the value, and the line where it was read, if that is a different one.
fn named(detail: &str) -> Option<(&str, Option<usize>)> {
    let (before, after) = detail.rsplit_once("` is undefined")?;
    let (_, name) = before.rsplit_once('`')?;
    let line = after.split_once("from line ").map(|(_, it)| it);
    let line = line.map(|it| it.trim_end_matches(')').parse());
    Some((name, line.and_then(Result::ok)))
}

/// Where a name is written as such, outside strings.
fn find(source: &str, within: Range<usize>, name: &str) -> Option<Range<usize>> {
    let text = source.get(within.clone())?;
    let texts: Vec<Range<usize>> = tags::read(source)
        .into_iter()
        .flat_map(|it| it.texts)
        .collect();
    let of_name = |it: char| it.is_alphanumeric() || it == '_';
    let mut places = text.match_indices(name).filter(|(at, _)| {
        let (before, after) = (&text[..*at], &text[at + name.len()..]);
        let goes_on = after.starts_with(of_name) && name.ends_with(of_name);
        let goes_before = before.ends_with(|it: char| of_name(it) || it == '.');
        let in_text = || texts.iter().any(|it| it.contains(&(within.start + at)));
        !goes_on && !goes_before && !in_text()
    });
    let (at, _) = places.next()?;
    let begin = within.start + at;
    Some(begin..begin + name.len())
}
