//! Settings as written: one text a key, from the file and from the environment over it.
//!
//! Knows which keys there are, and nothing of what their values mean.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::rules::diagnostic::{Diagnostic, code, nearest};
use crate::rules::yaml::{self, Node, Value as Tree};
use crate::settings::compile::directives;

/// When a change of a key takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// As soon as it is saved.
    Live,
    /// At the next start.
    Restart,
}

/// One key of the settings file.
struct Setting {
    /// Its name in the file, with a dot between group and key.
    key: &'static str,
    /// Its value where nobody sets it; empty for none.
    default: &'static str,
    /// When a change takes effect.
    change: Change,
    /// What it means, for who edits the file.
    about: &'static str,
}

const KEYS: [Setting; 46] = [
    Setting {
        key: "listen",
        default: "127.0.0.1:8080",
        change: Change::Restart,
        about: "Address and port where the daemon listens.",
    },
    Setting {
        key: "data_dir",
        default: "data",
        change: Change::Restart,
        about: "Folder of the database, the photos and the unsent e-mails.",
    },
    Setting {
        key: "database_url",
        default: "",
        change: Change::Restart,
        about: "The database, where it is to be elsewhere: sqlite://PATH, or postgres://USER@HOST/NAME for several replicas.",
    },
    Setting {
        key: "migrate",
        default: "true",
        change: Change::Restart,
        about: "Whether a start brings the tables of PostgreSQL up to date; false leaves it to passerelle migrate.",
    },
    Setting {
        key: "rules_dir",
        default: "rules",
        change: Change::Restart,
        about: "Folder of the landlord's rules; edits are live at once.",
    },
    Setting {
        key: "referentiel_dir",
        default: "examples/referentiel",
        change: Change::Restart,
        about: "Folder of the landlord's reference data; edits are live at once.",
    },
    Setting {
        key: "files_url",
        default: "",
        change: Change::Restart,
        about: "The photos, where they are to be elsewhere: file://PATH, or s3://BUCKET/PREFIX.",
    },
    Setting {
        key: "s3.endpoint",
        default: "",
        change: Change::Restart,
        about: "http or https address of a server that speaks S3, where it is not AWS'.",
    },
    Setting {
        key: "s3.region",
        default: "",
        change: Change::Restart,
        about: "Region of the bucket; without it AWS_REGION counts, else us-east-1.",
    },
    Setting {
        key: "s3.access_key_id",
        default: "",
        change: Change::Restart,
        about: "Name of the key to sign with; without one it is looked for as AWS' own tools do: environment, identity of the pod, of the machine.",
    },
    Setting {
        key: "s3.secret_access_key",
        default: "",
        change: Change::Restart,
        about: "The key itself.",
    },
    Setting {
        key: "s3.allow_http",
        default: "false",
        change: Change::Restart,
        about: "Whether the server may be called without TLS.",
    },
    Setting {
        key: "s3.ca_file",
        default: "",
        change: Change::Restart,
        about: "PEM file of the authorities that sign the server's certificate, where it is not a public one.",
    },
    Setting {
        key: "s3.timeout",
        default: "30s",
        change: Change::Restart,
        about: "How long a photo may take, there or back; after it the answer is 503.",
    },
    Setting {
        key: "log",
        default: "info",
        change: Change::Live,
        about: "What is logged: error, warn, info, debug or trace, also by part, such as info,passerelle::flows=debug.",
    },
    Setting {
        key: "tokens.sowell",
        default: "",
        change: Change::Live,
        about: "SoWell's token.",
    },
    Setting {
        key: "tokens.crm",
        default: "",
        change: Change::Live,
        about: "The CRM's token.",
    },
    Setting {
        key: "tokens.admin",
        default: "",
        change: Change::Live,
        about: "The admins' token.",
    },
    Setting {
        key: "sowell.base_url",
        default: "",
        change: Change::Live,
        about: "http or https address; signalements/{uid} is added to it.",
    },
    Setting {
        key: "sowell.token",
        default: "",
        change: Change::Live,
        about: "Sent as a bearer token.",
    },
    Setting {
        key: "sowell.ca_file",
        default: "",
        change: Change::Live,
        about: "PEM file of the authorities that sign SoWell's certificate, where it is not a public one.",
    },
    Setting {
        key: "sowell.identity_file",
        default: "",
        change: Change::Live,
        about: "PEM file of our certificate and its key, where SoWell asks for one.",
    },
    Setting {
        key: "crm.kind",
        default: "embedded",
        change: Change::Restart,
        about: "Which CRM: embedded, or rest for one that connecteurs/crm.yaml describes.",
    },
    Setting {
        key: "crm.base_url",
        default: "",
        change: Change::Live,
        about: "http or https address of the remote CRM; the paths of connecteurs/crm.yaml are added to it.",
    },
    Setting {
        key: "crm.token",
        default: "",
        change: Change::Live,
        about: "Sent as a bearer token, unless connecteurs/crm.yaml says otherwise.",
    },
    Setting {
        key: "crm.when_unavailable",
        default: "refuse",
        change: Change::Live,
        about: "What SoWell is told while the remote CRM cannot be reached: refuse (503, it sends again) or defer (202, created later).",
    },
    Setting {
        key: "crm.poll",
        default: "1m",
        change: Change::Live,
        about: "How often the remote CRM is asked for changes, where connecteurs/crm.yaml says how; off where it calls us.",
    },
    Setting {
        key: "crm.webhook_secret",
        default: "",
        change: Change::Live,
        about: "Secret of the signature of the CRM's calls (Standard Webhooks, whsec_…), accepted in place of its token.",
    },
    Setting {
        key: "crm.ca_file",
        default: "",
        change: Change::Live,
        about: "PEM file of the authorities that sign the CRM's certificate, where it is not a public one.",
    },
    Setting {
        key: "crm.identity_file",
        default: "",
        change: Change::Live,
        about: "PEM file of our certificate and its key, where the CRM asks for one.",
    },
    Setting {
        key: "smtp.url",
        default: "",
        change: Change::Live,
        about: "smtps://user:password@host, or smtp://host:587?tls=required.",
    },
    Setting {
        key: "smtp.ca_file",
        default: "",
        change: Change::Live,
        about: "PEM file of the authorities that sign the mail server's certificate, where it is not a public one.",
    },
    Setting {
        key: "smtp.from",
        default: "Vivest <passerelle@localhost>",
        change: Change::Live,
        about: "The sender, such as Vivest <ne-pas-repondre@vivest.example>.",
    },
    Setting {
        key: "delivery.attempt",
        default: "60s",
        change: Change::Live,
        about: "The longest that one attempt may take; what a replica was sending when it was killed is sent by another after twice as long.",
    },
    Setting {
        key: "delivery.first_retry",
        default: "1s",
        change: Change::Live,
        about: "The wait after the first failed attempt.",
    },
    Setting {
        key: "delivery.max_retry",
        default: "15m",
        change: Change::Live,
        about: "The longest wait.",
    },
    Setting {
        key: "delivery.give_up_after",
        default: "7d",
        change: Change::Live,
        about: "How long a delivery waits between failures of its own, altogether, before it is a dead letter; what its destination is left alone for does not count.",
    },
    Setting {
        key: "retention.traces",
        default: "365d",
        change: Change::Live,
        about: "How long the steps of a decision are kept for explain; forever for no end.",
    },
    Setting {
        key: "retention.payloads",
        default: "1095d",
        change: Change::Live,
        about: "How long what SoWell sent is kept once it is a demande and nothing has happened to it since; forever for no end.",
    },
    Setting {
        key: "retention.deliveries",
        default: "90d",
        change: Change::Live,
        about: "How long a delivery is kept once it was delivered; forever for no end. Dead letters stay.",
    },
    Setting {
        key: "limits.body",
        default: "64 MiB",
        change: Change::Live,
        about: "Size of a request.",
    },
    Setting {
        key: "limits.photo",
        default: "16 MiB",
        change: Change::Live,
        about: "Size of a photo.",
    },
    Setting {
        key: "limits.photos",
        default: "20",
        change: Change::Live,
        about: "Photos of a signalement.",
    },
    Setting {
        key: "limits.pixels",
        default: "100 Mpx",
        change: Change::Live,
        about: "Pixels of a photo.",
    },
    Setting {
        key: "limits.rate",
        default: "600/min",
        change: Change::Live,
        about: "Requests of one client.",
    },
    Setting {
        key: "network.allow",
        default: "",
        change: Change::Live,
        about: "Hosts or addresses that connector files may call beside the two base_url, private ones included.",
    },
];

