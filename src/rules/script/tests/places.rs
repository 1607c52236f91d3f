//! Mistakes that the parser meets far from where they are, or in code that another place made wrong: where they are
//! reported, and that the remedy leads to a script that compiles.

use rstest::rstest;

use super::{SILENT, compile};

const GESTIONNAIRE: &str = "// Qui s'occupe de la demande ?
fn affecter(signalement, residence, qualification) {
    let responsable = residence.gestionnaires.get(\"responsable_secteur\");
    if responsable == () {
        throw `la résidence ${residence.code} n'en a pas`;
    }

    let concerne = residence.gestionnaires.get(qualification.type_gestionnaire);
    // À défaut, le responsable de secteur.
    if concerne == () {
        concerne = responsable;
    }

    #{
        gestionnaire_concerne: concerne,
        acteur_en_charge: responsable,
    }
}
";

const ACCUSES: &str = "fn accuses(evenement) {
    if evenement.type == \"transmis\" {
        return [
            #{ a: evenement.signalement.email_auteur, modele: \"accuse-reception\" },
        ];
    }
    []
}
";

/// The faults of two scripts, as `line message`.
fn told(gestionnaire: &str, accuses: &str) -> Vec<String> {
    let (_, faults) = compile(gestionnaire, accuses);
    let told = faults.iter();
    told.map(|it| format!("{} {}", it.line, it.message))
        .collect()
}

/// A script with one piece of it written differently.
fn with(script: &str, piece: &str, instead: &str) -> String {
    assert!(script.contains(piece), "{piece}");
    script.replacen(piece, instead, 1)
}

#[rstest]
#[case(
    "responsable == () {",
    "responsable == ()",
    "4 il manque « { » à la fin de cette ligne"
)]
#[case(
    "concerne == () {",
    "concerne == ()",
    "10 il manque « { » à la fin de cette ligne"
)]
#[case(
    "qualification) {",
    "qualification)",
    "2 il manque « { » à la fin de cette ligne"
)]
#[case("#{\n", "#\n", "14 il manque « { » juste derrière « # »")]
#[case(
    "    #{\n",
    "\n",
    "15 il manque « #{ » devant « gestionnaire_concerne »"
)]
#[case(
    "get(\"",
    "get\"",
    "3 il manque « ( » devant « \"responsable_secteur\" »"
)]
#[case("get(qual", "get qual", "8 il manque « ( » devant « qualification »")]
fn a_lost_opening_is_reported_where_it_was(
    #[case] piece: &str,
    #[case] instead: &str,
    #[case] message: &str,
) {
    let wrong = with(GESTIONNAIRE, piece, instead);
    assert_eq!(told(&wrong, SILENT), [message]);
    // Another mistake does not lead away from it.
    let unknown = with(&wrong, "throw `", "throw inconnu + `");
    assert_eq!(told(&unknown, SILENT), [message]);
}

#[rstest]
#[case("return [", "return", "3 il manque « [ » à la fin de cette ligne")]
#[case(
    "\"transmis\" {",
    "\"transmis\"",
    "2 il manque « { » à la fin de cette ligne"
)]
#[case("#{ a", "a", "4 il manque « #{ » devant « a »")]
fn a_lost_opening_of_a_list_is_reported_where_it_was(
    #[case] piece: &str,
    #[case] instead: &str,
    #[case] message: &str,
) {
    let affecter = GESTIONNAIRE;
    assert_eq!(told(affecter, &with(ACCUSES, piece, instead)), [message]);
}

const OF_STATUS: &str = "if evenement.type == \"statut\" {
    let a = evenement.signalement.email_auteur;
    return [#{ a: a, modele: \"accuse-reception\" }];
}
";

#[test]
fn code_behind_the_function_is_told_where_it_belongs() {
    let message = "10 les lignes 10 à 13 sont hors de la fonction « accuses » (lignes 1 à 8) : mettez-les dedans, avant la ligne 7";
    let wrong = format!("{ACCUSES}\n{OF_STATUS}");
    assert_eq!(told(GESTIONNAIRE, &wrong), [message]);
    let followed = with(ACCUSES, "    []", &format!("{OF_STATUS}    []"));
    assert_eq!(told(GESTIONNAIRE, &followed), [""; 0]);
}

#[test]
fn code_before_the_function_is_told_where_it_belongs() {
    let message = "1 les lignes 1 à 4 sont hors de la fonction « accuses » (lignes 5 à 12) : mettez-les dedans, avant la ligne 11";
    assert_eq!(
        told(GESTIONNAIRE, &format!("{OF_STATUS}{ACCUSES}")),
        [message]
    );
}

#[test]
fn one_line_outside_the_function_is_told_where_it_belongs() {
    let line = "if signalement.photos > 5 { concerne = responsable; }";
    let message = "19 cette ligne est hors de la fonction « affecter » (lignes 2 à 18) : mettez-la dedans, avant la ligne 14";
    assert_eq!(told(&format!("{GESTIONNAIRE}{line}\n"), SILENT), [message]);
    let followed = with(GESTIONNAIRE, "    #{", &format!("{line}\n    #{{"));
    assert_eq!(told(&followed, SILENT), [""; 0]);
}

