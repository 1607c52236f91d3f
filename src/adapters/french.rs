//! Reasons for failures in French, for the landlord's staff. Stored and logged reasons are in English.

use crate::domain::motif::{Detail, Motif};
use crate::domain::reason::Phrase;

/// The French text of a phrase; empty if it would only repeat the text around it.
fn words(phrase: Phrase) -> &'static str {
    match phrase {
        Phrase::CrmRefused | Phrase::Answered => "réponse ",
        Phrase::CrmUnavailable
        | Phrase::CrmInDoubt
        | Phrase::PhotoStore
        | Phrase::DatabaseUnavailable
        | Phrase::DatabaseBusy
        | Phrase::DatabaseFault => "",
        Phrase::CrmUnreadable => "sa réponse est illisible : ",
        Phrase::CrmCredentials => "il refuse notre accès : ",
        Phrase::CrmConnector => "son connecteur : ",
        Phrase::CrmAddressUnset => "crm.base_url n'est pas réglé",
        Phrase::CrmFileAbsent => "connecteurs/crm.yaml manque dans les règles",
        Phrase::NoUid => "la réponse n'a pas d'uid",
        Phrase::ChangeDate => "la date d'un changement est illisible (filtre lire_date)",
        Phrase::ChangePageTwice => {
            "deux pages de la liste des changements sont identiques, car sa requête ne demande pas de page"
        }
        Phrase::ChangesEndless => "la liste des changements n'a pas de fin après ",
        Phrase::SowellAddressUnset => "sowell.base_url n'est pas réglé",
        Phrase::SowellFileAbsent => "connecteurs/sowell.yaml manque dans les règles",
        Phrase::OwnPhotos => "nos photos : ",
        Phrase::Internal => "erreur interne",
        Phrase::NoAnswer => "pas de réponse à temps",
        Phrase::ConnectionLost => "connexion perdue avant la réponse",
        Phrase::RequestUnsendable => "la requête ne peut pas être envoyée",
        Phrase::CertificateUntrusted => "le certificat du serveur n'est pas reconnu (ca_file)",
        Phrase::IdentityRefused => "le serveur exige un autre certificat client (identity_file)",
        Phrase::NoConnection => "pas de connexion à temps",
        Phrase::ConnectionRefused => "connexion refusée",
        Phrase::HostUnreachable => "serveur injoignable",
        Phrase::InternalAddress => {
            "le serveur est à une adresse interne que les réglages n'autorisent pas (network.allow)"
        }
        Phrase::Firewall => "notre machine ne laisse personne s'y connecter (pare-feu)",
        Phrase::TlsUnspoken => "le serveur ne parle pas TLS comme nous",
        Phrase::NameUnknown => "le nom du serveur ne mène à aucune adresse (DNS)",
        Phrase::ConnectionBroken => "connexion rompue",
        Phrase::SmtpSender => "l'expéditeur est illisible (smtp.from)",
        Phrase::SmtpAddress => "l'adresse du serveur d'e-mails n'est pas valide : smtp.url ",
        Phrase::SmtpTakesNothing => "le serveur d'e-mails n'a pas pris l'e-mail en charge",
        Phrase::SmtpAnswered => "le serveur d'e-mails a répondu ",
        Phrase::SmtpSilent => "le serveur d'e-mails n'a pas répondu à temps",
        Phrase::SmtpSenseless => {
            "le serveur d'e-mails s'est interrompu, ou sa réponse n'a pas de sens"
        }
        Phrase::SmtpUnconnected => "pas de connexion au serveur d'e-mails : ",
        Phrase::SmtpUnusable => "le serveur d'e-mails est inutilisable : ",
        Phrase::SmtpWithoutTls => "le serveur d'e-mails n'offre pas TLS, or smtp.url l'exige",
        Phrase::SmtpWithoutAccents => "le serveur d'e-mails n'accepte pas d'adresse accentuée",
    }
}

/// A reason in French. The text of a library or a partner stays unchanged.
#[must_use]
pub fn french(reason: &str) -> String {
    let (said, rest) = in_part(reason);
    said + rest
}

/// A motif as the landlord's staff read it, with the reason in it in French as well.
#[must_use]
pub fn motif(it: &Motif) -> String {
    match &it.detail {
        Some(Detail::Reason(reason)) => {
            format!("{} : {}", it.for_all, french(&reason.to_string()))
        }
        _ => it.to_string(),
    }
}

/// The part of a reason that is ours, in French, and the rest unchanged.
#[must_use]
pub fn in_part(reason: &str) -> (String, &str) {
    let parts = Phrase::split(reason);
    let mut said: String = parts.phrases.into_iter().map(words).collect();
    said.push_str(parts.figures);
    (said, parts.rest)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::reason::Reason;

    #[rstest]
    #[case::in_two(
        "the CRM refuses our credentials: answered 401",
        "il refuse notre accès : réponse 401"
    )]
    #[case::others_behind(
        "no connection to the SMTP server: Connection refused (os error 111)",
        "pas de connexion au serveur d'e-mails : Connection refused (os error 111)"
    )]
    #[case::number_behind(
        "the connector of the CRM: the list of changes has no end after 1000 pages",
        "son connecteur : la liste des changements n'a pas de fin après 1000 pages"
    )]
    #[case::unknown("a phrase of long ago: x", "a phrase of long ago: x")]
    #[case::nothing("", "")]
    fn all_of_a_reason_that_is_ours_is_translated(#[case] reason: &str, #[case] told: &str) {
        assert_eq!(french(reason), told);
    }

    #[rstest]
    #[case::ours(
        Motif::for_all("le connecteur du CRM échoue").because(Phrase::CrmFileAbsent.into()),
        "le connecteur du CRM échoue : connecteurs/crm.yaml manque dans les règles"
    )]
    #[case::of_the_rules(
        Motif::for_all("le connecteur du CRM échoue").because(Reason::told("creation : « site » est vide")),
        "le connecteur du CRM échoue : creation : « site » est vide"
    )]
    #[case::the_crm_said(
        Motif::for_all("le CRM refuse la demande (statut 422)")
            .and_for_staff(": answered 5 : no answer in time"),
        "le CRM refuse la demande (statut 422) : answered 5 : no answer in time"
    )]
    #[case::without(Motif::for_all("le CRM est injoignable"), "le CRM est injoignable")]
    fn the_reason_in_a_motif_is_translated(#[case] it: Motif, #[case] shown: &str) {
        assert_eq!(motif(&it), shown);
    }
}
