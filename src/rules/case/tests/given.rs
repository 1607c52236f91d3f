//! What a case may give of a signalement, a status or a residence, and slips in it.

use super::*;

#[test]
fn a_residence_of_a_case_may_be_as_empty_as_the_exports() {
    let script = "fn affecter(signalement, residence, qualification) {
    let qui = residence.gestionnaires.technique;
    if residence.nom + residence.adresse + qui.nom + qui.email != \"\" { throw \"plein\"; }
    #{ gestionnaire_concerne: qui, acteur_en_charge: qui }
}
";
    let told = |residence: &str| {
        let (mut rules, exports) = shipped();
        rules.insert("gestionnaire.rhai".into(), script.into());
        let case = format!(
            "cas: [{{nom: un, residences: [{residence}], signalement: {{qualification: ASC}}, attendu: {{acteur_en_charge: T}}}}]"
        );
        rules.insert("cas/a.yaml".into(), case.into());
        let (_, diagnostics) = compile(&rules, &exports, Known::default());
        let of_case = diagnostics.into_iter().filter(|it| it.file == "cas/a.yaml");
        of_case.map(|it| it.message).collect::<Vec<_>>()
    };
    let empty = "{code: Z, nom: '', adresse: ' ', gestionnaires: {technique: {type: technique, identifiant: T, nom: '', email: ''}}}";
    assert_eq!(told(empty), [""; 0]);
    for required in ["code: Z", "type: technique", "identifiant: T"] {
        let (key, _) = required.split_once(' ').unwrap();
        let without = empty.replacen(required, &format!("{key} ''"), 1);
        let told = told(&without);
        assert!(
            told.len() == 1 && told[0].contains("un texte vide"),
            "{told:?}"
        );
    }
}

#[test]
fn a_status_of_a_case_may_have_every_key_of_an_event() {
    let case = |key: &str| {
        format!(
            "cas: [{{nom: un, statut: {{statut: Clôturée, resultat: Traité, commentaire: c, canal: SoWell, date: '2026-01-15T10:00:00+01:00', {key}: E-1}}, attendu: {{statut_sowell: Traité}}}}]"
        )
    };
    assert_eq!(gate(&case("evenement")), []);
    let told = gate(&case("evenment"));
    assert!(told[0].message.contains("« evenement »"), "{told:?}");
}

#[test]
fn a_status_without_a_channel_has_that_of_the_demande() {
    let statuts = "initial: Ouverte
canal: SoWell
correspondances:
  Ouverte: {selon: canal, valeurs: {SoWell: En attente}}
";
    let cases = "cas: [{nom: un, statut: {statut: Ouverte}, attendu: {statut_sowell: En attente}}]";
    let (mut rules, exports) = shipped();
    rules.insert("statuts.yaml".into(), statuts.into());
    rules.insert("cas/a.yaml".into(), cases.into());
    let (generation, diagnostics) = compile(&rules, &exports, Known::default());
    assert!(generation.is_some(), "{diagnostics:?}");
}

