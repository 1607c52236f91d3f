//! Code that cannot be what its author meant, and scripts that must get no remark.

use rstest::rstest;

use super::{SILENT, compile};
use crate::rules::diagnostic::Diagnostic;

pub(super) fn of_affecter(body: &str) -> Vec<Diagnostic> {
    let text = format!(
        "fn affecter(signalement, residence, qualification) {{ if true {{ {body} }}\n throw \"\" }}\nfn f(x) {{ x }}"
    );
    let (scripts, faults) = compile(&text, SILENT);
    assert!(scripts.is_some(), "{faults:?}");
    faults
}

pub(super) fn of_accuses(body: &str) -> Vec<Diagnostic> {
    let text = format!("fn accuses(evenement) {{ if true {{ {body} }}\n [] }}\nfn f(x) {{ x }}");
    let (scripts, faults) = compile("fn affecter(a, b, c) { throw 1 }", &text);
    assert!(scripts.is_some(), "{faults:?}");
    faults
}

pub(super) fn told(faults: &[Diagnostic]) -> Vec<&str> {
    faults.iter().map(|it| it.message.as_str()).collect()
}

#[rstest]
#[case(
    "signalement.priorite = \"high\";",
    &["« signalement » est une copie : cette ligne ne change rien à la demande"]
)]
#[case(
    "if signalement.priorite == \"low\" { signalement.priorite = \"high\"; }",
    &["« signalement » est une copie : cette ligne ne change rien à la demande"]
)]
#[case(
    "qualification.workflow += \"-B\";",
    &["« qualification » est une copie : cette ligne ne change rien à la demande"]
)]
#[case(
    "residence.nom = residence.nom.to_upper();",
    &["« residence » est une copie : cette ligne ne change rien à la demande"]
)]
#[case(
    "residence[\"nom\"] = \"x\"; throw residence.code;",
    &["« residence » est une copie : cette ligne ne change rien à la demande"]
)]
#[case(
    "residence.groupe = \"x\";",
    &["« residence » est une copie : cette ligne ne change rien à la demande"]
)]
#[case(
    "residence.groupe = if residence.code.starts_with(\"MZ\") { \"metz\" } else { \"autre\" }; if residence.groupe == \"metz\" { throw 1 }",
    &[]
)]
#[case("residence.groupe = \"x\"; throw `${residence.groupe}`;", &[])]
#[case("residence.groupe = \"x\"; f(residence);", &[])]
#[case("residence.groupe = \"x\"; let r = residence; throw r;", &[])]
#[case("residence.groupe = \"x\"; throw residence.get(\"groupe\");", &[])]
#[case("residence.groupe = \"x\"; if \"groupe\" in residence { throw 1 }", &[])]
#[case(
    "residence.gestionnaires.t = 1; throw residence.gestionnaires.get(qualification.code);",
    &[]
)]
#[case("residence.gestionnaires.t.nom = \"x\"; throw residence.gestionnaires.t;", &[])]
#[case("for x in [1, 2] { if residence.nom == \"x\" { throw 1 } residence.nom = \"x\"; }", &[])]
#[case("residence.nom = \"x\"; let c = || residence.nom; throw c.call();", &[])]
#[case("residence.nom = \"x\"; loop { break residence.nom; }", &[])]
#[case("let residence = #{}; residence.nom = \"x\";", &[])]
#[case("let r = #{nom: 1}; r.nom = 2;", &[])]
fn setting_a_field_of_a_copy_is_reported(#[case] body: &str, #[case] wanted: &[&str]) {
    assert_eq!(told(&of_affecter(body)), wanted);
}

