//! A case of a decision: a signalement or a status, and what must come out.
//!
//! It runs through the same decision as everything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::instant;
use crate::domain::referentiel::{Bien, Gestionnaire, Gestionnaires, Referentiel, Residence};
use crate::domain::signalement::{KEYS, Signalement};
use crate::domain::statut::StatutEvent;
use crate::rules::compile::{Generation, plain};
use crate::rules::decide::{self, Decision, StatutDecision};
use crate::rules::diagnostic::{Diagnostic, code, nearest};
use crate::rules::foresee::{self, Foreseen};
use crate::rules::pasted;
use crate::rules::source::{Located, Reader};
use crate::rules::template::Templates;
use crate::rules::trace::Trace;
use crate::rules::yaml::{Node, Value as YamlValue};

use super::Title;

/// What a case may expect of a signalement.
const EXPECTED_OF_SIGNALEMENT: [&str; 10] = [
    "transmis",
    "priorite",
    "workflow",
    "statut",
    "statut_sowell",
    "canal",
    "gestionnaire_concerne",
    "acteur_en_charge",
    "accuses",
    "erreur",
];
/// What a case may expect of a status.
const EXPECTED_OF_STATUT: [&str; 4] = ["statut_sowell", "ignore", "accuses", "erreur"];
/// Where an outcome says why there is no more of it; no name that a case may expect.
const WHY: &str = "motif";
/// What a case may say of a status.
const STATUT: [&str; 5] = ["statut", "resultat", "commentaire", "canal", "date"];

/// A signalement or a status, and what the rules must make of it.
#[derive(Debug, Clone)]
pub(super) struct DecisionCase {
    input: Input,
    /// Residences of its own, so that the case does not change with the exports.
    residences: Vec<Residence>,
    expected: Vec<(Located, Expected)>,
    /// The templates that it names.
    templates: Vec<Located>,
}

#[derive(Debug, Clone)]
enum Input {
    Signalement(BTreeMap<String, Located>),
    Statut(BTreeMap<String, Located>),
}

/// One value of `attendu`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Text(String),
    List(Vec<String>),
}

/// What a case came to, under the names that `attendu` uses.
type Outcome = BTreeMap<&'static str, Expected>;

/// Reads a case and its name.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<(Located, DecisionCase)> {
    let [nom, signalement, statut, _, residences, attendu] = reader.fields(
        node,
        [
            "nom",
            "signalement",
            "statut",
            "connecteur",
            "residences",
            "attendu",
        ],
        &["signalement", "statut", "connecteur", "residences"],
    )?;
    let nom = nom.and_then(|node| reader.text(node))?;
    let residences = match residences {
        Some(node) => read_residences(reader, node)?,
        None => Vec::new(),
    };
    let (input, known) = match (signalement, statut) {
        (Some(node), None) => {
            let given = reader.texts_by_key(node)?;
            note_misspelt(reader, node, &given);
            (
                Input::Signalement(given),
                EXPECTED_OF_SIGNALEMENT.as_slice(),
            )
        }
        (None, Some(node)) => {
            for (key, _) in reader.map(node)? {
                reader.known_key(key, &STATUT);
            }
            (
                Input::Statut(reader.texts_by_key(node)?),
                EXPECTED_OF_STATUT.as_slice(),
            )
        }
        _ => {
            reader.fault(
                code::SHAPE,
                node.line,
                node.column,
                "un cas a soit « signalement », soit « statut », soit « connecteur »".into(),
            );
            return None;
        }
    };
    let mut expected = Vec::new();
    let mut templates = Vec::new();
    for (key, node) in reader.map(attendu?)? {
        if !reader.known_key(key, known) {
            continue;
        }
        let value = if key.name == "accuses" {
            let names = reader.texts(node)?;
            templates.extend(names.iter().cloned());
            Expected::List(names.into_iter().map(|it| it.text).collect())
        } else {
            Expected::Text(reader.text(node)?.text)
        };
        expected.push((reader.key(key), value));
    }
    let case = DecisionCase {
        input,
        residences,
        expected,
        templates,
    };
    Some((nom, case))
}

