//! `passerelle rules list|show|diff|rollback`: the accepted versions of the rules.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use chrono::Utc;
use clap::Subcommand;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::json;
use similar::TextDiff;

use crate::adapters::edited::{EditedFolder, ReplaceError};
use crate::cli::edited::exports;
use crate::cli::output::time;
use crate::cli::report::render;
use crate::cli::{Format, Listing, existing_store_in_french};
use crate::domain::ports::{FileSet, Source as _, Store, VersionSummary};
use crate::rules::compile::{Known, compile, version};
use crate::rules::layout;
use crate::settings::{Folder, Settings};

/// The folder in `data_dir` where a rollback keeps the edits that it replaces.
const ASIDE: &str = "regles-remplacees";

/// Position of the version in force in the list: an accepted version takes effect at once.
const IN_FORCE: usize = 0;

#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// List accepted versions, most recently accepted first
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Print the files of a version
    Show {
        /// The version, or the start of its name
        version: String,
    },
    /// Show what changed from one version to another
    Diff {
        /// The earlier version
        from: String,
        /// The later version
        to: String,
    },
    /// Write the files of a version into rules_dir, where the daemon loads them
    Rollback {
        /// The version, or the start of its name
        version: String,
    },
}

impl Rules {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let store = existing_store_in_french(settings).await?;
        match self {
            Self::List { listing } => {
                let found = store.list_versions(listing.limit).await?;
                print(&found, listing.format);
                if listing.may_go_on(found.len()) {
                    let limit = listing.limit;
                    eprintln!("il peut y en avoir d'autres : --limit en montre plus de {limit}");
                }
                Ok(())
            }
            Self::Show { version } => {
                for (name, bytes) in find(store.as_ref(), &version).await?.1 {
                    println!("==> {name}\n{}", String::from_utf8_lossy(&bytes));
                }
                Ok(())
            }
            Self::Diff { from, to } => {
                let (before, from) = find(store.as_ref(), &from).await?;
                let (after, to) = find(store.as_ref(), &to).await?;
                if before == after {
                    eprintln!("c'est deux fois la même version");
                } else if from == to {
                    eprintln!("les mêmes règles ; seuls les exports ont changé de l'une à l'autre");
                }
                print!("{}", diff(&from, &to));
                Ok(())
            }
            Self::Rollback { version } => rollback(settings, store.as_ref(), &version).await,
        }
    }
}

fn print(versions: &[VersionSummary], format: Format) {
    if format == Format::Json {
        for (at, it) in versions.iter().enumerate() {
            let line = json!({
                "version": it.version, "accepted_at": time(it.accepted_at), "files": it.files,
                "in_force": at == IN_FORCE,
            });
            println!("{line}");
        }
        return;
    }
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_header(["VERSION", "PREMIÈRE ACCEPTATION", "FICHIERS", ""]);
    for (at, it) in versions.iter().enumerate() {
        let state = if at == IN_FORCE { "en vigueur" } else { "" };
        table.add_row([
            it.version.clone(),
            time(it.accepted_at),
            it.files.to_string(),
            state.into(),
        ]);
    }
    println!("{table}");
}

