//! What a script may do, what it is told, and what it answers.

use super::*;
use crate::domain::referentiel::{Gestionnaires, Residence};
use rstest::rstest;
use serde_json::json;

const SILENT: &str = "fn accuses(evenement) { [] }";

fn compile(gestionnaire: &str, accuses: &str) -> (Option<Scripts>, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    (Scripts::compile(gestionnaire, accuses, &mut faults), faults)
}

fn affecter(body: &str) -> Result<Affectation, ScriptError> {
    let text = format!("fn affecter(signalement, residence, qualification) {{\n{body}\n}}");
    let (scripts, faults) = compile(&text, SILENT);
    let scripts = scripts.unwrap_or_else(|| panic!("{faults:?}"));
    let who = json!({"type": "t", "identifiant": "T-1", "nom": "n", "email": "e"});
    let arguments = [
        json!({"priorite": "high", "bien": null}),
        json!({"gestionnaires": {"t": who}}),
        json!({"type_gestionnaire": "t"}),
    ];
    scripts.affecter(|_| arguments.each_ref().map(Shown::Json))
}

#[test]
fn a_script_reads_maps_and_answers_with_two_managers() {
    let got = affecter(
        "let g = residence.gestionnaires.get(qualification.type_gestionnaire);
         if signalement.bien != () { throw \"bien\" }
         #{gestionnaire_concerne: g, acteur_en_charge: g}",
    )
    .unwrap();
    assert_eq!(got.acteur_en_charge.identifiant, "T-1");
}

#[rstest]
#[case("throw \"pas de responsable\"", Some(2), "pas de responsable")]
#[case("let i = 0;\nwhile true { i += 1; }", Some(3), "trop d'opérations")]
#[case("for x in [1] { }\nloop { }", Some(3), "cette boucle ne finit pas")]
#[case(
    "if 1 > 2 { loop { } }\nloop { }",
    Some(1),
    "une boucle de la fonction « affecter », ou d'une fonction qu'elle appelle, ne finit pas (boucles aux lignes 2, 3)"
)]
#[case("\"a\" - 1", Some(2), "on ne peut pas soustraire un nombre d'un texte")]
#[case(
    "1 * \"a\"",
    Some(2),
    "on ne peut pas multiplier un nombre par un texte"
)]
#[case(
    "() + 1",
    Some(2),
    "on ne peut pas additionner une valeur absente et un nombre"
)]
#[case("!\"a\"", Some(2), "« ! » ne s'emploie pas avec un texte")]
#[case(
    "\"a\".sub_string(\"b\")",
    Some(2),
    "« sub_string » ne s'emploie pas avec ces valeurs : un texte, un texte"
)]
#[case("residence.gestionaires", Some(2), "champ inconnu")]
#[case("Fn(\"sleep\").call(3)", Some(2), "« sleep » est interdit")]
#[case(
    "signalement.priorite / 2",
    Some(2),
    "on ne peut pas diviser un texte par un nombre"
)]
#[case("let s = \"x\"; loop { s += s; }", Some(1), "valeur trop grande")]
#[case(
    "affecter(signalement, residence, qualification)",
    Some(1),
    "trop d'appels"
)]
#[case("42", Some(1), "le résultat doit être")]
#[case(
    "let s = \"x\"; loop { s += s; }",
    Some(1),
    ": un texte a une taille limitée"
)]
#[case("[1][3]", Some(2), "la liste a 1 élément :")]
#[case("[1, 2][3]", Some(2), "la liste a 2 éléments :")]
#[case("parse_int(\"a\")", Some(2), "n'est pas un nombre")]
#[case("1 / 0", Some(2), "division par zéro")]
#[case("throw", Some(2), "s'arrête ici")]
#[case("this.x", Some(2), "« this »")]
#[case(
    "#{gestionnaire_concerne: 1, acteur_en_charge: 2}",
    Some(1),
    "doit être un gestionnaire"
)]
fn a_failing_script_says_what_and_where(
    #[case] body: &str,
    #[case] line: Option<u32>,
    #[case] words: &str,
) {
    let error = affecter(body).unwrap_err();
    assert!(error.message.contains(words), "{error}");
    assert_eq!(error.line, line, "{error}");
}

