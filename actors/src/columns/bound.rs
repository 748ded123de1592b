use super::Map;
use carillon_domain::fact::{Session, SessionChange};
use carillon_domain::ids::ConnectionId;
use carillon_domain::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long after a rebind no absence counts: what the carrier held back while the connection was away comes first.
pub const REBIND_GRACE: Duration = Duration::from_secs(60);

/// How long each connection was bound: by at least one session. A fold over SESSION and CLOCK_SET facts, so that a replay and
/// a checkpoint give the same.
#[derive(Debug, Default)]
pub struct BoundTimes {
    connections: Map<ConnectionId, BoundTime>,
}

/// The bound time of one connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BoundTime {
    /// Of the times it was bound before.
    accrued_ms: u64,
    /// Number and epoch of each session that is bound.
    sessions: Vec<(u8, u32)>,
    /// When the first of them was bound; says nothing when there are none.
    since: UnixMs,
    /// It was bound before that.
    again: bool,
}

impl BoundTimes {
    pub fn session(&mut self, session: &Session) {
        let time = self.connections.entry(session.connection).or_default();
        match session.change {
            SessionChange::Bound => time.bound(session.session, session.epoch, session.at),
            SessionChange::Lost { .. } => time.lost(session.session, session.epoch, session.at),
        }
    }

    /// The wall clock was set: what was noted by the old one is moved.
    pub fn clock_set(&mut self, by_ms: i64) {
        for time in self.connections.values_mut() {
            time.since = UnixMs(time.since.0.saturating_add_signed(by_ms));
        }
    }

    pub fn of(&self, connection: ConnectionId) -> Option<&BoundTime> {
        self.connections.get(&connection)
    }

    /// Sessions that stand as bound, of one connection or of all, in order: number and epoch.
    pub fn sessions(&self, connection: Option<ConnectionId>) -> Vec<(ConnectionId, u8, u32)> {
        let mut sessions: Vec<_> = self
            .connections
            .iter()
            .filter(|(id, _)| connection.is_none_or(|only| only == **id))
            .flat_map(|(id, time)| {
                time.sessions
                    .iter()
                    .map(|(session, epoch)| (*id, *session, *epoch))
            })
            .collect();
        sessions.sort_unstable();
        sessions
    }

    pub fn sorted(&self) -> Vec<(ConnectionId, &BoundTime)> {
        let mut times: Vec<_> = self.connections.iter().map(|(id, time)| (*id, time)).collect();
        times.sort_unstable_by_key(|(id, _)| *id);
        times
    }

    pub fn restore(times: Vec<(ConnectionId, BoundTime)>) -> Self {
        BoundTimes {
            connections: times.into_iter().collect(),
        }
    }
}

impl BoundTime {
    /// Milliseconds bound up to `now`. Only the difference of two of them means something.
    pub fn accrued_ms(&self, now: UnixMs) -> u64 {
        let running = if self.sessions.is_empty() {
            0
        } else {
            now.0.saturating_sub(self.since.0)
        };
        self.accrued_ms + running
    }

    /// For how long from `now` on no absence counts at least: the grace after a rebind, which is still to come while the
    /// connection is away.
    pub fn quiet(&self, now: UnixMs) -> Duration {
        if self.sessions.is_empty() {
            REBIND_GRACE
        } else if self.again {
            REBIND_GRACE.saturating_sub(now.saturating_since(self.since))
        } else {
            Duration::ZERO
        }
    }

    fn bound(&mut self, session: u8, epoch: u32, at: UnixMs) {
        if self.sessions.is_empty() {
            self.since = at;
        }
        // One session of each number: an older one whose end was not recorded has ended.
        self.sessions.retain(|(number, _)| *number != session);
        self.sessions.push((session, epoch));
        self.sessions.sort_unstable();
    }

