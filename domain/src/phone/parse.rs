use super::{CHINA, CHINA_MOBILE, E164_DIGITS, PhoneNumber};

/// Text that is not a phone number. Never repeats the text (PII-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    #[error("the number is empty")]
    Empty,
    #[error("the number is too short: {digits} digits")]
    TooShort { digits: u32 },
    #[error("the number is too long")]
    TooLong,
    /// `position` counts characters from 1.
    #[error("the character at position {position} is not a digit")]
    NotADigit { position: usize },
    #[error("not a mobile number; foreign numbers start with + or 00")]
    NotMobile,
    #[error("no country code starts with 0")]
    NoCountryCode,
}

/// The longest text that is looked at: 17 digits (`00` and 15), full-width, and as many separators.
const TEXT_BYTES_MAX: usize = 2 * 3 * 17;
const NATIONAL_DIGITS: u32 = 11;

pub(super) fn parse(text: &str) -> Result<PhoneNumber, PhoneError> {
    if let Some(phone) = parse_plain(text.as_bytes()) {
        return Ok(phone);
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(PhoneError::TooLong);
    }
    let written = Written::read(text)?;
    if written.digits == 0 {
        return Err(PhoneError::Empty);
    }
    if written.international() {
        return written.country_code_first();
    }
    let china = match written.digits {
        NATIONAL_DIGITS => CHINA + written.value,
        _ => written.value,
    };
    if CHINA_MOBILE.contains(&china) && written.zeros == 0 {
        return PhoneNumber::from_e164(china);
    }
    match written.digits {
        digits if digits < NATIONAL_DIGITS => Err(PhoneError::TooShort { digits }),
        digits if digits > *E164_DIGITS.end() => Err(PhoneError::TooLong),
        _ => Err(PhoneError::NotMobile),
    }
}

/// The form nearly all numbers come in: 11 digits and nothing else.
#[inline]
fn parse_plain(text: &[u8]) -> Option<PhoneNumber> {
    let digits: &[u8; NATIONAL_DIGITS as usize] = text.try_into().ok()?;
    let mut value = 0u64;
    let mut all_digits = true;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        all_digits &= digit < 10;
        value = value * 10 + u64::from(digit);
    }
    if !all_digits {
        return None;
    }
    PhoneNumber::from_e164(CHINA + value)
        .ok()
        .filter(|phone| phone.national().is_some())
}

/// A number as written, without its separators.
struct Written {
    plus: bool,
    /// Leading zeros.
    zeros: u32,
    /// Digits, leading zeros included.
    digits: u32,
    value: u64,
}

impl Written {
    fn read(text: &str) -> Result<Written, PhoneError> {
        /// `00` and the longest number; more cannot become a number, and the value cannot overflow before.
        const DIGITS_MAX: u32 = 17;
        let mut written = Written {
            plus: false,
            zeros: 0,
            digits: 0,
            value: 0,
        };
        for (index, character) in text.chars().enumerate() {
            if let Some(digit) = digit(character) {
                written.digits += 1;
                if written.digits > DIGITS_MAX {
                    return Err(PhoneError::TooLong);
                }
                written.value = written.value * 10 + u64::from(digit);
                written.zeros += u32::from(written.value == 0);
                continue;
            }
            let first_plus = matches!(character, '+' | '\u{ff0b}') && !written.plus && written.digits == 0;
            if !first_plus && !is_separator(character) {
                return Err(PhoneError::NotADigit { position: index + 1 });
            }
            written.plus |= first_plus;
        }
        Ok(written)
    }

    fn international(&self) -> bool {
        self.plus || self.zeros >= 2
    }

    fn country_code_first(&self) -> Result<PhoneNumber, PhoneError> {
        let prefix_zeros = if self.plus { 0 } else { 2 };
        if self.zeros > prefix_zeros {
            return Err(PhoneError::NoCountryCode);
        }
        PhoneNumber::from_e164(self.value)
    }
}

