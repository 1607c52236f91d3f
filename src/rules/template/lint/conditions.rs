//! Conditions that are always or never true because of their structure: one value required to equal two strings, a
//! string used as a condition, or an absent value taken for an empty string.

use std::ops::Range;

use crate::rules::finding::Finding;
use crate::rules::pointless;
use crate::rules::template::lint::never_true::Vain;
use crate::rules::template::syntax::tokens::{self, Word, closing, unquoted};

/// What ends a condition, apart from the bracket around it.
const ENDS: [&str; 6] = ["if", "elif", "else", "=", ",", ":"];
/// Values that may be absent although their names are always defined.
const ABSENT: [&str; 3] = ["bien", "signalement.bien", "demande.bien"];

/// A condition: alternatives joined by `or`, each a list of parts joined by `and`.
type Condition = Vec<Vec<Range<usize>>>;

/// The conditions of a tag that are always or never true.
pub(super) fn vain_conditions<'s>(source: &'s str, words: &[Word<'s>]) -> Vec<Vain> {
    let mut found = Vec::new();
    for condition in conditions(words) {
        found.extend(text_alone(source, words, &condition));
        found.extend(contradiction(source, words, &condition));
        found.extend(absent(words, &condition));
    }
    found
}

/// Every condition, with those in brackets as conditions of their own.
fn conditions(words: &[Word<'_>]) -> Vec<Condition> {
    let mut found = Vec::new();
    // Ranges still to be read.
    let all = 0..words.len();
    let mut left = vec![all];
    while let Some(mut place) = left.pop() {
        let mut condition = vec![vec![]];
        let mut begin = place.start;
        while let Some(at) = place.next() {
            let word = words[at].1;
            match word {
                "(" | "[" | "{" => {
                    let end = closing(words, at).unwrap_or(place.end).min(place.end);
                    left.push(at + 1..end);
                    place.start = (end + 1).min(place.end);
                }
                "and" | "or" => {
                    add(&mut condition, begin..at);
                    if word == "or" {
                        condition.push(Vec::new());
                    }
                    begin = at + 1;
                }
                _ if ENDS.contains(&word) => {
                    add(&mut condition, begin..at);
                    found.push(std::mem::replace(&mut condition, vec![vec![]]));
                    begin = at + 1;
                }
                _ => {}
            }
        }
        add(&mut condition, begin..place.end);
        found.push(condition);
    }
    found
}

fn add(condition: &mut Condition, part: Range<usize>) {
    if let Some(last) = condition.last_mut().filter(|_| !part.is_empty()) {
        last.push(part);
    }
}

/// The source text of these words.
fn written<'s>(source: &'s str, words: &[Word<'s>], place: &Range<usize>) -> Option<&'s str> {
    let last = words.get(place.end.checked_sub(1)?)?;
    source.get(words.get(place.start)?.0..last.0 + last.1.len())
}

/// A comparison with a string: the other operand, the operator, and the string with its quotes.
struct Comparison<'s> {
    of: Range<usize>,
    sign: &'s str,
    text: Word<'s>,
}

fn comparison<'s>(words: &[Word<'s>], part: &Range<usize>) -> Option<Comparison<'s>> {
    let own = &words[part.clone()];
    let mut signs = own.iter().enumerate();
    let (at, (_, sign)) = signs.find(|(_, (_, it))| ["==", "!="].contains(it))?;
    let is_text = |it: &Word<'_>| unquoted(it.1).is_some();
    let (of, text) = match (&own[..at], &own[at + 1..]) {
        ([text], _) if is_text(text) => (part.start + at + 1..part.end, *text),
        (_, [text]) if is_text(text) => (part.start..part.start + at, *text),
        _ => return None,
    };
    let is_plain = words[of.clone()].iter().all(|(_, it)| *it != "not");
    (is_plain && !of.is_empty()).then_some(Comparison { of, sign, text })
}

/// A string used as a condition after a real one: `code == "un" or "deux"`. After a plain value, `or` gives a fallback
/// instead; after `and`, the string is printed if the condition is true.
fn text_alone<'s>(source: &'s str, words: &[Word<'s>], condition: &Condition) -> Option<Vain> {
    let is_asked = words
        .first()
        .is_some_and(|(_, it)| ["if", "elif"].contains(it));
    let parts: Vec<(usize, &Range<usize>)> = condition
        .iter()
        .flat_map(|all| all.iter().enumerate())
        .collect();
    let text_of = |(number, part): &(usize, &Range<usize>)| match &words[(*part).clone()] {
        [text] if is_asked || *number == 0 => {
            Some(*text).filter(|(_, it)| unquoted(it).is_some_and(|it| !it.is_empty()))
        }
        _ => None,
    };
    let asks = |part: &Range<usize>| {
        let own = &words[part.clone()];
        let bracket = own.iter().position(|(_, it)| ["(", "["].contains(it));
        // Brackets may contain a value.
        let mut own = own[..bracket.unwrap_or(own.len())].iter();
        own.any(|(_, it)| ["==", "!=", "in"].contains(it))
    };
    let mut behind = 1..parts.len();
    let first = behind.find(|at| text_of(&parts[*at]).is_some() && asks(parts[at - 1].1))?;
    let (at, text) = text_of(&parts[first])?;
    let others = parts[first..].iter().map_while(text_of).map(|(_, it)| it);
    let listed = comparison(words, parts[first - 1].1).and_then(|it| {
        let of = written(source, words, &it.of)?;
        let list: Vec<&str> = [it.text.1].into_iter().chain(others).collect();
        let sign = if it.sign == "!=" { "not in" } else { "in" };
        Some(format!("écrivez « {of} {sign} [{}] »", list.join(", ")))
    });
    let instead = listed.unwrap_or_else(|| "écrivez la comparaison en entier".to_owned());
    let message =
        format!("« {text} » est ici une condition à lui seul, toujours vraie : {instead}");
    let why = Finding::new(at, message);
    Some(Vain { why, root: None })
}

