//! A curve of figures over time. A gap stays a gap.

use std::fmt::Write as _;

use super::Scale;

/// A curve as an SVG path, and where its newest point is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Empty when there are no points.
    pub path: String,
    /// `None` when the newest figure is missing.
    pub end: Option<(f64, f64)>,
}

impl Curve {
    /// Points are spread over `width`, the newest at the right; `slots` is how many fill it. `y` runs downwards.
    pub fn draw(
        points: impl ExactSizeIterator<Item = Option<f64>>,
        slots: usize,
        width: f64,
        y: impl Fn(f64) -> f64,
    ) -> Self {
        let count = points.len();
        let step = width / (slots.max(2) - 1) as f64;
        let mut curve = Self::default();
        let mut pen_is_down = false;
        for (index, point) in points.enumerate() {
            curve.end = point.map(|value| (width - (count - 1 - index) as f64 * step, y(value)));
            if let Some((x, y)) = curve.end {
                let command = if pen_is_down { 'L' } else { 'M' };
                // Writing to a string cannot fail. A point between gaps becomes a dot by its round cap.
                let _ = write!(curve.path, "{command}{x:.1} {y:.1}");
                if !pen_is_down {
                    let _ = write!(curve.path, "h0");
                }
            }
            pen_is_down = point.is_some();
        }
        curve
    }
}

/// The area below a curve down to `floor`, one piece between two gaps.
pub fn area(
    points: impl ExactSizeIterator<Item = Option<f64>>,
    slots: usize,
    width: f64,
    floor: f64,
    scale: Scale,
) -> String {
    let count = points.len();
    let step = width / (slots.max(2) - 1) as f64;
    let mut path = String::new();
    let mut last_x = None;
    for (index, point) in points.enumerate() {
        let x = width - (count - 1 - index) as f64 * step;
        match (point, last_x) {
            (Some(value), None) => {
                let _ = write!(path, "M{x:.1} {floor:.1}L{x:.1} {:.1}", floor - scale.at(value));
            }
            (Some(value), Some(_)) => {
                let _ = write!(path, "L{x:.1} {:.1}", floor - scale.at(value));
            }
            (None, Some(end)) => {
                let _ = write!(path, "L{end:.1} {floor:.1}Z");
            }
            (None, None) => {}
        }
        last_x = point.map(|_| x);
    }
    if let Some(end) = last_x {
        let _ = write!(path, "L{end:.1} {floor:.1}Z");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(points: &[Option<f64>]) -> Curve {
        Curve::draw(points.iter().copied(), 5, 40.0, |value| 10.0 - value)
    }

    #[test]
    fn the_newest_point_is_at_the_right() {
        let curve = draw(&[Some(1.0), Some(2.0)]);
        assert_eq!(curve.path, "M30.0 9.0h0L40.0 8.0");
        assert_eq!(curve.end, Some((40.0, 8.0)));
    }

    #[test]
    fn a_gap_stays_a_gap() {
        let curve = draw(&[Some(1.0), None, Some(3.0), None]);
        assert_eq!(curve.path, "M10.0 9.0h0M30.0 7.0h0");
        assert_eq!(curve.end, None, "no disc where the newest figure is missing");
        assert_eq!(draw(&[]), Curve::default());
    }

    #[test]
    fn areas_end_at_gaps() {
        let scale = Scale::new(0.0, 10.0, 10.0);
        let points = [Some(5.0), Some(10.0), None, Some(2.0)];
        let path = area(points.into_iter(), 4, 30.0, 10.0, scale);
        assert_eq!(
            path,
            "M0.0 10.0L0.0 5.0L10.0 0.0L10.0 10.0ZM30.0 10.0L30.0 8.0L30.0 10.0Z"
        );
    }
}
