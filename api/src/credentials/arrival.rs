//! What comes in from elsewhere: a credential as a file tells of it, and what an operator wants where the file is silent.

use std::sync::Arc;

use rt_manage_shared::{
    clock::Millis,
    db::credentials::{Credential, Identity},
    id::ProxyId,
    model::{
        grant::{Doubt, Grant, State},
        known::Known,
    },
    openai::{Claims, Tokens, access_expiry},
    vault::Secret,
};

use super::{Edit, NewCredential, Patch};

/// What the tokens of a credential tell about it, and else somebody else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Whose it is.
    pub identity: Identity,
    /// The client that the tokens were issued to.
    pub client_id: Option<String>,
    /// When the access token ends.
    pub access_expires_at: Option<Millis>,
}

impl Told {
    /// What an access token tells.
    pub fn by(access_token: &Secret) -> Self {
        let claims = Claims::read(access_token);
        Self {
            client_id: claims.client(),
            access_expires_at: claims.exp.map(Millis::from_seconds),
            identity: Identity {
                email: claims.email,
                name: claims.name,
                account_id: claims.account_id,
                user_id: claims.user_id,
                plan: claims.plan_type,
            },
        }
    }

    /// The person in the workspace: what makes two credentials the same.
    pub fn seat(&self) -> Option<(&str, &str)> {
        let Identity {
            account_id,
            user_id,
            ..
        } = &self.identity;
        account_id.as_deref().zip(user_id.as_deref())
    }

    /// When an access token ends of which nobody tells more.
    pub(super) fn ends(&self, now: Millis, default_life: std::time::Duration) -> Millis {
        let nothing = Tokens::default();
        self.access_expires_at
            .unwrap_or_else(|| access_expiry(&nothing, now, default_life))
    }
}

/// A state that goes along with a refresh token wherever it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastState {
    /// The upstream said that it is unusable.
    Dead,
    /// It may be spent.
    InDoubt,
}

impl PastState {
    /// By the name of a grant's state. A token that was being refreshed when it was written down may be spent by now.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "dead" => Some(Self::Dead),
            "in_doubt" | "refreshing" => Some(Self::InDoubt),
            _ => None,
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::InDoubt => "in_doubt",
        }
    }
}

/// What an installation remembers of a credential that moves to another one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// What was known of its refresh token.
    pub state: Option<PastState>,
    /// The code of its last failure.
    pub code: Option<String>,
    /// When it was refreshed last.
    pub refreshed_at: Option<Millis>,
    /// When it was added.
    pub created_at: Option<Millis>,
}

impl Past {
    pub(super) fn known(&self, now: Millis) -> Known {
        let code = self.code.clone();
        match self.state {
            None => Known::default(),
            Some(PastState::Dead) => Known {
                dead: true,
                code,
                ..Known::default()
            },
            Some(PastState::InDoubt) => Known {
                doubt: Some(Doubt {
                    since: now,
                    probes: 0,
                }),
                code,
                ..Known::default()
            },
        }
    }
}

/// A credential as a file tells of it. What is `None` is not told, and follows the defaults.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    /// Its refresh token.
    pub refresh_token: Secret,
    /// An access token.
    pub access_token: Option<Secret>,
    /// Its name.
    pub biz_id: Option<String>,
    /// The client id, where the file names one.
    pub client_id: Option<String>,
    /// Its own proxy.
    pub proxy: Option<Secret>,
    /// The named proxy that it referred to where it comes from; counts where there is one of that name.
    pub proxy_name: Option<String>,
    /// A label.
    pub tag: Option<String>,
    /// A note.
    pub memo: Option<String>,
    /// Whether it may be refreshed and handed out.
    pub enabled: Option<bool>,
    /// What its tokens tell, and else the file.
    pub told: Told,
    /// What an export remembers of it.
    pub past: Past,
}

/// What an operator wants for credentials of which the file does not tell more.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// A label.
    pub tag: Option<String>,
    /// A named proxy.
    pub proxy_id: Option<ProxyId>,
    /// Their own proxy.
    pub proxy: Option<Secret>,
    /// The client id of those that bring no token that tells it.
    pub client_id: Option<String>,
    /// How names begin that are generated.
    pub biz_id_prefix: Option<Arc<str>>,
    /// Whether they may be refreshed and handed out.
    pub enabled: Option<bool>,
    /// Whether those are refreshed at once, too, whose access token is good for a while.
    pub refresh_now: bool,
}

impl Arrival {
    /// The credential that it becomes where there is none yet. `named`: the named proxy that it refers to.
    pub(super) fn becomes(&self, named: Option<ProxyId>, defaults: &Defaults) -> NewCredential {
        let own = self.proxy.clone().filter(|_| named.is_none());
        let silent = own.is_none() && named.is_none();
        NewCredential {
            biz_id: self.biz_id.clone(),
            biz_id_prefix: defaults.biz_id_prefix.clone(),
            refresh_token: self.refresh_token.clone(),
            access_token: self.access_token.clone(),
            client_id: self
                .client_id
                .clone()
                .or_else(|| self.told.client_id.clone())
                .or_else(|| defaults.client_id.clone()),
            proxy: own.or_else(|| defaults.proxy.clone().filter(|_| silent)),
            proxy_id: named.or(defaults.proxy_id.filter(|_| silent)),
            tag: self
                .tag
                .clone()
                .or_else(|| defaults.tag.clone())
                .unwrap_or_default(),
            memo: self.memo.clone().unwrap_or_default(),
            email: None,
            enabled: self.enabled.or(defaults.enabled).unwrap_or(true),
            refresh_now: defaults.refresh_now,
            told: Some(self.told.clone()),
            past: self.past.clone(),
        }
    }

    /// What it changes about one that is there: what the file says itself, and nothing of the defaults. A name stays.
    pub(super) fn edits(&self, named: Option<ProxyId>, replaces: bool) -> Edit {
        fn set<T: Clone>(value: Option<&T>) -> Patch<T> {
            value.map_or(Patch::Keep, |value| Patch::Set(value.clone()))
        }
        // The client of other tokens is no news about those that are there.
        let client_id = self.told.client_id.as_ref().filter(|_| replaces);
        Edit {
            biz_id: Patch::Keep,
            client_id: set(self.client_id.as_ref().or(client_id)),
            proxy: set(self.proxy.as_ref().filter(|_| named.is_none())),
            proxy_id: set(named.as_ref()),
            tag: set(self.tag.as_ref()),
            memo: set(self.memo.as_ref()),
            enabled: set(self.enabled.as_ref()),
            refresh_token: set(Some(&self.refresh_token).filter(|_| replaces)),
        }
    }

    /// What it tells of whose a credential is. News where it brings other tokens, else only what nobody knew.
    pub(super) fn teaches(&self, before: &Credential, replaces: bool) -> Option<Identity> {
        let news = |told: &Option<String>, known: &Option<String>| {
            told.clone()
                .filter(|told| known.is_none() || (replaces && known.as_ref() != Some(told)))
        };
        let (told, known) = (&self.told.identity, &before.identity);
        let identity = Identity {
            email: news(&told.email, &known.email),
            name: news(&told.name, &known.name),
            account_id: news(&told.account_id, &known.account_id),
            user_id: news(&told.user_id, &known.user_id),
            plan: news(&told.plan, &known.plan),
        };
        (identity != Identity::default()).then_some(identity)
    }
}

/// Whether the refresh token that stands there is not known to be bad.
pub(super) fn is_healthy(grant: &Grant) -> bool {
    grant.doubt.is_none() && grant.state != State::Dead
}
