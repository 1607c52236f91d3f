//! Whether a database's tables are those of this version.
//!
//! A start brings them up to date, and so does `passerelle migrate`. Other commands that open the database leave
//! them alone, as a daemon of the previous version may be running on it.

use sqlx::migrate::{MigrateError, Migrator};

use crate::domain::ports::StoreError;

/// Selects the migrations applied to a database.
pub(super) const APPLIED: &str =
    "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// Compares the migrations applied to a database with those of this version.
///
/// # Errors
/// When one is missing or, unless the migrator ignores it, unknown.
pub(super) fn check(ours: &Migrator, applied: &[i64]) -> Result<(), StoreError> {
    let missing = ours.iter().any(|it| !applied.contains(&it.version));
    let unknown = |it: &&i64| !ours.version_exists(**it);
    match applied.iter().find(unknown) {
        Some(newer) if !ours.ignore_missing => Err(made_by_newer(*newer)),
        _ if missing && applied.is_empty() => Err(StoreError::Fault(
            "it has no tables yet: start the daemon first, or run passerelle migrate".into(),
        )),
        _ if missing => Err(StoreError::Fault(
            "its tables are older than this version of passerelle: start the daemon of this version, or run passerelle \
             migrate"
                .into(),
        )),
        _ => Ok(()),
    }
}

/// Why the tables were not brought up to date.
pub(super) fn not_migrated(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(newer) => made_by_newer(newer),
        error => StoreError::Fault(format!("migration: {error}")),
    }
}

fn made_by_newer(migration: i64) -> StoreError {
    StoreError::Fault(format!(
        "its tables are newer than this version of passerelle, which does not know migration {migration}: use the newer \
         version"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    static OURS: Migrator = sqlx::migrate!("migrations/sqlite");

    fn told(applied: &[i64]) -> Option<String> {
        check(&OURS, applied).err().map(|it| it.to_string())
    }

    #[test]
    fn tables_of_another_version_are_reported_with_the_remedy() {
        let all: Vec<i64> = OURS.iter().map(|it| it.version).collect();
        assert_eq!(told(&all), None);
        let older = told(&all[..all.len() - 1]).unwrap();
        assert!(older.contains("older") && older.contains("passerelle migrate"));
        assert!(told(&[]).unwrap().contains("passerelle migrate"));
        let newer = [all.as_slice(), &[9_999]].concat();
        let newer = told(&newer).unwrap();
        assert!(newer.contains("newer") && newer.contains("9999"), "{newer}");
    }

    #[test]
    fn replicas_of_the_previous_version_accept_newer_tables() {
        let shared = Migrator {
            ignore_missing: true,
            ..sqlx::migrate!("migrations/sqlite")
        };
        let newer: Vec<i64> = shared.iter().map(|it| it.version).chain([9_999]).collect();
        assert!(check(&shared, &newer).is_ok());
    }
}
