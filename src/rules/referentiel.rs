//! The landlord's three exports, as Excel in France writes them.
//!
//! An export that is broken is refused whole; a row that points nowhere is a remark, since the
//! three files are rarely exported in the same second.

mod excel;
mod faults;
mod quotes;
mod table;
mod text;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::ports::FileSet;
use crate::domain::referentiel::{Bien, Gestionnaire, Gestionnaires, Referentiel, Residence};
use crate::rules::addressee;
use crate::rules::diagnostic::{Diagnostic, Severity, any_error, code};

use excel::note_remains;
use faults::{Orphan, Orphans, given_twice, no_address, note_twins, shorten};
use table::{Table, table};

/// The landlord's residences.
pub const RESIDENCES: &str = "residences.csv";
/// Who manages each.
pub const GESTIONNAIRES: &str = "gestionnaires.csv";
/// What stands in each.
pub const BIENS: &str = "biens.csv";

/// The files of the folder, all of them required.
pub const FILES: [&str; 3] = [RESIDENCES, GESTIONNAIRES, BIENS];

/// Reads the three files; a `Referentiel` comes back only where no error stands in the way.
#[must_use]
pub fn read(files: &FileSet) -> (Option<Referentiel>, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let residences = table(files, RESIDENCES, ["code", "nom", "adresse"], &mut faults);
    let gestionnaires = table(
        files,
        GESTIONNAIRES,
        ["residence", "type", "identifiant", "nom", "email"],
        &mut faults,
    );
    let biens = table(files, BIENS, ["code", "residence", "libelle"], &mut faults);

    let mut by_code = known_residences(&residences, &mut faults);
    note_twins(by_code.values(), &mut faults);
    if !any_error(&faults) {
        faults.extend(empty(RESIDENCES, "aucune résidence", &residences));
    }
    if !any_error(&faults) {
        faults.extend(empty(GESTIONNAIRES, "aucun gestionnaire", &gestionnaires));
    }
    give_managers(&gestionnaires, &mut by_code, &mut faults);
    let known_biens = known_biens(&biens, &by_code, &mut faults);
    note_remains(RESIDENCES, "code", residences.column(0), &mut faults);
    for (at, column) in (0..).zip(["residence", "type", "identifiant"]) {
        note_remains(GESTIONNAIRES, column, gestionnaires.column(at), &mut faults);
    }
    for (at, column) in (0..).zip(["code", "residence"]) {
        note_remains(BIENS, column, biens.column(at), &mut faults);
    }
    let broken = |it: &Diagnostic| it.file == RESIDENCES && it.severity == Severity::Error;
    if faults.iter().any(broken) {
        // What points at its rows would point nowhere, for that reason alone.
        faults.retain(|it| it.code != code::ORPHAN);
    }
    let referentiel =
        (!any_error(&faults)).then(|| Referentiel::new(by_code.into_values(), known_biens));
    (referentiel, shorten(faults))
}

/// The residences by their codes, without managers yet.
fn known_residences<'t>(
    residences: &'t Table<3>,
    faults: &mut Vec<Diagnostic>,
) -> HashMap<&'t str, Residence> {
    let mut by_code: HashMap<&str, Residence> = HashMap::new();
    for row in residences.rows() {
        let [code, nom, adresse] = row.values;
        if !row.filled(RESIDENCES, "code", code, faults) {
            continue;
        }
        if let Some(earlier) = by_code.get(code) {
            faults.push(given_twice(RESIDENCES, row.line, code, earlier.line));
            continue;
        }
        by_code.insert(
            code,
            Residence {
                code: code.to_owned(),
                nom: nom.to_owned(),
                adresse: adresse.to_owned(),
                gestionnaires: Gestionnaires::default(),
                line: row.line,
            },
        );
    }
    by_code
}

/// What to say of an export without a row.
fn empty<const N: usize>(file: &str, what: &str, table: &Table<N>) -> Option<Diagnostic> {
    let message = format!("{what} dans ce fichier : l'export semble vide ou tronqué");
    (table.rows.is_empty()).then(|| Diagnostic::file(code::EXPORT, file, message))
}

