use carillon_domain::ids::ConnectionId;
use carillon_domain::time::Monotonic;
use std::collections::BTreeMap;
use std::time::Duration;

/// How far behind the best a member falls back to the reserve, and how near it must come to return. The gap between keeps it
/// from going to and fro.
const FALL_BEHIND: f64 = 0.10;
const RETURN_WITHIN: f64 = 0.05;

/// Fewer observations make nobody fall back.
const EVIDENCE_MIN: f64 = 8.0;

/// How long a member stays in the reserve at least: the first time, and at most; doubled every time it falls back again.
const REST_FIRST: Duration = Duration::from_secs(15);
const REST_MAX: Duration = Duration::from_secs(480);
/// A member that did well for so long starts anew.
const FORGIVEN_AFTER: Duration = Duration::from_secs(900);

/// One of so many messages of the group tries a member of the reserve.
const TRIED_EVERY: f64 = 40.0;

/// When the preferred members had more than they could take for so long, the reserve helps.
const PATIENCE: Duration = Duration::from_secs(10);

const REVIEW_EVERY: Duration = Duration::from_secs(1);

/// How the members of one adaptive group stand.
#[derive(Debug, Default)]
pub struct Ranking {
    members: BTreeMap<ConnectionId, Member>,
    reviewed_at: Option<Monotonic>,
    /// Since when no preferred member ran out of messages.
    busy_since: Option<Monotonic>,
    reserve_helps: bool,
}

#[derive(Debug, Default)]
struct Member {
    reserve: Option<Reserve>,
    falls: u32,
    /// Since when it is preferred.
    since: Monotonic,
}

#[derive(Debug)]
struct Reserve {
    /// It does not return before.
    until: Monotonic,
    /// Messages it may take to show how it does.
    tries: f64,
}

/// A member that can send, and how it does.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    pub connection: ConnectionId,
    pub score: f64,
    pub evidence: f64,
}

/// A member's place in an adaptive group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Preferred,
    /// It takes nothing while a preferred member can send.
    Reserve,
    /// In the reserve, and the next message is its turn to show how it does.
    Tried,
}

impl Ranking {
    /// Decides anew who is preferred among those that can send; at most once a second. Gives those whose place changed, and
    /// whether they are preferred now.
    pub fn review(&mut self, candidates: &[Candidate], now: Monotonic) -> Vec<(ConnectionId, bool)> {
        if self.reviewed_at.is_some_and(|at| now - at < REVIEW_EVERY) {
            return Vec::new();
        }
        self.reviewed_at = Some(now);
        self.reserve_helps = self.busy_since.is_some_and(|since| now - since >= PATIENCE);
        let Some(best) = best_of(candidates.iter()) else {
            return Vec::new();
        };
        let spared = self.spared(candidates, now);
        let mut changed = Vec::new();
        for candidate in candidates
            .iter()
            .filter(|candidate| Some(candidate.connection) != spared)
        {
            let behind = best.score - candidate.score;
            let member = self.members.entry(candidate.connection).or_default();
            match &member.reserve {
                None if behind > FALL_BEHIND && candidate.evidence >= EVIDENCE_MIN => {
                    member.fall(now);
                    changed.push((candidate.connection, false));
                }
                Some(reserve) if behind <= RETURN_WITHIN && reserve.until <= now => {
                    member.rise(now);
                    changed.push((candidate.connection, true));
                }
                _ => {}
            }
        }
        // Somebody must carry the messages, were it one that has just fallen.
        let is_preferred = |c: &Candidate| self.place(c.connection) == Place::Preferred;
        if !candidates.iter().any(is_preferred) {
            let member = self.members.entry(best.connection).or_default();
            member.rise(now);
            let known = changed.len();
            changed.retain(|(id, _)| *id != best.connection);
            if changed.len() == known {
                changed.push((best.connection, true));
            }
        }
        changed
    }

    pub fn place(&self, connection: ConnectionId) -> Place {
        match self
            .members
            .get(&connection)
            .and_then(|member| member.reserve.as_ref())
        {
            None => Place::Preferred,
            Some(reserve) if reserve.tries >= 1.0 => Place::Tried,
            Some(_) => Place::Reserve,
        }
    }

    /// Whether the reserve takes what the preferred members have no room for.
    pub fn reserve_helps(&self) -> bool {
        self.reserve_helps
    }

    /// The best of the preferred, when it has not been preferred for long: were it to fall with all the others, members would
    /// take turns as fast as their scores move.
    fn spared(&self, candidates: &[Candidate], now: Monotonic) -> Option<ConnectionId> {
        let is_preferred = |c: &&Candidate| self.place(c.connection) == Place::Preferred;
        let best = best_of(candidates.iter().filter(is_preferred))?.connection;
        let since = self.members.get(&best).map(|member| member.since)?;
        (now - since < REST_FIRST).then_some(best)
    }

    /// A member took a message.
    pub fn took(&mut self, connection: ConnectionId, now: Monotonic) {
        if let Some(reserve) = self
            .members
            .get_mut(&connection)
            .and_then(|member| member.reserve.as_mut())
        {
            reserve.tries = (reserve.tries - 1.0).max(0.0);
            return;
        }
        self.busy_since.get_or_insert(now);
        for reserve in self
            .members
            .values_mut()
            .filter_map(|member| member.reserve.as_mut())
        {
            reserve.tries = (reserve.tries + 1.0 / TRIED_EVERY).min(1.0);
        }
    }

