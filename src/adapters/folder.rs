//! A folder that someone edits, read whole.
//!
//! Editors and orchestrators leave things beside the files that count: backup and swap files,
//! folders of symbolic links. What counts is decided by name, here.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::adapters::files::write_synced;
use crate::domain::ports::{FileSet, Source, SourceError};
use crate::rules::referentiel;

/// Subfolders of the rules that hold files of their own.
const RULE_FOLDERS: [&str; 3] = ["modeles", "cas", "connecteurs"];
/// More files than that are no rules.
const MAX_FILES: usize = 5_000;
/// The largest file; 100,000 biens take about 5 MB.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rules,
    Referentiel,
    /// One file of that name; whatever stands beside it is none of our business.
    OneFile(String),
}

/// A folder on the disk.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    kind: Kind,
}

/// Enough of a file's state to notice a change without reading it: its name, its size, when it was
/// written, and when it came to be here, for one that was moved in with all its dates kept.
type Stamp = (String, u64, Option<SystemTime>, Option<(i64, i64)>);

impl Folder {
    /// The landlord's rules.
    #[must_use]
    pub fn rules(root: PathBuf) -> Self {
        Self {
            root,
            kind: Kind::Rules,
        }
    }

    /// The landlord's exports.
    #[must_use]
    pub fn referentiel(root: PathBuf) -> Self {
        Self {
            root,
            kind: Kind::Referentiel,
        }
    }

    /// The settings file, in whatever folder it stands; `None` for what cannot be read again, such
    /// as a pipe.
    #[must_use]
    pub fn settings(file: &Path) -> Option<Self> {
        let name = file.file_name()?.to_str()?.to_owned();
        let root = file
            .parent()
            .filter(|it| !it.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        file.is_file().then(|| Self {
            root: root.to_path_buf(),
            kind: Kind::OneFile(name),
        })
    }

    /// Whether a change of this path may be one of a file that counts.
    #[must_use]
    pub fn may_hold(&self, path: &Path) -> bool {
        match &self.kind {
            Kind::OneFile(name) => path.file_name().is_some_and(|it| it == name.as_str()),
            Kind::Rules | Kind::Referentiel => true,
        }
    }

    /// Whether files in its subfolders count.
    #[must_use]
    pub fn is_deep(&self) -> bool {
        !matches!(self.kind, Kind::OneFile(_))
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Changes whenever a file that counts may have changed. A folder that cannot be read has a
    /// stamp of its own, so that its return is noticed.
    #[must_use]
    pub fn stamp(&self) -> Vec<Stamp> {
        let files = self.files().unwrap_or_default();
        files
            .into_iter()
            .map(|(name, path)| {
                let metadata = fs::metadata(path).ok();
                let size = metadata.as_ref().map_or(0, fs::Metadata::len);
                let arrived = metadata.as_ref().map(|it| (it.ctime(), it.ctime_nsec()));
                let written = metadata.and_then(|it| it.modified().ok());
                (name, size, written, arrived)
            })
            .collect()
    }

    /// Writes these files in place of those that count; what does not count is left alone.
    ///
    /// # Errors
    /// When one cannot be written; those before it are.
    pub fn replace(&self, files: &FileSet) -> Result<(), SourceError> {
        let before = self.files()?;
        for (name, bytes) in files {
            let path = self.root.join(name);
            let folder = path.parent().unwrap_or(&self.root);
            let file = path.file_name().and_then(|it| it.to_str()).unwrap_or(name);
            fs::create_dir_all(folder)
                .and_then(|()| write_synced(folder, file, bytes))
                .map_err(|error| failed(&path, &error))?;
        }
        for (_, path) in before.iter().filter(|(name, _)| !files.contains_key(name)) {
            fs::remove_file(path).map_err(|error| failed(path, &error))?;
        }
        Ok(())
    }

    fn files(&self) -> Result<Vec<(String, PathBuf)>, SourceError> {
        if let Kind::OneFile(name) = &self.kind {
            // Not listed: its folder may hold anything, and may not be open to us.
            let path = self.root.join(name);
            let found = path.is_file().then(|| (name.clone(), path));
            return Ok(found.into_iter().collect());
        }
        let mut files = Vec::new();
        self.list(&self.root, "", &mut files)?;
        if self.kind == Kind::Rules {
            for folder in RULE_FOLDERS {
                let path = self.root.join(folder);
                if path.is_dir() {
                    self.list(&path, &format!("{folder}/"), &mut files)?;
                }
            }
        }
        if files.len() > MAX_FILES {
            return Err(SourceError {
                path: self.name(),
                reason: format!("more than {MAX_FILES} files"),
            });
        }
        files.sort();
        Ok(files)
    }

    fn list(
        &self,
        folder: &Path,
        prefix: &str,
        files: &mut Vec<(String, PathBuf)>,
    ) -> Result<(), SourceError> {
        for entry in fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
            let entry = entry.map_err(|error| failed(folder, &error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // `is_file` follows links, as a ConfigMap's files are.
            if self.counts(prefix, &name) && entry.path().is_file() {
                files.push((format!("{prefix}{name}"), entry.path()));
            }
        }
        Ok(())
    }

    fn counts(&self, prefix: &str, name: &str) -> bool {
        if name.starts_with('.') {
            return false;
        }
        let ending = Path::new(name).extension().and_then(|it| it.to_str());
        match (&self.kind, prefix) {
            (Kind::OneFile(only), _) => only == name,
            (Kind::Referentiel, _) => referentiel::FILES.contains(&name),
            (Kind::Rules, "modeles/") => matches!(ending, Some("txt" | "html")),
            (Kind::Rules, "") => matches!(ending, Some("yaml" | "yml" | "rhai")),
            (Kind::Rules, _) => matches!(ending, Some("yaml" | "yml")),
        }
    }
}

impl Source for Folder {
    fn read(&self) -> Result<FileSet, SourceError> {
        let mut set = FileSet::new();
        for (name, path) in self.files()? {
            let size = fs::metadata(&path)
                .map_err(|error| failed(&path, &error))?
                .len();
            if size > MAX_BYTES {
                return Err(SourceError {
                    path: path.display().to_string(),
                    reason: "larger than 64 MiB".into(),
                });
            }
            set.insert(
                name,
                fs::read(&path).map_err(|error| failed(&path, &error))?,
            );
        }
        Ok(set)
    }

    fn name(&self) -> String {
        match &self.kind {
            Kind::OneFile(name) => self.root.join(name).display().to_string(),
            Kind::Rules | Kind::Referentiel => self.root.display().to_string(),
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> SourceError {
    SourceError {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_counts_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "priorites.yaml",
            "priorites.yaml~",
            ".priorites.yaml.swp",
            "priorites.yaml.bak",
            "notes.docx",
            "modeles/contexte.txt",
            "modeles/#contexte.txt#",
            "cas/a.yaml",
            "autre/b.yaml",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let source = Folder::rules(folder.path().to_path_buf());
        let names: Vec<String> = source.read().unwrap().into_keys().collect();
        assert_eq!(
            names,
            ["cas/a.yaml", "modeles/contexte.txt", "priorites.yaml"]
        );
    }
}
