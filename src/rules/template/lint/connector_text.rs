//! Checks of one text of a connector that do not need its values.

use serde_json::Value as Json;

use crate::rules::template::analysis::compared::{self, root};
use crate::rules::template::expression::has_filter;
use crate::rules::template::lint::never_true;
use crate::rules::template::syntax::names;
use crate::rules::template::syntax::tags;
use crate::rules::template::syntax::tokens::{self, Word, closing, unquoted};
use crate::rules::template::{Text, filters};

/// The filters that take a date format.
const OF_DATES: [&str; 2] = ["lire_date", "format_date"];
/// The filter that looks a word up in a table of the file.
const TABLE: &str = "table";

impl Text {
    /// What is wrong with an unknown filter in it, which would otherwise only show on evaluation.
    #[must_use]
    pub fn unknown_filter(&self) -> Option<String> {
        let tags = self.tokens();
        let mut filters = tags.iter().flat_map(|it| tokens::filters(it));
        let (_, name) = filters.find(|(_, name)| !has_filter(name))?;
        let instead = names::instead_of_filter_of_requests(name);
        Some(format!("filtre inconnu « {name} »{instead}"))
    }

    /// The paths of the values it compares with strings, each with the string.
    #[must_use]
    pub fn compared(&self) -> Vec<(String, &str)> {
        let source = self.source();
        let mut found = Vec::new();
        for words in self.tokens() {
            let all = compared::words_in_tag(source, &words).into_iter();
            let own = all.filter(|it| !tags::gives(source, root(&it.value)));
            found.extend(own.map(|it| (it.value, it.word)));
        }
        found
    }

    /// Why its comparisons are pointless, in French; `sample` has a value for each name except those in `locals`.
    #[must_use]
    pub fn in_vain(&self, sample: &Json, locals: &[&str]) -> Vec<String> {
        let source = self.source();
        let is_given = |name: &str| locals.contains(&name) || tags::gives(source, name);
        let tags = self.tokens();
        let all = tags
            .iter()
            .flat_map(|it| never_true::vain_comparisons(source, it, sample));
        all.filter(|it| !it.root.as_deref().is_some_and(is_given))
            .map(|it| it.message)
            .collect()
    }

    /// What is wrong with a literal table name that is not one of these, which would otherwise only show on evaluation.
    #[must_use]
    pub fn unknown_table(&self, tables: &Json) -> Option<String> {
        self.tokens().iter().find_map(|words| {
            let calls = tokens::filters(words).filter(|(_, name)| *name == TABLE);
            let mut named = calls.filter_map(|(at, _)| first_text(words, at));
            let name = named.find(|it| tables.get(it).is_none())?;
            let known = tables.as_object().into_iter().flatten();
            Some(filters::no_table(
                name,
                known.map(|(name, _)| name.as_str()),
            ))
        })
    }

    /// The table its value comes from, if no other filter follows.
    #[must_use]
    pub fn last_table(&self) -> Option<&str> {
        self.inner()?;
        let words = self.tokens().pop()?;
        let (at, _) = tokens::filters(&words)
            .last()
            .filter(|(_, name)| *name == TABLE)?;
        let is_last = closing(&words, at + 1) == words.len().checked_sub(1);
        first_text(&words, at).filter(|_| is_last)
    }

    /// What is wrong with the format or the zone of a date, whatever the date.
    #[must_use]
    pub fn wrong_date(&self) -> Option<String> {
        self.tokens().iter().find_map(|words| {
            let mut dates = tokens::filters(words).filter(|(_, name)| OF_DATES.contains(name));
            dates.find_map(|(at, _)| {
                let format = first_text(words, at)?;
                let zone = match &words[at + 3..] {
                    [(_, ","), (_, "zone"), (_, "="), (_, zone), (_, ")"), ..] => unquoted(zone),
                    _ => None,
                };
                filters::fault_of_date(format, zone)
            })
        })
    }

    /// Whether it is an expression that builds an object with this key.
    #[must_use]
    pub fn builds(&self, key: &str) -> bool {
        let is_key = |pair: &[Word<'_>]| pair[1].1 == ":" && unquoted(pair[0].1) == Some(key);
        let tags = self.tokens();
        self.inner().is_some() && tags.iter().any(|words| words.windows(2).any(is_key))
    }

    /// Whether it only prints values as they are.
    #[must_use]
    pub fn only_writes(&self) -> bool {
        let all = tags::read(self.source());
        let tags = self.tokens();
        let is_path = |words: &Vec<Word<'_>>| {
            let path = tokens::paths(words).into_iter().next();
            path.is_some_and(|it| it.begin == 0 && it.end == words.len())
        };
        let are_values = all.iter().all(|it| it.open == "{{");
        !all.is_empty() && are_values && tags.iter().all(is_path)
    }
}

/// The first argument of a filter, if it is a string alone; `at` is the index of the filter's name among the words.
fn first_text<'s>(words: &[Word<'s>], at: usize) -> Option<&'s str> {
    match words.get(at + 1..)? {
        [(_, "("), (_, text), (_, ")" | ","), ..] => unquoted(text),
        _ => None,
    }
}
