//! The changes of a CRM, read page by page.

use chrono::{DateTime, Utc};
use passerelle::domain::ports::{ChangeQuery, CrmError, RemoteCrm};
use passerelle::domain::statut::StatutEvent;
use serde_json::json;

use super::bench::{API, bench};
use super::fake::Fake;

#[tokio::test(flavor = "multi_thread")]
async fn changes_come_page_by_page() {
    let at = "2026-01-02T03:04:05Z";
    let fake = Fake::start(&[
        (200, json!({"token": "t"})),
        (200, json!([{"id": 1, "status": "Ouverte", "date": at}])),
        (200, json!([])),
    ])
    .await;
    let bench = bench(&fake.url, API, &[]);
    let since: DateTime<Utc> = at.parse().unwrap();
    let first = bench
        .crm
        .changes(&ChangeQuery { since, page: None })
        .await
        .unwrap();
    assert_eq!(first.changes[0].event.statut, "Ouverte");
    assert_eq!(first.changes[0].at, since);
    let query = ChangeQuery {
        since,
        page: first.next,
    };
    assert!(query.page.is_some());
    let last = bench.crm.changes(&query).await.unwrap();
    assert_eq!((last.changes, last.next), (Vec::new(), None));
    assert_eq!(
        fake.seen()[2].uri,
        "/changes?since=2026-01-02T03%3A04%3A05Z&page=2"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_read_does_not_block_the_others() {
    let at = "2026-01-02T03:04:05Z";
    let good = json!({"id": "A-1", "status": "é".repeat(300), "date": at});
    let rows = json!([
        {"id": "A-2", "status": " ", "date": at},
        {"id": "A-3", "status": "Ouverte", "date": "hier"},
        {"id": "A-4\u{0}", "status": "Ouverte", "date": at},
        good,
    ]);
    let login = (200, json!({"token": "one"}));
    let unreadable = (200, json!([{"id": "A-2", "date": at}]));
    let fake = Fake::start(&[login, (200, rows), unreadable]).await;
    let bench = bench(&fake.url, API, &[]);
    let since = at.parse().unwrap();
    let query = ChangeQuery { since, page: None };
    let page = bench.crm.changes(&query).await.unwrap();
    let [one] = page.changes.as_slice() else {
        panic!("{page:?}")
    };
    assert_eq!(one.event.uid.as_str(), "A-1");
    assert_eq!(one.event.statut.chars().count(), StatutEvent::LABEL_CHARS);
    // If none can be read, the connector is probably wrong, rather than the CRM unavailable.
    let error = bench.crm.changes(&query).await.unwrap_err();
    assert!(matches!(error, CrmError::Misconfigured(_)), "{error:?}");
}
