//! Which files the folder of rules contains, and which names only resemble theirs: a file that someone takes for a rule
//! but that is never read would be an edit that silently has no effect.

mod documents;
mod exports;

use crate::domain::ports::FileSet;
use crate::rules::alike::bare;
use crate::rules::compile::{PRIORITES, QUALIFICATIONS, STATUTS, TRANSMISSION};
use crate::rules::connector::{self, Partner};
use crate::rules::diagnostic::{Diagnostic, Listed, code, nearest, suggestion_of};
use crate::rules::{case, script, template};

pub use exports::{is_export, is_noted_export, is_unread_folder_of_exports, note_unread_exports};

/// The folders that contain rules, with the extensions of their files.
const FOLDERS: [(&str, &[&str]); 3] = [
    (template::FOLDER, &["txt", "html"]),
    (case::FOLDER, &["yaml", "yml"]),
    (connector::FOLDER, &["yaml", "yml"]),
];
/// The extensions of files that are not in a folder.
const ENDINGS: &[&str] = &["yaml", "yml", "rhai"];
/// The extensions of all rule files.
const ALL_ENDINGS: &[&str] = &["txt", "html", "yaml", "yml", "rhai"];
/// How the names of these folders begin, in singular or plural, without accents.
const BEGINNINGS: [&str; 3] = ["cas", "modele", "connecteur"];
/// The files with fixed names.
const NAMED: [&str; 8] = [
    PRIORITES,
    QUALIFICATIONS,
    TRANSMISSION,
    STATUTS,
    script::GESTIONNAIRE,
    script::ACCUSES,
    Partner::Crm.file(),
    Partner::Sowell.file(),
];
/// The settings file, if it is next to the rules. It is not a rule, and it may contain secrets that must not be stored
/// in a version.
const SETTINGS: &str = "passerelle.yaml";
/// Prefix of the file that Word and Excel keep next to an open one: it has the same extension and contains no text.
const OPEN_IN_OFFICE: &str = "~$";
/// The extensions of copies that editors and tools make.
const BACKUPS: [&str; 4] = ["bak", "orig", "tmp", "swp"];
/// Replaces the characters of a name that is not valid UTF-8.
const NO_SIGN: char = char::REPLACEMENT_CHARACTER;
/// The extension that Windows adds to a name and hides.
const ADDED: &str = "txt";

/// Whether a folder of this name contains rules.
#[must_use]
pub fn is_folder(name: &str) -> bool {
    endings(&format!("{name}/")).is_some()
}

/// Whether an unread folder must be reported, judging by its content: an unknown folder next to the rules, or a
/// subfolder of one whose files may have any name.
#[must_use]
pub fn is_unread_folder(path: &str, mut names: impl Iterator<Item = impl AsRef<str>>) -> bool {
    let (parent, name) = split(path);
    let left = name.starts_with(['.', '~', '#']) || name.ends_with('~');
    let ending = name.rsplit_once('.').map_or("", |(_, it)| it);
    let could_hold = parent.is_empty() && !is_folder(name) || is_subfolder(path);
    // The folder may also contain exports, the database or photos.
    let endings = if parent.is_empty() && resembles_ours(name) {
        ALL_ENDINGS
    } else {
        // Documents in their own folders are not templates.
        ENDINGS
    };
    let could_be_rule =
        |name: &str| is_misnamed(&format!("{path}/{name}")) || has_ending(name, endings);
    !left && !BACKUPS.contains(&ending) && could_hold && names.any(|it| could_be_rule(it.as_ref()))
}

/// Whether a path in the folder of rules is that of a rule.
#[must_use]
pub fn is_rule(path: &str) -> bool {
    let (folder, name) = split(path);
    let left = name.starts_with('.') || name.starts_with(OPEN_IN_OFFICE) || name.contains(NO_SIGN);
    let Some(endings) = endings(folder).filter(|_| !left && path != SETTINGS) else {
        return false;
    };
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    endings.contains(&ending) && (ending != ADDED || with_known_ending(stem, endings).is_none())
}

/// Whether a path closely resembles that of a rule.
#[must_use]
pub fn is_misnamed(path: &str) -> bool {
    let (folder, name) = split(path);
    let of_rule = |endings| with_known_ending(name, endings).is_some() && !is_set_aside(name);
    let no_sign = name.contains(NO_SIGN) && endings(folder).is_some_and(of_rule);
    no_sign || !is_rule(path) && (meant(path).is_some() || documents::is_document(path))
}

/// Whether the folder is inside one whose files may have any name; its files are not read.
fn is_subfolder(path: &str) -> bool {
    parent_with_rules(&format!("{path}/")).is_some()
}

/// The names of files and folders that are included only to be reported: they are never read.
pub fn unread_names(files: &FileSet) -> impl Iterator<Item = &String> {
    files.keys().filter(|it| !is_rule(it))
}

