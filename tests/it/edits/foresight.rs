//! What the rules would do, checked before a tenant finds out: `coverage`, `impact`, and the gaps that a reload
//! warns of.

mod impact;
mod varied;

use std::fmt::Write as _;
use std::fs;
use std::process::Output;
use std::time::Duration;

use passerelle::adapters::shipped::Shipped;
use passerelle::domain::ports::FileSet;
use passerelle::rules::compile::{Known, compile};
use passerelle::rules::coverage::{Combinations, Reach};
use serde_json::{Value, json};

use crate::cli::{lines, passerelle};
use crate::harness::{Builder, Daemon, until};

/// Every residence has a technique manager; MZ-02 has no responsable de secteur and no gardien.
const HOLES: &str = "residence;type;identifiant;nom;email\n\
    MZ-01;responsable_secteur;RS-1;n;e\nMZ-01;technique;TEC-1;n;e\nMZ-02;technique;TEC-2;n;e\n";

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn coverage(builder: &Builder, arguments: &[&str]) -> Output {
    let folder = builder.folder();
    let arguments: Vec<&str> = ["coverage"]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    passerelle(folder.path(), &builder.environment(), &arguments)
}

fn two_residences() -> Builder {
    Builder::new()
        .file("referentiel/residences.csv", "code;nom;adresse\nMZ-01;A;x\nMZ-02;B;y\n")
        .file("referentiel/biens.csv", "code;residence;libelle\nMZ-01-ASC;MZ-01;Ascenseur\n")
        .file(
            "rules/qualifications.yaml",
            "qualifications:\n  ASC: {libelle: L, type_gestionnaire: technique, workflow: W}\n  SERR: {libelle: L, type_gestionnaire: gardien, workflow: W}\n",
        )
}

/// The sample that a reload examines for a large landlord includes every residence that lacks someone.
#[test]
fn examining_one_of_each_kind_misses_no_residence() {
    let rules = Shipped::Rules.files();
    let mut exports = Shipped::Referentiel.files();
    let managers = String::from_utf8(exports["gestionnaires.csv"].clone()).unwrap();
    let kept = managers.lines().enumerate().filter(|(at, line)| {
        let manages = line.contains("responsable_secteur");
        !(manages && at % 3 == 0)
    });
    let kept: Vec<&str> = kept.map(|(_, line)| line).collect();
    exports.insert("gestionnaires.csv".into(), kept.join("\n").into_bytes());
    // The cases of the shipped rules refer to the managers that were removed.
    let rules = rules
        .into_iter()
        .filter(|(path, _)| !path.starts_with("cas/"));
    let (generation, found) = compile(&rules.collect(), &exports, Known::default());
    let generation = generation.unwrap_or_else(|| panic!("{found:#?}"));
    let combinations = Combinations::of(&generation);
    let of = |reach| {
        let found = combinations.decide_aside(reach, || true).unwrap();
        let holes = found.holes.iter();
        let mut holes: Vec<_> = holes.map(|it| (&it.cause, &it.residences)).collect();
        holes.sort();
        (format!("{holes:?}"), found.decisions)
    };
    let (all, kinds) = (of(Reach::All), of(Reach::Kinds));
    assert_eq!(kinds.0, all.0);
    assert!(all.0.contains("responsable de secteur"), "{}", all.0);
    assert!(kinds.1 * 4 < all.1, "{} of {}", kinds.1, all.1);
}

