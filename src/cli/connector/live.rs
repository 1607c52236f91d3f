//! Sends the request of an operation and explains the answer, in French.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;
use serde_json::Value;

use crate::adapters::clock::SystemClock;
use crate::adapters::french::french;
use crate::adapters::partner::{CallError, Called, Exchange, PartnerHttp, PhotoBytes};
use crate::flows::rules::Rules;
use crate::rules::connector::{Answer, Meaning, Operation, Step, sample};
use crate::settings::{InForce, Settings};

use super::{Asked, Described, describe};

/// The bytes of the example's photo, matching its description in [`sample`].
const PHOTO: &[u8] = b"abc";

/// An operation to be carried out.
pub(super) struct Live<'a> {
    described: &'a Described,
    operation: Operation,
    client: PartnerHttp,
}

/// One call of the operation.
pub(super) struct Seen {
    pub(super) operation: Operation,
    pub(super) step: Step,
    pub(super) values: Value,
    /// Without our secrets; `None` if there was no answer.
    pub(super) answer: Option<Answer>,
}

impl<'a> Live<'a> {
    pub(super) fn new(settings: &Settings, described: &'a Described, operation: Operation) -> Self {
        let rules: Arc<dyn Rules> = Arc::new(Arc::clone(&described.generation));
        let in_force = InForce::new(settings);
        Self {
            described,
            operation,
            client: PartnerHttp::new(described.partner, in_force, rules, Arc::new(SystemClock)),
        }
    }

    /// Shows each request and answer, and explains the last one.
    pub(super) async fn explain(&self, asked: &Asked) -> anyhow::Result<()> {
        let witness = |exchange: &Exchange<'_>| {
            // The answer to a login is secret too.
            let secret = exchange.step == Step::Login;
            let scrubber = exchange.scrubber;
            println!("{}\n", scrubber.scrub(&describe(exchange.request)));
            match exchange.answer {
                None => println!("→ aucune réponse\n"),
                Some(answer) if secret => println!("→ {} (réponse masquée)\n", answer.status),
                Some(answer) => {
                    let text = answer.text();
                    let text = scrubber.beginning(&text, 2_000);
                    println!("→ {}\n{text}\n", answer.status);
                }
            }
        };
        let called = self.carry_out(asked, &witness).await?;
        match called {
            Ok(called) => {
                let found = match called.found.of_real_answer(self.operation) {
                    Ok(found) => found,
                    Err(failure) => bail!("{}", failure.reason),
                };
                println!("Réussite.");
                for item in &found.items {
                    let fields = item.iter().map(|(name, value)| format!("{name} = {value}"));
                    println!("  {}", fields.collect::<Vec<_>>().join(", "));
                }
                for (name, value) in &found.values {
                    println!("  {name} = {value}");
                }
                Ok(())
            }
            Err(error) => bail!("{}", explain(&error)),
        }
    }

    /// The calls of the operation and those before it, except the login.
    pub(super) async fn record(&self, asked: &Asked) -> anyhow::Result<Vec<Seen>> {
        let seen = Mutex::new(Vec::new());
        let witness = |exchange: &Exchange<'_>| {
            if exchange.step == Step::Login {
                return;
            }
            let clean = |text: &str| exchange.scrubber.scrub(text);
            let answer = exchange.answer.map(|it| Answer {
                headers: it
                    .headers
                    .iter()
                    .map(|(name, value)| (name.clone(), clean(value)))
                    .collect(),
                body: clean(&it.text()).into_bytes(),
                ..it.clone()
            });
            let mut all = seen.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(Seen {
                operation: exchange.operation,
                step: exchange.step,
                values: exchange.values.clone(),
                answer,
            });
        };
        let called = self.carry_out(asked, &witness).await?;
        let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let answered = seen.iter().any(|it| it.answer.is_some());
        match called {
            // A refusal is worth recording as a case too.
            Err(error) if !answered => bail!("{}", explain(&error)),
            _ => Ok(seen),
        }
    }

    async fn carry_out(
        &self,
        asked: &Asked,
        witness: &(dyn Fn(&Exchange<'_>) + Send + Sync),
    ) -> anyhow::Result<Result<Called, CallError>> {
        let connector = self.described.connector()?;
        let mut values = asked.put_into(connector.example(self.operation))?;
        let photos = PhotoBytes::from([(1, PHOTO.to_vec()), (2, PHOTO.to_vec())]);
        let begun = self.client.begin();
        if connector.uploads_for(self.operation) {
            let upload = sample(Operation::Televerser);
            let sent = begun
                .perform_before(Operation::Televerser, upload, &photos, Some(witness))
                .await;
            let envoi = match sent {
                Ok(called) => Value::Object(called.found.values),
                Err(error) => return Ok(Err(error)),
            };
            if let Some(photo) = values.get_mut("fichier") {
                photo["envoi"] = envoi.clone();
            }
            // One upload is enough for an example.
            if let Some(all) = values.get_mut("fichiers").and_then(Value::as_array_mut) {
                all.truncate(1);
                for photo in all {
                    photo["envoi"] = envoi.clone();
                }
            }
        }
        let called = begun
            .perform_before(self.operation, values, &photos, Some(witness))
            .await;
        Ok(called)
    }
}

fn explain(error: &CallError) -> String {
    match error {
        CallError::Misconfigured(what) => french(&what.to_string()),
        CallError::NotSent(what) => {
            let what = french(what.as_str());
            format!("L'API n'a certainement rien reçu : {what}.")
        }
        CallError::Lost(what) => {
            let what = french(what.as_str());
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
            let message =
                message.map_or_else(String::new, |it| format!(" ; elle indique « {it} »"));
            format!("{what} ({}{message}).", failure.reason)
        }
    }
}
