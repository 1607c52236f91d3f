//! SoWell creates a signalement.

mod repeats;

use passerelle::domain::signalement::SignalementId;
use rstest::rstest;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Builder, PNG, signalement, signalement_with, token, until};
use crate::postgres::Backend;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_signalement_becomes_a_demande_with_its_photos(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = builder.start().await;
    let answer = daemon.post(&signalement(1)).await;
    assert_eq!(answer.status, 201);
    let body = answer.json();
    let uid = body["uid"].as_str().unwrap();
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/signalements/{uid}").as_str())
    );
    assert_eq!(body["transmis"], true);
    assert_eq!(body["statut"], "Transférée");
    assert_eq!(body["statut_sowell"], "En attente");
    assert_eq!(body["canal"], "SoWell");
    assert_eq!(body["gestionnaire_concerne"]["identifiant"], "TEC-1");
    assert_eq!(body["acteur_en_charge"]["identifiant"], "RS-MZ-01");
    assert_eq!(body["avertissements"], json!([]));

    let demande = daemon
        .get(&format!("/api/v1/demandes/{uid}"), "crm")
        .await
        .json();
    assert_eq!(demande["priorite"], "haute");
    assert_eq!(demande["workflow"], "INTERVENTION");
    assert_eq!(demande["auteur"], "Zoé N'Guyen-Müller");
    assert_eq!(
        demande["contexte"],
        "Signalement SoWell du 28/02/2026 à 23:59\nPriorité : haute\n\nBloqué au 4ᵉ <b>étage</b> & \"bruit\" 🚨\nDeuxième ligne"
    );
    let files = demande["fichiers"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    let wanted = base64_simd::STANDARD.decode_to_vec(PNG).unwrap();
    for (file, nom) in files.iter().zip(["photo-1.png", "photo-2.png"]) {
        assert_eq!(file["nom"], nom);
        assert_eq!(file["type"], "image/png");
        assert_eq!(file["taille"], wanted.len());
        let sha = hex::encode(Sha256::digest(&wanted));
        assert_eq!(file["sha256"], sha);
        let photo = daemon.get(file["url"].as_str().unwrap(), "admin").await;
        assert_eq!(photo.header("content-type"), Some("image/png"));
        assert_eq!(photo.bytes, wanted);
    }

    for id in [uid, body["id"].as_str().unwrap()] {
        let state = daemon
            .get(&format!("/api/v1/signalements/{id}"), "sowell")
            .await
            .json();
        assert_eq!(state["etat"], "transmis");
        assert_eq!(state["uid"], uid);
        assert_eq!(state["statuts"], json!([]));
    }
}

