use super::Columns;
use super::Map;
use super::body::{Body, BodyContent};
use super::row::Row;
use carillon_domain::catalog::{CapPeriod, CapPeriods};
use carillon_domain::fact::{Accepted, PlannedAttempt};
use carillon_domain::ids::{BusinessTypeId, TenantId};
use carillon_domain::intake::fingerprint;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::time::UnixMs;
use std::collections::BTreeMap;

/// How many messages each person got of an organisation's business type, in the periods that are not over (SEND-5). A fold of
/// ACCEPTED and of ends before the first INTENT, so exact after a crash.
#[derive(Debug, Default)]
pub struct Caps {
    /// By the number of the period.
    periods: BTreeMap<(CapPeriod, u32), Map<CapKey, u16>>,
}

/// Whose messages are counted together: a hash of organisation, business type and person, the same over restarts. Counts of two
/// people would be taken for one another's once in some million millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct CapKey(u64);

/// What one period counted, by person.
pub type CountedPeriod = ((CapPeriod, u32), Vec<(CapKey, u16)>);

impl CapKey {
    /// The person is who has the number, else who has the address of the first attempt; `None` when it has neither.
    pub fn of(
        tenant: TenantId,
        business_type: BusinessTypeId,
        to: Option<PhoneNumber>,
        plan: &[PlannedAttempt],
    ) -> Option<Self> {
        let mail = plan.first().and_then(|attempt| attempt.content.mail());
        Self::of_person(tenant, business_type, to, mail.map(|mail| &*mail.address))
    }

    fn of_person(
        tenant: TenantId,
        business_type: BusinessTypeId,
        to: Option<PhoneNumber>,
        address: Option<&str>,
    ) -> Option<Self> {
        let mut name = [tenant.0.to_le_bytes().as_slice(), &business_type.0.to_le_bytes()].concat();
        match (to, address) {
            (Some(to), _) => name.extend(to.as_u64().to_le_bytes()),
            (None, Some(address)) => name.extend(address.to_ascii_lowercase().bytes()),
            (None, None) => return None,
        }
        name.push(u8::from(to.is_some()));
        Some(CapKey(fingerprint(&name)))
    }
}

impl Caps {
    /// Messages that count for the person in the period of `at`.
    pub fn used(&self, key: CapKey, period: CapPeriod, at: UnixMs) -> u16 {
        let counts = self.periods.get(&(period, period.number(at)));
        counts.and_then(|counts| counts.get(&key)).copied().unwrap_or(0)
    }

    /// Counts kept of periods that are not over at `now`.
    pub fn len(&self, now: UnixMs) -> usize {
        let running = |((period, number), _): &(&(CapPeriod, u32), _)| *number >= period.number(now);
        self.periods
            .iter()
            .filter(running)
            .map(|(_, counts)| counts.len())
            .sum()
    }

    /// Counts a message accepted at `accepted_at` in the periods of `at`, and forgets periods that are over.
    pub fn take(&mut self, key: CapKey, periods: CapPeriods, at: UnixMs, accepted_at: UnixMs) {
        self.forget_before(accepted_at);
        for period in periods.iter() {
            let counts = self.periods.entry((period, period.number(at))).or_default();
            let count = counts.entry(key).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn forget_before(&mut self, accepted_at: UnixMs) {
        for period in CapPeriod::ALL {
            let over = (period, 0)..(period, period.number(accepted_at));
            while let Some((place, _)) = self.periods.range(over.clone()).next() {
                let place = *place;
                self.periods.remove(&place);
            }
        }
    }

    /// Takes back what [`Caps::take`] counted; nothing when the period is forgotten.
    pub fn give_back(&mut self, key: CapKey, periods: CapPeriods, at: UnixMs) {
        for period in periods.iter() {
            let place = (period, period.number(at));
            let Some(counts) = self.periods.get_mut(&place) else {
                continue;
            };
            if let Some(count) = counts.get_mut(&key) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    counts.remove(&key);
                }
            }
            if counts.is_empty() {
                self.periods.remove(&place);
            }
        }
    }

    pub fn sorted(&self) -> Vec<CountedPeriod> {
        let sorted = |counts: &Map<CapKey, u16>| {
            let mut counts: Vec<_> = counts.iter().map(|(key, count)| (*key, *count)).collect();
            counts.sort_unstable();
            counts
        };
        self.periods
            .iter()
            .map(|(place, counts)| (*place, sorted(counts)))
            .collect()
    }

    pub fn restore(stored: Vec<CountedPeriod>) -> Self {
        let periods = stored.into_iter();
        Caps {
            periods: periods
                .map(|(place, counts)| (place, counts.into_iter().collect()))
                .collect(),
        }
    }
}

impl Columns {
    /// Messages that count for a person in the period of `at`.
    pub fn cap_used(&self, key: CapKey, period: CapPeriod, at: UnixMs) -> u16 {
        self.caps.used(key, period, at)
    }

