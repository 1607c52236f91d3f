//! Once the CRM has the demande, nothing that goes wrong turns the answer into an error or creates a second
//! demande.

use rstest::rstest;
use serde_json::{Value, json};

use crate::fake_crm::{FakeCrm, connected};
use crate::harness::{Builder, FakeSowell, signalement, until};
use crate::process::Process;

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
async fn a_failure_after_the_creation_causes_no_error_and_no_second_demande() {
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

/// Where the test makes the process panic, in order of execution.
const PANICS: [&str; 4] = ["accuses", "trace", "answer", "mail"];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_after_the_creation_causes_no_error_and_no_second_demande(
    #[values(PANICS[0], PANICS[1], PANICS[2], PANICS[3])] panic: &str,
    #[values(false, true)] remote: bool,
) {
    let (crm, sowell) = (FakeCrm::start().await, FakeSowell::start().await);
    let builder = if remote {
        connected(Builder::new(), &crm).sowell(&sowell)
    } else {
        Builder::new().sowell(&sowell)
    };
    let folder = builder.folder();
    let environment = builder.environment();
    let mut more: Vec<(&str, &str)> = vec![("PANIC", panic)];
    more.extend(
        environment
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("PASSERELLE_")?, value.as_str()))),
    );
    let daemon = Process::start(folder.path(), &more);

    let path = "/api/v1/signalements";
    let (status, first) = daemon.post(path, "sowell", &signalement(1)).await;
    assert_eq!(status, 201, "{first}");
    let uid = first["uid"].as_str().unwrap().to_owned();
    let (status, again) = daemon.post(path, "sowell", &signalement(1)).await;
    assert_eq!((status, &again), (200, &first));
    if remote {
        let made: Vec<String> = crm.demandes().into_iter().map(|it| it.id).collect();
        assert_eq!(made, [uid.as_str()]);
    }
    // Its statuses are still sent as usual.
    let event = json!({"statut": "Vivest en cours"});
    let path = format!("/api/v1/demandes/{uid}/statut");
    let (status, told) = daemon.post(&path, "crm", &event).await;
    assert_eq!(status, 202, "{told}");
    sowell.wait_for(1).await;
    let path = format!("/api/v1/demandes/{uid}");
    let demande = daemon.request("GET", &path, "crm").send().await.unwrap();
    let demande: Value = demande.json().await.unwrap();
    assert_eq!(demande["fichiers"].as_array().unwrap().len(), 2);
    until("it meets with the panic", || async {
        daemon.logged("a test wants it").then_some(())
    })
    .await;
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
