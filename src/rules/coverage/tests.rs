//! The results of a search whose scripts reach their limits, or whose messages contain tried words. The rules are the
//! shipped ones with a different script.

mod biens;
mod budget;
mod conditions;

use std::fmt::Write;

use super::varied::Breadth;
use super::*;
use crate::domain::ports::FileSet;
use crate::rules::case::FOLDER;
use crate::rules::case::tests::shipped;
use crate::rules::compile::{Known, compile};
use crate::rules::diagnostic::any_error;
use rstest::rstest;

const SECTOR: &str = "let responsable = residence.gestionnaires.get(\"responsable_secteur\");";

/// The shipped rules without cases, and exports with a dozen residences.
fn files() -> (FileSet, FileSet) {
    let (mut rules, mut exports) = shipped();
    let mut residences = "code;nom;adresse\n".to_owned();
    let mut managers = "residence;type;identifiant;nom;email\n".to_owned();
    for code in 10..22 {
        let _ = writeln!(residences, "R-{code};Tilleuls {code};rue du Lac");
        for kind in ["responsable_secteur", "gardien", "technique"] {
            let _ = writeln!(managers, "R-{code};{kind};{kind}-{code};n;e@e.fr");
        }
    }
    exports.insert("residences.csv".into(), residences.into_bytes());
    exports.insert("gestionnaires.csv".into(), managers.into_bytes());
    exports.insert("biens.csv".into(), b"code;residence;libelle\n".to_vec());
    rules.retain(|name, _| !name.starts_with(FOLDER));
    (rules, exports)
}

/// These rules, with the manager chosen after these lines.
fn after(lines: &str) -> Generation {
    let (mut rules, exports) = files();
    let script = include_str!("../../../rules/gestionnaire.rhai");
    assert!(script.contains(SECTOR));
    let script = script.replace(SECTOR, &format!("{lines}\n{SECTOR}"));
    rules.insert(GESTIONNAIRE.into(), script.into_bytes());
    let (generation, told) = compile(&rules, &exports, Known::default());
    generation.unwrap_or_else(|| panic!("{told:?}"))
}

fn sentences(found: &Coverage) -> Vec<String> {
    found.holes.iter().map(Gap::sentence).collect()
}

const ENDS: &str =
    " ; la recherche de trous s'arrête là : ce qui n'a pas été essayé peut en cacher d'autres";

#[test]
fn a_script_that_always_reaches_a_limit_ends_the_search_with_a_message() {
    let generation = after("loop { }");
    let combinations = Combinations::of(&generation);
    let found = combinations.decide(&|_| ());
    let [hole] = sentences(&found).try_into().unwrap();
    assert!(hole.starts_with("partout : trop d'opérations"), "{hole}");
    assert!(hole.ends_with(ENDS), "{hole}");
    // The residence that reaches the last limit is decided completely.
    assert!(found.decisions < 2 * patience::MOST, "{}", found.decisions);
    let [untried] = found.untried.as_slice() else {
        panic!("{:?}", found.untried);
    };
    assert!(untried.contains("arrêtée après 100 décisions"), "{untried}");
    // It is unknown whether a qualification is never forwarded.
    assert_eq!(found.remarks, []);
    // Residences tried one after the other share what is left.
    let aside = combinations.decide_aside(Reach::All, || true).unwrap();
    assert_eq!(aside.holes[0].combinations, patience::MOST);
    assert_eq!(sentences(&aside), sentences(&found));
    assert_eq!(aside.untried, found.untried);
}

#[test]
fn a_hole_at_a_limit_is_not_blamed_for_an_end_by_operations() {
    let generation = after(
        "if residence.code == \"R-10\" && qualification.code == \"ASC\" && signalement.priorite == \"high\" { loop { } }",
    );
    let combinations = Combinations::of(&generation);
    let most = usual(&combinations) / 2;
    let combinations = combinations.within(most);
    for found in [
        combinations.decide(&|_| ()),
        combinations.decide_aside(Reach::All, || true).unwrap(),
    ] {
        assert!(found.cut.is_some());
        let [hole] = sentences(&found).try_into().unwrap();
        assert!(hole.contains("trop d'opérations"), "{hole}");
        assert!(!hole.ends_with(ENDS), "{hole}");
    }
}

