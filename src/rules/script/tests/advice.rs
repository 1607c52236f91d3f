//! Things people write that the language writes differently: the advice they get, and that a script that follows it
//! compiles.

use rstest::rstest;

use super::{SILENT, compile};
use crate::rules::diagnostic::Diagnostic;

/// The diagnostics of an `affecter` with these lines before its result.
fn of_affecter(lines: &str) -> Vec<Diagnostic> {
    let text = format!(
        "fn affecter(signalement, residence, qualification) {{
         let responsable = residence.gestionnaires.get(\"responsable_secteur\");
         let concerne = responsable;
         {lines}
         #{{gestionnaire_concerne: concerne, acteur_en_charge: responsable}} }}"
    );
    compile(&text, SILENT).1
}

fn of_accuses(lines: &str) -> Vec<Diagnostic> {
    let text = format!("fn accuses(evenement) {{ {lines} }}");
    compile("fn affecter(a, b, c) { throw 1 }", &text).1
}

fn told(faults: &[Diagnostic]) -> Vec<&str> {
    faults.iter().map(|it| it.message.as_str()).collect()
}

#[rstest]
#[case(
    "if !signalement.residence in [\"A\", \"B\"] { concerne = (); }",
    "« ! » ne porte ici que sur « signalement.residence », et non sur la comparaison : écrivez « signalement.residence !in … »",
    "if signalement.residence !in [\"A\", \"B\"] { concerne = (); }"
)]
#[case(
    "if !signalement.residence == \"A\" { concerne = (); }",
    "« ! » ne porte ici que sur « signalement.residence », et non sur la comparaison : écrivez « signalement.residence != … »",
    "if signalement.residence != \"A\" { concerne = (); }"
)]
#[case(
    "if not signalement.residence in [\"A\"] { concerne = (); }",
    "« not signalement.residence » : écrivez « signalement.residence !in … »",
    "if signalement.residence !in [\"A\"] { concerne = (); }"
)]
#[case(
    "if signalement.residence pas in [\"A\"] { concerne = (); }",
    "« not in » : écrivez « !in »",
    "if signalement.residence !in [\"A\"] { concerne = (); }"
)]
#[case(
    "if signalement.residence { concerne = (); }",
    "« signalement.residence » est un texte, et pas une condition : comparez-le, par exemple « signalement.residence != \"…\" »",
    "if signalement.residence != \"A\" { concerne = (); }"
)]
#[case(
    "if signalement.residence == () in [\"A\"] { concerne = (); }",
    "un texte est comparé ici avec le résultat d'une autre comparaison : écrivez-les à part, avec « && » ou « || » entre elles",
    "if signalement.residence in [\"A\"] { concerne = (); }"
)]
#[case(
    "if signalement.photos > 1 {\n concerne = ();\n else {\n concerne = responsable;\n }",
    "il manque une accolade « } » devant « else » : elle referme le bloc de son « if »",
    "if signalement.photos > 1 {\n concerne = ();\n } else {\n concerne = responsable;\n }"
)]
#[case(
    "if signalement.photos > 1 { concerne = (); }; else { concerne = responsable; }",
    "« else » suit directement l'accolade « } » de son « if » : enlevez le « ; » entre les deux",
    "if signalement.photos > 1 { concerne = (); } else { concerne = responsable; }"
)]
#[case(
    "concerne = residence.gestionnaires.get(\"gardien\") ou responsable;",
    "« ou » : pour prendre la suite quand cette valeur manque, écrivez « ?? »",
    "concerne = residence.gestionnaires.get(\"gardien\") ?? responsable;"
)]
#[case(
    "concerne = residence.gestionnaires.get(\"gardien\") ? responsable;",
    "« ? » : pour prendre la suite quand cette valeur manque, écrivez « ?? »",
    "concerne = residence.gestionnaires.get(\"gardien\") ?? responsable;"
)]
#[case(
    "concerne = residence.gestionnaires.get(\"gardien\") || responsable;",
    "« residence.gestionnaires.get(\"gardien\") » n'est pas une condition, et « || » ne va qu'entre deux conditions : pour prendre la suite quand un gestionnaire manque, écrivez « ?? »",
    "concerne = residence.gestionnaires.get(\"gardien\") ?? responsable;"
)]
#[case(
    "concerne = if signalement.photos > 1 ? responsable : ();",
    "« ? » : écrivez « if condition { … } else { … } »",
    "concerne = if signalement.photos > 1 { responsable } else { () };"
)]
#[case(
    "if qualification.code == \"A\", \"B\" { concerne = (); }",
    "« == » ne va qu'avec une valeur : pour plusieurs textes, écrivez « in [\"A\", \"B\"] »",
    "if qualification.code in [\"A\", \"B\"] { concerne = (); }"
)]
#[case(
    "if qualification.code in (\"A\", \"B\", \"C\") { concerne = (); }",
    "« in » ne va qu'avec une valeur : pour plusieurs textes, écrivez « in [\"A\", \"B\", \"C\"] »",
    "if qualification.code in [\"A\", \"B\", \"C\"] { concerne = (); }"
)]
#[case(
    "if qualification.code == \"A\" or \"B\" { concerne = (); }",
    "« == » ne va qu'avec une valeur : pour plusieurs textes, écrivez « in [\"A\", \"B\"] »",
    "if qualification.code in [\"A\", \"B\"] { concerne = (); }"
)]
#[case(
    "if qualification.code != \"A\" && \"B\" { concerne = (); }",
    "« != » ne va qu'avec une valeur : pour plusieurs textes, écrivez « !in [\"A\", \"B\"] »",
    "if qualification.code !in [\"A\", \"B\"] { concerne = (); }"
)]
#[case(
    "switch qualification.code {\n \"A\", \"B\" => { concerne = (); }\n _ => {}\n }",
    "un cas de « switch » pour plusieurs textes s'écrit « \"A\" | \"B\" => … »",
    "switch qualification.code {\n \"A\" | \"B\" => { concerne = (); }\n _ => {}\n }"
)]
#[case(
    "switch qualification.code {\n \"A\" ou \"B\" => { concerne = (); }\n _ => {}\n }",
    "un cas de « switch » pour plusieurs textes s'écrit « \"A\" | \"B\" => … »",
    "switch qualification.code {\n \"A\" | \"B\" => { concerne = (); }\n _ => {}\n }"
)]
#[case(
    "switch qualification.code {\n \"A\" || \"B\" => { concerne = (); }\n _ => {}\n }",
    "un cas de « switch » pour plusieurs textes s'écrit « \"A\" | \"B\" => … »",
    "switch qualification.code {\n \"A\" | \"B\" => { concerne = (); }\n _ => {}\n }"
)]
#[case(
    "concerné = ();",
    "« concerné » : un nom s'écrit sans accent, « concerne », et un texte entre guillemets",
    "concerne = ();"
)]
#[case(
    "concerne = résidence.gestionnaires.get(\"gardien\");",
    "« résidence » : un nom s'écrit sans accent, « residence », et un texte entre guillemets",
    "concerne = residence.gestionnaires.get(\"gardien\");"
)]
#[case(
    "if residence.code == \"A\"; { concerne = (); }",
    "après la condition vient directement « { » : enlevez le signe « ; »",
    "if residence.code == \"A\" { concerne = (); }"
)]
#[case(
    "concerne = residence.gestionnaires.get[\"gardien\"];",
    "« get » demande des parenthèses : écrivez « residence.gestionnaires.get(\"gardien\") »",
    "concerne = residence.gestionnaires.get(\"gardien\");"
)]
#[case(
    "concerne = residence.gestionnaires.get \"gardien\";",
    "« get » demande des parenthèses : écrivez « get(\"gardien\") »",
    "concerne = residence.gestionnaires.get(\"gardien\");"
)]
#[case(
    "concerne = residence.gestionnaires(\"gardien\");",
    "fonction inconnue « gestionnaires » : écrivez gestionnaires.get(…)",
    "concerne = residence.gestionnaires.get(\"gardien\");"
)]
#[case(
    "if signalement.priorite == haute { concerne = (); }",
    "variable inconnue : « haute » ; si c'est un texte, écrivez-le entre guillemets : « \"haute\" »",
    "if signalement.priorite == \"haute\" { concerne = (); }"
)]
#[case(
    "concerne = residence.gestionnaires.get(gardien);",
    "variable inconnue : « gardien » ; si c'est un texte, écrivez-le entre guillemets : « \"gardien\" »",
    "concerne = residence.gestionnaires.get(\"gardien\");"
)]
#[case(
    "concerne = responsable_secteur;",
    "variable inconnue : « responsable_secteur » ; vouliez-vous dire « responsable » ?",
    "concerne = responsable;"
)]
#[case(
    "if priorite == \"high\" { concerne = (); }",
    "variable inconnue : « priorite » ; écrivez « signalement.priorite »",
    "if signalement.priorite == \"high\" { concerne = (); }"
)]
#[case(
    "if code == \"A\" { concerne = (); }",
    "variable inconnue : « code » ; écrivez « residence.code » ou « qualification.code »",
    "if residence.code == \"A\" { concerne = (); }"
)]
#[case(
    "if pas (residence.code == \"A\") { concerne = (); }",
    "« pas » : écrivez « ! »",
    "if !(residence.code == \"A\") { concerne = (); }"
)]
#[case(
    "if signalement.description.contains(\"a\") || contains(\"b\") { concerne = (); }",
    "« contains » demande devant lui le texte où chercher : écrivez « signalement.description.contains(…) »",
    "if signalement.description.contains(\"a\") || signalement.description.contains(\"b\") { concerne = (); }"
)]
#[case(
    "if signalement.description.contains(\"a\") || .contains(\"b\") { concerne = (); }",
    "il manque ce qui est devant ce point : répétez-le, comme dans « texte.contains(…) || texte.contains(…) »",
    "if signalement.description.contains(\"a\") || signalement.description.contains(\"b\") { concerne = (); }"
)]
fn following_the_advice_on_affecter_solves_the_problem(
    #[case] lines: &str,
    #[case] message: &str,
    #[case] followed: &str,
) {
    let faults = of_affecter(lines);
    assert_eq!(told(&faults), [message]);
    assert_eq!(told(&of_affecter(followed)), [""; 0]);
}

