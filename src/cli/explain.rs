//! `passerelle explain`: a decision, step by step, in French.

use std::io;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use chrono::SecondsFormat;
use clap::Args;
use serde_json::Value;

use crate::adapters::http::submission;
use crate::cli::{Format, edited, existing_store};
use crate::domain::ports::Client;
use crate::rules::decide::{self, Decision, Undecided};
use crate::rules::foresee;
use crate::rules::trace::{Place, Trace};
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A signalement as SoWell sends it: what would the rules on the disk decide? Writes nothing
    #[arg(required_unless_present = "uid", value_name = "FILE.json")]
    file: Option<PathBuf>,
    /// A past decision: the UID of its demande, or the id of its signalement
    #[arg(long, conflicts_with = "file")]
    uid: Option<String>,
}

impl Explain {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        match (self.file, self.uid) {
            (Some(file), _) => foresee(settings, &file),
            (None, Some(uid)) => recall(settings, &uid).await,
            (None, None) => bail!("nommez un fichier, ou --uid"),
        }
    }
}

/// What the rules on the disk would decide.
fn foresee(settings: &Settings, file: &PathBuf) -> anyhow::Result<()> {
    let body = std::fs::read(file)
        .map_err(|error| anyhow!("{} : {}", file.display(), in_french(&error)))?;
    // Notepad begins a file with it; SoWell does not.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body).to_vec();
    let generation = edited::generation(settings, None, Format::Table)?;
    let submission = submission::read(Client::Sowell, None, body.into(), &settings.live.limits);
    let submission = submission.map_err(anyhow::Error::msg)?;
    let Some(content) = submission.content else {
        let mut faults = submission.faults;
        faults.extend(decide::unknown_codes(&generation, &submission.codes));
        for fault in &faults {
            println!("{} : {}", fault.pointer, fault.detail);
        }
        bail!("SoWell recevrait un refus (422)");
    };
    let signalement = content.signalement;
    let mut trace = Trace::default();
    let foreseen = foresee::signalement(&generation, &signalement, &mut trace);
    let outcome = match &foreseen.decision {
        Ok(Decision::Transmettre(_)) => "Le signalement est transmis au CRM.".to_owned(),
        Ok(Decision::Ecarter { motif }) => {
            format!("Le signalement est conservé, sans être transmis : {motif}.")
        }
        Err(Undecided::UnknownCodes(_)) => {
            "Aucune décision : SoWell recevrait un refus (422).".to_owned()
        }
        Err(error) => format!("Aucune décision : {error}."),
    };
    println!("Version {}\n", generation.version);
    print(&trace.encode())?;
    println!("{outcome}");
    for error in foreseen.unwritten() {
        println!("Un e-mail ne pourrait pas être écrit : {error}.");
    }
    if foreseen.decision.is_err() {
        bail!("aucune décision");
    }
    Ok(())
}

/// Why a file cannot be read.
fn in_french(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "ce fichier est introuvable".into(),
        io::ErrorKind::PermissionDenied => "accès refusé".into(),
        io::ErrorKind::IsADirectory => "c'est un dossier, et non un fichier".into(),
        _ => format!("ce fichier ne se lit pas ({error})"),
    }
}

/// What was decided then, by the version of then.
async fn recall(settings: &Settings, uid: &str) -> anyhow::Result<()> {
    let store = existing_store(settings).await?;
    let traces = store.find_traces(uid).await?;
    if traces.is_empty() {
        bail!("aucun signalement n'a cet id ou cet uid");
    }
    for it in traces {
        let at = it.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        println!("{}, le {at}, version {}\n", it.subject, it.version);
        match &it.trace {
            Some(trace) => print(trace)?,
            None => println!("La trace a été effacée.\n"),
        }
    }
    Ok(())
}

fn print(trace: &str) -> anyhow::Result<()> {
    let trace: Value = serde_json::from_str(trace).context("the trace cannot be read")?;
    let steps = trace["etapes"].as_array().cloned().unwrap_or_default();
    for (number, step) in (1..).zip(&steps) {
        let text = |key: &str| step[key].as_str().unwrap_or_default().to_owned();
        let outcome = match step["resultat"].as_str() {
            Some("applique") => "appliquée",
            Some("non_applique") => "ne s'applique pas",
            Some("non_evalue") => "pas regardée",
            _ => "erreur",
        };
        let line = step["ligne"].as_u64().unwrap_or(0);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let place = Place::line(text("fichier"), line);
        println!("{number:>2}. {} ({place}) : {outcome}", text("regle"));
        let seen = step["vu"].as_object().cloned().unwrap_or_default();
        for (name, value) in seen {
            println!("      {name} = {}", value.as_str().unwrap_or_default());
        }
        println!("      → {}", text("effet"));
    }
    if trace["tronquee"] == true {
        println!("    … la suite n'a pas été conservée");
    }
    println!();
    Ok(())
}
