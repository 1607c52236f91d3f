//! Turns the text of a file into templates, and locates errors in it.

use std::error::Error as _;

use minijinja::{Environment, Error, ErrorKind};

use crate::domain::ports::FileSet;
use crate::rules::diagnostic::{Diagnostic, code, nearest};
use crate::rules::layout;
use crate::rules::place::place_of;

use super::lint;
use super::syntax::remedies;
use super::{CONTEXTE, FOLDER, SUBJECT, TemplateError, advice, unknown, words};

/// Compiles the text of a file: one template, or two if its first line is a subject.
pub(super) fn add(
    environment: &mut Environment<'static>,
    path: &str,
    text: &str,
    faults: &mut Vec<Diagnostic>,
) {
    let mut parts = vec![(path.to_owned(), text.to_owned())];
    let is_mail = path != CONTEXTE && !is_part(path);
    if is_mail {
        let (first, body) = text.split_once('\n').unwrap_or((text, ""));
        let subject = match subject(path, first) {
            Ok(subject) => subject,
            Err(message) => {
                faults.push(Diagnostic::at(code::TEMPLATE, path, 1, 1, message));
                return;
            }
        };
        // The empty first line gives the body the line numbers of the file. Spaces in place of « Objet: » give the
        // subject its columns; they are dropped with the other blanks around it.
        let before = first.chars().count() - subject.chars().count();
        let subject = format!("{}{}", " ".repeat(before), subject.trim_end());
        parts = vec![
            (path.to_owned(), format!("\n{body}")),
            (format!("{path}{SUBJECT}"), subject),
        ];
    }
    for (name, source) in parts {
        match environment.add_template_owned(name.clone(), source.clone()) {
            Ok(()) => {
                lint::look_at_text(path, &source, faults);
            }
            Err(error) => faults.push(located(&name, &error).as_diagnostic()),
        }
    }
    if is_mail {
        lint::look_at_mail(path, text, faults);
    }
}

/// The subject after `Objet:`, up to the end of its line.
fn subject<'l>(path: &str, line: &'l str) -> Result<&'l str, String> {
    let rest = line.trim_start().strip_prefix("Objet").map(str::trim_start);
    let Some(subject) = rest.and_then(|it| it.strip_prefix(':')) else {
        let (folder, own) = path.rsplit_once('/').unwrap_or(("", path));
        return Err(format!(
            "la première ligne d'un e-mail doit être « Objet: … » ; un texte que des modèles reprennent par « include » a un nom qui commence par « _ », comme « {folder}/_{own} »"
        ));
    };
    if subject.trim().is_empty() {
        return Err("l'objet de cet e-mail est vide : écrivez-le après « Objet: »".to_owned());
    }
    Ok(subject.trim_start())
}

/// The file that was probably the *contexte* before it was renamed: its name is like it, and it is no e-mail.
pub(super) fn renamed_contexte(files: &FileSet) -> Option<&str> {
    const STEM: &str = "contexte";
    if files.contains_key(CONTEXTE) {
        return None;
    }
    let is_like = |path: &str| {
        let name = path.strip_prefix(FOLDER).map(str::to_lowercase);
        let stem = name.as_deref().and_then(|it| it.split('.').next());
        // A copy may have a number: « contexte (1).txt ».
        let stem = stem.map(|it| it.trim_end_matches(|sign: char| !sign.is_alphabetic()));
        stem.is_some_and(|it| nearest(it, [STEM]).is_some())
    };
    let is_mail = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        subject("", text.lines().next().unwrap_or_default()).is_ok()
    };
    let mut like = files.iter().filter(|(path, text)| {
        layout::is_rule(path) && !is_part(path) && is_like(path) && !is_mail(text)
    });
    let (path, _) = like.next()?;
    like.next().is_none().then_some(path.as_str())
}

/// Whether a file is a part, which is only included by others.
pub(super) fn is_part(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with('_'))
}

/// An error with its place in the file, worded for admins.
pub(super) fn located(name: &str, error: &Error) -> TemplateError {
    let error = innermost(error);
    let name = error.name().unwrap_or(name);
    let (at, message) = cause(error);
    let place = error.template_source().zip(at);
    let place = place.map(|(source, at)| place_of(source, at));
    let line = error.line().and_then(|line| u32::try_from(line).ok());
    let file = name.strip_suffix(SUBJECT).unwrap_or(name);
    let unknown = unknown::named_by(error);
    TemplateError {
        advised: unknown.as_ref().and_then(|it| it.advised(file)),
        unknown: unknown.map(|it| it.name.to_owned()),
        file: file.to_owned(),
        line: place.map(|(line, _)| line).or(line),
        column: place.map(|(_, column)| column),
        message,
    }
}

/// The error in the file to be corrected, which may be one that another file includes.
pub(super) fn innermost(error: &Error) -> &Error {
    let inner = error.source().and_then(|it| it.downcast_ref::<Error>());
    match (error.kind(), inner) {
        (ErrorKind::BadInclude | ErrorKind::EvalBlock, Some(inner)) => innermost(inner),
        _ => error,
    }
}

/// Byte offset and message of an error. The engine reports where it noticed the error, which may be further on.
pub(super) fn cause(error: &Error) -> (Option<usize>, String) {
    let Some((source, range)) = error.template_source().zip(error.range()) else {
        return (None, words::in_french(error, ""));
    };
    let slip =
        || remedies::first_slip(source, range.start).or_else(|| words::left_open(error, source));
    if error.kind() == ErrorKind::SyntaxError
        && let Some(slip) = slip()
    {
        return (Some(slip.at), slip.message);
    }
    if let Some(unknown) = unknown::named_by(error) {
        return (Some(unknown.place.start), unknown.message());
    }
    if let Some(message) = advice::for_length(source, range.start) {
        return (Some(range.start), message);
    }
    // The range may begin or end inside a multi-byte character.
    let at = (0..=range.start.min(source.len())).rfind(|at| source.is_char_boundary(*at));
    let text = source.get(range).unwrap_or_default();
    (at, words::in_french(error, text))
}
