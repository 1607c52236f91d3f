//! SoWell and a mail server at their worst: each keeps its own ledger, refuses some of what it is sent, and hangs
//! up on some, before or after accepting it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rand::RngExt;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

/// How a partner treats what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Hangs up before it has understood anything.
    Deaf,
    /// Accepts it, and hangs up without an answer.
    Mute,
    /// Records it, and asks for it again later.
    Busy,
    Well,
}

/// Where a partner listens, and its mood.
struct Place {
    calm: AtomicBool,
}

impl Place {
    fn mood(&self) -> Mood {
        if self.calm.load(Ordering::SeqCst) {
            return Mood::Well;
        }
        match rand::rng().random_range(0..20) {
            0 => Mood::Deaf,
            1 => Mood::Mute,
            2 => Mood::Busy,
            _ => Mood::Well,
        }
    }
}

/// One status as SoWell received it.
#[derive(Debug, Clone)]
pub struct Push {
    pub key: String,
    pub uid: String,
    /// The CRM's word.
    pub statut: String,
    /// Empty for a status that was polled from the CRM.
    pub commentaire: String,
    pub mood: Mood,
}

/// One e-mail as a mailbox received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    pub id: String,
}

impl Mail {
    /// Reads the two headers that matter.
    pub fn read(text: &str) -> Self {
        let header = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {text}")).trim()
        };
        Self {
            to: header("To:").to_owned(),
            id: header("Message-ID:").to_owned(),
        }
    }
}

/// A partner with its ledger.
pub struct Partner<T> {
    pub address: String,
    place: Arc<Place>,
    ledger: Arc<Mutex<Vec<T>>>,
}

impl<T: Clone + Send + 'static> Partner<T> {
    async fn start<F: Future<Output = std::io::Result<()>> + Send>(
        serve: impl Fn(BufStream<TcpStream>, Mood, Arc<Mutex<Vec<T>>>) -> F + Copy + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let place = Arc::new(Place {
            calm: AtomicBool::new(false),
        });
        let ledger = Arc::<Mutex<Vec<T>>>::default();
        let (theirs, entries) = (Arc::clone(&place), Arc::clone(&ledger));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mood, entries) = (theirs.mood(), Arc::clone(&entries));
                // A killed daemon breaks its connections, which is not the partner's fault.
                tokio::spawn(
                    async move { serve(BufStream::new(stream), mood, entries).await.ok() },
                );
            }
        });
        Self {
            address,
            place,
            ledger,
        }
    }

    /// From now on, it accepts everything.
    pub fn calm_down(&self) {
        self.place.calm.store(true, Ordering::SeqCst);
    }

    pub fn ledger(&self) -> Vec<T> {
        self.ledger.lock().unwrap().clone()
    }
}

impl Partner<Push> {
    pub async fn sowell() -> Self {
        Self::start(take_push).await
    }
}

impl Partner<Mail> {
    pub async fn mail_server() -> Self {
        Self::start(take_mail).await
    }
}

async fn take_push(
    mut stream: BufStream<TcpStream>,
    mood: Mood,
    ledger: Arc<Mutex<Vec<Push>>>,
) -> std::io::Result<()> {
    if mood == Mood::Deaf {
        return Ok(());
    }
    let (mut key, mut length, mut path) = (String::new(), 0, String::new());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            // Killed before it had sent everything.
            return Ok(());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("idempotency-key") => {
                value.clone_into(&mut key);
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            None => line
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .clone_into(&mut path),
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let body: Value = serde_json::from_slice(&body).unwrap();
    ledger.lock().unwrap().push(Push {
        key,
        uid: path.rsplit('/').next().unwrap().to_owned(),
        statut: body["statut_crm"].as_str().unwrap().to_owned(),
        commentaire: body["commentaire"].as_str().unwrap_or_default().to_owned(),
        mood,
    });
    let status = match mood {
        Mood::Deaf | Mood::Mute => return Ok(()),
        Mood::Busy => "503 Service Unavailable",
        Mood::Well => "200 OK",
    };
    let answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}");
    stream.write_all(answer.as_bytes()).await?;
    stream.flush().await
}

async fn take_mail(
    mut stream: BufStream<TcpStream>,
    mood: Mood,
    ledger: Arc<Mutex<Vec<Mail>>>,
) -> std::io::Result<()> {
    if mood == Mood::Deaf {
        return Ok(());
    }
    let mut answer = "220 sink\r\n";
    loop {
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        answer = match line.get(..4).unwrap_or_default() {
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                stream.flush().await?;
                let text = read_data(&mut stream).await?;
                if mood != Mood::Busy {
                    ledger.lock().unwrap().push(Mail::read(&text));
                }
                match mood {
                    Mood::Mute => return Ok(()),
                    Mood::Busy => "451 later\r\n",
                    Mood::Deaf | Mood::Well => "250 taken\r\n",
                }
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 fine\r\n",
        };
    }
}

async fn read_data(stream: &mut BufStream<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let start = text.len();
        if stream.read_line(&mut text).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if text[start..].trim_end() == "." {
            return Ok(text);
        }
    }
}
