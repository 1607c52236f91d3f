//! Photos in an S3-compatible bucket: `PREFIX/ab/abcdef…`.
//!
//! The server compares each upload with its SHA-256 before it stores it, and an object appears whole or not at all.
//! Writing one again is harmless, since equal names mean equal bytes, and resets its age. Every call has a time
//! limit; a call that exceeds it counts as failed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path;
use object_store::{
    BackoffConfig, Certificate, ClientOptions, Error, ObjectStore, ObjectStoreExt, RetryConfig,
};

use super::{OWNER, blocking, owner_in, told, verified};
use crate::crash;
use crate::domain::ports::{Files, FilesError, PING_LIMIT};
use crate::domain::signalement::Photo;
use crate::settings::{S3Server, S3Settings};

/// Larger photos are sent in parts of this size (bytes), so that a part that fails is resent alone.
const PART: usize = 8 * 1024 * 1024;
/// Time allowed for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Time allowed for a removal; `flows/sweep.rs` relies on it being over by then.
const REMOVE_LIMIT: Duration = Duration::from_secs(20);
/// Time allowed for listing one shard of the bucket.
const LIST_LIMIT: Duration = Duration::from_mins(5);
/// Time allowed for removing the parts of a failed upload.
const ABORT_LIMIT: Duration = Duration::from_secs(5);
/// How long the result of a check of the bucket is reused: each one costs money.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// The object that a check writes, beside the photos' shards.
const PROBE: &str = ".probe";
/// How many times a failed request is sent again, at growing intervals.
const RETRIES: usize = 3;

/// The store of photos in a bucket.
#[derive(Debug)]
pub struct FilesOnS3 {
    bucket: AmazonS3,
    prefix: Path,
    /// Time allowed for a photo, in either direction.
    timeout: Duration,
    /// When storing a photo last failed.
    failed: Mutex<Option<Instant>>,
}

impl FilesOnS3 {
    /// Prepares a client for the bucket, without calling it yet.
    ///
    /// # Errors
    /// When the settings are not valid for a client.
    pub fn new(settings: &S3Settings) -> Result<Self, FilesError> {
        Ok(Self {
            bucket: builder(settings)?.build().map_err(told)?,
            // Not `Path::from`, which would re-encode it: other tools must find the objects under the prefix as
            // set.
            prefix: Path::parse(&settings.prefix).map_err(told)?,
            timeout: settings.server.timeout,
            failed: Mutex::default(),
        })
    }

    fn shard(&self, shard: u8) -> Path {
        self.prefix.clone().join(format!("{shard:02x}"))
    }

    fn place(&self, sha256: &str) -> Path {
        let shard = sha256.get(..2).unwrap_or("xx");
        self.prefix.clone().join(shard).join(sha256)
    }

    async fn upload(&self, place: &Path, bytes: Bytes) -> Result<(), FilesError> {
        if bytes.len() > PART {
            return self.upload_in_parts(place, &bytes).await;
        }
        crash::point("s3.put.before");
        let put = in_time(self.timeout, self.bucket.put(place, bytes.into())).await;
        crash::point("s3.put.after");
        put.map(|_| ())
    }

    /// The object appears with the last call; until then the parts belong to no object.
    async fn upload_in_parts(&self, place: &Path, bytes: &Bytes) -> Result<(), FilesError> {
        crash::point("s3.parts.before");
        let mut upload = in_time(self.timeout, self.bucket.put_multipart(place)).await?;
        crash::point("s3.parts.begun");
        let parts = (0..bytes.len()).step_by(PART);
        let parts = parts.map(|at| bytes.slice(at..bytes.len().min(at + PART)));
        let parts = try_join_all(parts.map(|part| upload.put_part(part.into())));
        let sent = in_time(self.timeout, parts).await;
        crash::point("s3.parts.sent");
        let whole = match sent {
            Ok(_) => in_time(self.timeout, upload.complete()).await.map(|_| ()),
            Err(error) => Err(error),
        };
        crash::point("s3.parts.after");
        if whole.is_err() {
            // A partial upload is useless, and it is the first error that matters.
            let _ = in_time(ABORT_LIMIT, upload.abort()).await;
        }
        whole
    }

