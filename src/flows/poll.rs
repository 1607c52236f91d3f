//! Statuses of a CRM that does not call us: its list of changes is read, again and again.
//!
//! The list tells states, not events: a demande appears in it whatever changed, and every reading
//! begins some time before the newest change already seen. So what a demande is known to be already
//! is no change. Nor is what a reading shows that had begun before the CRM itself told something of
//! the demande: it may be older, and another reading tells. All instants compared are the CRM's own:
//! no clock of ours counts, but for what lies in our future: more than some hours ahead it is a mistake, and no
//! reading begins there; nor does the date of a status told hide what the list shows after it was received.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::domain::instant::{in_utc, to_the_second};
use crate::domain::livraison::Destination;
use crate::domain::ports::{
    Change, ChangeQuery, Clock, Crm, CrmError, PollClaim, RemoteCrm, Store, StoreError,
};
use crate::domain::reason::Phrase;
use crate::flows::backoff::{span, wait};
use crate::flows::crm_watch::{Ahead, CrmWatch};
use crate::flows::outbound::{Outbound, OutboundError};
use crate::flows::resume;
use crate::rules::compile::RuleSet;
use crate::settings::{DeliverySettings, InForce, LiveSettings};

/// How often it is looked whether it is time, so that an edit of the settings counts soon.
const LOOK: Duration = Duration::from_millis(500);
/// How long one page of the list may take; another daemon may read it after that.
pub(super) const LEASE: TimeDelta = TimeDelta::minutes(3);
/// How far before the first demande the first reading begins: more than two clocks ever differ.
const FIRST_MARGIN: TimeDelta = TimeDelta::days(1);
/// How far the CRM's clock may be ahead of ours: more than one that takes any local time for UTC.
const AHEAD: TimeDelta = TimeDelta::hours(15);
/// Pages of one reading; a CRM that gives more is stuck on one.
const MOST_PAGES: usize = 1_000;
/// How often a list of several pages is read for two readings to agree.
const MOST_READINGS: usize = 4;

/// The poller of a CRM's changes.
pub struct Poll {
    /// The daemon's memory.
    pub store: Arc<dyn Store>,
    /// The landlord's CRM.
    pub crm: Arc<dyn Crm>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where statuses go.
    pub outbound: Arc<Outbound>,
    /// How often, and how to try again.
    pub in_force: InForce,
    /// What the last calls say of the CRM.
    pub watch: Arc<CrmWatch>,
}

/// Why the changes were not read.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The CRM did not list them.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// They could not be kept.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The database could not be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another daemon took the list over, as if this one had died.
    #[error("reading a page took so long that another daemon began")]
    Overtaken,
}

/// What one reading of the list saw.
struct Listing {
    changes: Vec<Change>,
    /// Whether nothing can have slipped from one page to another while they were read.
    whole: bool,
}

/// What one look at the list came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// It was read whole: the next reading begins after it.
    Whole,
    /// It never read the same twice: what it showed is taken, and the next reading begins where this one did.
    Shifting,
    /// There is no such list, or another daemon is at it.
    NotNow,
}

/// How far the changes are known.
struct Read {
    seen_until: Option<DateTime<Utc>>,
    whole: bool,
}

/// How the CRM is reached.
struct Way {
    settings: Arc<LiveSettings>,
    rules: Arc<RuleSet>,
}

impl Way {
    /// Whether what failed on that one may go well on this.
    fn is_another_than(&self, before: &Self) -> bool {
        let crm = Destination::Crm;
        resume::by_settings(crm, &before.settings, &self.settings).is_some()
            || resume::by_rules(crm, &before.rules, &self.rules).is_some()
    }
}

