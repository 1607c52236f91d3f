//! Renders each template with samples, since only rendering shows which values and filters do not exist.

use std::collections::BTreeSet;

use minijinja::value::Rest;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::Value;

use crate::rules::diagnostic::{Diagnostic, nearest};
use crate::rules::view::{OCCASIONS, OF_DEMANDE, sample_context, sample_occasion};

use crate::rules::template::advice;
use crate::rules::template::source::{innermost, is_part, located};
use crate::rules::template::syntax::names;
use crate::rules::template::syntax::tags;
use crate::rules::template::{CONTEXTE, FOLDER, unknown, words};

/// How an error on a sample is treated.
enum Verdict {
    /// The edit is refused.
    Fault,
    /// It is reported as a remark.
    Remark,
    /// It is reported with this message, unless something else is reported at the same place.
    Note(String),
    /// It is ignored: real values may not cause it.
    Nothing,
}

/// Finds errors that only rendering shows. In an e-mail, an unknown value may be a key from the script, so only unknown
/// filters, tests and functions are errors there; a field that no signalement has is a remark. An included template is
/// certain to be missing only if all templates were read.
pub(in crate::rules::template) fn on_sample(
    environment: &Environment<'static>,
    all_read: bool,
    faults: &mut Vec<Diagnostic>,
) {
    let is_unknown = |kind: ErrorKind| {
        matches!(
            kind,
            ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction
        )
    };
    let as_written = |name: &str, error: &Error| match error.kind() {
        ErrorKind::TemplateNotFound if all_read => Verdict::Fault,
        ErrorKind::TemplateNotFound => Verdict::Nothing,
        kind if is_unknown(kind) || name == CONTEXTE => Verdict::Fault,
        // No value can make that valid.
        ErrorKind::TooManyArguments => Verdict::Remark,
        _ if is_nowhere(environment, name, error) => Verdict::Remark,
        _ => Verdict::Nothing,
    };
    try_all(environment, |it| it, as_written, faults);
    // A branch may guard against a missing value, but never against a missing filter.
    let filters_only = |_: &str, error: &Error| match error.kind() {
        kind if is_unknown(kind) => Verdict::Fault,
        _ => Verdict::Nothing,
    };
    try_all(&unbranched(environment), |it| it, filters_only, faults);
    // Many signalements name no bien; the samples above do.
    let of_bien = |name: &str, error: &Error| {
        let unknown = unknown::named_by(error).filter(|it| advice::is_of(BIEN, it.name));
        match unknown.filter(|_| !is_given(environment, name, error, BIEN)) {
            Some(unknown) => Verdict::Note(format!(
                "« {} » n'existe pas partout : un signalement peut ne pas nommer de bien ; avant de l'écrire, écrivez « {{% if {BIEN} %}} »",
                unknown.name
            )),
            None => Verdict::Nothing,
        }
    };
    try_all(environment, without_bien, of_bien, faults);
}

/// A value that a signalement may lack, although the samples have it.
const BIEN: &str = "bien";

/// The sample with a signalement that names no bien. One without a demande is left unchanged, since a test of the
/// demande's bien is an equally good guard if there is a demande.
fn without_bien(mut sample: Value) -> Value {
    if sample.get("demande").is_some_and(Value::is_null) {
        return sample;
    }
    for path in [
        "",
        "/signalement",
        "/demande",
        "/evenement/signalement",
        "/evenement/demande",
    ] {
        let of = sample.pointer_mut(path).and_then(Value::as_object_mut);
        if let Some(bien) = of.and_then(|it| it.get_mut(BIEN)) {
            *bien = Value::Null;
        }
    }
    sample
}

/// Whether an error is about a field that no signalement has, and its first name is not redefined in this template.
fn is_nowhere(environment: &Environment<'static>, name: &str, error: &Error) -> bool {
    let Some(unknown) = unknown::named_by(error) else {
        return false;
    };
    let root = unknown.name.split('.').next().unwrap_or_default();
    advice::is_nowhere(unknown.name) && !is_given(environment, name, error, root)
}

/// Whether a name is redefined in the template that fails, or in the one that includes it.
fn is_given(environment: &Environment<'static>, name: &str, error: &Error, root: &str) -> bool {
    let gives = |source: &str| tags::gives(source, root);
    error.template_source().is_some_and(gives)
        || environment
            .get_template(name)
            .is_ok_and(|it| gives(it.source()))
}

