//! Which faults of each file's shape are reported, and what is accepted.

mod statuts;

use super::*;
use crate::rules::diagnostic::Severity;
use rstest::rstest;

#[test]
fn all_faults_of_a_file_come_at_once() {
    let mut faults = Vec::new();
    let text = "mode: [tous]\ncategorie: [ASC]\ncategories: ASC\n";
    transmission("transmission.yaml", text, &mut faults);
    let seen: Vec<(u32, &str)> = faults
        .iter()
        .map(|it| (it.line, it.message.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (1, "clé inconnue « mode » : vouliez-vous dire « modes » ?"),
            (
                2,
                "clé inconnue « categorie » : vouliez-vous dire « categories » ?"
            ),
        ]
    );
}

#[test]
fn an_escape_that_makes_a_nul_is_reported_at_its_position() {
    let read = |text: &str| {
        let mut faults = Vec::new();
        priorites("priorites.yaml", text, &mut faults);
        let told = faults.iter().map(|it| (it.line, it.column));
        told.collect::<Vec<_>>()
    };
    let wrong = "priorites:\n  low: \"fai\\0ble\"\n  \"h\\x00\": haute\n  c: \"\\u0000\"\n";
    assert_eq!(read(wrong), [(3, 3), (2, 8), (4, 6)]);
    let right = [
        "priorites:\n  low: 'fai\\0ble'\n",
        "priorites:\n  low: fai\\0ble\n",
        "priorites:\n  low: \"fai\\\\0ble\"\n",
        "priorites:\n  low: \"0\"\n  high: haute\n",
    ];
    for right in right {
        assert_eq!(read(right), [], "{right}");
    }
}

const ASC: &str =
    "qualifications:\n  ASC:\n    libelle: L\n    type_gestionnaire: t\n    workflow: W\n";

#[rstest]
#[case("PLB:\n  libelle: L\n", (6, 1), "celles de son groupe doivent être décalées sous « qualifications »")]
#[case("PLB:\nlibelle: L\nworkflow: W\n", (6, 1), "celles qui suivent doivent être décalées sous « qualifications »")]
#[case("  PLB:\n  libelle: L\n  type_gestionnaire: t\n  workflow: W\n", (7, 3), "décalez ces lignes sous « PLB » : libelle, type_gestionnaire, workflow")]
#[case("  PLB:\n    libelle: L\n    type_gestionnaire: t\n  workflow: W\n", (9, 3), "décalez cette ligne sous « PLB » : workflow")]
#[case("  PLB:\n  \u{a0} libelle: L\n  \u{a0} type_gestionnaire: t\n", (7, 3), "il y a ici une espace insécable")]
#[case("\u{a0}  libelle: L\n", (6, 1), "il y a ici une espace insécable")]
#[case("    PLB:\n      libelle: L\n      workflow: W\n", (6, 5), "« PLB » est trop à droite : alignez cette ligne sur « ASC »")]
#[case("    PLB:\n    libelle: L\n    type_gestionnaire: t\n    workflow: W\n", (6, 5), "« PLB » commence un autre groupe : décalez cette ligne vers la gauche")]
#[case("PLB:\n    libelle: L\n    workflow: W\n  EAU:\n    libelle: L\n", (9, 3), "ou la ligne 6 est trop à gauche")]
fn a_key_on_the_wrong_level_is_reported_once(
    #[case] more: &str,
    #[case] at: (u32, u32),
    #[case] words: &str,
) {
    let mut faults = Vec::new();
    qualifications("q.yaml", &format!("{ASC}{more}"), &mut faults);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].line, faults[0].column), at, "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[rstest]
