//! What a file is, by its first bytes: whoever sends it may say anything.

/// The types that are taken.
pub const TYPES: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "application/pdf",
    "video/mp4",
    "audio/mp4",
    "audio/mpeg",
    "audio/wav",
    "audio/ogg",
    "application/zip",
    XLSX,
    DOCX,
    "text/plain",
];

/// Of these, what can be looked at and holds nothing that a reader would run: what proofs and logos are.
pub const PAPERS: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "application/pdf",
];

/// So many bytes tell whether a file is one of [`PAPERS`], and which.
pub const TELLING: usize = 16;

/// A spreadsheet.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Most characters of a name that [`name_for`] gives.
pub const LONGEST_NAME: usize = 200;

/// The major brands of MP4; those of other formats in the same container (HEIC, QuickTime) are not taken.
const MP4_BRANDS: &[&[u8; 4]] = &[
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ",
    b"M4VH", b"MSNV", b"dash",
];

/// The type of a file, one of [`TYPES`]; `None`: it is none of them. HTML, SVG and XML of any kind are none.
pub fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let at = |offset: usize, magic: &[u8]| {
        bytes
            .get(offset..)
            .is_some_and(|rest| rest.starts_with(magic))
    };
    let riff = |form: &[u8]| at(0, b"RIFF") && at(8, form);
    let brand = |brands: &[&[u8; 4]]| at(4, b"ftyp") && brands.iter().any(|brand| at(8, *brand));
    // Eleven bits of synchronisation, then "layer III".
    let is_mp3 = || matches!(bytes, [0xff, second, ..] if second & 0xe6 == 0xe2) || at(0, b"ID3");
    let known = if at(0, b"\x89PNG\r\n\x1a\n") {
        "image/png"
    } else if at(0, b"\xff\xd8\xff") {
        "image/jpeg"
    } else if at(0, b"GIF87a") || at(0, b"GIF89a") {
        "image/gif"
    } else if riff(b"WEBP") {
        "image/webp"
    } else if riff(b"WAVE") {
        "audio/wav"
    } else if at(0, b"%PDF-") {
        "application/pdf"
    } else if brand(&[b"M4A ", b"M4B "]) {
        "audio/mp4"
    } else if brand(MP4_BRANDS) {
        "video/mp4"
    } else if at(0, b"OggS") {
        "audio/ogg"
    } else if at(0, b"PK\x03\x04") || at(0, b"PK\x05\x06") {
        archive(bytes)
    } else if is_mp3() {
        "audio/mpeg"
    } else if is_plain_text(bytes) {
        "text/plain"
    } else {
        return None;
    };
    Some(known)
}

/// A ZIP archive by what is in it: names of entries are not compressed.
fn archive(bytes: &[u8]) -> &'static str {
    let names = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    if !names(b"[Content_Types].xml") {
        "application/zip"
    } else if names(b"xl/workbook.xml") {
        XLSX
    } else if names(b"word/document.xml") {
        DOCX
    } else {
        "application/zip"
    }
}

/// A name for a file of this type that came as `sent`: the last part of a path, without control characters, at most
/// [`LONGEST_NAME`] characters, and with an ending that goes with the type, so that nothing else opens it.
pub fn name_for(sent: &str, content_type: &str) -> String {
    let endings: &[&str] = match content_type {
        "image/png" => &["png"],
        "image/jpeg" => &["jpg", "jpeg", "jfif"],
        "image/gif" => &["gif"],
        "image/webp" => &["webp"],
        "application/pdf" => &["pdf"],
        _ => &["bin"],
    };
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    // Marks that change the direction of text hide a name's real ending.
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut name: String = last.chars().filter(|c| !hides(*c)).collect();
    name = name.trim().trim_matches('.').to_owned();
    if name.is_empty() {
        name = "file".into();
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let fits = ending.is_some_and(|own| endings.iter().any(|e| e.eq_ignore_ascii_case(own)));
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if fits => (stem, ending),
        _ => (name.as_str(), endings[0]),
    };
    let room = LONGEST_NAME - ending.chars().count() - 1;
    let stem: String = stem.chars().take(room).collect();
    format!("{stem}.{ending}")
}

/// UTF-8 without control characters that does not begin like markup, which some take for HTML or SVG.
fn is_plain_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}');
    let body = text.trim_start_matches('\u{feff}').trim_start();
    !text.is_empty() && !text.contains(control) && !body.starts_with('<')
}

