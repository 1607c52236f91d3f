//! Dates that an e-mail would show as SoWell writes them: `2026-01-15T10:00:00+01:00`.

use crate::rules::finding::Finding;
use crate::rules::template::advice;
use crate::rules::template::syntax::tags;

/// The last name in the path of a date.
pub(super) const DATE: &str = "date_creation";
/// Instructions whose text a filter or a name may receive, and so change.
const RECEIVING: [&str; 3] = ["filter", "call", "macro"];

/// Every date that is printed without a filter. In an attribute or an address, that form may be the right one.
pub(super) fn raw_dates(source: &str) -> Vec<Finding<usize>> {
    let all = tags::read(source);
    let receives = all.iter().any(|tag| {
        RECEIVING.contains(&tag.word()) || tag.word() == "set" && tag.ending().is_some()
    });
    if receives {
        return Vec::new();
    }
    let printed = tags::printed(source).into_iter().filter(|(at, path)| {
        let root = path.split('.').next().unwrap_or_default();
        let before = source[..*at].trim_end().trim_end_matches(['-', '+']);
        let before = before.strip_suffix("{{").unwrap_or(before);
        path.rsplit_once('.').is_some_and(|(_, it)| it == DATE)
            && advice::exists(path)
            && !before.ends_with(['"', '\'', '=', '/'])
            && !tags::gives(source, root)
    });
    printed
        .map(|(at, path)| Finding {
            at,
            message: format!(
                "cette date part comme SoWell l'écrit, « 2026-01-15T10:00:00+01:00 » : écrivez par exemple « {path} | date », qui donne « 15/01/2026 », ou « {path} | date_longue »"
            ),
        })
        .collect()
}