#[rstest]
#[case(
    "throw residence.ville;",
    &[
        "« residence » n'a pas de champ « ville » : noms connus : adresse, code, gestionnaires, nom"
    ]
)]
#[case(
    "throw residence.get(\"ville\");",
    &[
        "« residence » n'a pas de champ « ville » : noms connus : adresse, code, gestionnaires, nom"
    ]
)]
#[case(
    "if \"ville\" in residence { }",
    &[
        "« residence » n'a pas de champ « ville » : noms connus : adresse, code, gestionnaires, nom"
    ]
)]
#[case(
    "if residence.contains(\"nomm\") { }",
    &["« residence » n'a pas de champ « nomm » : vouliez-vous dire « nom » ?"]
)]
#[case(
    "throw residence[\"ville\"];",
    &[
        "« residence » n'a pas de champ « ville » : noms connus : adresse, code, gestionnaires, nom"
    ]
)]
#[case(
    "throw signalement.email;",
    &["« signalement » n'a pas de champ « email » : vouliez-vous dire « email_auteur » ?"]
)]
#[case(
    "throw residence.gestionnaires.technique.mail;",
    &[
        "« residence.gestionnaires.technique » n'a pas de champ « mail » : vouliez-vous dire « email » ?"
    ]
)]
#[case(
    "throw residence.gestionnaires[qualification.type_gestionnaire].mail;",
    &[
        "« residence.gestionnaires[…] » n'a pas de champ « mail » : vouliez-vous dire « email » ?"
    ]
)]
#[case(
    "let g = residence.gestionnaires.get(\"t\"); throw g.mail;",
    &["« g » n'a pas de champ « mail » : vouliez-vous dire « email » ?"]
)]
#[case(
    "let g = residence.gestionnaires.get(qualification.code); throw g.mail;",
    &["« g » n'a pas de champ « mail » : vouliez-vous dire « email » ?"]
)]
#[case(
    "throw signalement.description.length;",
    &[
        "« signalement.description » est un texte, sans champ « length » : sa longueur est « signalement.description.len() »"
    ]
)]
#[case(
    "throw signalement.date_creation.month;",
    &[
        "« signalement.date_creation » est un texte, sans champ « month » : le mois à Paris, de 1 à 12, est « mois_de(signalement.date_creation) »"
    ]
)]
#[case(
    "throw signalement.residence.nom;",
    &[
        "« signalement.residence » est un texte, sans champ « nom » : c'est un code ; écrivez « residence.nom »"
    ]
)]
#[case(
    "throw signalement.transmettre_auteur.x;",
    &["« signalement.transmettre_auteur » vaut true ou false, sans champ « x »"]
)]
#[case(
    "for g in residence.gestionnaires { }",
    &[
        "« residence.gestionnaires » n'est pas une liste : écrivez « residence.gestionnaires.values() » pour parcourir ses valeurs, ou « residence.gestionnaires.keys() » pour leurs noms"
    ]
)]
#[case("for g in residence.gestionnaires.values() { throw g.mail }", &[])]
#[case("for x in signalement.description { }", &[])]
#[case("throw signalement.description.len;", &[])]
#[case("throw signalement.autres.etage.x;", &[])]
#[case("throw signalement.autres.get(\"etage\");", &[])]
#[case("throw residence.gestionnaires.gardien.email;", &[])]
#[case("if \"gardien\" in residence.gestionnaires { }", &[])]
#[case("if signalement.description.contains(\"gaz\") { }", &[])]
#[case("residence.set(\"ville\", \"Metz\"); throw residence.ville;", &[])]
#[case("residence.mixin(#{ville: \"Metz\"}); throw residence.ville;", &[])]
#[case("residence += #{ville: \"Metz\"}; throw residence.ville;", &[])]
#[case(
    "let g = residence.gestionnaires.get(\"t\"); if g == () { g = #{mail: 1} } throw g.mail;",
    &[]
)]
#[case("let g = #{mail: 1}; throw g.mail;", &[])]
#[case("throw residence.keys();", &[])]
#[case("throw residence.gestionnaires.len();", &[])]
fn a_field_that_never_exists_is_reported_with_known_ones(
    #[case] body: &str,
    #[case] wanted: &[&str],
) {
    assert_eq!(told(&of_affecter(body)), wanted);
}

