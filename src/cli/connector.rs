//! `passerelle connector test crm|sowell`: the exact requests of a connector's file for an example,
//! with the secrets masked; with `--live` they are sent and the answers explained, in French.

use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use crate::adapters::partner::{CallError, Exchange, PartnerHttp, Photos, access, scrub};
use crate::cli::edited::Edited;
use crate::flows::inbound::Rules;
use crate::rules::compile::{Generation, Known, compile};
use crate::rules::connector::{
    Access, Body, Connector, Meaning, Operation, PartContent, Partner, Request, Step, sample,
};
use crate::settings::{InForce, Settings};

/// What the sample's photo is made of, as [`sample`] describes it.
const PHOTO: &[u8] = b"abc";

#[derive(Debug, Subcommand)]
pub(super) enum ConnectorVerb {
    /// Show the requests for an example; with --live, send them
    Test(Test),
}

#[derive(Debug, Args)]
pub(super) struct Test {
    /// Whose API
    #[arg(value_enum)]
    partner: Which,
    /// Only this operation, as the file names it
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// Send the request of --operation and explain the answer: what it creates is real
    #[arg(long, requires = "operation")]
    live: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Crm,
    Sowell,
}

impl Which {
    fn partner(self) -> Partner {
        match self {
            Self::Crm => Partner::Crm,
            Self::Sowell => Partner::Sowell,
        }
    }
}

struct OnDisk(Arc<Generation>);

impl Rules for OnDisk {
    fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.0)
    }
}

impl ConnectorVerb {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let Self::Test(test) = self;
        test.run(settings).await
    }
}

impl Test {
    async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let partner = self.partner.partner();
        let Edited { rules, exports } = Edited::read(settings, None)?;
        let (generation, _) = compile(&rules, &exports, Known::default());
        let generation = generation.context("the rules are refused; see `passerelle check`")?;
        let connector = generation.rules.connectors.get(&partner);
        let connector = connector.with_context(|| format!("there is no {}", partner.file()))?;
        let access = access(partner, &settings.live)?;
        for name in connector.secrets() {
            if !access.secrets.contains_key(&name) {
                println!("attention : le secret « {name} » n'est pas dans les réglages");
            }
        }
        let operations = self.operations(connector, partner)?;
        if self.live {
            let generation = Arc::new(generation.clone());
            for operation in operations {
                send(settings, partner, Arc::clone(&generation), operation).await?;
            }
            return Ok(());
        }
        for operation in operations {
            println!("— {} —", operation.as_str());
            show_sample(connector, operation, &access);
        }
        Ok(())
    }

    fn operations(
        &self,
        connector: &Connector,
        partner: Partner,
    ) -> anyhow::Result<Vec<Operation>> {
        let described: Vec<Operation> = partner
            .operations()
            .filter(|it| connector.has(*it))
            .collect();
        let Some(name) = &self.operation else {
            return Ok(described);
        };
        let found = described.iter().find(|it| it.as_str() == name);
        if let Some(operation) = found {
            return Ok(vec![*operation]);
        }
        let names: Vec<&str> = described.iter().map(|it| it.as_str()).collect();
        bail!(
            "{} does not describe \"{name}\", only: {}",
            partner.file(),
            names.join(", ")
        )
    }
}

fn show_sample(connector: &Connector, operation: Operation, access: &Access) {
    let mut masked = access.masked();
    for name in connector.secrets() {
        masked.secrets.insert(name.clone(), format!("***{name}***"));
    }
    masked.jeton = connector.logs_in().then(|| "***jeton***".to_owned());
    let values = connector.example(operation);
    let login = connector.logs_in().then_some(Step::Login);
    let before = (0..connector.steps_before(operation)).map(Step::Before);
    for step in login.into_iter().chain(before).chain([Step::Main]) {
        match connector.render(operation, step, &values, &masked) {
            Ok(request) => println!("{}\n", describe(&request)),
            Err(fault) => println!("cette requête ne peut pas être montrée : {fault}\n"),
        }
    }
}

