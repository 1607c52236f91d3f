//! The command line: one file per verb.
//!
//! Every verb works on the database and the files, with or without a running daemon.

// First, because the others use its macros.
#[macro_use]
mod output;

mod archive;
mod backup;
mod check;
mod completions;
mod connector;
mod copy;
mod coverage;
mod deliveries;
mod edited;
mod explain;
mod impact;
mod init;
mod migrate;
mod purge;
mod report;
mod restore;
mod rules;
mod serve;
mod signalements;
mod tokens;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use indicatif::{ProgressBar, ProgressStyle};
use strum::VariantNames;

use crate::app::open_store_as_it_is;
use crate::domain::ports::Store;
use crate::settings::{CONFIG, Database, Settings, SettingsError};

/// Connects SoWell to the landlord's CRM. Without a verb, runs the daemon.
#[derive(Debug, Parser)]
#[command(name = "passerelle", version)]
pub struct Cli {
    /// The settings file [default: passerelle.yaml, if there is one]
    // Not a path for clap, which would reject an empty variable.
    #[arg(long, global = true, env = CONFIG, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<OsString>,

    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the daemon (the default)
    Serve,
    /// Write the rules, sample reference data and a settings file into a folder
    Init(init::Init),
    /// Validate the rules and run their cases
    Check(check::Check),
    /// Explain a decision step by step, in French
    Explain(explain::Explain),
    /// Decide every possible combination, and list what fails
    Coverage(coverage::Coverage),
    /// Decide past signalements and statuses again with edited rules, and show what would change
    Impact(impact::Impact),
    /// List, show, compare and roll back accepted versions of the rules
    #[command(subcommand)]
    Rules(rules::Rules),
    /// List, retry and adopt signalements that did not become a demande
    #[command(subcommand)]
    Signalements(signalements::Signalements),
    /// List, show and resend what is sent to SoWell, tenants and the CRM
    #[command(subcommand)]
    Deliveries(deliveries::Deliveries),
    /// Move everything from SQLite into an empty PostgreSQL database
    Copy(copy::Copy),
    /// Update the tables of the database
    Migrate(migrate::Migrate),
    /// Delete now what the retention settings no longer keep
    Purge(purge::Purge),
    /// Copy the database and its photos into a folder, while the daemon runs or not
    Backup(backup::Backup),
    /// Restore what `backup` wrote; the daemon must not be running
    Restore(restore::Restore),
    /// Test and record the files that describe the APIs of the CRM and of SoWell
    #[command(subcommand)]
    Connector(connector::ConnectorVerb),
    /// Replace the clients' tokens
    #[command(subcommand)]
    Tokens(tokens::Tokens),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

impl Verb {
    /// Whether it only prints, so that it may end as soon as its output is no longer read.
    fn only_prints(&self) -> bool {
        use deliveries::Deliveries;
        use rules::Rules;
        use signalements::Signalements;
        match self {
            Self::Serve
            | Self::Init(_)
            | Self::Copy(_)
            | Self::Migrate(_)
            | Self::Purge(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Connector(_)
            | Self::Tokens(_) => false,
            Self::Check(_)
            | Self::Explain(_)
            | Self::Coverage(_)
            | Self::Impact(_)
            | Self::Completions(_) => true,
            Self::Rules(verb) => !matches!(verb, Rules::Rollback { .. }),
            Self::Signalements(verb) => !matches!(
                verb,
                Signalements::Retry { .. } | Signalements::Adopt { .. }
            ),
            Self::Deliveries(verb) => !matches!(verb, Deliveries::Retry { .. }),
        }
    }
}

/// Output format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading on a terminal.
    Table,
    /// For other programs.
    Json,
}

// How much of a list to print, and how. Not a doc comment, which would be part of the help.
#[derive(Debug, Args)]
struct Listing {
    /// Maximum number to list
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Listing {
    /// Whether the list may be truncated, so that nobody mistakes the first page for the whole. `rules` prints this
    /// in French because the landlord's staff use it.
    fn may_go_on(&self, printed: usize) -> bool {
        u32::try_from(printed).is_ok_and(|printed| printed == self.limit)
    }

    /// Prints on stderr, for operators, that the list may be truncated.
    fn note_limit(&self, printed: usize) {
        if self.may_go_on(printed) {
            eprintln!("The newest {}; --limit N shows more.", self.limit);
        }
    }
}

impl Cli {
    /// Runs the verb; an error is printed on stderr, with exit code 1.
    #[must_use]
    pub fn run(self) -> ExitCode {
        if self.verb.as_ref().is_some_and(Verb::only_prints) {
            // A reader that stops early, such as `head`, is not an error. A verb that acts, however, must not
            // end halfway because a pipe was closed.
            sigpipe::reset();
        }
        let runtime = match tokio::runtime::Runtime::new() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("passerelle: {error}");
                return ExitCode::FAILURE;
            }
        };
        let outcome = runtime.block_on(self.dispatch());
        let outcome = outcome.and_then(|()| output::end().context("the output is incomplete"));
        // Everything that had to finish has finished; a hanging script or name look-up must not keep the
        // process alive.
        runtime.shutdown_background();
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("passerelle: {error:#}");
                ExitCode::FAILURE
            }
        }
    }

    async fn dispatch(self) -> anyhow::Result<()> {
        let config = named_file(self.config, std::env::var_os(CONFIG))?;
        let config = config.as_deref();
        let settings = || Settings::load(config, variables()?);
        let without_folders = || Settings::load_without_folders(config, variables()?);
        let of_rules = || -> anyhow::Result<_> {
            let (settings, note) = Settings::load_unless_secret(config, variables()?)?;
            let secrets = note.is_none().then(|| settings.secret_names());
            if let Some(note) = note {
                eprintln!("attention : {note}");
            }
            Ok((settings, secrets))
        };
        match self.verb.unwrap_or(Verb::Serve) {
            Verb::Serve => serve::run(settings()?).await,
            Verb::Init(verb) => verb.run(),
            Verb::Check(verb) => {
                let (settings, secrets) = of_rules()?;
                verb.run(&settings, secrets.as_ref()).await
            }
            Verb::Explain(verb) if verb.needs_rules_only() => verb.run(&of_rules()?.0).await,
            Verb::Coverage(verb) => verb.run(&of_rules()?.0),
            // These verbs do without missing folders, restore them, or report them in French.
            Verb::Explain(verb) => verb.run(&without_folders()?).await,
            Verb::Impact(verb) => verb.run(&without_folders()?).await,
            Verb::Rules(verb) => verb.run(&without_folders()?).await,
            Verb::Signalements(verb) => verb.run(&settings()?).await,
            Verb::Deliveries(verb) => verb.run(&settings()?).await,
            Verb::Copy(verb) => verb.run().await,
            Verb::Migrate(verb) => verb.run(&settings()?).await,
            Verb::Purge(verb) => verb.run(&settings()?).await,
            Verb::Backup(verb) => verb.run(&settings()?).await,
            Verb::Restore(verb) => verb.run(&settings()?).await,
            Verb::Connector(verb) => verb.run(&settings()?).await,
            Verb::Tokens(verb) => verb.run(&settings()?).await,
            Verb::Completions(verb) => {
                verb.run();
                Ok(())
            }
        }
    }
}

