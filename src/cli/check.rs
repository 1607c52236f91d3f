//! `passerelle check [DIR]`: what the daemon would say of the files, before they are its own.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use crate::adapters::folder::Folder as FolderOnDisk;
use crate::adapters::shipped::Shipped;
use crate::cli::Format;
use crate::cli::report::{render, to_json};
use crate::domain::ports::{FileSet, Source};
use crate::rules::compile::{Known, compile, version};
use crate::rules::diagnostic::{Severity, any_error};
use crate::settings::{Folder, Settings};

#[derive(Debug, Args)]
pub(super) struct Check {
    /// A folder of rules, or one that `init` made [default: rules_dir of the settings]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Check {
    /// Compiles the rules and the reference data and runs the cases, as a reload does.
    pub(super) fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let (rules, referentiel) = self.folders(settings)?;
        let rules = read(&rules, FolderOnDisk::rules, Shipped::Rules)?;
        let exports = read(
            &referentiel,
            FolderOnDisk::referentiel,
            Shipped::Referentiel,
        )?;
        let (_, diagnostics) = compile(&rules, &exports, Known::default());
        let accepted = !any_error(&diagnostics);
        if self.format == Format::Json {
            let all: Vec<_> = diagnostics.iter().map(to_json).collect();
            let version = version(&rules, &exports);
            println!(
                "{}",
                json!({"version": version, "acceptee": accepted, "diagnostics": all})
            );
        } else {
            let files: FileSet = rules.into_iter().chain(exports).collect();
            for diagnostic in &diagnostics {
                println!("{}\n", render(diagnostic, &files));
            }
            if accepted {
                println!("Les règles sont bonnes.");
            }
        }
        let errors = diagnostics
            .iter()
            .filter(|it| it.severity == Severity::Error)
            .count();
        if errors > 0 {
            bail!("{errors} error(s)");
        }
        Ok(())
    }

    fn folders(&self, settings: &Settings) -> anyhow::Result<(Folder, Folder)> {
        let Some(folder) = &self.folder else {
            return Ok((settings.rules.clone(), settings.referentiel.clone()));
        };
        if !folder.is_dir() {
            bail!("there is no folder {}", folder.display());
        }
        let inside = |name: &str| {
            let path = folder.join(name);
            path.is_dir().then_some(Folder::Disk(path))
        };
        let rules = inside("rules").unwrap_or_else(|| Folder::Disk(folder.clone()));
        let referentiel = inside("referentiel").unwrap_or_else(|| settings.referentiel.clone());
        Ok((rules, referentiel))
    }
}

fn read(
    folder: &Folder,
    on_disk: fn(PathBuf) -> FolderOnDisk,
    shipped: Shipped,
) -> anyhow::Result<FileSet> {
    match folder {
        Folder::Shipped => Ok(shipped.files()),
        Folder::Disk(path) => on_disk(path.clone())
            .read()
            .with_context(|| format!("{}", Path::new(path).display())),
    }
}
