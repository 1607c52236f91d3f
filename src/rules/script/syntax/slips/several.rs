//! Several strings or numbers where the language takes one: `== "ASC", "CHAUF"`, `in ("ASC", "CHAUF")`,
//! `== "ASC" ou "CHAUF"`.

use crate::rules::compared::whole_numbers;
use crate::rules::script::syntax::tokens::{Kind, Token, tokens};

/// What people write between them, in lower case.
const BETWEEN: [&str; 11] = ["", ",", ";", "/", "|", "||", "&&", "ou", "or", "et", "and"];

/// The message if the parser stopped among several strings on one line.
pub(super) fn texts(text: &str, at: usize) -> Option<String> {
    let begins = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let line = text[begins..].split('\n').next()?;
    let (first, last, all) = run(line, at - begins)?;
    let before = line[..first].trim_end();
    let list = all.join(", ");
    if line[last..].trim_start().starts_with("=>") {
        let is_begun = before.is_empty() || before.ends_with(['{', ',', '}']);
        let cases = all.join(" | ");
        return is_begun.then(|| {
            format!("un cas de « switch » pour plusieurs textes s'écrit « {cases} => … »")
        });
    }
    let (sign, meant) = sign(before)?;
    Some(format!(
        "« {sign} » ne va qu'avec une valeur : pour plusieurs textes, écrivez « {meant} [{list}] »"
    ))
}

/// The message if the parser stopped behind the first of several whole numbers with commas between them.
pub(super) fn numbers(text: &str, at: usize) -> Option<String> {
    let front = text[..at].trim_end_matches(|it: char| it.is_ascii_digit());
    let list = whole_numbers(&text[front.len()..])?.join(", ");
    let (sign, meant) = sign(front.trim_end())?;
    Some(format!(
        "« {sign} » ne va qu'avec une valeur : pour plusieurs nombres, écrivez « {meant} [{list}] »"
    ))
}

/// The operator that a line ends with, perhaps before a bracket, and the one for a list instead.
fn sign(before: &str) -> Option<(&'static str, &'static str)> {
    let before = before.strip_suffix('(').unwrap_or(before).trim_end();
    let sign = ["!in", "!=", "==", "in"]
        .into_iter()
        .find(|it| before.ends_with(it))?;
    Some((sign, if sign.starts_with('!') { "!in" } else { "in" }))
}

/// The run of strings around `at` with only such separators between them, and its start and end bytes in the line.
fn run(line: &str, at: usize) -> Option<(usize, usize, Vec<&str>)> {
    let texts: Vec<Token> = tokens(line)
        .filter(|it| it.kind == Kind::Text && it.closed)
        .collect();
    let follows = |pair: &[Token]| {
        let between = line[pair[0].end()..pair[1].at].trim().to_lowercase();
        BETWEEN.contains(&between.as_str())
    };
    let mut runs = texts.chunk_by(|a, b| follows(&[*a, *b]));
    let run = runs.find(|run| match run {
        [first, .., last] => first.at <= at && at <= last.at,
        _ => false,
    })?;
    let (first, last) = (run.first()?, run.last()?);
    let all = run.iter().map(|it| it.written).collect();
    Some((first.at, last.end(), all))
}
