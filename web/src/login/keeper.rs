use super::guard::{Attempt, LoginGuard};
use super::secret::{hash_of, session_secret, wall_secret};
use super::table::{LoginTable, WALL_TOKENS_MAX};
use crate::http::{Chain, time};
use crate::right::{generate_password, hash_password, password_fits};
use actix_web::error::BlockingError;
use actix_web::web;
use argon2::password_hash::Error as HashError;
use carillon_domain::ids::TenantId;
use carillon_domain::rights::Rights;
use carillon_domain::time::UnixMs;
use carillon_storage::catalog::CatalogError;
use carillon_storage::changes::Seen;
use carillon_storage::login::{Logins, SecretHash, Session, WallToken};
use parking_lot::{Mutex, RwLock};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How often uses are stored.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// Passwords that may wait to be judged.
const WAITING_MAX: usize = 32;

/// Keeps the running service at the logins that are stored, and changes what is stored.
pub struct LoginKeeper {
    store: Arc<dyn Logins>,
    table: RwLock<LoginTable>,
    guard: Mutex<LoginGuard>,
    /// One change of store and table at a time.
    turn: tokio::sync::Mutex<()>,
    waiting: Semaphore,
    /// One argon2id at a time: it takes 19 MiB and a core, and anyone can ask for it.
    judging: Semaphore,
    /// Judged for names that nobody has, so that their answer takes as long.
    stand_in: String,
}

