//! The examples in the connectors guide compile as they are.

use passerelle::adapters::shipped::Shipped;
use passerelle::rules::compile::{Known, compile};
use passerelle::rules::connector::{Connector, Partner};
use passerelle::rules::diagnostic::Severity;

use super::bench::PLAIN;

/// The examples in the guide that begin with these words.
fn examples(begin: &str) -> Vec<String> {
    let guide = std::fs::read_to_string("docs/guide-connecteurs.md").unwrap();
    let blocks = guide.split("```yaml\n").skip(1);
    let blocks = blocks.map(|it| it.split("```").next().unwrap().to_owned());
    blocks.filter(|it| it.starts_with(begin)).collect()
}

fn faults(api: &str) -> Vec<passerelle::rules::diagnostic::Diagnostic> {
    let mut faults = Vec::new();
    let _ = Connector::compile(Partner::Crm, api, &mut faults);
    faults
}

#[test]
fn what_the_guide_of_connectors_shows_is_right() {
    let whole = examples("# yaml-language-server").remove(0);
    assert_eq!(faults(&whole), []);
    let cases = examples("# yaml-language-server").remove(1);
    let mut rules = Shipped::Rules.files();
    rules.insert(Partner::Crm.file().into(), whole.into_bytes());
    rules.insert("cas/crm.yaml".into(), cases.into_bytes());
    let (_, found) = compile(&rules, &Shipped::Referentiel.files(), Known::default());
    assert_eq!(found, []);
    let ways = examples("authentification:").remove(0);
    let ways: Vec<String> = ways
        .split("authentification:")
        .skip(1)
        .map(|it| format!("authentification:{it}\n{PLAIN}"))
        .collect();
    assert_eq!(ways.len(), 7);
    for way in ways {
        let found = faults(&way);
        assert!(
            found.iter().all(|it| it.severity == Severity::Warning),
            "{way}{found:?}"
        );
    }
    let answers = examples("reponses:").remove(0).replace('\n', "\n    ");
    let plain = PLAIN.replace(
        "  creer: {chemin: /tickets, corps: {json: {ref: '{{ reference }}'}}, uid: /id}\n",
        &format!("  creer:\n    chemin: /tickets\n    uid: /id\n    {answers}\n"),
    );
    let found = faults(&plain);
    assert!(
        plain.contains("refus_si") && found.iter().all(|it| it.severity == Severity::Warning),
        "{found:?}"
    );
}
