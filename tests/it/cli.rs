//! The command line, as an operator uses it: the real binary, beside a running daemon.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{Builder, Daemon, FakeSowell, signalement_with, until};

/// Runs the binary in a folder.
pub fn passerelle(folder: &Path, environment: &[(String, String)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .args(arguments)
        .current_dir(folder)
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub fn on(daemon: &Daemon, arguments: &[&str]) -> Output {
    passerelle(daemon.folder.path(), &daemon.environment, arguments)
}

pub fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_listed_and_sent_again() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let uid = daemon.created(&crate::harness::signalement(1)).await;
    sowell.next(422, vec![]);
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    let dead = until("it is listed as dead", || async {
        let output = on(
            &daemon,
            &["deliveries", "list", "--state", "morte", "--format", "json"],
        );
        lines(&output).pop()
    })
    .await;
    assert_eq!(dead["uid"], uid);
    assert_eq!(dead["last_error"], "answered 422");
    let table = on(&daemon, &["deliveries", "list"]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("LAST ERROR"));
    let id = dead["id"].as_str().unwrap();
    let retried = on(&daemon, &["deliveries", "retry", id]);
    assert!(retried.status.success(), "{retried:?}");
    sowell.wait_for(2).await;
    assert_eq!(sowell.delivered(), ["En cours de traitement"]);
    let unknown = on(&daemon, &["deliveries", "retry", "absent"]);
    assert_eq!(unknown.status.code(), Some(1));
    let shown = on(&daemon, &["deliveries", "show", id]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("CRC en cours"), "{shown}");
    assert!(shown.contains("answered 422"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_dead_letters_wait_for_the_first_to_arrive() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    for number in 1..=3 {
        let uid = daemon.created(&crate::harness::signalement(number)).await;
        sowell.next(422, vec![]);
        let statut = json!({"statut": "CRC en cours"});
        assert_eq!(daemon.statut(&uid, &statut).await.status, 202);
    }
    let dead = || {
        let arguments = ["deliveries", "list", "--state", "morte", "--format", "json"];
        lines(&on(&daemon, &arguments)).len()
    };
    until("all are dead", || async { (dead() == 3).then_some(()) }).await;

    let retry_all = ["deliveries", "retry", "--all", "--destination", "sowell"];
    for _ in 0..3 {
        sowell.next(422, vec![]);
    }
    let output = on(&daemon, &retry_all);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(sowell.calls().len(), 6, "each was tried alone, and once");
    assert_eq!(dead(), 3);

    // One that is refused for itself keeps no other.
    sowell.next(422, vec![]);
    let output = on(&daemon, &retry_all);
    assert!(output.status.success(), "{output:?}");
    until("all arrive", || async {
        (sowell.delivered().len() == 3).then_some(())
    })
    .await;
    let none = on(&daemon, &retry_all);
    assert!(String::from_utf8_lossy(&none.stdout).contains("no dead letter"));
    let mixed = on(&daemon, &["deliveries", "retry", "--all", "an-id"]);
    assert_eq!(mixed.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_signalement_is_listed_and_decided_anew_with_its_photos() {
    let daemon = Builder::new().start().await;
    let body = signalement_with(1, &json!({"residence": "NEUVE", "bien": null, "gps": 1}));
    assert_eq!(daemon.post(&body).await.status, 422);
    let listed = lines(&on(&daemon, &["signalements", "list", "--format", "json"]));
    assert_eq!(listed[0]["etat"], "echec");
    assert!(listed[0]["motif"].as_str().unwrap().contains("NEUVE"));
    let page = on(&daemon, &["signalements", "list", "--limit", "1"]);
    assert!(String::from_utf8_lossy(&page.stderr).contains("--limit N shows more"));
    let still = on(&daemon, &["signalements", "retry", "--all"]);
    assert_eq!(still.status.code(), Some(1));

    let residences = daemon.read("referentiel/residences.csv");
    daemon
        .edit(
            "referentiel/residences.csv",
            &format!("{residences}NEUVE;Neuve;x\n"),
        )
        .await;
    let managers = daemon.read("referentiel/gestionnaires.csv");
    let managers = format!("{managers}NEUVE;responsable_secteur;RS-N;N;n@x.fr\n");
    daemon
        .edit("referentiel/gestionnaires.csv", &managers)
        .await;
    let retried = on(
        &daemon,
        &["signalements", "retry", listed[0]["id"].as_str().unwrap()],
    );
    assert!(retried.status.success(), "{retried:?}");
    // SoWell, which repeats what was refused, gets the creation's answer.
    let answer = daemon.post(&body).await;
    assert_eq!(
        (answer.status, answer.header("idempotent-replayed")),
        (200, Some("true"))
    );
    let uid = answer.json()["uid"].as_str().unwrap().to_owned();
    assert!(answer.json()["avertissements"].to_string().contains("gps"));
    let demande = daemon
        .get(&format!("/api/v1/demandes/{uid}"), "crm")
        .await
        .json();
    assert_eq!(demande["fichiers"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_token_replaces_the_old_one_in_the_running_daemon() {
    let builder = Builder::new();
    let folder = builder.folder();
    let folder = folder.path();
    let environment: Vec<(String, String)> = crate::harness::environment(folder)
        .into_iter()
        .filter(|(name, _)| !name.contains("TOKENS__ADMIN"))
        .collect();
    let daemon = Builder::again(&builder.folder(), environment.clone())
        .start()
        .await;
    let output = passerelle(folder, &environment, &["tokens", "reset", "admin"]);
    let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    assert_eq!(token.len(), 64);
    until("the new token opens", || async {
        let request = daemon
            .request("GET", "/api/v1/admin/regles", "")
            .bearer_auth(&token);
        (daemon.send(request).await.status == 200).then_some(())
    })
    .await;
    let fixed = passerelle(folder, &environment, &["tokens", "reset", "crm"]);
    assert_eq!(fixed.status.code(), Some(1), "the settings give that one");
}

#[test]
fn init_writes_a_folder_to_start_from_and_never_over_an_edit() {
    let folder = tempfile::tempdir().unwrap();
    let init = || passerelle(folder.path(), &[], &["init", "here"]);
    assert!(init().status.success());
    let here = folder.path().join("here");
    for name in [
        "passerelle.yaml",
        "rules/statuts.yaml",
        "rules/modeles/contexte.txt",
        "referentiel/biens.csv",
    ] {
        assert!(here.join(name).is_file(), "{name}");
    }
    std::fs::write(here.join("rules/statuts.yaml"), "mine").unwrap();
    assert!(init().status.success());
    assert_eq!(
        std::fs::read_to_string(here.join("rules/statuts.yaml")).unwrap(),
        "mine"
    );
    let settings = passerelle::settings::Settings::load(Some(&here.join("passerelle.yaml")), []);
    assert_eq!(settings.unwrap().data_dir, here.join("data"));
}

#[test]
fn a_mistake_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (vec!["deliveries", "list"], "there is no database"),
        (vec!["--config", "absent.yaml", "serve"], "absent.yaml"),
    ] {
        let output = passerelle(folder.path(), &[], &arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.starts_with("passerelle: ") && told.contains(words),
            "{told}"
        );
    }
}

#[test]
fn completions_are_printed() {
    let output = passerelle(Path::new("."), &[], &["completions", "bash"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("deliveries"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_fault() {
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

/// Runs the binary with its output going there; gives the exit code and what it says of it.
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
fn an_output_that_takes_no_more_is_told_of_in_one_line() {
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let wanted = "passerelle: the output is not whole: No space left on device (os error 28)\n";
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
    // What was to be done is done all the same.
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

#[test]
fn settings_beside_the_rules_are_none_of_them() {
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
fn what_refuses_the_rules_is_json_for_every_verb_that_is_asked_for_it() {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_explained_before_and_after() {
    let daemon = Builder::new().start().await;
    let body = crate::harness::signalement(1);
    let file = daemon.folder.path().join("signalement.json");
    // As Notepad saves it.
    std::fs::write(&file, format!("\u{feff}{body}")).unwrap();
    let foreseen = on(&daemon, &["explain", "signalement.json"]);
    assert!(foreseen.status.success(), "{foreseen:?}");
    let foreseen = String::from_utf8(foreseen.stdout).unwrap();
    assert!(
        foreseen.contains("qualifications.yaml, ligne 2"),
        "{foreseen}"
    );
    assert!(
        foreseen.contains("gestionnaire concerné : TEC-1"),
        "{foreseen}"
    );
    let uid = daemon.created(&body).await;
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    let told = on(&daemon, &["explain", "--uid", &uid]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("gestionnaire concerné : TEC-1"), "{told}");
    assert!(
        told.contains("statut SoWell : En cours de traitement"),
        "{told}"
    );

    let bad = signalement_with(2, &json!({"residence": "NON", "auteur": null}));
    std::fs::write(&file, bad.to_string()).unwrap();
    let refused = on(&daemon, &["explain", "signalement.json"]);
    assert_eq!(refused.status.code(), Some(1));
    let refused = String::from_utf8(refused.stdout).unwrap();
    assert!(
        refused.contains("/auteur") && refused.contains("/residence"),
        "{refused}"
    );
    let unknown = signalement_with(3, &json!({"residence": "NON", "bien": null}));
    std::fs::write(&file, unknown.to_string()).unwrap();
    let refused = on(&daemon, &["explain", "signalement.json"]);
    assert_eq!(refused.status.code(), Some(1));
    let refused = String::from_utf8(refused.stdout).unwrap();
    let end = "Aucune décision : SoWell recevrait un refus (422).";
    assert!(refused.contains(end), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_waits_for_the_first() {
    let daemon = Builder::new().start().await;
    let (folder, environment) = (daemon.folder.clone(), daemon.environment.clone());
    let first = async {
        daemon.created(&crate::harness::signalement(1)).await;
        daemon.stop().await;
    };
    let (second, ()) = tokio::join!(Builder::again(&folder, environment).start(), first);
    let again = second.post(&crate::harness::signalement(1)).await;
    assert_eq!(again.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_accepted_version_is_kept_and_can_come_back() {
    let daemon = Builder::new().start().await;
    let first = daemon.regles().await["active"]["version"]
        .as_str()
        .unwrap()
        .to_owned();
    let good = daemon.read("rules/transmission.yaml");
    daemon.edit("rules/transmission.yaml", "modes: []\n").await;
    daemon.save("rules/modeles/note.txt", "Objet: note\n");
    let second = until("the note is in force", || async {
        let regles = daemon.regles().await;
        let files = lines(&on(&daemon, &["rules", "list", "--format", "json"]));
        (files[0]["version"] == regles["active"]["version"] && files.len() == 3)
            .then(|| regles["active"]["version"].as_str().unwrap().to_owned())
    })
    .await;
    let diff = on(&daemon, &["rules", "diff", &first, &second]);
    let diff = String::from_utf8(diff.stdout).unwrap();
    assert!(
        diff.contains("+modes: []") && diff.contains("+++ modeles/note.txt"),
        "{diff}"
    );
    let shown = on(&daemon, &["rules", "show", &first[..6]]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("modes: [tous]"));
    let back = on(&daemon, &["rules", "rollback", &first]);
    assert!(back.status.success(), "{back:?}");
    assert_eq!(daemon.read("rules/transmission.yaml"), good);
    assert!(!daemon.folder.path().join("rules/modeles/note.txt").exists());
    let said = String::from_utf8(back.stdout).unwrap();
    assert!(!said.contains("regles-remplacees"), "all was kept: {said}");
    until("it is in force again", || async {
        (daemon.regles().await["active"]["version"] == first).then_some(())
    })
    .await;
    let unknown = on(&daemon, &["rules", "rollback", "zzz"]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_keeps_what_no_version_has() {
    let daemon = Builder::new().start().await;
    let version = daemon.regles().await["active"]["version"].clone();
    let rules = daemon.folder.path().join("rules");
    let refused = "modes: [auteurs]\n";
    let shared = fs::Permissions::from_mode(0o664);
    fs::set_permissions(rules.join("transmission.yaml"), shared).unwrap();
    fs::write(rules.join("modeles/essai.txt"), "Objet: essai\n").unwrap();
    fs::write(rules.join("transmission.yaml"), refused).unwrap();
    let back = on(&daemon, &["rules", "rollback", version.as_str().unwrap()]);
    assert!(back.status.success(), "{back:?}");
    assert!(!rules.join("modeles/essai.txt").exists());
    let mode = fs::metadata(rules.join("transmission.yaml"))
        .unwrap()
        .mode();
    assert_eq!(mode & 0o777, 0o664);
    let said = String::from_utf8(back.stdout).unwrap();
    let aside = said
        .lines()
        .find_map(|it| it.split_once(" est gardé dans "));
    let aside = daemon.folder.path().join(aside.unwrap().1);
    assert_eq!(
        fs::read_to_string(aside.join("transmission.yaml")).unwrap(),
        refused
    );
    assert!(aside.join("modeles/essai.txt").exists() && !aside.join("statuts.yaml").exists());
}