#[test]
fn coverage_groups_its_gaps_as_a_person_would_fix_them() {
    let builder = two_residences().file("referentiel/gestionnaires.csv", HOLES);
    let found = coverage(&builder, &["--format", "json"]);
    assert_eq!(found.status.code(), Some(1));
    let found = &lines(&found)[0];
    let holes = found["trous"].as_array().unwrap();
    assert_eq!(holes.len(), 1, "{found:#}");
    assert_eq!(
        holes[0]["message"],
        "1 résidence sur 2 : la résidence … n'a pas de responsable de secteur : MZ-02"
    );
    assert_eq!(holes[0]["fichier"], "gestionnaire.rhai");
    assert_eq!(holes[0]["residences"], json!(["MZ-02"]));
    let remarks = found["remarques"].as_array().unwrap();
    assert_eq!(remarks.len(), 1, "{found:#}");
    assert_eq!(
        remarks[0]["message"],
        "1 résidence sur 2 : pas de gestionnaire « gardien », « responsable_secteur » à la place : MZ-01 ; qualifications SERR"
    );
}

/// One is for the maintainer of the export, the other for the author of the script.
#[test]
fn a_choice_of_the_rules_is_not_reported_as_a_missing_manager() {
    let script = fs::read_to_string("rules/gestionnaire.rhai")
        .unwrap()
        .replace(
            "if concerne == () {",
            "if concerne == () || qualification.code == \"ASC\" {",
        );
    let remarks = |managers: &str| {
        let builder = two_residences()
            .file("referentiel/gestionnaires.csv", managers)
            .file("rules/gestionnaire.rhai", &script);
        let found = coverage(&builder, &["--format", "json"]);
        let found = &lines(&found)[0];
        assert_eq!(found["trous"], json!([]), "{found:#}");
        let remarks = found["remarques"].as_array().unwrap().iter();
        let told = |it: &Value| format!("{} {}", it["fichier"], it["message"]).replace('"', "");
        let mut remarks: Vec<String> = remarks.map(told).collect();
        remarks.sort();
        remarks
    };
    let some = "residence;type;identifiant;nom;email\nMZ-01;responsable_secteur;RS-1;n;e\n\
        MZ-01;technique;TEC-1;n;e\nMZ-01;gardien;GAR-1;n;e\n\
        MZ-02;responsable_secteur;RS-2;n;e\nMZ-02;gardien;GAR-2;n;e\n";
    assert_eq!(
        remarks(some),
        [
            "gestionnaire.rhai 1 résidence sur 2 : les règles prennent RS-1 (responsable_secteur) plutôt que « technique » : MZ-01 ; qualifications ASC",
            "gestionnaires.csv 1 résidence sur 2 : pas de gestionnaire « technique », « responsable_secteur » à la place : MZ-02 ; qualifications ASC",
        ]
    );
    assert_eq!(
        remarks(&format!("{some}MZ-02;technique;TEC-2;n;e\n")),
        [
            "gestionnaire.rhai 1 qualification sur 2 : les règles prennent … (responsable_secteur) plutôt que « technique » : ASC"
        ]
    );
}

#[test]
fn a_fallback_is_not_a_gap() {
    let managers = HOLES.replace("MZ-02;technique", "MZ-02;responsable_secteur");
    let builder = two_residences().file("referentiel/gestionnaires.csv", &managers);
    let found = coverage(&builder, &[]);
    assert!(found.status.success(), "{found:?}");
    assert!(text(&found).contains("aucun trou"), "{found:?}");
}

#[test]
fn coverage_finds_what_only_some_input_triggers() {
    let managers = HOLES.replace("MZ-02;technique", "MZ-02;responsable_secteur");
    let script = "fn accuses(evenement) {
    if evenement.type == \"statut\" && evenement.statut_sowell == \"Rejeté\" {
        return [#{ a: \"x@y.fr\", modele: \"abs\" + \"ent\" }];
    }
    []
}";
    let contexte = "{% if priorite == 'haute' and signalement.transmettre_auteur %}{{ bien.libelle }}{% endif %}";
    let builder = two_residences()
        .file("referentiel/gestionnaires.csv", &managers)
        .file("rules/accuses.rhai", script)
        .file("rules/modeles/contexte.txt", contexte);
    let found = coverage(&builder, &["--format", "json"]);
    assert_eq!(found.status.code(), Some(1));
    let found = &lines(&found)[0];
    let holes = found["trous"].as_array().unwrap();
    let of = |file: &str| holes.iter().find(|it| it["fichier"] == file).unwrap();
    assert_eq!(
        of("modeles/contexte.txt")["conditions"],
        json!(["priorité high", "sans bien", "transmettre_auteur true"])
    );
    assert_eq!(of("modeles/absent.txt")["statuts"], json!(["Clôturée"]));
}

