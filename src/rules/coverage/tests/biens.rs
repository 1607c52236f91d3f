//! Biens that the rules name, tried together with other values. The rules are the shipped ones with a different script.

use super::*;

/// The shipped rules with these lines before the manager is returned, and with biens of which only `R-10` has one that
/// ends with `CHF`.
fn with_biens(lines: &str) -> Generation {
    let (mut rules, mut exports) = files();
    let mut biens = "code;residence;libelle\n".to_owned();
    for code in 10..22 {
        let _ = writeln!(biens, "R-{code}-ASC;R-{code};Ascenseur");
    }
    biens.push_str("R-10-CHF;R-10;Chaufferie\n");
    exports.insert("biens.csv".into(), biens.into_bytes());
    let script = include_str!("../../../../rules/gestionnaire.rhai");
    let script = script.replace(
        "    #{",
        &format!("    let s = signalement;\n{lines}\n    #{{"),
    );
    rules.insert(GESTIONNAIRE.into(), script.into_bytes());
    let (generation, told) = compile(&rules, &exports, Known::default());
    generation.unwrap_or_else(|| panic!("{told:?}"))
}

#[rstest]
#[case(
    "s.bien == \"R-10-CHF\" && heure_de(s.date_creation) >= 20",
    "à partir de 20 h"
)]
#[case(
    "s.bien == \"R-10-CHF\" && \"gaz\" in s.description",
    "quand la description contient « gaz »"
)]
#[case("s.bien == \"R-10-CHF\" && s.photos > 3", "avec 4 photos ou plus")]
#[case(
    "s.bien == \"R-10-CHF\" && s.autres.get(\"etage\") == 4",
    "quand autres.etage vaut 4"
)]
#[case(
    "s.bien == \"R-10-CHF\" && s.auteur == \"Mairie\"",
    "quand l'auteur est « Mairie »"
)]
#[case(
    "s.bien == \"R-10-CHF\" && s.email_auteur.ends_with(\"@mairie.fr\")",
    "quand l'adresse de l'auteur est comme « camille.durand@mairie.fr »"
)]
#[case(
    "s.bien != () && s.bien.ends_with(\"CHF\") && s.photos > 3",
    "avec 4 photos ou plus"
)]
#[case(
    "s.bien != () && s.bien.ends_with(\"HF\") && s.photos > 3",
    "avec 4 photos ou plus"
)]
fn a_named_bien_is_tried_with_other_values(#[case] condition: &str, #[case] when: &str) {
    let lines = format!("if {condition} {{ throw \"chaufferie\"; }}");
    let generation = with_biens(&lines);
    let combinations = Combinations::of(&generation);
    let found = combinations.decide(&|_| ());
    let aside = combinations.decide_aside(Reach::All, || true).unwrap();
    for found in [&found, &aside] {
        let [hole] = found.holes.as_slice() else {
            panic!("{:?}", sentences(found));
        };
        assert_eq!(hole.residences, ["R-10"]);
        let bien = if condition.contains("R-10-CHF") {
            "pour le bien R-10-CHF"
        } else {
            "pour un bien comme R-10-CHF"
        };
        assert_eq!(hole.only_when, [when, bien]);
        assert_eq!(found.untried, Vec::<String>::new());
    }
}

#[rstest]
// The bien is no condition.
#[case(
    "if s.bien == \"R-10-CHF\" { s.photos += 0; } if s.photos > 3 { throw \"photos\"; }",
    &["avec 4 photos ou plus"]
)]
#[case(
    "if s.bien != () && s.bien.ends_with(\"CHF\") { s.photos += 0; } if s.bien != () && s.photos > 3 { throw \"photos\"; }",
    &["avec 4 photos ou plus", "avec un bien"]
)]
#[case(
    "if s.bien != () && s.bien.ends_with(\"CHF\") { throw \"chaufferie\"; }",
    &["pour un bien comme R-10-CHF"]
)]
fn a_bien_is_only_named_if_it_matters(#[case] lines: &str, #[case] conditions: &[&str]) {
    let found = Combinations::of(&with_biens(lines)).decide(&|_| ());
    let [hole] = found.holes.as_slice() else {
        panic!("{:?}", sentences(&found));
    };
    assert_eq!(hole.only_when, conditions);
}

#[test]
fn rules_that_are_right_for_a_named_bien_have_no_hole() {
    let found = Combinations::of(&with_biens(
        "if s.bien == \"R-10-CHF\" && heure_de(s.date_creation) >= 20 { concerne = residence.gestionnaires.get(\"gardien\") ?? concerne; }",
    ))
    .decide(&|_| ());
    assert_eq!(found.holes, []);
    assert_eq!(found.untried, Vec::<String>::new());
}

#[test]
fn what_is_tried_for_fewer_values_is_reported() {
    let lines = "if s.bien == \"R-10-CHF\" && heure_de(s.date_creation) >= 20 && s.priorite == \"high\" { throw \"x\"; } if s.photos > 3 && \"gaz\" in s.description { throw \"y\"; }";
    let generation = with_biens(lines);
    let combinations = Combinations::of(&generation);
    let wide = combinations.breadth(u64::MAX, u64::MAX);
    assert!(wide.each_bien && wide.biens && wide.priorites);
    let pairs = |most| combinations.not_for_each_pair(wide, &combinations.pairs(wide, most));
    assert_eq!(pairs(u64::MAX), None);
    let told = pairs(1_000).unwrap();
    assert!(told.contains("deux de ces valeurs à la fois"), "{told}");
    assert!(told.contains("les signalements d'un bien"), "{told}");
    let narrow = combinations.breadth(1, 1);
    let told = combinations.not_for_each(narrow).unwrap();
    assert!(
        told.contains("chaque bien que vos règles distinguent"),
        "{told}"
    );
}

/// A text in the scripts may be part of the code of a bien by chance.
#[test]
fn rules_that_read_no_bien_do_not_try_each() {
    let of = |word: &str| {
        let lines =
            format!("if qualification.code == \"{word}\" && s.photos > 3 {{ s.photos += 0; }}");
        let generation = with_biens(&lines);
        let combinations = Combinations::of(&generation);
        combinations.count() - combinations.count_usual()
    };
    assert_eq!(of("CHF"), of("XYZ"));
}
