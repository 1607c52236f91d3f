//! E-mails: over SMTP where a server is set, else as `.eml` files.

use std::error::Error as StdError;
use std::fs::DirBuilder;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64_simd::STANDARD;
use lettre::address::{Address, Envelope};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::response::{Response, Severity};
use lettre::transport::smtp::{Error as SmtpError, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};
use url::Host;

use crate::adapters::synced::{make_folder, remove_remains, write_synced};
use crate::crash;
use crate::domain::ports::{EXCERPT_CHARS, MailError, MailFailure, Mailer, Message};
use crate::rules::addressee;
use crate::settings::{InForce, MadeFrom, SmtpSettings};

/// The way out for e-mails.
pub struct MailOut {
    /// Made anew when its own settings change.
    way: Arc<MadeFrom<SmtpSettings, Result<Way, MailError>>>,
    /// Takes the files where no server is set.
    folder: PathBuf,
}

/// How e-mails leave, and in whose name.
struct Way {
    from: Mailbox,
    /// Without one, each e-mail is a file, named by its delivery: a repeat overwrites it.
    server: Option<AsyncSmtpTransport<Tokio1Executor>>,
}

impl Way {
    /// The settings were checked: what fails here is ours, and no e-mail dies of it.
    fn new(settings: &SmtpSettings) -> Result<Self, MailError> {
        let from = settings.from.parse();
        let from = from.map_err(|_| MailError::temporary("smtp.from cannot be understood"))?;
        let server = settings.server();
        let server = server.map_err(|fault| MailError::temporary(format!("smtp.url {fault}")))?;
        // No connection serves twice: one that was given up in the middle of a command still owes an answer, which
        // whoever came next would take for its own.
        let used_once = || PoolConfig::new().max_size(0);
        let server = server.map(|it| it.pool_config(used_once()).build());
        Ok(Self { from, server })
    }

    fn compose(&self, id: &str, message: &Message) -> Result<Mail, MailError> {
        // It is the rules that gave it: whoever writes them reads this.
        let to = addressee(&message.to)
            .ok_or_else(|| MailError::permanent("le destinataire n'est pas une adresse e-mail"))?;
        // Given, since the library does not find again in a header what is quoted or a number in brackets.
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.email.clone()]);
        let envelope = envelope.map_err(|error| MailError::permanent(error.to_string()))?;
        let domain = self.from.email.domain();
        let builder = Mail::builder()
            .envelope(envelope)
            .from(self.from.clone())
            .to(to)
            .header(Subject(message.subject.clone()))
            .header(AutoSubmitted)
            // The same at every attempt, so that a mailbox can drop a repeat.
            .message_id(Some(format!("<{id}@{domain}>")));
        let built = match (&message.text, &message.html) {
            (Some(text), Some(html)) => builder.multipart(MultiPart::alternative_plain_html(
                text.clone(),
                html.clone(),
            )),
            (Some(text), None) => builder.singlepart(SinglePart::plain(text.clone())),
            (None, Some(html)) => builder.singlepart(SinglePart::html(html.clone())),
            (None, None) => builder.singlepart(SinglePart::plain(String::new())),
        };
        built.map_err(|error| MailError::permanent(error.to_string()))
    }
}

/// Whom an address names, with its domain as the DNS knows it.
fn addressee(text: &str) -> Option<Mailbox> {
    let mailbox = addressee::mailbox(text)?;
    let email = in_ascii(&mailbox.email).unwrap_or(mailbox.email);
    Some(Mailbox::new(mailbox.name, email))
}

/// The address with its domain as the DNS knows it, so that accents there ask nothing of a server.
fn in_ascii(address: &Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return None;
    }
    match Host::parse(address.domain()) {
        Ok(Host::Domain(domain)) => Address::new(address.user(), domain).ok(),
        _ => None,
    }
}

/// What the e-mail is about. The library leaves as it is what looks encoded already, and a reader would decode
/// what was never encoded.
#[derive(Clone)]
struct Subject(String);

impl Header for Subject {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Subject")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        let text = self.0.clone();
        if text.contains("=?") {
            let encoded = encoded_words(&text);
            return HeaderValue::dangerous_new_pre_encoded(Self::name(), text, encoded);
        }
        HeaderValue::new(Self::name(), text)
    }
}

