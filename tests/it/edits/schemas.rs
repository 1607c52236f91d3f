//! Editors and the daemon agree on the YAML files: what one underlines, the other refuses.
//!
//! Samples that use every key are changed in every place, one change at a time, and each result is given to both.

mod named;
mod settings_file;

use std::collections::BTreeSet;

use jsonschema::Validator;
use passerelle::adapters::shipped::Shipped;
use passerelle::domain::signalement::KEYS;
use passerelle::rules::compile::{
    Known, PRIORITES, QUALIFICATIONS, STATUTS, TRANSMISSION, compile,
};
use passerelle::rules::connector::{Connector, Partner};
use passerelle::rules::diagnostic::{
    Diagnostic, Listed, Severity, code, suggestion, suggestion_of,
};
use passerelle::rules::schema::rule_files;
use passerelle::rules::{case, source};
use passerelle::settings;
use rstest::rstest;
use serde_json::{Value, json};

pub use self::named::underlined;
use crate::harness::is_current;

/// A key and a word that no file knows, and that resembles none.
const UNKNOWN: &str = "zzzzzzzzzzzz";

/// A file of cases that uses every key, which the shipped ones do not.
const CASES: &str = "cas:
  - nom: un signalement
    signalement:
      qualification: ASC
      residence: R-1
      bien: R-1-ASC
      auteur: Camille Durand
      email_auteur: camille@locataire.example
      date_creation: 2026-01-15T10:00:00+01:00
      priorite: high
      description: Bloqué
      photos: 2
      lien_sowell: https://manager.sowell.example/signalements/1
      transmettre_auteur: true
      transmettre_manager: \"false\"
      gps: 1
      autres: {lieu: {x: 1}}
      vu: [a, b]
    statut:
    residences:
      - code: R-1
        nom: Les Lilas
        adresse: 7 rue des Lilas
        gestionnaires:
          responsable_secteur: {type: responsable_secteur, identifiant: RS, nom: Élodie, email: e@vivest.example}
          technique: {identifiant: 12}
    attendu:
      transmis: true
      priorite: haute
      workflow: INTERVENTION_URGENTE
      statut: Transférée
      statut_sowell: En attente
      canal: SoWell
      gestionnaire_concerne: 12
      acteur_en_charge: RS
      accuses: [accuse-reception]
  - nom: une erreur
    signalement: {qualification: ABSENTE}
    attendu: {erreur: ABSENTE}
  - nom: un statut
    signalement:
    residences:
    statut: {statut: Clôturée, resultat: Traité, commentaire: Fait, canal: SoWell, date: 2026-01-15T10:00:00+01:00, evenement: E-1}
    attendu: {statut_sowell: Traité, ignore: false, accuses: []}
  - nom: un statut sans résultat
    statut: {statut: Clôturée}
    attendu: {erreur: resultat}
  - nom: une création
    connecteur: sowell
    operation: signaler_statut
    valeurs: {uid: DEM-7, date: 2026-01-15T10:00:00+01:00}
    reponse: {statut: 200, entetes: {X-Essai: \"1\"}, json: {ok: true}}
    attendu:
      requete:
        methode: PATCH
        chemin: /signalements/DEM-7
        parametres: {}
        entetes: {Idempotency-Key: 01a20ac8-9a7e-7440-b979-a9238ac4856e, X-Absent: }
        corps:
          json:
            uid: DEM-7
            statut: En cours de traitement
            statut_crm: Vivest en cours
            date: 2026-01-15T10:00:00+01:00
            commentaire: Un technicien passe demain.
            lien_sowell: https://manager.sowell.example/signalements/1
      issue: succes
  - nom: une recherche
    connecteur: crm
    operation: chercher
    valeurs: {reference: R-7}
    reponse: {statut: 200, json: {list: [{id: T-7, ref: R-7}, {id: T-8, ref: R-8}]}}
    attendu:
      elements: [{uid: 7, statut: , date: , resultat: , commentaire: , canal: , evenement: , type: , identifiant: , nom: , email: }]
      page_suivante: false
  - nom: un lieu
    connecteur: crm
    operation: creer
    etape: lieu
    reponse: {statut: 200, json: [{id: 3}]}
    attendu: {lu: {id: 3}}
  - nom: un refus
    connecteur: sowell
    operation: signaler_statut
    etape:
    reponse: {statut: 422, texte: \"non\"}
    attendu: {issue: refus}
";

/// A connector with a key of every kind.
const CONNECTOR: &str = "nom: Essai
doublons: recherche
traitement_max: 90s
delais: {connexion: 2s, reponse: 10s, total: 30s}
tables: {priorites: {haute: 6}}
entetes: {X-Client: passerelle}
authentification:
  session:
    connexion: {methode: GET, chemin: /login, parametres: {u: a}, entetes: {Authorization: \"t {{ secrets.essai }}\"}}
    jeton: /session
    duree: 20m
    entetes: {Session-Token: \"{{ jeton }}\"}
operations:
  chercher:
    chemin: /tickets
    parametres: {ref: \"{{ reference }}\"}
    elements: /list
    garder_si: element.ref == reference
    uid: {pointeur: /id, motif: \"[0-9]+\"}
  televerser:
    chemin: /uploads
    corps: {fichier: {contenu: \"{{ fichier }}\", type: application/octet-stream}}
    lire: {jeton: /token}
  creer:
    prealables:
      - {nom: lieu, chemin: /places, lire: {id: /0/id}}
    chemin: /tickets
    corps:
      json: {title: \"{{ demande.qualification }}\", ref: \"{{ reference }}\", place: \"{{ lieu.id }}\"}
    reponses: {succes: [201, 2xx], indisponible: 429, refus_si: reponse.json.error, message: /error}
    uid: {entete: Location, motif: \"([0-9]+)$\"}
  joindre:
    chemin: /tickets/{{ uid }}/files
    corps: {multipart: {file: {fichier: \"{{ fichier }}\"}, token: \"{{ fichier.envoi.jeton }}\"}}
  changements:
    chemin: /changes
    parametres: {since: \"{{ depuis }}\", page: \"{{ page.numero }}\"}
    elements: /list
    uid: /id
    statut: /status
    date: /date
    page: {taille: 50}
    recouvrement: 2m
";

/// Each sample file with the schema that describes it.
fn samples() -> Vec<(&'static str, &'static str, Value)> {
    let shipped = |name: &str| {
        let files = Shipped::Rules.files();
        yaml(std::str::from_utf8(&files[name]).unwrap())
    };
    let transmission = "modes: [tous, categories, auteur, manager]\ncategories: [ASC]\n";
    vec![
        ("priorites.yaml", "priorites", shipped("priorites.yaml")),
        (
            "qualifications.yaml",
            "qualifications",
            shipped("qualifications.yaml"),
        ),
        ("transmission.yaml", "transmission", yaml(transmission)),
        ("statuts.yaml", "statuts", shipped("statuts.yaml")),
        ("cas/essai.yaml", "cas", yaml(CASES)),
    ]
}

fn yaml(text: &str) -> Value {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).unwrap()
}

/// Connectors that use every kind of key.
fn connectors() -> Vec<(&'static str, &'static str, Value)> {
    let sowell = Shipped::Rules.files();
    let sowell = yaml(std::str::from_utf8(&sowell[Partner::Sowell.file()]).unwrap());
    vec![
        (Partner::Crm.file(), "connecteur-crm", yaml(CONNECTOR)),
        (Partner::Sowell.file(), "connecteur-sowell", sowell),
    ]
}

fn schema(name: &str) -> Value {
    if name == "passerelle" {
        return settings::json_schema();
    }
    let mut found = rule_files().into_iter().filter(|(it, _)| *it == name);
    found.next().unwrap().1.to_value()
}

fn validator(name: &str) -> Validator {
    jsonschema::draft7::new(&schema(name)).unwrap()
}

/// The daemon's diagnostics about the form of one file. JSON is also YAML.
fn form(file: &str, content: &Value) -> Vec<Diagnostic> {
    let text = serde_json::to_string_pretty(content).unwrap();
    let mut faults = Vec::new();
    match file {
        PRIORITES => drop(source::priorites(file, &text, &mut faults)),
        QUALIFICATIONS => drop(source::qualifications(file, &text, &mut faults)),
        TRANSMISSION => drop(source::transmission(file, &text, &mut faults)),
        STATUTS => drop(source::statuts(file, &text, &mut faults)),
        _ if file == Partner::Crm.file() => {
            Connector::check_form(Partner::Crm, &text, &mut faults);
        }
        _ if file == Partner::Sowell.file() => {
            Connector::check_form(Partner::Sowell, &text, &mut faults);
        }
        _ => drop(case::read(file, &text, &mut faults)),
    }
    faults.retain(|it| it.severity == Severity::Error);
    faults
}

/// Why the daemon would refuse the file in place of the shipped one.
fn refusal(file: &str, content: &Value) -> Vec<Diagnostic> {
    let mut rules = Shipped::Rules.files();
    // The shipped cases would fail for changed words, which is not a matter of form.
    rules.retain(|name, _| !name.starts_with(case::FOLDER));
    rules.insert(Partner::Crm.file().into(), CONNECTOR.into());
    let text = serde_json::to_string_pretty(content).unwrap();
    rules.insert(file.to_owned(), text.into_bytes());
    let (_, mut found) = compile(&rules, &Shipped::Referentiel.files(), Known::default());
    found.retain(|it| it.file == file && it.severity == Severity::Error);
    found
}

/// Every document that differs from this one in one place.
fn changed(document: &Value) -> Vec<Value> {
    fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        let step = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        match value {
            Value::Object(map) => map
                .iter()
                .for_each(|(key, value)| pointers(value, &step(key), found)),
            Value::Array(list) => list
                .iter()
                .enumerate()
                .for_each(|(at, value)| pointers(value, &step(&at.to_string()), found)),
            _ => {}
        }
    }
    let mut places = Vec::new();
    pointers(document, "", &mut places);
    let mut all = Vec::new();
    for place in places {
        let whole = place.is_empty();
        let mut put = |value: Value| {
            let mut copy = document.clone();
            *copy.pointer_mut(&place).unwrap() = value;
            all.push(copy);
        };
        let others = [
            json!(null),
            json!(""),
            json!(UNKNOWN),
            json!(12),
            json!(true),
            json!([]),
            json!({}),
        ];
        // An empty file is a case apart.
        others.into_iter().filter(|_| !whole).for_each(&mut put);
        if let Value::Object(map) = document.pointer(&place).unwrap() {
            for added in [UNKNOWN, ""] {
                let mut more = map.clone();
                more.insert(added.to_owned(), json!(UNKNOWN));
                put(Value::Object(more));
            }
            for key in map.keys() {
                let mut less = map.clone();
                less.remove(key);
                put(Value::Object(less));
            }
        }
    }
    all
}

#[test]
fn schemas_are_current() {
    for name in [
        "priorites",
        "qualifications",
        "transmission",
        "statuts",
        "cas",
        "connecteur-crm",
        "connecteur-sowell",
        "passerelle",
    ] {
        let text = serde_json::to_string_pretty(&schema(name)).unwrap() + "\n";
        is_current(&format!("schemas/{name}.schema.json"), &text);
    }
}

#[test]
fn editors_and_the_daemon_refuse_the_same_rule_files() {
    let mut wrong = Vec::new();
    for (file, name, sample) in samples().into_iter().chain(connectors()) {
        assert_eq!(refusal(file, &sample), [], "{file}");
        let validator = validator(name);
        for content in std::iter::once(sample.clone()).chain(changed(&sample)) {
            let told = form(file, &content);
            let underlined = validator.validate(&content).err();
            let agree = match &underlined {
                None => told.is_empty(),
                // An editor may see more than the form, for instance a word from a closed list.
                Some(_) => !told.is_empty() || !refusal(file, &content).is_empty(),
            };
            if !agree {
                wrong.push(format!("{file}: {content}\n{underlined:?}\n{told:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn editors_and_the_daemon_know_the_same_keys() {
    /// The daemon's message about an unknown key, for each closed object in a schema.
    fn collect(schema: &Value, found: &mut BTreeSet<String>) {
        if let (Some(properties), Some(false)) = (
            schema["properties"].as_object(),
            schema["additionalProperties"].as_bool(),
        ) {
            let keys: Vec<&str> = properties.keys().map(String::as_str).collect();
            found.insert(unknown_key(&keys));
        }
        match schema {
            Value::Object(map) => map.values().for_each(|it| collect(it, found)),
            Value::Array(list) => list.iter().for_each(|it| collect(it, found)),
            _ => {}
        }
    }
    for (file, name, sample) in samples() {
        let mut in_schema = BTreeSet::new();
        collect(&schema(name), &mut in_schema);
        let in_daemon: BTreeSet<String> = changed(&sample)
            .iter()
            .flat_map(|content| form(file, content))
            .filter(|it| it.code == code::KEY_UNKNOWN && it.message.contains(UNKNOWN))
            .map(|it| it.message)
            .collect();
        assert_eq!(in_schema, in_daemon, "{file}");
    }
}

fn unknown_key(known: &[&str]) -> String {
    let near = suggestion_of(Listed::Keys, UNKNOWN, known.iter().copied());
    format!("clé inconnue « {UNKNOWN} » : {near}")
}

#[test]
fn editors_and_the_daemon_know_the_same_words() {
    fn words(schema: &Value, pointer: &str) -> Vec<String> {
        let choices = schema.pointer(pointer).unwrap().as_array().unwrap();
        let word = |it: &Value| it["const"].as_str().unwrap().to_owned();
        choices.iter().map(word).collect()
    }
    let modes = words(&schema("transmission"), "/properties/modes/items/oneOf");
    let fields = words(
        &schema("statuts"),
        "/properties/correspondances/patternProperties/\\S/anyOf/1/properties/selon/oneOf",
    );
    let mut statuts = samples().remove(3).2;
    statuts["correspondances"]["Clôturée"]["selon"] = json!(UNKNOWN);
    for (file, content, known) in [
        ("transmission.yaml", json!({"modes": [UNKNOWN]}), modes),
        ("statuts.yaml", statuts, fields),
    ] {
        let told = &refusal(file, &content)[0].message;
        let near = suggestion(UNKNOWN, known.iter().map(String::as_str));
        assert!(told.ends_with(&near), "{told}, and not {near}");
    }
    let signalement = schema("cas")["properties"]["cas"]["items"]["else"]["else"]["properties"]
        ["signalement"]["properties"]
        .clone();
    let keys: BTreeSet<&str> = signalement
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, KEYS.into_iter().collect());
}

#[rstest]
#[case("transmission", "modes: [auteurs]")]
#[case("transmission", "modes: [categories]")]
#[case("transmission", "mode: [tous]")]
#[case("priorites", "priorites: [low, normal]")]
#[case("qualifications", "qualifications: {ASC: {libelle: Ascenseur}}")]
#[case(
    "statuts",
    "{initial: a, canal: b, correspondances: {c: {selon: date, valeurs: {}}}}"
)]
#[case("cas", "cas: [{nom: un, attendu: {}}]")]
#[case(
    "cas",
    "cas: [{nom: un, statut: {statut: Ouverte}, attendu: {transmis: true}}]"
)]
#[case("passerelle", "limit: {}")]
fn a_wrong_file_is_underlined(#[case] name: &str, #[case] text: &str) {
    assert!(!validator(name).is_valid(&yaml(text)));
}
