//! Calls a partner's REST API as its connector's file describes it: the only place that speaks
//! HTTP to the outside.
//!
//! What to send and what an answer means is decided in `rules::connector`, which calls nobody. Here
//! are the limits of a call (time, size, where it may go), the token that a session needs, and the
//! one question that only the wire can answer: was the request certainly not received?

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
    Access, Answer, Connector, Failure, Fault, Found, Meaning, Operation, Partner, Request, Step,
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
    /// Held while it is built, so that one serves everyone.
    client: Mutex<Option<(Reach, Client)>>,
    /// Held while the token is renewed, so that one renewal serves everyone.
    session: Mutex<Option<Held>>,
}

/// The bytes of the photos that an operation may carry, by number from 1.
pub type PhotoBytes = BTreeMap<usize, Vec<u8>>;

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The partner answered, and it is no success.
    #[error("{}", .failure.reason)]
    Answered {
        /// HTTP status.
        status: u16,
        /// What the answer means.
        failure: Failure,
        /// The first characters of the answer, without our secrets.
        excerpt: String,
        /// When the partner asked to be called again.
        retry_at: Option<DateTime<Utc>>,
    },
    /// The request certainly did not arrive.
    #[error("{0}")]
    NotSent(Phrase),
    /// The request left, and no answer came.
    #[error("{0}")]
    Lost(Phrase),
    /// The file or the settings make no request that can be sent.
    #[error("{0}")]
    Misconfigured(Reason),
}

/// A successful call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Called {
    /// HTTP status.
    pub status: u16,
    /// What the answer holds.
    pub found: Found,
    /// The first characters of the answer, without our secrets.
    pub excerpt: String,
}

/// One request and what came of it, for whoever looks on.
pub struct Exchange<'a> {
    /// What is asked.
    pub operation: Operation,
    /// The values that the request was made of.
    pub values: &'a Value,
    /// Which call of the operation.
    pub step: Step,
    /// Takes out what must not be shown of it.
    pub scrubber: &'a Scrubber,
    /// What was sent; holds secrets.
    pub request: &'a Request,
    /// What came back; `None` where nothing did.
    pub answer: Option<&'a Answer>,
}

/// Looks on at each exchange of an operation.
pub type Witness<'a> = &'a (dyn Fn(&Exchange<'_>) + Send + Sync);

/// A partner with the rules and the settings of one piece of work: an edit meanwhile changes nothing in it, so that what
/// was asked of the file holds of the calls.
pub struct Begun<'p> {
    http: &'p PartnerHttp,
    generation: Arc<Generation>,
    settings: Arc<LiveSettings>,
}

/// What one operation keeps for as long as it takes.
struct Work<'a> {
    begun: &'a Begun<'a>,
    connector: &'a Connector,
    operation: Operation,
    witness: Option<Witness<'a>>,
}

impl PartnerHttp {
    /// A client that asks for the file and the settings in force at each piece of work.
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
    /// What holds of the connector; `None` where there is none.
    pub fn ask<T>(&self, about: impl FnOnce(&Connector) -> T) -> Option<T> {
        self.connector().map(about)
    }

    fn connector(&self) -> Option<&Connector> {
        self.generation.rules.connectors.get(&self.http.partner)
    }

    /// Carries an operation out: what comes before it, then itself.
    ///
    /// # Errors
    /// Tells apart what certainly was not received, what was answered, and silence.
    pub async fn perform(
        &self,
        operation: Operation,
        values: Value,
        photos: &PhotoBytes,
    ) -> Result<Called, CallError> {
        self.perform_before(operation, values, photos, None).await
    }

    /// The same before a witness.
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
                // Nothing has begun yet.
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
            return Ok(Called::default());
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

    /// One call; where an old token was refused, once more with a new one: what was refused for
    /// its token was not carried out.
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
        let status = answer.status;
        let excerpt = scrubber.excerpt(&answer);
        match connector.interpret(work.operation, step, values, access, &answer) {
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
                },
                excerpt,
                retry_at,
            }),
        }
    }
}

/// The number, name, type, size and hash of a photo, as files describe it.
#[must_use]
pub fn fichier(number: usize, it: &crate::domain::demande::Fichier) -> Value {
    json!({
        "numero": number, "nom": it.nom, "type": it.r#type, "taille": it.taille, "sha256": it.sha256,
    })
}
