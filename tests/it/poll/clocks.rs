//! The dates of a polled CRM, whose clock is not ours.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::domain::ports::Change;
use passerelle::flows::poll::Poll;
use serde_json::json;

use super::{listing, page, poller, statuts, with};
use crate::harness::{Daemon, FakeSowell, signalement};
use crate::remote_crm::{RemoteCrm, change};

/// A polled CRM with one demande of a daemon that does not poll by itself.
struct Scene {
    crm: Arc<RemoteCrm>,
    daemon: Daemon,
    _sowell: FakeSowell,
    poll: Poll,
    uid: String,
}

impl Scene {
    async fn begin() -> Self {
        let crm = listing();
        let (daemon, sowell) = with(&crm).await;
        Self {
            poll: poller(&daemon, &crm),
            uid: daemon.created(&signalement(1)).await,
            _sowell: sowell,
            crm,
            daemon,
        }
    }

    /// The demande as the CRM lists it now.
    fn listed(&self) -> Change {
        change(&self.crm.demandes()[0])
    }

    /// The same, dated by a clock of its own.
    fn listed_at(&self, at: DateTime<Utc>) -> Change {
        let mut change = self.listed();
        change.at = at;
        change.event.date = Some(at.to_rfc3339());
        change
    }

    /// Polls a CRM that lists these changes.
    async fn read(&self, changes: Vec<Change>) {
        self.crm.lists(Ok(page(changes, None)));
        self.poll.look().await.unwrap();
    }

    /// The CRM sends a status by itself, with this date.
    async fn is_told(&self, statut: &str, at: DateTime<Utc>) {
        let told = json!({"statut": statut, "date": at.to_rfc3339()});
        assert_eq!(self.daemon.statut(&self.uid, &told).await.status, 202);
    }

    async fn statuts(&self) -> Vec<String> {
        statuts(&self.daemon, &self.uid).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_poll_begins_by_the_crms_own_clock() {
    let scene = Scene::begin().await;
    scene.poll.look().await.unwrap();
    scene.read(vec![scene.listed()]).await;
    scene.crm.change(&scene.uid, "CRC en cours", None);
    let newest = scene.crm.demandes()[0].at;
    scene.read(vec![scene.listed()]).await;
    scene.poll.look().await.unwrap();
    let queries = scene.crm.queries();
    // The first begins before anything of ours existed, whatever the clocks.
    assert!(queries[0].since < Utc::now() - TimeDelta::hours(23));
    assert_eq!(queries[3].since, newest - TimeDelta::seconds(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_in_the_future_hides_nothing_that_comes_after_it() {
    let scene = Scene::begin().await;
    scene.crm.change(&scene.uid, "CRC en cours", None);
    let ahead = scene.listed_at(Utc::now() + TimeDelta::days(400));
    scene.read(vec![ahead]).await;
    let mut later = scene.listed_at(Utc::now() + TimeDelta::seconds(1));
    later.event.statut = "Vivest en cours".into();
    scene.read(vec![later]).await;
    assert_eq!(scene.statuts().await, ["CRC en cours", "Vivest en cours"]);
    let queries = scene.crm.queries();
    assert!(queries.last().unwrap().since < Utc::now() + TimeDelta::days(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_sent_with_a_date_in_the_future_hides_no_later_change() {
    let scene = Scene::begin().await;
    scene.crm.change(&scene.uid, "CRC en cours", None);
    let before = scene.listed();
    let ahead = Utc::now() + TimeDelta::hours(1);
    scene.is_told("Vivest en cours", ahead).await;
    // The CRM's earlier changes are older by any clock.
    scene.read(vec![before]).await;
    assert_eq!(scene.statuts().await, ["Vivest en cours"]);
    scene.crm.change(&scene.uid, "Clôturée", Some("Traité"));
    scene.read(vec![scene.listed_at(Utc::now())]).await;
    assert_eq!(scene.statuts().await, ["Vivest en cours", "Clôturée"]);
}

/// A list of the whole history, by a clock that is always ahead of ours.
#[tokio::test(flavor = "multi_thread")]
async fn a_status_sent_by_a_clock_that_is_ahead_is_not_taken_again() {
    let scene = Scene::begin().await;
    let mut history = Vec::new();
    for (statut, minute) in [("CRC en cours", 50), ("Vivest en cours", 55)] {
        let at = Utc::now() + TimeDelta::minutes(minute);
        scene.is_told(statut, at).await;
        scene.crm.change(&scene.uid, statut, None);
        history.push(scene.listed_at(at));
    }
    scene.read(history).await;
    assert_eq!(scene.statuts().await, ["CRC en cours", "Vivest en cours"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ahead_hides_no_other_change() {
    let scene = Scene::begin().await;
    scene.crm.change(&scene.uid, "CRC en cours", None);
    let ahead = scene.listed_at(Utc::now() + TimeDelta::hours(2));
    scene.read(vec![ahead]).await;
    scene.poll.look().await.unwrap();
    assert_eq!(scene.statuts().await, ["CRC en cours"]);
    assert!(scene.crm.queries().last().unwrap().since < Utc::now());
}
