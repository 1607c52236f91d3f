//! Masks our secrets in anything shown of a partner's calls: an API may repeat what it was sent, in a different
//! encoding.

mod view;

use std::ops::Range;

use base64_simd::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::domain::ports::EXCERPT_CHARS;
use crate::rules::connector::{Access, Answer};

use view::View;

/// What replaces a secret.
const MASK: &str = "***";
/// Shorter values are not masked: masking them would garble every message, and they are no real secrets. In bytes.
const SHORTEST: usize = 4;

/// The secrets to mask, which is why it has no `Debug`.
pub struct Scrubber {
    secrets: Vec<String>,
}

impl Scrubber {
    /// Masks the secrets of the settings and the session's token.
    #[must_use]
    pub fn new(access: &Access) -> Self {
        let named = access.secrets.values();
        let all = named.chain(&access.token).chain(&access.jeton).cloned();
        Self {
            secrets: Vec::new(),
        }
        .knowing(all)
    }

    /// Masks these too: values derived from secrets.
    #[must_use]
    pub fn knowing(mut self, more: impl IntoIterator<Item = String>) -> Self {
        for secret in more.into_iter().filter(|it| it.len() >= SHORTEST) {
            self.secrets.push(STANDARD_NO_PAD.encode_to_string(&secret));
            self.secrets.push(URL_SAFE_NO_PAD.encode_to_string(&secret));
            self.secrets.push(secret);
        }
        self
    }

    /// The text with our secrets masked, whether plain, in base64, or escaped as in URLs, forms, JSON and HTML.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        self.beginning(text, usize::MAX)
    }

    /// The same for the first characters of a text; a secret that extends beyond them is masked too.
    #[must_use]
    pub fn beginning(&self, text: &str, chars: usize) -> String {
        let end = text.char_indices().nth(chars);
        let end = end.map_or(text.len(), |(at, _)| at);
        let mut shown = String::new();
        let mut at = 0;
        for hidden in self.hidden(text) {
            if hidden.start >= end {
                break;
            }
            shown.push_str(&text[at..hidden.start]);
            shown.push_str(MASK);
            at = hidden.end;
        }
        shown.push_str(text.get(at..end).unwrap_or_default());
        shown
    }

    /// The first characters of an answer.
    pub(super) fn excerpt(&self, answer: &Answer) -> String {
        /// The most bytes that one escaped byte takes, as in `&#x0022;`.
        const ESCAPED: usize = 12;
        let longest = self.secrets.iter().map(String::len).max();
        let enough = 4 * EXCERPT_CHARS + ESCAPED * longest.unwrap_or_default();
        let begin = &answer.body[..answer.body.len().min(enough)];
        let text = self.beginning(&String::from_utf8_lossy(begin), EXCERPT_CHARS);
        // A page in UTF-16 is full of NULs, which PostgreSQL cannot store in a text.
        text.replace('\0', "\u{fffd}")
    }

    /// The positions of secrets, in order and merged: one may contain or overlap another.
    fn hidden(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for view in View::all(text) {
            for secret in &self.secrets {
                found.extend(view.places(secret.as_bytes()));
            }
        }
        found.sort_by_key(|it| it.start);
        let mut apart: Vec<Range<usize>> = Vec::new();
        for range in found {
            match apart.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => apart.push(range),
            }
        }
        apart
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use base64_simd::STANDARD;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    fn scrubber(secrets: &[&str]) -> Scrubber {
        let secrets = secrets.iter().enumerate();
        let secrets: BTreeMap<String, String> = secrets
            .map(|(at, it)| (at.to_string(), (*it).to_owned()))
            .collect();
        Scrubber::new(&Access {
            base_url: "https://crm.example".parse().unwrap(),
            token: None,
            secrets,
            jeton: None,
            maintenant: String::new(),
        })
    }

    /// Each escapes something of its own; the first leaves the text as it is.
    const WRITINGS: [fn(&str) -> String; 9] = [
        str::to_owned,
        |it| STANDARD.encode_to_string(it).trim_end_matches('=').into(),
        |it| URL_SAFE_NO_PAD.encode_to_string(it),
        |it| utf8_percent_encode(it, NON_ALPHANUMERIC).to_string(),
        |it| {
            let percent = utf8_percent_encode(it, NON_ALPHANUMERIC);
            percent.to_string().to_lowercase()
        },
        |it| url::form_urlencoded::byte_serialize(it.as_bytes()).collect(),
        |it| {
            let quoted = serde_json::to_string(it).unwrap();
            quoted[1..quoted.len() - 1].replace('/', "\\/")
        },
        |it| {
            let units = it.encode_utf16();
            let units: Vec<String> = units.map(|unit| format!("\\u{unit:04X}")).collect();
            units.concat()
        },
        |it| {
            let named = it.replace('&', "&amp;").replace('"', "&quot;");
            let named = named.replace('<', "&lt;").replace('>', "&gt;");
            named.replace('\'', "&#39;").replace('+', "&#x2B;")
        },
    ];

    proptest! {
        #[test]
        fn no_secret_is_left_however_it_is_encoded(
            secret in "[ -~éà€🔑]{4,24}",
            first in 0..WRITINGS.len(),
            second in 3..WRITINGS.len(),
            twice: bool,
        ) {
            // Lower-casing percent escapes also lower-cases plain letters, so those cases use a lower-case secret.
            let secret = if first == 4 || second == 4 { secret.to_lowercase() } else { secret };
            let mut written = WRITINGS[first](&secret);
            if twice && second != 4 {
                written = WRITINGS[second](&written);
            }
            let scrubbed = scrubber(&[&secret]).scrub(&format!("« {written} »"));
            prop_assert!(scrubbed == "« *** »" || secret.starts_with(' ') || secret.ends_with(' '), "{scrubbed}");
            prop_assert!(!scrubbed.contains(&written), "{scrubbed}");
        }

        #[test]
        fn a_text_without_a_secret_is_unchanged(text in "[ -~é%&\\\\+;]{0,60}") {
            prop_assert_eq!(scrubber(&["un secret que rien ne répète"]).scrub(&text), text);
        }
    }

    #[test]
    fn secrets_that_contain_or_overlap_each_other_are_fully_masked() {
        let scrubber = scrubber(&["abcd", "abcd1234", "1234-5678"]);
        assert_eq!(scrubber.scrub("x abcd1234 y"), "x *** y");
        assert_eq!(scrubber.scrub("x abcd1234-5678 y abcd"), "x *** y ***");
        assert_eq!(scrubber.scrub("abc 1234"), "abc 1234");
    }

    #[test]
    fn a_secret_at_the_end_of_an_excerpt_is_masked_whole() {
        let scrubber = scrubber(&["0123456789"]);
        let before = "é".repeat(EXCERPT_CHARS - 3);
        let answer = Answer {
            body: format!("{before}0123456789 {before}").into_bytes(),
            ..Answer::default()
        };
        assert_eq!(scrubber.excerpt(&answer), format!("{before}***"));
        let many = "0123456789".repeat(400);
        assert_eq!(scrubber.beginning(&many, 25), "***");
    }

    #[test]
    fn a_value_derived_from_a_secret_is_masked_once_declared() {
        let pair = STANDARD.encode_to_string("vivest:mot de passe");
        let text = format!("{{\"Authorization\": \"Basic {pair}\"}}");
        let scrubber = scrubber(&["mot de passe"]);
        assert_eq!(scrubber.scrub(&text), text);
        let scrubber = scrubber.knowing([pair]);
        assert_eq!(scrubber.scrub(&text), "{\"Authorization\": \"Basic ***\"}");
    }
}