/// Gives each residence its managers.
fn give_managers(
    gestionnaires: &Table<5>,
    by_code: &mut HashMap<&str, Residence>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut given = HashMap::new();
    let mut types: HashMap<&str, Arc<str>> = HashMap::new();
    let mut managers = HashSet::new();
    let mut no_addresses = Vec::new();
    let mut orphans = Orphans::default();
    for row in gestionnaires.rows() {
        let [residence, kind, identifiant, nom, email] = row.values;
        let filled = row.filled(GESTIONNAIRES, "residence", residence, faults)
            && row.filled(GESTIONNAIRES, "type", kind, faults)
            && row.filled(GESTIONNAIRES, "identifiant", identifiant, faults);
        if !filled {
            continue;
        }
        if let Some(earlier) = given.get(&(residence, kind)) {
            let key = format!("{residence} / {kind}");
            faults.push(given_twice(GESTIONNAIRES, row.line, &key, *earlier));
            continue;
        }
        given.insert((residence, kind), row.line);
        if !email.is_empty() && !addressee::is_address(email) {
            no_addresses.push((row.line, email));
        }
        match by_code.get_mut(residence) {
            Some(known) => {
                let who = Gestionnaire {
                    r#type: kind.to_owned(),
                    identifiant: identifiant.to_owned(),
                    nom: nom.to_owned(),
                    email: email.to_owned(),
                };
                let kind = types.entry(kind).or_insert_with(|| kind.into());
                let who = keep_once(&mut managers, who);
                known.gestionnaires.insert(Arc::clone(kind), who);
            }
            None => orphans.add(residence, row.line, Some(kind)),
        }
    }
    faults.extend(no_address(&no_addresses));
    let manages = |residence: &str, kind: &str| given.contains_key(&(residence, kind));
    let has_its_own =
        |known: &str, orphan: &Orphan<'_>| orphan.kinds.iter().any(|kind| manages(known, kind));
    orphans.tell(GESTIONNAIRES, by_code, has_its_own, faults);
}

/// The biens, each with its residence, known or not.
fn known_biens<'t>(
    biens: &'t Table<3>,
    residences: &HashMap<&str, Residence>,
    faults: &mut Vec<Diagnostic>,
) -> Vec<Bien<'t>> {
    let mut given = HashMap::with_capacity(biens.rows.len());
    let mut orphans = Orphans::default();
    let mut known_biens = Vec::with_capacity(biens.rows.len());
    let mut built = HashSet::new();
    for row in biens.rows() {
        let [code, residence, libelle] = row.values;
        if !row.filled(BIENS, "code", code, faults)
            || !row.filled(BIENS, "residence", residence, faults)
        {
            continue;
        }
        if let Some(earlier) = given.get(code) {
            faults.push(given_twice(BIENS, row.line, code, *earlier));
            continue;
        }
        given.insert(code, row.line);
        if !residences.contains_key(residence) {
            orphans.add(residence, row.line, None);
        }
        built.insert(residence);
        known_biens.push(Bien {
            code,
            residence,
            libelle,
            line: row.line,
        });
    }
    // One row may have a slip where the others of its residence have none.
    let has_its_own = |known: &str, orphan: &Orphan<'_>| orphan.count > 1 && built.contains(known);
    orphans.tell(BIENS, residences, has_its_own, faults);
    known_biens
}

