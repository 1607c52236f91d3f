//! Every metric that the daemon writes is described, and every description belongs to one.

use std::collections::BTreeSet;

use crate::source::{code, files, without_tests};

/// Where metrics are described.
const DESCRIBED: &str = "adapters/telemetry.rs";

/// The names of metrics in a piece of code.
fn named(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in code(without_tests(text)) {
        for (at, _) in line.match_indices("\"passerelle_") {
            let name = line[at + 1..].split('"').next().unwrap_or_default();
            found.insert(name.to_owned());
        }
    }
    found
}

#[test]
fn every_metric_is_described() {
    let mut written = BTreeSet::new();
    let mut described = BTreeSet::new();
    for (file, text) in files() {
        if file == DESCRIBED {
            described = named(&text);
        } else if text.contains("metrics::") {
            written.extend(named(&text));
        }
    }
    assert!(written.len() > 20, "{written:?}");
    assert_eq!(written, described);
}

#[test]
fn a_name_is_found_wherever_it_appears() {
    let text = r#"
        metrics::gauge!("passerelle_a").set(1.0);
        metrics::counter!(
            "passerelle_b_total", "outcome" => "done"
        );
        // metrics::gauge!("passerelle_in_a_comment")
        for (name, stopped) in [("passerelle_c", false), ("passerelle_d", true)] {}
        #[cfg(test)]
        mod tests { const NAME: &str = "passerelle_in_a_test"; }
    "#;
    let wanted = [
        "passerelle_a",
        "passerelle_b_total",
        "passerelle_c",
        "passerelle_d",
    ];
    assert_eq!(named(text), wanted.map(str::to_owned).into());
}
