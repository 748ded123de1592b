use super::latency::Percentiles;
use super::rate::{EventCount, Rate};
use crate::columns::Histogram;
use carillon_domain::tally::LATENCY_BUCKETS;
use carillon_domain::time::UnixMs;
use std::collections::VecDeque;
use std::time::Duration;

/// The time of one point.
pub const SLOT: Duration = Duration::from_secs(15);
/// Points kept: 30 minutes.
pub const CURVE_POINTS: usize = 120;

const SLOT_MS: u64 = SLOT.as_millis() as u64;
/// By so many slots the clock may step back while the slot goes on until it is reached again.
const BACK_MAX: u64 = 4;

/// The number of the slot in which a moment lies.
pub(super) fn slot_of(at: UnixMs) -> u64 {
    at.0 / SLOT_MS
}

/// What happened in one slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// The end of the slot.
    pub at: UnixMs,
    /// `None`: nobody counted.
    pub rate: Option<Rate>,
    /// At the same time of the day before.
    pub yesterday: Option<Rate>,
    /// `None`: nothing was delivered.
    pub latency: Option<Percentiles>,
}

/// The points of the last half hour, and the slot that goes on.
#[derive(Debug)]
pub(super) struct Curve {
    points: VecDeque<CurvePoint>,
    slot: Option<u64>,
    count: EventCount,
    time: Duration,
    latency: Box<Histogram>,
}

impl Default for Curve {
    fn default() -> Self {
        Curve {
            points: VecDeque::new(),
            slot: None,
            count: EventCount::default(),
            time: Duration::ZERO,
            latency: Box::new([0; LATENCY_BUCKETS]),
        }
    }
}

impl Curve {
    pub fn points(&self) -> impl Iterator<Item = &CurvePoint> {
        self.points.iter()
    }

    pub fn add_latency(&mut self, histogram: &Histogram) {
        super::latency::add(&mut self.latency, histogram);
    }

    /// Adds what was counted in the `time` until `now`.
    ///
    /// When the clock steps back a little, the slot goes on until it is reached again. When it steps back further, the next
    /// point takes the place of those that lie ahead: a clock that was wrong for a while must not stop the curve until then.
    pub fn note(
        &mut self,
        count: EventCount,
        time: Duration,
        now: UnixMs,
        yesterday: impl Fn(UnixMs) -> Option<Rate>,
    ) {
        self.count += count;
        self.time += time;
        let slot = slot_of(now);
        let current = *self.slot.get_or_insert_with(|| {
            remember(&mut self.points, slot, &yesterday);
            slot
        });
        if slot + BACK_MAX < current {
            self.slot = Some(slot);
        }
        if slot <= current {
            return;
        }
        let end = |slot: u64| UnixMs((slot + 1) * SLOT_MS);
        let rate = std::mem::take(&mut self.count).per_second(std::mem::take(&mut self.time));
        let latency = Percentiles::of(&self.latency);
        self.latency.fill(0);
        self.push(CurvePoint {
            at: end(current),
            rate,
            yesterday: yesterday(end(current)),
            latency,
        });
        // Gaps stay gaps, e.g. after the machine slept.
        let first_gap = (current + 1).max(slot.saturating_sub(CURVE_POINTS as u64));
        for gap in first_gap..slot {
            self.push(CurvePoint {
                at: end(gap),
                rate: None,
                yesterday: yesterday(end(gap)),
                latency: None,
            });
        }
        self.slot = Some(slot);
    }

    fn push(&mut self, point: CurvePoint) {
        while self.points.back().is_some_and(|last| last.at >= point.at) {
            self.points.pop_back();
        }
        self.points.push_back(point);
        if self.points.len() > CURVE_POINTS {
            self.points.pop_front();
        }
    }
}

/// Nobody counted before the first slot, but what was the day before is known.
fn remember(points: &mut VecDeque<CurvePoint>, first: u64, yesterday: impl Fn(UnixMs) -> Option<Rate>) {
    let before = first.saturating_sub(CURVE_POINTS as u64)..first;
    points.extend(before.filter_map(|slot| {
        let at = UnixMs((slot + 1) * SLOT_MS);
        Some(CurvePoint {
            at,
            rate: None,
            yesterday: Some(yesterday(at)?),
            latency: None,
        })
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(accepted: u64) -> EventCount {
        EventCount {
            accepted,
            ..EventCount::default()
        }
    }

    fn note(curve: &mut Curve, count: u64, now_ms: u64) {
        curve.note(
            accepted(count),
            Duration::from_millis(500),
            UnixMs(now_ms),
            |_| None,
        );
    }

    fn rates(curve: &Curve) -> Vec<(u64, Option<f64>)> {
        let points = curve.points();
        points
            .map(|point| (point.at.0, point.rate.map(|rate| rate.accepted)))
            .collect()
    }

    #[test]
    fn a_point_is_the_mean_of_its_slot() {
        let mut curve = Curve::default();
        for tick in 1..=60 {
            note(&mut curve, 50, tick * 500);
        }
        assert_eq!(rates(&curve), [(15_000, Some(100.0)), (30_000, Some(100.0))]);
    }

    #[test]
    fn gaps_stay_gaps_and_points_are_bounded() {
        let mut curve = Curve::default();
        note(&mut curve, 50, 1_000);
        note(&mut curve, 50, 61_000);
        assert_eq!(
            rates(&curve),
            [
                (15_000, Some(100.0)),
                (30_000, None),
                (45_000, None),
                (60_000, None)
            ]
        );
        note(&mut curve, 50, 1_000_000_000_000);
        assert_eq!(curve.points.len(), CURVE_POINTS);
        assert!(rates(&curve).is_sorted());
    }

    #[test]
    fn yesterday_is_there_from_the_beginning() {
        let begin = UnixMs(7_200_000);
        let known = |at: UnixMs| (at.0 > begin.0 - 60_000).then(Rate::default);
        let mut curve = Curve::default();
        let time = Duration::from_millis(500);
        curve.note(accepted(9), time, begin, known);
        let told: Vec<_> = curve.points().map(|point| (point.at, point.rate)).collect();
        let ends = (1..=4).map(|slot| (UnixMs(begin.0 - 60_000 + slot * SLOT_MS), None));
        assert_eq!(told, ends.collect::<Vec<_>>(), "it is known of one minute");
        curve.note(accepted(9), time, UnixMs(begin.0 + SLOT_MS), known);
        assert_eq!(rates(&curve).last(), Some(&(begin.0 + SLOT_MS, Some(18.0))));
    }

    #[test]
    fn a_clock_that_steps_back_makes_no_second_point() {
        let mut curve = Curve::default();
        note(&mut curve, 1, 20_000);
        note(&mut curve, 1, 31_000);
        note(&mut curve, 1, 2_000);
        note(&mut curve, 1, 40_000);
        assert_eq!(curve.points.len(), 1);
        note(&mut curve, 1, 45_500);
        assert_eq!(rates(&curve).last().unwrap().0, 45_000);
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_while_does_not_stop_the_curve() {
        const HOUR: u64 = 3_600_000;
        let mut curve = Curve::default();
        let times = [1_000, 16_000, 31_000, HOUR, HOUR + 16_000, 46_000, 61_000, 76_000];
        times.iter().for_each(|now| note(&mut curve, 50, *now));
        // The gap up to the wrong hour took the place of what was before.
        let known: Vec<_> = rates(&curve).into_iter().map(|(at, _)| at).collect();
        assert_eq!(known, [60_000, 75_000]);
    }
}
