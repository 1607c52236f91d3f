//! The dates of a polled CRM, whose clock is not ours.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::{listing, page, poller, statuts, with};
use crate::harness::signalement;
use crate::remote_crm::change;

#[tokio::test(flavor = "multi_thread")]
async fn each_poll_begins_by_the_crms_own_clock() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    let uid = daemon.created(&signalement(1)).await;
    poll.look().await.unwrap();
    crm.lists(Ok(page(vec![change(&crm.demandes()[0])], None)));
    poll.look().await.unwrap();
    crm.change(&uid, "CRC en cours", None);
    let newest = crm.demandes()[0].at;
    crm.lists(Ok(page(vec![change(&crm.demandes()[0])], None)));
    poll.look().await.unwrap();
    poll.look().await.unwrap();
    let queries = crm.queries();
    // The first begins before anything of ours existed, whatever the clocks.
    assert!(queries[0].since < Utc::now() - TimeDelta::hours(23));
    assert_eq!(queries[3].since, newest - TimeDelta::seconds(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_in_the_future_hides_nothing_that_comes_after_it() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    let uid = daemon.created(&signalement(1)).await;
    crm.change(&uid, "CRC en cours", None);
    let mut ahead = change(&crm.demandes()[0]);
    ahead.at = Utc::now() + TimeDelta::days(400);
    ahead.event.date = Some(ahead.at.to_rfc3339());
    crm.lists(Ok(page(vec![ahead], None)));
    poll.look().await.unwrap();
    let mut later = change(&crm.demandes()[0]);
    later.event.statut = "Vivest en cours".into();
    later.at = Utc::now() + TimeDelta::seconds(1);
    later.event.date = Some(later.at.to_rfc3339());
    crm.lists(Ok(page(vec![later], None)));
    poll.look().await.unwrap();
    assert_eq!(
        statuts(&daemon, &uid).await,
        ["CRC en cours", "Vivest en cours"]
    );
    let queries = crm.queries();
    assert!(queries.last().unwrap().since < Utc::now() + TimeDelta::days(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_sent_with_a_date_in_the_future_hides_no_later_change() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    let uid = daemon.created(&signalement(1)).await;
    crm.change(&uid, "CRC en cours", None);
    let before = change(&crm.demandes()[0]);
    let date = (Utc::now() + TimeDelta::hours(1)).to_rfc3339();
    let told = json!({"statut": "Vivest en cours", "date": date});
    assert_eq!(daemon.statut(&uid, &told).await.status, 202);
    // The CRM's earlier changes are older by any clock.
    crm.lists(Ok(page(vec![before], None)));
    poll.look().await.unwrap();
    assert_eq!(statuts(&daemon, &uid).await, ["Vivest en cours"]);
    crm.change(&uid, "Clôturée", Some("Traité"));
    let mut later = change(&crm.demandes()[0]);
    later.at = Utc::now();
    later.event.date = Some(later.at.to_rfc3339());
    crm.lists(Ok(page(vec![later], None)));
    poll.look().await.unwrap();
    assert_eq!(
        statuts(&daemon, &uid).await,
        ["Vivest en cours", "Clôturée"]
    );
}

/// A list of the whole history, by a clock that is always ahead of ours.
#[tokio::test(flavor = "multi_thread")]
async fn a_status_sent_by_a_clock_that_is_ahead_is_not_taken_again() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    let uid = daemon.created(&signalement(1)).await;
    let mut history = Vec::new();
    for (statut, minute) in [("CRC en cours", 50), ("Vivest en cours", 55)] {
        let at = Utc::now() + TimeDelta::minutes(minute);
        let told = json!({"statut": statut, "date": at.to_rfc3339()});
        assert_eq!(daemon.statut(&uid, &told).await.status, 202);
        crm.change(&uid, statut, None);
        let mut change = change(&crm.demandes()[0]);
        change.at = at;
        change.event.date = Some(at.to_rfc3339());
        history.push(change);
    }
    crm.lists(Ok(page(history, None)));
    poll.look().await.unwrap();
    assert_eq!(
        statuts(&daemon, &uid).await,
        ["CRC en cours", "Vivest en cours"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ahead_hides_no_other_change() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    let uid = daemon.created(&signalement(1)).await;
    crm.change(&uid, "CRC en cours", None);
    let mut ahead = change(&crm.demandes()[0]);
    ahead.at = Utc::now() + TimeDelta::hours(2);
    ahead.event.date = Some(ahead.at.to_rfc3339());
    crm.lists(Ok(page(vec![ahead], None)));
    poll.look().await.unwrap();
    poll.look().await.unwrap();
    assert_eq!(statuts(&daemon, &uid).await, ["CRC en cours"]);
    assert!(crm.queries().last().unwrap().since < Utc::now());
}
