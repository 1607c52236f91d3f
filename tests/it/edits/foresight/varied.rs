//! Gaps that appear only for a different date, text or number of photos.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs;

use passerelle::adapters::shipped::Shipped;
use passerelle::domain::ports::FileSet;
use passerelle::rules::compile::{Known, compile};
use passerelle::rules::coverage::{Combinations, Coverage, Reach};
use rstest::rstest;

/// Three residences, of which the last two have no gardien and are otherwise alike.
const RESIDENCES: &str = "code;nom;adresse\nMZ-01;A;x\nWO-02;B;y\nWO-03;C;z\n";
const BIENS: &str = "code;residence;libelle\nMZ-01-ASC;MZ-01;L\nWO-03-ASC;WO-03;L\n";
const GESTIONNAIRES: &str = "residence;type;identifiant;nom;email\n\
    MZ-01;responsable_secteur;RS-1;n;e@x.fr\nMZ-01;gardien;GAR-1;n;e@x.fr\n\
    WO-02;responsable_secteur;RS-1;n;e@x.fr\nWO-03;responsable_secteur;RS-1;n;e@x.fr\n";
const WITHOUT_GARDIEN: [&str; 2] = ["WO-02", "WO-03"];
/// The first two are equivalent for rules that do not name them.
const QUALIFICATIONS: &str = "qualifications:
  ASC: {libelle: L, type_gestionnaire: responsable_secteur, workflow: W}
  CHAUF: {libelle: L, type_gestionnaire: responsable_secteur, workflow: W}
  VOIS: {libelle: L, type_gestionnaire: responsable_secteur, workflow: M}
";

fn exports() -> FileSet {
    [
        ("residences", RESIDENCES),
        ("gestionnaires", GESTIONNAIRES),
        ("biens", BIENS),
    ]
    .map(|(name, text)| (format!("{name}.csv"), text.as_bytes().to_vec()))
    .into()
}

/// The shipped rules with this in front of `let concerne`, and this *contexte*.
fn rules(before: &str, contexte: Option<&str>) -> FileSet {
    let mut rules = Shipped::Rules.files();
    rules.retain(|path, _| !path.starts_with("cas/"));
    let script = fs::read_to_string("rules/gestionnaire.rhai").unwrap();
    let (head, tail) = script.split_once("    let concerne").unwrap();
    let script = format!(
        "{head}{before}\n    let concerne{tail}
fn est_tard(s) {{ parse_int(s.date_creation.sub_string(11, 2)) >= 20 }}"
    );
    rules.insert("gestionnaire.rhai".into(), script.into());
    rules.insert("qualifications.yaml".into(), QUALIFICATIONS.into());
    if let Some(contexte) = contexte {
        rules.insert("modeles/contexte.txt".into(), contexte.into());
    }
    rules
}

fn covered(rules: &FileSet) -> [Coverage; 2] {
    let (generation, found) = compile(rules, &exports(), Known::default());
    let generation = generation.unwrap_or_else(|| panic!("{found:#?}"));
    let combinations = Combinations::of(&generation);
    let aside = combinations.decide_aside(Reach::Kinds, || true).unwrap();
    [combinations.decide(&|_| {}), aside]
}

const GARDIEN: &str = "responsable = residence.gestionnaires.gardien;";

