//! Replaces the files of a folder with another set, and keeps a copy of those it replaces.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::EditedFolder;
use super::listing::names_in;
use super::mark::UNFINISHED;
use crate::adapters::synced::{Staged, abandoned_for, folder_of, write_synced};
use crate::crash;
use crate::domain::ports::{FileSet, SourceError};
use crate::rules::layout;

/// Keeps other replacements out of a folder until it is dropped.
#[derive(Debug)]
pub struct FolderLock {
    /// `None` on a file system without locks.
    _held: Option<File>,
}

/// Why a set of files did not replace those of the folder.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplaceError {
    /// The first file had not been moved yet.
    #[error(transparent)]
    NothingChanged(SourceError),
    /// Some files may have been replaced; repeating the replacement completes it.
    #[error(transparent)]
    Unfinished(SourceError),
}

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

    /// Keeps other replacements out of the folder, from the moment the caller reads what it is about to replace.
    ///
    /// The folder itself is locked: this leaves no file behind and ends with the process, however that ends. It does
    /// not reach beyond this machine, so on a network share the mark also shows whose replacement it is
    /// ([`EditedFolder::replace`]).
    ///
    /// # Errors
    /// When another replacement is under way, or the folder cannot be opened.
    pub fn lock(&self) -> Result<FolderLock, SourceError> {
        let folder = File::open(&self.root).map_err(|error| self.failed(&self.root, &error))?;
        match folder.try_lock() {
            Ok(()) => Ok(FolderLock {
                _held: Some(folder),
            }),
            Err(TryLockError::WouldBlock) => {
                let reason = "un autre retour à une version est en cours dans ce dossier : attendez qu'il soit \
                              terminé, puis relancez cette commande";
                Err(self.refused(&self.root, reason.into()))
            }
            Err(TryLockError::Error(_)) => Ok(FolderLock { _held: None }),
        }
    }

    /// Replaces the files that are read with these; other files are left alone. Each keeps its owner and mode, and
    /// a new one takes those of its folder, as far as our rights allow.
    ///
    /// All are on disk before the first is moved into place. If interrupted after that, the folder holds a mixture
    /// that nobody wrote, so a mark stays in it and prevents it from being read. If a different machine starts a
    /// replacement in the same folder, it overwrites the mark, and this one stops.
    ///
    /// # Errors
    /// When a file cannot be written: nothing has changed then. When one cannot be moved into place or removed, or
    /// someone changes the files meanwhile: the mark remains then.
    pub fn replace(&self, _lock: &FolderLock, files: &FileSet) -> Result<(), ReplaceError> {
        self.remove_leftovers();
        let staged = self.stage(files).map_err(ReplaceError::NothingChanged)?;
        let mut gone = self.listed().map_err(ReplaceError::NothingChanged)?;
        gone.retain(|(name, _)| self.is_read(name) && !files.contains_key(name));
        let own = self.mark().map_err(|error| {
            ReplaceError::NothingChanged(self.failed(&self.unfinished(), &error))
        })?;
        self.put_all(&own, staged, gone)
            .and_then(|()| self.finish(&own, files))
            .map_err(ReplaceError::Unfinished)
    }

    /// Moves the staged files into place and removes the others, as long as the mark is `own`.
    fn put_all(
        &self,
        own: &str,
        staged: Vec<(PathBuf, Staged)>,
        gone: Vec<(String, PathBuf)>,
    ) -> Result<(), SourceError> {
        for (path, file) in staged {
            self.check_mark(own)?;
            file.put().map_err(|error| self.failed(&path, &error))?;
        }
        for (_, path) in gone {
            self.check_mark(own)?;
            remove_synced(&path).map_err(|error| self.failed(&path, &error))?;
        }
        Ok(())
    }

    /// Removes the mark, if it is `own` and the folder holds exactly these files.
    fn finish(&self, own: &str, files: &FileSet) -> Result<(), SourceError> {
        self.check_content(files)?;
        self.check_mark(own)?;
        self.take_mark(own)
    }

    /// Checks that the files that are read are exactly these. A replacement on a different machine may have moved
    /// one before it noticed ours.
    fn check_content(&self, files: &FileSet) -> Result<(), SourceError> {
        let wanted = files.iter().filter(|(name, _)| self.is_read(name));
        let wanted = wanted.map(|(name, bytes)| (self.root.join(name), Some(bytes)));
        let found = self.listed()?.into_iter();
        let others = found.filter(|(name, _)| self.is_read(name) && !files.contains_key(name));
        let others = others.map(|(_, path)| (path, None));
        for (path, bytes) in wanted.chain(others) {
            if fs::read(&path).ok().as_ref() != bytes {
                return Err(self.refused(&path, "ce fichier a changé pendant le retour".into()));
            }
        }
        Ok(())
    }

    /// Removes what a killed replacement had staged. If that fails, it is in nobody's way.
    ///
    /// What is recent stays: it may belong to a different machine, which the lock does not keep out.
    fn remove_leftovers(&self) {
        let folders = names_in(&self.root).filter(|(name, _)| layout::is_folder(name));
        let folders = folders.map(|(name, path)| (format!("{name}/"), path));
        for (prefix, folder) in folders.chain([(String::new(), self.root.clone())]) {
            for (name, path) in names_in(&folder) {
                let place = abandoned_for(&name).map(|it| format!("{prefix}{it}"));
                if place.is_some_and(|it| it == UNFINISHED || self.is_read(&it)) {
                    let _ = fs::remove_file(path);
                }
            }
        }
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
}

