//! E-mails: sent over SMTP if a server is set, otherwise written as `.eml` files.

mod headers;
mod reply;

use std::fmt::Display;
use std::fs::DirBuilder;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use lettre::address::{Address, Envelope};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};
use url::Host;

use self::headers::{AutoSubmitted, Subject};
use self::reply::{accepted, classify, refuses_all};
use crate::adapters::synced::{make_folder, remove_remains, write_synced};
use crate::crash;
use crate::domain::ports::{MailError, MailFailure, Mailer, Message};
use crate::domain::reason::{Phrase, Reason};
use crate::rules::addressee;
use crate::settings::{InForce, MadeFrom, SmtpSettings};

/// Sends e-mails.
pub struct MailOut {
    /// Rebuilt when the SMTP settings change.
    way: Arc<MadeFrom<SmtpSettings, Result<Way, MailError>>>,
    /// Where e-mails are written if no server is set.
    folder: PathBuf,
}

/// The sender and the transport that the settings give.
struct Way {
    from: Mailbox,
    /// Without a server, each e-mail is written to a file named after its delivery, so a repeat overwrites it.
    server: Option<AsyncSmtpTransport<Tokio1Executor>>,
}

impl Way {
    /// The settings were validated, so a failure here is ours and must not turn an e-mail into a dead letter.
    fn new(settings: &SmtpSettings) -> Result<Self, MailError> {
        let from = settings.from.parse();
        let from = from.map_err(|_| MailError::temporary(Phrase::SmtpSender))?;
        let server = settings.server();
        let server =
            server.map_err(|fault| MailError::temporary(Phrase::SmtpAddress.with(fault)))?;
        // No connection is used twice: one that was abandoned in the middle of a command still has an answer to
        // come, which the next e-mail would take for its own.
        let used_once = || PoolConfig::new().max_size(0);
        let server = server.map(|it| it.pool_config(used_once()).build());
        Ok(Self { from, server })
    }

    fn compose(&self, id: &str, message: &Message) -> Result<Mail, MailError> {
        // The address comes from the rules, whose authors read this message in French.
        let to = addressee(&message.to)
            .ok_or_else(|| unfit("le destinataire n'est pas une adresse e-mail"))?;
        // Given explicitly: the library does not recover a quoted address or an address literal from the header.
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.email.clone()]);
        let envelope = envelope.map_err(|error| unfit(error.to_string()))?;
        let domain = self.from.email.domain();
        let builder = Mail::builder()
            .envelope(envelope)
            .from(self.from.clone())
            .to(to)
            .header(Subject(message.subject.clone()))
            .header(AutoSubmitted)
            // The same at every attempt, so that a mailbox can drop duplicates.
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
        built.map_err(|error| unfit(error.to_string()))
    }
}

/// An e-mail that no server would accept, and why.
fn unfit(why: impl Into<String>) -> MailError {
    MailError::permanent(Reason::told(why))
}

/// A failure on our side, after which the e-mail can be retried.
fn ours(error: impl Display) -> MailError {
    MailError::temporary(Reason::told(error.to_string()))
}

/// The mailbox that an address names, with its domain in ASCII for the DNS.
fn addressee(text: &str) -> Option<Mailbox> {
    let mailbox = addressee::mailbox(text)?;
    let email = in_ascii(&mailbox.email).unwrap_or(mailbox.email);
    Some(Mailbox::new(mailbox.name, email))
}

/// The address with its domain in ASCII for the DNS, so that accents in the domain require nothing of a server.
fn in_ascii(address: &Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return None;
    }
    match Host::parse(address.domain()) {
        Ok(Host::Domain(domain)) => Address::new(address.user(), domain).ok(),
        _ => None,
    }
}

impl MailOut {
    /// Follows the settings; e-mails are written to `folder` if no server is set.
    ///
    /// # Errors
    /// When the folder is needed and cannot be created.
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

    /// The sender and transport for the settings in force.
    async fn way(&self) -> Result<Arc<Result<Way, MailError>>, MailError> {
        if let Some(way) = self.way.current() {
            return Ok(way);
        }
        // Off this thread: the system's trusted certificates are read from files.
        let way = Arc::clone(&self.way);
        tokio::task::spawn_blocking(move || way.get())
            .await
            .map_err(ours)
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
                    // The code alone does not tell whether this e-mail is refused, or everything we send.
                    if failed.failure == MailFailure::Permanent && refuses_all(server).await {
                        failed.failure = MailFailure::Refused;
                    }
                    Err(failed)
                }
            };
        }
        let (folder, name) = (self.folder.clone(), format!("{id}.eml"));
        let bytes = mail.formatted();
        // An edit may have removed the server since the start, so the folder may not exist yet.
        let write = move || {
            make_folder(&folder, &DirBuilder::new())?;
            write_synced(&folder, &name, &bytes)
        };
        tokio::task::spawn_blocking(write)
            .await
            .map_err(ours)?
            .map_err(ours)?;
        Ok(None)
    }
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

    /// Sends to a server that opens each connection with this greeting and answers each line with the next reply.
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
    async fn a_server_that_refuses_everyone_loses_no_e_mail() {
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
    async fn an_answer_that_asks_for_more_does_not_accept_the_e_mail() {
        // The reply to every line of the e-mail, until the client disconnects.
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
        assert_eq!(no_tls.reason, Phrase::SmtpWithoutTls.into());
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
}
