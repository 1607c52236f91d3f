//! A proxy that can be cut, or fall silent like a machine after a power cut.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They go through.
    Open,
    /// They are broken off, new ones at once.
    Cut,
    /// They stay open, and nothing comes through any more.
    Silent,
}

/// The address of the server.
#[derive(Clone)]
pub enum Target {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Stands between a daemon and a server.
pub struct Proxy {
    pub address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Proxy {
    pub async fn start(target: Target) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, seen) = watch::channel(Way::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, seen) = (target.clone(), seen.clone());
                tokio::spawn(async move {
                    match target {
                        Target::Tcp(address) => {
                            pass(client, TcpStream::connect(address).await, seen).await;
                        }
                        Target::Unix(path) => {
                            pass(client, UnixStream::connect(path).await, seen).await;
                        }
                    }
                });
            }
        });
        Self { address, way }
    }

    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

/// Passes bytes both ways as long as the way is open.
async fn pass(
    mut client: TcpStream,
    server: std::io::Result<impl AsyncRead + AsyncWrite + Unpin>,
    mut way: watch::Receiver<Way>,
) {
    let Ok(mut server) = server else { return };
    let silent = tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        now = way.wait_for(|it| *it != Way::Open) => now.is_ok_and(|it| *it == Way::Silent),
    };
    if silent {
        // Both ends stay as they are until the test is over, or the connection is cut.
        let _ = way.wait_for(|it| *it == Way::Cut).await;
    }
}
