//! Which files of a folder count: those that are read, and those whose names are nearly theirs.
//!
//! Editors and orchestrators leave things beside the files that count: backup and swap files,
//! folders of symbolic links. What counts is decided by name, here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Folder, Kind};
use crate::domain::ports::{Source, SourceError};
use crate::rules::{layout, referentiel};

/// More files than that are no rules.
const MAX_FILES: usize = 5_000;

impl Folder {
    pub(super) fn files(&self) -> Result<Vec<(String, PathBuf)>, SourceError> {
        if let Kind::OneFile(name) = &self.kind {
            // Not listed: its folder may hold anything, and may not be open to us.
            let path = self.root.join(name);
            let found = path.is_file().then(|| (name.clone(), path));
            return Ok(found.into_iter().collect());
        }
        let mut files = Vec::new();
        self.list(&self.root, "", &mut files)?;
        if self.kind == Kind::Rules {
            for folder in self.folders()? {
                self.list(&self.root.join(&folder), &format!("{folder}/"), &mut files)?;
            }
        }
        if files.iter().filter(|(name, _)| self.is_read(name)).count() > MAX_FILES {
            return Err(SourceError {
                path: self.name(),
                reason: format!("plus de {MAX_FILES} fichiers"),
            });
        }
        files.sort();
        Ok(files)
    }

    /// Those with rules, and those whose names are nearly theirs.
    fn folders(&self) -> Result<Vec<String>, SourceError> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(|error| self.failed(&self.root, &error))? {
            let entry = entry.map_err(|error| self.failed(&self.root, &error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // A link to nowhere is there, and is not the same as no folder.
            if layout::is_folder(&name) {
                folders.extend(subfolders(&entry.path(), &name));
                folders.push(name);
            } else if layout::is_misnamed_folder(&name) && fs::read_dir(entry.path()).is_ok() {
                folders.push(name);
            }
        }
        Ok(folders)
    }

    fn list(
        &self,
        folder: &Path,
        prefix: &str,
        files: &mut Vec<(String, PathBuf)>,
    ) -> Result<(), SourceError> {
        for entry in fs::read_dir(folder).map_err(|error| self.failed(folder, &error))? {
            let entry = entry.map_err(|error| self.failed(folder, &error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let name = format!("{prefix}{name}");
            if !self.counts(&name) {
                continue;
            }
            let path = entry.path();
            // Follows links, as a ConfigMap's files are.
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => files.push((name, path)),
                // Of those only the names are told.
                _ if !self.is_read(&name) => {}
                // To leave it out would be an edit that nobody made.
                Ok(_) => {
                    return Err(self.refused(&path, "n'est pas un fichier".into()));
                }
                // Removed since it was listed.
                Err(_) if !is_there(&path) => {}
                Err(error) => return Err(self.failed(&path, &error)),
            }
        }
        Ok(())
    }

    /// Whether the file of that path in the folder is read, or nearly has the name of one that is.
    pub(super) fn counts(&self, path: &str) -> bool {
        let nearly = match &self.kind {
            Kind::Rules => layout::is_misnamed(path),
            Kind::Referentiel => layout::meant_export(path).is_some(),
            Kind::OneFile(_) => false,
        };
        nearly || self.is_read(path)
    }

    pub(super) fn is_read(&self, path: &str) -> bool {
        match &self.kind {
            Kind::OneFile(only) => only == path,
            Kind::Referentiel => referentiel::FILES.contains(&path),
            Kind::Rules => layout::is_rule(path),
        }
    }
}

/// Folders in one with rules: the names of their files are to be told, since nothing reads them.
fn subfolders(folder: &Path, name: &str) -> Vec<String> {
    // Where it cannot be listed, its files cannot either, and that is told.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let below = entries.filter_map(|entry| {
        let own = entry.file_name().into_string().ok()?;
        let path = format!("{name}/{own}");
        let counts = layout::is_subfolder(&path) && fs::read_dir(entry.path()).is_ok();
        counts.then_some(path)
    });
    below.collect()
}

/// Whether the folder has an entry of that name, be it a link to nowhere.
fn is_there(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}
