//! `passerelle migrate`: the tables of a shared database, before the replicas that need them.

use clap::Args;

use crate::adapters::store::postgres;
use crate::app::open_store;
use crate::settings::{Database, Settings};

/// Brings the tables up to date. Several at once wait for each other; replicas of the version
/// before go on beside it.
#[derive(Debug, Args)]
pub(super) struct Migrate {}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        match &settings.database {
            // Opening it is bringing it up to date: nobody else uses it.
            Database::Sqlite(_) => drop(open_store(settings).await?),
            Database::Postgres(url) => postgres::migrate(url.expose()).await?,
        }
        println!("{}: up to date", settings.database);
        Ok(())
    }
}
