//! Functions named like the daemon's that nothing calls.

use rstest::rstest;

use super::{SILENT, compile};

fn told(others: &str) -> Vec<String> {
    let text = format!(
        "fn affecter(signalement, residence, qualification) {{ outil(residence) }}
         fn outil(r) {{ throw r.code; }}
         {others}"
    );
    let (scripts, faults) = compile(&text, SILENT);
    assert!(scripts.is_some(), "{faults:?}");
    faults.into_iter().map(|it| it.message).collect()
}

#[rstest]
#[case(
    "fn affecter_soir(s, r, q) { throw [s, r, q]; }",
    "la fonction « affecter_soir » n'est jamais appelée : Passerelle n'appelle que « affecter » ; appelez « affecter_soir » dans celle-ci, ou enlevez-la"
)]
#[case(
    "fn affecter(s, r, q, heure) { throw [s, r, q, heure]; }",
    "cette fonction n'est jamais appelée : Passerelle appelle la fonction « affecter » qui a 3 paramètres, et celle-ci en a 4"
)]
#[case(
    "fn reaffecter(n) { if n > 0 { reaffecter(n - 1) } }",
    "la fonction « reaffecter » n'est jamais appelée : Passerelle n'appelle que « affecter » ; appelez « reaffecter » dans celle-ci, ou enlevez-la"
)]
fn a_function_that_nothing_calls_is_reported(#[case] others: &str, #[case] message: &str) {
    assert_eq!(told(others), [message]);
}

#[rstest]
#[case("")]
#[case("// fn affecter_soir(s) { }")]
#[case("fn pour_plus_tard(r) { r.code }")]
fn functions_that_are_called_are_not_reported(#[case] others: &str) {
    assert_eq!(told(others), [""; 0]);
}

#[rstest]
#[case("throw affecter_soir(b);", "fn affecter_soir(r) { r.code }")]
#[case("throw b.code.affecter_soir();", "fn affecter_soir() { this }")]
#[case(
    "throw Fn(\"affecter_soir\").call(b);",
    "fn affecter_soir(r) { r.code }"
)]
#[case("throw `${affecter_soir(b)}`;", "fn affecter_soir(r) { r.code }")]
#[case(
    "throw affecter_a(b);",
    "fn affecter_b(r) { r.code } fn affecter_a(r) { affecter_b(r) }"
)]
#[case(
    "throw [1].map(|it| it + affecter_soir(b));",
    "fn affecter_soir(r) { r.photos }"
)]
fn each_way_to_call_a_function_counts(#[case] body: &str, #[case] others: &str) {
    let text = format!("fn affecter(a, b, c) {{ {body} }} {others}");
    let (_, faults) = compile(&text, SILENT);
    let mut told = faults.iter().map(|it| &it.message);
    assert!(!told.any(|it| it.contains("jamais appelée")), "{faults:?}");
}