/// A text as encoded words (RFC 2047), each on a line of its own and with whole characters.
fn encoded_words(text: &str) -> String {
    /// Of one word, in bytes: with what is around it, a line has 76 characters at most.
    const MOST: usize = 39;
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(MOST));
        words.push(format!("=?utf-8?b?{}?=", STANDARD.encode_to_string(word)));
        rest = after;
    }
    words.join("\r\n ")
}

/// Says that no person wrote the e-mail (RFC 3834), so that an absent addressee's mailbox does not
/// answer it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl MailOut {
    /// Follows the settings; `folder` takes the files where no server is set.
    ///
    /// # Errors
    /// When the folder is needed and cannot be made.
    pub fn new(in_force: InForce, folder: PathBuf) -> io::Result<Self> {
        if in_force.get().smtp.url.is_none() {
            make_folder(&folder, &DirBuilder::new())?;
        }
        remove_remains(&folder)?;
        Ok(Self {
            way: Arc::new(MadeFrom::new(in_force, |settings| &settings.smtp, Way::new)),
            folder,
        })
    }

    /// The way that belongs to the settings in force.
    async fn way(&self) -> Result<Arc<Result<Way, MailError>>, MailError> {
        if let Some(way) = self.way.current() {
            return Ok(way);
        }
        // The certificates that the system trusts are read from its files.
        let way = Arc::clone(&self.way);
        tokio::task::spawn_blocking(move || way.get())
            .await
            .map_err(|error| MailError::temporary(error.to_string()))
    }
}

#[async_trait]
impl Mailer for MailOut {
    async fn send(&self, id: &str, message: &Message) -> Result<Option<u16>, MailError> {
        let way = self.way().await?;
        let way = way.as_ref().as_ref().map_err(Clone::clone)?;
        let mail = way.compose(id, message)?;
        if let Some(server) = &way.server {
            crash::point("smtp.send.before");
            let sent = server.send(mail).await;
            crash::point("smtp.send.after");
            return match sent {
                Ok(reply) => accepted(&reply).map(Some),
                Err(error) => {
                    let mut failed = classify(&error);
                    // A code alone does not tell whether it is this e-mail that is refused, or whoever connects.
                    if failed.failure == MailFailure::Permanent && refuses_all(server).await {
                        failed.failure = MailFailure::Refused;
                    }
                    Err(failed)
                }
            };
        }
        let (folder, name) = (self.folder.clone(), format!("{id}.eml"));
        let bytes = mail.formatted();
        // An edit may have taken the server away since the start.
        let write = move || {
            make_folder(&folder, &DirBuilder::new())?;
            write_synced(&folder, &name, &bytes)
        };
        tokio::task::spawn_blocking(write)
            .await
            .map_err(|error| MailError::temporary(error.to_string()))?
            .map_err(|error| MailError::temporary(error.to_string()))?;
        Ok(None)
    }
}

/// The code with which the server took the e-mail over. The library lets pass what only asks for more, too.
fn accepted(reply: &Response) -> Result<u16, MailError> {
    let code = reply.code();
    match code.severity {
        Severity::PositiveCompletion => Ok(code.into()),
        _ => Err(MailError {
            code: Some(code.into()),
            ..MailError::temporary("the SMTP server's last answer takes no e-mail over")
        }),
    }
}

/// How long a refusal waits for whether it is everybody's: it is an answer already.
const TEST_LIMIT: Duration = Duration::from_secs(5);

/// Whether the server answers a mere greeting with a refusal.
async fn refuses_all(server: &AsyncSmtpTransport<Tokio1Executor>) -> bool {
    let tested = tokio::time::timeout(TEST_LIMIT, server.test_connection()).await;
    matches!(tested, Ok(Err(error)) if error.is_permanent())
}

