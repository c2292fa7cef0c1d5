//! [`Sessions`]: issues and checks administrators' sessions.

use std::{fmt, sync::Arc, time::Duration};

use rand::Rng as _;
use rt_manage_shared::{
    clock::Clock,
    config::{AuthConfig, Config},
    db::{Db, DbError, sessions, system, users},
    id::SessionId,
    model::role::Role,
    vault::{Place, Secret, Vault, VaultError},
};
use zeroize::Zeroizing;

use super::{
    backoff::Backoff,
    password::{HashError, Passwords, Reference},
    refusals::Refusals,
    signing::{Refused, Signer},
};

/// Name of the signing secret among the installation's secrets.
const SECRET_NAME: &str = "jwt_secret";
const SECRET_PLACE: Place<'static> = Place {
    table: "system_secrets",
    row: SECRET_NAME,
    column: "value",
};
/// RFC 7518 §3.2: a key for HS256 is at least as long as its hash.
const SECRET_BYTES: usize = 32;

/// Why sessions cannot be issued.
#[derive(Debug, thiserror::Error)]
pub enum SessionsError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The stored signing secret does not open.
    #[error("the stored signing secret: {0}")]
    Vault(#[from] VaultError),
    /// A configured hash that no password can match.
    #[error(
        "auth.password begins like an argon2id hash, but is none; `rt-manage-api hash-password` makes one"
    )]
    Password,
}

/// A session that is valid now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session itself.
    pub id: SessionId,
    /// Who logged in.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// It is only good for setting a password: it was opened with the published one.
    pub must_change_password: bool,
}

/// Issues and checks sessions; cheap to clone.
#[derive(Clone)]
pub struct Sessions(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) auth: AuthConfig,
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) signer: Signer,
    pub(super) passwords: Passwords,
    pub(super) backoff: Backoff,
    pub(super) refusals: Refusals,
    /// Tells the configured password from others.
    configured: String,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Sessions {
    /// Finds the signing secret: the configuration's, or where that is the published one, a random one that all
    /// replicas share, sealed in the database.
    pub async fn open(
        config: &Config,
        db: &Db,
        vault: &Vault,
        clock: &Clock,
    ) -> Result<Self, SessionsError> {
        let auth = config.auth.clone();
        if !Reference::configured(&auth.password).is_readable() {
            return Err(SessionsError::Password);
        }
        let life = Duration::from_hours(u64::from(auth.jwt_expire_hours));
        let signer = if auth.jwt_secret_is_placeholder() {
            Signer::new(&stored_secret(db, vault).await?, life)
        } else {
            Signer::new(auth.jwt_secret.expose().as_bytes(), life)
        };
        Ok(Self(Arc::new(Inner {
            configured: signer.digest(&auth.password),
            auth,
            db: db.clone(),
            clock: clock.clone(),
            signer,
            passwords: Passwords::new(),
            backoff: Backoff::new(),
            refusals: Refusals::new(),
        })))
    }

    /// How long a session lasts.
    pub fn life(&self) -> Duration {
        self.0.signer.life
    }

    /// Checks a token: its signature and its claims, that nobody has ended the session, and that neither password nor rights
    /// of the person have changed since.
    pub async fn check(&self, token: &str) -> Result<Result<Session, Refused>, DbError> {
        let Ok(claims) = self.0.signer.check(token, self.0.clock.now()) else {
            return Ok(Err(Refused));
        };
        let Some(account) = self.account(&claims.sub).await? else {
            return Ok(Err(Refused));
        };
        if claims.epoch != account.epoch
            || claims.configured != account.configured
            || !account.enabled
            || !sessions::is_open(&mut &self.0.db, claims.jti).await?
        {
            return Ok(Err(Refused));
        }
        Ok(Ok(Session {
            id: claims.jti,
            username: claims.sub,
            role: account.role,
            must_change_password: claims.must_change,
        }))
    }

    /// The account that the configuration names: always an administrator who may log in.
    pub fn configured_username(&self) -> &str {
        &self.0.auth.username
    }

    /// Hashes a password that somebody chose, beside the request threads.
    pub async fn hash(&self, password: &Secret) -> Result<String, HashError> {
        self.0.passwords.hash(password.clone()).await
    }

    #[cfg(test)]
    pub(crate) fn forget_failures(&self) {
        self.0.backoff.forget_all();
    }

    /// Somebody's account as it stands now; `None`: there is no such person.
    pub(super) async fn account(&self, username: &str) -> Result<Option<Account>, DbError> {
        let auth = &self.0.auth;
        let configured = username == auth.username;
        // No column of PostgreSQL takes that character, so nobody has it in their name.
        if username.contains('\0') {
            return Ok(None);
        }
        let row = users::read(&mut &self.0.db, username).await?;
        // A password that was set in the system wins over the configuration's.
        Ok(match row {
            Some(user) => Some(Account {
                // Whoever can change the configuration is an administrator in any case.
                role: if configured {
                    Role::Administrator
                } else {
                    user.role
                },
                enabled: configured || user.enabled,
                reference: Reference::Hash(user.password_hash),
                epoch: user.epoch,
                configured: None,
            }),
            None if configured => Some(Account {
                role: Role::Administrator,
                enabled: true,
                reference: Reference::configured(&auth.password),
                epoch: 0,
                configured: Some(self.0.configured.clone()),
            }),
            None => None,
        })
    }
}

/// What somebody may do, what their password is compared with, and how often it was set.
pub(super) struct Account {
    pub(super) role: Role,
    pub(super) enabled: bool,
    pub(super) reference: Reference,
    pub(super) epoch: i64,
    /// Which configured password counts, where none was set in the system.
    pub(super) configured: Option<String>,
}

async fn stored_secret(db: &Db, vault: &Vault) -> Result<Zeroizing<Vec<u8>>, SessionsError> {
    if let Some(sealed) = system::secret(&mut &*db, SECRET_NAME).await? {
        return Ok(vault.open(SECRET_PLACE, &sealed)?);
    }
    let mut fresh = Zeroizing::new(vec![0_u8; SECRET_BYTES]);
    rand::rng().fill_bytes(&mut fresh);
    let sealed = vault.seal(SECRET_PLACE, &fresh)?;
    if system::create_secret(&mut &*db, SECRET_NAME, sealed).await? {
        return Ok(fresh);
    }
    // Another replica was first: its secret counts.
    let sealed = system::secret(&mut &*db, SECRET_NAME).await?;
    let sealed = sealed.ok_or_else(|| DbError::Schema("the signing secret vanished".into()))?;
    Ok(vault.open(SECRET_PLACE, &sealed)?)
}