#[rstest]
#[case(
    "if evenement.resultat == \"x\" { }",
    &[
        "« evenement » n'a pas de champ « resultat » : noms connus : demande, motif, signalement, statut, statut_sowell, type"
    ]
)]
#[case(
    "throw evenement.demande.acteur_en_charge.mail;",
    &[
        "« evenement.demande.acteur_en_charge » n'a pas de champ « mail » : vouliez-vous dire « email » ?"
    ]
)]
#[case(
    "let d = evenement.demande; throw d.acteur_en_charge.mail;",
    &["« d.acteur_en_charge » n'a pas de champ « mail » : vouliez-vous dire « email » ?"]
)]
#[case(
    "evenement.motif = \"x\";",
    &["« evenement » est une copie : cette ligne ne change rien à la demande ni aux e-mails"]
)]
#[case(
    "throw evenement.signalement.residence.nom;",
    &["« evenement.signalement.residence » est un texte, sans champ « nom »"]
)]
#[case("throw evenement.demande?.uid;", &[])]
#[case("if evenement.demande != () { throw evenement.demande.uid }", &[])]
fn a_field_that_events_never_have_is_reported(#[case] body: &str, #[case] wanted: &[&str]) {
    assert_eq!(told(&of_accuses(body)), wanted);
}

#[rstest]
#[case(
    "let mois = signalement.date_creation.sub_string(5, 2); if mois == 7 { }",
    &[
        "un texte et un nombre ne sont jamais égaux ; « parse_int(mois) » fait d'un texte un nombre"
    ]
)]
#[case(
    "if signalement.date_creation.sub_string(5, 2) != 7 { }",
    &[
        "un texte et un nombre sont toujours différents ; « parse_int(…) » fait d'un texte un nombre"
    ]
)]
#[case(
    "if signalement.photos > \"2\" { }",
    &[
        "un nombre et un texte ne se comparent pas : le résultat est toujours false ; écrivez ce nombre sans guillemets"
    ]
)]
#[case(
    "if 3 < signalement.code_postal { }",
    &[
        "« signalement » n'a pas de champ « code_postal » : noms connus : auteur, autres, bien, date_creation, description, email_auteur, lien_sowell, photos… et 5 autres"
    ]
)]
#[case(
    "if signalement.transmettre_auteur == 1 { }",
    &[
        "true ou false et un nombre ne sont jamais égaux ; true et false s'écrivent sans guillemets, et ne sont pas des nombres"
    ]
)]
#[case(
    "let gaz = signalement.description.contains(\"gaz\"); if gaz == \"true\" { }",
    &[
        "true ou false et un texte ne sont jamais égaux ; true et false s'écrivent sans guillemets, et ne sont pas des nombres"
    ]
)]
#[case("if signalement.transmettre_auteur == \"true\" { }", &[])]
#[case("if parse_int(signalement.date_creation.sub_string(5, 2)) == 7 { }", &[])]
#[case(
    "let mois = signalement.date_creation.sub_string(5, 2); mois = parse_int(mois); if mois == 7 { }",
    &[]
)]
#[case("let n = 0; n += 1.5; if n > 2 { }", &[])]
#[case("if signalement.photos > 2 && signalement.bien == () { }", &[])]
#[case("if signalement.autres.get(\"etage\") == 3 { }", &[])]
#[case("signalement.photos = \"3\"; if signalement.photos == \"3\" { }", &[])]
#[case("let x = f(3); if x == \"3\" { }", &[])]
#[case("for n in [1, 2] { if n == \"1\" { } }", &[])]
fn a_comparison_of_two_types_is_reported(#[case] body: &str, #[case] wanted: &[&str]) {
    assert_eq!(told(&of_affecter(body)), wanted);
}

