//! A real CRM: Redmine from Debian's packages, set up by `examples/crm-redmine/`, and a proxy to it that breaks on
//! command.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use reqwest::{Client, Method};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{copy, possible};

const SCRIPT: &str = "examples/crm-redmine/redmine.sh";

/// A running Redmine, with only the landlord's configuration.
pub struct Redmine {
    child: Child,
    folder: TempDir,
    pub address: SocketAddr,
    client: Client,
}

impl Redmine {
    /// `None` if it is not installed.
    pub async fn start() -> Option<Self> {
        let found = ["/usr/share/redmine/config.ru", "/usr/bin/puma"];
        let found = found.iter().all(|it| Path::new(it).exists());
        if !possible(
            found,
            "redmine, redmine-sqlite and puma, which are not installed",
        ) {
            return None;
        }
        let started = tokio::task::spawn_blocking(|| {
            let folder = tempfile::tempdir().unwrap();
            copy(prepared(), folder.path());
            let mut child = script(&["serve", &folder.path().display().to_string(), "0"])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let address = loop {
                let line = lines.next().expect("Redmine starts").unwrap();
                if let Some((_, address)) = line.split_once("Listening on http://") {
                    break address.parse().unwrap();
                }
            };
            // Its further output must not fill the pipe.
            std::thread::spawn(move || lines.for_each(drop));
            (child, folder, address)
        });
        let (child, folder, address) = started.await.unwrap();
        Some(Self {
            child,
            folder,
            address,
            client: Client::new(),
        })
    }

    /// The API key of `passerelle`, `agent` or `admin`.
    pub fn key(&self, account: &str) -> String {
        let path = self.folder.path().join(format!("cle-{account}"));
        fs::read_to_string(path).unwrap().trim().to_owned()
    }

    /// Reads a resource through Redmine's own API.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path, "admin");
        answer.send().await.unwrap().json().await.unwrap()
    }

    /// The bytes of an attachment.
    pub async fn download(&self, attachment: &Value) -> Vec<u8> {
        let name = attachment["filename"].as_str().unwrap();
        let path = format!("/attachments/download/{}/{name}", attachment["id"]);
        let answer = self.request(Method::GET, &path, "admin").send().await;
        answer.unwrap().bytes().await.unwrap().to_vec()
    }

    /// All issues, oldest first, including closed ones.
    pub async fn issues(&self) -> Vec<Value> {
        let found = self.get("/issues.json?status_id=*&sort=id&limit=100").await;
        found["issues"].as_array().unwrap().clone()
    }

    /// Changes an issue as the customer-relations centre does.
    pub async fn change(&self, id: &str, issue: &Value) {
        let path = format!("/issues/{id}.json");
        let request = self.request(Method::PUT, &path, "agent");
        let body = serde_json::json!({"issue": issue});
        let answer = request.json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
    }

    fn request(&self, method: Method, path: &str, account: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        let request = self.client.request(method, url);
        request.header("X-Redmine-API-Key", self.key(account))
    }
}

impl Drop for Redmine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value of an issue's custom field.
pub fn field<'i>(issue: &'i Value, name: &str) -> &'i Value {
    let fields = issue["custom_fields"].as_array().unwrap();
    let found = fields.iter().find(|it| it["name"] == name);
    &found.unwrap_or_else(|| panic!("no field {name}: {issue}"))["value"]
}

fn script(arguments: &[&str]) -> Command {
    let mut command = Command::new(SCRIPT);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// An unused instance, to be copied: creating its tables takes longer than copying them. Kept between runs as long
/// as the scripts that create it do not change.
fn prepared() -> &'static Path {
    static PREPARED: OnceLock<PathBuf> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let mut scripts = Sha256::new();
        for path in [SCRIPT, "examples/crm-redmine/configurer.rb"] {
            scripts.update(fs::read(path).unwrap());
        }
        let name = hex::encode(&scripts.finalize()[..8]);
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("redmine-{name}"));
        if !kept.is_dir() {
            let making = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            let status = script(&["prepare", &making.path().display().to_string()])
                .stdout(Stdio::null())
                .status();
            assert!(status.unwrap().success(), "Redmine is prepared");
            // Another run may have created it meanwhile: then either will do.
            let _ = fs::rename(making.keep(), &kept);
        }
        kept
    })
}

/// A proxy that can be cut at the worst moment: after the server has done what it was asked, and before its answer
/// arrives.
pub struct Way {
    pub url: String,
    state: Arc<WayState>,
}

#[derive(Default)]
struct WayState {
    /// Requests that begin like this lose their answer, while there are any left to lose.
    cut: Mutex<Vec<u8>>,
    left: AtomicUsize,
    lost: AtomicUsize,
}

impl Way {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<WayState>::default();
        let way = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&way).carry(client, server));
            }
        });
        Self { url, state }
    }

    /// Loses the answers to the next `times` requests that begin like this, such as `POST /issues.json`.
    pub fn cut(&self, begin: &str, times: usize) {
        *self.state.cut.lock().unwrap() = begin.as_bytes().to_vec();
        self.state.left.store(times, Ordering::SeqCst);
    }

    /// How many answers have been lost so far.
    pub fn lost(&self) -> usize {
        self.state.lost.load(Ordering::SeqCst)
    }
}

impl WayState {
    async fn carry(self: Arc<Self>, mut client: TcpStream, server: SocketAddr) {
        let Ok(mut server) = TcpStream::connect(server).await else {
            return;
        };
        let (mut up, mut down) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
        let mut doomed = false;
        loop {
            tokio::select! {
                read = client.read(&mut up) => {
                    let Ok(count @ 1..) = read else { return };
                    // A request's head arrives in one piece: a single write of the client, on one machine.
                    doomed = doomed || self.is_doomed(&up[..count]);
                    if server.write_all(&up[..count]).await.is_err() { return }
                }
                read = server.read(&mut down) => {
                    let Ok(count @ 1..) = read else { return };
                    if doomed {
                        self.lost.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                    if client.write_all(&down[..count]).await.is_err() { return }
                }
            }
        }
    }

    fn is_doomed(&self, piece: &[u8]) -> bool {
        let begin = self.cut.lock().unwrap();
        let one_less = |left: usize| left.checked_sub(1);
        piece.starts_with(&begin)
            && self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
                .is_ok()
    }
}
