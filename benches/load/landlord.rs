//! A landlord of any size: rules and reference data, written as files.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The managers of each residence.
const GESTIONNAIRES: [&str; 4] = ["responsable_secteur", "technique", "proprete", "gardien"];

/// The numbers of each kind of data.
#[derive(Debug, Clone, Copy)]
pub struct Landlord {
    /// `Q1`, `Q2`, …
    pub qualifications: u32,
    /// `R1`, `R2`, … each with its managers.
    pub residences: u32,
    /// `R1-1`, `R1-2`, … over all residences.
    pub biens: u32,
    /// Number of cases.
    pub cases: u32,
}

impl Landlord {
    /// Larger than most landlords.
    pub const USUAL: Self = Self {
        qualifications: 200,
        residences: 5_000,
        biens: 100_000,
        cases: 0,
    };

    /// Writes `rules/` and `referentiel/` into a folder; all other rules are as shipped.
    pub fn write(self, folder: &Path) {
        let rules = folder.join("rules");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), &rules);
        fs::remove_dir_all(rules.join("cas")).unwrap();
        fs::write(rules.join("transmission.yaml"), "modes: [tous]\n").unwrap();
        fs::write(rules.join("qualifications.yaml"), self.qualifications()).unwrap();
        if self.cases > 0 {
            fs::create_dir(rules.join("cas")).unwrap();
            fs::write(rules.join("cas/cas.yaml"), self.cases()).unwrap();
        }
        let exports = folder.join("referentiel");
        fs::create_dir(&exports).unwrap();
        fs::write(exports.join("residences.csv"), self.residences()).unwrap();
        fs::write(exports.join("gestionnaires.csv"), self.gestionnaires()).unwrap();
        fs::write(exports.join("biens.csv"), self.biens()).unwrap();
    }

    fn qualifications(self) -> String {
        let mut text = String::from("qualifications:\n");
        for number in 1..=self.qualifications {
            let kind = GESTIONNAIRES[number as usize % GESTIONNAIRES.len()];
            let _ = writeln!(
                text,
                "  Q{number}: {{libelle: Qualification {number}, type_gestionnaire: {kind}, workflow: W{}}}",
                number % 9
            );
        }
        text
    }

    fn cases(self) -> String {
        let mut text = String::from("cas:\n");
        for number in 1..=self.cases {
            let _ = writeln!(
                text,
                "  - nom: cas {number}\n    signalement: {{qualification: Q{number}, residence: R{number}}}\n    attendu: {{acteur_en_charge: responsable_secteur-R{number}}}"
            );
        }
        text
    }

    fn residences(self) -> String {
        let mut text = String::from("code;nom;adresse\n");
        for number in 1..=self.residences {
            let _ = writeln!(text, "R{number};Résidence {number};{number} rue des Lilas");
        }
        text
    }

    fn gestionnaires(self) -> String {
        let mut text = String::from("residence;type;identifiant;nom;email\n");
        for number in 1..=self.residences {
            for kind in GESTIONNAIRES {
                let _ = writeln!(
                    text,
                    "R{number};{kind};{kind}-R{number};Nom {number};{kind}-{number}@vivest.example"
                );
            }
        }
        text
    }

    fn biens(self) -> String {
        let mut text = String::from("code;residence;libelle\n");
        for number in 0..self.biens {
            let (residence, bien) = (1 + number % self.residences, 1 + number / self.residences);
            let _ = writeln!(text, "R{residence}-{bien};R{residence};Appartement {bien}");
        }
        text
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}
