//! What scripts may do, what they receive and what they return.

use super::*;
use crate::domain::referentiel::{Gestionnaires, Residence};
use crate::rules::view;
use rstest::rstest;
use serde_json::json;

mod advice;
mod dates;
mod faulty;
mod idle;
mod letter_case;
mod limits;
mod mistaken;
mod never;
mod places;
mod quoted_values;
mod remarks;
mod results;
mod slips;
mod uncalled;

const SILENT: &str = "fn accuses(evenement) { [] }";

fn compile(gestionnaire: &str, accuses: &str) -> (Option<Scripts>, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let scripts = Scripts::compile(gestionnaire, accuses, &mut Vec::new(), &mut faults);
    (scripts, faults)
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

#[rstest]
#[case("2026-01-15T19:30:00Z", "20 jeudi 1")]
#[case("2026-01-15T20:30:00+01:00", "20 jeudi 1")]
#[case("2026-07-31T22:30:00Z", "0 samedi 8")]
fn a_script_reads_dates_in_paris_time(#[case] date: &str, #[case] wanted: &str) {
    let body = format!(
        "let d = \"{date}\"; throw `${{heure_de(d)}} ${{d.jour_de_semaine()}} ${{mois_de(d)}}`;"
    );
    assert_eq!(affecter(&body).unwrap_err().message, wanted);
}

#[test]
fn a_script_reads_maps_and_returns_two_managers() {
    let got = affecter(
        "let g = residence.gestionnaires.get(qualification.type_gestionnaire);
         if signalement.bien != () { throw \"bien\" }
         #{gestionnaire_concerne: g, acteur_en_charge: g}",
    )
    .unwrap();
    assert_eq!(got.acteur_en_charge.identifiant, "T-1");
}

#[rstest]
#[case(
    "residence.gestionnaires.get(\"u\")",
    "et non rien : une résidence peut ne pas avoir ce gestionnaire ; ajoutez « ?? » et un remplaçant, comme « … ?? responsable »",
    "residence.gestionnaires.get(\"u\") ?? responsable"
)]
#[case(
    "if true { responsable.nom }",
    "et non un texte : prenez le gestionnaire entier dans residence.gestionnaires, sans « .nom » ni autre champ derrière",
    "if true { responsable }"
)]
#[case(
    "residence.gestionnaires",
    "et non un objet sans ces champs : de residence.gestionnaires, prenez-en un avec « .get(\"…\") »",
    "residence.gestionnaires.get(\"t\")"
)]
fn a_value_that_is_no_manager_is_reported_with_a_remedy(
    #[case] value: &str,
    #[case] words: &str,
    #[case] followed: &str,
) {
    let answer = |value: &str| {
        affecter(&format!(
            "let responsable = residence.gestionnaires.get(\"t\");
             #{{gestionnaire_concerne: responsable, acteur_en_charge: {value}}}"
        ))
    };
    let error = answer(value).unwrap_err();
    assert!(error.message.ends_with(words), "{error}");
    assert_eq!(
        answer(followed).unwrap().acteur_en_charge.identifiant,
        "T-1"
    );
}

#[rstest]
#[case(
    "if evenement == 1 { [] }",
    "terminez la fonction par une ligne « [] »"
)]
#[case("#{a: \"x\", modele: evenement}", "mettez-le entre crochets « [ ] »")]
#[case(
    "[#{a: evenement, modele: \"m\"}]",
    "l'adresse d'un gestionnaire est son champ « .email », et celle de l'auteur « evenement.signalement.email_auteur »"
)]
fn a_value_that_is_no_message_is_reported_with_a_remedy(#[case] body: &str, #[case] words: &str) {
    let text = format!("fn accuses(evenement) {{ let it = {{ {body} }}; it }}");
    let (scripts, faults) = compile("fn affecter(a, b, c) { throw 1 }", &text);
    let scripts = scripts.unwrap_or_else(|| panic!("{faults:?}"));
    let evenement = json!({"type": "transmis"});
    let error = scripts.accuses(|_| Shown::Json(&evenement)).1.unwrap();
    assert!(error.message.ends_with(words), "{error}");
}

