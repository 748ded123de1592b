use super::{NumberRanges, PREFIX_FIRST, PREFIXES, Place};
use crate::catalog::Carrier;
use crate::phone::{PhoneError, PhoneNumber};
use crate::province::Province;
use compact_str::CompactString;
use hashbrown::HashMap;

/// A line that cannot be read. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LoadError {
    pub line: usize,
    pub problem: LoadProblem,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadProblem {
    #[error("expected {expected} fields, separated by tabs or commas; found {found}")]
    Fields { expected: usize, found: usize },
    #[error("the prefix is seven digits from 1300000 to 1999999")]
    Prefix,
    #[error("the prefix is named twice, with different places")]
    Contradiction,
    #[error("a name has more than {PLACE_CHARACTERS_MAX} characters")]
    PlaceTooLong,
    #[error("the carrier `{found}` is unknown; carriers are mobile, unicom, telecom, broadnet, virtual")]
    Carrier { found: CompactString },
    #[error("{0}")]
    Phone(PhoneError),
    #[error("more than {PLACES_MAX} different places")]
    TooManyPlaces,
    #[error("further lines were not read, there are too many errors")]
    GivenUp,
}

/// Errors collected before reading stops.
const ERRORS_MAX: usize = 100;
const PLACE_CHARACTERS_MAX: usize = 32;
/// What the index can tell apart; China has about 340 cities.
const PLACES_MAX: usize = u16::MAX as usize;

impl NumberRanges {
    /// A table with a line `prefix,province,city,carrier` per range, separated by tabs or commas. Empty lines and lines that
    /// start with `#` are skipped. All errors are collected, up to a limit.
    pub fn parse(text: &str) -> Result<NumberRanges, Vec<LoadError>> {
        let mut ranges = NumberRanges {
            index: vec![0; PREFIXES].into_boxed_slice(),
            ..NumberRanges::default()
        };
        let mut known = HashMap::new();
        for_each_line(text, |[prefix, province, city, carrier]| {
            let place = Place {
                province: name(province)?,
                city: name(city)?,
                carrier: parse_carrier(carrier)?,
                unit: Province::parse(province),
            };
            let next = ranges.places.len();
            let number = *known.entry(place).or_insert_with_key(|place: &Place| {
                ranges.places.push(place.clone());
                next
            });
            let number = u16::try_from(number).map_err(|_| LoadProblem::TooManyPlaces)?;
            let slot = prefix_index(prefix)
                .and_then(|index| ranges.index.get_mut(index))
                .ok_or(LoadProblem::Prefix)?;
            if *slot != 0 && *slot != number {
                return Err(LoadProblem::Contradiction);
            }
            *slot = number;
            Ok(())
        })?;
        Ok(ranges)
    }

    /// Adds ported numbers, a line `number,carrier` each. They go before the ranges; the last line for a number counts.
    pub fn load_ported(&mut self, text: &str) -> Result<(), Vec<LoadError>> {
        let mut ported = HashMap::new();
        for_each_line(text, |[number, carrier]| {
            let phone = PhoneNumber::parse(number).map_err(LoadProblem::Phone)?;
            ported.insert(phone, parse_carrier(carrier)?);
            Ok(())
        })?;
        self.ported.extend(ported);
        Ok(())
    }
}