#[rstest]
#[case(
    "let heure = parse_int(signalement.date_creation.sub_string(11, 2)); if signalement.qualification == \"ASC\" && (heure >= 20 || heure < 7) {",
    "entre 20 h et 7 h"
)]
#[case("if heure_de(signalement.date_creation) == 23 {", "à partir de 23 h")]
#[case(
    "if signalement.priorite == \"high\" && jour_de_semaine(signalement.date_creation) == \"samedi\" {",
    "le samedi, priorité high"
)]
#[case(
    "if mois_de(signalement.date_creation) in [7, 8] {",
    "en juillet ou en août"
)]
#[case("if signalement.date_creation.sub_string(5, 2) == \"08\" {", "en août")]
#[case("if est_tard(signalement) {", "à partir de 20 h")]
#[case(
    "if signalement.description.to_lower().contains(\"gaz\") {",
    "quand la description contient « gaz »"
)]
#[case(
    "if \"gaz\" in signalement.description {",
    "quand la description contient « gaz »"
)]
#[case(
    "if signalement.description.len() > 500 {",
    "avec une description de 501 caractères ou plus"
)]
#[case("if signalement.photos > 3 {", "avec 4 photos ou plus")]
#[case(
    "switch signalement.photos { 0 => (), 1 => (), _ => { responsable = residence.gestionnaires.gardien; } } if false {",
    "avec 2 photos ou plus"
)]
#[case(
    "if signalement.email_auteur.ends_with(\"@vivest.fr\") {",
    "quand l'adresse de l'auteur est comme « camille.durand@vivest.fr »"
)]
#[case(
    "if signalement.auteur == \"Accueil\" {",
    "quand l'auteur est « Accueil »"
)]
#[case(
    "if signalement.autres.get(\"urgence\") == \"oui\" {",
    "quand autres.urgence vaut « oui »"
)]
#[case(
    "if \"etage\" in signalement.autres && signalement.autres.etage == 4 {",
    "quand autres.etage vaut 4"
)]
#[case(
    "if heure_de(signalement.date_creation) >= 20 && signalement.description.to_lower().contains(\"gaz\") {",
    "à partir de 20 h, quand la description contient « gaz »"
)]
#[case(
    "let gaz = \"gaz\" in signalement.description; let tard = heure_de(signalement.date_creation) >= 20; if gaz && tard {",
    "à partir de 20 h, quand la description contient « gaz »"
)]
#[case(
    "if signalement.photos >= 2 { if heure_de(signalement.date_creation) >= 20 { responsable = residence.gestionnaires.gardien; } } if false {",
    "à partir de 20 h, avec 2 photos ou plus"
)]
#[case(
    "if \"gaz\" in signalement.description && signalement.photos >= 2 {",
    "quand la description contient « gaz », avec 2 photos ou plus"
)]
#[case(
    "if heure_de(signalement.date_creation) == 23 && signalement.autres.get(\"urgence\") == \"oui\" {",
    "à partir de 23 h, quand autres.urgence vaut « oui »"
)]
#[case(
    "if \"fuite\" in signalement.description && \"eaux\" in signalement.description {",
    "quand la description contient « eaux » et « fuite »"
)]
#[case(
    "if \"fuite\" in signalement.description && signalement.email_auteur.ends_with(\"@vivest.fr\") {",
    "quand la description contient « fuite », quand l'adresse de l'auteur est comme « camille.durand@vivest.fr »"
)]
#[case(
    "if mois_de(signalement.date_creation) == 7 && jour_de_semaine(signalement.date_creation) == \"dimanche\" {",
    "le dimanche en juillet"
)]
#[case(
    "if mois_de(signalement.date_creation) in [7, 8] && heure_de(signalement.date_creation) >= 20 {",
    "à partir de 20 h en juillet ou en août"
)]
#[case(
    "if mois_de(signalement.date_creation) in [7, 8] && heure_de(signalement.date_creation) in 12..14 {",
    "entre 12 h et 14 h en juillet ou en août"
)]
#[case(
    "if signalement.date_creation.contains(\"-12-25\") && heure_de(signalement.date_creation) >= 20 {",
    "à partir de 20 h le 25 décembre"
)]
#[case(
    "if jour_de_semaine(signalement.date_creation) == \"samedi\" && signalement.photos > 3 {",
    "le samedi, avec 4 photos ou plus"
)]
fn a_gap_for_some_input_is_reported_with_that_input(#[case] before: &str, #[case] when: &str) {
    let rules = rules(&format!("    {before} {GARDIEN} }}"), None);
    for found in covered(&rules) {
        assert_eq!(found.holes.len(), 1, "{:#?}", found.holes);
        let sentence = found.holes[0].sentence();
        assert!(sentence.contains("« gardien »"), "{sentence}");
        assert!(
            sentence.ends_with(&format!("(seulement {when})")),
            "{sentence}"
        );
        assert_eq!(found.holes[0].residences, WITHOUT_GARDIEN);
        let all: &[&str] = if before.contains("\"ASC\"") {
            &["ASC"]
        } else {
            &["ASC", "CHAUF", "VOIS"]
        };
        assert_eq!(found.holes[0].qualifications, all);
    }
    // Fixed as the cause suggests, no gap remains.
    let mended = rules_with(
        GARDIEN,
        "responsable = residence.gestionnaires.get(\"gardien\") ?? responsable;",
        &rules,
    );
    let [found, _] = covered(&mended);
    assert_eq!(found.holes, []);
}

