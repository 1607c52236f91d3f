//! A photo out of a JSON string: strict base64, recognised by its own bytes.

use crate::domain::fault::Fault;
use crate::domain::signalement::{ImageKind, Photo};
use crate::settings::Limits;

/// Decodes one photo.
///
/// # Errors
/// One fault at `pointer`: not base64, not a picture that is known here, or over a limit.
pub fn decode(pointer: &str, text: &str, limits: &Limits) -> Result<Photo, Fault> {
    let encoded = strip_prefix(text).ok_or_else(|| {
        Fault::invalid(
            pointer,
            "préfixe « data: » inattendu : data:image/…;base64, est attendu",
        )
    })?;
    // Checked before decoding, so that a huge string costs nothing.
    if encoded.len() / 4 * 3 > limits.photo.saturating_add(2) {
        return Err(too_large(pointer, limits));
    }
    let bytes = base64_simd::STANDARD
        .decode_to_vec(encoded.as_bytes())
        .map_err(|_| {
            Fault::invalid(
                pointer,
                "base64 invalide (RFC 4648, alphabet standard, avec « = »)",
            )
        })?;
    if bytes.len() > limits.photo {
        return Err(too_large(pointer, limits));
    }
    let kind = recognise(&bytes).ok_or_else(|| {
        Fault::invalid(
            pointer,
            "ce fichier n'est pas une image JPEG, PNG, WebP ou HEIC",
        )
    })?;
    // A header without dimensions is no reason to lose a report: nothing here decodes pixels.
    if let Ok(size) = imagesize::blob_size(&bytes) {
        let pixels = (size.width as u64).saturating_mul(size.height as u64);
        if pixels > limits.pixels {
            return Err(Fault::invalid(
                pointer,
                format!(
                    "image de {} × {} pixels : la limite est de {} pixels",
                    size.width, size.height, limits.pixels
                ),
            ));
        }
    }
    Ok(Photo::new(kind, bytes))
}

fn too_large(pointer: &str, limits: &Limits) -> Fault {
    Fault::too_large(pointer, format!("photo de plus de {} octets", limits.photo))
}

/// The base64 itself; `None` where a prefix is there and is not the one expected.
fn strip_prefix(text: &str) -> Option<&str> {
    let Some(rest) = text.strip_prefix("data:") else {
        return Some(text);
    };
    let (mime, encoded) = rest.split_once(";base64,")?;
    let subtype = mime.strip_prefix("image/")?;
    (!subtype.is_empty() && subtype.len() <= 64).then_some(encoded)
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

/// Whether the file names itself HEIC in its first box: phones differ in which of the brands they
/// put first, and some only put it in the list of those that they are compatible with.
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
    // The box counts its own length and name; between the first brand and the others is a version.
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

    #[test]
    fn both_writings_give_the_same_photo() {
        let plain = decode("/photos/0", PNG, &limits()).unwrap();
        let prefixed = format!("data:image/png;base64,{PNG}");
        let prefixed = decode("/photos/0", &prefixed, &limits()).unwrap();
        assert_eq!(plain.sha256, prefixed.sha256);
        assert_eq!(plain.kind, ImageKind::Png);
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
    fn what_is_not_strict_is_refused(#[case] text: &str) {
        let fault = decode("/photos/2", text, &limits()).unwrap_err();
        assert_eq!(fault.pointer, "/photos/2");
        assert_eq!(fault.kind, FaultKind::Invalid);
    }

    #[test]
    fn limits_hold_on_bytes_and_on_pixels() {
        let small = Limits {
            photo: 50,
            ..limits()
        };
        let fault = decode("/photos/0", PNG, &small).unwrap_err();
        assert_eq!(fault.kind, FaultKind::TooLarge);
        let mut bomb = base64_simd::STANDARD.decode_to_vec(PNG).unwrap();
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let bomb = base64_simd::STANDARD.encode_to_string(&bomb);
        let fault = decode("/photos/0", &bomb, &limits()).unwrap_err();
        assert!(fault.detail.contains("30000 × 30000"), "{}", fault.detail);
    }
}
