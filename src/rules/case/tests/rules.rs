//! Faults of the rules, which are reported in their own files whether or not a case meets them.

use super::*;

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
