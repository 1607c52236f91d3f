//! E-mails: over SMTP where a server is set, else as `.eml` files.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};

use crate::adapters::files::write_synced;
use crate::domain::ports::{MailError, Mailer, Message};
use crate::settings::SmtpSettings;

/// The way out for e-mails.
pub struct MailOut {
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// One file an e-mail, named by its delivery: a repeat overwrites it.
    Folder(PathBuf),
}

impl MailOut {
    /// Chooses the way by the settings; `folder` takes the files where no server is set.
    ///
    /// # Errors
    /// When the address of the server or of the sender cannot be understood, in words without it.
    pub fn new(settings: &SmtpSettings, folder: &Path) -> Result<Self, MailError> {
        let from = settings
            .from
            .parse()
            .map_err(|_| MailError::Permanent("smtp.from is not an e-mail address".into()))?;
        let way = match &settings.url {
            Some(url) => Way::Smtp(
                AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
                    .map_err(|_| MailError::Permanent("smtp.url cannot be understood".into()))?
                    .build(),
            ),
            None => {
                std::fs::create_dir_all(folder)
                    .map_err(|error| MailError::Permanent(error.to_string()))?;
                Way::Folder(folder.to_path_buf())
            }
        };
        Ok(Self { from, way })
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

#[async_trait]
impl Mailer for MailOut {
    async fn send(&self, id: &str, message: &Message) -> Result<(), MailError> {
        let mail = self.compose(id, message)?;
        match &self.way {
            Way::Smtp(server) => match server.send(mail).await {
                Ok(_) => Ok(()),
                Err(error) => Err(classify(&error)),
            },
            Way::Folder(folder) => {
                let (folder, name) = (folder.clone(), format!("{id}.eml"));
                let bytes = mail.formatted();
                tokio::task::spawn_blocking(move || write_synced(&folder, &name, &bytes))
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
    use super::*;

    fn settings() -> SmtpSettings {
        SmtpSettings {
            url: None,
            from: "Vivest <ne-pas-repondre@vivest.example>".into(),
        }
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
        let out = MailOut::new(&settings(), folder.path()).unwrap();
        for _ in 0..2 {
            let mail = message("zoe@locataire.example", "Reçu\r\nBcc: x@y.fr");
            out.send("L-1", &mail).await.unwrap();
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
        let out = MailOut::new(&settings(), folder.path()).unwrap();
        let outcome = out
            .send("L-1", &message("a@b.fr\r\nBcc: c@d.fr", "x"))
            .await;
        assert!(matches!(outcome, Err(MailError::Permanent(_))));
    }
}
