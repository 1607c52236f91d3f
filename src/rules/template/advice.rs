//! What to write instead of a missing value, based on the names that every template may rely on.

use serde_json::{Map, Value};

use crate::rules::diagnostic::nearest;
use crate::rules::view::sample::{self, Lookup, is_open};
use crate::rules::view::{GESTIONNAIRE, OF_DEMANDE, OF_MAIL};

use crate::rules::template::CONTEXTE;
use crate::rules::template::syntax::names;
use crate::rules::template::syntax::tags;
use crate::rules::template::syntax::tokens;

/// Objects whose fields are searched for a name that is written alone.
const ROOTS: [&str; 6] = [
    "signalement",
    "residence",
    "bien",
    "qualification",
    "demande",
    "evenement",
];
/// Filters that count the parts of a value.
const MEASURING: [&str; 2] = ["length", "count"];
/// Names for the author of a signalement.
const AUTHORS: [&str; 8] = [
    "auteur",
    "locataire",
    "client",
    "demandeur",
    "declarant",
    "usager",
    "habitant",
    "occupant",
];
/// The most telling fields of an object, best first.
const TELLING: [&str; 6] = ["uid", "nom", "libelle", "auteur", "type", "code"];

fn walk(path: &str) -> Lookup<'_> {
    sample::at(path.split('.'))
}

/// The fields of the object with this name.
fn fields(of: &str) -> Option<&'static Map<String, Value>> {
    match sample::at([of]) {
        Lookup::Value(it) => it.as_object(),
        Lookup::Missing(..) => None,
    }
}

/// Whether every template has a value at this path.
pub(in crate::rules::template) fn exists(path: &str) -> bool {
    matches!(walk(path), Lookup::Value(_))
}

/// Whether a path is a field of this object, when the object is there at all.
pub(in crate::rules::template) fn is_of(name: &str, path: &str) -> bool {
    let path = plain(path);
    path.is_some_and(|path| path.starts_with(&format!("{name}.")) && exists(&path))
}

/// The path of a value in dotted form; `None` if it is more than a path.
fn plain(path: &str) -> Option<String> {
    let plain = path.replace("['", ".").replace("']", "");
    let of_path = |it: char| it.is_alphanumeric() || "_.-".contains(it);
    plain.chars().all(of_path).then_some(plain)
}

/// Whether no signalement ever has this value. A name that is written alone may come from the script.
pub(in crate::rules::template) fn is_nowhere(path: &str) -> bool {
    let Some(path) = plain(path) else {
        return false;
    };
    match walk(&path) {
        Lookup::Value(_) => false,
        Lookup::Missing(_, known, _) => known.last().is_some_and(|it| !is_open(it)),
    }
}

/// What to write instead of an unknown value in this file. If it is part of a comparison, it may be a string without
/// quotes, so only the exact name of a field counts.
pub(in crate::rules::template) fn for_unknown(
    file: &str,
    path: &str,
    compared: bool,
) -> Option<String> {
    let in_contexte = file == CONTEXTE;
    let path = &plain(path)?;
    let (root, rest) = path.split_once('.').unwrap_or((path, ""));
    if in_contexte && OF_DEMANDE.contains(&root) {
        let same = format!("signalement.{rest}");
        let instead = if exists(&same) {
            format!(" ; écrivez « {same} »")
        } else {
            String::new()
        };
        return Some(format!("le contexte s'écrit avant la demande{instead}"));
    }
    if root == "modeles" {
        return Some("le nom d'un fichier va entre guillemets".to_owned());
    }
    if tags::INSTRUCTIONS.contains(&path.as_str()) {
        return Some(format!("une instruction s'écrit « {{% {path} %}} »"));
    }
    let Lookup::Missing(value, known, name) = walk(path) else {
        return None;
    };
    let Some(last) = known.last() else {
        return for_root(in_contexte, root, rest, compared);
    };
    let known = known.join(".");
    if is_open(last) {
        return Some(format!(
            "il n'y en a pas partout ; avant de l'écrire, écrivez « {{% if \"{name}\" in {known} %}} »"
        ));
    }
    match value {
        Value::Object(fields) => Some(for_field(fields, &known, name)),
        _ => {
            // A code instead of the object it names.
            let is_named = fields(last).is_some_and(|it| it.contains_key(name));
            Some(match (is_named, names::filter(name)) {
                (true, _) => format!("écrivez « {last}.{name} »"),
                (false, Some(filter)) if value.is_number() && MEASURING.contains(&filter) => {
                    format!("« {known} » est déjà un nombre : écrivez « {known} » seul")
                }
                (false, Some(filter)) => format!("un filtre s'écrit « {known} | {filter} »"),
                (false, None) => format!("rien ne suit « {known} » ; écrivez « {known} » seul"),
            })
        }
    }
}

