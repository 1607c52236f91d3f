//! Which cases let an edit pass, and what is reported about the others.

mod limits;

use super::*;
use crate::domain::ports::FileSet;
use crate::rules::compile::{Known, compile};

pub(in crate::rules) fn shipped() -> (FileSet, FileSet) {
    use crate::rules::template;
    let files: [(&str, &str); 8] = [
        (
            "priorites.yaml",
            include_str!("../../../rules/priorites.yaml"),
        ),
        (
            "qualifications.yaml",
            include_str!("../../../rules/qualifications.yaml"),
        ),
        (
            "transmission.yaml",
            include_str!("../../../rules/transmission.yaml"),
        ),
        ("statuts.yaml", include_str!("../../../rules/statuts.yaml")),
        (
            "gestionnaire.rhai",
            include_str!("../../../rules/gestionnaire.rhai"),
        ),
        ("accuses.rhai", include_str!("../../../rules/accuses.rhai")),
        (
            template::CONTEXTE,
            include_str!("../../../rules/modeles/contexte.txt"),
        ),
        (
            "modeles/accuse-reception.txt",
            include_str!("../../../rules/modeles/accuse-reception.txt"),
        ),
    ];
    let exports: [(&str, &str); 3] = [
        ("residences.csv", "code;nom;adresse\nR;Lilas;x\n"),
        (
            "gestionnaires.csv",
            "residence;type;identifiant;nom;email\nR;responsable_secteur;RS;n;e@x.fr\nR;technique;TEC;n;e@x.fr\nR;gardien;GAR;n;e@x.fr\nR;proprete;PRO;n;e@x.fr\n",
        ),
        ("biens.csv", "code;residence;libelle\nR-1;R;Appartement\n"),
    ];
    let set = |files: &[(&str, &str)]| {
        let owned = files.iter();
        owned
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect()
    };
    (set(&files), set(&exports))
}

/// The diagnostics about one file of cases.
fn gate(cases: &str) -> Vec<Diagnostic> {
    let (mut rules, exports) = shipped();
    rules.insert("cas/a.yaml".into(), cases.as_bytes().to_vec());
    let (generation, diagnostics) = compile(&rules, &exports, Known::default());
    assert_eq!(
        generation.is_some(),
        diagnostics.is_empty(),
        "{diagnostics:?}"
    );
    diagnostics
}

