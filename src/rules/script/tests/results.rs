//! Literal results, wherever they are in a script, and places that a list or a text does not have.

use rstest::rstest;

use super::{affecter, compile};
use crate::rules::diagnostic::{Diagnostic, Severity};

/// The diagnostics of line 2.
fn told(faults: &[Diagnostic]) -> Vec<(Severity, &str)> {
    let here = faults.iter().filter(|it| it.line == 2);
    here.map(|it| (it.severity, it.message.as_str())).collect()
}

fn of_affecter(line: &str) -> Vec<Diagnostic> {
    let text = format!(
        "fn affecter(s, residence, q) {{\n{line}\n let g = residence.gestionnaires.t;\n #{{gestionnaire_concerne: g, acteur_en_charge: g}}\n}}\nfn autre() {{ return []; }}"
    );
    let (scripts, faults) = compile(&text, "fn accuses(e) { [] }");
    assert!(scripts.is_some(), "{faults:?}");
    faults
}

fn of_accuses(line: &str) -> Vec<Diagnostic> {
    let text = format!("fn accuses(e) {{\n{line}\n []\n}}\nfn autre() {{ return 1; }}");
    let affecter = "fn affecter(s, r, q) { throw \"x\" }";
    let (scripts, faults) = compile(affecter, &text);
    assert!(scripts.is_some(), "{faults:?}");
    faults
}

#[rstest]
#[case(
    "return;",
    "« return » sans valeur : le résultat doit être #{gestionnaire_concerne: …, acteur_en_charge: …}"
)]
#[case(
    "return ();",
    "« return » sans valeur : le résultat doit être #{gestionnaire_concerne: …, acteur_en_charge: …}"
)]
#[case(
    "return [];",
    "le résultat doit être #{gestionnaire_concerne: …, acteur_en_charge: …}, et non une liste"
)]
#[case(
    "return \"TEC\";",
    "le résultat doit être #{gestionnaire_concerne: …, acteur_en_charge: …}, et non un texte"
)]
#[case(
    "return `${s}`;",
    "le résultat doit être #{gestionnaire_concerne: …, acteur_en_charge: …}, et non un texte"
)]
#[case(
    "return if s.photos == 1 { 2 } else { throw \"\" };",
    "le résultat doit être #{gestionnaire_concerne: …, acteur_en_charge: …}, et non un nombre"
)]
#[case(
    "for x in [1] { if x > 2 { return false; } }",
    "le résultat doit être #{gestionnaire_concerne: …, acteur_en_charge: …}, et non true ou false"
)]
#[case(
    "return #{identifiant: \"X\"};",
    "les clés « gestionnaire_concerne » et « acteur_en_charge » manquent au résultat, qui a « identifiant »"
)]
#[case(
    "return #{};",
    "les clés « gestionnaire_concerne » et « acteur_en_charge » manquent au résultat"
)]
#[case(
    "return #{gestionnaire_concerne: s.x, acteur: s.x};",
    "la clé « acteur_en_charge » manque au résultat, qui a « acteur »"
)]
#[case(
    "return #{gestionnaire_concerne: \"TEC\", acteur_en_charge: autre()};",
    "« gestionnaire_concerne » doit être un gestionnaire #{type, identifiant, nom, email}, et non un texte ; prenez-le dans residence.gestionnaires"
)]
#[case(
    "return #{gestionnaire_concerne: autre(), acteur_en_charge: ()};",
    "« acteur_en_charge » doit être un gestionnaire #{type, identifiant, nom, email}, et non rien"
)]
#[case(
    "return #{gestionnaire_concerne: autre(), acteur_en_charge: #{identifiant: \"X\"}};",
    "« acteur_en_charge » doit être un gestionnaire #{type, identifiant, nom, email} : il manque « type », « nom », « email »"
)]
#[case(
    "return #{gestionnaire_concerne: autre(), acteur_en_charge: #{type: \"t\", identifiant: 3, nom: \"n\", email: \"e\"}};",
    "« acteur_en_charge.identifiant » doit être un texte, et non un nombre"
)]
#[case(
    "return #{gestionnaire_concerne: autre(), acteur_en_charge: autre(), priorite: \"haute\"};",
    "clé inconnue dans le résultat : « priorite »"
)]
fn an_invalid_literal_result_is_refused_where_it_is_written(
    #[case] line: &str,
    #[case] wanted: &str,
) {
    let line = format!("if residence.nom == \"x\" {{ {line} }}").replace("s.x", "autre()");
    let faults = of_affecter(&line);
    assert_eq!(told(&faults), [(Severity::Error, wanted)], "{faults:?}");
}

#[test]
fn a_key_of_a_manager_that_nothing_reads_is_a_remark() {
    let line = "if q.code == \"\" { return #{gestionnaire_concerne: #{type: \"t\", identifiant: \"i\", nom: \"n\", email: q.code, tel: 1}, acteur_en_charge: autre()}; }";
    let faults = of_affecter(line);
    let wanted = "rien ne lit « tel » d'un gestionnaire : il a type, identifiant, nom, email";
    assert_eq!(told(&faults), [(Severity::Warning, wanted)]);
}