/// What a failure means. Of a reply only the codes go into the reason, which is logged: its text may
/// repeat the addressee.
fn classify(error: &SmtpError) -> MailError {
    let said = || error.source().map(ToString::to_string).unwrap_or_default();
    let Some(code) = error.status() else {
        return match () {
            // It can only be sent by a server that has SMTPUTF8, and this one has not.
            () if error.is_client() && said().contains("SMTPUTF8") => {
                MailError::permanent("the SMTP server takes no address with accents")
            }
            () if error.is_client() && said().contains("STARTTLS") => MailError::temporary(
                "the SMTP server offers no TLS, without which smtp.url lets nothing leave",
            ),
            () if error.is_client() || error.is_tls() => {
                MailError::temporary(format!("the SMTP server cannot be used: {}", said()))
            }
            () if error.is_timeout() => {
                MailError::temporary("the SMTP server did not answer in time")
            }
            () if error.is_response() => {
                MailError::temporary("the SMTP server broke off, or its answer makes no sense")
            }
            () => MailError::temporary(format!("no connection to the SMTP server: {}", said())),
        };
    };
    let code = u16::from(code);
    let failure = match code {
        // They refuse us, not the e-mail: someone mends the account, and it can go then.
        530..=538 => MailFailure::Refused,
        _ if error.is_permanent() => MailFailure::Permanent,
        _ => MailFailure::Temporary,
    };
    let reason = match enhanced(&said()) {
        Some(enhanced) => format!("the SMTP server answered {code} {enhanced}"),
        None => format!("the SMTP server answered {code}"),
    };
    MailError {
        failure,
        code: Some(code),
        reason,
        excerpt: Some(said().chars().take(EXCERPT_CHARS).collect()),
    }
}

