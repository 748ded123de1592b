use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failed logins by source, and the growing pauses they bring.
///
/// The first [`FREE`] failures cost nothing; each later one doubles the pause, up to [`PAUSE_MAX`]. A source is forgotten
/// [`FORGET_AFTER`] its last failure.
#[derive(Default)]
pub struct Attempts {
    sources: HashMap<IpAddr, Failures>,
}

struct Failures {
    count: u32,
    last: Instant,
}

const FREE: u32 = 5;
const PAUSE_MAX: Duration = Duration::from_secs(300);
const FORGET_AFTER: Duration = Duration::from_secs(900);
const SOURCES_MAX: usize = 10_000;

impl Attempts {
    /// Counts an attempt before it is judged, so that attempts at the same time cannot pass together. Fails with the time to
    /// wait when the source has to; nothing is counted then.
    pub fn begin(&mut self, source: IpAddr, now: Instant) -> Result<(), Duration> {
        let source = network(source);
        self.make_room(source, now);
        let failures = self
            .sources
            .entry(source)
            .or_insert(Failures { count: 0, last: now });
        if now.duration_since(failures.last) >= FORGET_AFTER {
            failures.count = 0;
        }
        let until = failures.last + pause(failures.count);
        if until > now {
            return Err(until - now);
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        Ok(())
    }

    /// The attempt was right: the source starts afresh.
    pub fn succeeded(&mut self, source: IpAddr) {
        self.sources.remove(&network(source));
    }

    fn make_room(&mut self, source: IpAddr, now: Instant) {
        if self.sources.len() < SOURCES_MAX || self.sources.contains_key(&source) {
            return;
        }
        self.sources
            .retain(|_, failures| now.duration_since(failures.last) < FORGET_AFTER);
        if self.sources.len() >= SOURCES_MAX
            && let Some(oldest) = self
                .sources
                .iter()
                .min_by_key(|(_, failures)| failures.last)
                .map(|(ip, _)| *ip)
        {
            self.sources.remove(&oldest);
        }
    }
}

fn pause(failures: u32) -> Duration {
    match failures.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(over) => Duration::from_secs(1u64.checked_shl(over).unwrap_or(u64::MAX)).min(PAUSE_MAX),
    }
}

/// One household has a /64 of IPv6 addresses; they count as one.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn pauses_grow_are_bounded_and_end_with_a_success() {
        let mut attempts = Attempts::default();
        let mut now = Instant::now();
        for _ in 0..FREE {
            attempts.begin(SOURCE, now).unwrap();
        }
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let pause = attempts.begin(SOURCE, now).unwrap_err();
            pauses.push(pause.as_secs());
            now += pause;
            attempts.begin(SOURCE, now).unwrap();
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert!(attempts.begin(SOURCE, now).is_err());
        attempts.begin(OTHER, now).unwrap();
        attempts.succeeded(SOURCE);
        attempts.begin(SOURCE, now).unwrap();
    }

    #[test]
    fn a_source_is_forgotten_after_a_while() {
        let mut attempts = Attempts::default();
        let now = Instant::now();
        for _ in 0..=FREE {
            let _ = attempts.begin(SOURCE, now);
        }
        assert!(attempts.begin(SOURCE, now).is_err());
        for _ in 0..FREE {
            attempts.begin(SOURCE, now + FORGET_AFTER).unwrap();
        }
    }

    #[test]
    fn memory_is_bounded_and_an_ipv6_network_is_one_source() {
        let mut attempts = Attempts::default();
        let now = Instant::now();
        for n in 0..SOURCES_MAX as u32 + 100 {
            attempts
                .begin(
                    IpAddr::V4(Ipv4Addr::from(n)),
                    now + Duration::from_millis(n.into()),
                )
                .unwrap();
        }
        assert!(attempts.sources.len() <= SOURCES_MAX);
        for host in 0..FREE {
            attempts
                .begin(format!("2001:db8::{host}").parse().unwrap(), now)
                .unwrap();
        }
        assert!(attempts.begin("2001:db8::ffff".parse().unwrap(), now).is_err());
    }
}
