//! Values with missing braces, which are sent literally: `{ demande.contexte }`.

use std::sync::LazyLock;

use regex_lite::Regex;

/// One or two braces, a path with its filters, one or two braces.
static IN_BRACES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(\{+)\s*([A-Za-z_][\w.]*(?:\s*\|\s*\w+)*)\s*(\}+)").ok());

/// The remark about the first value in a text with too few braces; `is_value` recognizes the names of values.
pub(super) fn too_few(source: &str, is_value: impl Fn(&str) -> bool) -> Option<String> {
    let pattern = IN_BRACES.as_ref()?;
    pattern.captures_iter(source).find_map(|found| {
        let [whole, opened, name, closed] = [0, 1, 2, 3].map(|at| found.get(at));
        let (whole, name) = (whole?.as_str(), name?.as_str());
        let root = name.split(['.', '|', ' ']).next()?;
        let few = opened?.as_str().len() == 1 || closed?.as_str().len() == 1;
        (few && is_value(root))
            .then(|| format!("« {whole} » part tel quel : une valeur s'écrit « {{{{ {name} }}}} »"))
    })
}

/// A path of several steps with its filters, and nothing else.
static PATH: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^([A-Za-z_]\w*(?:\.\w+)+)(?:\s*\|\s*\w+(?:\([^()]*\))?)*$").ok());

/// The remark about a text that is a value's path without braces; `is_path` recognizes the paths of values.
pub(super) fn note_without(literal: &str, is_path: impl Fn(&str) -> bool) -> Option<String> {
    let literal = literal.trim();
    let path = PATH.as_ref()?.captures(literal)?.get(1)?.as_str();
    is_path(path).then(|| {
        format!("« {literal} » part tel quel : une valeur s'écrit \"{{{{ {literal} }}}}\", guillemets compris")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("{ demande.contexte }", Some("« {{ demande.contexte }} »"))]
    #[case("x {demande}", Some("« {{ demande }} »"))]
    #[case(
        "{demande.priorite | upper}",
        Some("« {{ demande.priorite | upper }} »")
    )]
    #[case("{{ demande.contexte }}", None)]
    #[case("{{demande}} {autre}", None)]
    #[case("{% if demande %}{ x }{% endif %}", None)]
    fn a_value_with_too_few_braces_is_reported(#[case] source: &str, #[case] meant: Option<&str>) {
        let told = too_few(source, |it| it == "demande");
        assert_eq!(told.is_some(), meant.is_some(), "{told:?}");
        assert!(told.unwrap_or_default().contains(meant.unwrap_or_default()));
    }

    #[rstest]
    #[case("page.size: 50")]
    #[case("x: page.html")]
    #[case("x: depuis.toujours")]
    #[case("x: www.exemple.fr")]
    #[case("demande.contexte: x")]
    #[case("x: demande")]
    fn text_that_only_looks_like_a_value_is_left_alone(#[case] parameters: &str) {
        let (connector, faults) =
            crate::rules::connector::paging::tests::paged("{suivante: /n}", parameters);
        assert!(connector.is_some() && faults.is_empty(), "{faults:?}");
    }
}
