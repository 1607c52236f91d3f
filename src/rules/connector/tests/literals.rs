//! Numbers and words without quotes, in texts and in JSON.

use super::*;

fn connector(call: &str) -> (Option<Connector>, Vec<Diagnostic>) {
    let (connector, mut faults) = compile(&format!(
        "doublons: upsert\noperations:\n  creer:\n    chemin: /{{{{ reference }}}}\n    {call}\n    uid: /id\n"
    ));
    // None of these sends photos.
    faults.retain(|it| !it.message.starts_with("les photos"));
    (connector, faults)
}

fn sent(call: &str) -> Request {
    let (connector, faults) = connector(call);
    assert_eq!(faults, []);
    let connector = connector.unwrap();
    let access = connector.sample_access().unwrap();
    let values = sample(Operation::Creer);
    connector
        .render(Operation::Creer, Step::Main, &values, &access)
        .unwrap()
}

#[test]
fn a_parameter_is_sent_as_it_is_written() {
    let request = sent(
        "parametres: {v: 1.10, d: 123456789012345678901234, e: 1e3, h: 0x1F, b: true, w: True, n: null, l: [2.0, '3.0'], s: {si: reference, alors: 4.50}}",
    );
    let query = request.url.query().unwrap();
    assert_eq!(
        query,
        "v=1.10&d=123456789012345678901234&e=1e3&h=0x1F&b=true&w=True&l=2.0&l=3.0&s=4.50"
    );
}

#[test]
fn a_header_is_sent_as_it_is_written() {
    let request = sent("entetes: {X-Version: 1.10, X-Yes: true}");
    let header = |name: &str| {
        let found = request.headers.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(header("X-Version"), Some("1.10"));
    assert_eq!(header("X-Yes"), Some("true"));
}

#[test]
fn a_form_field_is_sent_as_it_is_written() {
    let request = sent("corps: {formulaire: {v: 1.10, n: 007}}");
    assert_eq!(request.body, Body::Text("v=1.10&n=007".into()));
    let request =
        sent("corps: {multipart: {v: 1.10, m: {json: {n: 5, v: 1.10}}, t: {texte: 2.0}}}");
    let Body::Multipart(parts) = request.body else {
        panic!("no multipart body");
    };
    let texts: Vec<&PartContent> = parts.iter().map(|it| &it.content).collect();
    let text = |it: &str| PartContent::Text(it.to_owned());
    assert_eq!(
        texts,
        [&text("1.10"), &text("{\"n\":5,\"v\":1.1}"), &text("2.0")]
    );
}

#[test]
fn json_has_numbers() {
    let request =
        sent("corps: {json: {n: 5, v: 1.50, b: false, t: '1.10', z: null, y: NULL, x: Null}}");
    let wanted =
        json!({"n": 5, "v": 1.5, "b": false, "t": "1.10", "z": null, "y": null, "x": null});
    assert_eq!(body(&request), wanted);
}

#[test]
fn an_integer_that_json_would_round_gets_a_remark() {
    let (connector, remarks) =
        self::connector("corps: {json: {a: 123456789012345678901234, b: 18446744073709551615}}");
    assert!(connector.is_some());
    assert_eq!(remarks.len(), 1, "{remarks:?}");
    assert_eq!(remarks[0].severity, Severity::Warning);
    assert_eq!((remarks[0].line, remarks[0].column), (5, 23));
    // Its remedy.
    let request = sent("corps: {json: {a: '123456789012345678901234'}}");
    assert_eq!(body(&request), json!({"a": "123456789012345678901234"}));
}

#[rstest]
fn a_capitalised_word_in_json_gets_a_remark(
    #[values("True", "TRUE", "False", "FALSE")] word: &str,
    #[values("{a: #}", "{a: [1, #]}", "{a: {si: reference, alors: [#]}}")] place: &str,
) {
    let (found, faults) = connector(&format!("corps: {{json: {}}}", place.replace('#', word)));
    assert!(found.is_some());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].severity, Severity::Warning);
    let small = word.to_lowercase();
    assert!(
        faults[0].message.contains(&format!("écrivez « {small} »")),
        "{faults:?}"
    );
    for remedy in [small, format!("\"{word}\"")] {
        sent(&format!("corps: {{json: {}}}", place.replace('#', &remedy)));
    }
}

#[rstest]
#[case("True story")]
#[case("'True'")]
#[case("\"NULL\"")]
#[case("Vrai")]
#[case("tRUE")]
#[case("\"{{ 'True' }}\"")]
fn other_texts_in_json_are_sent(#[case] text: &str) {
    sent(&format!("corps: {{json: {{a: {text}}}}}"));
}

#[test]
fn a_number_too_large_for_json_can_be_sent_as_a_text() {
    let (_, faults) = connector("corps: {json: {a: '{{ 2**70 }}'}}");
    assert_eq!(faults.len(), 1, "{faults:?}");
    let message = &faults[0].message;
    assert!(
        message.contains("écrivez « {{ (…)|string }} »"),
        "{message}"
    );
    let request = sent("corps: {json: {a: '{{ (2**70)|string }}'}}");
    assert_eq!(body(&request), json!({"a": "1180591620717411303424"}));
}