#[test]
fn a_result_outside_the_function_is_told_to_end_it() {
    let outside = "return [#{ a: a, modele: \"accuse-reception\" }];\n";
    let inside = "    let a = evenement.signalement.email_auteur;\n";
    let message = "4 cette ligne est hors de la fonction « accuses » (lignes 1 à 3) : mettez-la à la fin de la fonction, avant l'accolade qui la ferme";
    let wrong = format!("fn accuses(evenement) {{\n{inside}}}\n{outside}");
    assert_eq!(told(GESTIONNAIRE, &wrong), [message]);
    let followed = format!("fn accuses(evenement) {{\n{inside}{outside}}}\n");
    assert_eq!(told(GESTIONNAIRE, &followed), [""; 0]);
}

#[test]
fn a_helper_is_not_told_that_it_renamed_a_parameter() {
    let helper = "fn aide(a, b, c) {\n    a + b + c + residence.code\n}\n";
    let wrong = format!(
        "{}{helper}",
        with(GESTIONNAIRE, "signalement, residence, ", "s, r, ")
    );
    let wrong = wrong.replace("residence.gestionnaires", "r.gestionnaires");
    let wrong = wrong.replace("${residence.code}", "${r.code}");
    let told = told(&wrong, SILENT);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(!told[0].contains("s'appelle ici"), "{told:?}");
}

#[test]
fn a_definition_of_another_function_is_no_slip() {
    let helper = "fn aide(code) {\n    let responsible = code;\n    1\n}\n";
    let wrong = with(
        GESTIONNAIRE,
        "    let responsable = residence.gestionnaires.get(\"responsable_secteur\");\n",
        "",
    );
    let told = told(&format!("{wrong}{helper}"), SILENT);
    assert!(!told.is_empty());
    assert!(!told.iter().any(|it| it.contains("plus bas")), "{told:?}");
}

#[test]
fn a_constant_below_a_comment_is_told_how_to_be_read() {
    let wrong = with(
        GESTIONNAIRE,
        "    if concerne == () {",
        "    if concerne == ()\n        // Les urgences du soir.\n        || qualification.code in URGENTES\n    {",
    );
    let wrong = format!("const URGENTES = [\"ASC\"];\n{wrong}");
    let message =
        "13 « URGENTES » est défini hors de la fonction : écrivez ici « global::URGENTES »";
    assert_eq!(told(&wrong, SILENT), [message]);
    let followed = wrong.replace("in URGENTES", "in global::URGENTES");
    assert_eq!(told(&followed, SILENT), [""; 0]);
}

#[test]
fn a_value_that_only_the_calling_function_has_is_told_how_to_be_given() {
    let wrong = format!(
        "{}fn est_urgent(code) {{\n    code == \"ASC\" || signalement.photos > 5\n}}\n",
        with(
            GESTIONNAIRE,
            "if concerne == ()",
            "if concerne == () || est_urgent(qualification.code)"
        )
    );
    let message = "20 la fonction « est_urgent » ne connaît pas « signalement » : écrivez « fn est_urgent(code, signalement) », et ajoutez « signalement » là où elle est appelée";
    assert_eq!(told(&wrong, SILENT), [message]);
    let followed = with(&wrong, "est_urgent(code)", "est_urgent(code, signalement)");
    let followed = with(
        &followed,
        "qualification.code)",
        "qualification.code, signalement)",
    );
    assert_eq!(told(&followed, SILENT), [""; 0]);
}

#[test]
fn a_renamed_parameter_is_named() {
    let wrong = with(
        GESTIONNAIRE,
        "affecter(signalement, residence,",
        "affecter(s, r,",
    );
    let wanted = [
        "3 variable inconnue : « residence » s'appelle ici « r »",
        "5 variable inconnue : « residence » s'appelle ici « r »",
        "8 variable inconnue : « residence » s'appelle ici « r »",
    ];
    assert_eq!(told(&wrong, SILENT), wanted);
}

#[rstest]
#[case("let Responsable")]
#[case("let responsible")]
fn a_slip_in_a_definition_is_reported_there(#[case] definition: &str) {
    let wrong = with(GESTIONNAIRE, "let responsable", definition);
    let name = definition.trim_start_matches("let ");
    let message = format!(
        "3 « {name} » est défini ici, mais plus bas il s'appelle « responsable » : écrivez ici « let responsable »"
    );
    assert_eq!(told(&wrong, SILENT), [message]);
}

#[test]
fn a_slip_in_a_use_is_reported_at_the_use() {
    let wrong = with(GESTIONNAIRE, "if responsable", "if Responsable");
    let message = "4 variable inconnue : « Responsable » ; écrivez « responsable », sans majuscule";
    assert_eq!(told(&wrong, SILENT), [message]);
}

#[rstest]
#[case("// Qui s'occupe", "Qui s'occupe", 1)]
#[case("// À défaut, le", "À défaut, le", 9)]
#[case(
    "    let concerne",
    "    Qui est concerné par la demande\n    let concerne",
    8
)]
#[case("fn affecter", "et à défaut le responsable.\nfn affecter", 2)]
fn a_comment_without_its_mark_is_recognized(
    #[case] piece: &str,
    #[case] instead: &str,
    #[case] line: usize,
) {
    let wrong = with(GESTIONNAIRE, piece, instead);
    let message = format!(
        "{line} cette ligne n'est pas du code ; si c'est un commentaire, mettez « // » devant"
    );
    assert_eq!(told(&wrong, SILENT), [message]);
    let mut lines: Vec<String> = wrong.lines().map(str::to_owned).collect();
    lines[line - 1].insert_str(0, "// ");
    assert_eq!(told(&lines.join("\n"), SILENT), [""; 0]);
}
