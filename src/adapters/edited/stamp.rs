//! The state of a folder as seen without reading its files, so that two looks can be compared.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::EditedFolder;
use crate::domain::ports::SourceError;

/// Changes whenever a file that counts may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    root: Option<Root>,
    /// Why the files cannot be listed, if so: that is not the same as having no files.
    files: Result<Vec<(String, Option<FileStamp>)>, SourceError>,
}

/// Identifies the folder at the path. A folder that is created again may get the inode number of the previous one,
/// but not its creation time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    device: u64,
    inode: u64,
    born: Option<SystemTime>,
}

/// Identifies a state of a file. The size and modification time stay the same when an older file is moved into
/// place or copied with its times; the inode and the change time do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Which folder it was; `None` if there was none.
    #[must_use]
    pub fn root(&self) -> Option<Root> {
        self.root
    }
}

impl Root {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            born: metadata.created().ok(),
        })
    }
}

impl FileStamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

impl EditedFolder {
    /// The folder's current state, to compare with the previous one.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        let stamped = |(name, path): (String, PathBuf)| (name, FileStamp::of(&path));
        Stamp {
            root: Root::of(&self.root),
            files: self
                .files()
                .map(|files| files.into_iter().map(stamped).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `edit` changes the stamp of a folder with one file of three bytes.
    fn notices(edit: impl FnOnce(&Path)) -> bool {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("rules");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("a.yaml"), "old").unwrap();
        let source = EditedFolder::rules(root.clone());
        let before = source.stamp();
        assert_eq!(source.stamp(), before, "looking changes nothing");
        edit(&root);
        source.stamp() != before
    }

    /// Gives `path` the modification time of `like`, as `cp -p` does.
    fn with_time_of(path: &Path, like: SystemTime) {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_modified(like).unwrap();
    }

    fn modified(path: &Path) -> SystemTime {
        fs::metadata(path).unwrap().modified().unwrap()
    }

    #[test]
    fn a_file_of_the_same_size_and_time_is_noticed() {
        assert!(notices(|root| {
            let file = root.join("a.yaml");
            let time = modified(&file);
            let beside = root.join("beside");
            fs::write(&beside, "new").unwrap();
            with_time_of(&beside, time);
            fs::rename(beside, file).unwrap();
        }));
        assert!(notices(|root| {
            let file = root.join("a.yaml");
            let (time, before) = (modified(&file), FileStamp::of(&file));
            // File timestamps only advance every few milliseconds.
            while FileStamp::of(&file) == before {
                fs::write(&file, "new").unwrap();
                with_time_of(&file, time);
            }
            assert_eq!(modified(&file), time);
        }));
    }

    #[test]
    fn a_file_or_folder_that_appears_disappears_or_is_unreadable_is_noticed() {
        assert!(notices(|root| fs::write(root.join("b.yaml"), "").unwrap()));
        assert!(notices(|root| fs::remove_file(root.join("a.yaml")).unwrap()));
        assert!(notices(|root| {
            fs::rename(root.join("a.yaml"), root.join("b.yaml")).unwrap();
        }));
        assert!(notices(|root| fs::remove_dir_all(root).unwrap()));
        assert!(notices(|root| {
            fs::rename(root, root.with_file_name("rules.old")).unwrap();
            fs::create_dir(root).unwrap();
            fs::hard_link(root.with_file_name("rules.old/a.yaml"), root.join("a.yaml")).unwrap();
        }));
        assert!(!notices(|root| fs::write(root.join("a.yaml~"), "").unwrap()));
    }
}