/// Removes a file, if nobody else has, so that it does not reappear after a power cut.
pub(super) fn remove_synced(path: &Path) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ports::Source as _;

    /// A folder with two files, and a set with other content for both.
    fn folder() -> (tempfile::TempDir, EditedFolder, FileSet) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("modeles")).unwrap();
        fs::write(root.path().join("modeles/a.txt"), "old").unwrap();
        fs::write(root.path().join("statuts.yaml"), "old").unwrap();
        let folder = EditedFolder::rules(root.path().to_path_buf());
        let files = ["modeles/a.txt", "statuts.yaml"].map(|it| (it.to_owned(), b"new".to_vec()));
        (root, folder, FileSet::from(files))
    }

    #[test]
    fn one_replacement_at_a_time_has_the_folder() {
        let (_root, folder, files) = folder();
        let lock = folder.lock().unwrap();
        let refused = folder.lock().unwrap_err();
        assert!(refused.reason.contains("un autre retour"), "{refused}");
        folder.replace(&lock, &files).unwrap();
        drop(lock);
        let lock = folder.lock().unwrap();
        folder.replace(&lock, &files).unwrap();
        assert_eq!(folder.read().unwrap(), files);
        let absent = EditedFolder::rules("/nowhere/rules".into());
        assert_eq!(absent.lock().unwrap_err().reason, "introuvable");
    }

    /// As on a network share, where the lock of one machine is not seen by the other.
    #[test]
    fn what_a_different_machine_has_just_staged_is_left_to_it() {
        let (root, folder, files) = folder();
        let staged = folder.stage(&files).unwrap();
        let there = || staged.iter().all(|(_, it)| it.path().exists());
        let lock = folder.lock().unwrap();
        let others = FileSet::from([("statuts.yaml".to_owned(), b"theirs".to_vec())]);
        EditedFolder::rules(root.path().to_path_buf())
            .replace(&lock, &others)
            .unwrap();
        assert!(there());
        let own = folder.mark().unwrap();
        folder.put_all(&own, staged, Vec::new()).unwrap();
        folder.finish(&own, &files).unwrap();
        assert_eq!(folder.read().unwrap(), files);
    }

    #[test]
    fn a_replacement_stops_once_its_mark_is_replaced_or_removed() {
        let (root, folder, files) = folder();
        let own = folder.mark().unwrap();
        let theirs = folder.mark().unwrap();
        let text = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
        let stops = || {
            let staged = folder.stage(&files).unwrap();
            let stopped = folder.put_all(&own, staged, Vec::new()).unwrap_err();
            assert_eq!(stopped.path, UNFINISHED);
            let gone = vec![("statuts.yaml".into(), root.path().join("statuts.yaml"))];
            folder.put_all(&own, Vec::new(), gone).unwrap_err();
            assert_eq!(text("modeles/a.txt"), "old");
            assert_eq!(text("statuts.yaml"), "old");
        };
        stops();
        assert_eq!(text(UNFINISHED), theirs);
        fs::remove_file(folder.unfinished()).unwrap();
        stops();
    }

    #[test]
    fn a_folder_with_other_content_stays_marked() {
        let (root, folder, files) = folder();
        let lock = folder.lock().unwrap();
        folder.replace(&lock, &files).unwrap();
        let own = folder.mark().unwrap();
        for name in ["statuts.yaml", "modeles/a.txt", "cas/late.yaml"] {
            let path = root.path().join(name);
            fs::create_dir_all(folder_of(&path)).unwrap();
            fs::write(&path, "other").unwrap();
            assert_eq!(folder.finish(&own, &files).unwrap_err().path, name);
            fs::remove_file(&path).unwrap();
            if files.contains_key(name) {
                assert_eq!(folder.finish(&own, &files).unwrap_err().path, name);
                fs::write(&path, "new").unwrap();
            }
        }
        assert!(folder.is_unfinished());
        // Files that are not read do not matter.
        fs::write(root.path().join("statuts.yaml~"), "other").unwrap();
        folder.finish(&own, &files).unwrap();
        assert_eq!(folder.read().unwrap(), files);
    }

    #[test]
    fn what_a_killed_replacement_staged_is_removed_by_the_next() {
        let (root, folder, files) = folder();
        // From the year 2025.
        let id = "0199f3a8c1d27b6e8f00112233445566";
        let ours = ["", "modeles/"].map(|it| {
            let file = if it.is_empty() {
                "statuts.yaml"
            } else {
                "a.txt"
            };
            format!("{it}.{file}.{id}")
        });
        let theirs = [
            ".statuts.yaml.swp".to_owned(),
            format!(".notes.docx.{id}"),
            format!("archives/.statuts.yaml.{id}"),
        ];
        let mark = format!("{UNFINISHED}.{id}");
        for name in ours.iter().chain(&theirs).chain([&format!(".{mark}")]) {
            let path = root.path().join(name);
            fs::create_dir_all(folder_of(&path)).unwrap();
            fs::write(path, "").unwrap();
        }
        let lock = folder.lock().unwrap();
        folder.replace(&lock, &files).unwrap();
        let left = |name: &String| root.path().join(name).exists();
        assert!(!ours.iter().any(left) && theirs.iter().all(left));
        assert!(!left(&format!(".{mark}")));
    }

    #[test]
    fn an_error_tells_whether_anything_has_changed() {
        let (root, folder, files) = folder();
        let lock = folder.lock().unwrap();
        for in_the_way in [folder.unfinished(), root.path().join("cas/a.yaml")] {
            fs::create_dir_all(&in_the_way).unwrap();
            let error = folder.replace(&lock, &files).unwrap_err();
            assert!(matches!(error, ReplaceError::NothingChanged(_)), "{error}");
            fs::remove_dir(&in_the_way).unwrap();
        }
        let staged = folder.stage(&files).unwrap();
        let own = folder.mark().unwrap();
        fs::remove_file(staged[1].1.path()).unwrap();
        folder.put_all(&own, staged, Vec::new()).unwrap_err();
        assert_eq!(fs::read(root.path().join("modeles/a.txt")).unwrap(), b"new");
        assert!(folder.is_unfinished() && folder.read().is_err());
        folder.replace(&lock, &files).unwrap();
        assert_eq!(folder.read().unwrap(), files);
    }
}
