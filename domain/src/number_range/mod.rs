//! Region and carrier of Chinese mobile numbers, from a table the operator can replace.
//!
//! The table maps the first seven digits to province, city and carrier. A range that is not in it is unknown, never guessed:
//! the first three digits do not tell the carrier since numbers became portable.

mod load;

use crate::catalog::Carrier;
use crate::phone::PhoneNumber;
use crate::province::Province;
use compact_str::CompactString;
use hashbrown::HashMap;

pub use load::{LoadError, LoadProblem};

/// Seven-digit prefixes from 1300000 on.
const PREFIX_FIRST: u64 = 1_300_000;
const PREFIXES: usize = 700_000;
/// Digits of a national number behind the prefix.
const SUBSCRIBERS: u64 = 10_000;

/// The table. Empty by default: then everything is unknown.
#[derive(Clone, Debug)]
pub struct NumberRanges {
    /// By prefix, an index into `places`. Empty when no table was loaded.
    index: Box<[u16]>,
    /// The first one is the unknown.
    places: Vec<Place>,
    /// Numbers whose owners moved to another carrier (携号转网).
    ported: HashMap<PhoneNumber, Carrier>,
}

/// What is known about a number. Empty texts are unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    province: CompactString,
    city: CompactString,
    carrier: Carrier,
    unit: Province,
}

/// Where a number belongs. Empty texts are unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberOrigin<'a> {
    pub province: &'a str,
    pub city: &'a str,
    pub carrier: Carrier,
    /// The unit `province` names.
    pub unit: Province,
}

impl Default for NumberRanges {
    fn default() -> Self {
        let unknown = Place {
            province: CompactString::default(),
            city: CompactString::default(),
            carrier: Carrier::Unknown,
            unit: Province::UNKNOWN,
        };
        NumberRanges {
            index: Box::default(),
            places: vec![unknown],
            ported: HashMap::new(),
        }
    }
}

impl NumberRanges {
    /// Foreign numbers and unknown ranges have neither region nor carrier.
    #[inline]
    pub fn origin(&self, phone: PhoneNumber) -> NumberOrigin<'_> {
        let place = phone
            .national()
            .and_then(|national| self.index.get((national / SUBSCRIBERS - PREFIX_FIRST) as usize))
            .map_or(&self.places[0], |place| &self.places[usize::from(*place)]);
        let carrier = if self.ported.is_empty() {
            None
        } else {
            self.ported.get(&phone).copied()
        };
        NumberOrigin {
            province: &place.province,
            city: &place.city,
            carrier: carrier.unwrap_or(place.carrier),
            unit: place.unit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: NumberOrigin<'_> = NumberOrigin {
        province: "",
        city: "",
        carrier: Carrier::Unknown,
        unit: Province::UNKNOWN,
    };

    fn origin(ranges: &NumberRanges, phone: u64) -> NumberOrigin<'_> {
        ranges.origin(PhoneNumber::from_e164(phone).unwrap())
    }

    #[test]
    fn without_a_table_everything_is_unknown() {
        assert_eq!(origin(&NumberRanges::default(), 8_613_800_000_001), UNKNOWN);
    }

    #[test]
    fn ranges_and_ported_numbers() {
        let mut ranges = NumberRanges::parse(
            "1300000\t江苏\t南京\tunicom\n1380000,北京,北京,移动\n# the last there can be\n1999999,上海,上海,telecom\n",
        )
        .unwrap();
        ranges.load_ported("13800000002\ttelecom\n").unwrap();
        let beijing = NumberOrigin {
            province: "北京",
            city: "北京",
            carrier: Carrier::Mobile,
            unit: Province::parse("北京"),
        };
        assert_eq!(origin(&ranges, 8_613_800_000_001), beijing);
        assert_eq!(
            origin(&ranges, 8_613_800_000_002),
            NumberOrigin {
                carrier: Carrier::Telecom,
                ..beijing
            }
        );
        assert_eq!(origin(&ranges, 8_613_000_009_999).carrier, Carrier::Unicom);
        assert_eq!(origin(&ranges, 8_619_999_999_999).province, "上海");
        assert_eq!(origin(&ranges, 8_613_800_010_000), UNKNOWN);
        assert_eq!(origin(&ranges, 85_290_000_001), UNKNOWN);
    }
}
