//! Parts that several templates include.

use super::*;

#[test]
fn a_fault_in_a_part_is_reported_for_that_part() {
    let part = ("_pied.txt", "ici\n{{ signalement.auteur | majuscule }}");
    let (_, faults) = compile(&[("contexte.txt", "{% include 'modeles/_pied.txt' %}"), part]);
    assert_eq!(
        (faults[0].file.as_str(), faults[0].line),
        ("modeles/_pied.txt", 2)
    );
}

#[test]
fn the_proposed_import_keeps_its_instruction() {
    let parts = [("_outils.txt", "{% macro salut() %}a{% endmacro %}")];
    let text = "{% from \"outils.txt\" import salut %}{{ salut() }}";
    let (_, faults) = compile(&[("contexte.txt", text), parts[0]]);
    let instead = "« {% from \"modeles/_outils.txt\" import … %} »";
    assert!(faults[0].message.contains(instead), "{faults:?}");
    let text = "{% extends \"outils.txt\" %}";
    let (_, faults) = compile(&[("contexte.txt", text), parts[0]]);
    let instead = "« {% extends \"modeles/_outils.txt\" %} »";
    assert!(faults[0].message.contains(instead), "{faults:?}");
}

#[test]
fn a_part_without_an_underscore_gets_its_name_proposed() {
    let (_, faults) = compile(&[("pied.txt", "Vivest")]);
    assert!(
        faults[0].message.contains("modeles/_pied.txt"),
        "{faults:?}"
    );
}

#[test]
fn an_email_included_in_the_contexte_is_reported() {
    let mail = ("m.txt", "Objet: x\n{{ demande.uid }}");
    let (_, faults) = compile(&[("contexte.txt", "{% include \"modeles/m.txt\" %}"), mail]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    let words = "modeles/contexte.txt reprend ce fichier";
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[test]
fn the_advice_for_a_missing_part_works() {
    let parts = [("_signature.txt", "Vivest"), ("m.txt", "Objet: x\ny")];
    for (wanted, instead) in [
        ("modeles/signature.txt", "modeles/_signature.txt"),
        ("_signature.txt", "modeles/_signature.txt"),
        ("m.txt", "modeles/m.txt"),
    ] {
        let text = format!("{{% include \"{wanted}\" %}}");
        let (_, faults) = compile(&[("contexte.txt", &text), parts[0], parts[1]]);
        let advice =
            format!("modèle introuvable « {wanted} » : écrivez « {{% include \"{instead}\" %}} »");
        assert_eq!(faults[0].message, advice);
        let text = text.replace(wanted, instead);
        let (templates, faults) = compile(&[("contexte.txt", &text), parts[0], parts[1]]);
        assert!(templates.is_some(), "{faults:?}");
    }
}

#[test]
fn an_email_is_not_proposed_for_a_missing_part() {
    let mail = ("m.txt", "Objet: x\n{{ demande.uid }}");
    let (_, faults) = compile(&[("contexte.txt", "{% include \"m\" %}"), mail]);
    assert!(!faults[0].message.contains("m.txt"), "{faults:?}");
    assert!(faults[0].message.contains("« modeles/_m »"), "{faults:?}");
}