/// Keys that take several values, as a list or in one text with commas between.
const LISTS: [&str; 1] = ["network.allow"];

/// The group whose keys are the landlord's: secrets that connector files name.
const SECRETS: &str = "secrets";

/// What each group of keys is about.
const GROUPS: [(&str, &str); 10] = [
    (
        "s3",
        "The server of the photos' bucket, where files_url says s3://.",
    ),
    (
        "tokens",
        "Bearer tokens of the three clients; those left out are made at the first start and shown once.",
    ),
    (
        "sowell",
        "SoWell's API; until base_url is set, deliveries wait.",
    ),
    ("crm", "The CRM."),
    (
        "smtp",
        "The mail server; without one, each e-mail is written as an .eml file under data_dir.",
    ),
    ("delivery", "How deliveries are tried again."),
    (
        "retention",
        "How long what is no longer needed is kept; signalements, demandes and their keys stay.",
    ),
    ("limits", "Limits on what comes in."),
    ("network", "Where calls may go."),
    (
        SECRETS,
        "What the files in connecteurs/ name as secrets.NAME; in the environment PASSERELLE_SECRETS__NAME.",
    ),
];

/// The JSON Schema of the settings file, from the same table.
pub(super) fn json_schema() -> Value {
    let mut properties = Map::new();
    for setting in &KEYS {
        let about = match setting.default {
            "" => setting.about.to_owned(),
            default => format!("{} [default: {default}]", setting.about),
        };
        // Any scalar is read as the text that it is written as.
        let mut value =
            json!({"description": about, "type": ["string", "number", "boolean", "null"]});
        if LISTS.contains(&setting.key) {
            value["type"] = json!(["string", "number", "boolean", "null", "array"]);
            value["items"] = json!({"type": ["string", "number", "boolean"]});
        }
        let Some((group, key)) = setting.key.split_once('.') else {
            properties.insert(setting.key.to_owned(), value);
            continue;
        };
        let entry = properties.entry(group).or_insert_with(|| {
            json!({
                "description": about_group(group),
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {},
            })
        });
        entry["properties"][key] = value;
    }
    let secrets = json!({
        "description": about_group(SECRETS),
        "type": ["object", "null"],
        "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"},
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    });
    properties.insert(SECRETS.to_owned(), secrets);
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "passerelle.yaml",
        "description": "Settings of Passerelle. Every key has a default; the environment overrides the file.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": properties,
    })
}

