//! Where today's messages went.

use std::collections::HashMap;

use carillon_api::live::{KindRow, ProvinceRow, ProvincesPanel};
use carillon_domain::province::Province;
use carillon_kit::{
    chart::{level, tiles},
    format::{count, per_cent},
    text::{fill, t},
};

/// Rows of the table that name a unit; below them the rest and the unknown.
const NAMED: usize = 6;

/// Map and table; the table's messages add up to all of today.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapView {
    pub tiles: Vec<PlaceTile>,
    pub rows: Vec<PlaceRow>,
}

/// A tile of the map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceTile {
    pub character: &'static str,
    pub column: u8,
    pub row: u8,
    /// 1 (nothing) to 5.
    pub level: u8,
}

/// A row of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaceRow {
    pub name: String,
    pub accepted: String,
    pub delivery: String,
    /// The rest and the unknown, which are no places.
    pub is_sum: bool,
}

/// Map and table of today.
pub fn map(panel: &ProvincesPanel, kinds: &[KindRow]) -> MapView {
    let is_known = |row: &&ProvinceRow| Province::parse(&row.province).is_known();
    let mut known: Vec<&ProvinceRow> = panel.provinces.iter().filter(is_known).collect();
    known.sort_by(|a, b| {
        b.accepted
            .cmp(&a.accepted)
            .then_with(|| a.province.cmp(&b.province))
    });
    let accepted: HashMap<Province, u64> = known
        .iter()
        .map(|row| (Province::parse(&row.province), row.accepted))
        .collect();
    let greatest = accepted.values().copied().max().unwrap_or(0);
    let tile = |tile: carillon_kit::chart::MapTile| PlaceTile {
        character: tile.province.character(),
        column: tile.column,
        row: tile.row,
        level: level(accepted.get(&tile.province).copied().unwrap_or(0), greatest),
    };
    let (named, rest) = known.split_at(known.len().min(NAMED));
    let mut rows: Vec<_> = named
        .iter()
        .map(|row| line(row.province.clone(), &[row], false))
        .collect();
    let units = Province::all().count() - named.len();
    rows.push(line(fill("map.rest", &[("n", &units)]), rest, true));
    let unknown: Vec<_> = panel.provinces.iter().filter(|row| !is_known(row)).collect();
    let has_mail = kinds.iter().any(|kind| kind.kind == "mail" && kind.accepted > 0);
    let name = t(if has_mail {
        "map.unknown_and_mail"
    } else {
        "map.unknown"
    });
    rows.push(line(name.to_owned(), &unknown, true));
    MapView {
        tiles: tiles().into_iter().map(tile).collect(),
        rows,
    }
}

fn line(name: String, of: &[&ProvinceRow], is_sum: bool) -> PlaceRow {
    let sum = |figure: fn(&ProvinceRow) -> u64| of.iter().map(|row| figure(row)).sum::<u64>();
    let delivered = sum(|row| row.segments_delivered);
    let decided = delivered + sum(|row| row.segments_failed);
    let delivery = if decided == 0 {
        "—".to_owned()
    } else {
        per_cent(delivered as f64 * 100.0 / decided as f64) + "%"
    };
    PlaceRow {
        name,
        accepted: count(sum(|row| row.accepted)),
        delivery,
        is_sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts;

    fn row(province: &str, accepted: u64) -> ProvinceRow {
        ProvinceRow {
            province: province.to_owned(),
            accepted,
            segments_delivered: accepted * 9 / 10,
            segments_failed: accepted / 10,
            delivery_rate: None,
        }
    }

    #[test]
    fn rest_and_unknown_make_the_sum_hold() {
        texts::load_chinese();
        let provinces: Vec<_> = Province::all()
            .map(|unit| row(unit.name(), 10 * u64::from(u8::from(unit))))
            .collect();
        let sum: u64 = provinces.iter().map(|row| row.accepted).sum();
        let panel = ProvincesPanel {
            provinces: [provinces, vec![row("", 70)]].concat(),
        };
        let view = map(&panel, &[]);
        assert_eq!(view.rows.len(), NAMED + 2);
        let shown: u64 = view
            .rows
            .iter()
            .map(|row| row.accepted.replace(',', "").parse::<u64>().unwrap())
            .sum();
        assert_eq!(shown, sum + 70);
        assert_eq!(view.rows[0].name, "台湾");
        let (rest, unknown) = (&view.rows[NAMED], &view.rows[NAMED + 1]);
        assert_eq!(
            (rest.name.as_str(), rest.delivery.as_str(), rest.is_sum),
            ("其余 28 地", "90.0%", true)
        );
        assert_eq!(
            (unknown.name.as_str(), unknown.accepted.as_str()),
            ("未知号段", "70")
        );
    }

    #[test]
    fn nothing_is_no_rate_and_mail_is_named() {
        texts::load_chinese();
        let mail = KindRow {
            kind: "mail".into(),
            accepted: 1,
            ..KindRow::default()
        };
        let view = map(&ProvincesPanel::default(), &[mail]);
        assert_eq!(view.tiles.len(), 34);
        assert!(view.tiles.iter().all(|tile| tile.level == 1));
        let said: Vec<_> = view
            .rows
            .iter()
            .map(|row| (row.name.as_str(), row.delivery.as_str()))
            .collect();
        assert_eq!(said, [("其余 34 地", "—"), ("未知与邮件", "—")]);
    }
}
