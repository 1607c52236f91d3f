//! Edits of rules and reference data while the daemon runs (contract, sections 5 and 6).

use std::fs;

use serde_json::json;

use crate::harness::{Builder, FakeSowell, signalement, signalement_with, until};

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
    // What was in force decides, and the daemon stays ready while it says so.
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
    // A good edit of another file does not go in beside the bad one.
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
async fn a_storm_of_saves_ends_with_the_last_one() {
    let daemon = Builder::new().start().await;
    for number in 0..300 {
        daemon.save(
            "rules/priorites.yaml",
            &format!("priorites: {{high: mot-{number}}}\n"),
        );
    }
    let mut number = 0;
    until("the last save decides", || {
        number += 1;
        let body = signalement(number);
        let daemon = &daemon;
        async move {
            let uid = daemon.created(&body).await;
            let demande = daemon
                .get(&format!("/api/v1/demandes/{uid}"), "crm")
                .await
                .json();
            (demande["priorite"] == "mot-299").then_some(())
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_refused_files_serves_the_last_accepted_version() {
    let daemon = Builder::new().start().await;
    let version = daemon.regles().await["active"]["version"].clone();
    let (folder, environment) = daemon.stop().await;
    fs::write(folder.path().join("rules/statuts.yaml"), "initial: [\n").unwrap();
    let daemon = Builder::again(&folder, environment).start().await;
    let regles = daemon.regles().await;
    assert_eq!(regles["active"]["version"], version);
    assert_eq!(regles["derniere_tentative"]["acceptee"], false);
    assert_eq!(
        regles["derniere_tentative"]["erreurs"][0]["fichier"],
        "statuts.yaml"
    );
    daemon.created(&signalement(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_on_refused_files_tells_what_is_wrong() {
    let refusal = Builder::new()
        .file("rules/statuts.yaml", "initial: [\n")
        .refusal()
        .await;
    assert!(refusal.contains("statuts.yaml, ligne 1"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_editors_leave_behind_is_no_edit() {
    let daemon = Builder::new().start().await;
    let before = daemon.regles().await["derniere_tentative"]["version"].clone();
    for name in [
        ".statuts.yaml.swp",
        "statuts.yaml~",
        "statuts.yaml.bak",
        "4913",
    ] {
        fs::write(daemon.folder.path().join("rules").join(name), "initial: [").unwrap();
    }
    let request = daemon.request("POST", "/api/v1/admin/regles/recharger", "admin");
    let regles = daemon.send(request).await.json();
    assert_eq!(regles["derniere_tentative"]["version"], before);
    assert_eq!(regles["derniere_tentative"]["acceptee"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_swapped_by_a_link_is_noticed() {
    let builder = Builder::new();
    let root = builder.settings().data_dir.parent().unwrap().to_path_buf();
    // As a ConfigMap is mounted: each file a link through `..data` to a dated folder.
    let mounted = root.join("mounted");
    fs::create_dir(&mounted).unwrap();
    let old = mounted.join("..2026_01");
    crate::harness::copy(&root.join("rules"), &old);
    std::os::unix::fs::symlink("..2026_01", mounted.join("..data")).unwrap();
    for entry in fs::read_dir(&old).unwrap() {
        let name = entry.unwrap().file_name();
        let target = std::path::Path::new("..data").join(&name);
        std::os::unix::fs::symlink(target, mounted.join(name)).unwrap();
    }
    let daemon = builder
        .set("RULES_DIR", &mounted.display().to_string())
        .start()
        .await;
    daemon.created(&signalement(1)).await;
    let new = mounted.join("..2026_02");
    crate::harness::copy(&old, &new);
    fs::write(new.join("transmission.yaml"), "modes: []\n").unwrap();
    std::os::unix::fs::symlink("..2026_02", mounted.join("..data_tmp")).unwrap();
    fs::rename(mounted.join("..data_tmp"), mounted.join("..data")).unwrap();
    let mut number = 1;
    until("the new folder decides", || {
        number += 1;
        let body = signalement(number);
        let daemon = &daemon;
        async move { (daemon.post(&body).await.json()["transmis"] == false).then_some(()) }
    })
    .await;
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
    // With its case changed as well, the edit is meant.
    let regles = daemon.edit("rules/cas/a.yaml", &case("RS-MZ-01")).await;
    assert_eq!(regles["derniere_tentative"]["acceptee"], true);
}

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
    let (folder, environment) = daemon.stop().await;
    // A restart is no edit: the same rules stay good.
    let daemon = Builder::again(&folder, environment).start().await;
    assert_eq!(
        daemon.regles().await["derniere_tentative"]["acceptee"],
        true
    );
    let body = daemon.post(&signalement(1)).await.json();
    assert_eq!(body["gestionnaire_concerne"]["identifiant"], "TEC-2");
}
