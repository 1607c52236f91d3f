//! A photo in a JSON string: strict base64, recognised by its own bytes.

mod size;

use std::ops::Range;

use bytes::Bytes;

use crate::adapters::json::place;
use crate::adapters::submission::buffers::Buffer;
use crate::domain::fault::Fault;
use crate::domain::signalement::{ImageKind, Photo};
use crate::settings::Limits;

use size::size;

/// A photo in a body, still in base64.
pub enum Encoded {
    /// At this position in the body.
    There(Range<usize>),
    /// Written with escapes, and unescaped here.
    Apart(Vec<u8>),
}

/// Finds the photo with this index in the body that its text was parsed from.
///
/// # Errors
/// An unexpected prefix.
pub fn find(index: usize, text: &str, body: &[u8]) -> Result<Encoded, Fault> {
    let encoded = strip_prefix(text).ok_or_else(|| {
        let detail = "préfixe « data: » inattendu : data:image/…;base64, est attendu";
        fault(index, detail)
    })?;
    let place = place(encoded, body);
    Ok(place.map_or_else(|| Encoded::Apart(encoded.into()), Encoded::There))
}

/// Decodes photos in place in the body, which they then share: a copy of each would double the memory of a request.
/// Adds a fault for each that is not base64, not a supported picture, or over a limit.
pub fn decode(
    mut body: Buffer,
    encoded: Vec<Result<Encoded, Fault>>,
    limits: &Limits,
    faults: &mut Vec<Fault>,
) -> Vec<Photo> {
    let mut decoded = Vec::with_capacity(encoded.len());
    for (index, encoded) in encoded.into_iter().enumerate() {
        let photo = encoded.and_then(|encoded| {
            Ok(match encoded {
                Encoded::There(place) => {
                    let text = &mut body[place.clone()];
                    let (kind, length) = decode_in_place(index, text, limits)?;
                    (kind, Ok(place.start..place.start + length))
                }
                Encoded::Apart(mut text) => {
                    let (kind, length) = decode_in_place(index, &mut text, limits)?;
                    text.truncate(length);
                    (kind, Err(Bytes::from(text)))
                }
            })
        });
        match photo {
            Ok(photo) => decoded.push(photo),
            Err(fault) => faults.push(fault),
        }
    }
    if decoded.is_empty() {
        return Vec::new();
    }
    let body = Bytes::from_owner(body);
    let photo = |(kind, bytes): (ImageKind, Result<Range<usize>, Bytes>)| {
        let bytes = bytes.map_or_else(|apart| apart, |place| body.slice(place));
        Photo::new(kind, bytes)
    };
    decoded.into_iter().map(photo).collect()
}

/// The photo's type, and how many bytes at the start of the text hold it once decoded.
fn decode_in_place(
    index: usize,
    text: &mut [u8],
    limits: &Limits,
) -> Result<(ImageKind, usize), Fault> {
    // Checked before decoding, so that a huge string costs nothing.
    if text.len() / 4 * 3 > limits.photo.saturating_add(2) {
        return Err(too_large(index, limits));
    }
    let bytes = base64_simd::STANDARD.decode_inplace(text).map_err(|_| {
        let detail = "base64 invalide (RFC 4648, alphabet standard, avec « = »)";
        fault(index, detail)
    })?;
    if bytes.len() > limits.photo {
        return Err(too_large(index, limits));
    }
    let kind = recognise(bytes).ok_or_else(|| {
        let detail = "ce fichier n'est pas une image JPEG, PNG, WebP ou HEIC";
        fault(index, detail)
    })?;
    // A file without a size is no reason to lose a report: no decoder can produce pixels from it.
    if let Some((width, height)) = size(kind, bytes)
        && width.saturating_mul(height) > limits.pixels
    {
        let detail = format!(
            "image de {width} × {height} pixels : la limite est de {} pixels",
            limits.pixels
        );
        return Err(fault(index, detail));
    }
    Ok((kind, bytes.len()))
}

/// A fault of the photo with this index.
pub fn fault(index: usize, detail: impl Into<String>) -> Fault {
    Fault::invalid(pointer(index), detail)
}

