//! Markers: a number in every text, by which a caller's acknowledgement and a carrier's ledger are joined.

/// How a marker is written: `#` and this many decimal digits.
pub const DIGITS: usize = 10;
/// Markers are below this.
pub const LIMIT: u64 = 10_u64.pow(DIGITS as u32);

/// The marker as it stands in a text, e.g. `#0000000042`.
pub fn text(marker: u64) -> String {
    format!("#{:010}", marker % LIMIT)
}

/// Overwrites the digits of a marker in a prepared body. `place` is where `#` stands.
///
/// Panics if the body has no room there: it was not made for it.
pub fn patch(body: &mut [u8], place: usize, marker: u64) {
    patch_digits(&mut body[place + 1..place + 1 + DIGITS], marker);
}

/// Writes a number into all of `digits`, with leading zeros.
pub fn patch_digits(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Finds the first marker in a UTF-8 (or any ASCII-compatible) text.
pub fn find(text: &[u8]) -> Option<u64> {
    memchr::memchr_iter(b'#', text).find_map(|place| digits(text[place + 1..].iter().copied()))
}

/// Finds the first marker in big-endian UTF-16, as UCS-2 segments carry it.
pub fn find_utf16(payload: &[u8]) -> Option<u64> {
    memchr::memchr_iter(b'#', payload)
        .filter(|place| place % 2 == 1 && payload[place - 1] == 0)
        .find_map(|place| {
            let units = payload[place + 1..].chunks_exact(2);
            digits(units.map(|unit| if unit[0] == 0 { unit[1] } else { 0 }))
        })
}

fn digits(mut bytes: impl Iterator<Item = u8>) -> Option<u64> {
    let mut number = 0;
    for _ in 0..DIGITS {
        let byte = bytes.next()?;
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u64::from(byte - b'0');
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn a_marker_is_found_behind_other_hashes_and_never_in_part() {
        let cases = [
            ("【示例】您的预约#0000000042，请准时", Some(42)),
            ("#1 #12345 #9999999999", Some(9_999_999_999)),
            ("#000000004", None),
            ("##0000000007", Some(7)),
            ("", None),
            ("℣#", None),
        ];
        for (text, expected) in cases {
            assert_eq!(find(text.as_bytes()), expected, "{text}");
            assert_eq!(find_utf16(&utf16(text)), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_marker_is_found_again(number in 0..LIMIT, before in "[^#]{0,40}", after in "[^0-9]{0,9}") {
            let whole = format!("{before}{}{after}", text(number));
            prop_assert_eq!(find(whole.as_bytes()), Some(number));
            prop_assert_eq!(find_utf16(&utf16(&whole)), Some(number));
            let mut body = format!("{before}{}", text(0)).into_bytes();
            patch(&mut body, before.len(), number);
            prop_assert_eq!(find(&body), Some(number));
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (find(&bytes), find_utf16(&bytes));
        }
    }
}
