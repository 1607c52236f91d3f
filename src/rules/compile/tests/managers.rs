//! Managers that only the CRM knows.

use std::borrow::Cow;

use super::*;
use crate::rules::coverage::{Gap, with_managers_of_the_crm};

const MANAGERS: &str = "  gestionnaires: {chemin: '/g/{{ residence }}', type: /t, identifiant: /i, nom: /n, email: /e}\n";

#[rstest]
#[case(true, true, true)]
#[case(true, false, false)]
#[case(false, true, false)]
fn managers_fetched_from_the_crm_are_not_a_hole(
    #[case] asks: bool,
    #[case] calls: bool,
    #[case] silent: bool,
) {
    let (mut rules, mut exports) = shipped();
    rules.retain(|path, _| !path.starts_with("cas/"));
    let crm = format!("{CRM}{}", if asks { MANAGERS } else { "" });
    rules.insert("connecteurs/crm.yaml".into(), crm.into_bytes());
    let residences = b"code;nom;adresse\nR;Lilas;x\nS;Roses;y\n".to_vec();
    exports.insert("residences.csv".into(), residences);
    let managers = b"residence;type;identifiant;nom;email\nR;responsable_secteur;RS;n;e@x.fr\n";
    exports.insert("gestionnaires.csv".into(), managers.to_vec());
    let (generation, told) = compile(&rules, &exports, Known::default());
    let generation = generation.unwrap_or_else(|| panic!("{told:?}"));
    let of_no_residence = |it: &&Diagnostic| it.message.contains("aucune résidence n'a");
    assert_eq!(
        told.iter().find(of_no_residence).is_none(),
        asks,
        "{told:?}"
    );
    let called = if calls { vec![Partner::Crm] } else { vec![] };
    let called = called.into_iter().collect();
    let known = with_managers_of_the_crm(&generation, &called);
    let combinations = Combinations::of(&known).where_called(&called);
    let found = combinations.decide(&|_| ());
    let lacks = |it: &Gap| it.cause.contains("n'a pas de responsable de secteur");
    assert_eq!(!found.holes.iter().any(lacks), silent, "{:?}", found.holes);
    assert!(found.decisions > 0);
}

#[test]
fn the_crm_is_not_asked_about_a_residence_with_managers_in_an_export() {
    let crm = format!("{CRM}{MANAGERS}");
    let generation = compiled(&[("connecteurs/crm.yaml", &crm)]).0.unwrap();
    let called = BTreeSet::from([Partner::Crm]);
    let known = with_managers_of_the_crm(&generation, &called);
    assert!(matches!(known, Cow::Borrowed(_)));
}

#[rstest]
#[case(true, "", false)]
#[case(true, ";;;;\r\n", false)]
#[case(false, "", true)]
#[case(false, ";;;;\r\n", true)]
#[case(false, "R;responsable_secteur;RS;n;e@x.fr\r\n", false)]
fn an_export_without_managers_is_refused_unless_the_crm_provides_them(
    #[case] asks: bool,
    #[case] rows: &str,
    #[case] refused: bool,
) {
    let (mut rules, mut exports) = shipped();
    rules.retain(|path, _| !path.starts_with("cas/"));
    let crm = format!("{CRM}{}", if asks { MANAGERS } else { "" });
    rules.insert("connecteurs/crm.yaml".into(), crm.into_bytes());
    let managers = format!("residence;type;identifiant;nom;email\r\n{rows}");
    exports.insert("gestionnaires.csv".into(), managers.into_bytes());
    let (generation, told) = compile(&rules, &exports, Known::default());
    assert_eq!(generation.is_none(), refused, "{told:?}");
    let errors = told.iter().filter(|it| it.severity == Severity::Error);
    let errors: Vec<_> = errors.map(ToString::to_string).collect();
    let wanted = "gestionnaires.csv : erreur : aucun gestionnaire dans ce fichier : l'export semble vide ou tronqué";
    assert_eq!(errors, vec![wanted; usize::from(refused)]);
    let Some(generation) = generation else { return };
    // The export has not changed and is not read again.
    let known = Known {
        previous: Some(&generation),
        ..Known::default()
    };
    rules.insert("connecteurs/crm.yaml".into(), CRM.into());
    let (again, told) = compile(&rules, &exports, known);
    assert_eq!(again.is_none(), asks, "{told:?}");
}

