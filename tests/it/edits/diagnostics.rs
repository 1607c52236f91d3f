//! What admins are told about an edit, where it is wrong and in their own words. The rules are the shipped ones
//! with some files changed.

use passerelle::adapters::shipped::Shipped;
use passerelle::rules::compile::{Known, compile};
use passerelle::rules::diagnostic::{Diagnostic, Severity, any_error};
use rstest::rstest;

/// All diagnostics of the shipped rules after these edits.
fn found(edits: &[(&str, &str)]) -> Vec<Diagnostic> {
    let mut rules = Shipped::Rules.files();
    for (file, text) in edits {
        rules.insert((*file).to_owned(), text.as_bytes().to_vec());
    }
    let (generation, found) = compile(&rules, &Shipped::Referentiel.files(), Known::default());
    // A remark refuses nothing, and a refusal always has a reason.
    assert_eq!(generation.is_none(), any_error(&found), "{found:#?}");
    found
}

/// Those of one severity, as `file:line words`.
fn told(diagnostics: &[Diagnostic], severity: Severity) -> Vec<String> {
    diagnostics
        .iter()
        .filter(|it| it.severity == severity)
        .map(|it| format!("{}:{} {}", it.file, it.line, it.message))
        .collect()
}

#[test]
fn a_misspelt_key_does_not_hide_a_misspelt_word() {
    let errors = told(
        &found(&[
            (
                "transmission.yaml",
                "modes: [auteurs, categories]\ncategorie: [ASC]\n",
            ),
            (
                "statuts.yaml",
                "initial: Ouverte\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n  Clôturée: {selon: resultats, valeurs: {Traité: Traité}}\nignorez: []\n",
            ),
        ]),
        Severity::Error,
    );
    assert_eq!(
        errors,
        [
            "transmission.yaml:2 clé inconnue « categorie » : vouliez-vous dire « categories » ?",
            "transmission.yaml:1 mode inconnu « auteurs » : vouliez-vous dire « auteur » ?",
            "statuts.yaml:6 clé inconnue « ignorez » : vouliez-vous dire « ignorer » ?",
            "statuts.yaml:5 « selon » ne connaît pas le champ « resultats » : vouliez-vous dire « resultat » ?",
        ]
    );
}

#[test]
fn one_fault_of_accuses_is_reported_once() {
    let thanks = "#{ a: evenement.signalement.email_auteur, modele: \"accuse-reception\" }";
    let script = format!(
        "fn accuses(evenement) {{\n    if evenement.type == \"transmis\" {{\n        return [{thanks}];\n    }}\n}}\n"
    );
    let diagnostics = found(&[("accuses.rhai", &script)]);
    assert_eq!(diagnostics.len(), 1, "{diagnostics:#?}");
    assert_eq!(
        told(&diagnostics, Severity::Error),
        [
            "accuses.rhai:1 le résultat doit être une liste de messages #{a: …, modele: …}, vide s'il n'y en a pas, et non rien : pour les événements sans e-mail, terminez la fonction par une ligne « [] »"
        ]
    );
}

#[test]
fn a_failure_on_several_occasions_is_reported_once() {
    let of = |condition: &str| {
        let script = format!(
            "fn accuses(evenement) {{\n    if {condition} {{\n        throw \"non\";\n    }}\n    []\n}}\n"
        );
        let mut rules = found(&[("accuses.rhai", &script)]);
        // The failures of the cases do not matter here.
        rules.retain(|it| it.file == "accuses.rhai" && it.severity == Severity::Warning);
        told(&rules, Severity::Warning)
    };
    assert_eq!(
        of("evenement.type != \"\""),
        ["accuses.rhai:3 pour chaque événement : non"]
    );
    assert_eq!(
        of("evenement.type != \"transmis\""),
        ["accuses.rhai:3 pour les événements « ecarte » et « statut » : non"]
    );
    assert_eq!(
        of("evenement.type == \"ecarte\""),
        ["accuses.rhai:3 pour l'événement « ecarte » : non"]
    );
}

