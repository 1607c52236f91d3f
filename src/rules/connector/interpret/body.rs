//! The body of a partner's answer as a text and as JSON.
//!
//! What we are sent is refused if it is not strict JSON. An answer to our own question cannot be refused: one damaged
//! value that nobody reads must not hide the others.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::Answer;

/// The byte order mark, which some programs put before a text.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// The length of an escape such as `\ud83d`.
const ESCAPE: usize = 6;

impl Answer {
    /// Its body as a text, without a byte order mark. The content type says how it is encoded, if it is not in UTF-8.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        let body = self.bytes();
        match self.decoded() {
            Some(text) => text,
            None => String::from_utf8_lossy(body),
        }
    }

    /// Its body as JSON; `None` if it is anything else, or `null`. Half a surrogate pair becomes U+FFFD. A number that
    /// only its digits express exactly enough to identify something becomes a text with these digits: an integer of
    /// more than 64 bits, and one beyond the range of a double.
    #[must_use]
    pub fn json(&self) -> Option<Json> {
        let text = self.decoded()?;
        let json: Option<Json> = serde_json::from_str(&readable(&text)).ok();
        json.filter(|it| !it.is_null())
    }

    /// Whether it came whole and has no content, or `null`.
    pub(super) fn is_blank(&self) -> bool {
        self.whole && matches!(self.bytes().trim_ascii(), b"" | b"null")
    }

    fn bytes(&self) -> &[u8] {
        self.body.strip_prefix(MARK).unwrap_or(&self.body)
    }

    /// `None` if the encoding is unknown.
    fn decoded(&self) -> Option<Cow<'_, str>> {
        let body = self.bytes();
        // Many servers announce an encoding that they do not use.
        match std::str::from_utf8(body) {
            Ok(text) => Some(text.into()),
            Err(_) => {
                let encoding = self.encoding().filter(|it| *it != UTF_8)?;
                Some(encoding.decode_without_bom_handling(body).0)
            }
        }
    }

    fn encoding(&self) -> Option<&'static Encoding> {
        let kind = self.headers.get("content-type")?.to_ascii_lowercase();
        let (_, label) = kind.split_once("charset=")?;
        let label = label.split([';', ',']).next()?;
        Encoding::for_label(label.trim().trim_matches('"').as_bytes())
    }
}

/// The JSON text with every value replaced that the parser would refuse or change too much, see [`Answer::json`].
fn readable(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut mended = String::new();
    // Everything before `copied` is in `mended`.
    let (mut at, mut copied, mut in_text) = (0, 0, false);
    while let Some(byte) = bytes.get(at) {
        let (length, instead) = match byte {
            b'"' => {
                in_text = !in_text;
                (1, None)
            }
            b'\\' if in_text => escape(&bytes[at..]),
            b'-' | b'0'..=b'9' if !in_text => number(&text[at..]),
            _ => (1, None),
        };
        if let Some(instead) = instead {
            mended.push_str(&text[copied..at]);
            mended.push_str(&instead);
            copied = at + length;
        }
        at += length;
    }
    if copied == 0 {
        return text.into();
    }
    mended.push_str(&text[copied..]);
    mended.into()
}