#[rstest]
#[case(
    "if signalement.priorite == \"high\" { return []; } []",
    "variable inconnue : « signalement » ; écrivez « evenement.signalement »",
    "if evenement.signalement.priorite == \"high\" { return []; } []"
)]
#[case(
    "if residence.code == \"A\" { return []; } []",
    "variable inconnue : « residence » ; ce script n'en connaît que le code, « evenement.signalement.residence », sans rien derrière",
    "if evenement.signalement.residence == \"A\" { return []; } []"
)]
#[case("Return [];", "« Return » : écrivez « return »", "return [];")]
#[case(
    "[]\n []",
    "le résultat « [] » est écrit deux fois : enlevez-en un",
    "[]"
)]
#[case(
    "[#{a: \"a@b.example\", modele: \"m\"}]\n if evenement.type == \"statut\" { return []; }",
    "le résultat « […] » vient en dernier : mettez avant lui les lignes qui le suivent, ou enlevez-les",
    "if evenement.type == \"statut\" { return []; }\n [#{a: \"a@b.example\", modele: \"m\"}]"
)]
#[case(
    "let l = []\n return l;",
    "il manque « ; » à la fin de cette ligne",
    "let l = [];\n return l;"
)]
#[case(
    "if evenement.type == \"statut\" { return [] }\n return [#{a: \"a@b.example\", modele: \"m\"}]\n let x = 1;",
    "il manque « ; » à la fin de cette ligne",
    "if evenement.type == \"statut\" { return [] }\n return [#{a: \"a@b.example\", modele: \"m\"}];"
)]
fn following_the_advice_on_accuses_solves_the_problem(
    #[case] lines: &str,
    #[case] message: &str,
    #[case] followed: &str,
) {
    let faults = of_accuses(lines);
    assert_eq!(told(&faults), [message]);
    assert_eq!(told(&of_accuses(followed)), [""; 0]);
}

