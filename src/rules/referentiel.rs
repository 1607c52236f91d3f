//! The landlord's three exports, in the formats that the French Excel writes.
//!
//! A broken export is refused as a whole; a row that refers to a missing one is only a remark, since the three files
//! are rarely exported at the same second.

mod additions;
mod code_pages;
mod comments;
mod dated;
mod emails;
mod excel;
mod faults;
mod quotes;
mod rows;
mod table;
mod text;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::ports::FileSet;
use crate::domain::referentiel::{Bien, Gestionnaire, Gestionnaires, Referentiel, Residence};
use crate::rules::diagnostic::{Diagnostic, Severity, any_error, code};

use additions::note_additions;
use comments::note_comments;
use emails::Emails;
use excel::note_remains;
use faults::{Orphan, Orphans, given_twice, note_twins, shorten, two_managers};
use table::{Table, table};

/// The file of the landlord's residences.
pub const RESIDENCES: &str = "residences.csv";
/// The file of the managers of each residence.
pub const GESTIONNAIRES: &str = "gestionnaires.csv";
/// The file of the biens in each residence.
pub const BIENS: &str = "biens.csv";

/// The columns that are read of each file; all of them are required, and others are ignored.
const OF_RESIDENCES: [&str; 3] = ["code", "nom", "adresse"];
const OF_GESTIONNAIRES: [&str; 5] = ["residence", "type", "identifiant", "nom", "email"];
const OF_BIENS: [&str; 3] = ["code", "residence", "libelle"];

/// The files of the folder, all of them required.
pub const FILES: [&str; 3] = [RESIDENCES, GESTIONNAIRES, BIENS];

/// Reads the three files; a `Referentiel` is returned only if there is no error.
#[must_use]
pub fn read(files: &FileSet) -> (Option<Referentiel>, Vec<Diagnostic>) {
    let ((residences, gestionnaires, mut faults), (biens, faults_of_biens)) = rayon::join(
        || {
            let mut faults = Vec::new();
            let residences = table(files, RESIDENCES, OF_RESIDENCES, &mut faults);
            let gestionnaires = managers(files, &mut faults);
            (residences, gestionnaires, faults)
        },
        || {
            let mut faults = Vec::new();
            let biens = table(files, BIENS, OF_BIENS, &mut faults);
            (biens, faults)
        },
    );
    faults.extend(faults_of_biens);

    let mut by_code = known_residences(&residences, &mut faults);
    note_twins(by_code.values(), &mut faults);
    if residences.rows.is_empty() && !any_error(&faults) {
        faults.push(empty(RESIDENCES, "aucune résidence"));
    }
    give_managers(&gestionnaires, &mut by_code, &mut faults);
    let known_biens = known_biens(&biens, &by_code, &mut faults);
    note_remains(RESIDENCES, "code", residences.column(0), &mut faults);
    note_comments(&residences, &gestionnaires, &biens, &mut faults);
    note_additions(RESIDENCES, OF_RESIDENCES, &residences, &mut faults);
    note_additions(GESTIONNAIRES, OF_GESTIONNAIRES, &gestionnaires, &mut faults);
    note_additions(BIENS, OF_BIENS, &biens, &mut faults);
    for (at, column) in (0..).zip(["residence", "type", "identifiant"]) {
        note_remains(GESTIONNAIRES, column, gestionnaires.column(at), &mut faults);
    }
    for (at, column) in (0..).zip(["code", "residence"]) {
        note_remains(BIENS, column, biens.column(at), &mut faults);
    }
    let broken = |it: &Diagnostic| it.file == RESIDENCES && it.severity == Severity::Error;
    if faults.iter().any(broken) {
        // The rows that refer to it are orphans only for that reason.
        faults.retain(|it| it.code != code::ORPHAN);
    }
    let referentiel =
        (!any_error(&faults)).then(|| Referentiel::new(by_code.into_values(), known_biens));
    (referentiel, shorten(faults))
}

/// The residences by code, without managers yet.
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

/// The fault of an export without rows.
fn empty(file: &str, what: &str) -> Diagnostic {
    let message = format!("{what} dans ce fichier : l'export semble vide ou tronqué");
    Diagnostic::file(code::EXPORT, file, message)
}

fn managers(files: &FileSet, faults: &mut Vec<Diagnostic>) -> Table<5> {
    table(files, GESTIONNAIRES, OF_GESTIONNAIRES, faults)
}

/// The remedy if a connector describes managers but the CRM is not called.
const UNCALLED: &str = " ; les réglages gardent le CRM intégré, donc aucun n'est demandé au CRM : donnez-les dans ce fichier, ou confiez les demandes au CRM (crm.kind: rest)";

/// The diagnostic if the export of the managers has no rows. The caller knows whether they may come from elsewhere and
/// decides whether this is a fault. `read` is the result of [`read`] for these files; `uncalled` means that a connector
/// describes how to ask the CRM for managers, but the CRM is not called.
#[must_use]
pub fn without_managers(files: &FileSet, read: &Referentiel, uncalled: bool) -> Option<Diagnostic> {
    let mut residences = read.residences();
    if residences.any(|it| !it.gestionnaires.is_empty()) {
        return None;
    }
    // Rows that refer to unknown residences are remarks; the export is not truncated.
    let is_empty = managers(files, &mut Vec::new()).rows.is_empty();
    is_empty.then(|| {
        let mut fault = empty(GESTIONNAIRES, "aucun gestionnaire");
        if uncalled {
            fault.message.push_str(UNCALLED);
        }
        fault
    })
}

/// Adds the managers to each residence.
fn give_managers(
    gestionnaires: &Table<5>,
    by_code: &mut HashMap<&str, Residence>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut given = HashMap::new();
    let mut types: HashMap<&str, Arc<str>> = HashMap::new();
    let mut managers = HashSet::new();
    let mut emails = Emails::default();
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
            let dated = gestionnaires.dated.as_deref();
            faults.push(two_managers((residence, kind), row.line, *earlier, dated));
            continue;
        }
        given.insert((residence, kind), row.line);
        emails.add(identifiant, nom, email, row.line);
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
    faults.extend(emails.faults());
    rows::note_slips(gestionnaires.rows(), faults);
    let manages = |residence: &str, kind: &str| given.contains_key(&(residence, kind));
    let has_its_own =
        |known: &str, orphan: &Orphan<'_>| orphan.kinds.iter().any(|kind| manages(known, kind));
    orphans.report(GESTIONNAIRES, by_code, has_its_own, faults);
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
    // A single row may contain a typo although the other rows of its residence do not.
    let has_its_own = |known: &str, orphan: &Orphan<'_>| orphan.count > 1 && built.contains(known);
    orphans.report(BIENS, residences, has_its_own, faults);
    known_biens
}

/// Keeps one copy of each manager, however many residences refer to them.
fn keep_once(known: &mut HashSet<Arc<Gestionnaire>>, who: Gestionnaire) -> Arc<Gestionnaire> {
    if let Some(known) = known.get(&who) {
        return Arc::clone(known);
    }
    let who = Arc::new(who);
    known.insert(Arc::clone(&who));
    who
}

#[cfg(test)]
mod tests;
