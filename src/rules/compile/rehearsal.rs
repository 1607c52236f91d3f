//! Tries scripts and templates together: the templates that a script names must exist, and a sample signalement goes
//! through both before the first real one does.

use serde_json::Value;

use super::unread_keys;
use crate::rules::diagnostic::{Diagnostic, Severity, code};
use crate::rules::place::Located;
use crate::rules::script::{self, A, MODELE, ScriptError, Scripts};
use crate::rules::template::{self, MailNames, Templates};
use crate::rules::view::{OCCASIONS, Shown, sample_context, sample_occasion};

/// Runs scripts and templates on samples, as far as both compile.
pub(super) fn rehearse(
    scripts: Option<&Scripts>,
    templates: Option<&Templates>,
    faults: &mut Vec<Diagnostic>,
) {
    let Some(scripts) = scripts else {
        return;
    };
    try_scripts(scripts, faults);
    if let Some(templates) = templates {
        unread_keys::note(scripts, templates, faults);
        try_mails(scripts, templates, faults);
    }
}

/// Runs both scripts on a sample. A result of the wrong form refuses the edit, since no input makes it valid. Other
/// failures may not occur with real input, and are left to the cases and the coverage search.
fn try_scripts(scripts: &Scripts, faults: &mut Vec<Diagnostic>) {
    // A result written out in a script is reported at its own position.
    let is_refused = |file: &&str| {
        let mut faults = faults.iter();
        faults.any(|it| it.file == *file && it.severity == Severity::Error)
    };
    let refused: Vec<&str> = [script::GESTIONNAIRE, script::ACCUSES]
        .into_iter()
        .filter(is_refused)
        .collect();
    let sample = sample_context();
    let seen = |name: &str| Shown::Json(&sample[name]);
    let affecter = scripts.affecter(|_| ["signalement", "residence", "qualification"].map(seen));
    let accuses = OCCASIONS.map(|kind| {
        let context = sample_occasion(kind);
        let (_, error) = scripts.accuses(|_| Shown::Json(&context["evenement"]));
        error
    });
    for error in affecter
        .err()
        .into_iter()
        .chain(accuses.into_iter().flatten())
    {
        let line = error.line.unwrap_or(0);
        let fault = Diagnostic::at(code::SCRIPT, error.file, line, 0, error.message);
        if error.misshapen && !refused.contains(&error.file) && !faults.contains(&fault) {
            faults.push(fault);
        }
    }
}

/// Reports the templates that the script names but that do not exist.
pub(super) fn check_named_templates(
    named: &[Located],
    mails: &MailNames,
    faults: &mut Vec<Diagnostic>,
) {
    for named in named {
        if let Some(message) = mails.missing(&named.text) {
            faults.push(Diagnostic::at(
                code::TEMPLATE,
                script::ACCUSES,
                named.line,
                named.column,
                message,
            ));
        }
    }
}

/// Asks `accuses` for the e-mails of sample events and renders them, so that a template that uses a missing value is
/// noticed before a tenant's e-mail fails on it. These are only remarks, since a real event may take a different path
/// through the script; there is one for each cause, with all the occasions it affects.
fn try_mails(scripts: &Scripts, templates: &Templates, faults: &mut Vec<Diagnostic>) {
    let mut found: Vec<(Diagnostic, Vec<&str>)> = Vec::new();
    for kind in OCCASIONS {
        for fault in faults_of_mails(scripts, templates, &sample_occasion(kind)) {
            let place = |it: &Diagnostic| (it.file.clone(), it.line, it.column);
            let is_reported = |it: &Diagnostic| {
                // A fault of the template itself, whatever the event.
                it.code == code::TEMPLATE && it.column > 0 && place(it) == place(&fault)
            };
            // If it was also found in the script, its message may end with a remedy.
            let by_script = |it: &Diagnostic| it.message.starts_with(&fault.message);
            if fault.code == code::TEMPLATE && faults.iter().any(is_reported)
                || fault.code == code::SCRIPT && faults.iter().any(by_script)
            {
                continue;
            }
            match found.iter_mut().find(|(it, _)| *it == fault) {
                Some((_, kinds)) if kinds.contains(&kind) => {}
                Some((_, kinds)) => kinds.push(kind),
                None => found.push((fault, vec![kind])),
            }
        }
    }
    for (mut fault, kinds) in found {
        let occasions = occasions(&kinds);
        fault.message = format!("pour {occasions} : {}", fault.message);
        faults.push(fault.as_warning());
    }
}

/// The faults that prevent the e-mails of one occasion from being sent.
fn faults_of_mails(scripts: &Scripts, templates: &Templates, context: &Value) -> Vec<Diagnostic> {
    let of_script = |error: ScriptError| {
        let line = error.line.unwrap_or(0);
        Diagnostic::at(code::SCRIPT, error.file, line, 0, error.message)
    };
    let messages = match scripts.accuses(|_| Shown::Json(&context["evenement"])) {
        (messages, None) => messages,
        // It already refuses the edit, see `try_scripts`.
        (_, Some(error)) if error.misshapen => return Vec::new(),
        (_, Some(error)) => return vec![of_script(error)],
    };
    let mut faults = Vec::new();
    for message in messages {
        faults.extend(scripts.misaddressed(&message).map(of_script));
        if let Some(missing) = templates.missing(&message.modele) {
            // A name written out in the script is reported there.
            let named = scripts.named_templates();
            if named.iter().all(|it| it.text != message.modele) {
                let line = scripts.accuses_line();
                let at = Diagnostic::at(code::TEMPLATE, script::ACCUSES, line, 0, missing);
                faults.push(at);
            }
            continue;
        }
        let mut own = message.values;
        own.insert(A.to_owned(), message.a.into());
        own.insert(MODELE.to_owned(), message.modele.as_str().into());
        own.extend(context.as_object().cloned().unwrap_or_default());
        let values = Value::Object(own);
        let failing = templates.faults_of_mail(&message.modele, &values);
        if failing.is_empty() {
            let mail = templates.mail(&message.modele, &template::values_of(&values));
            let blank = |it: template::Rendered| it.without_subject(&message.modele);
            faults.extend(mail.map_or_else(Some, blank).map(|it| it.as_diagnostic()));
        }
        faults.extend(failing);
        faults.extend(unasked(templates, &message.modele, context));
    }
    faults
}

/// Values that an e-mail prints but that events of this kind never have.
fn unasked(templates: &Templates, modele: &str, context: &Value) -> Vec<Diagnostic> {
    let (absent, only): (&[&'static str], _) = match context["evenement"]["type"].as_str() {
        Some("ecarte") => (
            &["evenement.statut", "evenement.statut_sowell"],
            "un signalement transmis",
        ),
        _ => (&["evenement.motif"], "un signalement écarté"),
    };
    let found = templates.unasked(modele, absent).into_iter();
    found
        .map(|it| {
            let value = it.value;
            let message = format!(
                "« {value} » n'est renseigné que pour {only}, et rien n'est écrit à sa place ; pour l'écrire seulement dans ce cas, entourez la phrase de « {{% if {value} %}} » et « {{% endif %}} »"
            );
            Diagnostic::at(code::TEMPLATE, it.file, it.line, it.column, message)
        })
        .collect()
}

fn occasions(kinds: &[&str]) -> String {
    match kinds {
        [kind] => format!("l'événement « {kind} »"),
        [one, other] => format!("les événements « {one} » et « {other} »"),
        _ => "chaque événement".to_owned(),
    }
}