/// One copy of each manager, however many residences name him.
fn keep_once(known: &mut HashSet<Arc<Gestionnaire>>, who: Gestionnaire) -> Arc<Gestionnaire> {
    if let Some(known) = known.get(&who) {
        return Arc::clone(known);
    }
    let who = Arc::new(who);
    known.insert(Arc::clone(&who));
    who
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn files(residences: &[u8], gestionnaires: &[u8], biens: &[u8]) -> FileSet {
        FILES
            .iter()
            .zip([residences, gestionnaires, biens])
            .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
            .collect()
    }

    const MANAGERS: &[u8] = b"residence;type;identifiant;nom;email\nA;gardien;G1;Loge;g@x.fr\n";
    const PLACES: &[u8] = b"code;residence;libelle\nA-1;A;Appartement 1\n";

    #[test]
    fn every_way_excel_writes_is_read_alike() {
        let utf8 = "code;nom;adresse\nA;Côte des Roses;2 place Marie\n";
        let ways = [
            utf8.as_bytes().to_vec(),
            format!("\u{feff}{utf8}").into_bytes(),
            encoding_rs::WINDOWS_1252.encode(utf8).0.into_owned(),
            utf8.replace(';', ",").into_bytes(),
            utf8.replace('\n', "\r\n").into_bytes(),
            format!("sep=;\r\n{utf8}").into_bytes(),
            [0xff, 0xfe]
                .into_iter()
                .chain(utf8.encode_utf16().flat_map(u16::to_le_bytes))
                .collect(),
            "Adresse;Code;Autre;Nom\n\"2 place Marie\";A;;\"Côte des Roses\"\n;;;\n"
                .as_bytes()
                .to_vec(),
        ];
        for way in ways {
            let (referentiel, faults) = read(&files(&way, MANAGERS, PLACES));
            assert_eq!(faults, []);
            let residence = referentiel.unwrap().residence("A").cloned().unwrap();
            assert_eq!(residence.nom, "Côte des Roses");
            assert_eq!(residence.adresse, "2 place Marie");
            assert_eq!(
                residence.gestionnaires.get("gardien").unwrap().identifiant,
                "G1"
            );
        }
    }

    #[test]
    fn a_broken_export_is_refused_with_its_lines() {
        let cases: [(&[u8], u32, &str); 13] = [
            (
                b"code,nom,adresse\nA;x, y;z\nB;x;y\n",
                1,
                "par \u{ab} , \u{bb}, et la ligne 2 par \u{ab} ; \u{bb}",
            ),
            (b"", 1, "les colonnes code, nom, adresse"),
            (b"PK\x03\x04\x14\0\0\0", 0, "Excel"),
            (b"code;nom;adrese\n", 1, "« adrese », mal écrite ?"),
            (b"code;nom\n", 1, "« adresse » manque"),
            (
                b"code;code;nom;adresse\nA;B;x;y\n",
                1,
                "« code » est donnée deux fois",
            ),
            (b"code;nom;adresse\n", 0, "aucune"),
            (b"code;nom;adresse\nA;Lilas\n", 2, "2 colonnes au lieu de 3"),
            (
                b"code;nom;adresse\nA;a, b, c\n",
                2,
                "2 colonnes au lieu de 3",
            ),
            (b"code;nom;adresse\nA;x;y\nA;x;y\n", 3, "plus haut"),
            (
                b"code;nom;adresse\nA;x;y\nB;\"x;y\nC;z;t\n",
                3,
                "le guillemet ouvert ici n'est pas refermé",
            ),
            (
                b"code;nom;adresse\nA;\"x\n1\";y\nB;\"x;y\nC;\"z\";t\n",
                4,
                "le guillemet ouvert ici n'est pas refermé",
            ),
            (
                "code\tnom\tadresse\nA\tx\ty\n".as_bytes(),
                1,
                "des tabulations",
            ),
        ];
        for (residences, line, words) in cases {
            let (referentiel, faults) = read(&files(residences, MANAGERS, PLACES));
            assert!(referentiel.is_none(), "{faults:?}");
            assert!(
                faults
                    .iter()
                    .any(|it| it.line == line && it.message.contains(words)),
                "{faults:?}"
            );
        }
    }

    #[test]
    fn a_misspelt_header_is_told_without_what_follows_from_it() {
        let residences = "cod;nom;adresse\nA;x;y\n".as_bytes();
        let (referentiel, faults) = read(&files(residences, MANAGERS, PLACES));
        assert!(referentiel.is_none());
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "residences.csv, ligne 1 : erreur : la colonne « code » manque dans la première ligne : est-ce « cod », mal écrite ?"
            ]
        );
    }

    #[test]
    fn letters_that_a_wrong_encoding_spoilt_are_pointed_out() {
        let residences = "code;nom;adresse\nA;Résidence;x\nB;RÃ©sidence Ã‰lodie;y\n";
        let (referentiel, faults) = read(&files(residences.as_bytes(), MANAGERS, PLACES));
        assert!(referentiel.is_some());
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "residences.csv, ligne 3 : attention : « Ã© » tient lieu de « é » : l'export a été lu dans un autre codage que le sien, puis enregistré"
            ]
        );
    }

    #[test]
    fn an_address_that_is_none_is_only_a_remark() {
        let mut managers = String::from("residence;type;identifiant;nom;email\n");
        let mut residences = String::from("code;nom;adresse\n");
        for code in 1..=6 {
            writeln!(residences, "R{code};x;y").unwrap();
            let email = if code > 4 { "g.x.fr" } else { "g@x.fr" };
            writeln!(managers, "R{code};gardien;G1;Loge;{email}").unwrap();
            writeln!(managers, "R{code};autre;G2;n;").unwrap();
        }
        let read = read(&files(residences.as_bytes(), managers.as_bytes(), PLACES));
        assert!(read.0.is_some());
        let told: Vec<String> = read.1.iter().map(ToString::to_string).collect();
        assert_eq!(
            told[..1],
            [
                "gestionnaires.csv, ligne 10 : attention : « g.x.fr » n'est pas une adresse e-mail ; une autre ligne n'en a pas non plus",
            ]
        );
    }

    #[test]
    fn a_row_that_points_nowhere_is_only_a_remark() {
        let biens = b"code;residence;libelle\nZ-1;Z;Cave\n";
        let (referentiel, faults) = read(&files(b"code;nom;adresse\nA;x;y\n", MANAGERS, biens));
        assert!(referentiel.is_some());
        assert_eq!((faults[0].line, faults[0].file.as_str()), (2, "biens.csv"));
    }

    #[test]
    fn the_rows_of_one_missing_residence_are_told_once_with_the_one_that_was_meant() {
        let residences = b"code;nom;adresse\nA;x;y\nMZ-02;x;y\nmz-02;x;y\n";
        let biens = b"code;residence;libelle\n1;MZ-O2;a\n2;QQ-77;b\n3;MZ-O2;c\n4;MZ-O2;d\n";
        let (referentiel, faults) = read(&files(residences, MANAGERS, biens));
        assert!(referentiel.is_some());
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "residences.csv, ligne 4 : attention : « mz-02 » et « MZ-02 » (ligne 3) ne diffèrent que par une majuscule, un accent ou une espace : est-ce la même résidence ?",
                "biens.csv, ligne 2 : attention : la résidence « MZ-O2 » n'est pas dans residences.csv : vouliez-vous dire « MZ-02 » ? ; 2 autres lignes la nomment",
                "biens.csv, ligne 3 : attention : la résidence « QQ-77 » n'est pas dans residences.csv : ajoutez-y sa ligne, ou retirez celle-ci",
            ]
        );
    }

    #[test]
    fn a_residence_that_has_its_own_rows_is_not_the_one_that_was_meant() {
        let residences = b"code;nom;adresse\nMM-02;x;y\nWO-01;x;y\n";
        let managers = b"residence;type;identifiant;nom;email\nMM-02;gardien;G;n;\nMZ-02;gardien;H;n;\nWO-O1;gardien;I;n;\n";
        let biens =
            b"code;residence;libelle\n1;MM-02;a\n2;MZ-02;b\n3;MZ-02;c\n4;WO-01;d\n5;WO-O1;e\n";
        let (_, faults) = read(&files(residences, managers, biens));
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "gestionnaires.csv, ligne 3 : attention : la résidence « MZ-02 » n'est pas dans residences.csv : ajoutez-y sa ligne, ou retirez celle-ci",
                "gestionnaires.csv, ligne 4 : attention : la résidence « WO-O1 » n'est pas dans residences.csv : vouliez-vous dire « WO-01 » ?",
                "biens.csv, ligne 3 : attention : la résidence « MZ-02 » n'est pas dans residences.csv : ajoutez-y sa ligne, ou retirez celles-ci ; une autre ligne la nomme",
                "biens.csv, ligne 6 : attention : la résidence « WO-O1 » n'est pas dans residences.csv : vouliez-vous dire « WO-01 » ?",
            ]
        );
    }

    #[test]
    fn what_excel_left_in_an_export_is_a_remark() {
        let residences = b"code;nom;adresse\nA;x;y\n=\"0012\";x;y\n";
        let (referentiel, faults) = read(&files(residences, MANAGERS, PLACES));
        assert!(referentiel.is_some());
        assert_eq!((faults.len(), faults[0].line), (1, 3), "{faults:?}");
        assert!(faults[0].message.contains("le code « 0012 »"), "{faults:?}");
    }
}