/// What to write instead of the length of a value that is a number; the filter's name begins at this byte offset.
pub(in crate::rules::template) fn for_length(source: &str, filter_at: usize) -> Option<String> {
    let words = tokens::tags(source).find(|it| it.iter().any(|(at, _)| *at == filter_at))?;
    let (index, filter) =
        tokens::filters(&words).find(|(index, _)| words[*index].0 == filter_at)?;
    let mut paths = tokens::paths(&words).into_iter();
    // The path, the bar, and the filter.
    let path = paths.find(|it| it.end + 1 == index)?;
    let is_number = matches!(walk(&path.text), Lookup::Value(it) if it.is_number());
    let is_ours = is_number && MEASURING.contains(&filter) && !tags::gives(source, path.root());
    is_ours.then(|| {
        let path = path.text;
        format!("« {path} » est déjà un nombre : écrivez « {path} » sans « | {filter} »")
    })
}

/// The value that is meant by a path with other signs between its names, as in `residence-nom` or `residence_nom`.
pub(in crate::rules::template) fn with_dots(file: &str, path: &str) -> Option<String> {
    let is_sign = |it: char| "-/_".contains(it);
    let all = path.replace(['-', '/'], ".");
    let named = path.replace(['-', '/'], "_");
    let split = path.match_indices(is_sign).map(|(at, _)| {
        let (of, field) = (&path[..at], &path[at + 1..]);
        format!("{of}.{}", field.replace(['-', '/'], "_"))
    });
    let mut meant = [all, named].into_iter().chain(split);
    meant.find(|it| {
        let root = it.split('.').next().unwrap_or_default();
        let is_later = file == CONTEXTE && OF_DEMANDE.contains(&root);
        it != path && it.contains('.') && !is_later && exists(it)
    })
}

/// What to write instead of a name for the author of a signalement.
pub(in crate::rules::template) fn for_author(path: &str) -> Option<String> {
    let (root, rest) = path.split_once('.').unwrap_or((path, ""));
    let instead = match rest {
        "" | "nom" => "signalement.auteur",
        "email" => "signalement.email_auteur",
        _ => return None,
    };
    let is_author = AUTHORS.contains(&root);
    is_author.then(|| format!("écrivez « {instead} »"))
}

/// What an e-mail or the *contexte* can use instead of an unknown name that resembles no known one.
pub(in crate::rules::template) fn for_strange(file: &str, path: &str) -> Option<String> {
    let path = plain(path)?;
    let (_, rest) = path.split_once('.').unwrap_or((&path, ""));
    let names = if file == CONTEXTE {
        let known = OF_MAIL.into_iter().filter(|it| !OF_DEMANDE.contains(it));
        known.collect::<Vec<_>>().join(", ")
    } else {
        let known = OF_MAIL.join(", ");
        format!("{known}, et les clés que le message de accuses.rhai ajoute")
    };
    Some(if GESTIONNAIRE.contains(&rest) {
        format!(
            "si c'est un type de gestionnaire, écrivez « residence.gestionnaires.{path} » ; les noms connus sont {names}"
        )
    } else {
        format!("les noms connus sont {names}")
    })
}

