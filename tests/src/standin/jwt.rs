//! Access and id tokens with the claims that the real ones carry.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// Not a secret: nobody verifies these tokens, and the key set at `/.well-known/jwks.json` is empty.
const KEY: &[u8; 64] = b"stand-in-upstream-stand-in-upstream-stand-in-upstream-stand-in!!";

/// Who a token is about; a copy, so that tokens are made outside the lock.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) name: String,
    pub(super) plan: String,
    pub(super) account_id: String,
    pub(super) user_id: String,
    pub(super) subject: String,
    pub(super) client_id: String,
}

/// One pair of tokens to make.
#[derive(Clone, Debug)]
pub(super) struct Mint {
    pub(super) person: Person,
    pub(super) jti: String,
    pub(super) issued_at: i64,
    pub(super) life_seconds: i64,
}

impl Mint {
    pub(super) fn access_token(&self) -> String {
        let Person {
            client_id,
            subject,
            email,
            name,
            ..
        } = &self.person;
        sign(&json!({
            "aud": ["https://api.openai.com/v1"],
            "client_id": client_id,
            "exp": self.issued_at + self.life_seconds,
            "https://api.openai.com/auth": self.auth(),
            "https://api.openai.com/profile": {"email": email, "email_verified": true, "name": name},
            "iat": self.issued_at,
            "iss": "https://auth.openai.com",
            "jti": self.jti,
            "nbf": self.issued_at,
            "scp": ["openid", "profile", "email", "offline_access"],
            "sub": subject,
        }))
    }

    pub(super) fn id_token(&self) -> String {
        let Person {
            client_id,
            subject,
            email,
            name,
            ..
        } = &self.person;
        sign(&json!({
            "aud": [client_id],
            "auth_provider": "password",
            "client_id": client_id,
            "email": email,
            "email_verified": true,
            "exp": self.issued_at + 3600,
            "https://api.openai.com/auth": self.auth(),
            "iat": self.issued_at,
            "iss": "https://auth.openai.com",
            "jti": format!("id-{}", self.jti),
            "name": name,
            "scp": ["openid", "profile", "email", "offline_access"],
            "sub": subject,
        }))
    }

    fn auth(&self) -> Value {
        let Person {
            account_id,
            user_id,
            plan,
            ..
        } = &self.person;
        json!({
            "chatgpt_account_id": account_id,
            "chatgpt_account_user_id": format!("{user_id}__{account_id}"),
            "chatgpt_plan_type": plan,
            "chatgpt_user_id": user_id,
            "organizations": [{"id": format!("org-{account_id}"), "is_default": true, "role": "owner", "title": "Personal"}],
            "user_id": user_id,
        })
    }
}

/// The payload of a token, whoever signed it.
pub(super) fn payload(token: &str) -> Option<Value> {
    let part = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn sign(claims: &Value) -> String {
    let mut token = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = hmac(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}

/// HMAC-SHA-256 (RFC 2104) with a key of exactly one block.
fn hmac(message: &[u8]) -> [u8; 32] {
    let inner = Sha256::new()
        .chain_update(KEY.map(|byte| byte ^ 0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(KEY.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}