#[test]
fn a_file_that_another_program_accepted_still_decides() {
    let mut rules = Shipped::Rules.files();
    let file = "connecteurs/sowell.yaml";
    let text = include_str!("../../../rules/connecteurs/sowell.yaml");
    let text = text.replace("Idempotency-Key:", "Clé unique:");
    rules.insert(file.to_owned(), text.into_bytes());
    let exports = Shipped::Referentiel.files();
    let (generation, _) = compile(&rules, &exports, Known::default());
    assert!(generation.is_none());
    let known = Known {
        accepted_rules: Some(&rules),
        ..Known::default()
    };
    let (generation, diagnostics) = compile(&rules, &exports, known);
    assert!(generation.is_some());
    let remarks = told(&diagnostics, Severity::Warning);
    assert!(
        remarks.iter().any(|it| it.contains("« Clé unique »")),
        "{remarks:?}"
    );
}

#[test]
fn a_list_that_changes_nothing_is_pointed_out() {
    let statuts = include_str!("../../../rules/statuts.yaml");
    let joined = statuts.replace("ignorer: []", "ignorer: [En relecture; En pause]");
    for (file, text, remark) in [
        (
            "transmission.yaml",
            "modes: [tous]\ncategories: [ASC]\n",
            "transmission.yaml:2 cette liste ne compte pas : « categories » n'est pas parmi les modes",
        ),
        (
            "transmission.yaml",
            "modes: [auteur, tous]\n",
            "transmission.yaml:1 « tous » laisse déjà tout passer : les autres modes ne changent rien",
        ),
        (
            "statuts.yaml",
            &joined,
            "statuts.yaml:25 « En relecture; En pause » compte pour un seul statut : entre plusieurs, mettez une virgule",
        ),
    ] {
        assert_eq!(told(&found(&[(file, text)]), Severity::Warning), [remark]);
    }
}

#[test]
fn a_template_that_cannot_be_read_does_not_hide_another() {
    let errors = told(
        &found(&[
            ("modeles/accuse-reception.txt", "Objet: x\n{{ bien"),
            ("modeles/contexte.txt", "{{ signalement.titre }}\n"),
        ]),
        Severity::Error,
    );
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[1].contains("contexte.txt:1 « signalement.titre »"));
}

#[rstest]
#[case("priorites.yaml", "priorites: {}\n")]
#[case("qualifications.yaml", "qualifications: {}\n")]
#[case(
    "statuts.yaml",
    "initial: Ouverte\ncanal: SoWell\ncorrespondances: {}\n"
)]
fn a_file_without_content_is_refused(#[case] file: &str, #[case] text: &str) {
    let errors = told(&found(&[(file, text)]), Severity::Error);
    let empty = |it: &String| it.contains("au moins une ligne « nom: valeur »");
    assert!(errors.iter().any(empty), "{errors:?}");
}

#[test]
fn no_mode_at_all_is_pointed_out() {
    let mut edits = vec![("transmission.yaml", "modes: []\n")];
    // The shipped cases would refuse it, since they expect everything to be forwarded.
    let rules = Shipped::Rules.files();
    let cases = rules.keys().filter(|it| it.starts_with("cas/"));
    edits.extend(cases.map(|it| (it.as_str(), "cas: []\n")));
    let found = found(&edits);
    assert_eq!(told(&found, Severity::Error), [""; 0]);
    let remarks = told(&found, Severity::Warning);
    assert!(remarks[0].contains("plus aucun signalement ne part"));
}

#[test]
fn a_misspelt_function_is_found_at_its_place() {
    let script = "// Qui ?\nfn afecter(signalement, residence, qualification) { #{} }\n";
    let errors = told(&found(&[("gestionnaire.rhai", script)]), Severity::Error);
    assert_eq!(
        errors,
        ["gestionnaire.rhai:2 la fonction « affecter » manque : est-ce « afecter », mal écrite ?"]
    );
}

#[test]
fn a_misnamed_file_is_reported_before_the_missing_one() {
    let mut rules = Shipped::Rules.files();
    let text = rules.remove("statuts.yaml").unwrap();
    rules.insert("statuts.yaml.txt".to_owned(), text);
    rules.insert("cas/a.yaml.txt".to_owned(), b"nom: [".to_vec());
    rules.insert("modeles/a.TXT".to_owned(), b"{{".to_vec());
    let found = compile(&rules, &Shipped::Referentiel.files(), Known::default()).1;
    let all: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        all,
        [
            "cas/a.yaml.txt : attention : ce fichier n'est pas lu : son nom doit être « cas/a.yaml »",
            "modeles/a.TXT : attention : ce fichier n'est pas lu : son nom doit être « modeles/a.txt »",
            "statuts.yaml.txt : attention : ce fichier n'est pas lu : son nom doit être « statuts.yaml »",
            "statuts.yaml : erreur : ce fichier manque",
        ]
    );
}

