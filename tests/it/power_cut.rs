//! Acknowledged means on disk: what had been synced when an answer was sent contains everything that the answer
//! acknowledges.
//!
//! The daemon runs under `strace`. Its log is then replayed on a disk that loses whatever was not synced: bytes of
//! a file not synced since, and names whose folder was not synced. What is left at the moment of an answer must be
//! enough for another daemon.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use passerelle::app::App;
use passerelle::domain::demande::Uid;
use passerelle::domain::livraison::{Destination, LivraisonEtat};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::passerelle;
use crate::harness::{Builder, PNG, environment, installed, signalement_with, until};
use crate::process::{Process, settle_in, signal};

/// The system calls for files, and for answers to clients.
const CALLS: &str = "openat,write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync,ftruncate,rename,\
                     renameat,renameat2,unlink,unlinkat,mkdir,mkdirat";
/// Several new folders, relative to the current one.
const PHOTOS: &str = "file://photos/du/fichiers";
/// Where e-mails are written without a server, one file each.
const COURRIELS: &str = "data/courriels";
const SIGNALEMENTS: u32 = 6;

/// One call that succeeded, or part of one that another call interrupted.
#[derive(Debug)]
enum Step {
    Open {
        path: PathBuf,
        create: bool,
        truncate: bool,
    },
    Append {
        path: PathBuf,
        bytes: Vec<u8>,
    },
    WriteAt {
        path: PathBuf,
        bytes: Vec<u8>,
        offset: usize,
    },
    Truncate {
        path: PathBuf,
        length: usize,
    },
    /// A sync begins: it covers what was written until now.
    SyncBegins {
        thread: String,
        path: PathBuf,
    },
    SyncEnds {
        thread: String,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    MakeFolder {
        path: PathBuf,
    },
    /// The answer to a client: a 201 or a 202.
    Answer(Value),
}

/// What a sync is for, so that a test can leave one kind out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Log,
    Photo,
    PhotoFolder,
    Courriel,
    Other,
}

