//! Scripts that go wrong: each gives a bounded error that says where, loses nothing, and blocks nobody. No error
//! counts as "no match" (ARCHITECTURE.md, invariant 8).

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use passerelle::adapters::shipped::Shipped;
use passerelle::domain::ports::FileSet;
use passerelle::domain::signalement::Signalement;
use passerelle::rules::compile::{Generation, Known, compile};
use passerelle::rules::{decide, foresee, trace};

use crate::cli::on;
use crate::harness::{Builder, signalement, signalement_with};

/// A script that goes wrong only for signalements of priority `low`.
fn wrong_for_low(body: &str) -> String {
    format!(
        "fn affecter(signalement, residence, qualification) {{
    if signalement.priorite == \"low\" {{
        {body}
    }}
    let g = residence.gestionnaires.responsable_secteur;
    #{{gestionnaire_concerne: g, acteur_en_charge: g}}
}}
fn again(n) {{ again(n + 1) }}
"
    )
}

#[rstest]
#[case::loops("loop { }", "trop d'opérations")]
#[case::recurses("again(1)", "trop d'appels")]
#[case::grows_a_text("let s = \"xx\"; loop { s += s; }", "valeur trop grande")]
#[case::grows_a_list("let l = [1]; loop { l += l; }", "valeur trop grande")]
#[case::grows_a_map("let m = #{}; let n = 0; loop { n += 1; m[`k${n}`] = n; }", "trop")]
#[case::throws("throw `rien pour ${residence.code}`", "rien pour MZ-01")]
#[case::throws_a_map("throw #{a: 1}", "")]
#[case::reads_what_is_not_there("residence.gestionnaires.absent", "champ inconnu")]
#[case::answers_nonsense("return 40 + 2", "le résultat doit être")]
#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_fails_says_where_and_its_signalement_is_decided_once_it_is_fixed(
    #[case] body: &str,
    #[case] words: &str,
) {
    let daemon = Builder::new()
        .file("rules/gestionnaire.rhai", &wrong_for_low(body))
        .start()
        .await;
    let low = signalement_with(1, &json!({"priorite": "low"}));
    let answer = daemon.post(&low).await;
    assert_eq!(answer.status, 500);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    for part in ["gestionnaire.rhai", "affecter", "ligne ", words] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    // Others are decided as usual.
    daemon.created(&signalement(2)).await;

    daemon
        .edit("rules/gestionnaire.rhai", &wrong_for_low(""))
        .await;
    let retried = on(&daemon, &["signalements", "retry", "--all"]);
    assert!(retried.status.success(), "{retried:?}");
    let again = daemon.post(&low).await;
    assert_eq!(again.status, 200, "it is a demande, with its photos");
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_reach_their_limits_block_nobody() {
    let daemon = Builder::new()
        .file("rules/gestionnaire.rhai", &wrong_for_low("loop { }"))
        .start()
        .await;
    let stuck = (0..64).map(|number| {
        let low = signalement_with(100 + number, &json!({"priorite": "low"}));
        let daemon = &daemon;
        async move { daemon.post(&low).await.status }
    });
    let good = (0..8).map(|number| {
        let daemon = &daemon;
        async move { daemon.post(&signalement(number)).await.status }
    });
    let (stuck, good) = futures_util::future::join(
        futures_util::future::join_all(stuck),
        futures_util::future::join_all(good),
    )
    .await;
    assert!(stuck.iter().all(|status| *status == 500), "{stuck:?}");
    assert!(good.iter().all(|status| *status == 201), "{good:?}");
}

/// Fragments of Rhai that compile wherever a statement may stand, from harmless to hostile.
const STATEMENTS: [&str; 16] = [
    "let a = signalement.description.len();",
    "let b = residence.gestionnaires.get(qualification.type_gestionnaire) ?? r;",
    "for c in 0..50 { let d = c * c; }",
    "loop { }",
    "let e = \"x\"; loop { e += e; }",
    "let f = []; while f.len() < 5000 { f.push(f); }",
    "if signalement.bien == () { throw \"pas de bien\" }",
    "throw #{code: 1, autres: [signalement]};",
    "let g = 9223372036854775807; g += 1;",
    "let h = 1 / 0;",
    "affecter(signalement, residence, qualification);",
    "residence.code = \"AILLEURS\";",
    "signalement.autres.n = 1.0 / 3.0;",
    "let i = |x| x + 1; let j = i.call(41);",
    "return #{gestionnaire_concerne: r, acteur_en_charge: r};",
    "return ();",
];

/// What `affecter` may return at its end.
const ANSWERS: [&str; 5] = [
    "#{gestionnaire_concerne: r, acteur_en_charge: r}",
    "#{gestionnaire_concerne: r}",
    "#{gestionnaire_concerne: r, acteur_en_charge: r, autre: 1}",
    "\"r\"",
    "#{gestionnaire_concerne: #{type: 1}, acteur_en_charge: r}",
];

/// Lines of a template for the contexte, from plain to hostile.
const LINES: [&str; 6] = [
    "{{ signalement.description }}",
    "{{ bien.libelle }}",
    "{% for i in range(3000) %}{{ i }}{% endfor %}",
    "{{ signalement.date_creation | date_longue }}",
    "{{ signalement.description | date }}",
    "{% if bien %}{{ bien.libelle | upper }}{% endif %}",
];

fn some_of(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(pieces), 0..=most).prop_map(|it| it.join("\n    "))
}

