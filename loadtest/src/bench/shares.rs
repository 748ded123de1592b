//! Who got how much of the carriers, from the moments at which segments arrived there (FAIR-1).

use serde::Serialize;
use std::ops::Range;

/// Who wants what: an organisation's messages while all of them have more than they get.
#[derive(Clone, Debug)]
pub struct Claimant {
    pub name: String,
    pub weight: u16,
    /// Places of its messages among the arrivals.
    pub messages: Range<usize>,
}

/// What an organisation got, as a part of its weighted share: 1 is exactly that.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    pub name: String,
    pub weight: u16,
    /// Over the whole contest.
    pub mean: f64,
    /// In the worst window, of which one begins every second.
    pub least: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Contest {
    /// How long all of them had something waiting.
    pub seconds: u64,
    pub segments: u64,
    /// Of all organisations; `None` when the contest was shorter than a window.
    pub least: Option<f64>,
    pub shares: Vec<Share>,
}

const SECOND_US: u64 = 1_000_000;

/// `arrived_us` are moments by message, 0 for never, on the clock of `from_us`, since when everybody has something waiting. The
/// contest ends a second before the first one has nothing left: it may have run dry on one connection and not on another.
pub fn contest(arrived_us: &[u64], claimants: &[Claimant], from_us: u64, window_s: usize) -> Contest {
    let of = |claimant: &Claimant| arrived_us.get(claimant.messages.clone()).unwrap_or_default();
    let last = |claimant: &Claimant| of(claimant).iter().copied().max().unwrap_or_default();
    let until_us = claimants.iter().map(last).min().unwrap_or_default();
    let seconds = (until_us.saturating_sub(from_us) / SECOND_US).saturating_sub(1);
    let by_second: Vec<Vec<u64>> = claimants
        .iter()
        .map(|claimant| {
            let mut counts = vec![0; seconds as usize];
            for at in of(claimant) {
                let second = at.checked_sub(from_us).map(|us| (us / SECOND_US) as usize);
                if let Some(count) = second.and_then(|second| counts.get_mut(second)) {
                    *count += 1;
                }
            }
            counts
        })
        .collect();
    let weights: u64 = claimants.iter().map(|claimant| u64::from(claimant.weight)).sum();
    let part = |place: usize, window: Range<usize>| {
        let got: u64 = by_second[place][window.clone()].iter().sum();
        let all: u64 = by_second.iter().flat_map(|counts| &counts[window.clone()]).sum();
        let due = all as f64 * f64::from(claimants[place].weight) / weights as f64;
        got as f64 / due.max(1.0)
    };
    let whole = 0..seconds as usize;
    let windows = || (window_s..=seconds as usize).map(|end| end - window_s..end);
    let shares: Vec<Share> = claimants
        .iter()
        .enumerate()
        .map(|(place, claimant)| Share {
            name: claimant.name.clone(),
            weight: claimant.weight,
            mean: part(place, whole.clone()),
            least: windows()
                .map(|window| part(place, window))
                .fold(f64::INFINITY, f64::min),
        })
        .collect();
    let least = shares
        .iter()
        .map(|share| share.least)
        .fold(f64::INFINITY, f64::min);
    Contest {
        seconds,
        segments: by_second.iter().flatten().sum(),
        least: least.is_finite().then_some(least),
        shares,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimant(weight: u16, messages: Range<usize>) -> Claimant {
        Claimant {
            name: format!("of weight {weight}"),
            weight,
            messages,
        }
    }

    /// A thousandth of a second each: in the first six seconds three to one, then one to one.
    fn arrivals(seconds_unfair: u64) -> (Vec<u64>, [Claimant; 2]) {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for ms in 0..12_000 {
            let at = 5_000_000 + ms * 1_000;
            let every = if ms < seconds_unfair * 1_000 { 4 } else { 2 };
            let list = if ms % every == 0 { &mut first } else { &mut second };
            list.push(at);
        }
        let claimants = [claimant(1, 0..first.len()), claimant(1, first.len()..12_000)];
        first.append(&mut second);
        (first, claimants)
    }

    #[test]
    fn the_worst_window_is_found_and_equal_shares_are_one() {
        let (fair, claimants) = arrivals(0);
        let contest_fair = contest(&fair, &claimants, 5_000_000, 4);
        assert_eq!(contest_fair.seconds, 10);
        assert!(
            contest_fair
                .least
                .is_some_and(|least| (0.99..=1.0).contains(&least))
        );
        let (unfair, claimants) = arrivals(6);
        let contest = contest(&unfair, &claimants, 5_000_000, 4);
        assert!(
            contest.least.is_some_and(|least| (0.49..0.51).contains(&least)),
            "{contest:?}"
        );
        assert!(contest.shares[1].least > 0.99 && contest.shares[0].mean < 0.9);
    }

    #[test]
    fn weights_count_and_a_contest_that_is_too_short_says_nothing() {
        let (unfair, mut claimants) = arrivals(12);
        claimants[1].weight = 3;
        let fair = contest(&unfair, &claimants, 5_000_000, 10);
        assert!(fair.least.is_some_and(|least| least > 0.99), "{fair:?}");
        let short = contest(&unfair, &claimants, 5_000_000, 20);
        assert_eq!((short.seconds, short.least), (10, None));
    }
}
