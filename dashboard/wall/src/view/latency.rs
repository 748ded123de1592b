//! From submission to receipt: three percentiles over half an hour on a logarithmic axis.

use carillon_api::live::{LatencyPanel, LatencyPoint, POINTS_MAX};
use carillon_kit::{
    chart::{Curve, LogScale, spread},
    format::seconds,
};

/// Labels closer than this would touch.
const LABEL_GAP: f64 = 30.0;

/// Axis and lines, in units of the drawing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LatencyView {
    pub ticks: Vec<Tick>,
    /// The slowest first.
    pub lines: Vec<LatencyLine>,
}

/// A mark of the axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tick {
    pub y: f64,
    /// In seconds.
    pub text: String,
}

/// A percentile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LatencyLine {
    pub name: &'static str,
    pub curve: Curve,
    /// Of the last five minutes, in seconds.
    pub figure: String,
    pub label_y: f64,
}

/// The drawing, `width` by `height`.
pub fn latency(panel: &LatencyPanel, width: f64, height: f64) -> LatencyView {
    let percentiles: [(&'static str, fn(&LatencyPoint) -> Option<u64>); 3] = [
        ("p99", |point| point.p99_ms),
        ("p95", |point| point.p95_ms),
        ("p50", |point| point.p50_ms),
    ];
    let values: Vec<f64> = panel
        .points
        .iter()
        .chain([&panel.now])
        .flat_map(|point| percentiles.map(|(_, of)| of(point)))
        .flatten()
        .map(|ms| ms as f64 / 1e3)
        .collect();
    let (low, high) = range(&values);
    let scale = LogScale::new(low, high, height);
    let y = |value| height - scale.at(value);
    let seconds_of =
        |point: &LatencyPoint, of: fn(&LatencyPoint) -> Option<u64>| of(point).map(|ms| ms as f64 / 1e3);
    let wanted = percentiles.map(|(_, of)| seconds_of(&panel.now, of).map_or(height, y));
    let labels = spread(&wanted, LABEL_GAP, height);
    let lines = percentiles
        .into_iter()
        .zip(labels)
        .map(|((name, of), label_y)| LatencyLine {
            name,
            curve: Curve::draw(
                panel.points.iter().map(|point| seconds_of(point, of)),
                POINTS_MAX,
                width,
                y,
            ),
            figure: of(&panel.now).map_or("—".to_owned(), seconds),
            label_y,
        });
    LatencyView {
        lines: lines.collect(),
        ticks: ticks(low, high)
            .into_iter()
            .map(|at| Tick {
                y: y(at),
                text: text(at),
            })
            .collect(),
    }
}

/// The decades around what there is to see, at least one.
fn range(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min).max(0.001);
    let greatest = values.iter().copied().fold(0.0, f64::max);
    if !least.is_finite() {
        return (1.0, 10.0);
    }
    let low = 10f64.powf(least.log10().floor());
    let high = 10f64.powf(greatest.max(least).log10().ceil());
    (low, if high > low { high } else { low * 10.0 })
}

/// Powers of ten; threes between them where there is one decade, every second power where there are many.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let decades = (high / low).log10().round() as i32;
    let step = if decades > 4 { 2 } else { 1 };
    let mut ticks: Vec<_> = (0..=decades)
        .step_by(step)
        .map(|power| low * 10f64.powi(power))
        .collect();
    if decades == 1 {
        ticks.insert(1, low * 3.0);
    }
    ticks
}

fn text(value: f64) -> String {
    if value >= 0.95 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}").trim_end_matches('0').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(p50_ms: u64, p95_ms: u64, p99_ms: u64) -> LatencyPoint {
        LatencyPoint {
            at_ms: 1,
            p50_ms: Some(p50_ms),
            p95_ms: Some(p95_ms),
            p99_ms: Some(p99_ms),
        }
    }

    fn texts(view: &LatencyView) -> Vec<&str> {
        view.ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn one_decade_has_three_marks() {
        let panel = LatencyPanel {
            now: point(1_100, 2_400, 4_200),
            points: vec![point(1_000, 2_000, 9_000)],
        };
        let view = latency(&panel, 119.0, 90.0);
        assert_eq!(texts(&view), ["1", "3", "10"]);
        assert_eq!((view.ticks[0].y, view.ticks[2].y), (90.0, 0.0));
        let figures: Vec<_> = view
            .lines
            .iter()
            .map(|line| (line.name, line.figure.as_str()))
            .collect();
        assert_eq!(figures, [("p99", "4.2"), ("p95", "2.4"), ("p50", "1.1")]);
        assert!(
            view.lines
                .windows(2)
                .all(|pair| pair[1].label_y - pair[0].label_y >= LABEL_GAP)
        );
    }

    #[test]
    fn the_axis_follows_what_there_is() {
        let panel = LatencyPanel {
            now: point(4, 60, 700_000),
            points: Vec::new(),
        };
        assert_eq!(
            texts(&latency(&panel, 100.0, 90.0)),
            ["0.001", "0.1", "10", "1000"]
        );
        let panel = LatencyPanel {
            now: point(20, 60, 300),
            points: Vec::new(),
        };
        assert_eq!(texts(&latency(&panel, 100.0, 90.0)), ["0.01", "0.1", "1"]);
    }

    #[test]
    fn without_deliveries_there_are_no_lines() {
        let view = latency(&LatencyPanel::default(), 100.0, 90.0);
        assert_eq!(texts(&view), ["1", "3", "10"]);
        assert!(
            view.lines
                .iter()
                .all(|line| line.curve == Curve::default() && line.figure == "—")
        );
        let zero = LatencyPanel {
            now: point(0, 0, 0),
            points: Vec::new(),
        };
        assert!(
            latency(&zero, 100.0, 90.0)
                .ticks
                .iter()
                .all(|tick| tick.y.is_finite())
        );
    }
}
