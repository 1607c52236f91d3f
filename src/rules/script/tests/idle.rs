//! Lines that do nothing or not what was meant, and lines that must not be reported.

use rstest::rstest;

use super::{SILENT, compile};

/// The remarks on an `affecter` with this body, with their lines.
fn of_affecter(body: &str) -> Vec<(u32, String)> {
    let text = format!("fn affecter(signalement, residence, qualification) {{\n{body}\n}}");
    of_script(&text)
}

fn of_script(text: &str) -> Vec<(u32, String)> {
    let (scripts, faults) = compile(text, SILENT);
    assert!(scripts.is_some(), "{faults:?}");
    faults.into_iter().map(|it| (it.line, it.message)).collect()
}

fn of_accuses(body: &str) -> Vec<(u32, String)> {
    let text = format!("fn accuses(evenement) {{\n{body}\n}}");
    let (scripts, faults) = compile("fn affecter(a, b, c) { throw 1 }", &text);
    assert!(scripts.is_some(), "{faults:?}");
    faults.into_iter().map(|it| (it.line, it.message)).collect()
}

const NOT_RETURNED: &str = "cette valeur n'est ni rendue ni gardée : écrivez « return » devant, ou donnez-la à une variable";

#[rstest]
#[case(
    "if signalement.priorite == \"high\" {\n #{ gestionnaire_concerne: residence, acteur_en_charge: residence }\n}\nthrow 1",
    3,
    NOT_RETURNED
)]
#[case("let r = 1;\nif r > 2 {\n r\n}\nthrow r", 4, NOT_RETURNED)]
#[case("let r = 1;\nif r > 2 { } else {\n [r]\n}\nthrow r", 4, NOT_RETURNED)]
#[case(
    "switch signalement.priorite {\n \"high\" => residence,\n _ => ()\n}\nthrow 1",
    3,
    NOT_RETURNED
)]
#[case(
    "for x in [1] {\n x == 2\n}\nthrow 1",
    3,
    "« == » compare, et ne change rien : pour donner une valeur à « x », écrivez « = »"
)]
#[case(
    "let c = 1;\nc == 2;\nthrow c",
    3,
    "« == » compare, et ne change rien : pour donner une valeur à « c », écrivez « = »"
)]
#[case(
    "let c = 1;\nc;\nthrow c",
    3,
    "cette ligne ne fait rien : donnez-lui une valeur avec « = », ou écrivez « return » devant"
)]
#[case(
    "let l = [];\nl + [1];\nthrow l",
    3,
    "ce calcul n'est gardé nulle part : pour changer « l », écrivez « l += … »"
)]
#[case(
    "let d = signalement.description;\nd.to_lower();\nthrow d",
    3,
    "« to_lower » ne change pas « d » : écrivez « d = d.to_lower() », ou donnez cette valeur à une variable"
)]
#[case(
    "residence.code.len();\nthrow 1",
    2,
    "cette ligne ne fait rien : sa valeur n'est gardée nulle part"
)]
#[case(
    "residence.code in [\"a\"] && residence.nom != \"b\";\nthrow 1",
    2,
    "cette ligne ne fait rien : sa valeur n'est gardée nulle part"
)]
#[case(
    "let f = |x| { if x > 1 {\n x\n } 2 };\nthrow f.call(1)",
    3,
    NOT_RETURNED
)]
fn an_unused_value_is_reported(#[case] body: &str, #[case] line: u32, #[case] message: &str) {
    assert_eq!(of_affecter(body), [(line, message.to_owned())]);
}

#[test]
fn a_list_of_messages_that_is_not_returned_is_reported() {
    let body = "if evenement.type == \"statut\" {\n [ #{ a: evenement.signalement.email_auteur, modele: \"m\" } ]\n}\n[]";
    assert_eq!(of_accuses(body), [(3, NOT_RETURNED.to_owned())]);
}

