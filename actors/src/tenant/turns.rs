use carillon_domain::ids::TenantId;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::collections::VecDeque;

/// Organisations in weighted turn on one connection (FAIR-1): deficit round robin in segments. Only those that have something
/// waiting stand in it, so that a turn costs the same however many there are.
#[derive(Debug, Default)]
pub struct Turns {
    /// The front one is being served.
    order: VecDeque<TenantId>,
    /// Of those in `order`; `None` until the first turn.
    credits: HashMap<TenantId, Option<i64>, foldhash::fast::RandomState>,
}

/// What an organisation has waiting for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    Nothing,
    /// Something that this connection may not take at the moment.
    Later,
    Now {
        weight: u16,
    },
}

/// Segments a weight of 1 gets in one round. Small, so that shares hold over short times as well.
const QUANTUM: i64 = 4;

impl Turns {
    /// The organisation whose turn it is among those that have something to take now, or `None` when there is none. An
    /// organisation with nothing waiting leaves, and keeps no credit.
    pub fn next(&mut self, claim: impl Fn(TenantId) -> Claim) -> Option<TenantId> {
        let mut passed_over = 0;
        // Every round raises the credit of those who wait, so somebody's becomes positive.
        while passed_over < self.order.len() {
            let tenant = *self.order.front()?;
            match claim(tenant) {
                Claim::Nothing => {
                    self.order.pop_front();
                    self.credits.remove(&tenant);
                    continue;
                }
                Claim::Later => passed_over += 1,
                Claim::Now { weight } => {
                    let credit = self.credits.entry(tenant).or_default();
                    let credit = credit.get_or_insert(round(weight));
                    if *credit > 0 {
                        return Some(tenant);
                    }
                    *credit = (*credit + round(weight)).min(round(weight));
                    passed_over = 0;
                }
            }
            self.order.rotate_left(1);
        }
        None
    }

    /// Charges what `tenant` took.
    pub fn charge(&mut self, tenant: TenantId, segments: u32) {
        if let Some(Some(credit)) = self.credits.get_mut(&tenant) {
            *credit -= i64::from(segments);
        }
    }

    /// Makes an organisation known; called whenever it has something waiting.
    pub fn join(&mut self, tenant: TenantId) {
        if let Entry::Vacant(place) = self.credits.entry(tenant) {
            place.insert(None);
            self.order.push_back(tenant);
        }
    }

    /// Nobody had anything waiting when it was last looked.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

fn round(weight: u16) -> i64 {
    QUANTUM * i64::from(weight.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn now(weight: u16) -> Claim {
        Claim::Now { weight }
    }

    fn turns(tenants: impl IntoIterator<Item = u32>) -> Turns {
        let mut turns = Turns::default();
        tenants
            .into_iter()
            .for_each(|tenant| turns.join(TenantId(tenant)));
        turns
    }

    fn shares(weights: &[(u32, u16)], takes: usize, segments: u32) -> BTreeMap<u32, u32> {
        let mut turns = turns(weights.iter().map(|(tenant, _)| *tenant));
        let mut taken = BTreeMap::new();
        for _ in 0..takes {
            let claim = |t: TenantId| {
                let found = weights.iter().find(|(id, _)| *id == t.0);
                found.map_or(Claim::Nothing, |(_, weight)| now(*weight))
            };
            let tenant = turns.next(claim).unwrap();
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
        let mut turns = turns(1..=2);
        for _ in 0..1_000 {
            let only_first = |t: TenantId| if t.0 == 1 { now(1) } else { Claim::Nothing };
            let tenant = turns.next(only_first).unwrap();
            assert_eq!(tenant, TenantId(1));
            turns.charge(tenant, 1);
        }
        turns.join(TenantId(2));
        let mut second = 0;
        for _ in 0..100 {
            let tenant = turns.next(|_| now(1)).unwrap();
            turns.charge(tenant, 1);
            second += u32::from(tenant == TenantId(2));
        }
        assert!((45..=55).contains(&second), "{second}");
    }

    #[test]
    fn who_may_not_now_keeps_standing_and_who_has_nothing_leaves() {
        let mut turns = turns(1..=3);
        assert_eq!(turns.next(|_| Claim::Later), None);
        assert!(!turns.is_empty());
        let only_third = |t: TenantId| if t.0 == 3 { now(1) } else { Claim::Later };
        assert_eq!(turns.next(only_third), Some(TenantId(3)));
        assert_eq!(turns.next(|_| Claim::Nothing), None);
        assert!(turns.is_empty());
        turns.join(TenantId(2));
        turns.join(TenantId(2));
        assert_eq!(turns.next(|_| now(1)), Some(TenantId(2)));
        assert_eq!(turns.order.len(), 1);
    }

    /// A thousand organisations with nothing waiting are not asked for every message of the one that has.
    #[test]
    fn a_turn_costs_nothing_for_those_without_anything_waiting() {
        let mut turns = turns(0..1_000);
        let asked = std::cell::Cell::new(0);
        for _ in 0..1_000 {
            let claim = |t: TenantId| {
                asked.set(asked.get() + 1);
                if t.0 == 7 { now(1) } else { Claim::Nothing }
            };
            let tenant = turns.next(claim).unwrap();
            turns.charge(tenant, 1);
        }
        assert!(asked.get() < 3_000, "{} questions", asked.get());
    }
}
