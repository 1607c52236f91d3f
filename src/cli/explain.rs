//! `passerelle explain`: a decision, step by step, in French.

use std::path::PathBuf;

use anyhow::{Context, bail};
use chrono::SecondsFormat;
use clap::Args;
use serde_json::Value;

use crate::adapters::http::submission;
use crate::cli::edited::Edited;
use crate::cli::existing_store;
use crate::cli::report::render;
use crate::domain::demande::Uid;
use crate::domain::ports::{Client, FileSet};
use crate::rules::compile::{Known, compile};
use crate::rules::decide::{self, Decision, Occasion};
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
            (None, None) => bail!("name a file, or --uid"),
        }
    }
}

/// What the rules on the disk would decide.
fn foresee(settings: &Settings, file: &PathBuf) -> anyhow::Result<()> {
    let body = std::fs::read(file).with_context(|| format!("{}", file.display()))?;
    let Edited { rules, exports } = Edited::read(settings, None)?;
    let (generation, diagnostics) = compile(&rules, &exports, Known::default());
    let Some(generation) = generation else {
        let files: FileSet = rules.into_iter().chain(exports).collect();
        for diagnostic in &diagnostics {
            eprintln!("{}\n", render(diagnostic, &files));
        }
        bail!("the rules are refused");
    };
    let submission = submission::read(Client::Sowell, None, &body, &settings.live.limits);
    let submission = submission.map_err(anyhow::Error::msg)?;
    let Some(content) = submission.content else {
        let mut faults = submission.faults;
        faults.extend(decide::unknown_codes(&generation, &submission.codes));
        for fault in &faults {
            println!("{} : {}", fault.pointer, fault.detail);
        }
        bail!("SoWell would be answered 422");
    };
    let signalement = content.signalement;
    let (decision, mut trace) = decide::signalement(&generation, &signalement);
    let uid = Uid::new("(à venir)".into());
    let occasion = match &decision {
        Ok(Decision::Transmettre(demande)) => Some(Occasion::Transmis { uid: &uid, demande }),
        Ok(Decision::Ecarter { motif }) => Some(Occasion::Ecarte { motif }),
        Err(_) => None,
    };
    if let Some(occasion) = occasion {
        // What fails here is a step of the trace, and stands in the way of nothing else.
        let _ = decide::accuses(&generation, &signalement, occasion, &mut trace);
    }
    let outcome = match &decision {
        Ok(Decision::Transmettre(_)) => "Le signalement est transmis au CRM.".to_owned(),
        Ok(Decision::Ecarter { motif }) => {
            format!("Le signalement est conservé, sans être transmis : {motif}.")
        }
        Err(error) => format!("Aucune décision : {error}."),
    };
    println!("Version {}\n", generation.version);
    print(&trace.encode())?;
    println!("{outcome}");
    if decision.is_err() {
        bail!("no decision");
    }
    Ok(())
}

/// What was decided then, by the version of then.
async fn recall(settings: &Settings, uid: &str) -> anyhow::Result<()> {
    let store = existing_store(settings).await?;
    let traces = store.find_traces(uid).await?;
    if traces.is_empty() {
        bail!("no signalement has this id or uid");
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
        let place = match step["ligne"].as_u64() {
            None | Some(0) => text("fichier"),
            Some(line) => format!("{}, ligne {line}", text("fichier")),
        };
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
