//! Hand-written HTTP/1.1, so that generating load uses as little as possible of the processors it shares with
//! what it measures: blocking threads, persistent connections, one vectored write per request.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::payload::{Payload, fresh};
use super::report::Latencies;
use super::wait;

/// A server silent for this long is broken.
const SILENCE: Duration = Duration::from_mins(1);

/// A persistent connection.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE))?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    /// Sends one request and waits for its answer.
    pub fn call(&mut self, head: &Head, body: &str) -> io::Result<Answer> {
        self.send(&head.of(body.len()), [body])
    }

    fn send<'a>(
        &mut self,
        head: &'a str,
        body: impl IntoIterator<Item = &'a str>,
    ) -> io::Result<Answer> {
        let parts = [head].into_iter().chain(body);
        let mut parts: Vec<IoSlice> = parts.map(|it| IoSlice::new(it.as_bytes())).collect();
        let mut left = parts.as_mut_slice();
        while !left.is_empty() {
            let written = self.stream.write_vectored(left)?;
            if written == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            IoSlice::advance_slices(&mut left, written);
        }
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        self.received.clear();
        let end = loop {
            self.receive()?;
            let end = self.received.windows(4).position(|it| it == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&self.received[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        let length = head
            .lines()
            .find_map(|it| it.strip_prefix("content-length:"));
        let length = length.map_or(Ok(0), |it| it.trim().parse::<usize>());
        let (Some(status), Ok(length)) = (status, length) else {
            return Err(ErrorKind::InvalidData.into());
        };
        while self.received.len() < end + length {
            self.receive()?;
        }
        Ok(Answer {
            status,
            body: self.received[end..].to_vec(),
        })
    }

    fn receive(&mut self) -> io::Result<()> {
        let mut some = [0; 16 * 1024];
        match self.stream.read(&mut some)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            read => {
                self.received.extend(&some[..read]);
                Ok(())
            }
        }
    }
}

/// The head of a request, except its length.
pub struct Head(String);

impl Head {
    /// Builds a request with JSON, or without a body.
    pub fn new(method: &str, path: &str, token: &str) -> Self {
        Self(format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: "
        ))
    }

    fn of(&self, length: usize) -> String {
        format!("{}{length}\r\n\r\n", self.0)
    }
}

/// The pace of requests.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Each connection sends as soon as it has its answer.
    Full,
    /// This many per second, whatever the answers: the time of a late one counts from when it was due.
    PerSecond(f64),
}

/// Signalements to be sent to one server.
pub struct Load<'a> {
    /// The server's address.
    pub address: SocketAddr,
    /// The client's token.
    pub token: &'a str,
    /// The payload, sent each time with a new number.
    pub payload: &'a Payload,
    /// Number of connections, each with its own thread.
    pub connections: usize,
    /// How fast.
    pub pace: Pace,
}

/// The results of a load.
#[derive(Default)]
pub struct Seen {
    /// For each request answered with 201: when it was sent, or due, and how long it took.
    pub answered: Vec<(Instant, Duration)>,
    /// Number of other answers and of failures.
    pub errors: u64,
    /// An example of one, for the reader.
    pub note: String,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

impl Load<'_> {
    /// Sends until `enough` returns true; it is called before each request with the request's number, from 0,
    /// and the time since the first.
    pub fn run(&self, enough: impl Fn(u64, Duration) -> bool + Sync) -> Seen {
        let (begin, next) = (Instant::now(), AtomicU64::new(0));
        let mut seen = thread::scope(|scope| {
            let one = || self.one_connection(begin, &next, &enough);
            let threads: Vec<_> = (0..self.connections).map(|_| scope.spawn(one)).collect();
            let all = threads.into_iter().map(|it| it.join().unwrap());
            all.reduce(Seen::and).unwrap_or_default()
        });
        seen.elapsed = begin.elapsed();
        seen
    }

    /// The same for a given time.
    pub fn run_for(&self, time: Duration) -> Seen {
        self.run(|_, elapsed| elapsed >= time)
    }

    fn one_connection(
        &self,
        begin: Instant,
        next: &AtomicU64,
        enough: &impl Fn(u64, Duration) -> bool,
    ) -> Seen {
        let head = Head::new("POST", "/api/v1/signalements", self.token).of(self.payload.bytes());
        let mut connection = Connection::open(self.address).unwrap();
        let mut seen = Seen::default();
        loop {
            let ticket = next.fetch_add(1, Ordering::Relaxed);
            if enough(ticket, begin.elapsed()) {
                return seen;
            }
            let due = match self.pace {
                Pace::Full => Instant::now(),
                Pace::PerSecond(rate) => begin + Duration::from_secs_f64(ticket as f64 / rate),
            };
            wait(due.saturating_duration_since(Instant::now()));
            let number = fresh();
            match connection.send(&head, self.payload.parts(&number)) {
                Ok(answer) if answer.status == 201 => seen.answered.push((due, due.elapsed())),
                Ok(answer) => {
                    let body = String::from_utf8_lossy(&answer.body);
                    seen.error(format!("{} {body:.200}", answer.status));
                }
                Err(error) => {
                    seen.error(error.to_string());
                    connection = Connection::open(self.address).unwrap();
                }
            }
        }
    }
}

impl Seen {
    /// Number of answered requests per second.
    pub fn per_second(&self) -> f64 {
        self.answered.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The response times.
    pub fn latencies(&self) -> Latencies {
        self.answered.iter().map(|(_, took)| *took).collect()
    }

    /// Fails the bench if a request was not answered as expected.
    pub fn without_errors(self) -> Self {
        assert_eq!(self.errors, 0, "{}", self.note);
        self
    }

    fn error(&mut self, note: String) {
        self.errors += 1;
        self.note = note;
    }

    fn and(mut self, other: Self) -> Self {
        self.answered.extend(other.answered);
        self.errors += other.errors;
        if self.note.is_empty() {
            self.note = other.note;
        }
        self
    }
}