/// The first diagnostic of a script that contains this line, with its column.
fn told_first(line: &str) -> Option<(u32, String)> {
    let text =
        format!("fn affecter(signalement, residence, qualification) {{\n{line}\nthrow \"non\"\n}}");
    let (scripts, faults) = compile(&text, SILENT);
    assert_eq!(scripts.is_none(), !faults.is_empty(), "{faults:?}");
    let first = faults.into_iter().next()?;
    assert_eq!(first.line, 2, "{first}");
    Some((first.column, first.message))
}

#[rstest]
#[case(
    "let mut x = 1; print(x);",
    "let x = 1; print(x);",
    "écrivez « let x »"
)]
#[case("print(20h);", "print(20);", "écrivez « 20 »")]
#[case(
    "let h = 8h30; print(h);",
    "let h = 9; print(h);",
    "choisissez « 8 » ou « 9 », et la règle changera à cette heure-là, non à 8 h 30"
)]
#[case("let h = 8h00; print(h);", "let h = 8; print(h);", "écrivez « 8 »")]
#[case("print(20 h 30);", "print(21);", "choisissez « 20 » ou « 21 »")]
#[case("print(20 h 00);", "print(20);", "écrivez « 20 »")]
#[case(
    "if heure_de(signalement.date_creation) >= 20:30 { throw 1 }",
    "if heure_de(signalement.date_creation) >= 21 { throw 1 }",
    "« heure_de » ne compte pas les minutes : choisissez « 20 » ou « 21 »"
)]
#[case(
    "if heure_de(signalement.date_creation) >= 23h30 { throw 1 }",
    "if heure_de(signalement.date_creation) >= 23 { throw 1 }",
    "« heure_de » ne compte pas les minutes : écrivez « 23 », et la règle"
)]
#[case("print([20:00, 21:00]);", "print([20, 21]);", "écrivez « 20 »")]
#[case(
    "if heure_de(signalement.date_creation) >= 20:00 { throw 1 }",
    "if heure_de(signalement.date_creation) >= 20 { throw 1 }",
    "écrivez « 20 »"
)]
#[case(
    "if heure_de(signalement.date_creation) >= 08 h { throw 1 }",
    "if heure_de(signalement.date_creation) >= 8 { throw 1 }",
    "écrivez « 8 »"
)]
#[case("print([ a: 1 ]);", "print(#{ a: 1 });", "mettez « #{ » et « } »")]
#[case("print([\"a\": 1]);", "print(#{\"a\": 1});", "mettez « #{ » et « } »")]
#[case(
    "print([signalement: 1]);",
    "print(#{signalement: 1});",
    "mettez « #{ » et « } »"
)]
#[case(
    "print([a: 1, b: 2]);",
    "print(#{a: 1, b: 2});",
    "mettez « #{ » et « } »"
)]
#[case("print(‘gaz’);", "print(\"gaz\");", "entre guillemets droits (\")")]
#[case(
    "print(\"gaz”); print(\"eau\");",
    "print(\"gaz\"); print(\"eau\");",
    "guillemet typographique (”)"
)]
#[case("print(\"gaz”);", "print(\"gaz\");", "guillemet typographique (”)")]
fn a_slip_is_reported_with_the_correct_form(
    #[case] line: &str,
    #[case] followed: &str,
    #[case] words: &str,
) {
    let (_, message) = told_first(line).expect("a fault");
    assert!(message.contains(words), "{message}");
    assert_eq!(told_first(followed), None);
}

