//! Replaces the files of a folder with another set, and keeps a copy of those it replaces.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::EditedFolder;
use crate::adapters::synced::{Staged, folder_of, write_synced};
use crate::crash;
use crate::domain::ports::{FileSet, SourceError};

/// A folder containing this file holds part of one set of files and part of another.
const UNFINISHED: &str = ".retour-en-cours";

impl EditedFolder {
    /// Copies the files that [`EditedFolder::replace`] would change or remove, and returns their names.
    ///
    /// # Errors
    /// When a file cannot be read, or its copy cannot be written.
    pub fn copy_aside(&self, files: &FileSet, aside: &Path) -> Result<Vec<String>, SourceError> {
        let mut copied = Vec::new();
        for (name, path) in self.listed()? {
            if !self.is_read(&name) || !path.exists() {
                continue;
            }
            let bytes = fs::read(&path).map_err(|error| self.failed(&path, &error))?;
            if files.get(&name) == Some(&bytes) {
                continue;
            }
            let copy = aside.join(&name);
            let folder = copy.parent().unwrap_or(aside);
            let file = copy.file_name().and_then(|it| it.to_str()).unwrap_or(&name);
            fs::create_dir_all(folder)
                .and_then(|()| write_synced(folder, file, &bytes))
                .map_err(|error| self.failed(&copy, &error))?;
            copied.push(name);
        }
        Ok(copied)
    }

    /// The first link that another program manages and that [`EditedFolder::replace`] would turn into a plain file
    /// or bypass, with its target: a link to a file, or a folder's link into one that holds versions, such as
    /// `..data`.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn link_in_the_way(&self) -> Result<Option<(String, PathBuf)>, SourceError> {
        for (name, path) in self.listed()? {
            if !self.is_read(&name) {
                continue;
            }
            if let Ok(to) = fs::read_link(&path) {
                return Ok(Some((name, to)));
            }
            let folder = name.rsplit_once('/').map(|(folder, _)| folder);
            if let Some(folder) = folder
                && let Ok(to) = fs::read_link(self.root.join(folder))
                && to.components().any(|it| is_of_versions(it.as_os_str()))
            {
                return Ok(Some((folder.to_owned(), to)));
            }
        }
        Ok(None)
    }

    /// Replaces the files that are read with these; other files are left alone. Each keeps its owner and mode, and
    /// a new one takes those of its folder, as far as our rights allow.
    ///
    /// All are on disk before the first is moved into place. If interrupted after that, the folder holds a mixture
    /// that nobody wrote, so a mark stays in it and prevents it from being read.
    ///
    /// # Errors
    /// When a file cannot be written: nothing has changed then. When one cannot be moved into place or removed: the
    /// mark remains then.
    pub fn replace(&self, files: &FileSet) -> Result<(), SourceError> {
        let staged = self.stage(files)?;
        let gone = |name: &str| self.is_read(name) && !files.contains_key(name);
        let before = self.listed()?;
        self.mark()
            .map_err(|error| self.failed(&self.unfinished(), &error))?;
        for (path, file) in staged {
            file.put().map_err(|error| self.failed(&path, &error))?;
        }
        for (_, path) in before.iter().filter(|(name, _)| gone(name)) {
            remove_synced(path).map_err(|error| self.failed(path, &error))?;
        }
        let mark = self.unfinished();
        fs::remove_file(&mark).map_err(|error| self.failed(&mark, &error))
    }

    /// Writes the files that differ beside their places, and returns each with its place.
    fn stage(&self, files: &FileSet) -> Result<Vec<(PathBuf, Staged)>, SourceError> {
        let mut staged = Vec::new();
        for (name, bytes) in files.iter().filter(|(name, _)| self.is_read(name)) {
            let path = self.root.join(name);
            if fs::read(&path).is_ok_and(|there| there == *bytes) {
                continue;
            }
            let folder = path.parent().unwrap_or(&self.root);
            let file = path.file_name().and_then(|it| it.to_str()).unwrap_or(name);
            let like = fs::metadata(&path).or_else(|_| fs::metadata(&self.root));
            let written = fs::create_dir_all(folder)
                .and_then(|()| Staged::write(folder, file, bytes))
                .map_err(|error| self.failed(&path, &error))?;
            if let Ok(like) = like {
                belong(written.path(), &like);
            }
            staged.push((path, written));
        }
        Ok(staged)
    }

    /// Whether a replacement was started and not finished.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.is_deep() && fs::symlink_metadata(self.unfinished()).is_ok()
    }

    /// The path of the mark of an unfinished replacement.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.root.join(UNFINISHED)
    }

    fn mark(&self) -> io::Result<()> {
        let cut_short_before = self.is_unfinished();
        let marked = write_synced(&self.root, UNFINISHED, b"");
        if marked.is_err() && !cut_short_before {
            // Nothing has been replaced yet. After an earlier interruption, though, the folder still holds its
            // mixture.
            let _ = fs::remove_file(self.unfinished());
        }
        marked
    }
}

/// Removes a file, if nobody else has, so that it does not reappear after a power cut.
fn remove_synced(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        removed => removed?,
    }
    crash::point("rules.removed.before");
    File::open(folder_of(path))?.sync_all()?;
    crash::point("rules.removed.after");
    Ok(())
}

/// Whether this is a name that orchestrators give to a versioned folder that they swap as a whole.
fn is_of_versions(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.len() > 2 && name.starts_with(b"..")
}

/// Gives a file the owner and mode of the one it replaces, or of its folder, as far as our rights and the file
/// system allow. Whoever edits there and the daemon can then still read and write it, whoever ran the command.
fn belong(path: &Path, like: &fs::Metadata) {
    let to = |uid, gid| chown(path, uid, gid).is_ok();
    let given = to(Some(like.uid()), Some(like.gid()));
    let group = given || to(None, Some(like.gid()));
    let now = fs::metadata(path).map_or(0, |it| it.mode());
    // If it stays ours, those who could read it through the old owner's rights must not lose access.
    let (old, kept) = (like.mode() & 0o666, now & 0o666);
    let mode = match (given, group) {
        (true, _) => old,
        (false, true) => old | kept,
        (false, false) => old | kept | 0o044,
    };
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
}
