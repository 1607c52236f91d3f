//! `passerelle connector record`: a real exchange becomes a case that passes.

use std::process::Output;

use crate::cli::passerelle;
use crate::fake_crm::{CONNECTOR, FakeCrm};

const SECRET: &str = "secret-of-the-crm";

fn said(output: &Output) -> String {
    let all = [&output.stdout, &output.stderr];
    all.map(|it| String::from_utf8_lossy(it).into_owned())
        .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_exchange_becomes_a_case_that_passes() {
    let crm = FakeCrm::start().await;
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("PASSERELLE_CRM__KIND", "rest"),
        ("PASSERELLE_CRM__BASE_URL", &crm.url),
        ("PASSERELLE_SECRETS__CRM", SECRET),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let path = folder.path().to_owned();
    let run = async |arguments: &'static [&'static str]| {
        let (path, environment) = (path.clone(), environment.clone());
        let ran = tokio::task::spawn_blocking(move || passerelle(&path, &environment, arguments));
        ran.await.unwrap()
    };
    assert!(run(&["init"]).await.status.success());
    std::fs::write(path.join("rules/connecteurs/crm.yaml"), CONNECTOR).unwrap();

    // Nothing is sent by mistake.
    let refused = run(&["connector", "record", "crm", "creer"]).await;
    assert!(said(&refused).contains("--live"), "{}", said(&refused));
    assert!(crm.calls("").is_empty());

    let created = run(&[
        "connector",
        "record",
        "crm",
        "creer",
        "--live",
        "--into",
        "creation",
    ])
    .await;
    assert!(created.status.success(), "{}", said(&created));
    assert_eq!(crm.demandes().len(), 1);
    let read = run(&[
        "connector",
        "record",
        "crm",
        "changements",
        "--live",
        "--into",
        "changements",
        "--set",
        "depuis=2026-01-01T00:00:00Z",
    ])
    .await;
    assert!(read.status.success(), "{}", said(&read));
    let printed = run(&["connector", "record", "crm", "chercher", "--live"]).await;
    assert!(said(&printed).contains("uid: C-1"), "{}", said(&printed));
    let absent = run(&[
        "connector",
        "record",
        "crm",
        "creer",
        "--live",
        "--set",
        "demande.bein=x",
    ])
    .await;
    assert!(said(&absent).contains("vouliez-vous dire « bien » ?"));
    assert_eq!(crm.demandes().len(), 1);

    for name in ["creation", "changements"] {
        let text = std::fs::read_to_string(path.join(format!("rules/cas/{name}.yaml"))).unwrap();
        assert!(text.contains("C-1"), "{text}");
        assert!(
            !text.contains(SECRET) && !text.contains("jeton-1"),
            "{text}"
        );
        let again = run(&[
            "connector",
            "record",
            "crm",
            "chercher",
            "--live",
            "--into",
            "creation",
        ]);
        assert!(!again.await.status.success());
    }
    let checked = run(&["check"]).await;
    assert!(checked.status.success(), "{}", said(&checked));
}
