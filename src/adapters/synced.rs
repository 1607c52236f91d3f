//! Files and folders that are on disk, names included, once the call that creates them returns.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::crash;

/// The folder that contains a path, which must be synced after creating or renaming the path. For a relative path
/// of one part, this is the current folder.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => path,
    }
}

/// Creates a folder if it is missing, along with its parents.
///
/// # Errors
/// When one cannot be created, or its name cannot be synced.
pub fn make_folder(folder: &Path, builder: &DirBuilder) -> io::Result<()> {
    if folder.as_os_str().is_empty() {
        // The current folder.
        return Ok(());
    }
    let outer = folder_of(folder);
    if !outer.exists() {
        make_folder(outer, builder)?;
    }
    make_folder_inside(folder, builder)
}

/// Creates a folder if it is missing, in a parent that must exist.
///
/// # Errors
/// When it cannot be created, or its name cannot be synced.
pub(super) fn make_folder_inside(folder: &Path, builder: &DirBuilder) -> io::Result<()> {
    crash::point("folder.make.before");
    let was_there = match builder.create(folder) {
        Err(_) if folder.is_dir() => true,
        made => made.map(|()| false)?,
    };
    crash::point("folder.make.made");
    // Also if it already existed: whoever created it may have died before syncing it.
    let synced = File::open(folder_of(folder)).and_then(|outer| outer.sync_all());
    crash::point("folder.make.after");
    match synced {
        // Someone without access to the parent cannot have created it there.
        Err(error) if was_there && error.kind() == ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

/// Puts a file in a folder, whole or not at all.
///
/// # Errors
/// When it cannot be written and synced in full.
pub fn write_synced(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    Staged::write(folder, name, bytes)?.put()
}

/// Writes a file that does not exist yet, whole or not at all; returns whether it did. An existing file is left as
/// it is.
///
/// # Errors
/// When it cannot be written and synced in full, or its name is not valid text.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    if path.symlink_metadata().is_ok() {
        // This also works in a read-only folder that already has the file.
        return Ok(false);
    }
    let name = path.file_name().and_then(OsStr::to_str);
    let name = name.ok_or(ErrorKind::InvalidInput)?;
    Staged::write(folder_of(path), name, bytes)?.put_new()
}

/// A complete file on disk, beside its final place; removed again unless it is moved there.
#[derive(Debug)]
pub struct Staged {
    beside: PathBuf,
    place: PathBuf,
    /// Whether it is in its final place.
    placed: bool,
}

impl Staged {
    /// Writes it beside its final place in the folder.
    ///
    /// # Errors
    /// When it cannot be written and synced in full.
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

    /// Where the file is now.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.beside
    }

    /// Moves it into place, replacing any existing file.
    ///
    /// # Errors
    /// When it cannot be moved there, or its name cannot be synced.
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
    /// Moves it into place unless something exists there; returns whether it did.
    fn put_new(self) -> io::Result<bool> {
        match fs::hard_link(&self.beside, &self.place) {
            Ok(()) => self.sync_name().map(|()| true),
            Err(_) if self.place.symlink_metadata().is_ok() => Ok(false),
            // Not every file system has hard links. Without them, there is a moment in which someone else's file
            // could be replaced.
            Err(_) => self.put().map(|()| true),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.placed {
            // Useless if incomplete, and no longer wanted if complete.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// How long a staged file may wait to be moved before it counts as abandoned: longer than anyone takes to write a
/// set of files, and than the clocks of two machines differ.
const ABANDONED_SECONDS: u64 = 60 * 60;

/// The final name of a file that [`Staged`] wrote under this name so long ago that nobody will move it there. `None`
/// if the name is not of that form, or is recent.
#[must_use]
pub fn abandoned_for(name: &str) -> Option<&str> {
    let (place, id) = staged_for(name)?;
    // The clock that dates the names.
    let seconds = |id: Uuid| id.get_timestamp().map(|it| it.to_unix().0);
    let age = seconds(Uuid::now_v7())?.saturating_sub(seconds(id)?);
    (age > ABANDONED_SECONDS).then_some(place)
}

/// The final name of a file that [`Staged`] wrote under this name, with its identifier, which contains the
/// time; `None` if the name is not of that form.
fn staged_for(name: &str) -> Option<(&str, Uuid)> {
    let (place, id) = name.strip_prefix('.')?.rsplit_once('.')?;
    // Other forms of identifiers are not ours.
    let own = Uuid::try_parse(id)
        .ok()
        .filter(|it| it.simple().to_string() == id);
    own.map(|id| (place, id))
}

/// Removes the files that a dead process was still writing in a folder. Those that another process is writing at
/// the moment are removed too, and written again.
///
/// # Errors
/// When the folder cannot be read, or a file cannot be removed.
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
            // A replica with the same folder has just finished it, so it was not a leftover.
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
    fn a_folder_is_created_with_its_parents() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b/c");
        for _ in 0..2 {
            make_folder(&folder, &DirBuilder::new()).unwrap();
            assert!(folder.is_dir());
        }
        make_folder(Path::new(""), &DirBuilder::new()).unwrap();
    }

    #[test]
    fn a_folder_is_not_created_in_a_missing_one_or_over_a_file() {
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
    fn a_new_file_does_not_replace_an_existing_one() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        assert!(write_new(&path, b"first").unwrap());
        assert!(!write_new(&path, b"second").unwrap());
        // Nor one that appeared while this one was being written.
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
    fn the_name_of_a_staged_file_tells_where_it_belongs() {
        let root = tempfile::tempdir().unwrap();
        let staged = Staged::write(root.path(), "a.b.yaml", b"").unwrap();
        let name = staged.path().file_name().unwrap().to_str().unwrap();
        assert_eq!(staged_for(name).unwrap().0, "a.b.yaml");
        for theirs in [
            "a.b.yaml",
            ".a.yaml",
            ".a.yaml.swp",
            ".a.yaml.0199",
            ".0199f3a8c1d27b6e8f0011223344556",
            &name[1..],
            &name.to_uppercase(),
            &format!("{name}~"),
            ".a.yaml.0199f3a8-c1d2-7b6e-8f00-112233445566",
        ] {
            assert_eq!(staged_for(theirs), None, "{theirs}");
        }
    }

    #[test]
    fn a_staged_file_is_abandoned_after_an_hour() {
        let (now, _) = Uuid::now_v7().get_timestamp().unwrap().to_unix();
        let staged_at = |seconds: u64| {
            let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0);
            format!(".a.yaml.{}", Uuid::new_v7(time).simple())
        };
        let old = staged_at(now - 2 * 60 * 60);
        assert_eq!(abandoned_for(&old), Some("a.yaml"));
        // The clock of the machine that wrote it may be ahead.
        for seconds in [now, now - 30 * 60, now + 2 * 60 * 60] {
            assert_eq!(abandoned_for(&staged_at(seconds)), None, "{seconds}");
        }
        let of_another_kind = format!(".a.yaml.{}", Uuid::nil().simple());
        assert_eq!(abandoned_for(&of_another_kind), None);
    }

    #[test]
    fn a_path_of_one_part_is_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("a")), Path::new("."));
        assert_eq!(folder_of(Path::new("a/b")), Path::new("a"));
        assert_eq!(folder_of(Path::new("/a")), Path::new("/"));
    }
}
