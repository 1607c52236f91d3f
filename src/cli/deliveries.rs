//! `passerelle deliveries list|retry`: the outbox, for operators.

use anyhow::bail;
use chrono::SecondsFormat;
use clap::{Subcommand, ValueEnum};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::json;

use crate::adapters::clock::SystemClock;
use crate::cli::{Format, existing_store, note_limit};
use crate::domain::livraison::{Destination, LivraisonEtat, LivraisonSummary};
use crate::domain::ports::{Clock, RetryOutcome, Store};
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Deliveries {
    /// List deliveries, newest first
    List {
        /// Only those in this state
        #[arg(long)]
        state: Option<State>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// How to print them
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Send dead letters again
    Retry {
        /// Their identifiers, from `list`
        #[arg(required = true)]
        ids: Vec<String>,
        /// Also one that a later status has overtaken
        #[arg(long)]
        force: bool,
    },
}

/// The states, in the words of the API.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum State {
    EnAttente,
    Livree,
    Morte,
    Depassee,
    Retenue,
}

impl From<State> for LivraisonEtat {
    fn from(state: State) -> Self {
        match state {
            State::EnAttente => Self::EnAttente,
            State::Livree => Self::Livree,
            State::Morte => Self::Morte,
            State::Depassee => Self::Depassee,
            State::Retenue => Self::Retenue,
        }
    }
}

impl Deliveries {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let store = existing_store(settings).await?;
        match self {
            Self::List {
                state,
                limit,
                format,
            } => {
                let found = store.list_livraisons(state.map(Into::into), limit).await?;
                print(&found, format);
                note_limit(found.len(), limit);
                let waits = |it: &LivraisonSummary| {
                    it.destination == Destination::Sowell && it.etat == LivraisonEtat::EnAttente
                };
                if settings.live.sowell.is_none() && found.iter().any(waits) {
                    eprintln!("Deliveries to SoWell wait: sowell.base_url is not set.");
                }
                Ok(())
            }
            Self::Retry { ids, force } => retry(store.as_ref(), &ids, force).await,
        }
    }
}

fn print(found: &[LivraisonSummary], format: Format) {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    if format == Format::Json {
        for it in found {
            let line = json!({
                "id": it.id, "destination": it.destination.as_str(), "uid": it.uid,
                "etat": it.etat.as_str(), "attempts": it.attempts, "last_error": it.last_error,
                "created_at": time(it.created_at), "due_at": time(it.due_at),
            });
            println!("{line}");
        }
        return;
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "ID",
        "DESTINATION",
        "STATE",
        "UID",
        "ATTEMPTS",
        "ACCEPTED",
        "DUE",
        "LAST ERROR",
    ]);
    for it in found {
        let due = match it.etat {
            LivraisonEtat::EnAttente => time(it.due_at),
            _ => "-".to_owned(),
        };
        table.add_row([
            it.id.clone(),
            it.destination.as_str().to_owned(),
            it.etat.as_str().to_owned(),
            it.uid.clone().unwrap_or_else(|| "-".to_owned()),
            it.attempts.to_string(),
            time(it.created_at),
            due,
            it.last_error.clone().unwrap_or_default(),
        ]);
    }
    println!("{table}");
}

async fn retry(store: &dyn Store, ids: &[String], force: bool) -> anyhow::Result<()> {
    let mut refused = 0;
    for id in ids {
        let reason = match store.retry_livraison(id, force, SystemClock.now()).await? {
            RetryOutcome::Queued => {
                println!("{id}: will be sent again");
                continue;
            }
            RetryOutcome::Unknown => "there is no such delivery".to_owned(),
            RetryOutcome::Overtaken => {
                "a later status went out first; --force sends it all the same".to_owned()
            }
            RetryOutcome::NotDead(LivraisonEtat::Retenue) => {
                "the rules do not know its status yet; add it to statuts.yaml".to_owned()
            }
            RetryOutcome::NotDead(etat) => format!("it is {}, not dead", etat.as_str()),
        };
        eprintln!("{id}: {reason}");
        refused += 1;
    }
    if refused > 0 {
        bail!("{refused} of {} not sent again", ids.len());
    }
    Ok(())
}