#[test]
fn quotes_of_a_word_processor_around_a_code_are_pointed_out() {
    let qualifications = "qualifications:\n  ASC:\n    libelle: « Ascenseur »\n    type_gestionnaire: technique\n    workflow: “INTERVENTION”\n";
    let statuts = "initial: Ouverte\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\nignorer: [«Fermé»]\n";
    let remarks = told(
        &found(&[
            ("qualifications.yaml", qualifications),
            ("statuts.yaml", statuts),
        ]),
        Severity::Warning,
    );
    assert_eq!(
        remarks[..2],
        [
            "qualifications.yaml:5 « “INTERVENTION” » : il y a ici un guillemet typographique (“) : tapez le guillemet droit (\")",
            "statuts.yaml:5 « «Fermé» » : il y a ici un guillemet français («) : tapez le guillemet droit (\")",
        ],
        "{remarks:?}"
    );
}

#[test]
fn characters_of_a_word_processor_are_reported_with_what_to_type() {
    let statuts = "initial: Ouverte\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n  \"Clôturée\u{a0}\": {selon: resultat, valeurs: {Traité: Traité, Rejeté: Rejeté}}\n";
    let found = found(&[
        ("transmission.yaml", "modes\u{a0}: [tous]\n"),
        ("statuts.yaml", statuts),
        ("priorites.yaml", "priorites:\u{a0}{}\n"),
    ]);
    let errors = told(&found, Severity::Error);
    assert_eq!(
        errors[..2],
        [
            "priorites.yaml:1 il faut ici un ensemble de clés « nom: valeur », et non un texte ; il y a ici une espace insécable (U+00A0) : tapez une espace ordinaire",
            "transmission.yaml:1 clé inconnue « modes\u{a0} » : il y a ici une espace insécable (U+00A0) : tapez une espace ordinaire ; vouliez-vous dire « modes » ?",
        ],
        "{errors:?}"
    );
    assert_eq!(
        told(&found, Severity::Warning),
        [
            "statuts.yaml:5 « Clôturée\u{a0} » : il y a ici une espace insécable (U+00A0) : tapez une espace ordinaire"
        ]
    );
}

#[test]
fn an_impossible_comparison_in_a_script_is_pointed_out() {
    let gestionnaire = r#"fn affecter(s, r, q) {
    let g = r.gestionnaires.get("responsable_secteur");
    if s.priorite == "haute" || q.code == "asc" || r.code != "R-001" || s.transmettre_auteur == "true" {
        g = r.gestionnaires.get("techniqe") ?? g;
    }
    if q == "ASC" || s.priorite == "high" || "technique" == q.type_gestionnaire || g.nom == "Tous" { }
    #{gestionnaire_concerne: g, acteur_en_charge: g}
}
"#;
    let accuses = r#"fn accuses(evenement) {
    if evenement.type == "status" && evenement.statut_sowell == "Traite" { }
    if evenement.statut == "Clôturée" && evenement.demande.statut == "Traité" { }
    []
}
"#;
    let remarks = told(
        &found(&[
            ("gestionnaire.rhai", gestionnaire),
            ("accuses.rhai", accuses),
        ]),
        Severity::Warning,
    );
    let of_scripts: Vec<&str> = remarks
        .iter()
        .map(String::as_str)
        .filter(|it| it.contains(".rhai"))
        .collect();
    assert_eq!(
        of_scripts,
        [
            "gestionnaire.rhai:4 aucune résidence n'a de gestionnaire de type « techniqe » ; vouliez-vous dire « technique » ?",
            "gestionnaire.rhai:3 « haute » n'est pas une valeur connue de « signalement.priorite » ; valeurs connues : high, low, normal",
            "gestionnaire.rhai:3 « asc » n'est pas une valeur connue de « qualification.code » ; vouliez-vous dire « ASC » ?",
            "gestionnaire.rhai:3 « R-001 » n'est pas une valeur connue de « residence.code » ; valeurs connues : FO-01, HA-01, MM-01, MM-02, MZ-01, MZ-02, MZ-03, MZ-04… et 6 autres",
            "gestionnaire.rhai:3 « signalement.transmettre_auteur » vaut true ou false, sans guillemets",
            "gestionnaire.rhai:6 « qualification » est un ensemble, jamais un texte : comparez par exemple « qualification.code »",
            "accuses.rhai:2 « status » n'est pas une valeur connue de « evenement.type » ; vouliez-vous dire « statut » ?",
            "accuses.rhai:2 « Traite » n'est pas une valeur connue de « evenement.statut_sowell » ; vouliez-vous dire « Traité » ?",
            "accuses.rhai:3 « Traité » n'est pas une valeur connue de « demande.statut » ; valeurs connues : CRC en attente retour, CRC en cours, Clôturée, Ouverte, Transférée, Vivest en attente retour, Vivest en cours",
        ]
    );
}

