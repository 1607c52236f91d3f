//! The daemon's CRM client, built from a connector alone, and the requests it is given.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use passerelle::adapters::clock::SystemClock;
use passerelle::adapters::crm::rest::RestCrm;
use passerelle::adapters::files::folder::FilesOnDisk;
use passerelle::adapters::shipped::Shipped;
use passerelle::domain::demande::{Fichier, NewDemande};
use passerelle::domain::ports::{Clock, CreateDemande, Files};
use passerelle::domain::referentiel::Gestionnaire;
use passerelle::domain::signalement::SignalementId;
use passerelle::flows::rules::Rules;
use passerelle::rules::compile::{Generation, Known, compile};
use passerelle::settings::{InForce, Settings};
use tempfile::TempDir;

/// A small ticket system: upload, create, search, changes, behind a session.
pub(super) const API: &str = "
authentification:
  session:
    connexion: {methode: POST, chemin: /login, corps: {json: {key: '{{ secrets.essai }}'}}}
    jeton: /token
    entetes: {X-Session: '{{ jeton }}'}
delais: {connexion: 5s, reponse: 5s, total: 10s}
operations:
  chercher:
    chemin: /tickets
    parametres: {ref: '{{ reference }}'}
    elements: /tickets
    uid: /id
  televerser:
    chemin: /uploads
    parametres: {name: '{{ fichier.nom }}'}
    corps: {fichier: {contenu: '{{ fichier }}'}}
    lire: {jeton: /token}
  creer:
    chemin: /tickets
    corps:
      json:
        ref: '{{ reference }}'
        title: '{{ demande.contexte }}'
        files: {pour: f, dans: '{{ fichiers }}', faire: '{{ f.envoi.jeton }}'}
    uid: /id
  changements:
    chemin: /changes
    parametres: {since: '{{ depuis }}', page: '{{ page.numero }}'}
    elements: /
    uid: /id
    statut: /status
    date: /date
    page: {taille: 1}
";

pub(super) const PLAIN: &str = "
doublons: possibles
delais: {connexion: 1s, reponse: 300ms, total: 3s}
operations:
  creer: {chemin: /tickets, corps: {json: {ref: '{{ reference }}'}}, uid: /id}
  chercher: {chemin: /tickets, parametres: {ref: '{{ reference }}'}, uid: /id}
";

/// Rules that change each time they are read, until the last one remains.
struct EditedRules(Mutex<VecDeque<Arc<Generation>>>);

impl Rules for EditedRules {
    fn generation(&self) -> Arc<Generation> {
        let mut left = self.0.lock().unwrap();
        if left.len() > 1 {
            left.pop_front().unwrap()
        } else {
            Arc::clone(&left[0])
        }
    }
}

pub(super) struct Bench {
    pub crm: RestCrm,
    pub files: Arc<dyn Files>,
    _folder: TempDir,
}

pub(super) fn bench(url: &str, api: &str, more: &[(&str, &str)]) -> Bench {
    edited(url, &[api], more)
}

/// The same with a series of connectors, each in force for one read of the rules; the last one stays.
pub(super) fn edited(url: &str, apis: &[&str], more: &[(&str, &str)]) -> Bench {
    by(Arc::new(SystemClock), url, apis, more)
}

/// The same with the test's own clock.
pub(super) fn by(clock: Arc<dyn Clock>, url: &str, apis: &[&str], more: &[(&str, &str)]) -> Bench {
    let generation = |api: &&str| {
        let mut rules = Shipped::Rules.files();
        rules.insert("connecteurs/crm.yaml".into(), api.as_bytes().to_vec());
        let (generation, faults) = compile(&rules, &Shipped::Referentiel.files(), Known::default());
        Arc::new(generation.unwrap_or_else(|| panic!("{faults:?}")))
    };
    let mut variables = vec![
        ("PASSERELLE_CRM__BASE_URL".to_owned(), url.to_owned()),
        ("PASSERELLE_SECRETS__ESSAI".to_owned(), "s3cr3t".to_owned()),
    ];
    let more = more.iter();
    variables.extend(more.map(|(name, value)| (format!("PASSERELLE_{name}"), (*value).to_owned())));
    let settings = Settings::load(None, variables).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files: Arc<dyn Files> = Arc::new(FilesOnDisk::open(folder.path()).unwrap());
    let in_force = InForce::new(&settings);
    let generations = apis.iter().map(generation).collect();
    let rules = Arc::new(EditedRules(Mutex::new(generations)));
    Bench {
        crm: RestCrm::new(in_force, rules, Arc::clone(&files), clock),
        files,
        _folder: folder,
    }
}

pub(super) fn request(fichiers: Vec<Fichier>) -> CreateDemande {
    let who = Gestionnaire {
        r#type: "technique".into(),
        identifiant: "TEC".into(),
        nom: "Équipe".into(),
        email: "e@vivest.example".into(),
    };
    let lien = "https://manager.sowell.example/signalements/1";
    CreateDemande {
        reference: SignalementId::of_lien(lien),
        demande: NewDemande {
            statut: "Transférée".into(),
            statut_sowell: Some("En attente".into()),
            canal: "SoWell".into(),
            qualification: "ASC".into(),
            workflow: "W".into(),
            residence: "R".into(),
            bien: None,
            priorite: "haute".into(),
            gestionnaire_concerne: who.clone(),
            acteur_en_charge: who,
            auteur: "Camille".into(),
            email_auteur: "c@x.example".into(),
            contexte: "L'ascenseur \"A\"\nest bloqué".into(),
            lien_sowell: lien.into(),
        },
        fichiers,
    }
}
