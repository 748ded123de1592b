use super::attempts::Attempts;
use super::source::network;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Who may try a password, and when.
///
/// Wrong passwords are counted for the name and the network together, so that nobody locks an operator out from everywhere;
/// for the network alone, which may try more names than one; and for the name alone, which only slows: see [`Queue`].
pub struct LoginGuard {
    of_both: Attempts<(NameHash, IpAddr)>,
    of_network: Attempts<IpAddr>,
    of_name: HashMap<NameHash, Queue>,
}

/// Names are what callers send: they are kept by their hash, of one length.
type NameHash = [u8; 32];

/// Wrong passwords for a name from one network before there is a pause.
const FREE: u32 = 5;
/// The same from one network for all names together.
const FREE_PER_NETWORK: u32 = 30;
/// Wrong passwords for a name from everywhere before its attempts stand in line.
const FREE_PER_NAME: u32 = 100;
/// Those in line are judged so long after one another.
const LINE_STEP: Duration = Duration::from_secs(1);
/// Nobody is let into a line longer than this.
const LINE_MAX: Duration = Duration::from_secs(10);
/// So long after its last wrong password a name's line is forgotten.
const FORGET_AFTER: Duration = super::attempts::FORGET_AFTER;
const NAMES_MAX: usize = 10_000;

/// Attempts for a name that is guessed at from many networks: those from a network in which the operator is not logged in
/// are judged one after the other.
struct Queue {
    failures: u32,
    last: Instant,
    /// When the next attempt may be judged.
    next: Instant,
}

impl LoginGuard {
    pub fn new() -> Self {
        LoginGuard {
            of_both: Attempts::new(FREE),
            of_network: Attempts::new(FREE_PER_NETWORK),
            of_name: HashMap::new(),
        }
    }

    /// Counts an attempt as wrong before it is judged. Gives how long it must be held back first, or fails with the time after
    /// which another may come; nothing is counted then. `at_home`: the operator is logged in from this source.
    pub fn begin(
        &mut self,
        name: &str,
        source: IpAddr,
        at_home: bool,
        now: Instant,
    ) -> Result<Duration, Duration> {
        let (name, network) = (name_hash(name), network(source));
        let both = (name, network);
        let waits = [self.of_both.wait(&both, now), self.of_network.wait(&network, now)];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(wait);
        }
        let held_back = self.stand_in_line(name, at_home, now)?;
        self.of_both.count(both, now);
        self.of_network.count(network, now);
        Ok(held_back)
    }

    /// The password was right: the name starts afresh there.
    pub fn succeeded(&mut self, name: &str, source: IpAddr) {
        self.take_back(name, source);
        self.of_both.forget(&(name_hash(name), network(source)));
    }

    /// The attempt was not judged at all.
    pub fn take_back(&mut self, name: &str, source: IpAddr) {
        let (name, network) = (name_hash(name), network(source));
        self.of_both.take_back(&(name, network));
        self.of_network.take_back(&network);
        if let Some(queue) = self.of_name.get_mut(&name) {
            queue.failures = queue.failures.saturating_sub(1);
        }
    }

    fn stand_in_line(&mut self, name: NameHash, at_home: bool, now: Instant) -> Result<Duration, Duration> {
        self.make_room(&name, now);
        let queue = self.of_name.entry(name).or_insert(Queue {
            failures: 0,
            last: now,
            next: now,
        });
        if now.duration_since(queue.last) >= FORGET_AFTER {
            queue.failures = 0;
        }
        let mut held_back = Duration::ZERO;
        if queue.failures >= FREE_PER_NAME && !at_home {
            held_back = queue.next.saturating_duration_since(now);
            if held_back > LINE_MAX {
                return Err(held_back - LINE_MAX);
            }
            queue.next = now + held_back + LINE_STEP;
        }
        queue.failures = queue.failures.saturating_add(1);
        queue.last = now;
        Ok(held_back)
    }

    fn make_room(&mut self, name: &NameHash, now: Instant) {
        if self.of_name.len() < NAMES_MAX || self.of_name.contains_key(name) {
            return;
        }
        self.of_name
            .retain(|_, queue| now.duration_since(queue.last) < FORGET_AFTER);
        if self.of_name.len() >= NAMES_MAX
            && let Some(least) = self
                .of_name
                .iter()
                .min_by_key(|(_, queue)| (queue.failures, queue.last))
                .map(|(name, _)| *name)
        {
            self.of_name.remove(&least);
        }
    }
}

