//! `passerelle explain`: a decision, step by step, and what became of its deliveries, in French.

mod foreseen;
mod sent;
mod unread;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::adapters::explanation::recall::{Recalled, recall};
use crate::adapters::explanation::{Steps, printable};
use crate::adapters::http::Problem;
use crate::adapters::http::body::check_size;
use crate::adapters::submission;
use crate::cli::output::time;
use crate::cli::{Format, edited, existing_store_in_french};
use crate::domain::fault::Fault;
use crate::domain::ports::{Client, StoredTrace};
use crate::rules::compile::Generation;
use crate::rules::foresee;
use crate::rules::source::document;
use crate::rules::trace::Trace;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A signalement as SoWell sends it: what would the rules on disk decide? Writes nothing
    #[arg(required_unless_present = "uid", value_name = "FILE.json")]
    file: Option<PathBuf>,
    /// A past decision: the UID of its demande, or the id of its signalement
    #[arg(long, conflicts_with = "file")]
    uid: Option<String>,
    /// Output format. As JSON, for a file: its `issue`, `motif`, `etapes`, `courriels` and `avertissements`, or
    /// the `statut`, `motif` and `fautes` of its refusal; with --uid: the `decisions`, each with its `etapes`,
    /// and the `livraisons`, each with its `contenu`, `pour` (recipient), `etat` and `raison`
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Explain {
    /// Whether it uses the rules on disk rather than what is stored.
    pub(super) fn needs_rules_only(&self) -> bool {
        self.uid.is_none()
    }

    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        match (self.file, self.uid) {
            (Some(file), _) => foresee(settings, &file, self.format),
            (None, Some(uid)) => explain_past(settings, &uid, self.format).await,
            (None, None) => bail!("nommez un fichier, ou --uid"),
        }
    }
}

/// Shows what the rules on disk would decide.
fn foresee(settings: &Settings, file: &PathBuf, format: Format) -> anyhow::Result<()> {
    let body = std::fs::read(file)
        .map_err(|error| anyhow!("{} : {}", file.display(), unread_file(file, &error)))?;
    let generation = edited::generation(settings, None, format)?;
    let limits = &settings.live.limits;
    if let Err(problem) = check_size(limits.body, body.len()) {
        let told = unread::too_large(limits.body);
        return refuse(&generation, &problem, &told, format);
    }
    let document = document(&body);
    let submission = match submission::read(Client::Sowell, None, body.into(), limits) {
        Ok(submission) => submission,
        Err(why) => {
            let told = document.unwrap_or_else(|| unread::told(&why));
            return refuse(&generation, &Problem::malformed(why), &told, format);
        }
    };
    let Some(content) = submission.content else {
        let faults = submission.all_faults(&generation);
        let told: Vec<String> = faults.iter().map(told_of_fault).collect();
        return refuse(
            &generation,
            &Problem::faults(faults),
            &told.join("\n"),
            format,
        );
    };
    let remarks = submission.avertissements;
    let mut trace = Trace::default();
    let seen = foresee::signalement(&generation, &content.signalement, &mut trace);
    let trace = read(&trace.encode())?;
    if format == Format::Json {
        let told = foreseen::to_json(&generation, &seen, &trace, &remarks);
        println!("{told}");
    } else {
        println!("Version {}\n", generation.version);
        print(&trace);
        foreseen::print(&seen, &remarks);
    }
    if seen.decision.is_err() {
        bail!("aucune décision");
    }
    Ok(())
}

/// Prints the answer that SoWell would get for an invalid request as JSON, or what is wrong with the file as text.
fn refuse(
    generation: &Generation,
    problem: &Problem,
    told: &str,
    format: Format,
) -> anyhow::Result<()> {
    if format == Format::Json {
        println!("{}", foreseen::refused(generation, problem));
    } else {
        println!("{told}");
    }
    bail!("SoWell recevrait un refus ({})", problem.status());
}

fn told_of_fault(fault: &Fault) -> String {
    format!("{} : {}", fault.pointer, printable(Some(&fault.detail)))
}

/// Why a file cannot be read; the reference of a demande may have been given as one.
fn unread_file(file: &Path, error: &io::Error) -> String {
    let why = in_french(error);
    let name = file.display();
    let is_reference = file.extension().is_none() && file.components().count() == 1;
    if error.kind() == io::ErrorKind::NotFound && is_reference {
        return format!(
            "{why} ; pour une demande qui existe, tapez « passerelle explain --uid {name} »"
        );
    }
    why
}

/// Why a file cannot be read, in French.
fn in_french(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "ce fichier est introuvable".into(),
        io::ErrorKind::PermissionDenied => "accès refusé".into(),
        io::ErrorKind::IsADirectory => "c'est un dossier, et non un fichier".into(),
        _ => format!("ce fichier est illisible ({error})"),
    }
}

/// Shows past decisions, as made by the version then in force.
async fn explain_past(settings: &Settings, uid: &str, format: Format) -> anyhow::Result<()> {
    let store = existing_store_in_french(settings).await?;
    let Some(recalled) = recall(store.as_ref(), uid).await? else {
        bail!("aucun signalement n'a cet id ou cet uid");
    };
    let Recalled {
        decisions: traces,
        sent,
        ..
    } = recalled;
    if format == Format::Json {
        let decisions = traces.iter().map(decision_to_json);
        let sent = sent.iter().flatten();
        println!(
            "{}",
            json!({
                "decisions": decisions.collect::<anyhow::Result<Vec<_>>>()?,
                "livraisons": sent.map(sent::to_json).collect::<Vec<_>>(),
            })
        );
        return Ok(());
    }
    for it in traces {
        println!(
            "{}, le {}, version {}\n",
            it.subject,
            time(it.at),
            it.version
        );
        match &it.trace {
            Some(trace) => print(&read(trace)?),
            None => println!("La trace a été effacée.\n"),
        }
    }
    if let Some(sent) = sent {
        sent::print(&sent);
    }
    Ok(())
}

fn decision_to_json(it: &StoredTrace) -> anyhow::Result<Value> {
    let trace = it.trace.as_deref().map(read).transpose()?;
    Ok(json!({
        "sujet": it.subject,
        "le": time(it.at),
        "version": it.version,
        "etapes": trace.as_ref().map(|it| &it["etapes"]),
        "tronquee": trace.as_ref().map(|it| it["tronquee"] == true),
    }))
}

fn read(trace: &str) -> anyhow::Result<Value> {
    serde_json::from_str(trace).context("the trace cannot be read")
}

fn print(trace: &Value) {
    println!("{}", Steps::of(trace));
}
