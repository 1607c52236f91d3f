//! E-mails: over SMTP where a server is set, else as `.eml` files.

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};

use crate::adapters::files::write_synced;
use crate::crash;
use crate::domain::ports::{MailError, Mailer, Message};
use crate::settings::{InForce, MadeFrom, SmtpSettings};

/// The way out for e-mails.
pub struct MailOut {
    /// The server keeps its connections until its own settings change.
    way: MadeFrom<SmtpSettings, Result<Way, MailError>>,
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
        let not = |what: &str| MailError::Temporary(format!("{what} cannot be understood"));
        let from = settings.from.parse().map_err(|_| not("smtp.from"))?;
        let server = settings.url.as_ref().map(|url| {
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
                .map(lettre::transport::smtp::AsyncSmtpTransportBuilder::build)
        });
        let server = server.transpose().map_err(|_| not("smtp.url"))?;
        Ok(Self { from, server })
    }

    fn compose(&self, id: &str, message: &Message) -> Result<Mail, MailError> {
        let to: Mailbox = message
            .to
            .parse()
            .map_err(|_| MailError::Permanent("the addressee is not an e-mail address".into()))?;
        let domain = self.from.email.domain();
        let builder = Mail::builder()
            .from(self.from.clone())
            .to(to)
            .subject(message.subject.clone())
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
        built.map_err(|error| MailError::Permanent(error.to_string()))
    }
}

impl MailOut {
    /// Follows the settings; `folder` takes the files where no server is set.
    ///
    /// # Errors
    /// When the folder is needed and cannot be made.
    pub fn new(in_force: InForce, folder: PathBuf) -> io::Result<Self> {
        if in_force.get().smtp.url.is_none() {
            std::fs::create_dir_all(&folder)?;
        }
        Ok(Self {
            way: MadeFrom::new(in_force, |settings| &settings.smtp, Way::new),
            folder,
        })
    }
}

#[async_trait]
impl Mailer for MailOut {
    async fn send(&self, id: &str, message: &Message) -> Result<(), MailError> {
        let way = self.way.get();
        let way = way.as_ref().as_ref().map_err(Clone::clone)?;
        let mail = way.compose(id, message)?;
        match &way.server {
            Some(server) => {
                crash::point("smtp.send.before");
                let sent = server.send(mail).await;
                crash::point("smtp.send.after");
                sent.map(|_| ()).map_err(|error| classify(&error))
            }
            None => {
                let (folder, name) = (self.folder.clone(), format!("{id}.eml"));
                let bytes = mail.formatted();
                // An edit may have taken the server away since the start.
                let write = move || {
                    std::fs::create_dir_all(&folder)?;
                    write_synced(&folder, &name, &bytes)
                };
                tokio::task::spawn_blocking(write)
                    .await
                    .map_err(|error| MailError::Temporary(error.to_string()))?
                    .map_err(|error| MailError::Temporary(error.to_string()))
            }
        }
    }
}

/// Only the reply's code goes into the record: its text may repeat the addressee.
fn classify(error: &SmtpError) -> MailError {
    let reason = match error.status() {
        Some(code) => format!("the SMTP server answered {code}"),
        None if error.is_timeout() => "the SMTP server did not answer in time".into(),
        None => "the SMTP server could not be reached".into(),
    };
    // 530 to 538 refuse us, not the e-mail: someone mends the account, and it can go then.
    let ours = error
        .status()
        .is_some_and(|code| (530..=538).contains(&u16::from(code)));
    if error.is_permanent() && !ours {
        MailError::Permanent(reason)
    } else {
        MailError::Temporary(reason)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::settings::Settings;

    fn out(folder: &Path) -> MailOut {
        let from = "Vivest <ne-pas-repondre@vivest.example>".to_owned();
        let environment = [("PASSERELLE_SMTP__FROM".to_owned(), from)];
        let settings = Settings::load(None, environment).unwrap();
        MailOut::new(InForce::new(settings.live), folder.to_path_buf()).unwrap()
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

    #[tokio::test]
    async fn an_impossible_addressee_is_refused_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let mails = out(folder.path());
        let outcome = mails
            .send("L-1", &message("a@b.fr\r\nBcc: c@d.fr", "x"))
            .await;
        assert!(matches!(outcome, Err(MailError::Permanent(_))));
    }
}
