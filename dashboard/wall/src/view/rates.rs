//! Events a second with the last half hour, and yesterday as a ghost.

use carillon_api::live::{POINTS_MAX, RatePoint, Rates, RatesPanel};
use carillon_kit::{
    chart::{Curve, Scale, area, round_top},
    format::{rate, signed_per_cent},
};

/// One of the three rates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateRow {
    pub figure: String,
    /// What it was at this minute yesterday.
    pub yesterday: Option<String>,
    pub change: Option<String>,
    pub line: Curve,
    pub area: String,
    pub ghost: String,
}

/// Accepted, submitted and receipts, drawn `width` by `height`.
pub fn rates(panel: &RatesPanel, width: f64, height: f64) -> [RateRow; 3] {
    let rates: [fn(&Rates) -> f64; 3] = [
        |rates| rates.accepted,
        |rates| rates.submitted,
        |rates| rates.receipts,
    ];
    rates.map(|of| row(panel, of, width, height))
}

fn row(panel: &RatesPanel, of: fn(&Rates) -> f64, width: f64, height: f64) -> RateRow {
    let now = |point: &RatePoint| point.now.as_ref().map(of);
    let before = |point: &RatePoint| point.yesterday.as_ref().map(of);
    let greatest = panel
        .points
        .iter()
        .flat_map(|point| [now(point), before(point)])
        .flatten()
        .fold(0.0, f64::max);
    let scale = Scale::new(0.0, round_top(greatest), height);
    let y = |value| height - scale.at(value);
    let figure = of(&panel.now);
    let yesterday = panel.yesterday.as_ref().map(of);
    RateRow {
        figure: rate(figure),
        yesterday: yesterday.map(rate),
        change: yesterday.and_then(|before| signed_per_cent(figure, before)),
        line: Curve::draw(panel.points.iter().map(now), POINTS_MAX, width, y),
        area: area(panel.points.iter().map(now), POINTS_MAX, width, height, scale),
        ghost: Curve::draw(panel.points.iter().map(before), POINTS_MAX, width, y).path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rate_has_its_figures_and_starts_at_zero() {
        let rates_of = |accepted| Rates {
            accepted,
            submitted: 1.0,
            receipts: 0.0,
        };
        let point = |now, yesterday| RatePoint {
            at_ms: 1,
            now,
            yesterday,
        };
        let panel = RatesPanel {
            now: rates_of(342.0),
            yesterday: Some(rates_of(318.0)),
            points: vec![
                point(Some(rates_of(0.0)), None),
                point(Some(rates_of(500.0)), Some(rates_of(900.0))),
            ],
        };
        let [accepted, submitted, receipts] = rates(&panel, 119.0, 100.0);
        assert_eq!(
            (accepted.figure.as_str(), accepted.change.as_deref()),
            ("342", Some("+8%"))
        );
        assert_eq!(accepted.yesterday.as_deref(), Some("318"));
        assert_eq!(accepted.line.path, "M118.0 100.0h0L119.0 50.0");
        assert_eq!(
            accepted.ghost, "M119.0 10.0h0",
            "both share one scale, and a gap stays a gap"
        );
        assert_eq!(submitted.figure, "1.0");
        assert_eq!(
            (receipts.figure.as_str(), receipts.change),
            ("0", None),
            "nothing grows from nothing"
        );
    }

    #[test]
    fn without_yesterday_there_is_no_ghost() {
        let [accepted, ..] = rates(&RatesPanel::default(), 100.0, 50.0);
        assert_eq!(
            accepted,
            RateRow {
                figure: "0".into(),
                ..RateRow::default()
            }
        );
    }
}
