//! Accounts: how they come to be and how their sessions end.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{
    clock::wall_ms,
    jwt::{Mint, Person, payload},
    ledger::{Ended, digest, hex},
    state::{Digest, State, TokenRef},
};

/// What new accounts look like. Everything that is absent is made up or taken from the defaults.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSpec {
    /// How many to make; 1 when absent.
    pub count: Option<usize>,
    /// Key of the account; with a count, the keys are `<key>001`, `<key>002`, … (`user001`, … when absent).
    pub key: Option<String>,
    /// E-mail address; the same for all of a count.
    pub email: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Plan.
    pub plan: Option<String>,
    /// Client id that its refresh tokens are bound to.
    pub client_id: Option<String>,
    /// Life of its access tokens.
    pub at_life_seconds: Option<i64>,
    /// The first refresh token.
    pub refresh_token: Option<String>,
    /// `chatgpt_account_id`: several people may share one.
    pub account_id: Option<String>,
    /// `chatgpt_user_id`
    pub user_id: Option<String>,
    /// Also issue an access token and an id token.
    pub access_token: bool,
}

impl AccountSpec {
    /// One account with this key.
    pub fn key(key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..Self::default()
        }
    }
}

/// A new account, as its owner holds it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Account {
    /// Key in the ledger.
    pub key: String,
    /// The first refresh token.
    pub refresh_token: String,
    /// An access token, if one was asked for.
    pub access_token: Option<String>,
    /// An id token, if an access token was asked for.
    pub id_token: Option<String>,
    /// E-mail address.
    pub email: String,
    /// `chatgpt_account_id`
    pub account_id: String,
    /// `chatgpt_user_id`
    pub user_id: String,
    /// Client id that its refresh tokens are bound to.
    pub client_id: String,
}

/// Why an account could not be made, or was not found.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AccountError {
    /// The ledger has one with that key.
    #[error("there is an account {0:?} already")]
    DuplicateKey(String),
    /// The ledger knows that refresh token.
    #[error("this refresh token belongs to account {0:?}")]
    DuplicateToken(String),
    /// Several accounts cannot start with one refresh token.
    #[error("a refresh token can be given to one account only")]
    OneTokenForMany,
    /// No such account.
    #[error("there is no account {0:?}")]
    Unknown(String),
}

/// What is kept of an account.
#[derive(Debug)]
pub(super) struct AccountRow {
    pub(super) key: String,
    pub(super) person: Person,
    pub(super) at_life_seconds: Option<i64>,
    pub(super) tokens: Vec<IssuedToken>,
    pub(super) ended: Option<Ended>,
    pub(super) calls: u64,
    pub(super) reused: u64,
    pub(super) max_concurrent: u32,
}

#[derive(Debug)]
pub(super) struct IssuedToken {
    pub(super) text: Box<str>,
    pub(super) digest: Digest,
    pub(super) issued_at_ms: i64,
    pub(super) issued_by_call: Option<u64>,
    pub(super) spent: Option<Spent>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    pub(super) at_ms: i64,
    pub(super) monotonic_ms: i64,
    pub(super) by_call: u64,
}

impl State {
    pub(super) fn create_accounts(
        &mut self,
        spec: &AccountSpec,
    ) -> Result<Vec<Account>, AccountError> {
        let count = spec.count.unwrap_or(1);
        if count > 1 && spec.refresh_token.is_some() {
            return Err(AccountError::OneTokenForMany);
        }
        let keys = self.new_keys(spec, count)?;
        if let Some(token) = &spec.refresh_token
            && let Some(owner) = self.tokens.get(&digest(token))
        {
            let owner = self.accounts[owner.account].key.clone();
            return Err(AccountError::DuplicateToken(owner));
        }
        Ok(keys
            .into_iter()
            .map(|key| self.create_account(key, spec))
            .collect())
    }

    fn new_keys(&self, spec: &AccountSpec, count: usize) -> Result<Vec<String>, AccountError> {
        let keys: Vec<_> = match (&spec.key, spec.count) {
            (Some(key), None) => vec![key.clone()],
            (Some(prefix), Some(_)) => (1..=count).map(|n| format!("{prefix}{n:03}")).collect(),
            (None, _) => {
                let first = self.accounts.len() + 1;
                (first..first + count)
                    .map(|n| format!("user{n:03}"))
                    .collect()
            }
        };
        match keys.iter().find(|key| self.by_key.contains_key(*key)) {
            Some(key) => Err(AccountError::DuplicateKey(key.clone())),
            None => Ok(keys),
        }
    }