/// One value required to equal two strings at once, or to differ from either.
fn contradiction<'s>(source: &'s str, words: &[Word<'s>], condition: &Condition) -> Option<Vain> {
    let single = |part: &Vec<Range<usize>>| match part.as_slice() {
        [one] => comparison(words, one),
        _ => None,
    };
    let both = condition.iter().find_map(|part| {
        let all = part.iter().filter_map(|it| comparison(words, it));
        two_of(words, all.filter(|it| it.sign == "=="))
    });
    let either = || {
        let all = condition.iter().filter_map(single);
        two_of(words, all.filter(|it| it.sign == "!="))
    };
    let is_both = both.is_some();
    let (one, other) = both.or_else(either)?;
    let shown = written(source, words, &one.of)?;
    let both_words = [&one, &other].map(|it| unquoted(it.text.1).unwrap_or(it.text.1));
    let message = if is_both {
        pointless::never_both(shown, both_words, "or")
    } else {
        pointless::always_one_or_the_other(shown, both_words, "and")
    };
    let at = other.text.0.min(words[other.of.start].0);
    let why = Finding::new(at, message);
    Some(Vain { why, root: None })
}

/// Two comparisons of one value with two different strings.
fn two_of<'s>(
    words: &[Word<'s>],
    all: impl Iterator<Item = Comparison<'s>>,
) -> Option<(Comparison<'s>, Comparison<'s>)> {
    let is_same = |one: &Comparison<'_>, other: &Comparison<'_>| {
        let [a, b] = [one, other].map(|it| words[it.of.clone()].iter().map(|(_, it)| *it));
        a.eq(b) && unquoted(one.text.1) != unquoted(other.text.1)
    };
    let mut before: Vec<Comparison<'s>> = Vec::new();
    for other in all {
        if let Some(at) = before.iter().position(|it| is_same(it, &other)) {
            return Some((before.swap_remove(at), other));
        }
        before.push(other);
    }
    None
}

/// A value that may be absent but is compared with an empty string or tested for being defined.
fn absent(words: &[Word<'_>], condition: &Condition) -> Option<Vain> {
    let parts: Vec<&Range<usize>> = condition.iter().flatten().collect();
    parts.iter().enumerate().find_map(|(number, part)| {
        let own = &words[(*part).clone()];
        let (is_not, own) = match own {
            [(_, "not"), rest @ ..] => (true, rest),
            all => (false, all),
        };
        let path = tokens::paths(own).into_iter().next()?;
        let name = path.text.strip_prefix("evenement.").unwrap_or(&path.text);
        if !ABSENT.contains(&name) {
            return None;
        }
        let (why, there) = asked(own, path.begin..path.end)?;
        // A second test of the same value may be the one that matters.
        let again = parts.iter().enumerate().any(|(other, part)| {
            let mut paths = tokens::paths(&words[(*part).clone()]).into_iter();
            other != number && paths.any(|it| it.text == path.text)
        });
        if again {
            return None;
        }
        let shown = &path.text;
        let (holds, instead) = if there == is_not {
            ("n'est jamais vraie", format!("not {shown}"))
        } else {
            ("est toujours vraie", shown.clone())
        };
        let message = format!(
            "cette condition {holds} : quand aucun bien n'est nommé, « {shown} » {why} ; écrivez « {instead} », sans rien derrière"
        );
        let root = Some(path.root().to_owned());
        let why = Finding::new(path.at, message);
        Some(Vain { why, root })
    })
}

/// What such a test overlooks, and whether it is meant to be true when the value is there.
fn asked(own: &[Word<'_>], path: Range<usize>) -> Option<(&'static str, bool)> {
    const NOT_EMPTY: &str = "est absent (none), et non un texte vide";
    const DEFINED: &str = "est absent (none), mais son nom existe";
    let is_empty = |it: &str| unquoted(it) == Some("");
    let behind: Vec<&str> = own[path.end..].iter().map(|(_, it)| *it).collect();
    let before: Vec<&str> = own[..path.start].iter().map(|(_, it)| *it).collect();
    match (before.as_slice(), behind.as_slice()) {
        ([], ["!=", text]) | ([text, "!="], []) if is_empty(text) => Some((NOT_EMPTY, true)),
        ([], ["==", text]) | ([text, "=="], []) if is_empty(text) => Some((NOT_EMPTY, false)),
        ([], ["is", "defined"] | ["is", "not", "undefined"]) => Some((DEFINED, true)),
        ([], ["is", "undefined"] | ["is", "not", "defined"]) => Some((DEFINED, false)),
        _ => None,
    }
}