#[test]
fn an_impossible_comparison_in_a_template_is_pointed_out() {
    let mail = r#"Objet: {% if priorite == "high" %}Urgent{% endif %} {{ demande.uid }}
{% if evenement.statut_sowell == "Traite" or "ASCENSEUR" == qualification.code %}a{% endif %}
{% if "concierge" in residence.gestionnaires %}{{ residence.gestionnaires.concierge.nom }}{% endif %}
{% if signalement.priorite == "high" and evenement.type != "statut" and bien == "A" %}b{% endif %}
{% if "gardien" in residence.gestionnaires and demande.statut == "Clôturée" %}c{% endif %}
"#;
    assert_eq!(
        told(
            &found(&[("modeles/accuse-reception.txt", mail)]),
            Severity::Warning
        ),
        [
            "modeles/accuse-reception.txt:3 aucune résidence n'a de gestionnaire de type « concierge » ; valeurs connues : gardien, proprete, responsable_secteur, technique",
            "modeles/accuse-reception.txt:1 « high » n'est pas une valeur connue de « priorite » ; valeurs connues : faible, haute, normal",
            "modeles/accuse-reception.txt:2 « Traite » n'est pas une valeur connue de « evenement.statut_sowell » ; vouliez-vous dire « Traité » ?",
            "modeles/accuse-reception.txt:2 « ASCENSEUR » n'est pas une valeur connue de « qualification.code » ; valeurs connues : ASC, CHAUF, ECL, ENC, PROP, SERR, VOIS",
            "modeles/accuse-reception.txt:4 « bien » est un ensemble, jamais un texte : comparez par exemple « bien.code »",
        ]
    );
}

#[test]
fn whether_there_is_a_bien_gets_one_remark_that_helps() {
    let of = |condition: &str| {
        let mail = format!("Objet: x\n{{% if {condition} %}}a{{% endif %}}\n");
        let files = [("modeles/accuse-reception.txt", mail.as_str())];
        told(&found(&files), Severity::Warning)
    };
    let remarks = of("bien != \"\"");
    assert_eq!(remarks.len(), 1, "{remarks:?}");
    assert!(
        remarks[0].contains("écrivez « bien », sans rien derrière"),
        "{remarks:?}"
    );
    assert_eq!(of("bien"), [""; 0]);
}

#[test]
fn a_fault_of_one_file_hides_no_fault_of_the_e_mails() {
    let accuses = "fn accuses(evenement) {\n    [#{ a: \"x@vivest.example\", modele: \"accuse-receptoin\" }]\n}\n";
    let missing = "accuses.rhai:2 il n'y a pas de modèle « accuse-receptoin » dans modeles/ ; vouliez-vous dire « accuse-reception » ?";
    for (name, text) in [
        (
            "gestionnaire.rhai",
            "fn affecter(a, b, c) {\n    if responsables == () { }\n}\n",
        ),
        ("modeles/contexte.txt", "{{ prio }}\n"),
        ("modeles/accuse-reception.txt", "Bonjour\n"),
    ] {
        let errors = told(
            &found(&[("accuses.rhai", accuses), (name, text)]),
            Severity::Error,
        );
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].starts_with(name), "{errors:?}");
        assert_eq!(errors[1], missing);
    }
}

#[test]
fn all_that_an_e_mail_lacks_is_reported_at_once() {
    let mail = "Objet: {{ statut }}\n\n{{ uid }} {{ auteur }}\n{{ description }} {{ uid }}\n";
    let remarks = told(
        &found(&[("modeles/accuse-reception.txt", mail)]),
        Severity::Warning,
    );
    let of = |line, rest: &str| {
        format!("modeles/accuse-reception.txt:{line} pour l'événement « transmis » : {rest}")
    };
    assert_eq!(
        remarks,
        [
            of(
                1,
                "« statut » n'existe pas : écrivez « demande.statut » ou « evenement.statut »"
            ),
            of(3, "« uid » n'existe pas : écrivez « demande.uid »"),
            of(
                3,
                "« auteur » n'existe pas : écrivez « signalement.auteur »"
            ),
            of(
                4,
                "« description » n'existe pas : écrivez « signalement.description »"
            ),
            of(4, "« uid » n'existe pas : écrivez « demande.uid »"),
        ]
    );
}