/// Renders each template with samples, and reports the errors that `judge` keeps.
fn try_all(
    environment: &Environment<'static>,
    made: impl Fn(Value) -> Value,
    judge: impl Fn(&str, &Error) -> Verdict,
    faults: &mut Vec<Diagnostic>,
) {
    let mut of_contexte = sample_context();
    if let Some(values) = of_contexte.as_object_mut() {
        values.retain(|name, _| !OF_DEMANDE.contains(&name.as_str()));
    }
    let of_contexte = made(of_contexte);
    let of_mail = OCCASIONS.map(|kind| made(sample_occasion(kind)));
    let names = environment.templates().map(|(name, _)| name);
    // The engine returns them in no particular order.
    let names: BTreeSet<&str> = names.filter(|name| !is_part(name)).collect();
    for name in names {
        let contexts: &[Value] = if name == CONTEXTE {
            std::slice::from_ref(&of_contexte)
        } else {
            &of_mail
        };
        for context in contexts {
            try_one(environment, name, context, |error, mut fault| {
                let place = |it: &Diagnostic| (it.file.clone(), it.line, it.column);
                let at = place(&fault);
                let mut here = faults.iter().filter(|it| place(it) == at);
                let is_remark = match judge(name, error) {
                    Verdict::Fault => false,
                    Verdict::Remark => true,
                    Verdict::Note(_) if here.next().is_some() => return,
                    Verdict::Note(message) => {
                        fault.message = message;
                        true
                    }
                    Verdict::Nothing => return,
                };
                // A part that several templates include is reported once.
                if !here.any(|it| it.message == fault.message) {
                    faults.push(if is_remark { fault.as_warning() } else { fault });
                }
            });
        }
    }
}

/// Renders one template with one sample repeatedly, replacing what fails, and reports each failure.
pub(in crate::rules::template) fn try_one(
    environment: &Environment<'static>,
    name: &str,
    context: &Value,
    mut tell: impl FnMut(&Error, Diagnostic),
) {
    let mut trial = environment.clone();
    let mut blanked = None;
    for _ in 0..MOST_FAULTS {
        let tried = trial
            .get_template(name)
            .and_then(|it| it.render(minijinja::value::Serde(context)));
        let Err(error) = tried else {
            break;
        };
        let error = innermost(&error);
        let fault = located(name, error).as_diagnostic();
        // A failure at a replaced value may be due to the replacement.
        let place = Some((fault.file.clone(), fault.line));
        let is_new = words::unknown(error).is_some() || unknown::named_by(error).is_some();
        if !is_new && place == blanked {
            break;
        }
        blanked = place;
        let fault = advised(environment, name, error, fault);
        tell(error, fault);
        if !pass_over(&mut trial, error) {
            break;
        }
    }
}

/// The fault with what to write instead, if that is known.
fn advised(
    environment: &Environment<'static>,
    name: &str,
    error: &Error,
    mut fault: Diagnostic,
) -> Diagnostic {
    let unknown = words::unknown(error).unwrap_or_default();
    let instead = match error.kind() {
        ErrorKind::TemplateNotFound => meant(environment, error),
        ErrorKind::UnknownFilter => names::instead_of_filter(unknown),
        ErrorKind::UnknownTest => names::instead_of_test(unknown),
        ErrorKind::UnknownFunction => names::instead_of_function(unknown),
        _ if name == CONTEXTE && fault.file != CONTEXTE => {
            let root = unknown::named_by(error).and_then(|it| it.name.split('.').next());
            match root.filter(|it| OF_DEMANDE.contains(it)) {
                Some(_) => format!(
                    " : {CONTEXTE} reprend ce fichier, et s'écrit avant qu'il y ait une demande"
                ),
                None => String::new(),
            }
        }
        _ => String::new(),
    };
    fault.message.push_str(&instead);
    fault
}

