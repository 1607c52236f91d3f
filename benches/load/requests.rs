//! HTTP/1.1 by hand, so that making load costs as little as can be of the processors that it shares
//! with what it measures: blocking threads, connections that are kept, one vectored write a request.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::payload::{Payload, fresh};
use super::report::Latencies;
use super::wait;

/// A server that says nothing for so long is broken.
const SILENCE: Duration = Duration::from_mins(1);

/// A connection that is kept between requests.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What came back.
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

/// The head of a request but for its length.
pub struct Head(String);

impl Head {
    /// A request with JSON, or without a body.
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

/// How fast requests come.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Each connection sends as soon as it has its answer.
    Full,
    /// So many a second, whatever the answers: a late one counts from when it was due.
    PerSecond(f64),
}

/// Signalements for one server.
pub struct Load<'a> {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who sends.
    pub token: &'a str,
    /// What is sent, each time with another number.
    pub payload: &'a Payload,
    /// Connections, each with a thread of its own.
    pub connections: usize,
    /// How fast.
    pub pace: Pace,
}

/// What a load has seen.
#[derive(Default)]
pub struct Seen {
    /// When each request that was answered 201 was sent, or due, and how long it took.
    pub answered: Vec<(Instant, Duration)>,
    /// Whatever else was answered, or not.
    pub errors: u64,
    /// One of them, for the reader.
    pub note: String,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

impl Load<'_> {
    /// Sends until `enough`, which is asked before each request with its number from 0 and the time
    /// since the first.
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

    /// The same for a time.
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
    /// Answered requests a second.
    pub fn per_second(&self) -> f64 {
        self.answered.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// How long they took.
    pub fn latencies(&self) -> Latencies {
        self.answered.iter().map(|(_, took)| *took).collect()
    }

    /// Stops the bench where a request was not answered as it should be.
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
