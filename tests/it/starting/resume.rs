//! What a restart does about a destination that failed: the pause stays, unless what it was paused for may be corrected.

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::domain::livraison::Destination;
use passerelle::domain::ports::Pause;
use rstest::rstest;
use serde_json::json;

use crate::harness::{Builder, FakeSowell, signalement, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_fails_for_all_stays_paused_across_a_restart() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new()
        .sowell(&sowell)
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .start()
        .await;
    for number in 1..=5 {
        sowell.next(500, vec![]);
        let uid = daemon.created(&signalement(number)).await;
        daemon
            .statut(&uid, &json!({"statut": "CRC en cours"}))
            .await;
    }
    let open = until("the breaker opens", || async {
        daemon.state.store.pause(Destination::Sowell).await.unwrap()
    })
    .await;
    assert!(open.until - Utc::now() <= TimeDelta::hours(1), "{open:?}");
    let metrics = daemon.get("/metrics", "").await;
    let text = String::from_utf8(metrics.bytes).unwrap();
    assert!(text.contains("passerelle_delivery_paused{destination=\"sowell\"} 1"));
    let (folder, environment) = daemon.stop().await;
    let daemon = Builder::again(&folder, environment).start().await;
    let pause = daemon.state.store.pause(Destination::Sowell).await.unwrap();
    assert_eq!(pause, Some(open));
    let uid = daemon.created(&signalement(6)).await;
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    assert_eq!(sowell.calls().len(), 5, "nothing is sent meanwhile");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_refused_us_is_retried_at_the_start(
    #[values(Destination::Sowell, Destination::Courriel, Destination::Crm)]
    destination: Destination,
    #[values(true, false)] refused: bool,
) {
    let daemon = Builder::new().start().await;
    let store = daemon.state.store.clone();
    let until = DateTime::from_timestamp_millis(Utc::now().timestamp_millis()).unwrap();
    let pause = Pause {
        until: until + TimeDelta::minutes(10),
        failures: 9,
        refused,
        reason: "answered 401".into(),
    };
    let set = store.set_pause(destination, Some(pause.clone())).await;
    set.unwrap();
    drop(store);
    let (folder, environment) = daemon.stop().await;
    let daemon = Builder::again(&folder, environment).start().await;
    let now = daemon
        .state
        .store
        .pause(destination)
        .await
        .unwrap()
        .unwrap();
    if refused {
        assert!(now.until <= Utc::now() && now.failures == 0, "{now:?}");
    } else {
        assert_eq!(now, pause);
    }
}

/// An address given by the environment can only be corrected by a restart.
#[rstest]
#[case(Destination::Sowell, "SOWELL__BASE_URL", ["http://127.0.0.1:1", "http://127.0.0.1:2"])]
#[case(Destination::Crm, "CRM__BASE_URL", ["http://127.0.0.1:1", "http://127.0.0.1:2"])]
#[case(Destination::Courriel, "SMTP__URL", ["smtp://u:p@127.0.0.1:1", "smtp://u:p@127.0.0.1:2"])]
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_ends_a_pause_only_with_another_address(
    #[case] destination: Destination,
    #[case] key: &str,
    #[case] addresses: [&str; 2],
) {
    let [wrong, right] = addresses;
    let until = DateTime::from_timestamp_millis(Utc::now().timestamp_millis()).unwrap();
    let pause = Pause {
        until: until + TimeDelta::minutes(10),
        failures: 9,
        refused: false,
        reason: "connection refused".into(),
    };
    let mut daemon = Builder::new().set(key, wrong).start().await;
    for (address, stays) in [(wrong, true), (right, false), (right, true)] {
        let store = daemon.state.store.clone();
        let set = store.set_pause(destination, Some(pause.clone())).await;
        set.unwrap();
        drop(store);
        let (folder, environment) = daemon.stop().await;
        let again = Builder::again(&folder, environment).set(key, address);
        daemon = again.start().await;
        let now = daemon.state.store.pause(destination).await.unwrap();
        let now = now.unwrap();
        if stays {
            assert_eq!(now, pause);
        } else {
            assert!(now.until <= Utc::now() && now.failures == 0, "{now:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_wrong_address_is_sent_to_the_right_one_after_a_restart() {
    let (wrong, right) = (FakeSowell::start().await, FakeSowell::start().await);
    let daemon = Builder::new()
        .sowell(&wrong)
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    wrong.next(503, vec![]);
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    wrong.wait_for(1).await;
    let (folder, environment) = daemon.stop().await;
    let _daemon = Builder::again(&folder, environment)
        .sowell(&right)
        .start()
        .await;
    right.wait_for(1).await;
    assert_eq!(wrong.calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_compares_its_address_with_the_one_edited_last() {
    let text = |port: u16| format!("sowell: {{base_url: \"http://127.0.0.1:{port}\"}}\n");
    let daemon = Builder::new()
        .file("passerelle.yaml", &text(1))
        .start()
        .await;
    let store = daemon.state.store.clone();
    let first = store.route(Destination::Sowell).await.unwrap();
    daemon.edit_settings(&text(2)).await;
    until("the address is recorded", || async {
        let now = store.route(Destination::Sowell).await.unwrap();
        (now != first).then_some(())
    })
    .await;
    let later = DateTime::from_timestamp(Utc::now().timestamp() + 600, 0).unwrap();
    let pause = Pause {
        until: later,
        failures: 3,
        refused: false,
        reason: "connection refused".into(),
    };
    let set = store.set_pause(Destination::Sowell, Some(pause.clone()));
    set.await.unwrap();
    drop(store);
    let (folder, environment) = daemon.stop().await;
    let daemon = Builder::again(&folder, environment).start().await;
    let now = daemon.state.store.pause(Destination::Sowell).await.unwrap();
    assert_eq!(now, Some(pause));
    let (folder, environment) = daemon.stop().await;
    let again = Builder::again(&folder, environment).file("passerelle.yaml", &text(1));
    let daemon = again.start().await;
    let now = daemon.state.store.pause(Destination::Sowell).await.unwrap();
    assert!(now.unwrap().until < later);
}
