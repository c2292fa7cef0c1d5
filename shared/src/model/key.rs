//! API keys: what a program may do, with which credentials, and how its secret looks.

use std::{collections::BTreeSet, fmt};

use rand::{RngExt as _, distr::Alphanumeric};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::text_enum;
use crate::{
    clock::Millis,
    id::{InvalidId, KeyId},
    vault::{Secret, hex},
};

/// What every secret begins with, so that people and scanners for leaked secrets recognise one.
const MARK: &str = "rtm_";
/// 43 of 62 characters are 256 random bits.
const RANDOM_CHARS: usize = 43;
/// What people see of a secret: 47 of its bits, which leaves more than anybody can guess.
const SHOWN_CHARS: usize = MARK.len() + 8;
/// Longest name, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// Most tags, or `biz_id`s, that a key is limited to.
pub const MAX_REACH: usize = 1000;

text_enum! {
    /// Something that a key is good for.
    Scope {
        /// Access tokens are handed out.
        GetAt = "get_at",
        /// Refreshes are asked for.
        Refresh = "refresh",
        /// Answers with an access token hold the refresh token as well.
        ReadRt = "read_rt",
        /// The admin API is read, as a viewer does.
        View = "view",
        /// Credentials are managed over the admin API.
        Manage = "manage",
    }
}

text_enum! {
    /// A kind of token that is handed out.
    TokenKind {
        /// An access token.
        At = "at",
        /// A refresh token.
        Rt = "rt",
    }
}

/// All that a key is good for: a bit for each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// These.
    pub fn new(scopes: &[Scope]) -> Self {
        let bits = scopes.iter().fold(0, |bits, scope| bits | bit(*scope));
        Self(bits)
    }

    /// What the configured `api_secret` is good for.
    pub const fn configured(read_rt: bool) -> Self {
        let read_rt = if read_rt { bit(Scope::ReadRt) } else { 0 };
        Self(bit(Scope::GetAt) | bit(Scope::Refresh) | read_rt)
    }

    /// Whether this is one of them.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// Whether there is any call that they open: reading refresh tokens is a part of other calls.
    pub const fn open_something(self) -> bool {
        self.has(Scope::GetAt) || self.has(Scope::Refresh) || self.open_admin_api()
    }

    /// Whether they open a part of the admin API, where no key is limited to some credentials.
    pub const fn open_admin_api(self) -> bool {
        self.has(Scope::View) || self.has(Scope::Manage)
    }

    /// One after the other.
    pub fn list(self) -> Vec<Scope> {
        let all = Scope::ALL.iter().copied();
        all.filter(|scope| self.has(*scope)).collect()
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.list()).finish()
    }
}

const fn bit(scope: Scope) -> u8 {
    1 << scope as u8
}

/// The credentials that a key is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All.
    All,
    /// Those with one of these tags.
    Tags(BTreeSet<String>),
    /// Those with these `biz_id`s.
    BizIds(BTreeSet<String>),
}

text_enum! {
    /// How [`Reach`] is told.
    ReachKind {
        /// All credentials.
        All = "all",
        /// Credentials with one of some tags.
        Tags = "tags",
        /// Credentials with one of some `biz_id`s.
        BizIds = "biz_ids",
    }
}

impl Reach {
    /// Whether a credential with this `biz_id` and tag is among them.
    pub fn covers(&self, biz_id: &str, tag: &str) -> bool {
        match self {
            Self::All => true,
            Self::Tags(tags) => tags.contains(tag),
            Self::BizIds(ids) => ids.contains(biz_id),
        }
    }

    /// Its kind.
    pub const fn kind(&self) -> ReachKind {
        match self {
            Self::All => ReachKind::All,
            Self::Tags(_) => ReachKind::Tags,
            Self::BizIds(_) => ReachKind::BizIds,
        }
    }

    /// What it lists; nothing where it is all.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let list = match self {
            Self::All => None,
            Self::Tags(list) | Self::BizIds(list) => Some(list),
        };
        list.into_iter().flatten().map(String::as_str)
    }
}

/// Which key: one that was made, or the configuration's `api_secret`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum KeyRef {
    /// `auth.api_secret`.
    Configured,
    /// One that was made.
    Made(KeyId),
}

const CONFIGURED: &str = "configured";

impl KeyRef {
    /// Whether it is the configuration's.
    pub const fn is_configured(self) -> bool {
        matches!(self, Self::Configured)
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configured => f.write_str(CONFIGURED),
            Self::Made(id) => fmt::Display::fmt(id, f),
        }
    }
}

impl std::str::FromStr for KeyRef {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text == CONFIGURED {
            return Ok(Self::Configured);
        }
        text.parse().map(Self::Made)
    }
}

impl TryFrom<String> for KeyRef {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<KeyRef> for String {
    fn from(key: KeyRef) -> Self {
        key.to_string()
    }
}

/// What is stored of a secret. Plain SHA-256: a slow hash protects what people choose, and 256 random bits are beyond any
/// search, however fast.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyHash(String);

impl KeyHash {
    /// Of what somebody presents; `None`: it has not the form of a secret of ours.
    pub fn of(presented: &[u8]) -> Option<Self> {
        let random = presented.strip_prefix(MARK.as_bytes())?;
        let fits = random.len() == RANDOM_CHARS && random.iter().all(u8::is_ascii_alphanumeric);
        fits.then(|| Self(hex(&Sha256::digest(presented))))
    }

