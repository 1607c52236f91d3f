//! Words with capitals that are looked for in lower-case text, by a closure or a loop.

use rstest::rstest;

use super::never::of_affecter;

#[rstest]
#[case(
    "let d = signalement.description.to_lower(); if [\"fuite\", \"Gaz\"].some(|mot| d.contains(mot)) { throw 1 }",
    "« Gaz » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "let mots = [\"fuite\", \"Gaz\"]; let d = signalement.description.to_lower(); if mots.some(|mot| d.contains(mot)) { throw 1 }",
    "« Gaz » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "let d = signalement.description; if [\"fuite\", \"Gaz\"].some(|mot| d.to_lower().contains(mot)) { throw 1 }",
    "« Gaz » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "let d = signalement.description.to_lower(); let l = [\"fuite\", \"Gaz\"].filter(|mot| mot in d); throw l",
    "« Gaz » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "let d = signalement.description.to_lower(); if d.split(\" \").some(|mot| mot == \"Gaz\") { throw 1 }",
    "« Gaz » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "if signalement.description.to_lower().split(\" \").some(|mot| mot in [\"fuite\", \"Gaz\"]) { throw 1 }",
    "« Gaz » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "let d = signalement.description.to_lower(); for mot in [\"fuite\", \"Gaz\"] { if d.contains(mot) { throw 1 } }",
    "« Gaz » ne s'y trouve jamais : « to_lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
fn a_word_that_the_letter_case_excludes_is_reported(#[case] lines: &str, #[case] message: &str) {
    let lines = format!("if residence.code != \"A\" {{ {lines} }}");
    assert_eq!(of_affecter(&lines), [message]);
}

#[rstest]
#[case(
    "let d = signalement.description.to_lower(); if [\"fuite\", \"gaz\"].some(|mot| d.contains(mot)) { throw 1 }"
)]
#[case(
    "let d = signalement.description; if [\"fuite\", \"Gaz\"].some(|mot| d.contains(mot)) { throw 1 }"
)]
#[case(
    "let d = signalement.description.to_lower(); if [\"fuite\", \"Gaz\"].some(|mot| d.contains(mot.to_lower())) { throw 1 }"
)]
#[case(
    "let d = signalement.description.to_lower(); if [\"fuite\", \"Gaz\"].some(|mot| { mot = mot.to_lower(); d.contains(mot) }) { throw 1 }"
)]
#[case(
    "let d = signalement.description.to_lower(); if [\"fuite\", \"Gaz\"].some(|mot| { let d = signalement.description; d.contains(mot) }) { throw d }"
)]
#[case(
    "let d = signalement.description.to_lower(); d += \" Gaz\"; if [\"Gaz\"].some(|mot| d.contains(mot)) { throw 1 }"
)]
#[case(
    "let d = signalement.description.to_lower(); if [\"fuite\", \"Gaz\"].map(|mot| mot.to_lower()).some(|mot| d.contains(mot)) { throw 1 }"
)]
#[case(
    "let d = signalement.description.to_lower(); if [\"Gaz\", \"eau\"].some(|mot, rang| rang > 0 && d.contains(mot)) { throw 1 }"
)]
#[case("if signalement.description.split(\" \").some(|mot| mot == \"Gaz\") { throw 1 }")]
#[case(
    "if signalement.description.to_lower().split(\" \").map(|mot| mot.to_upper()).some(|mot| mot == \"GAZ\") { throw 1 }"
)]
#[case(
    "let d = signalement.description.to_lower(); let mots = [\"eau\"]; mots.push(\"Gaz\"); if mots.some(|mot| d.contains(mot)) { throw 1 }"
)]
#[case(
    "let d = residence.nom.to_lower(); if [signalement.description].some(|d| d.contains(\"Gaz\")) { throw d }"
)]
#[case("let d = signalement.description; for mot in [\"Gaz\"] { if d.contains(mot) { throw 1 } }")]
#[case(
    "let d = signalement.description.to_lower(); for mot in [\"fuite\", \"Gaz\"] { let mot = mot.to_lower(); if d.contains(mot) { throw 1 } }"
)]
#[case(
    "let d = signalement.description.to_lower(); for mot in [\"fuite\", \"Gaz\"] { mot.make_lower(); if d.contains(mot) { throw 1 } }"
)]
#[case(
    "let d = signalement.description.to_lower(); for mot in [\"fuite\", \"Gaz\"] { mot = mot.to_lower(); if d.contains(mot) { throw 1 } }"
)]
#[case(
    "let d = signalement.description.to_lower(); for mot in [\"fuite\", \"Gaz\"] { if d.contains(mot.to_lower()) { throw 1 } }"
)]
fn a_word_that_may_occur_is_not_reported(#[case] lines: &str) {
    let lines = format!("if residence.code != \"A\" {{ {lines} }}");
    assert_eq!(of_affecter(&lines), [""; 0]);
}