#[rstest]
#[case::asked_type_is_there("PROP", "MZ-01", "GAR-1", "RS-MZ-01")]
#[case::falls_back("ASC", "MZ-02", "RS-MZ-02", "RS-MZ-02")]
#[case::another_residence("PROP", "TH-07", "GAR-7", "RS-TH-07")]
#[case::sector_itself("VOIS", "TH-07", "RS-TH-07", "RS-TH-07")]
#[tokio::test(flavor = "multi_thread")]
async fn managers_are_found_from_residence_and_qualification(
    #[case] qualification: &str,
    #[case] residence: &str,
    #[case] concerne: &str,
    #[case] acteur: &str,
) {
    let daemon = Builder::new().start().await;
    let change = json!({"qualification": qualification, "residence": residence, "bien": null});
    let body = daemon.post(&signalement_with(1, &change)).await.json();
    assert_eq!(body["gestionnaire_concerne"]["identifiant"], concerne);
    assert_eq!(body["acteur_en_charge"]["identifiant"], acteur);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_residence_without_responsable_is_an_error_that_keeps_the_signalement() {
    let daemon = Builder::new().start().await;
    let body = signalement_with(1, &json!({"residence": "SANS", "bien": null}));
    let answer = daemon.post(&body).await;
    assert_eq!(answer.status, 500);
    let problem = answer.json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("gestionnaire.rhai") && detail.contains("affecter"),
        "{detail}"
    );
    assert!(problem["reference"].is_string());
    let id = problem["id"].as_str().unwrap();
    let state = daemon
        .get(&format!("/api/v1/signalements/{id}"), "admin")
        .await
        .json();
    assert_eq!(state["etat"], "echec");
    assert!(
        state["motif"].as_str().unwrap().contains("responsable"),
        "{state}"
    );

    let managers = daemon.read("referentiel/gestionnaires.csv");
    let mended = format!("{managers}SANS;responsable_secteur;RS-NEW;Nouveau;n@bailleur.example\n");
    daemon.edit("referentiel/gestionnaires.csv", &mended).await;
    let answer = daemon.post(&body).await;
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.json()["id"],
        id,
        "the same signalement keeps its identity"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_in_any_form_of_iso_8601_is_valid_everywhere() {
    let daemon = Builder::new().start().await;
    let body = signalement_with(1, &json!({"date_creation": "2026-02-28T23:59+0100"}));
    let uid = daemon.created(&body).await;
    let demande = daemon
        .get(&format!("/api/v1/demandes/{uid}"), "crm")
        .await
        .json();
    assert!(
        demande["contexte"]
            .as_str()
            .unwrap()
            .contains("28/02/2026 à 23:59")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_are_reported_at_once() {
    let daemon = Builder::new().start().await;
    let answer = daemon
        .post(&json!({
            "qualification": "NON", "residence": "NON", "bien": "NON", "auteur": " ",
            "email_auteur": "x", "date_creation": "hier", "priorite": "urgent",
            "photos": ["???", PNG, 3], "lien_sowell": "mailto:x@y.fr", "transmettre_auteur": 1,
        }))
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(
        answer.pointers(),
        [
            "/auteur",
            "/bien",
            "/date_creation",
            "/description",
            "/email_auteur",
            "/lien_sowell",
            "/photos/0",
            "/photos/2",
            "/priorite",
            "/qualification",
            "/residence",
            "/transmettre_auteur",
        ]
    );
}

#[rstest]
#[case::unknown_residence(json!({"residence": "NON", "bien": null}), &["/residence"])]
#[case::unknown_bien(json!({"bien": "NON"}), &["/bien"])]
#[case::bien_elsewhere(json!({"bien": "TH-07-B-3"}), &["/bien"])]
#[case::unknown_qualification(json!({"qualification": "asc"}), &["/qualification"])]
#[case::unknown_priority(json!({"priorite": "medium"}), &["/priorite"])]
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_code_is_refused_and_recorded_without_a_key(
    #[case] change: Value,
    #[case] pointers: &[&str],
) {
    let daemon = Builder::new().start().await;
    let answer = daemon.post(&signalement_with(1, &change)).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.pointers(), pointers);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let state = daemon
        .get(&format!("/api/v1/signalements/{id}"), "admin")
        .await
        .json();
    assert_eq!(state["etat"], "echec");
    // Its key is free: different content under the same link is no conflict.
    assert_eq!(daemon.post(&signalement(1)).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_kept_and_named() {
    let daemon = Builder::new().start().await;
    let body = signalement_with(1, &json!({"gps": {"lat": 49.1}, "étage": 4}));
    let answer = daemon.post(&body).await;
    assert_eq!(answer.status, 201);
    let warnings = answer.json()["avertissements"].to_string();
    assert!(
        warnings.contains("gps") && warnings.contains("étage"),
        "{warnings}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_leaves_its_signalement_behind() {
    let daemon = Builder::new().start().await;
    let body = signalement(1).to_string();
    let mut stream = TcpStream::connect(daemon.address).await.unwrap();
    let head = format!(
        "POST /api/v1/signalements HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        token("sowell"),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    drop(stream);
    // Only read, never posted again: the first request alone can have created it.
    let id = SignalementId::of_lien("https://manager.sowell.example/signalements/1");
    let path = format!("/api/v1/signalements/{}", id.as_str());
    until("the work went on", || async {
        let answer = daemon.get(&path, "admin").await;
        (answer.status == 200 && answer.json()["etat"] == "transmis").then_some(())
    })
    .await;
}

#[rstest]
#[case::tous("modes: [tous]", "ASC", json!({}), true)]
#[case::category_listed("modes: [categories]\ncategories: [ASC]", "ASC", json!({}), true)]
#[case::category_not_listed("modes: [categories]\ncategories: [PROP]", "ASC", json!({}), false)]
#[case::author_asked("modes: [auteur]", "ASC", json!({"transmettre_auteur": true}), true)]
#[case::only_manager_asked("modes: [auteur]", "ASC", json!({"transmettre_manager": true}), false)]
#[case::manager_asked("modes: [manager]", "ASC", json!({"transmettre_manager": true}), true)]
#[case::one_is_enough("modes: [categories, manager]\ncategories: [PROP]", "ASC", json!({"transmettre_manager": true}), true)]
#[case::nothing_is_forwarded("modes: []", "ASC", json!({"transmettre_manager": true}), false)]
#[tokio::test(flavor = "multi_thread")]
async fn the_four_answers_to_what_is_forwarded(
    #[case] rule: &str,
    #[case] qualification: &str,
    #[case] flags: Value,
    #[case] forwarded: bool,
) {
    let daemon = Builder::new()
        .file("rules/transmission.yaml", rule)
        .start()
        .await;
    let mut body = signalement_with(1, &flags);
    body["qualification"] = json!(qualification);
    let answer = daemon.post(&body).await;
    assert_eq!(answer.status, if forwarded { 201 } else { 200 });
    assert_eq!(answer.json()["transmis"], forwarded);
}
