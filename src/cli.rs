//! The command line: one file a verb.
//!
//! Every verb works on the database and the files, beside a running daemon or without one.

// First, for its macros.
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
use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use indicatif::{ProgressBar, ProgressStyle};
use strum::VariantNames;

use crate::app::open_store_as_it_is;
use crate::domain::ports::Store;
use crate::settings::{CONFIG, Database, Settings, SettingsError};

/// Joins SoWell to the landlord's CRM. Without a verb it serves.
#[derive(Debug, Parser)]
#[command(name = "passerelle", version)]
pub struct Cli {
    /// The settings file [default: passerelle.yaml, if there is one]
    // Not a path to clap, which would refuse an empty variable.
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
    /// Tell a decision step by step, in French
    Explain(explain::Explain),
    /// Decide every combination that can come, and list what fails
    Coverage(coverage::Coverage),
    /// Decide the past again by edited rules, and show what would change
    Impact(impact::Impact),
    /// Accepted versions of the rules
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Signalements that did not become a demande
    #[command(subcommand)]
    Signalements(signalements::Signalements),
    /// What SoWell and tenants are to be told
    #[command(subcommand)]
    Deliveries(deliveries::Deliveries),
    /// Move everything from SQLite into an empty PostgreSQL database
    Copy(copy::Copy),
    /// Bring the database's tables up to date
    Migrate(migrate::Migrate),
    /// Delete now what the retention settings no longer keep
    Purge(purge::Purge),
    /// Copy the database and the photos it names into a folder, beside traffic
    Backup(backup::Backup),
    /// Start anew from what `backup` wrote; the daemon must not run
    Restore(restore::Restore),
    /// The files that describe the APIs of the CRM and of SoWell
    #[command(subcommand)]
    Connector(connector::ConnectorVerb),
    /// The clients' tokens
    #[command(subcommand)]
    Tokens(tokens::Tokens),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

impl Verb {
    /// Whether all it does is print, so that it may end as soon as nobody reads on.
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

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Cli {
    /// Runs the verb; an error goes to stderr and gives exit code 1.
    #[must_use]
    pub fn run(self) -> ExitCode {
        if self.verb.as_ref().is_some_and(Verb::only_prints) {
            // A reader that has seen enough, such as `head`, is no fault. Whatever acts, though, must
            // not end in the middle because a connection broke.
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
        let outcome = outcome.and_then(|()| output::end().context("the output is not whole"));
        // Whatever had to end has ended; a script or a look-up of a name that hangs must not keep
        // the process.
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
                verb.run(&settings, secrets.as_ref())
            }
            Verb::Explain(verb) if verb.needs_rules_only() => verb.run(&of_rules()?.0).await,
            Verb::Explain(verb) => verb.run(&settings()?).await,
            Verb::Coverage(verb) => verb.run(&of_rules()?.0),
            Verb::Impact(verb) => verb.run(&settings()?).await,
            Verb::Rules(verb) => {
                // What is missing is what they are there for.
                let settings = Settings::load_without_folders(config, variables()?)?;
                verb.run(&settings).await
            }
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

/// The settings file that is asked for. An empty variable names none, as if it was absent; an empty `--config` is a slip.
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

/// The environment of this process, as far as it may set something.
fn variables() -> Result<Vec<(String, String)>, SettingsError> {
    Settings::variables(std::env::vars_os())
}

/// Whether a list may go on: nobody is to take its first page for all there is. `rules` says so in French, as all that it
/// says: the landlord's staff use it.
fn may_go_on(printed: usize, limit: u32) -> bool {
    u32::try_from(printed).is_ok_and(|printed| printed == limit)
}

/// Says so to operators.
fn note_limit(printed: usize, limit: u32) {
    if may_go_on(printed, limit) {
        eprintln!("The newest {limit}; --limit N shows more.");
    }
}

/// Reads one of an enum's words; the error names them all, and so do the help and the completions.
fn one_of<T>() -> impl TypedValueParser<Value = T>
where
    T: VariantNames + FromStr<Err = strum::ParseError> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(T::VARIANTS).try_map(|word| word.parse())
}

/// A bar for work that takes its time; on a terminal only.
fn progress(total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let look = "{bar:40} {percent:>3} %  {human_pos} / {human_len}  {eta} ";
    if let Ok(look) = ProgressStyle::with_template(look) {
        bar.set_style(look);
    }
    bar
}

/// The store of a daemon that has run before: a verb that looks at it makes no empty one, and leaves its tables as they
/// are.
async fn existing_store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    existing_database(settings)?;
    open_store_as_it_is(settings).await
}

/// Says what is wrong where the file of the database is not there.
fn existing_database(settings: &Settings) -> anyhow::Result<()> {
    if let Database::Sqlite(path) = &settings.database {
        let place = path.display();
        match std::fs::metadata(path) {
            Ok(found) if found.is_file() => {}
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                bail!("the database at {place} is not ours to read: run this as the daemon's user")
            }
            _ => bail!(
                "there is no database at {place}; start the daemon first, or name its settings with --config"
            ),
        }
    }
    Ok(())
}

/// Tells an operator what is waited for.
fn waiting(what: &str) {
    eprintln!("passerelle: {what}");
}
