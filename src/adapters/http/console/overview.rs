//! What the console's page shows: first what needs a person, then how things stand.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Paris;
use strum::IntoEnumIterator;

use crate::adapters::http::AppState;
use crate::domain::livraison::{Destination, LivraisonEtat, LivraisonSummary};
use crate::domain::ports::{ApartCount, LivraisonCount, Pause, SignalementSummary, StoreError};
use crate::domain::signalement::Etat;
use crate::flows::reload::Attempt;
use crate::flows::replica::Seen;
use crate::rules::diagnostic::{Diagnostic, Severity};

use crate::adapters::french::french;

/// How many dead letters, signalements of a state and unknown statuses a page lists.
const LISTED: u32 = 20;

/// The page of someone who is signed in.
#[derive(Template)]
#[template(path = "overview.html")]
pub(super) struct Overview {
    notice: Option<&'static str>,
    alarms: Vec<String>,
    version: String,
    since: String,
    attempt: Arc<Attempt>,
    /// The replica that made the page.
    here: String,
    /// `None` while the database does not answer.
    stored: Option<Stored>,
    now: String,
}

/// What the database tells.
struct Stored {
    replicas: Vec<Seen>,
    destinations: Vec<Line>,
    /// Statuses that the rules do not know, and how many deliveries each keeps back.
    held: Vec<(String, i64)>,
    dead: Vec<LivraisonSummary>,
    /// States of signalements without a demande, and how many are in each.
    apart: Vec<(&'static str, i64)>,
    /// Those among them that wait for a person.
    stopped: i64,
    listed: Vec<SignalementSummary>,
}

/// A destination's deliveries.
struct Line {
    destination: Destination,
    waiting: i64,
    held: i64,
    dead: i64,
    oldest: Option<DateTime<Utc>>,
    pause: Option<Pause>,
    /// The settings give no address for it: what goes there waits.
    unaddressed: bool,
}

impl Overview {
    pub(super) async fn of(state: &AppState, notice: Option<&'static str>) -> Self {
        let attempt = state.reload.last_attempt();
        let active = state.reload.active();
        let mut alarms = Vec::new();
        if !attempt.accepted {
            alarms.push(
                "La dernière modification des règles ou des exports est refusée : ce qui est \
                 refusé n'est pas en vigueur."
                    .to_owned(),
            );
        }
        let settings = state.settings.last_attempt();
        for fault in &settings.faults {
            alarms.push(format!("Le fichier de réglages est refusé : {fault}"));
        }
        if !settings.restart.is_empty() {
            let keys = settings.restart.join(", ");
            alarms.push(format!("Réglages qui attendent un redémarrage : {keys}."));
        }
        if let Err(error) = state.files.ping().await {
            alarms.push(format!(
                "Les photos ne peuvent pas être conservées : {error}."
            ));
        }
        if let Some(outage) = state.watch.outage() {
            let (since, reason) = (paris(&outage.since), french(&outage.reason));
            alarms.push(format!(
                "Le CRM n'est pas disponible depuis le {since} : {reason}."
            ));
        }
        let stored = match Stored::read(state).await {
            Ok(stored) => {
                alarms.extend(stored.alarms());
                Some(stored)
            }
            Err(error) => {
                let reason = french(&error.to_string());
                alarms.insert(0, format!("La base de données ne répond pas : {reason}."));
                None
            }
        };
        Self {
            notice,
            alarms,
            version: active.generation.version.clone(),
            since: paris(&active.since),
            attempt,
            here: state.presence.id.clone(),
            stored,
            now: paris(&state.clock.now()),
        }
    }

    fn errors(&self) -> Vec<&Diagnostic> {
        self.of_severity(Severity::Error)
    }

    fn warnings(&self) -> Vec<&Diagnostic> {
        self.of_severity(Severity::Warning)
    }

    fn of_severity(&self, severity: Severity) -> Vec<&Diagnostic> {
        let all = self.attempt.diagnostics.iter();
        all.filter(|it| it.severity == severity).collect()
    }
}

impl Stored {
    async fn read(state: &AppState) -> Result<Self, StoreError> {
        let store = state.store.as_ref();
        let counts = store.count_livraisons().await?;
        let addressed = state.settings.in_force().sowell.is_some();
        let mut destinations = Vec::new();
        for destination in Destination::iter() {
            let pause = store.pause(destination).await?;
            let mut line = Line::of(destination, &counts, pause);
            line.unaddressed = destination == Destination::Sowell && !addressed;
            destinations.push(line);
        }
        let counted = store.count_apart().await?;
        let mut listed = store.list_signalements(Some(Etat::Echec), LISTED).await?;
        listed.extend(store.list_signalements(Some(Etat::Inconnu), LISTED).await?);
        let (apart, stopped) = apart(&counted);
        Ok(Self {
            replicas: state.presence.all().await?,
            destinations,
            held: store.count_held(LISTED).await?,
            dead: store
                .list_livraisons(Some(LivraisonEtat::Morte), LISTED)
                .await?,
            apart,
            stopped,
            listed,
        })
    }

