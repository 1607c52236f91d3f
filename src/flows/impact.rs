//! Shows what an edit would change, by replaying everything that was received: the past is read page by page
//! and decided on all cores; nothing is written or sent.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::ports::{History, Page, PastEvent, PastPayload, PastSignalement, StoreError};
use crate::domain::signalement::Signalement;
use crate::flows::outbound::ReadStored;
use crate::rules::impact::{self, Difference, Edit, Impact};

/// Number of inputs decided while the next ones are read.
const PAGE: u32 = 5_000;

/// The rules before and after an edit, and how much of the past to replay.
#[derive(Clone)]
pub struct Assessment {
    /// The database with the past.
    pub store: Arc<dyn History>,
    /// Reads a stored signalement back.
    pub read_stored: ReadStored,
    /// The rules in force and those of the edit.
    pub edit: Edit,
    /// Only what was received since then; `None` for everything.
    pub since: Option<DateTime<Utc>>,
    /// Maximum number of signalements and of events, newest first; `None` for all.
    pub limit: Option<u64>,
}

/// Why the past could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ImpactError {
    /// The past could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A decision did not end: a bug of ours.
    #[error("a decision did not end: {0}")]
    Fault(String),
}

impl Assessment {
    /// What would change for signalements.
    ///
    /// # Errors
    /// See [`ImpactError`].
    pub async fn signalements(&self, tick: impl Fn(u64)) -> Result<Impact, ImpactError> {
        self.assess::<PastSignalement>(tick).await
    }

    /// What would change for status events.
    ///
    /// # Errors
    /// See [`ImpactError`].
    pub async fn events(&self, tick: impl Fn(u64)) -> Result<Impact, ImpactError> {
        self.assess::<PastEvent>(tick).await
    }

    async fn assess<P: Past>(&self, tick: impl Fn(u64)) -> Result<Impact, ImpactError> {
        let mut impact = Impact::default();
        let mut left = self.limit.unwrap_or(u64::MAX);
        let mut page = P::page(self, None, left).await?;
        while let Some(last) = page.last() {
            let (position, count) = (last.position(), page.len() as u64);
            left = left.saturating_sub(count);
            let assessment = self.clone();
            let deciding =
                tokio::task::spawn_blocking(move || impact::tally(&page, |it| it.ask(&assessment)));
            // The next page is read while this one is decided.
            page = P::page(self, Some(position), left).await?;
            let counted = deciding.await;
            let counted = counted.map_err(|error| ImpactError::Fault(error.to_string()))?;
            impact = impact.join(counted);
            tick(count);
        }
        Ok(impact)
    }

    fn read(&self, received: &PastPayload) -> Option<Signalement> {
        (self.read_stored)(&received.json, received.photos)
    }
}

/// One kind of past input.
#[async_trait]
trait Past: Sized + Send + Sync + 'static {
    async fn page(of: &Assessment, before: Option<i64>, left: u64)
    -> Result<Vec<Self>, StoreError>;

    fn position(&self) -> i64;

    /// Its name, and what would change about it; `None` if what was received was never complete.
    fn ask(&self, of: &Assessment) -> Option<(&str, Vec<Difference>)>;
}

fn page(of: &Assessment, before: Option<i64>, left: u64) -> Page {
    Page {
        before,
        since: of.since,
        limit: u32::try_from(left).unwrap_or(PAGE).min(PAGE),
    }
}

#[async_trait]
impl Past for PastSignalement {
    async fn page(
        of: &Assessment,
        before: Option<i64>,
        left: u64,
    ) -> Result<Vec<Self>, StoreError> {
        of.store.past_signalements(page(of, before, left)).await
    }

    fn position(&self) -> i64 {
        self.position
    }

    fn ask(&self, of: &Assessment) -> Option<(&str, Vec<Difference>)> {
        let signalement = of.read(&self.received)?;
        let changes = of.edit.signalement(&signalement);
        Some((&self.name, changes))
    }
}

#[async_trait]
impl Past for PastEvent {
    async fn page(
        of: &Assessment,
        before: Option<i64>,
        left: u64,
    ) -> Result<Vec<Self>, StoreError> {
        of.store.past_events(page(of, before, left)).await
    }

    fn position(&self) -> i64 {
        self.position
    }

    fn ask(&self, of: &Assessment) -> Option<(&str, Vec<Difference>)> {
        let signalement = of.read(&self.received)?;
        let changes = of.edit.statut(&self.event, &signalement, &self.demande);
        Some((self.event.uid.as_str(), changes))
    }
}
