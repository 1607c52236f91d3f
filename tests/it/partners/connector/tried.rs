//! What `passerelle connector test` and `passerelle check` say of a connector that the daemon could not use.

use std::path::Path;
use std::process::Output;

use passerelle::adapters::shipped::Shipped;
use serde_json::json;

use super::Fake;
use crate::cli::passerelle;

/// A connector that signs its calls and attaches photos as forms.
const SIGNED: &str = r#"
signature: "{{ secrets.signature }}"
doublons: upsert
operations:
  creer: {chemin: /d, uid: /id, corps: {json: {r: "{{ reference }}"}}}
  joindre:
    chemin: /d/{{ uid }}
    corps: {multipart: {f: {fichier: "{{ fichier }}"}}}
  lire_statut: {chemin: "/d/{{ uid }}", statut: /s, date: /d}
"#;

/// Runs the program in a folder with this connector, and returns what it says.
async fn ran(connector: &str, url: &str, secret: &str, arguments: &[&str]) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    let rules = Shipped::Rules.files().into_iter();
    for (name, bytes) in rules.chain([("connecteurs/crm.yaml".to_owned(), connector.into())]) {
        let path = folder.path().join("rules").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let rules = folder.path().join("rules").display().to_string();
    let environment = [
        ("PASSERELLE_CRM__BASE_URL", url),
        ("PASSERELLE_SECRETS__SIGNATURE", secret),
        ("PASSERELLE_RULES_DIR", rules.as_str()),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
    let output = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let path: &Path = folder.path();
        passerelle(path, &environment, &arguments)
    });
    let output = output.await.unwrap();
    let said = [&output.stdout, &output.stderr];
    let said = said.map(|it| String::from_utf8_lossy(it).into_owned());
    (output, said.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_the_daemon_refuses_is_no_success() {
    let unsigned = SIGNED.replace("signature: \"{{ secrets.signature }}\"\n", "");
    let test = [
        "connector",
        "test",
        "crm",
        "--operation",
        "lire_statut",
        "--live",
    ];
    for (date, right) in [
        (json!("2026-11-29T19:20:00+01:00"), true),
        (json!("2026-11-29 19:20:00"), false),
        (json!("2026-11-29"), false),
        (json!(1_795_980_000), false),
    ] {
        let fake = Fake::start(&[(200, json!({"s": "Ouverte", "d": date}))]).await;
        let (output, said) = ran(&unsigned, &fake.url, "whsec_AAAA", &test).await;
        assert_eq!(output.status.success(), right, "{date}: {said}");
        assert_eq!(said.contains("Réussite"), right, "{date}: {said}");
        assert_eq!(said.contains("lire_date"), !right, "{date}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_sign_and_a_form_that_cannot_be_signed_are_told() {
    let url = "https://crm.example";
    let bytes = SIGNED.replace(
        "{multipart: {f: {fichier: \"{{ fichier }}\"}}}",
        "{fichier: {contenu: \"{{ fichier }}\"}}",
    );
    for arguments in [&["check"][..], &["connector", "test", "crm"]] {
        let (_, said) = ran(SIGNED, url, "pas du base64", arguments).await;
        assert!(said.contains("« signature » ne peut rien signer"), "{said}");
        assert!(said.contains("multipart"), "{said}");
        assert!(!said.contains("pas du base64"), "{said}");
        let (_, said) = ran(
            &bytes,
            url,
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            arguments,
        )
        .await;
        assert!(!said.contains("ne peut rien signer"), "{said}");
        assert!(!said.contains("ne peut pas être signé"), "{said}");
        assert!(!said.contains("ne se signe pas"), "{said}");
    }
}
