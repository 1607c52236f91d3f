//! A folder that someone edits, read whole.
//!
//! Editors and orchestrators leave things beside the files that count: backup and swap files,
//! folders of symbolic links. What counts is decided by name, here.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::adapters::files::folder::write_synced;
use crate::domain::ports::{FileSet, Source, SourceError};
use crate::rules::{layout, referentiel};

/// More files than that are no rules.
const MAX_FILES: usize = 5_000;
/// The largest file; 100,000 biens take about 5 MB.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A file that was written to and not closed counts as half written for so long: a writer that
/// stalls, or whose end was missed, holds nothing up for good.
const STALLED: Duration = Duration::from_secs(2);

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
    /// Files that someone has written to and not closed, with the time of the last write; told by
    /// who watches the folder, asked by who reads it.
    half_written: Arc<Mutex<HashMap<PathBuf, Instant>>>,
}

/// Changes whenever a file that counts may have changed, without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    root: Option<Root>,
    /// Why they cannot be listed, where they cannot: that is not the same as no file at all.
    files: Result<Vec<(String, Option<FileStamp>)>, SourceError>,
}

/// Which folder stands at the path. A folder made anew may get the number of the one before it,
/// but not its time of birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    device: u64,
    inode: u64,
    born: Option<SystemTime>,
}

/// Size and time of modification stay the same when an older file is moved into place or copied
/// with its times; the inode and the time of change do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Which folder it was; `None` while there is none.
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

impl Folder {
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
            half_written: Arc::default(),
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

