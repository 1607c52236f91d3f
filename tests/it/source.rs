//! The source of the daemon, for tests that read it.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file under `src`, with its relative path.
pub fn files() -> Vec<(String, String)> {
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
    walk(Path::new("src"), &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix("src").unwrap().display().to_string();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// Lines of code, without comments: prose may mention anything.
pub fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// The part of a file that the daemon runs, without the tests at its end.
pub fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// The names of the crash points, in the order of the files.
pub fn crash_points() -> Vec<String> {
    let mut names = Vec::new();
    for (_, text) in files() {
        for line in code(without_tests(&text)) {
            let Some((_, rest)) = line.split_once("crash::point(\"") else {
                continue;
            };
            names.push(rest.split('"').next().unwrap().to_owned());
        }
    }
    names
}
