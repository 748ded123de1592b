use carillon_domain::ids::TenantId;
use std::collections::BTreeMap;

/// Organisations in weighted turn on one connection (FAIR-1): deficit round robin in segments.
#[derive(Debug, Default)]
pub struct Turns {
    order: Vec<TenantId>,
    credits: BTreeMap<TenantId, i64>,
    at: usize,
}

/// Segments a weight of 1 gets in one round. Small, so that shares hold over short times as well.
const QUANTUM: i64 = 4;

impl Turns {
    /// Takes the organisation whose turn it is among those for which `weight_of` gives a weight (they have something
    /// waiting), or `None` when there is none. An organisation with nothing waiting keeps no credit.
    pub fn next(&mut self, weight_of: impl Fn(TenantId) -> Option<u16>) -> Option<TenantId> {
        if !self.order.iter().any(|tenant| weight_of(*tenant).is_some()) {
            self.credits.clear();
            return None;
        }
        // Every round raises the credit of those who wait, so somebody's becomes positive.
        loop {
            let tenant = self.order[self.at];
            match weight_of(tenant) {
                Some(weight) if *self.credits.entry(tenant).or_insert(round(weight)) > 0 => {
                    return Some(tenant);
                }
                Some(_) => {}
                None => {
                    self.credits.remove(&tenant);
                }
            }
            self.step(&weight_of);
        }
    }

    /// Charges what `tenant` took.
    pub fn charge(&mut self, tenant: TenantId, segments: u32) {
        *self.credits.entry(tenant).or_default() -= i64::from(segments);
    }

    /// Makes the organisations that can be served known; called when one begins to have something waiting.
    pub fn join(&mut self, tenant: TenantId) {
        if !self.order.contains(&tenant) {
            self.order.push(tenant);
        }
    }

    fn step(&mut self, weight_of: &impl Fn(TenantId) -> Option<u16>) {
        self.at = (self.at + 1) % self.order.len();
        let tenant = self.order[self.at];
        if let Some(weight) = weight_of(tenant) {
            let credit = self.credits.entry(tenant).or_default();
            *credit = (*credit + round(weight)).min(round(weight));
        }
    }
}

fn round(weight: u16) -> i64 {
    QUANTUM * i64::from(weight.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(weights: &[(u32, u16)], takes: usize, segments: u32) -> BTreeMap<u32, u32> {
        let mut turns = Turns::default();
        weights
            .iter()
            .for_each(|(tenant, _)| turns.join(TenantId(*tenant)));
        let mut taken = BTreeMap::new();
        for _ in 0..takes {
            let weight_of = |t: TenantId| {
                weights
                    .iter()
                    .find(|(id, _)| *id == t.0)
                    .map(|(_, weight)| *weight)
            };
            let tenant = turns.next(weight_of).unwrap();
            turns.charge(tenant, segments);
            *taken.entry(tenant.0).or_default() += segments;
        }
        taken
    }

    #[test]
    fn shares_follow_weights() {
        for segments in [1, 3, 20] {
            let taken = shares(&[(1, 1), (2, 3)], 4_000, segments);
            let share = f64::from(taken[&2]) / f64::from(taken[&1] + taken[&2]);
            assert!((0.74..0.76).contains(&share), "{segments} segments: {share}");
        }
    }

    #[test]
    fn who_waits_for_nothing_saves_nothing_up() {
        let mut turns = Turns::default();
        (1..=2).for_each(|tenant| turns.join(TenantId(tenant)));
        for _ in 0..1_000 {
            let tenant = turns.next(|t| (t.0 == 1).then_some(1)).unwrap();
            assert_eq!(tenant, TenantId(1));
            turns.charge(tenant, 1);
        }
        let mut second = 0;
        for _ in 0..100 {
            let tenant = turns.next(|_| Some(1)).unwrap();
            turns.charge(tenant, 1);
            second += u32::from(tenant == TenantId(2));
        }
        assert!((45..=55).contains(&second), "{second}");
    }

    #[test]
    fn nobody_waiting_is_nobody() {
        let mut turns = Turns::default();
        assert_eq!(turns.next(|_| Some(1)), None);
        turns.join(TenantId(1));
        assert_eq!(turns.next(|_| None), None);
    }
}