/// Points out keys that nearly are known ones: `SoWell` may send keys that the contract does not know, so they
/// are no fault by themselves.
fn note_misspelt(reader: &mut Reader<'_>, node: &Node, given: &BTreeMap<String, Located>) {
    let YamlValue::Map(entries) = &node.value else {
        return;
    };
    for (key, _) in entries {
        if KEYS.contains(&key.name.as_str()) {
            continue;
        }
        let missing = KEYS.into_iter().filter(|it| !given.contains_key(*it));
        if let Some(near) = meant_key(&key.name, missing) {
            let message = format!(
                "« {} » n'est pas une clé connue du signalement et ne change rien au cas : vouliez-vous dire « {near} » ?",
                key.name
            );
            reader.remark(code::KEY_UNKNOWN, key.line, key.column, message);
        }
    }
}

/// The key that a person had in mind, by its letters or by what transmission.yaml calls it.
fn meant_key<'k>(key: &str, known: impl Iterator<Item = &'k str> + Clone) -> Option<&'k str> {
    let key = plain(&pasted::as_typed(key));
    let is_category = key.starts_with("categorie");
    let mut category = known
        .clone()
        .filter(|it| is_category && *it == "qualification");
    category.next().or_else(|| nearest(&key, known))
}

fn read_residences(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Residence>> {
    let mut residences = Vec::new();
    for node in reader.list(node)? {
        let [code, nom, adresse, gestionnaires] = reader.fields(
            node,
            ["code", "nom", "adresse", "gestionnaires"],
            &["nom", "adresse"],
        )?;
        // What is left out is harmless: an e-mail's subject may be a name, and its addressee a manager.
        let text = |reader: &mut Reader<'_>, node: Option<&Node>, harmless: &str| match node {
            Some(node) => reader.text(node).map(|it| it.text),
            None => Some(harmless.to_owned()),
        };
        let code = code.and_then(|node| reader.text(node))?.text;
        let nom = text(reader, nom, &code)?;
        let adresse = text(reader, adresse, &code)?;
        let mut by_type = Gestionnaires::default();
        for (kind, node) in reader.map(gestionnaires?)? {
            reader.key(kind);
            let [own_type, identifiant, nom, email] = reader.fields(
                node,
                ["type", "identifiant", "nom", "email"],
                &["type", "nom", "email"],
            )?;
            let identifiant = identifiant.and_then(|node| reader.text(node))?.text;
            let gestionnaire = Gestionnaire {
                r#type: text(reader, own_type, &kind.name)?,
                nom: text(reader, nom, &identifiant)?,
                email: text(reader, email, "gestionnaire@bailleur.example")?,
                identifiant,
            };
            by_type.insert(kind.name.as_str().into(), Arc::new(gestionnaire));
        }
        residences.push(Residence {
            code,
            nom,
            adresse,
            gestionnaires: by_type,
            line: 0,
        });
    }
    Some(residences)
}

impl DecisionCase {
    pub(super) fn check_names(
        &self,
        title: &Title,
        templates: &Templates,
        faults: &mut Vec<Diagnostic>,
    ) {
        for named in &self.templates {
            if let Some(message) = templates.missing(&named.text) {
                faults.push(Diagnostic::at(
                    code::TEMPLATE,
                    &title.file,
                    named.line,
                    named.column,
                    message,
                ));
            }
        }
    }

    pub(super) fn run(&self, title: &Title, generation: &Generation) -> Vec<Diagnostic> {
        let generation = self.with_own_residences(generation);
        let outcome = match &self.input {
            Input::Signalement(given) => signalement(title, given, &generation),
            Input::Statut(given) => statut(title, given, &generation),
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(fault) => return vec![fault],
        };
        let mut differences = Vec::new();
        // Where nothing was decided, there is nothing to compare: what is missing is missing for that.
        let decided = outcome.keys().any(|it| *it != "erreur");
        let of_error = self.expected.iter().find(|(key, _)| key.text == "erreur");
        // An error that nobody expected fails the case, whatever else it looked at.
        if let (Some(Expected::Text(error)), None) = (outcome.get("erreur"), of_error) {
            let uncompared = if decided || self.expected.is_empty() {
                ""
            } else {
                " ; rien n'est décidé, et ce que le cas attend n'a pas pu être comparé"
            };
            differences.push(title.fault_at(&title.nom, &format!("{error}{uncompared}")));
            if !decided {
                return differences;
            }
        }
        let another_error = of_error
            .filter(|(_, wanted)| !decided && !matches("erreur", wanted, outcome.get("erreur")));
        // Why there is no demande, or nothing for SoWell: told once, and not for each value that is
        // missing for it.
        let mut why = match outcome.get(WHY) {
            Some(Expected::Text(why)) => Some(why),
            _ => None,
        };
        let kept_here = why.is_some();
        for (key, wanted) in &self.expected {
            if another_error.is_some() && key.text != "erreur" {
                continue;
            }
            let got = outcome.get(key.text.as_str());
            if matches(&key.text, wanted, got) {
                continue;
            }
            let follows =
                kept_here && (got.is_none() || ["transmis", "ignore"].contains(&&*key.text));
            let because = match (follows, why.take_if(|_| follows)) {
                (true, None) => continue,
                (_, why) => why.map(|it| format!(" : {it}")).unwrap_or_default(),
            };
            let (wanted, got) = (show(Some(wanted)), show(got));
            let what = format!("{} : attendu {wanted}, obtenu {got}{because}", key.text);
            differences.push(title.fault_at(key, &what));
        }
        differences
    }