/// Advice on a name that is written alone, or comes first in a path.
fn for_root(in_contexte: bool, root: &str, rest: &str, compared: bool) -> Option<String> {
    let known = |it: &&str| !in_contexte || !OF_DEMANDE.contains(it);
    let near = nearest(root, OF_MAIL.into_iter().filter(known));
    let may_be_text = compared && rest.is_empty();
    let near = near.filter(|_| root.chars().count() > 3 && !may_be_text);
    if let Some(near) = near {
        let path = [near, rest].join(".");
        let path = path.trim_end_matches('.');
        let path = if exists(path) { path } else { near };
        return Some(format!("vouliez-vous dire « {path} » ?"));
    }
    if root == "nom" && rest.is_empty() {
        // Only the object shows whose name it is.
        let of_actor = " ou « demande.acteur_en_charge.nom » pour celui de l'acteur en charge";
        let of_actor = if in_contexte { "" } else { of_actor };
        return Some(format!(
            "écrivez « signalement.auteur » pour le nom de l'auteur, « residence.nom » pour celui de la résidence{of_actor}"
        ));
    }
    let names_of = |of: &str| fields(of).into_iter().flat_map(Map::keys);
    let roots = || ROOTS.into_iter().filter(known);
    let mut having: Vec<&str> = roots()
        .filter(|of| names_of(of).any(|it| it == root))
        .collect();
    if having.first() == Some(&"signalement") {
        // The other objects get it from there.
        having.truncate(1);
    }
    let is_set =
        |of: &&str| fields(of).is_some_and(|it| it.get(root).is_some_and(Value::is_object));
    if !rest.is_empty() && having.iter().any(is_set) {
        return Some(format!("écrivez « {}.{root}.{rest} »", having[0]));
    }
    if !having.is_empty() && rest.is_empty() {
        let all: Vec<String> = having.iter().map(|it| format!("« {it}.{root} »")).collect();
        return Some(format!("écrivez {}", all.join(" ou ")));
    }
    if root.chars().count() < 4 || may_be_text || !rest.is_empty() {
        return None;
    }
    let near = |of| Some((of, nearest(root, names_of(of).map(String::as_str))?));
    let (of, field) = roots().find_map(near)?;
    Some(format!("écrivez « {of}.{field} »"))
}

/// Advice on a field that an object does not have.
fn for_field(fields: &Map<String, Value>, known: &str, name: &str) -> String {
    let names = || fields.keys().map(String::as_str);
    let part = || {
        let long = |it: &&str| it.len() > 3 && name.len() > 3;
        let holds = |it: &&str| it.contains(name) || name.contains(it);
        names().filter(long).find(holds)
    };
    match nearest(name, names()).or_else(part) {
        Some(near) => format!("vouliez-vous dire « {known}.{near} » ?"),
        None => {
            let all: Vec<&str> = names().collect();
            format!("ce qui va après « {known}. » : {}", all.join(", "))
        }
    }
}

/// What to write instead of a field of a key, if an instruction iterates over the keys of an object.
pub(in crate::rules::template) fn for_key(source: &str, path: &str) -> Option<String> {
    let (key, rest) = path.split_once('.')?;
    let set = tags::walked(source, key)?;
    for_set(set)?;
    Some(format!(
        "« {key} » n'est qu'un nom dans « {set} » : écrivez « {set}[{key}].{rest} »"
    ))
}

/// What to write instead of an object that would be printed as a whole; `None` if it is not an object.
pub(in crate::rules::template) fn for_set(path: &str) -> Option<String> {
    let Lookup::Value(Value::Object(fields)) = walk(path) else {
        return None;
    };
    let inside = |fields: &Map<String, Value>| {
        let telling = TELLING.iter().find(|it| fields.contains_key(**it));
        telling.map(|it| (*it).to_owned())
    };
    let deeper = || {
        fields.iter().find_map(|(name, it)| {
            let own = inside(it.as_object()?)?;
            Some(format!("{name}.{own}"))
        })
    };
    let instead = match inside(fields).or_else(deeper) {
        Some(own) => format!("écrivez par exemple « {path}.{own} »"),
        None => format!("écrivez « {path}. » suivi d'un nom"),
    };
    Some(format!("« {path} » est un ensemble : {instead}"))
}
