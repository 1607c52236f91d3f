//! The text of a template's file: what of it becomes a template, and where in it an error stands.

use std::error::Error as _;

use minijinja::{Environment, Error, ErrorKind};

use crate::rules::diagnostic::{Diagnostic, code};

use super::{CONTEXTE, SUBJECT, TemplateError, words};

/// Compiles the text of a file: one template, or two where its first line is a subject.
pub(super) fn add(
    environment: &mut Environment<'static>,
    path: &str,
    text: &str,
    faults: &mut Vec<Diagnostic>,
) {
    let mut parts = vec![(path.to_owned(), text.to_owned())];
    if path != CONTEXTE && !is_part(path) {
        let (first, body) = text.split_once('\n').unwrap_or((text, ""));
        let subject = first
            .trim_start()
            .strip_prefix("Objet")
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix(':'));
        let Some(subject) = subject else {
            faults.push(Diagnostic::at(
                code::TEMPLATE,
                path,
                1,
                1,
                "la première ligne d'un e-mail doit être « Objet: … »",
            ));
            return;
        };
        // The empty first line keeps the body's line numbers those of the file.
        parts = vec![
            (path.to_owned(), format!("\n{body}")),
            (format!("{path}{SUBJECT}"), subject.trim().to_owned()),
        ];
    }
    for (name, source) in parts {
        if let Err(error) = environment.add_template_owned(name.clone(), source) {
            faults.push(located(&name, &error).as_diagnostic());
        }
    }
}

/// Whether a file is only taken in by others.
pub(super) fn is_part(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with('_'))
}

/// An error with its place in the file, in the words of an admin.
pub(super) fn located(name: &str, error: &Error) -> TemplateError {
    let inner = error.source().and_then(|it| it.downcast_ref::<Error>());
    if let (ErrorKind::BadInclude | ErrorKind::EvalBlock, Some(inner)) = (error.kind(), inner) {
        // It is the other file that is to be mended.
        return located(name, inner);
    }
    let name = error.name().unwrap_or(name);
    // What stands at the fault, in the text of the file.
    let source = error.template_source().zip(error.range());
    let place =
        source.and_then(|(source, range)| Some((source.get(..range.start)?, source.get(range)?)));
    let column = place.map(|(before, _)| {
        before
            .rsplit('\n')
            .next()
            .map_or(0, |it| it.chars().count())
    });
    TemplateError {
        file: name.strip_suffix(SUBJECT).unwrap_or(name).to_owned(),
        line: error.line().and_then(|line| u32::try_from(line).ok()),
        column: column
            // The subject begins somewhere in its line.
            .filter(|_| !name.ends_with(SUBJECT))
            .and_then(|column| u32::try_from(column + 1).ok()),
        message: words::of(error, place.map_or("", |(_, text)| text)),
    }
}
