//! A text as its reader sees it after decoding, with the position of each decoded byte in the original.

use std::ops::Range;

/// Decodes the escape at the start of the bytes: its meaning, and how many bytes it takes.
type Escape = fn(&[u8]) -> Option<(Vec<u8>, usize)>;

const ESCAPES: [Escape; 4] = [percent, form, json, html];

/// A text after one kind of decoding.
pub(super) struct View {
    bytes: Vec<u8>,
    /// The position in the original of each byte, followed by the original's length.
    starts: Vec<usize>,
}

impl View {
    /// The text as it is, and decoded in every way that finds an escape: up to twice, as for a URL within JSON.
    pub fn all(text: &str) -> Vec<Self> {
        let plain = Self {
            bytes: text.into(),
            starts: (0..=text.len()).collect(),
        };
        let once: Vec<Self> = plain.read().collect();
        let twice: Vec<Self> = once.iter().flat_map(Self::read).collect();
        [plain].into_iter().chain(once).chain(twice).collect()
    }

    /// The positions in the original where these bytes occur, including overlapping ones.
    pub fn places(&self, wanted: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let windows = self.bytes.windows(wanted.len()).enumerate();
        windows
            .filter(move |(_, it)| *it == wanted)
            .map(move |(at, it)| self.starts[at]..self.starts[at + it.len()])
    }

    fn read(&self) -> impl Iterator<Item = Self> {
        ESCAPES
            .into_iter()
            .filter_map(|escape| self.read_by(escape))
    }

    /// `None` if there is nothing to decode.
    fn read_by(&self, escape: Escape) -> Option<Self> {
        let mut read = Self {
            bytes: Vec::with_capacity(self.bytes.len()),
            starts: Vec::with_capacity(self.starts.len()),
        };
        let mut at = 0;
        while let Some(byte) = self.bytes.get(at) {
            if let Some((meant, length)) = escape(&self.bytes[at..]) {
                read.starts.extend(meant.iter().map(|_| self.starts[at]));
                read.bytes.extend(meant);
                at += length;
            } else {
                read.starts.push(self.starts[at]);
                read.bytes.push(*byte);
                at += 1;
            }
        }
        read.starts.push(*self.starts.last()?);
        (read.bytes != self.bytes).then_some(read)
    }
}

/// URL escapes: `%2F`.
fn percent(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let digits = rest.strip_prefix(b"%")?.get(..2)?;
    let byte = u8::try_from(hexadecimal(digits)?).ok()?;
    Some((vec![byte], 3))
}

/// Form escapes: the same, and `+` for a space.
fn form(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    match rest.first()? {
        b'+' => Some((vec![b' '], 1)),
        _ => percent(rest),
    }
}

/// JSON escapes: `\"`, `\/`, `\u00e9`, and surrogate pairs.
fn json(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let sign = *rest.strip_prefix(b"\\")?.first()?;
    let short = match sign {
        b'"' | b'\\' | b'/' | b'\'' => sign,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return unicode(rest),
        _ => return None,
    };
    Some((vec![short], 2))
}

fn unicode(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let unit = |at: usize| {
        let digits = rest.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
        u16::try_from(hexadecimal(digits)?).ok()
    };
    let units = [unit(0)?, unit(6).unwrap_or_default()];
    let char = char::decode_utf16(units).next()?.ok()?;
    Some((utf8(char), 6 * char.len_utf16()))
}

/// HTML escapes: `&amp;`, `&#38;` or `&#x26;`.
fn html(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    /// The most bytes between `&` and `;`, allowing for leading zeros.
    const LONGEST: usize = 10;
    let rest = rest.strip_prefix(b"&")?;
    let end = rest.iter().take(LONGEST).position(|it| *it == b';')?;
    let char = match &rest[..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hexadecimal(digits)?)?,
        [b'#', digits @ ..] => {
            let number = std::str::from_utf8(digits).ok()?;
            char::from_u32(number.parse().ok()?)?
        }
        _ => return None,
    };
    Some((utf8(char), end + 2))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    // The library accepts a sign before the digits as well.
    let plain = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| plain)?;
    u32::from_str_radix(digits, 16).ok()
}

fn utf8(char: char) -> Vec<u8> {
    char.encode_utf8(&mut [0; 4]).as_bytes().to_vec()
}
