//! Diagnostics on a terminal: the line, carets under the place, and what is wrong.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json};

use crate::cli::Format;
use crate::domain::ports::FileSet;
use crate::rules::diagnostic::{Diagnostic, Severity, any_error};
use crate::rules::place;

/// Renders one diagnostic for a terminal; `files` provides the text of the line.
pub(super) fn render(diagnostic: &Diagnostic, files: &FileSet) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let level = level.with_name(diagnostic.severity.label());
    let title = level.primary_title(diagnostic.message.as_str());
    let text = files
        .get(&diagnostic.file)
        .and_then(|bytes| std::str::from_utf8(bytes).ok());
    let place = text.and_then(|text| Some((text, span(text, diagnostic)?)));
    let colours = std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
        && std::io::stdout().is_terminal();
    let renderer = if colours {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    match place {
        Some((text, span)) => {
            let snippet = Snippet::source(text)
                .path(diagnostic.file.as_str())
                .annotation(AnnotationKind::Primary.span(span));
            let text = renderer.render(&[title.element(snippet)]);
            without_column(text, diagnostic)
        }
        // Without a line to show, the sentence gives the place.
        None => diagnostic.to_string(),
    }
}

/// Reports all diagnostics: as JSON on stdout, or one at a time through `people`. Returns the number of errors
/// reported.
pub(super) fn report(
    format: Format,
    version: Option<&str>,
    diagnostics: &[Diagnostic],
    files: &FileSet,
    people: impl Fn(&str),
) -> usize {
    let errors = |told: &[Diagnostic]| {
        let errors = told.iter().filter(|it| it.severity == Severity::Error);
        errors.count()
    };
    match format {
        Format::Json => {
            print_json(version, diagnostics);
            errors(diagnostics)
        }
        Format::Table => {
            let told = told_once(diagnostics);
            for it in &told {
                people(&render(it, files));
            }
            errors(&told)
        }
    }
}

/// Merges failures that several cases share into one, with their number: one mistake in a rule is one thing to
/// correct.
fn told_once(diagnostics: &[Diagnostic]) -> Vec<Diagnostic> {
    let mut alike: BTreeMap<&str, usize> = BTreeMap::new();
    for why in diagnostics.iter().filter_map(|it| it.cause.as_deref()) {
        *alike.entry(why).or_default() += 1;
    }
    let mut told = Vec::new();
    for it in diagnostics {
        // The first case carries the count, the others are dropped.
        let why = it.cause.as_deref();
        let count = why.map_or(Some(1), |why| alike.remove(why));
        let mut once = it.clone();
        match count {
            None => continue,
            Some(..=1) => {}
            Some(2) => once.message.push_str(" ; un autre cas échoue de même"),
            Some(count) => {
                let more = format!(" ; {} autres cas échouent de même", count - 1);
                once.message.push_str(&more);
            }
        }
        told.push(once);
    }
    told
}

/// If the column is unknown, none is shown: the whole line is underlined.
fn without_column(text: String, diagnostic: &Diagnostic) -> String {
    if diagnostic.column > 0 {
        return text;
    }
    let place = format!("{}:{}", diagnostic.file, diagnostic.line);
    let Some((before, after)) = text.split_once(&format!("{place}:")) else {
        return text;
    };
    let after = after.trim_start_matches(|it: char| it.is_ascii_digit());
    format!("{before}{place}{after}")
}

/// Prints all diagnostics as JSON; there is no version if the files could not be read.
pub(super) fn print_json(version: Option<&str>, diagnostics: &[Diagnostic]) {
    let all: Vec<_> = diagnostics.iter().map(to_json).collect();
    let accepted = !any_error(diagnostics);
    println!(
        "{}",
        json!({"version": version, "acceptee": accepted, "diagnostics": all})
    );
}

/// One diagnostic as JSON.
fn to_json(diagnostic: &Diagnostic) -> Value {
    let some = |number: u32| (number > 0).then_some(number);
    json!({
        "code": diagnostic.code,
        "gravite": diagnostic.severity.word(),
        "fichier": diagnostic.file,
        "ligne": some(diagnostic.line),
        "colonne": some(diagnostic.column),
        "message": diagnostic.message,
    })
}

/// The bytes to underline: the word at the place, or the whole line if the column is unknown.
fn span(text: &str, diagnostic: &Diagnostic) -> Option<std::ops::Range<usize>> {
    let begin = place::offset(text, (diagnostic.line, 1)).filter(|it| *it < text.len())?;
    let line = text[begin..].lines().next().unwrap_or_default().trim_end();
    let end = begin + line.len();
    let Some(at) = place::offset(text, (diagnostic.line, diagnostic.column)) else {
        let indent = line.len() - line.trim_start().len();
        return Some(begin + indent..end);
    };
    let at = at.min(end);
    let rest = &text[at..end];
    let word = rest
        .find(|it: char| !(it.is_alphanumeric() || "_-".contains(it)))
        .unwrap_or(rest.len());
    // A bracket or a quote is a word of one character.
    let first = rest.chars().next().map_or(0, char::len_utf8);
    Some(at..at + word.max(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::diagnostic::code;

    fn shown(text: &str, line: u32, column: u32) -> String {
        let files = FileSet::from([("a.yaml".to_owned(), text.as_bytes().to_vec())]);
        let diagnostic = Diagnostic::at(code::YAML, "a.yaml", line, column, "clé inconnue");
        render(&diagnostic, &files)
    }

    #[test]
    fn the_word_is_underlined_after_accents_too() {
        let text = shown("é: 1\nClôturée: Réglée # fin\n", 2, 11);
        assert_eq!(
            text,
            "erreur: clé inconnue\n --> a.yaml:2:11\n  |\n2 | Clôturée: Réglée # fin\n  |           ^^^^^^"
        );
    }

    #[test]
    fn a_line_as_a_whole_has_no_column() {
        assert_eq!(
            shown("é: 1\n  a: 2\n", 2, 0),
            "erreur: clé inconnue\n --> a.yaml:2\n  |\n2 |   a: 2\n  |   ^^^^"
        );
    }

    #[test]
    fn what_fails_several_cases_alike_is_told_once() {
        let fault = |line, nom: &str, why: &str| {
            let message = format!("cas « {nom} » : {why}");
            Diagnostic::at(code::CASE, "cas/a.yaml", line, 1, message)
        };
        let by_a_rule = |line, nom: &str| {
            let why = "gestionnaire.rhai, ligne 3 : « attendu » n'existe pas : attendu « x »";
            fault(line, nom, &format!("{why} ; rien n'est décidé")).caused_by(why)
        };
        let difference = "workflow : attendu « A », obtenu « B »";
        let all = [
            by_a_rule(1, "un"),
            fault(2, "deux", difference),
            by_a_rule(3, "trois », bis"),
            fault(4, "quatre", difference),
            by_a_rule(5, "cinq"),
        ];
        let told: Vec<String> = told_once(&all).into_iter().map(|it| it.message).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].ends_with("décidé ; 2 autres cas échouent de même"),
            "{told:?}"
        );
    }

    #[test]
    fn a_place_beyond_the_text_is_told_in_words() {
        assert_eq!(
            shown("a: 1\n", 9, 1),
            "a.yaml, ligne 9, colonne 1 : erreur : clé inconnue"
        );
        assert!(shown("a: 1", 1, 40).contains("a.yaml:1:5"));
    }
}
