//! A real SMTP server in its own process (`smtp_server.py`), with a certificate from its own authority.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{possible, until};

/// Debian's package is for Debian's Python, which may not be the first one in `PATH`.
static PYTHON: LazyLock<Option<&str>> = LazyLock::new(|| {
    ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        let import = Command::new(python)
            .args(["-c", "import aiosmtpd"])
            .stderr(Stdio::null())
            .status();
        import.is_ok_and(|it| it.success())
    })
});

/// How the connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    None,
    Starttls,
    Implicit,
}

/// A running server.
pub struct SmtpServer {
    child: Child,
    commands: ChildStdin,
    tls: Tls,
    port: u16,
    /// Contains the certificate of its authority.
    folder: TempDir,
    events: Arc<Mutex<Vec<Value>>>,
}

impl SmtpServer {
    /// `None` if it is not installed. A `login` is `user:password`.
    pub fn start(tls: Tls, login: Option<&str>) -> Option<Self> {
        if !possible(PYTHON.is_some(), "aiosmtpd, which no Python here has") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        certify(folder.path());
        let mut command = Command::new((*PYTHON)?);
        command.arg("tests/it/delivery/smtp_server.py");
        command
            .arg("--certificate")
            .arg(folder.path().join("server.pem"));
        command.arg("--key").arg(folder.path().join("server.key"));
        command.args([
            "--tls",
            match tls {
                Tls::None => "none",
                Tls::Starttls => "starttls",
                Tls::Implicit => "implicit",
            },
        ]);
        if let Some(login) = login {
            command.args(["--login", login]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let events = Arc::<Mutex<Vec<Value>>>::default();
        let seen = Arc::clone(&events);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                seen.lock()
                    .unwrap()
                    .push(serde_json::from_str(&line).unwrap());
            }
        });
        Some(Self {
            commands: child.stdin.take().unwrap(),
            child,
            tls,
            port: u16::try_from(first["port"].as_u64().unwrap()).unwrap(),
            folder,
            events,
        })
    }

    /// Its address for `smtp.url`, with the login.
    pub fn url(&self, login: Option<&str>) -> String {
        let login = login.map_or_else(String::new, |login| format!("{login}@"));
        let (scheme, query) = match self.tls {
            Tls::None => ("smtp", ""),
            Tls::Starttls => ("smtp", "?tls=required"),
            Tls::Implicit => ("smtps", ""),
        };
        format!("{scheme}://{login}localhost:{}{query}", self.port)
    }

    /// The certificate of its authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Adds an answer at `RCPT` or `DATA`, given once after those added before: a reply, or `drop`, which ends the
    /// connection without one.
    pub async fn next(&mut self, at: &str, answer: &str) {
        let turn = json!({"at": at, "answer": answer, "held": false});
        self.tell(&turn).await;
    }

    /// The same, with an answer that is given only after [`Self::release`].
    pub async fn hold(&mut self, at: &str, answer: &str) {
        let turn = json!({"at": at, "answer": answer, "held": true});
        self.tell(&turn).await;
    }

    /// Gives the answers that are held, and no longer holds those still to come.
    pub async fn release(&mut self) {
        self.tell(&json!({"release": true})).await;
    }

    /// Whether a client is waiting for an answer.
    pub fn holds(&self) -> bool {
        self.count("holding") > 0
    }

    async fn tell(&mut self, command: &Value) {
        let heard = self.count("heard");
        writeln!(self.commands, "{command}").unwrap();
        until("the server heard", || async {
            (self.count("heard") > heard).then_some(())
        })
        .await;
    }

    /// Messages that arrived in full, accepted or not.
    pub fn messages(&self) -> Vec<Value> {
        self.events_with("headers")
    }

    /// Recipients and accounts that it refused.
    pub fn refusals(&self) -> Vec<Value> {
        self.events_with("refused")
    }

    /// Waits until this many messages have arrived.
    pub async fn wait_for(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} messages"), || async {
            let messages = self.messages();
            (messages.len() >= count).then_some(messages)
        })
        .await
    }

    fn count(&self, key: &str) -> usize {
        self.events_with(key).len()
    }

    fn events_with(&self, key: &str) -> Vec<Value> {
        let events = self.events.lock().unwrap();
        events
            .iter()
            .filter(|it| it.get(key).is_some())
            .cloned()
            .collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All values of a header of a received message.
pub fn header<'m>(message: &'m Value, name: &str) -> Vec<&'m str> {
    let headers = message["headers"].as_array().unwrap().iter();
    headers
        .filter(|it| it[0].as_str().unwrap().eq_ignore_ascii_case(name))
        .map(|it| it[1].as_str().unwrap())
        .collect()
}

/// Writes an authority's certificate, and one for localhost signed by it.
fn certify(folder: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&key).unwrap();
    let issuer = Issuer::new(authority, key);
    let server_key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&server_key, &issuer).unwrap();
    fs::write(folder.join("authority.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("server.pem"), server.pem()).unwrap();
    fs::write(folder.join("server.key"), server_key.serialize_pem()).unwrap();
}
