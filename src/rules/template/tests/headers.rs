//! Lines of an e-mail's body that were meant as headers.

use super::*;

/// The lines of the remarks on an e-mail, with their messages.
fn noted(text: &str) -> Vec<(u32, String)> {
    let (templates, faults) = compile(&[("m.txt", text)]);
    assert!(templates.is_some(), "{faults:?}");
    let all = faults.into_iter();
    all.map(|it| (it.line, it.message)).collect()
}

#[rstest]
#[case(
    "Objet: x\nCc: chef@vivest.example\n\nBonjour\n",
    2,
    "#{ a: \"chef@vivest.example\", modele: \"m\" }"
)]
#[case(
    "Objet: x\n\nCci : Chef <chef@vivest.example>\n\nBonjour\n",
    3,
    "#{ a: \"chef@vivest.example\""
)]
#[case(
    "Objet: x\r\nCopie : {{ demande.acteur_en_charge.email }}\r\n",
    2,
    "#{ a: …, modele: \"m\" }"
)]
#[case(
    "Objet: x\nÀ: chef@vivest.example\n\nBonjour\n",
    2,
    "ne choisit pas le destinataire"
)]
#[case(
    "Objet: x\nÀ : {{ signalement.email_auteur }}\n\nBonjour\n",
    2,
    "accuses.rhai"
)]
#[case(
    "Objet: x\nDe : contact@vivest.example\n\nBonjour\n",
    2,
    "l'expéditeur"
)]
#[case("Objet: x\nObjet: y\n\nBonjour\n", 2, "l'objet est la première ligne")]
#[case(
    "Objet: x\n\nBonjour,\n\nMerci.\nObjet: x\n\nBonjour,\n\nMerci.\n",
    6,
    "collé deux fois"
)]
fn a_header_in_the_body_is_reported(#[case] text: &str, #[case] line: u32, #[case] words: &str) {
    let found = noted(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, line, "{found:?}");
    assert!(found[0].1.contains(words), "{found:?}");
    // What the message asks for: the line is deleted, or the second copy.
    let kept = |number: usize| number + 1 < line as usize || line < 6 && number + 1 > line as usize;
    let lines = text.lines().enumerate().filter(|(number, _)| kept(*number));
    let remedy: Vec<&str> = lines.map(|(_, it)| it).collect();
    assert_eq!(noted(&remedy.join("\n")), []);
}

#[rstest]
#[case(
    "Objet: x\n\nDe : {{ signalement.auteur }} ({{ signalement.email_auteur }})\nÀ : {{ residence.nom }}\n"
)]
#[case("Objet: x\nDe : {{ signalement.email_auteur }}\nRésidence : {{ residence.nom }}\n")]
#[case("Objet: x\n\nÀ : chef@vivest.example\nBonjour\n")]
#[case("Objet: x\n\nVivest\n\nObjet : x\n\nMadame, Monsieur,\n")]
#[case("Objet: x\n\nObjet : x\n\nMadame, Monsieur,\n")]
#[case("Objet: x\n\nBonjour,\n\nMerci.\n\nCc : chef@vivest.example\nCopie : le gardien\n")]
#[case("Objet: x\n\nCopie : le gardien\n\nBonjour\n")]
#[case("Objet: x\n\nCopie : {{ demande.acteur_en_charge.email }}\n\nBonjour\n")]
#[case("Objet: x\n\nCc : chef@vivest.example\n\nBonjour\n")]
#[case("Objet: x\n\nBonjour,\nLe rendez-vous : 10:00\nÀ : 11:00\nBonjour,\n")]
#[case("Objet: x\nA : 10:00\nDe : 8:00\n\nBonjour\n")]
#[case("Objet: x\n\nContact : https://vivest.example/@vivest, chef@vivest.example\n")]
fn other_lines_are_not_reported(#[case] text: &str) {
    assert_eq!(noted(text), []);
}