    /// Whether this is meant to be a secret of ours, right or wrong: no other token begins like one.
    pub fn is_meant_by(presented: &[u8]) -> bool {
        presented.starts_with(MARK.as_bytes())
    }

    /// As stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two are the same, in a time that tells nothing.
    pub fn is(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.0.as_bytes(), other.0.as_bytes()).into()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

/// A secret that was just made: shown once, and then known by its hash alone.
#[derive(Debug)]
pub struct NewSecret {
    /// The secret.
    pub secret: Secret,
    /// How it begins.
    pub prefix: String,
    /// Its hash.
    pub hash: KeyHash,
}

impl NewSecret {
    /// Makes one.
    pub fn generate() -> Self {
        let mut random = rand::rng();
        let mut text = String::from(MARK);
        text.extend((0..RANDOM_CHARS).map(|_| char::from(random.sample(Alphanumeric))));
        Self {
            prefix: text.chars().take(SHOWN_CHARS).collect(),
            hash: KeyHash(hex(&Sha256::digest(&text))),
            secret: Secret::new(text),
        }
    }
}

/// What an operator sets on a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyProfile {
    /// For people.
    pub name: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// With which credentials.
    pub reach: Reach,
    /// Until when.
    pub expires_at: Option<Millis>,
    /// Most requests a minute, in each process.
    pub rate_limit_per_minute: Option<u32>,
    /// Whether it is good at the moment.
    pub enabled: bool,
}

/// A key.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// What an operator set.
    pub profile: KeyProfile,
    /// How its secret begins.
    pub prefix: String,
    /// The hash of its secret.
    pub hash: KeyHash,
    /// Since when it is good for nothing any more.
    pub revoked_at: Option<Millis>,
    /// When it was used last, a minute more or less.
    pub last_used_at: Option<Millis>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Millis,
    /// When an operator changed it last.
    pub updated_at: Millis,
    /// Raised with each change.
    pub revision: i64,
}

/// Why a key that is known opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It was revoked.
    Revoked,
    /// It is switched off.
    Disabled,
    /// Its time is over.
    Expired,
}

impl ApiKey {
    /// Why it opens nothing now, where that is so.
    pub fn unusable(&self, now: Millis) -> Option<Unusable> {
        if self.revoked_at.is_some() {
            Some(Unusable::Revoked)
        } else if !self.profile.enabled {
            Some(Unusable::Disabled)
        } else if self.profile.expires_at.is_some_and(|at| at <= now) {
            Some(Unusable::Expired)
        } else {
            None
        }
    }
}

/// Reads a point in time (RFC 3339) as far as it can be stored and shown again.
pub fn parse_time(text: &str) -> Option<Millis> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Millis(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognised_by_their_form_and_their_hash() {
        let new = NewSecret::generate();
        let text = new.secret.expose();
        assert_eq!(text.len(), 47);
        assert!(text.starts_with(&new.prefix) && new.prefix.len() == 12);
        assert!(KeyHash::of(text.as_bytes()).unwrap().is(&new.hash));
        assert!(!NewSecret::generate().hash.is(&new.hash));
        for other in [
            "",
            "rtm_",
            "my-api-secret-2025",
            &text[1..],
            &format!("{text}x"),
            &text.replacen('_', "-", 1),
        ] {
            assert!(KeyHash::of(other.as_bytes()).is_none(), "{other}");
        }
        assert!(!format!("{new:?}").contains(text));
    }

    #[test]
    fn scopes() {
        for scope in Scope::ALL {
            let one = Scopes::new(&[*scope]);
            assert_eq!(one.list(), [*scope]);
            assert_eq!(one.open_something(), *scope != Scope::ReadRt, "{scope}");
            let admin = matches!(scope, Scope::View | Scope::Manage);
            assert_eq!(one.open_admin_api(), admin, "{scope}");
        }
        assert_eq!(Scopes::new(Scope::ALL).list(), Scope::ALL);
        assert!(!Scopes::configured(true).open_admin_api());
        assert_eq!(
            Scopes::configured(false),
            Scopes::new(&[Scope::GetAt, Scope::Refresh])
        );
    }

    #[test]
    fn reach() {
        let list = |values: &[&str]| values.iter().map(|&text| text.to_owned()).collect();
        assert!(Reach::All.covers("a", ""));
        assert!(Reach::Tags(list(&["t"])).covers("a", "t"));
        assert!(!Reach::Tags(list(&["t"])).covers("t", "T"));
        assert!(Reach::BizIds(list(&["a", "b"])).covers("b", ""));
        assert!(!Reach::BizIds(list(&["a"])).covers("A", "a"));
        assert!(!Reach::BizIds(list(&[])).covers("", ""));
    }

    #[test]
    fn references_to_keys() {
        let id = KeyId::generate();
        for key in [KeyRef::Configured, KeyRef::Made(id)] {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert!("other".parse::<KeyRef>().is_err());
    }
}
