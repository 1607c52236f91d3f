//! An output whose reader stops early, or that cannot be written.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::passerelle;

#[test]
fn a_reader_that_stops_early_is_not_an_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .args(["completions", "bash"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// Runs the binary with its output going there; returns the exit code and what it reports on stderr.
fn printing_to(output: impl Into<Stdio>, folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .args(arguments)
        .current_dir(folder)
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap_or_default(), told)
}

#[test]
fn an_output_that_cannot_be_written_is_reported_in_one_line() {
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let wanted = "passerelle: the output is incomplete: No space left on device (os error 28)\n";
    for arguments in [
        vec!["init"],
        vec!["check"],
        vec!["check", "--format", "json"],
        vec!["completions", "bash"],
        vec!["coverage"],
    ] {
        let (code, told) = printing_to(full(), folder, &arguments);
        assert_eq!((code, told.as_str()), (1, wanted), "{arguments:?}");
    }
    // The work itself is still done.
    let checked = passerelle(folder, &[], &["check"]);
    assert!(checked.status.success(), "{checked:?}");
    assert!(folder.join("schemas/cas.schema.json").is_file());
    assert!(folder.join("referentiel/biens.csv").is_file());

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let (code, told) = printing_to(writer, folder, &["init", "other"]);
    assert_eq!((code, told.as_str()), (0, ""));
    assert!(folder.join("other/schemas/cas.schema.json").is_file());
}