#[rstest]
#[case("throw \"pas de responsable\"", Some(2), "pas de responsable")]
#[case("let i = 0;\nwhile true { i += 1; }", Some(3), "trop d'opérations")]
#[case(
    "for x in [1] { }\nloop { }",
    Some(3),
    "mettez-y une condition avec « break; »"
)]
#[case(
    "if 1 > 2 { loop { } }\nloop { }",
    Some(1),
    "une boucle de la fonction « affecter », ou d'une fonction qu'elle appelle, ne finit pas (boucles aux lignes 2, 3) ; sortez-en par « break; »"
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
#[case(
    "if \"a\" in () { }",
    Some(2),
    "une liste s'écrit entre crochets, comme « in [\"a\", \"b\"] »"
)]
#[case("!\"a\"", Some(2), "« ! » ne s'emploie pas avec un texte")]
#[case(
    "\"a\".sub_string(\"b\")",
    Some(2),
    "« sub_string » ne s'emploie pas avec ces valeurs : un texte, un texte"
)]
#[case(
    "residence.gestionaires",
    Some(2),
    "« residence » n'a pas de champ « gestionaires » : vouliez-vous dire « gestionnaires » ?"
)]
#[case(
    "residence.gestionnaires.u",
    Some(2),
    "champ inconnu : « u » ; s'il peut manquer, écrivez .get(\"u\")"
)]
#[case(
    "let t = #{ MZ: 1 };\nt[signalement.priorite]",
    Some(3),
    "clé inconnue : « high » ; si elle peut manquer, écrivez « .get(…) » à la place de « […] »"
)]
#[case(
    "let t = #{ MZ: #{ nom: 1 } };\nlet c = \"MX\";\nt[c].nom",
    Some(4),
    "clé inconnue : « MX »"
)]
#[case(
    "let t = #{ MZ: #{ } };\nt[\"MZ\"].nom",
    Some(3),
    "champ inconnu : « nom »"
)]
#[case(
    "let m = residence.gestionnaires.t.nom; [m][0].x",
    Some(2),
    "ce qui est devant « .x » est un texte, sans champ « x »"
)]
#[case("[()][0].x", Some(2), "ce qui est devant « .x » est vide")]
#[case("for x in [#{}][0] { }", Some(2), ".values() ou .keys()")]
#[case("Fn(\"sleep\").call(3)", Some(2), "« sleep » est interdit")]
#[case(
    "signalement.priorite / 2",
    Some(2),
    "on ne peut pas diviser un texte par un nombre"
)]
#[case(
    "let s = \"x\";\nloop {\n s += s; }",
    Some(3),
    "valeur trop grande : un texte a une taille limitée ; n'en gardez que le début, avec « sub_string(0, 1000) » ; si cette boucle ne finit pas, sortez-en par « break; »"
)]
#[case(
    "let l = [];\nfor x in 0..20000 { l.push(x); }",
    Some(3),
    "une liste a une taille limitée ; n'y mettez que les éléments utiles"
)]
#[case(
    "let s = \"x\"; for x in [1] { }\nfor x in 0..30 { s += s; }",
    Some(1),
    "un texte a une taille limitée"
)]
// What is outside the only loop may be what reaches the limit: the loop is not blamed.
#[case(
    "let s = \"\";\nfor x in [1] { }\ns.pad(300000, \"x\");",
    Some(1),
    "n'en gardez que le début, avec « sub_string(0, 1000) »"
)]
#[case(
    "let l = [];\nl.pad(9000, 1);\nfor x in [1] { }\nl.append(l);",
    Some(1),
    "n'y mettez que les éléments utiles"
)]
#[case(
    "let l = [];\nl.pad(9000, 1);\nfor x in [1] { }\nl.map(|x| { for y in 0..9000 { } });",
    Some(5),
    "trop d'opérations"
)]
// A list written out is short.
#[case(
    "[1, 2].map(|x| x + 1);\nloop { }",
    Some(3),
    "mettez-y une condition avec « break; »"
)]
#[case(
    "let s = \"x\";\nloop { s.pad(s.len() * 2, \"x\"); }",
    Some(3),
    "si cette boucle ne finit pas, sortez-en par « break; »"
)]
#[case(
    "affecter(signalement, residence, qualification)",
    Some(1),
    "remplacez cet appel par une boucle « for »"
)]
#[case("42", Some(1), "le résultat doit être")]
#[case("[1][3]", Some(2), "la liste a 1 élément :")]
#[case("[1, 2][3]", Some(2), "la liste a 2 éléments :")]
#[case("parse_int(\"a\")", Some(2), "n'est pas un nombre")]
#[case("1 / 0", Some(2), "division par zéro")]
#[case(
    "heure_de(20)",
    Some(2),
    "« heure_de » demande une date, comme signalement.date_creation ; ici, c'est un nombre"
)]
#[case(
    "jour_de_semaine(signalement.bien)",
    Some(2),
    "« jour_de_semaine » demande une date, comme signalement.date_creation ; ici, c'est une valeur absente"
)]
#[case(
    "mois_de(signalement.priorite)",
    Some(2),
    "« mois_de » demande une date, comme signalement.date_creation ; « high » n'en est pas une"
)]
#[case("throw", Some(2), "s'arrête ici")]
#[case("this.x", Some(2), "« this »")]
#[case(
    "#{gestionnaire_concerne: 1, acteur_en_charge: 2}",
    Some(1),
    "doit être un gestionnaire"
)]
fn a_failing_script_reports_what_and_where(
    #[case] body: &str,
    #[case] line: Option<u32>,
    #[case] words: &str,
) {
    let error = affecter(body).unwrap_err();
    assert!(error.message.contains(words), "{error}");
    assert_eq!(error.line, line, "{error}");
}

