//! What the rules would decide about a signalement, and what they would send.

use serde_json::{Value, json};

use crate::adapters::explanation::{outcome, printable, unwritten};
use crate::adapters::http::Problem;
use crate::rules::compile::Generation;
use crate::rules::decide::{Decision, Undecided};
use crate::rules::foresee::Foreseen;

/// The outcome of a decision without consequences.
type Outcome = Foreseen<Result<Decision, Undecided>>;

/// Prints it in French, after the steps.
pub(super) fn print(seen: &Outcome, remarks: &[String]) {
    println!("{}", outcome(&seen.decision));
    for mail in seen.mails.iter().filter(|it| it.can_go()) {
        let (modele, a) = (printable(Some(mail.modele())), printable(Some(mail.a())));
        println!("E-mail {modele}, à {a}.");
    }
    for error in seen.unwritten() {
        println!("{}", unwritten(&error));
    }
    // Warnings are part of a successful answer only.
    for remark in remarks.iter().filter(|_| seen.decision.is_ok()) {
        println!("Avertissement : {}.", printable(Some(remark)));
    }
}

/// The same as JSON.
pub(super) fn to_json(
    generation: &Generation,
    seen: &Outcome,
    trace: &Value,
    remarks: &[String],
) -> Value {
    let (issue, motif) = match &seen.decision {
        Ok(Decision::Transmettre(_)) => ("transmis", None),
        Ok(Decision::Ecarter { motif }) => ("ecarte", Some(motif.clone())),
        Err(Undecided::UnknownCodes(faults)) => {
            return refused(generation, &Problem::faults(faults.clone()));
        }
        Err(error) => ("echec", Some(error.to_string())),
    };
    let going = seen.mails.iter().filter(|it| it.can_go());
    let going = going.map(|it| json!({"modele": it.modele(), "a": it.a()}));
    let unwritten = seen.unwritten().map(|it| it.to_string());
    json!({
        "version": generation.version, "issue": issue, "motif": motif, "etapes": trace["etapes"],
        "courriels": going.collect::<Vec<_>>(), "courriels_impossibles": unwritten.collect::<Vec<_>>(),
        "avertissements": remarks,
    })
}

/// As JSON: why SoWell's request would be refused.
pub(super) fn refused(generation: &Generation, problem: &Problem) -> Value {
    let faults = problem.erreurs().iter();
    let faults = faults.map(|it| json!({"pointeur": it.pointer, "detail": it.detail}));
    json!({
        "version": generation.version, "issue": "refus", "statut": problem.status(),
        "motif": problem.detail(), "fautes": faults.collect::<Vec<_>>(),
    })
}
