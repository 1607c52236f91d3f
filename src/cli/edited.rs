//! The files on disk, for the verbs that check an edit before the daemon does.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::adapters::edited::EditedFolder;
use crate::adapters::shipped::Shipped;
use crate::cli::Format;
use crate::cli::report::{print_json, report};
use crate::domain::ports::{FileSet, Source, SourceError};
use crate::flows::reload::unreadable;
use crate::rules::compile::{Generation, Known, compile, version};
use crate::settings::{Folder, Settings};

/// Rules and reference data.
pub(super) struct Edited {
    /// The folder of the rules; `None` for those built into the program.
    pub(super) folder: Option<PathBuf>,
    /// The rule files.
    pub(super) rules: FileSet,
    /// The exports.
    pub(super) exports: FileSet,
    /// Whether the exports are those of the settings, which the daemon reads.
    pub(super) exports_are_daemons: bool,
    /// Whether the exports are the built-in examples, used with someone's own rules, whose managers they do not
    /// contain.
    pub(super) exports_are_examples: bool,
}

impl Edited {
    /// Reads the folders of the settings, or `folder`: rules, or what `init` created. Warns on stderr if the
    /// rules read are the built-in ones, which nobody has edited.
    pub(super) fn read(settings: &Settings, folder: Option<&Path>) -> Result<Self, SourceError> {
        let (rules, referentiel) = match folder {
            None => (settings.rules.clone(), settings.referentiel.clone()),
            Some(folder) => {
                let inside = |name: &str| {
                    let path = folder.join(name);
                    path.is_dir().then_some(Folder::Disk(path))
                };
                let rules = inside("rules").unwrap_or_else(|| Folder::Disk(folder.into()));
                let exports = inside("referentiel").unwrap_or_else(|| settings.referentiel.clone());
                (rules, exports)
            }
        };
        if folder.is_none() {
            exists(&rules, "rules_dir")?;
        }
        exists(&referentiel, "referentiel_dir")?;
        let folder = match &rules {
            Folder::Disk(path) => Some(path.clone()),
            Folder::Shipped => {
                eprintln!(
                    "attention : il n'y a pas de dossier « rules » ici ; ce sont les règles livrées avec \
                     Passerelle qui sont lues"
                );
                None
            }
        };
        Ok(Self {
            folder,
            rules: files(&rules, EditedFolder::rules, Shipped::Rules)?,
            exports: exports(&referentiel)?,
            exports_are_daemons: is_same(&referentiel, &settings.referentiel),
            exports_are_examples: matches!(
                (&rules, &referentiel),
                (Folder::Disk(_), Folder::Shipped)
            ),
        })
    }

    /// Compiles the files.
    ///
    /// # Errors
    /// When they are refused; the diagnostics are printed on stderr, or as JSON on stdout, as by `check`.
    pub(super) fn compile(self, format: Format) -> anyhow::Result<Generation> {
        let (generation, diagnostics) = compile(&self.rules, &self.exports, Known::default());
        if let Some(generation) = generation {
            return Ok(generation);
        }
        let version = version(&self.rules, &self.exports);
        let files: FileSet = self.rules.into_iter().chain(self.exports).collect();
        report(format, Some(&version), &diagnostics, &files, |it| {
            eprintln!("{it}\n");
        });
        bail!("les règles sont refusées");
    }
}

/// Whether both are the same folder, whichever way they are named.
fn is_same(one: &Folder, other: &Folder) -> bool {
    match (one, other) {
        (Folder::Disk(one), Folder::Disk(other)) => {
            let real = |path: &Path| path.canonicalize().ok();
            one == other || real(one).is_some_and(|it| real(other) == Some(it))
        }
        (one, other) => one == other,
    }
}

/// Checks that a folder of the settings exists.
fn exists(folder: &Folder, key: &str) -> Result<(), SourceError> {
    match folder {
        // One that may not be looked at is reported when it is read.
        Folder::Disk(path) if matches!(path.try_exists(), Ok(false)) => Err(SourceError {
            path: path.display().to_string(),
            reason: format!(
                "ce dossier est introuvable ; les réglages le nomment ({key}) : redonnez-lui ce nom, ou corrigez-les"
            ),
        }),
        Folder::Disk(_) | Folder::Shipped => Ok(()),
    }
}

/// Reads and compiles the files in the settings' folders or in `folder`.
///
/// # Errors
/// When they cannot be read or are refused; the diagnostics are printed as by [`Edited::compile`].
pub(super) fn generation(
    settings: &Settings,
    folder: Option<&Path>,
    format: Format,
) -> anyhow::Result<Generation> {
    let edited = Edited::read(settings, folder).inspect_err(|error| {
        if format == Format::Json {
            print_json(None, &[unreadable(error)]);
        }
    })?;
    edited.compile(format)
}

/// The exports of a folder.
pub(super) fn exports(folder: &Folder) -> Result<FileSet, SourceError> {
    files(folder, EditedFolder::referentiel, Shipped::Referentiel)
}

fn files(
    folder: &Folder,
    on_disk: fn(PathBuf) -> EditedFolder,
    shipped: Shipped,
) -> Result<FileSet, SourceError> {
    match folder {
        Folder::Shipped => Ok(shipped.files()),
        Folder::Disk(path) => on_disk(path.clone()).read(),
    }
}