/// Tells the landlord about each status, in a template that uses the gardien.
const TELLS_THE_GARDIEN: &str = "fn accuses(evenement) {
    if evenement.type == \"statut\" && evenement.statut_sowell == \"Traité\" {
        return [#{ a: evenement.signalement.email_auteur, modele: \"traite\" }];
    }
    []
}";
const TRAITE: &str = "Objet: Traité\n\n{{ residence.gestionnaires.gardien.nom }} est passé.\n";

#[test]
fn the_e_mails_of_a_status_are_tried_on_every_residence() {
    let managers =
        HOLES.replace("MZ-02;technique", "MZ-02;responsable_secteur") + "MZ-01;gardien;GAR-1;n;e\n";
    let builder = two_residences()
        .file("referentiel/gestionnaires.csv", &managers)
        .file("rules/accuses.rhai", TELLS_THE_GARDIEN)
        .file("rules/modeles/traite.txt", TRAITE);
    let found = coverage(&builder, &["--format", "json"]);
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    let found = &lines(&found)[0];
    let holes = found["trous"].as_array().unwrap();
    assert_eq!(holes.len(), 1, "{found:#}");
    assert_eq!(holes[0]["fichier"], "modeles/traite.txt");
    assert_eq!(holes[0]["residences"], json!(["MZ-02"]));
    assert_eq!(holes[0]["statuts"], json!(["Clôturée"]));
    let message = holes[0]["message"].as_str().unwrap();
    assert!(message.starts_with("1 statut : "), "{message}");
    assert!(
        message.ends_with(" : Clôturée ; résidences MZ-02"),
        "{message}"
    );
}

/// Among many residences, one of each kind represents the others, unless it fails.
#[test]
fn the_e_mails_of_a_status_cost_a_large_landlord_little() {
    let mut rules = Shipped::Rules.files();
    rules.retain(|path, _| !path.starts_with("cas/"));
    let exports = many_residences(60);
    let decided = |rules: &FileSet| {
        let (generation, found) = compile(rules, &exports, Known::default());
        let generation = generation.unwrap_or_else(|| panic!("{found:#?}"));
        let combinations = Combinations::of(&generation);
        combinations.decide_aside(Reach::Kinds, || true).unwrap()
    };
    let whole = decided(&rules);
    assert_eq!(whole.holes, []);
    rules.insert("accuses.rhai".into(), TELLS_THE_GARDIEN.into());
    rules.insert("modeles/traite.txt".into(), TRAITE.into());
    let holed = decided(&rules);
    assert_eq!(holed.holes.len(), 1, "{:#?}", holed.holes);
    assert_eq!(holed.holes[0].residences.len(), 30);
    // For each kind of manager, fifty-eight residences did not need eight statuses.
    assert!(whole.decisions + 400 < holed.decisions);
}

/// Residences with all kinds of managers, every second one without a gardien.
fn many_residences(count: usize) -> FileSet {
    let mut residences = "code;nom;adresse\n".to_owned();
    let mut managers = "residence;type;identifiant;nom;email\n".to_owned();
    for number in 0..count {
        let code = format!("R-{number:04}");
        writeln!(residences, "{code};Les Tilleuls;1 rue du Lac").unwrap();
        let kinds = ["responsable_secteur", "technique", "proprete", "gardien"];
        for kind in kinds.iter().take(4 - number % 2) {
            writeln!(
                managers,
                "{code};{kind};{kind}-{number};n;n@bailleur.example"
            )
            .unwrap();
        }
    }
    let biens = "code;residence;libelle\n".to_owned();
    [
        ("residences", residences),
        ("gestionnaires", managers),
        ("biens", biens),
    ]
    .map(|(name, text)| (format!("{name}.csv"), text.into_bytes()))
    .into()
}