#[test]
fn holes_found_before_a_search_ended_refer_to_the_codes_tried() {
    let generation = after(
        "if qualification.code == \"ASC\" { loop { } }\nif signalement.priorite == \"high\" { throw \"trop haute\"; }",
    );
    let found = Combinations::of(&generation).decide(&|_| ());
    let told = sentences(&found);
    let (ended, others): (Vec<_>, Vec<_>) = told.iter().partition(|it| it.ends_with(ENDS));
    let [ended] = ended.as_slice() else {
        panic!("{told:?}");
    };
    assert!(ended.starts_with("1 qualification sur 7 : "), "{ended}");
    assert_eq!(others.len(), 1, "{told:?}");
    assert!(others[0].contains("trop haute"), "{others:?}");
    assert!(
        others[0].ends_with("(seulement priorité high)"),
        "{others:?}"
    );
}

#[test]
fn a_limit_that_few_signalements_reach_does_not_end_the_search() {
    let generation = after(
        "let n = 0;\nfor c in signalement.description.to_chars() { n += 1; n -= 1; n += 1; n -= 1; }\nif signalement.photos == 20 { throw \"trop de photos\"; }",
    );
    let found = Combinations::of(&generation).decide(&|_| ());
    let told = sentences(&found);
    let [one, other] = told.as_slice() else {
        panic!("{told:?}");
    };
    for it in [one, other] {
        assert!(it.starts_with("partout : "), "{told:?}");
        assert!(it.ends_with(')'), "{told:?}");
    }
    assert!(told.iter().any(|it| it.contains("trop de photos")));
    assert_eq!(found.untried, Vec::<String>::new());
}

#[rstest]
#[case::a_word(
    "for mot in signalement.description.split(\" \") { if mot == \"gaz\" || mot == \"fuite\" { throw `« ${mot} » : appelez`; } }",
    "« … » : appelez"
)]
#[case::the_description(
    "if signalement.description.contains(\"gaz\") || signalement.description.contains(\"fuite\") { throw `« ${signalement.description} » : appelez`; }",
    "« … » : appelez"
)]
#[case::a_value(
    "if signalement.autres.get(\"batiment\") in [\"nord\", \"sud-est\"] { throw `bâtiment ${signalement.autres.get(\"batiment\")} fermé`; }",
    "bâtiment … fermé"
)]
#[case::nothing_else(
    "if signalement.description.contains(\"gaz\") || signalement.description.contains(\"fuite\") { throw signalement.description; }",
    "…"
)]
#[case::by_chance(
    "let d = signalement.description;\nif d.contains(\"gaz\") || d.contains(\"fuite\") { throw \"pas de gaz ici\"; }",
    "pas de gaz ici"
)]
#[case::by_chance_beside_a_code(
    "let d = signalement.description;\nif d.contains(\"gaz\") || d.contains(\"fuite\") { throw `pas de gaz pour ${residence.code}`; }",
    "pas de gaz pour …"
)]
fn a_cause_is_one_hole_whichever_words_are_tried(#[case] lines: &str, #[case] cause: &str) {
    let generation = after(lines);
    let combinations = Combinations::of(&generation);
    let found = combinations.decide(&|_| ());
    let [hole] = found.holes.as_slice() else {
        panic!("{:?}", sentences(&found));
    };
    assert_eq!(hole.cause, cause);
    assert_eq!(combinations.decide_aside(Reach::All, || true), Some(found));
}

#[test]
fn two_causes_at_one_position_stay_separate() {
    let generation = after(
        "let d = signalement.description;\nif d.contains(\"gaz\") || d.contains(\"odeur\") { throw \"pas de gaz ici\"; }\nif d.contains(\"fuite\") || d.contains(\"eaux\") { throw \"pas de fuite là\"; }",
    );
    let found = Combinations::of(&generation).decide(&|_| ());
    assert_eq!(found.holes.len(), 2, "{:?}", sentences(&found));
}