#[rstest]
#[case("if q.code == \"\" { return autre(); }")]
#[case(
    "if q.code == \"\" { let r = #{gestionnaire_concerne: autre()}; r += #{acteur_en_charge: autre()}; return r; }"
)]
#[case(
    "if q.code == \"\" { let r = #{gestionnaire_concerne: autre()}; r.mixin(#{acteur_en_charge: autre()}); return r; }"
)]
#[case(
    "if q.code == \"\" { let r = #{acteur_en_charge: autre()}; r.fill_with(#{gestionnaire_concerne: autre()}); return r; }"
)]
#[case(
    "if q.code == \"\" { let choix = #{gestionnaire_concerne: autre(), motif: \"nuit\"}; return #{gestionnaire_concerne: choix.gestionnaire_concerne, acteur_en_charge: autre()}; }"
)]
#[case("if q.code == \"\" { let g = #{}; g.gestionnaire_concerne = 1; return g; }")]
#[case(
    "if q.code == \"\" { return #{gestionnaire_concerne: autre()} + #{acteur_en_charge: autre()}; }"
)]
#[case(
    "if q.code == \"\" { return #{\"gestionnaire_concerne\": autre(), \"acteur_en_charge\": autre().x}; }"
)]
#[case("let f = |x| { return \"a\"; }; f.call(1);")]
#[case("let f = |x| if x == 1 { return \"a\" } else { \"b\" }; f.call(1);")]
#[case("let f = |x| return 1; f.call(1);")]
#[case("let l = [1].map(|x| [x]); l.len();")]
#[case("if q.code == \"\" { throw \"a\"; }")]
#[case("if q.code == \"\" { \"a\" } else { 2 }")]
#[case("[1, 2];")]
#[case("switch q.code { \"A\" => 1, _ => () }")]
fn a_result_that_may_be_valid_is_not_refused(#[case] line: &str) {
    let faults = of_affecter(line);
    // A discarded value is not a result; it only gets a remark.
    let refused = |it: &Diagnostic| it.severity == Severity::Error;
    assert!(!faults.iter().any(refused), "{faults:?}");
}

#[rstest]
#[case("if q.code == \"\" { \"TEC\" } else { throw \"x\" }", 1)]
#[case("switch q.code { \"A\" => \"TEC\", \"B\" => { 3 } _ => () }", 2)]
#[case("try { throw 1 } catch { [] }", 0)]
#[case("if q.code == \"\" { throw \"x\" }", 0)]
#[case("[]", 1)]
#[case("[];", 1)]
fn the_last_value_is_a_result(#[case] last: &str, #[case] count: usize) {
    let text = format!("fn affecter(s, r, q) {{\n let a = [];\n a.len();\n {last}\n}}");
    let (_, faults) = compile(&text, "fn accuses(e) { [] }");
    let errors = faults.iter().filter(|it| it.severity == Severity::Error);
    assert!(errors.clone().all(|it| it.line == 4), "{faults:?}");
    assert_eq!(errors.count(), count, "{faults:?}");
}

#[rstest]
#[case(
    "return;",
    "« return » sans valeur : le résultat doit être une liste de messages [#{a: …, modele: …}], vide ([]) s'il n'y en a pas"
)]
#[case(
    "return #{a: \"a@b.fr\", modele: \"m\"};",
    "le résultat doit être une liste de messages [#{a: …, modele: …}], vide ([]) s'il n'y en a pas, et non un objet #{…}"
)]
#[case(
    "return \"m\";",
    "le résultat doit être une liste de messages [#{a: …, modele: …}], vide ([]) s'il n'y en a pas, et non un texte"
)]
#[case(
    "return [\"a@b.fr\"];",
    "le résultat doit être une liste de messages #{a: …, modele: …}, et non un texte"
)]
#[case("return [#{a: \"a@b.fr\"}];", "la clé « modele » manque à un message")]
#[case(
    "return [#{modele: \"m\", cc: \"a@b.fr\"}];",
    "la clé « a » manque à un message, qui a « cc »"
)]
#[case(
    "return [#{z: 1}];",
    "les clés « a » et « modele » manquent à un message, qui a « z »"
)]
#[case(
    "return [#{a: [\"a@b.fr\"], modele: \"m\"}];",
    "« a » d'un message doit être un texte, et non une liste"
)]
#[case(
    "return [#{a: \"a@b.fr\", modele: \" \"}];",
    "« modele » d'un message est vide"
)]
fn invalid_literal_messages_are_refused_where_they_are_written(
    #[case] line: &str,
    #[case] wanted: &str,
) {
    let faults = of_accuses(&format!("if e.motif == \"x\" {{ {line} }}"));
    assert_eq!(told(&faults), [(Severity::Error, wanted)], "{faults:?}");
}

#[rstest]
#[case("if e.motif == \"x\" { return []; }")]
#[case("if e.motif == \"x\" { return [#{a: e.motif, modele: `m-${e.statut}`, n: 1}]; }")]
#[case("if e.motif == \"x\" { let l = []; l.push(#{modele: \"m\"}); return l; }")]
#[case("if e.motif == \"x\" { let m = #{modele: \"m\"}; m.a = e.motif; return [m]; }")]
#[case("if e.motif == \"x\" { return [#{a: e.motif, modele: \"m\"}] + autre(); }")]
fn messages_that_may_be_valid_are_not_refused(#[case] line: &str) {
    let faults = of_accuses(line);
    assert_eq!(told(&faults), [], "{faults:?}");
}

#[test]
fn keys_that_only_a_template_could_read_are_found() {
    let text = "fn accuses(e) { let m = #{cc: 1};\n [#{a: \"a@b.fr\", modele: \"m\", cc: \"c@d.fr\", nom: 1}, #{a: \"a@b.fr\", modele: e.motif, objet: \"x\"}] }";
    let (scripts, faults) = compile("fn affecter(s, r, q) { throw 1 }", text);
    let found = scripts
        .unwrap_or_else(|| panic!("{faults:?}"))
        .message_keys();
    let found: Vec<_> = found
        .iter()
        .map(|it| (it.key.text.as_str(), it.key.line, it.modele.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("cc", 2, Some("m")),
            ("nom", 2, Some("m")),
            ("objet", 2, None)
        ]
    );
}

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