const UNREAD: &str = "la liste « messages » est remplie, et rien ne la lit : pour la rendre, écrivez « messages » seul à la dernière ligne de la fonction, sans point-virgule";

#[rstest]
#[case("[]")]
#[case("return [];")]
fn a_list_of_messages_that_is_filled_and_never_read_is_reported(#[case] last: &str) {
    let filled = "let messages = [];\nif evenement.type == \"statut\" {\n messages.push(#{ a: evenement.signalement.email_auteur, modele: \"m\" });\n}\n";
    let told = of_accuses(&format!("{filled}{last}"));
    assert_eq!(told, [(2, UNREAD.to_owned())]);
    assert_eq!(of_accuses(&format!("{filled}messages")), []);
}

#[rstest]
#[case("let m = []; m.push(1); if m.is_empty() { throw 1 } []")]
#[case("let m = []; m.push(1); for x in m { print(x); } []")]
#[case("let m = []; m.push(1); let n = m.pop(); if n == 1 { throw 1 } []")]
#[case("let m = []; let f = |x| { m.push(x); }; f.call(1); []")]
#[case("let _m = []; _m.push(1); []")]
#[case("let m = []; m.push(1); print(`${m}`); []")]
#[case("let m = []; m.push(1); if evenement.type == \"statut\" { return m; } []")]
#[case("let m = []; let n = []; n.push(m); m.push(n); n")]
#[case("let m = []; m.push(1); let n = #{ liste: m }; if n.liste.len() > 1 { throw 1 } []")]
#[case("let m = []; m += 1; []")]
fn a_list_that_is_read_is_not_reported(#[case] body: &str) {
    assert_eq!(of_accuses(body), []);
}

#[rstest]
#[case("if residence.code == \"a\" { throw 1 } else { throw 2 }")]
#[case("let x = if residence.code == \"a\" { \"b\" } else { \"c\" }; throw x")]
#[case("let x = switch residence.code { \"a\" => { let y = 1; y + 1 } _ => 2 }; throw x")]
#[case("let x = 1; switch residence.code { \"a\" => x = 2, _ => () } throw x")]
#[case("let x = 1; switch residence.code { \"a\" => x = 2, _ => x } throw x")]
#[case("let x = 1; if residence.code == \"a\" { x = 2 } else { x } throw x")]
#[case("let l = []; switch residence.code { \"a\" => l.push(1), _ => [] } throw l")]
#[case("let l = []; if residence.code == \"a\" { l.push(1) } else { l += 2 } throw l")]
#[case("let l = []; if residence.code == \"a\" { l.push(1); true } else { false } throw l")]
#[case("let m = #{}; m.remove(\"a\"); m.set(\"b\", 1); print(m); debug(m); throw m")]
#[case(
    "let ok = true; try { parse_int(residence.code); residence.gestionnaires.gardien; } catch { ok = false; } throw ok"
)]
#[case("residence.gestionnaires.responsable_secteur ?? { throw \"x\" }; throw 1")]
#[case("residence.code == \"a\" || verifie(residence); throw 1")]
#[case("verifie(residence); throw 1")]
#[case("residence.gestionnaires.values().filter(|g| verifie(g)); throw 1")]
#[case("let l = [1].map(|x| { let y = x; y * 2 }); throw l")]
#[case("let i = 0; while i < 3 { i += 1; } do { i -= 1 } while i > 0; throw i")]
#[case("let x = loop { if residence.code == \"a\" { break 1; } break 2 }; throw x")]
#[case("let nom = residence.nom; nom.trim(); nom.replace(\"a\", \"b\"); throw nom")]
#[case("let x = { let y = 1; y }; throw x")]
#[case("residence.gestionnaires.technique; throw 1")]
#[case("for t in [\"gardien\"] { residence.gestionnaires[t].email; } throw 1")]
#[case("let x = `${if residence.code == \"a\" { \"b\" } else { \"c\" }}`; throw x")]
fn used_values_and_lines_with_an_effect_are_not_reported(#[case] body: &str) {
    let text = format!(
        "fn affecter(signalement, residence, qualification) {{ {body} }}
         fn verifie(x) {{ if x.code == \"\" {{ throw \"vide\" }} else {{ true }} }}"
    );
    assert_eq!(of_script(&text), []);
}

const FORGOTTEN: &str =
    "« let » fait ici une autre variable, oubliée à l'accolade fermante : retirez « let »";

#[rstest]
#[case("let c = 1;\nif residence.code == \"a\" {\n let c = 2;\n}\nthrow c", 4)]
#[case(
    "let c = 1;\nif residence.code == \"a\" { c = 3 } else {\n let c = 2;\n}\nthrow [c]",
    4
)]
#[case("let c = 1;\nfor x in [1] {\n let c = c + x;\n}\nthrow c", 4)]
#[case(
    "let c = 1;\nswitch residence.code { \"a\" | \"b\" => {\n let c = 2; } _ => () }\nthrow `${c}`",
    4
)]
#[case(
    "if residence.code == \"a\" {\n let signalement = 2;\n}\nthrow signalement",
    3
)]
fn a_variable_dropped_at_the_closing_brace_is_reported(#[case] body: &str, #[case] line: u32) {
    assert_eq!(of_affecter(body), [(line, FORGOTTEN.to_owned())]);
}

