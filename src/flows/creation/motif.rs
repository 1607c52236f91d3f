//! Why there is no demande yet, in words for the landlord's staff, and how much of it SoWell sees.

use crate::domain::ports::CrmError;

/// Start of the motif for a demande that the CRM refused; its status and its text follow.
const REFUSED: &str = "le CRM refuse la demande (statut ";
/// Start of the motif for a broken connector; the problem follows.
const CONNECTOR: &str = "le connecteur du CRM";
/// Start of the motif for an unreadable answer; the problem follows.
const UNREADABLE: &str = "le CRM répond, mais sa réponse est illisible";
/// The same in motifs stored by earlier versions.
const UNREADABLE_BEFORE: &str = "le CRM répond, mais sa réponse ne se lit pas";
/// Start of the motif for missing photos; what the staff can do follows.
const PHOTOS: &str = "les photos ne peuvent pas être relues";
/// Start of the motif for a UID that belongs to a different signalement; which one follows.
pub(super) const TAKEN: &str = "le CRM donne l'uid";
/// Start of the motif for several demandes for one signalement; their UIDs follow.
pub(super) const SEVERAL: &str = "plusieurs demandes du CRM portent ce signalement";

/// A failure, worded for the landlord's staff.
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

/// The part of a motif that SoWell sees: the CRM's words and how it is called concern only the landlord.
#[must_use]
pub fn for_sowell(motif: &str) -> &str {
    if motif.starts_with(TAKEN) {
        return "le CRM donne l'uid d'une autre demande";
    }
    let end = if motif.starts_with(REFUSED) {
        motif.find(')').map(|it| it + 1)
    } else {
        let known = [CONNECTOR, UNREADABLE, UNREADABLE_BEFORE, PHOTOS, SEVERAL];
        known
            .into_iter()
            .find(|it| motif.starts_with(it))
            .map(str::len)
    };
    end.map_or(motif, |end| &motif[..end])
}

/// A motif in two: our own words, and the reason behind them, which is in English like all that is stored. The second
/// is empty where there is none; the CRM's words are no reason of ours.
#[must_use]
pub fn split_reason(motif: &str) -> (&str, &str) {
    let known = [CONNECTOR, UNREADABLE, UNREADABLE_BEFORE];
    let reason = |it: &str| motif.strip_prefix(it)?.strip_prefix(" : ");
    let reason = known.into_iter().find_map(reason).unwrap_or_default();
    motif.split_at(motif.len() - reason.len())
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
        let stored = format!("{UNREADABLE_BEFORE} : no path /id");
        assert_eq!(for_sowell(&stored), UNREADABLE_BEFORE);
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
