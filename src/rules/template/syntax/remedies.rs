//! What was meant by an unreadable tag: words of French or another language instead of those that templates have, and
//! missing signs.

use std::ops::Range;

use crate::rules::diagnostic::nearest;
use crate::rules::finding::Finding;

use crate::rules::template::advice;
use crate::rules::template::syntax::idioms;
use crate::rules::template::syntax::names;
use crate::rules::template::syntax::strays;
use crate::rules::template::syntax::tags::{self, Tag};
use crate::rules::template::syntax::tokens::words;

/// Words of an expression, and what templates have instead.
const OPERATORS: [(&str, &str); 14] = [
    ("et", "and"),
    ("and", "and"),
    ("ou", "or"),
    ("or", "or"),
    ("non", "not"),
    ("pas", "not"),
    ("not", "not"),
    ("dans", "in"),
    ("in", "in"),
    ("est", "is"),
    ("is", "is"),
    ("si", "if"),
    ("sinon", "else"),
    ("else", "else"),
];
/// Signs that are never valid in a template.
const SIGNS: [(&str, &str); 9] = [
    ("&&", "and"),
    ("&", "and"),
    ("||", "or"),
    ("!", "not"),
    ("=>", ">="),
    ("=<", "<="),
    ("<>", "!="),
    ("≠", "!="),
    ("===", "=="),
];
/// What ends a condition in other languages.
const IDLE: [&str; 4] = ["alors", "then", ":", ";"];
/// Negates the condition that follows, in other languages.
const UNLESS: &str = "unless";
/// Instructions of other languages, and those that templates have; an empty one means the end of the innermost open
/// instruction.
const INSTRUCTIONS: [(&str, &str); 25] = [
    ("si", "if"),
    ("sinon", "else"),
    ("sinonsi", "elif"),
    ("sinon si", "elif"),
    ("elseif", "elif"),
    ("elsif", "elif"),
    ("else if", "elif"),
    ("finsi", "endif"),
    ("fin si", "endif"),
    ("end if", "endif"),
    ("fi", "endif"),
    (UNLESS, "if not"),
    ("endunless", "endif"),
    ("pour", "for"),
    ("foreach", "for"),
    ("finpour", "endfor"),
    ("fin pour", "endfor"),
    ("end for", "endfor"),
    ("endforeach", "endfor"),
    ("fin", ""),
    ("end", ""),
    ("inclure", "include"),
    ("definir", "set"),
    ("let", "set"),
    ("var", "set"),
];

/// What was meant where the parser gave up, if it is recognized.
pub(in crate::rules::template) fn first_slip(
    source: &str,
    noticed: usize,
) -> Option<Finding<usize>> {
    let all = tags::read(source);
    let last = all.iter().rposition(|it| it.begin <= noticed)?;
    let (before, tag) = (&all[..last], &all[last]);
    let within = tag.end.is_none_or(|end| noticed < end);
    if within && let Some(slip) = in_tag(source, before, tag, noticed) {
        return Some(slip);
    }
    let closing = tag.word().starts_with("end") || ["else", "elif"].contains(&tag.word());
    let at_end = !within || noticed >= source.trim_end().len();
    let until = match (at_end, closing) {
        (true, _) => source.len(),
        (false, true) => noticed,
        (false, false) => return None,
    };
    let mut values = all.iter().filter(|it| it.begin < until && it.open == "{{");
    let instruction = values.find_map(written_as_value);
    instruction.or_else(|| strays::half_opened(source, until))
}

/// A closing instruction in the braces of a value, which would be taken for a name.
fn written_as_value(tag: &Tag<'_>) -> Option<Finding<usize>> {
    let own = tag.inside.trim_matches(['-', '+']).trim();
    let ends = own == "else" || own.starts_with("end") && tags::INSTRUCTIONS.contains(&own);
    ends.then(|| as_instruction(tag, own))
}

