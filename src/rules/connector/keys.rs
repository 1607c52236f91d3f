//! Every key of a connector's file: where it is allowed, the form of its value, and its meaning. The daemon, which
//! rejects everything else, and the schema for editors use the same table.

mod check;
mod schema;
mod table;

pub(super) use check::check;
pub(super) use schema::schema;

use std::time::Duration;

use regex_lite::Regex;

/// A key at one place of the file.
#[derive(Clone, Copy)]
struct Key {
    name: &'static str,
    required: bool,
    form: Form,
    about: &'static str,
}

/// The form of a key's value.
#[derive(Clone, Copy)]
enum Form {
    /// A text, which may contain expressions.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any JSON value.
    Free,
    /// Names with values of any type.
    Fields,
    /// HTTP statuses: one, or a list.
    Statuses,
    /// Where to find a value in an answer.
    Extract,
    /// Names, and where to find their values in an answer.
    Extracts,
    /// Tables by name, each mapping words to values.
    Tables,
    /// A duration.
    Duration,
    /// A number of at least 1.
    Count,
    /// A mapping with these keys.
    Keys(&'static [Key]),
    /// Exactly one of these keys.
    OneOf(&'static [Key]),
    /// A list of mappings with these keys.
    List(&'static [Key]),
}

const fn key(name: &'static str, form: Form, about: &'static str) -> Key {
    Key {
        name,
        required: false,
        form,
        about,
    }
}

const fn required(name: &'static str, form: Form, about: &'static str) -> Key {
    Key {
        name,
        required: true,
        form,
        about,
    }
}

/// The HTTP methods that a call may use.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const GUARDS: [&str; 4] = ["upsert", "cle_idempotence", "recherche", "possibles"];

/// The formats of durations, statuses and counts, shared by the daemon and the schema for editors.
const DURATION: &str = "^[1-9][0-9]{0,6}(ms|s|m|min|h|d)$";
const STATUSES: &str = "^[1-5](xx|[0-9]{2}(-[1-5][0-9]{2})?)$";
const COUNT: &str = "^[1-9][0-9]{0,8}$";

fn fits(text: &str, pattern: &str) -> bool {
    Regex::new(pattern).is_ok_and(|it| it.is_match(text))
}

/// The first and last status of `201`, `4xx` or `500-504`; `None` for an empty range.
pub(super) fn statuses(text: &str) -> Option<(u16, u16)> {
    if !fits(text, STATUSES) {
        return None;
    }
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok()?;
        return Some((class * 100, class * 100 + 99));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last))
}

/// Parses `500ms`, `30s`, `5m`, `1h` or `2d`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let plain = fits(text, DURATION);
    humantime::parse_duration(text).ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::rules::diagnostic::Diagnostic;
    use crate::rules::source::Reader;
    use crate::rules::yaml::{Node, Value};

    fn faults(form: &Form, text: &str) -> Vec<Diagnostic> {
        let node = Node {
            value: Value::Text(text.to_owned()),
            plain: false,
            line: 1,
            column: 1,
        };
        let mut faults = Vec::new();
        check::check_form(&mut Reader::new("crm.yaml", &mut faults), form, &node);
        faults
    }

    /// Texts that match the pattern, and texts that nearly do.
    fn texts(pattern: &str) -> impl Strategy<Value = String> + use<> {
        let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
        let near = "[+0 ]?[0-9]{1,9}(ms|s|m|min|h|d|xx| ?- ?[0-9]{1,4})?";
        prop_oneof![string_regex(pattern).unwrap(), near]
    }

    proptest! {
        #[test]
        fn the_daemon_and_the_schema_accept_the_same_texts(
            duration in texts(DURATION),
            statuses in texts(STATUSES),
            count in texts(COUNT),
        ) {
            let written = [
                (Form::Duration, duration),
                (Form::Statuses, statuses),
                (Form::Count, count),
            ];
            for (form, text) in written {
                // A schema cannot compare the two ends.
                let ends = text.split_once('-');
                let empty = ends.is_some_and(|(first, last)| first > last);
                let schema = schema::form_schema(&form);
                let taken = jsonschema::is_valid(&schema, &json!(text)) && !empty;
                prop_assert_eq!(faults(&form, &text).is_empty(), taken, "{}", text);
            }
        }
    }

    #[rstest]
    #[case("500ms", Some(Duration::from_millis(500)))]
    #[case("30s", Some(Duration::from_secs(30)))]
    #[case("5m", Some(Duration::from_mins(5)))]
    #[case("5min", Some(Duration::from_mins(5)))]
    #[case("24h", Some(Duration::from_hours(24)))]
    #[case("0s", None)]
    #[case("0090s", None)]
    #[case("2d", Some(Duration::from_hours(48)))]
    #[case("2j", None)]
    #[case("1h 30m", None)]
    #[case("30", None)]
    fn a_duration_is_one_number_and_its_unit(#[case] text: &str, #[case] wanted: Option<Duration>) {
        assert_eq!(duration(text), wanted);
    }

    #[test]
    fn an_empty_range_of_statuses_is_reported_with_the_one_meant() {
        let told = faults(&Form::Statuses, "504-500");
        assert!(told[0].message.contains("500-504"), "{told:?}");
        for right in ["500-504", "500-500", "4xx", "201"] {
            assert_eq!(faults(&Form::Statuses, right), [], "{right}");
        }
    }
}
