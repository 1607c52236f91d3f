//! Decided demandes that can never be created in the CRM, because the connector's file makes no valid request from
//! them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::demande::NewDemande;
use crate::domain::referentiel::Gestionnaire;
use crate::rules::compile::RuleSet;
use crate::rules::connector::{Creation, Fault, Partner};

/// The requests of the CRM's file, each tried once for all demandes that are equal in what it depends on.
pub(super) struct Creations<'g> {
    creation: Creation<'g>,
    tried: Mutex<HashMap<String, Option<Fault>>>,
}

impl<'g> Creations<'g> {
    /// The requests of the rules; `None` if no file describes a CRM.
    pub(super) fn of(rules: &'g RuleSet) -> Option<Self> {
        let connector = rules.connectors.get(&Partner::Crm)?;
        Some(Self {
            creation: Creation::of(connector)?,
            tried: Mutex::default(),
        })
    }

    /// Why no request can be made for this demande.
    pub(super) fn fault(&self, demande: &NewDemande) -> Option<Fault> {
        let likeness = self.likeness(demande);
        let tried = || self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tried().get(&likeness) {
            return known.clone();
        }
        let fault = self.creation.fails_for(demande);
        tried().insert(likeness, fault.clone());
        fault
    }

    /// A key of everything that can make a request fail, except free text: demandes with the same key behave alike.
    fn likeness(&self, demande: &NewDemande) -> String {
        let who = |it: &Gestionnaire| {
            [&it.r#type, &it.identifiant, &it.nom, &it.email]
                .map(String::as_str)
                .join("\u{1}")
        };
        let mut likeness = String::new();
        let mut add = |field: &str, value: &dyn Fn() -> String| {
            if self.creation.asks_for(field) {
                likeness.push_str(&value());
                likeness.push('\0');
            }
        };
        add("qualification", &|| demande.qualification.clone());
        add("workflow", &|| demande.workflow.clone());
        add("residence", &|| demande.residence.clone());
        add("bien", &|| demande.bien.clone().unwrap_or_default());
        add("priorite", &|| demande.priorite.clone());
        add("gestionnaire_concerne", &|| {
            who(&demande.gestionnaire_concerne)
        });
        add("acteur_en_charge", &|| who(&demande.acteur_en_charge));
        likeness
    }
}