#[rstest]
#[case("== \"gaz\"", "quand la description est « gaz »")]
#[case("in [\"gaz\", \"feu\"]", "quand la description est « feu » ou « gaz »")]
#[case(".contains(\"gaz\")", "quand la description contient « gaz »")]
fn the_condition_on_a_description_is_described(#[case] asks: &str, #[case] condition: &str) {
    let generation = after(&format!(
        "if signalement.description {asks} {{ throw \"urgent\"; }}"
    ));
    let found = Combinations::of(&generation).decide(&|_| ());
    let [hole] = found.holes.as_slice() else {
        panic!("{:?}", sentences(&found));
    };
    assert_eq!(hole.only_when, [condition]);
}

/// Rules that search each description for this many words.
fn searching(count: usize) -> Generation {
    let words: Vec<String> = (0..count).map(|it| format!("\"mot{it:02}\"")).collect();
    after(&format!(
        "if [{}].some(|mot| signalement.description.contains(mot)) {{ signalement.photos += 1; }}",
        words.join(", ")
    ))
}

/// The operations for all combinations without variations.
fn usual(combinations: &Combinations<'_>) -> u64 {
    let (all, whole) = (&combinations.qualifications, combinations.whole());
    let residences = combinations.residences.iter();
    let found = residences.map(|it| combinations.residence(it, all, Reach::All, true, whole));
    found.map(|it| it.spent.operations).sum()
}

#[rstest]
// Not even all codes can be tried.
#[case(|usual| usual / 2)]
// Not even each word can be tried alone.
#[case(|usual| usual + usual / 50)]
fn a_search_that_takes_too_many_operations_ends_with_a_remark(#[case] most: fn(u64) -> u64) {
    let generation = searching(30);
    let most = most(usual(&Combinations::of(&generation)));
    let combinations = Combinations::of(&generation).within(most);
    let found = combinations.decide(&|_| ());
    assert_eq!(found, combinations.decide(&|_| ()));
    assert_eq!(found.holes, []);
    let cut = found.cut.clone().unwrap();
    assert_eq!((cut.file.as_str(), cut.line), (GESTIONNAIRE, 0));
    let remedy = "parcourez des listes plus courtes, ou cherchez moins de mots";
    assert!(cut.message.ends_with(remedy), "{cut}");
    assert!(!any_error(std::slice::from_ref(&cut)));
    let aside = combinations.decide_aside(Reach::All, || true).unwrap();
    assert!(aside.cut.is_some());
    // Following the remedy is enough.
    let shorter = searching(1);
    let found = Combinations::of(&shorter).within(most).decide(&|_| ());
    assert_eq!(found.cut, None);
}

/// The shipped rules with this file.
fn with_file(name: &str, text: &str) -> Generation {
    let (mut rules, exports) = files();
    rules.insert(name.to_owned(), text.as_bytes().to_vec());
    let (generation, told) = compile(&rules, &exports, Known::default());
    generation.unwrap_or_else(|| panic!("{told:?}"))
}

#[rstest]
#[case(
    "modeles/contexte.txt",
    "{% for x in range(3000) %}{% endfor %}Bonjour"
)]
#[case(
    "modeles/accuse-reception.txt",
    "Objet: Reçu\n\n{% for x in range(3000) %}{% endfor %}Bonjour"
)]
#[case("accuses.rhai", "fn accuses(evenement) { for x in 0..3000 { } [] }")]
fn the_file_that_costs_most_is_named(#[case] file: &str, #[case] text: &str) {
    let generation = with_file(file, text);
    let told = Combinations::of(&generation).narrowing(true);
    assert_eq!(told.file, file, "{told}");
}

