use super::source::network;
use carillon_domain::rights::Rights;
use carillon_domain::time::UnixMs;
use carillon_storage::login::{SecretHash, Session, StoredLogins, WallToken};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

/// A session ends so long after its last request.
pub const SESSION_IDLE_MAX: Duration = Duration::from_secs(12 * 3600);
/// A session ends so long after its begin, used or not.
pub const SESSION_AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// One operator's sessions; with one more, that which was used longest ago ends.
pub const SESSIONS_PER_OPERATOR_MAX: usize = 50;
pub const WALL_TOKENS_MAX: usize = 1000;

/// Uses closer together than this are noted as one.
const USE_STEP: Duration = Duration::from_secs(60);

/// Everything that opens a session or a wall now.
#[derive(Default)]
pub struct LoginTable {
    sessions: HashMap<SecretHash, Session>,
    wall_tokens: HashMap<SecretHash, WallToken>,
    /// Of operators who do not have all.
    rights: HashMap<String, Rights>,
    /// Those whose last use is not stored yet.
    used: HashSet<SecretHash>,
}

impl LoginTable {
    /// The session that the secret opens.
    pub fn session(&self, secret: SecretHash, now: UnixMs) -> Option<&Session> {
        let session = self.sessions.get(&secret)?;
        (now < session_end(session)).then_some(session)
    }

    pub fn wall_token(&self, secret: SecretHash, now: UnixMs) -> Option<&WallToken> {
        let token = self.wall_tokens.get(&secret)?;
        token.expires.is_none_or(|end| now < end).then_some(token)
    }

    /// What an operator may do.
    pub fn rights_of(&self, operator: &str) -> Rights {
        self.rights.get(operator).copied().unwrap_or(Rights::ALL)
    }

    /// Whether the last use that is known lies so far back that this one is to be noted.
    pub fn is_use_due(last: Option<UnixMs>, now: UnixMs) -> bool {
        last.is_none_or(|last| now.saturating_since(last) >= USE_STEP)
    }

    pub fn note_use(&mut self, secret: SecretHash, now: UnixMs) {
        if let Some(session) = self.sessions.get_mut(&secret) {
            session.used = session.used.max(now);
        } else if let Some(token) = self.wall_tokens.get_mut(&secret) {
            token.used = token.used.max(Some(now));
        } else {
            return;
        }
        self.used.insert(secret);
    }

    /// The uses that are to be stored; they count as stored from now on.
    pub fn take_uses(&mut self) -> Vec<(SecretHash, UnixMs)> {
        let used = std::mem::take(&mut self.used);
        used.into_iter()
            .filter_map(|secret| {
                let session = self.sessions.get(&secret).map(|session| session.used);
                let token = || self.wall_tokens.get(&secret).and_then(|token| token.used);
                Some((secret, session.or_else(token)?))
            })
            .collect()
    }

    pub fn add_session(&mut self, session: Session) {
        self.sessions.insert(session.secret, session);
    }

    pub fn add_wall_token(&mut self, token: WallToken) {
        self.wall_tokens.insert(token.secret, token);
    }

    pub fn remove(&mut self, secrets: &[SecretHash]) {
        for secret in secrets {
            self.sessions.remove(secret);
            self.wall_tokens.remove(secret);
        }
    }

    /// What is stored counts; uses that are not stored yet stay.
    pub fn take_over(&mut self, stored: StoredLogins) {
        let before = std::mem::take(self);
        for mut session in stored.sessions {
            if let Some(known) = before.sessions.get(&session.secret) {
                session.used = session.used.max(known.used);
            }
            self.add_session(session);
        }
        for mut token in stored.wall_tokens {
            if let Some(known) = before.wall_tokens.get(&token.secret) {
                token.used = token.used.max(known.used);
            }
            self.add_wall_token(token);
        }
        self.rights = stored.rights.into_iter().collect();
        self.used = before.used;
    }

    /// An operator's sessions, the last one used first.
    pub fn sessions_of(&self, operator: &str, now: UnixMs) -> Vec<Session> {
        let mut sessions: Vec<_> = self
            .sessions
            .values()
            .filter(|session| session.operator == operator && now < session_end(session))
            .cloned()
            .collect();
        sessions.sort_by_key(|session| (std::cmp::Reverse(session.used), session.secret));
        sessions
    }

    /// Operators that are logged in.
    pub fn operators(&self, now: UnixMs) -> usize {
        let standing = self
            .sessions
            .values()
            .filter(|session| now < session_end(session));
        let names: std::collections::HashSet<_> = standing.map(|session| &session.operator).collect();
        names.len()
    }

    pub fn wall_tokens(&self) -> impl ExactSizeIterator<Item = &WallToken> {
        self.wall_tokens.values()
    }

    /// Whether the operator is logged in from there.
    pub fn is_at_home(&self, operator: &str, source: IpAddr, now: UnixMs) -> bool {
        let mut sessions = self.sessions.values();
        sessions.any(|session| {
            session.operator == operator
                && network(session.source) == network(source)
                && now < session_end(session)
        })
    }

    /// Sessions that are over, and those of an operator that make room for one more.
    pub fn to_end_for(&self, operator: &str, now: UnixMs) -> Vec<SecretHash> {
        let over = self.over(now);
        let mine = self.sessions_of(operator, now);
        let surplus = mine.iter().skip(SESSIONS_PER_OPERATOR_MAX - 1);
        over.into_iter()
            .chain(surplus.map(|session| session.secret))
            .collect()
    }