impl Poll {
    /// Polls for as long as it is left alone.
    pub async fn run(self: Arc<Self>) {
        let (mut last, mut failures) = (None::<Instant>, 0_u32);
        // Drawn once after each failure: of many draws, the shortest would count.
        let mut pause = Duration::ZERO;
        let mut way = self.way();
        let mut shifting = false;
        loop {
            let before = std::mem::replace(&mut way, self.way());
            if pause > Duration::ZERO && way.is_another_than(&before) {
                (last, failures, pause) = (None, 0, Duration::ZERO);
            }
            let due = way.settings.crm.poll.is_some_and(|interval| {
                last.is_none_or(|last| last.elapsed() >= interval.max(pause))
            });
            if way.settings.crm.poll.is_none() {
                self.watch.readings.forget();
            }
            if due {
                let outcome = self.look().await;
                last = Some(Instant::now());
                failures = if outcome.is_ok() { 0 } else { failures + 1 };
                pause = Duration::ZERO;
                match outcome {
                    Ok(Looked::NotNow) => {}
                    Ok(looked) => tell_of_shifting(looked, &mut shifting),
                    Err(error) => {
                        pause = self.pause_after(&error, &way.settings.delivery, failures);
                        let until = to_the_second(self.clock.now() + span(pause));
                        tracing::error!(%error, failures, until, "the CRM's changes were not read");
                    }
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// How long the list is left alone. The CRM may ask for more than we would wait, but not for more
    /// than the longest wait of a delivery: nobody else tells us of its changes.
    fn pause_after(&self, error: &PollError, policy: &DeliverySettings, failures: u32) -> Duration {
        let ours = wait(policy, failures);
        let theirs = match error {
            PollError::Crm(CrmError::Unavailable { retry_at, .. }) => *retry_at,
            _ => None,
        };
        let theirs = theirs.map(|it| (it - self.clock.now()).min(span(policy.max_retry)));
        let pause = theirs.map_or(ours, |it| it.max(ours));
        pause.to_std().unwrap_or_default()
    }

    fn way(&self) -> Way {
        Way {
            settings: self.in_force.get(),
            rules: Arc::clone(&self.outbound.rules.generation().rules),
        }
    }

    /// Reads the changes once, unless another daemon is at it.
    ///
    /// # Errors
    /// What was taken by then stays taken; the next reading begins where this one did.
    pub async fn look(&self) -> Result<Looked, PollError> {
        let Some(crm) = self.crm.remote() else {
            return Ok(Looked::NotNow);
        };
        let Some(overlap) = crm.capabilities().overlap else {
            return Ok(Looked::NotNow);
        };
        let now = self.clock.now();
        let Some(claim) = self.store.claim_poll(now, LEASE).await? else {
            return Ok(Looked::NotNow);
        };
        let outcome = self.read_from(crm, &claim, overlap).await;
        match &outcome {
            Ok(_) => self.watch.readings.done(),
            Err(error) => self.watch.readings.failed(error.to_string(), now),
        }
        let seen = match &outcome {
            Ok(read) => read.seen_until,
            Err(_) => claim.seen_until,
        };
        let kept = self.store.finish_poll(&claim, seen).await?;
        let whole = outcome?.whole;
        if !kept {
            return Err(PollError::Overtaken);
        }
        if !whole {
            return Ok(Looked::Shifting);
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds since 1970 fit a double exactly"
        )]
        metrics::gauge!("passerelle_crm_changes_read_timestamp_seconds")
            .set(self.clock.now().timestamp() as f64);
        Ok(Looked::Whole)
    }

    /// Takes every change since the last reading, and says up to when all are known.
    async fn read_from(
        &self,
        crm: &dyn RemoteCrm,
        claim: &PollClaim,
        overlap: Duration,
    ) -> Result<Read, PollError> {
        let overlap = span(overlap);
        let since = match (claim.seen_until, claim.first_demande) {
            (Some(seen), _) => seen.checked_sub_signed(overlap).unwrap_or(seen),
            (None, Some(first)) => first - FIRST_MARGIN,
            // Nothing of ours is in the CRM, so nothing of it can have changed.
            (None, None) => {
                return Ok(Read {
                    seen_until: None,
                    whole: true,
                });
            }
        };
        let now = self.clock.now();
        let Listing { mut changes, whole } = self.list(crm, claim, since).await?;
        changes.sort_by_key(|it| it.at);
        // A date far ahead is a mistake. Believed, it would hide all that changes until then.
        let latest = now + AHEAD;
        let plausible = changes.partition_point(|it| it.at <= latest);
        let newest = changes[..plausible].last().map(|it| it.at);
        let ahead = changes[plausible..].iter().map(|it| Ahead {
            uid: it.event.uid.as_str().to_owned(),
            at: it.at,
        });
        self.watch.readings.found(ahead.collect());
        for change in &mut changes[plausible..] {
            let (uid, at) = (change.event.uid.as_str(), in_utc(change.at));
            tracing::error!(uid, at, "ALARM: the CRM dates a change in the future");
            // By the CRM's own clock, so that nothing that comes after it is taken for older.
            change.at = newest.max(claim.seen_until).unwrap_or(since);
            change.event.date = Some(in_utc(change.at));
        }
        let mut unsettled = None;
        for of_one in by_demande(changes).into_values() {
            let again = self.outbound.read(of_one, claim.newest_event).await?;
            unsettled = [unsettled, again].into_iter().flatten().min();
        }
        if !whole {
            let seen_until = claim.seen_until;
            return Ok(Read { seen_until, whole });
        }
        // What one change is dated at, ahead of us, is not yet known of the others: were it believed, none of
        // theirs would be asked for before that time. A CRM that is ahead with all is only read more than once.
        let seen = newest.map(|it| it.min(now)).max(claim.seen_until);
        let seen_until = match (seen, unsettled) {
            (Some(seen), Some(unsettled)) => Some(seen.min(unsettled)),
            (seen, _) => seen,
        };
        Ok(Read { seen_until, whole })
    }

    /// A list of several pages shifts when a demande changes while it is read, and one may slip
    /// from a page that comes to one that has been: it counts once two readings agree.
    async fn list(
        &self,
        crm: &dyn RemoteCrm,
        claim: &PollClaim,
        since: DateTime<Utc>,
    ) -> Result<Listing, PollError> {
        let mut before = None::<BTreeSet<(String, DateTime<Utc>)>>;
        let mut changes = Vec::new();
        for _ in 0..MOST_READINGS {
            let (read, pages) = self.read_pages(crm, claim, since).await?;
            let seen = read
                .iter()
                .map(|it| (it.event.uid.as_str().to_owned(), it.at))
                .collect();
            let whole = pages == 1 || before.as_ref() == Some(&seen);
            changes = read;
            if whole {
                return Ok(Listing {
                    changes,
                    whole: true,
                });
            }
            before = Some(seen);
        }
        Ok(Listing {
            changes,
            whole: false,
        })
    }

    async fn read_pages(
        &self,
        crm: &dyn RemoteCrm,
        claim: &PollClaim,
        since: DateTime<Utc>,
    ) -> Result<(Vec<Change>, usize), PollError> {
        let mut changes = Vec::new();
        let mut of_page = 0;
        let mut page = None;
        for number in 1..=MOST_PAGES {
            let query = ChangeQuery {
                since,
                page: page.clone(),
            };
            let read = crm.changes(&query).await;
            let policy = &self.in_force.get().delivery;
            self.watch.note("changes", &read, policy, self.clock.now());
            let read = read?;
            let (before, now) = (changes.len() - of_page, read.changes.len());
            // A list that ends does so with whatever page.
            if now > 0 && read.next.is_some() && changes[before..] == read.changes {
                return Err(CrmError::Misconfigured(Phrase::ChangePageTwice.into()).into());
            }
            of_page = now;
            changes.extend(read.changes);
            match read.next {
                None => return Ok((changes, number)),
                Some(next) => page = Some(next),
            }
            if !self
                .store
                .renew_poll(claim, self.clock.now(), LEASE)
                .await?
            {
                return Err(PollError::Overtaken);
            }
        }
        let reason = Phrase::ChangesEndless.with(format_args!("{MOST_PAGES} pages"));
        Err(CrmError::Misconfigured(reason).into())
    }
}

/// Warns once for as long as the list shifts.
fn tell_of_shifting(looked: Looked, shifting: &mut bool) {
    let before = std::mem::replace(shifting, looked == Looked::Shifting);
    match (before, *shifting) {
        (false, true) => tracing::warn!(
            readings = MOST_READINGS,
            "the CRM's list of changes never read the same twice: each reading begins where this one \
             did until it does; larger pages make it shift less"
        ),
        (true, false) => tracing::info!("the CRM's list of changes was read whole again"),
        _ => {}
    }
}

/// Those of each demande, in the order in which they are given.
fn by_demande(changes: Vec<Change>) -> BTreeMap<String, Vec<Change>> {
    let mut by_demande = BTreeMap::<_, Vec<Change>>::new();
    for change in changes {
        let uid = change.event.uid.as_str().to_owned();
        by_demande.entry(uid).or_default().push(change);
    }
    by_demande
}
