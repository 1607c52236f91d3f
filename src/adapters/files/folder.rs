//! Photos on the local disk, each under its SHA-256: `ab/abcdef….`.
//!
//! A file is written beside its place, synced, renamed, and its folder synced: once `put` returns, it survives a
//! power cut. Writing it again is harmless, since equal names mean equal bytes.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{OWNER, blocking, owner_in, told, verified};
use crate::adapters::synced::{make_folder, make_folder_inside, remove_remains, write_synced};
use crate::crash;
use crate::domain::ports::{Files, FilesError};
use crate::domain::signalement::Photo;

/// The fewest and the most bytes that a check of the disk writes.
const PROBE: Range<usize> = 4_096..1024 * 1024;

/// The store of photos in a folder.
#[derive(Debug, Clone)]
pub struct FilesOnDisk {
    root: PathBuf,
    /// The size in bytes of the last photo that could not be written, until that much can be written again.
    refused: Arc<AtomicUsize>,
    /// Locked exclusively while the folders of photos are recreated, so that no photo is acknowledged in a folder
    /// whose own entry is not on disk yet.
    shards: Arc<RwLock<()>>,
}

impl FilesOnDisk {
    /// Uses a folder, creating it if it is missing.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn open(root: &Path) -> io::Result<Self> {
        make_folder(root, &DirBuilder::new())?;
        // Left by an interrupted check of the disk.
        remove_remains(root)?;
        make_shards(root)?;
        Ok(Self {
            root: root.to_path_buf(),
            refused: Arc::default(),
            shards: Arc::default(),
        })
    }

    fn make_shards_again(&self) -> io::Result<()> {
        let _alone = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        // The root's parent is not created: if it is missing, so is the disk that holds the photos.
        make_folder_inside(&self.root, &DirBuilder::new())?;
        make_shards(&self.root)
    }

    fn folder_of(&self, sha256: &str) -> PathBuf {
        self.root.join(sha256.get(..2).unwrap_or("xx"))
    }

    async fn store(&self, photo: Photo) -> Result<(), FilesError> {
        let files = self.clone();
        blocking(move || files.write(&photo)).await
    }

    fn write(&self, photo: &Photo) -> Result<(), FilesError> {
        let folder = self.folder_of(&photo.sha256);
        let write = || {
            let _in_use = self.shards.read().unwrap_or_else(PoisonError::into_inner);
            write_synced(&folder, &photo.sha256, &photo.bytes)
        };
        let written = write().or_else(|error| match error.kind() {
            // Someone removed the empty folders, or mounted an empty disk there.
            io::ErrorKind::NotFound => self.make_shards_again().and_then(|()| write()),
            _ => Err(error),
        });
        if written.is_err() {
            self.refused.store(photo.bytes.len(), Ordering::Relaxed);
        }
        written.map_err(told)
    }

    /// Writes as much as could not be written last time, then removes it.
    fn look(&self) -> Result<(), FilesError> {
        let refused = self.refused.load(Ordering::Relaxed);
        let size = refused.clamp(PROBE.start, PROBE.end);
        let path = self.root.join(format!(".{}", Uuid::now_v7().simple()));
        crash::point("files.probe.before");
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(&vec![0; size])?;
            file.sync_all()
        });
        crash::point("files.probe.written");
        let _ = fs::remove_file(&path);
        written.map_err(told)?;
        // Keeps the size of a photo refused in the meantime: there must be room for that one too.
        let _ = self
            .refused
            .compare_exchange(refused, 0, Ordering::Relaxed, Ordering::Relaxed);
        Ok(())
    }
}

#[async_trait]
impl Files for FilesOnDisk {
    async fn put(&self, photo: Photo) -> Result<(), FilesError> {
        // Written even if it already exists: the file of a signalement that was never committed may be removed by
        // the sweep, and may come from a write that was never synced.
        self.store(photo).await
    }

    async fn put_new(&self, photo: &Photo) -> Result<bool, FilesError> {
        let path = self.folder_of(&photo.sha256).join(&photo.sha256);
        if blocking(move || Ok(path.exists())).await? {
            return Ok(false);
        }
        self.store(photo.clone()).await.map(|()| true)
    }

    async fn read(&self, sha256: &str) -> Result<Vec<u8>, FilesError> {
        let path = self.folder_of(sha256).join(sha256);
        let sha256 = sha256.to_owned();
        blocking(move || verified(&sha256, fs::read(path).map_err(told)?)).await
    }

