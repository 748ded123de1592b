//! What every store of logins does. Each case gets a fresh, empty place.

use super::catalog::HOSTILE;
use crate::login::{Logins, SecretHash, Session, StoredLogins, WallToken};
use carillon_domain::ids::TenantId;
use carillon_domain::rights::{Right, Rights};
use carillon_domain::time::UnixMs;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where logins live: opening it again gives what was stored.
pub trait LoginPlace {
    type Logins: Logins;

    fn open(&self) -> impl Future<Output = Self::Logins>;
}

pub async fn a_new_store_knows_nobody(place: impl LoginPlace) {
    let store = place.open().await;
    assert_eq!(store.logins().await.unwrap(), StoredLogins::default());
    assert_eq!(store.password("admin").await.unwrap(), None);
}

pub async fn sessions_and_tokens_come_back_whole_and_go(place: impl LoginPlace) {
    let store = place.open().await;
    let sessions = [session(1, "admin"), session(2, "管理员")];
    let tokens = [token(3, Some(7)), token(4, None)];
    for session in &sessions {
        log_in(&store, session).await;
    }
    for token in &tokens {
        store.add_wall_token(token).await.unwrap();
    }
    // Another process that has the store open sees them as well.
    let again = place.open().await;
    assert_eq!(
        sorted(again.logins().await.unwrap()),
        StoredLogins {
            sessions: sessions.to_vec(),
            wall_tokens: tokens.to_vec(),
            rights: Vec::new(),
        }
    );
    let gone = [sessions[0].secret, tokens[1].secret, secret(99)];
    again.remove_logins(&gone).await.unwrap();
    again.remove_logins(&[]).await.unwrap();
    assert_eq!(
        store.logins().await.unwrap(),
        StoredLogins {
            sessions: vec![sessions[1].clone()],
            wall_tokens: vec![tokens[0].clone()],
            rights: Vec::new(),
        }
    );
}

pub async fn use_is_noted(place: impl LoginPlace) {
    let store = place.open().await;
    log_in(&store, &session(1, "admin")).await;
    store.add_wall_token(&token(2, None)).await.unwrap();
    let used = [
        (secret(1), UnixMs(9_000)),
        (secret(2), UnixMs(8_000)),
        (secret(3), UnixMs(1)),
    ];
    store.mark_used(&used).await.unwrap();
    store.mark_used(&[]).await.unwrap();
    let stored = place.open().await.logins().await.unwrap();
    assert_eq!(stored.sessions[0].used, UnixMs(9_000));
    assert_eq!(stored.wall_tokens[0].used, Some(UnixMs(8_000)));
}

pub async fn a_new_password_ends_the_operators_other_sessions(place: impl LoginPlace) {
    let store = place.open().await;
    let sessions = [(1, "admin"), (2, "admin"), (3, "other")];
    let sessions = sessions.map(|(number, operator)| session(number, operator));
    store.set_password("admin", PHC).await.unwrap();
    store.set_password("other", PHC).await.unwrap();
    for session in &sessions {
        assert!(store.add_session(session, PHC).await.unwrap());
    }
    let changed = store
        .change_password("admin", PHC, "$argon2id$2", secret(2))
        .await;
    assert!(changed.unwrap());
    let again = place.open().await;
    assert_eq!(
        again.password("admin").await.unwrap().as_deref(),
        Some("$argon2id$2")
    );
    assert_eq!(again.password("Admin").await.unwrap(), None);
    let left = sorted(again.logins().await.unwrap()).sessions;
    assert_eq!(left, [session(2, "admin"), session(3, "other")]);
    again.set_password("admin", "$argon2id$3").await.unwrap();
    assert_eq!(store.logins().await.unwrap().sessions, [session(3, "other")]);
}

/// Who resets a password beside has the last word, also over a change that was under way.
pub async fn a_password_is_changed_from_the_one_that_is_stored_and_in_a_session_that_is(
    place: impl LoginPlace,
) {
    let store = place.open().await;
    let change = async |operator, from, kept| {
        let changed = store
            .change_password(operator, from, "$argon2id$changed", kept)
            .await;
        changed.unwrap()
    };
    assert!(!change("admin", PHC, secret(1)).await, "nobody is there");
    log_in(&store, &session(1, "admin")).await;
    log_in(&store, &session(2, "other")).await;
    assert!(
        !change("admin", "$argon2id$0", secret(1)).await,
        "another one is stored"
    );
    assert!(!change("admin", PHC, secret(3)).await, "no such session");
    assert!(!change("admin", PHC, secret(2)).await, "somebody else's session");
    assert!(!change("Admin", PHC, secret(1)).await, "another name");
    let again = place.open().await;
    // The same hash once more: only that the session is gone tells it.
    again.set_password("admin", PHC).await.unwrap();
    assert!(!change("admin", PHC, secret(1)).await, "it was reset");
    assert_eq!(again.password("admin").await.unwrap().as_deref(), Some(PHC));
    assert_eq!(again.logins().await.unwrap().sessions, [session(2, "other")]);
    assert!(change("other", PHC, secret(2)).await);
}

