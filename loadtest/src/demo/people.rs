use carillon_domain::number_range::NumberRanges;
use rand::RngExt;
use rand::rngs::SmallRng;
use std::path::{Path, PathBuf};

/// Numbers of a range.
const SUBSCRIBERS: u64 = 10_000;
/// Where the hospital stands, and the provinces around it.
const HOME: &str = "湖北";
const NEIGHBOURS: [&str; 6] = ["河南", "湖南", "江西", "安徽", "重庆", "陕西"];
/// Of a hundred people: from the hospital's own province, and from those around it.
const HOME_PERCENT: u32 = 40;
const NEIGHBOURS_PERCENT: u32 = 30;
/// Of a hundred people, by carrier.
const CARRIERS: [(&str, u32); 4] = [("mobile", 57), ("unicom", 20), ("telecom", 21), ("broadnet", 2)];

const FAMILY_NAMES: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗", "梁", "宋", "郑", "欧阳",
];

#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is no table of number ranges: {detail}")]
    Ranges { path: PathBuf, detail: String },
    #[error("{path} has no range of {carrier} for each of the three regions")]
    Empty { path: PathBuf, carrier: &'static str },
}

/// Who gets messages: people with numbers of a table of number ranges, most of them from around the hospital.
pub struct People {
    /// By carrier: prefixes of the own province, of the neighbours, of all others.
    prefixes: Vec<[Vec<u64>; 3]>,
    pub ranges: NumberRanges,
}

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// 11 digits.
    pub phone: String,
    /// How a message calls them.
    pub name: String,
}

impl People {
    /// From a table with a line `prefix,province,city,carrier` per range.
    pub fn read(path: &Path) -> Result<Self, PeopleError> {
        let text = std::fs::read_to_string(path).map_err(|source| PeopleError::Read {
            path: path.to_owned(),
            source,
        })?;
        People::of(&text, path)
    }

    /// The same from the table's text; `path` names it in errors.
    pub fn of(text: &str, path: &Path) -> Result<Self, PeopleError> {
        let ranges = NumberRanges::parse(text).map_err(|errors| PeopleError::Ranges {
            path: path.to_owned(),
            detail: errors.first().map(ToString::to_string).unwrap_or_default(),
        })?;
        let mut prefixes = Vec::new();
        for (carrier, _) in CARRIERS {
            let mut regions: [Vec<u64>; 3] = Default::default();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let mut fields = line.split(',').map(str::trim);
                let (Some(prefix), Some(province), _, Some(of)) =
                    (fields.next(), fields.next(), fields.next(), fields.next())
                else {
                    continue;
                };
                if let (true, Ok(prefix)) = (of == carrier, prefix.parse()) {
                    regions[region(province)].push(prefix);
                }
            }
            if regions.iter().any(Vec::is_empty) {
                let path = path.to_owned();
                return Err(PeopleError::Empty { path, carrier });
            }
            prefixes.push(regions);
        }
        Ok(People { prefixes, ranges })
    }

    pub fn somebody(&self, random: &mut SmallRng) -> Person {
        let mut left = random.random_range(0..100);
        let carrier = CARRIERS.iter().position(|(_, percent)| {
            let found = left < *percent;
            left = left.saturating_sub(*percent);
            found
        });
        let region = match random.random_range(0..100) {
            ..HOME_PERCENT => 0,
            percent if percent < HOME_PERCENT + NEIGHBOURS_PERCENT => 1,
            _ => 2,
        };
        let prefixes = &self.prefixes[carrier.unwrap_or_default()][region];
        let prefix = prefixes[random.random_range(0..prefixes.len())];
        let number = prefix * SUBSCRIBERS + random.random_range(0..SUBSCRIBERS);
        // A number is always the same person's.
        let family = FAMILY_NAMES[(number / 7 % FAMILY_NAMES.len() as u64) as usize];
        let title = if number.is_multiple_of(2) {
            "女士"
        } else {
            "先生"
        };
        Person {
            phone: number.to_string(),
            name: format!("{family}{title}"),
        }
    }
}

fn region(province: &str) -> usize {
    if province == HOME {
        0
    } else if NEIGHBOURS.contains(&province) {
        1
    } else {
        2
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use carillon_domain::phone::PhoneNumber;
    use rand::SeedableRng;
    use std::collections::BTreeMap;

    pub const TABLE: &str = include_str!("../../../deploy/demo-ranges.csv");

    pub fn people() -> People {
        People::of(TABLE, Path::new("demo-ranges.csv")).expect("the demo's table")
    }

    #[test]
    fn everybody_is_somewhere_and_most_are_from_around() {
        let people = people();
        let mut random = SmallRng::seed_from_u64(1);
        let mut provinces: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..20_000 {
            let person = people.somebody(&mut random);
            let origin = people
                .ranges
                .origin(PhoneNumber::parse(&person.phone).expect("a number"));
            assert!(origin.unit.is_known(), "{person:?}");
            *provinces.entry(origin.province.to_owned()).or_default() += 1;
        }
        assert_eq!(provinces.len(), 31);
        assert!((7_500..8_500).contains(&provinces[HOME]), "{provinces:?}");
    }

    #[test]
    fn a_table_without_enough_ranges_is_refused() {
        let of = |text| {
            People::of(text, Path::new("t"))
                .err()
                .map(|error| error.to_string())
        };
        assert!(of("1380000,湖北,,pigeon\n").is_some_and(|error| error.contains("line 1")));
        assert!(of("1380000,湖北,,mobile\n").is_some_and(|error| error.contains("mobile")));
    }
}