fn name_hash(name: &str) -> NameHash {
    Sha256::digest(name).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn host(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number))
    }

    #[test]
    fn five_wrong_passwords_bring_a_pause_there_and_nowhere_else() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for _ in 0..FREE {
            assert_eq!(guard.begin("admin", host(1), false, now), Ok(Duration::ZERO));
        }
        assert!(guard.begin("admin", host(1), false, now).is_err());
        assert!(
            guard.begin("admin", host(1), true, now).is_err(),
            "also for those at home"
        );
        assert_eq!(guard.begin("admin", host(2), false, now), Ok(Duration::ZERO));
        assert_eq!(guard.begin("other", host(1), false, now), Ok(Duration::ZERO));
        guard.succeeded("admin", host(1));
        assert!(guard.begin("admin", host(1), false, now).is_ok());
    }

    #[test]
    fn what_was_not_judged_does_not_count() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for _ in 0..FREE * 3 {
            guard.begin("admin", host(1), false, now).unwrap();
            guard.take_back("admin", host(1));
        }
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for host in 0..FREE {
            let source = format!("2001:db8::{host}").parse().unwrap();
            guard.begin("admin", source, false, now).unwrap();
        }
        let next = guard.begin("admin", "2001:db8::ffff".parse().unwrap(), false, now);
        assert!(next.is_err());
        let foreign = guard.begin("admin", "2001:db8:0:1::1".parse().unwrap(), false, now);
        assert!(foreign.is_ok());
    }

    #[test]
    fn a_network_that_tries_many_names_has_to_wait_as_well() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for n in 0..FREE_PER_NETWORK {
            guard.begin(&format!("name {n}"), host(1), false, now).unwrap();
        }
        assert!(guard.begin("one more", host(1), false, now).is_err());
        assert!(guard.begin("one more", host(2), false, now).is_ok());
    }

    #[test]
    fn many_networks_slow_a_name_down_but_not_where_the_operator_is_at_home() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for n in 0..FREE_PER_NAME {
            assert_eq!(guard.begin("admin", host(n), false, now), Ok(Duration::ZERO));
        }
        let line: Vec<_> = (1000..1012)
            .map(|n| {
                guard
                    .begin("admin", host(n), false, now)
                    .map(|held| held.as_secs())
            })
            .collect();
        let allowed: Vec<_> = line.iter().flatten().copied().collect();
        assert_eq!(allowed, (0..=LINE_MAX.as_secs()).collect::<Vec<_>>());
        assert_eq!(
            line.last(),
            Some(&Err(Duration::from_secs(1))),
            "the line is full"
        );
        assert_eq!(guard.begin("admin", host(2000), true, now), Ok(Duration::ZERO));
        assert_eq!(guard.begin("other", host(2001), false, now), Ok(Duration::ZERO));
        let later = now + LINE_MAX + FORGET_AFTER;
        assert_eq!(guard.begin("admin", host(2002), false, later), Ok(Duration::ZERO));
    }

    #[test]
    fn memory_is_bounded_and_a_name_under_attack_stays() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for n in 0..=FREE_PER_NAME {
            guard.begin("admin", host(n), false, now).unwrap();
        }
        for n in 0..NAMES_MAX as u32 + 100 {
            guard
                .begin(&format!("name {n}"), host(1000 + n), false, now)
                .unwrap();
        }
        assert_eq!(guard.of_name.len(), NAMES_MAX);
        let held = guard.begin("admin", host(900_000), false, now).unwrap();
        assert!(held > Duration::ZERO);
    }
}
