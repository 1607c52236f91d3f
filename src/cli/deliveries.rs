//! `passerelle deliveries list|show|retry`: the outbox, for operators.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::{ArgGroup, Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::json;
use strum::IntoEnumIterator;

use crate::adapters::clock::SystemClock;
use crate::adapters::explanation::printable;
use crate::cli::output::time;
use crate::cli::{Format, Listing, existing_store, one_of};
use crate::domain::livraison::{
    Attempt, Content, Destination, LivraisonEtat, LivraisonSummary, LivraisonView,
};
use crate::domain::ports::{Clock, IfOvertaken, RetryOutcome, Store};
use crate::flows::delivery::resend;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Deliveries {
    /// List deliveries, newest first
    List {
        /// Only those in this state
        #[arg(long, value_parser = one_of::<LivraisonEtat>())]
        state: Option<LivraisonEtat>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show a delivery with all its attempts
    Show {
        /// Its identifier, from `list`
        id: String,
    },
    /// Requeue dead letters
    Retry(Retry),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["ids", "all"]))]
pub(super) struct Retry {
    /// Identifiers from `list`
    ids: Vec<String>,
    /// Also send one that a later status has overtaken
    #[arg(long, conflicts_with = "all")]
    force: bool,
    /// Every dead letter: the oldest alone as a trial, the others once it has arrived; up to three are tried
    #[arg(long)]
    all: bool,
    /// With --all: only those for this destination
    // `requires` alone is not checked beside an argument that conflicts with `--all`.
    #[arg(long, requires = "all", conflicts_with = "ids", value_parser = one_of::<Destination>())]
    destination: Option<Destination>,
    /// With --all: how long to wait for the trial
    #[arg(long, requires = "all", conflicts_with = "ids", value_parser = wait, default_value = "60s")]
    wait: Duration,
}

/// How long a trial may take, as it is typed.
fn wait(text: &str) -> Result<Duration, String> {
    let wait = humantime::parse_duration(text);
    wait.map_err(|_| "a duration is a number and its unit, such as 90s or 5m".into())
}

impl Deliveries {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let store = existing_store(settings).await?;
        match self {
            Self::List { state, listing } => {
                let found = store.list_livraisons(state, listing.limit).await?;
                print(&found, listing.format);
                listing.note_limit(found.len());
                let waits = |it: &LivraisonSummary| {
                    it.destination == Destination::Sowell && it.etat == LivraisonEtat::EnAttente
                };
                tell_pauses(store.as_ref(), &found).await?;
                if settings.live.sowell.is_none() && found.iter().any(waits) {
                    eprintln!(
                        "Deliveries to SoWell wait: sowell.base_url is not set in these settings."
                    );
                }
                Ok(())
            }
            Self::Show { id } => {
                let found = store.find_livraison(&id).await?;
                show(&found.context("there is no such delivery")?);
                Ok(())
            }
            Self::Retry(wanted) if wanted.all => retry_all(store.as_ref(), &wanted).await,
            Self::Retry(wanted) => retry(store.as_ref(), &wanted.ids, wanted.force).await,
        }
    }
}

/// Prints why nothing is sent to a paused destination, if some of these deliveries are waiting for it.
async fn tell_pauses(store: &dyn Store, found: &[LivraisonSummary]) -> anyhow::Result<()> {
    for destination in Destination::iter() {
        let waits = |it: &LivraisonSummary| {
            it.destination == destination && it.etat == LivraisonEtat::EnAttente
        };
        if !found.iter().any(waits) {
            continue;
        }
        let pause = store.pause(destination).await?;
        if let Some(pause) = pause.filter(|it| it.until > SystemClock.now()) {
            eprintln!(
                "Deliveries to {} wait until {}: {}.",
                destination.as_str(),
                time(pause.until),
                printable(Some(&pause.reason))
            );
        }
    }
    Ok(())
}

/// Omits the texts: what tenants wrote does not belong on an operator's screen. The address is shown because it
/// may be why an e-mail is refused.
fn show(found: &LivraisonView) {
    let it = &found.summary;
    let content = match &found.content {
        Some(Content::Statut(push)) if push.statut.is_empty() => {
            format!("{}, not translated yet", push.statut_crm)
        }
        Some(Content::Statut(push)) => format!("{} ({})", push.statut, push.statut_crm),
        Some(Content::Uid(push)) => format!("uid {}", push.uid),
        Some(Content::Photo(push)) => push.fichier.nom.clone(),
        Some(Content::Courriel(courriel)) => {
            format!("e-mail {} to {}", courriel.modele, courriel.a)
        }
        None => "cannot be read".to_owned(),
    };
    println!("id           {}", it.id);
    println!("destination  {}", it.destination.as_str());
    println!("demande      {}", it.uid.as_deref().unwrap_or("-"));
    println!("content      {}", printable(Some(&content)));
    println!("state        {}", it.etat.as_str());
    println!("accepted     {}", time(it.created_at));
    if it.etat == LivraisonEtat::EnAttente {
        println!("due          {}", time(it.due_at));
    }
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_header(["ATTEMPT", "AT", "STATUS", "ERROR", "ANSWER"]);
    for (number, attempt) in (1..).zip(&found.attempts) {
        table.add_row(row(number, attempt));
    }
    println!("\n{table}");
}

fn row(number: u32, attempt: &Attempt) -> [String; 5] {
    let status = attempt.status.map(|status| status.to_string());
    [
        number.to_string(),
        time(attempt.at),
        status.unwrap_or_else(|| "-".to_owned()),
        printable(attempt.error.as_deref()),
        printable(attempt.excerpt.as_deref()),
    ]
}

fn print(found: &[LivraisonSummary], format: Format) {
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
            printable(it.last_error.as_deref()),
        ]);
    }
    println!("{table}");
}

async fn retry(store: &dyn Store, ids: &[String], force: bool) -> anyhow::Result<()> {
    let if_overtaken = if force {
        IfOvertaken::Send
    } else {
        IfOvertaken::Stay
    };
    let mut refused = 0;
    for id in ids {
        let reason = match store
            .retry_livraison(id, if_overtaken, SystemClock.now())
            .await?
        {
            RetryOutcome::Queued => {
                println!("{id}: will be sent again");
                continue;
            }
            RetryOutcome::Unknown => "there is no such delivery".to_owned(),
            RetryOutcome::Overtaken => {
                "a later status was sent first; --force sends it anyway".to_owned()
            }
            RetryOutcome::NotDead(LivraisonEtat::Retenue) => {
                "statuts.yaml does not translate its status, or its result, yet".to_owned()
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

async fn retry_all(store: &dyn Store, wanted: &Retry) -> anyhow::Result<()> {
    let mut stay = Vec::new();
    let all = Destination::iter();
    for destination in all.filter(|it| wanted.destination.is_none_or(|wanted| wanted == *it)) {
        let name = destination.as_str();
        let resent = resend::all(store, &SystemClock, destination, wanted.wait).await?;
        for (trial, failure) in &resent.failed {
            eprintln!("{name}: {trial}: {failure}");
        }
        match &resent.arrived {
            Some((trial, queued)) => {
                println!("{name}: {trial} arrived; {queued} more will be sent again");
            }
            None if resent.others_stay() => stay.push(name),
            None => println!("{name}: no dead letter"),
        }
    }
    if !stay.is_empty() {
        bail!(
            "the other dead letters for {} were left as they are",
            stay.join(", ")
        );
    }
    Ok(())
}