#[test]
fn a_passing_case_lets_the_edit_pass() {
    let cases = "cas:
  - nom: un
    signalement: {qualification: ASC, residence: R, priorite: high}
    attendu: {transmis: true, priorite: haute, gestionnaire_concerne: TEC, acteur_en_charge: RS, accuses: [accuse-reception]}
  - nom: deux
    residences: [{code: Z, gestionnaires: {technique: {identifiant: T}}}]
    signalement: {residence: Z, qualification: ASC}
    attendu: {erreur: pas de responsable}
  - nom: trois
    statut: {statut: Clôturée, resultat: Rejeté}
    attendu: {statut_sowell: Rejeté, ignore: false, accuses: []}
";
    assert_eq!(gate(cases), []);
}

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
fn a_failing_case_shows_the_expected_and_the_actual_value() {
    let cases = "cas:
  - nom: un
    signalement: {qualification: ASC, residence: R}
    attendu:
      gestionnaire_concerne: RS
  - nom: deux
    statut: {statut: Ouverte}
    attendu: {statut_sowell: Fermé}
";
    let seen: Vec<(u32, String)> = gate(cases)
        .into_iter()
        .map(|it| (it.line, it.message))
        .collect();
    assert_eq!(
        seen,
        [
            (
                5,
                "cas « un » : gestionnaire_concerne : attendu « RS », obtenu « TEC »".into()
            ),
            (
                8,
                "cas « deux » : statut_sowell : attendu « Fermé », obtenu « En attente »".into()
            ),
        ]
    );
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
fn the_emails_of_a_status_do_not_depend_on_the_modes() {
    let (mut rules, exports) = shipped();
    let case = "cas: [{nom: un, statut: {statut: Ouverte}, attendu: {accuses: []}}]";
    rules.insert("cas/a.yaml".into(), case.as_bytes().to_vec());
    for modes in [
        "modes: [categories]\ncategories: [PROP]",
        "modes: [auteur]",
        "modes: [manager]",
    ] {
        rules.insert("transmission.yaml".into(), modes.as_bytes().to_vec());
        let (_, diagnostics) = compile(&rules, &exports, Known::default());
        assert_eq!(diagnostics, [], "{modes}");
    }
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
fn an_export_that_makes_a_case_fail_is_only_a_remark() {
    let (mut rules, mut exports) = shipped();
    let case = "cas: [{nom: un, signalement: {residence: R, qualification: ASC}, attendu: {gestionnaire_concerne: TEC}}]";
    rules.insert("cas/a.yaml".into(), case.as_bytes().to_vec());
    let (before, _) = compile(&rules, &exports, Known::default());
    let other = "residence;type;identifiant;nom;email\nR;responsable_secteur;RS;n;e@x.fr\nR;technique;TEC-2;n;e@x.fr\nR;gardien;GAR;n;e@x.fr\nR;proprete;PRO;n;e@x.fr\n";
    exports.insert("gestionnaires.csv".into(), other.as_bytes().to_vec());
    // An entry that only causes a remark is not an edit.
    rules.insert("archives/".into(), Vec::new());
    for known in [
        Known {
            previous: before.as_ref(),
            ..Known::default()
        },
        Known {
            accepted_rules: Some(&rules),
            ..Known::default()
        },
    ] {
        let (after, remarks) = compile(&rules, &exports, known);
        assert!(after.is_some());
        assert_eq!(remarks.len(), 2, "{remarks:?}");
    }
    assert!(compile(&rules, &exports, Known::default()).0.is_none());
}

/// The diagnostics about an edit of these files: file, line, column, message.
pub(super) fn told(edits: &[(&str, &str)]) -> Vec<(String, u32, u32, String)> {
    let (mut rules, exports) = shipped();
    for (name, text) in edits {
        rules.insert((*name).to_owned(), text.as_bytes().to_vec());
    }
    let (_, found) = compile(&rules, &exports, Known::default());
    found
        .into_iter()
        .map(|it| (it.file, it.line, it.column, it.message))
        .collect()
}

#[test]
fn a_missing_template_is_reported_where_it_is_named() {
    let script = "fn accuses(evenement) {\n    [#{ a: evenement.signalement.email_auteur, modele: \"accuse-recepton\" }]\n}";
    let cases = "cas:\n  - nom: un\n    signalement: {}\n    attendu: {accuses: [absent]}\n";
    let told = told(&[("accuses.rhai", script), ("cas/a.yaml", cases)]);
    let near = "il n'y a pas de modèle « accuse-recepton » dans modeles/ ; vouliez-vous dire « accuse-reception » ?";
    assert_eq!(told[0], ("accuses.rhai".into(), 2, 56, near.into()));
    let in_case = told.iter().find(|it| it.3.contains("« absent »"));
    assert!(in_case.is_none(), "the cases wait until the rules compile");
    let told = self::told(&[("cas/a.yaml", cases)]);
    assert_eq!(
        (told[0].0.as_str(), told[0].1, told[0].2),
        ("cas/a.yaml", 4, 25)
    );
}

#[test]
fn a_missing_template_named_only_by_the_script_is_reported_once() {
    for name in ["inconnu", "accuse-reception.txt"] {
        let script = format!(
            "fn accuses(evenement) {{\n    [#{{ a: evenement.signalement.email_auteur, modele: \"{name}\" }}]\n}}"
        );
        let told = told(&[("accuses.rhai", &script)]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((told[0].0.as_str(), told[0].1), ("accuses.rhai", 2));
    }
}

#[test]
fn an_invalid_result_is_refused_at_its_function() {
    let told = told(&[
        ("gestionnaire.rhai", "\nfn affecter(s, r, q) {\n  r.nom\n}"),
        (
            "accuses.rhai",
            "fn accuses(e) { let n = 1; if e.type == \"ecarte\" { n } else { [] } }",
        ),
    ]);
    let places: Vec<(&str, u32)> = told.iter().map(|it| (it.0.as_str(), it.1)).collect();
    assert_eq!(places[..2], [("gestionnaire.rhai", 2), ("accuses.rhai", 1)]);
    assert!(told[0].3.contains("le résultat doit être"), "{told:?}");
}

#[test]
fn a_probable_mistake_is_a_remark() {
    let statuts = "initial: Ouverte\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n  Clôturée: Traité\nignorer: [cloturée]\n";
    let qualifications = "qualifications:\n  ASC:\n    libelle: L\n    type_gestionnaire: techniqe\n    workflow: W\n";
    let told = told(&[
        ("statuts.yaml", statuts),
        ("qualifications.yaml", qualifications),
        ("transmission.yaml", "modes: [tous]\n"),
    ]);
    assert_eq!(told[0].1, 6);
    assert!(
        told[0].3.contains("« cloturée » et « Clôturée » (ligne 5)"),
        "{told:?}"
    );
    assert_eq!((told[1].1, told[1].2), (4, 24));
    assert!(
        told[1].3.contains("vouliez-vous dire « technique » ?"),
        "{told:?}"
    );
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
fn an_error_is_reported_instead_of_the_values_missing_because_of_it() {
    let cases = "cas:
  - nom: un
    residences: [{code: Z, gestionnaires: {technique: {identifiant: T}}}]
    signalement: {residence: Z, qualification: ASC}
    attendu: {accuses: [], workflow: W, transmis: true, priorite: haute}
  - nom: deux
    residences: [{code: Z, gestionnaires: {technique: {identifiant: T}}}]
    signalement: {residence: Z, qualification: ASC}
    attendu: {accuses: [], erreur: pas de responsable}
  - nom: trois
    residences: [{code: Z, gestionnaires: {technique: {identifiant: T}}}]
    signalement: {residence: Z, qualification: ASC}
    attendu: {erreur: autre chose, workflow: W}
";
    let told = gate(cases);
    // A rule's failure may be shared by other cases; what a case expects is its own.
    let causes: Vec<Option<&str>> = told.iter().map(|it| it.cause.as_deref()).collect();
    let of_the_rule = causes[0].is_some_and(|it| it.starts_with("gestionnaire.rhai"));
    assert!(of_the_rule && causes[1..] == [None], "{causes:?}");
    let told: Vec<(u32, String)> = told.into_iter().map(|it| (it.line, it.message)).collect();
    assert_eq!(told[0].0, 2);
    assert!(
        told[0].1.starts_with("cas « un » : gestionnaire.rhai"),
        "{told:?}"
    );
    assert!(
        told[0]
            .1
            .ends_with("ce que le cas attend n'a pas pu être comparé"),
        "{told:?}"
    );
    assert!(
        told[1].1.contains("erreur : attendu « autre chose »"),
        "{told:?}"
    );
}

#[test]
fn an_email_that_could_not_be_sent_is_reported_even_if_no_case_expects_it() {
    let constant =
        "fn accuses(evenement) {\n    [#{ a: \"accueil.vivest.fr\", modele: \"bref\" }]\n}";
    let bref = ("modeles/bref.txt", "Objet: b\n\nb\n");
    let found = told(&[("accuses.rhai", constant), bref]);
    let words = "« a » d'un message doit être une adresse e-mail, et non « accueil.vivest.fr »";
    assert_eq!(
        found,
        [("accuses.rhai".to_owned(), 2, 12, words.to_owned())]
    );
    let made = "// À qui ?\nfn accuses(evenement) {\n    [#{ a: evenement.signalement.auteur, modele: \"accuse-reception\" }]\n}";
    let cases = "cas:\n  - nom: un\n    signalement: {}\n    attendu: {transmis: true}\n";
    let found = told(&[("accuses.rhai", made), ("cas/a.yaml", cases)]);
    let of_script = found.iter().find(|it| it.0 == "accuses.rhai").unwrap();
    assert_eq!(of_script.1, 2);
    assert!(
        of_script.3.contains("et non « Camille Durand »"),
        "{found:?}"
    );
    let of_case: Vec<_> = found.iter().filter(|it| it.0 == "cas/a.yaml").collect();
    assert_eq!(of_case.len(), 1, "{found:?}");
    assert!(of_case[0].3.contains("adresse e-mail"), "{found:?}");
    let blank = "Objet: {% if evenement.motif == 'x' %}y{% endif %}\nz";
    let found = told(&[("modeles/accuse-reception.txt", blank)]);
    assert!(
        found[0].3.ends_with("l'objet de cet e-mail est vide"),
        "{found:?}"
    );
}

#[test]
fn a_signalement_that_is_not_forwarded_is_reported_once_with_its_reason() {
    let (mut rules, exports) = shipped();
    rules.insert("transmission.yaml".into(), b"modes: [auteur]\n".to_vec());
    let cases = "cas:
  - nom: une panne
    signalement: {qualification: ASC}
    attendu: {priorite: normal, workflow: X, statut: Y, transmis: true}
  - nom: un autre canal
    statut: {statut: Ouverte, canal: Courrier}
    attendu: {statut_sowell: En attente, ignore: false}
";
    rules.insert("cas/a.yaml".into(), cases.as_bytes().to_vec());
    let (_, diagnostics) = compile(&rules, &exports, Known::default());
    let errors = diagnostics.iter().filter(|it| it.file == "cas/a.yaml");
    let messages: Vec<&str> = errors.map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "cas « une panne » : priorite : attendu « normal », obtenu rien : les règles de transmission ne l'envoient pas au CRM",
            "cas « un autre canal » : statut_sowell : attendu « En attente », obtenu rien : le canal de la demande est « Courrier » et non « SoWell » : rien n'est transmis à SoWell",
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
