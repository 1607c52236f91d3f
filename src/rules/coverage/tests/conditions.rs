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
#[case("heure_de(d) < 12", &["avant 12 h"])]
#[case("!(heure_de(d) >= 20 || heure_de(d) < 7)", &["entre 7 h et 20 h"])]
#[case("heure_de(d) != 23", &["avant 23 h"])]
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
    &["avant 12 h", "sans photo"]
)]
#[case(
    "heure_de(d) < 12 || s.photos == 0",
    &["sauf à partir de 12 h, avec 1 photo ou plus"]
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
#[case("d >= \"2026-12-21\"", &["à partir du 21 décembre 2026"])]
#[case("d < \"2026-12-21\"", &["avant le 21 décembre 2026"])]
#[case(
    "!(d >= \"2026-12-21\" && d < \"2027-01-05\")",
    &["sauf du 21 décembre 2026 au 4 janvier 2027"]
)]
#[case(
    "d >= \"2026-12-21\" && heure_de(d) >= 20",
    &["à partir du 21 décembre 2026, à partir de 20 h"]
)]
#[case(
    "d >= \"2026-12-21\" && \"gaz\" in s.description",
    &["à partir du 21 décembre 2026, quand la description contient « gaz »"]
)]
#[case(
    "d.sub_string(0, 10) > \"2026-12-21\" && s.photos > 3",
    &["après le 21 décembre 2026, avec 4 photos ou plus"]
)]
fn a_period_that_begins_or_ends_with_a_written_date_is_described(
    #[case] condition: &str,
    #[case] wanted: &[&str],
) {
    let found = conditions(&format!("if {condition} {{ throw \"non\"; }}"));
    assert_eq!(found, wanted);
}

#[rstest]
#[case("\"urgence\" in s.autres", "quand autres.urgence est renseigné")]
#[case(
    "s.autres.get(\"urgence\") != ()",
    "quand autres.urgence est renseigné"
)]
#[case(
    "s.autres.get(\"urgence\") == \"oui\"",
    "quand autres.urgence vaut « oui »"
)]
#[case(
    "s.autres.get(\"urgence\") in [\"oui\", \"vite\"]",
    "quand autres.urgence vaut « oui » ou « vite »"
)]
#[case(
    "(s.autres.get(\"urgence\") ?? \"non\") != \"non\"",
    "quand autres.urgence vaut autre chose que « non »"
)]
#[case(
    "s.email_auteur.ends_with(\"@vivest.fr\")",
    "quand l'adresse de l'auteur est comme « camille.durand@vivest.fr »"
)]
#[case(
    "s.email_auteur.len() < 25",
    "quand l'adresse de l'auteur a la forme de « zoe@locataire.example »"
)]
fn a_value_or_an_address_is_only_named_if_it_is_the_cause(
    #[case] condition: &str,
    #[case] wanted: &str,
) {
    let found = conditions(&format!("if {condition} {{ throw \"non\"; }}"));
    assert_eq!(found, [wanted]);
}

#[rstest]
#[case("heure_de(d) >= 20", "à partir de 20 h")]
#[case("d.sub_string(11, 2) >= \"20\"", "à partir de 20 h")]
#[case("parse_int(d.sub_string(11, 2)) < 7", "avant 7 h")]
#[case("d.sub_string(11, 5) >= \"20:15\"", "entre 20:30 et 23:30")]
fn hours_are_told_whole_unless_rules_distinguish_minutes(
    #[case] condition: &str,
    #[case] wanted: &str,
) {
    let found = conditions(&format!("if {condition} {{ throw \"non\"; }}"));
    assert_eq!(found, [wanted]);
}

#[rstest]
#[case("mois_de(d) == 8 && heure_de(d) >= 20", "à partir de 20 h en août")]
#[case(
    "d.sub_string(5, 2) == \"08\" && d.sub_string(11, 2) >= \"20\"",
    "à partir de 20 h en août"
)]
#[case(
    "mois_de(d) == 8 && jour_de_semaine(d) == \"dimanche\"",
    "le dimanche en août"
)]
#[case(
    "d.sub_string(5, 2) == \"08\" && jour_de_semaine(d) == \"dimanche\"",
    "le dimanche en août"
)]
fn a_month_with_an_hour_or_a_day_is_described(#[case] condition: &str, #[case] wanted: &str) {
    let found = conditions(&format!("if {condition} {{ throw \"non\"; }}"));
    assert_eq!(found, [wanted]);
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
    "à partir de 20 h, quand la description contient « gaz »"
)]
#[case(
    "\"gaz\" in s.description && s.description.len() > 50",
    "quand la description contient « gaz », avec une description de 51 caractères ou plus"
)]
fn words_that_matter_are_named(#[case] condition: &str, #[case] wanted: &str) {
    let found = conditions(&format!("if {condition} {{ throw \"non\"; }}"));
    assert_eq!(found, [wanted]);
}
