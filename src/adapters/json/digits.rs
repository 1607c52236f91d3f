//! The digits of a number as they were sent. The parser returns the nearest number that the processor can
//! represent, so the original digits are looked up in the body.

use std::cell::Cell;
use std::collections::HashSet;
use std::ops::Range;

use serde_json::Number;

use super::place;

/// How far the parser has come. It returns numbers without their digits; these are looked up in the body, from the
/// last text onwards, so that no photo is scanned twice.
pub(super) struct Way<'a> {
    body: &'a [u8],
    /// The parser's last known position.
    at: Cell<usize>,
    /// Numbers passed since that position.
    numbers: Cell<usize>,
}

impl<'a> Way<'a> {
    pub(super) fn through(body: &'a [u8]) -> Self {
        Self {
            body,
            at: Cell::new(0),
            numbers: Cell::new(0),
        }
    }

    fn past(&self, end: usize) {
        self.at.set(end);
        self.numbers.set(0);
    }

    pub(super) fn past_text(&self, text: &str) {
        if let Some(place) = place(text, self.body) {
            // After the closing quote.
            self.past(place.end + 1);
        }
    }

    pub(super) fn past_number(&self) {
        self.numbers.set(self.numbers.get() + 1);
    }

    /// Records that the parser has passed these digits, which are a slice of the body.
    pub(super) fn past_digits(&self, digits: &str) {
        if let Some(place) = place(digits, self.body) {
            self.past(place.end);
        }
    }

    /// The digits of the number that the parser has just read.
    pub(super) fn digits(&self) -> Option<&'a str> {
        let mut number = self.at.get()..self.at.get();
        for _ in 0..=self.numbers.get() {
            number = next_number(self.body, number.end)?;
        }
        self.past(number.end);
        std::str::from_utf8(&self.body[number]).ok()
    }
}

/// The first number after this position that is not inside a text.
fn next_number(body: &[u8], mut at: usize) -> Option<Range<usize>> {
    loop {
        match body.get(at)? {
            b'"' => at = end_of_text(body, at + 1)?,
            b'-' | b'0'..=b'9' => break,
            _ => at += 1,
        }
    }
    Some(number_at(body, at))
}

/// The number that begins here.
fn number_at(body: &[u8], at: usize) -> Range<usize> {
    let of_number = |it: &&u8| matches!(it, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = body[at..].iter().take_while(of_number).count();
    at..at + length
}

/// Which values of a body are numbers too large for the parser, counted from 0 in the order in which it reads them.
/// The result is meaningless for a body that is not JSON, which the parser refuses anyway.
pub(super) fn beyond_size(body: &[u8]) -> HashSet<usize> {
    let mut found = HashSet::new();
    let (mut at, mut values) = (0, 0);
    while let Some(byte) = body.get(at) {
        match byte {
            b'"' => {
                let Some(end) = end_of_text(body, at + 1) else {
                    break;
                };
                at = end;
                let next = body[at..].iter().find(|it| !it.is_ascii_whitespace());
                // A key is not a value.
                values += usize::from(next != Some(&b':'));
            }
            b'-' | b'0'..=b'9' => {
                let number = number_at(body, at);
                at = number.end;
                if serde_json::from_slice::<f64>(&body[number]).is_err() {
                    found.insert(values);
                }
                values += 1;
            }
            b'a'..=b'z' => {
                let word = body[at..].iter().take_while(|it| it.is_ascii_lowercase());
                at += word.count();
                values += 1;
            }
            byte => {
                values += usize::from(matches!(byte, b'[' | b'{'));
                at += 1;
            }
        }
    }
    found
}

/// The position after the text's closing quote.
fn end_of_text(body: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match body.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Whether the number has exactly the value of these digits.
pub(super) fn is_exact(number: &Number, digits: &str) -> bool {
    let printed = number.to_string();
    printed == digits || decimal(digits).is_some_and(|it| decimal(&printed) == Some(it))
}

/// A canonical spelling, independent of zeros and exponent; `None` if the exponent itself is out of range.
pub(super) fn decimal(number: &str) -> Option<String> {
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_end_matches('0');
    let dropped = i64::try_from(all.len() - significant.len()).ok()?;
    let fraction = i64::try_from(fraction.len()).ok()?;
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Some(format!("{sign}0"));
    }
    let exponent = exponent.checked_sub(fraction)?.checked_add(dropped)?;
    Some(format!("{sign}{significant}e{exponent}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use crate::adapters::json::Json;

    #[rstest]
    #[case::beyond_64_bits("123456789012345678901")]
    #[case::below_64_bits("-9223372036854775809")]
    #[case::decimals("48.12345678901234567890")]
    #[case::nearly_nothing("1e-400")]
    #[case::exponent_beyond_counting("1e-99999999999999999999")]
    #[case::beyond_a_double("1e400")]
    #[case::far_below_a_double("-1.5E+99999999999999999999")]
    #[case::four_hundred_digits(&"7".repeat(400))]
    fn digits_beyond_a_double_are_kept(#[case] digits: &str) {
        let around = [
            digits.to_owned(),
            format!("[1,-2,0.5,{digits},3.5,{digits}]"),
            format!(r#"{{"photo":"\/9j\/","a\"1.5":["2.5\\",{digits},7],"b":{digits},"c":0}}"#),
        ];
        for text in around {
            let json = Json::parse(text.as_bytes()).unwrap();
            let spaced = text.replace(',', " ,\t").replace(':', " :\n");
            assert_eq!(Json::parse(spaced.as_bytes()).unwrap(), json);
            let written = serde_json::to_string(&json).unwrap();
            assert_eq!(written, text.replace("\\/", "/"));
        }
    }

    /// JSON as serialised, with long and other numbers, and texts that look like numbers, in any position.
    fn printed() -> impl Strategy<Value = String> {
        let text = r#"[-0-9e."\\\\ é]{0,5}"#.prop_map(|it| serde_json::to_string(&it).unwrap());
        let key = text.clone();
        let leaf = prop_oneof![
            text,
            "-?[1-9][0-9]{21,30}",
            "-?0\\.[0-9]{25}[1-9]",
            "-?[1-9]e[1-9][0-9]{3}",
            any::<i32>().prop_map(|it| it.to_string()),
            Just("0.5".to_owned()),
            Just("true".to_owned()),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            let list = prop::collection::vec(inner.clone(), 0..6);
            let entries = prop::collection::vec((key.clone(), inner), 0..6);
            prop_oneof![
                list.prop_map(|it| format!("[{}]", it.join(","))),
                entries.prop_map(|entries| {
                    let entry = |(key, value)| format!("{key}:{value}");
                    let entries: Vec<String> = entries.into_iter().map(entry).collect();
                    format!("{{{}}}", entries.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn digits_are_found_whatever_surrounds_them(text in printed()) {
            let json = Json::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(serde_json::to_string(&json).unwrap(), text);
        }
    }

    #[rstest]
    #[case("49.10", "49.1")]
    #[case("1e2", "100.0")]
    #[case("-0", "-0.0")]
    #[case("0.10000000000000001", "0.10000000000000001")]
    #[case("49.119309999999996", "49.119309999999996")]
    #[case("18446744073709551615", "18446744073709551615")]
    #[case("1E22", "1e+22")]
    fn a_number_that_a_double_holds_is_written_in_its_usual_form(
        #[case] sent: &str,
        #[case] kept: &str,
    ) {
        let json = Json::parse(sent.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), kept);
    }
}
