//! Literal results that are invalid. Each is reported where it is written, since no input makes it valid and the
//! condition around it may first be true for a tenant's signalement.

use rhai::{AST, Expr, Ident, Position};

use crate::rules::addressee;
use crate::rules::diagnostic::{Diagnostic, code, nearest};
use crate::rules::script::analysis::functions::{Functions, results};
use crate::rules::script::{
    A, ACTEUR_EN_CHARGE, GESTIONNAIRE_CONCERNE, MAX_MESSAGES, MODELE, position, wanted, words,
};
use crate::rules::view::GESTIONNAIRE;

/// Collects what is wrong with a script's results.
struct Found<'f> {
    file: &'f str,
    faults: &'f mut Vec<Diagnostic>,
}

impl Found<'_> {
    fn fault(&mut self, at: Position, message: String) {
        let (line, column) = position(at);
        let fault = Diagnostic::at(code::SCRIPT, self.file, line, column, message);
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn remark(&mut self, at: Position, message: String) {
        let (line, column) = position(at);
        let remark = Diagnostic::at(code::SCRIPT, self.file, line, column, message);
        self.faults.push(remark.as_warning());
    }
}

/// Reports literal results that are invalid.
pub(in crate::rules::script) type Check = fn(&AST, &Functions, &str, &mut Vec<Diagnostic>);

/// Reports results of `affecter` that are not two managers.
pub(in crate::rules::script) fn of_affecter(
    script: &AST,
    functions: &Functions,
    file: &str,
    faults: &mut Vec<Diagnostic>,
) {
    let mut found = Found { file, faults };
    results(script, functions, &mut |result, at| {
        let Some(entries) = object(result, at, wanted::MANAGERS, &mut found) else {
            return;
        };
        let keys = [GESTIONNAIRE_CONCERNE, ACTEUR_EN_CHARGE];
        missing(entries, keys, "au résultat", at, &mut found);
        let misspelt = keys.iter().any(|key| entry(entries, key).is_none());
        for (key, value) in entries {
            if keys.contains(&key.as_str()) {
                gestionnaire(key.as_str(), value, &mut found);
            } else if !misspelt {
                found.fault(key.pos, wanted::unknown_key(key.as_str()));
            }
        }
    });
}

/// Reports results of `accuses` that are not a list of messages.
pub(in crate::rules::script) fn of_accuses(
    script: &AST,
    functions: &Functions,
    file: &str,
    faults: &mut Vec<Diagnostic>,
) {
    let mut found = Found { file, faults };
    results(script, functions, &mut |result, at| {
        let messages = match result {
            Some(Expr::Array(messages, _)) => messages,
            result => {
                let wanted =
                    "une liste de messages [#{a: …, modele: …}], vide ([]) s'il n'y en a pas";
                if let Some(message) = not(wanted, result) {
                    found.fault(at, message);
                }
                return;
            }
        };
        if messages.len() > MAX_MESSAGES {
            found.fault(at, wanted::too_many());
        }
        for message in messages {
            let at = message.start_position();
            let Some(entries) = object(Some(message), at, wanted::MESSAGES, &mut found) else {
                continue;
            };
            missing(entries, [A, MODELE], "à un message", at, &mut found);
            for key in [A, MODELE] {
                match entry(entries, key) {
                    Some(Expr::StringConstant(it, at)) if it.trim().is_empty() => {
                        found.fault(*at, wanted::empty(&wanted::of_message(key)));
                    }
                    Some(value) => text(&wanted::of_message(key), value, &mut found),
                    None => {}
                }
            }
        }
    });
}

