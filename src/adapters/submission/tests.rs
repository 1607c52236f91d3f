//! Valid and invalid bodies that SoWell may send.

use super::*;
use crate::settings::Settings;
use rstest::rstest;
use serde_json::{Value, json};

fn sample() -> Value {
    json!({
        "qualification": "ASC", "residence": "MZ-01", "bien": null, "auteur": "Zoé N'Guyen",
        "email_auteur": "zoe@locataire.example", "date_creation": "2026-02-28T23:59:59.511+01:00",
        "priorite": "high", "description": "L'ascenseur\nest « bloqué » 🚨",
        "lien_sowell": "https://manager.sowell.example/1",
    })
}

fn read_value(value: &Value) -> Submission {
    let limits = Settings::load(None, Vec::new()).unwrap().live.limits;
    read(
        Client::Sowell,
        None,
        value.to_string().into_bytes().into(),
        &limits,
    )
    .unwrap()
}

#[test]
fn a_good_body_is_kept_verbatim() {
    let submission = read_value(&sample());
    let content = submission.content.unwrap();
    assert_eq!(
        content.signalement.description,
        "L'ascenseur\nest « bloqué » 🚨"
    );
    assert_eq!(content.signalement.bien, None);
    assert!(submission.avertissements.is_empty());
}

#[test]
fn an_unknown_key_is_kept_and_named() {
    let mut value = sample();
    value["gps"] = json!({"lat": 49.1});
    let submission = read_value(&value);
    assert!(submission.avertissements[0].contains("gps"));
    let content = submission.content.unwrap();
    assert_eq!(content.signalement.autres["gps"]["lat"], 49.1);
    assert!(content.payload.contains("\"gps\":{\"lat\":49.1}"));
}

#[rstest]
#[case::within_the_limit(20, true, false)]
#[case::over_the_limit(21, false, true)]
#[case::far_over_the_limit(1_001, false, false)]
fn too_many_photos_leave_a_content_only_to_find_its_creation(
    #[case] photos: usize,
    #[case] valid: bool,
    #[case] as_repeat: bool,
) {
    let mut value = sample();
    value["photos"] = vec![json!("/9j/"); photos].into();
    let submission = read_value(&value);
    assert_eq!(submission.content.is_some(), valid);
    let found = submission.only_as_repeat;
    assert_eq!(found.is_some(), as_repeat);
    assert!(found.is_none_or(|it| it.signalement.photos == photos));
    let pointers: Vec<_> = submission.faults.iter().map(|it| &it.pointer).collect();
    assert_eq!(pointers, vec!["/photos"; usize::from(!valid)]);
}

#[rstest]
#[case("auteur", json!(""))]
#[case("auteur", json!("a\nb"))]
#[case("auteur", json!("a\u{0}b"))]
#[case("auteur", json!(["a"]))]
#[case("auteur", json!(null))]
#[case("auteur", json!("é".repeat(201)))]
#[case("description", json!("x\u{0}"))]
#[case("description", json!("   \n"))]
#[case("email_auteur", json!("pas-une-adresse"))]
#[case("email_auteur", json!("Zoé <z@x.fr>"))]
#[case("email_auteur", json!(" <z@x.fr>"))]
#[case("lien_sowell", json!(" https://a/b"))]
#[case("lien_sowell", json!("https:/a"))]
#[case("lien_sowell", json!("https:///a"))]
#[case("lien_sowell", json!("https://a/\tb"))]
#[case("date_creation", json!("2026-02-30T00:00:00Z"))]
#[case("date_creation", json!("2026-02-28T00:00:00"))]
#[case("lien_sowell", json!("javascript:alert(1)"))]
#[case("lien_sowell", json!("ftp://x.example/1"))]
#[case("qualification", json!("x".repeat(65)))]
#[case("transmettre_auteur", json!("oui"))]
#[case("photos", json!("x"))]
fn the_pointer_of_a_fault_names_its_field(#[case] key: &str, #[case] bad: Value) {
    let mut value = sample();
    value[key] = bad;
    let submission = read_value(&value);
    assert!(submission.content.is_none());
    let pointers: Vec<&str> = submission
        .faults
        .iter()
        .map(|it| it.pointer.as_str())
        .collect();
    assert_eq!(pointers, [format!("/{key}")]);
}

#[test]
fn all_faults_of_a_text_are_reported() {
    let mut value = sample();
    value["auteur"] = json!(format!("a\0\n{}", "x".repeat(200)));
    let faults = read_value(&value).faults;
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults.iter().all(|it| it.pointer == "/auteur"));
}

#[rstest]
#[case("auteur", json!("é".repeat(200)))]
#[case("description", json!("🚨".repeat(20_000)))]
#[case("date_creation", json!("2012-04-23T18:25:43.511Z"))]
#[case("date_creation", json!("2012-04-23T18:25:43+0200"))]
#[case("bien", json!(null))]
#[case("photos", json!(null))]
fn a_field_at_its_limit_is_good(#[case] key: &str, #[case] good: Value) {
    let mut value = sample();
    value[key] = good;
    assert_eq!(read_value(&value).faults, []);
}

#[test]
fn all_faults_are_reported_together_and_codes_can_still_be_checked() {
    let mut value = sample();
    value["auteur"] = json!(1);
    value["photos"] = json!(["x", 2]);
    let submission = read_value(&value);
    let pointers: Vec<&str> = submission
        .faults
        .iter()
        .map(|it| it.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/auteur", "/photos/0", "/photos/1"]);
    assert_eq!(submission.codes.residence.as_deref(), Some("MZ-01"));
}

#[test]
fn a_stored_body_is_read_back() {
    let mut value = sample();
    value["gps"] = json!([1]);
    let content = read_value(&value).content.unwrap();
    let read = stored_signalement(&content.payload, 0).unwrap();
    assert_eq!(read, content.signalement);
}
