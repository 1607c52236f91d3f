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
    (!is_address(text))
        .then(|| format!("« a » d'un message doit être une adresse e-mail, et non « {text} »"))
}

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