/// A manager written as a literal.
fn gestionnaire(key: &str, value: &Expr, found: &mut Found<'_>) {
    let Expr::Map(entries, at) = value else {
        if let Some(got) = literal(value) {
            let hint = match value {
                Expr::StringConstant(..) => " ; prenez-le dans residence.gestionnaires",
                _ => "",
            };
            let at = value.start_position();
            let message = format!("{}, et non {got}{hint}", wanted::manager(key));
            found.fault(at, message);
        }
        return;
    };
    let mut absent = Vec::new();
    for field in GESTIONNAIRE {
        match entry(&entries.0, field) {
            Some(value) => text(&wanted::field(key, field), value, found),
            None => absent.push(field),
        }
    }
    if !absent.is_empty() {
        let absent = absent.join(" », « ");
        let message = format!("{} : il manque « {absent} »", wanted::manager(key));
        found.fault(*at, message);
    }
    for (field, _) in &entries.0 {
        if !GESTIONNAIRE.contains(&field.as_str()) {
            let message = format!(
                "rien ne lit « {} » d'un gestionnaire : il a {}",
                field.as_str(),
                GESTIONNAIRE.join(", ")
            );
            found.remark(field.pos, message);
        }
    }
}

/// The entries of an object literal; any other literal is reported.
fn object<'e>(
    value: Option<&'e Expr>,
    at: Position,
    wanted: &str,
    found: &mut Found<'_>,
) -> Option<&'e [(Ident, Expr)]> {
    match value {
        Some(Expr::Map(entries, _)) => Some(&entries.0),
        value => {
            found.fault(at, not(wanted, value)?);
            None
        }
    }
}

/// The message for a literal result of the wrong type.
fn not(wanted: &str, result: Option<&Expr>) -> Option<String> {
    let Some(result) = result else {
        return Some(format!(
            "« return » sans valeur : {}",
            wanted::result(wanted)
        ));
    };
    let got = literal(result)?;
    Some(format!("{}, et non {got}", wanted::result(wanted)))
}

/// Reports required keys that are missing.
fn missing(
    entries: &[(Ident, Expr)],
    wanted: [&str; 2],
    of: &str,
    at: Position,
    found: &mut Found<'_>,
) {
    let given = entries.iter().map(|(key, _)| key.as_str());
    let others: Vec<&str> = given.filter(|it| !wanted.contains(it)).collect();
    let absent = wanted.iter().filter(|key| entry(entries, key).is_none());
    let absent: Vec<&str> = absent.copied().collect();
    // Any key is close to a very short one.
    let near = |key: &&str| key.len() > 2 && nearest(key, others.iter().copied()).is_some();
    match absent.as_slice() {
        [one, other] if !absent.iter().any(near) => {
            let instead = match others.as_slice() {
                [] => String::new(),
                others => format!(", qui a « {} »", others.join(" », « ")),
            };
            let message = format!("les clés « {one} » et « {other} » manquent {of}{instead}");
            found.fault(at, message);
        }
        absent => {
            for key in absent {
                found.fault(at, words::missing(key, of, others.iter().copied()));
            }
        }
    }
}

/// Reports a literal that should be a string.
fn text(what: &str, value: &Expr, found: &mut Found<'_>) {
    if matches!(
        value,
        Expr::StringConstant(..) | Expr::InterpolatedString(..)
    ) {
        return;
    }
    if let Some(got) = literal(value) {
        let apart = match value {
            Expr::Array(all, _) if all.len() > 1 && what == wanted::of_message(A) => {
                format!(" : {}", addressee::APART)
            }
            _ => String::new(),
        };
        let message = format!("{}, et non {got}{apart}", wanted::text(what));
        found.fault(value.start_position(), message);
    }
}

fn entry<'e>(entries: &'e [(Ident, Expr)], key: &str) -> Option<&'e Expr> {
    let found = entries.iter().find(|(it, _)| it.name == key);
    found.map(|(_, value)| value)
}

/// The type of a literal, in French; `None` if the value is computed.
fn literal(value: &Expr) -> Option<&'static str> {
    Some(match value {
        Expr::Unit(_) => "rien",
        Expr::StringConstant(..) | Expr::InterpolatedString(..) => "un texte",
        Expr::IntegerConstant(..) | Expr::FloatConstant(..) => "un nombre",
        Expr::BoolConstant(..) => "true ou false",
        Expr::Array(..) => "une liste",
        Expr::Map(..) => "un objet #{…}",
        _ => return None,
    })
}