    fn with_own_residences(&self, generation: &Generation) -> Generation {
        let Some(first) = self.residences.first() else {
            return generation.clone();
        };
        // A case with residences of its own has the bien that it names in the one that it names.
        let bien = match &self.input {
            Input::Signalement(given) => given.get("bien").map(|bien| Bien {
                code: &bien.text,
                residence: given.get("residence").map_or(&first.code, |it| &it.text),
                libelle: &bien.text,
                line: 0,
            }),
            Input::Statut(_) => None,
        };
        let own = Referentiel::new(self.residences.iter().cloned(), bien);
        generation.with_referentiel(Arc::new(own))
    }
}

fn signalement(
    title: &Title,
    given: &BTreeMap<String, Located>,
    generation: &Generation,
) -> Result<Outcome, Diagnostic> {
    let signalement = harmless(title, given, generation)?;
    let mut outcome = Outcome::new();
    let foreseen = foresee::signalement(generation, &signalement, &mut Trace::unread());
    let mut put = |key, value: &str| outcome.insert(key, Expected::Text(value.to_owned()));
    match &foreseen.decision {
        Ok(Decision::Transmettre(demande)) => {
            put("transmis", "true");
            describe(demande, &mut put);
        }
        Ok(Decision::Ecarter { motif }) => {
            put("transmis", "false");
            put(WHY, motif);
        }
        Err(error) => {
            put("erreur", &explain(error));
            return Ok(outcome);
        }
    }
    put_accuses(&mut outcome, &foreseen);
    Ok(outcome)
}

fn statut(
    title: &Title,
    given: &BTreeMap<String, Located>,
    generation: &Generation,
) -> Result<Outcome, Diagnostic> {
    let text = |key: &str| given.get(key).map(|it| it.text.clone());
    let rules = &generation.rules;
    let uid = Uid::new("DEM-1".into());
    let event = StatutEvent {
        uid: uid.clone(),
        statut: text("statut")
            .ok_or_else(|| title.fault_at(&title.nom, "la clé « statut » manque"))?,
        date: text("date"),
        resultat: text("resultat"),
        commentaire: text("commentaire"),
        canal: text("canal"),
        evenement: None,
    };
    let canal = event.canal.as_deref().unwrap_or(&rules.statuts.canal);
    let (decision, _) = decide::statut(rules, &event, canal);
    let mut outcome = Outcome::new();
    match decision {
        StatutDecision::Translate { statut_sowell } => {
            outcome.insert("statut_sowell", Expected::Text(statut_sowell));
            outcome.insert("ignore", Expected::Text("false".into()));
        }
        StatutDecision::Ignore { motif } => {
            outcome.insert("ignore", Expected::Text("true".into()));
            outcome.insert(WHY, Expected::Text(motif));
        }
        StatutDecision::Unknown(faults) => {
            let details: Vec<String> = faults.into_iter().map(|it| it.detail).collect();
            outcome.insert("erreur", Expected::Text(details.join(" ; ")));
            return Ok(outcome);
        }
    }
    // E-mails about a status see a demande: that of a harmless signalement, one that the modes
    // let pass, since there would be no status to tell otherwise.
    let mut signalement = harmless(title, &BTreeMap::new(), generation)?;
    signalement.transmettre_auteur = true;
    signalement.transmettre_manager = true;
    if let Some(code) = rules.transmission.categories.keys().next() {
        signalement.qualification.clone_from(code);
    }
    let (decision, _) = decide::signalement(generation, &signalement);
    if let Ok(Decision::Transmettre(demande)) = decision {
        let foreseen = foresee::statut(generation, &event, &signalement, &demande);
        put_accuses(&mut outcome, &foreseen);
    }
    Ok(outcome)
}

