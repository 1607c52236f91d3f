//! `passerelle connector test crm|sowell`: prints the exact requests of a connector's file for an example, with
//! the secrets masked; with `--live`, sends them and explains the answers, in French.
//! `passerelle connector record` sends one and writes a case from it.

mod live;
mod record;

use std::sync::Arc;

use anyhow::{Context, bail};
use chrono::Utc;
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::adapters::partner::access;
use crate::cli::edited::Edited;
use crate::cli::one_of;
use crate::rules::compile::{Generation, Known, compile};
use crate::rules::connector::{
    Access, Body, Connector, Operation, PartContent, Partner, Request, Step,
};
use crate::rules::diagnostic::{Listed, suggestion_of};
use crate::settings::Settings;

use live::Live;
use record::Record;

#[derive(Debug, Subcommand)]
pub(super) enum ConnectorVerb {
    /// Show the requests for an example; with --live, send them
    Test(Test),
    /// Send the request of an operation and write the exchange as a case, without secrets
    Record(Record),
}

/// The partner, and values that replace the example's.
#[derive(Debug, Args)]
struct Asked {
    /// The partner whose API to call
    #[arg(value_parser = one_of::<Partner>())]
    partner: Partner,
    /// A value that replaces the example's, such as uid=42 or demande.priorite=haute
    #[arg(long = "set", value_name = "NAME=VALUE")]
    values: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Test {
    #[command(flatten)]
    asked: Asked,
    /// Only this operation, as named in the file
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// Send the request of --operation and explain the answer: what it creates is real
    #[arg(long, requires = "operation")]
    live: bool,
}

impl ConnectorVerb {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        match self {
            Self::Test(test) => test.run(settings).await,
            Self::Record(record) => record.run(settings).await,
        }
    }
}

/// A partner's connector and the rules it belongs to.
struct Described {
    generation: Arc<Generation>,
    partner: Partner,
}

impl Described {
    fn read(settings: &Settings, partner: Partner) -> anyhow::Result<Self> {
        let Edited { rules, exports, .. } = Edited::read(settings, None)?;
        let (generation, _) = compile(&rules, &exports, Known::default());
        let generation = generation
            .context("les règles sont refusées : « passerelle check » indique pourquoi")?;
        let described = Self {
            generation: Arc::new(generation),
            partner,
        };
        described.connector()?;
        Ok(described)
    }

    fn connector(&self) -> anyhow::Result<&Connector> {
        let connector = self.generation.rules.connectors.get(&self.partner);
        connector.with_context(|| format!("il n'y a pas de {}", self.partner.file()))
    }

    /// The example of an operation, with the landlord's words if the rules do not know ours.
    fn example(&self, operation: Operation) -> anyhow::Result<Value> {
        let mut values = self.connector()?.example(operation);
        let rules = &self.generation.rules;
        for (field, known) in rules.words_of_demandes() {
            let Some(own) = values.pointer_mut(&format!("/demande/{field}")) else {
                continue;
            };
            let first = known.first();
            if let Some(first) = first.filter(|_| !known.iter().any(|it| *own == **it)) {
                *own = (*first).into();
            }
        }
        Ok(values)
    }

    fn operation(&self, name: &str) -> anyhow::Result<Operation> {
        let connector = self.connector()?;
        let mut described = connector.described();
        if let Some(operation) = described.find(|it| it.as_str() == name) {
            return Ok(operation);
        }
        let names: Vec<&str> = connector.described().map(Operation::as_str).collect();
        bail!(
            "{} ne décrit pas l'opération « {name} », seulement : {}",
            self.partner.file(),
            names.join(", ")
        )
    }
}

impl Asked {
    /// Replaces values of the example with those given.
    fn put_into(&self, mut values: Value) -> anyhow::Result<Value> {
        for given in &self.values {
            let (name, text) = given
                .split_once('=')
                .with_context(|| format!("\"{given}\" ne s'écrit pas NOM=VALEUR"))?;
            let mut place = &mut values;
            for step in name.split('.') {
                let fields = place.as_object_mut();
                let fields = fields.with_context(|| format!("\"{name}\" va trop loin"))?;
                let known: Vec<String> = fields.keys().cloned().collect();
                place = fields.get_mut(step).with_context(|| {
                    let near = suggestion_of(Listed::Names, step, known.iter().map(String::as_str));
                    format!("valeur inconnue « {step} » : {near}")
                })?;
            }
            *place = match text {
                "null" => Value::Null,
                text => text.into(),
            };
        }
        Ok(values)
    }
}

impl Test {
    async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let partner = self.asked.partner;
        let described = Described::read(settings, partner)?;
        let connector = described.connector()?;
        let access = access(partner, &settings.live, Utc::now())?;
        let secrets = settings.secret_names();
        let mut unknown = Vec::new();
        connector.check_secrets(&secrets.names, &mut unknown);
        unknown.extend(connector.note_signature(&secrets.no_keys));
        for diagnostic in unknown {
            println!("{}", diagnostic.as_warning());
        }
        let operations = match &self.operation {
            Some(name) => vec![described.operation(name)?],
            None => connector.described().collect(),
        };
        let mut failed = 0;
        for operation in operations {
            if self.live {
                let live = Live::new(settings, &described, operation);
                return live.explain(&self.asked).await;
            }
            println!("— {} —", operation.as_str());
            let values = self.asked.put_into(described.example(operation)?)?;
            failed += show(connector, operation, &values, &access);
        }
        // Without --set, a failure may only mean that the example's placeholder for an earlier answer does not
        // suit an expression.
        if failed > 0 && !self.asked.values.is_empty() {
            bail!("requêtes impossibles avec ces valeurs : {failed}");
        }
        Ok(())
    }
}

/// Prints the requests; returns how many cannot be rendered.
fn show(connector: &Connector, operation: Operation, values: &Value, access: &Access) -> usize {
    let connector = connector.hidden();
    let mut masked = access.masked();
    for name in connector.secrets() {
        masked.secrets.insert(name.clone(), format!("***{name}***"));
    }
    masked.jeton = connector.logs_in().then(|| "***jeton***".to_owned());
    let login = connector.logs_in().then_some(Step::Login);
    let before = (0..connector.steps_before(operation)).map(Step::Before);
    let mut failed = 0;
    for step in login.into_iter().chain(before).chain([Step::Main]) {
        match connector.render(operation, step, values, &masked) {
            Ok(request) => {
                println!("{}\n", describe(&request));
                if request.signature.is_some() && matches!(request.body, Body::Multipart(_)) {
                    failed += 1;
                    println!(
                        "cette requête ne peut pas partir : un corps multipart ne se signe pas\n"
                    );
                }
            }
            Err(fault) => {
                failed += 1;
                println!("cette requête ne peut pas être montrée : {fault}\n");
            }
        }
    }
    failed
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