#[rstest]
#[case("if residence.code == \"a\" { let c = 2; throw c } let c = 1; throw c")]
#[case("let c = 1; if residence.code == \"a\" { let c = 2; throw c } throw c")]
#[case("let c = 1; if residence.code == \"a\" { let c = [2]; c.push(3); throw 1 } throw c")]
#[case("let c = 1; if residence.code == \"a\" { let d = 2; c = d; } throw c")]
#[case("let c = 1; let c = c + 1; throw c")]
#[case(
    "let c = 1; if residence.code == \"a\" { throw c } for x in [1] { let y = x; if y > 1 { throw y } } throw 1"
)]
#[case("let c = 1; let l = [1].map(|x| { let c = x; c + 1 }); throw [c, l]")]
#[case(
    "if residence.code == \"a\" { let c = 1; if c > 2 { throw c } } else { let c = 2; if c > 2 { throw c } } throw 1"
)]
#[case("let c = 1; if c > 2 { let c = 3; let x = loop { break c; }; throw x } throw c")]
fn a_separate_variable_is_not_reported(#[case] body: &str) {
    assert_eq!(of_affecter(body), []);
}

#[rstest]
#[case("throw 1;\nthrow 2", 3, "« throw »")]
#[case(
    "if residence.code == \"a\" {\n throw 1;\n let x = 2;\n let y = 3;\n}\nthrow 2",
    4,
    "« throw »"
)]
#[case(
    "for x in [1] { if x > 1 { continue;\n let y = 1; } break;\n let z = 2; }\nthrow 2",
    3,
    "« continue »"
)]
#[case(
    "return #{gestionnaire_concerne: residence, acteur_en_charge: residence};\nthrow 2",
    3,
    "« return »"
)]
fn lines_that_never_run_are_reported(#[case] body: &str, #[case] line: u32, #[case] word: &str) {
    let found = of_affecter(body);
    let wanted = format!(
        "ces lignes ne servent jamais : {word} les précède ; déplacez-les avant, ou retirez-les"
    );
    assert_eq!(found[0], (line, wanted), "{found:?}");
}

#[rstest]
#[case("if residence.code == \"a\" { throw 1; } throw 2;")]
#[case("for x in [1] { if x > 1 { break; } if x > 2 { continue; } } throw 1 // fin")]
#[case("switch residence.code { \"a\" => throw 1, _ => throw 2 }")]
fn lines_that_run_are_not_reported(#[case] body: &str) {
    assert_eq!(of_affecter(body), []);
}