/// Whether what the sender says of a file's type goes with what the file is.
pub fn agrees(declared: &str, sniffed: &str) -> bool {
    let declared = declared.split(';').next().unwrap_or_default();
    let declared = declared.trim().to_ascii_lowercase();
    let canonical = match &*declared {
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "audio/mp3" | "audio/x-mp3" => "audio/mpeg",
        "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "audio/wav",
        "audio/x-m4a" | "audio/m4a" => "audio/mp4",
        "application/ogg" => "audio/ogg",
        "application/x-zip-compressed" | "application/x-zip" => "application/zip",
        "text/csv" | "text/markdown" | "application/json" => "text/plain",
        other => other,
    };
    // Whoever does not know says so; and documents of these kinds are archives.
    canonical == sniffed
        || canonical == "application/octet-stream"
        || (canonical == "application/zip" && matches!(sniffed, XLSX | DOCX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_are_known_by_their_bytes() {
        let entry =
            |name: &str| [b"PK\x03\x04....[Content_Types].xml....", name.as_bytes()].concat();
        let samples: Vec<(&[u8], &str)> = vec![
            (b"\x89PNG\r\n\x1a\n....", "image/png"),
            (b"\xff\xd8\xff\xe0..JFIF", "image/jpeg"),
            (b"GIF89a....", "image/gif"),
            (b"RIFF....WEBPVP8 ", "image/webp"),
            (b"RIFF....WAVEfmt ", "audio/wav"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"\0\0\0\x20ftypisom....", "video/mp4"),
            (b"\0\0\0\x20ftypM4A ....", "audio/mp4"),
            (b"ID3\x04....", "audio/mpeg"),
            (b"\xff\xfb\x90\x00....", "audio/mpeg"),
            (b"OggS....", "audio/ogg"),
            (b"PK\x03\x04....a.txt", "application/zip"),
            (b"Hello, \xe4\xb8\x96\xe7\x95\x8c\r\n", "text/plain"),
            (b"\xef\xbb\xbfa,b\n1,2\n", "text/plain"),
        ];
        for (bytes, expected) in samples {
            assert_eq!(sniff(bytes), Some(expected), "{bytes:?}");
            assert!(TYPES.contains(&expected));
            assert!(agrees(expected, expected));
        }
        assert_eq!(sniff(&entry("xl/workbook.xml")), Some(XLSX));
        assert_eq!(sniff(&entry("word/document.xml")), Some(DOCX));
        assert_eq!(
            sniff(&entry("ppt/presentation.xml")),
            Some("application/zip")
        );
    }

    #[test]
    fn what_browsers_might_run_is_refused() {
        let refused: &[&[u8]] = &[
            b"",
            b"<!DOCTYPE html><html>",
            b" \n\t<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"\xef\xbb\xbf<?xml version='1.0'?><svg/>",
            b"<!-- a comment --><script>",
            b"\xff\xfe<\0h\0t\0m\0l\0",
            b"MZ\x90\x00",
            b"\x7fELF",
            b"\0\0\0\x20ftypheic....",
            b"\0\0\0\x14ftypqt  ....",
            b"text with a \0 byte",
        ];
        for bytes in refused {
            assert_eq!(sniff(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn declarations_agree_or_not() {
        assert!(agrees("Text/CSV; charset=utf-8", "text/plain"));
        assert!(agrees("image/jpg", "image/jpeg"));
        assert!(agrees("application/zip", XLSX));
        assert!(agrees("application/octet-stream", "image/png"));
        assert!(!agrees("image/png", "image/jpeg"));
        assert!(!agrees(XLSX, "application/zip"));
        assert!(!agrees("image/svg+xml", "text/plain"));
        assert!(!agrees("text/html", "text/plain"));
        assert!(!agrees("", "text/plain"));
    }

    #[test]
    fn names_are_plain_and_end_as_their_type_does() {
        for (sent, content_type, name) in [
            ("logo.png", "image/png", "logo.png"),
            ("Photo.JPEG", "image/jpeg", "Photo.JPEG"),
            ("收據.pdf", "application/pdf", "收據.pdf"),
            ("../../etc/passwd", "image/png", "passwd.png"),
            ("C:\\Users\\me\\a.gif", "image/gif", "a.gif"),
            ("page.html", "image/gif", "page.html.gif"),
            ("a\u{202e}gpj.exe", "image/png", "agpj.exe.png"),
            ("a\r\nb\0.png", "image/png", "ab.png"),
            ("", "application/pdf", "file.pdf"),
            ("...", "image/webp", "file.webp"),
            (".png", "image/png", "png.png"),
        ] {
            assert_eq!(name_for(sent, content_type), name);
        }
        let long = name_for(&"長".repeat(500), "image/png");
        assert_eq!(long.chars().count(), LONGEST_NAME);
        assert!(long.ends_with(".png"));
    }

    proptest! {
        #[test]
        fn any_name_becomes_one_that_can_be_stored(sent in any::<String>()) {
            let name = name_for(&sent, "image/png");
            prop_assert!((1..=LONGEST_NAME).contains(&name.chars().count()));
            prop_assert!(!name.contains(['/', '\\', '\0']));
            prop_assert!(name.to_ascii_lowercase().ends_with(".png"));
        }

        /// The first bytes are enough.
        #[test]
        fn papers_are_told_by_their_first_bytes(at in 0..PAPERS.len(), rest in any::<Vec<u8>>()) {
            let magic: &[u8] = match PAPERS[at] {
                "image/png" => b"\x89PNG\r\n\x1a\n",
                "image/jpeg" => b"\xff\xd8\xff",
                "image/gif" => b"GIF87a",
                "image/webp" => b"RIFF....WEBP",
                _ => b"%PDF-",
            };
            let bytes = [magic, &rest].concat();
            prop_assert_eq!(sniff(&bytes), Some(PAPERS[at]));
            prop_assert_eq!(sniff(&bytes[..bytes.len().min(TELLING)]), Some(PAPERS[at]));
        }

        #[test]
        fn bytes_are_of_a_known_type_or_none(bytes in any::<Vec<u8>>()) {
            prop_assert!(sniff(&bytes).is_none_or(|known| TYPES.contains(&known)));
        }
    }
}