    fn create_account(&mut self, key: String, spec: &AccountSpec) -> Account {
        let or =
            |given: &Option<String>, made: &dyn Fn() -> String| given.clone().unwrap_or_else(made);
        let person = Person {
            email: or(&spec.email, &|| format!("{key}@example.com")),
            name: or(&spec.name, &|| format!("Person {key}")),
            plan: or(&spec.plan, &|| self.defaults.plan.clone()),
            account_id: or(&spec.account_id, &|| uuid(rand::random())),
            user_id: or(&spec.user_id, &|| {
                format!("user-{}", hex(&rand::random::<[u8; 12]>()))
            }),
            subject: format!("auth0|{}", hex(&rand::random::<[u8; 12]>())),
            client_id: or(&spec.client_id, &|| self.defaults.client_id.clone()),
        };
        let text = spec.refresh_token.clone().unwrap_or_else(new_refresh_token);
        let at = self.accounts.len();
        self.by_key.insert(key.clone(), at);
        self.accounts.push(AccountRow {
            key: key.clone(),
            person: person.clone(),
            at_life_seconds: spec.at_life_seconds,
            tokens: Vec::new(),
            ended: None,
            calls: 0,
            reused: 0,
            max_concurrent: 0,
        });
        self.issue(at, text.clone(), None);
        let mint = spec.access_token.then(|| self.mint(at));
        Account {
            key,
            refresh_token: text,
            access_token: mint.as_ref().map(Mint::access_token),
            id_token: mint.as_ref().map(Mint::id_token),
            email: person.email,
            account_id: person.account_id,
            user_id: person.user_id,
            client_id: person.client_id,
        }
    }

    /// Adds a refresh token to the account's chain.
    pub(super) fn issue(&mut self, at: usize, text: String, by_call: Option<u64>) {
        let digest = digest(&text);
        let tokens = &mut self.accounts[at].tokens;
        self.tokens.insert(
            digest,
            TokenRef {
                account: at,
                position: tokens.len(),
            },
        );
        tokens.push(IssuedToken {
            text: text.into(),
            digest,
            issued_at_ms: wall_ms(),
            issued_by_call: by_call,
            spent: None,
        });
    }

    /// What a new access token of this account says. Its id begins with the account's number, so that
    /// [`State::access_token_is_live`] needs no list of all access tokens.
    pub(super) fn mint(&self, at: usize) -> Mint {
        let row = &self.accounts[at];
        let default = self.defaults.at_life_seconds;
        let default = if row.person.client_id.starts_with("oaiapp_") {
            default.min(3600)
        } else {
            default
        };
        Mint {
            person: row.person.clone(),
            jti: format!("{at:08x}-{}", uuid(rand::random())),
            issued_at: wall_ms().div_euclid(1000),
            life_seconds: row.at_life_seconds.unwrap_or(default),
        }
    }

    /// Ends the session: the live refresh token is refused from now on.
    pub(super) fn end_session(
        &mut self,
        key: &str,
        status: u16,
        code: &str,
        access_tokens_too: bool,
    ) -> Result<(), AccountError> {
        let at = *self
            .by_key
            .get(key)
            .ok_or_else(|| AccountError::Unknown(key.to_owned()))?;
        self.accounts[at].end(status, code, access_tokens_too);
        Ok(())
    }

    /// Whether a resource server would accept this access token now.
    pub(super) fn access_token_is_live(&self, token: &str) -> bool {
        let Some(claims) = payload(token) else {
            return false;
        };
        let account = claims["jti"]
            .as_str()
            .and_then(|jti| usize::from_str_radix(jti.split('-').next()?, 16).ok())
            .and_then(|at| self.accounts.get(at));
        account.is_some_and(|row| {
            row.person.subject == claims["sub"]
                && !row
                    .ended
                    .as_ref()
                    .is_some_and(|ended| ended.access_tokens_too)
                && claims["exp"]
                    .as_i64()
                    .is_some_and(|exp| exp * 1000 > wall_ms())
        })
    }
}

impl AccountRow {
    pub(super) fn end(&mut self, status: u16, code: &str, access_tokens_too: bool) {
        self.ended.get_or_insert_with(|| Ended {
            status,
            code: code.to_owned(),
            at_ms: wall_ms(),
            access_tokens_too,
        });
    }
}

pub(super) fn new_refresh_token() -> String {
    let mut token = String::from("rt.1.");
    URL_SAFE_NO_PAD.encode_string(rand::random::<[u8; 32]>(), &mut token);
    URL_SAFE_NO_PAD.encode_string(rand::random::<[u8; 32]>(), &mut token);
    token
}

fn uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}
