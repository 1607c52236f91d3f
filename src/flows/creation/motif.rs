//! Why there is no demande yet, in the words of the landlord's staff, and what of it is for SoWell.

use crate::domain::ports::CrmError;

/// How the motif of a demande that the CRM refused begins; its status and its words follow.
const REFUSED: &str = "le CRM refuse la demande (statut ";
/// How the motif of a broken connector begins; what is wrong with it follows.
const CONNECTOR: &str = "le connecteur du CRM";
/// How the motif of an answer that cannot be read begins; what is wrong with it follows.
const UNREADABLE: &str = "le CRM répond, mais sa réponse ne se lit pas";
/// How the motif of photos that are not there begins; what the staff can do follows.
const PHOTOS: &str = "les photos ne peuvent pas être relues";
/// How the motif of a UID that is another signalement's begins; which one follows.
pub(super) const TAKEN: &str = "le CRM donne l'uid";
/// How the motif of several demandes for one signalement begins; their UIDs follow.
pub(super) const SEVERAL: &str = "plusieurs demandes du CRM portent ce signalement";

/// What the housing staff reads of a failure.
pub(super) fn motif_of(error: &CrmError) -> String {
    match error {
        CrmError::Refused { status, excerpt } => format!("{REFUSED}{status}) : {excerpt}"),
        CrmError::Unavailable { .. } => "le CRM est injoignable".into(),
        CrmError::Unauthorized(_) => "le CRM refuse nos identifiants".into(),
        CrmError::InDoubt(_) => {
            "le CRM n'a pas confirmé : on ne sait pas s'il a créé la demande".into()
        }
        CrmError::Misconfigured(reason) => format!("{CONNECTOR} : {reason}"),
        CrmError::Unreadable(reason) => format!("{UNREADABLE} : {reason}"),
        CrmError::Files(_) => format!(
            "{PHOTOS} ; si elles sont perdues, remettez-les en place à partir d'une sauvegarde"
        ),
    }
}

/// A motif as SoWell reads it: what the CRM said, and how it is called, is for the landlord alone.
#[must_use]
pub fn for_sowell(motif: &str) -> &str {
    if motif.starts_with(TAKEN) {
        return "le CRM donne l'uid d'une autre demande";
    }
    let end = if motif.starts_with(REFUSED) {
        motif.find(')').map(|it| it + 1)
    } else {
        let mut known = [CONNECTOR, UNREADABLE, PHOTOS, SEVERAL].into_iter();
        known.find(|it| motif.starts_with(it)).map(str::len)
    };
    end.map_or(motif, |end| &motif[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::{Phrase, Reason};

    #[test]
    fn what_the_crm_said_is_kept_for_the_staff_and_not_told_to_sowell() {
        let refused = motif_of(&CrmError::Refused {
            status: 422,
            excerpt: "table t_users (id) : missing".into(),
        });
        assert!(refused.ends_with(" : table t_users (id) : missing"));
        assert_eq!(
            for_sowell(&refused),
            "le CRM refuse la demande (statut 422)"
        );
        for (error, told) in [
            (
                CrmError::Misconfigured(Reason::told("no path /id")),
                CONNECTOR,
            ),
            (
                CrmError::Unreadable(Reason::told("no path /id")),
                UNREADABLE,
            ),
        ] {
            let motif = motif_of(&error);
            assert!(motif.ends_with("no path /id"));
            assert_eq!(for_sowell(&motif), told);
        }
    }

    #[test]
    fn what_is_ours_is_told_to_sowell_whole() {
        for error in [
            CrmError::Unauthorized(Phrase::Answered.with(401)),
            CrmError::InDoubt(Phrase::NoAnswer.into()),
        ] {
            let motif = motif_of(&error);
            assert_eq!(for_sowell(&motif), motif);
        }
        let motif = "le mode « auteur » (auteur) n'accepte pas";
        assert_eq!(for_sowell(motif), motif);
    }
}