#[rstest]
#[case("print(#{heures: [8, 20], h: 20});")]
#[case("let h = 20; print(h); h = 21; print(h);")]
#[case("let mut = 20; print(mut);")]
#[case("print([#{a: 1}, #{b: [2]}]);")]
#[case("print([\"20h\", \"20:00\", `a: 1`]);")]
#[case("print(#{a: [1][0], b: 2});")]
#[case("print(\"il dit “gaz” ou ‘eau’, à 20h ”\");")]
#[case("if \"a\" in [\"a\", \"b\"] { throw 1 }")]
#[case("switch heure_de(signalement.date_creation) { 20 => print(1), _ => print(2) }")]
fn code_that_only_looks_like_a_slip_is_not_reported(#[case] line: &str) {
    assert_eq!(told_first(line), None);
}

#[rstest]
#[case("print(\"gaz);", 7, "un guillemet n'est pas refermé")]
#[case("print(\"“gaz”);", 7, "un guillemet n'est pas refermé")]
#[case("print(residence[inconnu: 1]);", 17, "variable inconnue")]
#[case("let h = 42h;", 11, "n'est pas à sa place ici")]
#[case("let h = \"a\":00;", 12, "n'est pas à sa place ici")]
fn other_mistakes_keep_their_own_message(
    #[case] line: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    let (at, message) = told_first(line).expect("a fault");
    assert!(message.contains(words), "{message}");
    assert_eq!(at, column, "{message}");
}
