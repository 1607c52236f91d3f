//! Fields that never exist, hidden by a filter such as `default`.

use minijinja::Environment;

use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::place::place_of;
use crate::rules::template::advice;
use crate::rules::template::analysis::parts::Parts;
use crate::rules::template::syntax::tokens;

/// Filters that replace a missing value.
const STANDING_IN: [&str; 2] = ["default", "d"];

/// Reports fields that no signalement has, but whose absence goes unnoticed because a filter replaces them.
pub(in crate::rules::template) fn note(
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
            let instead = advice::for_unknown(file, &path.text, false);
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
