//! What one text of a connector compares, looks up and builds.

use crate::rules::template::Text;
use crate::rules::template::analysis::compared::{self, root};
use crate::rules::template::syntax::tags;
use crate::rules::template::syntax::tokens::{self, Word, closing, unquoted};

/// The filter that looks a word up in a table of the file.
pub(in crate::rules::template) const TABLE: &str = "table";

impl Text {
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
pub(in crate::rules::template) fn first_text<'s>(words: &[Word<'s>], at: usize) -> Option<&'s str> {
    match words.get(at + 1..)? {
        [(_, "("), (_, text), (_, ")" | ","), ..] => unquoted(text),
        _ => None,
    }
}
