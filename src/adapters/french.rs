//! Why something did not go out, in the words of the landlord's staff. What is kept and logged of it
//! is English.

use crate::domain::ports::NO_ANSWER;

/// How a reason begins, and how it does in French; what follows is a reason of its own.
const PHRASES: [(&str, &str); 29] = [
    // The ports' own errors.
    ("the CRM is unavailable: ", ""),
    (
        "the CRM refuses our credentials: ",
        "il refuse notre accès : ",
    ),
    ("it is not known whether the CRM did it: ", ""),
    ("the connector of the CRM: ", "son connecteur : "),
    (
        "the CRM's answer cannot be read: ",
        "sa réponse ne se lit pas : ",
    ),
    ("our own store of photos: ", "nos photos : "),
    ("the database is unavailable: ", ""),
    // `flows/delivery`
    ("internal error", "erreur interne"),
    // `adapters/partner`
    ("answered ", "réponse "),
    (NO_ANSWER, "pas de réponse à temps"),
    (
        "connection lost before the answer",
        "connexion perdue avant la réponse",
    ),
    (
        "the request cannot be sent",
        "la requête ne peut pas être envoyée",
    ),
    (
        "the server's certificate is not trusted (ca_file)",
        "le certificat du serveur n'est pas reconnu (ca_file)",
    ),
    (
        "the server wants another certificate of ours (identity_file)",
        "le serveur veut de nous un autre certificat (identity_file)",
    ),
    ("no connection in time", "pas de connexion à temps"),
    ("connection refused", "connexion refusée"),
    ("host unreachable", "serveur injoignable"),
    (
        "the host is at an internal address that the settings do not allow (network.allow)",
        "le serveur est à une adresse interne que les réglages n'autorisent pas (network.allow)",
    ),
    (
        "this host lets nobody connect there (firewall)",
        "notre machine ne laisse personne s'y connecter (pare-feu)",
    ),
    (
        "the server does not speak TLS as we do",
        "le serveur ne parle pas TLS comme nous",
    ),
    (
        "the host's name leads to no address (DNS)",
        "le nom du serveur ne mène à aucune adresse (DNS)",
    ),
    ("connection broken", "connexion rompue"),
    // `adapters/mail/reply.rs`
    (
        "the SMTP server's last answer takes no e-mail over",
        "le serveur d'e-mails n'a pas pris l'e-mail en charge",
    ),
    (
        "the SMTP server answered ",
        "le serveur d'e-mails a répondu ",
    ),
    (
        "the SMTP server did not answer in time",
        "le serveur d'e-mails n'a pas répondu à temps",
    ),
    (
        "no connection to the SMTP server: ",
        "pas de connexion au serveur d'e-mails : ",
    ),
    (
        "the SMTP server cannot be used: ",
        "le serveur d'e-mails ne convient pas : ",
    ),
    (
        "the SMTP server offers no TLS, without which smtp.url lets nothing leave",
        "le serveur d'e-mails n'offre pas TLS, sans quoi smtp.url ne laisse rien partir",
    ),
    (
        "the SMTP server takes no address with accents",
        "le serveur d'e-mails ne prend pas d'adresse accentuée",
    ),
];

/// A reason in French, as far as it is one of ours: what a library or a partner says stays as it is.
#[must_use]
pub fn french(reason: &str) -> String {
    let (said, rest) = in_part(reason);
    said + rest
}

/// The beginning of a reason in French, and the rest as it stands.
#[must_use]
pub fn in_part(reason: &str) -> (String, &str) {
    let mut said = String::new();
    let mut rest = reason;
    while let Some((english, french)) = PHRASES.iter().find(|(it, _)| rest.starts_with(it)) {
        said.push_str(french);
        rest = &rest[english.len()..];
    }
    (said, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_in_french_to_its_end() {
        assert_eq!(
            french("the CRM refuses our credentials: answered 401"),
            "il refuse notre accès : réponse 401"
        );
        assert_eq!(
            french("no connection to the SMTP server: Connection refused (os error 111)"),
            "pas de connexion au serveur d'e-mails : Connection refused (os error 111)"
        );
        assert_eq!(french(""), "");
    }

    #[test]
    fn each_phrase_is_one_that_is_said() {
        let sources = [
            include_str!("../domain/ports.rs"),
            include_str!("../domain/ports/crm.rs"),
            include_str!("../flows/delivery/verdict.rs"),
            include_str!("mail/reply.rs"),
            include_str!("partner/wire.rs"),
        ];
        for (english, _) in PHRASES {
            let said = sources.iter().any(|it| it.contains(english));
            assert!(said, "nobody says « {english} »");
        }
    }
}
