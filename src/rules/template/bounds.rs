//! Limits on what the parser is given: minijinja recurses for each operator and each `elif` without counting them, and
//! a stack overflow would abort the whole daemon.

use crate::rules::place::line_of;
use crate::rules::template::syntax::tags;
use crate::rules::template::syntax::tokens;

/// Maximum number of words and signs in one tag or expression; the shipped files use a dozen.
const MOST_TOKENS: usize = 500;
/// Maximum number of `elif` in one template.
const MOST_BRANCHES: usize = 300;

/// The line, from 1, where a limit is exceeded, and what is too long there, in French.
pub(super) fn exceeded(source: &str) -> Option<(u32, String)> {
    let mut branches = 0;
    for tag in tags::read(source).iter().filter(|it| it.open != "{#") {
        branches += usize::from(tag.word() == "elif");
        let what = if tokens::words(source, tag).len() > MOST_TOKENS {
            format!("cette balise a plus de {MOST_TOKENS} mots et signes")
        } else if branches > MOST_BRANCHES {
            format!("ce modèle a plus de {MOST_BRANCHES} « elif »")
        } else {
            continue;
        };
        return Some((line_of(source, tag.begin), what));
    }
    None
}

/// The same check for an expression without braces.
pub(super) fn expression_exceeded(source: &str) -> Option<String> {
    let words = tokens::of_expression(source, 0..source.len());
    (words.len() > MOST_TOKENS)
        .then(|| format!("cette expression a plus de {MOST_TOKENS} mots et signes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_templates_are_within_bounds() {
        let text =
            "{% if a %}\n{{ 'x' ~ b|upper }}\n{% elif c == 'd' %}{ {{ e.f[0] }} }{% endif %}";
        assert_eq!(exceeded(text), None);
        let long = "é ".repeat(2_000);
        assert_eq!(exceeded(&format!("{{{{ '{long}' ~ b }}}}")), None);
    }

    #[test]
    fn text_that_the_parser_skips_may_be_long() {
        let signs = "- ".repeat(16_000);
        assert_eq!(exceeded(&format!("{{# {{{{ {signs}1 }}}} #}}a")), None);
        let raw = format!("{{% raw %}}{{{{ {signs}1 }}}}{{% endraw %}}a");
        assert_eq!(exceeded(&raw), None);
        // The parser does not recurse there either.
        for text in [raw, format!("{{# {{{{ {signs}1 }}}} #}}a")] {
            let environment = crate::rules::template::engine::bare();
            assert!(environment.template_from_str(&text).is_ok());
        }
        let behind = format!("{{# {{{{ #}}{{% raw %}}{{{{{{% endraw %}}{{{{ {signs}1 }}}}");
        assert!(exceeded(&behind).is_some());
    }

    #[test]
    fn too_deep_a_recursion_is_reported_with_its_line() {
        let signs = format!("un\n{{{{ {}1 }}}}", "-".repeat(16_000));
        assert_eq!(exceeded(&signs).unwrap().0, 2);
        let branches = format!(
            "{{% if a %}}{}{{% endif %}}",
            "{% elif b %}\n".repeat(2_000)
        );
        let (line, what) = exceeded(&branches).unwrap();
        assert!(line > 300 && what.contains("elif"), "{line} {what}");
        assert!(expression_exceeded(&"not ".repeat(8_000)).is_some());
        let hidden = format!("{{{{ \"}}}}\" ~ 'l\\'a' ~ {}1 }}}}", "-".repeat(16_000));
        assert!(exceeded(&hidden).is_some());
        let open = format!("{{{{ {}", "1+".repeat(8_000));
        assert!(exceeded(&open).is_some());
    }
}
