//! Calls use the given clock, for the time they send and for the wait that an answer asks for.

use std::sync::Arc;

use chrono::TimeDelta;
use passerelle::domain::instant::to_the_second;
use passerelle::domain::ports::{Clock, Crm, CrmError, RemoteCrm};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::bench::{PLAIN, by, request};
use super::fake::{Fake, server};
use crate::harness::MovedClock;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_sends_the_time_of_the_clock() {
    let fake = Fake::start(&[(201, json!({"id": 1}))]).await;
    let api = PLAIN.replacen("{ref: '{{ reference }}'}", "{at: '{{ maintenant }}'}", 1);
    let clock = Arc::new(MovedClock::ahead(TimeDelta::days(400)));
    let bench = by(clock.clone(), &fake.url, &[&api], &[]);
    bench.crm.create(&request(Vec::new())).await.unwrap();
    let body: Value = serde_json::from_slice(&fake.seen()[0].body).unwrap();
    assert_eq!(body["at"], to_the_second(clock.now()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_counted_from_the_time_of_the_clock() {
    let url = server(|mut stream| async move {
        let answer = "HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n";
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let clock = Arc::new(MovedClock::ahead(TimeDelta::days(400)));
    let bench = by(clock.clone(), &url, &[PLAIN], &[]);
    let failed = bench.crm.find(&request(Vec::new())).await;
    let Err(CrmError::Unavailable { retry_at, .. }) = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(retry_at, Some(clock.now() + TimeDelta::seconds(120)));
}
