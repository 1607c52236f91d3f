//! `passerelle coverage`: decides every possible combination with the rules on disk.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use crate::cli::{Format, edited, progress};
use crate::rules::coverage::{self, Combinations, Gap};
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Coverage {
    /// A folder of rules, or one created by `init` [default: rules_dir of the settings]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Coverage {
    /// Decides every combination; returns an error if one fails.
    pub(super) fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let generation = edited::generation(settings, self.folder.as_deref(), self.format)?;
        let called = settings.secret_names().called;
        let generation = coverage::with_managers_of_the_crm(&generation, &called);
        let combinations = Combinations::of(&generation).where_called(&called);
        let bar = progress(combinations.count());
        let found = combinations.decide(&|decided| bar.inc(decided));
        bar.finish_and_clear();
        match self.format {
            Format::Json => println!("{}", to_json(&found)),
            Format::Table => print(&found),
        }
        if !found.holes.is_empty() {
            bail!("trous à combler : {}", found.holes.len());
        }
        Ok(())
    }
}

fn print(found: &coverage::Coverage) {
    for (title, gaps) in [("Trous", &found.holes), ("Remarques", &found.remarks)] {
        if gaps.is_empty() {
            continue;
        }
        println!("{title} :");
        for gap in gaps {
            println!("  - {}", gap.sentence());
            println!("    {} ; combinaisons : {}", gap.place, gap.combinations);
        }
        println!();
    }
    let decisions = found.decisions;
    match found.holes.len() {
        0 => println!("{decisions} décisions, aucun trou."),
        1 => println!("{decisions} décisions, 1 trou."),
        holes => println!("{decisions} décisions, {holes} trous."),
    }
    for sentence in &found.untried {
        println!("{sentence}");
    }
}

fn to_json(found: &coverage::Coverage) -> Value {
    let all = |gaps: &[Gap]| gaps.iter().map(gap_to_json).collect::<Vec<_>>();
    json!({
        "decisions": found.decisions,
        "trous": all(&found.holes),
        "remarques": all(&found.remarks),
        "non_essaye": found.untried,
    })
}

fn gap_to_json(gap: &Gap) -> Value {
    json!({
        "fichier": gap.place.file,
        "ligne": (gap.place.line > 0).then_some(gap.place.line),
        "message": gap.sentence(),
        "cause": gap.cause,
        "combinaisons": gap.combinations,
        "residences": gap.residences,
        "qualifications": gap.qualifications,
        "statuts": gap.statuts,
        "conditions": gap.only_when,
        "exceptions": gap.except_when,
    })
}