fn about_group(group: &str) -> &'static str {
    let found = GROUPS.iter().find(|(name, _)| *name == group);
    found.map_or("", |(_, about)| *about)
}

/// The texts that were given. They hold secrets, so this has no `Debug`.
#[derive(Clone, Default)]
pub(super) struct Written {
    values: BTreeMap<&'static str, String>,
    /// By the landlord's names.
    secrets: BTreeMap<String, String>,
}

impl Written {
    /// Reads a settings file and tells everything that is wrong with its shape. Its values are not
    /// repeated: any of them may be a secret that landed in the wrong place.
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

    /// Lets the environment win, key by key.
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

    /// What was given for a key; an empty text means "not set", as deployment tools write it.
    pub(super) fn given(&self, key: &str) -> Option<&str> {
        self.values
            .get(key)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// What holds for a key, given or not; empty where it has no default.
    pub(super) fn text(&self, key: &str) -> &str {
        let default = || KEYS.iter().find(|it| it.key == key).map(|it| it.default);
        self.given(key).or_else(default).unwrap_or_default()
    }

    /// The keys that differ and take effect only at the next start.
    pub(super) fn restart_keys(&self, edited: &Self) -> Vec<&'static str> {
        KEYS.iter()
            .filter(|it| it.change == Change::Restart)
            .map(|it| it.key)
            .filter(|key| self.text(key) != edited.text(key))
            .collect()
    }
}