fn as_instruction(tag: &Tag<'_>, own: &str) -> Finding<usize> {
    Finding {
        at: tag.begin,
        message: format!(
            "une instruction s'écrit entre « {{% » et « %}} » : écrivez « {{% {own} %}} »"
        ),
    }
}

fn in_tag(
    source: &str,
    before: &[Tag<'_>],
    tag: &Tag<'_>,
    noticed: usize,
) -> Option<Finding<usize>> {
    if tag.open == "{#" {
        return None;
    }
    if let Some(slip) = idioms::negation(source, tag) {
        return Some(slip);
    }
    let runs_over = |text: &Range<usize>| {
        let own = &source[text.clone()];
        ["\n", "}}", "%}"].iter().any(|it| own.contains(it))
    };
    if tag.texts.iter().any(runs_over) {
        // The text that follows is not part of the tag.
        return None;
    }
    let words = words(source, tag);
    braces(source, tag)
        .or_else(|| wrong_braces(before, tag, &words, noticed))
        .or_else(|| foreign_sign(&words))
        .or_else(|| left_open(&words))
        .or_else(|| where_noticed(source, tag, &words, noticed))
}

/// An instruction in the braces of a value, a value in those of an instruction, or an instruction of another language.
fn wrong_braces(
    before: &[Tag<'_>],
    tag: &Tag<'_>,
    words: &[(usize, &str)],
    noticed: usize,
) -> Option<Finding<usize>> {
    let (_, first) = words.first()?;
    if tag.open == "{%" {
        return value(tag, words).or_else(|| instruction(before, words, noticed));
    }
    let is_instruction = tags::INSTRUCTIONS.contains(first) && tag.end.is_some();
    is_instruction.then(|| as_instruction(tag, tag.inside.trim_matches(['-', '+']).trim()))
}

/// A sign that is never valid in a template.
fn foreign_sign(words: &[(usize, &str)]) -> Option<Finding<usize>> {
    words.iter().find_map(|(at, word)| {
        let (_, instead) = SIGNS.iter().find(|(it, _)| it == word)?;
        Some(Finding {
            at: *at,
            message: format!("« {word} » s'écrit « {instead} »"),
        })
    })
}

/// A bracket that is not closed.
fn left_open(words: &[(usize, &str)]) -> Option<Finding<usize>> {
    let (at, opened) = words[open_bracket(words)?];
    let (sign, close) = match opened {
        "(" => ("cette parenthèse", ")"),
        _ => ("ce crochet", "]"),
    };
    let message = format!(
        "{sign} n'est pas refermé{} : il manque « {close} »",
        if close == ")" { "e" } else { "" }
    );
    Some(Finding { at, message })
}

/// What is wrong with the word at which the parser gave up, or with the words before it.
fn where_noticed(
    source: &str,
    tag: &Tag<'_>,
    words: &[(usize, &str)],
    noticed: usize,
) -> Option<Finding<usize>> {
    let mut behind = words.iter();
    let at = behind.position(|(at, word)| at + word.len() > noticed)?;
    let until = &words[..=at];
    operator(until)
        .or_else(|| part_of_filtered(source, tag, until))
        .or_else(|| idioms::meant_by(source, tag, until))
        .or_else(|| idle(tag, words, at))
        .or_else(|| {
            one_name(until).map(|path| Finding {
                at: words[at].0,
                message: format!("un nom s'écrit d'un seul tenant : « {path} »"),
            })
        })
        .or_else(|| filter_without_bar(until))
}

/// An operator in another language, as the last of these words or the one before it.
fn operator(until: &[(usize, &str)]) -> Option<Finding<usize>> {
    let mut last = until.iter().rev().take(2);
    last.find_map(|(at, word)| {
        let small = word.to_lowercase();
        let known = OPERATORS.iter().find(|(it, _)| *it == small);
        let (_, instead) = known.filter(|(_, instead)| instead != word)?;
        Some(Finding {
            at: *at,
            message: format!("« {word} » s'écrit « {instead} »"),
        })
    })
}

/// An assignment where a comparison was meant, or a superfluous word.
fn idle(tag: &Tag<'_>, words: &[(usize, &str)], at: usize) -> Option<Finding<usize>> {
    let (here, word) = words[at];
    let (_, first) = words.first()?;
    let compares = tag.open == "{{" || ["if", "elif"].contains(first);
    let message = match word {
        "=" if compares => "« = » donne une valeur : pour comparer, « == »".to_owned(),
        _ if IDLE.contains(&word) && at + 1 == words.len() => format!("« {word} » est en trop"),
        _ => return None,
    };
    Some(Finding { at: here, message })
}

/// A filter after a value without `|` between them.
fn filter_without_bar(until: &[(usize, &str)]) -> Option<Finding<usize>> {
    let [.., (_, value), (at, word)] = until else {
        return None;
    };
    let ends_value = value.ends_with(|it: char| it.is_alphanumeric() || "_)]\"'".contains(it));
    let known = names::filters().find(|it| it == word);
    let long = word.chars().count() > 3;
    let filter = known.or_else(|| nearest(word, names::filters()).filter(|_| long));
    let filter = filter.filter(|_| ends_value)?;
    Some(Finding {
        at: *at,
        message: format!("il manque « | » devant « {filter} »"),
    })
}

/// An index directly after a filter, which the syntax does not allow: `x | split(",")[0]`.
fn part_of_filtered(
    source: &str,
    tag: &Tag<'_>,
    until: &[(usize, &str)],
) -> Option<Finding<usize>> {
    let [before @ .., (_, ")"), (at, "[")] = until else {
        return None;
    };
    let bar = before.iter().rposition(|(_, it)| *it == "|")?;
    let (from, _) = *before.first()?;
    let rest = source.get(at + 1..tag.end?)?;
    let part = rest.split_once(']')?.0.trim();
    let filtered = source.get(from..*at)?;
    let instead = match part {
        "0" => format!("{filtered} | first"),
        "-1" => format!("{filtered} | last"),
        _ => format!("({filtered})[{part}]"),
    };
    let alone = tag.open == "{{" && before[..bar].iter().all(|(_, it)| !it.contains(['(', '[']));
    alone.then(|| Finding {
        at: *at,
        message: format!("« [{part}] » ne suit pas un filtre : écrivez « {instead} »"),
    })
}

/// Index of the bracket that is still open where the tag ends.
fn open_bracket(words: &[(usize, &str)]) -> Option<usize> {
    let mut open = Vec::new();
    for (at, (place, word)) in words.iter().enumerate() {
        match *word {
            "(" | "[" => open.push(at),
            ")" | "]" => drop(open.pop()),
            "%" | "}" => {
                let ends = words
                    .get(at + 1)
                    .is_some_and(|(next, it)| *it == "}" && *next == place + 1);
                if ends {
                    return open.pop();
                }
            }
            _ => {}
        }
    }
    None
}

/// The name of a value or filter that was written as two words, the second being the last of these.
fn one_name(words: &[(usize, &str)]) -> Option<String> {
    let (last, before) = words.split_last()?;
    if let [.., (_, "|"), (_, first)] = before {
        let whole = format!("{first}_{}", last.1);
        return names::filters().any(|it| it == whole).then_some(whole);
    }
    let of_path = |word: &str| {
        word == "."
            || word
                .chars()
                .all(|sign| sign.is_alphanumeric() || sign == '_')
    };
    let begin = before
        .iter()
        .rposition(|(_, it)| !of_path(it))
        .map_or(0, |it| it + 1);
    // An instruction may precede it.
    let begins = [begin, begin + 1]
        .into_iter()
        .filter(|it| *it < before.len());
    let mut paths = begins.flat_map(|begin| {
        let path: String = before[begin..].iter().map(|(_, it)| *it).collect();
        ["_", "."].map(|between| format!("{path}{between}{}", last.1))
    });
    paths.find(|it| advice::exists(it))
}

/// A surplus brace, or a missing percent sign.
fn braces(source: &str, tag: &Tag<'_>) -> Option<Finding<usize>> {
    let line = source[tag.begin..].lines().next()?;
    let in_text = |at: usize| tag.texts.iter().any(|it| it.contains(&at));
    if let Some(own) = line.strip_prefix("{{{") {
        let own = own.split_once("}}")?.0.trim();
        let message = format!("deux accolades suffisent : « {{{{ {own} }}}} »");
        let at = tag.begin;
        return (!own.contains([':', '{'])).then_some(Finding { at, message });
    }
    if tag.open != "{%" {
        return None;
    }
    let mut depth = 0_usize;
    for (at, sign) in line.char_indices().skip(2) {
        match sign {
            _ if in_text(tag.begin + at) => {}
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' => {
                let alone = !line[..at].ends_with('%') && !line[at..].starts_with("}}");
                let message = if line[..at].trim_end().ends_with('%') {
                    "« %} » s'écrit sans espace"
                } else {
                    "il manque « % » devant cette accolade"
                };
                return alone.then(|| Finding {
                    at: tag.begin + at,
                    message: message.to_owned(),
                });
            }
            _ => {}
        }
    }
    None
}

/// A value in the signs of an instruction, or an assignment without `set`.
fn value(tag: &Tag<'_>, words: &[(usize, &str)]) -> Option<Finding<usize>> {
    let (at, first) = *words.first()?;
    let own = tag.inside.trim_matches(['-', '+']).trim();
    let second = words.get(1).map(|(_, it)| *it);
    let message = match second {
        _ if tags::INSTRUCTIONS.contains(&first) => return None,
        Some("=") => format!("un nom reçoit sa valeur par « set » : écrivez « {{% set {own} %}} »"),
        None | Some("." | "|") if advice::exists(first) => {
            format!("une valeur s'écrit entre « {{{{ » et « }}}} » : écrivez « {{{{ {own} }}}} »")
        }
        _ => return None,
    };
    Some(Finding { at, message })
}

/// An instruction that has a different name in templates.
fn instruction(
    before: &[Tag<'_>],
    words: &[(usize, &str)],
    noticed: usize,
) -> Option<Finding<usize>> {
    let (at, first) = *words.first()?;
    let second = words.get(1).map_or("", |(_, it)| *it);
    let both = format!("{first} {second}");
    let named = |name: &str| INSTRUCTIONS.iter().find(|(it, _)| *it == name);
    let (written, instead) = match (named(&both), named(first)) {
        (Some((both, instead)), _) => (*both, *instead),
        (None, Some((one, instead))) => (*one, *instead),
        (None, None) => {
            // If the parser went on after it, it knows the instruction.
            let unknown = !tags::INSTRUCTIONS.contains(&first) && at + first.len() > noticed;
            let foreign = || {
                let near = nearest(first, INSTRUCTIONS.iter().map(|(it, _)| *it))?;
                Some(named(near)?.1).filter(|it| !it.is_empty())
            };
            let near = nearest(first, tags::INSTRUCTIONS).or_else(foreign);
            let near = near.filter(|_| unknown)?;
            let message =
                format!("l'instruction « {first} » n'existe pas : vouliez-vous dire « {near} » ?");
            return Some(Finding { at, message });
        }
    };
    let ending = match instead {
        "" => innermost(before)?,
        it => it.to_owned(),
    };
    // `not` alone would only apply to the first of several conditions.
    let several = words.iter().any(|(_, it)| ["and", "or"].contains(it));
    let message = if written == UNLESS && several {
        format!("« {written} … » s'écrit « {ending} (…) »")
    } else {
        format!("« {written} » s'écrit « {ending} »")
    };
    Some(Finding { at, message })
}

/// The closing instruction of the innermost open one.
fn innermost(tags: &[Tag<'_>]) -> Option<String> {
    let mut open: Vec<String> = Vec::new();
    for tag in tags {
        match tag.ending() {
            Some(ending) => open.push(ending),
            None if open.last().is_some_and(|it| it == tag.word()) => drop(open.pop()),
            None => {}
        }
    }
    open.pop()
}