#[test]
fn what_a_narrowed_search_tried_is_reported() {
    let generation = after("for x in 0..3000 { }");
    let combinations = Combinations::of(&generation);
    let told = combinations.narrowing(true);
    assert_eq!(told.file, GESTIONNAIRE);
    assert!(
        told.message.starts_with("les règles sont longues"),
        "{told}"
    );
    let told = combinations.narrowing(false);
    assert_eq!(told.file, "residences.csv");
    let remedy = "pour tout essayer, tapez « passerelle coverage »";
    assert!(told.message.ends_with(remedy), "{told}");
    assert!(!any_error(&[told]));
}

#[test]
fn values_are_tried_with_fewer_others_before_any_is_left_out() {
    let generation = searching(30);
    let combinations = Combinations::of(&generation);
    let most = 2 * usual(&combinations);
    let all = combinations.count();
    let found = combinations.within(most).decide(&|_| ());
    assert_eq!(found.cut, None);
    assert!(found.decisions < all, "{} {all}", found.decisions);
}

#[rstest]
#[case(
    "let h = heure_de(d); let j = jour_de_semaine(d); if h >= 20 && j == \"dimanche\" && mois_de(d) == 8 { }",
    "l'heure, le jour et le mois"
)]
#[case(
    "if s.date_creation.sub_string(5, 2) == \"08\" && s.date_creation.sub_string(11, 2) >= \"20\" && s.photos > 2 { }",
    "l'heure, le mois et le nombre de photos"
)]
#[case(
    "if heure_de(d) >= 20 { if s.photos > 2 { if \"gaz\" in s.description { } } }",
    "l'heure, le mot « gaz » et le nombre de photos"
)]
#[case(
    "let nuit = heure_de(d) >= 20; let gaz = s.description.to_lower().contains(\"gaz\"); let plus = s.photos > 2; if nuit && gaz && plus { }",
    "l'heure, le mot « gaz » et le nombre de photos"
)]
#[case(
    "if \"gaz\" in s.description && \"eau\" in s.description && s.photos > 2 { }",
    "les mots « eau » et « gaz » et le nombre de photos"
)]
#[case(
    "if s.photos > 2 && s.description.len() > 50 && heure_de(d) > 20 { }",
    "l'heure, la longueur de la description et le nombre de photos"
)]
#[case(
    "let texte = s.description.trim(); if s.photos > 2 && texte.len() > 50 && heure_de(d) > 20 { }",
    "l'heure, la longueur de la description et le nombre de photos"
)]
#[case(
    "if s.autres.get(\"a\") == 1 && s.autres.get(\"b\") == 2 && s.autres.get(\"c\") == 3 { }",
    "autres.a, autres.b et autres.c"
)]
#[case(
    "if s.autres.get(\"urgence\") == \"oui\" && \"oui\" in s.description && s.photos > 2 { }",
    "le mot « oui », le nombre de photos et autres.urgence"
)]
#[case(
    "if heure_de(d) >= 20 && s.auteur.contains(\"Mairie\") && s.email_auteur.ends_with(\".fr\") { }",
    "l'heure, l'auteur et l'adresse de l'auteur"
)]
#[case(
    "if s.bien == \"X-1\" && heure_de(d) >= 20 && s.photos > 2 { }",
    "l'heure, le nombre de photos et le bien"
)]
#[case(
    "if [\"gaz\", \"eau\", \"feu\", \"vol\"].some(|it| s.description.contains(it)) { }",
    "plusieurs mots de la description"
)]
fn three_things_that_rules_distinguish_are_told(#[case] lines: &str, #[case] told: &str) {
    let found = untried(lines);
    let [sentence] = found.as_slice() else {
        panic!("{found:?}");
    };
    let beginning = format!("Les règles distinguent {told} : ");
    assert!(sentence.starts_with(&beginning), "{sentence}");
    assert!(
        sentence.ends_with(" : trois à la fois n'ont pas été essayées."),
        "{sentence}"
    );
}

