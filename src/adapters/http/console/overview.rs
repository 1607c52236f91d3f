//! What the console's page shows: first what needs a person, then the overall state.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use strum::IntoEnumIterator;

use crate::adapters::http::AppState;
use crate::domain::livraison::{Destination, LivraisonEtat, LivraisonSummary};
use crate::domain::ports::{ApartCount, LivraisonCount, Pause, SignalementSummary, StoreError};
use crate::domain::signalement::Etat;
use crate::flows::reload::ReloadAttempt;
use crate::flows::replica::Seen;
use crate::rules::diagnostic::{Diagnostic, Severity};

use crate::adapters::french::{french, motif};

use super::alarms::{self, Alarm};
use super::held;
use super::words::{is_web, label, paris};

/// The most dead letters, signalements in each state and unknown statuses that a page lists.
const LISTED: u32 = 20;

/// How long a failing delivery may wait before the page reports it: a partner that restarts or a brief network
/// failure needs no attention.
const FAILING_AFTER: TimeDelta = TimeDelta::minutes(5);

/// The page shown to a signed-in operator.
#[derive(Template)]
#[template(path = "overview.html")]
pub(super) struct Overview {
    notice: Option<&'static str>,
    alarms: Vec<Alarm>,
    version: String,
    since: String,
    attempt: Arc<ReloadAttempt>,
    /// The id of the replica that rendered the page.
    here: String,
    /// `None` while the database does not answer.
    stored: Option<Stored>,
    now: String,
}

/// The part of the page that is read from the database.
struct Stored {
    replicas: Vec<Seen>,
    destinations: Vec<Line>,
    /// The alarms about statuses that the rules do not translate.
    held: Vec<String>,
    dead: Vec<LivraisonSummary>,
    /// States of signalements without a demande, with the number in each.
    apart: Vec<(&'static str, i64)>,
    /// How many of those wait for a person.
    stopped: i64,
    listed: Vec<SignalementSummary>,
    /// The total number of signalements in the listed states.
    listed_total: i64,
}

/// A destination's deliveries.
struct Line {
    destination: Destination,
    waiting: i64,
    held: i64,
    dead: i64,
    oldest: Option<DateTime<Utc>>,
    pause: Option<Pause>,
    /// The oldest delivery that has been failing for [`FAILING_AFTER`].
    failing: Option<LivraisonSummary>,
    /// The settings give no address for it, so its deliveries wait.
    unaddressed: bool,
    /// The settings give no server for it, so its deliveries are written to files.
    to_files: bool,
    /// An alarm on the page already concerns it, or something it depends on.
    covered: bool,
}

impl Overview {
    pub(super) async fn of(state: &AppState, notice: Option<&'static str>) -> Self {
        let attempt = state.reload.last_attempt();
        let active = state.reload.active();
        let (database, files, stored) = tokio::join!(
            state.probe.database(&state.store),
            state.probe.files(&state.files),
            Stored::read(state)
        );
        // Reading may fail while writing works, and the other way round: a failure of either is shown.
        let database = stored
            .as_ref()
            .map_or_else(|it| Err(it.clone()), |_| database);
        let database_away = database.is_err();
        let mut alarms = alarms::of(state, database, files);
        let of_crm = alarms::of_crm(state);
        let mut stored = stored.ok();
        if let Some(stored) = &mut stored {
            for line in &mut stored.destinations {
                let crm = line.destination == Destination::Crm && !of_crm.is_empty();
                line.covered = database_away || crm || line.alarmed();
            }
        }
        alarms.extend(of_crm);
        if let Some(stored) = &stored {
            alarms.extend(stored.failing());
            alarms.extend(stored.alarms().into_iter().map(Alarm::from));
        }
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
        let long_ago = state.clock.now() - FAILING_AFTER;
        let settings = state.settings.in_force();
        let embedded = state.inbound.creations.crm.remote().is_none();
        let mut destinations = Vec::new();
        for destination in Destination::iter() {
            let pause = store.pause(destination).await?;
            let mut line = Line::of(destination, &counts, pause);
            // Nothing is sent to the embedded CRM: deliveries waiting for a CRM date from before the switch.
            let idle = destination == Destination::Crm && embedded;
            if idle && line.waiting + line.dead == 0 {
                continue;
            }
            line.failing = store.oldest_failing(destination, long_ago).await?;
            line.unaddressed = destination == Destination::Sowell && settings.sowell.is_none();
            line.to_files = destination == Destination::Courriel && settings.smtp.url.is_none();
            destinations.push(line);
        }
        let counted = store.count_apart().await?;
        let mut listed = store.list_signalements(Some(Etat::Echec), LISTED).await?;
        listed.extend(store.list_signalements(Some(Etat::Inconnu), LISTED).await?);
        let listed_total =
            [Etat::Echec, Etat::Inconnu].map(|it| ApartCount::of(&counted, it, false));
        let (apart, stopped) = apart(&counted);
        Ok(Self {
            replicas: state.presence.all().await?,
            destinations,
            held: held::alarms(
                name(Destination::Sowell),
                &store.count_held(LISTED).await?,
                &state.reload.generation().rules,
            ),
            dead: store
                .list_livraisons(Some(LivraisonEtat::Morte), LISTED)
                .await?,
            apart,
            stopped,
            listed,
            listed_total: listed_total.into_iter().sum(),
        })
    }

