//! Places that a list or a text does not have, counted from 0.

use rstest::rstest;

use super::affecter;

#[rstest]
#[case(
    "let l = [1, 2]; l[2]",
    "la liste a 2 éléments : il n'y en a pas au rang 2 ; on compte à partir de 0 : le dernier est au rang 1 ; pour en ajouter un, écrivez « .push(…) »"
)]
#[case(
    "let l = [1, 2]; l[2] = 3",
    "la liste a 2 éléments : il n'y en a pas au rang 2 ; on compte à partir de 0 : le dernier est au rang 1 ; pour en ajouter un, écrivez « .push(…) »"
)]
#[case(
    "let l = [1]; l[-2]",
    "la liste a 1 élément : il n'y en a pas au rang -2 ; un rang négatif se compte depuis la fin : le premier est au rang -1"
)]
#[case(
    "let l = []; l[0]",
    "la liste est vide : elle n'a pas d'élément au rang 0 ; pour en ajouter un, écrivez « .push(…) »"
)]
#[case(
    "let l = []; l[0] = \"a\"",
    "la liste est vide : elle n'a pas d'élément au rang 0 ; pour en ajouter un, écrivez « .push(…) »"
)]
#[case(
    "let t = \"été\"; t[3]",
    "le texte a 3 caractères : il n'y en a pas au rang 3 ; on compte à partir de 0 : le dernier est au rang 2"
)]
#[case(
    "let t = \"\"; t[0]",
    "le texte est vide : il n'a pas de caractère au rang 0"
)]
#[case("let n = 8; n[64]", "« [ ] » ne s'emploie pas avec un nombre")]
fn a_place_outside_a_value_is_explained(#[case] body: &str, #[case] message: &str) {
    assert_eq!(affecter(body).unwrap_err().message, message);
}

#[rstest]
#[case("let l = [1, 2]; l[1]")]
#[case("let l = [1]; l[-1]")]
#[case("let l = [1, 2]; l.push(3); l[2]")]
#[case("let l = []; l.push(\"a\"); l[0]")]
#[case("let t = \"été\"; t[2]")]
fn following_the_message_leaves_no_missing_place(#[case] body: &str) {
    let message = affecter(body).unwrap_err().message;
    assert!(!message.contains("rang"), "{message}");
}
