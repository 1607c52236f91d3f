//! The cost of a decision, compared with the same decision written in Rust and with the bare script call.
//!
//! `cargo bench --bench rules`
//!
//! Times vary with the machine; instruction counts do not. With `--count WHAT N` the program only does one
//! thing N times in [`counted`], which valgrind counts:
//! `valgrind --tool=callgrind --toggle-collect='*counted*' PROGRAM --count decision 1000`, where PROGRAM is the
//! path printed by `cargo bench --bench rules --no-run` and WHAT is `script`, `decision`, `trace` or `mails`.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot begin has nothing to report"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use passerelle::adapters::edited::EditedFolder;
use passerelle::domain::ports::{FileSet, Source};
use passerelle::domain::referentiel::Gestionnaire;
use passerelle::domain::signalement::Signalement;
use passerelle::rules::compile::{Generation, Known, compile};
use passerelle::rules::coverage::Combinations;
use passerelle::rules::decide::{self, Decision, Undecided};
use passerelle::rules::foresee::{self, Foreseen};
use passerelle::rules::impact::Edit;
use passerelle::rules::trace::Trace;
use rhai::{AST, Dynamic, Engine, Map, Scope};

fn main() {
    let options: Vec<String> = std::env::args().skip(1).collect();
    match options.as_slice() {
        [option, what, times, ..] if option == "--count" => count(what, times.parse().unwrap()),
        _ => divan::main(),
    }
}

/// Does one thing this many times.
fn count(what: &str, times: u32) {
    let generation = shipped();
    let signalement = sample(&generation);
    let (generation, signalement) = (&generation, &signalement);
    match what {
        "script" => {
            let (engine, script) = bare_script();
            let arguments = arguments();
            counted(times, || call(&engine, &script, arguments.clone()));
        }
        "decision" => counted(times, || decide::signalement(generation, signalement)),
        "trace" => counted(times, || {
            decide::signalement(generation, signalement).1.encode()
        }),
        "mails" => counted(times, || foreseen(generation, signalement)),
        other => panic!("nothing is called {other}"),
    }
}

#[inline(never)]
fn counted<T>(times: u32, work: impl Fn() -> T) {
    for _ in 0..times {
        black_box(work());
    }
}

/// The rules or the reference data of the repository.
fn read(folder: &str) -> FileSet {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let source = if folder == "rules" {
        EditedFolder::rules(path)
    } else {
        EditedFolder::referentiel(path)
    };
    source.read().unwrap()
}

/// The shipped rules on the sample reference data.
fn shipped() -> Generation {
    let (generation, found) = compile(
        &read("rules"),
        &read("examples/referentiel"),
        Known::default(),
    );
    generation.unwrap_or_else(|| panic!("{found:?}"))
}

/// A landlord of 3,000 residences and 500 qualifications, with 200 cases.
fn large() -> (FileSet, FileSet) {
    let mut rules = read("rules");
    let mut qualifications = String::from("qualifications:\n");
    for number in 0..500 {
        let kind = ["technique", "proprete", "gardien"][number % 3];
        let _ = writeln!(
            qualifications,
            "  Q{number}: {{libelle: Qualification {number}, type_gestionnaire: {kind}, workflow: W}}"
        );
    }
    let mut cases = String::from("cas:\n");
    for number in 0..200 {
        let _ = writeln!(
            cases,
            "  - nom: cas {number}\n    signalement: {{qualification: Q{number}, residence: R{number}}}\n    attendu: {{acteur_en_charge: RS-R{number}}}"
        );
    }
    rules.retain(|name, _| !name.starts_with("cas/"));
    rules.insert("qualifications.yaml".into(), qualifications.into_bytes());
    rules.insert("cas/cas.yaml".into(), cases.into_bytes());
    rules.insert("transmission.yaml".into(), b"modes: [tous]\n".to_vec());
    let mut residences = String::from("code;nom;adresse\n");
    let mut gestionnaires = String::from("residence;type;identifiant;nom;email\n");
    let mut biens = String::from("code;residence;libelle\n");
    for number in 0..3_000 {
        let _ = writeln!(
            residences,
            "R{number};Résidence {number};{number} rue des Lilas"
        );
        for kind in ["responsable_secteur", "technique", "proprete", "gardien"] {
            let prefix = if kind == "responsable_secteur" {
                "RS"
            } else {
                kind
            };
            let _ = writeln!(
                gestionnaires,
                "R{number};{kind};{prefix}-R{number};Nom {number};x{number}@vivest.example"
            );
        }
        for bien in 0..30 {
            let _ = writeln!(biens, "R{number}-{bien};R{number};Appartement {bien}");
        }
    }
    let exports = [
        ("residences.csv", residences),
        ("gestionnaires.csv", gestionnaires),
        ("biens.csv", biens),
    ];
    let exports = exports
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text.into_bytes()))
        .collect();
    (rules, exports)
}

fn sample(generation: &Generation) -> Signalement {
    Signalement {
        description: "L'ascenseur est bloqué au 4ᵉ étage, une personne est dedans.".into(),
        transmettre_auteur: true,
        transmettre_manager: true,
        ..foresee::harmless(generation)
    }
}

/// The decision of the shipped rules, hand-written in Rust: look-ups, the managers, the context.
fn by_hand<'g>(
    generation: &'g Generation,
    signalement: &Signalement,
) -> Option<(&'g Gestionnaire, &'g Gestionnaire, String)> {
    let qualification = generation
        .rules
        .qualifications
        .get(&signalement.qualification)?;
    let residence = generation.referentiel.residence(&signalement.residence)?;
    let priorite = generation.rules.priorites.get(&signalement.priorite)?;
    let responsable = residence.gestionnaires.get("responsable_secteur")?;
    let concerne = residence
        .gestionnaires
        .get(&qualification.type_gestionnaire)
        .unwrap_or(responsable);
    let contexte = format!(
        "Signalement du {}\nPriorité : {}\n\n{}",
        signalement.date_creation.format("%d/%m/%Y à %H:%M"),
        priorite.text,
        signalement.description
    );
    Some((concerne, responsable, contexte))
}

