//! `passerelle connector record`: turns a real exchange into a case, without secrets or possible personal data.

use anyhow::{Context, bail};
use clap::Args;

use crate::adapters::synced::write_new;
use crate::rules::case::record::{self, Exchange};
use crate::settings::{Folder, Settings};

use super::live::Live;
use super::{Asked, Described};

#[derive(Debug, Args)]
pub(in crate::cli) struct Record {
    #[command(flatten)]
    asked: Asked,
    /// The operation, as named in the file
    operation: String,
    /// Name of the case [default: the operation and its result]
    #[arg(long, value_name = "TEXT")]
    nom: Option<String>,
    /// Write it to cas/NAME.yaml in the folder of rules, which must not exist yet [default: print it]
    #[arg(long, value_name = "NAME")]
    into: Option<String>,
    /// Required confirmation to send it: what it creates is real
    #[arg(long, required = true)]
    live: bool,
}

impl Record {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let described = Described::read(settings, self.asked.partner)?;
        let connector = described.connector()?;
        let operation = described.operation(&self.operation)?;
        let live = Live::new(settings, &described, operation);
        let mut cases = Vec::new();
        for seen in live.record(&self.asked).await? {
            let Some(answer) = &seen.answer else { continue };
            let name = seen.operation.as_str();
            let nom = format!("{name} : réponse {}", answer.status);
            let case = record::record(
                connector,
                &Exchange {
                    nom: self.nom.as_deref().unwrap_or(&nom),
                    partner: described.partner,
                    operation: seen.operation,
                    step: seen.step,
                    values: &seen.values,
                    answer,
                },
            );
            cases.push(case.with_context(|| described.partner.file())?);
        }
        let text = record::file(&cases)?;
        match &self.into {
            None => print!("{text}"),
            Some(name) => keep(settings, name, &text)?,
        }
        eprintln!("Relisez-le : ce qu'il garde de la réponse ne doit nommer personne.");
        Ok(())
    }
}

fn keep(settings: &Settings, name: &str, text: &str) -> anyhow::Result<()> {
    let Folder::Disk(rules) = &settings.rules else {
        bail!("there is no folder of rules to write to; see `passerelle init`");
    };
    if name.is_empty() || name.contains(['/', '\\', '.']) {
        bail!("\"{name}\" is not a file name without extension");
    }
    let folder = rules.join("cas");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let path = folder.join(format!("{name}.yaml"));
    let name = path.display();
    if !write_new(&path, text.as_bytes()).with_context(|| name.to_string())? {
        bail!("{name} existe déjà : donnez un autre nom à --into");
    }
    eprintln!("{name}");
    Ok(())
}