    fn lost(&mut self, session: u8, epoch: u32, at: UnixMs) {
        if self.sessions.is_empty() {
            return;
        }
        self.sessions.retain(|bound| *bound != (session, epoch));
        if self.sessions.is_empty() {
            self.accrued_ms += at.0.saturating_sub(self.since.0);
            self.again = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONNECTION: ConnectionId = ConnectionId(1);

    fn session(session: u8, epoch: u32, bound: bool, at: u64) -> Session {
        let change = if bound {
            SessionChange::Bound
        } else {
            SessionChange::Lost { cause: "cut".into() }
        };
        Session {
            connection: CONNECTION,
            session,
            epoch,
            change,
            at: UnixMs(at),
        }
    }

    /// Number, epoch, whether it was bound or lost, and when.
    type Step = (u8, u32, bool, u64);

    fn folded(sessions: &[Step]) -> BoundTimes {
        let mut times = BoundTimes::default();
        for (number, epoch, bound, at) in sessions {
            times.session(&session(*number, *epoch, *bound, *at));
        }
        times
    }

    #[test]
    fn a_connection_is_bound_from_its_first_session_to_its_last() {
        let cases: &[(&[Step], u64)] = &[
            (&[], 0),
            (&[(0, 1, true, 1_000)], 99_000),
            (&[(0, 1, true, 1_000), (0, 1, false, 5_000)], 4_000),
            (
                &[
                    (0, 1, true, 1_000),
                    (1, 2, true, 2_000),
                    (0, 1, false, 5_000),
                    (1, 2, false, 6_000),
                ],
                5_000,
            ),
            // An end that belongs to no session that stands, or comes twice.
            (
                &[
                    (0, 2, true, 1_000),
                    (0, 1, false, 2_000),
                    (0, 2, false, 3_000),
                    (0, 2, false, 9_000),
                ],
                2_000,
            ),
            // The end of the older one was never recorded.
            (
                &[(0, 1, true, 1_000), (0, 2, true, 4_000), (0, 2, false, 5_000)],
                4_000,
            ),
            // The clock went back in between.
            (&[(0, 1, true, 5_000), (0, 1, false, 1_000)], 0),
        ];
        for (facts, expected) in cases {
            let times = folded(facts);
            let accrued = times
                .of(CONNECTION)
                .map_or(0, |time| time.accrued_ms(UnixMs(100_000)));
            assert_eq!(accrued, *expected, "{facts:?}");
        }
    }

    #[test]
    fn grace_follows_a_rebind_and_not_the_first_bind() {
        let second = |second: u64| UnixMs(second * 1_000);
        let times = folded(&[(0, 1, true, 10_000)]);
        assert_eq!(
            times.of(CONNECTION).unwrap().quiet(second(10)),
            Duration::from_secs(0)
        );
        let times = folded(&[(0, 1, true, 10_000), (0, 1, false, 20_000)]);
        assert_eq!(times.of(CONNECTION).unwrap().quiet(second(9_999)), REBIND_GRACE);
        let times = folded(&[(0, 1, true, 10_000), (0, 1, false, 20_000), (0, 2, true, 100_000)]);
        for (at, left) in [(100, 60), (130, 30), (160, 0), (900, 0)] {
            assert_eq!(
                times.of(CONNECTION).unwrap().quiet(second(at)),
                Duration::from_secs(left)
            );
        }
    }

    #[test]
    fn a_clock_that_is_set_changes_nothing_of_what_was_bound() {
        for by_ms in [7_200_000, -7_200_000] {
            let mut times = folded(&[(0, 1, true, 10_000_000)]);
            times.clock_set(by_ms);
            let now = UnixMs(10_005_000u64.saturating_add_signed(by_ms));
            assert_eq!(times.of(CONNECTION).unwrap().accrued_ms(now), 5_000);
        }
    }

    proptest! {
        /// Against a count second by second; and what is written and read again goes on in the same way.
        #[test]
        fn bound_time_is_the_time_with_a_session(
            steps in prop::collection::vec((0..3u8, any::<bool>(), 0..100u64), 0..60),
        ) {
            let mut times = BoundTimes::default();
            let mut model = [false; 3];
            let (mut now, mut bound) = (1_000_000, 0);
            for (number, is_bind, pause) in steps {
                now += pause;
                bound += if model.contains(&true) { pause } else { 0 };
                times.session(&session(number, 1, is_bind, now));
                model[usize::from(number)] = is_bind;
                let owned = times.sorted().into_iter().map(|(id, time)| (id, time.clone())).collect();
                times = BoundTimes::restore(owned);
                prop_assert_eq!(times.of(CONNECTION).unwrap().accrued_ms(UnixMs(now)), bound);
                prop_assert_eq!(times.sessions(None).len(), model.iter().filter(|bound| **bound).count());
            }
        }
    }
}
