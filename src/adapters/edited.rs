//! A folder that people edit, read as a whole.

mod listing;
mod mark;
mod replace;
mod stamp;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::ports::{FileSet, Source, SourceError};

pub use replace::{FolderLock, ReplaceError};
pub use stamp::{Root, Stamp};

/// The largest file accepted, in bytes; 100,000 biens take about 5 MB.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The most bytes read in all: they are held in memory and compared with the previous read.
const MAX_TOTAL_BYTES: u64 = 256 * 1024 * 1024;

/// How long a file that was written to but not closed counts as half written. A writer that stalls, or whose close
/// was missed, must not block reading for good.
const STALLED: Duration = Duration::from_secs(2);

/// Which files of the folder are read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rules,
    Referentiel,
    /// The file of that name; anything beside it is ignored.
    OneFile(String),
}

/// A folder on disk.
#[derive(Debug, Clone)]
pub struct EditedFolder {
    root: PathBuf,
    kind: Kind,
    /// Files that have been written to but not closed, with the time of the last write. The watcher of the folder
    /// fills this in; whoever reads the folder checks it.
    half_written: Arc<Mutex<HashMap<PathBuf, Instant>>>,
}

impl EditedFolder {
    /// The landlord's rules.
    #[must_use]
    pub fn rules(root: PathBuf) -> Self {
        Self::new(root, Kind::Rules)
    }

    /// The landlord's exports.
    #[must_use]
    pub fn referentiel(root: PathBuf) -> Self {
        Self::new(root, Kind::Referentiel)
    }

    fn new(root: PathBuf, kind: Kind) -> Self {
        Self {
            root,
            kind,
            half_written: Arc::default(),
        }
    }

    /// The settings file, in whichever folder it is; `None` for one that cannot be read again, such as a pipe.
    #[must_use]
    pub fn settings(file: &Path) -> Option<Self> {
        let name = file.file_name()?.to_str()?.to_owned();
        let root = file
            .parent()
            .filter(|it| !it.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        file.is_file().then(|| Self {
            half_written: Arc::default(),
            root: root.to_path_buf(),
            kind: Kind::OneFile(name),
        })
    }

    /// Whether a change of this path may concern a file that counts.
    #[must_use]
    pub fn may_hold(&self, path: &Path) -> bool {
        match &self.kind {
            Kind::OneFile(name) => path.file_name().is_some_and(|it| it == name.as_str()),
            Kind::Rules | Kind::Referentiel => true,
        }
    }

    /// Whether files in subfolders count.
    #[must_use]
    pub fn is_deep(&self) -> bool {
        !matches!(self.kind, Kind::OneFile(_))
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Records that this file has been written to and not yet closed.
    pub fn note_writing(&self, path: &Path) {
        // The system reports absolute paths, whichever path it was asked to watch.
        let root = std::path::absolute(&self.root).unwrap_or_else(|_| self.root.clone());
        let counts = path.strip_prefix(root).ok().and_then(|it| {
            let (folder, name) = (it.parent()?.to_str()?, it.file_name()?.to_str()?);
            Some(match folder {
                "" => self.counts(name),
                _ => self.kind == Kind::Rules && self.counts(&format!("{folder}/{name}")),
            })
        });
        // An editor that keeps its swap file open must not look like one that is saving.
        if counts == Some(true) {
            self.half_written()
                .insert(path.to_path_buf(), Instant::now());
        }
    }

    /// Records that this file was closed, or no longer exists under that name.
    pub fn note_written(&self, path: &Path) {
        self.half_written().remove(path);
    }

    fn half_written(&self) -> MutexGuard<'_, HashMap<PathBuf, Instant>> {
        self.half_written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, path: &Path, error: &io::Error) -> SourceError {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "introuvable".into(),
            io::ErrorKind::PermissionDenied => "accès refusé".into(),
            io::ErrorKind::NotADirectory => "n'est pas un dossier".into(),
            _ => error.to_string(),
        };
        self.refused(path, reason)
    }

    /// Names the file as a diagnostic about its text would: by its path within the folder.
    fn refused(&self, path: &Path, reason: String) -> SourceError {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        let is_root = inside.as_os_str().is_empty();
        let named = if is_root || !self.is_deep() {
            path
        } else {
            inside
        };
        SourceError {
            path: named.display().to_string(),
            reason,
        }
    }
}