/// Rule files as a person might leave them; not all are accepted.
fn rules() -> impl Strategy<Value = FileSet> {
    let modes = prop::sample::subsequence(vec!["tous", "categories", "auteur", "manager"], 0..=4);
    let answer = prop::sample::select(&ANSWERS[..]);
    (modes, some_of(&STATEMENTS, 3), answer, some_of(&LINES, 3)).prop_map(
        |(modes, statements, answer, contexte)| {
            let mut rules = Shipped::Rules.files();
            rules.retain(|name, _| !name.starts_with("cas/"));
            let mut put = |name: &str, text: String| rules.insert(name.into(), text.into_bytes());
            let modes = modes.join(", ");
            put(
                "transmission.yaml",
                format!("modes: [{modes}]\ncategories: [ASC]\n"),
            );
            put(
                "gestionnaire.rhai",
                format!(
                    "fn affecter(signalement, residence, qualification) {{\n    \
                     let r = residence.gestionnaires.get(\"responsable_secteur\");\n    \
                     {statements}\n    {answer}\n}}\n"
                ),
            );
            put("modeles/contexte.txt", format!("{contexte}."));
            rules
        },
    )
}

fn any_signalement() -> impl Strategy<Value = Signalement> {
    let (generation, _) = compile(
        &Shipped::Rules.files(),
        &Shipped::Referentiel.files(),
        Known::default(),
    );
    let generation = generation.unwrap();
    let harmless = foresee::harmless(&generation);
    let code = |known: Vec<String>| {
        let known = prop::sample::select(known);
        prop_oneof![9 => known, 1 => "\\PC{1,20}"]
    };
    let referentiel = &generation.referentiel;
    let sorted = |mut codes: Vec<String>| {
        codes.sort();
        codes
    };
    let qualifications = sorted(generation.rules.qualifications.keys().cloned().collect());
    let residences = sorted(referentiel.residences().map(|it| it.code.clone()).collect());
    let biens = sorted(referentiel.biens().map(|it| it.code.to_owned()).collect());
    let priorites = sorted(generation.rules.priorites.keys().cloned().collect());
    (
        code(qualifications),
        code(residences),
        prop::option::of(code(biens)),
        code(priorites),
        "\\PC{0,400}",
        any::<(bool, bool, u8)>(),
    )
        .prop_map(
            move |(
                qualification,
                residence,
                bien,
                priorite,
                description,
                (auteur, manager, photos),
            )| {
                Signalement {
                    qualification,
                    residence,
                    bien,
                    priorite,
                    description,
                    transmettre_auteur: auteur,
                    transmettre_manager: manager,
                    photos: usize::from(photos),
                    ..harmless.clone()
                }
            },
        )
}

fn decide_twice(generation: &Generation, it: &Signalement) -> Result<(), TestCaseError> {
    let (one, its_trace) = decide::signalement(generation, it);
    let (other, other_trace) = decide::signalement(generation, it);
    prop_assert_eq!(&one, &other);
    prop_assert_eq!(&its_trace, &other_trace);
    let stored = its_trace.encode();
    prop_assert!(stored.len() <= trace::MAX_BYTES);
    let read: serde_json::Value = serde_json::from_str(&stored).unwrap();
    prop_assert!(!read["etapes"].as_array().unwrap().is_empty());
    // Including its e-mails.
    let mut trace = trace::Trace::default();
    let foreseen = foresee::signalement(generation, it, &mut trace);
    prop_assert_eq!(&foreseen.decision, &other);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn accepted_rules_decide_any_signalement_within_their_limits_and_repeatably(
        rules in rules(),
        signalements in prop::collection::vec(any_signalement(), 1..4),
    ) {
        let exports = Shipped::Referentiel.files();
        let (generation, _) = compile(&rules, &exports, Known::default());
        if let Some(generation) = generation {
            for it in &signalements {
                decide_twice(&generation, it)?;
            }
        }
    }
}
