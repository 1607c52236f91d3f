//! `passerelle impact`: what an edit would have changed for everything received so far.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde_json::{Value, json};

use crate::adapters::submission;
use crate::cli::report::print_json;
use crate::cli::{Format, edited, existing_store_in_french, progress};
use crate::flows::impact::Assessment;
use crate::flows::reload::{self, BootError};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::impact::{self, Aspect, AspectImpact, Count, Difference, Edit};
use crate::settings::Settings;

/// Number of differences shown for each aspect; `--format json` has all.
const SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(super) struct Impact {
    /// The edited rules: a folder of rules, or one created by `init`
    #[arg(long, value_name = "DIR")]
    rules: PathBuf,
    /// Only what was received within this time, such as 30d
    #[arg(long, value_name = "DURATION", value_parser = so_long_ago)]
    since: Option<Duration>,
    /// Maximum number of signalements and of status events, newest first
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// How to print what would change
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Impact {
    /// Decides the past with the rules in force and with the edited ones, and shows the differences.
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let after = edited::generation(settings, Some(&self.rules), self.format)?;
        let store = existing_store_in_french(settings).await?;
        let before = reload::last_accepted(store.as_ref()).await;
        let before = before.map_err(|error| nothing_before(error, self.format))?;
        let since = self.since.map(before_now).transpose()?;
        let most = self.limit.unwrap_or(u64::MAX);
        let (signalements, events) = store.count_past(since).await?;
        let bar = progress(signalements.min(most) + events.min(most));
        let versions = (before.version.clone(), after.version.clone());
        let assessment = Assessment {
            store,
            read_stored: submission::stored_signalement,
            edit: Edit::new(Arc::new(before), Arc::new(after)),
            since,
            limit: self.limit,
        };
        let signalements = assessment.signalements(|count| bar.inc(count)).await?;
        let events = assessment.events(|count| bar.inc(count)).await?;
        bar.finish_and_clear();
        match self.format {
            Format::Json => println!("{}", report(&versions, &signalements, &events)),
            Format::Table => {
                println!(
                    "Version {} comparée à {}, en vigueur.\n",
                    versions.1, versions.0
                );
                print(["signalement", "signalements"], &signalements);
                print(["changement de statut", "changements de statut"], &events);
            }
        }
        Ok(())
    }
}

/// Why there is nothing to compare with, in French; as JSON, also on stdout, as by `check`.
fn nothing_before(error: BootError, format: Format) -> anyhow::Error {
    let (why, diagnostics) = match error {
        BootError::NoneAccepted => {
            let why = "aucune version des règles n'a encore été acceptée ici : démarrez d'abord le service";
            (why, vec![Diagnostic::file(code::NOT_READ, "", why)])
        }
        BootError::Refused(diagnostics) | BootError::LastRefused { diagnostics, .. } => {
            let why = "la version en vigueur ne peut plus être relue";
            (why, diagnostics)
        }
        BootError::Store(error) => return error.into(),
    };
    match format {
        Format::Json => print_json(None, &diagnostics),
        Format::Table => {
            let more = diagnostics.iter().filter(|it| it.message != why);
            more.for_each(|it| eprintln!("{it}\n"));
        }
    }
    anyhow!(why)
}

/// How long ago something was received, as it is typed.
fn so_long_ago(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| {
        "une durée est un nombre et son unité, par exemple 30d (30 jours), 2w (2 semaines) ou 12h (12 heures)".into()
    })
}

fn before_now(since: Duration) -> anyhow::Result<DateTime<Utc>> {
    let since = TimeDelta::from_std(since).ok();
    since
        .and_then(|it| Utc::now().checked_sub_signed(it))
        .context("--since : cette durée remonte trop loin pour le calendrier")
}

/// Prints one kind of input; `kind` is its name, singular and plural.
fn print(kind: [&str; 2], found: &impact::Impact) {
    let (changed, examined) = (found.changed, found.examined);
    let kind = kind[usize::from(examined > 1)];
    let treated = if changed < 2 {
        "serait traité"
    } else {
        "seraient traités"
    };
    println!("{changed} sur {examined} {kind} {treated} autrement.");
    for (aspect, found) in &found.aspects {
        let verb = aspect.verb(found.count);
        println!("  {} sur {examined} {verb} :", found.count);
        let changes = by_count(found);
        for (change, counted) in changes.iter().take(SHOWN) {
            let examples = counted.examples.join(", ");
            println!(
                "    {:>6}  {} (par exemple {examples})",
                counted.count,
                said(change)
            );
        }
        match changes.len().saturating_sub(SHOWN) {
            0 => {}
            1 => println!("            … et 1 autre différence"),
            more => println!("            … et {more} autres différences"),
        }
    }
    println!();
}

fn said(change: &Difference) -> String {
    match (change.from.as_str(), change.to.as_str()) {
        ("", "") => "texte différent".to_owned(),
        // The reason why an e-mail cannot be written.
        (why, "") | ("", why) => why.to_owned(),
        (from, to) => format!("{from} → {to}"),
    }
}

fn by_count(found: &AspectImpact) -> Vec<(&Difference, &Count)> {
    let mut changes: Vec<_> = found.changes.iter().collect();
    changes.sort_by_key(|(_, counted)| std::cmp::Reverse(counted.count));
    changes
}

fn report(
    versions: &(String, String),
    signalements: &impact::Impact,
    events: &impact::Impact,
) -> Value {
    json!({
        "en_vigueur": versions.0,
        "version": versions.1,
        "signalements": to_json(signalements),
        "statuts": to_json(events),
    })
}

fn to_json(found: &impact::Impact) -> Value {
    let aspects = found
        .aspects
        .iter()
        .map(|(aspect, it)| aspect_to_json(*aspect, it));
    json!({
        "examines": found.examined,
        "changes": found.changed,
        "differences": aspects.collect::<Vec<_>>(),
    })
}

fn aspect_to_json(aspect: Aspect, found: &AspectImpact) -> Value {
    let said = |text: &String| (!text.is_empty()).then(|| text.clone());
    let changes = by_count(found).into_iter().map(|(change, counted)| {
        json!({
            "de": said(&change.from),
            "vers": said(&change.to),
            "nombre": counted.count,
            "exemples": counted.examples,
        })
    });
    json!({
        "quoi": aspect.as_str(),
        "nombre": found.count,
        "changements": changes.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("hier")]
    #[case("30j")]
    #[case("30")]
    #[case("2026-01-01")]
    #[case("")]
    fn what_is_no_duration_is_told_how_one_is_typed(#[case] text: &str) {
        let told = so_long_ago(text).unwrap_err();
        let examples = [("30d", 30 * 24), ("2w", 14 * 24), ("12h", 12)];
        for (example, hours) in examples {
            assert!(told.contains(example), "{told}");
            assert_eq!(so_long_ago(example), Ok(Duration::from_hours(hours)));
        }
    }
}
