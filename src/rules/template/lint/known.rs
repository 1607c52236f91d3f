//! Checks of templates that need no values: fields that never exist but that a filter such as `default` hides, and
//! managers named by their type.

use minijinja::Environment;

use super::advice;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::place::{Located, place_of};
use crate::rules::template::tokens::{self, Path, unquoted};
use crate::rules::template::{SUBJECT, tags};

/// Filters that replace a missing value.
const STANDING_IN: [&str; 2] = ["default", "d"];
/// Path of a residence's managers.
const MANAGERS: &str = "residence.gestionnaires";

/// The texts of all templates and of their subjects, each with its file.
pub(in crate::rules::template) struct Parts(Vec<(String, String)>);

impl Parts {
    pub(in crate::rules::template) fn of(environment: &Environment<'static>) -> Self {
        let all = environment.templates().map(|(name, it)| {
            let subject = name.strip_suffix(SUBJECT);
            let file = subject.unwrap_or(name).to_owned();
            (file, subject.is_none(), it.source().to_owned())
        });
        // The engine returns them in no particular order; a subject is the first line of its file.
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        let parts = all.into_iter().map(|(file, _, source)| (file, source));
        Self(parts.collect())
    }

    /// Whether an instruction redefines a name in any template, since that template may include the others.
    pub(super) fn give(&self, name: &str) -> bool {
        self.0.iter().any(|(_, source)| tags::gives(source, name))
    }

    /// Each text, with its file.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter();
        all.map(|(file, source)| (file.as_str(), source.as_str()))
    }

    /// The words of each tag, with the file and the whole text.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&str, &str, Vec<(usize, &str)>)> {
        let all = self.0.iter();
        all.flat_map(|(file, source)| {
            tokens::tags(source).map(move |it| (file.as_str(), source.as_str(), it))
        })
    }
}

/// Reports fields that no signalement has, but whose absence goes unnoticed because a filter replaces them.
pub(in crate::rules::template) fn note_stood_in(
    environment: &Environment<'static>,
    faults: &mut Vec<Diagnostic>,
) {
    let parts = Parts::of(environment);
    for (file, source, words) in parts.tags() {
        for path in tokens::paths(&words) {
            let [(_, "|"), (_, filter), ..] = words[path.end..] else {
                continue;
            };
            let stands_in = STANDING_IN.contains(&filter);
            if !stands_in || !advice::is_nowhere(&path.text) || parts.give(path.root()) {
                continue;
            }
            let instead = advice::of_unknown(file, &path.text, false);
            let instead = instead.map(|it| format!(" : {it}")).unwrap_or_default();
            let message = format!(
                "« {} » n'existe jamais, et « {filter} » le cache{instead}",
                path.text
            );
            let (line, column) = place_of(source, path.at);
            let remark = Diagnostic::at(code::TEMPLATE, file, line, column, message);
            faults.push(remark.as_warning());
        }
    }
}

/// Every manager type that a template names as a literal, with the file: each once per file, where it comes first.
pub(in crate::rules::template) fn managers(
    environment: &Environment<'static>,
) -> Vec<(String, Located)> {
    let parts = Parts::of(environment);
    let mut found: Vec<(String, Located)> = Vec::new();
    if parts.give("residence") {
        return found;
    }
    for (file, source, words) in parts.tags() {
        for path in tokens::paths(&words) {
            let Some((at, name)) = kind(&words, &path) else {
                continue;
            };
            let (line, column) = place_of(source, at);
            if !found.iter().any(|(of, it)| of == file && it.text == name) {
                let name = name.to_owned();
                found.push((
                    file.to_owned(),
                    Located {
                        line,
                        column,
                        text: name,
                    },
                ));
            }
        }
    }
    found
}

/// The manager type that is named, and where: `residence.gestionnaires.gardien`, `residence.gestionnaires["gardien"]`
/// or `"gardien" in residence.gestionnaires`.
fn kind<'s>(words: &[(usize, &'s str)], path: &Path) -> Option<(usize, &'s str)> {
    let fields = path.text.strip_prefix(MANAGERS)?;
    let behind = &words[path.end..];
    if let [(_, "["), (at, text), (_, "]"), ..] = behind {
        return Some((*at, unquoted(text).filter(|_| fields.is_empty())?));
    }
    if !fields.is_empty() {
        let (_, deeper) = fields.strip_prefix('.')?.split_once('.').unzip();
        let is_function = deeper.is_none() && matches!(behind, [(_, "("), ..]);
        // After "residence", "gestionnaires" and their dots.
        let (at, name) = words[path.begin + 4];
        return (!is_function).then_some((at, name));
    }
    let (at, text) = match &words[..path.begin] {
        [.., text, (_, "not"), (_, "in")] | [.., text, (_, "in")] => *text,
        _ => return None,
    };
    Some((at, unquoted(text)?))
}
