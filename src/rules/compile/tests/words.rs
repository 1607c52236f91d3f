//! Words of templates and connectors that no other file knows.

use super::*;

/// The remarks on one line of an e-mail template.
fn of_mail(line: &str) -> Vec<String> {
    let text = format!("Objet: x\n{line}\n");
    compiled(&[("modeles/accuse-reception.txt", &text)]).1
}

#[rstest]
#[case(
    "{% if residence.code in [\"R\", \"R-2\"] %}a{% endif %}",
    "« R-2 » n'est pas une valeur connue"
)]
#[case(
    "{{ {\"R\": 1, \"R-2\": 2}[residence.code] | default(\"\") }}",
    "« R-2 » n'est pas une valeur connue"
)]
#[case(
    "{% if signalement.qualification not in [\"ASC\", \"CHAU\"] %}a{% endif %}",
    "vouliez-vous dire « CHAUF » ?"
)]
#[case(
    "{% if evenement.demande.canal == \"Sowell\" %}a{% endif %}",
    "vouliez-vous dire « SoWell » ?"
)]
#[case(
    "{% if residence.adresse == \"Nancy\" %}a{% endif %}",
    "« residence.adresse »"
)]
#[case(
    "{% if demande.acteur_en_charge.identifiant == \"TEC-0\" %}a{% endif %}",
    "« demande.acteur_en_charge.identifiant »"
)]
#[case(
    "{% if residence.gestionnaires.technique.nom == \"m\" %}a{% endif %}",
    "« residence.gestionnaires.technique.nom »"
)]
#[case(
    "Motif : {{ evenement.motif }}.",
    "pour l'événement « transmis » : « evenement.motif » n'est renseigné que pour un signalement écarté"
)]
fn an_impossible_comparison_in_a_template_is_reported(#[case] line: &str, #[case] words: &str) {
    let told = of_mail(line);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(words), "{told:?}");
    assert!(
        told[0].starts_with("modeles/accuse-reception.txt:2 "),
        "{told:?}"
    );
}

#[rstest]
#[case("{% if residence.code in [\"R\"] or demande.canal == \"SoWell\" %}a{% endif %}")]
#[case("{% if residence.gestionnaires.technique.nom == \"n\" %}a{% endif %}")]
#[case("{{ a }} ({{ modele }}){% if a == \"x@y.fr\" and modele == \"autre\" %}a{% endif %}")]
#[case("{% if evenement.motif %}Motif : {{ evenement.motif }}.{% endif %}")]
#[case("{% if evenement.type == \"ecarte\" %}Motif : {{ evenement.motif }}.{% endif %}")]
#[case("{{ evenement.motif | default(\"\") }}{{ evenement.statut_sowell }}{{ evenement.statut }}")]
fn a_possible_comparison_in_a_template_is_not_reported(#[case] line: &str) {
    assert_eq!(of_mail(line), [] as [&str; 0]);
}

#[test]
fn a_manager_that_the_crm_may_know_is_not_reported() {
    let crm = format!(
        "{CRM}  gestionnaires: {{chemin: '/g/{{{{ residence }}}}', type: /t, identifiant: /i, nom: /n, email: /e}}\n"
    );
    let mail = "Objet: x\n{% if demande.acteur_en_charge.identifiant == \"TEC-0\" %}a{% endif %}\n";
    let edits = [
        ("connecteurs/crm.yaml", crm.as_str()),
        ("modeles/accuse-reception.txt", mail),
    ];
    assert_eq!(compiled(&edits).1, [] as [&str; 0]);
}

#[rstest]
#[case(
    "statut == 'Traite'",
    Some("« Traite » n'est pas une valeur connue de « statut » ; vouliez-vous dire « Traité » ?")
)]
#[case("statut_crm == 'Cloturee'", Some("vouliez-vous dire « Clôturée » ?"))]
#[case(
    "statut in ['Traité', 'Rejete']",
    Some("vouliez-vous dire « Rejeté » ?")
)]
#[case("statut == 'Traité' or statut_crm in ['Clôturée', 'Ouverte']", None)]
#[case("commentaire == 'x' or date == 'y'", None)]
fn words_sent_to_sowell_are_checked_against_the_tables(
    #[case] condition: &str,
    #[case] words: Option<&str>,
) {
    let sowell = format!(
        "operations:\n  signaler_statut:\n    chemin: /s/{{{{ uid }}}}\n    corps: {{json: {{s: '{{{{ statut }}}}', c: {{si: \"{condition}\", alors: a}}}}}}\n"
    );
    let told = compiled(&[("connecteurs/sowell.yaml", &sowell)]).1;
    assert_eq!(told.len(), usize::from(words.is_some()), "{told:?}");
    let words = words.unwrap_or_default();
    assert!(told.iter().all(|it| it.contains(words)), "{told:?}");
}

