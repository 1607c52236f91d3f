//! The connectors in `examples/`: each has cases that pass, which pin down what it sends and understands.

use std::collections::BTreeSet;
use std::path::Path;

use passerelle::adapters::edited::EditedFolder;
use passerelle::adapters::shipped::Shipped;
use passerelle::domain::ports::{FileSet, Source};
use passerelle::rules::case;
use passerelle::rules::compile::{Known, compile};
use passerelle::rules::connector::{Operation, Partner};
use rstest::rstest;
use serde_json::Value;

use crate::edits::schemas::underlined;

#[rstest]
fn the_cases_of_an_example_hold(
    #[values(
        "examples/crm-redmine/rules",
        "examples/connecteurs/glpi",
        "examples/connecteurs/salesforce",
        "examples/connecteurs/dynamics",
        "examples/connecteurs/zendesk",
        "examples/connecteurs/znuny"
    )]
    folder: &str,
) {
    let own = EditedFolder::rules(folder.into()).read().unwrap();
    let mut rules: FileSet = Shipped::Rules.files();
    rules.extend(own.clone());
    let (generation, diagnostics) =
        compile(&rules, &Shipped::Referentiel.files(), Known::default());
    assert_eq!(diagnostics, []);
    let generation = generation.unwrap();
    let connector = &generation.rules.connectors[&Partner::Crm];
    let described: BTreeSet<_> = connector.described().map(Operation::as_str).collect();
    let tried = own
        .iter()
        .filter(|(name, _)| name.starts_with(case::FOLDER));
    let tried: Vec<Value> = tried
        .flat_map(|(_, text)| cases(std::str::from_utf8(text).unwrap()))
        .collect();
    let tried: BTreeSet<_> = tried
        .iter()
        .filter_map(|it| it["operation"].as_str())
        .collect();
    assert_eq!(tried, described);
    for name in own.keys() {
        assert_eq!(underlined(&Path::new(folder).join(name)), None, "{name}");
    }
}

fn cases(text: &str) -> Vec<Value> {
    let mut file: Value = serde_saphyr::from_str(text).unwrap();
    let cases = file["cas"].as_array_mut().unwrap();
    std::mem::take(cases)
}
