//! Clients that connect and send nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Builder, PNG, signalement_with, token, until};
use crate::process::{Process, settle_in};

/// One connection for several requests: a client with a pool might open a second one, which would have to wait.
struct Kept(BufReader<TcpStream>);

impl Kept {
    fn post(&mut self, body: &Value) -> String {
        let body = body.to_string();
        let request = format!(
            "POST /api/v1/signalements HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            token("sowell"),
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let mut status = String::new();
        self.0.read_line(&mut status).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let line = line.trim().to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(bytes) = line.strip_prefix("content-length: ") {
                length = bytes.parse().unwrap();
            }
        }
        self.0.read_exact(&mut vec![0; length]).unwrap();
        status.trim().to_owned()
    }
}

/// More of them than are accepted, but no more than the socket's queue holds: a client connected before them is
/// still served, photos included.
#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_leave_the_others_their_files() {
    let folder = Builder::new().folder();
    let mut shell = Command::new("sh");
    let limited = r#"ulimit -Sn 64; ulimit -Hn 160; exec "$0""#;
    shell.args(["-c", limited, env!("CARGO_BIN_EXE_passerelle")]);
    let daemon = Process::of(settle_in(shell, folder.path(), &[]));
    let address = daemon.url.trim_start_matches("http://");
    let connect = || TcpStream::connect(address).unwrap();
    let mut kept = Kept(BufReader::new(connect()));
    let mut post = |number: u32| kept.post(&signalement_with(number, &json!({"photos": [PNG]})));
    assert_eq!(post(1), "HTTP/1.1 201 Created");

    let silent: Vec<TcpStream> = (0..150).map(|_| connect()).collect();
    until("no more are let in", || async {
        daemon.logged("further ones wait").then_some(())
    })
    .await;
    for number in 2..20 {
        assert_eq!(post(number), "HTTP/1.1 201 Created");
    }
    drop(silent);
    let mut another = Kept(BufReader::new(connect()));
    assert_eq!(
        another.post(&json!({})),
        "HTTP/1.1 422 Unprocessable Entity"
    );
}