#[rstest]
#[case("fn affecter(a, b, c) {\n  inconnue\n}", 2, "variable inconnue")]
#[case("// ici\n  fn affecter(a, b) { 1 }", 2, "3 paramètres, et non 2")]
#[case("fn afecter(a, b, c) { 1 }", 1, "est-ce « afecter »")]
#[case("fn f(a, b, c) { 1 }", 0, "manque")]
#[case("fn affecter(a, b, c) {\n eval(\"1\") }", 2, "interdit")]
#[case(
    "fn affecter(a, b, c) {\n sleep(2);\n 1 }",
    2,
    "fonction inconnue « sleep »"
)]
#[case("import \"x\" as y;\nfn affecter(a, b, c) { 1 }", 1, "interdit")]
#[case(
    "fn affecter(a, b, c) {\n  nulle_part(1);\n}",
    2,
    "fonction inconnue « nulle_part »"
)]
#[case("fn affecter(a, b, c) { 1 }\nfn f(x) { x.lenn() }", 2, "« len »")]
#[case(
    "fn affecter(a, b, c) { f(1, 2) }\nfn f(x) { x }",
    1,
    "« f » demande 1 valeur, et non 2"
)]
#[case("fn affecter(a, b, c) { a.get() }", 1, "« get » demande 1 ")]
#[case("fn affecter(a, b, c) { 'abc' }", 1, "guillemets doubles")]
#[case("fn affecter(a, b, c) { “abc” }", 1, "guillemet typographique (“)")]
#[case(
    "fn affecter(a, b, c) { if 1 { } }",
    1,
    "il faut ici true ou false, et non un nombre"
)]
#[case("fn affecter(a, b, c) { for x in 1 { } }", 1, "il faut ici une liste")]
#[case("fn affecter(a, b, c) { a\u{200b} }", 1, "caractère invisible")]
#[case("fn affecter(a, b, c) { a – b }", 1, "tiret typographique")]
#[case("fn affecter(a, b, c) { a === b }", 1, "écrivez « == »")]
#[case("fn affecter(a, b, c) { é }", 1, "sans accent")]
#[case(
    "fn affecter(a, b, c) {\n  let x = 1\n  x\n}",
    2,
    "il manque « ; » à la fin de cette ligne"
)]
#[case(
    "fn affecter(a, b, c) {\n  let x = \"l\"eau\";\n}",
    2,
    "s'écrit « \\\" »"
)]
#[case("fn affecter(a, b, c) {\n  let x = 1,5;\n}", 2, "avec un point")]
#[case(
    "fn affecter(a, b, c) {\n  if true and false { }\n}",
    2,
    "« and » : écrivez « && »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if true { } sinon { }\n}",
    2,
    "« sinon » : écrivez « else »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a.x = 1 { }\n}",
    2,
    "pour comparer, écrivez « == »"
)]
#[case(
    "fn affecter(a, b, c) {\n  let x = 2 : 3;\n}",
    2,
    "« : » n'est pas à sa place ici"
)]
#[case(
    "fn affecter(a, b, c) {\n  // {\n  if a == \"}\" {\n    b;\n  c\n}\n",
    3,
    "cette accolade n'est pas refermée"
)]
#[case(
    "fn affecter(a, b, c) {\n  f(1, [2, 3\n}\n",
    2,
    "ce crochet n'est pas refermé"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a == b {\n    c\n  }\n  []\n",
    1,
    "cette accolade n'est pas refermée"
)]
#[case(
    "fn affecter(a, b, c) {\n  [\n    {\n      nom: b }]\n}",
    3,
    "il manque « # » devant l'accolade"
)]
#[case(
    "fn affecter(a, b, c) {\n  [{\"nom\": b}]\n}",
    2,
    "il manque « # » devant l'accolade"
)]
#[case(
    "fn affecter(a, b, c) {\n  [{a: b}]\n}",
    2,
    "il manque « # » devant l'accolade"
)]
#[case(
    "const NOM = 1;\nfn affecter(a, b, c) {\n  NOM\n}",
    3,
    "écrivez ici « global::NOM »"
)]
#[case(
    "let nom = 1;\nfn affecter(a, b, c) {\n  nom\n}",
    3,
    "écrivez-y « const nom = … »"
)]
#[case(
    "fn affecter(a, b, c) {\n  f([a, #{b: 1});\n}",
    2,
    "ce crochet n'est pas refermé"
)]
#[case(
    "fn affecter(a, b, c) {\n  if (a == b {\n    c\n  }\n}",
    2,
    "cette parenthèse n'est pas refermée"
)]
#[case(
    "fn affecter(a, b, c) {\n  #{a: b; c: 1}\n}",
    2,
    "écrivez « , » et non « ; »"
)]
#[case("fn affecter(a, b, c) {\n  if a == b)) { }\n}", 2, "est en trop")]
#[case(
    "fn affecter(a, b, c) {\n  f(\"x\"]);\n}",
    2,
    "crochet « ] » est en trop"
)]
#[case(
    "fn affecter(a, b, c) {\n  [\"a\"; \"b\"]\n}",
    2,
    "écrivez « , » et non « ; »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a => 3 { }\n}",
    2,
    "« => » : écrivez « >= »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a =! 3 { }\n}",
    2,
    "« =! » : écrivez « != »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a <> 3 { }\n}",
    2,
    "« <> » : écrivez « != »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a ≠ 3 { }\n}",
    2,
    "« ≠ » : écrivez « != »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a == null { }\n}",
    2,
    "« null » : écrivez « () »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a == \"X\":\n  b\n\n}",
    2,
    "et non « : »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a est \"X\" { }\n}",
    2,
    "« est » : écrivez « == »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a code == \"X\" { }\n}",
    2,
    "il manque un signe avant"
)]
#[case(
    "fn affecter(a, b, c) {\n  var x = 1;\n}",
    2,
    "« var » : écrivez « let »"
)]
#[case("fn affecter(a, b, c) {\n  If a { }\n}", 2, "« If » : écrivez « if »")]
#[case(
    "fn affecter(a, b, c) {\n  retourne a;\n}",
    2,
    "« retourne » : écrivez « return »"
)]
#[case(
    "fn affecter(a, b, c) {\n  a: b;\n}",
    2,
    "pour donner une valeur à « a », écrivez « = »"
)]
#[case(
    "fn affecter(a, b, c) {\n  f(a;\n}",
    2,
    "cette parenthèse n'est pas refermée"
)]
#[case(
    "fn affecter(a, b, c) {\n  # un mot\n  a\n}",
    2,
    "un commentaire commence par « // »"
)]
#[case(
    "fn affecter(a, b, c) {\n  -- un mot\n  a\n}",
    2,
    "un commentaire commence par « // »"
)]
#[case(
    "fn affecter(a, b, c) {\n  /* un mot\n  a\n}",
    2,
    "ce commentaire « /* » n'est pas refermé"
)]
#[case("fn affecter(a, b, c) {\n  f(`un\n  mot);\n}", 2, "accent grave")]
#[case(
    "fn affecter(a, b, c) {\n  if a == ASC { }\n}",
    2,
    "mettez-le entre guillemets"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a == b {\n    c\n  }\n    }\n  a\n}",
    5,
    "accolade « } » est en trop"
)]
fn a_faulty_script_never_compiles(#[case] text: &str, #[case] line: u32, #[case] words: &str) {
    let (scripts, faults) = compile(text, SILENT);
    assert!(scripts.is_none());
    assert_eq!(faults[0].line, line, "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[test]
fn all_unknown_names_and_functions_of_a_script_are_told_at_once() {
    let text = "fn affecter(s, r, q) {\n  let a = inconnu.nom;\n  if e == autre { a.lenn() }\n  `${perdu} ${r.nom}`;\n  nulle_part(s)\n}";
    let (scripts, faults) = compile(text, SILENT);
    assert!(scripts.is_none());
    let seen: Vec<(u32, u32, &str)> = faults
        .iter()
        .map(|it| (it.line, it.column, it.message.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (2, 11, "variable inconnue : « inconnu »"),
            (3, 6, "variable inconnue : « e »"),
            (3, 11, "variable inconnue : « autre »"),
            (4, 6, "variable inconnue : « perdu »"),
            (
                3,
                21,
                "fonction inconnue « lenn » : vouliez-vous dire « len » ?"
            ),
            (5, 3, "fonction inconnue « nulle_part »"),
        ]
    );
}

#[test]
fn a_field_that_is_never_there_is_a_remark() {
    let text = "fn affecter(signalement, residence, qualification) {\n  residence.gestionaires.get(qualification.code);\n  if \"gps\" in signalement.autres { signalement.autres.gps } else { signalement.bien }\n}";
    let (scripts, faults) = compile(text, "fn accuses(e) {\n\n e.tipe; [] }");
    assert!(scripts.is_some());
    let seen: Vec<(u32, &str)> = faults
        .iter()
        .map(|it| (it.line, it.message.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (
                2,
                "« residence » n'a pas de champ « gestionaires » : vouliez-vous dire « gestionnaires » ?"
            ),
            (
                3,
                "« e » n'a pas de champ « tipe » : vouliez-vous dire « type » ?"
            ),
        ]
    );
}

#[rstest]
#[case("[#{a: e.x,\n modele: \"m\"}]", None)]
#[case("[]", None)]
#[case("let m = #{modele: \"m\"}; m.a = e.x; [m]", None)]
#[case("let m = #{modele: \"m\"}; m[\"a\"] = e.x; [m]", None)]
#[case(
    "[#{destinataire: e.x, modele: \"m\"}]",
    Some("la clé « a » manque à un message, qui a « destinataire »")
)]
#[case(
    "[#{a: e.x, model: \"m\"}]",
    Some("la clé « modele » manque à un message : est-ce « model », mal écrite ?")
)]
#[case("[#{a: e.x}]", Some("la clé « modele » manque à un message"))]
fn a_message_without_what_it_needs_is_told_where_it_is_written(
    #[case] body: &str,
    #[case] told: Option<&str>,
) {
    let accuses = format!("fn accuses(e) {{\n  {body}\n}}");
    let (scripts, faults) = compile("fn affecter(a, b, c) { 1 }", &accuses);
    let keys = faults.iter().filter(|it| it.message.contains("manque"));
    let keys: Vec<(&str, u32)> = keys.map(|it| (it.message.as_str(), it.line)).collect();
    assert_eq!(keys, told.map(|it| (it, 2)).into_iter().collect::<Vec<_>>());
    let evenement = json!({"x": "x@y.fr"});
    let answered = scripts.unwrap().accuses(|_| Shown::Json(&evenement));
    // What it has besides may be told here, too: the message alone is known by then.
    let error = answered.err().map(|it| it.message);
    let begins = |it: &str| it.split([',', ':']).next().map(str::to_owned);
    assert_eq!(error.as_deref().map(begins), told.map(begins));
}

