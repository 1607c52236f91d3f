//! Folders and files that are on the disk, their names included, once the call that makes them returns.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::crash;

/// The folder that a name stands in: whoever makes or renames what has that name syncs it. That of a
/// relative name of one part is the current one.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => path,
    }
}

/// Makes a folder where it is missing, and those that it stands in.
///
/// # Errors
/// When one cannot be made, or its name not be synced.
pub fn make_folder(folder: &Path, builder: &DirBuilder) -> io::Result<()> {
    if folder.as_os_str().is_empty() {
        // The current one.
        return Ok(());
    }
    let outer = folder_of(folder);
    if !outer.exists() {
        make_folder(outer, builder)?;
    }
    make_folder_inside(folder, builder)
}

/// Makes a folder where it is missing, in one that must be there.
///
/// # Errors
/// When it cannot be made, or its name not be synced.
pub(super) fn make_folder_inside(folder: &Path, builder: &DirBuilder) -> io::Result<()> {
    crash::point("folder.make.before");
    let was_there = match builder.create(folder) {
        Err(_) if folder.is_dir() => true,
        made => made.map(|()| false)?,
    };
    crash::point("folder.make.made");
    // Also of one that was there: who made it may have died before this.
    let synced = File::open(folder_of(folder)).and_then(|outer| outer.sync_all());
    crash::point("folder.make.after");
    match synced {
        // Nobody who may not look into the outer folder has made it there.
        Err(error) if was_there && error.kind() == ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

/// Puts a file in a folder, whole or not at all.
///
/// # Errors
/// When it could not be written and synced whole.
pub fn write_synced(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    Staged::write(folder, name, bytes)?.put()
}

/// Writes a file that is not there yet, whole or not at all; tells whether it did. What stands there
/// stays as it is.
///
/// # Errors
/// When it could not be written and synced whole, or has no name that is text.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    if path.symlink_metadata().is_ok() {
        // Nor is anything tried where all is there and nothing may be written.
        return Ok(false);
    }
    let name = path.file_name().and_then(OsStr::to_str);
    let name = name.ok_or(ErrorKind::InvalidInput)?;
    Staged::write(folder_of(path), name, bytes)?.put_new()
}

/// A file that is on the disk whole, beside the place where it is to be; gone again unless it is put there.
#[derive(Debug)]
pub struct Staged {
    beside: PathBuf,
    place: PathBuf,
    /// Whether it is in its place.
    placed: bool,
}

impl Staged {
    /// Writes it beside its place in the folder.
    ///
    /// # Errors
    /// When it could not be written and synced whole.
    pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<Self> {
        let staged = Self {
            beside: folder.join(format!(".{name}.{}", Uuid::now_v7().simple())),
            place: folder.join(name),
            placed: false,
        };
        crash::point("file.create.before");
        let mut file = File::create(&staged.beside)?;
        crash::point("file.create.after");
        file.write_all(bytes)?;
        crash::point("file.write.after");
        file.sync_all()?;
        crash::point("file.sync.after");
        Ok(staged)
    }

    /// Where it is now.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.beside
    }

    /// Puts it in its place, and what stood there goes.
    ///
    /// # Errors
    /// When it could not be put there, or its name not be synced.
    pub fn put(mut self) -> io::Result<()> {
        crash::point("file.rename.before");
        fs::rename(&self.beside, &self.place)?;
        crash::point("file.rename.after");
        self.placed = true;
        self.sync_name()
    }

    fn sync_name(&self) -> io::Result<()> {
        crash::point("file.folder-sync.before");
        File::open(folder_of(&self.place))?.sync_all()?;
        crash::point("file.folder-sync.after");
        Ok(())
    }
}

impl Staged {
    /// Puts it in its place unless something stands there; tells whether it did.
    fn put_new(self) -> io::Result<bool> {
        match fs::hard_link(&self.beside, &self.place) {
            Ok(()) => self.sync_name().map(|()| true),
            Err(_) if self.place.symlink_metadata().is_ok() => Ok(false),
            // Not every file system has such links. Without them there is a moment in which somebody
            // else's file would be replaced.
            Err(_) => self.put().map(|()| true),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.placed {
            // Half written it is of no use, and whole not wanted any more.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// Removes from a folder what a process that died was writing there. What another one is writing
/// there at the moment goes as well, and is written again.
///
/// # Errors
/// When the folder cannot be read, or a file not be removed.
pub fn remove_remains(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        match fs::remove_file(entry.path()) {
            // A replica with the same folder has just finished it: it was no remains.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_with_those_that_it_stands_in() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b/c");
        for _ in 0..2 {
            make_folder(&folder, &DirBuilder::new()).unwrap();
            assert!(folder.is_dir());
        }
        make_folder(Path::new(""), &DirBuilder::new()).unwrap();
    }

    #[test]
    fn a_folder_is_not_made_in_one_that_is_gone_nor_over_a_file() {
        let root = tempfile::tempdir().unwrap();
        let inside = root.path().join("gone/inside");
        let fault = make_folder_inside(&inside, &DirBuilder::new()).unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::NotFound);
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        let fault = make_folder(&file, &DirBuilder::new()).unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_new_file_takes_no_place_of_another() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        assert!(write_new(&path, b"first").unwrap());
        assert!(!write_new(&path, b"second").unwrap());
        // Nor when it came while this one was written.
        let late = Staged::write(root.path(), "file", b"third").unwrap();
        assert!(!late.put_new().unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        std::os::unix::fs::symlink("gone", root.path().join("link")).unwrap();
        assert!(!write_new(&root.path().join("link"), b"").unwrap());
        let fault = write_new(&root.path().join("gone/file"), b"").unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_name_of_one_part_stands_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("a")), Path::new("."));
        assert_eq!(folder_of(Path::new("a/b")), Path::new("a"));
        assert_eq!(folder_of(Path::new("/a")), Path::new("/"));
    }
}
