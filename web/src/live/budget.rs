use std::time::{Duration, Instant};

/// Messages a peer may send at once.
const BURST: u32 = 30;
/// After which one more is allowed.
const REFILL: Duration = Duration::from_secs(1);

/// How many messages a peer may still send.
#[derive(Debug)]
pub struct Budget {
    left: u32,
    refilled: Instant,
}

impl Budget {
    pub fn new(now: Instant) -> Self {
        Budget {
            left: BURST,
            refilled: now,
        }
    }

    /// `false` when there were too many.
    pub fn take(&mut self, now: Instant) -> bool {
        let refills = now.duration_since(self.refilled).as_secs() / REFILL.as_secs();
        if refills > 0 {
            self.left = self
                .left
                .saturating_add(u32::try_from(refills).unwrap_or(u32::MAX))
                .min(BURST);
            self.refilled = now;
        }
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_refused_and_a_steady_peer_is_not() {
        let mut now = Instant::now();
        let mut budget = Budget::new(now);
        let taken = (0..1_000).filter(|_| budget.take(now)).count();
        assert_eq!(taken, BURST as usize);
        for _ in 0..1_000 {
            now += REFILL;
            assert!(budget.take(now));
        }
        assert!(budget.left <= BURST);
    }
}