#[case(
    "priorites:\nlow: faible\nhigh: haute\n",
    2,
    "celles qui suivent doivent être décalées sous « priorites »"
)]
#[case(
    "priorites:\n  low: faible\nhigh: haute\n",
    3,
    "cette ligne doit être décalée sous « priorites »"
)]
#[case("priorites:\n  low: &faible\n", 2, "« & » en début de valeur")]
#[case("priorites:\n  low: !faible\n", 2, "« ! » en début de valeur")]
#[case("priorites:\n  low: !\n", 2, "« ! » en début de valeur")]
#[case("priorites:\n  low: ! # faible\n", 2, "« ! » en début de valeur")]
#[case("priorites:\n  low: #faible\n", 2, "« # » est un commentaire")]
#[case(
    "low: faible\nhigh: haute\n",
    1,
    "il manque la ligne « priorites: » au-dessus de « low »"
)]
fn a_mistake_in_priorities_is_reported_once(
    #[case] text: &str,
    #[case] line: u32,
    #[case] words: &str,
) {
    let mut faults = Vec::new();
    priorites("p.yaml", text, &mut faults);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].line, line, "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[rstest]
#[case("low: '!'")]
#[case("low: \"! \"")]
#[case("low: urgent !")]
#[case("low: faible # !")]
#[case("'low: !': faible")]
fn a_sign_that_a_text_may_have_is_left_alone(#[case] line: &str) {
    let mut faults = Vec::new();
    priorites("p.yaml", &format!("priorites:\n  {line}\n"), &mut faults);
    assert_eq!(faults, []);
}

#[rstest]
#[case("low: ''")]
#[case("low: '' # !")]
#[case("low:")]
#[case("low: #")]
fn an_empty_text_without_a_sign_is_told_as_it_is(#[case] line: &str) {
    let mut faults = Vec::new();
    priorites("p.yaml", &format!("priorites:\n  {line}\n"), &mut faults);
    let [fault] = faults.as_slice() else {
        panic!("{faults:?}");
    };
    assert!(!fault.message.contains("début de valeur"), "{fault}");
}

#[rstest]
#[case("PARK, GAR", true)]
#[case("PARK,GAR", true)]
#[case("PARK; GAR", true)]
#[case("\"PARK, GAR\"", false)]
#[case("PARK.GAR", false)]
fn several_codes_of_qualifications_in_one_key_are_a_remark(#[case] key: &str, #[case] is: bool) {
    let mut faults = Vec::new();
    qualifications("q.yaml", &ASC.replace("ASC", key), &mut faults);
    let told = faults
        .iter()
        .map(|it| it.message.contains("une seule qualification"));
    assert_eq!(
        told.collect::<Vec<_>>(),
        vec![true; usize::from(is)],
        "{faults:?}"
    );
}

#[rstest]
#[case("")]
#[case("# rien\n\n  # encore\n")]
fn an_empty_file_is_reported_as_empty(#[case] text: &str) {
    let mut faults = Vec::new();
    assert!(priorites("p.yaml", text, &mut faults).is_none());
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["p.yaml : erreur : ce fichier est vide, ou n'a que des commentaires"]
    );
}

#[test]
fn a_dash_without_a_space_is_reported_where_a_list_is_expected() {
    let mut faults = Vec::new();
    transmission("t.yaml", "modes:\n  -tous\n", &mut faults);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].message.ends_with("après le tiret : « - tous »"));
}

#[rstest]
#[case("residences: [MZ-01]\n", "et non par résidence")]
#[case("sauf: [ASC]\n", "toutes les catégories qui doivent partir")]
#[case(
    "categories_exclues: [ASC]\n",
    "toutes les catégories qui doivent partir"
)]
#[case::tag("categories: [!ASC]\n", "toutes les catégories qui doivent partir")]
#[case::tags(
    "categories: [!ASC, !CHAUF]\n",
    "toutes les catégories qui doivent partir"
)]
fn an_unsupported_choice_is_reported_once(#[case] more: &str, #[case] words: &str) {
    let mut faults = Vec::new();
    transmission("t.yaml", &format!("modes: [tous]\n{more}"), &mut faults);
    assert_eq!(faults.len(), 1, "{faults:?}");
    let column = if more.contains('!') { 14 } else { 1 };
    assert_eq!((faults[0].line, faults[0].column), (2, column));
    assert!(faults[0].message.ends_with(words), "{faults:?}");
    assert_eq!(faults[0].severity, Severity::Error);
}

