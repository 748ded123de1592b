//! Phone numbers.

mod parse;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU64;

pub use parse::PhoneError;

/// An E.164 number: country code and national number as one integer, e.g. `8613800000001`. Those of China are mobile
/// numbers.
///
/// There is no `Display`: whoever writes a number decides between [`PhoneNumber::e164`] and [`PhoneNumber::masked`] (PII-1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct PhoneNumber(NonZeroU64);

/// Digits of an E.164 number, country code included (ITU-T E.164 §6.1; shorter ones reach nobody).
const E164_DIGITS: std::ops::RangeInclusive<u32> = 7..=15;
/// `+86` in front of a national number of 11 digits.
const CHINA: u64 = 86 * 10u64.pow(11);
const CHINA_MOBILE: std::ops::Range<u64> = CHINA + 13_000_000_000..CHINA + 20_000_000_000;

impl PhoneNumber {
    /// A number as people write it: `13800000001`, `+86 138 0000 0001`, `0086-138-0000-0001`, `8613800000001`, full-width
    /// digits; foreign ones with `+` or `00`.
    pub fn parse(text: &str) -> Result<PhoneNumber, PhoneError> {
        parse::parse(text)
    }

    /// A number from its E.164 digits. Refuses what cannot be one, and Chinese ones that are not mobile numbers.
    #[inline]
    pub fn from_e164(number: u64) -> Result<PhoneNumber, PhoneError> {
        let Some(whole) = NonZeroU64::new(number) else {
            return Err(PhoneError::TooShort { digits: 0 });
        };
        if CHINA_MOBILE.contains(&number) {
            return Ok(PhoneNumber(whole));
        }
        let digits = number.ilog10() + 1;
        if digits < *E164_DIGITS.start() {
            return Err(PhoneError::TooShort { digits });
        }
        if digits > *E164_DIGITS.end() {
            return Err(PhoneError::TooLong);
        }
        if number / 10u64.pow(digits - 2) == 86 {
            return Err(PhoneError::NotMobile);
        }
        Ok(PhoneNumber(whole))
    }

    /// The E.164 digits as an integer.
    #[inline]
    pub fn as_u64(self) -> u64 {
        self.0.get()
    }

    /// `+8613800000001`: the whole number, for those who may see it.
    pub fn e164(self) -> impl fmt::Display {
        E164(self.0.get())
    }

    /// The 11 digits of a Chinese mobile number; `None` for foreign numbers.
    #[inline]
    pub fn national(self) -> Option<u64> {
        CHINA_MOBILE.contains(&self.0.get()).then(|| self.0.get() - CHINA)
    }

    /// `138****0001`, `+852****5678`: at most the first three and the last four digits. A short number shows fewer in
    /// front.
    pub fn masked(self) -> impl fmt::Display {
        Masked(self)
    }
}

struct E164(u64);

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

struct Masked(PhoneNumber);

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HIDDEN_DIGITS_MIN: u32 = 4;
        const LAST_DIGITS: u32 = 4;
        const FIRST_DIGITS_MAX: u32 = 3;
        let (sign, number) = match self.0.national() {
            Some(national) => ("", national),
            None => ("+", self.0.as_u64()),
        };
        let digits = number.ilog10() + 1;
        let last = number % 10u64.pow(LAST_DIGITS);
        let first_digits = digits
            .saturating_sub(LAST_DIGITS + HIDDEN_DIGITS_MIN)
            .min(FIRST_DIGITS_MAX);
        if first_digits == 0 {
            return write!(f, "{sign}****{last:04}");
        }
        write!(
            f,
            "{sign}{}****{last:04}",
            number / 10u64.pow(digits - first_digits)
        )
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

impl TryFrom<u64> for PhoneNumber {
    type Error = PhoneError;

    fn try_from(number: u64) -> Result<Self, PhoneError> {
        PhoneNumber::from_e164(number)
    }
}

impl From<PhoneNumber> for u64 {
    fn from(number: PhoneNumber) -> u64 {
        number.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn written_forms() {
        let cases = [
            (
                8_613_800_000_001,
                "+8613800000001",
                "138****0001",
                Some(13_800_000_001),
            ),
            (85_290_000_001, "+85290000001", "+852****0001", None),
            (1_234_567, "+1234567", "+****4567", None),
            (123_456_789, "+123456789", "+1****6789", None),
            (999_999_999_999_999, "+999999999999999", "+999****9999", None),
        ];
        for (number, e164, masked, national) in cases {
            let phone = PhoneNumber::from_e164(number).expect(e164);
            assert_eq!(phone.as_u64(), number);
            assert_eq!(phone.e164().to_string(), e164);
            assert_eq!(phone.masked().to_string(), masked);
            assert_eq!(phone.national(), national);
            assert_eq!(format!("{phone:?}"), format!("PhoneNumber({masked})"));
        }
    }

    #[test]
    fn numbers_that_reach_nobody_are_refused() {
        let cases = [
            (0, PhoneError::TooShort { digits: 0 }),
            (999_999, PhoneError::TooShort { digits: 6 }),
            (1_000_000_000_000_000, PhoneError::TooLong),
            (u64::MAX, PhoneError::TooLong),
            (861_012_345_678, PhoneError::NotMobile),
            (8_612_999_999_999, PhoneError::NotMobile),
            (8_620_000_000_000, PhoneError::NotMobile),
            (8_600_000, PhoneError::NotMobile),
        ];
        for (number, error) in cases {
            assert_eq!(PhoneNumber::from_e164(number), Err(error), "{number}");
        }
    }

    proptest! {
        #[test]
        fn what_is_stored_is_checked_when_read(number: u64) {
            let text = number.to_string();
            let read = serde_json::from_str::<PhoneNumber>(&text).ok();
            prop_assert_eq!(read, PhoneNumber::from_e164(number).ok());
            if let Some(phone) = read {
                prop_assert_eq!(serde_json::to_string(&phone).unwrap(), text);
            }
        }

        /// PII-1: at least four digits stay hidden, or all but the last four of a very short number.
        #[test]
        fn a_masked_number_hides_digits(number in 1_000_000u64..1_000_000_000_000_000) {
            let Ok(phone) = PhoneNumber::from_e164(number) else { return Ok(()) };
            let shown = phone.masked().to_string().chars().filter(char::is_ascii_digit).count() as u32;
            let digits = phone.national().unwrap_or(number).ilog10() + 1;
            prop_assert!(shown <= 7 && shown <= digits.saturating_sub(4).max(4));
        }
    }
}
