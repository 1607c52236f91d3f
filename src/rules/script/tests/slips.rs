//! Slips in scripts, each with the remedy its message gives: doing what it says leaves nothing to report.

use rstest::rstest;

use super::{SILENT, compile};

fn told(lines: &str) -> Vec<String> {
    let text = format!(
        "fn affecter(signalement, residence, qualification) {{
         let concerne = residence.gestionnaires.get(\"gardien\");
         {lines}
         throw concerne; }}"
    );
    let (_, faults) = compile(&text, SILENT);
    faults.into_iter().map(|it| it.message).collect()
}

#[rstest]
#[case(
    "if residence.code == MZ-02 { throw 1 }",
    "« MZ-02 » est un texte : écrivez-le entre guillemets, « \"MZ-02\" »",
    "if residence.code == \"MZ-02\" { throw 1 }"
)]
#[case(
    "if residence.code in [RS-METZ-NORD, \"MZ-01\"] { throw 1 }",
    "« RS-METZ-NORD » est un texte : écrivez-le entre guillemets, « \"RS-METZ-NORD\" »",
    "if residence.code in [\"RS-METZ-NORD\", \"MZ-01\"] { throw 1 }"
)]
#[case(
    "if signalement.email_auteur == camille.durand@vivest.example { throw 1 }",
    "« camille.durand@vivest.example » est un texte : écrivez-le entre guillemets, « \"camille.durand@vivest.example\" »",
    "if signalement.email_auteur == \"camille.durand@vivest.example\" { throw 1 }"
)]
#[case(
    "if residence.code == \"MZ\"-02 { throw 1 }",
    "entre deux textes, « - » retire le second du premier : écrivez tout le code dans les mêmes guillemets, « \"MZ-02\" »",
    "if residence.code == \"MZ-02\" { throw 1 }"
)]
#[case(
    "if residence.code == \"RS\"-\"METZ\"-\"NORD\" { throw 1 }",
    "entre deux textes, « - » retire le second du premier : écrivez tout le code dans les mêmes guillemets, « \"RS-METZ-NORD\" »",
    "if residence.code == \"RS-METZ-NORD\" { throw 1 }"
)]
#[case(
    "if signalement.photos > MAX-1 { throw 1 }",
    "variable inconnue : « MAX » ; si « MAX-1 » est un texte, écrivez-le entre guillemets : « \"MAX-1\" »",
    "let MAX = 3; if signalement.photos > MAX-1 { throw 1 }"
)]
#[case(
    "if residence.code in [\"MZ-01\", MZ-02] { throw 1 }",
    "« MZ-02 » est un texte : écrivez-le entre guillemets, « \"MZ-02\" »",
    "if residence.code in [\"MZ-01\", \"MZ-02\"] { throw 1 }"
)]
#[case(
    "if signalement.photos >= maximum { throw 1 }",
    "variable inconnue : « maximum » ; une variable se définit plus haut par « let maximum = … ; », et un texte s'écrit entre guillemets",
    "let maximum = 3; if signalement.photos >= maximum { throw 1 }"
)]
#[case(
    "let total = 1; total += supplement; if total > 2 { throw 1 }",
    "variable inconnue : « supplement » ; une variable se définit plus haut par « let supplement = … ; », et un texte s'écrit entre guillemets",
    "let supplement = signalement.photos; let total = 1; total += supplement; if total > 2 { throw 1 }"
)]
#[case(
    "if mois_de(signalement.date_creation) in 11,12 { throw 1 }",
    "« in » ne va qu'avec une valeur : pour plusieurs nombres, écrivez « in [11, 12] »",
    "if mois_de(signalement.date_creation) in [11, 12] { throw 1 }"
)]
#[case(
    "if heure_de(signalement.date_creation) == 18, 19,20 { throw 1 }",
    "« == » ne va qu'avec une valeur : pour plusieurs nombres, écrivez « in [18, 19, 20] »",
    "if heure_de(signalement.date_creation) in [18, 19, 20] { throw 1 }"
)]
#[case(
    "if (mois_de(signalement.date_creation) != 7,8) { throw 1 }",
    "« != » ne va qu'avec une valeur : pour plusieurs nombres, écrivez « !in [7, 8] »",
    "if (mois_de(signalement.date_creation) !in [7, 8]) { throw 1 }"
)]
#[case(
    "if heure_de(signalement.date_creation) > 20:30 { throw 1 }",
    "« heure_de » ne compte pas les minutes : écrivez « >= 20 » ou « >= 21 », et la règle changera à cette heure-là, non à 20 h 30",
    "if heure_de(signalement.date_creation) >= 20 { throw 1 }"
)]
#[case(
    "if heure_de(signalement.date_creation) > 20:30 { throw 1 }",
    "« heure_de » ne compte pas les minutes : écrivez « >= 20 » ou « >= 21 », et la règle changera à cette heure-là, non à 20 h 30",
    "if heure_de(signalement.date_creation) >= 21 { throw 1 }"
)]
#[case(
    "if heure_de(signalement.date_creation) <= 20:30 { throw 1 }",
    "« heure_de » ne compte pas les minutes : écrivez « < 20 » ou « < 21 », et la règle changera à cette heure-là, non à 20 h 30",
    "if heure_de(signalement.date_creation) < 20 { throw 1 }"
)]
#[case(
    "if heure_de(signalement.date_creation) <= 20:30 { throw 1 }",
    "« heure_de » ne compte pas les minutes : écrivez « < 20 » ou « < 21 », et la règle changera à cette heure-là, non à 20 h 30",
    "if heure_de(signalement.date_creation) < 21 { throw 1 }"
)]
#[case(
    "if heure_de(signalement.date_creation) < 20:30 { throw 1 }",
    "« heure_de » ne compte pas les minutes : choisissez « 20 » ou « 21 », et la règle changera à cette heure-là, non à 20 h 30",
    "if heure_de(signalement.date_creation) < 20 { throw 1 }"
)]
#[case(
    "if (20:30 < heure_de(signalement.date_creation)) { throw 1 }",
    "« heure_de » ne compte pas les minutes : écrivez « 20 <= » ou « 21 <= », et la règle changera à cette heure-là, non à 20 h 30",
    "if (20 <= heure_de(signalement.date_creation)) { throw 1 }"
)]
#[case(
    "if heure_de(signalement.date_creation) > 23:30 { throw 1 }",
    "« heure_de » ne compte pas les minutes : écrivez « >= 23 », et la règle changera à cette heure-là, non à 23 h 30",
    "if heure_de(signalement.date_creation) >= 23 { throw 1 }"
)]
#[case(
    "if heure_de(signalement.date_creation) <= 23h30 { throw 1 }",
    "« heure_de » ne compte pas les minutes : écrivez « < 23 », et la règle changera à cette heure-là, non à 23 h 30",
    "if heure_de(signalement.date_creation) < 23 { throw 1 }"
)]
#[case(
    "if heure_de(signalement.date_creation) < 23:30 { throw 1 }",
    "« heure_de » ne compte pas les minutes : écrivez « 23 », et la règle changera à cette heure-là, non à 23 h 30",
    "if heure_de(signalement.date_creation) < 23 { throw 1 }"
)]
#[case(
    "if qualification.code == \"ASC\" OU \"CHAUF\" { throw 1 }",
    "« == » ne va qu'avec une valeur : pour plusieurs textes, écrivez « in [\"ASC\", \"CHAUF\"] »",
    "if qualification.code in [\"ASC\", \"CHAUF\"] { throw 1 }"
)]
#[case(
    "if qualification.code == \"ASC\" Ou \"CHAUF\" { throw 1 }",
    "« == » ne va qu'avec une valeur : pour plusieurs textes, écrivez « in [\"ASC\", \"CHAUF\"] »",
    "if qualification.code in [\"ASC\", \"CHAUF\"] { throw 1 }"
)]
#[case(
    "if qualification.code == \"ASC\" or \"CHAUF\" { throw 1 }",
    "« == » ne va qu'avec une valeur : pour plusieurs textes, écrivez « in [\"ASC\", \"CHAUF\"] »",
    "if qualification.code in [\"ASC\", \"CHAUF\"] { throw 1 }"
)]
#[case(
    "if qualification.code != \"ASC\" ET \"CHAUF\" { throw 1 }",
    "« != » ne va qu'avec une valeur : pour plusieurs textes, écrivez « !in [\"ASC\", \"CHAUF\"] »",
    "if qualification.code !in [\"ASC\", \"CHAUF\"] { throw 1 }"
)]
#[case(
    "Si signalement.photos > 2 { throw 1 }",
    "« Si » : écrivez « if »",
    "if signalement.photos > 2 { throw 1 }"
)]
#[case(
    "SI (signalement.photos > 2) { throw 1 }",
    "« SI » : écrivez « if »",
    "if (signalement.photos > 2) { throw 1 }"
)]
#[case(
    "if signalement.photos > 2 { throw 1 } Sinon { throw 2 }",
    "« Sinon » : écrivez « else »",
    "if signalement.photos > 2 { throw 1 } else { throw 2 }"
)]
#[case(
    "if signalement.photos > 2 ET signalement.photos < 9 { throw 1 }",
    "« ET » : écrivez « && »",
    "if signalement.photos > 2 && signalement.photos < 9 { throw 1 }"
)]
#[case(
    "if signalement.photos > 2 Ou signalement.photos == 1 { throw 1 }",
    "« Ou » : écrivez « || »",
    "if signalement.photos > 2 || signalement.photos == 1 { throw 1 }"
)]
#[case(
    "if Signalement.auteur == \"Léa\" { throw 1 }",
    "variable inconnue : « Signalement » ; écrivez « signalement », sans majuscule",
    "if signalement.auteur == \"Léa\" { throw 1 }"
)]
#[case(
    "if (signalement.photos = 1) { throw 1 }",
    "« = » donne une valeur à une variable ; pour comparer, écrivez « == »",
    "if (signalement.photos == 1) { throw 1 }"
)]
#[case(
    "if residence.code == \"A\" && (signalement.photos = 1) { throw 1 }",
    "« = » donne une valeur à une variable ; pour comparer, écrivez « == »",
    "if residence.code == \"A\" && (signalement.photos == 1) { throw 1 }"
)]
#[case(
    "if signalement.photos > 2,5 { throw 1 }",
    "un nombre à virgule s'écrit avec un point : écrivez « 2.5 »",
    "if signalement.photos > 2.5 { throw 1 }"
)]
#[case(
    "if (signalement.photos > 2,5) { throw 1 }",
    "un nombre à virgule s'écrit avec un point : écrivez « 2.5 »",
    "if (signalement.photos > 2.5) { throw 1 }"
)]
#[case(
    "if signalement.autres == \"urgent\" { throw 1 }",
    "« signalement.autres » est un ensemble de valeurs, jamais un texte : comparez l'une d'elles, « signalement.autres.get(\"…\") »",
    "if signalement.autres.get(\"etage\") == \"urgent\" { throw 1 }"
)]
#[case(
    "if signalement.description.contains(\"*ascenseur*\") { throw 1 }",
    "« *ascenseur* » est cherché tel quel, avec ces signes : écrivez « contains(\"ascenseur\") »",
    "if signalement.description.contains(\"ascenseur\") { throw 1 }"
)]
#[case(
    "if signalement.description.to_lower().contains(\"ascenseur|lift\") { throw 1 }",
    "« ascenseur|lift » est cherché tel quel, avec ce signe : pour l'un ou l'autre, écrivez « (signalement.description.to_lower().contains(\"ascenseur\") || signalement.description.to_lower().contains(\"lift\")) »",
    "if (signalement.description.to_lower().contains(\"ascenseur\") || signalement.description.to_lower().contains(\"lift\")) { throw 1 }"
)]
#[case(
    "let d = signalement.description; if residence.code == \"A\" && d.contains(\"a|b\") { throw 1 }",
    "« a|b » est cherché tel quel, avec ce signe : pour l'un ou l'autre, écrivez « (d.contains(\"a\") || d.contains(\"b\")) »",
    "let d = signalement.description; if residence.code == \"A\" && (d.contains(\"a\") || d.contains(\"b\")) { throw 1 }"
)]
#[case(
    "let d = signalement.description; if !d.contains(\"a|b\") { throw 1 }",
    "« a|b » est cherché tel quel, avec ce signe : pour l'un ou l'autre, écrivez « (d.contains(\"a\") || d.contains(\"b\")) »",
    "let d = signalement.description; if !(d.contains(\"a\") || d.contains(\"b\")) { throw 1 }"
)]
#[case(
    "if signalement.description in \"gaz, eau\" { throw 1 }",
    "« signalement.description in \"gaz, eau\" » cherche toute la description dans ce texte : écrivez « (\"gaz\" in signalement.description || \"eau\" in signalement.description) »",
    "if (\"gaz\" in signalement.description || \"eau\" in signalement.description) { throw 1 }"
)]
#[case(
    "if residence.code == \"A\" && signalement.description !in \"gaz, eau\" { throw 1 }",
    "« signalement.description !in \"gaz, eau\" » cherche toute la description dans ce texte : écrivez « !(\"gaz\" in signalement.description || \"eau\" in signalement.description) »",
    "if residence.code == \"A\" && !(\"gaz\" in signalement.description || \"eau\" in signalement.description) { throw 1 }"
)]
#[case(
    "if !(signalement.description in \"gaz\") { throw 1 }",
    "« signalement.description in \"gaz\" » cherche toute la description dans ce texte : écrivez « \"gaz\" in signalement.description »",
    "if !(\"gaz\" in signalement.description) { throw 1 }"
)]
#[case(
    "if residence.code.starts_with(\"MZ%\") { throw 1 }",
    "« MZ% » est cherché tel quel, avec ces signes : écrivez « starts_with(\"MZ\") »",
    "if residence.code.starts_with(\"MZ\") { throw 1 }"
)]
#[case(
    "if signalement.description in \"ascenseur\" { throw 1 }",
    "« signalement.description in \"ascenseur\" » cherche toute la description dans ce texte : écrivez « \"ascenseur\" in signalement.description »",
    "if \"ascenseur\" in signalement.description { throw 1 }"
)]
#[case(
    "if signalement.description.to_lower() in \"ascenseur\" { throw 1 }",
    "« signalement.description.to_lower() in \"ascenseur\" » cherche toute la description dans ce texte : écrivez « \"ascenseur\" in signalement.description.to_lower() »",
    "if \"ascenseur\" in signalement.description.to_lower() { throw 1 }"
)]
#[case(
    "if signalement.description.to_lower.contains(\"gaz\") { throw 1 }",
    "« signalement.description » est un texte, sans champ « to_lower » : écrivez « signalement.description.to_lower() », avec des parenthèses",
    "if signalement.description.to_lower().contains(\"gaz\") { throw 1 }"
)]
#[case(
    "if signalement.description.contains(\"gaz\", \"feu\") { throw 1 }",
    "« contains » demande 1 valeur, et non 2 : pour l'un ou l'autre texte, écrivez « (signalement.description.contains(…) || signalement.description.contains(…)) »",
    "if (signalement.description.contains(\"gaz\") || signalement.description.contains(\"feu\")) { throw 1 }"
)]
#[case(
    "let d = signalement.description; if residence.code == \"A\" && d.to_lower().contains(\"gaz\", \"feu\") { throw 1 }",
    "« contains » demande 1 valeur, et non 2 : pour l'un ou l'autre texte, écrivez « (d.to_lower().contains(…) || d.to_lower().contains(…)) »",
    "let d = signalement.description; if residence.code == \"A\" && (d.to_lower().contains(\"gaz\") || d.to_lower().contains(\"feu\")) { throw 1 }"
)]
#[case(
    "if annee_de(signalement.date_creation) == \"2026\" { throw 1 }",
    "fonction inconnue « annee_de » : écrivez signalement.date_creation.sub_string(0, 4), un texte comme \"2026\"",
    "if signalement.date_creation.sub_string(0, 4) == \"2026\" { throw 1 }"
)]
#[case(
    "if jour_de(signalement.date_creation) == \"lundi\" { throw 1 }",
    "fonction inconnue « jour_de » : écrivez jour_de_semaine(signalement.date_creation), de \"lundi\" à \"dimanche\"",
    "if jour_de_semaine(signalement.date_creation) == \"lundi\" { throw 1 }"
)]
#[case(
    "if aujourd_hui() >= \"2026-12-01\" { throw 1 }",
    "fonction inconnue « aujourd_hui » : écrivez signalement.date_creation, la seule date qu'un script connaît",
    "if signalement.date_creation >= \"2026-12-01\" { throw 1 }"
)]
#[case(
    "concerne = gardien;",
    "variable inconnue : « gardien » ; une variable se définit plus haut par « let gardien = … ; », et un texte s'écrit entre guillemets ; un gestionnaire se lit par « residence.gestionnaires.get(\"gardien\") »",
    "concerne = residence.gestionnaires.get(\"gardien\");"
)]
#[case(
    "if signalement.photos > 2 { gestionnaire_concerne = concerne; }",
    "« gestionnaire_concerne » n'est pas une variable, mais une clé du résultat : écrivez à la place « return #{gestionnaire_concerne: …, acteur_en_charge: …}; »",
    "if signalement.photos > 2 { return #{gestionnaire_concerne: concerne, acteur_en_charge: concerne}; }"
)]
fn following_the_message_leaves_nothing_to_report(
    #[case] wrong: &str,
    #[case] message: &str,
    #[case] right: &str,
) {
    assert_eq!(told(wrong), [message]);
    assert_eq!(told(right), [""; 0]);
}