fn too_large(index: usize, limits: &Limits) -> Fault {
    let detail = format!("photo de plus de {} octets", limits.photo);
    Fault::too_large(pointer(index), detail)
}

fn pointer(index: usize) -> String {
    format!("/photos/{index}")
}

/// The base64 itself; `None` if there is an unexpected prefix.
fn strip_prefix(text: &str) -> Option<&str> {
    let Some(rest) = strip_word(text, "data:") else {
        return Some(text);
    };
    let (head, encoded) = rest.split_once(',')?;
    let (mime, coding) = head.rsplit_once(';')?;
    let subtype = strip_word(mime, "image/")?;
    let expected =
        coding.eq_ignore_ascii_case("base64") && !subtype.is_empty() && subtype.len() <= 64;
    expected.then_some(encoded)
}

/// What follows a word, whose case does not matter (RFC 3986, RFC 2397).
fn strip_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (begin, rest) = text.split_at_checked(word.len())?;
    begin.eq_ignore_ascii_case(word).then_some(rest)
}

fn recognise(bytes: &[u8]) -> Option<ImageKind> {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    if bytes.starts_with(b"\xff\xd8\xff") {
        Some(ImageKind::Jpeg)
    } else if bytes.starts_with(PNG) {
        Some(ImageKind::Png)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(ImageKind::Webp)
    } else if is_heic(bytes) {
        Some(ImageKind::Heic)
    } else {
        None
    }
}