#[divan::bench]
fn decision_written_in_rust(bencher: Bencher) {
    let generation = shipped();
    let signalement = sample(&generation);
    bencher.bench(|| {
        by_hand(black_box(&generation), black_box(&signalement))
            .unwrap()
            .2
    });
}

/// The shipped `affecter` with prepared arguments, in an engine without limits.
#[divan::bench]
fn bare_script_call(bencher: Bencher) {
    let (engine, script) = bare_script();
    let arguments = arguments();
    bencher
        .with_inputs(|| arguments.clone())
        .bench_values(|arguments| call(&engine, &script, arguments));
}

fn bare_script() -> (Engine, AST) {
    let engine = Engine::new();
    let text = &read("rules")["gestionnaire.rhai"];
    let script = engine.compile(std::str::from_utf8(text).unwrap());
    let script = script.unwrap();
    (engine, script)
}

fn arguments() -> [Map; 3] {
    let map = |entries: &[(&str, &str)]| -> Map {
        entries
            .iter()
            .map(|(key, value)| ((*key).into(), Dynamic::from((*value).to_owned())))
            .collect()
    };
    let who = map(&[
        ("type", "technique"),
        ("identifiant", "T-1"),
        ("nom", "Équipe"),
        ("email", "t@vivest.example"),
    ]);
    let gestionnaires: BTreeMap<_, _> = ["responsable_secteur", "technique"]
        .into_iter()
        .map(|kind| (kind.into(), Dynamic::from_map(who.clone())))
        .collect();
    let mut residence = map(&[
        ("code", "R"),
        ("nom", "Les Lilas"),
        ("adresse", "1 rue des Lilas"),
    ]);
    residence.insert("gestionnaires".into(), Dynamic::from_map(gestionnaires));
    let signalement = map(&[
        ("qualification", "ASC"),
        ("residence", "R"),
        ("priorite", "high"),
    ]);
    let qualification = map(&[("code", "ASC"), ("type_gestionnaire", "technique")]);
    [signalement, residence, qualification]
}

fn call(engine: &Engine, script: &AST, arguments: [Map; 3]) -> Map {
    let [signalement, residence, qualification] = arguments;
    engine
        .call_fn(
            &mut Scope::new(),
            script,
            "affecter",
            (signalement, residence, qualification),
        )
        .unwrap()
}

/// The whole pipeline: look-ups, forwarding, the script with all limits, the context, the trace.
#[divan::bench]
fn full_decision(bencher: Bencher) {
    let generation = shipped();
    let signalement = sample(&generation);
    bencher.bench(|| decide::signalement(black_box(&generation), black_box(&signalement)));
}

/// The same, with the trace encoded for storage.
#[divan::bench]
fn full_decision_and_encoded_trace(bencher: Bencher) {
    let generation = shipped();
    let signalement = sample(&generation);
    bencher.bench(|| {
        let (decision, trace) =
            decide::signalement(black_box(&generation), black_box(&signalement));
        (decision, trace.encode())
    });
}

/// The encoding alone.
#[divan::bench]
fn trace_encoded(bencher: Bencher) {
    let generation = shipped();
    let (_, trace) = decide::signalement(&generation, &sample(&generation));
    bencher
        .counter(BytesCount::new(trace.encode().len()))
        .bench(|| black_box(&trace).encode());
}

/// The same, with the script that asks for e-mails, and the e-mails rendered.
#[divan::bench]
fn foreseen_with_its_mails(bencher: Bencher) {
    let generation = shipped();
    let signalement = sample(&generation);
    bencher.bench(|| foreseen(black_box(&generation), black_box(&signalement)));
}

fn foreseen(
    generation: &Generation,
    signalement: &Signalement,
) -> Foreseen<Result<Decision, Undecided>> {
    foresee::signalement(generation, signalement, &mut Trace::default())
}

/// The same, decided before and after an edit that changes nothing, as `impact` does.
#[divan::bench]
fn impact_of_an_edit_that_changes_nothing(bencher: Bencher) {
    let generation = Arc::new(shipped());
    let signalement = sample(&generation);
    let edit = Edit::new(Arc::clone(&generation), generation);
    bencher.bench(|| edit.signalement(black_box(&signalement)));
}

/// All combinations of the sample landlord, on all cores; the rate is in decisions.
#[divan::bench]
fn coverage(bencher: Bencher) {
    let generation = shipped();
    let combinations = Combinations::of(&generation);
    bencher
        .counter(ItemsCount::new(combinations.count()))
        .bench(|| combinations.decide(&|_| {}));
}

/// 500 qualifications, 3,000 residences, 200 cases, from bytes to a generation.
#[divan::bench]
fn compile_large_landlord(bencher: Bencher) {
    let (rules, exports) = large();
    let check = compile(&rules, &exports, Known::default());
    assert!(check.0.is_some(), "{:?}", check.1);
    bencher.bench(|| compile(&rules, &exports, Known::default()));
}

/// The same if only a rule changed and the exports are those in force.
#[divan::bench]
fn compile_large_landlord_after_a_rule_edit(bencher: Bencher) {
    let (rules, exports) = large();
    let (in_force, _) = compile(&rules, &exports, Known::default());
    let known = Known {
        previous: in_force.as_ref(),
        ..Known::default()
    };
    bencher.bench(|| compile(&rules, &exports, known));
}
