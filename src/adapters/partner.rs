//! Calls a partner's REST API as its connector describes it: the only place with outgoing HTTP calls.
//!
//! `rules::connector` decides what to send and what an answer means, without calling anyone. This module adds the
//! limits of a call (time, size, allowed hosts), the session's token, and whether a request certainly never
//! arrived, which only the connection can tell.

mod access;
mod client;
mod network;
mod request;
mod scrub;
mod session;
mod signature;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::domain::ports::Clock;
use crate::domain::reason::{Phrase, Reason};
use crate::flows::rules::Rules;
use crate::rules::compile::Generation;
use crate::rules::connector::{
    Access, Answer, Connector, Extracted, Failure, Fault, Meaning, Operation, Partner, Request,
    Step,
};
use crate::settings::{InForce, LiveSettings};

pub use access::access;
use client::{Reach, tls};
use network::Allowed;
use request::ready;
pub use scrub::Scrubber;
use session::Held;
pub use signature::{sign, verify};
use wire::exchange;

/// The client of one partner's API.
pub struct PartnerHttp {
    partner: Partner,
    in_force: InForce,
    rules: Arc<dyn Rules>,
    clock: Arc<dyn Clock>,
    /// Locked while the client is built, so that it is built once for everyone.
    client: Mutex<Option<(Reach, Client)>>,
    /// Locked while the token is renewed, so that it is renewed once for everyone.
    session: Mutex<Option<Held>>,
}

/// The bytes of the photos that an operation may send, by number from 1.
pub type PhotoBytes = BTreeMap<usize, Vec<u8>>;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The partner's answer is not a success.
    #[error("{}", .failure.reason)]
    Answered {
        /// HTTP status.
        status: u16,
        /// How the connector interprets the answer.
        failure: Failure,
        /// The first characters of the answer, with our secrets masked.
        excerpt: String,
        /// When the partner asked to be called again.
        retry_at: Option<DateTime<Utc>>,
    },
    /// The request certainly did not arrive.
    #[error("{0}")]
    NotSent(Phrase),
    /// The request was sent, and no answer came.
    #[error("{0}")]
    Lost(Phrase),
    /// The connector or the settings give no request that can be sent.
    #[error("{0}")]
    Misconfigured(Reason),
}

/// A successful call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Called {
    /// HTTP status.
    pub status: u16,
    /// The values extracted from the answer.
    pub found: Extracted,
    /// The first characters of the answer, with our secrets masked.
    pub excerpt: String,
}

/// One request and its answer, for a witness.
pub struct Exchange<'a> {
    /// The operation being performed.
    pub operation: Operation,
    /// The values that the request was rendered from.
    pub values: &'a Value,
    /// Which call of the operation it is.
    pub step: Step,
    /// Masks the secrets in what is shown of it.
    pub scrubber: &'a Scrubber,
    /// The request as sent; contains secrets.
    pub request: &'a Request,
    /// The answer; `None` if there was none.
    pub answer: Option<&'a Answer>,
}

/// A callback for each exchange of an operation.
pub type Witness<'a> = &'a (dyn Fn(&Exchange<'_>) + Send + Sync);

/// A partner with the rules and settings of one piece of work: they stay the same until it ends, even if edited
/// meanwhile, so that answers about the connector hold for the calls too.
pub struct Begun<'p> {
    http: &'p PartnerHttp,
    generation: Arc<Generation>,
    settings: Arc<LiveSettings>,
}

/// The context of one operation.
struct Work<'a> {
    begun: &'a Begun<'a>,
    connector: &'a Connector,
    operation: Operation,
    witness: Option<Witness<'a>>,
}

impl PartnerHttp {
    /// A client that uses the connector and the settings in force when each piece of work begins.
    #[must_use]
    pub fn new(
        partner: Partner,
        in_force: InForce,
        rules: Arc<dyn Rules>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            partner,
            in_force,
            rules,
            clock,
            client: Mutex::default(),
            session: Mutex::default(),
        }
    }

    /// Begins a piece of work with what is in force now.
    #[must_use]
    pub fn begin(&self) -> Begun<'_> {
        Begun {
            http: self,
            generation: self.rules.generation(),
            settings: self.in_force.get(),
        }
    }
}

