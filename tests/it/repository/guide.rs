//! The guide for admins stays correct: its edits are made, its commands are run, and their output is compared.
//!
//! Each task (a heading of level 2 or 3) starts in a folder created by `passerelle init`, with the files of the
//! introduction. The purpose of a fenced block follows its language, where readers do not see it:
//!
//! - `cherchez=FILE`, then `ecrivez`: the first occurs exactly once in the file, and is replaced by the second;
//! - `ajoutez=FILE`: appends this to the file; `nouveau=FILE`: creates a file with it;
//! - `console`: a command after `$`, and its output; a line `…` stands for any lines.
//!
//! `<!-- en marche -->` starts a daemon that receives `essai.json`; `<!-- copie A B -->` copies a folder;
//! `<!-- sans erreur -->` checks the rules, which must be valid and cause no remark.
//! `PASSERELLE_TEST_WRITE=1` writes the commands' current output into the guide.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use passerelle::adapters::edited::EditedFolder;
use passerelle::domain::livraison::LivraisonEtat;
use passerelle::domain::ports::Source;
use passerelle::rules::compile::version;
use serde_json::Value;
use tempfile::TempDir;

use crate::cli::passerelle;
use crate::edits::schemas::underlined;
use crate::harness::{Builder, Daemon, copy, environment, is_current, until};

const GUIDE: &str = "docs/guide-administrateur.md";

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_shows_what_happens() {
    let guide = fs::read_to_string(GUIDE).unwrap();
    let mut introduction = Vec::new();
    let mut task: Option<Task> = None;
    let mut shown = String::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        shown.push_str(line);
        shown.push('\n');
        if let Some(info) = line.strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|it| *it != "```").collect();
            let body = body.join("\n") + "\n";
            match &mut task {
                Some(task) => shown.push_str(&task.follow(info, body).await),
                None => {
                    shown.push_str(&body);
                    introduction.push((info.to_owned(), body));
                }
            }
            shown.push_str("```\n");
        } else if line.starts_with("## ") || line.starts_with("### ") {
            let mut next = Task::new();
            for (info, body) in &introduction {
                next.follow(info, body.clone()).await;
            }
            task = Some(next);
        } else if let (Some(words), Some(task)) = (line.strip_prefix("<!-- "), &mut task) {
            task.prepare(words.strip_suffix(" -->").unwrap()).await;
        }
    }
    is_current(GUIDE, &shown);
}

/// The folder that a reader works in.
struct Task {
    folder: Arc<TempDir>,
    daemon: Option<Daemon>,
    /// The file and the text to replace.
    searched: Option<(String, String)>,
    names: Names,
}

impl Task {
    fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let made = passerelle(folder.path(), &[], &["init"]);
        assert!(made.status.success(), "{made:?}");
        Self {
            folder,
            daemon: None,
            searched: None,
            names: Names::default(),
        }
    }

    async fn prepare(&mut self, words: &str) {
        let path = self.folder.path();
        match words.split(' ').collect::<Vec<_>>()[..] {
            ["en", "marche"] => {
                let daemon = Builder::again(&self.folder, environment(path))
                    .start()
                    .await;
                let body: Value = serde_json::from_str(&daemon.read("essai.json")).unwrap();
                let uid = daemon.created(&body).await;
                self.names.learn(&uid, Names::UID);
                until("its e-mail has gone", || async {
                    let waiting = Some(LivraisonEtat::EnAttente);
                    let waiting = daemon.state.store.list_livraisons(waiting, 1).await;
                    waiting.unwrap().is_empty().then_some(())
                })
                .await;
                self.daemon = Some(daemon);
            }
            ["sans", "erreur"] => {
                let output = passerelle(path, &[], &["check"]);
                let printed = String::from_utf8([&*output.stdout, &*output.stderr].concat());
                let lines = printed.unwrap().lines().count();
                assert!(output.status.success() && lines == 1, "{output:?}");
                self.show_editors("rules");
            }
            ["copie", from, to] => copy(&path.join(from), &path.join(to)),
            _ => panic!("not understood: {words}"),
        }
    }

    /// Does what a block says, and returns what the block should contain.
    async fn follow(&mut self, info: &str, body: String) -> String {
        let (language, what) = info.split_once(' ').unwrap_or((info, ""));
        let (what, file) = what.split_once('=').unwrap_or((what, ""));
        let read = |file: &str| fs::read_to_string(self.folder.path().join(file)).unwrap();
        match (language, what) {
            ("console", _) => return self.run(&body),
            (_, "cherchez") => self.searched = Some((file.to_owned(), body.clone())),
            (_, "ecrivez") => {
                let (file, old) = self.searched.take().unwrap();
                let text = read(&file);
                assert_eq!(text.matches(&old).count(), 1, "{file} has once:\n{old}");
                self.save(&file, &text.replace(&old, &body)).await;
            }
            (_, "ajoutez") => self.save(file, &format!("{}{body}", read(file))).await,
            (_, "nouveau") => {
                assert!(!self.folder.path().join(file).exists(), "{file}");
                self.save(file, &body).await;
            }
            _ => panic!("not understood: {info}"),
        }
        body
    }

    async fn save(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        let Some(daemon) = &self.daemon else {
            return fs::write(path, text).unwrap();
        };
        daemon.save(file, text);
        let set = |folder: EditedFolder| folder.read().unwrap();
        let rules = set(EditedFolder::rules(self.folder.path().join("rules")));
        let exports = set(EditedFolder::referentiel(
            self.folder.path().join("referentiel"),
        ));
        until("the edit is looked at", || async {
            let tried = daemon.regles().await["derniere_tentative"]["version"].clone();
            (tried == version(&rules, &exports)).then_some(())
        })
        .await;
    }

    /// Runs the commands of a block; each is followed by its output.
    fn run(&mut self, block: &str) -> String {
        let mut shown = Vec::new();
        for part in block.split("$ ").skip(1) {
            let (command, expected) = part.split_once('\n').unwrap();
            let real = self.names.real(command);
            let arguments: Vec<&str> = real.split_whitespace().skip(1).collect();
            let output = passerelle(self.folder.path(), &[], &arguments);
            if arguments[0] == "check" && output.status.success() {
                self.show_editors(arguments.get(1).unwrap_or(&"rules"));
            }
            let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            let printed = self.names.shown(printed.trim_end());
            // Some editors strip spaces at the end of a line.
            let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
            let expected: Vec<&str> = expected.lines().collect();
            let same = matches(&expected, &printed);
            shown.push(format!("$ {command}"));
            let lines = if same { expected } else { printed };
            shown.extend(lines.into_iter().map(str::to_owned));
        }
        shown.join("\n") + "\n"
    }

    /// Editors accept all that the daemon accepts.
    fn show_editors(&self, rules: &str) {
        let root = self.folder.path().join(rules);
        for name in EditedFolder::rules(root.clone())
            .read()
            .unwrap()
            .into_keys()
        {
            if Path::new(&name).extension().is_some_and(|it| it == "yaml") {
                assert_eq!(underlined(&root.join(&name)), None, "{name}");
            }
        }
    }
}

