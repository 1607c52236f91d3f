//! The dimensions that a picture declares. Nothing here decodes pixels: the limit protects whoever displays the
//! picture, so this finds the size where decoders find it, after bytes that they also skip. A picture without a
//! size here has none for decoders either, and they show nothing.

use crate::domain::signalement::ImageKind;

/// Width and height in pixels; `None` if the file does not contain them.
pub fn size(kind: ImageKind, bytes: &[u8]) -> Option<(u64, u64)> {
    match kind {
        ImageKind::Jpeg => jpeg(bytes),
        ImageKind::Png => png(bytes),
        ImageKind::Webp | ImageKind::Heic => {
            let size = imagesize::blob_size(bytes).ok()?;
            Some((size.width as u64, size.height as u64))
        }
    }
}

/// Walks the markers up to that of the frame (ITU T.81, B.1.1). Other bytes between them are skipped, as in
/// libjpeg.
fn jpeg(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut rest = bytes;
    loop {
        let stray = rest.iter().position(|it| *it == 0xff)?;
        let marker = &rest[stray + 1..];
        // Any number of 0xff bytes may precede a marker.
        let filled = marker.iter().position(|it| *it != 0xff)?;
        let (marker, segment) = marker[filled..].split_first()?;
        rest = match marker {
            // Markers without a length; 0x00 is not a marker at all.
            0x00 | 0x01 | 0xd0..=0xd8 => segment,
            // The pixels, or the end: a frame after these has no picture.
            0xd9 | 0xda => return None,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((number::<2>(segment, 5)?, number::<2>(segment, 3)?));
            }
            _ => segment.get(usize::try_from(number::<2>(segment, 0)?).ok()?..)?,
        };
    }
}

/// Walks the chunks up to `IHDR`, which comes first, except that Apple's tools put `CgBI` before it.
fn png(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut rest = bytes.get(8..)?;
    loop {
        let content = rest.get(8..)?;
        if rest.get(4..8)? == b"IHDR" {
            return Some((number::<4>(content, 0)?, number::<4>(content, 4)?));
        }
        let length = usize::try_from(number::<4>(rest, 0)?).ok()?;
        let checksum = content.get(length..)?;
        rest = checksum.get(4..)?;
    }
}

/// The big-endian number of `BYTES` bytes at this position.
fn number<const BYTES: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes: &[u8; BYTES] = bytes.get(at..)?.first_chunk()?;
    Some(bytes.iter().fold(0, |all, it| all << 8 | u64::from(*it)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const FRAME: &[u8] = b"\xff\xc2\0\x11\x08\x75\x30\x9c\x40\x03aaaaaaaaa";

    #[rstest]
    #[case::at_once(b"")]
    #[case::after_a_segment(b"\xff\xe1\0\x06\xff\xc0aa")]
    #[case::after_tables(b"\xff\xc4\0\x02\xff\xcc\0\x02\xff\xdb\0\x03a")]
    #[case::after_filling(b"\xff\xff\xff")]
    #[case::between_filling(b"\xff\xff\xfe\0\x02\xff\xff\xff\xff")]
    #[case::after_a_restart(b"\xff\xd0\xff\xd7")]
    #[case::after_what_stands_alone(b"\xff\x01\xff\xd8")]
    #[case::after_a_stray_byte(b"\xff\xe0\0\x04aa\0")]
    #[case::after_stray_bytes(b"\xff\xe0\0\x04aahello\xff\0\xff\xff\0")]
    fn the_size_of_a_jpeg_is_found(#[case] before: &[u8]) {
        let bytes = [b"\xff\xd8", before, FRAME].concat();
        assert_eq!(size(ImageKind::Jpeg, &bytes), Some((40_000, 30_000)));
        for length in 0..bytes.len() - 10 {
            assert_eq!(size(ImageKind::Jpeg, &bytes[..length]), None, "{length}");
        }
    }

    #[rstest]
    #[case::at_once(b"")]
    #[case::of_apple(b"\0\0\0\x04CgBI\x50\0\x20\x02\x2b\xd5\xb3\x7f")]
    fn the_size_of_a_png_is_found(#[case] before: &[u8]) {
        let head = b"\0\0\0\x0dIHDR\0\0\x9c\x40\0\0\x75\x30\x08\x06\0\0\0aaaa";
        let bytes = [b"\x89PNG\r\n\x1a\n", before, head].concat();
        assert_eq!(size(ImageKind::Png, &bytes), Some((40_000, 30_000)));
        for length in 0..bytes.len() - 9 {
            assert_eq!(size(ImageKind::Png, &bytes[..length]), None, "{length}");
        }
    }

    #[rstest]
    #[case::jpeg(ImageKind::Jpeg, b"\xff\xd8\xff")]
    #[case::jpeg_without_a_frame(ImageKind::Jpeg, b"\xff\xd8\xff\xe0aaaaaaaa")]
    #[case::jpeg_of_filling(ImageKind::Jpeg, b"\xff\xd8\xff\xff\xff\xff")]
    #[case::jpeg_without_lengths(ImageKind::Jpeg, b"\xff\xd8\xff\xe0\0\0\xff\xe0\0\0")]
    #[case::jpeg_of_text(ImageKind::Jpeg, b"\xff\xd8\xffhello")]
    #[case::jpeg_whose_pixels_come_first(
        ImageKind::Jpeg,
        b"\xff\xd8\xff\xda\0\x02a\xff\xc0\0\x11\x08\x75\x30\x9c\x40\x03a"
    )]
    #[case::png(ImageKind::Png, b"\x89PNG\r\n\x1a\n")]
    #[case::png_without_a_head(ImageKind::Png, b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffaaaaaaaa")]
    #[case::webp(ImageKind::Webp, b"RIFF\x24\0\0\0WEBP")]
    #[case::heic(ImageKind::Heic, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")]
    fn a_signature_alone_has_no_size(#[case] kind: ImageKind, #[case] bytes: &[u8]) {
        assert_eq!(size(kind, bytes), None);
    }
}