#[rstest]
#[case(
    "#{gestionnaire_concerne: g, acteurs_en_charge: g}",
    "la clé « acteur_en_charge » manque au résultat : est-ce « acteurs_en_charge », mal écrite ?"
)]
#[case(
    "#{acteur_en_charge: g}",
    "la clé « gestionnaire_concerne » manque au résultat"
)]
fn an_answer_without_a_manager_says_which(#[case] answer: &str, #[case] told: &str) {
    let body = format!("let g = residence.gestionnaires.t;\n{answer}");
    assert_eq!(affecter(&body).unwrap_err().message, told);
}

#[rstest]
#[case(
    "#{gestionnaire_concerne: b.gestionnaires.t, acteur_en_charge: b.gestionnaires[c.type_gestionnaire]}"
)]
#[case(
    "let copie = b; #{gestionnaire_concerne: copie.gestionnaires.t, acteur_en_charge: b.gestionnaires.t}"
)]
#[case("throw `${a.priorite}, ${a.autres}, ${a.keys().len()}, ${c.len()}`")]
#[case("throw `${b.nom}, ${\"nom\" in b}, ${b.gestionaires}`")]
#[case("let f = |x| x.nom; throw f.call(b)")]
#[case("a.priorite = \"low\"; a.nouveau = 1; throw `${a.priorite}, ${a.len()}`")]
fn a_script_that_is_given_what_it_reads_answers_as_with_all(#[case] body: &str) {
    let text = format!("fn affecter(a, b, c) {{\n{body}\n}}");
    let (scripts, faults) = compile(&text, SILENT);
    let scripts = scripts.unwrap_or_else(|| panic!("{faults:?}"));
    let who = Gestionnaire {
        r#type: "t".into(),
        identifiant: "T-1".into(),
        nom: "n".into(),
        email: "e".into(),
    };
    let mut gestionnaires = Gestionnaires::default();
    gestionnaires.insert("t".into(), who.into());
    let residence = Residence {
        code: "R".into(),
        nom: "Les Lilas".into(),
        adresse: String::new(),
        gestionnaires,
        line: 1,
    };
    let signalement = view::sample_context()["signalement"].clone();
    let qualification = json!({"code": "Q", "type_gestionnaire": "t"});
    let made = |[a, b, _]: &[Extent; 3]| {
        let fields = signalement.as_object().unwrap().iter();
        let fields = fields.filter(|(name, _)| a.field(name).is_some());
        let fields = fields.map(|(name, it)| (name.as_str(), Shown::Json(it)));
        [
            Shown::Entries(fields.collect()),
            view::residence(&residence, b),
            Shown::Json(&qualification),
        ]
    };
    let whole = [const { Extent::Whole }; 3];
    assert_eq!(scripts.affecter(made), scripts.affecter(|_| made(&whole)));
}

