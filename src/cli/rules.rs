//! `passerelle rules list|show|diff|rollback`: every version of the rules that was accepted.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use chrono::SecondsFormat;
use clap::Subcommand;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::json;
use similar::TextDiff;

use crate::adapters::folder::Folder as FolderOnDisk;
use crate::cli::edited::Edited;
use crate::cli::report::render;
use crate::cli::{Format, existing_store};
use crate::domain::ports::{FileSet, Source as _, Store, VersionSummary};
use crate::rules::compile::{Known, compile};
use crate::rules::layout;
use crate::settings::{Folder, Settings};

#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// List accepted versions, the one accepted last first
    List {
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// How to print them
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print the files of a version
    Show {
        /// The version, or the beginning of its name
        version: String,
    },
    /// Show what changed from one version to another
    Diff {
        /// The earlier version
        from: String,
        /// The later version
        to: String,
    },
    /// Write the files of a version into rules_dir, where the daemon takes them up
    Rollback {
        /// The version, or the beginning of its name
        version: String,
    },
}

impl Rules {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let store = existing_store(settings).await?;
        match self {
            Self::List { limit, format } => {
                print(&store.list_versions(limit).await?, format);
                Ok(())
            }
            Self::Show { version } => {
                for (name, bytes) in find(store.as_ref(), &version).await? {
                    println!("==> {name}\n{}", String::from_utf8_lossy(&bytes));
                }
                Ok(())
            }
            Self::Diff { from, to } => {
                let from = find(store.as_ref(), &from).await?;
                let to = find(store.as_ref(), &to).await?;
                if from == to {
                    eprintln!("the same rules; only reference data changed between them");
                }
                print!("{}", diff(&from, &to));
                Ok(())
            }
            Self::Rollback { version } => {
                let files = find(store.as_ref(), &version).await?;
                rollback(settings, &files)
            }
        }
    }
}

fn print(versions: &[VersionSummary], format: Format) {
    let time = |it: &VersionSummary| it.accepted_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    if format == Format::Json {
        for it in versions {
            let line = json!({"version": it.version, "accepted_at": time(it), "files": it.files});
            println!("{line}");
        }
        return;
    }
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_header(["VERSION", "FIRST ACCEPTED", "FILES"]);
    for it in versions {
        table.add_row([it.version.clone(), time(it), it.files.to_string()]);
    }
    println!("{table}");
}

async fn find(store: &dyn Store, version: &str) -> anyhow::Result<FileSet> {
    let (names, files) = store.find_version(version).await?;
    match names.as_slice() {
        [] => bail!("there is no version {version}; see passerelle rules list"),
        [_] => Ok(files),
        _ => bail!("several versions begin with {version}"),
    }
}

fn diff(from: &FileSet, to: &FileSet) -> String {
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let text = |set: &FileSet, name: &String| {
        set.get(name)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default()
    };
    names
        .into_iter()
        .map(|name| {
            let (before, after) = (text(from, name), text(to, name));
            let diff = TextDiff::from_lines(&before, &after);
            diff.unified_diff().header(name, name).to_string()
        })
        .collect()
}

fn rollback(settings: &Settings, files: &FileSet) -> anyhow::Result<()> {
    let Folder::Disk(path) = &settings.rules else {
        bail!("the shipped rules inside the binary are in force: name a rules_dir first");
    };
    // Exports may have changed since: better told now than by a refusal in the daemon's log.
    let exports = Edited::read(settings, None)?.exports;
    let (generation, diagnostics) = compile(files, &exports, Known::default());
    for diagnostic in &diagnostics {
        eprintln!("{}\n", render(diagnostic, files));
    }
    if generation.is_none() {
        bail!("this version would be refused today; nothing was written");
    }
    let folder = FolderOnDisk::rules(path.clone());
    // Where they cannot be read whole, a rollback is what mends them.
    let before = folder.read().unwrap_or_default();
    folder.replace(files).context("cannot be written")?;
    let written = files.keys().filter(|name| layout::is_rule(name)).count();
    println!("{written} files written to {}", path.display());
    let gone = |name: &&String| layout::is_rule(name) && !files.contains_key(*name);
    for name in before.keys().filter(gone) {
        println!("removed, as the version does not have it: {name}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_its_file_and_shows_its_lines() {
        let set = |text: &str| FileSet::from([("a.yaml".to_owned(), text.as_bytes().to_vec())]);
        let text = diff(&set("un\ndeux\n"), &set("un\ntrois\n"));
        assert_eq!(
            text,
            "--- a.yaml\n+++ a.yaml\n@@ -1,2 +1,2 @@\n un\n-deux\n+trois\n"
        );
        assert_eq!(diff(&set("un\n"), &set("un\n")), "");
    }
}