#[rstest]
#[case(
    "throw \"${residence.nom} !\";",
    &[
        "« ${residence.nom} » reste écrit ainsi entre guillemets : mettez tout le texte entre accents graves (`), et sa valeur y sera"
    ]
)]
#[case(
    "throw #\"« \"${residence.nom}\" » !\"#;",
    &[
        "« ${residence.nom} » reste écrit ainsi entre « #\" » et « \"# » : mettez un accent grave (`) à la place de l'un et de l'autre, et sa valeur y sera"
    ]
)]
#[case("throw `« \"${residence.nom}\" » !`;", &[])]
#[case("throw #\"« {residence} » coûte 5 $\"#;", &[])]
#[case("throw `${residence.nom} !`;", &[])]
#[case("throw \"5 ${ }\";", &[])]
#[case("throw `a ${\"b\" + residence.nom} $c {d}`;", &[])]
fn a_string_that_interpolates_nothing_is_reported(#[case] body: &str, #[case] wanted: &[&str]) {
    assert_eq!(told(&of_affecter(body)), wanted);
}

#[rstest]
#[case(
    "let d = signalement.description.trim(); if d == \"x\" { }",
    &[
        "« trim » change « signalement.description » sur place et ne donne rien : écrivez « signalement.description.trim(); » sur une ligne à part, puis employez « signalement.description »"
    ]
)]
#[case(
    "let c = \"a\"; if c.replace(\"a\", \"b\") == \"b\" { }",
    &[
        "« replace » change « c » sur place et ne donne rien : écrivez « c.replace(\"a\", \"b\"); » sur une ligne à part, puis employez « c »"
    ]
)]
#[case(
    "if signalement.description.trim().to_lower().contains(\"gaz\") { }",
    &[
        "« trim » change sur place ce qui est devant le point et ne donne rien, dont la suite ne peut rien faire : écrivez avant « let texte = signalement.description; texte.trim(); », puis employez « texte » ici"
    ]
)]
#[case(
    "if residence.code == \"MZ-01\" && signalement.description.replace(\"é\", \"e\").contains(\"gaz\") { }",
    &[
        "« replace » change sur place ce qui est devant le point et ne donne rien, dont la suite ne peut rien faire : écrivez avant « let texte = signalement.description; texte.replace(\"é\", \"e\"); », puis employez « texte » ici"
    ]
)]
// As the remark advises.
#[case(
    "let texte = signalement.description; texte.trim(); if texte.to_lower().contains(\"gaz\") { }",
    &[]
)]
#[case(
    "let texte = signalement.description; texte.replace(\"é\", \"e\"); if residence.code == \"MZ-01\" && texte.contains(\"gaz\") { }",
    &[]
)]
#[case("let c = \"a\"; c.trim(); if c == \"b\" { }", &[])]
#[case("let l = []; l.push(1); l.push(\"a\".to_upper()); throw l;", &[])]
#[case("let l = [\"a\"].map(|x| { x.trim(); x }); if true { l.push(1) }", &[])]
fn using_a_method_that_returns_nothing_is_reported(#[case] body: &str, #[case] wanted: &[&str]) {
    assert_eq!(told(&of_affecter(body)), wanted);
}

#[rstest]
#[case("if signalement.photos.len() > 0 { }", 1)]
#[case(
    "if signalement.photos > 0 && signalement.photos.to_string() == \"1\" { }",
    0
)]
fn a_method_called_on_a_number_is_reported(#[case] body: &str, #[case] count: usize) {
    let faults = of_affecter(body);
    assert_eq!(faults.len(), count, "{faults:?}");
    let wanted = "« signalement.photos » est déjà un nombre : « len » ne s'y emploie pas ; comparez par exemple « signalement.photos > 0 »";
    assert!(faults.iter().all(|it| it.message == wanted), "{faults:?}");
}

#[test]
fn the_shipped_scripts_get_no_remark() {
    let gestionnaire = include_str!("../../../../rules/gestionnaire.rhai");
    let accuses = include_str!("../../../../rules/accuses.rhai");
    assert_eq!(compile(gestionnaire, accuses).1, []);
}

const OF_THE_SENDER: &str = "c'est l'heure du fuseau où SoWell a écrit la date, pas toujours celle de Paris : écrivez « heure_de(DATE) », qui est un nombre de 0 à 23, sans « parse_int », et comparez-le à un nombre, sans guillemets";