impl Kind {
    fn of(path: &Path) -> Self {
        let text = path.to_string_lossy();
        if text.ends_with("-wal") {
            Self::Log
        } else if text.contains(COURRIELS) {
            Self::Courriel
        } else if !text.contains("/fichiers/") {
            Self::Other
        } else if path.parent().is_some_and(|it| it.ends_with("fichiers")) {
            Self::PhotoFolder
        } else {
            Self::Photo
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_survives_a_power_cut() {
    if !installed("strace") {
        return;
    }
    let folder = Builder::new().folder();
    let log = run_under_strace(&folder).await;
    let steps = read_log(&log, &folder.path().canonicalize().unwrap());
    let answers = steps
        .iter()
        .filter(|it| matches!(it, Step::Answer(_)))
        .count();
    assert_eq!(
        answers,
        2 * SIGNALEMENTS as usize + 1,
        "answers found in the log"
    );

    assert_eq!(lost(&steps, None).await, Vec::<String>::new());
    // Without one of its syncs, the same daemon would fail: the check detects what it is for.
    for left_out in [Kind::Log, Kind::Photo, Kind::PhotoFolder, Kind::Courriel] {
        let lost = lost(&steps, Some(left_out)).await;
        assert!(!lost.is_empty(), "{left_out:?} does not need a sync?");
    }
}

/// A daemon that starts in an empty folder, accepts signalements and statuses, and stops.
async fn run_under_strace(folder: &Arc<TempDir>) -> String {
    let log = folder.path().join("strace.log");
    let mut strace = Command::new("strace");
    strace
        .args([
            "-f",
            "-qq",
            "-y",
            "-xx",
            "-s",
            "1000000",
            "--seccomp-bpf",
            "-e",
            "signal=none",
        ])
        .args(["-e", &format!("trace={CALLS}"), "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_passerelle"));
    let photos = [("FILES_URL", PHOTOS)];
    let mut traced = Process::of(settle_in(strace, folder.path(), &photos));
    let daemon = &traced;
    let requests = (0..SIGNALEMENTS).map(async |number| {
        let photo = [
            base64_simd::STANDARD.decode_to_vec(PNG).unwrap(),
            vec![u8::try_from(number).unwrap(); 9_000],
        ];
        let photo = base64_simd::STANDARD.encode_to_string(photo.concat());
        let body = signalement_with(number, &json!({"photos": [photo]}));
        let (status, created) = daemon.post("/api/v1/signalements", "sowell", &body).await;
        assert_eq!(status, 201);
        let path = format!(
            "/api/v1/demandes/{}/statut",
            created["uid"].as_str().unwrap()
        );
        let body = json!({"statut": "CRC en cours"});
        let (status, _) = daemon.post(&path, "crm", &body).await;
        assert_eq!(status, 202);
    });
    futures_util::future::join_all(requests).await;
    // Once e-mails are recorded as sent, one more answer follows.
    let environment = environment(folder.path());
    until("e-mails are noted as sent", || async {
        let arguments = [
            "deliveries",
            "list",
            "--state",
            "livree",
            "--format",
            "json",
        ];
        let listed = passerelle(folder.path(), &environment, &arguments);
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        text.contains("courriel").then_some(())
    })
    .await;
    let body = signalement_with(SIGNALEMENTS, &json!({}));
    let (status, _) = daemon.post("/api/v1/signalements", "sowell", &body).await;
    assert_eq!(status, 201);
    let strace = traced.child.id();
    let children = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).unwrap();
    signal(children.trim().parse().unwrap(), "TERM");
    let ended = traced.ended().await;
    assert!(ended.success(), "{ended}");
    fs::read_to_string(log).unwrap()
}

/// What a power cut at the moment of some answer would lose of what was acknowledged.
async fn lost(steps: &[Step], left_out: Option<Kind>) -> Vec<String> {
    let answers: Vec<usize> = (0..steps.len())
        .filter(|at| matches!(steps[*at], Step::Answer(_)))
        .collect();
    let (first, last) = (0, answers.len() - 1);
    let mut lost = Vec::new();
    for which in [first, 1, last / 2, last] {
        let until = answers[which];
        let mut disk = Disk::default();
        let mut acknowledged = Vec::new();
        for step in &steps[..=until] {
            match step {
                Step::Answer(body) => acknowledged.push(body),
                step => disk.take(step, left_out),
            }
        }
        lost.extend(missing(&disk, &acknowledged).await);
    }
    lost
}

/// Starts a daemon on what the disk has kept, and returns what it is missing.
async fn missing(disk: &Disk, acknowledged: &[&Value]) -> Vec<String> {
    let builder = Builder::new();
    let root = builder.folder();
    disk.write_out(root.path());
    let photos = root.path().join(PHOTOS.trim_start_matches("file://"));
    let photos = format!("file://{}", photos.display());
    let builder = builder.set("FILES_URL", &photos);
    let Ok(app) = App::build(&builder.settings()).await else {
        return vec!["the database".to_owned()];
    };
    let state = &app.state;
    let mut missing = Vec::new();
    let mut statuts = 0;
    for body in acknowledged {
        let Some(uid) = body["uid"].as_str() else {
            statuts += 1;
            continue;
        };
        let found = state.store.find_demande(&Uid::new(uid.to_owned())).await;
        let Ok(Some(demande)) = found else {
            missing.push(uid.to_owned());
            continue;
        };
        for fichier in &demande.fichiers {
            let bytes = state.files.read(&fichier.sha256).await.unwrap_or_default();
            if bytes.len() as u64 != fichier.taille {
                missing.push(format!("a photo of {uid}"));
            }
        }
    }
    let kept = state.store.list_livraisons(None, 1_000).await.unwrap();
    let kept = kept
        .iter()
        .filter(|it| it.destination.as_str() == "sowell")
        .count();
    if kept < statuts {
        missing.push(format!("{} statuses", statuts - kept));
    }
    let livrees = Some(LivraisonEtat::Livree);
    let livrees = state.store.list_livraisons(livrees, 1_000).await.unwrap();
    for sent in livrees {
        let file = root.path().join(COURRIELS).join(format!("{}.eml", sent.id));
        if sent.destination == Destination::Courriel && !file.exists() {
            missing.push(format!("the e-mail {}", sent.id));
        }
    }
    missing
}

/// A disk that loses what was not synced.
#[derive(Default)]
struct Disk {
    files: Vec<Contents>,
    /// What a running daemon sees, by path: a file, or `None` for a folder.
    names: BTreeMap<PathBuf, Option<usize>>,
    /// What would be there after a power cut.
    kept: BTreeMap<PathBuf, Option<usize>>,
    /// Syncs in progress, by thread.
    syncs: BTreeMap<String, Promise>,
}

#[derive(Default)]
struct Contents {
    bytes: Vec<u8>,
    kept: Vec<u8>,
}

enum Promise {
    File(usize, Vec<u8>),
    Folder(PathBuf, BTreeMap<PathBuf, Option<usize>>),
    Nothing,
}

impl Disk {
    fn take(&mut self, step: &Step, left_out: Option<Kind>) {
        match step {
            Step::Open {
                path,
                create,
                truncate,
            } => {
                if *create && !self.names.contains_key(path) {
                    self.names.insert(path.clone(), Some(self.files.len()));
                    self.files.push(Contents::default());
                }
                if *truncate && let Some(file) = self.file(path) {
                    file.bytes.clear();
                }
            }
            Step::Append { path, bytes } => {
                if let Some(file) = self.file(path) {
                    file.bytes.extend(bytes);
                }
            }
            Step::WriteAt {
                path,
                bytes,
                offset,
            } => {
                if let Some(file) = self.file(path) {
                    let end = offset + bytes.len();
                    file.bytes.resize(file.bytes.len().max(end), 0);
                    file.bytes[*offset..end].copy_from_slice(bytes);
                }
            }
            Step::Truncate { path, length } => {
                if let Some(file) = self.file(path) {
                    file.bytes.resize(*length, 0);
                }
            }
            Step::SyncBegins { thread, path } => {
                let promise = match self.names.get(path) {
                    _ if left_out == Some(Kind::of(path)) => Promise::Nothing,
                    Some(Some(file)) => Promise::File(*file, self.files[*file].bytes.clone()),
                    // The root itself is not created by the daemon.
                    _ => Promise::Folder(path.clone(), entries(&self.names, path)),
                };
                self.syncs.insert(thread.clone(), promise);
            }
            Step::SyncEnds { thread } => match self.syncs.remove(thread) {
                Some(Promise::File(file, bytes)) => self.files[file].kept = bytes,
                Some(Promise::Folder(path, now)) => {
                    for gone in entries(&self.kept, &path).keys() {
                        self.kept.remove(gone);
                    }
                    self.kept.extend(now);
                }
                Some(Promise::Nothing) | None => {}
            },
            Step::Rename { from, to } => {
                if let Some(entry) = self.names.remove(from) {
                    self.names.insert(to.clone(), entry);
                }
            }
            Step::Remove { path } => {
                self.names.remove(path);
            }
            Step::MakeFolder { path } => {
                self.names.insert(path.clone(), None);
            }
            Step::Answer(_) => {}
        }
    }

    fn file(&mut self, path: &Path) -> Option<&mut Contents> {
        let file = (*self.names.get(path)?)?;
        self.files.get_mut(file)
    }

    /// Writes what was kept under `root`; a file in a folder that was not kept is lost.
    fn write_out(&self, root: &Path) {
        for (path, entry) in &self.kept {
            let place = root.join(path);
            match entry {
                None => {
                    let _ = fs::create_dir(place);
                }
                Some(file) => {
                    let _ = fs::write(place, &self.files[*file].kept);
                }
            }
        }
    }
}

/// The direct entries of a folder.
fn entries(
    names: &BTreeMap<PathBuf, Option<usize>>,
    folder: &Path,
) -> BTreeMap<PathBuf, Option<usize>> {
    let inside = names
        .iter()
        .filter(|(path, _)| path.parent() == Some(folder));
    inside.map(|(path, entry)| (path.clone(), *entry)).collect()
}

/// The steps in a log, with paths relative to `root`; anything outside it is ignored.
fn read_log(log: &str, root: &Path) -> Vec<Step> {
    let mut steps = Vec::new();
    // The beginnings of interrupted calls, by thread.
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    for line in log.lines() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        if let Some((start, _)) = call.split_once(" <unfinished ...>") {
            begun.insert(thread, start);
            // An answer counts from its first byte, and a sync for what came before it.
            steps.extend(early(thread, start, root));
        } else if call.starts_with("<... ") {
            let (Some(start), Some((_, end))) = (begun.remove(thread), call.split_once("resumed>"))
            else {
                continue;
            };
            steps.extend(late(thread, &format!("{start}{end}"), root));
        } else {
            steps.extend(early(thread, call, root));
            steps.extend(late(thread, call, root));
        }
    }
    steps
}

/// What counts from the moment the call is made.
fn early(thread: &str, call: &str, root: &Path) -> Option<Step> {
    let (name, arguments) = call.split_once('(')?;
    match name {
        "fsync" | "fdatasync" => Some(Step::SyncBegins {
            thread: thread.to_owned(),
            path: descriptor(arguments, root)?,
        }),
        "write" | "writev" | "sendto" | "sendmsg" => {
            let bytes = strings(arguments).concat();
            let text = String::from_utf8_lossy(&bytes);
            let accepted = ["HTTP/1.1 201", "HTTP/1.1 202"]
                .iter()
                .any(|it| text.starts_with(it));
            let (_, body) = text.split_once("\r\n\r\n").filter(|_| accepted)?;
            Some(Step::Answer(serde_json::from_str(body).unwrap()))
        }
        _ => None,
    }
}

/// What counts once the call has ended.
fn late(thread: &str, call: &str, root: &Path) -> Option<Step> {
    let (name, arguments) = call.split_once('(')?;
    let (_, outcome) = call.rsplit_once(" = ")?;
    if outcome.starts_with('-') {
        return None;
    }
    let named = |which: usize| below(root, strings(arguments).get(which)?);
    match name {
        "fsync" | "fdatasync" => Some(Step::SyncEnds {
            thread: thread.to_owned(),
        }),
        "openat" => Some(Step::Open {
            // If the name is a link or has dots, the descriptor gives the real path.
            path: descriptor(outcome, root)?,
            create: arguments.contains("O_CREAT"),
            truncate: arguments.contains("O_TRUNC"),
        }),
        "write" => Some(Step::Append {
            path: descriptor(arguments, root)?,
            bytes: strings(arguments).concat(),
        }),
        "pwrite64" => Some(Step::WriteAt {
            path: descriptor(arguments, root)?,
            bytes: strings(arguments).concat(),
            offset: last_number(arguments)?,
        }),
        "ftruncate" => Some(Step::Truncate {
            path: descriptor(arguments, root)?,
            length: last_number(arguments)?,
        }),
        "rename" | "renameat" | "renameat2" => Some(Step::Rename {
            from: named(0)?,
            to: named(1)?,
        }),
        "unlink" | "unlinkat" => Some(Step::Remove { path: named(0)? }),
        "mkdir" | "mkdirat" => Some(Step::MakeFolder { path: named(0)? }),
        _ => None,
    }
}

/// The path behind `12<\x2f…>`.
fn descriptor(text: &str, root: &Path) -> Option<PathBuf> {
    let (_, rest) = text.split_once('<')?;
    below(root, &unhex(rest.split_once('>')?.0))
}

fn below(root: &Path, path: &[u8]) -> Option<PathBuf> {
    let path = Path::new(std::str::from_utf8(path).ok()?);
    let path = match path.strip_prefix(root) {
        Ok(below) => below,
        // Relative to the daemon's current folder.
        Err(_) if path.is_relative() => path,
        Err(_) => return None,
    };
    Some(path.to_path_buf())
}

/// Every `"\x2f…"`, in order.
fn strings(arguments: &str) -> Vec<Vec<u8>> {
    arguments.split('"').skip(1).step_by(2).map(unhex).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let bytes = text.split("\\x").skip(1);
    bytes
        .map(|it| u8::from_str_radix(it, 16).unwrap())
        .collect()
}

/// The number before the closing bracket.
fn last_number(arguments: &str) -> Option<usize> {
    let (inside, _) = arguments.rsplit_once(')')?;
    inside.rsplit(", ").next()?.trim().parse().ok()
}
