//! Finding out whether the peer is still there.

use super::state::Millis;

/// Link tests without any sign of life from the peer before the session is given up (CMPP 2.0: N = 3).
pub(super) const TRIES: u8 = 3;

/// Asks when nothing was heard for the interval (CMPP: C), and again after each time-out (CMPP: T). Whatever comes from the
/// peer counts as a sign of life, not only the answer.
pub(super) struct LinkTest {
    interval: Millis,
    timeout: Millis,
    last_heard: Millis,
    last_asked: Millis,
    unanswered: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    /// A link test is to be sent now; it is taken as sent.
    Ask,
    Dead,
}

impl LinkTest {
    /// An `interval` of 0 turns link tests off.
    pub fn new(interval: Millis, timeout: Millis, now: Millis) -> Self {
        Self {
            interval,
            timeout,
            last_heard: now,
            last_asked: now,
            unanswered: 0,
        }
    }

    pub fn heard(&mut self, now: Millis) {
        self.last_heard = now;
        self.unanswered = 0;
    }

    pub fn last_heard(&self) -> Millis {
        self.last_heard
    }

    pub fn set_response_timeout(&mut self, timeout: Millis) {
        self.timeout = timeout;
    }

    pub fn due(&self) -> Millis {
        match (self.interval, self.unanswered) {
            (0, _) => Millis::MAX,
            (interval, 0) => self.last_heard.saturating_add(interval),
            _ => self.last_asked.saturating_add(self.timeout),
        }
    }

    pub fn check(&mut self, now: Millis) -> Health {
        if now < self.due() {
            return Health::Well;
        }
        if self.unanswered == TRIES {
            return Health::Dead;
        }
        self.unanswered += 1;
        self.last_asked = now;
        Health::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_questions_then_dead() {
        let mut test = LinkTest::new(180, 60, 0);
        let answers: Vec<(Millis, Health)> = [179, 180, 239, 240, 300, 359, 360]
            .into_iter()
            .map(|now| (now, test.check(now)))
            .collect();
        assert_eq!(
            answers,
            [
                (179, Health::Well),
                (180, Health::Ask),
                (239, Health::Well),
                (240, Health::Ask),
                (300, Health::Ask),
                (359, Health::Well),
                (360, Health::Dead),
            ]
        );
    }

    #[test]
    fn a_sign_of_life_starts_again() {
        let mut test = LinkTest::new(180, 60, 0);
        assert_eq!(test.check(200), Health::Ask);
        test.heard(210);
        assert_eq!(test.due(), 390);
        assert_eq!(test.check(390), Health::Ask);
        assert_eq!(test.due(), 450);
    }

    #[test]
    fn can_be_off() {
        let mut test = LinkTest::new(0, 60, 0);
        assert_eq!(test.check(Millis::MAX - 1), Health::Well);
    }
}
