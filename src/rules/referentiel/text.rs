//! The text of an export: its encoding and its delimiter.

/// Splits off a first line such as `sep=;`, which tells Excel the delimiter.
pub(super) fn named_delimiter(text: &str) -> (Option<u8>, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.trim_end().strip_prefix("sep=").map(str::as_bytes) {
        Some([delimiter]) => (Some(*delimiter), rest),
        _ => (None, text),
    }
}

/// Decodes UTF-8 or UTF-16 by their byte order marks, UTF-8 without one, otherwise Windows-1252.
pub(super) fn decode(bytes: &[u8]) -> String {
    if let Some((utf16, mark)) = encoding_rs::Encoding::for_bom(bytes)
        && utf16 != encoding_rs::UTF_8
    {
        return utf16
            .decode_without_bom_handling(&bytes[mark..])
            .0
            .into_owned();
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}

/// The delimiter of the line that names the columns, which is the first that is not blank.
pub(super) fn delimiter(text: &str) -> u8 {
    // « CSV (Macintosh) » ends its lines with a carriage return alone.
    let mut lines = text.split(['\r', '\n']);
    let header = lines.find(|it| !it.is_empty()).unwrap_or_default();
    if header.matches(',').count() > header.matches(';').count() {
        b','
    } else {
        b';'
    }
}
