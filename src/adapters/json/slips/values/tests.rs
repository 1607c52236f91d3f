//! Mistakes in values, each with the text corrected by the remedy.

use super::super::tests::told;
use crate::adapters::json::Json;
use rstest::rstest;

#[rstest]
#[case::two_in_list("[1,,2]", "colonne 4) : deux virgules", "[1,2]")]
#[case::nan(
    "{\"a\": NaN}",
    "colonne 7) : « NaN » n'existe pas en JSON : écrivez null",
    "{\"a\": null}"
)]
#[case::infinity(
    "{\"a\": -Infinity}",
    "colonne 7) : « -Infinity » n'existe pas",
    "{\"a\": null}"
)]
#[case::python(
    "{\"a\": None}",
    "« None » n'existe pas en JSON : écrivez null",
    "{\"a\": null}"
)]
#[case::upper(
    "{\"a\": True}",
    "« True » n'existe pas en JSON : écrivez true",
    "{\"a\": true}"
)]
#[case::javascript(
    "{\"a\": nul}",
    "« nul » n'existe pas en JSON : écrivez null",
    "{\"a\": null}"
)]
#[case::french_yes("[oui]", "« oui » n'existe pas en JSON : écrivez true", "[true]")]
#[case::bare(
    "{\"a\": ASC}",
    "colonne 7) : mettez ce texte entre guillemets",
    "{\"a\": \"ASC\"}"
)]
#[case::nearly_true(
    "{\"a\": tresses}",
    "colonne 7) : mettez ce texte entre guillemets",
    "{\"a\": \"tresses\"}"
)]
#[case::no_comma(
    "{\"a\": \"é\"\n\"b\": 2}",
    "(ligne 1, colonne 9) : il manque une virgule",
    "{\"a\": \"é\",\n\"b\": 2}"
)]
#[case::no_comma_before_a_bare_name(
    "{\"a\": \"b\"\n c: 1}",
    "(ligne 1, colonne 9) : il manque une virgule",
    "{\"a\": \"b\",\n \"c\": 1}"
)]
#[case::no_comma_before_a_curved_name(
    "{\"a\": \"b\"\r\n“c”: 1}",
    "(ligne 1, colonne 9) : il manque une virgule",
    "{\"a\": \"b\",\r\n\"c\": 1}"
)]
#[case::no_comma_between_numbers(
    "[1\n2]",
    "(ligne 1, colonne 2) : il manque une virgule",
    "[1,\n2]"
)]
#[case::name_in_list(
    "[\"a\": 1]",
    "colonne 2) : un nom et sa valeur se mettent entre « { » et « } »",
    "{\"a\": 1}"
)]
#[case::name_in_inner_list(
    "{\"a\": [\"b\" : 1, \"c\": 2]}",
    "colonne 8) : un nom et sa valeur se mettent entre « { » et « } »",
    "{\"a\": {\"b\" : 1, \"c\": 2}}"
)]
#[case::name_behind_an_open_list(
    "{\"a\": [\"b\", \"c\": 1}",
    "colonne 11) : si la liste finit ici, il manque « ] » devant cette virgule",
    "{\"a\": [\"b\"], \"c\": 1}"
)]
#[case::second_object_in_list(
    "{\"a\": [{\"b\": 1}, \"b\": 2]}",
    "sinon, le nom qui suit et sa valeur se mettent entre « { » et « } »",
    "{\"a\": [{\"b\": 1}, {\"b\": 2}]}"
)]
#[case::no_comma_in_list("[{} {}]", "colonne 3) : il manque une virgule", "[{}, {}]")]
#[case::semicolon(
    "{\"a\": 1; \"b\": 2}",
    "colonne 8) : mettez une virgule",
    "{\"a\": 1, \"b\": 2}"
)]
#[case::no_value(
    "{\"a\": , \"b\": 1}",
    "colonne 7) : devant ce signe, il manque une valeur",
    "{\"a\": null, \"b\": 1}"
)]
#[case::date(
    "{\"a\": 2026-03-01T09:30:00Z}",
    "colonne 7) : mettez cette valeur entre guillemets",
    "{\"a\": \"2026-03-01T09:30:00Z\"}"
)]
#[case::leading_zero(
    "{\"a\": 0123}",
    "colonne 7) : un nombre ne commence pas par 0",
    "{\"a\": 123}"
)]
#[case::broken_off_behind_a_point(
    "{\"a\":1.}",
    "colonne 7) : il manque un chiffre derrière ce signe",
    "{\"a\":1.0}"
)]
#[case::broken_off_before_a_comma(
    "{\"lat\":49.,\"lon\":6.1}",
    "colonne 10) : il manque un chiffre",
    "{\"lat\":49.0,\"lon\":6.1}"
)]
#[case::broken_off_before_a_space(
    "{\"a\":1. }",
    "colonne 7) : il manque un chiffre",
    "{\"a\":1.0 }"
)]
#[case::broken_off_in_a_list("[-]", "colonne 2) : il manque un chiffre", "[-0]")]
#[case::sign_alone("{\"a\":-}", "colonne 6) : il manque un chiffre", "{\"a\":-0}")]
#[case::no_exponent(
    "{\"a\":1e,\"b\":1}",
    "colonne 7) : il manque un chiffre",
    "{\"a\":1e0,\"b\":1}"
)]
#[case::no_exponent_at_the_end("{\"a\":1e}", "colonne 7) : il manque un chiffre", "{\"a\":1e0}")]
#[case::signed_exponent("{\"a\":1e-}", "colonne 8) : il manque un chiffre", "{\"a\":1e-0}")]
#[case::spaced_sign(
    "{\"a\":- 5}",
    "colonne 7) : un nombre s'écrit sans espace",
    "{\"a\":-5}"
)]
#[case::spaced_thousands(
    "{\"a\":1 000}",
    "colonne 7) : un nombre s'écrit sans espace",
    "{\"a\":1000}"
)]
#[case::spaced_in_list(
    "{\"a\":[1 2]}",
    "colonne 8) : mettez une virgule entre ces deux nombres",
    "{\"a\":[1, 2]}"
)]
#[case::incomplete_word(
    "{\"a\":tru}",
    "colonne 6) : ce mot n'est pas complet : écrivez true",
    "{\"a\":true}"
)]
#[case::incomplete_word_before_a_comma(
    "{\"a\":fals,\"b\":1}",
    "colonne 6) : ce mot n'est pas complet : écrivez false, ou mettez-le",
    "{\"a\":\"fals\",\"b\":1}"
)]
#[case::incomplete_word_in_list(
    "[nu]",
    "colonne 2) : ce mot n'est pas complet : écrivez null",
    "[null]"
)]
#[case::longer_word(
    "{\"a\":truee}",
    "colonne 6) : mettez ce texte entre guillemets",
    "{\"a\":\"truee\"}"
)]
#[case::point_alone(
    "{\"a\":.}",
    "colonne 6) : mettez une valeur à la place de ce point",
    "{\"a\":null}"
)]
#[case::plus("{\"a\": +1}", "colonne 7) : effacez le signe « + »", "{\"a\": 1}")]
#[case::point(
    "{\"a\": .5}",
    "colonne 7) : un nombre ne commence pas par un point",
    "{\"a\": 0.5}"
)]
#[case::closed_by_another(
    "{\"a\": [1}",
    "colonne 9) : « [ » n'est pas encore refermé : mettez « ] » ici",
    "{\"a\": [1]}"
)]
fn a_wrong_value_is_reported_at_its_position_with_the_remedy(
    #[case] wrong: &str,
    #[case] words: &str,
    #[case] mended: &str,
) {
    let told = told(wrong);
    assert!(told.contains(words), "{told}");
    Json::parse(mended.as_bytes()).unwrap();
}

#[rstest]
#[case(
    "{\"a\":[1]x}",
    "le corps n'est pas du JSON valide (ligne 1, colonne 9)"
)]
#[case(
    "{\"a\":[1]2}",
    "le corps n'est pas du JSON valide (ligne 1, colonne 9)"
)]
#[case(
    "{\"a\":{\"b\":1}c}",
    "le corps n'est pas du JSON valide (ligne 1, colonne 13)"
)]
fn a_sign_behind_a_bracket_is_only_located(#[case] wrong: &str, #[case] wanted: &str) {
    assert_eq!(told(wrong), wanted);
}