#[rstest]
#[case("Ascenseur,", Some("écrivez « Ascenseur »"))]
#[case("Ascenseur;", Some("écrivez « Ascenseur »"))]
#[case("Ascenseur\"", Some("écrivez « Ascenseur »"))]
#[case("“Ascenseur”", None)]
#[case("« Ascenseur »", None)]
#[case("\"Ascenseur,\"", None)]
#[case("'« Ascenseur »'", None)]
#[case("Tuyau de 3/4\"", None)]
#[case("Dit « l’ascenseur »", None)]
#[case("Ascenseur, escalier", None)]
#[case("Le \"grand\"", None)]
#[case(
    "Encombrants {{ residence.nom }}",
    Some("seuls les modèles remplacent « {{ residence.nom }} »")
)]
#[case(
    "\"Encombrants {% if x %}\"",
    Some("seuls les modèles remplacent « {% if x %} »")
)]
#[case("Encombrants {petits}", None)]
#[case("Remise de 5 %", None)]
fn syntax_at_the_end_of_a_label_is_a_remark(#[case] label: &str, #[case] words: Option<&str>) {
    let text = format!(
        "qualifications:\n  ASC:\n    libelle: {label}\n    type_gestionnaire: t\n    workflow: W\n"
    );
    let mut faults = Vec::new();
    let read = qualifications("qualifications.yaml", &text, &mut faults);
    assert!(read.is_some());
    assert_eq!(faults.len(), usize::from(words.is_some()), "{faults:?}");
    if let (Some(words), Some(fault)) = (words, faults.first()) {
        assert_eq!((fault.line, fault.column), (3, 14));
        assert!(fault.message.contains(words), "{fault}");
    }
}

#[rstest]
#[case("modes [tous]\n", "il manque les deux-points")]
#[case("modes = [tous]\n", "il manque les deux-points")]
#[case("modes\u{a0}: [tous]\n", "il y a ici une espace insécable")]
#[case("modes:[tous]\n", "il manque une espace après les deux-points")]
#[case("modes: #[tous]\n", "est un commentaire : effacez ce signe")]
fn a_file_of_one_meaningless_line_is_reported_with_the_reason(
    #[case] text: &str,
    #[case] words: &str,
) {
    let mut faults = Vec::new();
    assert!(transmission("transmission.yaml", text, &mut faults).is_none());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[rstest]
#[case("priorites:\n  low: &faible\n", (2, 8))]
#[case("priorites:\n  low: !faible\n", (2, 8))]
#[case("priorites:\n  low:   #faible\n", (2, 10))]
fn a_character_that_hides_a_value_is_reported_at_its_position(
    #[case] text: &str,
    #[case] at: (u32, u32),
) {
    let mut faults = Vec::new();
    assert!(priorites("priorites.yaml", text, &mut faults).is_none());
    assert_eq!((faults[0].line, faults[0].column), at, "{faults:?}");
}

#[rstest]
#[case(
    "{low: faible, urgent: haute#nouveau, high: haute}",
    "effacez-le : « haute »",
    "{low: faible, urgent: haute, high: haute}"
)]
#[case(
    "{low: faible, urgent: haute#nouveau}",
    "effacez-le : « haute »",
    "{low: faible, urgent: haute}"
)]
#[case(
    "{low: faible, urgent: haute#nouveau, high: haute}",
    "entre guillemets",
    "{low: faible, urgent: \"haute#nouveau\", high: haute}"
)]
#[case(
    "\n  low: faible\n  urgent: haute#nouveau\n  high: haute",
    "« haute # nouveau »",
    "\n  low: faible\n  urgent: haute # nouveau\n  high: haute"
)]
fn a_comment_glued_to_a_word_is_a_remark_until_the_remedy(
    #[case] wrong: &str,
    #[case] words: &str,
    #[case] mended: &str,
) {
    let mut faults = Vec::new();
    let read = priorites("p.yaml", &format!("priorites: {wrong}\n"), &mut faults);
    assert!(read.is_some());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
    faults.clear();
    let read = priorites("p.yaml", &format!("priorites: {mended}\n"), &mut faults);
    assert_eq!(faults, []);
    assert_eq!(read.map(|it| it.len()), Some(wrong.matches(':').count()));
}

