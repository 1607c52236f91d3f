//! Why there is no demande yet, in words for the landlord's staff, and how much of it SoWell sees: the CRM's words,
//! how it is called and what to do concern only the landlord.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::demande::Uid;
use crate::domain::motif::Motif;
use crate::domain::ports::CrmError;
use crate::domain::signalement::SignalementId;

/// The caller died or lost its claim before it could record the outcome.
pub(super) const UNKNOWN: &str =
    "on ne sait pas si le CRM a créé la demande : sa réponse manque, ou n'a pas pu être notée";

/// The worker that resumed it panicked.
pub(super) const BROKE_OFF: &str = "erreur interne : on ne sait pas si le CRM a créé la demande";

/// The motif of creations that wait because the CRM refused our credentials. Stored rows are selected by this text: keep
/// it.
pub(in crate::flows) const UNAUTHORIZED: &str = "le CRM refuse nos identifiants";

/// A failure of a call.
pub(super) fn motif_of(error: &CrmError) -> Motif {
    match error {
        CrmError::Refused { status, excerpt } => refused(*status, excerpt),
        CrmError::Unavailable { .. } => Motif::for_all("le CRM est injoignable"),
        CrmError::Unauthorized(_) => Motif::for_all(UNAUTHORIZED),
        CrmError::InDoubt(_) => {
            Motif::for_all("le CRM n'a pas confirmé : on ne sait pas s'il a créé la demande")
        }
        CrmError::Unidentified(reason) => {
            Motif::for_all("le CRM indique avoir créé la demande, sans uid lisible")
                .because(reason.clone())
        }
        CrmError::Misconfigured(reason) => {
            Motif::for_all("le connecteur du CRM échoue").because(reason.clone())
        }
        CrmError::Unreadable(reason) => {
            Motif::for_all("le CRM répond, mais sa réponse est illisible").because(reason.clone())
        }
        CrmError::Files(_) => Motif::for_all("les photos ne peuvent pas être relues")
            .and_for_staff(
                "; si elles sont perdues, remettez-les en place à partir d'une sauvegarde",
            ),
    }
}

/// A CRM that can be reached does not give the managers of this residence.
pub(in crate::flows) fn without_managers(residence: &str, why: &str) -> Motif {
    Motif::for_all("le CRM ne donne pas les gestionnaires de la résidence")
        .and_for_staff(format!("« {residence} » : {why}"))
}

/// The CRM refused the demande.
fn refused(status: u16, excerpt: &str) -> Motif {
    Motif::for_all(format!("le CRM refuse la demande (statut {status})"))
        .and_for_staff(format!(": {excerpt}"))
}

/// The CRM refused the demande, which an earlier call may have created.
pub(super) fn refused_in_doubt(status: u16, excerpt: &str) -> Motif {
    refused(
        status,
        &format!(
            "{excerpt} ; un appel précédent est resté sans réponse : cherchez-y la demande, puis adoptez-la ou \
             relancez la création"
        ),
    )
}

/// The CRM did not confirm, and nothing prevents a second demande.
pub(super) fn no_guard() -> Motif {
    Motif::for_all("le CRM n'a pas confirmé la création").and_for_staff(
        "et n'offre rien contre les doublons : cherchez-y la demande, puis adoptez-la ou relancez la création",
    )
}

/// The CRM answered with a success without a UID, and does not find what it says that it created.
pub(super) fn not_found() -> Motif {
    Motif::for_all("le CRM indique avoir créé la demande, mais elle est introuvable").and_for_staff(
        ": sa réponse (2xx) n'a pas d'uid lisible, et la recherche n'a rien trouvé ; corrigez « uid » de « creer », ou \
         « chercher », dans le connecteur, cherchez la demande dans le CRM, puis adoptez-la ou relancez la création",
    )
}

/// No outcome was recorded, and nothing prevents a second demande.
pub(super) fn unknown_for_good() -> Motif {
    Motif::for_all("on ne sait pas si le CRM a créé la demande").and_for_staff(
        ": sa réponse manque, ou n'a pas pu être notée, et il n'offre rien contre les doublons ; cherchez-y la \
         demande, puis adoptez-la ou relancez la création",
    )
}

/// The settings no longer name the CRM that was called.
pub(super) fn no_remote() -> Motif {
    Motif::for_all(
        "on ne sait pas si le CRM distant, qui n'est plus celui des réglages, a créé la demande",
    )
    .and_for_staff(": cherchez-y la demande")
}

/// An operator looked while the CRM may still have been working.
pub(super) fn too_soon(known_at: DateTime<Utc>) -> Motif {
    // Rounded up to the second, so that it is not too early.
    let known_at = (known_at + TimeDelta::seconds(1)).format("%d/%m/%Y à %H:%M:%S");
    Motif::for_all(format!(
        "le CRM peut encore créer la demande jusqu'au {known_at} (UTC)"
    ))
    .and_for_staff(
        ": cherchez-y la demande passé cette heure, puis adoptez-la ou relancez la création",
    )
}

/// The CRM has several demandes for one signalement.
pub(super) fn several(uids: &[Uid]) -> Motif {
    let uids: Vec<&str> = uids.iter().map(Uid::as_str).collect();
    Motif::for_all("plusieurs demandes du CRM portent ce signalement")
        .and_for_staff(format!(": {}", uids.join(", ")))
}

/// The UID belongs to the demande of a different signalement.
pub(super) fn taken(uid: &str, by: &SignalementId) -> Motif {
    let by = by.as_str();
    Motif::for_all("le CRM donne l'uid d'une autre demande")
        .and_for_staff(format!(": {uid}, qui est celui du signalement {by}"))
}
