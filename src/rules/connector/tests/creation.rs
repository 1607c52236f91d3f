//! Whether a creation can be requested for hypothetical demandes.

use super::*;
use crate::domain::demande::NewDemande;
use crate::domain::referentiel::Gestionnaire;

fn demande(residence: &str) -> NewDemande {
    let who = Gestionnaire {
        r#type: "technique".into(),
        identifiant: "TEC".into(),
        nom: "Équipe".into(),
        email: "e@vivest.example".into(),
    };
    let lien = "https://manager.sowell.example/signalements/1";
    NewDemande {
        statut: "Transférée".into(),
        statut_sowell: Some("En attente".into()),
        canal: "SoWell".into(),
        qualification: "ASC".into(),
        workflow: "W".into(),
        residence: residence.into(),
        bien: None,
        priorite: "haute".into(),
        gestionnaire_concerne: who.clone(),
        acteur_en_charge: who,
        auteur: "Camille".into(),
        email_auteur: "c@x.example".into(),
        contexte: "Une panne".into(),
        lien_sowell: lien.into(),
    }
}

fn creating(how: &str) -> Connector {
    let text = format!(
        "doublons: possibles\ntables: {{t: {{R-01: 1}}}}\noperations:\n  creer:\n    uid: /id\n{how}"
    );
    let (connector, faults) = compile(&text);
    connector.unwrap_or_else(|| panic!("{faults:?}"))
}

#[rstest]
#[case("    chemin: /d/{{ demande.residence }}\n", "..")]
#[case(
    "    chemin: /d\n    entetes: {X-Lieu: '{{ demande.residence }}'}\n",
    "R\n01"
)]
#[case(
    "    chemin: /d\n    prealables: [{nom: lu, chemin: '/d/{{ demande.residence }}', lire: {id: /id}}]\n",
    ".."
)]
fn a_path_or_header_may_fail_depending_on_the_value(#[case] how: &str, #[case] residence: &str) {
    let connector = creating(how);
    let creation = Creation::of(&connector).unwrap();
    assert!(creation.asks_for("residence") && !creation.asks_for("qualification"));
    assert_eq!(creation.fails_for(&demande("R-01")), None);
    assert!(creation.fails_for(&demande(residence)).is_some());
}

#[test]
fn a_value_in_a_body_never_fails() {
    let connector = creating("    chemin: /d\n    corps: {json: {r: '{{ demande.residence }}'}}\n");
    let creation = Creation::of(&connector).unwrap();
    assert!(!creation.asks_for("residence"));
}

/// The name of an earlier call may be letters that occur in any text.
#[rstest]
#[case("{{ demande.residence|table('t') }}", true)]
#[case("{{ (demande.residence if e.id else 'x')|table('t') }}", false)]
fn a_fault_is_certain_only_without_values_from_an_answer(
    #[case] value: &str,
    #[case] certain: bool,
) {
    let connector = creating(&format!(
        "    prealables: [{{nom: e, chemin: /lieux, lire: {{id: /0/id}}}}]\n    chemin: /d\n    corps:\n      json:\n        r: \"{value}\"\n        envoi: envoi\n"
    ));
    let creation = Creation::of(&connector).unwrap();
    assert_eq!(creation.fails_for(&demande("R-01")), None);
    let fault = creation.fails_for(&demande("R-02"));
    assert_eq!(fault.is_some(), certain, "{fault:?}");
}
