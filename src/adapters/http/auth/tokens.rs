//! Tokens that the settings do not give: made here, kept by their hashes in the database, and followed there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use strum::IntoEnumIterator;

use super::{Gate, hash};
use crate::domain::ports::{Client, IfExists, Store, StoreError};
use crate::settings::{InForce, Secret};

/// How soon a token that the command line made replaces the old one.
pub const TOKEN_REFRESH: Duration = Duration::from_secs(2);

/// A new token: 256 random bits.
#[must_use]
pub fn make_token() -> Secret {
    Secret::new(hex::encode(rand::random::<[u8; 32]>()))
}

/// Makes a token for each client that has none, neither `given` by the settings nor in the database, and tells
/// those that were made.
///
/// # Errors
/// When the store fails.
pub async fn make_missing_tokens(
    store: &dyn Store,
    given: &BTreeMap<Client, Secret>,
    now: DateTime<Utc>,
) -> Result<BTreeMap<Client, Secret>, StoreError> {
    let mut made = BTreeMap::new();
    let known = store.tokens().await?;
    for client in Client::iter() {
        if given.contains_key(&client) || known.iter().any(|(it, _)| *it == client) {
            continue;
        }
        let token = make_token();
        if store
            .put_token(client, &hash(token.expose()), IfExists::Keep, now)
            .await?
        {
            made.insert(client, token);
        }
    }
    Ok(made)
}

impl Gate {
    /// Knows the tokens of the settings and those of the database.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(in_force: &InForce, store: &dyn Store) -> Result<Self, StoreError> {
        let gate = Self::new(in_force);
        gate.set_stored(store.tokens().await?);
        Ok(gate)
    }

    /// A token that the command line made counts soon.
    pub async fn follow(self: Arc<Self>, store: Arc<dyn Store>) {
        loop {
            tokio::time::sleep(TOKEN_REFRESH).await;
            // While the database is away, the tokens known so far stay good.
            if let Ok(tokens) = store.tokens().await {
                self.set_stored(tokens);
            }
        }
    }
}
