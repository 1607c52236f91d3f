//! Scripts that do not compile, and the messages for their authors.

use rstest::rstest;

use super::{SILENT, compile};

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
#[case("fn affecter(a, b, c) { a == NULL }", 1, "« NULL » : écrivez « () »")]
#[case("fn affecter(a, b, c) { a == VRAI }", 1, "« VRAI » : écrivez « true »")]
#[case("fn affecter(a, b, c) { a == SI }", 1, "entre guillemets")]
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
    "écrivez-le entre guillemets : « \"ASC\" »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a == b {\n    c\n  }\n    }\n  a\n}",
    5,
    "accolade « } » est en trop"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a.x not in [1] { }\n}",
    2,
    "« not in » : écrivez « !in »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a.x =~ \"b\" { }\n}",
    2,
    "« =~ » : pour chercher un mot dans un texte, écrivez « texte.contains(\"mot\") »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a { };\n  else { }\n}",
    3,
    "« else » suit directement l'accolade « } » de son « if » : enlevez le « ; »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if let g = a { }\n}",
    2,
    "mettez la ligne « let … ; » avant elle"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a { } elif (b) { }\n}",
    2,
    "« elif » : écrivez « else if »"
)]
#[case(
    "fn affecter(a, b, c) {\n  sinonsi (b) { }\n}",
    2,
    "« sinonsi » : écrivez « else if »"
)]
#[case(
    "fn affecter(a, b, c) {\n  switch a.x { 1..=3 => 1,\n 7 => 2 }\n}",
    3,
    "un nombre seul vient avant les intervalles"
)]
#[case(
    "fn affecter(a, b, c) {\n  switch a.x { 1 => 1, _ if b => 2 }\n}",
    2,
    "le cas « _ » ne prend pas de condition"
)]
#[case(
    "fn affecter(a, b, c) {\n  print \"x\";\n}",
    2,
    "« print » demande des parenthèses : print(…)"
)]
#[case(
    "fn affecter(a, b, c) {\n  if (a) print(1);\n}",
    2,
    "« print » n'est pas à sa place ici"
)]
#[case(
    "def affecter(a, b, c):\n  if a }\n    return b",
    1,
    "« def » : écrivez « fn »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a.x is not () { }\n}",
    2,
    "« is not » : écrivez « != »"
)]
#[case(
    "fn affecter(signalement, b, c) {\n  if not signalement.bien { }\n}",
    2,
    "« not signalement.bien » : écrivez « signalement.bien == () »"
)]
#[case(
    "fn affecter(signalement, b, c) {\n  if not signalement.transmettre_manager { }\n}",
    2,
    "« not » : écrivez « ! »"
)]
#[case(
    "fn affecter(a, b, c) {\n  throw f\"rien pour {a.code}\";\n}",
    2,
    "un texte à trous s'écrit entre accents graves"
)]
#[case(
    "fn affecter(a, b, c) {\n  let r = b.get(\"responsable_secteur);\n  r\n}",
    2,
    "un guillemet n'est pas refermé"
)]
#[case(
    "fn affecter(a, b, c) {\n  if \"x\" not in a { }\n}",
    2,
    "« not in » : écrivez « !in »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a.x ~= \"b\" { }\n}",
    2,
    "écrivez « texte.contains(\"mot\") »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a.x like \"b\" { }\n}",
    2,
    "« like » : écrivez « texte.contains(…) »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a.x contains \"b\" { }\n}",
    2,
    "« contains » : écrivez « texte.contains(…) »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a.x IN [1] { }\n}",
    2,
    "« IN » : écrivez « in »"
)]
#[case(
    "fn affecter(a, b, c) {\n  switch a.x { case \"b\": 1 }\n}",
    2,
    "« case » : un cas de « switch » s'écrit « \"CODE\" => … »"
)]
#[case(
    "fn affecter(a, b, c) {\n  switch a.x { \"b\" => 1, default => 2 }\n}",
    2,
    "« default » : un cas de « switch » s'écrit « _ => … »"
)]
#[case(
    "fn affecter(a, b, c) {\n  switch a.x { \"b\": 1 }\n}",
    2,
    "vient « => », et non « : »"
)]
#[case(
    "fn affecter(a, b, c) {\n  let x = a == 1 ? 2 : 3;\n}",
    2,
    "« ? » : écrivez « if condition { … } else { … } »"
)]
#[case(
    "fn affecter(a, b, c) {\n  let i = 0; i++;\n}",
    2,
    "« ++ » : écrivez « += 1 »"
)]
#[case(
    "fn affecter(a, b, c) {\n  now()\n}",
    2,
    "écrivez signalement.date_creation, la seule date"
)]
#[case(
    "fn affecter(a, b, c) {\n  match a.x { \"b\" => 1 }\n}",
    2,
    "« match » : écrivez « switch »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a == nil { }\n}",
    2,
    "« nil » : écrivez « () »"
)]
#[case(
    "fn affecter(a, b, c) {\n  if a == undefined { }\n}",
    2,
    "« undefined » : écrivez « () »"
)]
#[case(
    "def f(x) { x }\nfn affecter(a, b, c) { 1 }",
    1,
    "« def » : écrivez « fn »"
)]
#[case(
    "function f(x) { x }\nfn affecter(a, b, c) { 1 }",
    1,
    "« function » : écrivez « fn »"
)]
#[case(
    "fn affecter(a, b, c) {\n  a.x.slice(0, 10)\n}",
    2,
    "« slice » : écrivez sub_string(début, longueur)"
)]
#[case(
    "fn affecter(a, b, c) {\n  let f = |x| x + 1;\n  f(2)\n}",
    3,
    "« f » est une variable, et non une fonction : si elle en contient une, écrivez f.call(…)"
)]
fn a_faulty_script_never_compiles(#[case] text: &str, #[case] line: u32, #[case] words: &str) {
    let (scripts, faults) = compile(text, SILENT);
    assert!(scripts.is_none());
    assert_eq!(faults[0].line, line, "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[rstest]
#[case("e(1)")]
#[case("p(1)")]
#[case("pi(1)")]
fn an_unknown_function_is_not_taken_for_a_constant(#[case] call: &str) {
    let (_, faults) = compile(&format!("fn affecter(a, b, c) {{ {call} }}"), SILENT);
    let name = call.trim_end_matches("(1)");
    assert_eq!(faults[0].message, format!("fonction inconnue « {name} »"));
}

#[test]
fn all_unknown_names_and_functions_of_a_script_are_reported_together() {
    let text = "fn affecter(s, r, q) {\n  let a = inconnu.nom;\n  if e == autre { a.lenn() }\n  `${perdu} ${r.nom}`;\n  nulle_part(s)\n}";
    let (scripts, faults) = compile(text, SILENT);
    assert!(scripts.is_none());
    let seen: Vec<(u32, u32, &str)> = faults
        .iter()
        .map(|it| {
            let told = it.message.split(" ; ").next().unwrap_or_default();
            (it.line, it.column, told)
        })
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
