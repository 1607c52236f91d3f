//! Quotes of an export that are never closed: a CSV reader takes everything up to the next quote or the end for one
//! text, and reports the columns that are then missing.

use crate::rules::place::place_of;

/// Line and column of a quote that opens a field but is not closed where a field may end. A quote closed on a later
/// line is a text of several lines, as Excel writes it.
pub(super) fn left_open(text: &str, delimiter: u8) -> Option<(u32, u32)> {
    let bytes = text.as_bytes();
    let ends_field = |at: usize| {
        let it = bytes.get(at).copied();
        it.is_none_or(|it| it == delimiter || it == b'\r' || it == b'\n')
    };
    // The CSV reader handles blanks after a closing quote.
    let closes_field = |at: usize| {
        let blank = |it: &&u8| **it != delimiter && [b' ', b'\t'].contains(*it);
        let blanks = bytes[at..].iter().take_while(blank).count();
        ends_field(at + blanks)
    };
    let mut from = 0;
    while let Some(begin) = text[from..].find('"').map(|it| from + it) {
        let opens = begin == 0 || ends_field(begin - 1);
        if !opens {
            from = begin + 1;
            continue;
        }
        let mut at = begin + 1;
        let close = loop {
            match text[at..].find('"').map(|it| at + it) {
                // A doubled quote is part of the text.
                Some(quote) if bytes.get(quote + 1) == Some(&b'"') => at = quote + 2,
                other => break other,
            }
        };
        match close {
            Some(close) if closes_field(close + 1) || !text[begin..close].contains('\n') => {
                from = close + 1;
            }
            _ => return Some(place_of(text, begin)),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unclosed_quote_is_reported_where_it_opens() {
        for (text, place) in [
            ("a;b\n\"1\n2\";\"x \"\"y\"\"\"\n", None),
            ("a;b\nl\"x;\"y\"\n", None),
            ("a;b\n\"1\n2\" ;3\n", None),
            ("a;b\né;\"x\n1;y\n", Some((2, 3))),
            ("a;b\n\"x;y\n\"1\";y\n", Some((2, 1))),
        ] {
            assert_eq!(left_open(text, b';'), place, "{text}");
        }
    }
}
