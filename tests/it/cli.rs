//! The command line as operators use it: the real binary, beside a running daemon.

mod check;
mod output;
mod retry;
mod rules;
mod tables;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{Builder, Daemon, signalement_with, until};

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
fn init_on_a_full_disk_leaves_no_part_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    // No file may exceed a kilobyte; writing more fails with an error.
    let limited = r#"trap '' XFSZ; ulimit -f 1; exec "$0" init here"#;
    let full = Command::new("bash")
        .args(["-c", limited, env!("CARGO_BIN_EXE_passerelle")])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&full.stderr).into_owned();
    assert_eq!(full.status.code(), Some(1), "{told}");
    assert!(told.contains("passerelle.yaml"), "{told}");
    let here = folder.path().join("here");
    let left: Vec<_> = std::fs::read_dir(&here).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let again = passerelle(folder.path(), &[], &["init", "here"]);
    let told = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(told.contains("written  here/passerelle.yaml"), "{told}");
}

#[test]
fn a_mistake_is_reported_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (vec!["deliveries", "list"], "there is no database"),
        (vec!["rules", "list"], "il n'y a pas de base de données ici"),
        (
            vec!["explain", "--uid", "DEM-1"],
            "il n'y a pas de base de données ici",
        ),
        (vec!["explain", "DEM-1"], "passerelle explain --uid DEM-1"),
        (vec!["explain", "essai.json"], "ce fichier est introuvable"),
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
fn an_invalid_value_is_answered_with_the_valid_ones() {
    for (arguments, word, known) in [
        (vec!["tokens", "reset"], "landlord", "sowell, crm, admin"),
        (vec!["connector", "test"], "admin", "crm, sowell"),
        (
            vec!["deliveries", "retry", "--all", "--destination"],
            "mail",
            "sowell, courriel, crm",
        ),
        (
            vec!["deliveries", "list", "--state"],
            "echec",
            "en_attente, livree, morte, depassee, retenue",
        ),
        (
            vec!["signalements", "list", "--state"],
            "morte",
            "recu, transmis, ecarte, differe, inconnu, echec",
        ),
    ] {
        let output = passerelle(Path::new("."), &[], &[&arguments[..], &[word]].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(word) && told.contains(known), "{told}");
    }
}

#[test]
fn foreign_variables_may_be_anything_and_empty_ones_count_as_absent() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, value: &[u8]| {
        Command::new(env!("CARGO_BIN_EXE_passerelle"))
            .arg("check")
            .current_dir(folder.path())
            .env(name, OsStr::from_bytes(value))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    for (name, value) in [
        ("FOO", b"\xff".as_slice()),
        ("OLDPWD", b"/r\xe9sidences"),
        ("PASSERELLE_CONFIG", b""),
        ("PASSERELLE_RULES_DIR", b""),
    ] {
        let output = check(name, value);
        assert!(output.status.success(), "{name}: {output:?}");
    }
    let output = check("PASSERELLE_DATA_DIR", b"/r\xe9sidences");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("PASSERELLE_DATA_DIR: is not UTF-8"), "{told}");
    let empty = passerelle(folder.path(), &[], &["--config", "", "check"]);
    assert_eq!(empty.status.code(), Some(1));
}

