//! Reference data of the landlord: residences, their managers and their biens.

use std::collections::{BTreeMap, HashMap};

/// A manager of a residence (*gestionnaire*), as `gestionnaires.csv` names him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gestionnaire {
    /// The kind of manager that a qualification asks for, e.g. `technique`.
    pub r#type: String,
    /// The landlord's code for this person or team.
    pub identifiant: String,
    /// Name shown to people.
    pub nom: String,
    /// Address for e-mails; may be empty in the export.
    pub email: String,
}

/// A *résidence*: an estate or a building (SoWell: place).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Residence {
    /// Code shared with SoWell.
    pub code: String,
    /// Name shown to people.
    pub nom: String,
    /// Postal address; may be empty.
    pub adresse: String,
    /// Its managers by type.
    pub gestionnaires: BTreeMap<String, Gestionnaire>,
    /// Line in `residences.csv`, from 1; 0 where it comes from elsewhere.
    pub line: u32,
}

/// A *bien*: a dwelling or an equipment in a residence (SoWell: spot).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bien {
    /// Code shared with SoWell.
    pub code: String,
    /// Code of the residence that it stands in.
    pub residence: String,
    /// Name shown to people.
    pub libelle: String,
    /// Line in `biens.csv`, from 1; 0 where it comes from elsewhere.
    pub line: u32,
}

/// Everything the rules look up about the landlord's estate, immutable once loaded.
#[derive(Debug, Clone, Default)]
pub struct Referentiel {
    residences: HashMap<String, Residence>,
    biens: HashMap<String, Bien>,
}

impl Referentiel {
    /// Joins what was read; the caller has checked that codes are unique.
    #[must_use]
    pub fn new(
        residences: impl IntoIterator<Item = Residence>,
        biens: impl IntoIterator<Item = Bien>,
    ) -> Self {
        Self {
            residences: residences
                .into_iter()
                .map(|residence| (residence.code.clone(), residence))
                .collect(),
            biens: biens
                .into_iter()
                .map(|bien| (bien.code.clone(), bien))
                .collect(),
        }
    }

    /// The residence with this code, compared to the letter.
    #[must_use]
    pub fn residence(&self, code: &str) -> Option<&Residence> {
        self.residences.get(code)
    }

    /// The bien with this code, compared to the letter.
    #[must_use]
    pub fn bien(&self, code: &str) -> Option<&Bien> {
        self.biens.get(code)
    }

    /// All residences, in no order.
    pub fn residences(&self) -> impl Iterator<Item = &Residence> {
        self.residences.values()
    }

    /// All biens, in no order.
    pub fn biens(&self) -> impl Iterator<Item = &Bien> {
        self.biens.values()
    }
}