    /// Sessions that are over. Wall tokens stay: people look for those that have expired.
    fn over(&self, now: UnixMs) -> Vec<SecretHash> {
        let sessions = self.sessions.values();
        sessions
            .filter(|session| now >= session_end(session))
            .map(|session| session.secret)
            .collect()
    }
}

/// When the session ends if nothing is asked any more.
fn session_end(session: &Session) -> UnixMs {
    (session.created + SESSION_AGE_MAX).min(session.used + SESSION_IDLE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const BEGIN: UnixMs = UnixMs(1_767_225_600_000);
    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn secret(number: usize) -> SecretHash {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        SecretHash(bytes)
    }

    fn session(number: usize) -> Session {
        Session {
            secret: secret(number),
            operator: "admin".to_owned(),
            created: BEGIN,
            used: BEGIN,
            source: HOME,
        }
    }

    fn token(number: usize, expires: Option<UnixMs>) -> WallToken {
        WallToken {
            secret: secret(number),
            name: "hall".to_owned(),
            organisation: None,
            created: BEGIN,
            created_by: "admin".to_owned(),
            expires,
            used: None,
        }
    }

    #[test]
    fn a_session_ends_unused_and_in_the_end_also_used() {
        let mut table = LoginTable::default();
        table.add_session(session(1));
        let almost = SESSION_IDLE_MAX - Duration::from_millis(1);
        assert!(table.session(secret(1), BEGIN + almost).is_some());
        assert!(table.session(secret(1), BEGIN + SESSION_IDLE_MAX).is_none());
        assert!(table.session(secret(2), BEGIN).is_none());
        let mut now = BEGIN;
        while now < BEGIN + SESSION_AGE_MAX {
            assert!(table.session(secret(1), now).is_some());
            table.note_use(secret(1), now);
            now = now + almost;
        }
        assert!(table.session(secret(1), BEGIN + SESSION_AGE_MAX).is_none());
        assert!(table.is_at_home("admin", HOME, BEGIN));
        assert!(!table.is_at_home("admin", HOME, BEGIN + SESSION_AGE_MAX));
        assert!(!table.is_at_home("other", HOME, BEGIN));
    }

    #[test]
    fn a_wall_token_ends_at_its_time() {
        let mut table = LoginTable::default();
        table.add_wall_token(token(1, Some(BEGIN + Duration::from_secs(1))));
        table.add_wall_token(token(2, None));
        assert!(table.wall_token(secret(1), BEGIN).is_some());
        assert!(
            table
                .wall_token(secret(1), BEGIN + Duration::from_secs(1))
                .is_none()
        );
        assert!(table.wall_token(secret(2), UnixMs(u64::MAX)).is_some());
        assert_eq!(table.wall_tokens().len(), 2, "an expired one is still listed");
        table.remove(&[secret(2)]);
        assert!(table.wall_token(secret(2), BEGIN).is_none());
    }

    #[test]
    fn uses_are_noted_once_a_minute_and_outlive_what_others_store() {
        let mut table = LoginTable::default();
        table.add_session(session(1));
        table.add_wall_token(token(2, None));
        let now = BEGIN + USE_STEP;
        assert!(LoginTable::is_use_due(Some(BEGIN), now) && LoginTable::is_use_due(None, now));
        assert!(!LoginTable::is_use_due(Some(now), now));
        for number in [1, 2, 3] {
            table.note_use(secret(number), now);
        }
        table.take_over(StoredLogins {
            sessions: vec![session(1)],
            wall_tokens: vec![token(2, None)],
            rights: vec![("admin".to_owned(), Rights::NONE)],
        });
        assert_eq!(table.rights_of("admin"), Rights::NONE);
        assert_eq!(table.rights_of("other"), Rights::ALL);
        assert_eq!(table.session(secret(1), now).unwrap().used, now);
        let mut uses = table.take_uses();
        uses.sort();
        assert_eq!(uses, [(secret(1), now), (secret(2), now)]);
        assert!(table.take_uses().is_empty());
        table.take_over(StoredLogins::default());
        assert!(table.session(secret(1), now).is_none() && table.wall_token(secret(2), now).is_none());
    }

    #[test]
    fn an_operator_has_so_many_sessions_and_others_keep_theirs() {
        let mut table = LoginTable::default();
        for number in 0..SESSIONS_PER_OPERATOR_MAX {
            table.add_session(Session {
                used: BEGIN + Duration::from_secs(number as u64),
                ..session(number)
            });
        }
        table.add_session(Session {
            operator: "other".to_owned(),
            ..session(1000)
        });
        let now = BEGIN + Duration::from_secs(100);
        assert_eq!(table.to_end_for("admin", now), [secret(0)]);
        assert!(table.to_end_for("other", now).is_empty());
        assert_eq!(
            table.sessions_of("admin", now)[0].secret,
            secret(SESSIONS_PER_OPERATOR_MAX - 1)
        );
        let over = table.to_end_for("nobody", BEGIN + SESSION_AGE_MAX);
        assert_eq!(over.len(), SESSIONS_PER_OPERATOR_MAX + 1);
    }
}
