//! `passerelle migrate`: updates the tables of a database, before the daemons that need them are started.

use anyhow::Context;
use clap::Args;

use crate::adapters::store::postgres;
use crate::app::{open_store, stand_alone};
use crate::cli::waiting;
use crate::settings::{Database, Settings};

/// Updates the tables. On PostgreSQL, concurrent runs wait for each other, and replicas of the previous version
/// keep running; on SQLite the daemon must be stopped.
#[derive(Debug, Args)]
pub(super) struct Migrate {}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        match &settings.database {
            Database::Sqlite(path) => {
                // A daemon of the previous version would not know the new tables.
                let alone = stand_alone(path, waiting).await?;
                // Opening the database updates it.
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
