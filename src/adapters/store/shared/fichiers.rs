//! Which stored photos are still named.

use std::collections::HashSet;

use sqlx::QueryBuilder;

use super::{Db, DbPool, failed};
use crate::domain::ports::StoreError;

/// Those of the names that no signalement's photo has.
pub(super) async fn unnamed(pool: &DbPool, names: Vec<String>) -> Result<Vec<String>, StoreError> {
    let mut named = HashSet::new();
    for some in names.chunks(1_000) {
        let mut query = QueryBuilder::<Db>::new("SELECT sha256 FROM fichiers WHERE sha256 IN (");
        let mut list = query.separated(", ");
        for name in some {
            list.push_bind(name);
        }
        query.push(")");
        let found = query
            .build_query_scalar::<String>()
            .fetch_all(pool)
            .await
            .map_err(|error| failed(&error))?;
        named.extend(found);
    }
    Ok(names
        .into_iter()
        .filter(|name| !named.contains(name))
        .collect())
}