#[test]
fn a_bien_without_a_residence_is_in_its_own_residence() {
    let (mut rules, mut exports) = shipped();
    let mut more = |name: &str, lines: &[u8]| {
        exports
            .entry(name.into())
            .or_default()
            .extend_from_slice(lines);
    };
    more("residences.csv", b"S;Roses;x\n");
    more(
        "gestionnaires.csv",
        b"S;responsable_secteur;RS-S;n;e@x.fr\n",
    );
    more("biens.csv", b"S-1;S;Appartement\n");
    let cases = "cas:
  - nom: un
    signalement: {qualification: ASC, bien: S-1}
    attendu: {acteur_en_charge: RS-S}
  - nom: deux
    signalement: {qualification: ASC, bien: S-1, residence: R}
    attendu: {erreur: n'est pas dans la résidence « R »}
  - nom: trois
    residences:
      - {code: Y, gestionnaires: {responsable_secteur: {identifiant: RS-Y}}}
      - {code: Z, gestionnaires: {responsable_secteur: {identifiant: RS-Z}, technique: {identifiant: T}}}
    signalement: {qualification: ASC, bien: Y-1}
    attendu: {acteur_en_charge: RS-Y}
";
    rules.insert("cas/a.yaml".into(), cases.as_bytes().to_vec());
    let (_, diagnostics) = compile(&rules, &exports, Known::default());
    assert_eq!(diagnostics, []);
}

#[test]
fn a_case_without_a_residence_does_not_use_one_without_managers() {
    let (mut rules, mut exports) = shipped();
    let case = "cas: [{nom: un, signalement: {qualification: ASC}, attendu: {transmis: true}}]";
    rules.insert("cas/a.yaml".into(), case.as_bytes().to_vec());
    let residences = "code;nom;adresse\nA;Le Nouveau;x\nR;Lilas;x\n";
    exports.insert("residences.csv".into(), residences.as_bytes().to_vec());
    let (generation, told) = compile(&rules, &exports, Known::default());
    assert!(generation.is_some(), "{told:?}");
}

#[test]
fn a_misspelt_case_does_not_pass() {
    let cases = "cas:
  - nom: un
    signalement: {}
    attendu: {gestionaire_concerne: RS}
  - nom: deux
    attendu: {}
";
    let lines: Vec<u32> = gate(cases).iter().map(|it| it.line).collect();
    assert_eq!(lines, [4, 6 - 1]);
}

#[test]
fn a_key_of_a_signalement_close_to_a_known_one_is_a_remark() {
    let cases = "cas:
  - nom: un
    signalement: {priorité: high, residenceId: R, \"categorie \": ASC, gps: x, Auteur: a, auteur: b}
    attendu: {transmis: true}
";
    let (mut rules, exports) = shipped();
    rules.insert("cas/a.yaml".into(), cases.as_bytes().to_vec());
    let (generation, told) = compile(&rules, &exports, Known::default());
    assert!(generation.is_some(), "{told:?}");
    let told: Vec<(u32, u32, &str)> = told
        .iter()
        .map(|it| {
            (
                it.line,
                it.column,
                it.message.rsplit(" : ").next().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (3, 19, "vouliez-vous dire « priorite » ?"),
            (3, 35, "vouliez-vous dire « residence » ?"),
            (3, 51, "vouliez-vous dire « qualification » ?"),
        ]
    );
}

#[test]
fn a_text_cut_off_by_a_comma_between_braces_is_a_remark() {
    let case = |signalement: &str| {
        let cases = format!(
            "cas:\n  - nom: un\n    signalement: {signalement}\n    attendu: {{transmis: true}}\n"
        );
        let (mut rules, exports) = shipped();
        rules.insert("cas/a.yaml".into(), cases.into_bytes());
        let (generation, told) = compile(&rules, &exports, Known::default());
        let told = told
            .iter()
            .map(|it| format!("{} {}", it.column, it.message));
        (generation.is_some(), told.collect::<Vec<_>>())
    };
    for (signalement, words) in [
        (
            "{description: fuite de gaz, urgent, residence: R}",
            "46 « urgent » ne compte pas : une virgule coupe le texte",
        ),
        (
            "{qualification = ASC}",
            "19 « qualification = ASC » ne compte pas : écrivez « qualification: ASC »",
        ),
    ] {
        let (passes, told) = case(signalement);
        assert!(passes && told.len() == 1, "{told:?}");
        assert!(told[0].starts_with(words), "{told:?}");
    }
    for signalement in [
        "{description: \"fuite de gaz, urgent\", residence: R}",
        "{qualification: ASC}",
        "{qualification: ASC, bien: , autre_cle: }",
        "\n      ns:cle:\n      residence: R\n      description: fuite, urgent",
        "{\"une cle\": , \"une autre\"}",
    ] {
        assert_eq!(case(signalement), (true, vec![]), "{signalement}");
    }
}
