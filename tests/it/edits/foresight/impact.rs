//! Past signalements, decided again with edited rules.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::text;
use crate::cli::{lines, on};
use crate::harness::{Builder, Daemon, signalement, signalement_with};

fn copy_rules(daemon: &Daemon, to: &Path) {
    for folder in ["", "modeles"] {
        let from = daemon.folder.path().join("rules").join(folder);
        fs::create_dir_all(to.join(folder)).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), to.join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn impact_reports_what_an_edit_would_have_changed() {
    let daemon = Builder::new().start().await;
    let mut uids = Vec::new();
    for number in 0..4 {
        let priority = if number == 0 { "low" } else { "high" };
        let body = signalement_with(number, &json!({"priorite": priority}));
        uids.push(daemon.created(&body).await);
    }
    // One that was refused, for a residence that was unknown.
    let refused = signalement_with(9, &json!({"residence": "NEUVE", "bien": null}));
    assert_eq!(daemon.post(&refused).await.status, 422);
    daemon
        .statut(&uids[0], &json!({"statut": "CRC en cours"}))
        .await;
    daemon.statut(&uids[1], &json!({"statut": "Ouverte"})).await;

    let edited = daemon.folder.path().join("edited");
    copy_rules(&daemon, &edited);
    let edit = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(edited.join(name)).unwrap();
        assert!(text.contains(from), "{name}");
        fs::write(edited.join(name), text.replace(from, to)).unwrap();
    };
    edit("priorites.yaml", "high: haute", "high: urgente");
    edit(
        "statuts.yaml",
        "CRC en cours: En cours de traitement",
        "CRC en cours: Traité",
    );
    let rules = edited.display().to_string();
    let before = daemon.regles().await;
    let found = on(&daemon, &["impact", "--rules", &rules, "--format", "json"]);
    assert!(found.status.success(), "{found:?}");
    let found = &lines(&found)[0];
    assert_eq!(found["signalements"]["examines"], 5);
    assert_eq!(found["signalements"]["changes"], 3);
    let differences = &found["signalements"]["differences"];
    assert_eq!(differences[0]["quoi"], "priorite");
    assert_eq!(
        differences[0]["changements"],
        json!([{"de": "haute", "vers": "urgente", "nombre": 3, "exemples": [uids[3], uids[2], uids[1]]}])
    );
    // The contexte contains the priority.
    assert_eq!(differences[1]["quoi"], "contexte");
    assert_eq!(found["statuts"]["examines"], 2);
    assert_eq!(
        found["statuts"]["differences"][0]["changements"],
        json!([{"de": "En cours de traitement", "vers": "Traité", "nombre": 1, "exemples": [uids[0]]}])
    );
    // Nothing was written.
    assert_eq!(
        daemon.regles().await["derniere_tentative"],
        before["derniere_tentative"]
    );

    let newest = on(
        &daemon,
        &[
            "impact", "--rules", &rules, "--limit", "2", "--since", "30d",
        ],
    );
    let newest = text(&newest);
    assert!(newest.contains("1 sur 2 signalements"), "{newest}");
    assert!(
        newest.contains("1 sur 2 aurait une autre priorité"),
        "{newest}"
    );

    fs::write(edited.join("priorites.yaml"), "priorites: [high]\n").unwrap();
    let refused = on(&daemon, &["impact", "--rules", &rules]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("priorites.yaml"));
}

