//! `passerelle migrate`: the tables of a database, before the daemons that need them.

use anyhow::Context;
use clap::Args;

use crate::adapters::store::postgres;
use crate::app::{open_store, stand_alone};
use crate::cli::waiting;
use crate::settings::{Database, Settings};

/// Brings the tables up to date. On PostgreSQL, several at once wait for each other, and replicas of the version before
/// go on beside it; on SQLite the daemon must be stopped.
#[derive(Debug, Args)]
pub(super) struct Migrate {}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        match &settings.database {
            Database::Sqlite(path) => {
                // A daemon of the version before would not know the new tables.
                let alone = stand_alone(path, waiting).await?;
                // Opening it is bringing it up to date.
                drop(open_store(settings).await?);
                drop(alone);
            }
            Database::Postgres(url) => {
                let migrated = postgres::migrate(url.expose()).await;
                migrated.with_context(|| settings.database.to_string())?;
            }
        }
        println!("{}: up to date", settings.database);
        Ok(())
    }
}
