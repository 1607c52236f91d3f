//! The schema that a file names in its first line.

use std::fs;
use std::path::Path;

use passerelle::adapters::shipped::Shipped;

use super::yaml;

#[test]
fn every_shipped_file_names_its_schema() {
    let mut files = vec!["examples/passerelle.yaml".to_owned()];
    let rules = Shipped::Rules.files();
    let ending = |name: &str| Path::new(name).extension().is_some_and(|it| it == "yaml");
    let yaml_rules = rules.keys().filter(|name| ending(name));
    files.extend(yaml_rules.map(|name| format!("rules/{name}")));
    assert!(files.len() >= 8);
    for file in files {
        let stem = Path::new(&file).file_stem().unwrap().to_str().unwrap();
        let kind = match Path::new(&file).parent().unwrap().to_str().unwrap() {
            "rules/cas" => "cas".to_owned(),
            "rules/connecteurs" => format!("connecteur-{stem}"),
            _ => stem.to_owned(),
        };
        let named = named_schema(&fs::read_to_string(&file).unwrap());
        assert!(named.ends_with(&format!("../schemas/{kind}.schema.json")));
        assert_eq!(underlined(Path::new(&file)), None, "{file}");
    }
}

/// The first problem that an editor underlines in a file, by the schema that the file names.
pub fn underlined(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).unwrap();
    let path = file.with_file_name(named_schema(&text));
    let schema = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.display()));
    let validator = jsonschema::draft7::new(&serde_json::from_str(&schema).unwrap()).unwrap();
    let first = validator.validate(&yaml(&text)).err()?.to_string();
    Some(first)
}

fn named_schema(text: &str) -> String {
    let first = text.lines().next().unwrap();
    let path = first.strip_prefix("# yaml-language-server: $schema=");
    path.unwrap().to_owned()
}

#[test]
fn files_written_by_init_name_existing_schemas() {
    let folder = tempfile::tempdir().unwrap();
    let made = crate::cli::passerelle(folder.path(), &[], &["init"]);
    assert!(made.status.success(), "{made:?}");
    for (file, schema) in [
        ("passerelle.yaml", "passerelle"),
        ("rules/statuts.yaml", "statuts"),
        ("rules/cas/statuts.yaml", "cas"),
    ] {
        let path = folder.path().join(file);
        let named = named_schema(&fs::read_to_string(&path).unwrap());
        let there = fs::canonicalize(path.parent().unwrap().join(named)).unwrap();
        let expected = folder.path().join(format!("schemas/{schema}.schema.json"));
        assert_eq!(there, fs::canonicalize(expected).unwrap(), "{file}");
    }
}
