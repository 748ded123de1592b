//! How much of what was sent today has arrived, by channel kind.

use carillon_api::live::TotalsPanel;
use carillon_kit::{chart::Scale, format::per_cent, text::word};

use super::KIND_ROWS_MAX;

/// Per cent that a kind should reach.
const TARGET: f64 = 95.0;

/// The panel's axis and its rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveryView {
    /// An outcome is known.
    pub is_known: bool,
    /// Where the axis begins, in per cent; it ends at 100.
    pub low: u32,
    /// Place of the target on the axis, 0 to 1.
    pub target: f64,
    pub rows: Vec<DotRow>,
}

/// A kind's row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DotRow {
    pub name: String,
    /// Place on the axis, 0 to 1; `None` without an outcome.
    pub at: Option<f64>,
    pub rate: String,
    pub is_below: bool,
}

/// What the panel says, kinds with most messages first.
pub fn delivery(panel: &TotalsPanel) -> DeliveryView {
    let mut kinds: Vec<_> = panel.kinds.iter().collect();
    kinds.sort_by(|a, b| b.accepted.cmp(&a.accepted).then_with(|| a.kind.cmp(&b.kind)));
    kinds.truncate(KIND_ROWS_MAX);
    let least = kinds
        .iter()
        .filter_map(|kind| kind.delivery_rate)
        .fold(100.0, f64::min);
    let low = [90, 50]
        .into_iter()
        .find(|low| least >= f64::from(*low))
        .unwrap_or(0);
    let scale = Scale::new(f64::from(low), 100.0, 1.0);
    let rows = kinds.into_iter().map(|kind| DotRow {
        name: word("kind", &kind.kind),
        at: kind.delivery_rate.map(|rate| scale.at(rate)),
        rate: kind
            .delivery_rate
            .map_or("—".to_owned(), |rate| per_cent(rate) + "%"),
        is_below: kind.delivery_rate.is_some_and(|rate| rate < TARGET),
    });
    DeliveryView {
        is_known: panel.delivery_rate.is_some(),
        low,
        target: scale.at(TARGET),
        rows: rows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use carillon_api::live::KindRow;

    use super::*;
    use crate::texts;

    fn kinds(rates: &[Option<f64>]) -> TotalsPanel {
        let kind = |rate: &Option<f64>| KindRow {
            kind: "sms".into(),
            delivery_rate: *rate,
            ..KindRow::default()
        };
        TotalsPanel {
            kinds: rates.iter().map(kind).collect(),
            ..TotalsPanel::default()
        }
    }

    #[test]
    fn rates_under_target_are_marked_by_shape() {
        texts::load_chinese();
        let view = delivery(&kinds(&[Some(98.5), Some(94.8), None]));
        assert_eq!((view.low, view.target), (90, 0.5));
        let said: Vec<_> = view
            .rows
            .iter()
            .map(|row| (row.rate.as_str(), row.is_below, row.at.is_some()))
            .collect();
        assert_eq!(
            said,
            [("98.5%", false, true), ("94.8%", true, true), ("—", false, false)]
        );
    }

    #[test]
    fn the_axis_reaches_down_to_the_worst() {
        for (least, low) in [(90.0, 90), (89.9, 50), (50.0, 50), (3.0, 0), (0.0, 0)] {
            assert_eq!(delivery(&kinds(&[Some(99.0), Some(least)])).low, low);
        }
        assert_eq!(delivery(&TotalsPanel::default()).low, 90);
    }
}
