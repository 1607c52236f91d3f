//! What a template may ask of the parser: minijinja goes down one level for each operator and each `elif`
//! without counting them, and a stack that runs over takes the whole daemon along.

use crate::rules::place::line_of;

/// Words and signs of one tag or expression; the shipped files use a dozen.
const MOST_TOKENS: usize = 500;
/// `elif` of one template.
const MOST_BRANCHES: usize = 300;

/// The line, from 1, and what there is too much of there, in French.
pub(super) fn exceeded(source: &str) -> Option<(u32, String)> {
    let (mut at, mut branches) = (0, 0);
    while let Some(begin) = source[at..].find('{').map(|it| at + it) {
        let Some(end) = ["{{", "{%"]
            .iter()
            .zip(["}}", "%}"])
            .find_map(|(open, close)| source[begin..].starts_with(open).then_some(close))
        else {
            at = begin + 1;
            continue;
        };
        let inside = &source[begin + 2..];
        let (count, length) = tokens(inside, Some(end));
        let inside = &inside[..length];
        branches += usize::from(
            inside
                .trim_start_matches(['-', '+', ' '])
                .starts_with("elif"),
        );
        let line = || line_of(source, begin);
        if count > MOST_TOKENS {
            let what = format!("cette balise a plus de {MOST_TOKENS} mots et signes");
            return Some((line(), what));
        }
        if branches > MOST_BRANCHES {
            return Some((
                line(),
                format!("ce modèle a plus de {MOST_BRANCHES} « elif »"),
            ));
        }
        at = begin + 2 + inside.len();
    }
    None
}

/// The same of what stands in no braces.
pub(super) fn expression_exceeded(source: &str) -> Option<String> {
    let what = || format!("cette expression a plus de {MOST_TOKENS} mots et signes");
    (tokens(source, None).0 > MOST_TOKENS).then(what)
}

/// How many words, numbers, texts and signs there are, about, and how many bytes up to the end, which counts
/// outside of texts only.
fn tokens(text: &str, end: Option<&str>) -> (usize, usize) {
    let (mut count, mut quote, mut escaped, mut in_word) = (0, None, false, false);
    for (at, it) in text.char_indices() {
        if let Some(ends) = quote {
            if !escaped && it == ends {
                quote = None;
            }
            escaped = it == '\\' && !escaped;
            continue;
        }
        if end.is_some_and(|end| text[at..].starts_with(end)) {
            return (count, at);
        }
        let of_word = it.is_alphanumeric() || it == '_';
        if matches!(it, '"' | '\'') {
            quote = Some(it);
        }
        let goes_on = it.is_whitespace() || of_word && in_word;
        count += usize::from(!goes_on);
        in_word = of_word;
    }
    (count, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_within_bounds() {
        let text =
            "{% if a %}\n{{ 'x' ~ b|upper }}\n{% elif c == 'd' %}{ {{ e.f[0] }} }{% endif %}";
        assert_eq!(exceeded(text), None);
        assert_eq!(tokens("'un long texte' ~ b|upper(3)", None).0, 8);
    }

    #[test]
    fn what_would_go_down_too_far_is_named_with_its_line() {
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
