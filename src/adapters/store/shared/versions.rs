//! Accepted versions; each distinct file is stored once.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::Row as _;

use super::{DbConnection, DbPool, DbStore, dialect, failed};
use crate::adapters::store::rows::{instant, millis, unreadable};
use crate::domain::digest::sha256_hex;
use crate::domain::ports::{FileSet, StoreError, StoredVersion, VersionSummary, Versions};

/// How many times to read the last version again if another one is stored meanwhile.
const LOOKS: u32 = 5;

#[async_trait]
impl Versions for DbStore {
    async fn save_version(&self, version: StoredVersion) -> Result<(), StoreError> {
        self.writer
            .write(version, |connection, version| {
                Box::pin(save(connection, version))
            })
            .await
    }

    async fn has_version(&self, version: &str) -> Result<bool, StoreError> {
        dialect::in_time(has(&self.readers, version)).await
    }

    async fn last_version(&self) -> Result<Option<StoredVersion>, StoreError> {
        dialect::in_time(last(&self.readers)).await
    }

    async fn list_versions(&self, limit: u32) -> Result<Vec<VersionSummary>, StoreError> {
        dialect::in_time(list(&self.readers, limit)).await
    }

    async fn find_version(&self, begin: &str) -> Result<(Vec<String>, FileSet), StoreError> {
        dialect::in_time(find(&self.readers, begin)).await
    }
}

/// Stores an accepted version, and replaces the reference data.
async fn save(connection: &mut DbConnection, new: &StoredVersion) -> Result<(), StoreError> {
    dialect::lock_versions(connection).await?;
    let mut names = BTreeMap::new();
    for (name, content) in &new.rules {
        let sha256 = sha256_hex(content);
        sqlx::query(
            "INSERT INTO version_files (sha256, content) VALUES ($1, $2) \
             ON CONFLICT (sha256) DO NOTHING",
        )
        .bind(&sha256)
        .bind(content)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
        names.insert(name, sha256);
    }
    let files = serde_json::to_string(&names).map_err(|_| unreadable("files"))?;
    sqlx::query(
        "INSERT INTO versions (version, files, accepted_at, sequence) \
         VALUES ($1, $2, $3, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM versions)) \
         ON CONFLICT (version) DO UPDATE SET sequence = excluded.sequence",
    )
    .bind(&new.version)
    .bind(files)
    .bind(millis(new.accepted_at))
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    sqlx::query("DELETE FROM last_referentiel")
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    for (name, content) in &new.referentiel {
        sqlx::query("INSERT INTO last_referentiel (name, content) VALUES ($1, $2)")
            .bind(name)
            .bind(content)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Whether this version is stored.
async fn has(pool: &DbPool, version: &str) -> Result<bool, StoreError> {
    let found: Option<String> =
        sqlx::query_scalar("SELECT version FROM versions WHERE version = $1")
            .bind(version)
            .fetch_optional(pool)
            .await
            .map_err(failed)?;
    Ok(found.is_some())
}

/// The version that was accepted last.
async fn last(pool: &DbPool) -> Result<Option<StoredVersion>, StoreError> {
    for _ in 0..LOOKS {
        let row = sqlx::query(
            "SELECT version, files, accepted_at, sequence FROM versions \
             ORDER BY sequence DESC LIMIT 1",
        )
        .fetch_optional(pool)
        .await
        .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let rules = rule_files(pool, row.get("files")).await?;
        let referentiel = sqlx::query("SELECT name, content FROM last_referentiel")
            .fetch_all(pool)
            .await
            .map_err(failed)?;
        // A replica may have stored another version meanwhile, to which this reference data belongs.
        let latest: Option<i64> = sqlx::query_scalar("SELECT MAX(sequence) FROM versions")
            .fetch_one(pool)
            .await
            .map_err(failed)?;
        if latest == Some(row.get("sequence")) {
            return Ok(Some(StoredVersion {
                version: row.get("version"),
                accepted_at: instant(row.get("accepted_at")),
                rules,
                referentiel: referentiel
                    .iter()
                    .map(|row| (row.get("name"), row.get("content")))
                    .collect(),
            }));
        }
    }
    Err(StoreError::Unavailable("the versions kept changing".into()))
}

/// The rule files that a version refers to.
async fn rule_files(pool: &DbPool, files: &str) -> Result<FileSet, StoreError> {
    let mut rules = FileSet::new();
    for (name, sha256) in names(files)? {
        let content: Vec<u8> =
            sqlx::query_scalar("SELECT content FROM version_files WHERE sha256 = $1")
                .bind(sha256)
                .fetch_one(pool)
                .await
                .map_err(failed)?;
        rules.insert(name, content);
    }
    Ok(rules)
}

fn names(files: &str) -> Result<BTreeMap<String, String>, StoreError> {
    serde_json::from_str(files).map_err(|_| unreadable("files"))
}

/// Accepted versions, the latest first.
async fn list(pool: &DbPool, limit: u32) -> Result<Vec<VersionSummary>, StoreError> {
    let rows = sqlx::query(
        "SELECT version, files, accepted_at FROM versions ORDER BY sequence DESC LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok(VersionSummary {
                version: row.get("version"),
                accepted_at: instant(row.get("accepted_at")),
                files: names(row.get("files"))?.len(),
            })
        })
        .collect()
}

/// The versions whose name begins so (two at most), and the rule files of the first.
async fn find(pool: &DbPool, begin: &str) -> Result<(Vec<String>, FileSet), StoreError> {
    let rows = sqlx::query(
        "SELECT version, files FROM versions WHERE substr(version, 1, length($1)) = $1 \
         ORDER BY sequence DESC LIMIT 2",
    )
    .bind(begin)
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let files = match rows.first() {
        Some(row) => rule_files(pool, row.get("files")).await?,
        None => FileSet::new(),
    };
    Ok((rows.iter().map(|row| row.get("version")).collect(), files))
}
