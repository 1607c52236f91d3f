//! Calls a partner's REST API as its connector's file describes it: the only place that speaks
//! HTTP to the outside.
//!
//! What to send and what an answer means is decided in `rules::connector`, which calls nobody. Here
//! are the limits of a call (time, size, where it may go), the token that a session needs, and the
//! one question that only the wire can answer: was the request certainly not received?

mod network;
mod signature;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::{Form, Part as FormPart};
use reqwest::redirect::Policy;
use reqwest::tls::{Certificate, Identity};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::domain::ports::EXCERPT_CHARS;
use crate::flows::inbound::Rules;
use crate::rules::compile::Generation;
use crate::rules::connector::{
    Access, Answer, Body, Connector, Failure, Fault, Found, Meaning, Operation, PartContent,
    Partner, Request, Step,
};
use crate::settings::{InForce, LiveSettings, Secret, TlsSettings};

use network::Allowed;
pub use signature::{sign, verify};
use wire::exchange;

/// A token is renewed so long before its end: a call that begins with it must end with it.
const RENEW_BEFORE: Duration = Duration::from_mins(1);

/// The client of one partner's API.
pub struct PartnerHttp {
    partner: Partner,
    in_force: InForce,
    rules: Arc<dyn Rules>,
    client: Mutex<Option<(Reach, Client)>>,
    /// Held while the token is renewed, so that one renewal serves everyone.
    session: tokio::sync::Mutex<Option<Held>>,
}

/// What a client of HTTP is made from.
#[derive(Clone, PartialEq)]
struct Reach {
    tls: TlsSettings,
    allowed: Allowed,
    connect: Duration,
}

/// A token, and what it was given for.
struct Held {
    version: String,
    settings: Arc<LiveSettings>,
    jeton: String,
    until: Instant,
}

