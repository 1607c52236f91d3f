//! The texts of all templates, each with its file.

use minijinja::Environment;

use crate::rules::template::SUBJECT;
use crate::rules::template::syntax::{tags, tokens};

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
    pub(in crate::rules::template) fn give(&self, name: &str) -> bool {
        self.0.iter().any(|(_, source)| tags::gives(source, name))
    }

    /// Each text, with its file.
    pub(in crate::rules::template) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter();
        all.map(|(file, source)| (file.as_str(), source.as_str()))
    }

    /// The words of each tag, with the file and the whole text.
    pub(in crate::rules::template) fn tags(
        &self,
    ) -> impl Iterator<Item = (&str, &str, Vec<(usize, &str)>)> {
        let all = self.0.iter();
        all.flat_map(|(file, source)| {
            tokens::tags(source).map(move |it| (file.as_str(), source.as_str(), it))
        })
    }
}