/// The settings file asked for. An empty variable names none, as if it were absent; an empty `--config` is a
/// mistake.
fn named_file(
    asked: Option<OsString>,
    variable: Option<OsString>,
) -> anyhow::Result<Option<PathBuf>> {
    match asked {
        Some(name) if name.is_empty() && variable.is_some_and(|it| it.is_empty()) => Ok(None),
        Some(name) if name.is_empty() => bail!("--config names no file"),
        asked => Ok(asked.map(PathBuf::from)),
    }
}

/// The environment variables that may be settings.
fn variables() -> Result<Vec<(String, String)>, SettingsError> {
    Settings::variables(std::env::vars_os())
}

/// Parses one of an enum's words; the error, the help and the completions list them all.
fn one_of<T>() -> impl TypedValueParser<Value = T>
where
    T: VariantNames + FromStr<Err = strum::ParseError> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(T::VARIANTS).try_map(|word| word.parse())
}

/// A progress bar for long work; shown only on a terminal.
fn progress(total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let look = "{bar:40} {percent:>3} %  {human_pos} / {human_len}  {eta} ";
    if let Ok(look) = ProgressStyle::with_template(look) {
        bar.set_style(look);
    }
    bar
}

/// Opens the store of a daemon that has run before: a verb that reads it must not create an empty one, and
/// leaves its tables unchanged.
async fn existing_store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    existing_database(settings)?;
    open_store_as_it_is(settings).await
}

/// Like [`existing_store`], for the verbs that the landlord's staff use: a database file that is missing or may not be
/// read is explained in French.
async fn existing_store_in_french(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    match missing_database(settings) {
        Some(Missing::NoPermission(place)) => bail!(
            "vos droits ne permettent pas de lire la base de données {place} : tapez cette commande sous le compte du \
             service"
        ),
        Some(Missing::NoFile(place)) => bail!(
            "il n'y a pas de base de données ici ({place}) : placez-vous dans le dossier qui contient passerelle.yaml, \
             ou nommez ce fichier avec --config ; si le service n'a jamais démarré, démarrez-le d'abord"
        ),
        None => open_store_as_it_is(settings).await,
    }
}

/// Explains what is wrong if the database file is missing.
fn existing_database(settings: &Settings) -> anyhow::Result<()> {
    match missing_database(settings) {
        Some(Missing::NoPermission(place)) => {
            bail!("no permission to read the database at {place}: run this as the daemon's user")
        }
        Some(Missing::NoFile(place)) => bail!(
            "there is no database at {place}; start the daemon first, or name its settings with --config"
        ),
        None => Ok(()),
    }
}

/// Why there is no database to read, with the path of its file.
enum Missing {
    NoPermission(String),
    NoFile(String),
}

/// Looks for the database file; a server is only known to be missing once it is called.
fn missing_database(settings: &Settings) -> Option<Missing> {
    let Database::Sqlite(path) = &settings.database else {
        return None;
    };
    let place = path.display().to_string();
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => None,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Some(Missing::NoPermission(place))
        }
        _ => Some(Missing::NoFile(place)),
    }
}

/// Informs an operator of what we are waiting for.
fn waiting(what: &str) {
    eprintln!("passerelle: {what}");
}
