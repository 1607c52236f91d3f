//! The crash suite's points are complete by construction: every action that outlives the process is next to one.

use std::collections::BTreeSet;

use crate::source::{code, crash_points, files, without_tests};

/// How close a point must be.
const LINES: usize = 5;

/// Whether a line does something that outlives the process.
fn lasts(file: &str, text: &str, line: &str) -> bool {
    let everywhere = [
        ".commit()",
        "\"COMMIT\"",
        "MIGRATIONS",
        "fs::rename(",
        "fs::write(",
        "File::create(",
        ".write_all(",
        ".sync_all()",
        ".sync_data()",
    ];
    // Channels also have `send`; a partner is only called in files that use one of its clients.
    let calls = ["reqwest::", "lettre::", "object_store::"];
    let partner = calls.iter().any(|it| text.contains(it));
    let call = [
        ".send(",
        ".execute(",
        ".put(",
        ".put_multipart(",
        ".put_part(",
        ".complete(",
        ".delete(",
    ];
    // Comparing them with the migrations applied to a database changes nothing.
    let declared = line.contains("static MIGRATIONS")
        || line.contains("check(&MIGRATIONS")
        || line.trim_start().starts_with("use ");
    let room = file.starts_with("flows/") || file.starts_with("adapters/");
    room && !declared
        && (everywhere.iter().any(|it| line.contains(it))
            || partner && call.iter().any(|it| line.contains(it)))
}

#[test]
fn each_commit_file_step_and_outside_call_is_next_to_a_crash_point() {
    let mut bare = Vec::new();
    let mut found = 0;
    for (file, text) in files() {
        let lines: Vec<&str> = code(without_tests(&text)).collect();
        let point = |some: &[&str]| some.iter().any(|line| line.contains("crash::point("));
        for (at, line) in lines.iter().enumerate() {
            if !lasts(&file, &text, line) {
                continue;
            }
            found += 1;
            let before = &lines[at.saturating_sub(LINES)..at];
            let after = &lines[at + 1..(at + 1 + LINES).min(lines.len())];
            if !point(before) || !point(after) {
                bare.push(format!("{file}: {}", line.trim()));
            }
        }
    }
    assert!(bare.is_empty(), "no crash point near: {bare:#?}");
    assert!(found >= 8, "only {found} places were recognised");
}

#[test]
fn each_crash_point_has_a_unique_name() {
    let names = crash_points();
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(names.len(), distinct.len(), "{names:?}");
    assert!(names.len() >= 10, "{names:?}");
}
