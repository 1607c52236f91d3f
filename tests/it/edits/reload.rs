//! Edits of rules and reference data while the daemon runs.

mod halves;
mod start;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::harness::{Builder, FakeSowell, is_accepted, signalement, signalement_with, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_the_database_lost_is_stored_again() {
    let daemon = Builder::new().start().await;
    let edited = daemon.edit("rules/priorites.yaml", "priorites: {high: urgentissime}\n");
    assert!(is_accepted(&edited.await));
    let version = daemon.state.reload.generation().version.clone();
    let kept = daemon.state.store.last_version().await.unwrap().unwrap();
    let url = format!("sqlite://{}", daemon.database().display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    // As on a database copy that was behind when it took over.
    for lost in [
        "DELETE FROM versions WHERE sequence = (SELECT MAX(sequence) FROM versions)",
        "DELETE FROM last_referentiel",
        "DELETE FROM version_files",
    ] {
        sqlx::query(lost).execute(&mut database).await.unwrap();
    }
    let again = until("it is stored again", || async {
        let last = daemon.state.store.last_version().await.ok()??;
        (last.version == version).then_some(last)
    })
    .await;
    assert_eq!(again.rules, kept.rules);
    assert_eq!(again.referentiel, kept.referentiel);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_each_file_is_live_without_a_restart() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let first = daemon.regles().await["active"]["version"].clone();

    daemon
        .edit("rules/priorites.yaml", "priorites: {high: urgentissime}\n")
        .await;
    daemon
        .edit(
            "rules/qualifications.yaml",
            "qualifications:\n  ASC: {libelle: L, type_gestionnaire: gardien, workflow: W2}\n",
        )
        .await;
    daemon
        .edit(
            "rules/modeles/contexte.txt",
            "{{ priorite }}/{{ residence.nom }}/{{ bien.libelle }}",
        )
        .await;
    daemon
        .edit(
            "rules/statuts.yaml",
            "initial: Neuve\ncanal: SoWell\ncorrespondances: {Neuve: Reçu, Finie: Fait}\n",
        )
        .await;
    daemon
        .edit(
            "referentiel/residences.csv",
            "code,nom,adresse\nMZ-01,\"Les Érables, bât. B\",x\n",
        )
        .await;
    let uid = daemon.created(&signalement(1)).await;
    let demande = daemon
        .get(&format!("/api/v1/demandes/{uid}"), "crm")
        .await
        .json();
    assert_eq!(
        demande["contexte"],
        "urgentissime/Les Érables, bât. B/Ascenseur A"
    );
    assert_eq!(demande["workflow"], "W2");
    assert_eq!(demande["statut"], "Neuve");
    assert_eq!(demande["gestionnaire_concerne"]["identifiant"], "GAR-1");
    assert_eq!(
        daemon
            .statut(&uid, &json!({"statut": "Finie"}))
            .await
            .json()["statut_sowell"],
        "Fait"
    );

    daemon
        .edit("rules/gestionnaire.rhai", "fn affecter(signalement, residence, qualification) {\n  let g = residence.gestionnaires.responsable_secteur;\n  #{gestionnaire_concerne: g, acteur_en_charge: g}\n}\n")
        .await;
    daemon
        .edit("rules/transmission.yaml", "modes: [auteur]\n")
        .await;
    let kept = daemon.post(&signalement(2)).await.json();
    assert_eq!(kept["transmis"], false);
    let asked = signalement_with(3, &json!({"transmettre_auteur": true}));
    let body = daemon.post(&asked).await.json();
    assert_eq!(body["gestionnaire_concerne"]["identifiant"], "RS-MZ-01");
    let regles = daemon.regles().await;
    assert_ne!(regles["active"]["version"], first);
    assert_eq!(regles["derniere_tentative"]["acceptee"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_edit_never_takes_effect_and_says_why_and_where() {
    let daemon = Builder::new().start().await;
    let before = daemon.regles().await["active"].clone();
    let good = daemon.read("rules/transmission.yaml");
    let regles = daemon
        .edit("rules/transmission.yaml", "# rien\nmodes: [auteurs]\n")
        .await;
    assert_eq!(regles["active"], before);
    let attempt = &regles["derniere_tentative"];
    assert_eq!(attempt["acceptee"], false);
    let error = &attempt["erreurs"][0];
    assert_eq!(error["fichier"], "transmission.yaml");
    assert_eq!(
        (error["ligne"].as_u64(), error["colonne"].as_u64()),
        (Some(2), Some(9))
    );
    assert!(
        error["message"].as_str().unwrap().contains("« auteur »"),
        "{error}"
    );
    // The rules in force decide, and the daemon stays ready while it reports the refusal.
    daemon.created(&signalement(1)).await;
    let ready = daemon.get("/readyz", "").await;
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.json()["regles"]["derniere_tentative"]["acceptee"],
        false
    );
    let metrics = String::from_utf8(daemon.get("/metrics", "").await.bytes).unwrap();
    assert!(metrics.contains("passerelle_rules_reloads_total{outcome=\"refused\"}"));

    let regles = daemon.edit("rules/transmission.yaml", &good).await;
    assert_eq!(regles["derniere_tentative"]["acceptee"], true);
    assert_eq!(regles["derniere_tentative"]["erreurs"], json!([]));
    assert_eq!(
        regles["active"], before,
        "the same bytes are the same version, in force all along"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_takes_effect_whole_or_not_at_all() {
    let daemon = Builder::new().start().await;
    daemon
        .edit("rules/priorites.yaml", "priorites: {high: A, high: B}\n")
        .await;
    // A valid edit of another file does not take effect beside the invalid one.
    let regles = daemon.edit("rules/transmission.yaml", "modes: []\n").await;
    assert_eq!(regles["derniere_tentative"]["acceptee"], false);
    daemon.created(&signalement(1)).await;
    let regles = daemon
        .edit("rules/priorites.yaml", "priorites: {high: A}\n")
        .await;
    assert_eq!(regles["derniere_tentative"]["acceptee"], true);
    assert_eq!(daemon.post(&signalement(2)).await.json()["transmis"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_all_files_come_at_once() {
    let daemon = Builder::new().start().await;
    fs::write(
        daemon.folder.path().join("rules/priorites.yaml"),
        "priorite: {}\n",
    )
    .unwrap();
    fs::write(
        daemon.folder.path().join("rules/accuses.rhai"),
        "fn accuses() { [] }\n",
    )
    .unwrap();
    fs::write(
        daemon.folder.path().join("referentiel/biens.csv"),
        "code;libelle\n",
    )
    .unwrap();
    let request = daemon.request("POST", "/api/v1/admin/regles/recharger", "admin");
    let regles = daemon.send(request).await.json();
    let errors = regles["derniere_tentative"]["erreurs"]
        .as_array()
        .unwrap()
        .clone();
    for file in ["priorites.yaml", "accuses.rhai", "biens.csv"] {
        assert!(
            errors.iter().any(|it| it["fichier"] == file),
            "{file}: {errors:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_on_demand_answers_with_its_outcome() {
    let daemon = Builder::new().start().await;
    fs::write(
        daemon.folder.path().join("rules/transmission.yaml"),
        "modes: []\n",
    )
    .unwrap();
    let request = daemon.request("POST", "/api/v1/admin/regles/recharger", "admin");
    let regles = daemon.send(request).await.json();
    assert_eq!(regles["derniere_tentative"]["acceptee"], true);
    assert_eq!(
        regles["derniere_tentative"]["version"],
        regles["active"]["version"]
    );
    assert_eq!(daemon.post(&signalement(1)).await.json()["transmis"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_read_is_reported_and_changes_no_version() {
    let daemon = Builder::new().start().await;
    let before = daemon.regles().await["active"].clone();
    let path = daemon.folder.path().join("rules/archives");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("statuts.yaml"), "").unwrap();
    let told = |wanted: usize| {
        let daemon = &daemon;
        until("the folder is told", move || async move {
            let tried = daemon.regles().await["derniere_tentative"].clone();
            let told = tried["avertissements"].as_array().unwrap();
            let all = told.iter().filter(|it| it["fichier"] == "archives");
            (all.count() == wanted).then_some(())
        })
    };
    told(1).await;
    assert_eq!(daemon.regles().await["active"], before);
    fs::remove_dir_all(&path).unwrap();
    told(0).await;
    assert_eq!(daemon.regles().await["active"], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_saves_the_last_one_wins() {
    let daemon = Builder::new().start().await;
    let path = daemon.path("rules/priorites.yaml");
    let (folder, saves) = (daemon.folder.clone(), 1_000);
    let storm = tokio::task::spawn_blocking(move || {
        for number in 1..=saves {
            let text = format!("priorites: {{high: mot-{number}}}\n");
            // Alternately in the two ways editors save: over the old file, and by renaming.
            if number % 2 == 0 {
                fs::write(&path, text).unwrap();
            } else {
                let beside = folder.path().join("rules/.priorites.swp");
                fs::write(&beside, text).unwrap();
                fs::rename(beside, &path).unwrap();
            }
        }
    });
    let mut number = 0;
    let mut word = async || {
        number += 1;
        let uid = daemon.created(&signalement(number)).await;
        let path = format!("/api/v1/demandes/{uid}");
        daemon.get(&path, "crm").await.json()["priorite"].clone()
    };
    while !storm.is_finished() {
        word().await;
    }
    storm.await.unwrap();
    while word().await != "mot-1000" {
        tokio::task::yield_now().await;
    }
    let regles = daemon.regles_when("no refusal is left", is_accepted).await;
    assert_eq!(
        regles["derniere_tentative"]["version"],
        regles["active"]["version"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_on_demand_answers_with_its_own_attempt_even_in_a_storm() {
    let daemon = Builder::new().start().await;
    let storm = Arc::new(AtomicBool::new(true));
    let (folder, goes_on) = (daemon.folder.clone(), storm.clone());
    let saves = tokio::task::spawn_blocking(move || {
        let mut number = 0;
        while goes_on.load(Ordering::SeqCst) {
            number += 1;
            let beside = folder.path().join("rules/.priorites.swp");
            fs::write(&beside, format!("priorites: {{high: mot-{number}}}\n")).unwrap();
            fs::rename(beside, folder.path().join("rules/priorites.yaml")).unwrap();
        }
        number
    });
    let le = |regles: &Value| {
        let le = regles["derniere_tentative"]["le"].as_str().unwrap();
        DateTime::parse_from_rfc3339(le).unwrap()
    };
    let asked = Utc::now() - TimeDelta::milliseconds(1);
    let regles = daemon.reload().await;
    assert!(le(&regles) > asked, "{regles}");
    daemon.created(&signalement(1)).await;
    storm.store(false, Ordering::SeqCst);
    let last = saves.await.unwrap();
    let regles = daemon.reload().await;
    assert!(is_accepted(&regles), "{regles}");
    let uid = daemon.created(&signalement(2)).await;
    let path = format!("/api/v1/demandes/{uid}");
    assert_eq!(
        daemon.get(&path, "crm").await.json()["priorite"],
        format!("mot-{last}")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_between_the_first_read_and_the_watching_is_noticed() {
    for name in ["rules/priorites.yaml", "referentiel/biens.csv"] {
        let builder = Builder::new();
        let path = builder.folder().path().join(name);
        let daemon = builder
            .start_while(|| {
                let read = fs::read_to_string(&path).unwrap();
                fs::write(&path, format!("{read}\n")).unwrap();
            })
            .await;
        let boot = daemon.state.store.list_versions(10).await.unwrap();
        let boot = boot.last().unwrap().version.clone();
        daemon
            .regles_when("the edit is in force", |it| it["active"]["version"] != boot)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_whose_cases_fail_does_not_take_effect() {
    let daemon = Builder::new().start().await;
    fs::create_dir(daemon.folder.path().join("rules/cas")).unwrap();
    let case = |wanted: &str| {
        format!(
            "cas: [{{nom: essai, signalement: {{qualification: ASC, residence: MZ-01}}, attendu: {{gestionnaire_concerne: {wanted}}}}}]"
        )
    };
    let regles = daemon.edit("rules/cas/a.yaml", &case("TEC-1")).await;
    assert_eq!(regles["derniere_tentative"]["acceptee"], true);
    let before = regles["active"].clone();
    let broken = daemon
        .read("rules/gestionnaire.rhai")
        .replace("concerne = responsable", "throw 1");
    let broken = broken.replace(
        "gestionnaire_concerne: concerne",
        "gestionnaire_concerne: responsable",
    );
    let regles = daemon.edit("rules/gestionnaire.rhai", &broken).await;
    assert_eq!(regles["active"], before);
    let error = &regles["derniere_tentative"]["erreurs"][0];
    assert_eq!(
        (error["code"].as_str(), error["fichier"].as_str()),
        (Some("cas"), Some("cas/a.yaml"))
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("attendu « TEC-1 », obtenu « RS-MZ-01 »")
    );
    // With its case changed too, the edit is intended.
    let regles = daemon.edit("rules/cas/a.yaml", &case("RS-MZ-01")).await;
    assert_eq!(regles["derniere_tentative"]["acceptee"], true);
}