#[rstest]
#[case("append(\"b\")")]
#[case("clear()")]
#[case("make_lower()")]
#[case("make_upper()")]
#[case("replace(\"a\", \"b\")")]
#[case("trim()")]
#[case("truncate(1)")]
fn methods_that_change_a_string_in_place_return_nothing(#[case] call: &str) {
    let error = affecter(&format!("let s = \"a\"; throw (s.{call}) == ();")).unwrap_err();
    assert_eq!(error.message, "true");
}

#[test]
fn a_field_that_never_exists_is_a_remark() {
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
#[case("let plage = #{de: 1, a: 2}; []", None)]
#[case("let ascenseur = #{marque: e.x, modele: e.x}; []", None)]
#[case("let m = #{a: e.x} + #{modele: \"m\"}; [m]", None)]
fn a_message_without_a_required_key_is_reported_where_it_is_written(
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
    // At run time the other keys may be listed too: by then only the message is known.
    let error = answered.1.map(|it| it.message);
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
fn a_result_without_a_manager_is_reported_with_its_key(#[case] answer: &str, #[case] told: &str) {
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
fn a_script_given_only_what_it_reads_returns_the_same(#[case] body: &str) {
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
fn managers_named_as_literals_are_found() {
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
    let found: Vec<(&str, u32)> = found.iter().map(|it| (it.text.as_str(), it.line)).collect();
    assert_eq!(found, [("un", 2), ("deux", 3), ("trois", 4), ("quatre", 5)]);
}

#[test]
fn messages_keep_their_own_keys() {
    let accuses = "fn accuses(evenement) { if evenement.type == \"transmis\" { [#{a: \"x@y.fr\", modele: \"m\", n: [1, 2.5, true]}] } else { [] } }";
    let (scripts, _) = compile("fn affecter(a, b, c) { 1 }", accuses);
    let evenement = json!({"type": "transmis"});
    let (list, _) = scripts.unwrap().accuses(|_| Shown::Json(&evenement));
    assert_eq!(list[0].modele, "m");
    assert_eq!(list[0].values["n"], json!([1, 2.5, true]));
}

#[test]
fn an_invalid_message_does_not_drop_the_others() {
    let accuses = "fn accuses(e) { [#{a: e.x, modele: \"m\"}, #{a: e.n, modele: \"m\"}, #{a: \"x@y.fr\", modele: \"n\"}] }";
    let (scripts, _) = compile("fn affecter(a, b, c) { 1 }", accuses);
    let scripts = scripts.unwrap();
    let evenement = json!({"x": " ", "n": 1});
    let (messages, error) = scripts.accuses(|_| Shown::Json(&evenement));
    let got: Vec<_> = messages.iter().map(|it| (&*it.a, &*it.modele)).collect();
    assert_eq!(got, [(" ", "m"), ("x@y.fr", "n")]);
    assert_eq!(
        error.unwrap().message,
        "« a » d'un message doit être un texte, et non un nombre"
    );
    let told = messages.iter().map(|it| scripts.misaddressed(it));
    let told: Vec<_> = told.map(|it| it.map(|it| it.message)).collect();
    assert_eq!(told, [Some("« a » d'un message est vide".to_owned()), None]);
}
