//! Whom an e-mail goes to, as a script gives it: an address, with or without a name before it. What is none would be
//! noticed only once the e-mail leaves.

use email_address::EmailAddress;

/// Whether an e-mail can be sent there.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.trim().parse::<EmailAddress>().is_ok()
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
    #[case("Vivest, l'accueil <accueil@vivest.example>", true)]
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
