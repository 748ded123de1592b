//! The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 §6.2.1), one septet per octet.

/// The escape in front of a code of the extension table.
const ESCAPE: u8 = 0x1b;
const NONE: u8 = 0xff;
/// Set in [`ASCII`] for codes of the extension table.
const EXTENDED: u8 = 0x80;

#[rustfmt::skip]
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The code of each ASCII character: plain, with [`EXTENDED`], or [`NONE`].
const ASCII: [u8; 128] = {
    let mut table = [NONE; 128];
    let mut code = 0;
    while code < BASIC.len() {
        if BASIC[code].is_ascii() && code as u8 != ESCAPE {
            table[BASIC[code] as usize] = code as u8;
        }
        code += 1;
    }
    let mut index = 0;
    while index < EXTENSION.len() {
        let (code, character) = EXTENSION[index];
        if character.is_ascii() {
            table[character as usize] = code | EXTENDED;
        }
        index += 1;
    }
    table
};

/// How a character is written in septets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Septets {
    Basic(u8),
    /// The escape, then this code.
    Extended(u8),
}

impl Septets {
    pub(super) fn count(self) -> usize {
        match self {
            Septets::Basic(_) => 1,
            Septets::Extended(_) => 2,
        }
    }
}

/// The septets of a character; `None` when the alphabet does not have it.
#[inline]
pub(super) fn encode(character: char) -> Option<Septets> {
    if character.is_ascii() {
        return match ASCII[character as usize] {
            NONE => None,
            code if code & EXTENDED != 0 => Some(Septets::Extended(code & !EXTENDED)),
            code => Some(Septets::Basic(code)),
        };
    }
    if character == '€' {
        return Some(Septets::Extended(0x65));
    }
    // The other letters stand between U+00A1 and U+03A9; Chinese text leaves here.
    if character > 'Ω' {
        return None;
    }
    BASIC
        .iter()
        .position(|basic| *basic == character)
        .map(|code| Septets::Basic(code as u8))
}

/// What [`encode`] needs for a whole text: septets, and whether escapes are among them. `None` when some character is
/// missing, or, with `ascii_subset`, has another code in ASCII.
pub(super) fn measure(text: &str, ascii_subset: bool) -> Option<(usize, bool)> {
    let mut septets = 0;
    let mut characters = 0;
    for character in text.chars() {
        let encoded = encode(character)?;
        if ascii_subset && encoded != Septets::Basic(character as u32 as u8) {
            return None;
        }
        septets += encoded.count();
        characters += 1;
    }
    Some((septets, septets != characters))
}

/// Writes `text`, all of whose characters the alphabet has, and returns the number of octets.
pub(super) fn write(text: &str, octets: &mut [u8]) -> usize {
    let mut length = 0;
    for encoded in text.chars().filter_map(encode) {
        let code = match encoded {
            Septets::Basic(code) => code,
            Septets::Extended(code) => {
                octets[length] = ESCAPE;
                length += 1;
                code
            }
        };
        octets[length] = code;
        length += 1;
    }
    length
}

/// The text of unpacked septets. An unknown code of the extension table shows as the basic character (3GPP TS 23.038
/// §6.2.1.1), an octet above 0x7f as U+FFFD; an escape at the end is dropped.
pub fn decode_gsm7(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut escaped = false;
    for &octet in octets {
        if octet == ESCAPE && !escaped {
            escaped = true;
            continue;
        }
        let extended = EXTENSION
            .iter()
            .find(|(code, _)| escaped && *code == octet)
            .map(|(_, character)| *character);
        escaped = false;
        text.push(match (extended, BASIC.get(usize::from(octet))) {
            (Some(character), _) => character,
            // A second escape announces a table that was never defined; it shows as a space.
            (None, Some('\u{1b}')) => ' ',
            (None, Some(basic)) => *basic,
            (None, None) => char::REPLACEMENT_CHARACTER,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_and_octets() {
        let cases: &[(&str, &[u8])] = &[
            ("", b""),
            ("hellohello", b"hellohello"),
            ("@£$_", &[0x00, 0x01, 0x02, 0x11]),
            ("€[]", &[0x1b, 0x65, 0x1b, 0x3c, 0x1b, 0x3e]),
            (
                "^{}\\~|\u{c}",
                &[
                    0x1b, 0x14, 0x1b, 0x28, 0x1b, 0x29, 0x1b, 0x2f, 0x1b, 0x3d, 0x1b, 0x40, 0x1b, 0x0a,
                ],
            ),
            ("Çàé\r\n", &[0x09, 0x7f, 0x05, 0x0d, 0x0a]),
        ];
        for (text, octets) in cases {
            let mut buffer = [0; 16];
            let length = write(text, &mut buffer);
            assert_eq!(&buffer[..length], *octets, "{text:?}");
            assert_eq!(measure(text, false).unwrap().0, octets.len(), "{text:?}");
            assert_eq!(decode_gsm7(octets), *text);
        }
    }

    #[test]
    fn every_code_is_found_again() {
        for (code, character) in BASIC
            .into_iter()
            .enumerate()
            .filter(|(code, _)| *code != usize::from(ESCAPE))
        {
            assert_eq!(
                encode(character),
                Some(Septets::Basic(code as u8)),
                "{character:?}"
            );
        }
        for (code, character) in EXTENSION {
            assert_eq!(encode(character), Some(Septets::Extended(code)), "{character:?}");
        }
    }

    #[test]
    fn characters_outside_the_alphabet() {
        for character in ['`', '\t', '\0', '\u{1b}', 'ç', '中', '【', '😀', 'Α'] {
            assert_eq!(encode(character), None, "{character:?}");
        }
    }

    #[test]
    fn the_common_subset_reads_the_same_in_ascii() {
        assert_eq!(measure("Code 123456, valid 5 min.\r\n", true), Some((27, false)));
        for text in ["@", "$", "_", "[", "é", "€", "^"] {
            assert_eq!(measure(text, true), None, "{text}");
        }
    }

    #[test]
    fn foreign_octets_are_shown_somehow() {
        assert_eq!(decode_gsm7(&[0x1b]), "");
        assert_eq!(decode_gsm7(&[0x41, 0x1b, 0x41]), "AA");
        assert_eq!(decode_gsm7(&[0x1b, 0x1b]), " ");
        assert_eq!(decode_gsm7(&[0x80, 0xff]), "\u{fffd}\u{fffd}");
    }

    proptest! {
        #[test]
        fn any_octets_are_decoded(octets: Vec<u8>) {
            prop_assert!(decode_gsm7(&octets).chars().count() <= octets.len());
        }
    }
}