/// The length of the escape that begins here, and what replaces it.
fn escape(bytes: &[u8]) -> (usize, Option<String>) {
    let unit = |at: usize| {
        let digits = bytes.get(at..at + ESCAPE)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    match (unit(0), unit(ESCAPE)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (2 * ESCAPE, None),
        (Some(0xd800..=0xdfff), _) => (ESCAPE, Some("\\ufffd".into())),
        (Some(_), _) => (ESCAPE, None),
        (None, _) => (2, None),
    }
}

/// The length of the number that begins here, and what replaces it.
fn number(text: &str) -> (usize, Option<String>) {
    let of_number = |it: char| !matches!(it, '0'..='9' | '-' | '+' | '.' | 'e' | 'E');
    let digits = text.split(of_number).next().unwrap_or_default();
    let is_integer = !digits.contains(['.', 'e', 'E']);
    let is_kept = if is_integer {
        digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok()
    } else {
        digits.parse::<f64>().is_ok_and(f64::is_finite)
    };
    let is_number = || serde_json::from_str::<&RawValue>(digits).is_ok();
    let instead = (!is_kept && is_number()).then(|| format!("\"{digits}\""));
    (digits.len(), instead)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn answer(body: &[u8], kind: &str) -> Answer {
        Answer {
            status: 200,
            headers: BTreeMap::from([("content-type".to_owned(), kind.to_owned())]),
            body: body.to_vec(),
            whole: true,
        }
    }

    fn read(body: &str) -> Option<Json> {
        answer(body.as_bytes(), "application/json").json()
    }

    #[rstest]
    #[case(r#"{"a": "fuite \ud83d", "b": 1}"#, json!({"a": "fuite \u{fffd}", "b": 1}))]
    #[case(r#"["\udca7x", "\ud83d\n", "\uD83D\ud83d\uDCA7"]"#, json!(["\u{fffd}x", "\u{fffd}\n", "\u{fffd}💧"]))]
    #[case(r#"{"\ud83d": "\ud83d\udca7 \u00e9 \\ud83d"}"#, json!({"\u{fffd}": "💧 é \\ud83d"}))]
    fn half_a_surrogate_pair_is_replaced(#[case] body: &str, #[case] wanted: Json) {
        assert_eq!(read(body), Some(wanted));
    }

    #[rstest]
    #[case("12345678901234567890123", json!("12345678901234567890123"))]
    #[case("-9223372036854775809", json!("-9223372036854775809"))]
    #[case("18446744073709551615", json!(18_446_744_073_709_551_615_u64))]
    #[case("-9223372036854775808", json!(-9_223_372_036_854_775_808_i64))]
    #[case("1e999", json!("1e999"))]
    #[case("-1E400", json!("-1E400"))]
    #[case("48.50000000000000000123", json!(48.5))]
    #[case("1e-400", json!(0.0))]
    #[case("1e3", json!(1000.0))]
    #[case("0", json!(0))]
    #[case(r#""1e999 12345678901234567890123""#, json!("1e999 12345678901234567890123"))]
    fn a_number_beyond_the_processor_keeps_its_digits(#[case] number: &str, #[case] wanted: Json) {
        let list = read(&format!("[{number},{{\"a\\\"1\":{number}}}, true]"));
        assert_eq!(list, Some(json!([wanted, {"a\"1": wanted}, true])));
    }

    #[rstest]
    #[case("012345678901234567890123")]
    #[case("12345678901234567890123-")]
    #[case("--12345678901234567890123")]
    #[case("1e999.5")]
    #[case("{\"a\": \"\\")]
    #[case("\"\\é")]
    #[case("\"\\ud83")]
    #[case("<html>")]
    #[case("null")]
    #[case("")]
    fn what_is_no_json_stays_unreadable(#[case] body: &str) {
        assert_eq!(read(body), None);
    }

    #[rstest]
    #[case::marked("\u{feff}{\"a\": \"é\"}".as_bytes(), "application/json")]
    #[case::latin_1(b"{\"a\": \"\xe9\"}", "application/json; charset=iso-8859-1")]
    #[case::windows(b"{\"a\": \"\xe9\"}", "application/json;charset=\"Windows-1252\"; a=b")]
    #[case::announced_wrongly("{\"a\": \"é\"}".as_bytes(), "application/json; charset=ISO-8859-1")]
    fn a_body_is_decoded(#[case] body: &[u8], #[case] kind: &str) {
        let answer = answer(body, kind);
        assert_eq!(answer.json(), Some(json!({"a": "é"})));
        assert_eq!(answer.text(), "{\"a\": \"é\"}");
    }

    #[rstest]
    #[case("application/json")]
    #[case("application/json; charset=utf-8")]
    #[case("application/json; charset=klingon")]
    fn a_body_in_an_unknown_encoding_is_no_json(#[case] kind: &str) {
        let answer = answer(b"{\"a\": \"\xe9\"}", kind);
        assert_eq!(answer.json(), None);
        assert_eq!(answer.text(), "{\"a\": \"\u{fffd}\"}");
    }
}
