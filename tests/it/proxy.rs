//! A way to a server that can be cut, or go silent as a machine that lost its power does.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They go through.
    Open,
    /// They are broken off, new ones at once.
    Cut,
    /// They stay, and nothing comes through any more.
    Silent,
}

/// Stands between a daemon and a server.
pub struct Proxy {
    pub address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Proxy {
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, seen) = watch::channel(Way::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, seen.clone()));
            }
        });
        Self { address, way }
    }

    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

/// Passes bytes both ways for as long as the way is open.
async fn pass(mut client: TcpStream, server: SocketAddr, mut way: watch::Receiver<Way>) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let silent = tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        now = way.wait_for(|it| *it != Way::Open) => now.is_ok_and(|it| *it == Way::Silent),
    };
    if silent {
        // Both ends stay as they are until the test is over, or the connection is cut.
        let _ = way.wait_for(|it| *it == Way::Cut).await;
    }
}