/// The variables that set something; the others of the process are none of our business.
#[derive(Clone, Default)]
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(super) fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut rust_log = None;
        let mut ours = BTreeMap::new();
        for (name, value) in variables {
            if name == "RUST_LOG" {
                rust_log = Some(value);
            } else if name.starts_with("PASSERELLE_") {
                ours.insert(name, value);
            }
        }
        // What every Rust program understands sets the level, too, where ours does not. It may be
        // meant for another program: one that cannot be understood is left alone.
        let usable = |it: &String| !it.is_empty() && directives(it).is_ok();
        if let Some(directives) = rust_log.filter(usable) {
            ours.entry(variable("log")).or_insert(directives);
        }
        Self(ours)
    }
}

/// Variables that look like settings and are none, each with the nearest key.
pub(super) fn unknown_variables(
    environment: impl IntoIterator<Item = (String, String)>,
) -> Vec<String> {
    let known: Vec<String> = KEYS.iter().map(|it| variable(it.key)).collect();
    environment
        .into_iter()
        .filter(|(name, _)| name.starts_with("PASSERELLE_"))
        .filter(|(name, _)| !known.contains(name) && secret_name(name).is_none())
        // Other programs may share the prefix, but not what looks like one of our keys.
        .filter(|(name, _)| name.contains("__") || known.iter().any(|it| is_slip(name, it)))
        .map(|(name, _)| {
            let near = did_you_mean(&name, known.iter().map(String::as_str));
            format!("{name}{near}")
        })
        .collect()
}

/// Whether a variable is another but for its underscores or one letter.
fn is_slip(name: &str, known: &str) -> bool {
    let bare = |it: &str| it.replace('_', "");
    bare(name) == bare(known) || strsim::osa_distance(name, known) == 1
}

fn variable(key: &str) -> String {
    format!("PASSERELLE_{}", key.to_uppercase().replace('.', "__"))
}

/// The secret that a variable sets, if it sets one.
fn secret_name(variable: &str) -> Option<String> {
    let name = variable.strip_prefix("PASSERELLE_SECRETS__")?;
    let name = name.to_lowercase();
    is_secret_name(&name).then_some(name)
}

/// Whether this can be named by a connector file and by a variable alike.
fn is_secret_name(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_lowercase())
        && name
            .chars()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
}

/// `; did you mean "x"?`, or nothing where no known word is near.
pub(super) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"))
}

/// Walks the tree of a file and collects what is not a key with one value.
struct Reader<'a> {
    file: &'a str,
    written: Written,
    faults: Vec<String>,
}

impl Reader<'_> {
    /// `name` is empty for the whole file.
    fn group(&mut self, name: &str, node: &Node) {
        let entries = match &node.value {
            // Only comments: as good as nothing.
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
            if let Some(known) = KEYS.iter().find(|it| it.key == full) {
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
                // Not repeated: a value may stand in the place of its name.
                _ if !is_secret_name(&key.name) => {
                    let what = "the name of a secret has small letters, digits and _ only";
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
        self.faults.push(at(self.file, line, column, what));
    }
}

fn single(node: &Node) -> Option<&str> {
    match &node.value {
        Tree::Text(text) => Some(text),
        _ => None,
    }
}

/// The names that may stand in a group, or at the top of the file.
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

/// What the tree's reader found, for operators, whose language is English.
fn in_english(found: &Diagnostic) -> String {
    let what = if found.code == code::KEY_TWICE {
        "this key is given twice"
    } else {
        "not valid YAML (a bracket or quote left open, a tab, a colon inside a text?)"
    };
    at(&found.file, found.line, found.column, what)
}

fn at(file: &str, line: u32, column: u32, what: &str) -> String {
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