/// The given keys, and harmless values for the rest.
fn harmless(
    title: &Title,
    given: &BTreeMap<String, Located>,
    generation: &Generation,
) -> Result<Signalement, Diagnostic> {
    let mut harmless = foresee::harmless(generation);
    // A bien that is given alone is in its own residence, and not in one that nobody wrote.
    let bien = given.get("bien").map(|it| it.text.as_str());
    if let Some(bien) = bien.and_then(|code| generation.referentiel.bien(code)) {
        bien.residence.clone_into(&mut harmless.residence);
    }
    let text =
        |key: &str, otherwise: String| given.get(key).map_or(otherwise, |it| it.text.clone());
    let flag = |key: &str| match given.get(key).map(|it| it.text.as_str()) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(title.fault_at(&given[key], &format!("« {key} » vaut true ou false"))),
    };
    let date_creation_text = text("date_creation", harmless.date_creation_text);
    let date_creation = instant::parse(&date_creation_text).ok_or_else(|| {
        let at = given.get("date_creation").unwrap_or(&title.nom);
        title.fault_at(at, "« date_creation » n'est pas une date ISO 8601")
    })?;
    let photos = text("photos", "0".into()).parse().map_err(|_| {
        let at = given.get("photos").unwrap_or(&title.nom);
        title.fault_at(at, "« photos » est ici le nombre de photos")
    })?;
    Ok(Signalement {
        qualification: text("qualification", harmless.qualification),
        residence: text("residence", harmless.residence),
        bien: given.get("bien").map(|it| it.text.clone()),
        auteur: text("auteur", harmless.auteur),
        email_auteur: text("email_auteur", harmless.email_auteur),
        date_creation,
        date_creation_text,
        priorite: text("priorite", harmless.priorite),
        description: text("description", harmless.description),
        lien_sowell: text("lien_sowell", harmless.lien_sowell),
        transmettre_auteur: flag("transmettre_auteur")?,
        transmettre_manager: flag("transmettre_manager")?,
        autres: autres(given),
        photos,
    })
}

fn describe(demande: &NewDemande, put: &mut impl FnMut(&'static str, &str) -> Option<Expected>) {
    put("priorite", &demande.priorite);
    put("workflow", &demande.workflow);
    put("statut", &demande.statut);
    put("canal", &demande.canal);
    put(
        "gestionnaire_concerne",
        &demande.gestionnaire_concerne.identifiant,
    );
    put("acteur_en_charge", &demande.acteur_en_charge.identifiant);
    if let Some(word) = &demande.statut_sowell {
        put("statut_sowell", word);
    }
}

fn put_accuses<D>(outcome: &mut Outcome, foreseen: &Foreseen<D>) {
    let names = foreseen.mails.iter().map(|it| it.modele().to_owned());
    outcome.insert("accuses", Expected::List(names.collect()));
    if let Some(error) = foreseen.unwritten().next() {
        outcome.insert("erreur", Expected::Text(error.to_string()));
    }
}

fn explain(error: &decide::Undecided) -> String {
    match error {
        decide::Undecided::UnknownCodes(faults) => {
            let details: Vec<&str> = faults.iter().map(|it| it.detail.as_str()).collect();
            details.join(" ; ")
        }
        other => other.to_string(),
    }
}

/// Keys of a case's signalement that the contract does not know.
fn autres(given: &BTreeMap<String, Located>) -> Map<String, Value> {
    given
        .iter()
        .filter(|(key, _)| !KEYS.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), Value::from(value.text.as_str())))
        .collect()
}

/// Equal, but an error need only contain the expected words, and lists of e-mails have no order.
fn matches(key: &str, wanted: &Expected, got: Option<&Expected>) -> bool {
    match (wanted, got) {
        (Expected::Text(wanted), Some(Expected::Text(got))) if key == "erreur" => {
            got.contains(wanted)
        }
        (Expected::List(wanted), Some(Expected::List(got))) => {
            let (mut wanted, mut got) = (wanted.clone(), got.clone());
            wanted.sort();
            got.sort();
            wanted == got
        }
        // Without a decision, no e-mail goes out.
        (Expected::List(wanted), None) => wanted.is_empty(),
        (wanted, got) => Some(wanted) == got,
    }
}

fn show(value: Option<&Expected>) -> String {
    match value {
        None => "rien".into(),
        Some(Expected::Text(text)) => format!("« {text} »"),
        Some(Expected::List(names)) if names.is_empty() => "aucun e-mail".into(),
        Some(Expected::List(names)) => format!("[{}]", names.join(", ")),
    }
}