/// The messages about a file of qualifications with these two codes.
fn told_of_codes(first: &str, second: &str) -> Vec<String> {
    let block = "    libelle: L\n    type_gestionnaire: t\n    workflow: W\n";
    let text = format!("qualifications:\n  {first}:\n{block}  {second}:\n{block}");
    let mut faults = Vec::new();
    let read = qualifications("qualifications.yaml", &text, &mut faults);
    assert!(read.is_some(), "{faults:?}");
    let told = faults.into_iter().map(|it| {
        assert_eq!((it.severity, it.line), (Severity::Warning, 6), "{it}");
        it.message
    });
    told.collect()
}

#[rstest]
#[case("CHAUF:", "écrivez « CHAUF: »")]
#[case("CHAUF :", "écrivez « CHAUF: »")]
#[case("// ENC", "et non par « // » : mettez « # » à sa place")]
#[case("-- ENC", "et non par « -- »")]
#[case("; ENC", "et non par « ; »")]
#[case("\"CHAUF \"", "une espace compte dans ce code")]
#[case("CHAUF.", "écrivez « CHAUF »")]
#[case("(CHAUF)", "écrivez « CHAUF »")]
fn a_code_with_a_sign_that_was_meant_as_syntax_is_a_remark(
    #[case] code: &str,
    #[case] words: &str,
) {
    let told = told_of_codes("ASC", code);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(words), "{told:?}");
}

#[rstest]
#[case("ASC", "\"CHAUF:\"")]
#[case("ASC", "'// ENC'")]
#[case("ASC", "\"(CHAUF)\"")]
#[case("ASC", "CHAUF-2")]
#[case("ASC", "A:B")]
#[case("ASC", "AB//C")]
#[case("ASC", "CHAUF (collectif)")]
#[case("ASC.", "CHAUF.")]
#[case("(ASC)", "(CHAUF)")]
#[case("ASC", "1.2")]
#[case("ASC", "012")]
fn a_code_may_have_signs(#[case] first: &str, #[case] second: &str) {
    assert_eq!(told_of_codes(first, second), [""; 0]);
}

#[rstest]
#[case("W\n      (voir avec Paul)", "« W (voir avec Paul) »")]
#[case("W\n\n     à revoir", "devant elle si c'est un commentaire")]
#[case("W # voir avec Paul", "")]
#[case("W\n      # voir avec Paul", "")]
#[case("\"W\n      (voir avec Paul)\"", "")]
#[case(">-\n      W\n      X", "")]
#[case("|-\n      W X", "")]
#[case("W (voir avec Paul)   ", "")]
#[case("W\r", "")]
#[case("\n      W", "")]
#[case("!!str W", "")]
#[case("12", "")]
fn a_word_that_continues_on_the_next_line_is_a_remark(#[case] workflow: &str, #[case] words: &str) {
    let text = format!(
        "qualifications:\n  ASC:\n    libelle: Ascenseur\n      en panne\n    type_gestionnaire: t\n    workflow: {workflow}\n"
    );
    let mut faults = Vec::new();
    let read = qualifications("qualifications.yaml", &text, &mut faults);
    assert!(read.is_some(), "{faults:?}");
    assert_eq!(faults.len(), usize::from(!words.is_empty()), "{faults:?}");
    for fault in faults {
        assert_eq!((fault.line, fault.severity), (6, Severity::Warning));
        assert!(fault.message.contains(words), "{fault}");
    }
}