fn describe(request: &Request) -> String {
    let mut lines = vec![format!("{} {}", request.method, request.url)];
    let headers = request.headers.iter();
    lines.extend(headers.map(|(name, value)| format!("{name}: {value}")));
    if request.signature.is_some() {
        lines.push("webhook-id, webhook-timestamp, webhook-signature: à l'envoi".into());
    }
    match &request.body {
        Body::Empty => {}
        Body::Text(text) => {
            let json = serde_json::from_str::<Value>(text);
            let pretty = json.and_then(|it| serde_json::to_string_pretty(&it));
            lines.push(String::new());
            lines.push(pretty.unwrap_or_else(|_| text.clone()));
        }
        Body::File(number) => lines.push(format!("\n(les octets de la photo {number})")),
        Body::Multipart(parts) => {
            lines.push(String::new());
            for part in parts {
                let content = match &part.content {
                    PartContent::Text(text) => text.clone(),
                    PartContent::File(number) => format!("(les octets de la photo {number})"),
                };
                let kind = part.kind.as_deref().unwrap_or("text/plain");
                lines.push(format!("[{}, {kind}] {content}", part.name));
            }
        }
    }
    lines.join("\n")
}

async fn send(
    settings: &Settings,
    partner: Partner,
    generation: Arc<Generation>,
    operation: Operation,
) -> anyhow::Result<()> {
    let rules: Arc<dyn Rules> = Arc::new(OnDisk(Arc::clone(&generation)));
    let client = PartnerHttp::new(partner, InForce::new(settings.live.clone()), rules);
    let witness = |exchange: &Exchange<'_>| {
        // What a login gives is a secret as well.
        let secret = exchange.step == Step::Login;
        println!("{}\n", scrub(exchange.access, &describe(exchange.request)));
        match exchange.answer {
            None => println!("→ aucune réponse\n"),
            Some(answer) if secret => println!("→ {} (réponse masquée)\n", answer.status),
            Some(answer) => {
                let text: String = String::from_utf8_lossy(&answer.body)
                    .chars()
                    .take(2_000)
                    .collect();
                println!("→ {}\n{}\n", answer.status, scrub(exchange.access, &text));
            }
        }
    };
    let mut values = sample(operation);
    let photos = Photos::from([(1, PHOTO.to_vec()), (2, PHOTO.to_vec())]);
    let connector = generation.rules.connectors.get(&partner);
    if connector.is_some_and(|it| it.uploads_for(operation)) {
        let upload = sample(Operation::Televerser);
        let sent = client
            .perform_before(Operation::Televerser, upload, &photos, Some(&witness))
            .await;
        let envoi = match sent {
            Ok(called) => Value::Object(called.found.values),
            Err(error) => bail!("{}", explain(&error)),
        };
        if let Some(photo) = values.get_mut("fichier") {
            photo["envoi"] = envoi.clone();
        }
        // One upload is enough for an example.
        if let Some(all) = values["fichiers"].as_array_mut() {
            all.truncate(1);
            for photo in all {
                photo["envoi"] = envoi.clone();
            }
        }
    }
    let called = client
        .perform_before(operation, values, &photos, Some(&witness))
        .await;
    match called {
        Ok(called) => {
            println!("Réussite.");
            for item in &called.found.items {
                let fields = item.iter().map(|(name, value)| format!("{name} = {value}"));
                println!("  {}", fields.collect::<Vec<_>>().join(", "));
            }
            for (name, value) in &called.found.values {
                println!("  {name} = {value}");
            }
            Ok(())
        }
        Err(error) => bail!("{}", explain(&error)),
    }
}

fn explain(error: &CallError) -> String {
    match error {
        CallError::Misconfigured(what) => what.clone(),
        CallError::NotSent(what) => format!("L'API n'a certainement rien reçu : {what}."),
        CallError::Lost(what) => {
            format!("La requête est partie et aucune réponse n'est venue : {what}.")
        }
        CallError::Answered { failure, .. } => {
            let what = match failure.meaning {
                Meaning::Success => "Réussite",
                Meaning::Refused => "L'API a refusé pour de bon",
                Meaning::Unavailable => "L'API n'a rien fait et pourra plus tard",
                Meaning::Unauthorized => "L'API refuse notre jeton ou nos droits",
                Meaning::Absent => "Il n'y a rien de tel dans l'API",
                Meaning::InDoubt => "On ne sait pas si l'API l'a fait",
            };
            let message = failure.message.as_deref();
            let message = message.map_or_else(String::new, |it| format!(" ; elle dit « {it} »"));
            format!("{what} ({}{message}).", failure.reason)
        }
    }
}