    async fn owner(&self) -> Result<Option<String>, FilesError> {
        let path = self.root.join(OWNER);
        blocking(move || match fs::read(path) {
            Ok(mark) => Ok(Some(owner_in(&mark))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(told(error)),
        })
        .await
    }

    async fn set_owner(&self, owner: &str) -> Result<(), FilesError> {
        let (root, mark) = (self.root.clone(), format!("{owner}\n"));
        blocking(move || write_synced(&root, OWNER, mark.as_bytes()).map_err(told)).await
    }

    async fn settled(&self, shard: u8, before: DateTime<Utc>) -> Result<Vec<String>, FilesError> {
        let folder = self.root.join(format!("{shard:02x}"));
        blocking(move || {
            let mut names = Vec::new();
            for entry in fs::read_dir(folder).map_err(told)? {
                let entry = entry.map_err(told)?;
                match is_settled(&entry.path(), before) {
                    Ok(true) => names.extend(entry.file_name().into_string().ok()),
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(told(error));
                    }
                    _ => {}
                }
            }
            Ok(names)
        })
        .await
    }

    async fn remove_settled(
        &self,
        shard: u8,
        name: &str,
        before: DateTime<Utc>,
    ) -> Result<bool, FilesError> {
        let path = self.root.join(format!("{shard:02x}")).join(name);
        blocking(move || {
            // Another sweep may have removed it first.
            let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
            match is_settled(&path, before) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) if gone(&error) => return Ok(false),
                Err(error) => return Err(told(error)),
            }
            crash::point("files.remove.before");
            let removed = fs::remove_file(&path);
            crash::point("files.remove.after");
            match removed {
                Err(error) if gone(&error) => return Ok(false),
                Err(error) => return Err(told(error)),
                Ok(()) => {}
            }
            Ok(true)
        })
        .await
    }

    async fn ping(&self) -> Result<(), FilesError> {
        let files = self.clone();
        blocking(move || files.look()).await
    }
}

/// Creates the folders of photos and syncs them, all at once. If each were created with its first photo, two photos
/// could race, and one be acknowledged before its folder's own entry is on disk.
fn make_shards(root: &Path) -> io::Result<()> {
    for shard in 0..=u8::MAX {
        match fs::create_dir(root.join(format!("{shard:02x}"))) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    crash::point("files.shards.made");
    File::open(root)?.sync_all()?;
    crash::point("files.shards.sync.after");
    Ok(())
}

/// Whether the file was last written before that time.
fn is_settled(path: &Path, before: DateTime<Utc>) -> io::Result<bool> {
    let written = DateTime::<Utc>::from(fs::metadata(path)?.modified()?);
    Ok(written < before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::signalement::ImageKind;

    #[tokio::test]
    async fn a_photo_is_read_back_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let files = FilesOnDisk::open(folder.path()).unwrap();
        let photo = Photo::new(ImageKind::Png, vec![1, 2, 3]);
        assert!(files.put_new(&photo).await.unwrap());
        assert!(!files.put_new(&photo).await.unwrap());
        files.put(photo.clone()).await.unwrap();
        assert_eq!(files.read(&photo.sha256).await.unwrap(), [1, 2, 3]);
        let shard = folder.path().join(&photo.sha256[..2]);
        assert_eq!(fs::read_dir(shard).unwrap().count(), 1);
        assert!(files.read(&"0".repeat(64)).await.is_err());
    }

    #[tokio::test]
    async fn folders_that_were_removed_are_recreated() {
        let folder = tempfile::tempdir().unwrap();
        let files = FilesOnDisk::open(folder.path()).unwrap();
        let photo = Photo::new(ImageKind::Png, vec![1, 2, 3]);
        for shard in fs::read_dir(folder.path()).unwrap() {
            fs::remove_dir(shard.unwrap().path()).unwrap();
        }
        files.put(photo.clone()).await.unwrap();
        assert_eq!(files.read(&photo.sha256).await.unwrap(), [1, 2, 3]);
        // The root folder too.
        fs::remove_dir_all(folder.path()).unwrap();
        files.put(photo.clone()).await.unwrap();
        assert_eq!(files.read(&photo.sha256).await.unwrap(), [1, 2, 3]);
    }
}
