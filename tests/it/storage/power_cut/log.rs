//! Reads the log of `strace` as steps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One call that succeeded, or part of one that another call interrupted.
#[derive(Debug)]
pub(super) enum Step {
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

/// The steps in a log, with paths relative to `root`; anything outside it is ignored.
pub(super) fn read_log(log: &str, root: &Path) -> Vec<Step> {
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
