//! E-mail data for a category, residence or bien that the current rules no longer contain but an open demande still
//! refers to: what the demande stored, with the code in place of the name.

use crate::rules::compile::QUALIFICATIONS;
use crate::rules::referentiel::{BIENS, RESIDENCES};
use crate::rules::template::TemplateError;
use crate::rules::view::{BIEN, QUALIFICATION, RESIDENCE, Shown};

/// The replacement for a value whose code is no longer known. `kept` gives the texts stored in the demande; anything
/// not stored stays unknown rather than being invented.
pub(super) fn stand_in<'a>(
    name: &str,
    code: &'a str,
    kept: impl Fn(&str) -> Option<&'a str>,
) -> Option<Shown<'a>> {
    let fields = match name {
        "priorite" => return kept("priorite").map(Shown::Text),
        "residence" => vec![("code", Some(code)), ("nom", Some(code))],
        "bien" => vec![
            ("code", Some(code)),
            ("libelle", Some(code)),
            ("residence", kept("residence")),
        ],
        "qualification" => vec![
            ("code", Some(code)),
            ("libelle", Some(code)),
            ("workflow", kept("workflow")),
        ],
        _ => return None,
    };
    let known = fields.into_iter();
    let known = known.filter_map(|(name, it)| Some((name, Shown::Text(it?))));
    Some(Shown::Fields(known.collect()))
}

/// The error with its actual cause: the template is correct, but reads a field of a value that is gone and for which
/// there is no replacement. `gone` gives the code under a name if that code is no longer known.
pub(super) fn explained<'a>(
    error: TemplateError,
    gone: impl Fn(&str) -> Option<&'a str>,
) -> TemplateError {
    let cause = error.unknown.as_deref().and_then(|path| {
        let mut names = path.split(['.', '[', '\'', '"', ']']);
        let (name, field) = (names.next()?, names.find(|it| !it.is_empty())?);
        let (what, file, fields): (_, _, &[&str]) = match name {
            "residence" => ("la résidence", RESIDENCES, &RESIDENCE),
            "bien" => ("le bien", BIENS, &BIEN),
            "qualification" => ("la catégorie", QUALIFICATIONS, &QUALIFICATION),
            _ => return None,
        };
        let code = gone(name).filter(|_| fields.contains(&field))?;
        Some(format!(
            "{what} « {code} » de cette demande n'est plus dans {file}, et « {path} » ne figure que dans ce fichier"
        ))
    });
    TemplateError {
        advised: error.advised.filter(|_| cause.is_none()),
        message: cause.unwrap_or(error.message),
        ..error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn of(path: &str) -> TemplateError {
        TemplateError {
            file: "modeles/m.txt".into(),
            line: Some(3),
            column: Some(4),
            message: "« … » n'existe pas".into(),
            advised: None,
            unknown: Some(path.into()),
        }
    }

    #[rstest]
    #[case(
        "residence.adresse",
        Some("la résidence « R-1 » de cette demande n'est plus dans residences.csv")
    )]
    #[case("residence['adresse']", Some("la résidence « R-1 »"))]
    #[case(
        "residence.gestionnaires.gardien",
        Some("« residence.gestionnaires.gardien » ne figure que dans ce fichier")
    )]
    #[case("residence.adrese", None)]
    #[case("bien.residence", None)]
    #[case("detail", None)]
    fn only_a_field_of_a_value_that_is_gone_is_the_cause(
        #[case] path: &str,
        #[case] words: Option<&str>,
    ) {
        let error = explained(of(path), |name| (name == "residence").then_some("R-1"));
        match words {
            Some(words) => assert!(error.message.contains(words), "{error}"),
            None => assert_eq!(error, of(path)),
        }
    }
}
