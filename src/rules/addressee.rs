//! Whom an e-mail goes to, as a script gives it: an address, with or without a name before it. What is none would be
//! noticed only once the e-mail leaves.

use lettre::Address;
use lettre::message::Mailbox;

/// Whom a text names, with or without a name before the address, as whoever sends reads it; `None` where it cannot be
/// sent there.
#[must_use]
pub fn mailbox(text: &str) -> Option<Mailbox> {
    match text.parse::<Address>() {
        Ok(address) => Some(Mailbox::from(address)),
        Err(_) => text.parse().ok(),
    }
}

/// Whether an e-mail can be sent there.
#[must_use]
pub fn is_address(text: &str) -> bool {
    mailbox(text).is_some()
}

/// Whether the address has letters that many mail servers do not take, as accents.
#[must_use]
pub fn has_accents(text: &str) -> bool {
    mailbox(text).is_some_and(|it| !AsRef::<str>::as_ref(&it.email).is_ascii())
}

/// What is wrong with an addressee, in French.
#[must_use]
pub fn fault(text: &str) -> Option<String> {
    if is_absent(text) {
        return Some("« a » d'un message est vide".to_owned());
    }
    if is_address(text) {
        return None;
    }
    let message = format!("« a » d'un message doit être une adresse e-mail, et non « {text} »");
    let named = text
        .trim()
        .strip_suffix('>')
        .and_then(|it| it.rsplit_once('<'));
    // Only the name before it keeps it from being read.
    let address = named.map(|(_, it)| it.trim()).filter(|it| is_address(it));
    Some(match address {
        Some(address) => format!("{message} : écrivez « {address} », sans nom devant"),
        None => message,
    })
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
    #[case("\"Vivest\" <accueil@vivest.example>", true)]
    #[case("M. Noël d'Aubigné <accueil@vivest.example>", true)]
    #[case(" Accueil <accueil@vivest.example> ", true)]
    #[case("accueil+travaux@vivest.example", true)]
    #[case("Vivest, l'accueil <accueil@vivest.example>", false)]
    #[case("\"Jean\"Pierre\" <jp@vivest.example>", false)]
    #[case("Accueil (loge) <accueil@vivest.example>", false)]
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

    #[rstest]
    #[case("mohamed.benaïssa@vivest.example", true)]
    #[case("accueil@régie.example", true)]
    #[case("mohamed.benaissa@vivest.example", false)]
    #[case("Mohamed Benaïssa <mohamed.benaissa@vivest.example>", false)]
    #[case("benaïssa", false)]
    fn accents_of_an_address_are_told_from_those_of_a_name(
        #[case] text: &str,
        #[case] wanted: bool,
    ) {
        assert_eq!(has_accents(text), wanted);
    }

    #[rstest]
    #[case("Vivest, l'accueil <accueil@vivest.example>", true)]
    #[case("\"Jean\"Pierre\" <accueil@vivest.example>", true)]
    #[case("Vivest, l'accueil <accueil>", false)]
    #[case("a@x.fr, b@x.fr", false)]
    fn an_address_behind_a_name_that_cannot_be_read_is_given_by_itself(
        #[case] text: &str,
        #[case] given: bool,
    ) {
        let told = fault(text).unwrap();
        let remedy = told
            .rsplit_once("écrivez « ")
            .and_then(|(_, it)| it.split_once(" »"));
        assert_eq!(remedy.is_some(), given, "{told}");
        assert!(remedy.is_none_or(|(it, _)| fault(it).is_none()), "{told}");
    }
}
