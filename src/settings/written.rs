//! Settings as written: one text per key, from the file and overridden by the environment.
//!
//! Knows nothing about the meaning of the values.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::rules::diagnostic::{Diagnostic, code, nearest};
use crate::rules::yaml::{self, Node, Value as Tree};
use crate::settings::keys::{Change, KEYS, LISTS, SECRETS};
use crate::settings::values::directives;
use crate::settings::{CONFIG, SettingsError};

/// Prefix of the variables that are settings.
const PREFIX: &str = "PASSERELLE_";

/// The texts given. They contain secrets, so this type has no `Debug`.
#[derive(Clone, Default)]
pub(super) struct Written {
    values: BTreeMap<&'static str, String>,
    /// By the names that the landlord chose.
    secrets: BTreeMap<String, String>,
}

impl Written {
    /// Reads a settings file and reports everything wrong with its structure. Its values are not repeated: any
    /// of them may be a secret in the wrong place.
    pub(super) fn parse(file: &str, text: &str) -> (Self, Vec<String>) {
        let mut reader = Reader {
            file,
            written: Self::default(),
            faults: Vec::new(),
        };
        match yaml::parse(file, text) {
            Ok(root) => reader.group("", &root),
            Err(found) => reader.faults.extend(found.iter().map(in_english)),
        }
        (reader.written, reader.faults)
    }

    /// Overrides the file with the environment, key by key.
    pub(super) fn overlay(&mut self, environment: &Environment) {
        for setting in &KEYS {
            if let Some(value) = environment.0.get(&variable(setting.key)) {
                self.values.insert(setting.key, value.clone());
            }
        }
        for (name, value) in &environment.0 {
            if let Some(name) = secret_name(name) {
                self.secrets.insert(name, value.clone());
            }
        }
    }

    /// The secrets that were given, by name.
    pub(super) fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.secrets.iter();
        all.map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(_, value)| !value.is_empty())
    }

    /// The text given for a key; an empty text means "not set", as deployment tools write it.
    pub(super) fn given(&self, key: &str) -> Option<&str> {
        self.values
            .get(key)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// The text in force for a key: given, or its default; empty if it has none.
    pub(super) fn text(&self, key: &str) -> &str {
        debug_assert!(KEYS.iter().any(|it| it.key == key), "no such key: {key}");
        let default = || KEYS.iter().find(|it| it.key == key).map(|it| it.default);
        self.given(key).or_else(default).unwrap_or_default()
    }

    /// Those of these keys that were given a value different from their default.
    pub(super) fn set_among(&self, keys: &[&str]) -> Vec<&'static str> {
        let defaults = &Self::default();
        KEYS.iter()
            .map(|it| it.key)
            .filter(|key| keys.contains(key) && self.text(key) != defaults.text(key))
            .collect()
    }

    /// The keys that differ and only take effect after a restart.
    pub(super) fn restart_keys(&self, edited: &Self) -> Vec<&'static str> {
        KEYS.iter()
            .filter(|it| it.change == Change::Restart)
            .map(|it| it.key)
            .filter(|key| self.text(key) != edited.text(key))
            .collect()
    }
}

/// The variables that are settings; the process's other variables are ignored.
#[derive(Clone, Default)]
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Ignores empty variables: deployment tools write unset values that way.
    pub(super) fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut rust_log = None;
        let mut ours = BTreeMap::new();
        let filled = variables.into_iter().filter(|(_, value)| !value.is_empty());
        for (name, value) in filled {
            if name == "RUST_LOG" {
                rust_log = Some(value);
            } else if name.starts_with(PREFIX) {
                ours.insert(name, value);
            }
        }
        // `RUST_LOG`, which every Rust program understands, also sets the level unless our own variable does.
        // It may be meant for a different program, so it is ignored if it is not valid.
        let usable = |it: &String| directives(it).is_ok();
        if let Some(directives) = rust_log.filter(usable) {
            ours.entry(variable("log")).or_insert(directives);
        }
        Self(ours)
    }
}

