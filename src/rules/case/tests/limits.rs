//! Cases that reach a limit of a script: the first ones are run, the others are not.

use std::fmt::Write;

use super::shipped;
use crate::rules::case::{FOLDER, MOST_AT_LIMIT, read, run_all};
use crate::rules::compile::Generation;
use crate::rules::compile::{Known, compile};
use crate::rules::diagnostic::Diagnostic;
use crate::rules::meter;
use rstest::rstest;

/// The shipped script with the manager chosen after these lines.
fn script_after(lines: &str) -> Vec<u8> {
    let head = "fn affecter(signalement, residence, qualification) {\n";
    let script = include_str!("../../../../rules/gestionnaire.rhai");
    assert!(script.contains(head));
    let script = script.replace(head, &format!("{head}{lines}\n"));
    script.into_bytes()
}

/// The diagnostics about this many cases; the manager is chosen after these lines.
fn gate(lines: &str, count: usize, expected: &str) -> Vec<Diagnostic> {
    let (mut rules, exports) = shipped();
    rules.insert("gestionnaire.rhai".into(), script_after(lines));
    let mut cases = "cas:\n".to_owned();
    for number in 0..count {
        let _ = write!(
            cases,
            "  - nom: cas {number}\n    signalement: {{qualification: ASC, residence: R, transmettre_auteur: true}}\n    attendu: {{{expected}}}\n"
        );
    }
    rules.insert("cas/a.yaml".into(), cases.into_bytes());
    let (_, told) = compile(&rules, &exports, Known::default());
    told.into_iter()
        .filter(|it| it.file == "cas/a.yaml")
        .collect()
}

#[rstest]
#[case(11, "cas « cas 10 » : pas essayé : dans 10 cas avant lui")]
#[case(12, "cas « cas 10 » : pas essayé, ni le cas suivant : dans")]
#[case(200, "cas « cas 10 » : pas essayé, ni les 189 cas suivants : dans")]
fn the_others_are_reported_once(#[case] count: usize, #[case] wanted: &str) {
    let told = gate("loop { }", count, "transmis: true");
    assert_eq!(told.len(), MOST_AT_LIMIT + 1, "{told:?}");
    let (last, run) = told.split_last().unwrap();
    assert!(last.message.starts_with(wanted), "{last:?}");
    assert_eq!(last.line, 2 + 3 * 10);
    assert!(
        run.iter()
            .all(|it| it.message.contains("trop d'opérations"))
    );
    // Following the remedy of the other messages lets all of them pass.
    assert_eq!(gate("loop { break; }", count, "transmis: true"), []);
}

#[test]
fn cases_that_are_all_run_are_not_reported_as_left_out() {
    let told = gate("loop { }", MOST_AT_LIMIT, "transmis: true");
    assert_eq!(told.len(), MOST_AT_LIMIT, "{told:?}");
}

#[rstest]
// A case may expect the error of a limit.
#[case("loop { }", "erreur: trop d'opérations")]
// Just below the limit.
#[case("let n = 0; while n < 9000 { n += 1; }", "transmis: true")]
fn cases_that_pass_are_all_run(#[case] lines: &str, #[case] expected: &str) {
    assert_eq!(gate(lines, 15, expected), []);
}

#[test]
fn cases_that_fail_without_reaching_a_limit_are_all_run() {
    let told = gate("throw \"non\";", 15, "transmis: true");
    assert_eq!(told.len(), 15, "{told:?}");
}

/// The shipped rules without cases; the manager is chosen after these lines.
fn generation(lines: &str) -> Generation {
    let (mut rules, exports) = shipped();
    rules.retain(|name, _| !name.starts_with(FOLDER));
    rules.insert("gestionnaire.rhai".into(), script_after(lines));
    let (generation, told) = compile(&rules, &exports, Known::default());
    generation.unwrap_or_else(|| panic!("{told:?}"))
}

const OWN: &str = "residences: [{code: Z, gestionnaires: {responsable_secteur: {identifiant: T, email: t@x.fr}}}]";

#[rstest]
#[case::of_the_exports("", 1)]
#[case::of_the_cases(OWN, 1)]
#[case::of_some_cases("", 2)]
fn a_limit_at_which_no_status_case_fails_is_reached_once_for_all_of_them(
    #[case] residences: &str,
    #[case] at_limit: u64,
) {
    let mut text = "cas:\n".to_owned();
    for number in 0..40 {
        let residences = if at_limit == 2 && number % 2 == 1 {
            OWN
        } else {
            residences
        };
        let _ = write!(
            text,
            "  - nom: cas {number}\n    statut: {{statut: Ouverte}}\n    attendu: {{ignore: false}}\n    {residences}\n"
        );
    }
    let mut faults = Vec::new();
    let cases = read("cas/a.yaml", &text, &mut faults);
    assert_eq!((cases.len(), faults), (40, Vec::new()));
    let generation = generation("loop { }");
    let (failures, work) = meter::measure(|| run_all(&cases, &generation));
    assert_eq!(failures, []);
    assert_eq!(work.at_limit, at_limit);
}

#[test]
fn each_status_case_uses_the_demande_of_its_own_residences() {
    let of = |code: &str| {
        format!(
            "  - nom: {code}\n    statut: {{statut: Ouverte}}\n    attendu: {{accuses: [accuse-reception]}}\n    residences: [{{code: {code}, gestionnaires: {{responsable_secteur: {{identifiant: T, email: t@x.fr}}}}}}]\n"
        )
    };
    let text = format!("cas:\n{}{}{}", of("A"), of("B"), of("A"));
    let cases = read("cas/a.yaml", &text, &mut Vec::new());
    let generation = generation("if residence.code == \"B\" { throw \"pas ici\"; }");
    let failures = run_all(&cases, &generation);
    let explained: Vec<bool> = failures
        .iter()
        .map(|it| it.message.contains("pas ici"))
        .collect();
    assert_eq!(explained, [false, true, false], "{failures:?}");
}
