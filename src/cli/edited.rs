//! The files as they stand on the disk, for the verbs that look at an edit before the daemon does.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::adapters::folder::Folder as FolderOnDisk;
use crate::adapters::shipped::Shipped;
use crate::cli::report::render;
use crate::domain::ports::{FileSet, Source};
use crate::rules::compile::{Generation, Known, compile};
use crate::settings::{Folder, Settings};

/// Rules and reference data.
pub(super) struct Edited {
    /// The rule files.
    pub(super) rules: FileSet,
    /// The exports.
    pub(super) exports: FileSet,
}

impl Edited {
    /// Reads the folders of the settings, or `folder`: rules, or what `init` made.
    pub(super) fn read(settings: &Settings, folder: Option<&Path>) -> anyhow::Result<Self> {
        let (rules, referentiel) = match folder {
            None => (settings.rules.clone(), settings.referentiel.clone()),
            Some(folder) if folder.is_dir() => {
                let inside = |name: &str| {
                    let path = folder.join(name);
                    path.is_dir().then_some(Folder::Disk(path))
                };
                let rules = inside("rules").unwrap_or_else(|| Folder::Disk(folder.into()));
                let exports = inside("referentiel").unwrap_or_else(|| settings.referentiel.clone());
                (rules, exports)
            }
            Some(folder) => bail!("there is no folder {}", folder.display()),
        };
        Ok(Self {
            rules: files(&rules, FolderOnDisk::rules, Shipped::Rules)?,
            exports: files(
                &referentiel,
                FolderOnDisk::referentiel,
                Shipped::Referentiel,
            )?,
        })
    }

    /// What the files decide.
    ///
    /// # Errors
    /// When they are refused; the diagnostics go to stderr.
    pub(super) fn compile(self) -> anyhow::Result<Generation> {
        let (generation, diagnostics) = compile(&self.rules, &self.exports, Known::default());
        let Some(generation) = generation else {
            let files: FileSet = self.rules.into_iter().chain(self.exports).collect();
            for diagnostic in &diagnostics {
                eprintln!("{}\n", render(diagnostic, &files));
            }
            bail!("les règles sont refusées");
        };
        Ok(generation)
    }
}

fn files(
    folder: &Folder,
    on_disk: fn(PathBuf) -> FolderOnDisk,
    shipped: Shipped,
) -> anyhow::Result<FileSet> {
    match folder {
        Folder::Shipped => Ok(shipped.files()),
        Folder::Disk(path) => on_disk(path.clone()).read().context("cannot be read"),
    }
}
