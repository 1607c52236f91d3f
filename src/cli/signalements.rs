//! `passerelle signalements list|retry|adopt`: signalements that did not become a demande, for operators.

use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{ArgGroup, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::json;

use crate::adapters::explanation::printable;
use crate::adapters::submission;
use crate::app::inbound;
use crate::cli::output::time;
use crate::cli::{Format, Listing, existing_store, one_of};
use crate::domain::demande::Uid;
use crate::domain::fault;
use crate::domain::motif::Motif;
use crate::domain::ports::{SignalementSummary, Store, StoreError};
use crate::domain::signalement::{Etat, SignalementId};
use crate::flows::creation::Attempted;
use crate::flows::inbound::{Inbound, InboundError, Received};
use crate::flows::reload;
use crate::flows::rules::Rules;
use crate::settings::Settings;

/// Number of signalements read at once for retrying.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Signalements {
    /// List signalements, newest first
    List {
        /// Only those in this state [default: all without a demande]
        #[arg(long, value_parser = one_of::<Etat>())]
        state: Option<Etat>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Decide signalements again with the rules in force, or try pending creations now
    #[command(group = ArgGroup::new("which").required(true).args(["ids", "all"]))]
    Retry {
        /// Identifiers from `list`
        ids: Vec<String>,
        /// All those in state `echec`
        #[arg(long)]
        all: bool,
    },
    /// Record which demande of the CRM belongs to a signalement in doubt
    Adopt {
        /// Its identifier, from `list`
        id: String,
        /// The demande's UID in the CRM
        uid: String,
    },
}

impl Signalements {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let store = existing_store(settings).await?;
        match self {
            Self::List { state, listing } => {
                let found = store.list_signalements(state, listing.limit).await?;
                print(&found, listing.format);
                listing.note_limit(found.len());
                Ok(())
            }
            Self::Retry { ids, all } => {
                let inbound = open(settings, &store).await?;
                let mut tally = Tally::default();
                let tried = if all {
                    retry_failed(&inbound, store.as_ref(), &mut tally).await
                } else {
                    let ids: Vec<_> = ids.into_iter().map(SignalementId::from_stored).collect();
                    retry(&inbound, store.as_ref(), &ids, &mut tally).await;
                    Ok(())
                };
                written(&inbound).await;
                tried?;
                tally.told()
            }
            Self::Adopt { id, uid } => adopt(settings, &store, id, uid).await,
        }
    }
}

fn print(found: &[SignalementSummary], format: Format) {
    if format == Format::Json {
        for it in found {
            let line = json!({
                "id": it.id.as_str(), "etat": it.etat.as_str(), "uid": it.uid,
                "motif": it.motif.as_ref().map(Motif::to_string),
                "lien_sowell": it.lien_sowell, "received_at": time(it.received_at),
            });
            println!("{line}");
        }
        return;
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "ID",
        "STATE",
        "RECEIVED",
        "UID",
        "LIEN SOWELL",
        "MOTIF",
    ]);
    for it in found {
        table.add_row([
            it.id.as_str().to_owned(),
            it.etat.as_str().to_owned(),
            time(it.received_at),
            it.uid.clone().unwrap_or_else(|| "-".to_owned()),
            printable(Some(&it.lien_sowell)),
            printable(it.motif.as_ref().map(Motif::to_string).as_deref()),
        ]);
    }
    println!("{table}");
}

async fn adopt(
    settings: &Settings,
    store: &Arc<dyn Store>,
    id: String,
    uid: String,
) -> anyhow::Result<()> {
    let uid = Uid::given(&uid);
    let uid =
        uid.context("a UID is a single line of at most 200 characters and cannot be . or ..")?;
    let id = SignalementId::from_stored(id);
    let stored = store.find_submission(&id).await?;
    let stored = stored.context("there is no such signalement")?;
    if !stored.etat.is_pending() {
        bail!(
            "its creation is not pending: it is {}",
            stored.etat.as_str()
        );
    }
    let inbound = open(settings, store).await?;
    let attempted = inbound.creations.adopt(&id, uid).await;
    written(&inbound).await;
    match told(attempted?) {
        Ok(outcome) => {
            println!("{}: {outcome}", id.as_str());
            Ok(())
        }
        Err(reason) => bail!("{}: {reason}", id.as_str()),
    }
}