    fn alarms(&self) -> Vec<String> {
        let mut alarms = Vec::new();
        match self.replicas.iter().filter(|it| it.lagging).count() {
            0 => {}
            1 => alarms.push(
                "Une réplique a d'autres règles en vigueur que celles acceptées en dernier."
                    .to_owned(),
            ),
            count => alarms.push(format!(
                "{count} répliques ont d'autres règles en vigueur que celles acceptées en dernier."
            )),
        }
        for line in &self.destinations {
            let name = line.name();
            if let Some(pause) = &line.pause {
                alarms.push(paused(name, pause));
            }
            match line.dead {
                0 => {}
                1 => alarms.push(format!("{name} : une livraison abandonnée.")),
                count => alarms.push(format!("{name} : {count} livraisons abandonnées.")),
            }
            if line.unaddressed && line.waiting > 0 {
                let count = line.waiting;
                alarms.push(format!(
                    "{name} : ce qui doit partir attend une adresse (sowell.base_url) : {count}."
                ));
            }
            if line.held > 0 {
                let statuts = self.held.iter();
                let statuts = statuts.map(|(statut, count)| format!("« {statut} » ({count})"));
                let statuts: Vec<String> = statuts.collect();
                alarms.push(format!(
                    "{name} : statuts que statuts.yaml ne traduit pas, eux-mêmes ou leur résultat : {}.",
                    statuts.join(", ")
                ));
            }
        }
        match self.stopped {
            0 => {}
            1 => alarms.push("Un signalement sans demande attend une intervention.".to_owned()),
            count => alarms.push(format!(
                "{count} signalements sans demande attendent une intervention."
            )),
        }
        alarms
    }
}

/// How many are in each state, and how many wait for a person: those that failed, and those whose
/// creation is no longer tried.
fn apart(counted: &[ApartCount]) -> (Vec<(&'static str, i64)>, i64) {
    let count = |etat: Etat, stopped: bool| ApartCount::of(counted, etat, stopped);
    let all = Etat::APART.into_iter();
    let stopped = all.clone().map(|etat| match etat {
        Etat::Echec => count(etat, false),
        _ => count(etat, true),
    });
    let stopped = stopped.sum();
    (
        all.map(|etat| (label(etat), count(etat, false))).collect(),
        stopped,
    )
}

/// Why a destination is left alone: it refuses everyone, or it was away.
fn paused(name: &str, pause: &Pause) -> String {
    let (until, reason) = (paris(&pause.until), french(&pause.reason));
    if pause.refused {
        format!(
            "{name} : notre accès est refusé ({reason}) ; envois suspendus jusqu'au {until}, \
             ou jusqu'à ce que les réglages changent."
        )
    } else {
        format!(
            "{name} : les envois échouent ({reason}) ; ils sont suspendus jusqu'au {until}, puis \
             reprennent d'eux-mêmes."
        )
    }
}

impl Line {
    fn of(destination: Destination, counts: &[LivraisonCount], pause: Option<Pause>) -> Self {
        let find = |etat| LivraisonCount::of(counts, destination, etat);
        let count = |etat| find(etat).map_or(0, |it| it.count);
        Self {
            destination,
            waiting: count(LivraisonEtat::EnAttente),
            held: count(LivraisonEtat::Retenue),
            dead: count(LivraisonEtat::Morte),
            oldest: find(LivraisonEtat::EnAttente).map(|it| it.oldest_at),
            pause,
            unaddressed: false,
        }
    }

    fn name(&self) -> &'static str {
        name(self.destination)
    }
}

/// A destination as the staff calls it.
fn name(destination: Destination) -> &'static str {
    match destination {
        Destination::Sowell => "SoWell",
        Destination::Courriel => "E-mails",
        Destination::Crm => "CRM",
    }
}

/// A state as the staff calls it.
fn label(etat: Etat) -> &'static str {
    match etat {
        Etat::Recu => "reçu, demande en cours de création",
        Etat::Transmis => "transmis",
        Etat::Ecarte => "écarté par les règles",
        Etat::Differe => "différé : le CRM était absent",
        Etat::Inconnu => "en doute : le CRM n'a pas confirmé",
        Etat::Echec => "en échec",
    }
}

// A template passes what it has by reference.
fn destination_of(livraison: &LivraisonSummary) -> &'static str {
    name(livraison.destination)
}

fn state_of(signalement: &SignalementSummary) -> &'static str {
    label(signalement.etat)
}

/// An address that a link may lead to.
fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

fn paris(at: &DateTime<Utc>) -> String {
    let there = at.with_timezone(&Paris);
    there.format("%d/%m/%Y à %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_access_is_blamed_only_where_it_is_refused() {
        let pause = |refused, reason: &str| Pause {
            until: DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default(),
            failures: 1,
            refused,
            reason: reason.into(),
        };
        let refused = paused("SoWell", &pause(true, "answered 401"));
        assert_eq!(
            refused,
            "SoWell : notre accès est refusé (réponse 401) ; envois suspendus jusqu'au 15/01/2027 à \
             09:00:00, ou jusqu'à ce que les réglages changent."
        );
        let away = paused("SoWell", &pause(false, "connection refused"));
        assert_eq!(
            away,
            "SoWell : les envois échouent (connexion refusée) ; ils sont suspendus jusqu'au 15/01/2027 \
             à 09:00:00, puis reprennent d'eux-mêmes."
        );
    }
}