    /// How many counts of people are kept.
    pub fn caps_len(&self, now: UnixMs) -> usize {
        self.caps.len(now)
    }

    pub(super) fn take_cap(&mut self, accepted: &Accepted) {
        let key = CapKey::of(
            accepted.tenant,
            accepted.business_type,
            accepted.to,
            &accepted.plan,
        );
        if let Some(key) = key.filter(|_| !accepted.counted.is_empty()) {
            let accepted_at = UnixMs(accepted.message.unix_ms());
            let at = counted_at(accepted_at, accepted.not_before);
            self.caps.take(key, accepted.counted, at, accepted_at);
        }
    }

    /// Of a message nothing of which was ever on its way to a carrier, by the row of its first attempt.
    pub(super) fn give_cap_back(&mut self, head: &Row) {
        if head.counted.is_empty() {
            return;
        }
        // Who has a number is known by it; an address stands in the body.
        let body = head.to.is_none().then(|| self.body(head));
        let body = body.as_deref().map(Body::unpack);
        let address = match body.as_ref().map(|body| &body.content) {
            Some(BodyContent::Mail(mail)) => Some(&*mail.address),
            _ => None,
        };
        if let Some(key) = CapKey::of_person(head.tenant, head.business_type, head.to, address) {
            let (not_before, _) = self.times_of(head);
            let at = counted_at(UnixMs(head.id.unix_ms()), not_before);
            self.caps.give_back(key, head.counted, at);
        }
    }
}

/// In the periods of which moment a message counts: of that at which it may go first.
pub fn counted_at(accepted_at: UnixMs, not_before: UnixMs) -> UnixMs {
    accepted_at.max(not_before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const HOUR_MS: u64 = 3_600_000;

    #[test]
    fn people_organisations_and_business_types_are_told_apart() {
        let phone = |number| PhoneNumber::from_e164(number).ok();
        let key = |tenant, kind, to, address| {
            CapKey::of_person(TenantId(tenant), BusinessTypeId(kind), to, address)
        };
        let to = phone(8_613_800_000_001);
        let keys = [
            key(1, 1, to, None),
            key(2, 1, to, None),
            key(1, 2, to, None),
            key(1, 1, phone(8_613_800_000_002), None),
            key(1, 1, None, Some("zhang@example.org")),
            key(1, 1, None, Some("li@example.org")),
        ];
        for (index, one) in keys.iter().enumerate() {
            assert!(one.is_some() && !keys[..index].contains(one), "{index}");
        }
        // Who has a number is known by it, and addresses have no case.
        assert_eq!(key(1, 1, to, Some("zhang@example.org")), keys[0]);
        assert_eq!(key(1, 1, None, Some("Zhang@Example.ORG")), keys[4]);
        assert_eq!(key(1, 1, None, None), None);
    }

    #[test]
    fn the_hash_never_changes() {
        let to = PhoneNumber::from_e164(8_613_800_000_001).ok();
        let key = CapKey::of_person(TenantId(1), BusinessTypeId(2), to, None);
        assert_eq!(
            key,
            Some(CapKey(5_325_331_460_268_456_773)),
            "it stands in checkpoints"
        );
    }

    proptest! {
        /// Against a list of everything that counts.
        #[test]
        fn counts_are_those_of_the_messages_that_were_not_given_back(
            steps in prop::collection::vec((0..4u64, 0..3u64, 0..6u64, any::<bool>()), 1..100),
        ) {
            let mut caps = Caps::default();
            let mut counted: HashMap<(CapKey, CapPeriod, u32), u16> = HashMap::new();
            let periods: CapPeriods = CapPeriod::ALL.into_iter().collect();
            let mut now = 0;
            for (person, later, hours, gives_back) in steps {
                now += later * HOUR_MS / 2;
                let (key, at) = (CapKey(person), UnixMs(now + hours * HOUR_MS));
                if gives_back && caps.used(key, CapPeriod::Hour, at) > 0 {
                    caps.give_back(key, periods, at);
                } else if gives_back {
                    continue;
                } else {
                    caps.take(key, periods, at, UnixMs(now));
                }
                for period in CapPeriod::ALL {
                    let count = counted.entry((key, period, period.number(at))).or_default();
                    *count = if gives_back { *count - 1 } else { *count + 1 };
                }
                counted.retain(|(_, period, number), count| *number >= period.number(UnixMs(now)) && *count > 0);
                prop_assert_eq!(caps.len(UnixMs(now)), counted.len());
                for ((key, period, number), count) in &counted {
                    let found = caps.periods.get(&(*period, *number)).and_then(|counts| counts.get(key));
                    prop_assert_eq!(found, Some(count));
                }
            }
            let stored = caps.sorted();
            prop_assert_eq!(Caps::restore(stored.clone()).sorted(), stored);
        }
    }
}