fn rules_with(wrong: &str, right: &str, rules: &FileSet) -> FileSet {
    let mut rules = rules.clone();
    let script = String::from_utf8(rules["gestionnaire.rhai"].clone()).unwrap();
    let script = script.replace(wrong, right);
    rules.insert("gestionnaire.rhai".into(), script.into());
    rules
}

#[rstest]
#[case(
    "{% if \"gaz\" in signalement.description %}{{ residence.gestionnaires.gardien.nom }}{% endif %}",
    "quand la description contient « gaz »"
)]
#[case(
    "{% if signalement.photos > 2 %}{{ residence.gestionnaires.gardien.nom }}{% endif %}",
    "avec 3 photos ou plus"
)]
#[case(
    "{% set h = signalement.date_creation | heure_de %}{% if h >= 2 and h < 7 %}{{ residence.gestionnaires.gardien.nom }}{% endif %}",
    "entre 2 h et 7 h"
)]
#[case(
    "{{ residence.gestionnaires.gardien.nom if signalement.autres.urgence is defined and signalement.autres.urgence == \"oui\" else \"\" }}",
    "quand autres.urgence vaut « oui »"
)]
#[case(
    "{% if \"gaz\" in signalement.description and signalement.date_creation | heure_de >= 20 %}{{ residence.gestionnaires.gardien.nom }}{% endif %}",
    "à partir de 20 h, quand la description contient « gaz »"
)]
fn templates_are_tried_as_well(#[case] contexte: &str, #[case] when: &str) {
    for found in covered(&rules("", Some(contexte))) {
        assert_eq!(found.holes.len(), 1, "{:#?}", found.holes);
        let sentence = found.holes[0].sentence();
        assert!(
            sentence.ends_with(&format!("(seulement {when})")),
            "{sentence}"
        );
        assert_eq!(found.holes[0].residences, WITHOUT_GARDIEN);
    }
}

#[test]
fn the_e_mail_of_a_status_is_tried_with_other_words() {
    let mut rules = rules("", None);
    let accuses = "fn accuses(evenement) {
    if evenement.type == \"statut\" && evenement.statut_sowell == \"Traité\" {
        return [#{ a: evenement.signalement.email_auteur, modele: \"traite\" }];
    }
    []
}";
    rules.insert("accuses.rhai".into(), accuses.into());
    let traite = "Objet: Traité\n\n{% if \"gaz\" in signalement.description %}{{ residence.gestionnaires.gardien.nom }}{% endif %}.\n";
    rules.insert("modeles/traite.txt".into(), traite.into());
    for found in covered(&rules) {
        assert_eq!(found.holes.len(), 1, "{:#?}", found.holes);
        let sentence = found.holes[0].sentence();
        assert!(sentence.starts_with("1 statut : "), "{sentence}");
        let when = "(seulement quand la description contient « gaz »)";
        assert!(sentence.ends_with(when), "{sentence}");
        assert_eq!(found.holes[0].residences, WITHOUT_GARDIEN);
    }
}

