//! The container image, as far as it can be checked without building it: its recipe refers to what exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use passerelle::settings::Settings;

use crate::source::files;

/// The instructions, each with its arguments; continued lines are joined.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string("Dockerfile").unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let whole = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let split = |line: &str| {
        let (name, rest) = line.split_once(' ').unwrap();
        (name.to_owned(), rest.trim().to_owned())
    };
    let lines = whole.lines().filter(|line| !line.is_empty());
    lines.map(split).collect()
}

/// The arguments of each instruction with this name.
fn all(name: &str) -> Vec<String> {
    let of_name = instructions().into_iter().filter(|(it, _)| it == name);
    of_name.map(|(_, rest)| rest).collect()
}

/// The arguments of the last instruction with this name: earlier ones belong to other stages.
fn last(name: &str) -> String {
    all(name).pop().unwrap_or_else(|| panic!("no {name}"))
}

/// What is copied from the repository, by name.
fn sources() -> BTreeSet<String> {
    let mut sources = BTreeSet::new();
    for copy in all("COPY").iter().filter(|it| !it.starts_with("--from")) {
        let mut names: Vec<&str> = copy.split_whitespace().collect();
        names.pop();
        sources.extend(names.into_iter().map(str::to_owned));
    }
    sources
}

/// The settings in the image.
fn environment() -> Vec<(String, String)> {
    let split = |it: String| {
        let (name, value) = it.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    all("ENV").into_iter().map(split).collect()
}

/// The words of an instruction in JSON form.
fn words(name: &str) -> Vec<String> {
    serde_json::from_str(&last(name)).unwrap()
}

#[test]
fn all_that_is_copied_exists_and_reaches_the_build() {
    let ignored = fs::read_to_string(".dockerignore").unwrap();
    let let_in: BTreeSet<String> = ignored
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .map(str::to_owned)
        .collect();
    assert!(ignored.lines().any(|line| line == "*"), "{ignored}");
    assert_eq!(sources(), let_in);
    for source in sources() {
        assert!(Path::new(&source).exists(), "{source}");
    }
}

#[test]
fn all_that_the_program_embeds_is_copied() {
    let sources = sources();
    let mut found = 0;
    for (file, text) in files() {
        for before in ["#[folder = \"", "migrate!(\"", "include_str!(\"../../"] {
            // One `..` leaves the file's folder, the next one `src`.
            if before.ends_with("../") && file.matches('/').count() != 1 {
                continue;
            }
            for (at, _) in text.match_indices(before) {
                let path = &text[at + before.len()..];
                let name = path.split(['/', '"']).next().unwrap();
                assert!(sources.contains(name), "{file} embeds {name}");
                found += 1;
            }
        }
    }
    assert!(found >= 7, "only {found} were recognised");
    // Cargo requires every target that the manifest names.
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    assert!(!manifest.contains("[[bench]]") || sources.contains("benches"));
}

#[test]
fn it_is_built_by_the_toolchain_that_the_manifest_names() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let oldest = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \""))
        .unwrap()
        .trim_end_matches('"');
    let built_from = all("FROM").remove(0);
    assert!(
        built_from.starts_with(&format!("rust:{oldest}-")),
        "{built_from}"
    );
}

#[test]
fn the_program_knows_the_verb_that_the_image_runs() {
    let placed = all("COPY").into_iter().find(|it| it.starts_with("--from"));
    let placed = placed.unwrap();
    assert_eq!(
        words("ENTRYPOINT"),
        [placed.split(' ').next_back().unwrap()]
    );
    let output = Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .args(words("CMD"))
        .arg("--help")
        .envs(environment())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        help.contains("PASSERELLE_CONFIG=/etc/passerelle/passerelle.yaml"),
        "{help}"
    );
    assert_eq!(
        Settings::unknown_variables(environment()),
        Vec::<String>::new()
    );
}

#[test]
fn its_port_is_the_default_and_its_places_are_those_of_the_service() {
    let port = Settings::load(None, Vec::new()).unwrap().listen.port();
    assert_eq!(last("EXPOSE"), port.to_string());
    let environment: Vec<_> = environment()
        .into_iter()
        .filter(|(name, _)| name != "PASSERELLE_CONFIG")
        .collect();
    let settings = Settings::load(None, environment).unwrap();
    assert_eq!(settings.listen.port(), port);
    assert!(settings.listen.ip().is_unspecified());
    assert_eq!(settings.data_dir, Path::new(&last("VOLUME")));
    assert_eq!(settings.data_dir, Path::new(&last("WORKDIR")));
    let unit = fs::read_to_string("examples/systemd/passerelle.service").unwrap();
    for line in [
        format!("WorkingDirectory={}", last("VOLUME")),
        format!(
            "ExecStart={} --config /etc/passerelle/passerelle.yaml {}",
            words("ENTRYPOINT").join(" "),
            words("CMD").join(" ")
        ),
    ] {
        assert!(unit.lines().any(|it| it == line), "{line}");
    }
}
