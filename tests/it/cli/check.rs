//! Edited rules are checked with their cases before a daemon reads them, for people and for machines.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::passerelle;

#[test]
fn settings_beside_the_rules_are_not_rules() {
    let folder = tempfile::tempdir().unwrap();
    passerelle(folder.path(), &[], &["init"]);
    let version = |path: &str| {
        let checked = passerelle(folder.path(), &[], &["check", path, "--format", "json"]);
        let found: Value = serde_json::from_slice(&checked.stdout).unwrap();
        assert_eq!(found["diagnostics"], json!([]));
        found["version"].clone()
    };
    let before = version("rules");
    fs::rename(
        folder.path().join("passerelle.yaml"),
        folder.path().join("rules/passerelle.yaml"),
    )
    .unwrap();
    assert_eq!(version("rules"), before);
}

/// They contain secrets, which people who edit the rules may not be allowed to read.
#[cfg(unix)]
#[test]
fn unreadable_settings_do_not_prevent_checking_the_rules() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    const NOBODY: u32 = 65_534;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    passerelle(folder.path(), &[], &["init"]);
    let rules = fs::read_to_string(at("rules/transmission.yaml")).unwrap();
    fs::write(
        at("rules/transmission.yaml"),
        format!("{rules}\nmodez: []\n"),
    )
    .unwrap();
    fs::copy(env!("CARGO_BIN_EXE_passerelle"), at("passerelle")).unwrap();
    let allow = |name: &str, mode: u32| {
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    allow("", 0o755);
    allow("passerelle.yaml", 0);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(at("passerelle"));
        command.args(arguments).current_dir(folder.path());
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            // root may read everything.
            command.uid(NOBODY);
        }
        command.stdin(Stdio::null()).output().unwrap()
    };
    for verb in ["check", "coverage"] {
        let output = run(&[verb]);
        let told = [&output.stdout[..], &output.stderr].concat();
        let told = String::from_utf8(told).unwrap();
        assert!(
            told.contains("ne permettent pas de lire passerelle.yaml"),
            "{told}"
        );
        assert!(told.contains("modez"), "{told}");
    }
    let output = run(&["--config", "passerelle.yaml", "check"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("passerelle.yaml: Permission denied"),
        "{told}"
    );
}

#[test]
fn check_says_what_the_daemon_would() {
    let here = Path::new(".");
    let good = passerelle(here, &[], &["check"]);
    assert!(good.status.success(), "{good:?}");

    let folder = tempfile::tempdir().unwrap();
    passerelle(folder.path(), &[], &["init"]);
    let rules = folder.path().join("rules");
    std::fs::write(rules.join("transmission.yaml"), "modes: [auteurs]\n").unwrap();
    std::fs::write(rules.join("accuses.rhai"), "fn accuses(e) { inconnue }\n").unwrap();
    let refused = passerelle(here, &[], &["check", folder.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stdout).into_owned();
    let line = "1 | modes: [auteurs]\n  |         ^^^^^^^";
    assert!(told.contains(line), "{told}");
    assert!(told.contains("accuses.rhai:1:17"), "{told}");
    let json = passerelle(folder.path(), &[], &["check", ".", "--format", "json"]);
    let found: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(found["acceptee"], false);
    assert_eq!(found["diagnostics"][0]["code"], "mot-inconnu");
}

#[test]
fn every_verb_reports_refused_rules_as_json_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let found = |arguments: &[&str]| -> Value {
        let arguments = [arguments, &["--format", "json"]].concat();
        let output = passerelle(folder.path(), &[], &arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    passerelle(folder.path(), &[], &["init"]);
    let file = folder.path().join("rules/statuts.yaml");
    std::fs::write(&file, "initial: [\n").unwrap();
    let check = found(&["check"]);
    assert_eq!(check["diagnostics"][0]["fichier"], "statuts.yaml");
    assert_eq!(found(&["coverage"]), check);
    assert_eq!(found(&["impact", "--rules", "rules"]), check);

    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("nowhere", &file).unwrap();
    let check = found(&["check"]);
    assert_eq!(check["acceptee"], false);
    assert_eq!(check["version"], Value::Null);
    assert_eq!(check["diagnostics"][0]["code"], "illisible");
    assert_eq!(check["diagnostics"][0]["fichier"], "statuts.yaml");
    assert_eq!(found(&["coverage"]), check);
    assert_eq!(found(&["impact", "--rules", "rules"]), check);
    assert_eq!(
        found(&["check", "absent"])["diagnostics"][0]["fichier"],
        "absent"
    );
}

#[test]
fn check_runs_the_cases() {
    let folder = tempfile::tempdir().unwrap();
    passerelle(folder.path(), &[], &["init"]);
    let script = folder.path().join("rules/gestionnaire.rhai");
    let text = std::fs::read_to_string(&script).unwrap();
    std::fs::write(
        &script,
        text.replace("concerne = responsable", "throw \"personne\""),
    )
    .unwrap();
    let output = passerelle(folder.path(), &[], &["check", "."]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("personne ; rien n'est décidé"), "{told}");
    assert!(!told.contains("obtenu rien"), "{told}");
}

#[test]
fn check_reports_the_gaps_that_a_reload_would() {
    let folder = tempfile::tempdir().unwrap();
    passerelle(folder.path(), &[], &["init"]);
    let check = || {
        let checked = passerelle(folder.path(), &[], &["check"]);
        assert!(checked.status.success(), "{checked:?}");
        String::from_utf8(checked.stdout).unwrap()
    };
    assert!(!check().contains("attention"), "{}", check());
    // As saved by Excel with a filter on.
    let managers = folder.path().join("referentiel/gestionnaires.csv");
    let text = fs::read_to_string(&managers).unwrap();
    let few: Vec<&str> = text.lines().take(5).collect();
    fs::write(&managers, few.join("\n")).unwrap();
    let told = check();
    assert!(told.contains("13 résidences sur 14 : "), "{told}");
}

#[test]
fn a_missing_folder_is_explained_in_french_to_those_who_edit_it() {
    let folder = tempfile::tempdir().unwrap();
    passerelle(folder.path(), &[], &["init"]);
    let run = |arguments: &[&str]| {
        let ran = passerelle(folder.path(), &[], arguments);
        let told = [ran.stdout, ran.stderr].concat();
        (ran.status.code(), String::from_utf8(told).unwrap())
    };
    for (name, key) in [("rules", "rules_dir"), ("referentiel", "referentiel_dir")] {
        let (here, away) = (folder.path().join(name), folder.path().join("ailleurs"));
        fs::rename(&here, &away).unwrap();
        for verb in ["check", "coverage"] {
            let (code, told) = run(&[verb]);
            let words = format!(
                "ce dossier est introuvable ; les réglages le nomment ({key}) : redonnez-lui ce nom"
            );
            assert!(code == Some(1) && told.contains(&words), "{told}");
            assert!(!told.contains("there is"), "{told}");
        }
        // It is there, but cannot be entered.
        symlink(&here, &here).unwrap();
        let (code, told) = run(&["check"]);
        assert!(code == Some(1) && !told.contains("introuvable"), "{told}");
        fs::remove_file(&here).unwrap();
        fs::rename(&away, &here).unwrap();
        assert_eq!(run(&["check"]).0, Some(0));
    }
}