/// The process's variables that may be settings, as texts.
pub(super) fn variables(
    all: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, SettingsError> {
    let mut read = Vec::new();
    let mut faults = Vec::new();
    for (name, value) in all {
        // A variable whose name is not text cannot be ours.
        let Ok(name) = name.into_string() else {
            continue;
        };
        match value.into_string() {
            Ok(value) => read.push((name, value)),
            // A path need not be UTF-8, and is read elsewhere.
            Err(_) if name == CONFIG || !name.starts_with(PREFIX) => {}
            Err(_) => faults.push(format!("{name}: is not UTF-8")),
        }
    }
    if faults.is_empty() {
        Ok(read)
    } else {
        Err(SettingsError(faults))
    }
}

/// Variables that look like settings but are not, each with the nearest key.
pub(super) fn unknown_variables(
    environment: impl IntoIterator<Item = (String, String)>,
) -> Vec<String> {
    let known: Vec<String> = KEYS.iter().map(|it| variable(it.key)).collect();
    environment
        .into_iter()
        .filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty())
        .filter(|(name, _)| !known.contains(name) && secret_name(name).is_none())
        // Other programs may share the prefix, but not use names that look like our keys.
        .filter(|(name, _)| name.contains("__") || known.iter().any(|it| is_slip(name, it)))
        .map(|(name, _)| {
            let near = did_you_mean(&name, known.iter().map(String::as_str));
            format!("{name}{near}")
        })
        .collect()
}

/// Whether a variable differs from a known one only by underscores or one letter.
fn is_slip(name: &str, known: &str) -> bool {
    let bare = |it: &str| it.replace('_', "");
    bare(name) == bare(known) || strsim::osa_distance(name, known) == 1
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// The secret that a variable sets, if it sets one.
fn secret_name(variable: &str) -> Option<String> {
    let name = variable.strip_prefix("PASSERELLE_SECRETS__")?;
    let name = name.to_lowercase();
    is_secret_name(&name).then_some(name)
}

/// Whether both a connector file and a variable can use this name.
fn is_secret_name(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_lowercase())
        && name
            .chars()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
}

/// `; did you mean "x"?`, or nothing if no known word is near.
pub(super) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"))
}

/// Walks the tree of a file and collects everything that is not a key with one value.
struct Reader<'a> {
    file: &'a str,
    written: Written,
    faults: Vec<String>,
}

impl Reader<'_> {
    /// Reads one group; `name` is empty for the whole file.
    fn group(&mut self, name: &str, node: &Node) {
        let entries = match &node.value {
            // Only comments: the same as no keys.
            Tree::Null => return,
            Tree::Map(entries) => entries,
            Tree::Text(_) | Tree::List(_) => {
                let what = match name {
                    "" => "this file must hold keys, such as \"listen: 127.0.0.1:8080\"".into(),
                    name => format!("\"{name}\" must hold keys of its own, indented below it"),
                };
                self.fault(node.line, node.column, &what);
                return;
            }
        };
        let names = names_in(name);
        for (key, node) in entries {
            let full = match name {
                "" => key.name.clone(),
                name => format!("{name}.{}", key.name),
            };
            let known = KEYS.iter().find(|it| it.key == full);
            if let (Some(_), "", Some((group, inner))) = (known, name, full.split_once('.')) {
                // Otherwise it could be given twice in the file, once in its group.
                let what =
                    format!("\"{full}\" is written \"{inner}\" below \"{group}:\", indented");
                self.fault(key.line, key.column, &what);
            } else if let Some(known) = known {
                self.value(known.key, node);
            } else if full == SECRETS {
                self.secrets(node);
            } else if name.is_empty() && names.contains(&full.as_str()) {
                self.group(&full, node);
            } else {
                let what = unknown(&key.name, &names);
                self.fault(key.line, key.column, &what);
            }
        }
    }

    fn secrets(&mut self, node: &Node) {
        let entries = match &node.value {
            Tree::Null => return,
            Tree::Map(entries) => entries,
            Tree::Text(_) | Tree::List(_) => {
                let what = "\"secrets\" must hold names and values, indented below it";
                self.fault(node.line, node.column, what);
                return;
            }
        };
        for (key, node) in entries {
            match &node.value {
                // Not repeated: a value may be in the place of its name.
                _ if !is_secret_name(&key.name) => {
                    let what =
                        "the name of a secret may only contain lower-case letters, digits and _";
                    self.fault(key.line, key.column, what);
                }
                Tree::Null => {}
                Tree::Text(text) => {
                    self.written.secrets.insert(key.name.clone(), text.clone());
                }
                Tree::List(_) | Tree::Map(_) => {
                    self.fault(node.line, node.column, "a secret takes a single value");
                }
            }
        }
    }

    fn value(&mut self, key: &'static str, node: &Node) {
        match &node.value {
            Tree::Null => {}
            Tree::Text(text) => {
                self.written.values.insert(key, text.clone());
            }
            Tree::List(items) if LISTS.contains(&key) => {
                let texts: Vec<&str> = items.iter().filter_map(single).collect();
                if texts.len() < items.len() {
                    let what = format!("\"{key}\" takes a list of single values");
                    self.fault(node.line, node.column, &what);
                }
                self.written.values.insert(key, texts.join(","));
            }
            Tree::List(_) | Tree::Map(_) => {
                let what = format!("\"{key}\" takes a single value");
                self.fault(node.line, node.column, &what);
            }
        }
    }

    fn fault(&mut self, line: u32, column: u32, what: &str) {
        self.faults.push(located(self.file, line, column, what));
    }
}