/// A value of `autres` may have a different type than the rules expect: there is no telling what SoWell sends.
#[rstest]
#[case(
    "if \"etage\" in signalement.autres && signalement.autres.etage.to_upper() == \"RDC\" { responsable = residence.gestionnaires.get(\"gardien\") ?? responsable; }"
)]
#[case(
    "let etage = signalement.autres.get(\"etage\") ?? 0; if etage + 1 > 4 { responsable = residence.gestionnaires.get(\"gardien\") ?? responsable; }"
)]
#[case(
    "if signalement.photos > 3 && \"gardien\" in residence.gestionnaires { responsable = residence.gestionnaires.gardien; }"
)]
#[case(
    "if heure_de(signalement.date_creation) < 7 { responsable = residence.gestionnaires.get(\"gardien\") ?? responsable; }"
)]
#[case(
    "let mots = signalement.description.sub_string(0, 500).split(\" \"); if mots[0] == \"gaz\" { responsable = residence.gestionnaires.get(\"gardien\") ?? responsable; }"
)]
#[case(
    "if \"gaz\" in signalement.description.split(\" \") { responsable = residence.gestionnaires.get(\"gardien\") ?? responsable; }"
)]
#[case(
    "if heure_de(signalement.date_creation) >= 20 && \"gaz\" in signalement.description { responsable = residence.gestionnaires.get(\"gardien\") ?? responsable; }"
)]
fn correct_rules_have_no_gap(#[case] before: &str) {
    for found in covered(&rules(before, None)) {
        assert_eq!(found.holes, []);
    }
}

#[rstest]
#[case(
    "let d = signalement.description; if \"gaz\" in d || \"fuite\" in d { throw \"pas compris : \" + d; }",
    "pas compris : …"
)]
#[case(
    "let d = signalement.description; if d.len() > 2 || d == \"gaz\" || d == \"fuite\" { throw \"pas compris : \" + d; }",
    "pas compris : "
)]
#[case(
    "let d = signalement.description; let concierge = d == \"concierge\"; if concierge || d != \"\" { throw \"aucun concierge ici\"; }",
    "aucun concierge ici"
)]
fn one_cause_is_reported_once_whatever_its_message(#[case] before: &str, #[case] cause: &str) {
    for found in covered(&rules(before, None)) {
        assert_eq!(found.holes.len(), 1, "{:#?}", found.holes);
        let sentence = found.holes[0].sentence();
        assert!(sentence.contains(cause), "{sentence}");
        assert_eq!(found.holes[0].residences.len(), 3, "{sentence}");
    }
}

const READS_MUCH: &str = "if signalement.photos > 3 && heure_de(signalement.date_creation) != 4 && !(\"gaz\" in signalement.description) {";

#[test]
fn the_search_can_be_ended_while_one_kind_of_residences_is_tried() {
    let rules = rules(&format!("{READS_MUCH} {GARDIEN} }}"), None);
    let (generation, _) = compile(&rules, &exports(), Known::default());
    let generation = generation.unwrap();
    let combinations = Combinations::of(&generation);
    let asked = Cell::new(0);
    let count = || {
        asked.set(asked.get() + 1);
        true
    };
    combinations.decide_aside(Reach::Kinds, count).unwrap();
    let (all, residences, kinds) = (asked.get(), 3, 3);
    assert!(all > residences + kinds, "{all}");
    asked.set(0);
    let but_the_last = || {
        asked.set(asked.get() + 1);
        asked.get() < all
    };
    assert_eq!(combinations.decide_aside(Reach::Kinds, but_the_last), None);
}

