//! `passerelle tokens reset CLIENT`: replaces a client's token.

use anyhow::bail;
use clap::Subcommand;

use crate::adapters::clock::SystemClock;
use crate::adapters::http::auth::{TOKEN_REFRESH, hash, make_token};
use crate::cli::{existing_store, one_of};
use crate::domain::ports::{Client, Clock, IfExists};
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Tokens {
    /// Generate a new token for a client; the old one stops working within seconds
    Reset {
        /// The client
        #[arg(value_parser = one_of::<Client>())]
        client: Client,
    },
}

impl Tokens {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let Self::Reset { client } = self;
        if settings.live.tokens.contains_key(&client) {
            bail!(
                "the settings give this token: change tokens.{} there",
                client.as_str()
            );
        }
        let store = existing_store(settings).await?;
        let token = make_token();
        let now = SystemClock.now();
        store
            .put_token(client, &hash(token.expose()), IfExists::Replace, now)
            .await?;
        eprintln!(
            "New token of {}, shown only now; it takes effect within {} seconds:",
            client.as_str(),
            TOKEN_REFRESH.as_secs()
        );
        println!("{}", token.expose());
        Ok(())
    }
}
