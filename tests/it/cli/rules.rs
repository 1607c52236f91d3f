//! Past versions of the rules are listed, shown, compared and restored.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::{lines, on, passerelle};
use crate::harness::{Builder, is_refused, until};

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
    let newest = on(&daemon, &["rules", "list", "--limit", "1"]);
    let note = String::from_utf8_lossy(&newest.stderr);
    assert!(note.contains("--limit en montre plus de 1"), "{note}");
    let all = on(&daemon, &["rules", "list", "--limit", "4"]);
    assert!(all.stderr.is_empty(), "{all:?}");
    let diff = on(&daemon, &["rules", "diff", &first, &second]);
    let diff = String::from_utf8(diff.stdout).unwrap();
    assert!(
        diff.contains("+modes: []") && diff.contains("+++ modeles/note.txt"),
        "{diff}"
    );
    let same = on(&daemon, &["rules", "diff", &first, &first[..8]]);
    let told = String::from_utf8_lossy(&same.stderr);
    assert!(told.contains("deux fois la même version"), "{told}");
    let listed = lines(&on(&daemon, &["rules", "list", "--format", "json"]));
    let in_force: Vec<_> = listed.iter().map(|it| it["in_force"] == true).collect();
    assert_eq!(in_force, [true, false, false]);
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
async fn a_rollback_keeps_a_copy_of_files_that_no_version_has() {
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

/// Killed after the first of two files, and run again.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_rollback_puts_no_mixture_in_force() {
    let daemon = Builder::new().start().await;
    let version = |it: &serde_json::Value| it["active"]["version"].as_str().unwrap().to_owned();
    let first = version(&daemon.regles().await);
    let rules = daemon.folder.path().join("rules");
    for (name, added) in [
        ("modeles/contexte.txt", "Suite.\n"),
        ("transmission.yaml", "\n"),
    ] {
        let edited = daemon.read(&format!("rules/{name}")) + added;
        fs::write(rules.join(name), edited).unwrap();
    }
    let second = until("both edits are in force", || async {
        let reloaded = daemon.reload().await;
        (reloaded["active"]["version"] != first).then(|| version(&reloaded))
    })
    .await;
    let rollback = ["rules", "rollback", first.as_str()];
    // The mark comes first, then the first of the files.
    let mut environment = daemon.environment.clone();
    environment.push(("PASSERELLE_CRASH".into(), "file.rename.after:2".into()));
    let killed = passerelle(daemon.folder.path(), &environment, &rollback);
    assert_eq!(killed.status.code(), None, "{killed:?}");
    let told = until("the mixture is refused", || async {
        let regles = daemon.reload().await;
        let told = regles["derniere_tentative"]["erreurs"][0]["fichier"]
            .as_str()?
            .to_owned();
        (version(&regles) == second).then_some(told)
    })
    .await;
    assert_eq!(told, ".retour-en-cours");

    let again = on(&daemon, &rollback);
    assert!(again.status.success(), "{again:?}");
    assert!(!rules.join(".retour-en-cours").exists());
    until("the first version is in force", || async {
        (version(&daemon.regles().await) == first).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_without_room_changes_nothing() {
    let daemon = Builder::new().start().await;
    let version = daemon.regles().await["active"]["version"].clone();
    let rules = daemon.folder.path().join("rules");
    fs::write(rules.join("transmission.yaml"), "modes: []\n").unwrap();
    // A file is in the way of a folder that has to be created.
    fs::remove_dir_all(rules.join("modeles")).unwrap();
    fs::write(rules.join("modeles"), "").unwrap();
    let back = on(&daemon, &["rules", "rollback", version.as_str().unwrap()]);
    assert_eq!(back.status.code(), Some(1));
    assert_eq!(daemon.read("rules/transmission.yaml"), "modes: []\n");
    let names = fs::read_dir(&rules).unwrap();
    let hidden = names.filter(|it| {
        it.as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.')
    });
    assert_eq!(hidden.count(), 0);
}

/// Killed when its files were staged and none was moved, and run again at once and later.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_removes_what_one_killed_long_ago_left() {
    let daemon = Builder::new().start().await;
    let version = daemon.regles().await["active"]["version"].clone();
    let rules = daemon.folder.path().join("rules");
    for name in ["modeles/contexte.txt", "transmission.yaml"] {
        fs::write(rules.join(name), "autre").unwrap();
    }
    let hidden = || {
        let folders = [rules.clone(), rules.join("modeles")];
        let entries = folders.map(|it| fs::read_dir(it).unwrap());
        let names = entries.into_iter().flatten();
        let names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
        names.filter(|it| it.starts_with('.')).collect::<Vec<_>>()
    };
    let rollback = ["rules", "rollback", version.as_str().unwrap()];
    let mut environment = daemon.environment.clone();
    // The copies kept aside come first.
    environment.push(("PASSERELLE_CRASH".into(), "file.sync.after:4".into()));
    let killed = passerelle(daemon.folder.path(), &environment, &rollback);
    assert_eq!(killed.status.code(), None, "{killed:?}");
    let left = hidden();
    assert_eq!(left.len(), 2);
    fs::write(rules.join(".statuts.yaml.swp"), "open in an editor").unwrap();
    let again = on(&daemon, &rollback);
    assert!(again.status.success(), "{again:?}");
    // They could belong to a different machine.
    assert_eq!(hidden().len(), 3);
    for name in left {
        let (place, _) = name.rsplit_once('.').unwrap();
        let folders = [rules.clone(), rules.join("modeles")];
        let folder = folders.iter().find(|it| it.join(&name).exists()).unwrap();
        let long_ago = format!("{place}.0199f3a8c1d27b6e8f00112233445566");
        fs::rename(folder.join(&name), folder.join(long_ago)).unwrap();
    }
    let later = on(&daemon, &rollback);
    assert!(later.status.success(), "{later:?}");
    assert_eq!(hidden(), [".statuts.yaml.swp"]);
}

/// Otherwise the one that finishes first would let a mixture of both be read.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_rollback_at_the_same_time_is_refused() {
    let daemon = Builder::new().start().await;
    let version = daemon.regles().await["active"]["version"].clone();
    let rules = daemon.folder.path().join("rules");
    fs::write(rules.join("transmission.yaml"), "modes: []\n").unwrap();
    let rollback = ["rules", "rollback", version.as_str().unwrap()];
    let first = fs::File::open(&rules).unwrap();
    first.try_lock().unwrap();
    let second = on(&daemon, &rollback);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("un autre retour"), "{said}");
    assert!(said.contains("rien n'est changé"), "{said}");
    assert!(second.stdout.is_empty(), "nothing is kept aside either");
    assert_eq!(daemon.read("rules/transmission.yaml"), "modes: []\n");
    drop(first);
    let again = on(&daemon, &rollback);
    assert!(again.status.success(), "{again:?}");
    assert_ne!(daemon.read("rules/transmission.yaml"), "modes: []\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_rules_folder_is_restored() {
    let daemon = Builder::new().start().await;
    let version = daemon.regles().await["active"]["version"].clone();
    let rules = daemon.folder.path().join("rules");
    let statuts = daemon.read("rules/statuts.yaml");
    fs::remove_dir_all(&rules).unwrap();
    for verb in [
        &["rules", "list"][..],
        &["rules", "show", version.as_str().unwrap()],
    ] {
        let said = on(&daemon, verb);
        assert!(said.status.success(), "{said:?}");
    }
    assert!(!rules.exists());
    let back = on(&daemon, &["rules", "rollback", version.as_str().unwrap()]);
    assert!(back.status.success(), "{back:?}");
    assert_eq!(daemon.read("rules/statuts.yaml"), statuts);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_managed_by_another_program_are_left_alone() {
    let daemon = Builder::new().start().await;
    let version = daemon.regles().await["active"]["version"].clone();
    let rules = daemon.folder.path().join("rules");
    fs::create_dir(rules.join("..data")).unwrap();
    fs::rename(
        rules.join("statuts.yaml"),
        rules.join("..data/statuts.yaml"),
    )
    .unwrap();
    std::os::unix::fs::symlink("..data/statuts.yaml", rules.join("statuts.yaml")).unwrap();
    fs::write(rules.join("transmission.yaml"), "modes: []\n").unwrap();
    let back = on(&daemon, &["rules", "rollback", version.as_str().unwrap()]);
    assert_eq!(back.status.code(), Some(1));
    let said = String::from_utf8(back.stderr).unwrap();
    assert!(said.contains("« statuts.yaml » est un lien"), "{said}");
    assert!(rules.join("statuts.yaml").is_symlink());
    assert_eq!(daemon.read("rules/transmission.yaml"), "modes: []\n");
}

/// A release may refuse what the one before it accepted.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_refuses_the_last_version_names_the_way_back_to_an_earlier_one() {
    let daemon = Builder::new().start().await;
    let first = daemon.regles().await["active"]["version"].clone();
    let (accepted, refused) = ("modes: [manager]\n", "modes: [auteurs]\n");
    let edited = daemon.edit("rules/transmission.yaml", accepted).await;
    let last = edited["active"]["version"].as_str().unwrap().to_owned();
    daemon.save("rules/transmission.yaml", refused);
    daemon.regles_when("it is refused", is_refused).await;
    let database = daemon.database();
    let (folder, environment) = daemon.stop().await;
    let options = SqliteConnectOptions::new().filename(database);
    let mut connection = options.connect().await.unwrap();
    let changed = sqlx::query("UPDATE version_files SET content = $1 WHERE content = $2")
        .bind(refused.as_bytes())
        .bind(accepted.as_bytes())
        .execute(&mut connection)
        .await;
    assert_eq!(changed.unwrap().rows_affected(), 1);
    connection.close().await.unwrap();

    let told = Builder::again(&folder, environment.clone()).refusal().await;
    assert_eq!(
        told.matches("transmission.yaml, ligne 1").count(),
        1,
        "{told}"
    );
    assert!(told.contains(&last), "{told}");
    for remedy in ["passerelle rules list", "passerelle rules rollback VERSION"] {
        assert!(told.contains(remedy), "{told}");
    }
    let back = ["rules", "rollback", first.as_str().unwrap()];
    let back = passerelle(folder.path(), &environment, &back);
    assert!(back.status.success(), "{back:?}");
    let daemon = Builder::again(&folder, environment).start().await;
    assert_eq!(daemon.regles().await["active"]["version"], first);
}