fn digit(character: char) -> Option<u32> {
    match character {
        '0'..='9' => Some(character as u32 - '0' as u32),
        '\u{ff10}'..='\u{ff19}' => Some(character as u32 - 0xff10),
        _ => None,
    }
}

/// What people and spreadsheets put between digits: spaces (also no-break and ideographic), hyphens and dashes, parentheses.
fn is_separator(character: char) -> bool {
    matches!(
        character,
        ' ' | '\t' | '\u{a0}' | '\u{3000}' | '-' | '\u{2010}'
            ..='\u{2013}' | '\u{ff0d}' | '(' | ')' | '\u{ff08}' | '\u{ff09}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_of_one_number() {
        for text in [
            "13800000001",
            " 138 0000 0001 ",
            "138-0000-0001",
            "+86 138 0000 0001",
            "+8613800000001",
            "+(86)13800000001",
            "(+86)138-0000-0001",
            "0086-13800000001",
            "008613800000001",
            "8613800000001",
            "86 138 0000 0001",
            "１３８０００００００１",
            "＋８６\u{3000}１３８（００００）０００１",
        ] {
            assert_eq!(
                parse(text).map(PhoneNumber::as_u64),
                Ok(8_613_800_000_001),
                "{text}"
            );
        }
    }

    #[test]
    fn foreign_numbers() {
        let cases = [
            ("+1 380 000 0001", 13_800_000_001),
            ("00852 9000 0001", 85_290_000_001),
            ("+1234567", 1_234_567),
        ];
        for (text, number) in cases {
            assert_eq!(parse(text).map(PhoneNumber::as_u64), Ok(number), "{text}");
        }
    }

    #[test]
    fn refused() {
        let cases = [
            ("", PhoneError::Empty),
            (" -()", PhoneError::Empty),
            ("+", PhoneError::Empty),
            ("1380000", PhoneError::TooShort { digits: 7 }),
            ("+123456", PhoneError::TooShort { digits: 6 }),
            ("+86138", PhoneError::TooShort { digits: 5 }),
            ("12000000001", PhoneError::NotMobile),
            ("02000000001", PhoneError::NotMobile),
            ("013800000001", PhoneError::NotMobile),
            ("138000000010", PhoneError::NotMobile),
            ("+862000000001", PhoneError::NotMobile),
            ("85290000001", PhoneError::NotMobile),
            ("1380000000100000", PhoneError::TooLong),
            ("+1234567890123456", PhoneError::TooLong),
            ("99999999999999999999999999", PhoneError::TooLong),
            ("00000000000", PhoneError::NoCountryCode),
            ("+086138", PhoneError::NoCountryCode),
            ("000138", PhoneError::NoCountryCode),
            ("1380000000x", PhoneError::NotADigit { position: 11 }),
            ("１３８a", PhoneError::NotADigit { position: 4 }),
            ("++8613800000001", PhoneError::NotADigit { position: 2 }),
            ("138+00000001", PhoneError::NotADigit { position: 4 }),
            ("138\u{0}0000001", PhoneError::NotADigit { position: 4 }),
            (
                "138 0000 0001;13800000002",
                PhoneError::NotADigit { position: 14 },
            ),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            if let Ok(phone) = parse(&text) {
                prop_assert_eq!(parse(&phone.e164().to_string()), Ok(phone));
            }
        }

        #[test]
        fn number_like_text_is_answered(text in "[+０-９0-9 ()-]{0,30}") {
            if let Ok(phone) = parse(&text) {
                prop_assert_eq!(parse(&phone.e164().to_string()), Ok(phone));
            }
        }

        #[test]
        fn separators_do_not_matter(number in 13_000_000_000u64..20_000_000_000, gaps in prop::collection::vec("[ ()-]{0,3}", 11)) {
            let spaced: String = number.to_string().chars().zip(&gaps).flat_map(|(digit, gap)| gap.chars().chain([digit])).collect();
            prop_assert_eq!(parse(&spaced), parse(&number.to_string()));
            prop_assert_eq!(parse(&spaced).unwrap().national(), Some(number));
        }
    }
}