fn for_each_line<'a, const FIELDS: usize>(
    text: &'a str,
    mut take: impl FnMut([&'a str; FIELDS]) -> Result<(), LoadProblem>,
) -> Result<(), Vec<LoadError>> {
    let mut errors = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let Err(problem) = fields(line).and_then(&mut take) else {
            continue;
        };
        errors.push(LoadError {
            line: index + 1,
            problem,
        });
        if errors.len() == ERRORS_MAX {
            errors.push(LoadError {
                line: index + 2,
                problem: LoadProblem::GivenUp,
            });
            break;
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn fields<const FIELDS: usize>(line: &str) -> Result<[&str; FIELDS], LoadProblem> {
    let mut fields = [""; FIELDS];
    let mut found = 0;
    for field in line.split(['\t', ',']) {
        if let Some(place) = fields.get_mut(found) {
            *place = field.trim();
        }
        found += 1;
    }
    if found == FIELDS {
        Ok(fields)
    } else {
        Err(LoadProblem::Fields {
            expected: FIELDS,
            found,
        })
    }
}

fn prefix_index(prefix: &str) -> Option<usize> {
    if prefix.len() != 7 || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = prefix.parse().ok()?;
    number.checked_sub(PREFIX_FIRST).map(|index| index as usize)
}

fn name(text: &str) -> Result<CompactString, LoadProblem> {
    if text.chars().nth(PLACE_CHARACTERS_MAX).is_some() {
        return Err(LoadProblem::PlaceTooLong);
    }
    Ok(text.into())
}

fn parse_carrier(text: &str) -> Result<Carrier, LoadProblem> {
    Ok(match text {
        "mobile" | "移动" => Carrier::Mobile,
        "unicom" | "联通" => Carrier::Unicom,
        "telecom" | "电信" => Carrier::Telecom,
        "broadnet" | "广电" => Carrier::Broadnet,
        "virtual" => Carrier::Virtual,
        // 移动虚拟运营商, 联通虚拟运营商 …
        chinese if chinese.contains("虚拟") => Carrier::Virtual,
        "" | "unknown" => Carrier::Unknown,
        _ => {
            let found = text.chars().take(PLACE_CHARACTERS_MAX).collect();
            return Err(LoadProblem::Carrier { found });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_errors_are_told_by_line() {
        let text = "1380000,a,b\n\n138000,a,b,mobile\n1380000,a,b,mobile\n1380000,a,b,unicom\n1299999,a,b,mobile\n\
            2000000,a,b,mobile\n1380001,a,b,pigeon\n1380000,a,b,移动\n138000x,a,b,mobile\n";
        let errors = NumberRanges::parse(text).unwrap_err();
        let expected = [
            (
                1,
                LoadProblem::Fields {
                    expected: 4,
                    found: 3,
                },
            ),
            (3, LoadProblem::Prefix),
            (5, LoadProblem::Contradiction),
            (6, LoadProblem::Prefix),
            (7, LoadProblem::Prefix),
            (
                8,
                LoadProblem::Carrier {
                    found: "pigeon".into(),
                },
            ),
            (10, LoadProblem::Prefix),
        ];
        assert_eq!(
            errors,
            expected.map(|(line, problem)| LoadError { line, problem })
        );
    }

    #[test]
    fn hostile_tables_are_bounded() {
        let errors = NumberRanges::parse(&"x\n".repeat(10_000)).unwrap_err();
        assert_eq!(errors.len(), ERRORS_MAX + 1);
        assert_eq!(errors.last().unwrap().problem, LoadProblem::GivenUp);
        let long = format!("1380000,{},b,mobile", "长".repeat(33));
        assert_eq!(
            NumberRanges::parse(&long).unwrap_err()[0].problem,
            LoadProblem::PlaceTooLong
        );
    }

    #[test]
    fn places_are_bounded() {
        let places = |count: usize| -> String {
            (0..count)
                .map(|place| format!("{},p,c{place},mobile\n", 1_300_000 + place))
                .collect()
        };
        assert!(NumberRanges::parse(&places(PLACES_MAX)).is_ok());
        let errors = NumberRanges::parse(&places(PLACES_MAX + 1)).unwrap_err();
        assert_eq!(
            errors,
            [LoadError {
                line: PLACES_MAX + 1,
                problem: LoadProblem::TooManyPlaces
            }]
        );
    }

    #[test]
    fn a_failed_load_of_ported_numbers_changes_nothing() {
        let mut ranges = NumberRanges::default();
        let errors = ranges
            .load_ported("13800000001,mobile\n1380000,mobile\n")
            .unwrap_err();
        let problem = LoadProblem::Phone(PhoneError::TooShort { digits: 7 });
        assert_eq!(errors, [LoadError { line: 2, problem }]);
        let phone = PhoneNumber::parse("13800000001").unwrap();
        assert_eq!(ranges.origin(phone).carrier, Carrier::Unknown);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "[0-9a-z,\t\n#]{0,80}") {
            let _ = NumberRanges::parse(&text);
            let _ = NumberRanges::default().load_ported(&text);
        }
    }
}
