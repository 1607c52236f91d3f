//! The events' port; the SQL behind it is in `evenements`.

use async_trait::async_trait;

use super::{DbStore, dialect, evenements};
use crate::domain::ports::{EventRecorded, Events, HeldCount, NewEvent, Release, StoreError};
use crate::domain::statut::StoredEvent;

#[async_trait]
impl Events for DbStore {
    async fn record_event(&self, event: NewEvent) -> Result<EventRecorded, StoreError> {
        self.writer
            .write(event, |connection, event| {
                Box::pin(evenements::record(connection, event))
            })
            .await
    }

    async fn held_events(&self, after: i64, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        dialect::in_time(evenements::held(&self.readers, after, limit)).await
    }

    async fn count_held(&self, limit: u32) -> Result<Vec<HeldCount>, StoreError> {
        dialect::in_time(evenements::count_held(&self.readers, limit)).await
    }

    async fn release_event(&self, release: Release) -> Result<(), StoreError> {
        self.writer
            .write(release, |connection, release| {
                Box::pin(evenements::release(connection, release))
            })
            .await
    }
}
