//! The landlord's reference data: residences, their managers and their biens.

use std::collections::HashMap;
use std::sync::Arc;

/// A manager of a residence (*gestionnaire*), as named in `gestionnaires.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Gestionnaire {
    /// The kind of manager that a qualification requires, e.g. `technique`.
    pub r#type: String,
    /// The landlord's code for this person or team.
    pub identifiant: String,
    /// Name shown to users.
    pub nom: String,
    /// Address for e-mails; may be empty in the export.
    pub email: String,
}

/// A *résidence*: an estate or a building (SoWell: place).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Residence {
    /// Code shared with SoWell.
    pub code: String,
    /// Name shown to users.
    pub nom: String,
    /// Postal address; may be empty.
    pub adresse: String,
    /// Its managers by type.
    pub gestionnaires: Gestionnaires,
    /// Line in `residences.csv`, from 1; 0 if it comes from elsewhere.
    pub line: u32,
}

/// The managers of a residence, at most one of each type. A manager of many residences is stored once: a
/// landlord has far fewer managers than residences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gestionnaires(Vec<(Arc<str>, Arc<Gestionnaire>)>);

impl Gestionnaires {
    /// Sets the manager of a type, replacing any previous one.
    pub fn insert(&mut self, r#type: Arc<str>, who: Arc<Gestionnaire>) {
        match self.find(&r#type) {
            Ok(at) => self.0[at].1 = who,
            Err(at) => self.0.insert(at, (r#type, who)),
        }
    }

    /// Removes the manager of a type.
    pub fn remove(&mut self, r#type: &str) {
        if let Ok(at) = self.find(r#type) {
            self.0.remove(at);
        }
    }

    /// The manager of this type, compared exactly.
    #[must_use]
    pub fn get(&self, r#type: &str) -> Option<&Gestionnaire> {
        let at = self.find(r#type).ok()?;
        Some(&self.0[at].1)
    }

    /// All of them with their types, sorted by type.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Gestionnaire)> {
        self.0.iter().map(|(kind, who)| (&**kind, &**who))
    }

    /// The types that have a manager.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(kind, _)| kind)
    }

    /// Number of managers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no managers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, r#type: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(kind, _)| (**kind).cmp(r#type))
    }
}

/// A *bien*: a dwelling or a piece of equipment in a residence (SoWell: spot).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bien<'a> {
    /// Code shared with SoWell.
    pub code: &'a str,
    /// Code of the residence it belongs to.
    pub residence: &'a str,
    /// Name shown to users.
    pub libelle: &'a str,
    /// Line in `biens.csv`, from 1; 0 if it comes from elsewhere.
    pub line: u32,
}

/// All the reference data that the rules look up, immutable once loaded.
#[derive(Debug, Clone, Default)]
pub struct Referentiel {
    residences: HashMap<String, Residence>,
    biens: Biens,
}

impl Referentiel {
    /// Builds it from what was read; the caller has checked that codes are unique.
    #[must_use]
    pub fn new<'a>(
        residences: impl IntoIterator<Item = Residence>,
        biens: impl IntoIterator<Item = Bien<'a>>,
    ) -> Self {
        Self {
            residences: residences
                .into_iter()
                .map(|residence| (residence.code.clone(), residence))
                .collect(),
            biens: Biens::new(biens),
        }
    }

    /// The residence with this code, compared exactly.
    #[must_use]
    pub fn residence(&self, code: &str) -> Option<&Residence> {
        self.residences.get(code)
    }

    /// The bien with this code, compared exactly.
    #[must_use]
    pub fn bien(&self, code: &str) -> Option<Bien<'_>> {
        self.biens.find(code)
    }

    /// All residences, in no particular order.
    pub fn residences(&self) -> impl Iterator<Item = &Residence> {
        self.residences.values()
    }

    /// All biens, sorted by code.
    pub fn biens(&self) -> impl Iterator<Item = Bien<'_>> {
        self.biens.iter()
    }
}

/// Landlords have up to a hundred thousand biens, so their texts share one string, sorted by code.
#[derive(Debug, Clone, Default)]
struct Biens {
    texts: String,
    rows: Vec<BienRow>,
}

/// Positions of a bien's texts in the shared string, where they are consecutive; each field is the end of a
/// text.
#[derive(Debug, Clone, Copy)]
struct BienRow {
    start: usize,
    code: usize,
    residence: usize,
    libelle: usize,
    line: u32,
}

impl Biens {
    fn new<'a>(biens: impl IntoIterator<Item = Bien<'a>>) -> Self {
        let mut table = Self::default();
        for bien in biens {
            let start = table.texts.len();
            let mut put = |text: &str| {
                table.texts.push_str(text);
                table.texts.len()
            };
            table.rows.push(BienRow {
                start,
                code: put(bien.code),
                residence: put(bien.residence),
                libelle: put(bien.libelle),
                line: bien.line,
            });
        }
        let texts = &table.texts;
        let code = |row: &BienRow| &texts[row.start..row.code];
        table.rows.sort_unstable_by(|a, b| code(a).cmp(code(b)));
        table.texts.shrink_to_fit();
        table.rows.shrink_to_fit();
        table
    }

    fn find(&self, code: &str) -> Option<Bien<'_>> {
        let at = self
            .rows
            .binary_search_by(|row| self.read(row).code.cmp(code));
        Some(self.read(&self.rows[at.ok()?]))
    }

    fn iter(&self) -> impl Iterator<Item = Bien<'_>> {
        self.rows.iter().map(|row| self.read(row))
    }

    fn read(&self, row: &BienRow) -> Bien<'_> {
        Bien {
            code: &self.texts[row.start..row.code],
            residence: &self.texts[row.code..row.residence],
            libelle: &self.texts[row.residence..row.libelle],
            line: row.line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biens_are_found_by_their_codes_alone() {
        let bien = |code, residence, line| Bien {
            code,
            residence,
            libelle: "Été",
            line,
        };
        let all = [
            bien("B-2", "B", 3),
            bien("A-1", "A", 2),
            bien("B-10", "B", 4),
        ];
        let referentiel = Referentiel::new([], all);
        for it in all {
            assert_eq!(referentiel.bien(it.code), Some(it));
        }
        for code in ["", "B", "B-1", "B-100", "b-2", "Z"] {
            assert_eq!(referentiel.bien(code), None, "{code}");
        }
        let codes: Vec<&str> = referentiel.biens().map(|it| it.code).collect();
        assert_eq!(codes, ["A-1", "B-10", "B-2"]);
    }

    #[test]
    fn the_last_who_is_named_for_a_type_manages() {
        let who = |nom: &str| {
            Arc::new(Gestionnaire {
                r#type: "gardien".into(),
                identifiant: "G".into(),
                nom: nom.into(),
                email: String::new(),
            })
        };
        let mut all = Gestionnaires::default();
        all.insert("technique".into(), who("a"));
        all.insert("gardien".into(), who("b"));
        all.insert("technique".into(), who("c"));
        assert_eq!(all.types().collect::<Vec<_>>(), ["gardien", "technique"]);
        assert_eq!(all.get("technique").unwrap().nom, "c");
        assert_eq!(all.get("tech"), None);
    }
}