impl Source for EditedFolder {
    fn read(&self) -> Result<FileSet, SourceError> {
        let mut set = FileSet::new();
        let mut total = 0;
        for (name, path) in self.files()? {
            if !self.is_read(&name) {
                // Only its name is reported; its content is not our business.
                set.insert(name, Vec::new());
                continue;
            }
            let size = fs::metadata(&path)
                .map_err(|error| self.failed(&path, &error))?
                .len();
            if size > MAX_BYTES {
                return Err(self.refused(&path, "plus de 64 Mio".into()));
            }
            total += size;
            if total > MAX_TOTAL_BYTES {
                return Err(SourceError {
                    path: self.name(),
                    reason: "plus de 256 Mio en tout : retirez les fichiers qui ne servent plus"
                        .into(),
                });
            }
            set.insert(
                name,
                fs::read(&path).map_err(|error| self.failed(&path, &error))?,
            );
        }
        Ok(set)
    }

    fn being_written(&self) -> bool {
        let mut files = self.half_written();
        files.retain(|_, last| last.elapsed() < STALLED);
        !files.is_empty()
    }

    fn name(&self) -> String {
        match &self.kind {
            Kind::OneFile(name) => self.root.join(name).display().to_string(),
            Kind::Rules | Kind::Referentiel => self.root.display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_size_is_bounded_as_well_as_each_file() {
        let folder = tempfile::tempdir().unwrap();
        let source = EditedFolder::rules(folder.path().to_path_buf());
        fs::create_dir(folder.path().join("cas")).unwrap();
        // Sparse files: none of them takes up disk space.
        let make = |name: &str, mib: u64| {
            let file = fs::File::create(folder.path().join("cas").join(name)).unwrap();
            file.set_len(mib << 20).unwrap();
        };
        make("vide.yaml", 0);
        make("grand.yaml", 1);
        // Only the name of this one is reported.
        make("film.yaml.txt", 1_000);
        assert_eq!(source.read().unwrap().len(), 3);
        for name in ["a.yaml", "b.yaml", "c.yaml", "d.yaml"] {
            make(name, 64);
        }
        let fault = source.read().unwrap_err();
        assert_eq!(fault.path, folder.path().display().to_string());
        assert!(fault.reason.contains("256 Mio en tout"), "{fault:?}");
        make("a.yaml", 65);
        let fault = source.read().unwrap_err();
        assert_eq!(
            (fault.path.as_str(), fault.reason.as_str()),
            ("cas/a.yaml", "plus de 64 Mio")
        );
        for name in ["a.yaml", "b.yaml", "c.yaml", "d.yaml"] {
            fs::remove_file(folder.path().join("cas").join(name)).unwrap();
        }
        assert_eq!(source.read().unwrap().len(), 3);
    }

    #[test]
    fn only_files_that_count_or_nearly_have_such_a_name_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "priorites.yaml",
            "priorites.yaml~",
            ".priorites.yaml.swp",
            "priorites.yaml.bak",
            "notes.docx",
            "modeles/contexte.txt",
            "modeles/#contexte.txt#",
            "modeles/~$ntexte.txt",
            "cas/~$a.yaml",
            "cas/a.yaml",
            "autre/b.yaml",
            "cas/b.yaml.txt",
            "Modeles/a.txt",
            "Modeles/a.docx",
            "cas/ete/a.yaml",
            "cas/..data/a.yaml",
            "cas/ete/2026/a.yaml",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let source = EditedFolder::rules(folder.path().to_path_buf());
        let read = source.read().unwrap();
        let names_alone = ["cas/b.yaml.txt", "cas/ete/"];
        assert!(names_alone.iter().all(|it| read[*it].is_empty()));
        let lock = source.lock().unwrap();
        source
            .replace(
                &lock,
                &FileSet::from([("cas/a.yaml".into(), b"y".to_vec())]),
            )
            .unwrap();
        let left = |name: &str| folder.path().join(name).exists();
        assert!(left("cas/b.yaml.txt") && left("Modeles/a.txt") && left("cas/ete/a.yaml"));
        assert!(!left("priorites.yaml") && left("cas/a.yaml"));
        let names: Vec<String> = read.into_keys().collect();
        assert_eq!(
            names,
            [
                "Modeles/",
                "autre/",
                "cas/a.yaml",
                "cas/b.yaml.txt",
                "cas/ete/",
                "modeles/contexte.txt",
                "priorites.yaml"
            ]
        );
    }

    #[test]
    fn a_file_whose_name_is_not_utf_8_is_reported_and_not_read() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        for name in [
            &b"cas/\xe9t\xe9.yaml"[..],
            b"mod\xe8les/a.txt",
            b"\xe9t\xe9.docx",
        ] {
            let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let source = EditedFolder::rules(folder.path().to_path_buf());
        let read = source.read().unwrap();
        let expected = ["cas/\u{fffd}t\u{fffd}.yaml", "mod\u{fffd}les/"];
        assert_eq!(read.keys().collect::<Vec<_>>(), expected);
        assert!(read.values().all(Vec::is_empty));
    }

    #[test]
    fn links_managed_by_another_program_are_found() {
        use std::os::unix::fs::symlink;
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("rules");
        let data = root.join("..data");
        fs::create_dir_all(data.join("cas")).unwrap();
        fs::create_dir_all(root.join("modeles")).unwrap();
        for path in ["modeles/a.txt", "..data/cas/a.yaml", "..data/statuts.yaml"] {
            fs::write(root.join(path), "x").unwrap();
        }
        let source = EditedFolder::rules(root.clone());
        let found = || source.link_in_the_way().unwrap().map(|(name, _)| name);
        assert_eq!(found(), None);
        symlink("..data/cas", root.join("cas")).unwrap();
        assert_eq!(found().as_deref(), Some("cas"));
        fs::remove_file(root.join("cas")).unwrap();
        symlink("..data/statuts.yaml", root.join("statuts.yaml")).unwrap();
        assert_eq!(found().as_deref(), Some("statuts.yaml"));
        fs::remove_file(root.join("statuts.yaml")).unwrap();
        fs::create_dir(parent.path().join("ailleurs")).unwrap();
        fs::write(parent.path().join("ailleurs/a.yaml"), "x").unwrap();
        symlink("../ailleurs", root.join("cas")).unwrap();
        assert_eq!(found(), None, "a folder that its owner put elsewhere");
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_not_an_empty_one() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("rules");
        let source = EditedFolder::rules(root.clone());
        let absent = source.stamp();
        fs::create_dir(&root).unwrap();
        let empty = source.stamp();
        assert_ne!(absent, empty);
        assert!(source.read().unwrap().is_empty());
        std::os::unix::fs::symlink("nowhere", root.join("cas")).unwrap();
        let dangling = source.stamp();
        assert_ne!(empty, dangling);
        assert_eq!(source.read().unwrap_err().reason, "introuvable");
    }

    #[test]
    fn something_that_is_not_a_file_is_reported_not_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let source = EditedFolder::rules(folder.path().to_path_buf());
        let place = folder.path().join("a.yaml");
        fs::create_dir(&place).unwrap();
        assert_eq!(source.read().unwrap_err().reason, "n'est pas un fichier");
        fs::remove_dir(&place).unwrap();
        std::os::unix::fs::symlink("nowhere", &place).unwrap();
        let error = source.read().unwrap_err();
        assert_eq!(error.reason, "introuvable");
        assert_eq!(error.path, "a.yaml");
    }

    #[test]
    fn only_a_file_that_counts_is_half_written_until_it_is_closed() {
        let source = EditedFolder::rules("rules".into());
        let reader = source.clone();
        let at = |name: &str| std::env::current_dir().unwrap().join("rules").join(name);
        for name in [
            ".statuts.yaml.swp",
            "statuts.yaml~",
            "cas/~$a.yaml",
            "autre/a.yaml",
            "../a.yaml",
        ] {
            source.note_writing(&at(name));
            assert!(!reader.being_written(), "{name}");
        }
        for name in ["statuts.yaml", "cas/a.yaml"] {
            source.note_writing(&at(name));
            assert!(reader.being_written(), "{name}");
            source.note_written(&at(name));
            assert!(!reader.being_written(), "{name}");
        }
    }
}