#[rstest]
#[case(
    "modes: [tous, tous]\n",
    &["transmission.yaml:1 « tous » est écrit deux fois dans cette liste : retirez-le ici"]
)]
#[case(
    "modes:\n  - tous\n  - auteur\n  - tous\n",
    &[
        "transmission.yaml:4 « tous » est écrit deux fois dans cette liste (déjà à la ligne 2) : retirez-le ici",
        "transmission.yaml:2 « tous » laisse déjà tout passer : les autres modes ne changent rien",
    ]
)]
#[case(
    "modes: [categories]\ncategories: [ASC, CHAUF, ASC]\n",
    &["transmission.yaml:2 « ASC » est écrit deux fois dans cette liste : retirez-le ici"]
)]
#[case("modes: [tous]\n", &[])]
#[case("modes: [auteur, manager, categories]\ncategories: [ASC, CHAUF]\n", &[])]
fn a_repeated_word_of_a_list_is_reported_at_its_second_place(
    #[case] transmission: &str,
    #[case] wanted: &[&str],
) {
    let (mut rules, exports) = shipped();
    // The shipped cases expect the shipped modes.
    rules.remove("cas/transmission.yaml");
    rules.insert("transmission.yaml".to_owned(), transmission.into());
    let (_, found) = compile(&rules, &exports, Known::default());
    let told = found.iter().filter(|it| it.file == "transmission.yaml");
    let told = told.map(|it| format!("{}:{} {}", it.file, it.line, it.message));
    assert_eq!(told.collect::<Vec<_>>(), wanted);
}

#[test]
fn a_status_ignored_twice_is_reported() {
    let statuts = include_str!("../../../../rules/statuts.yaml");
    let twice = statuts.replace("ignorer: []", "ignorer: [Archivée, En relecture, Archivée]");
    let (generation, told) = compiled(&[("statuts.yaml", &twice)]);
    let wanted =
        "statuts.yaml:25 « Archivée » est écrit deux fois dans cette liste : retirez-le ici";
    assert_eq!(told, [wanted]);
    assert!(generation.is_some());
}

#[rstest]
#[case(
    "modes: [tous manager]\n",
    "écrivez-les séparément : [tous, manager], ou un tiret par ligne"
)]
#[case(
    "modes: [auteur; manager]\n",
    "écrivez-les séparément : [auteur, manager], ou un tiret par ligne"
)]
#[case(
    "modes: [categories]\ncategories: [ASC; CHAUF]\n",
    "écrivez-les séparément : [ASC, CHAUF], ou un tiret par ligne"
)]
#[case(
    "modes: [categories]\ncategories: [ASC CHAUF ECL]\n",
    "écrivez-les séparément : [ASC, CHAUF, ECL], ou un tiret par ligne"
)]
#[case(
    "modes: [categories]\ncategories:\n  - ASC CHAUF\n",
    "écrivez-les séparément : [ASC, CHAUF], ou un tiret par ligne"
)]
#[case("modes: [tous managers]\n", "valeurs connues")]
#[case(
    "modes: [manager et auteur]\n",
    "ne savent pas demander plusieurs modes à la fois (« et ») ; [manager, auteur] transmet ce que l'un ou l'autre accepte"
)]
#[case("modes: [manager+auteur]\n", "plusieurs modes à la fois")]
#[case("modes: [manager & auteur]\n", "plusieurs modes à la fois")]
#[case(
    "modes: [categories]\ncategories: [\"!ASC\"]\n",
    "rien ne s'exclut ici"
)]
#[case("modes: [categories]\ncategories: [-ASC]\n", "rien ne s'exclut ici")]
#[case(
    "modes: [categories]\ncategories: [sauf ASC]\n",
    "rien ne s'exclut ici"
)]
#[case("modes: [managers]\n", "vouliez-vous dire « manager » ?")]
#[case(
    "modes: [categories]\ncategories: [ASC, CHAUFF]\n",
    "vouliez-vous dire « CHAUF » ?"
)]
fn words_of_a_list_without_their_comma_are_told(#[case] text: &str, #[case] words: &str) {
    let (generation, told) = compiled(&[("transmission.yaml", text)]);
    assert!(generation.is_none());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(words), "{told:?}");
    let mended = text
        .replace("- ASC CHAUF", "- ASC\n  - CHAUF")
        .replace(';', ",")
        .replace("SC CH", "SC, CH")
        .replace("F E", "F, E");
    let mended = mended.replace("tous manager]", "tous, manager]");
    let (generation, _) = compiled(&[("transmission.yaml", &mended)]);
    assert_eq!(generation.is_some(), words.contains("séparément"));
}