#[rstest]
#[case(
    "let heure = parse_int(signalement.date_creation.sub_string(11, 2)); if heure >= 20 { throw 1 }",
    "signalement.date_creation"
)]
#[case(
    "if signalement.date_creation.sub_string(11, 2) in [22, 23] { throw 1 }",
    "signalement.date_creation"
)]
#[case(
    "if sub_string(signalement.date_creation, 11, 2) >= 20 { throw 1 }",
    "signalement.date_creation"
)]
#[case(
    "let d = signalement.date_creation; if d.sub_string(11, 2).to_int() > 20 { throw 1 }",
    "d"
)]
#[case(
    "if sub_string(signalement.date_creation, 11, 2) > \"20\" { throw 1 }",
    "signalement.date_creation"
)]
fn an_hour_cut_out_of_a_date_is_reported(#[case] body: &str, #[case] date: &str) {
    let wanted = OF_THE_SENDER.replace("DATE", date);
    assert_eq!(told(&of_affecter(body)), [wanted]);
    // The code that the remark proposes gets no remark itself.
    let body = format!("let heure = heure_de({date}); if heure >= 20 {{ throw 1 }}");
    let body = body.replace("heure_de(d)", "heure_de(signalement.date_creation)");
    assert_eq!(told(&of_affecter(&body)), [] as [&str; 0]);
}

#[rstest]
#[case("if signalement.date_creation.sub_string(0, 10) == \"2026-12-25\" { throw 1 }")]
#[case("throw `écrit à ${signalement.date_creation.sub_string(11, 5)}`;")]
#[case("if signalement.description.sub_string(11, 2) == \"20\" { throw 1 }")]
#[case("if signalement.autres.get(\"heure\").sub_string(11, 2) == \"20\" { throw 1 }")]
#[case("if heure_de(signalement.date_creation) < 7 { throw 1 }")]
#[case("if signalement.date_creation.heure_de() < 7 { throw 1 }")]
#[case(
    "let jour = jour_de_semaine(signalement.date_creation); if jour == \"samedi\" || jour in [\"dimanche\", \"lundi\"] { throw 1 }"
)]
#[case("if jour_de_semaine(signalement.date_creation).to_upper() == \"SAMEDI\" { throw 1 }")]
#[case(
    "let jour = jour_de_semaine(signalement.date_creation); jour.make_upper(); if jour == \"SAMEDI\" { throw 1 }"
)]
#[case(
    "let jour = jour_de_semaine(signalement.date_creation); if jour.to_upper() == \"SAMEDI\" { throw 1 }"
)]
#[case(
    "let jour = jour_de_semaine(signalement.date_creation); jour += \" soir\"; if jour == \"samedi soir\" { throw 1 }"
)]
#[case("if mois_de(signalement.date_creation) in [7, 8] { throw 1 }")]
fn a_date_read_as_intended_is_not_reported(#[case] body: &str) {
    assert_eq!(told(&of_affecter(body)), [] as [&str; 0]);
}

#[rstest]
#[case(
    "if jour_de_semaine(signalement.date_creation) == \"Samedi\" { throw 1 }",
    "« jour_de_semaine » ne donne jamais « Samedi » : écrivez « samedi »"
)]
#[case(
    "let jour = jour_de_semaine(signalement.date_creation); if jour in [\"samdi\", \"dimanche\"] { throw 1 }",
    "« jour_de_semaine » ne donne jamais « samdi » : écrivez « samedi »"
)]
#[case(
    "if signalement.date_creation.jour_de_semaine() != \"week-end\" { throw 1 }",
    "« jour_de_semaine » ne donne jamais « week-end » : il donne « lundi », « mardi », « mercredi », « jeudi », « vendredi », « samedi », « dimanche »"
)]
#[case(
    "if heure_de(signalement.date_creation) == \"20\" { throw 1 }",
    "un nombre et un texte ne sont jamais égaux ; écrivez ce nombre sans guillemets"
)]
fn a_day_or_hour_that_never_occurs_is_reported(#[case] body: &str, #[case] wanted: &str) {
    assert_eq!(told(&of_affecter(body)), [wanted]);
}
