//! Compiles where data is kept: the database, the photos, the folders of rules and exports.

use std::path::Path;

use crate::settings::values::{duration, key_prefix};
use crate::settings::{Database, Folder, PhotoStorage, S3Key, S3Server, S3Settings};

use super::{Compiler, database};

impl Compiler<'_> {
    pub(super) fn database(&mut self, data_dir: &Path) -> Option<Database> {
        let base = self.base.clone();
        self.value("database_url", |text| match text {
            "" => Ok(Database::Sqlite(data_dir.join("passerelle.sqlite"))),
            text => database(&base, text),
        })
    }

    pub(super) fn photos(&mut self, data_dir: &Path) -> Option<PhotoStorage> {
        let base = self.base.clone();
        let server = self.s3_server();
        let photos = self.value("files_url", |text| {
            if text.is_empty() {
                return Ok(Some(PhotoStorage::Folder(data_dir.join("fichiers"))));
            }
            if let Some(path) = text.strip_prefix("file://")
                && !path.is_empty()
            {
                return Ok(Some(PhotoStorage::Folder(base.join(path))));
            }
            let place = text.strip_prefix("s3://").unwrap_or_default();
            let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
            if bucket.is_empty() || bucket.contains(['@', ':', '?']) {
                return Err("is neither file://PATH nor s3://BUCKET/PREFIX".into());
            }
            let prefix = key_prefix(prefix)?;
            let bucket = |server| S3Settings {
                bucket: bucket.to_owned(),
                prefix,
                server,
            };
            Ok(server.map(|server| PhotoStorage::S3(Box::new(bucket(server)))))
        });
        photos.flatten()
    }

    pub(super) fn s3_server(&mut self) -> Option<S3Server> {
        let endpoint = self.address("s3.endpoint");
        let allow_http = self.flag("s3.allow_http")?;
        if !allow_http && endpoint.as_ref().is_some_and(|it| it.scheme() == "http") {
            let what =
                "s3.endpoint: photos would travel unprotected; s3.allow_http: true allows it";
            self.faults.push(what.to_owned());
        }
        let (id, secret) = ("s3.access_key_id", "s3.secret_access_key");
        let key = match (self.secret(id), self.secret(secret)) {
            (Some(id), Some(secret)) => Some(S3Key { id, secret }),
            (None, None) => None,
            _ => {
                self.faults
                    .push(format!("{id}: goes together with {secret}"));
                None
            }
        };
        Some(S3Server {
            endpoint,
            region: self.written.given("s3.region").map(str::to_owned),
            key,
            allow_http,
            ca: self.pem("s3.ca_file"),
            timeout: self.value("s3.timeout", duration)?,
        })
    }

    pub(super) fn folder(&mut self, key: &str) -> Folder {
        let path = self.base.join(self.written.text(key));
        match (path.is_dir(), self.written.given(key)) {
            (true, _) => Folder::Disk(path),
            (false, None) => Folder::Shipped,
            (false, Some(_)) if self.may_lack_folders => Folder::Disk(path),
            (false, Some(_)) => {
                self.faults
                    .push(format!("{key}: there is no folder {}", path.display()));
                Folder::Shipped
            }
        }
    }
}