    /// Deliveries that keep failing; for a paused destination, the pause is shown instead.
    fn failing(&self) -> impl Iterator<Item = Alarm> {
        let failing = self.destinations.iter().filter(|it| it.pause.is_none());
        failing.filter_map(|line| {
            let it = line.failing.as_ref()?;
            let (count, s) = (it.attempts, if it.attempts > 1 { "s" } else { "" });
            let what = format!(
                "{} : une livraison attend depuis le {}, après {count} essai{s} sans succès",
                line.name(),
                paris(&it.created_at)
            );
            let follows = format!(" ; prochain essai le {}.", paris(&it.due_at));
            let reason = it.last_error.as_deref().unwrap_or_default();
            Some(Alarm::because(&what, reason, &follows))
        })
    }

    fn dead_total(&self) -> i64 {
        self.destinations.iter().map(|it| it.dead).sum()
    }

    /// How many dead letters there are, if not all are listed.
    fn more_dead(&self) -> Option<i64> {
        let total = self.dead_total();
        let listed = i64::try_from(self.dead.len()).unwrap_or(i64::MAX);
        (total > listed).then_some(total)
    }

    fn listed_count(&self) -> i64 {
        i64::try_from(self.listed.len()).unwrap_or(i64::MAX)
    }

    /// The total number of signalements without a demande.
    fn apart_total(&self) -> i64 {
        self.apart.iter().map(|(_, count)| count).sum()
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
                let waits = if count == 1 {
                    "une livraison attend".to_owned()
                } else {
                    format!("{count} livraisons attendent")
                };
                alarms.push(format!(
                    "{name} : {waits} que l'adresse de SoWell soit réglée (sowell.base_url)."
                ));
            }
            if line.held > 0 {
                alarms.extend(self.held.iter().cloned());
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

/// How many are in each state, and how many wait for a person: those that failed, and those whose creation is no
/// longer retried.
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

/// Why a destination is paused: it refuses our credentials, or it was unavailable.
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
            failing: None,
            unaddressed: false,
            to_files: false,
            covered: false,
        }
    }

    /// Whether its stored state raises an alarm.
    fn alarmed(&self) -> bool {
        self.pause.is_some() || self.failing.is_some() || self.dead + self.held > 0
    }

    fn name(&self) -> &'static str {
        name(self.destination)
    }
}

/// A destination's name, as the staff know it.
fn name(destination: Destination) -> &'static str {
    match destination {
        Destination::Sowell => "SoWell",
        Destination::Courriel => "E-mails",
        Destination::Crm => "CRM",
    }
}

// Templates pass their values by reference.
fn destination_of(livraison: &LivraisonSummary) -> &'static str {
    name(livraison.destination)
}

fn state_of(signalement: &SignalementSummary) -> &'static str {
    label(signalement.etat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_credentials_are_blamed_only_if_they_are_refused() {
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