/// The enhanced status code that a reply's text begins with, such as `5.1.1` for an unknown mailbox
/// (RFC 3463).
fn enhanced(text: &str) -> Option<&str> {
    let code = text.split_whitespace().next()?;
    let mut parts = code.split('.');
    let number = |part: Option<&str>, longest: usize| {
        part.is_some_and(|it| {
            (1..=longest).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let whole = number(parts.next(), 1) && number(parts.next(), 3) && number(parts.next(), 3);
    (whole && parts.next().is_none()).then_some(code)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;
    use crate::settings::Settings;

    fn out(folder: &Path) -> MailOut {
        let from = "Vivest <ne-pas-repondre@vivest.example>".to_owned();
        let environment = [("PASSERELLE_SMTP__FROM".to_owned(), from)];
        let settings = Settings::load(None, environment).unwrap();
        MailOut::new(InForce::new(&settings), folder.to_path_buf()).unwrap()
    }

    /// Sends by a server that greets each connection so, and answers each line with the next of these.
    async fn sent_to(
        greeting: &'static str,
        replies: &'static [&'static str],
        tls: &str,
        addressee: &str,
    ) -> MailError {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}{tls}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let mut line = String::new();
                for reply in [&greeting].into_iter().chain(replies) {
                    let text = format!("{reply}\r\n");
                    stream.write_all(text.as_bytes()).await.unwrap();
                    if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
                        break;
                    }
                }
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let environment = [("PASSERELLE_SMTP__URL".to_owned(), url)];
        let settings = Settings::load(None, environment).unwrap();
        let mails = MailOut::new(InForce::new(&settings), folder.path().to_path_buf());
        let message = message(addressee, "x");
        mails.unwrap().send("L-1", &message).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_server_that_refuses_everyone_kills_no_e_mail() {
        let everyone = sent_to("554 no service here", &[], "", "zoe@x.fr").await;
        assert_eq!(
            (everyone.failure, everyone.code),
            (MailFailure::Refused, Some(554))
        );
        let replies = &["250 hello", "554 5.7.1 not this one"];
        let this_one = sent_to("220 hello", replies, "", "zoe@x.fr").await;
        assert_eq!(
            (this_one.failure, this_one.code),
            (MailFailure::Permanent, Some(554))
        );
        assert_eq!(this_one.excerpt.as_deref(), Some("5.7.1 not this one"));
    }

    #[tokio::test]
    async fn an_answer_that_asks_for_more_takes_no_e_mail_over() {
        // To whatever line of the e-mail, and until the client goes.
        let mut replies = vec!["250 hello", "250 from", "250 to"];
        replies.resize(100, "354 go on");
        let error = sent_to("220 hello", replies.leak(), "", "zoe@x.fr").await;
        assert_eq!(
            (error.failure, error.code),
            (MailFailure::Temporary, Some(354))
        );
    }

    #[tokio::test]
    async fn only_accents_before_the_at_sign_need_more_of_a_server() {
        let no_tls = sent_to(
            "220 hello",
            &["250 hello"],
            "?tls=required",
            "zoe@résidence.fr",
        );
        let no_tls = no_tls.await;
        assert_eq!(no_tls.failure, MailFailure::Temporary);
        assert!(no_tls.reason.contains("offers no TLS"), "{no_tls:?}");
        let accents = sent_to("220 hello", &["250 hello"], "", "zoé@x.fr").await;
        assert_eq!(accents.failure, MailFailure::Permanent);
    }

    fn message(to: &str, subject: &str) -> Message {
        Message {
            to: to.into(),
            subject: subject.into(),
            text: Some("Été à Metz".into()),
            html: None,
        }
    }

    #[tokio::test]
    async fn a_repeat_writes_the_same_file_with_the_same_identity() {
        let folder = tempfile::tempdir().unwrap();
        let mails = out(folder.path());
        for _ in 0..2 {
            let mail = message("zoe@locataire.example", "Reçu\r\nBcc: x@y.fr");
            mails.send("L-1", &mail).await.unwrap();
        }
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(files.len(), 1);
        let text = std::fs::read_to_string(folder.path().join("L-1.eml")).unwrap();
        assert!(text.contains("Message-ID: <L-1@vivest.example>"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
    }

    #[rstest]
    #[case::plain("Ascenseur en panne", "Subject: Ascenseur en panne")]
    #[case::accents("Reçu", "Subject: =?utf-8?b?UmXDp3U=?=")]
    #[case::looks_encoded("=?utf-8?B?w6k=?=", "Subject: =?utf-8?b?PT91dGYtOD9CP3c2az0/PQ==?=")]
    #[case::in_a_word("voir a=?b", "Subject: =?utf-8?b?dm9pciBhPT9i?=")]
    #[case::long(
        "=? éééééééééééééééééééééééé",
        "Subject: =?utf-8?b?PT8gw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp?=\r\n =?utf-8?b?w6nDqcOpw6nDqcOp?="
    )]
    fn every_subject_is_read_as_it_was_written(#[case] subject: &str, #[case] wanted: &str) {
        let folder = tempfile::tempdir().unwrap();
        let mails = out(folder.path());
        let way = mails.way.get();
        let way = way.as_ref().as_ref().unwrap();
        let mail = way.compose("L-1", &message("zoe@x.fr", subject)).unwrap();
        let text = String::from_utf8(mail.formatted()).unwrap();
        assert!(text.contains(&format!("{wanted}\r\n")), "{text}");
    }

    #[tokio::test]
    async fn an_impossible_addressee_is_refused_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let mails = out(folder.path());
        let outcome = mails
            .send("L-1", &message("a@b.fr\r\nBcc: c@d.fr", "x"))
            .await;
        assert_eq!(outcome.unwrap_err().failure, MailFailure::Permanent);
    }

    #[rstest]
    #[case::plain("zoe@locataire.example", "zoe@locataire.example")]
    #[case::space("\"a b\"@x.fr", "\"a b\"@x.fr")]
    #[case::at_sign("\"a@b\"@x.fr", "\"a@b\"@x.fr")]
    #[case::quote("\"a\\\"b\"@x.fr", "\"a\\\"b\"@x.fr")]
    #[case::number("a@[127.0.0.1]", "a@[127.0.0.1]")]
    #[case::longer_number("a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]")]
    #[case::accents("zoé@x.fr", "zoé@x.fr")]
    #[case::domain_with_accents("zoe@résidence.fr", "zoe@xn--rsidence-b1a.fr")]
    #[case::named("Zoé N. <zoe@x.fr>", "zoe@x.fr")]
    #[case::in_brackets(" <zoe@x.fr>", "zoe@x.fr")]
    fn every_address_has_its_envelope(#[case] address: &str, #[case] recipient: &str) {
        let folder = tempfile::tempdir().unwrap();
        let mails = out(folder.path());
        let way = mails.way.get();
        let way = way.as_ref().as_ref().unwrap();
        let mail = way.compose("L-1", &message(address, "x")).unwrap();
        let to: Vec<&str> = mail.envelope().to().iter().map(AsRef::as_ref).collect();
        assert_eq!(to, [recipient]);
    }

    #[test]
    fn of_a_reply_only_its_codes_are_kept() {
        assert_eq!(
            enhanced("5.1.1 <zoe@locataire.example> unknown"),
            Some("5.1.1")
        );
        assert_eq!(enhanced("4.7.650 later"), Some("4.7.650"));
        for other in [
            "",
            "zoe@locataire.example",
            "5.1",
            "5.1.1.1",
            "5.1.x no",
            "10.0.0 x",
            "5.1.1234",
        ] {
            assert_eq!(enhanced(other), None, "{other}");
        }
    }
}
