//! The conditions of a hole if the sample signalement itself fails, and if the words of a description do not matter.

use super::*;

/// The conditions of the only hole of the shipped rules with these lines, followed by what prevents it.
fn conditions(lines: &str) -> Vec<String> {
    let generation = after(&format!(
        "let s = signalement; let d = s.date_creation;\n{lines}"
    ));
    let found = Combinations::of(&generation).decide(&|_| ());
    let [hole] = found.holes.as_slice() else {
        panic!("{:?}", sentences(&found));
    };
    let except = hole.except_when.iter().map(|it| format!("sauf {it}"));
    hole.only_when.iter().cloned().chain(except).collect()
}

#[rstest]
#[case("heure_de(d) < 12", &["entre 0:30 et 11:30"])]
#[case("!(heure_de(d) >= 20 || heure_de(d) < 7)", &["entre 7:30 et 19:30"])]
#[case("heure_de(d) != 23", &["sauf à 23:30"])]
#[case("mois_de(d) < 3", &["en janvier ou en février"])]
#[case("mois_de(d) != 8", &["sauf en août"])]
#[case(
    "mois_de(d) > 10 || mois_de(d) < 3",
    &["en janvier, en février, en novembre ou en décembre"]
)]
#[case("jour_de_semaine(d) == \"jeudi\"", &["le jeudi"])]
#[case("jour_de_semaine(d) != \"samedi\"", &["sauf le samedi"])]
#[case("!d.contains(\"-12-25\")", &["sauf le 25 décembre"])]
#[case("s.photos == 0", &["sans photo"])]
#[case("s.photos < 3", &["avec 2 photos ou moins"])]
#[case("s.photos != 2", &["sauf avec 2 photos"])]
#[case("s.description.len() < 50", &["avec une description de 49 caractères ou moins"])]
#[case(
    "s.description.len() < 50 && !s.description.contains(\"gaz\")",
    &["avec une description de 49 caractères ou moins", "sauf quand la description contient « gaz »"]
)]
#[case("!(\"gaz\" in s.description)", &["sauf quand la description contient « gaz »"])]
#[case("s.description != \"gaz\"", &["sauf quand la description est « gaz »"])]
#[case("s.description.split(\" \").len() < 2", &["avec une description d'un seul mot"])]
#[case("s.auteur != \"Mairie\"", &["sauf quand l'auteur est « Mairie »"])]
#[case("s.auteur == \"Camille Durand\"", &["quand l'auteur est « Camille Durand »"])]
#[case("!(\"urgence\" in s.autres)", &["sans autres.urgence"])]
#[case(
    "s.autres.get(\"urgence\") != \"oui\"",
    &["sauf quand autres.urgence vaut « oui »"]
)]
#[case(
    "heure_de(d) < 12 && s.photos == 0",
    &["entre 0:30 et 11:30", "sans photo"]
)]
#[case(
    "heure_de(d) < 12 || s.photos == 0",
    &["sauf entre 12:30 et 23:30, avec 1 photo ou plus"]
)]
#[case(
    "(s.priorite == \"high\" && heure_de(d) < 12) || (s.priorite == \"low\" && heure_de(d) < 24)",
    &["priorité high ou low", "sauf dans certains cas, selon la date"]
)]
fn the_condition_on_which_the_sample_fails_is_described(
    #[case] condition: &str,
    #[case] wanted: &[&str],
) {
    let found = conditions(&format!("if {condition} {{ throw \"non\"; }}"));
    assert_eq!(found, wanted);
}

#[rstest]
#[case("throw \"non\";")]
#[case("if heure_de(d) < 12 { s.photos += 0; } throw \"non\";")]
#[case("if \"gaz\" in s.description && s.photos > 2 { s.photos += 0; } throw s.description;")]
// A guessed value may have a type that the script does not expect.
#[case("if \"etage\" in s.autres && s.autres.etage.to_upper() == \"RDC\" { } throw \"non\";")]
fn a_failure_without_a_condition_has_none(#[case] lines: &str) {
    assert_eq!(conditions(lines), Vec::<String>::new());
}

#[test]
fn exceptions_follow_conditions_in_the_sentence() {
    let generation =
        after("let s = signalement; if s.priorite == \"high\" && s.photos != 2 { throw \"non\"; }");
    let combinations = Combinations::of(&generation);
    let found = combinations.decide(&|_| ());
    let aside = combinations.decide_aside(Reach::All, || true);
    assert_eq!(aside.as_ref(), Some(&found));
    let [told] = sentences(&found).try_into().unwrap();
    let end = " (seulement priorité high ; sauf avec 2 photos)";
    assert!(told.ends_with(end), "{told}");
}

#[rstest]
// The e-mail script contains words that are longer than 20 characters together.
#[case(
    "if s.description.len() > 20 { let mots = s.description.split(\" \"); if mots[2] == \"x\" { } }",
    "mots"
)]
#[case("if s.description.split(\" \").len() == 2 { throw \"non\"; }", "mots")]
#[case("if s.description.len() == 8 { throw \"non\"; }", "8 caractères")]
fn unrelated_words_are_not_named_as_a_cause(#[case] lines: &str, #[case] wanted: &str) {
    let [found] = conditions(lines).try_into().unwrap();
    assert!(found.starts_with("avec une description"), "{found}");
    assert!(!found.contains('«') && found.contains(wanted), "{found}");
}

#[rstest]
#[case("\"gaz\" in s.description", "quand la description contient « gaz »")]
#[case("s.description == \"gaz\"", "quand la description est « gaz »")]
#[case(
    "\"gaz\" in s.description && \"fuite\" in s.description",
    "quand la description contient « fuite » et « gaz »"
)]
#[case(
    "heure_de(d) >= 20 && \"gaz\" in s.description",
    "entre 20:30 et 23:30, quand la description contient « gaz »"
)]
#[case(
    "\"gaz\" in s.description && s.description.len() > 50",
    "quand la description contient « gaz », avec une description de 51 caractères ou plus"
)]
fn words_that_matter_are_named(#[case] condition: &str, #[case] wanted: &str) {
    let found = conditions(&format!("if {condition} {{ throw \"non\"; }}"));
    assert_eq!(found, [wanted]);
}