#[tokio::test(flavor = "multi_thread")]
async fn impact_sees_what_would_fail_and_which_mails_would_go() {
    let daemon = Builder::new().start().await;
    let uid = daemon.created(&signalement(1)).await;
    let edited = daemon.folder.path().join("edited");
    copy_rules(&daemon, &edited);
    let script = "fn affecter(signalement, residence, qualification) {\n    throw `rien pour ${residence.code}`;\n}\n";
    fs::write(edited.join("gestionnaire.rhai"), script).unwrap();
    let rules = edited.display().to_string();
    let found = text(&on(&daemon, &["impact", "--rules", &rules]));
    let expected = format!(
        "1  transmis → échec : gestionnaire.rhai, fonction affecter, ligne 2 : rien pour … (par exemple {uid})"
    );
    assert!(found.contains(&expected), "{found}");
    assert!(found.contains("1  accuse-reception → aucun"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn impact_sees_how_the_text_of_an_email_would_change() {
    let daemon = Builder::new().start().await;
    let uid = daemon.created(&signalement(1)).await;
    let edits = [
        (
            "modeles/accuse-reception.txt",
            "Merci",
            "Un grand merci",
            true,
        ),
        // A template's text is not part of any decision.
        ("qualifications.yaml", "libelle: ", "libelle: Aussi ", true),
        ("modeles/contexte.txt", "Priorité", "Urgence", false),
    ];
    for (name, from, to, mail) in edits {
        let edited = daemon.folder.path().join("edited");
        copy_rules(&daemon, &edited);
        let text = fs::read_to_string(edited.join(name)).unwrap();
        assert!(text.contains(from), "{name}");
        fs::write(edited.join(name), text.replace(from, to)).unwrap();
        let found = text_of_impact(&daemon, &edited);
        let expected = format!("texte différent (par exemple {uid})");
        assert!(found.contains(&expected), "{name}: {found}");
        let said = found.contains("1 sur 1 ferait partir un e-mail écrit autrement");
        assert_eq!(said, mail, "{name}: {found}");
        fs::remove_dir_all(&edited).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn impact_distinguishes_what_happens_to_an_email() {
    let daemon = Builder::new().start().await;
    let uid = daemon
        .created(&signalement_with(1, &json!({"bien": null})))
        .await;
    let template = daemon.read("rules/modeles/accuse-reception.txt");
    let whom = "a: evenement.signalement.email_auteur";
    let broken = "modeles/accuse-reception.txt, ligne 3 : « bien.libelle » n'existe pas";
    let missing = "modeles/accuse-nouveau.txt : ce modèle n'existe pas";
    let edits = [
        (
            "accuses.rhai",
            whom,
            "a: \"gestion@vivest.example\"",
            vec![(
                "destinataire",
                "1 sur 1 ferait partir un e-mail à une autre adresse",
                json!("l'auteur du signalement"),
                json!("gestion@vivest.example"),
            )],
        ),
        (
            "modeles/accuse-reception.txt",
            template.as_str(),
            "Objet: x\n\n{{ bien.libelle }}\n",
            vec![(
                "courriel_perdu",
                "1 sur 1 aurait un e-mail qui ne pourrait plus être écrit",
                json!(null),
                json!(broken),
            )],
        ),
        (
            "accuses.rhai",
            "\"accuse-reception\"",
            "\"accuse-\" + \"nouveau\"",
            vec![
                (
                    "accuses",
                    "1 sur 1 ferait partir d'autres e-mails",
                    json!("accuse-reception"),
                    json!("aucun"),
                ),
                (
                    "courriel_perdu",
                    "1 sur 1 aurait un e-mail qui ne pourrait plus être écrit",
                    json!(null),
                    json!(missing),
                ),
            ],
        ),
    ];
    let edited = daemon.folder.path().join("edited");
    let rules = edited.display().to_string();
    for (name, from, to, wanted) in edits {
        copy_rules(&daemon, &edited);
        let text = fs::read_to_string(edited.join(name)).unwrap();
        assert!(text.contains(from), "{name}");
        fs::write(edited.join(name), text.replace(from, to)).unwrap();
        let found = text_of_impact(&daemon, &edited);
        for (_, verb, _, why) in &wanted {
            let why = format!("{} (par exemple {uid})", why.as_str().unwrap());
            assert!(
                found.contains(verb) && found.contains(&why),
                "{name}: {found}"
            );
        }
        let found = on(&daemon, &["impact", "--rules", &rules, "--format", "json"]);
        let wanted: Vec<_> = wanted
            .into_iter()
            .map(|(aspect, _, from, to)| {
                let change = json!({"de": from, "vers": to, "nombre": 1, "exemples": [uid]});
                json!({"quoi": aspect, "nombre": 1, "changements": [change]})
            })
            .collect();
        assert_eq!(
            lines(&found)[0]["signalements"]["differences"],
            json!(wanted)
        );
        fs::remove_dir_all(&edited).unwrap();
    }

    // The other way round: the e-mail cannot be written by the rules in force, and an edit fixes that.
    copy_rules(&daemon, &edited);
    let regles = daemon
        .edit(
            "rules/modeles/accuse-reception.txt",
            "Objet: x\n\n{{ bien.libelle }}\n",
        )
        .await;
    assert_eq!(regles["derniere_tentative"]["acceptee"], true, "{regles}");
    let found = text_of_impact(&daemon, &edited);
    let why = format!("1  {broken} (par exemple {uid})");
    assert!(
        found.contains("et pourrait l'être :") && found.contains(&why),
        "{found}"
    );
}

fn text_of_impact(daemon: &Daemon, edited: &Path) -> String {
    let rules = edited.display().to_string();
    text(&on(daemon, &["impact", "--rules", &rules]))
}