#[test]
fn completions_are_printed() {
    let output = passerelle(Path::new("."), &[], &["completions", "bash"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("deliveries"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_explained_before_and_after() {
    let daemon = Builder::new().start().await;
    let body = crate::harness::signalement(1);
    let file = daemon.folder.path().join("signalement.json");
    // As saved by Notepad.
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
    let as_json = ["explain", "signalement.json", "--format", "json"];
    let told: Value = serde_json::from_slice(&on(&daemon, &as_json).stdout).unwrap();
    assert_eq!(told["issue"], "transmis", "{told}");
    assert_eq!(told["etapes"][0]["regle"], "priorite", "{told}");
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

    // The past needs no rules on disk.
    let (rules, away) = ["rules", "away"]
        .map(|it| daemon.folder.path().join(it))
        .into();
    std::fs::rename(&rules, &away).unwrap();
    let told = on(&daemon, &["explain", "--uid", &uid]);
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(text.contains("gestionnaire concerné : TEC-1"), "{told:?}");
    std::fs::rename(&away, &rules).unwrap();

    let bad = signalement_with(2, &json!({"residence": "NON", "auteur": null}));
    std::fs::write(&file, bad.to_string()).unwrap();
    let refused = on(&daemon, &["explain", "signalement.json"]);
    assert_eq!(refused.status.code(), Some(1));
    let refused = String::from_utf8(refused.stdout).unwrap();
    assert!(
        refused.contains("/auteur") && refused.contains("/residence"),
        "{refused}"
    );
    let told: Value = serde_json::from_slice(&on(&daemon, &as_json).stdout).unwrap();
    assert_eq!(told["issue"], "refus", "{told}");
    assert_eq!(told["fautes"][0]["pointeur"], "/auteur", "{told}");
    let unknown = signalement_with(3, &json!({"residence": "NON", "bien": null}));
    std::fs::write(&file, unknown.to_string()).unwrap();
    let refused = on(&daemon, &["explain", "signalement.json"]);
    assert_eq!(refused.status.code(), Some(1));
    let refused = String::from_utf8(refused.stdout).unwrap();
    let end = "Aucune décision : SoWell recevrait un refus (422).";
    assert!(refused.contains(end), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_foreseen_is_what_the_api_answers() {
    let daemon = Builder::new().set("LIMITS__BODY", "8 KiB").start().await;
    let photos = vec!["AAAA"; 21];
    let bodies = [
        signalement_with(1, &json!({"zz": 1})).to_string(),
        format!("\u{feff}{}", signalement_with(2, &json!({"yy\u{1b}": 1}))),
        signalement_with(3, &json!({"photos": photos})).to_string(),
        signalement_with(4, &json!({"description": "x".repeat(9_000)})).to_string(),
        signalement_with(5, &json!({"auteur": null, "residence": "NON"})).to_string(),
        signalement_with(6, &json!({"residence": "NON", "bien": null})).to_string(),
        "{\"auteur\":".to_owned(),
        String::new(),
        "[]".to_owned(),
    ];
    let mut seen = Vec::new();
    for body in bodies {
        std::fs::write(daemon.folder.path().join("signalement.json"), &body).unwrap();
        let request = daemon.request("POST", "/api/v1/signalements", "sowell");
        let request = request.header("content-type", "application/json");
        let answer = daemon.send(request.body(body.clone())).await;
        let (status, answer) = (answer.status, answer.json());
        seen.push(status);
        let told = on(&daemon, &["explain", "signalement.json"]);
        let (shown, refusal) = (
            String::from_utf8(told.stdout).unwrap(),
            String::from_utf8(told.stderr).unwrap(),
        );
        let as_json = ["explain", "signalement.json", "--format", "json"];
        let as_json: Value = serde_json::from_slice(&on(&daemon, &as_json).stdout).unwrap();
        if status == 201 {
            assert_eq!(as_json["avertissements"], answer["avertissements"]);
            let remark = answer["avertissements"][0].as_str().unwrap();
            let remark = remark.replace('\u{1b}', "\u{fffd}");
            assert!(shown.contains(&remark), "{shown}");
            assert!(!shown.contains('\u{1b}'), "{shown}");
            continue;
        }
        assert_eq!(told.status.code(), Some(1), "{shown}");
        assert_eq!(as_json["issue"], "refus");
        assert_eq!(as_json["statut"], status, "{as_json}");
        assert_eq!(as_json["motif"], answer["detail"], "{as_json}");
        assert_eq!(as_json["fautes"], answer["erreurs"], "{as_json}");
        let number = format!("SoWell recevrait un refus ({status})");
        assert!(
            shown.contains(&number) || refusal.contains(&number),
            "{refusal}"
        );
    }
    assert_eq!(seen, [201, 201, 413, 413, 422, 422, 400, 400, 400]);
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
