//! Photos on the local disk, each under its SHA-256: `ab/abcdef….`.
//!
//! A file is written beside its place, synced, renamed, and its folder synced: once `put` returns,
//! it survives a power cut. Writing it again is harmless, since equal names have equal bytes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use uuid::Uuid;

use crate::crash;
use crate::domain::ports::{Files, FilesError};
use crate::domain::signalement::Photo;

/// The store of photos in a folder.
#[derive(Debug, Clone)]
pub struct FilesOnDisk {
    root: PathBuf,
}

impl FilesOnDisk {
    /// Uses a folder, which is made where it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Path) -> io::Result<Self> {
        crash::point("files.shards.before");
        fs::create_dir_all(root)?;
        // All of them now: were they made with their first photo, two photos could race, and one
        // be acknowledged while its folder's own name is not on the disk.
        for shard in 0..=u8::MAX {
            match fs::create_dir(root.join(format!("{shard:02x}"))) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        crash::point("files.shards.made");
        File::open(root)?.sync_all()?;
        crash::point("files.shards.sync.after");
        if let Some(parent) = root.parent().filter(|it| !it.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        crash::point("files.shards.after");
        Ok(Self {
            root: root.to_path_buf(),
        })
    }

    fn folder_of(&self, sha256: &str) -> PathBuf {
        self.root.join(sha256.get(..2).unwrap_or("xx"))
    }
}

#[async_trait]
impl Files for FilesOnDisk {
    async fn put(&self, photo: Photo) -> Result<(), FilesError> {
        let folder = self.folder_of(&photo.sha256);
        blocking(move || write_synced(&folder, &photo.sha256, &photo.bytes)).await
    }

    async fn read(&self, sha256: &str) -> Result<Vec<u8>, FilesError> {
        let path = self.folder_of(sha256).join(sha256);
        blocking(move || fs::read(path)).await
    }
}

/// Puts a file in a folder, whole or not at all, and on the disk when it returns.
pub(super) fn write_synced(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!(".{name}.{}", Uuid::now_v7().simple()));
    let written = (|| {
        crash::point("file.create.before");
        let mut file = File::create(&beside)?;
        crash::point("file.create.after");
        file.write_all(bytes)?;
        crash::point("file.write.after");
        file.sync_all()?;
        crash::point("file.sync.after");
        fs::rename(&beside, folder.join(name))?;
        crash::point("file.rename.after");
        File::open(folder)?.sync_all()?;
        crash::point("file.folder-sync.after");
        Ok(())
    })();
    if written.is_err() {
        // What is half written is of no use; the first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    written
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, FilesError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| FilesError(error.to_string()))?
        .map_err(|error| FilesError(error.to_string()))
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
        files.put(photo.clone()).await.unwrap();
        files.put(photo.clone()).await.unwrap();
        assert_eq!(files.read(&photo.sha256).await.unwrap(), [1, 2, 3]);
        let shard = folder.path().join(&photo.sha256[..2]);
        assert_eq!(fs::read_dir(shard).unwrap().count(), 1);
        assert!(files.read(&"0".repeat(64)).await.is_err());
    }
}