/// Whether these lines were printed; a line `…` stands for any lines.
fn matches(expected: &[&str], printed: &[&str]) -> bool {
    match expected {
        [] => printed.is_empty(),
        ["…", rest @ ..] => (0..=printed.len()).any(|from| matches(rest, &printed[from..])),
        [line, rest @ ..] => printed.first() == Some(line) && matches(rest, &printed[1..]),
    }
}

/// Names that differ between runs, and those that the guide shows instead.
#[derive(Default)]
struct Names(Vec<(String, String)>);

impl Names {
    /// The versions in a task, in order of appearance.
    const VERSIONS: [&str; 3] = ["4bf6c79074c9", "e2a81c0d57b3", "90c7d1f5a648"];
    const UID: &str = "DEM-01a20ac89a7e7440b979a9238ac4856e";
    const INSTANT: &str = "2026-01-15T09:30:00Z";

    fn real(&self, command: &str) -> String {
        let known = self.0.iter();
        known.fold(command.to_owned(), |text, (real, shown)| {
            text.replace(shown, real)
        })
    }

    fn shown(&mut self, printed: &str) -> String {
        let words = printed.split(|it: char| !(it.is_ascii_alphanumeric() || "-:".contains(it)));
        let mut text = printed.to_owned();
        for word in words {
            if word.len() == 12 && word.chars().all(|it| it.is_ascii_hexdigit()) {
                let versions = self.0.iter().filter(|(_, it)| it.len() == 12).count();
                self.learn(word, Self::VERSIONS[versions.min(2)]);
            } else if word.starts_with("DEM-") && word.len() == 36 {
                self.learn(word, Self::UID);
            } else if DateTime::parse_from_rfc3339(word).is_ok() {
                text = text.replace(word, Self::INSTANT);
            }
        }
        let known = self.0.iter();
        known.fold(text, |text, (real, shown)| text.replace(real, shown))
    }

    fn learn(&mut self, real: &str, shown: &str) {
        if self.0.iter().all(|(known, _)| known != real) {
            self.0.push((real.to_owned(), shown.to_owned()));
        }
    }
}

#[test]
fn an_ellipsis_stands_for_any_lines() {
    let printed = ["a", "b", "c", "d"];
    for (expected, same) in [
        ("a b c d", true),
        ("a b", false),
        ("… b c …", true),
        ("a … d", true),
        ("b …", false),
        ("… c", false),
        ("… c … b …", false),
    ] {
        let expected: Vec<&str> = expected.split(' ').collect();
        assert_eq!(matches(&expected, &printed), same, "{expected:?}");
    }
}

#[test]
fn the_guide_is_linked_and_its_links_lead_somewhere() {
    assert!(fs::read_to_string("README.md").unwrap().contains(GUIDE));
    let guide = fs::read_to_string(GUIDE).unwrap();
    for rest in guide.split("](").skip(1) {
        let link = rest.split(')').next().unwrap();
        match link.strip_prefix('#') {
            Some(anchor) => assert!(anchors(&guide).contains(&anchor.to_owned()), "{anchor}"),
            None => assert!(Path::new("docs").join(link).exists(), "{link}"),
        }
    }
}

/// The anchors of the headings in Markdown.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with("##"));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title
                .chars()
                .filter(|it| it.is_alphanumeric() || " -".contains(*it))
                .map(|it| if it == ' ' { '-' } else { it })
                .collect()
        })
        .collect()
}
