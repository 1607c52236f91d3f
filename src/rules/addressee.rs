//! Whom an e-mail goes to, as a script gives it: an address, with or without a name before it. What is none would be
//! noticed only once the e-mail leaves.

use email_address::EmailAddress;

/// Signs that a name has only between quotes.
const QUOTED: &str = "()<>[]:;@\\,\"";

/// Whether an e-mail can be sent there.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let text = text.trim();
    let named = text.strip_suffix('>').and_then(|it| it.rsplit_once('<'));
    let (name, address) = named.unwrap_or(("", text));
    let name = name.trim();
    let is_quoted = name.len() > 1 && name.starts_with('"') && name.ends_with('"');
    let is_name = is_quoted || !name.contains(|it| QUOTED.contains(it));
    is_name && address.parse::<EmailAddress>().is_ok()
}

/// What is wrong with an addressee, in French.
#[must_use]
pub fn fault(text: &str) -> Option<String> {
    if is_absent(text) {
        return Some("« a » d'un message est vide".to_owned());
    }
    (!is_address(text))
        .then(|| format!("« a » d'un message doit être une adresse e-mail, et non « {text} »"))
}

/// Whether the data had no address there.
#[must_use]
pub fn is_absent(text: &str) -> bool {
    text.trim().is_empty()
}

/// Why an e-mail without addressee does not go out, in French, for whoever finds it as a dead letter. A script gave the
/// address, and is not asked again: what is mended serves the e-mails of later events.
pub const ABSENT: &str = "cet e-mail n'a pas d'adresse : « a » était vide dans accuses.rhai. Si c'est celle d'un gestionnaire, remplissez sa colonne « email » dans gestionnaires.csv : les prochains e-mails partiront. Celui-ci ne peut plus partir ; prévenez ce gestionnaire vous-même";

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("camille@locataire.example", true)]
    #[case("Accueil <accueil@vivest.example>", true)]
    #[case("Accueil<accueil@vivest.example>", true)]
    #[case("<accueil@vivest.example>", true)]
    #[case("\"Vivest, l'accueil\" <accueil@vivest.example>", true)]
    #[case("Vivest, l'accueil <accueil@vivest.example>", false)]
    #[case("équipe@vivest.example", true)]
    #[case("", false)]
    #[case(" ", false)]
    #[case("accueil", false)]
    #[case("accueil@", false)]
    #[case("accueil.vivest.example", false)]
    #[case("a@x.fr; b@x.fr", false)]
    #[case("a@x.fr, b@x.fr", false)]
    fn an_address_is_told_from_what_is_none(#[case] text: &str, #[case] address: bool) {
        assert_eq!(is_address(text), address);
        assert_eq!(fault(text).is_none(), address);
    }
}