/// The bytes of the photos that an operation may carry, by number from 1.
pub type Photos = BTreeMap<usize, Vec<u8>>;

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
    NotSent(&'static str),
    /// The request left, and no answer came.
    #[error("{0}")]
    Lost(&'static str),
    /// The file or the settings make no request that can be sent.
    #[error("{0}")]
    Misconfigured(String),
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
    /// What must not be shown of it.
    pub access: &'a Access,
    /// What was sent; holds secrets.
    pub request: &'a Request,
    /// What came back; `None` where nothing did.
    pub answer: Option<&'a Answer>,
}

/// Looks on at each exchange of an operation.
pub type Witness<'a> = &'a (dyn Fn(&Exchange<'_>) + Send + Sync);

/// What one operation keeps for as long as it takes.
struct Work<'a> {
    generation: Arc<Generation>,
    settings: Arc<LiveSettings>,
    operation: Operation,
    witness: Option<Witness<'a>>,
}

impl Work<'_> {
    fn connector(&self, partner: Partner) -> Result<&Connector, CallError> {
        let found = self.generation.rules.connectors.get(&partner);
        found.ok_or_else(|| {
            CallError::Misconfigured(format!("there is no {} in the rules", partner.file()))
        })
    }
}

impl PartnerHttp {
    /// A client that asks for the file and the settings in force at each call.
    #[must_use]
    pub fn new(partner: Partner, in_force: InForce, rules: Arc<dyn Rules>) -> Self {
        Self {
            partner,
            in_force,
            rules,
            client: Mutex::default(),
            session: tokio::sync::Mutex::default(),
        }
    }

    /// What holds of the connector in force; `None` where there is none.
    pub fn ask<T>(&self, about: impl FnOnce(&Connector) -> T) -> Option<T> {
        let generation = self.rules.generation();
        generation.rules.connectors.get(&self.partner).map(about)
    }

    /// Carries an operation out: what comes before it, then itself.
    ///
    /// # Errors
    /// Tells apart what certainly was not received, what was answered, and silence.
    pub async fn perform(
        &self,
        operation: Operation,
        values: Value,
        photos: &Photos,
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
        photos: &Photos,
        witness: Option<Witness<'_>>,
    ) -> Result<Called, CallError> {
        let work = Work {
            generation: self.rules.generation(),
            settings: self.in_force.get(),
            operation,
            witness,
        };
        let connector = work.connector(self.partner)?;
        let mut access = access(self.partner, &work.settings)?;
        let mut fresh = self.log_in(&work, &mut access, &values, false).await?;
        for at in 0..connector.steps_before(operation) {
            let step = Step::Before(at);
            let called = self
                .step(
                    &work,
                    step,
                    &values,
                    &mut access,
                    &mut fresh,
                    &Photos::new(),
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
        let needed = needed.map_err(|fault| self.misconfigured(&access, &fault))?;
        if !needed {
            return Ok(Called::default());
        }
        self.step(&work, Step::Main, &values, &mut access, &mut fresh, photos)
            .await
    }

    fn misconfigured(&self, access: &Access, fault: &Fault) -> CallError {
        let what = format!("{}, {fault}", self.partner.file());
        CallError::Misconfigured(scrub(access, &what))
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
        photos: &Photos,
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

    /// Puts the session's token into `access`; `true` where another one would be no better.
    async fn log_in(
        &self,
        work: &Work<'_>,
        access: &mut Access,
        values: &Value,
        renew: bool,
    ) -> Result<bool, CallError> {
        let connector = work.connector(self.partner)?;
        let Some(lifetime) = connector.session_lifetime() else {
            return Ok(true);
        };
        let refused = access.jeton.take();
        let mut held = self.session.lock().await;
        let usable = held.as_ref().filter(|it| {
            it.version == work.generation.version
                && *it.settings == *work.settings
                && it.until > Instant::now()
                // Another call may have renewed it meanwhile.
                && !(renew && refused.as_ref() == Some(&it.jeton))
        });
        if let Some(held) = usable {
            access.jeton = Some(held.jeton.clone());
            return Ok(false);
        }
        let called = self
            .call(work, Step::Login, values, access, &Photos::new())
            .await
            .map_err(login_error)?;
        let text = |name: &str| {
            let value = called.found.values.get(name);
            value.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
        };
        let jeton = text("jeton").unwrap_or_default();
        let told = text("duree").and_then(|it| it.parse().ok());
        let lifetime = told.map_or(lifetime, Duration::from_secs);
        let lifetime = lifetime.saturating_sub(RENEW_BEFORE.min(lifetime / 2));
        *held = Some(Held {
            version: work.generation.version.clone(),
            settings: Arc::clone(&work.settings),
            jeton: jeton.clone(),
            until: Instant::now() + lifetime,
        });
        access.jeton = Some(jeton);
        Ok(true)
    }

    async fn call(
        &self,
        work: &Work<'_>,
        step: Step,
        values: &Value,
        access: &Access,
        photos: &Photos,
    ) -> Result<Called, CallError> {
        let connector = work.connector(self.partner)?;
        let wrong = |what: String| CallError::Misconfigured(scrub(access, &what));
        let request = connector
            .render(work.operation, step, values, access)
            .map_err(|fault| self.misconfigured(access, &fault))?;
        let allowed = Allowed::new(self.partner, &work.settings);
        allowed.check(&request.url).map_err(&wrong)?;
        let client = self
            .client(Reach {
                tls: tls(self.partner, &work.settings),
                allowed,
                connect: connector.delays.connect,
            })
            .map_err(&wrong)?;
        let id = values["livraison"].as_str();
        let ready = ready(&client, &request, id, photos).map_err(&wrong)?;
        let received = exchange(&client, ready, connector.delays).await;
        if let Some(witness) = work.witness {
            let answer = received.as_ref().ok().map(|(answer, _)| answer);
            witness(&Exchange {
                operation: work.operation,
                values,
                step,
                access,
                request: &request,
                answer,
            });
        }
        let (answer, retry_at) = received?;
        let status = answer.status;
        let excerpt = excerpt(access, &answer);
        match connector.interpret(work.operation, step, values, access, &answer) {
            Ok(found) => Ok(Called {
                status,
                found,
                excerpt,
            }),
            Err(failure) => Err(CallError::Answered {
                status,
                failure,
                excerpt,
                retry_at,
            }),
        }
    }

    /// Connections are kept for as long as nothing about them changes.
    fn client(&self, reach: Reach) -> Result<Client, String> {
        let mut kept = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made_for, client)) = kept.as_ref()
            && *made_for == reach
        {
            return Ok(client.clone());
        }
        let client = build(&reach)?;
        *kept = Some((reach, client.clone()));
        Ok(client)
    }
}

/// A token that is refused is a matter of credentials, whatever status says so.
fn login_error(error: CallError) -> CallError {
    match error {
        CallError::Answered {
            status,
            mut failure,
            excerpt,
            retry_at,
        } => {
            if failure.meaning == Meaning::Refused {
                failure.meaning = Meaning::Unauthorized;
            }
            CallError::Answered {
                status,
                failure,
                excerpt,
                retry_at,
            }
        }
        CallError::Lost(reason) => CallError::NotSent(reason),
        other => other,
    }
}

/// What the settings say of a partner.
///
/// # Errors
/// When they do not say where it is.
pub fn access(partner: Partner, settings: &LiveSettings) -> Result<Access, CallError> {
    let (base_url, token) = match partner {
        Partner::Crm => (settings.crm.base_url.as_ref(), settings.crm.token.as_ref()),
        Partner::Sowell => {
            let sowell = settings.sowell.as_ref();
            let token = sowell.and_then(|it| it.token.as_ref());
            (sowell.map(|it| &it.base_url), token)
        }
    };
    let base_url = base_url.ok_or_else(|| {
        CallError::Misconfigured(format!("{}.base_url is not set", partner.as_str()))
    })?;
    let open = |it: &Secret| it.expose().to_owned();
    let secrets = settings.secrets.iter();
    Ok(Access {
        base_url: base_url.clone(),
        token: token.map(open),
        secrets: secrets.map(|(name, it)| (name.clone(), open(it))).collect(),
        jeton: None,
        maintenant: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
    })
}

fn tls(partner: Partner, settings: &LiveSettings) -> TlsSettings {
    match partner {
        Partner::Crm => settings.crm.tls.clone(),
        Partner::Sowell => {
            let sowell = settings.sowell.as_ref();
            sowell.map(|it| it.tls.clone()).unwrap_or_default()
        }
    }
}

fn build(reach: &Reach) -> Result<Client, String> {
    let mut builder = Client::builder()
        .connect_timeout(reach.connect)
        // A redirect could carry the token elsewhere; it is an answer like any other.
        .redirect(Policy::none())
        // Whatever a name resolves to is judged where the connection is made: nothing can change
        // between the two.
        .dns_resolver(Arc::new(reach.allowed.clone()))
        .user_agent(concat!("passerelle/", env!("CARGO_PKG_VERSION")));
    if let Some(ca) = &reach.tls.ca {
        let all = Certificate::from_pem_bundle(ca.expose().as_bytes())
            .map_err(|error| format!("ca_file: {error}"))?;
        builder = builder.tls_certs_merge(all);
    }
    if let Some(identity) = &reach.tls.identity {
        let identity = Identity::from_pem(identity.expose().as_bytes())
            .map_err(|error| format!("identity_file: {error}"))?;
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| error.to_string())
}

/// The request with its bytes.
fn ready(
    client: &Client,
    request: &Request,
    id: Option<&str>,
    photos: &Photos,
) -> Result<reqwest::Request, String> {
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|it| it.to_string())?;
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let named = HeaderName::from_bytes(name.as_bytes());
        let name = named.map_err(|_| format!("« {name} » n'est pas un nom d'en-tête"))?;
        let value = HeaderValue::from_bytes(value.as_bytes());
        let value =
            value.map_err(|_| format!("la valeur de l'en-tête « {name} » ne convient pas"))?;
        headers.insert(name, value);
    }
    let photo = |number: &usize| {
        let bytes = photos.get(number).cloned();
        bytes.ok_or_else(|| format!("la photo {number} n'est pas connue ici"))
    };
    let bytes = match &request.body {
        Body::Empty => Some(Vec::new()),
        Body::Text(text) => Some(text.clone().into_bytes()),
        Body::File(number) => Some(photo(number)?),
        Body::Multipart(_) => None,
    };
    if let Some(secret) = &request.signature {
        let Some(bytes) = &bytes else {
            return Err("un corps multipart ne peut pas être signé".into());
        };
        let id = id.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
        for (name, value) in sign(secret, &id, Utc::now().timestamp(), bytes)? {
            let value = HeaderValue::from_str(&value).map_err(|it| it.to_string())?;
            headers.insert(name, value);
        }
    }
    let mut builder = client.request(method, request.url.clone());
    if let Body::Multipart(parts) = &request.body {
        // Its boundary is part of the type.
        headers.remove(reqwest::header::CONTENT_TYPE);
        let mut form = Form::new();
        for part in parts {
            let mut made = match &part.content {
                PartContent::Text(text) => FormPart::text(text.clone()),
                PartContent::File(number) => FormPart::bytes(photo(number)?),
            };
            if let Some(kind) = &part.kind {
                let known = made.mime_str(kind);
                made = known.map_err(|_| format!("« {kind} » n'est pas un type"))?;
            }
            if let Some(name) = &part.file_name {
                made = made.file_name(name.clone());
            }
            form = form.part(part.name.clone(), made);
        }
        builder = builder.multipart(form);
    } else if let Some(bytes) = bytes.filter(|it| !it.is_empty()) {
        builder = builder.body(bytes);
    }
    builder
        .headers(headers)
        .build()
        .map_err(|it| it.to_string())
}

