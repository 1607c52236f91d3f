//! Once the CRM has the demande, nothing that goes wrong makes the answer an error, or the demande two.

use crate::harness::{Builder, signalement, until};

/// A way for `accuses.rhai` to fail.
struct Fault {
    name: &'static str,
    script: &'static str,
}

const FAULTS: [Fault; 3] = [
    Fault {
        name: "the script throws",
        script: "fn accuses(evenement) { throw \"non\" }",
    },
    Fault {
        name: "the script never ends",
        script: "fn accuses(evenement) { loop { } }",
    },
    Fault {
        name: "the script calls itself for ever",
        script: "fn encore(n) { encore(n + 1) + 1 }\nfn accuses(evenement) { encore(0) }",
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_follows_the_creation_makes_it_an_error_or_two() {
    for fault in FAULTS {
        let builder = Builder::new().file("rules/accuses.rhai", fault.script);
        let daemon = builder.start().await;
        let first = daemon.post(&signalement(1)).await;
        assert_eq!(first.status, 201, "{}", fault.name);
        let again = daemon.post(&signalement(1)).await;
        assert_eq!(again.status, 200, "{}", fault.name);
        assert_eq!(again.bytes, first.bytes, "{}", fault.name);
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_folder_that_cannot_be_written_only_delays_the_email() {
    let daemon = Builder::new().start().await;
    let folder = daemon.path("data/courriels");
    std::fs::remove_dir(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    daemon.created(&signalement(1)).await;
    until("it was tried", || async {
        let waiting = daemon.state.store.list_livraisons(None, 1).await.unwrap();
        (waiting[0].attempts > 0).then_some(())
    })
    .await;
    std::fs::remove_file(&folder).unwrap();
    until("the e-mail is written", || async {
        (folder.is_dir() && !daemon.courriels().is_empty()).then_some(())
    })
    .await;
}
