//! From submission to receipt: three percentiles over half an hour on a logarithmic axis.

use carillon_api::live::{LatencyPanel, LatencyPoint, POINTS_MAX};
use carillon_kit::{
    chart::{Curve, LogScale, spread},
    format::seconds,
};

/// Labels closer than this would touch.
const LABEL_GAP: f64 = 30.0;

/// Marks that an axis may have, in seconds: a millisecond to a day.
const MARKS: [f64; 17] = [
    0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4, 3e4, 1e5,
];

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

type Percentile = fn(&LatencyPoint) -> Option<u64>;

/// The drawing, `width` by `height`.
pub fn latency(panel: &LatencyPanel, width: f64, height: f64) -> LatencyView {
    let percentiles: [(&'static str, Percentile); 3] = [
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
    let seconds_of = |point: &LatencyPoint, of: Percentile| of(point).map(|ms| ms as f64 / 1e3);
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

/// From a mark below what there is to see to one above it, where marks are 1 and 3 of each power of ten.
fn range(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min).max(0.001);
    if !least.is_finite() {
        return (1.0, 10.0);
    }
    let greatest = values.iter().copied().fold(least, f64::max);
    let low = MARKS
        .iter()
        .rev()
        .copied()
        .find(|mark| *mark <= least)
        .unwrap_or(MARKS[0]);
    let above = MARKS
        .iter()
        .copied()
        .find(|mark| *mark >= greatest && *mark > low);
    (low, above.unwrap_or(MARKS[MARKS.len() - 1]))
}

/// All marks where there are few; otherwise powers of ten, or every second one.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let within = |mark: &f64| (low..=high).contains(mark);
    let all: Vec<f64> = MARKS.iter().copied().filter(within).collect();
    let tens: Vec<f64> = MARKS.iter().copied().step_by(2).filter(within).collect();
    match all.len() {
        ..=4 => all,
        _ if tens.len() <= 4 => tens,
        _ => tens.into_iter().step_by(2).collect(),
    }
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
        for (now, marks) in [
            (point(4, 60, 700_000), vec!["0.01", "1", "100"]),
            (point(20, 60, 290), vec!["0.01", "0.03", "0.1", "0.3"]),
            (point(950, 2_400, 4_200), vec!["0.3", "1", "3", "10"]),
            (point(180, 640, 42_000), vec!["0.1", "1", "10", "100"]),
        ] {
            let panel = LatencyPanel {
                now,
                points: Vec::new(),
            };
            assert_eq!(texts(&latency(&panel, 100.0, 90.0)), marks);
        }
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
