//! The connectors of `examples/`: each is without fault, and what it sends is written beside it.

use std::fmt::Write;
use std::fs;

use passerelle::rules::connector::{Body, Connector, Operation, Partner, Request, Step, sample};
use rstest::rstest;
use serde_json::json;

use crate::harness::is_current;

#[rstest]
fn an_example_sends_what_is_written_beside_it(
    #[values(
        "examples/crm-redmine/rules",
        "examples/connecteurs/glpi",
        "examples/connecteurs/salesforce",
        "examples/connecteurs/dynamics"
    )]
    folder: &str,
) {
    let text = fs::read_to_string(format!("{folder}/connecteurs/crm.yaml")).unwrap();
    let mut faults = Vec::new();
    let connector = Connector::compile(Partner::Crm, &text, &mut faults);
    assert_eq!(faults, []);
    let connector = connector.unwrap();
    let access = connector.sample_access().unwrap();
    let mut written = String::new();
    if connector.logs_in() {
        let login = connector.render(Operation::Creer, Step::Login, &json!({}), &access);
        write!(written, "# connexion\n{}", show(&login.unwrap())).unwrap();
    }
    for operation in Partner::Crm.operations().filter(|it| connector.has(*it)) {
        let mut values = sample(operation);
        if operation == Operation::Joindre {
            values["fichier"]["envoi"] = json!({"jeton": "7.jeton-de-televerser"});
        }
        let request = connector.render(operation, Step::Main, &values, &access);
        let shown = show(&request.unwrap());
        write!(written, "# {}\n{shown}", operation.as_str()).unwrap();
    }
    // Not among the rules, which the folder is copied into.
    let beside = folder.trim_end_matches("/rules");
    is_current(&format!("{beside}/requetes.txt"), &written);
}

/// A request as it goes over the wire, with its JSON in lines.
fn show(request: &Request) -> String {
    let mut shown = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        writeln!(shown, "{name}: {value}").unwrap();
    }
    match &request.body {
        Body::Empty => {}
        Body::Text(text) => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(json) => writeln!(shown, "\n{json:#}").unwrap(),
            Err(_) => writeln!(shown, "\n{text}").unwrap(),
        },
        Body::File(number) => writeln!(shown, "\n(photo {number})").unwrap(),
        Body::Multipart(parts) => {
            for part in parts {
                writeln!(shown, "\n{part:?}").unwrap();
            }
        }
    }
    shown.push('\n');
    shown
}