/// The only version with this prefix: its full name and its files.
async fn find(store: &dyn Store, version: &str) -> anyhow::Result<(String, FileSet)> {
    if version.is_empty() {
        // Every name starts with the empty text.
        bail!("nommez une version : voir passerelle rules list");
    }
    let (names, mut files) = store.find_version(version).await?;
    // Old versions may also contain files that are only reported and are not rules.
    files.retain(|name, _| layout::is_rule(name));
    match names.as_slice() {
        [] => bail!("aucune version {version} : voir passerelle rules list"),
        [name] => Ok((name.clone(), files)),
        _ => bail!("plusieurs versions commencent par {version}"),
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

async fn rollback(settings: &Settings, store: &dyn Store, name: &str) -> anyhow::Result<()> {
    let (_, files) = find(store, name).await?;
    let Folder::Disk(path) = &settings.rules else {
        bail!("les règles en vigueur sont celles du programme : nommez d'abord un rules_dir");
    };
    let exports = exports(&settings.referentiel)?;
    let Some(version_today) = check_today(store, &files, &exports).await? else {
        bail!("cette version serait refusée aujourd'hui ; rien n'est écrit");
    };
    std::fs::create_dir_all(path)
        .with_context(|| format!("le dossier {} ne peut pas être créé", path.display()))?;
    let folder = EditedFolder::rules(path.clone());
    let lock = folder.lock().context("rien n'est changé")?;
    if let Some((link, to)) = folder.link_in_the_way()? {
        bail!(
            "« {link} » est un lien vers {} : un autre outil tient ces fichiers, et c'est là-bas qu'il faut revenir \
             à cette version ; rien n'est écrit",
            to.display()
        );
    }
    // A file that cannot be read is reported when it is copied.
    let before = folder.read().unwrap_or_default();
    if !is_kept(store, &version(&before, &exports)).await? {
        copy_aside(settings, &folder, &files)?;
    }
    folder.replace(&lock, &files).map_err(|error| {
        let outcome = outcome(&error, folder.is_unfinished());
        anyhow::Error::from(error).context(outcome)
    })?;
    println!("{} fichiers écrits dans {}", files.len(), path.display());
    let gone = |name: &&String| layout::is_rule(name) && !files.contains_key(*name);
    for name in before.keys().filter(gone) {
        println!("retiré, car la version ne l'a pas : {name}");
    }
    if !version_today.starts_with(name) {
        println!(
            "les exports ont changé depuis : avec eux, ces règles sont la version {version_today}"
        );
    }
    Ok(())
}

/// What a failed rollback leaves in the folder, and the remedy. A folder that is not read still contains the mark of
/// this rollback or of an earlier one.
fn outcome(error: &ReplaceError, is_unread: bool) -> &'static str {
    match error {
        _ if is_unread => {
            "le retour n'est pas terminé : une partie des fichiers est déjà remplacée. Tant qu'il ne l'est pas, le \
             dossier n'est pas lu et les règles en vigueur restent les mêmes ; relancez cette commande pour le terminer"
        }
        ReplaceError::NothingChanged(_) => "écriture impossible ; rien n'est changé",
        ReplaceError::Unfinished(_) => {
            "le retour n'est pas terminé : une partie des fichiers est déjà remplacée ; relancez cette commande pour le \
             terminer"
        }
    }
}

/// Prints what is wrong with old rules, and returns the version that they would become; `None` if they would be
/// refused. The exports may have changed since: better to report that now than by a refusal in the daemon's log.
async fn check_today(
    store: &dyn Store,
    rules: &FileSet,
    exports: &FileSet,
) -> anyhow::Result<Option<String>> {
    let (mut generation, mut diagnostics) = compile(rules, exports, Known::default());
    if generation.is_none()
        && let Some(kept) = store.last_version().await?
    {
        // If an export is refused, the rules take effect with the previous one.
        let beside = compile(rules, &kept.referentiel, Known::default());
        if beside.0.is_some() {
            diagnostics.extend(beside.1);
            generation = beside.0;
        }
    }
    for diagnostic in &diagnostics {
        eprintln!("{}\n", render(diagnostic, rules));
    }
    Ok(generation.map(|it| it.version))
}

/// Keeps what `files` would replace in a folder of its own.
fn copy_aside(settings: &Settings, folder: &EditedFolder, files: &FileSet) -> anyhow::Result<()> {
    let now = Utc::now().format("%Y-%m-%dT%H-%M-%S%.3fZ").to_string();
    let aside = settings.data_dir.join(ASIDE).join(now);
    let copied = folder
        .copy_aside(files, &aside)
        .context("rien n'est écrit : les fichiers ne peuvent pas être gardés")?;
    if !copied.is_empty() {
        println!(
            "ce qui n'est dans aucune version est gardé dans {}",
            aside.display()
        );
    }
    Ok(())
}

/// Whether the files are those of an accepted version.
async fn is_kept(store: &dyn Store, version: &str) -> anyhow::Result<bool> {
    let (names, _) = store.find_version(version).await?;
    Ok(!names.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ports::SourceError;

    #[test]
    fn nothing_changed_is_only_said_when_it_is_true() {
        let error = || SourceError {
            path: "statuts.yaml".into(),
            reason: "accès refusé".into(),
        };
        let (untouched, begun) = (
            ReplaceError::NothingChanged(error()),
            ReplaceError::Unfinished(error()),
        );
        assert!(outcome(&untouched, false).contains("rien n'est changé"));
        // An earlier rollback was interrupted, and this one could not even begin.
        for (error, is_unread) in [(&untouched, true), (&begun, true), (&begun, false)] {
            let said = outcome(error, is_unread);
            assert!(!said.contains("rien n'est changé"), "{said}");
            assert!(said.contains("relancez cette commande"), "{said}");
        }
    }

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
