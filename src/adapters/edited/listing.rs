//! Which files of a folder count: those that are read, and those whose names are nearly theirs.
//!
//! Editors and orchestrators leave things beside the files that count: backup and swap files,
//! folders of symbolic links. What counts is decided by name, here.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use super::{EditedFolder, Kind};
use crate::domain::ports::{Source, SourceError};
use crate::rules::layout;

/// More files than that are no rules.
const MAX_FILES: usize = 5_000;

impl EditedFolder {
    /// The files that count, unless they are part of two sets.
    pub(super) fn files(&self) -> Result<Vec<(String, PathBuf)>, SourceError> {
        if self.is_unfinished() {
            let reason = "un retour à une autre version n'est pas terminé : relancez passerelle rules rollback, ou \
                          supprimez ce fichier si les règles du dossier sont bien celles que vous voulez";
            return Err(self.refused(&self.unfinished(), reason.into()));
        }
        self.listed()
    }

    /// The files that count, whatever state they are in.
    pub(super) fn listed(&self) -> Result<Vec<(String, PathBuf)>, SourceError> {
        if let Kind::OneFile(name) = &self.kind {
            // Not listed: its folder may hold anything, and may not be open to us.
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

    /// Those with rules; `unread` gets the others that are to be told, each as its path with a `/`.
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
            // A link to nowhere is there, and is not the same as no folder.
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
            Kind::Referentiel => layout::is_export(path),
            Kind::Rules => layout::is_rule(path),
        }
    }
}

/// What a folder has, by name; nothing where it is none. Where one with rules cannot be listed, that is told anyway.
fn names_in(folder: &Path) -> impl Iterator<Item = (String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (shown(&entry), entry.path()))
}

/// The name, with a sign that says so in the place of what is not UTF-8: such a name is to be told.
fn shown(entry: &DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

/// Whether the folder has an entry of that name, be it a link to nowhere.
fn is_there(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}
