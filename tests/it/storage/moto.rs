//! A real S3 server (moto): one per test process, one bucket per test.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Client, Method, Response};

use crate::harness::{Builder, installed};
use crate::process::Beside;

/// Includes characters that some libraries encode differently in the bucket.
const PREFIX: &str = "vivest~1/photos 2026/résidences";

type Server = Beside<SocketAddr>;

fn start() -> Option<Server> {
    installed("moto_server").then(|| {
        Server::start("moto_server -p 0", |line| {
            let (_, address) = line.split_once("Running on http://")?;
            address.trim().parse().ok()
        })
    })
}

/// An empty bucket.
pub struct Bucket {
    pub server: SocketAddr,
    pub name: String,
    client: Client,
}

impl Bucket {
    /// `None` if moto is not installed.
    pub async fn new() -> Option<Self> {
        static SERVER: LazyLock<Option<Server>> = LazyLock::new(start);
        static BUCKETS: AtomicU32 = AtomicU32::new(0);
        let bucket = Self {
            server: SERVER.as_ref()?.place,
            name: format!("photos-{}", BUCKETS.fetch_add(1, Ordering::Relaxed)),
            client: Client::new(),
        };
        let made = bucket.call(Method::PUT, "", Vec::new()).await;
        assert!(made.status().is_success(), "{made:?}");
        Some(bucket)
    }

    /// The settings of a daemon that stores its photos here, reached at `server`.
    pub fn settings(&self, server: SocketAddr) -> Vec<(&'static str, String)> {
        vec![
            ("FILES_URL", format!("s3://{}/{PREFIX}", self.name)),
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

    /// Calls the server directly. It requires a signature, but does not verify it.
    pub async fn call(&self, method: Method, key: &str, body: Vec<u8>) -> Response {
        let url = format!("http://{}/{}/{key}", self.server, self.name);
        let signature = "AWS4-HMAC-SHA256 Credential=passerelle/20260101/us-east-1/s3/aws4_request, \
                         SignedHeaders=host, Signature=0";
        let request = self.client.request(method, url).body(body);
        let request = request.header("authorization", signature);
        request.send().await.unwrap()
    }

    /// The key of a photo's object.
    pub fn key(sha256: &str) -> String {
        format!("{PREFIX}/{}/{sha256}", &sha256[..2])
    }

    /// Whether an object exists.
    pub async fn has(&self, key: &str) -> bool {
        let found = self.call(Method::HEAD, key, Vec::new()).await;
        found.status().is_success()
    }
}