fn excerpt(access: &Access, answer: &Answer) -> String {
    let begin = &answer.body[..answer.body.len().min(4 * EXCERPT_CHARS)];
    let text = scrub(access, &String::from_utf8_lossy(begin));
    // A page in UTF-16 is full of NULs, which PostgreSQL keeps in no text.
    let text = text
        .chars()
        .map(|it| if it == '\0' { '\u{fffd}' } else { it });
    text.take(EXCERPT_CHARS).collect()
}

/// A text without our secrets, as they are and in base64: an API may repeat what it was sent.
#[must_use]
pub fn scrub(access: &Access, text: &str) -> String {
    let named = access.secrets.values();
    let mut text = text.to_owned();
    for secret in named.chain(&access.token).chain(&access.jeton) {
        // A very short one would make a riddle of every text, and is none.
        if secret.len() >= 4 {
            let encoded = base64_simd::STANDARD.encode_to_string(secret);
            text = text.replace(secret, "***").replace(&encoded, "***");
        }
    }
    text
}

/// The number, name, type, size and hash of a photo, as files describe it.
#[must_use]
pub fn fichier(number: usize, it: &crate::domain::demande::Fichier) -> Value {
    json!({
        "numero": number, "nom": it.nom, "type": it.r#type, "taille": it.taille, "sha256": it.sha256,
    })
}