fn single(node: &Node) -> Option<&str> {
    match &node.value {
        Tree::Text(text) => Some(text),
        _ => None,
    }
}

/// The names allowed in a group, or at the top of the file.
fn names_in(group: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = KEYS
        .iter()
        .filter_map(|it| match (group, it.key.split_once('.')) {
            ("", Some((first, _))) => Some(first),
            ("", None) => Some(it.key),
            (group, Some((first, second))) => (first == group).then_some(second),
            (_, None) => None,
        })
        .collect();
    names.dedup();
    if group.is_empty() {
        names.push(SECRETS);
    }
    names
}

fn unknown(name: &str, names: &[&str]) -> String {
    // `{sowell:s3cret}`, without a space, is one long key: its value is not repeated.
    match name.split_once([':', '=', ' ']) {
        Some((begin, _)) => {
            format!("unknown key \"{begin}…\"; a key is followed by a colon and a space")
        }
        None => format!(
            "unknown key \"{name}\"{}",
            did_you_mean(name, names.iter().copied())
        ),
    }
}

/// A fault found by the YAML parser, in English for the operators.
fn in_english(found: &Diagnostic) -> String {
    let what = if found.code == code::KEY_TWICE {
        "this key is given twice"
    } else {
        "not valid YAML (a bracket or quote left open, a tab, a colon inside a text?)"
    };
    located(&found.file, found.line, found.column, what)
}

fn located(file: &str, line: u32, column: u32, what: &str) -> String {
    match (line, column) {
        (0, _) => format!("{file}: {what}"),
        (line, 0) => format!("{file}, line {line}: {what}"),
        (line, column) => format!("{file}, line {line}, column {column}: {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        Written::parse("f.yaml", text).1
    }

    #[test]
    fn every_fault_of_the_shape_is_told_at_its_place() {
        let found = faults("listn: x\nlimits: {photo: [1], pixel: 2}\ntokens: abc\n");
        assert_eq!(found.len(), 4, "{found:?}");
        for (fault, words) in found.iter().zip([
            ["line 1, column 1", "\"listen\""],
            ["line 2, column 17", "single value"],
            ["line 2, column 22", "\"pixels\""],
            ["line 3, column 9", "keys of its own"],
        ]) {
            assert!(words.iter().all(|word| fault.contains(word)), "{fault}");
        }
    }

    #[test]
    fn a_key_stands_in_its_group_alone() {
        let found = faults("sowell.base_url: http://a\nsowell: {base_url: http://b}\n");
        let expected = "f.yaml, line 1, column 1: \"sowell.base_url\" is written \"base_url\" below \"sowell:\", indented";
        assert_eq!(found, [expected]);
        assert!(faults("sowell:\n  base_url: http://a\n").is_empty());
    }

    #[test]
    fn no_slip_makes_a_secret_show() {
        for text in [
            "tokens: s3cret",
            "tokens: {sowell:s3cret}",
            "tokens: {sowell=s3cret: }",
            "sowell: {token: *s3cret}",
            "sowell: {token: \"s3cret}",
            "sowell: {token: !!int s3cret}",
            "sowell: {token: {s3cret: 1}}",
            "sowell: {token: [s3cret]}",
            "tokens:\n  sowell:s3cret\n  crm: x",
            "s3cret",
            "tokens: {sowell: s3cret, sowell: s3cret}",
            "tokens: &s3cret\n  - *s3cret2",
        ] {
            let found = faults(text).join("\n");
            assert!(!found.is_empty(), "accepted: {text}");
            assert!(!found.contains("s3cret"), "{text}: {found}");
        }
    }

    #[test]
    fn a_default_that_is_written_out_is_no_change() {
        let (bare, _) = Written::parse("f.yaml", "# nothing\n");
        let text = "listen: 127.0.0.1:8080\ndata_dir: data\ncrm: {kind: embedded}\n";
        let (same, _) = Written::parse("f.yaml", text);
        assert!(bare.restart_keys(&same).is_empty());
        let (other, _) = Written::parse("f.yaml", "rules_dir: r\nlimits: {photos: 1}\n");
        assert_eq!(bare.restart_keys(&other), ["rules_dir"]);
    }
}
