//! What editors, copies, network shares and orchestrators do to the two folders while the daemon runs.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{
    Builder, Daemon, copy, is_accepted, is_refused, possible, signalement, signalement_with,
};
use crate::process::{Process, settle_in};

/// Priorities whose word identifies the edit.
fn priorites(word: &str) -> String {
    format!("priorites: {{high: {word}}}\n")
}

/// Waits until a different version is in force.
async fn replaced(daemon: &Daemon, version: &Value) -> Value {
    let another = |it: &Value| is_accepted(it) && it["active"]["version"] != *version;
    let regles = daemon.regles_when("another version", another).await;
    regles["active"]["version"].clone()
}

async fn active(daemon: &Daemon) -> Value {
    daemon.regles().await["active"]["version"].clone()
}

/// The CRM's word for the priority of a new demande, which shows which edit decided.
async fn word(daemon: &Daemon, number: u32) -> Value {
    let uid = daemon.created(&signalement(number)).await;
    let path = format!("/api/v1/demandes/{uid}");
    daemon.get(&path, "crm").await.json()["priorite"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_that_saves_by_renaming_is_followed_twice_in_a_row() {
    let daemon = Builder::new().start().await;
    let file = daemon.path("rules/priorites.yaml");
    for (number, edit) in (1..).zip(["une", "deux", "trois"]) {
        let before = active(&daemon).await;
        // As vim does: the old file becomes the backup, and a new one takes its name.
        fs::rename(&file, file.with_extension("yaml~")).unwrap();
        fs::write(&file, priorites(edit)).unwrap();
        replaced(&daemon, &before).await;
        assert_eq!(word(&daemon, number).await, edit);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_in_two_halves_counts_once_it_is_whole() {
    let daemon = Builder::new().start().await;
    let before = active(&daemon).await;
    let mut file = OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(daemon.path("rules/priorites.yaml"))
        .unwrap();
    file.write_all(b"priorites: {high: ent").unwrap();
    let regles = daemon.regles_when("the half is refused", is_refused).await;
    assert_eq!(
        regles["derniere_tentative"]["erreurs"][0]["fichier"],
        "priorites.yaml"
    );
    assert_eq!(regles["active"]["version"], before);
    assert_eq!(word(&daemon, 1).await, "haute");
    file.write_all("ière}\n".as_bytes()).unwrap();
    drop(file);
    replaced(&daemon, &before).await;
    assert_eq!(word(&daemon, 2).await, "entière");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_comes_in_slowly_takes_effect_once_it_is_closed() {
    let daemon = Builder::new().start().await;
    let before = active(&daemon).await;
    // Valid after every row, each time with residences missing.
    let rows = daemon.read("referentiel/residences.csv");
    let mut file = fs::File::create(daemon.path("referentiel/residences.csv")).unwrap();
    let mut number = 0;
    for row in rows.lines() {
        file.write_all(format!("{row}\n").as_bytes()).unwrap();
        if row.starts_with("MZ-01") {
            daemon.save("rules/priorites.yaml", &priorites("autre"));
        }
        // Longer than the daemon waits for quiet, while signalements arrive.
        let written = Instant::now();
        while written.elapsed() < Duration::from_millis(200) {
            number += 1;
            daemon.created(&signalement(number)).await;
        }
        assert_eq!(active(&daemon).await, before);
    }
    drop(file);
    replaced(&daemon, &before).await;
    let versions = daemon.state.store.list_versions(10).await.unwrap();
    assert_eq!(versions.len(), 2, "the first and the whole: {versions:?}");
    let body = signalement_with(
        number + 1,
        &json!({"residence": "TH-07", "bien": null, "qualification": "PROP"}),
    );
    daemon.created(&body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_emptied_never_takes_effect() {
    let daemon = Builder::new().start().await;
    let before = daemon.regles().await["active"].clone();
    for name in [
        "rules/priorites.yaml",
        "rules/qualifications.yaml",
        "rules/transmission.yaml",
        "rules/statuts.yaml",
        "rules/gestionnaire.rhai",
        "rules/accuses.rhai",
        "rules/modeles/contexte.txt",
        "rules/modeles/accuse-reception.txt",
        "referentiel/residences.csv",
        "referentiel/gestionnaires.csv",
        "referentiel/biens.csv",
    ] {
        let whole = daemon.read(name);
        // Also an export truncated after its header, except for the biens, which may be empty.
        let header = whole.lines().next().unwrap().to_owned() + "\n";
        let cut = name.contains("residences") || name.contains("gestionnaires");
        for rest in ["", &header].into_iter().take(1 + usize::from(cut)) {
            fs::write(daemon.path(name), rest).unwrap();
            let regles = daemon.reload().await;
            let short = name.split_once('/').unwrap().1;
            assert!(is_refused(&regles), "{name}: {rest:?}");
            assert_eq!(regles["derniere_tentative"]["erreurs"][0]["fichier"], short);
            assert_eq!(regles["active"], before);
        }
        fs::write(daemon.path(name), whole).unwrap();
    }
    let regles = daemon.reload().await;
    assert!(is_accepted(&regles), "{regles}");
    assert_eq!(regles["derniere_tentative"]["erreurs"], json!([]));
    assert_eq!(regles["active"], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_editors_leave_behind_are_no_edit() {
    let daemon = Builder::new().start().await;
    let before = daemon.regles().await["derniere_tentative"]["version"].clone();
    for name in [
        "rules/.statuts.yaml.swp",
        "rules/.statuts.yaml.kate-swp",
        "rules/statuts.yaml~",
        "rules/statuts.yaml.bak",
        "rules/#statuts.yaml#",
        "rules/._statuts.yaml",
        "rules/4913",
        "rules/modeles/contexte.txt~",
        "rules/modeles/.contexte.txt.swp",
        "referentiel/.~lock.residences.csv#",
        "referentiel/~$residences.csv",
        "referentiel/residences (copie).csv",
        "referentiel/residences.csv.part",
    ] {
        fs::write(daemon.path(name), "initial: [").unwrap();
    }
    // Emacs marks a file as being edited with a dangling link.
    symlink("zoe@poste.42", daemon.path("rules/.#statuts.yaml")).unwrap();
    let regles = daemon.reload().await;
    assert_eq!(regles["derniere_tentative"]["version"], before);
    assert!(is_accepted(&regles), "{regles}");
    // One that may have been meant to count is still reported.
    let told = &regles["derniere_tentative"]["avertissements"];
    let told: Vec<_> = told.as_array().unwrap().iter().collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["fichier"], "residences (copie).csv");
    assert_eq!(told[0]["code"], "non-lu");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_added_renamed_or_removed_is_an_edit() {
    let daemon = Builder::new().start().await;
    let first = active(&daemon).await;
    fs::create_dir(daemon.path("rules/cas")).unwrap();
    let case = "cas: [{nom: essai, signalement: {qualification: ASC, residence: MZ-01}, attendu: {gestionnaire_concerne: TEC-1}}]";
    daemon.save("rules/cas/a.yaml", case);
    let added = replaced(&daemon, &first).await;
    fs::rename(
        daemon.path("rules/cas/a.yaml"),
        daemon.path("rules/cas/b.yaml"),
    )
    .unwrap();
    let renamed = replaced(&daemon, &added).await;
    assert_ne!(renamed, first);
    fs::remove_dir_all(daemon.path("rules/cas")).unwrap();
    assert_eq!(replaced(&daemon, &renamed).await, first);

    // A required file that is renamed or removed is reported by name.
    let statuts = daemon.path("rules/statuts.yaml");
    fs::rename(&statuts, daemon.path("rules/status.yaml")).unwrap();
    let regles = daemon.regles_when("it is missed", is_refused).await;
    let error = &regles["derniere_tentative"]["erreurs"][0];
    assert_eq!(
        (error["code"].as_str(), error["fichier"].as_str()),
        (Some("fichier-manquant"), Some("statuts.yaml"))
    );
    daemon.created(&signalement(1)).await;
    fs::rename(daemon.path("rules/status.yaml"), &statuts).unwrap();
    let regles = daemon.regles_when("it is back", is_accepted).await;
    assert_eq!(regles["active"]["version"], first);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_need_each_other_may_be_saved_one_after_the_other() {
    let daemon = Builder::new().start().await;
    let before = active(&daemon).await;
    let qualifications = daemon.read("rules/qualifications.yaml");
    daemon.save(
        "rules/transmission.yaml",
        "modes: [categories]\ncategories: [NEUF]\n",
    );
    let regles = daemon
        .regles_when("the first half is refused", is_refused)
        .await;
    let message = &regles["derniere_tentative"]["erreurs"][0]["message"];
    assert!(message.as_str().unwrap().contains("NEUF"), "{message}");
    assert_eq!(word(&daemon, 1).await, "haute");
    let line = "  NEUF: {libelle: Neuf, type_gestionnaire: gardien, workflow: W}\n";
    daemon.save(
        "rules/qualifications.yaml",
        &format!("{qualifications}{line}"),
    );
    replaced(&daemon, &before).await;
    let body = signalement_with(2, &json!({"qualification": "NEUF"}));
    daemon.created(&body).await;
    assert_eq!(daemon.post(&signalement(3)).await.json()["transmis"], false);
}

/// Mounts a folder as Kubernetes mounts a ConfigMap: each entry is a link through `..data` to a dated folder.
fn mount(mounted: &Path, from: &Path) {
    fs::create_dir(mounted).unwrap();
    remount(mounted, "..0", from);
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        symlink(Path::new("..data").join(&name), mounted.join(name)).unwrap();
    }
}

/// Swaps the mounted content in one step, and removes the previous one.
fn remount(mounted: &Path, dated: &str, from: &Path) {
    let old = fs::read_link(mounted.join("..data")).ok();
    copy(from, &mounted.join(dated));
    symlink(dated, mounted.join("..data_tmp")).unwrap();
    fs::rename(mounted.join("..data_tmp"), mounted.join("..data")).unwrap();
    if let Some(old) = old {
        fs::remove_dir_all(mounted.join(old)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_may_be_swapped_again_and_again() {
    let builder = Builder::new();
    let folder = builder.folder();
    let (rules, exports) = (
        folder.path().join("mounted-rules"),
        folder.path().join("mounted-exports"),
    );
    let (from, exports_from) = (
        folder.path().join("rules"),
        folder.path().join("referentiel"),
    );
    mount(&rules, &from);
    mount(&exports, &exports_from);
    let daemon = builder
        .set("RULES_DIR", &rules.display().to_string())
        .set("REFERENTIEL_DIR", &exports.display().to_string())
        .start()
        .await;
    let first = active(&daemon).await;

    daemon.save("rules/priorites.yaml", &priorites("une"));
    remount(&rules, "..1", &from);
    let second = replaced(&daemon, &first).await;
    assert_eq!(word(&daemon, 1).await, "une");

    daemon.save("rules/priorites.yaml", "priorites: [");
    remount(&rules, "..2", &from);
    let regles = daemon
        .regles_when("the bad one is refused", is_refused)
        .await;
    assert_eq!(regles["active"]["version"], second);
    assert_eq!(word(&daemon, 2).await, "une");

    daemon.save("rules/priorites.yaml", &priorites("deux"));
    remount(&rules, "..3", &from);
    let third = replaced(&daemon, &second).await;
    assert_eq!(word(&daemon, 3).await, "deux");

    let managers = daemon.read("referentiel/gestionnaires.csv");
    daemon.save(
        "referentiel/gestionnaires.csv",
        &managers.replace("TEC-1", "TEC-2"),
    );
    remount(&exports, "..1", &exports_from);
    replaced(&daemon, &third).await;
    let body = daemon.post(&signalement(4)).await.json();
    assert_eq!(body["gestionnaire_concerne"]["identifiant"], "TEC-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_may_be_replaced_removed_and_made_again() {
    let daemon = Builder::new().start().await;
    let first = active(&daemon).await;
    let (rules, old, new) = (
        daemon.path("rules"),
        daemon.path("rules.old"),
        daemon.path("rules.new"),
    );
    copy(&rules, &new);
    fs::write(new.join("priorites.yaml"), priorites("autre")).unwrap();
    fs::rename(&rules, &old).unwrap();
    fs::rename(&new, &rules).unwrap();
    let second = replaced(&daemon, &first).await;
    assert_eq!(word(&daemon, 1).await, "autre");
    // The folder that is there now is the one that counts from here on.
    daemon.save("rules.old/priorites.yaml", &priorites("ancienne"));
    daemon.save("rules/priorites.yaml", &priorites("nouvelle"));
    let third = replaced(&daemon, &second).await;
    assert_eq!(word(&daemon, 2).await, "nouvelle");

    fs::remove_dir_all(&rules).unwrap();
    let regles = daemon.regles_when("it is missed", is_refused).await;
    assert_eq!(regles["derniere_tentative"]["version"], json!(null));
    let error = &regles["derniere_tentative"]["erreurs"][0];
    assert_eq!(error["code"], "illisible");
    assert!(
        error["message"].as_str().unwrap().contains("introuvable"),
        "{error}"
    );
    assert_eq!(word(&daemon, 3).await, "nouvelle");
    copy(&old, &rules);
    replaced(&daemon, &third).await;
    assert_eq!(word(&daemon, 4).await, "ancienne");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_behind_a_link_may_be_swapped_by_the_link() {
    let builder = Builder::new();
    let folder = builder.folder();
    let at = |name: &str| folder.path().join(name);
    symlink("rules", at("current")).unwrap();
    let current = at("current").display().to_string();
    let daemon = builder.set("RULES_DIR", &current).start().await;
    let first = active(&daemon).await;
    copy(&at("rules"), &at("next"));
    fs::write(at("next/priorites.yaml"), priorites("autre")).unwrap();
    symlink("next", at("current.new")).unwrap();
    fs::rename(at("current.new"), at("current")).unwrap();
    let second = replaced(&daemon, &first).await;
    daemon.save("next/priorites.yaml", &priorites("suivante"));
    replaced(&daemon, &second).await;
    assert_eq!(word(&daemon, 1).await, "suivante");
}

#[tokio::test(flavor = "multi_thread")]
async fn something_in_the_place_of_a_file_refuses_the_set_and_is_named() {
    let daemon = Builder::new().start().await;
    fs::create_dir(daemon.path("rules/cas")).unwrap();
    daemon.edit("rules/cas/a.yaml", "cas: []\n").await;
    let before = daemon.regles().await["active"].clone();
    // One that is required, one that is optional, and one of the exports.
    for name in [
        "rules/priorites.yaml",
        "rules/cas/a.yaml",
        "referentiel/biens.csv",
    ] {
        let path = daemon.path(name);
        let whole = daemon.read(name);
        for in_its_place in ["a folder", "a link to nowhere"] {
            fs::remove_file(&path).unwrap();
            if in_its_place == "a folder" {
                fs::create_dir(&path).unwrap();
            } else {
                symlink("nowhere", &path).unwrap();
            }
            let regles = daemon.reload().await;
            assert!(is_refused(&regles), "{in_its_place}: {name}");
            let error = &regles["derniere_tentative"]["erreurs"][0];
            let (_, file) = name.split_once('/').unwrap();
            assert_eq!(error["fichier"], file, "{in_its_place}: {error}");
            assert_eq!(regles["active"], before);
            if in_its_place == "a folder" {
                fs::remove_dir(&path).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
            fs::write(&path, &whole).unwrap();
            // Noticed without a request.
            let regles = daemon.regles_when("it is a file again", is_accepted).await;
            assert_eq!(regles["active"], before);
        }
    }
    daemon.created(&signalement(1)).await;
}

/// The binary on a system without change notifications: in a namespace that allows no inotify.
fn without_inotify(folder: &Path) -> Option<Process> {
    let forbid = "echo 0 > /proc/sys/user/max_inotify_instances";
    let in_namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "sh", "-c", script]);
        command
    };
    let works = in_namespace(forbid)
        .output()
        .is_ok_and(|it| it.status.success());
    possible(
        works,
        "unshare and a user namespace, which are not allowed here",
    )
    .then(|| {
        let mut command = in_namespace(&format!("{forbid} && exec \"$0\""));
        command.arg(env!("CARGO_BIN_EXE_passerelle"));
        Process::of(settle_in(command, folder, &[]))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn without_inotify_every_edit_is_found_by_polling() {
    let builder = Builder::new().file("rules/priorites.yaml", &priorites("aaa"));
    let folder = builder.folder();
    let at = |name: &str| folder.path().join(name);
    let Some(daemon) = without_inotify(folder.path()) else {
        return;
    };
    let mut number = 0;
    let mut word = async || {
        number += 1;
        let (_, body) = daemon
            .post("/api/v1/signalements", "sowell", &signalement(number))
            .await;
        let path = format!("/api/v1/demandes/{}", body["uid"].as_str().unwrap());
        let demande = daemon.request("GET", &path, "crm").send().await.unwrap();
        demande.json::<Value>().await.unwrap()["priorite"].clone()
    };
    let active = async || daemon.regles().await["active"]["version"].clone();
    let replaced = async |version: Value| {
        daemon
            .regles_when("another version", |it| it["active"]["version"] != version)
            .await
    };

    // In place, of the same size, with the same modification time.
    let before = active().await;
    let file = at("rules/priorites.yaml");
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, priorites("bbb")).unwrap();
    let written = OpenOptions::new().write(true).open(&file).unwrap();
    written.set_modified(time).unwrap();
    replaced(before).await;
    assert_eq!(word().await, "bbb");

    // A different folder in its place.
    let before = active().await;
    copy(&at("rules"), &at("new"));
    fs::write(at("new/priorites.yaml"), priorites("ccc")).unwrap();
    fs::rename(at("rules"), at("old")).unwrap();
    fs::rename(at("new"), at("rules")).unwrap();
    replaced(before).await;
    assert_eq!(word().await, "ccc");

    let handles = fs::read_dir(format!("/proc/{}/fd", daemon.child.id())).unwrap();
    let listens = handles
        .filter_map(|it| fs::read_link(it.unwrap().path()).ok())
        .any(|it| it.display().to_string().contains("inotify"));
    assert!(!listens, "the test proves nothing where inotify works");
}
