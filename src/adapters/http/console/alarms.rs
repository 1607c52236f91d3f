//! What the console shows first: what is stuck, why, and what to do about it.

use crate::adapters::french::in_part;
use crate::adapters::http::AppState;
use crate::domain::ports::{FilesError, StoreError};
use crate::settings::WhenUnavailable;

use super::words::paris;

/// How many changes dated in the future are listed by name.
const NAMED: usize = 5;

/// A problem that a person should know about.
pub(super) struct Alarm {
    /// In French, in the words of the staff.
    pub(super) text: String,
    /// The message of a library or a partner, mostly in English.
    pub(super) detail: Option<String>,
}

impl From<String> for Alarm {
    fn from(text: String) -> Self {
        Self { text, detail: None }
    }
}

impl Alarm {
    /// Builds an alarm from a statement, a reason as stored and logged, and its consequence.
    pub(super) fn because(what: &str, reason: &str, follows: &str) -> Self {
        let (said, rest) = in_part(reason);
        let said = said.trim_end_matches([' ', ':']);
        let why = if said.is_empty() {
            String::new()
        } else {
            format!(" ({said})")
        };
        let rest = rest.trim_start_matches([':', ' ']);
        Self {
            text: format!("{what}{why}{follows}"),
            detail: (!rest.is_empty()).then(|| rest.to_owned()),
        }
    }
}

/// Every alarm that can be raised without reading stored data, except for the CRM: see [`of_crm`].
pub(super) fn of(
    state: &AppState,
    database: Result<(), StoreError>,
    files: Result<(), FilesError>,
) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    if let Err(error) = database {
        alarms.push(Alarm::because(
            "La base de données ne répond pas",
            &error.to_string(),
            " : aucun signalement ni aucun changement de statut n'est reçu.",
        ));
    }
    if let Err(error) = files {
        alarms.push(Alarm::because(
            "Les photos ne peuvent pas être conservées",
            &error.to_string(),
            " : les signalements avec photos sont refusés.",
        ));
    }
    if !state.reload.last_attempt().accepted {
        let text = "La dernière modification des règles ou des exports est refusée : ce qui est \
                    refusé n'est pas en vigueur.";
        alarms.push(Alarm::from(text.to_owned()));
    }
    let settings = state.settings.last_attempt();
    for fault in &settings.faults {
        alarms.push(Alarm {
            text: "Le fichier de réglages est refusé : les réglages précédents restent en vigueur."
                .to_owned(),
            detail: Some(fault.clone()),
        });
    }
    if !settings.restart.is_empty() {
        let keys = settings.restart.join(", ");
        let text = format!("Réglages qui attendent un redémarrage : {keys}.");
        alarms.push(Alarm::from(text));
    }
    alarms
}

/// The CRM's alarms, according to the last calls.
pub(super) fn of_crm(state: &AppState) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    let outage = state.watch.outage();
    if let Some(outage) = &outage {
        let what = format!(
            "Le CRM n'est pas disponible depuis le {}",
            paris(&outage.since)
        );
        let follows = without_crm(state.settings.in_force().crm.when_unavailable);
        alarms.push(Alarm::because(&what, &outage.reason, follows));
    }
    let readings = &state.watch.readings;
    let told = |reason: &str| outage.as_ref().is_some_and(|it| it.reason == reason);
    if let Some(unread) = readings.unread().filter(|it| !told(&it.reason)) {
        let what = format!(
            "Les changements de statut du CRM ne peuvent pas être lus depuis le {}",
            paris(&unread.since)
        );
        alarms.push(Alarm::because(
            &what,
            &unread.reason,
            " : SoWell ne les reçoit pas.",
        ));
    }
    let ahead = readings.ahead();
    if !ahead.is_empty() {
        let changes = ahead.iter().take(NAMED);
        let changes = changes.map(|it| format!("« {} » le {}", it.uid, paris(&it.at)));
        let changes: Vec<String> = changes.collect();
        let more = match ahead.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" et {more} de plus"),
        };
        alarms.push(Alarm::from(format!(
            "Le CRM date des changements de statut dans l'avenir, et leur date n'est pas retenue : demande {}{more}. \
             Corrigez la date dans le CRM, ou son horloge.",
            changes.join(", ")
        )));
    }
    alarms
}

/// What happens to signalements while the CRM is unavailable.
fn without_crm(when_unavailable: WhenUnavailable) -> &'static str {
    match when_unavailable {
        WhenUnavailable::Refuse => " : les signalements ne sont pas reçus, SoWell les renverra.",
        WhenUnavailable::Defer => " : les demandes seront créées à son retour.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_in_french_and_its_untranslated_rest_is_separate() {
        let told = |reason| {
            let alarm = Alarm::because("Rien ne part", reason, ".");
            (alarm.text, alarm.detail)
        };
        let french = |text: &str| (text.to_owned(), None);
        assert_eq!(told("answered 503"), french("Rien ne part (réponse 503)."));
        assert_eq!(told(""), french("Rien ne part."));
        assert_eq!(
            told("the SMTP server answered 550 5.1.1"),
            french("Rien ne part (le serveur d'e-mails a répondu 550 5.1.1).")
        );
        assert_eq!(
            told("the connector of the CRM: the list of changes has no end after 1000 pages"),
            french(
                "Rien ne part (son connecteur : la liste des changements n'a pas de fin après 1000 pages)."
            )
        );
        assert_eq!(
            told("no connection to the SMTP server: broken pipe"),
            (
                "Rien ne part (pas de connexion au serveur d'e-mails).".into(),
                Some("broken pipe".into())
            )
        );
        assert_eq!(
            told("answered 503: la réponse n'est pas du JSON"),
            (
                "Rien ne part (réponse 503).".into(),
                Some("la réponse n'est pas du JSON".into())
            )
        );
        assert_eq!(
            told("disk I/O error"),
            ("Rien ne part.".into(), Some("disk I/O error".into()))
        );
    }
}
