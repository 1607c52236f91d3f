//! The documents refer to what exists: their links, the repository's files and tests, the program's verbs.

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use crate::cli::passerelle;

/// The folders with documents.
const FOLDERS: [&str; 6] = [
    ".",
    "docs",
    "benches",
    "examples",
    "examples/connecteurs",
    "examples/crm-redmine",
];
/// Where a path may begin: documents refer to the code as `flows/…` and `http/…`.
const ROOTS: [&str; 4] = [".", "src", "src/adapters", "docs"];

fn documents() -> Vec<PathBuf> {
    let entries = FOLDERS.iter().flat_map(|it| fs::read_dir(it).unwrap());
    let paths = entries.map(|it| it.unwrap().path());
    paths
        .filter(|it| it.extension().is_some_and(|it| it == "md"))
        .collect()
}

/// The prose of a document, without its code blocks.
fn prose(text: &str) -> String {
    let parts = text.split("\n```").step_by(2);
    parts.collect::<Vec<_>>().join("\n")
}

/// All that a pattern finds in its first group.
fn found(pattern: &str, text: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    let all = pattern.captures_iter(text);
    all.map(|it| it[1].to_owned()).collect()
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = |it: &char| it.is_alphanumeric() || "-_ ".contains(*it);
    let kept: String = heading.to_lowercase().chars().filter(kept).collect();
    kept.replace(' ', "-")
}

/// Links of a document in this folder whose target does not exist.
fn broken_links(text: &str, folder: &Path) -> Vec<String> {
    let mut broken = found(r"\]\(([^)\s]+)\)", &prose(text));
    broken.retain(|link| {
        if link.contains("://") {
            return false;
        }
        let (file, heading) = link.split_once('#').unwrap_or((link, ""));
        let there = match file {
            "" => Some(text.to_owned()),
            _ if folder.join(file).is_dir() => return !heading.is_empty(),
            _ => fs::read(folder.join(file))
                .ok()
                .map(|it| String::from_utf8_lossy(&it).into_owned()),
        };
        let headings = |it: &str| found(r"(?m)^#+ (.+)$", &prose(it));
        let leads = |it: &String| headings(it).iter().any(|it| anchor(it) == heading);
        !there.is_some_and(|it| heading.is_empty() || leads(&it))
    });
    broken
}

/// Source files that a document refers to and that do not exist. A name without a folder may refer to any source file.
fn missing_files(text: &str, sources: &[PathBuf]) -> Vec<String> {
    let mut named = found(r"`([\w./-]+\.(?:rs|sql|md))`", &prose(text));
    named.retain(|name| {
        let is_bare = !name.contains('/');
        let in_sources = is_bare && sources.iter().any(|it| it.ends_with(name));
        !in_sources
            && !ROOTS
                .iter()
                .any(|root| Path::new(root).join(name).is_file())
    });
    named
}

/// Tests that a document refers to and that do not exist.
fn missing_tests(text: &str, sources: &str) -> Vec<String> {
    let mut named = found(r"`([a-z_]+(?:::[a-z_0-9]+)+)`", &prose(text));
    named.retain(|path| {
        let parts: Vec<&str> = path.split("::").collect();
        let own = parts.iter().rev().find(|it| !it.starts_with("case_"));
        !sources.contains(&format!("fn {}(", own.unwrap()))
    });
    named
}

/// The Rust files of the daemon, its tests, benches and examples.
fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["src", "tests", "benches", "examples"] {
        walk(Path::new(folder), &mut found);
    }
    found
}

#[test]
fn all_that_documents_refer_to_exists() {
    let sources = sources();
    let code = sources.iter().map(|it| fs::read_to_string(it).unwrap());
    let code: String = code.collect();
    let documents = documents();
    assert!(documents.len() >= 12, "{documents:?}");
    let mut wrong = Vec::new();
    for path in documents {
        let text = fs::read_to_string(&path).unwrap();
        let mut names = broken_links(&text, path.parent().unwrap());
        names.extend(missing_files(&text, &sources));
        names.extend(missing_tests(&text, &code));
        wrong.extend(names.iter().map(|it| format!("{}: {it}", path.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_missing_reference_of_a_document_is_reported() {
    let here = Path::new(".");
    let text = "# A page, with `code`\n\n[a](README.md) [b](none.md) [c](README.md#none) [d](https://x.example/y) \
                [e](#a-page-with-code) [f](#none) [g](docs) `flows/delivery.rs` `flows/none.rs` `delivery.rs` \
                `none.rs` `very.rs` `a::b_c` `a::none`\n\
                ```sh\n[h](none.md)\n```\n";
    let links = ["none.md", "README.md#none", "#none"];
    assert_eq!(broken_links(text, here), links);
    let files = ["flows/none.rs", "none.rs", "very.rs"];
    assert_eq!(missing_files(text, &sources()), files);
    assert_eq!(missing_tests(text, "fn b_c() {}"), ["a::none"]);
}

#[test]
fn the_readme_shows_verbs_that_the_program_has() {
    let folder = tempfile::tempdir().unwrap();
    let readme = fs::read_to_string("README.md").unwrap();
    let lines: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("passerelle "))
        .collect();
    assert!(lines.len() >= 10, "{lines:?}");
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let verbs: Vec<&str> = words[1].trim_end_matches(',').split('|').collect();
        let inner = words.get(2).filter(|it| {
            let mut letters = it.chars();
            letters.all(|it| it.is_ascii_lowercase() || it == '|') && **it != "passerelle"
        });
        for verb in verbs {
            for inner in inner.map_or(vec![None], |it| it.split('|').map(Some).collect()) {
                let mut arguments = vec![verb];
                arguments.extend(inner);
                arguments.push("--help");
                let output = passerelle(folder.path(), &[], &arguments);
                assert!(output.status.success(), "{line}: {output:?}");
            }
        }
    }
}