#[rstest]
#[case("residence;type;identifiant;nom;email\rR;gardien;RS;n;e@x.fr\r", false)]
#[case(
    "residence,type,identifiant,nom,email\rR,gardien,RS,n;m;o;p;q,e@x.fr\r",
    false
)]
#[case(
    "\"residence\";type;identifiant;nom;email\r\n\"R\";\"gardien\";\"RS\";n;e@x.fr",
    false
)]
#[case(
    "\r\nresidence,type,identifiant,nom,email\r\nR,gardien,RS,n,e@x.fr\r\n",
    false
)]
#[case(
    "sep=;\r\nresidence;type;identifiant;nom;email\r\nR;gardien;RS;n;e@x.fr",
    false
)]
// Nobody has this residence, and the export is no truncated one for that.
#[case(
    "residence;type;identifiant;nom;email\r\nNone;gardien;RS;n;e@x.fr",
    false
)]
#[case("residence;type;identifiant;nom;email", true)]
#[case("residence;type;identifiant;nom;email\r", true)]
#[case("\r\nresidence;type;identifiant;nom;email\r\n", true)]
#[case("\r\n\r\nresidence,type,identifiant,nom,email\r\n,,,,\r\n", true)]
#[case("sep=;\r\nresidence;type;identifiant;nom;email\r\n", true)]
#[case(
    "residence;type;identifiant;\"nom\r\ncomplet\";email;nom\r\n \t;;;;;\r\n",
    true
)]
fn an_export_has_managers_however_its_rows_are_written(
    #[case] managers: &str,
    #[case] refused: bool,
) {
    let (mut rules, mut exports) = shipped();
    rules.retain(|path, _| !path.starts_with("cas/"));
    let residences = b"code;nom;adresse\nR;Lilas;x\n".to_vec();
    exports.insert("residences.csv".into(), residences);
    exports.insert("gestionnaires.csv".into(), managers.into());
    let (generation, told) = compile(&rules, &exports, Known::default());
    assert_eq!(generation.is_none(), refused, "{told:?}");
    let tells = |told: &[Diagnostic]| told.iter().any(|it| it.message.contains("aucun gestion"));
    assert_eq!(tells(&told), refused, "{told:?}");
    let Some(generation) = generation else { return };
    let known = Known {
        previous: Some(&generation),
        ..Known::default()
    };
    let (again, told) = compile(&rules, &exports, known);
    assert!(again.is_some() && !tells(&told), "{told:?}");
}

#[rstest]
// Nobody knows whether the CRM is called.
#[case(MANAGERS, None, "", false)]
#[case(MANAGERS, Some(true), "", false)]
#[case(MANAGERS, Some(false), "R;gardien;RS;n;e@x.fr\n", false)]
#[case("", Some(false), "R;gardien;RS;n;e@x.fr\n", false)]
#[case(MANAGERS, Some(false), "", true)]
#[case("", Some(false), "", true)]
#[case("", Some(true), "", true)]
// Rules that are refused may have asked for them all the same.
#[case("  gestionnaires: x\n", Some(true), "", false)]
#[case("  gestionnaires: x\n", Some(false), "", true)]
fn a_crm_that_nobody_calls_tells_no_managers(
    #[case] operation: &str,
    #[case] called: Option<bool>,
    #[case] rows: &str,
    #[case] refused: bool,
) {
    let (mut rules, mut exports) = shipped();
    rules.retain(|path, _| !path.starts_with("cas/"));
    let crm = format!("{CRM}{operation}");
    rules.insert("connecteurs/crm.yaml".into(), crm.into_bytes());
    let residences = b"code;nom;adresse\nR;Lilas;x\n".to_vec();
    exports.insert("residences.csv".into(), residences);
    let managers = format!("residence;type;identifiant;nom;email\n{rows}");
    exports.insert("gestionnaires.csv".into(), managers.into_bytes());
    let secrets = called.map(|it| SecretNames {
        called: it.then_some(Partner::Crm).into_iter().collect(),
        ..SecretNames::default()
    });
    let known = Known {
        secrets: secrets.as_ref(),
        ..Known::default()
    };
    let (_, told) = compile(&rules, &exports, known);
    let no_manager = |it: &&Diagnostic| it.message.starts_with("aucun gestionnaire dans");
    let fault = told.iter().find(no_manager);
    assert_eq!(fault.is_some(), refused, "{told:?}");
    let Some(fault) = fault else { return };
    let is_told = fault.message.contains("crm.kind: rest");
    assert_eq!(is_told, !operation.is_empty(), "{fault}");
}
