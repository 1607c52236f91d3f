//! A real server that speaks S3 (moto): one a test process, one bucket a test.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Client, Method, Response};

use crate::harness::{Builder, installed};

/// Starts the server on a free port and stops it at the end of its input, which is also the end of
/// this process, however it comes.
const SCRIPT: &str = "moto_server -p 0 2>&1 & read -r _; kill $!";

struct Server {
    address: SocketAddr,
    /// Its input stays open for as long as this process lives.
    _shell: Child,
}

impl Server {
    fn start() -> Option<Self> {
        if !installed("moto_server") {
            return None;
        }
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("Running on http://")?;
            address.trim().parse().ok()
        });
        // It tells of each request: the pipe must not fill.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Some(Self {
            address: address.expect("moto says where it listens"),
            _shell: shell,
        })
    }
}

/// An empty bucket.
pub struct Bucket {
    pub server: SocketAddr,
    pub name: String,
    client: Client,
}

impl Bucket {
    /// `None` where moto is not installed.
    pub async fn new() -> Option<Self> {
        static SERVER: LazyLock<Option<Server>> = LazyLock::new(Server::start);
        static BUCKETS: AtomicU32 = AtomicU32::new(0);
        let bucket = Self {
            server: SERVER.as_ref()?.address,
            name: format!("photos-{}", BUCKETS.fetch_add(1, Ordering::Relaxed)),
            client: Client::new(),
        };
        let made = bucket.call(Method::PUT, "", Vec::new()).await;
        assert!(made.status().is_success(), "{made:?}");
        Some(bucket)
    }

    /// The settings of a daemon that keeps its photos here, reached at `server`.
    pub fn settings(&self, server: SocketAddr) -> Vec<(&'static str, String)> {
        vec![
            ("FILES_URL", format!("s3://{}/vivest", self.name)),
            ("S3__ENDPOINT", format!("http://{server}")),
            ("S3__ALLOW_HTTP", "true".to_owned()),
            ("S3__ACCESS_KEY_ID", "passerelle".to_owned()),
            ("S3__SECRET_ACCESS_KEY", "hunter2".to_owned()),
        ]
    }

    pub fn keep_photos_of(&self, builder: Builder, server: SocketAddr) -> Builder {
        let settings = self.settings(server);
        settings
            .iter()
            .fold(builder, |it, (name, value)| it.set(name, value))
    }

    /// Calls the server without a daemon in between. It asks for a signature, and does not check it.
    pub async fn call(&self, method: Method, key: &str, body: Vec<u8>) -> Response {
        let url = format!("http://{}/{}/{key}", self.server, self.name);
        let signature = "AWS4-HMAC-SHA256 Credential=passerelle/20260101/us-east-1/s3/aws4_request, \
                         SignedHeaders=host, Signature=0";
        let request = self.client.request(method, url).body(body);
        let request = request.header("authorization", signature);
        request.send().await.unwrap()
    }

    /// Where a photo is.
    pub fn key(sha256: &str) -> String {
        format!("vivest/{}/{sha256}", &sha256[..2])
    }

    /// Whether an object is there.
    pub async fn has(&self, key: &str) -> bool {
        let found = self.call(Method::HEAD, key, Vec::new()).await;
        found.status().is_success()
    }
}