    /// Whether the object exists and was last written before that time.
    async fn is_settled(&self, place: &Path, before: DateTime<Utc>) -> Result<bool, Error> {
        match self.bucket.head(place).await {
            Ok(found) => Ok(found.last_modified < before),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes a small object, as a photo would be written, over that of the last check.
    async fn look(&self) -> Result<(), FilesError> {
        let place = self.prefix.clone().join(PROBE);
        let now = Utc::now().timestamp().to_string();
        crash::point("s3.probe.before");
        let limit = PING_LIMIT.min(self.timeout);
        let put = in_time(limit, self.bucket.put(&place, now.into())).await;
        crash::point("s3.probe.after");
        put.map(|_| ())
    }
}

#[async_trait]
impl Files for FilesOnS3 {
    async fn put(&self, photo: Photo) -> Result<(), FilesError> {
        let stored = self.upload(&self.place(&photo.sha256), photo.bytes).await;
        if stored.is_err() {
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        stored
    }

    async fn read(&self, sha256: &str) -> Result<Vec<u8>, FilesError> {
        let place = self.place(sha256);
        let bytes = async { self.bucket.get(&place).await?.bytes().await };
        let bytes = in_time(self.timeout, bytes).await?;
        let sha256 = sha256.to_owned();
        blocking(move || verified(&sha256, bytes.into())).await
    }

    async fn owner(&self) -> Result<Option<String>, FilesError> {
        let place = self.prefix.clone().join(OWNER);
        let mark = async {
            match self.bucket.get(&place).await {
                Ok(found) => found.bytes().await.map(Some),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        };
        let mark = in_time(self.timeout, mark).await?;
        Ok(mark.map(|it| owner_in(&it)))
    }

    async fn set_owner(&self, owner: &str) -> Result<(), FilesError> {
        let place = self.prefix.clone().join(OWNER);
        let mark = format!("{owner}\n");
        crash::point("s3.owner.before");
        let put = in_time(self.timeout, self.bucket.put(&place, mark.into())).await;
        crash::point("s3.owner.after");
        put.map(|_| ())
    }

    async fn settled(&self, shard: u8, before: DateTime<Utc>) -> Result<Vec<String>, FilesError> {
        let shard = self.shard(shard);
        // Listed page by page, keeping only the names of old objects.
        let old = self.bucket.list(Some(&shard)).try_filter_map(|found| {
            let old = found.last_modified < before;
            let name = found.location.filename().filter(|_| old);
            std::future::ready(Ok(name.map(str::to_owned)))
        });
        in_time(LIST_LIMIT, old.try_collect()).await
    }

    async fn remove_settled(
        &self,
        shard: u8,
        name: &str,
        before: DateTime<Utc>,
    ) -> Result<bool, FilesError> {
        let place = self.shard(shard).join(name);
        let removal = async {
            if !self.is_settled(&place, before).await? {
                return Ok(false);
            }
            crash::point("s3.remove.before");
            self.bucket.delete(&place).await?;
            crash::point("s3.remove.after");
            Ok(true)
        };
        in_time(REMOVE_LIMIT, removal).await
    }

    async fn ping(&self) -> Result<(), FilesError> {
        self.look().await
    }

    fn still_holds(&self, asked: Instant) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        asked.elapsed() < PROBE_EVERY && failed.is_none_or(|it| it < asked)
    }
}

/// If no key is set, the client finds one as AWS' own tools do: in the environment, through the pod's identity, or
/// from the machine it runs on.
fn builder(settings: &S3Settings) -> Result<AmazonS3Builder, FilesError> {
    let server = &settings.server;
    let mut builder = match &server.key {
        Some(key) => AmazonS3Builder::new()
            .with_access_key_id(key.id.expose())
            .with_secret_access_key(key.secret.expose()),
        None => AmazonS3Builder::from_env(),
    };
    if let Some(endpoint) = &server.endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    if let Some(region) = &server.region {
        builder = builder.with_region(region);
    }
    Ok(builder
        .with_bucket_name(&settings.bucket)
        .with_client_options(client(server)?)
        .with_checksum_algorithm(Checksum::SHA256)
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: RETRIES,
            retry_timeout: server.timeout / 2,
        }))
}

fn client(server: &S3Server) -> Result<ClientOptions, FilesError> {
    let mut client = ClientOptions::new()
        .with_connect_timeout(CONNECT_LIMIT)
        // Half the time, so that a stuck attempt leaves time for another.
        .with_timeout(server.timeout / 2)
        .with_allow_http(server.allow_http);
    if let Some(ca) = &server.ca {
        let authorities = Certificate::from_pem_bundle(ca.expose().as_bytes()).map_err(told)?;
        for authority in authorities {
            client = client.with_root_certificate(authority);
        }
    }
    Ok(client)
}

async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, FilesError> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done.map_err(told),
        Err(_) => Err(told(format!("no answer within {limit:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::signalement::ImageKind;
    use crate::settings::{S3Key, Secret};

    #[tokio::test]
    async fn a_photo_that_fails_invalidates_the_last_result() {
        // Nothing listens on this port.
        let settings = S3Settings {
            bucket: "photos".into(),
            prefix: String::new(),
            server: S3Server {
                endpoint: Some("http://127.0.0.1:9".parse().unwrap()),
                region: None,
                key: Some(S3Key {
                    id: Secret::new("id".into()),
                    secret: Secret::new("secret".into()),
                }),
                ca: None,
                allow_http: true,
                timeout: Duration::from_secs(1),
            },
        };
        let files = FilesOnS3::new(&settings).unwrap();
        let asked = Instant::now();
        assert!(files.still_holds(asked));
        let long_ago = asked.checked_sub(PROBE_EVERY).unwrap();
        assert!(!files.still_holds(long_ago));
        let photo = Photo::new(ImageKind::Png, vec![1, 2, 3]);
        assert!(files.put(photo).await.is_err());
        assert!(!files.still_holds(asked));
        assert!(files.still_holds(Instant::now()));
    }
}