/// Whether the file's first box names a HEIC brand: phones differ in which brand they put first, and some have it
/// only in the list of compatible brands.
fn is_heic(bytes: &[u8]) -> bool {
    const BRANDS: [&[u8]; 8] = [
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs",
    ];
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
        return false;
    };
    let Some(brands) = rest.strip_prefix(b"ftyp") else {
        return false;
    };
    // The box's length includes its length and name; a version stands between the first brand and the others.
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let end = length.saturating_sub(8).min(brands.len());
    let mut brands = brands[..end].chunks_exact(4).enumerate();
    brands.any(|(at, brand)| at != 1 && BRANDS.contains(&brand))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::FaultKind;
    use crate::settings::Settings;
    use rstest::rstest;

    const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

    fn limits() -> Limits {
        Settings::load(None, Vec::new()).unwrap().live.limits
    }

    /// Decodes a text as part of a body, and on its own.
    fn decode_one(text: &str, limits: &Limits) -> Result<Photo, Fault> {
        let body = format!("[{text}]").into_bytes();
        let inside = std::str::from_utf8(&body[1..=text.len()]).unwrap();
        let found = find(0, inside, &body);
        let mut faults = Vec::new();
        let mut photos = decode(body.clone().into(), vec![found], limits, &mut faults);
        let apart = find(0, text, &body);
        assert!(!matches!(apart, Ok(Encoded::There(_))));
        let mut same = Vec::new();
        let others = decode(body.into(), vec![apart], limits, &mut same);
        assert_eq!(same, faults);
        for (one, other) in photos.iter().zip(&others) {
            assert_eq!(one.bytes, other.bytes);
        }
        assert_eq!(photos.len(), others.len());
        photos.pop().ok_or_else(|| faults.remove(0))
    }

    #[test]
    fn a_photo_is_the_same_with_and_without_a_prefix() {
        let plain = decode_one(PNG, &limits()).unwrap();
        for prefix in [
            "data:image/png;base64,",
            "Data:image/png;base64,",
            "DATA:IMAGE/PNG;BASE64,",
            "data:Image/png;name=a;Base64,",
        ] {
            let prefixed = decode_one(&format!("{prefix}{PNG}"), &limits()).unwrap();
            assert_eq!(plain.sha256, prefixed.sha256, "{prefix}");
        }
        assert_eq!(plain.kind, ImageKind::Png);
        let bytes = base64_simd::STANDARD.decode_to_vec(PNG).unwrap();
        assert_eq!(plain.bytes, bytes);
    }

    #[test]
    fn each_photo_of_a_body_is_decoded_separately() {
        let mut bodies = String::new();
        let mut encoded = Vec::new();
        for number in 0..3_u8 {
            let bytes = [
                b"\xff\xd8\xff".as_slice(),
                &vec![number; 100 + usize::from(number)],
            ]
            .concat();
            let text = base64_simd::STANDARD.encode_to_string(bytes);
            encoded.push(Ok(Encoded::There(bodies.len()..bodies.len() + text.len())));
            bodies.push_str(&text);
        }
        encoded.insert(1, Err(fault(1, "x")));
        let mut faults = Vec::new();
        let photos = decode(bodies.into_bytes().into(), encoded, &limits(), &mut faults);
        assert_eq!(faults, [fault(1, "x")]);
        let ends: Vec<_> = photos
            .iter()
            .map(|it| (it.bytes.len(), it.bytes.last().copied()))
            .collect();
        assert_eq!(ends, [(103, Some(0)), (104, Some(1)), (105, Some(2))]);
    }

    #[rstest]
    #[case::jpeg(b"\xff\xd8\xff\xe0aaaaaaaa", Some(ImageKind::Jpeg))]
    #[case::webp(b"RIFF\x24\0\0\0WEBPVP8 aaaa", Some(ImageKind::Webp))]
    #[case::heic(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Some(ImageKind::Heic))]
    #[case::heic_of_ten_bits(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heix", Some(ImageKind::Heic))]
    #[case::heic_burst(b"\0\0\0\x14ftyphevc\0\0\0\0hevc", Some(ImageKind::Heic))]
    #[case::avif(b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", None)]
    #[case::video(b"\0\0\0\x18ftypisom\0\0\0\0mp42avc1", None)]
    #[case::video_with_a_telling_version(b"\0\0\0\x14ftypmp42heicmp42", None)]
    #[case::beginning_of_a_heic(b"\0\0\0\x18ftyp", None)]
    #[case::png_spoilt_by_a_transfer_as_text(b"\x89PNG\n\x1a\naaaaaaaa", None)]
    #[case::gif(b"GIF89aaaaaaaaaaa", None)]
    #[case::text(b"bonjour tout le monde", None)]
    #[case::svg(b"<svg xmlns='http://www.w3.org/2000/svg'/>", None)]
    #[case::empty(b"", None)]
    fn the_bytes_decide(#[case] bytes: &[u8], #[case] wanted: Option<ImageKind>) {
        assert_eq!(recognise(bytes), wanted);
    }

    #[rstest]
    #[case::no_padding(PNG.trim_end_matches('='))]
    #[case::line_break(&format!("{}\n{}", &PNG[..40], &PNG[40..]))]
    #[case::url_alphabet("_-__")]
    #[case::trailing_bits("iVBORw1=")]
    #[case::empty("")]
    #[case::not_an_image_prefix(&format!("data:text/plain;base64,{PNG}"))]
    #[case::not_base64_prefix(&format!("data:image/png,{PNG}"))]
    #[case::other_coding(&format!("data:image/png;base32,{PNG}"))]
    #[case::prefix_without_end("data:image/png;base64")]
    fn base64_that_is_not_strict_is_refused(#[case] text: &str) {
        let fault = decode_one(text, &limits()).unwrap_err();
        assert_eq!(fault.pointer, "/photos/0");
        assert_eq!(fault.kind, FaultKind::Invalid);
    }

    #[test]
    fn limits_hold_on_bytes_and_on_pixels() {
        let small = Limits {
            photo: 50,
            ..limits()
        };
        let fault = decode_one(PNG, &small).unwrap_err();
        assert_eq!(fault.kind, FaultKind::TooLarge);
        let mut bomb = base64_simd::STANDARD.decode_to_vec(PNG).unwrap();
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let filled = b"\xff\xd8\xff\xff\xff\xc0\0\x11\x08\x75\x30\x75\x30\x03aaaaaaaaa";
        let stray = b"\xff\xd8\xff\xe0\0\x04aa\0\xff\xc0\0\x11\x08\x75\x30\x75\x30\x03aaaaaaaaa";
        for bomb in [bomb.as_slice(), filled, stray] {
            let bomb = base64_simd::STANDARD.encode_to_string(bomb);
            let fault = decode_one(&bomb, &limits()).unwrap_err();
            assert!(fault.detail.contains("30000 × 30000"), "{}", fault.detail);
        }
    }
}
