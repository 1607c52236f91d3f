//! The address last set for each destination, as a digest.

use super::super::{DbConnection, DbPool, failed};
use crate::domain::livraison::Destination;
use crate::domain::ports::StoreError;

pub(in super::super) async fn route(
    pool: &DbPool,
    destination: Destination,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT digest FROM routes WHERE destination = $1")
        .bind(destination.as_str())
        .fetch_optional(pool)
        .await
        .map_err(failed)
}

pub(in super::super) async fn set_route(
    connection: &mut DbConnection,
    destination: Destination,
    digest: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO routes (destination, digest) VALUES ($1, $2) \
         ON CONFLICT (destination) DO UPDATE SET digest = excluded.digest",
    )
    .bind(destination.as_str())
    .bind(digest)
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(failed)
}