impl Begun<'_> {
    /// Asks a question about the connector; `None` if there is none.
    pub fn ask<T>(&self, about: impl FnOnce(&Connector) -> T) -> Option<T> {
        self.connector().map(about)
    }

    fn connector(&self) -> Option<&Connector> {
        self.generation.rules.connectors.get(&self.http.partner)
    }

    /// Performs an operation: first the calls that precede it, then its own.
    ///
    /// # Errors
    /// Distinguishes a request that certainly did not arrive, an answer, and silence.
    pub async fn perform(
        &self,
        operation: Operation,
        values: Value,
        photos: &PhotoBytes,
    ) -> Result<Called, CallError> {
        self.perform_before(operation, values, photos, None).await
    }

    /// The same, showing each exchange to a witness.
    ///
    /// # Errors
    /// As [`Self::perform`].
    pub async fn perform_before(
        &self,
        operation: Operation,
        mut values: Value,
        photos: &PhotoBytes,
        witness: Option<Witness<'_>>,
    ) -> Result<Called, CallError> {
        let http = self.http;
        let connector = self.connector().ok_or_else(|| {
            CallError::Misconfigured(match http.partner {
                Partner::Crm => Phrase::CrmFileAbsent.into(),
                Partner::Sowell => Phrase::SowellFileAbsent.into(),
            })
        })?;
        let work = Work {
            begun: self,
            connector,
            operation,
            witness,
        };
        let mut access = access(http.partner, &self.settings, http.clock.now())?;
        let mut fresh = http.log_in(&work, &mut access, &values, false).await?;
        for at in 0..connector.steps_before(operation) {
            let step = Step::Before(at);
            let called = http
                .step(
                    &work,
                    step,
                    &values,
                    &mut access,
                    &mut fresh,
                    &PhotoBytes::new(),
                )
                .await
                // The operation itself has not begun yet.
                .map_err(|error| match error {
                    CallError::Lost(reason) => CallError::NotSent(reason),
                    other => other,
                })?;
            if let Some(name) = connector.name_before(operation, at) {
                values[name] = Value::Object(called.found.values);
            }
        }
        let needed = connector.is_needed(operation, &values, &access);
        let needed = needed.map_err(|fault| http.misconfigured(&access, &fault))?;
        if !needed {
            return Ok(Called {
                found: Extracted::without_call(&values),
                ..Called::default()
            });
        }
        http.step(&work, Step::Main, &values, &mut access, &mut fresh, photos)
            .await
    }
}

impl PartnerHttp {
    fn misconfigured(&self, access: &Access, fault: &Fault) -> CallError {
        let what = format!("{}, {fault}", self.partner.file());
        CallError::Misconfigured(Reason::told(Scrubber::new(access).scrub(&what)))
    }

    /// Makes one call; if its token was refused and was not new, repeats the call with a new one. A call refused
    /// for its token was not carried out.
    async fn step(
        &self,
        work: &Work<'_>,
        step: Step,
        values: &Value,
        access: &mut Access,
        fresh: &mut bool,
        photos: &PhotoBytes,
    ) -> Result<Called, CallError> {
        let first = self.call(work, step, values, access, photos).await;
        let refused = matches!(&first, Err(CallError::Answered { failure, .. })
            if failure.meaning == Meaning::Unauthorized);
        if !refused || *fresh {
            return first;
        }
        *fresh = self.log_in(work, access, values, true).await?;
        self.call(work, step, values, access, photos).await
    }

    async fn call(
        &self,
        work: &Work<'_>,
        step: Step,
        values: &Value,
        access: &Access,
        photos: &PhotoBytes,
    ) -> Result<Called, CallError> {
        let (connector, settings) = (work.connector, &work.begun.settings);
        let request = connector
            .render(work.operation, step, values, access)
            .map_err(|fault| self.misconfigured(access, &fault))?;
        let scrubber = Scrubber::new(access).knowing(connector.sensitive_words(
            work.operation,
            step,
            values,
            access,
            &request,
        ));
        let wrong = |what: String| CallError::Misconfigured(Reason::told(scrubber.scrub(&what)));
        let allowed = Allowed::new(self.partner, settings);
        allowed.check(&request.url).map_err(&wrong)?;
        let client = self
            .client(Reach {
                tls: tls(self.partner, settings),
                allowed,
                connect: connector.delays.connect,
            })
            .await
            .map_err(&wrong)?;
        let id = values["livraison"].as_str();
        let ready = ready(&client, &request, id, photos, self.clock.now()).map_err(&wrong)?;
        let received = exchange(&client, ready, connector.delays, self.clock.as_ref()).await;
        if let Some(witness) = work.witness {
            let answer = received.as_ref().ok().map(|(answer, _)| answer);
            witness(&Exchange {
                operation: work.operation,
                values,
                step,
                scrubber: &scrubber,
                request: &request,
                answer,
            });
        }
        let (answer, retry_at) = received?;
        let found = connector.interpret(work.operation, step, values, access, &answer);
        called(&scrubber, &answer, retry_at, found)
    }
}

/// What a call found, or why it failed, without our secrets.
fn called(
    scrubber: &Scrubber,
    answer: &Answer,
    retry_at: Option<DateTime<Utc>>,
    found: Result<Extracted, Failure>,
) -> Result<Called, CallError> {
    let status = answer.status;
    let excerpt = scrubber.excerpt(answer);
    match found {
        Ok(found) => Ok(Called {
            status,
            found,
            excerpt,
        }),
        Err(failure) => Err(CallError::Answered {
            status,
            failure: Failure {
                meaning: failure.meaning,
                reason: scrubber.scrub(&failure.reason),
                message: failure.message.map(|it| scrubber.scrub(&it)),
                unreadable: failure.unreadable,
                confirms: failure.confirms,
            },
            excerpt,
            retry_at,
        }),
    }
}

/// The number, name, type, size and hash of a photo, as connectors refer to them.
#[must_use]
pub fn fichier(number: usize, it: &crate::domain::demande::Fichier) -> Value {
    json!({
        "numero": number, "nom": it.nom, "type": it.r#type, "taille": it.taille, "sha256": it.sha256,
    })
}
