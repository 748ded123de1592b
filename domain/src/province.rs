//! The 34 province-level units, by which figures are counted and drawn on a map.

use serde::{Deserialize, Serialize};

/// A province, municipality, autonomous region or special administrative region; or none that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", from = "u8")]
pub struct Province(u8);

/// Name without the words for its rank, and the one character by which it is called. In the order of GB/T 2260.
const UNITS: [(&str, &str); 34] = [
    ("北京", "京"),
    ("天津", "津"),
    ("河北", "冀"),
    ("山西", "晋"),
    ("内蒙古", "蒙"),
    ("辽宁", "辽"),
    ("吉林", "吉"),
    ("黑龙江", "黑"),
    ("上海", "沪"),
    ("江苏", "苏"),
    ("浙江", "浙"),
    ("安徽", "皖"),
    ("福建", "闽"),
    ("江西", "赣"),
    ("山东", "鲁"),
    ("河南", "豫"),
    ("湖北", "鄂"),
    ("湖南", "湘"),
    ("广东", "粤"),
    ("广西", "桂"),
    ("海南", "琼"),
    ("重庆", "渝"),
    ("四川", "川"),
    ("贵州", "贵"),
    ("云南", "云"),
    ("西藏", "藏"),
    ("陕西", "陕"),
    ("甘肃", "甘"),
    ("青海", "青"),
    ("宁夏", "宁"),
    ("新疆", "新"),
    ("香港", "港"),
    ("澳门", "澳"),
    ("台湾", "台"),
];

impl Province {
    pub const UNKNOWN: Province = Province(0);

    /// The unit a table of number ranges names, in its short form or with its rank (`广东`, `广东省`, `广西壮族自治区`).
    pub fn parse(name: &str) -> Province {
        let unit = UNITS.iter().position(|(unit, _)| name.starts_with(unit));
        unit.map_or(Province::UNKNOWN, |index| Province(index as u8 + 1))
    }

    /// All units, in the order of GB/T 2260; the unknown is not among them.
    pub fn all() -> impl Iterator<Item = Province> {
        (1..=UNITS.len() as u8).map(Province)
    }

    pub fn is_known(self) -> bool {
        self != Province::UNKNOWN
    }

    /// e.g. `广东`; empty when unknown.
    pub fn name(self) -> &'static str {
        self.unit().0
    }

    /// e.g. `粤`; empty when unknown.
    pub fn character(self) -> &'static str {
        self.unit().1
    }

    fn unit(self) -> (&'static str, &'static str) {
        let index = usize::from(self.0).checked_sub(1);
        index
            .and_then(|index| UNITS.get(index))
            .copied()
            .unwrap_or_default()
    }
}

impl From<Province> for u8 {
    fn from(province: Province) -> u8 {
        province.0
    }
}

impl From<u8> for Province {
    /// Numbers that stand for no unit are the unknown.
    fn from(number: u8) -> Province {
        if usize::from(number) <= UNITS.len() {
            Province(number)
        } else {
            Province::UNKNOWN
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_found_by_its_names_and_number() {
        assert_eq!(Province::all().count(), 34);
        for province in Province::all() {
            assert_eq!(Province::parse(province.name()), province);
            assert_eq!(Province::parse(&format!("{}省", province.name())), province);
            assert_eq!(Province::from(u8::from(province)), province);
            assert_eq!(province.character().chars().count(), 1);
        }
        assert_eq!(Province::parse("广西壮族自治区").character(), "桂");
    }

    #[test]
    fn what_is_no_unit_is_unknown() {
        for name in ["", "粤", "Bavaria", "省广东"] {
            assert_eq!(Province::parse(name), Province::UNKNOWN, "{name}");
        }
        assert_eq!(Province::from(35), Province::UNKNOWN);
        assert!(!Province::from(255).is_known());
    }
}
