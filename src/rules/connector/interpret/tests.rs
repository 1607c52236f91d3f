//! Which values of an answer identify a demande.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::super::{Operation, Partner, Step, sample};
use super::*;

const API: &str = "
doublons: recherche
operations:
  chercher: {chemin: '/demandes', parametres: {r: '{{ reference }}'}, elements: /found, uid: /id}
  creer: {chemin: '/demandes/{{ reference }}', corps: {json: {}}, uid: /id}
";

fn read(operation: Operation, answered: &Json) -> Result<Extracted, Failure> {
    read_body(operation, answered.to_string().into_bytes())
}

fn read_body(operation: Operation, body: Vec<u8>) -> Result<Extracted, Failure> {
    let mut faults = Vec::new();
    let api = Connector::compile(Partner::Crm, API, &mut faults);
    let api = api.unwrap_or_else(|| panic!("{faults:?}"));
    let access = api.sample_access().unwrap();
    let answer = Answer {
        status: 200,
        headers: BTreeMap::new(),
        body,
        whole: true,
    };
    api.interpret(operation, Step::Main, &sample(operation), &access, &answer)
}

#[rstest]
#[case::number(json!(4012), "4012")]
#[case::text(json!(" DEM-1 "), "DEM-1")]
#[case::path(json!("4/2"), "4/2")]
#[case::word(json!("true"), "true")]
#[case::longest(json!("é".repeat(200)), &"é".repeat(200))]
fn a_text_or_a_number_identifies_a_demande(#[case] id: Json, #[case] uid: &str) {
    let created = read(Operation::Creer, &json!({"id": id})).unwrap();
    assert_eq!(created.items[0]["uid"], uid);
    let found = read(Operation::Chercher, &json!({"found": [{"id": id}]})).unwrap();
    assert_eq!(found.items[0]["uid"], uid);
}

#[rstest]
#[case::too_long(json!("x".repeat(201)))]
#[case::lines(json!("a\nb"))]
#[case::nul(json!("a\0b"))]
#[case::step(json!(".."))]
#[case::here(json!("."))]
#[case::yes(json!(true))]
#[case::empty(json!(""))]
#[case::list(json!(["a"]))]
#[case::damaged(json!("a\u{fffd}"))]
fn other_values_do_not_identify_a_demande(#[case] id: Json) {
    let created = read(Operation::Creer, &json!({"id": id})).unwrap_err();
    assert_eq!(created.meaning, Meaning::InDoubt, "{created:?}");
    assert!(created.reason.contains("« uid »"), "{created:?}");
    // If it were left out of the results, the demande would be created again.
    let found = read(Operation::Chercher, &json!({"found": [{"id": id}]})).unwrap_err();
    assert_eq!(found.meaning, Meaning::Unavailable, "{found:?}");
}

#[test]
fn large_numbers_identify_different_demandes() {
    for id in ["12345678901234567890123", "12345678901234567890124"] {
        let body = format!(r#"{{"id": {id}, "n": 1e999, "titre": "fuite \ud83d"}}"#);
        let created = read_body(Operation::Creer, body.into_bytes()).unwrap();
        assert_eq!(created.items[0]["uid"], id);
    }
}

#[test]
fn half_an_emoji_in_the_uid_identifies_nothing() {
    let created = read_body(Operation::Creer, br#"{"id": "A\ud83d"}"#.to_vec());
    assert_eq!(created.unwrap_err().meaning, Meaning::InDoubt);
}