pub async fn a_session_is_added_for_the_password_that_is_stored_only(place: impl LoginPlace) {
    let store = place.open().await;
    let session = session(1, "admin");
    assert!(
        !store.add_session(&session, PHC).await.unwrap(),
        "nobody is there"
    );
    store.set_password("admin", "$argon2id$new").await.unwrap();
    assert!(!store.add_session(&session, PHC).await.unwrap(), "it was changed");
    assert_eq!(store.logins().await.unwrap(), StoredLogins::default());
    assert!(store.add_session(&session, "$argon2id$new").await.unwrap());
}

pub async fn operators_are_added_once_and_rights_are_set(place: impl LoginPlace) {
    let store = place.open().await;
    let steer: Rights = [Right::Steer].into_iter().collect();
    store.set_password("admin", PHC).await.unwrap();
    assert!(!store.add_operator("admin", "other", steer).await.unwrap());
    assert_eq!(store.password("admin").await.unwrap().as_deref(), Some(PHC));
    assert_eq!(store.logins().await.unwrap().rights, []);
    assert!(store.add_operator("夜班", "$argon2id$2", steer).await.unwrap());
    assert!(!store.set_rights("nobody", Rights::ALL).await.unwrap());
    assert!(store.set_rights("admin", Rights::ALL).await.unwrap());
    assert!(store.set_rights("admin", Rights::NONE).await.unwrap());
    let again = place.open().await;
    assert_eq!(
        again.password("夜班").await.unwrap().as_deref(),
        Some("$argon2id$2")
    );
    let mut rights = again.logins().await.unwrap().rights;
    rights.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        rights,
        [("admin".to_owned(), Rights::NONE), ("夜班".to_owned(), steer)]
    );
    // A new password changes no right.
    again.set_password("夜班", PHC).await.unwrap();
    assert_eq!(again.logins().await.unwrap().rights.len(), 2);
}

pub async fn hostile_names_are_only_text(place: impl LoginPlace) {
    let store = place.open().await;
    for (number, text) in (1..).zip(HOSTILE) {
        store.set_password(text, text).await.unwrap();
        assert!(store.add_session(&session(number, text), text).await.unwrap());
        let token = WallToken {
            name: (*text).to_owned(),
            created_by: (*text).to_owned(),
            ..token(number, None)
        };
        store.add_wall_token(&token).await.unwrap();
        let stored = store.logins().await.unwrap();
        assert!(stored.sessions.contains(&session(number, text)), "{text:?}");
        assert!(stored.wall_tokens.contains(&token), "{text:?}");
        assert_eq!(store.password(text).await.unwrap().as_deref(), Some(*text));
        assert!(store.set_rights(text, Rights::NONE).await.unwrap());
        assert!(
            stored_rights(&store, text).await == Some(Rights::NONE),
            "{text:?}"
        );
    }
}

const PHC: &str = "$argon2id$1";

async fn stored_rights(store: &impl Logins, operator: &str) -> Option<Rights> {
    let rights = store.logins().await.unwrap().rights;
    rights
        .into_iter()
        .find(|(name, _)| name == operator)
        .map(|(_, rights)| rights)
}

async fn log_in(store: &impl Logins, session: &Session) {
    store.set_password(&session.operator, PHC).await.unwrap();
    assert!(store.add_session(session, PHC).await.unwrap());
}

fn sorted(mut stored: StoredLogins) -> StoredLogins {
    stored.sessions.sort_by_key(|session| session.secret);
    stored.wall_tokens.sort_by_key(|token| token.secret);
    stored
}

fn session(number: u8, operator: &str) -> Session {
    Session {
        secret: secret(number),
        operator: operator.to_owned(),
        created: UnixMs(1_767_225_600_000),
        used: UnixMs(1_767_225_600_000 + u64::from(number)),
        source: if number.is_multiple_of(2) {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        } else {
            IpAddr::V4(Ipv4Addr::new(192, 0, 2, number))
        },
    }
}

fn token(number: u8, organisation: Option<u32>) -> WallToken {
    WallToken {
        secret: secret(number),
        name: format!("大屏 {number}"),
        organisation: organisation.map(TenantId),
        created: UnixMs(1_767_225_600_000),
        created_by: "admin".to_owned(),
        expires: organisation.map(|_| UnixMs(1_798_761_600_000)),
        used: None,
    }
}

fn secret(number: u8) -> SecretHash {
    SecretHash([number; 32])
}