async fn open(settings: &Settings, store: &Arc<dyn Store>) -> anyhow::Result<Inbound> {
    let generation = reload::last_accepted(store.as_ref()).await?;
    let rules: Arc<dyn Rules> = Arc::new(Arc::new(generation));
    inbound(settings, store, rules)
}

/// How many were tried, and how many of them failed.
#[derive(Default)]
struct Tally {
    tried: usize,
    failed: usize,
}

impl Tally {
    fn told(&self) -> anyhow::Result<()> {
        if self.failed > 0 {
            bail!("{} of {} still not forwarded", self.failed, self.tried);
        }
        Ok(())
    }
}

async fn retry(inbound: &Inbound, store: &dyn Store, ids: &[SignalementId], tally: &mut Tally) {
    tally.tried += ids.len();
    for id in ids {
        match retry_one(inbound, store, id).await {
            Ok(outcome) => println!("{}: {outcome}", id.as_str()),
            Err(reason) => {
                eprintln!("{}: {reason}", id.as_str());
                tally.failed += 1;
            }
        }
    }
}

/// Retries all those in state `echec`, page by page. One that fails again keeps its position, which has been
/// passed.
async fn retry_failed(
    inbound: &Inbound,
    store: &dyn Store,
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let mut last: Option<SignalementSummary> = None;
    loop {
        let page = store.signalements_before(Etat::Echec, last.as_ref(), PAGE);
        let page = page.await?;
        let ids: Vec<_> = page.iter().map(|it| it.id.clone()).collect();
        retry(inbound, store, &ids, tally).await;
        match page.into_iter().next_back() {
            Some(it) => last = Some(it),
            None => return Ok(()),
        }
    }
}

/// Waits for answers of the CRM that a busy database did not accept: they would be lost with this process.
async fn written(inbound: &Inbound) {
    if inbound.creations.is_writing() {
        eprintln!("waiting for the database, to record the CRM's answer…");
    }
    inbound.creations.written().await;
}

async fn retry_one(
    inbound: &Inbound,
    store: &dyn Store,
    id: &SignalementId,
) -> Result<String, String> {
    let text = |error: StoreError| error.to_string();
    let stored = store.find_submission(id).await.map_err(text)?;
    let stored = stored.ok_or("there is no such signalement")?;
    if stored.bound {
        // What was asked for is already done.
        return Ok("it already is a demande".to_owned());
    }
    if stored.etat.is_pending() {
        let attempted = inbound.creations.take_up(id).await.map_err(text)?;
        if matches!(
            attempted,
            Some(Attempted::Deferred | Attempted::Withdrawn { .. })
        ) {
            return Err(put_off(store, id).await);
        }
        return told(attempted);
    }
    let submission = submission::read_stored(&stored).ok_or("its payload cannot be read")?;
    match inbound.receive(submission).await {
        Ok(Received::Created { uid, .. } | Received::Replayed { uid, .. }) => {
            Ok(format!("created as {uid}"))
        }
        Ok(Received::SetAside { motif, .. }) => Ok(format!("kept, not forwarded: {motif}")),
        Ok(Received::Deferred { .. }) => Err(put_off(store, id).await),
        Err(InboundError::Refused { faults, .. }) => Err(fault::joined(&faults)),
        Err(error) => Err(error.to_string()),
    }
}

const DEFERRED: &str = "the CRM is unavailable; the daemon will create it";

/// Why it was postponed, if that is recorded.
async fn put_off(store: &dyn Store, id: &SignalementId) -> String {
    let found = store.find_signalement(id.as_str()).await;
    match found.ok().flatten().and_then(|it| it.motif) {
        Some(motif) => format!("{motif}; the daemon will retry"),
        None => DEFERRED.to_owned(),
    }
}

/// The outcome of a pending creation, worded for the operator.
fn told(attempted: Option<Attempted>) -> Result<String, String> {
    match attempted {
        None => Err("another process is working on it".to_owned()),
        Some(Attempted::Created { uid, .. }) => Ok(format!("created as {}", uid.as_str())),
        Some(Attempted::Deferred | Attempted::Withdrawn { .. }) => Err(DEFERRED.to_owned()),
        Some(Attempted::InDoubt) => {
            Err("it is not known yet whether the CRM has it; the daemon will find out".to_owned())
        }
        Some(Attempted::Stopped { motif } | Attempted::Refused { motif, .. }) => {
            Err(motif.to_string())
        }
        Some(Attempted::Broken { reason }) => Err(reason),
    }
}
