//! A disk that loses whatever was not synced.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::COURRIELS;
use super::log::Step;

/// What a sync is for, so that a test can leave one kind out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Log,
    Photo,
    PhotoFolder,
    Courriel,
    Other,
}

impl Kind {
    fn of(path: &Path) -> Self {
        let text = path.to_string_lossy();
        if text.ends_with("-wal") {
            Self::Log
        } else if text.contains(COURRIELS) {
            Self::Courriel
        } else if !text.contains("/fichiers/") {
            Self::Other
        } else if path.parent().is_some_and(|it| it.ends_with("fichiers")) {
            Self::PhotoFolder
        } else {
            Self::Photo
        }
    }
}

/// A disk that loses what was not synced.
#[derive(Default)]
pub(super) struct Disk {
    files: Vec<Contents>,
    /// What a running daemon sees, by path: a file, or `None` for a folder.
    names: BTreeMap<PathBuf, Option<usize>>,
    /// What would be there after a power cut.
    kept: BTreeMap<PathBuf, Option<usize>>,
    /// Syncs in progress, by thread, each with its number in the order in which they began.
    syncs: BTreeMap<String, (usize, Promise)>,
    begun: usize,
    /// By folder, the sync that its kept entries come from.
    synced: BTreeMap<PathBuf, usize>,
}

#[derive(Default)]
struct Contents {
    bytes: Vec<u8>,
    kept: Vec<u8>,
    /// The sync that `kept` comes from.
    synced: usize,
}

enum Promise {
    File(usize, Vec<u8>),
    Folder(PathBuf, BTreeMap<PathBuf, Option<usize>>),
    Nothing,
}

impl Disk {
    pub(super) fn take(&mut self, step: &Step, left_out: Option<Kind>) {
        match step {
            Step::Open {
                path,
                create,
                truncate,
            } => {
                if *create && !self.names.contains_key(path) {
                    self.names.insert(path.clone(), Some(self.files.len()));
                    self.files.push(Contents::default());
                }
                if *truncate && let Some(file) = self.file(path) {
                    file.bytes.clear();
                }
            }
            Step::Append { path, bytes } => {
                if let Some(file) = self.file(path) {
                    file.bytes.extend(bytes);
                }
            }
            Step::WriteAt {
                path,
                bytes,
                offset,
            } => {
                if let Some(file) = self.file(path) {
                    let end = offset + bytes.len();
                    file.bytes.resize(file.bytes.len().max(end), 0);
                    file.bytes[*offset..end].copy_from_slice(bytes);
                }
            }
            Step::Truncate { path, length } => {
                if let Some(file) = self.file(path) {
                    file.bytes.resize(*length, 0);
                }
            }
            Step::SyncBegins { thread, path } => {
                let promise = match self.names.get(path) {
                    _ if left_out == Some(Kind::of(path)) => Promise::Nothing,
                    Some(Some(file)) => Promise::File(*file, self.files[*file].bytes.clone()),
                    // The root itself is not created by the daemon.
                    _ => Promise::Folder(path.clone(), entries(&self.names, path)),
                };
                self.begun += 1;
                self.syncs.insert(thread.clone(), (self.begun, promise));
            }
            Step::SyncEnds { thread } => {
                if let Some((begun, promise)) = self.syncs.remove(thread) {
                    self.keep(begun, promise);
                }
            }
            Step::Rename { from, to } => {
                if let Some(entry) = self.names.remove(from) {
                    self.names.insert(to.clone(), entry);
                }
            }
            Step::Remove { path } => {
                self.names.remove(path);
            }
            Step::MakeFolder { path } => {
                self.names.insert(path.clone(), None);
            }
            Step::Answer(_) => {}
        }
    }

    /// Keeps what a sync covers, unless one that began later, and covers more, has ended before it.
    fn keep(&mut self, begun: usize, promise: Promise) {
        match promise {
            Promise::File(file, bytes) => {
                let file = &mut self.files[file];
                if file.synced < begun {
                    (file.kept, file.synced) = (bytes, begun);
                }
            }
            Promise::Folder(path, now) => {
                if self.synced.get(&path).is_some_and(|it| *it > begun) {
                    return;
                }
                for gone in entries(&self.kept, &path).keys() {
                    self.kept.remove(gone);
                }
                self.kept.extend(now);
                self.synced.insert(path, begun);
            }
            Promise::Nothing => {}
        }
    }

    fn file(&mut self, path: &Path) -> Option<&mut Contents> {
        let file = (*self.names.get(path)?)?;
        self.files.get_mut(file)
    }

    /// Writes what was kept under `root`; a file in a folder that was not kept is lost.
    pub(super) fn write_out(&self, root: &Path) {
        for (path, entry) in &self.kept {
            let place = root.join(path);
            match entry {
                None => {
                    let _ = fs::create_dir(place);
                }
                Some(file) => {
                    let _ = fs::write(place, &self.files[*file].kept);
                }
            }
        }
    }
}

/// The direct entries of a folder.
fn entries(
    names: &BTreeMap<PathBuf, Option<usize>>,
    folder: &Path,
) -> BTreeMap<PathBuf, Option<usize>> {
    let inside = names
        .iter()
        .filter(|(path, _)| path.parent() == Some(folder));
    inside.map(|(path, entry)| (path.clone(), *entry)).collect()
}
