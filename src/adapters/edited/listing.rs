//! Which files of a folder count: those that are read, and those whose names nearly match.
//!
//! Editors and orchestrators leave other things beside the files that count: backup and swap files, folders of
//! symbolic links. What counts is decided here, by name.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use super::{EditedFolder, Kind};
use crate::domain::ports::{Source, SourceError};
use crate::rules::layout;

/// Limit on the number of files; more means the wrong folder.
const MAX_FILES: usize = 5_000;

impl EditedFolder {
    /// The files that count. Refused while an interrupted rollback has left a mixture of two versions.
    pub(super) fn files(&self) -> Result<Vec<(String, PathBuf)>, SourceError> {
        if self.is_unfinished() {
            let reason = "un retour à une autre version n'est pas terminé : relancez passerelle rules rollback, ou \
                          supprimez ce fichier si les règles du dossier sont bien celles que vous voulez";
            return Err(self.refused(&self.unfinished(), reason.into()));
        }
        self.listed()
    }

    /// The files that count, even if they are such a mixture.
    pub(super) fn listed(&self) -> Result<Vec<(String, PathBuf)>, SourceError> {
        if let Kind::OneFile(name) = &self.kind {
            // The folder is not listed: it may hold anything, and we may not be allowed to list it.
            let path = self.root.join(name);
            let found = path.is_file().then(|| (name.clone(), path));
            return Ok(found.into_iter().collect());
        }
        let mut files = Vec::new();
        self.list(&self.root, "", &mut files)?;
        if self.kind == Kind::Referentiel {
            let unread = |(name, path): &(String, PathBuf)| {
                let inside = names_in(path).map(|(it, _)| it);
                layout::is_unread_folder_of_exports(name, inside)
            };
            let unread = names_in(&self.root).filter(unread);
            files.extend(unread.map(|(name, path)| (format!("{name}/"), path)));
        }
        if self.kind == Kind::Rules {
            for folder in self.folders(&mut files)? {
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

    /// The folders that hold rules. Folders that are not read but must be reported are added to `unread`, each as
    /// its path with a `/`.
    fn folders(&self, unread: &mut Vec<(String, PathBuf)>) -> Result<Vec<String>, SourceError> {
        let mut folders = Vec::new();
        let mut look = |name: String, path: PathBuf| {
            if layout::is_unread_folder(&name, names_in(&path).map(|(it, _)| it)) {
                unread.push((format!("{name}/"), path));
            }
        };
        for entry in fs::read_dir(&self.root).map_err(|error| self.failed(&self.root, &error))? {
            let entry = entry.map_err(|error| self.failed(&self.root, &error))?;
            let name = shown(&entry);
            // A dangling link exists: that is not the same as having no folder.
            if layout::is_folder(&name) {
                for (own, path) in names_in(&entry.path()) {
                    look(format!("{name}/{own}"), path);
                }
                folders.push(name);
            } else {
                look(name, entry.path());
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
            let name = format!("{prefix}{}", shown(&entry));
            if !self.counts(&name) {
                continue;
            }
            let path = entry.path();
            // Follows links, since a ConfigMap's files are links.
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => files.push((name, path)),
                // Only the names of these are reported.
                _ if !self.is_read(&name) => {}
                // Leaving it out would be an edit that nobody made.
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

    /// Whether the file at that path in the folder is read, or nearly has the name of one that is.
    pub(super) fn counts(&self, path: &str) -> bool {
        let nearly = match &self.kind {
            Kind::Rules => layout::is_misnamed(path),
            Kind::Referentiel => layout::is_noted_export(path),
            Kind::OneFile(_) => false,
        };
        nearly || self.is_read(path)
    }

    pub(super) fn is_read(&self, path: &str) -> bool {
        match &self.kind {
            Kind::OneFile(only) => only == path,
            Kind::Referentiel => layout::is_export(path),
            Kind::Rules => layout::is_rule(path),
        }
    }
}

/// The entries of a folder, with their names; none if it is not a folder. A rules folder that cannot be listed is
/// reported elsewhere.
pub(super) fn names_in(folder: &Path) -> impl Iterator<Item = (String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (shown(&entry), entry.path()))
}

/// The name, with U+FFFD in place of what is not UTF-8: such a name has to be reported.
fn shown(entry: &DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

/// Whether the folder has an entry of that name, even a dangling link.
pub(super) fn is_there(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}
