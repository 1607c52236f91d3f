//! The admins' own test cases, `cas/*.yaml`: a signalement or a status, and what must come out.
//!
//! They run through the same decision as everything else, and an edit whose cases fail does not
//! take effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::instant;
use crate::domain::referentiel::{Bien, Gestionnaire, Referentiel, Residence};
use crate::domain::signalement::{KEYS, Signalement};
use crate::domain::statut::StatutEvent;
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Decision, StatutDecision};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::foresee::{self, Foreseen};
use crate::rules::source::{Located, Reader};
use crate::rules::template::Templates;
use crate::rules::yaml::Node;

/// The folder of the cases in the folder of rules.
pub const FOLDER: &str = "cas/";

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
/// What a case may say of a status.
const STATUT: [&str; 5] = ["statut", "resultat", "commentaire", "canal", "date"];

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    file: String,
    nom: Located,
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

/// Reads one file of cases; a file with a fault gives none.
#[must_use]
pub fn read(file: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Vec<Case> {
    let mut reader = Reader::new(file, faults);
    read_cases(&mut reader, file, text).unwrap_or_default()
}

fn read_cases(reader: &mut Reader<'_>, file: &str, text: &str) -> Option<Vec<Case>> {
    let root = reader.root(text)?;
    let [cases] = reader.fields(&root, ["cas"], &[])?;
    let mut found = Vec::new();
    for node in reader.list(cases?)? {
        found.extend(read_case(reader, file, node));
    }
    reader.finish(found)
}

fn read_case(reader: &mut Reader<'_>, file: &str, node: &Node) -> Option<Case> {
    let [nom, signalement, statut, residences, attendu] = reader.fields(
        node,
        ["nom", "signalement", "statut", "residences", "attendu"],
        &["signalement", "statut", "residences"],
    )?;
    let nom = nom.and_then(|node| reader.text(node))?;
    let residences = match residences {
        Some(node) => read_residences(reader, node)?,
        None => Vec::new(),
    };
    let (input, known) = match (signalement, statut) {
        (Some(node), None) => (
            Input::Signalement(reader.texts_by_key(node)?),
            EXPECTED_OF_SIGNALEMENT.as_slice(),
        ),
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
                "un cas a soit « signalement », soit « statut »".into(),
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
    Some(Case {
        file: file.to_owned(),
        nom,
        input,
        residences,
        expected,
        templates,
    })
}

fn read_residences(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Residence>> {
    let mut residences = Vec::new();
    for node in reader.list(node)? {
        let [code, nom, adresse, gestionnaires] = reader.fields(
            node,
            ["code", "nom", "adresse", "gestionnaires"],
            &["nom", "adresse"],
        )?;
        let text = |reader: &mut Reader<'_>, node: Option<&Node>| match node {
            Some(node) => reader.text(node).map(|it| it.text),
            None => Some(String::new()),
        };
        let code = code.and_then(|node| reader.text(node))?.text;
        let nom = text(reader, nom)?;
        let adresse = text(reader, adresse)?;
        let mut by_type = BTreeMap::new();
        for (kind, node) in reader.map(gestionnaires?)? {
            reader.key(kind);
            let [own_type, identifiant, nom, email] = reader.fields(
                node,
                ["type", "identifiant", "nom", "email"],
                &["type", "nom", "email"],
            )?;
            let own_type = text(reader, own_type)?;
            let gestionnaire = Gestionnaire {
                r#type: if own_type.is_empty() {
                    kind.name.clone()
                } else {
                    own_type
                },
                identifiant: identifiant.and_then(|node| reader.text(node))?.text,
                nom: text(reader, nom)?,
                email: text(reader, email)?,
            };
            by_type.insert(kind.name.clone(), gestionnaire);
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

impl Case {
    /// Notes each template that it names and that does not exist.
    pub fn check_names(&self, templates: &Templates, faults: &mut Vec<Diagnostic>) {
        for named in &self.templates {
            if let Some(message) = templates.missing(&named.text) {
                faults.push(Diagnostic::at(
                    code::TEMPLATE,
                    &self.file,
                    named.line,
                    named.column,
                    message,
                ));
            }
        }
    }

    /// Decides the case and compares; one diagnostic for each difference, expected and got.
    #[must_use]
    pub fn run(&self, generation: &Generation) -> Vec<Diagnostic> {
        let generation = self.with_own_residences(generation);
        let outcome = match &self.input {
            Input::Signalement(given) => self.signalement(given, &generation),
            Input::Statut(given) => self.statut(given, &generation),
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(fault) => return vec![fault],
        };
        let mut differences = Vec::new();
        for (key, wanted) in &self.expected {
            let got = outcome.get(key.text.as_str());
            if !matches(&key.text, wanted, got) {
                let message = format!(
                    "cas « {} » : {} : attendu {}, obtenu {}",
                    self.nom.text,
                    key.text,
                    show(Some(wanted)),
                    show(got)
                );
                differences.push(Diagnostic::at(
                    code::CASE,
                    &self.file,
                    key.line,
                    key.column,
                    message,
                ));
            }
        }
        // An error that nobody expected fails the case, whatever else it looked at.
        let unexpected = outcome
            .get("erreur")
            .filter(|_| self.expected.iter().all(|(key, _)| key.text != "erreur"));
        if let Some(Expected::Text(error)) = unexpected {
            let message = format!("cas « {} » : {error}", self.nom.text);
            differences.push(Diagnostic::at(
                code::CASE,
                &self.file,
                self.nom.line,
                self.nom.column,
                message,
            ));
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
                code: bien.text.clone(),
                residence: given
                    .get("residence")
                    .map_or(&first.code, |it| &it.text)
                    .clone(),
                libelle: bien.text.clone(),
                line: 0,
            }),
            Input::Statut(_) => None,
        };
        let own = Referentiel::new(self.residences.iter().cloned(), bien);
        generation.with_referentiel(Arc::new(own))
    }

    fn signalement(
        &self,
        given: &BTreeMap<String, Located>,
        generation: &Generation,
    ) -> Result<Outcome, Diagnostic> {
        let signalement = self.harmless(given, generation)?;
        let mut outcome = Outcome::new();
        let foreseen = foresee::signalement(generation, &signalement);
        let mut put = |key, value: &str| outcome.insert(key, Expected::Text(value.to_owned()));
        match &foreseen.decision {
            Ok(Decision::Transmettre(demande)) => {
                put("transmis", "true");
                describe(demande, &mut put);
            }
            Ok(Decision::Ecarter { .. }) => {
                put("transmis", "false");
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
        &self,
        given: &BTreeMap<String, Located>,
        generation: &Generation,
    ) -> Result<Outcome, Diagnostic> {
        let text = |key: &str| given.get(key).map(|it| it.text.clone());
        let rules = &generation.rules;
        let uid = Uid::new("DEM-1".into());
        let event = StatutEvent {
            uid: uid.clone(),
            statut: text("statut")
                .ok_or_else(|| self.fault(&self.nom, "la clé « statut » manque"))?,
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
            StatutDecision::Ignore { .. } => {
                outcome.insert("ignore", Expected::Text("true".into()));
            }
            StatutDecision::Unknown(faults) => {
                let details: Vec<String> = faults.into_iter().map(|it| it.detail).collect();
                outcome.insert("erreur", Expected::Text(details.join(" ; ")));
                return Ok(outcome);
            }
        }
        // E-mails about a status see a demande: that of a harmless signalement, one that the modes
        // let pass, since there would be no status to tell otherwise.
        let mut signalement = self.harmless(&BTreeMap::new(), generation)?;
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

    fn fault(&self, at: &Located, what: &str) -> Diagnostic {
        let message = format!("cas « {} » : {what}", self.nom.text);
        Diagnostic::at(code::CASE, &self.file, at.line, at.column, message)
    }

    /// The given keys, and harmless values for the rest.
    fn harmless(
        &self,
        given: &BTreeMap<String, Located>,
        generation: &Generation,
    ) -> Result<Signalement, Diagnostic> {
        let harmless = foresee::harmless(generation);
        let text =
            |key: &str, otherwise: String| given.get(key).map_or(otherwise, |it| it.text.clone());
        let flag = |key: &str| match given.get(key).map(|it| it.text.as_str()) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(self.fault(&given[key], &format!("« {key} » vaut true ou false"))),
        };
        let date_creation_text = text("date_creation", harmless.date_creation_text);
        let date_creation = instant::parse(&date_creation_text).ok_or_else(|| {
            let at = given.get("date_creation").unwrap_or(&self.nom);
            self.fault(at, "« date_creation » n'est pas une date ISO 8601")
        })?;
        let photos = text("photos", "0".into()).parse().map_err(|_| {
            let at = given.get("photos").unwrap_or(&self.nom);
            self.fault(at, "« photos » est ici le nombre de photos")
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
        (wanted, got) => Some(wanted) == got,
    }
}

fn show(value: Option<&Expected>) -> String {
    match value {
        None => "rien".into(),
        Some(Expected::Text(text)) => format!("« {text} »"),
        Some(Expected::List(names)) if names.is_empty() => "aucun".into(),
        Some(Expected::List(names)) => format!("[{}]", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ports::FileSet;
    use crate::rules::compile::{Known, compile};

    fn shipped() -> (FileSet, FileSet) {
        use crate::rules::template;
        let files: [(&str, &str); 8] = [
            ("priorites.yaml", include_str!("../../rules/priorites.yaml")),
            (
                "qualifications.yaml",
                include_str!("../../rules/qualifications.yaml"),
            ),
            (
                "transmission.yaml",
                include_str!("../../rules/transmission.yaml"),
            ),
            ("statuts.yaml", include_str!("../../rules/statuts.yaml")),
            (
                "gestionnaire.rhai",
                include_str!("../../rules/gestionnaire.rhai"),
            ),
            ("accuses.rhai", include_str!("../../rules/accuses.rhai")),
            (
                template::CONTEXTE,
                include_str!("../../rules/modeles/contexte.txt"),
            ),
            (
                "modeles/accuse-reception.txt",
                include_str!("../../rules/modeles/accuse-reception.txt"),
            ),
        ];
        let exports: [(&str, &str); 3] = [
            ("residences.csv", "code;nom;adresse\nR;Lilas;x\n"),
            (
                "gestionnaires.csv",
                "residence;type;identifiant;nom;email\nR;responsable_secteur;RS;n;e\nR;technique;TEC;n;e\nR;gardien;GAR;n;e\nR;proprete;PRO;n;e\n",
            ),
            ("biens.csv", "code;residence;libelle\nR-1;R;Appartement\n"),
        ];
        let set = |files: &[(&str, &str)]| {
            let owned = files.iter();
            owned
                .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
                .collect()
        };
        (set(&files), set(&exports))
    }

    /// What the gate says of one file of cases.
    fn gate(cases: &str) -> Vec<Diagnostic> {
        let (mut rules, exports) = shipped();
        rules.insert("cas/a.yaml".into(), cases.as_bytes().to_vec());
        let (generation, diagnostics) = compile(&rules, &exports, Known::default());
        assert_eq!(
            generation.is_some(),
            diagnostics.is_empty(),
            "{diagnostics:?}"
        );
        diagnostics
    }

    #[test]
    fn a_case_that_holds_lets_the_edit_pass() {
        let cases = "cas:
  - nom: un
    signalement: {qualification: ASC, residence: R, priorite: high}
    attendu: {transmis: true, priorite: haute, gestionnaire_concerne: TEC, acteur_en_charge: RS, accuses: [accuse-reception]}
  - nom: deux
    residences: [{code: Z, gestionnaires: {technique: {identifiant: T}}}]
    signalement: {residence: Z, qualification: ASC}
    attendu: {erreur: pas de responsable}
  - nom: trois
    statut: {statut: Clôturée, resultat: Rejeté}
    attendu: {statut_sowell: Rejeté, ignore: false, accuses: []}
";
        assert_eq!(gate(cases), []);
    }

    #[test]
    fn a_case_that_fails_shows_expected_and_got() {
        let cases = "cas:
  - nom: un
    signalement: {qualification: ASC, residence: R}
    attendu:
      gestionnaire_concerne: RS
  - nom: deux
    statut: {statut: Ouverte}
    attendu: {statut_sowell: Fermé}
";
        let seen: Vec<(u32, String)> = gate(cases)
            .into_iter()
            .map(|it| (it.line, it.message))
            .collect();
        assert_eq!(
            seen,
            [
                (
                    5,
                    "cas « un » : gestionnaire_concerne : attendu « RS », obtenu « TEC »".into()
                ),
                (
                    8,
                    "cas « deux » : statut_sowell : attendu « Fermé », obtenu « En attente »"
                        .into()
                ),
            ]
        );
    }

    #[test]
    fn the_emails_of_a_status_do_not_depend_on_the_modes() {
        let (mut rules, exports) = shipped();
        let case = "cas: [{nom: un, statut: {statut: Ouverte}, attendu: {accuses: []}}]";
        rules.insert("cas/a.yaml".into(), case.as_bytes().to_vec());
        for modes in [
            "modes: [categories]\ncategories: [PROP]",
            "modes: [auteur]",
            "modes: [manager]",
        ] {
            rules.insert("transmission.yaml".into(), modes.as_bytes().to_vec());
            let (_, diagnostics) = compile(&rules, &exports, Known::default());
            assert_eq!(diagnostics, [], "{modes}");
        }
    }

    #[test]
    fn a_misspelt_case_is_no_passing_case() {
        let cases = "cas:
  - nom: un
    signalement: {}
    attendu: {gestionaire_concerne: RS}
  - nom: deux
    attendu: {}
";
        let lines: Vec<u32> = gate(cases).iter().map(|it| it.line).collect();
        assert_eq!(lines, [4, 6 - 1]);
    }

    #[test]
    fn an_export_that_makes_a_case_fail_is_only_a_remark() {
        let (mut rules, mut exports) = shipped();
        let case = "cas: [{nom: un, signalement: {residence: R, qualification: ASC}, attendu: {gestionnaire_concerne: TEC}}]";
        rules.insert("cas/a.yaml".into(), case.as_bytes().to_vec());
        let (before, _) = compile(&rules, &exports, Known::default());
        let other = "residence;type;identifiant;nom;email\nR;responsable_secteur;RS;n;e\nR;technique;TEC-2;n;e\nR;gardien;GAR;n;e\nR;proprete;PRO;n;e\n";
        exports.insert("gestionnaires.csv".into(), other.as_bytes().to_vec());
        for known in [
            Known {
                previous: before.as_ref(),
                accepted_rules: None,
            },
            Known {
                previous: None,
                accepted_rules: Some(&rules),
            },
        ] {
            let (after, remarks) = compile(&rules, &exports, known);
            assert!(after.is_some());
            assert_eq!(remarks.len(), 1);
        }
        assert!(compile(&rules, &exports, Known::default()).0.is_none());
    }

    /// What an edit of these files is told: file, line, column, words.
    fn told(edits: &[(&str, &str)]) -> Vec<(String, u32, u32, String)> {
        let (mut rules, exports) = shipped();
        for (name, text) in edits {
            rules.insert((*name).to_owned(), text.as_bytes().to_vec());
        }
        let (_, found) = compile(&rules, &exports, Known::default());
        found
            .into_iter()
            .map(|it| (it.file, it.line, it.column, it.message))
            .collect()
    }

    #[test]
    fn a_template_that_is_missing_is_told_where_it_is_named() {
        let script = "fn accuses(evenement) {\n    [#{ a: evenement.signalement.email_auteur, modele: \"accuse-recepton\" }]\n}";
        let cases = "cas:\n  - nom: un\n    signalement: {}\n    attendu: {accuses: [absent]}\n";
        let told = told(&[("accuses.rhai", script), ("cas/a.yaml", cases)]);
        let near = "il n'y a pas de modèle « accuse-recepton » dans modeles/ ; vouliez-vous dire « accuse-reception » ?";
        assert_eq!(told[0], ("accuses.rhai".into(), 2, 56, near.into()));
        let in_case = told.iter().find(|it| it.3.contains("« absent »"));
        assert!(in_case.is_none(), "the cases wait until the rules compile");
        let told = super::tests::told(&[("cas/a.yaml", cases)]);
        assert_eq!(
            (told[0].0.as_str(), told[0].1, told[0].2),
            ("cas/a.yaml", 4, 25)
        );
    }

    #[test]
    fn a_result_that_is_no_answer_is_refused_at_its_function() {
        let told = told(&[
            ("gestionnaire.rhai", "\nfn affecter(s, r, q) {\n  r.nom\n}"),
            (
                "accuses.rhai",
                "fn accuses(e) { if e.type == \"ecarte\" { 1 } else { [] } }",
            ),
        ]);
        let places: Vec<(&str, u32)> = told.iter().map(|it| (it.0.as_str(), it.1)).collect();
        assert_eq!(places[..2], [("gestionnaire.rhai", 2), ("accuses.rhai", 1)]);
        assert!(told[0].3.contains("le résultat doit être"), "{told:?}");
    }

    #[test]
    fn what_a_person_may_have_meant_otherwise_is_a_remark() {
        let statuts = "initial: Ouverte\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n  Clôturée: Traité\nignorer: [cloturée]\n";
        let qualifications = "qualifications:\n  ASC:\n    libelle: L\n    type_gestionnaire: techniqe\n    workflow: W\n";
        let told = told(&[
            ("statuts.yaml", statuts),
            ("qualifications.yaml", qualifications),
            ("transmission.yaml", "modes: [tous]\n"),
        ]);
        assert_eq!(told[0].1, 6);
        assert!(
            told[0].3.contains("« cloturée » et « Clôturée » (ligne 5)"),
            "{told:?}"
        );
        assert_eq!((told[1].1, told[1].2), (4, 24));
        assert!(
            told[1].3.contains("vouliez-vous dire « technique » ?"),
            "{told:?}"
        );
    }
}