    /// A member found nothing to take although it had room.
    pub fn ran_out(&mut self, connection: ConnectionId) {
        if self.place(connection) == Place::Preferred {
            self.busy_since = None;
            self.reserve_helps = false;
        }
    }
}

impl Member {
    fn fall(&mut self, now: Monotonic) {
        if now - self.since >= FORGIVEN_AFTER {
            self.falls = 0;
        }
        let rest = REST_FIRST.saturating_mul(1 << self.falls.min(10)).min(REST_MAX);
        self.falls += 1;
        self.reserve = Some(Reserve {
            until: now + rest,
            tries: 0.0,
        });
    }

    fn rise(&mut self, now: Monotonic) {
        self.reserve = None;
        self.since = now;
    }
}

/// The first of those with the highest score.
fn best_of<'c>(candidates: impl Iterator<Item = &'c Candidate>) -> Option<Candidate> {
    candidates
        .copied()
        .reduce(|best, next| if next.score > best.score { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIRST: ConnectionId = ConnectionId(1);
    const SECOND: ConnectionId = ConnectionId(2);

    fn at(seconds: u64) -> Monotonic {
        Monotonic(Duration::from_secs(seconds))
    }

    fn candidates(first: f64, second: f64) -> [Candidate; 2] {
        [(FIRST, first), (SECOND, second)].map(|(connection, score)| Candidate {
            connection,
            score,
            evidence: 100.0,
        })
    }

    #[test]
    fn who_falls_far_behind_is_the_reserve_until_it_is_near_again() {
        let mut ranking = Ranking::default();
        assert_eq!(ranking.review(&candidates(0.91, 1.0), at(1)), []);
        assert_eq!(ranking.review(&candidates(0.8, 1.0), at(2)), [(FIRST, false)]);
        assert_eq!(ranking.review(&candidates(1.0, 1.0), at(3)), [], "it rests");
        assert_eq!(
            ranking.review(&candidates(0.94, 1.0), at(20)),
            [],
            "not near enough"
        );
        assert_eq!(ranking.review(&candidates(0.96, 1.0), at(21)), [(FIRST, true)]);
        assert_eq!(ranking.review(&candidates(0.5, 1.0), at(22)), [(FIRST, false)]);
        assert_eq!(ranking.review(&candidates(1.0, 1.0), at(40)), [], "twice as long");
        assert_eq!(ranking.review(&candidates(1.0, 1.0), at(52)), [(FIRST, true)]);
    }

    #[test]
    fn little_evidence_makes_nobody_fall() {
        let mut ranking = Ranking::default();
        let mut candidates = candidates(0.5, 1.0);
        candidates[0].evidence = 7.0;
        assert_eq!(ranking.review(&candidates, at(1)), []);
    }

    #[test]
    fn somebody_is_always_preferred() {
        let mut ranking = Ranking::default();
        ranking.review(&candidates(0.5, 1.0), at(1));
        // Only the reserve is left.
        let alone = &candidates(0.5, 1.0)[..1];
        assert_eq!(ranking.review(alone, at(2)), [(FIRST, true)]);
        // The reserve, still resting, is the best by far.
        let mut ranking = Ranking::default();
        ranking.review(&candidates(0.5, 1.0), at(1));
        assert_eq!(
            ranking.review(&candidates(1.0, 0.5), at(15)),
            [(SECOND, false), (FIRST, true)]
        );
    }

    #[test]
    fn the_reserve_is_tried_now_and_then_and_helps_after_a_while() {
        let mut ranking = Ranking::default();
        ranking.review(&candidates(0.5, 1.0), at(1));
        let mut tried = 0;
        for _ in 0..400 {
            ranking.took(SECOND, at(2));
            if ranking.place(FIRST) == Place::Tried {
                ranking.took(FIRST, at(2));
                tried += 1;
            }
        }
        assert!((9..=10).contains(&tried), "{tried}");
        ranking.review(&candidates(0.5, 1.0), at(11));
        assert!(!ranking.reserve_helps());
        ranking.review(&candidates(0.5, 1.0), at(12));
        assert!(ranking.reserve_helps(), "the other had too much for ten seconds");
        ranking.ran_out(SECOND);
        assert!(!ranking.reserve_helps());
    }

    proptest! {
        /// Whatever the scores do, a member changes its place only so often.
        #[test]
        fn changes_are_bounded(scores in prop::collection::vec((0.0..1.0, 0.0..1.0), 1..1_800)) {
            let mut ranking = Ranking::default();
            let mut changes = [0; 2];
            for (second, (one, other)) in (1..).zip(&scores) {
                for (connection, _) in ranking.review(&candidates(*one, *other), at(second)) {
                    changes[usize::from(connection.0) - 1] += 1;
                }
                let preferred = [FIRST, SECOND].map(|id| ranking.place(id) == Place::Preferred);
                prop_assert!(preferred.contains(&true));
            }
            // Half an hour of nothing but noise.
            prop_assert!(changes[0] + changes[1] <= 4 + scores.len() / 5, "{:?}", changes);
        }
    }
}