#[rstest]
#[case("let MZ = 3; if signalement.photos > MZ-02 { throw 1 }")]
#[case("let max = 5; if signalement.photos in [max-2, max-1] { throw 1 }")]
#[case(
    "if signalement.description.contains(\"*\") || signalement.description.contains(\"100%\") { throw 1 }"
)]
#[case(
    "if signalement.description.contains(\"|\") || signalement.description.contains(\"a | 2\") { throw 1 }"
)]
#[case("if signalement.description.contains(\"** URGENT **\") { throw 1 }")]
#[case("if residence.code - \"MZ-\" == \"02\" { throw 1 }")]
#[case("if qualification.code in \"ASC CHAUF\" { throw 1 }")]
#[case("if signalement.autres.get(\"etage\") == () { throw 1 }")]
#[case(
    "let texte = \"Si le gardien OU Signalement\"; if signalement.description == texte { throw 1 }"
)]
#[case("let Si = 2; if signalement.photos > Si { throw 1 }")]
#[case("if max(2,5) < signalement.photos { throw 1 }")]
fn right_lines_are_not_reported(#[case] lines: &str) {
    assert_eq!(told(lines), [""; 0]);
}

fn of_accuses(message: &str) -> Vec<String> {
    let text = format!("fn accuses(evenement) {{\n[{message}]\n}}");
    let (_, faults) = compile("fn affecter(a, b, c) { throw 1 }", &text);
    faults.into_iter().map(|it| it.message).collect()
}