    /// Takes in that someone has written to this file, and not closed it yet.
    pub fn note_writing(&self, path: &Path) {
        // The system tells absolute paths, whatever it was asked to watch.
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

    /// Takes in that this file was closed, or is no longer there under that name.
    pub fn note_written(&self, path: &Path) {
        self.half_written().remove(path);
    }

    fn half_written(&self) -> MutexGuard<'_, HashMap<PathBuf, Instant>> {
        self.half_written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What a look at the folder shows, to be compared with the look before.
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

    /// Copies what [`Folder::replace`] would change or remove, and gives the names.
    ///
    /// # Errors
    /// When one cannot be read, or its copy not be written.
    pub fn copy_aside(&self, files: &FileSet, aside: &Path) -> Result<Vec<String>, SourceError> {
        let mut copied = Vec::new();
        for (name, path) in self.files()? {
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

    /// Writes these files in place of those that are read; what is not read is left alone. Each
    /// keeps its owner and its mode, and a new one has those of its folder, as far as we may.
    ///
    /// # Errors
    /// When one cannot be written; those before it are.
    pub fn replace(&self, files: &FileSet) -> Result<(), SourceError> {
        let before = self.files()?;
        for (name, bytes) in files.iter().filter(|(name, _)| self.is_read(name)) {
            let path = self.root.join(name);
            let folder = path.parent().unwrap_or(&self.root);
            let file = path.file_name().and_then(|it| it.to_str()).unwrap_or(name);
            let like = fs::metadata(&path).or_else(|_| fs::metadata(&self.root));
            fs::create_dir_all(folder)
                .and_then(|()| write_synced(folder, file, bytes))
                .map_err(|error| self.failed(&path, &error))?;
            if let Ok(like) = like {
                belong(&path, &like);
            }
        }
        let gone = |name: &str| self.is_read(name) && !files.contains_key(name);
        for (_, path) in before.iter().filter(|(name, _)| gone(name)) {
            fs::remove_file(path).map_err(|error| self.failed(path, &error))?;
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

    fn failed(&self, path: &Path, error: &io::Error) -> SourceError {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "introuvable".into(),
            io::ErrorKind::PermissionDenied => "accès refusé".into(),
            io::ErrorKind::NotADirectory => "n'est pas un dossier".into(),
            _ => error.to_string(),
        };
        self.refused(path, reason)
    }

    /// Names it as a diagnostic of its text would: by its path in the folder.
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

    /// Whether the file of that path in the folder is read, or nearly has the name of one that is.
    fn counts(&self, path: &str) -> bool {
        let nearly = match &self.kind {
            Kind::Rules => layout::is_misnamed(path),
            Kind::Referentiel => layout::meant_export(path).is_some(),
            Kind::OneFile(_) => false,
        };
        nearly || self.is_read(path)
    }

    fn is_read(&self, path: &str) -> bool {
        match &self.kind {
            Kind::OneFile(only) => only == path,
            Kind::Referentiel => referentiel::FILES.contains(&path),
            Kind::Rules => layout::is_rule(path),
        }
    }
}

impl Source for Folder {
    fn read(&self) -> Result<FileSet, SourceError> {
        let mut set = FileSet::new();
        for (name, path) in self.files()? {
            if !self.is_read(&name) {
                // Its name is to be told, and what it holds is nobody's business.
                set.insert(name, Vec::new());
                continue;
            }
            let size = fs::metadata(&path)
                .map_err(|error| self.failed(&path, &error))?
                .len();
            if size > MAX_BYTES {
                return Err(self.refused(&path, "plus de 64 Mio".into()));
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

/// Gives a file the owner and the mode of what stood in its place, or of its folder, as far as we may and
/// the disk knows them: whoever edits there and the daemon go on to read and write it, whoever ran the
/// command.
fn belong(path: &Path, like: &fs::Metadata) {
    let to = |uid, gid| chown(path, uid, gid).is_ok();
    let given = to(Some(like.uid()), Some(like.gid()));
    let group = given || to(None, Some(like.gid()));
    let now = fs::metadata(path).map_or(0, |it| it.mode());
    // Where it stays ours, those who read it by its old owner's rights must not lose them.
    let (old, kept) = (like.mode() & 0o666, now & 0o666);
    let mode = match (given, group) {
        (true, _) => old,
        (false, true) => old | kept,
        (false, false) => old | kept | 0o044,
    };
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_counts_or_nearly_has_its_name_is_read() {
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
        let source = Folder::rules(folder.path().to_path_buf());
        let read = source.read().unwrap();
        let names_alone = ["cas/b.yaml.txt", "cas/ete/a.yaml"];
        assert!(names_alone.iter().all(|it| read[*it].is_empty()));
        source
            .replace(&FileSet::from([("cas/a.yaml".into(), b"y".to_vec())]))
            .unwrap();
        let left = |name: &str| folder.path().join(name).exists();
        assert!(left("cas/b.yaml.txt") && left("Modeles/a.txt") && left("cas/ete/a.yaml"));
        assert!(!left("priorites.yaml") && left("cas/a.yaml"));
        let names: Vec<String> = read.into_keys().collect();
        assert_eq!(
            names,
            [
                "Modeles/a.txt",
                "cas/a.yaml",
                "cas/b.yaml.txt",
                "cas/ete/a.yaml",
                "modeles/contexte.txt",
                "priorites.yaml"
            ]
        );
    }

    /// A folder with one file of three bytes, and whether `edit` changes its stamp.
    fn notices(edit: impl FnOnce(&Path)) -> bool {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("rules");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("a.yaml"), "old").unwrap();
        let source = Folder::rules(root.clone());
        let before = source.stamp();
        assert_eq!(source.stamp(), before, "looking changes nothing");
        edit(&root);
        source.stamp() != before
    }

    /// Gives `path` the time of modification of `like`, as `cp -p` does.
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
            // The clock of the files ticks every few milliseconds.
            while FileStamp::of(&file) == before {
                fs::write(&file, "new").unwrap();
                with_time_of(&file, time);
            }
            assert_eq!(modified(&file), time);
        }));
    }

    #[test]
    fn a_file_or_folder_that_comes_goes_or_cannot_be_read_is_noticed() {
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

    #[test]
    fn a_folder_that_cannot_be_read_is_not_an_empty_one() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("rules");
        let source = Folder::rules(root.clone());
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
    fn what_stands_in_the_place_of_a_file_is_not_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let source = Folder::rules(folder.path().to_path_buf());
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
    fn only_a_file_that_counts_is_half_written_and_until_it_is_closed() {
        let source = Folder::rules("rules".into());
        let reader = source.clone();
        let at = |name: &str| std::env::current_dir().unwrap().join("rules").join(name);
        for name in [
            ".statuts.yaml.swp",
            "statuts.yaml~",
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
