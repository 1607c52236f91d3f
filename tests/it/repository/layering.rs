//! Enforces the layers: imports point one way, and each room keeps its tools to itself.

use std::path::Path;

use crate::source::{code, files};

/// Rooms from the inside out; each may use those before it.
const ROOMS: [&str; 7] = [
    "domain", "rules", "settings", "flows", "adapters", "app", "cli",
];

fn room(file: &str) -> Option<usize> {
    let name = file.split(['/', '.']).next().unwrap();
    ROOMS.iter().position(|room| *room == name)
}

/// Whether code names a path, such as `crate::app` or `tokio::`. `crate::apply` does not name the first, nor
/// `xtokio::` or `crate::tokio::` the second.
fn names(line: &str, path: &str) -> bool {
    let in_a_name = |it: char| it.is_alphanumeric() || it == '_';
    line.match_indices(path).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + path.len()..]);
        let begins = !before.ends_with(|it: char| in_a_name(it) || it == ':');
        begins && (path.ends_with("::") || !after.starts_with(in_a_name))
    })
}

#[test]
fn a_path_is_named_by_all_of_its_letters() {
    for line in [
        "use crate::app;",
        "crate::app::open()",
        "pub(in crate::app)",
    ] {
        assert!(names(line, "crate::app"), "{line}");
    }
    for line in ["use crate::apply;", "crate::app_open()", "xcrate::app"] {
        assert!(!names(line, "crate::app"), "{line}");
    }
    assert!(names("fn look(it: &notify::Event)", "notify::"));
    for line in ["use crate::notify::Event;", "xnotify::Event", "// notify"] {
        assert!(!names(line, "notify::"), "{line}");
    }
}

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for (file, text) in files() {
        let Some(here) = room(&file) else { continue };
        for line in code(&text) {
            for (there, name) in ROOMS.iter().enumerate() {
                if there > here && names(line, &format!("crate::{name}")) {
                    wrong.push(format!("{file}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_room_keeps_its_tools() {
    // Each tool, with the only places that may use it.
    let tools: [(&str, &[&str]); 12] = [
        ("rhai::", &["rules/script"]),
        ("minijinja::", &["rules/template"]),
        // Logging refers to the database's events by name.
        ("sqlx::", &["adapters/store/", "adapters/telemetry.rs"]),
        ("axum::", &["adapters/http", "app/serve.rs"]),
        ("reqwest::", &["adapters/partner"]),
        (
            "lettre::",
            &[
                "adapters/mail",
                // Recipients are parsed in the same way as when e-mails are sent.
                "rules/addressee.rs",
                "settings/compile/partners.rs",
                "settings/smtp.rs",
            ],
        ),
        ("notify::", &["adapters/watch.rs"]),
        ("object_store::", &["adapters/files/s3.rs"]),
        ("askama::", &["adapters/http/console"]),
        ("clap::", &["cli", "main.rs"]),
        ("tokio::", &["flows/", "adapters/", "app", "cli"]),
        (
            "std::fs",
            &["adapters/", "app.rs", "app/open.rs", "cli", "settings"],
        ),
    ];
    let mut wrong = Vec::new();
    for (file, text) in files() {
        for (tool, places) in tools {
            if places.iter().any(|place| file.starts_with(place)) {
                continue;
            }
            let named = code(&text).find(|line| names(line, tool));
            if let Some(line) = named {
                wrong.push(format!("{file} names {tool} {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn rooms_inside_the_adapters_read_no_clock_of_their_own() {
    let wrong: Vec<String> = files()
        .into_iter()
        .filter(|(file, _)| matches!(room(file), Some(0..=3)))
        .filter(|(_, text)| {
            code(text).any(|line| line.contains("Utc::now") || line.contains("SystemTime::now"))
        })
        .map(|(file, _)| file)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = files()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(file, _)| file)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn no_room_has_a_meaningless_name() {
    let vague = [
        "utils", "util", "helpers", "common", "manager", "misc", "mod",
    ];
    let found: Vec<String> = files()
        .into_iter()
        .map(|(file, _)| file)
        .filter(|file| {
            let stem = Path::new(file).file_stem().unwrap().to_str().unwrap();
            vague.contains(&stem)
        })
        .collect();
    assert!(found.is_empty(), "{found:?}");
}
