//! What the repository ships works unchanged: rules, sample data, requests, settings.

use std::fs;
use std::path::Path;

use passerelle::adapters::edited::EditedFolder;
use passerelle::adapters::shipped::Shipped;
use passerelle::domain::ports::Source;
use passerelle::rules::compile::{Known, compile};
use serde_json::Value;

use crate::harness::Builder;

#[test]
fn the_binary_contains_the_files_of_the_folders() {
    let rules = EditedFolder::rules("rules".into()).read().unwrap();
    assert_eq!(Shipped::Rules.files(), rules);
    let exports = EditedFolder::referentiel("examples/referentiel".into())
        .read()
        .unwrap();
    assert_eq!(Shipped::Referentiel.files(), exports);
    let (generation, remarks) = compile(&rules, &exports, Known::default());
    assert!(generation.is_some());
    assert_eq!(remarks, []);
}

#[test]
fn the_sample_landlord_is_believable() {
    let exports = Shipped::Referentiel.files();
    let (referentiel, _) = passerelle::rules::referentiel::read(&exports);
    let referentiel = referentiel.unwrap();
    assert!(referentiel.residences().count() >= 12);
    assert!(referentiel.biens().count() >= 60);
    let mut types: Vec<&str> = referentiel
        .residences()
        .flat_map(|it| it.gestionnaires.types())
        .collect();
    types.sort_unstable();
    types.dedup();
    assert_eq!(
        types,
        ["gardien", "proprete", "responsable_secteur", "technique"]
    );
    assert!(
        referentiel
            .residences()
            .any(|it| it.gestionnaires.len() == 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_request_becomes_a_demande() {
    let daemon = Builder::new()
        .set("RULES_DIR", "rules")
        .set("REFERENTIEL_DIR", "examples/referentiel")
        .start()
        .await;
    let mut count = 0;
    for entry in fs::read_dir(Path::new("examples/requetes")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        daemon.created(&body).await;
        count += 1;
    }
    assert_eq!(count, 3);
}
