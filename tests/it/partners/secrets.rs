//! A connector may only use secrets that the settings have, or its edit does not take effect.

use serde_json::Value;

use crate::cli::on;
use crate::harness::{Builder, is_accepted, is_refused, until};

const FILE: &str = "rules/connecteurs/crm.yaml";

fn connector(secret: &str) -> String {
    format!(
        "doublons: upsert
authentification:
  entetes:
    X-Key: \"{{{{ secrets.{secret} }}}}\"
operations:
  creer: {{chemin: \"/x/{{{{ reference }}}}\", corps: {{json: {{p: \"{{{{ fichiers }}}}\"}}}}, uid: /id}}
"
    )
}

fn settings(secret: &str) -> String {
    format!(
        "crm: {{kind: rest, base_url: \"http://127.0.0.1:9\"}}\nsecrets: {{{secret}: abcdef}}\n"
    )
}

async fn daemon(secret: &str) -> crate::harness::Daemon {
    let builder = Builder::new();
    std::fs::create_dir_all(builder.folder().path().join("rules/connecteurs")).unwrap();
    builder
        .file("passerelle.yaml", &settings(secret))
        .file(FILE, &connector("redmine"))
        .start()
        .await
}

fn told(regles: &Value) -> Value {
    regles["derniere_tentative"]["erreurs"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_names_an_unknown_secret_waits_for_the_settings() {
    let daemon = daemon("redmine").await;
    let regles = daemon.edit(FILE, &connector("redmin")).await;
    assert!(is_refused(&regles), "{regles}");
    let told = told(&regles);
    assert_eq!(told["code"], "secret-inconnu");
    assert_eq!((&told["ligne"], &told["colonne"]), (&4.into(), &12.into()));
    assert_eq!(
        told["message"],
        "le secret « redmin » n'est pas dans les réglages ; vouliez-vous dire « redmine » ?"
    );
    let checked = on(&daemon, &["--config", "passerelle.yaml", "check"]);
    let checked = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.contains("le secret « redmin »"), "{checked}");

    // The connector is valid once the settings have the name.
    daemon.edit_settings(&settings("redmin")).await;
    daemon
        .regles_when("the edit is accepted", is_accepted)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_removed_from_the_settings_is_reported_and_stops_nothing() {
    let daemon = daemon("redmine").await;
    let version = daemon.regles().await["active"]["version"].clone();
    daemon.edit_settings(&settings("other")).await;
    let regles = until("the lost secret is told", || async {
        let regles = daemon.regles().await;
        let remarks = regles["derniere_tentative"]["avertissements"].clone();
        let told = remarks.as_array().unwrap().iter();
        let mut told = told.map(|it| it["code"].as_str().unwrap());
        told.any(|it| it == "secret-inconnu").then_some(regles)
    })
    .await;
    assert!(is_accepted(&regles));
    assert_eq!(regles["active"]["version"], version);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_without_the_file_of_its_crm_says_so() {
    let builder = Builder::new().file("passerelle.yaml", &settings("redmine"));
    let refusal = builder.refusal().await;
    assert!(
        refusal.contains("connecteurs/crm.yaml : erreur : ce fichier manque"),
        "{refusal}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_a_partner_that_is_not_called_is_a_remark() {
    let daemon = Builder::new().start().await;
    let file = "rules/connecteurs/sowell.yaml";
    std::fs::create_dir_all(daemon.folder.path().join("rules/connecteurs")).unwrap();
    let text = format!(
        "authentification: {{porteur: \"{{{{ secrets.cle }}}}\"}}\n{}",
        include_str!("../../../rules/connecteurs/sowell.yaml")
    );
    let regles = daemon.edit(file, &text).await;
    assert!(is_accepted(&regles), "{regles}");
    let remarks = &regles["derniere_tentative"]["avertissements"];
    assert_eq!(remarks[0]["code"], "secret-inconnu", "{regles}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_with_an_unknown_secret_says_so() {
    let builder = Builder::new();
    std::fs::create_dir_all(builder.folder().path().join("rules/connecteurs")).unwrap();
    let refusal = builder
        .file("passerelle.yaml", &settings("redmine"))
        .file(FILE, &connector("redmin"))
        .refusal()
        .await;
    assert!(
        refusal.contains("connecteurs/crm.yaml, ligne 4, colonne 12")
            && refusal.contains("vouliez-vous dire « redmine » ?"),
        "{refusal}"
    );
}