/// Reports the files and folders that are not read because of their names.
pub fn note_unread(files: &FileSet, faults: &mut Vec<Diagnostic>) {
    let mut remark = |name: &str, message: String| {
        let remark = Diagnostic::file(code::NOT_READ, name, message).as_warning();
        if !faults.contains(&remark) {
            faults.push(remark);
        }
    };
    for path in files.keys() {
        let (folder, name) = split(path);
        let of_any_name = [template::FOLDER, case::FOLDER].contains(&folder);
        if NAMED.contains(&path.as_str()) || of_any_name && is_rule(path) {
            continue;
        }
        if documents::is_document(path) {
            if let Some(message) = documents::message(path, files) {
                remark(path, message);
            }
            continue;
        }
        if endings(folder).is_some() && name.contains(NO_SIGN) {
            let message = "ce fichier n'est pas lu : son nom a un accent illisible, comme en laisse une \
                           archive ZIP ; renommez-le";
            remark(path, message.to_owned());
            continue;
        }
        if let Some(parent) = parent_with_rules(folder) {
            let parent = parent.trim_end_matches('/');
            remark(
                folder.trim_end_matches('/'),
                format!(
                    "ce dossier n'est pas lu : ses fichiers doivent être directement dans « {parent} »"
                ),
            );
            continue;
        }
        if endings(folder).is_none() {
            let right = match meant_folder(folder) {
                Some(meant) => format!("son nom doit être « {} »", meant.trim_end_matches('/')),
                None => {
                    let names = FOLDERS.map(|(it, _)| format!("« {} »", it.trim_end_matches('/')));
                    format!("seuls le sont {}", names.join(", "))
                }
            };
            remark(
                folder.trim_end_matches('/'),
                format!("ce dossier n'est pas lu : {right}"),
            );
            continue;
        }
        let name = meant(path).unwrap_or_else(|| path.clone());
        let right = if of_any_name || NAMED.contains(&name.as_str()) {
            format!(" : son nom doit être « {name} »")
        } else {
            format!(" ; {}", suggestion_of(Listed::Names, &name, NAMED))
        };
        remark(path, format!("ce fichier n'est pas lu{right}"));
    }
}

/// The path that was probably meant, if it can be deduced.
fn meant(path: &str) -> Option<String> {
    let (folder, name) = split(path);
    if is_set_aside(name) || path == SETTINGS {
        return None;
    }
    let folder = meant_folder(folder).unwrap_or(folder);
    let endings = endings(folder)?;
    let (stem, ending) = name.rsplit_once('.')?;
    if ending == ADDED
        && let Some(name) = with_known_ending(stem, endings)
    {
        return Some(format!("{folder}{name}"));
    }
    if let Some(name) = with_known_ending(name, endings) {
        return Some(format!("{folder}{name}"));
    }
    if ending.eq_ignore_ascii_case(ADDED) {
        // There may be notes next to the rules, so only the full name of a rule counts.
        let mut all = endings.iter().map(|it| format!("{folder}{stem}.{it}"));
        return all.find(|it| folder == case::FOLDER || NAMED.contains(&it.as_str()));
    }
    let near = nearest(ending, endings.iter().copied())?;
    Some(format!("{folder}{stem}.{near}"))
}

/// The name with its extension in lower case, if it is one of these.
fn with_known_ending(name: &str, endings: &[&str]) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let ending = ending.to_lowercase();
    let known = endings.contains(&ending.as_str());
    known.then(|| format!("{stem}.{ending}"))
}

/// Whether a name has one of these extensions, in any case.
fn has_ending(name: &str, endings: &[&str]) -> bool {
    !is_set_aside(name) && with_known_ending(name, endings).is_some()
}

/// Whether a folder's name begins like that of one with rules, such as `modeles2`.
fn resembles_ours(name: &str) -> bool {
    let own: String = bare(name).collect();
    BEGINNINGS.iter().any(|beginning| {
        let mut signs = own.chars();
        // A character made illegible by an archive may be any letter.
        let fits = |letter| {
            signs
                .next()
                .is_some_and(|sign| [letter, NO_SIGN].contains(&sign))
        };
        beginning.chars().all(fits)
    })
}

/// The rule folder that was meant by a different name.
fn meant_folder(folder: &str) -> Option<&'static str> {
    if folder.is_empty() || endings(folder).is_some() {
        return None;
    }
    if let Some(parent) = parent_with_rules(folder) {
        return Some(parent);
    }
    let plain: String = bare(folder).collect();
    let letters = plain.trim_end_matches('/').chars().all(char::is_alphabetic);
    let mut known = FOLDERS.iter().map(|(it, _)| *it);
    known.find(|it| {
        // A short name with a different letter is a different word.
        let near = letters && *it != case::FOLDER && nearest(&plain, [*it]).is_some();
        near || plain == *it
    })
}

/// The folder whose files may have any name and that contains this one.
fn parent_with_rules(folder: &str) -> Option<&'static str> {
    [case::FOLDER, template::FOLDER].into_iter().find(|parent| {
        let own = folder
            .strip_prefix(parent)
            .and_then(|it| it.strip_suffix('/'));
        own.is_some_and(|own| {
            // Orchestrators create entries there that begin with a dot.
            !own.is_empty() && !own.starts_with('.') && !own.contains('/')
        })
    })
}

fn endings(folder: &str) -> Option<&'static [&'static str]> {
    if folder.is_empty() {
        return Some(ENDINGS);
    }
    let mut known = FOLDERS.iter();
    known.find(|(it, _)| *it == folder).map(|(_, it)| *it)
}

/// Splits a path into the folder, with its `/`, and the name.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |at| at + 1))
}

/// Files that editors leave next to a file.
fn is_set_aside(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, it)| it);
    name.starts_with(['.', '~', '#']) || !ending.chars().all(char::is_alphabetic)
}

#[cfg(test)]
mod tests;