#[test]
fn the_e_mails_of_a_status_are_tried_for_each_kind_of_manager() {
    let managers = "residence;type;identifiant;nom;email\nMZ-01;responsable_secteur;RS-1;n;rs@bailleur.example\n\
        MZ-01;technique;TEC-1;n;tec@bailleur.example\nMZ-01;gardien;GAR-1;n;\n";
    let script = "fn accuses(evenement) {
    if evenement.type != \"statut\" { return []; }
    [#{ a: evenement.demande.gestionnaire_concerne.email, modele: \"accuse-reception\" }]
}";
    let builder = two_residences()
        .file("referentiel/residences.csv", "code;nom;adresse\nMZ-01;A;x\n")
        .file("referentiel/gestionnaires.csv", managers)
        .file("rules/statuts.yaml", "initial: Transférée\ncanal: SoWell\ncorrespondances: {Transférée: En attente}\nignorer: [En relecture]\n")
        .file("rules/accuses.rhai", script);
    let found = coverage(&builder, &["--format", "json"]);
    let found = &lines(&found)[0];
    let holes = found["trous"].as_array().unwrap();
    assert_eq!(holes.len(), 1, "{found:#}");
    assert_eq!(holes[0]["fichier"], "accuses.rhai");
    // Also a status that is not sent to SoWell.
    assert_eq!(holes[0]["statuts"], json!(["En relecture", "Transférée"]));
    assert_eq!(holes[0]["conditions"], json!(["type_gestionnaire gardien"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_warns_of_the_gaps_that_it_adds() {
    let daemon = Builder::new().start().await;
    let script = daemon.read("rules/gestionnaire.rhai");
    let holey = format!(
        "{script}\n// Personne pour les signalements d'auteur.\n"
    )
    .replace(
        "let responsable =",
        "if signalement.transmettre_auteur { throw `personne à ${residence.code}`; }\n    let responsable =",
    );
    daemon.save("rules/gestionnaire.rhai", &holey);
    let reloaded = reload(&daemon).await;
    let last = &reloaded["derniere_tentative"];
    assert_eq!(last["acceptee"], true);
    assert_eq!(daemon.reload().await.get("suite"), None);
    let warnings = last["avertissements"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert_eq!(warnings[0]["code"], "trou");
    assert_eq!(warnings[0]["fichier"], "gestionnaire.rhai");
    assert_eq!(
        warnings[0]["message"],
        "partout : personne à … (seulement transmettre_auteur true)"
    );
    // Reading the same files again does not remove the warnings.
    let read_again = reload(&daemon).await;
    assert_eq!(
        read_again["derniere_tentative"]["avertissements"],
        json!(warnings)
    );
    // The same gap is not reported again, even if its line moved.
    daemon.save("rules/gestionnaire.rhai", &format!("\n{holey}"));
    let again = reload(&daemon).await;
    assert_eq!(again["derniere_tentative"]["avertissements"], json!([]));
    // The watcher also reports it, without a request.
    daemon.save("rules/gestionnaire.rhai", &script);
    reload(&daemon).await;
    daemon.save("rules/gestionnaire.rhai", &holey);
    until("the watcher warns", || async {
        let regles = daemon.regles().await;
        let warnings = regles["derniere_tentative"]["avertissements"].as_array()?;
        (warnings.len() == 1).then_some(())
    })
    .await;
}

/// With a longer list of residences, not everything is tried any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_reload_tells_once_that_its_search_for_gaps_was_narrowed() {
    let qualifications = fs::read_to_string("rules/qualifications.yaml").unwrap();
    let builder = Builder::new().file("rules/qualifications.yaml", &qualifications);
    let daemon = builder.start().await;
    let mut residences = daemon.read("referentiel/residences.csv");
    let mut managers = daemon.read("referentiel/gestionnaires.csv");
    for number in 0..300 {
        writeln!(residences, "R-{number:04};Les Tilleuls;1 rue du Lac").unwrap();
        writeln!(
            managers,
            "R-{number:04};responsable_secteur;RS-1;n;rs@b.example"
        )
        .unwrap();
    }
    daemon.save("referentiel/gestionnaires.csv", &managers);
    daemon.save("referentiel/residences.csv", &residences);
    let reloaded = reload(&daemon).await;
    let last = &reloaded["derniere_tentative"];
    assert_eq!(last["acceptee"], true, "{reloaded:#}");
    let [told] = gaps_in(last).try_into().unwrap();
    assert_eq!(told["fichier"], "residences.csv");
    let message = told["message"].as_str().unwrap();
    assert!(
        message.starts_with("il y a beaucoup de cas possibles"),
        "{message}"
    );
    assert!(
        message.ends_with("tapez « passerelle coverage »"),
        "{message}"
    );
    let script = daemon.read("rules/gestionnaire.rhai");
    daemon.save(
        "rules/gestionnaire.rhai",
        &format!("{script}\n// Rien de plus.\n"),
    );
    let again = reload(&daemon).await;
    let last = &again["derniere_tentative"];
    assert_eq!(last["acceptee"], true, "{again:#}");
    assert_eq!(gaps_in(last), Vec::<Value>::new());
}

/// The warnings of an attempt that come from the search for gaps.
fn gaps_in(attempt: &Value) -> Vec<Value> {
    let all = attempt["avertissements"].as_array().unwrap();
    all.iter()
        .filter(|it| it["code"] == "trou")
        .cloned()
        .collect()
}

/// Reloads, and returns the outcome once everything is known about it.
async fn reload(daemon: &Daemon) -> Value {
    daemon.reload().await;
    until("the search for gaps has ended", || async {
        (!daemon.state.reload.is_searching().await).then_some(())
    })
    .await;
    daemon.regles().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_is_answered_before_a_long_search_for_gaps_has_ended() {
    let mut residences = "code;nom;adresse\n".to_owned();
    let mut managers = "residence;type;identifiant;nom;email\n".to_owned();
    for number in 0..200 {
        let _ = writeln!(residences, "R-{number};n;a");
        let _ = writeln!(managers, "R-{number};responsable_secteur;RS;n;rs@b.example");
    }
    let daemon = Builder::new()
        .file("referentiel/residences.csv", &residences)
        .file("referentiel/gestionnaires.csv", &managers)
        .file("referentiel/biens.csv", "code;residence;libelle\n")
        .search_patience(Duration::ZERO)
        .start()
        .await;
    let script = daemon.read("rules/gestionnaire.rhai");
    let slow = script.replace(
        "let responsable =",
        "let n = 0;\n    while n < 5000 { n += 1; }\n    let responsable =",
    );
    daemon.save("rules/gestionnaire.rhai", &slow);
    let cookie = daemon.signed_in().await;
    let button = daemon
        .request("POST", "/console/regles/recharger", "")
        .header("cookie", cookie);
    let (reloaded, page) = tokio::join!(daemon.reload(), daemon.send(button));
    let last = &reloaded["derniere_tentative"];
    assert_eq!(last["acceptee"], true, "{reloaded:#}");
    assert_eq!(last["version"], reloaded["active"]["version"]);
    let told = reloaded["suite"].as_str().unwrap();
    assert!(told.contains("GET /api/v1/admin/regles"), "{told}");
    let html = String::from_utf8(page.bytes).unwrap();
    assert!(html.contains("La recherche de signalements"), "{html}");
}
