//! Caps waits and leases after the clock has been set back.

use chrono::{DateTime, Utc};
use strum::IntoEnumIterator;

use super::{DbConnection, failed};
use crate::adapters::store::rows::millis;
use crate::domain::livraison::Destination;
use crate::domain::ports::StoreError;

/// Lets nothing wait beyond `latest`, and no lease last beyond `leased`.
pub(super) async fn no_longer(
    connection: &mut DbConnection,
    latest: DateTime<Utc>,
    leased: DateTime<Utc>,
) -> Result<(), StoreError> {
    for destination in Destination::iter() {
        sqlx::query(
            "UPDATE livraisons SET due_at = $1 \
             WHERE destination = $2 AND etat = 'en_attente' AND due_at > $1",
        )
        .bind(millis(latest))
        .bind(destination.as_str())
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    for statement in [
        "UPDATE creations SET due_at = $1 WHERE stopped = 0 AND due_at > $1",
        "UPDATE pauses SET until = $1 WHERE until > $1",
    ] {
        sqlx::query(statement)
            .bind(millis(latest))
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    // The fences stay: a worker still busy under such a lease keeps its claim.
    for statement in [
        "UPDATE livraisons SET leased_until = $1 \
         WHERE etat = 'en_attente' AND leased_until > 0 AND leased_until > $1",
        "UPDATE creations SET leased_until = $1 WHERE leased_until > $1",
        "UPDATE polls SET leased_until = $1 WHERE leased_until > $1",
    ] {
        sqlx::query(statement)
            .bind(millis(leased))
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}
