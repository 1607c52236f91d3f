//! Names of values between quotes.

use rstest::rstest;

use super::remarks::{of_accuses, of_affecter, told};

#[rstest]
#[case(
    "if \"qualification.code\" == \"ASC\" { throw 2 }",
    "qualification.code",
    "guillemets"
)]
#[case(
    "if residence.code == \"signalement.residence\" { throw 2 }",
    "signalement.residence",
    "guillemets"
)]
#[case(
    "if residence.gestionnaires.get(\"qualification.type_gestionnaire\") == () { throw 2 }",
    "qualification.type_gestionnaire",
    "guillemets"
)]
#[case(
    "if residence.gestionnaires[\"qualification.type_gestionnaire\"] == () { throw 2 }",
    "qualification.type_gestionnaire",
    "guillemets"
)]
#[case(
    "if \"qualification.code\" in [\"ASC\", \"CHAUF\"] { throw 2 }",
    "qualification.code",
    "guillemets"
)]
#[case(
    "if residence.code == `signalement.residence` { throw 2 }",
    "signalement.residence",
    "accents graves"
)]
fn a_value_between_quotes_is_reported(
    #[case] body: &str,
    #[case] value: &str,
    #[case] signs: &str,
) {
    let message = format!(
        "« {value} » entre {signs} n'est que ce texte : pour sa valeur, enlevez les {signs}"
    );
    assert_eq!(told(&of_affecter(body)), [message]);
    let sign = if signs == "guillemets" { '"' } else { '`' };
    let followed = body.replace(&format!("{sign}{value}{sign}"), value);
    assert_eq!(told(&of_affecter(&followed)), [] as [&str; 0]);
}

#[rstest]
#[case("if residence.code == \"MZ.01\" { throw 2 }")]
#[case("if residence.gestionnaires.get(\"gardien\") == () { throw 2 }")]
#[case("if \"etage\" in signalement.autres { throw 2 }")]
#[case("if signalement.description.contains(\"residence\") { throw 2 }")]
#[case("if qualification.code in [\"ASC\", \"CHAUF\"] { throw 2 }")]
#[case("if residence.code == \"\" { throw \"le champ residence.code est vide\" }")]
#[case("if residence.code == \"\" { throw `residence.code : ${residence.code}` }")]
#[case("if residence.code == \"\" { throw `${residence.nom}residence.code` }")]
#[case("if signalement.email_auteur == \"accueil@vivest.example\" { throw 2 }")]
#[case("if residence[\"code\"] == \"A\" { throw 2 }")]
// Texts for people, and names that the script itself looks at.
#[case("throw \"residence.code\" + \" est vide\";")]
#[case("throw \"signalement.bien\";")]
#[case("print(\"evenement.statut\");")]
#[case("print(f(\"signalement.bien\"));")]
#[case("let champ = f(1); if champ == \"signalement.bien\" { throw 2 }")]
#[case("let regle = #{ champ: \"signalement.bien\" }; throw regle.champ;")]
#[case(
    "let noms = #{ \"signalement.bien\": \"le logement\" }; throw noms.get(\"signalement.bien\");"
)]
#[case("for champ in [\"signalement.bien\", \"residence.code\"] { throw champ }")]
#[case("throw \"signalement.bien\".split(\".\")[1];")]
fn other_texts_between_quotes_are_not_reported(#[case] body: &str) {
    assert_eq!(told(&of_affecter(body)), [] as [&str; 0]);
}

#[test]
fn an_addressee_between_quotes_is_reported_once() {
    let body = "return [#{ a: \"evenement.signalement.email_auteur\", modele: \"m\" }];";
    let message = "« a » d'un message doit être une adresse e-mail, et non « evenement.signalement.email_auteur » : pour sa valeur, enlevez les guillemets";
    assert_eq!(told(&of_accuses(body)), [message]);
    let followed = body.replace(
        "\"evenement.signalement.email_auteur\"",
        "evenement.signalement.email_auteur",
    );
    assert_eq!(told(&of_accuses(&followed)), [] as [&str; 0]);
}