#[test]
fn a_template_with_a_computed_name_is_reported_with_its_script_and_line() {
    let accuses = "// Quels e-mails ?\nfn accuses(evenement) {\n    [#{ a: \"x@vivest.example\", modele: \"accuse-\" + \"nouveau\" }]\n}\n";
    let remarks = told(&found(&[("accuses.rhai", accuses)]), Severity::Warning);
    let wanted = "accuses.rhai:2 pour chaque événement : il n'y a pas de modèle « accuse-nouveau »";
    assert!(remarks[0].starts_with(wanted), "{remarks:?}");
}

#[test]
fn a_recipient_between_quotes_is_pointed_out_once() {
    let accuses = "fn accuses(evenement) {\n    if evenement.type == \"statut\" { return []; }\n    [#{ a: \"evenement.signalement.email_auteur\", modele: \"accuse-reception\" }]\n}\n";
    let told_of = |accuses: &str| {
        let mut found = found(&[("accuses.rhai", accuses)]);
        found.retain(|it| it.file == "accuses.rhai");
        told(&found, Severity::Warning)
    };
    assert_eq!(
        told_of(accuses),
        [
            "accuses.rhai:3 « a » d'un message doit être une adresse e-mail, et non « evenement.signalement.email_auteur » : pour sa valeur, enlevez les guillemets"
        ]
    );
    let followed = accuses.replace(
        "\"evenement.signalement.email_auteur\"",
        "evenement.signalement.email_auteur",
    );
    assert_eq!(told_of(&followed), [] as [&str; 0]);
}

#[test]
fn an_invalid_recipient_is_pointed_out_and_hides_nothing() {
    let accuses = "fn accuses(evenement) {\n    if evenement.type == \"ecarte\" {\n        return [#{a: \"secretariat\", modele: \"accuse\"}];\n    }\n    []\n}\n";
    let told_of = |accuses: &str| {
        let found = found(&[("accuses.rhai", accuses)]);
        let of_script = found.iter().filter(|it| it.file == "accuses.rhai");
        let told: Vec<_> = of_script.map(|it| (it.line, it.severity)).collect();
        told
    };
    let accepted = told_of(&accuses.replace("accuse\"", "accuse-reception\""));
    assert_eq!(accepted[0], (3, Severity::Warning));
    let refused = told_of(accuses);
    assert_eq!(refused[0], (3, Severity::Warning));
    assert!(refused.contains(&(3, Severity::Error)), "{refused:?}");
}

#[test]
fn a_manager_type_that_looks_misspelt_is_pointed_out_unless_a_rule_uses_it() {
    let mut exports = Shipped::Referentiel.files();
    let managers = exports.get_mut("gestionnaires.csv").unwrap();
    let text = String::from_utf8(managers.clone()).unwrap();
    *managers = text.replacen(";technique;", ";techniqe;", 1).into_bytes();
    let told_with = |rules: &passerelle::domain::ports::FileSet| {
        let (generation, found) = compile(rules, &exports, Known::default());
        assert!(generation.is_some(), "{found:#?}");
        let of_export = found
            .into_iter()
            .filter(|it| it.file == "gestionnaires.csv");
        let told: Vec<String> = of_export.map(|it| it.message).collect();
        told
    };
    let mut rules = Shipped::Rules.files();
    let wanted = "le type « techniqe » n'est donné qu'à une résidence, et aucune règle ne le demande : vouliez-vous dire « technique » ?";
    assert_eq!(told_with(&rules), [wanted]);
    let script = rules.get_mut("gestionnaire.rhai").unwrap();
    let text = String::from_utf8(script.clone()).unwrap();
    let asks = "{\n    residence.gestionnaires.get(\"techniqe\");\n";
    *script = text
        .replacen("qualification) {\n", &format!("qualification) {asks}"), 1)
        .into_bytes();
    assert_eq!(told_with(&rules), Vec::<String>::new());
}
