//! The real binary in its own process, for what only a process has: signals, a sudden end, system limits.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::harness::{environment, token, until};

/// A daemon in its own process.
pub struct Process {
    pub child: Child,
    pub url: String,
    /// What it printed before it was ready.
    pub greeting: Vec<String>,
    /// What it has logged since.
    log: Arc<Mutex<Vec<String>>>,
}

impl Process {
    /// A daemon in `folder`, with more settings.
    pub fn start(folder: &Path, more: &[(&str, &str)]) -> Self {
        let binary = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        Self::of(settle_in(binary, folder, more))
    }

    /// The daemon that `command` starts, once it listens.
    pub fn of(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        Self::started(command, |_| {})
    }

    /// The same, reporting its process id as soon as it is known.
    pub fn started(mut command: Command, tell: impl FnOnce(u32)) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        tell(child.id());
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut greeting = Vec::new();
        let mut url = None;
        for line in stderr.by_ref().map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("Passerelle listens on ") {
                url = Some(address.to_owned());
            }
            let last = line.starts_with("Console");
            greeting.push(line);
            if last {
                break;
            }
        }
        // Its further output must not fill the pipe.
        let log = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            let all = stderr.map_while(Result::ok);
            all.for_each(|line| lines.lock().unwrap().push(line));
        });
        let Some(url) = url else {
            panic!("it exited at once: {greeting:#?}");
        };
        Self {
            child,
            url,
            greeting,
            log,
        }
    }

    /// Whether a line of the log since the greeting contains these words.
    pub fn logged(&self, words: &str) -> bool {
        let log = self.log.lock().unwrap();
        log.iter().any(|line| line.contains(words))
    }

    /// Sends it a signal, such as `HUP`.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Suspends it, and returns once all of its threads are stopped: until then, some still run.
    pub async fn suspend(&self) {
        self.signal("STOP");
        let tasks = format!("/proc/{}/task", self.child.id());
        until("every thread is stopped", || async {
            let stopped = std::fs::read_dir(&tasks).unwrap().all(|task| {
                let status = std::fs::read_to_string(task.unwrap().path().join("status"));
                status.is_ok_and(|it| it.contains("\nState:\tT"))
            });
            stopped.then_some(())
        })
        .await;
    }

    pub fn request(&self, method: &str, path: &str, client: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.url);
        let request = Client::new().request(method.parse().unwrap(), url);
        request.bearer_auth(token(client))
    }

    pub async fn post(&self, path: &str, client: &str, body: &Value) -> (u16, Value) {
        let request = self.request("POST", path, client).json(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub async fn regles(&self) -> Value {
        let request = self.request("GET", "/api/v1/admin/regles", "admin");
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Waits until the state of the rules is as `wanted`.
    pub async fn regles_when(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, || async {
            let regles = self.regles().await;
            wanted(&regles).then_some(regles)
        })
        .await
    }

    /// Waits until it has exited by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        until("it ends", || {
            let ended = self.child.try_wait().unwrap();
            async move { ended }
        })
        .await
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives a command the settings of a daemon in `folder`.
pub fn settle_in(mut command: Command, folder: &Path, more: &[(&str, &str)]) -> Command {
    command
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .envs(environment(folder));
    for (name, value) in more {
        command.env(format!("PASSERELLE_{name}"), value);
    }
    command
}

/// The same command with the socket handed over to it as a service manager does: as descriptor 3.
pub fn hand_over(socket: &TcpListener, command: &Command) -> Command {
    let socket = OwnedFd::from(socket.try_clone().unwrap());
    // LISTEN_PID must be that of the process itself, which only a shell that becomes it can know.
    let script = r#"exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@""#;
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::from(socket));
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}

/// Sends a signal, by its name without `SIG`.
pub fn signal(pid: u32, name: &str) {
    let kill = format!("kill -{name} {pid}");
    let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(status.success());
}

/// A third-party server, for as long as this process lives.
pub struct Beside<T> {
    /// The address on which it reports that it listens.
    pub place: T,
    /// Its input stays open until this process ends, however it ends, and the server ends with it.
    _shell: Child,
}

impl<T> Beside<T> {
    /// Starts it with a shell command; `find` reads its address from a line of its output.
    pub fn start(command: &str, find: impl FnMut(String) -> Option<T>) -> Self {
        let script = format!("{command} 2>&1 & read -r _; kill $!");
        let mut shell = Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
        let place = lines.by_ref().map_while(Result::ok).find_map(find);
        // It may log each request: the pipe must not fill.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self {
            place: place.expect("it says where it listens"),
            _shell: shell,
        }
    }
}
