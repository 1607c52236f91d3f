//! Status changes of a CRM that does not call us: its list of changes is polled.
//!
//! The list gives states, not events, and each reading starts a little before the newest change already seen. So
//! a state we already know is not a change. If the CRM itself sent an event of the demande after a reading began,
//! that reading may be older than the event: the next one decides. Dates are the CRM's; ours are used only to
//! reject dates several hours in the future, and to cap the date of an event at its reception, so that it cannot
//! hide what the list shows afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::domain::instant::{in_utc, to_the_second};
use crate::domain::livraison::Destination;
use crate::domain::ports::{
    Change, ChangeQuery, Clock, Crm, CrmError, PollClaim, Polls, RemoteCrm, StoreError,
};
use crate::domain::reason::Phrase;
use crate::flows::backoff::{span, wait};
use crate::flows::crm_watch::{Ahead, CrmWatch};
use crate::flows::outbound::{Outbound, OutboundError};
use crate::flows::resume;
use crate::rules::compile::RuleSet;
use crate::settings::{DeliverySettings, InForce, LiveSettings};

/// How often to check whether a reading is due, so that edited settings take effect soon.
const LOOK: Duration = Duration::from_millis(500);
/// Time allowed for one page of the list; after that, a different daemon may read it.
pub(super) const LEASE: TimeDelta = TimeDelta::minutes(3);
/// How far before the first demande the first reading begins: more than two clocks ever differ.
const FIRST_MARGIN: TimeDelta = TimeDelta::days(1);
/// How far the CRM's clock may be ahead of ours: more than if it took any local time for UTC.
const AHEAD: TimeDelta = TimeDelta::hours(15);
/// Maximum pages in one reading; a CRM that returns more is stuck on one.
const MOST_PAGES: usize = 1_000;
/// How often a list of several pages is read to obtain two identical readings.
const MOST_READINGS: usize = 4;

/// The poller of a CRM's changes.
pub struct Poll {
    /// The daemon's database.
    pub store: Arc<dyn Polls>,
    /// The landlord's CRM.
    pub crm: Arc<dyn Crm>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Handles the statuses that are read.
    pub outbound: Arc<Outbound>,
    /// The polling interval and the retry policy.
    pub in_force: InForce,
    /// The state of the CRM, as shown by the last calls.
    pub watch: Arc<CrmWatch>,
}

/// Why the changes were not read.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The CRM did not return them.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// They could not be stored.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The database could not be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A different daemon took the list over, as if this one had died.
    #[error("reading a page took so long that a different daemon took over")]
    Overtaken,
}

/// The result of reading the list.
struct Listing {
    changes: Vec<Change>,
    /// Whether nothing can have moved from one page to another during the reading.
    whole: bool,
}

/// The outcome of one poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// The list was read completely: the next reading begins after it.
    Whole,
    /// No two readings agreed: what was seen is processed, and the next reading begins where this one did.
    Shifting,
    /// There is no list, or a different daemon is reading it.
    NotNow,
}

/// How far the changes are known.
struct Read {
    seen_until: Option<DateTime<Utc>>,
    whole: bool,
}

/// The settings and rules that determine how the CRM is reached.
struct Way {
    settings: Arc<LiveSettings>,
    rules: Arc<RuleSet>,
}

impl Way {
    /// Whether a call that failed before the change may succeed now.
    fn is_another_than(&self, before: &Self) -> bool {
        let crm = Destination::Crm;
        resume::by_settings(crm, &before.settings, &self.settings).is_some()
            || resume::by_rules(crm, &before.rules, &self.rules).is_some()
    }
}

impl Poll {
    /// Polls until it is dropped.
    pub async fn run(self: Arc<Self>) {
        let (mut last, mut failures) = (None::<Instant>, 0_u32);
        // Computed once after each failure: of many random values, the shortest would count.
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

    /// How long to wait before the next poll. The CRM may ask for longer than our own wait, but not longer than
    /// the maximum retry wait of a delivery: nothing else informs us of its changes.
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

    /// Reads the changes once, unless a different daemon is doing so.
    ///
    /// # Errors
    /// When a reading fails. What was processed until then remains; the next reading begins where this one did.
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

    /// Processes every change since the last reading, and returns the instant up to which all are known.
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
            // None of our demandes is in the CRM, so nothing can have changed.
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
        // A date far ahead is a mistake. If accepted, it would hide every change until then.
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
            // By the CRM's own clock, so that no later change is taken for an older one.
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
        // A date in the future says nothing about the other demandes; using it as the cursor would skip their
        // changes. If the CRM's clock is ahead, we only read more than needed.
        let seen = newest.map(|it| it.min(now)).max(claim.seen_until);
        let seen_until = match (seen, unsettled) {
            (Some(seen), Some(unsettled)) => Some(seen.min(unsettled)),
            (seen, _) => seen,
        };
        Ok(Read { seen_until, whole })
    }

    /// A list of several pages shifts if a demande changes during the reading, and one may move from an unread
    /// page to one already read: the list counts only once two readings agree.
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
            // The last page may repeat an earlier one.
            if now > 0 && read.next.is_some() && changes[before..] == read.changes {
                return Err(CrmError::Misconfigured(Phrase::ChangePageTwice.into()).into());
            }
            of_page = now;
            changes.extend(read.changes);
            match read.next {
                // With everything on one page, nothing can have moved to another.
                None => return Ok((changes, number - usize::from(read.past_end))),
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

/// Warns once while the list keeps shifting.
fn tell_of_shifting(looked: Looked, shifting: &mut bool) {
    let before = std::mem::replace(shifting, looked == Looked::Shifting);
    match (before, *shifting) {
        (false, true) => tracing::warn!(
            readings = MOST_READINGS,
            "no two readings of the CRM's list of changes agreed: each reading begins where this one \
             did until two agree; larger pages make it shift less"
        ),
        (true, false) => tracing::info!("the CRM's list of changes was read completely again"),
        _ => {}
    }
}

/// Groups the changes by demande, keeping their order.
fn by_demande(changes: Vec<Change>) -> BTreeMap<String, Vec<Change>> {
    let mut by_demande = BTreeMap::<_, Vec<Change>>::new();
    for change in changes {
        let uid = change.event.uid.as_str().to_owned();
        by_demande.entry(uid).or_default().push(change);
    }
    by_demande
}