#[rstest]
#[case("")]
#[case("if heure_de(d) >= 20 && jour_de_semaine(d) == \"samedi\" { }")]
#[case("if heure_de(d) >= 20 && \"gaz\" in s.description { }")]
#[case("if qualification.code == \"ASC\" && s.priorite == \"high\" && s.photos > 2 { }")]
#[case(
    "if s.photos > 2 && heure_de(d) > 20 { let g = residence.gestionnaires.get(\"gardien\"); if g == () { throw `${s.auteur} : pas de gardien`; } }"
)]
#[case("if s.description.contains(\"gaz\") && s.photos > 2 { throw \"appelez le gardien\"; }")]
#[case("if s.bien != () && heure_de(d) >= 20 { }")]
// A value in `autres` is no word of a description.
#[case("if s.autres.get(\"urgence\") == \"oui\" && \"gaz\" in s.description { }")]
#[case("if s.autres.urgence in [\"oui\", \"vite\"] && \"gaz\" in s.description { }")]
#[case("let u = s.autres.get(\"urgence\"); if u == \"oui\" && \"gaz\" in s.description { }")]
#[case("if s.date_creation.sub_string(11, 2) >= \"20\" && s.photos > 5 { }")]
#[case("if s.date_creation.sub_string(5, 2) == \"08\" && heure_de(d) >= 20 { }")]
#[case("if s.date_creation >= \"2026-12-21\" && s.photos > 2 { }")]
// A length or a part of something other than the description or the date.
#[case(
    "if residence.gestionnaires.keys().len() > 1 && \"gaz\" in s.description && s.photos > 2 { }"
)]
#[case(
    "let types = residence.gestionnaires.keys(); if types.len() > 1 && \"gaz\" in s.description && s.photos > 2 { }"
)]
#[case("let mots = s.auteur.split(\" \"); if mots.len() > 1 && \"gaz\" in s.description { }")]
#[case(
    "let debut = s.description.sub_string(0, 80); if heure_de(d) >= 20 && debut.contains(\"gaz\") { }"
)]
#[case("if s.description.len() > 2000 && heure_de(d) >= 20 { }")]
#[case("if s.description.len() > 50 && \"gaz\" in s.description { }")]
#[case("if heure_de(d) >= 20 && s.autres.get(\"annee\") == 2027 { }")]
fn two_things_were_tried_together(#[case] lines: &str) {
    assert_eq!(untried(lines), Vec::<String>::new());
}

#[rstest]
#[case("s.lien_sowell.split(\"/\")[4]", "lien_sowell")]
#[case("s.date_creation.sub_string(0, 4) == \"2027\"", "années")]
#[case("parse_int(s.date_creation.sub_string(0, 4)) >= 2027", "années")]
#[case("s.date_creation.starts_with(\"2027-\")", "années")]
#[case("s.date_creation.split(\"-\")[0] == \"2027\"", "années")]
fn what_is_not_varied_is_told(#[case] value: &str, #[case] told: &str) {
    let found = untried(&format!("let x = {value};"));
    let [sentence] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert!(sentence.contains(told), "{sentence}");
}

#[rstest]
#[case("signalement.auteur.split(\" \")[1]", "quand l'auteur est « Zoé »")]
#[case(
    "signalement.email_auteur.split(\"@\")[0].split(\".\")[1]",
    "quand l'adresse de l'auteur a la forme de « zoe@locataire.example »"
)]
fn other_names_and_addresses_are_tried(#[case] value: &str, #[case] condition: &str) {
    let generation = after(&format!("let nom = {value};"));
    let found = Combinations::of(&generation).decide(&|_| ());
    let [hole] = found.holes.as_slice() else {
        panic!("{:?}", sentences(&found));
    };
    assert_eq!(hole.only_when, [condition]);
}

/// What a search of the shipped rules with these lines does not try.
fn untried(lines: &str) -> Vec<String> {
    let lines = lines.replace("(d)", "(s.date_creation)");
    let generation = after(&format!("let s = signalement;\n{lines}"));
    let combinations = Combinations::of(&generation);
    let pairs = combinations.pairs(Breadth::ALL, u64::MAX);
    combinations.not_together(&pairs, None)
}
