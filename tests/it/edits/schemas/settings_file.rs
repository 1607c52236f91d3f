//! The settings file: the annotated example, and the faults that editors and the daemon find.

use std::fs;

use passerelle::settings::Settings;
use serde_json::Value;

use super::{UNKNOWN, changed, schema, validator, yaml};

/// The annotated settings file with every key uncommented.
fn every_setting() -> Value {
    let text = fs::read_to_string("examples/passerelle.yaml").unwrap();
    let active: Vec<&str> = text
        .lines()
        // A sentence follows one space, a key within a group two.
        .filter(|line| !line.starts_with("# ") || line.starts_with("#  "))
        .map(|line| line.strip_prefix('#').unwrap_or(line))
        .collect();
    yaml(&active.join("\n"))
}

#[test]
fn every_setting_has_a_line_in_the_annotated_file() {
    let sample = every_setting();
    let schema = schema("passerelle");
    for (key, value) in schema["properties"].as_object().unwrap() {
        assert!(sample.get(key).is_some(), "{key}");
        for (inner, _) in value["properties"].as_object().into_iter().flatten() {
            assert!(sample[key].get(inner).is_some(), "{key}.{inner}");
        }
    }
}

#[test]
fn the_annotated_file_shows_the_defaults() {
    let sample = every_setting();
    let schema = schema("passerelle");
    let default = |of: &Value| {
        let about = of["description"].as_str().unwrap();
        let (_, default) = about.rsplit_once(" [default: ")?;
        default.strip_suffix(']').map(str::to_owned)
    };
    let shown = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
    let mut wrong = Vec::new();
    for (key, about) in schema["properties"].as_object().unwrap() {
        let inner = about["properties"].as_object().into_iter().flatten();
        let inner =
            inner.map(|(inner, about)| (format!("{key}.{inner}"), about, &sample[key][inner]));
        let all = inner.chain([(key.clone(), about, &sample[key])]);
        for (key, about, value) in all {
            // `init` writes its own beside the file.
            let own = key == "referentiel_dir";
            if default(about).is_some_and(|default| default != shown(value) && !own) {
                wrong.push(key);
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn editors_and_the_daemon_refuse_the_same_settings() {
    let sample = every_setting();
    let validator = validator("passerelle");
    let folder = tempfile::tempdir().unwrap();
    for name in ["rules", "referentiel", UNKNOWN, "12", "true", "1.5"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let file = folder.path().join("passerelle.yaml");
    let mut wrong = Vec::new();
    for content in std::iter::once(sample.clone()).chain(changed(&sample)) {
        fs::write(&file, serde_json::to_string_pretty(&content).unwrap()).unwrap();
        let refused = Settings::load(Some(&file), Vec::new()).err();
        let form = refused.as_ref().is_some_and(|it| {
            // A fault of form starts with its place in the file, a fault of a value with its key.
            it.0[0].starts_with(&file.display().to_string())
        });
        let underlined = validator.validate(&content).err();
        let agree = match &underlined {
            None => !form,
            Some(_) => refused.is_some(),
        };
        if !agree {
            wrong.push(format!("{content}\n{underlined:?}\n{refused:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
