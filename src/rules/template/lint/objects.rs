//! Objects printed as a whole, in the notation of a programming language.

use crate::rules::finding::Finding;
use crate::rules::template::advice;
use crate::rules::template::syntax::tags;

/// Each of them in a text.
pub(super) fn printed(source: &str) -> Vec<Finding<usize>> {
    let printed = tags::printed(source).into_iter();
    let own = printed.filter(|(_, path)| {
        let root = path.split('.').next().unwrap_or_default();
        !tags::gives(source, root)
    });
    own.filter_map(|(at, path)| Some(Finding::new(at, advice::for_set(path)?)))
        .collect()
}
