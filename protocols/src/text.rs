//! Reading the text of a payload. Writing belongs to whoever composes messages.

use crate::coding::DataCoding;
use encoding_rs::Encoding;

/// The text of a payload without its user data header; `None` when the coding is not one of text. Octets that mean nothing
/// become U+FFFD. A segment cut inside a character shows that at its edge: join the payloads of a long message first.
pub fn decode(coding: DataCoding, payload: &[u8]) -> Option<String> {
    match coding {
        DataCoding::Gsm7 => Some(gsm7(payload)),
        DataCoding::Ascii => Some(latin1(payload)),
        DataCoding::Ucs2 => Some(utf16(payload)),
        DataCoding::Gbk => Some(with(encoding_rs::GBK, payload)),
        DataCoding::Binary => None,
        DataCoding::Other(number) => by_number(number, payload),
    }
}

/// SMPP 3.4 §5.2.19 below 16, GSM 03.38 §4 above.
fn by_number(number: u8, payload: &[u8]) -> Option<String> {
    match number {
        0 => return Some(gsm7(payload)),
        1 | 3 => return Some(latin1(payload)),
        5 => return Some(with(encoding_rs::SHIFT_JIS, payload)),
        6 => return Some(with(encoding_rs::ISO_8859_5, payload)),
        7 => return Some(with(encoding_rs::ISO_8859_8, payload)),
        8 => return Some(utf16(payload)),
        10 => return Some(with(encoding_rs::ISO_2022_JP, payload)),
        14 => return Some(with(encoding_rs::EUC_KR, payload)),
        15 => return Some(with(encoding_rs::GBK, payload)),
        2..=15 => return None,
        _ => {}
    }
    let alphabet = match number >> 4 {
        // General group; compressed text (bit 5) is not read.
        0x0..=0x7 if number & 0x20 == 0 => number >> 2 & 3,
        0xc | 0xd => 0,
        0xe => 2,
        // Message class group: bit 2 tells octets from the default alphabet.
        0xf => number >> 2 & 1,
        _ => return None,
    };
    match alphabet {
        0 => Some(gsm7(payload)),
        2 => Some(utf16(payload)),
        _ => None,
    }
}

fn latin1(payload: &[u8]) -> String {
    payload.iter().map(|&octet| char::from(octet)).collect()
}

fn with(encoding: &'static Encoding, payload: &[u8]) -> String {
    encoding.decode_without_bom_handling(payload).0.into_owned()
}

/// Big-endian; some senders put a byte order mark in front, and some of those write little-endian.
fn utf16(payload: &[u8]) -> String {
    match payload {
        [0xfe, 0xff, rest @ ..] => with(encoding_rs::UTF_16BE, rest),
        [0xff, 0xfe, rest @ ..] => with(encoding_rs::UTF_16LE, rest),
        _ => with(encoding_rs::UTF_16BE, payload),
    }
}

fn gsm7(payload: &[u8]) -> String {
    let mut text = String::with_capacity(payload.len());
    let mut octets = payload.iter();
    while let Some(&octet) = octets.next() {
        if octet != ESCAPE {
            text.push(default_alphabet(octet));
            continue;
        }
        if let Some(&code) = octets.next() {
            text.push(extension(code).unwrap_or_else(|| default_alphabet(code)));
        }
    }
    text
}

const ESCAPE: u8 = 0x1b;

/// GSM 03.38 §6.2.1. The escape is shown as a space, as the specification asks.
const DEFAULT_ALPHABET: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ' ', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

fn default_alphabet(octet: u8) -> char {
    DEFAULT_ALPHABET
        .get(octet as usize)
        .copied()
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// GSM 03.38 §6.2.1.1. A code without an entry shows the character of the default alphabet.
fn extension(code: u8) -> Option<char> {
    Some(match code {
        0x0a => '\u{c}',
        0x14 => '^',
        0x28 => '{',
        0x29 => '}',
        0x2f => '\\',
        0x3c => '[',
        0x3d => '~',
        0x3e => ']',
        0x40 => '|',
        0x65 => '€',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_by_coding() {
        let cases: [(DataCoding, &[u8], Option<&str>); 18] = [
            (DataCoding::Gsm7, b"\x00\x1be\x1b<\x1b> a\x11", Some("@€[] a_")),
            (DataCoding::Gsm7, b"a\x1bb\x1b", Some("ab")),
            (DataCoding::Gsm7, &[0x80], Some("\u{fffd}")),
            (DataCoding::Ascii, b"caf\xe9_", Some("café_")),
            (DataCoding::Ucs2, &[0x4f, 0x60, 0x59, 0x7d], Some("你好")),
            (DataCoding::Ucs2, &[0xfe, 0xff, 0x4f, 0x60], Some("你")),
            (DataCoding::Ucs2, &[0xff, 0xfe, 0x60, 0x4f], Some("你")),
            (DataCoding::Ucs2, &[0xd8, 0x3d, 0xde, 0x00], Some("😀")),
            (DataCoding::Ucs2, &[0x4f, 0x60, 0xd8], Some("你\u{fffd}")),
            (DataCoding::Gbk, &[0xbb, 0xd8, b'T', b'D'], Some("回TD")),
            (DataCoding::Binary, b"ab", None),
            (DataCoding::Other(3), &[0xe9], Some("é")),
            (DataCoding::Other(0x11), b"a\x11", Some("a_")),
            (DataCoding::Other(0x19), &[0x4f, 0x60], Some("你")),
            (DataCoding::Other(0xf0), b"a", Some("a")),
            (DataCoding::Other(0xf5), b"a", None),
            (DataCoding::Other(0x24), b"a", None),
            (DataCoding::Other(9), b"a", None),
        ];
        for (coding, payload, expected) in cases {
            assert_eq!(
                decode(coding, payload).as_deref(),
                expected,
                "{coding:?} {payload:02x?}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_coding_reads_any_bytes(number: u8, payload in prop::collection::vec(any::<u8>(), 0..160)) {
            for coding in [DataCoding::Gsm7, DataCoding::Ucs2, DataCoding::Gbk, DataCoding::Other(number)] {
                let length = decode(coding, &payload).map_or(0, |text| text.chars().count());
                prop_assert!(length <= payload.len() + 1);
            }
        }
    }
}
