//! Positions in a text, converted between bytes and lines with columns.

/// A text with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The text.
    pub text: String,
}

/// Line and column of a byte, both from 1; the column counts characters.
#[must_use]
pub fn place_of(text: &str, at: usize) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let own = before.rsplit('\n').next().unwrap_or_default();
    let number = |it: usize| u32::try_from(it + 1).unwrap_or(u32::MAX);
    (
        number(before.matches('\n').count()),
        number(own.chars().count()),
    )
}

/// Line of a byte, from 1.
#[must_use]
pub fn line_of(text: &str, at: usize) -> u32 {
    place_of(text, at).0
}

/// The byte at a line and column, both from 1; the end of the line if it is shorter.
#[must_use]
pub fn offset(text: &str, (line, column): (u32, u32)) -> Option<usize> {
    let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(number(line)?).map(str::len).sum();
    let written = lines.next().unwrap_or_default();
    let written = written.strip_suffix('\n').unwrap_or(written);
    let at = written.char_indices().nth(number(column)?);
    Some(before + at.map_or(written.len(), |(at, _)| at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_convert_both_ways() {
        let text = "été\n\n l'été";
        for (at, _) in text.char_indices() {
            assert_eq!(offset(text, place_of(text, at)), Some(at));
        }
        assert_eq!(place_of(text, text.len()), (3, 7));
        assert_eq!(place_of(text, 99), (3, 7));
        assert_eq!(offset(text, (1, 9)), Some("été".len()));
        assert_eq!(offset(text, (0, 1)), None);
    }
}