#[rstest]
#[case(
    "#{a: [evenement.signalement.email_auteur, \"a@b.example\"], modele: \"m\"}",
    "« a » d'un message doit être un texte, et non une liste : pour plusieurs destinataires, écrivez un message #{ a: …, modele: … } pour chacun"
)]
#[case(
    "#{a: \"c@d.example, a@b.example\", modele: \"m\"}",
    "« a » d'un message doit être une adresse e-mail, et non « c@d.example, a@b.example » : pour plusieurs destinataires, écrivez un message #{ a: …, modele: … } pour chacun"
)]
#[case(
    "#{a: evenement.signalement.email_auteur, \"a@b.example\", modele: \"m\"}",
    "dans un objet #{…}, chaque valeur vient après un nom, comme « nom: valeur » ; pour plusieurs destinataires, écrivez un message #{ a: …, modele: … } pour chacun"
)]
#[case(
    "#{a: camille.durand@vivest.example, modele: \"m\"}",
    "« camille.durand@vivest.example » est un texte : écrivez-le entre guillemets, « \"camille.durand@vivest.example\" »"
)]
#[case(
    "#{ a: evenement.signalement.email_auteur, \"a@b.example\", modele: \"m\" }",
    "dans un objet #{…}, chaque valeur vient après un nom, comme « nom: valeur » ; pour plusieurs destinataires, écrivez un message #{ a: …, modele: … } pour chacun"
)]
#[case(
    "#{\n  a : evenement.signalement.email_auteur,\n  \"a@b.example\", modele: \"m\"\n}",
    "dans un objet #{…}, chaque valeur vient après un nom, comme « nom: valeur » ; pour plusieurs destinataires, écrivez un message #{ a: …, modele: … } pour chacun"
)]
fn an_addressee_that_is_no_address_gets_a_remedy(#[case] wrong: &str, #[case] message: &str) {
    assert_eq!(of_accuses(wrong), [message]);
    let right = "#{a: evenement.signalement.email_auteur, modele: \"m\"}, #{a: \"a@b.example\", modele: \"m\"}";
    assert_eq!(of_accuses(right), [""; 0]);
}

/// What is told about a text above a correct script.
fn told_above(text: &str) -> Vec<String> {
    let text = format!("{text}\nfn affecter(a, b, c) {{ throw 1 }}");
    let (_, faults) = compile(&text, SILENT);
    faults.into_iter().map(|it| it.message).collect()
}

#[rstest]
#[case("Function f(a) { a }")]
#[case("fonction f (a) { a }")]
#[case("/* Du soir. */\n  def f(a) { a }")]
fn a_function_in_another_language_is_told_its_keyword(#[case] text: &str) {
    let told = told_above(text);
    assert!(told[0].ends_with(": écrivez « fn »"), "{told:?}");
}

#[rstest]
#[case("/*\nFonction principale (appelée par Passerelle)\nfonction du soir(\n*/")]
#[case("// Fonction principale (appelée par Passerelle)")]
fn a_comment_about_a_function_is_not_taken_for_one(#[case] text: &str) {
    assert_eq!(told_above(text), [""; 0]);
}

#[test]
fn a_sentence_about_a_function_is_not_taken_for_one() {
    let told = told_above("Fonction principale (appelée par Passerelle)");
    assert!(!told[0].contains("« fn »"), "{told:?}");
}