/// The same templates with all branches taken in sequence, so that each of them is tried.
fn unbranched(environment: &Environment<'static>) -> Environment<'static> {
    let mut trial = environment.clone();
    trial.set_undefined_behavior(UndefinedBehavior::Chainable);
    for (name, template) in environment.templates() {
        // If the result is not a valid template, the original is tried.
        let _ = trial.add_template_owned(name.to_owned(), take_all(template.source()));
    }
    trial
}

/// Turns conditions into printed values, and keeps what is between them; every character keeps its place.
fn take_all(source: &str) -> String {
    let mut taken = String::with_capacity(source.len());
    let mut at = 0;
    for (place, word) in tags::instructions(source) {
        taken.push_str(&source[at..place.start]);
        let inside = &source[place.start + 2..place.end - 2];
        match word {
            "if" | "elif" => {
                let condition = inside.replacen(word, &" ".repeat(word.len()), 1);
                taken.extend(["{{", &condition, "}}"]);
            }
            "else" | "endif" => taken.extend(["{#", inside, "#}"]),
            _ => taken.push_str(&source[place.clone()]),
        }
        at = place.end;
    }
    taken + &source[at..]
}

/// Maximum number of faults reported for one template.
const MOST_FAULTS: usize = 20;

/// Replaces what failed by something harmless, so that the rest is tried too; `false` if no replacement is known.
fn pass_over(trial: &mut Environment<'static>, error: &Error) -> bool {
    let Some(name) = words::unknown(error) else {
        return blank(trial, error).is_some();
    };
    let name = name.to_owned();
    match error.kind() {
        ErrorKind::UnknownFilter => {
            trial.add_filter(name, |it: minijinja::Value, _: Rest<minijinja::Value>| it);
        }
        ErrorKind::UnknownTest => {
            trial.add_test(name, |_: minijinja::Value, _: Rest<minijinja::Value>| true);
        }
        _ => trial.add_function(name, |_: Rest<minijinja::Value>| ""),
    }
    true
}

/// Replaces a missing value by an empty string of the same length.
fn blank(trial: &mut Environment<'static>, error: &Error) -> Option<()> {
    let name = error.name()?.to_owned();
    let place = unknown::named_by(error)?.place;
    let place = if place.is_empty() {
        error.range()?
    } else {
        place
    };
    let mut source = error.template_source()?.to_owned();
    let place = place.start..place.end + asked(source.get(place.end..)?);
    let instead = match source.get(place.clone())?.chars().count() {
        1 => "0".to_owned(),
        length => format!("''{}", " ".repeat(length.checked_sub(2)?)),
    };
    source.replace_range(place, &instead);
    trial.add_template_owned(name, source).ok()
}

/// Length in bytes of the fields and keys read from the value in front, which are replaced with it.
fn asked(behind: &str) -> usize {
    let of_path = |it: char| it.is_alphanumeric() || "_.".contains(it);
    let mut rest = behind.trim_start_matches(of_path);
    while let Some(end) = rest.starts_with('[').then(|| closing(rest)).flatten() {
        rest = rest[end..].trim_start_matches(of_path);
    }
    behind.len() - rest.len()
}

/// Byte offset after the bracket that closes the first one of a text.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, sign) in text.char_indices() {
        match (sign, quote) {
            ('"' | '\'', None) => quote = Some(sign),
            (_, Some(open)) if open == sign => quote = None,
            ('[', None) => depth += 1,
            (']', None) => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// What to write instead of the name of a missing template.
fn meant(environment: &Environment<'static>, error: &Error) -> String {
    let wanted = words::quoted(error.detail().unwrap_or_default());
    let tag = error.template_source().zip(error.range());
    let tag = tag.and_then(|(source, at)| tags::word_at(source, at.start));
    let written = |name: &str| match tag {
        Some("from") => format!("{{% from \"{name}\" import … %}}"),
        Some("import") => format!("{{% import \"{name}\" as … %}}"),
        Some("extends") => format!("{{% extends \"{name}\" %}}"),
        _ => format!("{{% include \"{name}\" %}}"),
    };
    let own = wanted.rsplit('/').next().unwrap_or(wanted);
    let part = format!("{FOLDER}_{}", own.trim_start_matches('_'));
    let names = environment.templates().map(|(name, _)| name);
    let names: Vec<&str> = names.filter(|it| !it.contains('#')).collect();
    let whole = format!("{FOLDER}{own}");
    let exact = [&part, &whole]
        .into_iter()
        .find(|it| names.contains(&it.as_str()));
    // An e-mail is rarely what was meant: it has a subject, and names that other templates do not have.
    let parts = names.iter().copied().filter(|it| is_part(it));
    let near = exact.map(String::as_str).or_else(|| nearest(&part, parts));
    match near {
        Some(near) => format!(" : écrivez « {} »", written(near)),
        None => format!(
            " : un texte que des modèles reprennent est un fichier dont le nom commence par « _ », comme « {part} », et se reprend par « {} »",
            written(&part)
        ),
    }
}