#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("name or password is wrong")]
    Wrong,
    #[error("wait {} s before the next try", .0.as_secs() + 1)]
    Wait(Duration),
    #[error("too many passwords are being judged")]
    Busy,
    #[error("there are {WALL_TOKENS_MAX} wall tokens")]
    TooManyWallTokens,
    #[error("a password cannot be hashed or checked: {0}")]
    Hash(HashError),
    #[error("the work on a password was given up")]
    Blocking(#[source] BlockingError),
    #[error("no random numbers are to be had")]
    Random(#[source] getrandom::Error),
    #[error(transparent)]
    Store(#[from] CatalogError),
}

/// What a new wall token is to be.
pub struct NewWallToken {
    pub name: String,
    pub organisation: Option<TenantId>,
    pub created_by: String,
    /// Never without one.
    pub lasts: Option<Duration>,
}

impl LoginKeeper {
    pub async fn open(store: Arc<dyn Logins>) -> Result<Self, LoginError> {
        let mut table = LoginTable::default();
        table.take_over(store.logins().await?);
        let stand_in = hash_password(&generate_password().map_err(LoginError::Random)?);
        Ok(LoginKeeper {
            store,
            table: RwLock::new(table),
            guard: Mutex::new(LoginGuard::new()),
            turn: tokio::sync::Mutex::new(()),
            waiting: Semaphore::new(WAITING_MAX),
            judging: Semaphore::new(1),
            stand_in: stand_in.map_err(LoginError::Hash)?,
        })
    }

    /// The operator's session that a secret opens.
    pub fn session(&self, secret: &str) -> Option<Session> {
        let hash = hash_of(secret)?;
        self.table.read().session(hash, time::now()).cloned()
    }

    /// The same, noting its use.
    pub fn use_session(&self, secret: &str) -> Option<Session> {
        let (session, now) = (self.session(secret)?, time::now());
        if LoginTable::is_use_due(Some(session.used), now) {
            self.table.write().note_use(session.secret, now);
        }
        Some(session)
    }

    /// What an operator may do.
    pub fn rights_of(&self, operator: &str) -> Rights {
        self.table.read().rights_of(operator)
    }

    /// The wall token that a secret is; notes its use.
    pub fn use_wall_token(&self, secret: &str) -> Option<WallToken> {
        let (hash, now) = (hash_of(secret)?, time::now());
        let token = self.table.read().wall_token(hash, now)?.clone();
        if LoginTable::is_use_due(token.used, now) {
            self.table.write().note_use(hash, now);
        }
        Some(token)
    }

    /// Whether the session or the wall token still opens anything; counts as no use.
    pub fn is_valid(&self, secret: SecretHash) -> bool {
        let (table, now) = (self.table.read(), time::now());
        table.session(secret, now).is_some() || table.wall_token(secret, now).is_some()
    }

    /// An operator's sessions, the last one used first.
    pub fn sessions_of(&self, operator: &str) -> Vec<Session> {
        self.table.read().sessions_of(operator, time::now())
    }

    /// Operators that are logged in.
    pub fn operators(&self) -> u32 {
        self.table.read().operators(time::now()) as u32
    }

    pub fn wall_tokens(&self) -> Vec<WallToken> {
        self.table.read().wall_tokens().cloned().collect()
    }

    /// Makes a session and gives its secret. Who fails is told the same whether the name or the password is wrong.
    pub async fn log_in(&self, name: &str, password: String, source: IpAddr) -> Result<String, LoginError> {
        let at_home = self.table.read().is_at_home(name, source, time::now());
        let attempt = Attempt::Login {
            name,
            source,
            at_home,
        };
        let phc = self.judge(name, password, attempt).await?;
        let secret = session_secret().map_err(LoginError::Random)?;
        let now = time::now();
        let session = Session {
            secret: hash_of(&secret).expect("our own secrets have a hash"),
            operator: name.to_owned(),
            created: now,
            used: now,
            source,
        };
        let _turn = self.turn.lock().await;
        let ended = self.table.read().to_end_for(name, now);
        if !ended.is_empty() {
            self.store.remove_logins(&ended).await?;
            self.table.write().remove(&ended);
        }
        // The password may have been changed since it was judged.
        if !self.store.add_session(&session, &phc).await? {
            return Err(LoginError::Wrong);
        }
        // With what the operator may do, which may have been stored a moment ago.
        let stored = self.store.logins().await?;
        self.table.write().take_over(stored);
        Ok(secret)
    }

    /// Changes an operator's password and ends all of the operator's sessions but this one.
    pub async fn change_password(
        &self,
        session: &Session,
        current: String,
        new: String,
    ) -> Result<(), LoginError> {
        let operator = &session.operator;
        let judged = self
            .judge(operator, current, Attempt::Within(session.secret))
            .await?;
        let phc = self.hash(new).await?;
        let _turn = self.turn.lock().await;
        // The password may have been reset since it was judged, and the session been ended: whoever did it has the last word.
        let changed = self
            .store
            .change_password(operator, &judged, &phc, session.secret)
            .await?;
        if !changed {
            return Err(LoginError::Wrong);
        }
        let mut others = self.sessions_of(operator);
        others.retain(|other| other.secret != session.secret);
        let others: Vec<_> = others.iter().map(|other| other.secret).collect();
        self.table.write().remove(&others);
        Ok(())
    }

    /// Ends a session, or removes a wall token.
    pub async fn end(&self, secret: SecretHash) -> Result<(), LoginError> {
        let _turn = self.turn.lock().await;
        self.store.remove_logins(&[secret]).await?;
        self.table.write().remove(&[secret]);
        Ok(())
    }

    /// Makes a wall token; gives it with its secret, which is known to nobody afterwards.
    pub async fn add_wall_token(&self, new: NewWallToken) -> Result<(WallToken, String), LoginError> {
        let secret = wall_secret().map_err(LoginError::Random)?;
        let now = time::now();
        let token = WallToken {
            secret: hash_of(&secret).expect("our own secrets have a hash"),
            name: new.name,
            organisation: new.organisation,
            created: now,
            created_by: new.created_by,
            expires: new.lasts.map(|lasts| now + lasts),
            used: None,
        };
        let _turn = self.turn.lock().await;
        if self.table.read().wall_tokens().len() >= WALL_TOKENS_MAX {
            return Err(LoginError::TooManyWallTokens);
        }
        self.store.add_wall_token(&token).await?;
        self.table.write().add_wall_token(token.clone());
        Ok((token, secret))
    }

    /// The stored hash that the password fits.
    async fn judge(&self, name: &str, password: String, attempt: Attempt<'_>) -> Result<String, LoginError> {
        let begun = self.guard.lock().begin(attempt, Instant::now());
        tokio::time::sleep(begun.map_err(LoginError::Wait)?).await;
        let Ok(_waiting) = self.waiting.try_acquire() else {
            self.guard.lock().take_back(attempt, Instant::now());
            return Err(LoginError::Busy);
        };
        let _judging = self.judging.acquire().await.map_err(|_| LoginError::Busy)?;
        let stored = self.store.password(name).await?;
        let (known, phc) = (stored.is_some(), stored.unwrap_or_else(|| self.stand_in.clone()));
        let judged = web::block(move || password_fits(password.as_bytes(), &phc).map(|fits| (fits, phc)));
        let (fits, phc) = judged
            .await
            .map_err(LoginError::Blocking)?
            .map_err(LoginError::Hash)?;
        if !(fits && known) {
            return Err(LoginError::Wrong);
        }
        self.guard.lock().succeeded(attempt, Instant::now());
        Ok(phc)
    }

    async fn hash(&self, password: String) -> Result<String, LoginError> {
        let _judging = self.judging.acquire().await.map_err(|_| LoginError::Busy)?;
        let hashed = web::block(move || hash_password(&password)).await;
        hashed.map_err(LoginError::Blocking)?.map_err(LoginError::Hash)
    }

    /// Takes over what others store (`carillon operator`), and stores when sessions were used; never ends.
    pub async fn watch(&self) {
        let (mut refused, mut seen) = (None, Seen::default());
        let mut noted_at = Instant::now();
        loop {
            seen = self.store.changed(seen).await;
            let looked = self.take_over().await;
            let noted = if noted_at.elapsed() >= NOTE_EVERY {
                noted_at = Instant::now();
                self.store_uses().await
            } else {
                Ok(())
            };
            let Err(error) = looked.and(noted) else {
                refused = None;
                continue;
            };
            // Told once, not twice a second.
            let text = Chain(&error).to_string();
            if refused.as_ref() != Some(&text) {
                tracing::error!(cause = %text, "the stored logins cannot be read or written; the service goes on by those it knows");
                refused = Some(text);
            }
        }
    }

    async fn take_over(&self) -> Result<(), CatalogError> {
        let _turn = self.turn.lock().await;
        let stored = self.store.logins().await?;
        self.table.write().take_over(stored);
        Ok(())
    }

    /// Stores when sessions and wall tokens were last used.
    pub async fn store_uses(&self) -> Result<(), CatalogError> {
        let uses: Vec<(SecretHash, UnixMs)> = self.table.write().take_uses();
        if uses.is_empty() {
            return Ok(());
        }
        self.store.mark_used(&uses).await
    }
}
