use super::attempts::Attempts;
use super::buckets::Buckets;
use super::source::network;
use carillon_storage::login::SecretHash;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Who may try a password, and when.
///
/// Wrong passwords are counted for the name and the network together, so that nobody locks an operator out from everywhere;
/// for the network alone, which may try more names than one and is slowed by it, since many people stand behind one address;
/// and for the name alone, which only slows as well: see [`Queue`]. Those of a session, in which somebody wants to change the
/// password, count for that session only: nobody else makes it wait.
pub struct LoginGuard {
    of_both: Attempts<(NameHash, IpAddr)>,
    of_network: Buckets<IpAddr>,
    of_name: HashMap<NameHash, Queue>,
    of_session: Attempts<SecretHash>,
}

/// Where a password comes from.
#[derive(Clone, Copy, Debug)]
pub enum Attempt<'a> {
    Login {
        name: &'a str,
        source: IpAddr,
        /// The operator is logged in from this source.
        at_home: bool,
    },
    /// Of a session that is open.
    Within(SecretHash),
}

/// Names are what callers send: they are kept by their hash, of one length.
type NameHash = [u8; 32];

/// Wrong passwords for a name from one network before there is a pause.
const FREE: u32 = 5;
/// The same from one network for all names together, before they come one each [`super::buckets::STEP`].
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
            of_network: Buckets::new(FREE_PER_NETWORK),
            of_name: HashMap::new(),
            of_session: Attempts::new(FREE),
        }
    }

    /// Counts an attempt as wrong before it is judged. Gives how long it must be held back first, or fails with the time after
    /// which another may come; nothing is counted then.
    pub fn begin(&mut self, attempt: Attempt<'_>, now: Instant) -> Result<Duration, Duration> {
        match attempt {
            Attempt::Login {
                name,
                source,
                at_home,
            } => self.begin_login(name_hash(name), network(source), at_home, now),
            Attempt::Within(session) => {
                if let Some(wait) = self.of_session.wait(&session, now) {
                    return Err(wait);
                }
                self.of_session.count(session, now);
                Ok(Duration::ZERO)
            }
        }
    }

    fn begin_login(
        &mut self,
        name: NameHash,
        network: IpAddr,
        at_home: bool,
        now: Instant,
    ) -> Result<Duration, Duration> {
        let both = (name, network);
        // Who is known there does not wait for strangers of the same network.
        let of_network = || self.of_network.wait(&network, now).filter(|_| !at_home);
        let waits = [self.of_both.wait(&both, now), of_network()];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(wait);
        }
        let held_back = self.stand_in_line(name, at_home, now)?;
        self.of_both.count(both, now);
        if !at_home {
            self.of_network.count(network, now);
        }
        Ok(held_back)
    }

    /// The password was right: the name starts afresh there.
    pub fn succeeded(&mut self, attempt: Attempt<'_>, now: Instant) {
        self.take_back(attempt, now);
        match attempt {
            Attempt::Login { name, source, .. } => self.of_both.forget(&(name_hash(name), network(source))),
            Attempt::Within(session) => self.of_session.forget(&session),
        }
    }

    /// The attempt was not judged at all.
    pub fn take_back(&mut self, attempt: Attempt<'_>, now: Instant) {
        let (name, source, at_home) = match attempt {
            Attempt::Login {
                name,
                source,
                at_home,
            } => (name, source, at_home),
            Attempt::Within(session) => return self.of_session.take_back(&session),
        };
        let (name, network) = (name_hash(name), network(source));
        self.of_both.take_back(&(name, network));
        if !at_home {
            self.of_network.take_back(&network, now);
        }
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

    fn login(name: &str, source: IpAddr, at_home: bool) -> Attempt<'_> {
        Attempt::Login {
            name,
            source,
            at_home,
        }
    }

    #[test]
    fn five_wrong_passwords_bring_a_pause_there_and_nowhere_else() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for _ in 0..FREE {
            assert_eq!(
                guard.begin(login("admin", host(1), false), now),
                Ok(Duration::ZERO)
            );
        }
        assert!(guard.begin(login("admin", host(1), false), now).is_err());
        assert!(
            guard.begin(login("admin", host(1), true), now).is_err(),
            "also for those at home"
        );
        assert_eq!(
            guard.begin(login("admin", host(2), false), now),
            Ok(Duration::ZERO)
        );
        assert_eq!(
            guard.begin(login("other", host(1), false), now),
            Ok(Duration::ZERO)
        );
        guard.succeeded(login("admin", host(1), false), now);
        assert!(guard.begin(login("admin", host(1), false), now).is_ok());
    }

    #[test]
    fn what_was_not_judged_does_not_count() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for _ in 0..FREE * 3 {
            guard.begin(login("admin", host(1), false), now).unwrap();
            guard.take_back(login("admin", host(1), false), now);
        }
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for host in 0..FREE {
            let source = format!("2001:db8::{host}").parse().unwrap();
            guard.begin(login("admin", source, false), now).unwrap();
        }
        let next = guard.begin(login("admin", "2001:db8::ffff".parse().unwrap(), false), now);
        assert!(next.is_err());
        let foreign = guard.begin(login("admin", "2001:db8:0:1::1".parse().unwrap(), false), now);
        assert!(foreign.is_ok());
    }

    /// A hospital is one address to the outside.
    #[test]
    fn one_who_never_stops_guessing_locks_nobody_of_the_network_out() {
        let mut guard = LoginGuard::new();
        let mut now = Instant::now();
        for n in 0..FREE_PER_NETWORK {
            guard
                .begin(login(&format!("name {n}"), host(1), false), now)
                .unwrap();
        }
        // As soon as a guess is let in, it comes.
        for n in 0..1000 {
            let wait = guard.begin(login("admin", host(1), false), now).unwrap_err();
            assert!(wait <= crate::login::buckets::STEP, "{wait:?}");
            let at_home = login("admin", host(1), true);
            assert_eq!(guard.begin(at_home, now), Ok(Duration::ZERO));
            guard.succeeded(at_home, now);
            now += wait;
            guard
                .begin(login(&format!("other {n}"), host(1), false), now)
                .unwrap();
        }
    }

    #[test]
    fn a_session_waits_for_its_own_wrong_passwords_only() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for n in 0..FREE_PER_NETWORK {
            guard
                .begin(login(&format!("name {}", n / FREE), host(1), false), now)
                .unwrap();
        }
        let [mine, other] = [1, 2].map(|n| Attempt::Within(SecretHash([n; 32])));
        for _ in 0..FREE {
            assert_eq!(guard.begin(mine, now), Ok(Duration::ZERO));
        }
        assert!(guard.begin(mine, now).is_err());
        assert_eq!(guard.begin(other, now), Ok(Duration::ZERO));
        let later = now + Duration::from_secs(2);
        guard.begin(mine, later).unwrap();
        guard.succeeded(mine, later);
        for _ in 0..FREE {
            assert_eq!(guard.begin(mine, later), Ok(Duration::ZERO));
            guard.take_back(mine, later);
        }
    }

    #[test]
    fn a_network_that_tries_many_names_has_to_wait_as_well() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for n in 0..FREE_PER_NETWORK {
            guard
                .begin(login(&format!("name {n}"), host(1), false), now)
                .unwrap();
        }
        assert!(guard.begin(login("one more", host(1), false), now).is_err());
        assert!(guard.begin(login("one more", host(2), false), now).is_ok());
    }

    #[test]
    fn many_networks_slow_a_name_down_but_not_where_the_operator_is_at_home() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for n in 0..FREE_PER_NAME {
            assert_eq!(
                guard.begin(login("admin", host(n), false), now),
                Ok(Duration::ZERO)
            );
        }
        let line: Vec<_> = (1000..1012)
            .map(|n| {
                guard
                    .begin(login("admin", host(n), false), now)
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
        assert_eq!(
            guard.begin(login("admin", host(2000), true), now),
            Ok(Duration::ZERO)
        );
        assert_eq!(
            guard.begin(login("other", host(2001), false), now),
            Ok(Duration::ZERO)
        );
        let later = now + LINE_MAX + FORGET_AFTER;
        assert_eq!(
            guard.begin(login("admin", host(2002), false), later),
            Ok(Duration::ZERO)
        );
    }

    #[test]
    fn memory_is_bounded_and_a_name_under_attack_stays() {
        let mut guard = LoginGuard::new();
        let now = Instant::now();
        for n in 0..=FREE_PER_NAME {
            guard.begin(login("admin", host(n), false), now).unwrap();
        }
        for n in 0..NAMES_MAX as u32 + 100 {
            guard
                .begin(login(&format!("name {n}"), host(1000 + n), false), now)
                .unwrap();
        }
        assert_eq!(guard.of_name.len(), NAMES_MAX);
        let held = guard.begin(login("admin", host(900_000), false), now).unwrap();
        assert!(held > Duration::ZERO);
    }
}
