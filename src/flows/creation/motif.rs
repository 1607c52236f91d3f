//! Why there is no demande yet, in words for the landlord's staff, and how much of it SoWell sees.

use std::fmt;

use strum::IntoEnumIterator;

use crate::domain::ports::CrmError;

/// What a motif is about, if more follows than SoWell should see.
///
/// Stored motifs are recognised by their first words: when changing them, keep recognising the old ones, as
/// [`Cause::begins`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter)]
pub(super) enum Cause {
    /// The CRM refused the demande; its status and its text follow.
    Refused,
    /// The connector is broken; the problem follows.
    Connector,
    /// The CRM's answer is unreadable; the problem follows.
    Unreadable,
    /// Photos are missing; what the staff can do follows.
    Photos,
    /// The UID belongs to a different signalement; the UID and that signalement follow.
    Taken,
    /// The CRM says nothing usable about the managers of a residence; its code and the problem follow.
    Managers,
    /// There are several demandes for one signalement; their UIDs follow.
    Several,
}

impl Cause {
    /// The first words: those written now, then those of earlier versions.
    const fn begins(self) -> &'static [&'static str] {
        match self {
            Self::Refused => &["le CRM refuse la demande (statut "],
            Self::Connector => &["le connecteur du CRM"],
            Self::Unreadable => &[
                "le CRM répond, mais sa réponse est illisible",
                "le CRM répond, mais sa réponse ne se lit pas",
            ],
            Self::Photos => &["les photos ne peuvent pas être relues"],
            Self::Taken => &["le CRM donne l'uid"],
            Self::Managers => &["le CRM ne donne pas les gestionnaires de la résidence"],
            Self::Several => &["plusieurs demandes du CRM portent ce signalement"],
        }
    }

    /// A motif with this cause.
    pub(super) fn with(self, rest: impl fmt::Display) -> String {
        let begin = self.begins().first().copied().unwrap_or_default();
        format!("{begin}{rest}")
    }

    /// The cause of a stored motif, with its first words and what follows them; `None` if there is nothing to
    /// separate.
    fn split(motif: &str) -> Option<(Self, &str, &str)> {
        Self::iter().find_map(|cause| {
            let begin = cause.begins().iter().find(|it| motif.starts_with(*it))?;
            let (begin, rest) = motif.split_at(begin.len());
            Some((cause, begin, rest))
        })
    }
}

/// A failure, worded for the landlord's staff.
pub(super) fn motif_of(error: &CrmError) -> String {
    match error {
        CrmError::Refused { status, excerpt } => {
            Cause::Refused.with(format_args!("{status}) : {excerpt}"))
        }
        CrmError::Unavailable { .. } => "le CRM est injoignable".into(),
        CrmError::Unauthorized(_) => "le CRM refuse nos identifiants".into(),
        CrmError::InDoubt(_) => {
            "le CRM n'a pas confirmé : on ne sait pas s'il a créé la demande".into()
        }
        CrmError::Misconfigured(reason) => Cause::Connector.with(format_args!(" : {reason}")),
        CrmError::Unreadable(reason) => Cause::Unreadable.with(format_args!(" : {reason}")),
        CrmError::Files(_) => Cause::Photos
            .with(" ; si elles sont perdues, remettez-les en place à partir d'une sauvegarde"),
    }
}

/// Why nothing could be decided about a residence, worded for the landlord's staff.
pub(in crate::flows) fn motif_of_managers(residence: &str, why: &str) -> String {
    Cause::Managers.with(format_args!(" « {residence} » : {why}"))
}

/// The part of a motif that SoWell sees: the CRM's words and how it is called concern only the landlord.
#[must_use]
pub fn for_sowell(motif: &str) -> &str {
    match Cause::split(motif) {
        None => motif,
        Some((Cause::Taken, ..)) => "le CRM donne l'uid d'une autre demande",
        // Its status too.
        Some((Cause::Refused, begin, rest)) => rest
            .find(')')
            .map_or(motif, |it| &motif[..=begin.len() + it]),
        Some((
            Cause::Connector | Cause::Unreadable | Cause::Photos | Cause::Managers | Cause::Several,
            begin,
            _,
        )) => begin,
    }
}

/// A motif in two: our own words, and the reason behind them, which is in English like all that is stored. The second
/// is empty where there is none; the CRM's words are no reason of ours.
#[must_use]
pub fn split_reason(motif: &str) -> (&str, &str) {
    let reason = match Cause::split(motif) {
        Some((Cause::Connector | Cause::Unreadable, _, rest)) => rest.strip_prefix(" : "),
        _ => None,
    };
    motif.split_at(motif.len() - reason.unwrap_or_default().len())
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
                "le connecteur du CRM",
            ),
            (
                CrmError::Unreadable(Reason::told("no path /id")),
                "le CRM répond, mais sa réponse est illisible",
            ),
        ] {
            let motif = motif_of(&error);
            assert!(motif.ends_with("no path /id"));
            assert_eq!(for_sowell(&motif), told);
        }
    }

    /// Words that are stored stay recognised: change them only by adding to `begins`.
    #[test]
    fn a_stored_motif_tells_sowell_nothing_of_other_signalements_or_of_the_crm() {
        for (stored, told) in [
            (
                "le CRM refuse la demande (statut 422) : missing",
                "le CRM refuse la demande (statut 422)",
            ),
            ("le connecteur du CRM : no path /id", "le connecteur du CRM"),
            (
                "le CRM répond, mais sa réponse est illisible : no path /id",
                "le CRM répond, mais sa réponse est illisible",
            ),
            (
                "les photos ne peuvent pas être relues : voyez le CRM",
                "les photos ne peuvent pas être relues",
            ),
            (
                "le CRM donne l'uid D-7, qui est celui du signalement 0b0e",
                "le CRM donne l'uid d'une autre demande",
            ),
            (
                "le CRM ne donne pas les gestionnaires de la résidence « R-1 » : statut 404 : no user",
                "le CRM ne donne pas les gestionnaires de la résidence",
            ),
            (
                "plusieurs demandes du CRM portent ce signalement : D-1, D-2",
                "plusieurs demandes du CRM portent ce signalement",
            ),
        ] {
            assert_eq!(for_sowell(stored), told);
        }
    }

    #[test]
    fn a_motif_is_recognised_in_the_words_of_each_version() {
        for cause in Cause::iter() {
            for begin in cause.begins() {
                let stored = format!("{begin} : no path /id");
                let split = Cause::split(&stored);
                assert_eq!(split, Some((cause, *begin, " : no path /id")));
            }
        }
        let stored = "le CRM répond, mais sa réponse ne se lit pas : no path /id";
        let told = "le CRM répond, mais sa réponse ne se lit pas";
        assert_eq!(for_sowell(stored), told);
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