/// The same cause has a different condition for each qualification, which must not be reported for the other.
#[test]
fn each_qualification_is_reported_with_its_own_condition() {
    let before = format!(
        "let tard = heure_de(signalement.date_creation) >= 20;
        let gaz = \"gaz\" in signalement.description;
        if gaz || (signalement.qualification == \"ASC\" && tard) {{ {GARDIEN} }}"
    );
    let rules = rules(&before, None);
    for found in covered(&rules) {
        let told: Vec<_> = found
            .holes
            .iter()
            .map(|it| (it.qualifications.join(" "), it.only_when.join(" ")))
            .collect();
        let gaz = "quand la description contient « gaz »";
        assert!(
            told.contains(&("CHAUF VOIS".to_owned(), gaz.to_owned())),
            "{told:?}"
        );
        let both = format!("à partir de 20 h, ou {gaz}");
        assert!(told.contains(&("ASC".to_owned(), both)), "{told:?}");
        assert_eq!(told.len(), 2, "{told:?}");
    }
}

/// What pairs cannot show is reported.
#[test]
fn conditions_not_tried_together_are_reported() {
    let of_three = "let tard = heure_de(signalement.date_creation) > 20; let gaz = \"gaz\" in signalement.description; if signalement.photos > 3 && tard && gaz {";
    for found in covered(&rules(&format!("{of_three} {GARDIEN} }}"), None)) {
        assert_eq!(found.holes, []);
        let [told] = found.untried.as_slice() else {
            panic!("{:?}", found.untried);
        };
        assert!(told.contains("l'heure"), "{told}");
        assert!(told.contains("« gaz » et le nombre de photos"), "{told}");
        assert!(
            told.ends_with("trois à la fois n'ont pas été essayées."),
            "{told}"
        );
    }
}

/// Rules may name so many residences that each is a kind of its own: beside traffic, kinds that ignore the names are
/// still tried.
#[test]
fn many_names_in_the_rules_do_not_prevent_trying_each_kind_of_residence() {
    let named = (10..60).fold(String::new(), |mut all, number| {
        let _ = write!(all, "\"clos{number}\", ");
        all
    });
    let before = format!(
        "let noms = [{named}]; let pres = residence.nom in noms; {READS_MUCH} {GARDIEN} }}"
    );
    let rules = rules(&before, None);
    let mut exports = FileSet::new();
    let mut residences = String::from("code;nom;adresse\n");
    let mut gestionnaires = String::from("residence;type;identifiant;nom;email\n");
    for number in 0..300 {
        let (code, one, other) = (1000 + number, 10 + number % 50, 10 + number / 50);
        let _ = writeln!(residences, "R{code};clos{one} et clos{other};x");
        for of in ["responsable_secteur", "gardien"] {
            if of != "gardien" || number != 299 {
                let _ = writeln!(gestionnaires, "R{code};{of};X-1;n;e@x.fr");
            }
        }
    }
    exports.insert("residences.csv".into(), residences.into());
    exports.insert("gestionnaires.csv".into(), gestionnaires.into());
    exports.insert("biens.csv".into(), b"code;residence;libelle\n".to_vec());
    let (generation, found) = compile(&rules, &exports, Known::default());
    let generation = generation.unwrap_or_else(|| panic!("{found:#?}"));
    let combinations = Combinations::of(&generation);
    assert!(combinations.count() > combinations.count_usual() + 20_000);
    let found = combinations.decide_aside(Reach::Kinds, || true).unwrap();
    assert!(found.decisions < combinations.count_usual() + 20_000 + 20_000);
    assert_eq!(found.holes.len(), 1, "{:#?}", found.holes);
    assert_eq!(found.holes[0].residences, ["R1299"]);
    let told = |it: &String| it.contains("pour chaque résidence que vos règles nomment");
    assert!(found.untried.iter().any(told), "{:?}", found.untried);
}

/// Rules that read no varying input take no more decisions than before.
#[test]
fn rules_that_read_no_varying_input_cost_nothing_more() {
    let rules = Shipped::Rules.files();
    let (generation, _) = compile(&rules, &Shipped::Referentiel.files(), Known::default());
    let generation = generation.unwrap();
    let combinations = Combinations::of(&generation);
    assert_eq!(combinations.count(), combinations.count_usual());
    let found = combinations.decide_aside(Reach::Kinds, || true).unwrap();
    assert_eq!(found.untried, Vec::<String>::new());
}
