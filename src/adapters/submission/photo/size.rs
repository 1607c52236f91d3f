//! The dimensions that a picture declares. Nothing here decodes pixels: the limit protects whoever displays the
//! picture, so this finds the size where decoders find it, after bytes that they also skip. A picture without a
//! size here has none for decoders either, and they show nothing.

use crate::domain::signalement::ImageKind;

/// Width and height in pixels; `None` if the file does not contain them.
pub fn size(kind: ImageKind, bytes: &[u8]) -> Option<(u64, u64)> {
    match kind {
        ImageKind::Jpeg => jpeg(bytes),
        ImageKind::Png => png(bytes),
        ImageKind::Heic => heic(bytes),
        ImageKind::Webp => {
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

/// The largest picture that the file describes (ISO/IEC 23008-12, 6.5.3): thumbnails and the tiles of a larger
/// picture are described as well.
fn heic(bytes: &[u8]) -> Option<(u64, u64)> {
    let children = |content, kind| {
        let all = boxes(content).filter(move |(it, _)| *it == kind);
        all.map(|(_, content)| content)
    };
    // A `meta` box has a version between its header and its content.
    let meta = children(bytes, b"meta").filter_map(|it| it.get(4..));
    let properties = meta.flat_map(|it| children(it, b"iprp"));
    let properties = properties.flat_map(|it| children(it, b"ipco"));
    let sizes = properties.flat_map(|it| children(it, b"ispe"));
    let sizes = sizes.filter_map(|it| Some((number::<4>(it, 4)?, number::<4>(it, 8)?)));
    sizes.max_by_key(|(width, height)| width.saturating_mul(*height))
}

/// Consecutive boxes, each as its type and content (ISO/IEC 14496-12, 4.2). A box longer than the rest of the file
/// ends with the file.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let kind = rest.get(4..8)?;
        let (header, length) = match number::<4>(rest, 0)? {
            // It extends to the end of the file.
            0 => (8, u64::MAX),
            1 => (16, number::<8>(rest, 8)?),
            length => (8, length),
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (whole, behind) = rest.split_at(length.min(rest.len()));
        rest = behind;
        Some((kind, whole.get(header..)?))
    })
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

    /// How a box encodes its length.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Length {
        Short,
        Long,
        UpToTheEnd,
    }

    fn boxed(length: Length, kind: &[u8], content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        let number = |length: usize| u32::try_from(length).unwrap().to_be_bytes();
        let (short, long) = match length {
            Length::Short => (number(8 + content.len()), Vec::new()),
            Length::Long => {
                let length = u64::try_from(16 + content.len()).unwrap();
                (number(1), length.to_be_bytes().to_vec())
            }
            Length::UpToTheEnd => (number(0), Vec::new()),
        };
        [&short, kind, &long, &content].concat()
    }

    #[rstest]
    fn the_size_of_a_heic_is_that_of_its_largest_picture(
        #[values(Length::Short, Length::Long)] pixels: Length,
        #[values(Length::Short, Length::Long, Length::UpToTheEnd)] meta: Length,
        #[values(Length::Short, Length::Long)] inside: Length,
        #[values(true, false)] pixels_first: bool,
    ) {
        use Length::Short;
        let version = b"\0\0\0\0".as_slice();
        let of = |size: &[u8]| boxed(inside, b"ispe", &[version, size]);
        let thumbnail = of(b"\0\0\x01\x40\0\0\0\xf0");
        let picture = of(b"\0\0\x9c\x40\0\0\x75\x30");
        let other = boxed(Short, b"colr", &[b"nclxaaaaaaa"]);
        let properties = [thumbnail.as_slice(), &other, &picture, &thumbnail];
        let ipco = boxed(inside, b"ipco", &properties);
        let iprp = boxed(
            inside,
            b"iprp",
            &[&ipco, &boxed(Short, b"ipma", &[version])],
        );
        let handler = boxed(Short, b"hdlr", &[version, b"\0\0\0\0pict"]);
        let start = boxed(Short, b"ftyp", &[b"heic\0\0\0\0mif1heic"]);
        let meta_box = boxed(meta, b"meta", &[version, &handler, &iprp]);
        let mdat = boxed(pixels, b"mdat", &[&[7; 300]]);
        let bytes = if pixels_first || meta == Length::UpToTheEnd {
            [start, mdat, meta_box].concat()
        } else {
            [start, meta_box, mdat].concat()
        };
        assert_eq!(size(ImageKind::Heic, &bytes), Some((40_000, 30_000)));
    }

    #[rstest]
    #[case::shorter_than_its_head(b"\0\0\0\x04meta\0\0\0\0")]
    #[case::long_and_shorter_than_its_head(b"\0\0\0\x01meta\0\0\0\0\0\0\0\x08aaaaaaaa")]
    #[case::cut_off_in_its_head(b"\0\0\0\x01meta\0\0\0")]
    #[case::longer_than_all_there_is(b"\0\0\0\x01meta\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0")]
    #[case::empty(b"\0\0\0\0meta")]
    fn a_heic_of_broken_boxes_has_no_size(#[case] broken: &[u8]) {
        let bytes = [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", broken].concat();
        assert_eq!(size(ImageKind::Heic, &bytes), None);
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
