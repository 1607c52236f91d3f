//! Lists of several pages, which change while they are read.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::domain::ports::{ChangePage, Clock};
use passerelle::flows::poll::{Looked, Poll};

use super::{listing, page, poller, statuts, with};
use crate::harness::{Daemon, MovedClock, signalement, until};
use crate::remote_crm::change;

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_several_pages_counts_once_two_polls_agree() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    for number in 1..=3 {
        daemon.created(&signalement(number)).await;
    }
    let uids: Vec<String> = crm.demandes().iter().map(|it| it.uid.clone()).collect();
    for uid in &uids {
        crm.change(uid, "CRC en cours", None);
    }
    let demandes = crm.demandes();
    let some = |which: &[usize]| which.iter().map(|at| change(&demandes[*at])).collect();
    // The second slips onto the page that was already read; the next two polls include it.
    for [first, second] in [[&[0][..], &[2]], [&[0, 1], &[2]], [&[0, 1], &[2]]] {
        crm.lists(Ok(page(some(first), Some("2"))));
        crm.lists(Ok(page(some(second), None)));
    }
    poll.look().await.unwrap();
    let pages: Vec<Option<String>> = crm.queries().into_iter().map(|it| it.page).collect();
    let two = || [None, Some("2".to_owned())];
    assert_eq!(pages, [two(), two(), two()].concat());
    for uid in &uids {
        assert_eq!(statuts(&daemon, uid).await, ["CRC en cours"]);
    }
}

/// Whether the metrics say that the whole list was read at this instant.
async fn is_told_read(daemon: &Daemon, at: DateTime<Utc>) -> bool {
    let metrics = daemon.get("/metrics", "").await;
    let wanted = format!(
        "passerelle_crm_changes_read_timestamp_seconds {}",
        at.timestamp()
    );
    String::from_utf8_lossy(&metrics.bytes)
        .lines()
        .any(|it| it == wanted)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_never_reads_the_same_twice_counts_but_not_as_whole() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    // Other tests in this process poll too, but not on that day.
    let clock = Arc::new(MovedClock::ahead(TimeDelta::days(10_000)));
    let poll = Poll {
        clock: clock.clone(),
        ..poller(&daemon, &crm)
    };
    for number in 1..=2 {
        daemon.created(&signalement(number)).await;
    }
    assert_eq!(poll.look().await.unwrap(), Looked::Whole);
    let uids: Vec<String> = crm.demandes().iter().map(|it| it.uid.clone()).collect();
    crm.change(&uids[0], "CRC en cours", None);
    crm.change(&uids[1], "CRC en cours", None);
    let demandes = crm.demandes();
    for shown in [0, 1, 0, 1] {
        crm.lists(Ok(page(vec![change(&demandes[shown])], Some("2"))));
        crm.lists(Ok(page(Vec::new(), None)));
    }
    clock.pass(TimeDelta::days(1));
    let at = clock.now();
    assert_eq!(poll.look().await.unwrap(), Looked::Shifting);
    assert!(!is_told_read(&daemon, at).await);
    // What the last poll showed is taken into account.
    assert_eq!(statuts(&daemon, &uids[1]).await, ["CRC en cours"]);
    let since = crm.queries().last().unwrap().since;
    until("it is told read once it is", || async {
        assert_eq!(poll.look().await.unwrap(), Looked::Whole);
        is_told_read(&daemon, at).await.then_some(())
    })
    .await;
    assert_eq!(
        crm.queries()[9].since,
        since,
        "it begins where that one did"
    );
    assert_eq!(statuts(&daemon, &uids[0]).await, ["CRC en cours"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_whose_pages_are_all_the_same_is_not_read_to_its_end() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    let uid = daemon.created(&signalement(1)).await;
    crm.change(&uid, "CRC en cours", None);
    let demandes = crm.demandes();
    for _ in 0..5 {
        crm.lists(Ok(page(vec![change(&demandes[0])], Some("2"))));
    }
    let error = poll.look().await.unwrap_err().to_string();
    assert!(error.contains("asks for no page"), "{error}");
    assert_eq!(crm.queries().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_past_the_end_is_no_second_page() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    let uid = daemon.created(&signalement(1)).await;
    crm.change(&uid, "CRC en cours", None);
    let demandes = crm.demandes();
    // Something may move between two pages, but not from a page to itself.
    for (past_end, readings) in [(true, 1), (false, 2)] {
        let before = crm.queries().len();
        for _ in 0..readings {
            crm.lists(Ok(page(vec![change(&demandes[0])], Some("2"))));
            crm.lists(Ok(ChangePage {
                past_end,
                ..page(Vec::new(), None)
            }));
        }
        assert_eq!(poll.look().await.unwrap(), Looked::Whole);
        assert_eq!(crm.queries().len() - before, 2 * readings);
    }
    assert_eq!(statuts(&daemon, &uid).await, ["CRC en cours"]);
}
