//! The addressee of an e-mail as a script gives it: an address, optionally with a name before it. Without this check,
//! an invalid one would be noticed only when the e-mail is sent.

use lettre::Address;
use lettre::message::Mailbox;

/// Parses an address, optionally with a name before it, the way the sending code does; `None` if no e-mail can be sent
/// to it.
#[must_use]
pub fn mailbox(text: &str) -> Option<Mailbox> {
    match text.parse::<Address>() {
        Ok(address) => Some(Mailbox::from(address)),
        Err(_) => text.parse().ok(),
    }
}

/// Whether an e-mail can be sent to this address.
#[must_use]
pub fn is_address(text: &str) -> bool {
    mailbox(text).is_some()
}

/// Whether the address contains letters that many mail servers reject, such as accented ones.
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
    // Only the name before the address makes it unreadable.
    let address = named.map(|(_, it)| it.trim()).filter(|it| is_address(it));
    let parts: Vec<&str> = text.split([',', ';']).map(str::trim).collect();
    let are_several = parts.len() > 1 && parts.iter().all(|it| is_address(it));
    Some(match address {
        _ if are_several => format!("{message} : {APART}"),
        Some(address) => format!("{message} : écrivez « {address} », sans nom devant"),
        None => message,
    })
}

/// The remedy for several addressees of one message, in French.
pub const APART: &str =
    "pour plusieurs destinataires, écrivez un message #{ a: …, modele: … } pour chacun";

/// Whether the data had no address for this addressee.
#[must_use]
pub fn is_absent(text: &str) -> bool {
    text.trim().is_empty()
}

/// Why an e-mail without an addressee is not sent, in French, for the operator who finds it as a dead letter. The
/// script that gave the address does not run again, so a correction only helps the e-mails of later events.
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
    fn addresses_are_distinguished_from_other_texts(#[case] text: &str, #[case] address: bool) {
        assert_eq!(is_address(text), address);
        assert_eq!(fault(text).is_none(), address);
    }

    #[rstest]
    #[case("mohamed.benaïssa@vivest.example", true)]
    #[case("accueil@régie.example", true)]
    #[case("mohamed.benaissa@vivest.example", false)]
    #[case("Mohamed Benaïssa <mohamed.benaissa@vivest.example>", false)]
    #[case("benaïssa", false)]
    fn accents_in_the_name_are_not_accents_in_the_address(
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
    fn an_address_behind_an_unreadable_name_is_suggested_on_its_own(
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
