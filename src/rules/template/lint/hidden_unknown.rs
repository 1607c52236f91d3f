//! Fields that never exist, hidden by a filter such as `default`.

use crate::rules::finding::Finding;
use crate::rules::template::advice;
use crate::rules::template::analysis::parts::Parts;
use crate::rules::template::syntax::tokens;

/// Filters that replace a missing value.
const STANDING_IN: [&str; 2] = ["default", "d"];

/// The fields that no signalement has, but whose absence goes unnoticed because a filter replaces them.
pub(super) fn fields(parts: &Parts) -> Vec<(&str, Finding)> {
    let mut found = Vec::new();
    for (file, source, words) in parts.tags() {
        for path in tokens::paths(&words) {
            let [(_, "|"), (_, filter), ..] = words[path.end..] else {
                continue;
            };
            let stands_in = STANDING_IN.contains(&filter);
            if !stands_in || !advice::is_nowhere(&path.text) || parts.give(path.root()) {
                continue;
            }
            let instead = advice::for_unknown(file, &path.text, false);
            let instead = instead.map(|it| format!(" : {it}")).unwrap_or_default();
            let message = format!(
                "« {} » n'existe jamais, et « {filter} » le cache{instead}",
                path.text
            );
            found.push((file, Finding::new(path.at, message).within(source)));
        }
    }
    found
}
