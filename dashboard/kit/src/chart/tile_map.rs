//! The 34 province-level units as tiles, roughly where they lie. An outline of the country would need a public map's
//! approval number; tiles show every unit and claim no border.

use carillon_domain::province::Province;

/// Width of the grid in tiles.
pub const COLUMNS: u8 = 9;
/// Height of the grid in tiles.
pub const ROWS: u8 = 8;

/// A unit's place on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapTile {
    pub province: Province,
    pub column: u8,
    pub row: u8,
}

const LINES: [&str; ROWS as usize] = [
    "........黑",
    ".....蒙..吉",
    "新.甘宁晋冀京津辽",
    ".青.陕豫鲁...",
    "藏.川渝鄂皖苏沪.",
    "..云贵湘赣浙..",
    "...桂粤闽.台.",
    "...琼澳港...",
];

/// All units with their places.
pub fn tiles() -> Vec<MapTile> {
    let by_character = |wanted: char| Province::all().find(|unit| unit.character().starts_with(wanted));
    let mut tiles = Vec::with_capacity(34);
    for (row, line) in (0..).zip(LINES) {
        for (column, character) in (0..).zip(line.chars()) {
            tiles.extend(by_character(character).map(|province| MapTile {
                province,
                column,
                row,
            }));
        }
    }
    tiles
}

/// How dark a tile is, from 1 (nothing) to 5 (half of the greatest or more), by powers of eight: shares of a country's
/// messages differ by orders of magnitude.
pub fn level(count: u64, greatest: u64) -> u8 {
    let times = |factor: u64| count.saturating_mul(factor) >= greatest;
    match count {
        0 => 1,
        _ if times(2) => 5,
        _ if times(16) => 4,
        _ if times(128) => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_unit_has_a_tile_of_its_own() {
        let tiles = tiles();
        assert_eq!(tiles.len(), 34);
        assert_eq!(
            tiles
                .iter()
                .map(|tile| tile.province)
                .collect::<HashSet<_>>()
                .len(),
            34
        );
        assert!(tiles.iter().all(|tile| tile.column < COLUMNS && tile.row < ROWS));
    }

    #[test]
    fn levels_follow_orders_of_magnitude() {
        for (count, expected) in [
            (0, 1),
            (1, 2),
            (78, 2),
            (79, 3),
            (625, 4),
            (5_000, 5),
            (10_000, 5),
        ] {
            assert_eq!(level(count, 10_000), expected, "{count}");
        }
        assert_eq!(level(u64::MAX, u64::MAX), 5);
        assert_eq!(level(0, 0), 1);
    }
}
