//! E-mails that the landlord's rules ask for.

use passerelle::domain::livraison::{LivraisonEtat, LivraisonSummary};
use passerelle::domain::ports::{IfOvertaken, RetryOutcome};
use rstest::rstest;
use serde_json::json;

use crate::cli::{lines, on};
use crate::harness::{Builder, FakeSowell, signalement, until};
use crate::postgres::Backend;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_author_of_a_forwarded_signalement_is_thanked(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = builder.start().await;
    let uid = daemon.created(&signalement(1)).await;
    let mail = until("the e-mail is written", || async {
        daemon.courriels().pop()
    })
    .await;
    assert!(mail.contains("To: zoe@locataire.example"), "{mail}");
    assert!(mail.contains("Message-ID: <"), "{mail}");
    // The rest is encoded; what matters survives as ASCII.
    assert!(
        mail.contains("Content-Type: text/plain; charset=utf-8"),
        "{mail}"
    );
    assert!(mail.replace("=\r\n", "").contains(&uid), "{mail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_fails_never_blocks_the_demande() {
    let daemon = Builder::new()
        .file(
            "rules/accuses.rhai",
            "fn accuses(evenement) { throw \"non\" }\n",
        )
        .start()
        .await;
    daemon.created(&signalement(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_occasion_can_have_its_e_mail() {
    let sowell = FakeSowell::start().await;
    let script = "fn accuses(evenement) {
        let a = evenement.type + \"@bailleur.example\";
        [#{ a: a, modele: \"note\", detail: `${evenement.statut} ${evenement.motif}` }]
    }";
    let daemon = Builder::new()
        .file("rules/accuses.rhai", script)
        .file(
            "rules/modeles/note.txt",
            "Objet: note\n\n{{ detail }} {{ evenement.type }}\n",
        )
        .file("rules/transmission.yaml", "modes: [manager]\n")
        .sowell(&sowell)
        .start()
        .await;
    assert_eq!(daemon.post(&signalement(1)).await.json()["transmis"], false);
    let asked = crate::harness::signalement_with(2, &json!({"transmettre_manager": true}));
    let uid = daemon.created(&asked).await;
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    until("all three are written", || async {
        let mails = daemon.courriels();
        let has = |kind: &str| {
            mails
                .iter()
                .any(|mail| mail.contains(&format!("To: {kind}@bailleur.example")))
        };
        (has("ecarte") && has("transmis") && has("statut")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_that_lacked_a_category_is_sent_once_it_is_restored() {
    let script = "fn accuses(evenement) {
        if evenement.type != \"statut\" { return []; }
        [#{ a: \"zoe@locataire.example\", modele: \"note\" }]
    }";
    let daemon = Builder::new()
        .file("rules/accuses.rhai", script)
        .file(
            "rules/modeles/note.txt",
            "Objet: note\n\nPour {{ qualification.type_gestionnaire }}\n",
        )
        .start()
        .await;
    let body = signalement(1);
    let uid = daemon.created(&body).await;
    let categories = daemon.read("rules/qualifications.yaml");
    let code = body["qualification"].as_str().unwrap();
    let retired = categories.replace(&format!("  {code}:"), "  RETIRED:");
    assert_ne!(categories, retired);
    let regles = daemon.edit("rules/qualifications.yaml", &retired).await;
    assert_eq!(regles["derniere_tentative"]["acceptee"], true, "{regles}");
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    let store = &daemon.state.store;
    let dead = until("it is dead", || async {
        let dead = store.list_livraisons(Some(LivraisonEtat::Morte), 10).await;
        dead.unwrap().pop()
    })
    .await;
    let cause = format!(
        "modeles/note.txt, ligne 3 : la catégorie « {code} » de cette demande n'est plus dans qualifications.yaml"
    );
    assert!(dead.last_error.unwrap().contains(&cause));
    daemon.edit("rules/qualifications.yaml", &categories).await;
    let retried = store.retry_livraison(&dead.id, IfOvertaken::Stay, chrono::Utc::now());
    assert_eq!(retried.await.unwrap(), RetryOutcome::Queued);
    until("it is written", || async { daemon.courriels().pop() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_demande_keeps_its_e_mails_though_its_codes_are_gone() {
    let script = "fn accuses(evenement) {
        if evenement.type != \"statut\" { return []; }
        [#{ a: \"zoe@locataire.example\", modele: \"demande-traitee\" }]
    }";
    let daemon = Builder::new()
        .file("rules/accuses.rhai", script)
        .file(
            "rules/modeles/demande-traitee.txt",
            "Objet: {{ demande.uid }}\n\n{{ qualification.libelle }}, {{ residence.nom }}, {{ priorite }}, {{ qualification.workflow }}{% if bien %}, {{ bien.libelle }}{% endif %}{% if residence.adresse is defined %}, {{ residence.adresse }}{% endif %}.\n",
        )
        .start()
        .await;
    let body = signalement(1);
    let uid = daemon.created(&body).await;
    let demande = daemon.get(&format!("/api/v1/demandes/{uid}"), "crm").await;
    let demande = demande.json();
    let said = |key: &str| demande[key].as_str().unwrap().to_owned();
    let without = |text: &str, code: &str| {
        let left: Vec<&str> = text.lines().filter(|it| !it.contains(code)).collect();
        left.join("\n")
    };
    for (file, key) in [
        ("rules/qualifications.yaml", "qualification"),
        ("rules/priorites.yaml", "priorite"),
        ("referentiel/gestionnaires.csv", "residence"),
        ("referentiel/biens.csv", "residence"),
        ("referentiel/residences.csv", "residence"),
    ] {
        let (text, code) = (daemon.read(file), body[key].as_str().unwrap());
        let edited = without(&text, code);
        assert_ne!(text, edited, "{file}");
        let regles = daemon.edit(file, &edited).await;
        assert_eq!(regles["derniere_tentative"]["acceptee"], true, "{regles}");
    }
    let event = json!({"statut": "Clôturée", "resultat": "Traité"});
    assert_eq!(daemon.statut(&uid, &event).await.status, 202);
    let mail = until("it is written", || async { daemon.courriels().pop() }).await;
    let mail = mail.replace("=\r\n", "");
    let wanted = ["qualification", "residence", "priorite", "workflow", "bien"].map(said);
    assert!(mail.contains(&wanted.join(", ")), "{mail}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_explained_with_what_became_of_its_messages(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let script = "fn accuses(evenement) {
        if evenement.statut_sowell != \"Traité\" { return []; }
        [#{ a: \"zoe@locataire.example\", modele: \"note\" }]
    }";
    let note = "Objet: note\n\n{{ residence.gestionnaires.concierge.nom }}\n";
    let sowell = FakeSowell::start().await;
    let daemon = builder
        .file("rules/accuses.rhai", script)
        .file("rules/modeles/note.txt", note)
        .sowell(&sowell)
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    let before = on(&daemon, &["explain", "--uid", &uid]);
    let before = String::from_utf8(before.stdout).unwrap();
    assert!(
        before.ends_with("Aucun envoi n'est noté pour cette demande.\n"),
        "{before}"
    );

    // Other demandes have e-mails of their own.
    daemon.created(&signalement(2)).await;
    daemon.statut(&uid, &json!({"statut": "Suspendue"})).await;
    let done = json!({"statut": "Clôturée", "resultat": "Traité"});
    daemon.statut(&uid, &done).await;
    until("the e-mail is dead and the status delivered", || async {
        let all = daemon.state.store.list_livraisons(None, 10).await.unwrap();
        let waits = |it: &LivraisonSummary| it.etat == LivraisonEtat::EnAttente;
        (!all.iter().any(waits)).then_some(())
    })
    .await;
    daemon.statut(&uid, &json!({"statut": "En pause"})).await;

    let told = on(&daemon, &["explain", "--uid", &uid]);
    let told = String::from_utf8(told.stdout).unwrap();
    let (_, end) = told.split_once("Ce qui devait partir :\n").unwrap();
    for line in [
        "statut Suspendue, pour SoWell : dépassée\n",
        "statut Traité (Clôturée), pour SoWell : livrée\n",
        "e-mail note, à zoe@locataire.example : abandonnée\n",
        "      → modeles/note.txt, ligne 3 : ",
        "statut En pause, pour SoWell : retenue\n",
    ] {
        assert!(end.contains(line), "{line}: {end}");
    }

    let told = on(&daemon, &["explain", "--uid", &uid, "--format", "json"]);
    let told = &lines(&told)[0];
    assert_eq!(told["decisions"].as_array().unwrap().len(), 4, "{told:#}");
    assert_eq!(told["decisions"][0]["sujet"], "signalement");
    let steps = told["decisions"][2]["etapes"].as_array().unwrap();
    assert_eq!(steps.last().unwrap()["effet"], "e-mail note");
    let states = told["livraisons"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|it| [&it["contenu"], &it["etat"]]).collect();
    assert_eq!(
        json!(states),
        json!([
            ["statut Suspendue", "depassee"],
            ["statut Traité (Clôturée)", "livree"],
            ["e-mail note", "morte"],
            ["statut En pause", "retenue"],
        ])
    );
    let mail = &told["livraisons"][2];
    let store = &daemon.state.store;
    let dead = store.list_livraisons(Some(LivraisonEtat::Morte), 10).await;
    let dead = &dead.unwrap()[0];
    assert_eq!(mail["id"], dead.id.as_str());
    assert_eq!(mail["destination"], "courriel");
    assert_eq!(mail["pour"], "zoe@locataire.example");
    assert_eq!(mail["raison"].as_str(), dead.last_error.as_deref());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_without_template_is_a_dead_letter_until_there_is_one(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };

    // A literal name would cause the edit to be refused; a computed one does not.
    let script =
        "fn accuses(evenement) { [#{ a: \"x@bailleur.example\", modele: \"abs\" + \"ent\" }] }";
    let daemon = builder.file("rules/accuses.rhai", script).start().await;
    daemon.created(&signalement(1)).await;
    let store = &daemon.state.store;
    let dead = until("it is dead", || async {
        store
            .list_livraisons(Some(LivraisonEtat::Morte), 10)
            .await
            .unwrap()
            .pop()
    })
    .await;
    assert!(dead.last_error.unwrap().contains("absent"));
    daemon
        .edit("rules/modeles/absent.txt", "Objet: enfin\n\nBonjour\n")
        .await;
    let outcome = store
        .retry_livraison(&dead.id, IfOvertaken::Stay, chrono::Utc::now())
        .await
        .unwrap();
    assert_eq!(outcome, RetryOutcome::Queued);
    until("it is written", || async { daemon.courriels().pop() }).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_without_address_does_not_affect_the_others(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let script = "fn accuses(evenement) {
        if evenement.type != \"transmis\" { return []; }
        [
            #{ a: evenement.demande.acteur_en_charge.email, modele: \"note\" },
            #{ a: evenement.signalement.email_auteur, modele: \"accuse-reception\" },
        ]
    }";
    let managers = include_str!("../../../examples/referentiel/gestionnaires.csv");
    let nobody = |line: &str| match line.rsplit_once(';') {
        Some((before, _)) if line.contains(";responsable_secteur;") => format!("{before};"),
        _ => line.to_owned(),
    };
    let nobody: Vec<String> = managers.lines().map(nobody).collect();
    let daemon = builder
        .file("rules/accuses.rhai", script)
        .file("rules/modeles/note.txt", "Objet: note\n\nBonjour\n")
        .file("referentiel/gestionnaires.csv", &nobody.join("\n"))
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    let store = &daemon.state.store;
    let dead = until("one is dead and the other gone", || async {
        let dead = store.list_livraisons(Some(LivraisonEtat::Morte), 10).await;
        let dead = dead.unwrap().pop()?;
        (daemon.courriels().len() == 1).then_some(dead)
    })
    .await;
    let mail = daemon.courriels().pop().unwrap();
    assert!(mail.contains("To: zoe@locataire.example"), "{mail}");
    let reason = dead.last_error.unwrap();
    assert!(
        reason.contains("« email » dans gestionnaires.csv"),
        "{reason}"
    );

    let told = on(&daemon, &["explain", "--uid", &uid]);
    let told = String::from_utf8(told.stdout).unwrap();
    for line in [
        "→ e-mails note, accuse-reception\n",
        "→ e-mail note : il n'a pas d'adresse\n",
        "e-mail note, sans adresse : abandonnée\n",
        "e-mail accuse-reception, à zoe@locataire.example : livrée\n",
        &reason,
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let list = on(&daemon, &["deliveries", "list", "--state", "morte"]);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains(&reason), "{list}");

    // As the reason says: the next ones are sent.
    let regles = daemon.edit("referentiel/gestionnaires.csv", managers).await;
    assert_eq!(regles["derniere_tentative"]["acceptee"], true, "{regles}");
    daemon.created(&signalement(2)).await;
    until("all of the second are written", || async {
        (daemon.courriels().len() == 3).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_that_is_kept_again_is_not_announced_again() {
    let script = "fn accuses(evenement) { [#{ a: evenement.type + \"@bailleur.example\", modele: \"note\" }] }";
    let daemon = Builder::new()
        .file("rules/accuses.rhai", script)
        .file(
            "rules/modeles/note.txt",
            "Objet: note\n\n{{ signalement.description }}\n",
        )
        .file("rules/transmission.yaml", "modes: [manager]\n")
        .start()
        .await;
    for _ in 0..3 {
        assert_eq!(daemon.post(&signalement(1)).await.json()["transmis"], false);
    }
    let changed = crate::harness::signalement_with(1, &json!({"description": "autre texte"}));
    assert_eq!(daemon.post(&changed).await.json()["transmis"], false);
    until("both contents were announced", || async {
        let mails = daemon.courriels();
        let second = mails.iter().any(|mail| mail.contains("autre texte"));
        (second && mails.len() > 1).then_some(())
    })
    .await;
    assert_eq!(daemon.courriels().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_would_fail_is_noticed_when_it_is_saved() {
    let daemon = Builder::new().start().await;
    let text = "Objet: x\n\n{{ signalement.autheur }}\n";
    let regles = daemon
        .edit("rules/modeles/accuse-reception.txt", text)
        .await;
    let remark = &regles["derniere_tentative"]["avertissements"][0];
    assert_eq!(remark["fichier"], "modeles/accuse-reception.txt");
    assert_eq!(remark["ligne"], 3);
}