#[test]
fn managers_that_are_named_outright_are_found() {
    let text = "fn affecter(a, b, c) {
  let g = b.gestionnaires.get(\"un\");
  if g == () { g = b.gestionnaires.deux.nom }
  if b.gestionnaires[\"trois\"] == () || b.gestionnaires.len() == 0 { }
  b.gestionnaires.get(\"quatre\").nom + b.gestionnaires.get(c.type_gestionnaire) + b.nom.get(\"cinq\")
}";
    let (scripts, faults) = compile(text, SILENT);
    let found = scripts
        .unwrap_or_else(|| panic!("{faults:?}"))
        .named_managers();
    let found: Vec<(&str, u32)> = found.iter().map(|it| (it.name.as_str(), it.line)).collect();
    assert_eq!(found, [("un", 2), ("deux", 3), ("trois", 4), ("quatre", 5)]);
}

#[test]
fn messages_keep_their_own_keys() {
    let accuses = "fn accuses(evenement) { if evenement.type == \"transmis\" { [#{a: \"x@y.fr\", modele: \"m\", n: [1, 2.5, true]}] } else { [] } }";
    let (scripts, _) = compile("fn affecter(a, b, c) { 1 }", accuses);
    let evenement = json!({"type": "transmis"});
    let list = scripts
        .unwrap()
        .accuses(|_| Shown::Json(&evenement))
        .unwrap();
    assert_eq!(list[0].modele, "m");
    assert_eq!(list[0].values["n"], json!([1, 2.5, true]));
}
