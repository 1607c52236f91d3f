//! Rules and exports are judged apart: one folder takes effect although the other is refused.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::cli::on;
use crate::harness::{Builder, is_accepted, is_refused, signalement, signalement_with};

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_only_makes_a_case_fail_takes_effect_with_a_warning() {
    let builder = Builder::new();
    fs::create_dir(builder.folder().path().join("rules/cas")).unwrap();
    let case = "cas: [{nom: essai, signalement: {qualification: ASC, residence: MZ-01}, attendu: {gestionnaire_concerne: TEC-1}}]";
    let daemon = builder.file("rules/cas/a.yaml", case).start().await;
    let managers = daemon
        .read("referentiel/gestionnaires.csv")
        .replace("TEC-1", "TEC-2");
    let regles = daemon
        .edit("referentiel/gestionnaires.csv", &managers)
        .await;
    assert_eq!(regles["derniere_tentative"]["acceptee"], true);
    assert_eq!(
        regles["derniere_tentative"]["avertissements"][0]["code"],
        "cas"
    );
    let told = String::from_utf8(on(&daemon, &["check"]).stdout).unwrap();
    assert!(
        told.contains("ce sont les exports qui ont changé. La passerelle les applique quand même"),
        "{told}"
    );
    // Whichever way the folder is named, but not if it brings its own exports.
    let folder = |name: &str| daemon.folder.path().join(name);
    let other = folder("copie");
    fs::create_dir(&other).unwrap();
    let link = |name: &str| symlink(folder(name), other.join(name)).unwrap();
    link("rules");
    let check = || String::from_utf8(on(&daemon, &["check", "copie"]).stdout).unwrap();
    assert!(check().contains("ce sont les exports"), "{}", check());
    link("referentiel");
    assert!(check().contains("ce sont les exports"), "{}", check());
    fs::remove_file(other.join("referentiel")).unwrap();
    fs::create_dir(other.join("referentiel")).unwrap();
    for name in ["residences.csv", "gestionnaires.csv", "biens.csv"] {
        let name = format!("referentiel/{name}");
        fs::copy(folder(&name), other.join(&name)).unwrap();
    }
    assert!(check().contains("gestionnaire_concerne"), "{}", check());
    assert!(!check().contains("ce sont les exports"), "{}", check());
    // The next edit of the rules is refused, and its author learns that undoing it would not help.
    let transmission = daemon.read("rules/transmission.yaml");
    let edited = format!("{transmission}# x\n");
    let regles = daemon.edit("rules/transmission.yaml", &edited).await;
    assert!(is_refused(&regles), "{regles}");
    let told = &regles["derniere_tentative"]["erreurs"][0]["message"];
    let told = told.as_str().unwrap();
    assert!(
        told.contains("ce cas échoue déjà avec les règles et les exports en vigueur"),
        "{told}"
    );
    let told = String::from_utf8(on(&daemon, &["check"]).stdout).unwrap();
    assert!(!told.contains("ce sont les exports"), "{told}");
    let corrected = case.replace("TEC-1", "TEC-2");
    let regles = daemon.edit("rules/cas/a.yaml", &corrected).await;
    assert!(!is_refused(&regles), "{regles}");
    daemon.edit("rules/transmission.yaml", &transmission).await;
    // Back to the case that fails, which only a new export may leave behind.
    daemon
        .edit(
            "referentiel/gestionnaires.csv",
            &managers.replace("TEC-2", "TEC-1"),
        )
        .await;
    daemon.edit("rules/cas/a.yaml", case).await;
    let regles = daemon
        .edit("referentiel/gestionnaires.csv", &managers)
        .await;
    assert!(!is_refused(&regles), "{regles}");
    let (folder, environment) = daemon.stop().await;
    // A restart is not an edit: the same rules stay valid.
    let daemon = Builder::again(&folder, environment).start().await;
    assert_eq!(
        daemon.regles().await["derniere_tentative"]["acceptee"],
        true
    );
    let body = daemon.post(&signalement(1)).await.json();
    assert_eq!(body["gestionnaire_concerne"]["identifiant"], "TEC-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_takes_effect_when_the_other_is_refused() {
    let daemon = Builder::new().start().await;
    let managers = daemon.read("referentiel/gestionnaires.csv");
    let good = daemon.read("rules/transmission.yaml");
    let before = daemon.edit("rules/transmission.yaml", "mode: x\n").await;
    assert!(is_refused(&before), "{before}");

    let regles = daemon
        .edit(
            "referentiel/gestionnaires.csv",
            &managers.replace("TEC-1", "TEC-2"),
        )
        .await;
    assert!(is_refused(&regles), "{regles}");
    assert_ne!(regles["active"]["version"], before["active"]["version"]);
    let attempt = &regles["derniere_tentative"];
    assert_eq!(attempt["erreurs"][0]["fichier"], "transmission.yaml");
    let told = attempt["avertissements"][0]["message"].as_str().unwrap();
    assert!(
        told.contains("les exports, eux, sont pris en compte"),
        "{told}"
    );
    let body = daemon.post(&signalement(1)).await.json();
    assert_eq!(body["gestionnaire_concerne"]["identifiant"], "TEC-2");

    // Also after a restart, which finds yet another export.
    let active = regles["active"]["version"].clone();
    let (folder, environment) = daemon.stop().await;
    let path = folder.path().join("referentiel/gestionnaires.csv");
    fs::write(&path, managers.replace("TEC-1", "TEC-3")).unwrap();
    let daemon = Builder::again(&folder, environment).start().await;
    let regles = daemon.regles().await;
    assert!(is_refused(&regles), "{regles}");
    assert_ne!(regles["active"]["version"], active);
    let body = daemon.post(&signalement(2)).await.json();
    assert_eq!(body["gestionnaire_concerne"]["identifiant"], "TEC-3");

    // The other way round: the export is broken, and the rules are valid again, with a change.
    let regles = daemon
        .edit("referentiel/gestionnaires.csv", "rien;de;tel\n")
        .await;
    assert!(is_refused(&regles), "{regles}");
    let regles = daemon
        .edit(
            "rules/transmission.yaml",
            &good.replace("modes: [", "modes: [auteur, "),
        )
        .await;
    assert!(is_refused(&regles), "{regles}");
    let attempt = &regles["derniere_tentative"];
    assert_eq!(attempt["erreurs"][0]["fichier"], "gestionnaires.csv");
    let told = attempt["avertissements"].to_string();
    assert!(
        told.contains("les règles, elles, sont prises en compte"),
        "{told}"
    );
    let body = daemon.post(&signalement(3)).await.json();
    assert_eq!(body["gestionnaire_concerne"]["identifiant"], "TEC-3");

    // Once both are valid, what is on disk is in force.
    let regles = daemon
        .edit("referentiel/gestionnaires.csv", &managers)
        .await;
    assert!(is_accepted(&regles), "{regles}");
    assert_eq!(
        regles["active"]["version"],
        regles["derniere_tentative"]["version"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_export_is_refused_whole_and_forgotten_once_it_is_restored() {
    let daemon = Builder::new().start().await;
    let before = daemon.regles().await["active"].clone();
    let residences = daemon.read("referentiel/residences.csv");
    // Cut in the middle of a row, as by an interrupted copy.
    let cut = &residences[..residences.find(";Bellecroix").unwrap()];
    let regles = daemon.edit("referentiel/residences.csv", cut).await;
    assert!(is_refused(&regles), "{regles}");
    let error = &regles["derniere_tentative"]["erreurs"][0];
    assert_eq!(
        (error["fichier"].as_str(), error["ligne"].as_u64()),
        (Some("residences.csv"), Some(3))
    );
    assert_eq!(regles["active"], before);
    daemon.created(&signalement(1)).await;
    let elsewhere = json!({"residence": "MZ-02", "bien": null, "qualification": "VOIS"});
    daemon.created(&signalement_with(2, &elsewhere)).await;

    let regles = daemon.edit("referentiel/residences.csv", &residences).await;
    assert!(is_accepted(&regles), "{regles}");
    assert_eq!(regles["derniere_tentative"]["erreurs"], json!([]));
    assert_eq!(regles["active"], before);
}
